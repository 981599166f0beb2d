"""What no mark tells: edits, deletions, lost and outlived marks, replaced databases, races."""

import pytest
from sqlalchemy import text

from whisper_enrich.errors import LeaseLost, StoreError
from whisper_enrich.messages.model import Point
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich_tests.builders import at, chat, column, contents, due, enrich, extract_statements, said, scalar
from whisper_enrich_tests.conftest import fresh_schema

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks.", "Where?"]


@pytest.fixture
def points(ctx, elena):
    """A talk of one day, enriched."""
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    enrich(ctx, elena)
    return talk


def stored(ctx, bot, point_id):
    (point,) = ctx.store.by_ids(bot.collection, [point_id], vectors=("content", "emotion", "semantic"))
    return point


def test_a_deleted_message_takes_its_facts_along(ctx, elena, points):
    ctx.store.delete(elena.collection, [points[0].id])
    assert reconcile(ctx, elena).deleted == 1
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE fact_content LIKE '%Lisbon%'") == 0
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [5]


def test_deleting_all_messages_of_a_window_removes_its_summary(ctx, elena, points):
    ctx.store.delete(elena.collection, [point.id for point in points])
    reconcile(ctx, elena)
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == 0
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 0
    assert due(ctx, elena) == []


def test_a_message_edited_by_its_writer_replaces_what_it_said(ctx, elena, points):
    edited = Point(points[0].id, {**points[0].payload, "content": "I live in Evora."}, points[0].vectors)
    ctx.store.upsert(elena.collection, [edited])
    enrich(ctx, elena)
    assert column(ctx, "SELECT value FROM user_facts WHERE attribute = 'lives_in'") == ["Evora"]


def test_an_edit_that_kept_its_mark_is_found_by_reconciliation(ctx, elena, points):
    marked = stored(ctx, elena, points[0].id)
    everything = {**points[0].payload, **marked.payload, "content": "I live in Evora."}
    ctx.store.upsert(elena.collection, [Point(marked.id, everything, points[0].vectors)])
    assert take_in(ctx, elena).points == 0
    assert reconcile(ctx, elena).changed == 1
    enrich(ctx, elena)
    assert column(ctx, "SELECT value FROM user_facts WHERE attribute = 'lives_in'") == ["Evora"]


def test_a_message_whose_time_is_corrected_leaves_its_old_day(ctx, elena, points):
    moved = {
        **points[0].payload,
        "timestamp": "2026-03-16T10:00:00",
        "timestamp_unix": at("2026-03-16 10:00").timestamp(),
    }
    ctx.store.upsert(elena.collection, [Point(points[0].id, moved, points[0].vectors)])
    enrich(ctx, elena)
    assert sorted(column(ctx, "SELECT message_count FROM conversation_summaries")) == [1, 5]
    assert scalar(ctx, "SELECT count(*) FROM stale_windows") == 0


def test_a_message_that_lost_its_user_is_quarantined_and_leaves_nothing_behind(ctx, elena, points):
    broken = {key: value for key, value in points[0].payload.items() if key != "user_id"}
    ctx.store.upsert(elena.collection, [Point(points[0].id, broken, points[0].vectors)])
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE fact_content LIKE '%Lisbon%'") == 0
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [5]
    assert column(ctx, "SELECT reason FROM quarantine") == ["no_user"]
    assert due(ctx, elena) == []


def test_a_message_that_turns_out_to_be_another_users_moves_with_its_facts(ctx, elena, points):
    other = {**points[0].payload, "user_id": "bo"}
    ctx.store.upsert(elena.collection, [Point(points[0].id, other, points[0].vectors)])
    enrich(ctx, elena)
    assert column(ctx, "SELECT user_id FROM user_facts WHERE attribute = 'lives_in'") == ["bo"]
    assert sorted(column(ctx, "SELECT message_count FROM conversation_summaries")) == [1, 5]


def test_a_lost_mark_is_set_again_without_deriving_anything_anew(ctx, elena, points):
    before = contents(ctx)
    bare = Point(points[0].id, points[0].payload, points[0].vectors)
    ctx.store.upsert(elena.collection, [bare])

    def never(message):
        raise AssertionError("nothing had to be extracted")

    enrich(ctx, elena, never)
    assert stored(ctx, elena, points[0].id).payload["enrichment_status"] == "completed"
    after = contents(ctx)
    for rows in (before, after):
        rows["message_ledger"] = [row for row in rows["message_ledger"] if points[0].id not in row]
    assert after == before


def test_a_fresh_database_beside_marked_points_derives_everything_anew(ctx, elena, points, settings, clock):
    facts = column(ctx, "SELECT fact_content FROM user_facts ORDER BY 1")
    with fresh_schema(settings) as own:
        pipeline = Pipeline(own, clock=clock, store=ctx.store)
        second = pipeline.context("run-2")
        enrich(second, elena)
        assert column(second, "SELECT fact_content FROM user_facts ORDER BY 1") == facts
        pipeline.database.close()


def test_marks_that_outlived_a_restored_database_are_noticed_by_the_count(ctx, elena, points):
    late = said("I bought a boat.", at("2026-03-19 08:00"))
    ctx.store.upsert(elena.collection, [late])
    enrich(ctx, elena)
    with ctx.database.begin() as connection:
        for table in ("message_ledger", "fact_assertions"):
            connection.execute(text(f"DELETE FROM {table} WHERE point_id = :id"), {"id": late.id})
    assert take_in(ctx, elena).unknown_points == 1
    assert reconcile(ctx, elena).new == 1
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM fact_assertions WHERE point_id = :id", id=late.id) == 1


def test_a_store_that_lost_its_data_does_not_make_us_forget(ctx, elena):
    many = [said(f"I counted {i} sheep.", at("2026-03-18 09:00"), name=f"sheep-{i}") for i in range(150)]
    ctx.store.upsert(elena.collection, many)
    enrich(ctx, elena)
    ctx.store.delete(elena.collection, [point.id for point in many])
    with pytest.raises(StoreError, match="--accept-deletions"):
        reconcile(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 150
    assert reconcile(ctx, elena, accept_deletions=True).deleted == 150


def test_reconciling_what_is_in_order_changes_no_row(ctx, elena, points):
    before = contents(ctx, with_clocks=True)
    result = reconcile(ctx, elena)
    assert (result.points, result.new, result.changed, result.deleted) == (6, 0, 0, 0)
    assert contents(ctx, with_clocks=True) == before


def test_a_message_that_vanishes_between_intake_and_reading_is_forgotten(ctx, elena):
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    take_in(ctx, elena)
    ctx.store.delete(elena.collection, [talk[0].id])
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT disposition FROM message_ledger WHERE point_id = :id", id=talk[0].id) == "deleted"
    assert due(ctx, elena) == []


def test_a_message_edited_between_intake_and_reading_is_read_as_it_is_now(ctx, elena):
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    take_in(ctx, elena)
    edited = Point(talk[0].id, {**talk[0].payload, "content": "I live in Evora."}, talk[0].vectors)
    ctx.store.upsert(elena.collection, [edited])
    enrich(ctx, elena)
    assert column(ctx, "SELECT value FROM user_facts WHERE attribute = 'lives_in'") == ["Evora"]


def test_a_worker_that_lost_its_lease_writes_nothing(ctx, elena, clock):
    from datetime import date

    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    take_in(ctx, elena)

    def slow(message):
        with ctx.database.begin() as connection:
            connection.execute(text("UPDATE leases SET token = token + 1, holder = 'another-host/1/1'"))
        return extract_statements(message)

    with pytest.raises(LeaseLost):
        extract_facts(ctx, elena, [date(2026, 3, 18)], slow, "test-1")
    assert scalar(ctx, "SELECT count(*) FROM fact_assertions") == 0
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_state = 'waiting'") == 3
