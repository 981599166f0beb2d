"""The pipeline over real engines: nothing is lost, nothing is stored twice, order does not matter."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from whisper_enrich.messages.model import Point
from whisper_enrich.stages.completion import complete_days
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage.tables import message_ledger
from whisper_enrich_tests.builders import (
    CLOCK_COLUMNS,
    at,
    chat,
    column,
    contents,
    due,
    enrich,
    extract_statements,
    pair,
    point_id,
    said,
    scalar,
)

TALK = [
    "I live in Lisbon.", "Lovely! How long have you been there?", "I painted the kitchen yellow.", "Yellow suits you.",
    "I saw two storks today.", "Where was that?",
]  # fmt: skip


def test_a_conversation_becomes_facts_a_summary_marks_and_a_run_record(ctx, elena):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    assert enrich(ctx, elena) == [date(2026, 3, 18)]
    assert sorted(column(ctx, "SELECT fact_content FROM user_facts")) == [
        "ana lives in Lisbon.", "ana painted the kitchen yellow.", "ana saw two storks today.",
    ]  # fmt: skip
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [6]
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0
    with ctx.database.connect() as connection:
        row = connection.execute(text("SELECT * FROM enrichment_metadata")).one()
    assert (row.collection_name, row.day, row.messages_processed) == (elena.collection, date(2026, 3, 18), 6)
    assert (row.facts_extracted, row.summaries_created) == (3, 1)


def test_a_completion_that_is_tried_again_within_its_run_records_that_run_once(ctx, elena, clock):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    days = enrich(ctx, elena)
    clock.forward(minutes=1)
    complete_days(ctx, elena, days)
    with ctx.database.connect() as connection:
        row = connection.execute(text("SELECT * FROM enrichment_metadata")).one()
    assert (row.last_enrichment_run, row.messages_processed) == (clock().replace(tzinfo=None), 6)


def test_a_second_run_changes_no_row(ctx, elena):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK) + chat("2026-03-17", TALK, user="bo", channel="dm"))
    enrich(ctx, elena)
    before = contents(ctx, with_clocks=True)
    assert due(ctx, elena) == []
    enrich(ctx, elena, days=[date(2026, 3, 17), date(2026, 3, 18)])
    assert contents(ctx, with_clocks=True) == before


def test_every_evidence_quote_stands_in_its_message(ctx, elena):
    points = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, points)
    enrich(ctx, elena)
    words = {point.id: point.payload["content"] for point in points}
    with ctx.database.connect() as connection:
        rows = connection.execute(text("SELECT point_id, span_start, span_end, quote FROM fact_evidence")).all()
    assert rows
    assert all(words[row.point_id][row.span_start : row.span_end] == row.quote for row in rows)


def test_what_the_bot_said_is_no_fact_about_the_user(ctx, elena):
    ctx.store.upsert(elena.collection, [said("I live in a lighthouse.", at("2026-03-18 09:00"), role="assistant")])
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM fact_assertions") == 0
    assert column(ctx, "SELECT facts_reason FROM message_ledger") == ["not_the_user"]


def test_a_late_message_joins_its_window_in_place(ctx, elena):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [said("I forgot to say: I quit smoking.", at("2026-03-18 23:30"))])
    assert enrich(ctx, elena) == [date(2026, 3, 18)]
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [7]
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE fact_content LIKE '%quit smoking%'") == 1


def test_a_sparse_day_waits_for_its_end_and_is_mined_for_facts_at_once(ctx, elena, clock):
    ctx.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-20 09:00"))])
    enrich(ctx, elena)
    assert column(ctx, "SELECT fact_content FROM user_facts") == ["ana lives in Porto."]
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == 0
    assert due(ctx, elena) == []
    clock.now = at("2026-03-21 00:00")
    assert enrich(ctx, elena) == [date(2026, 3, 20)]
    assert column(ctx, "SELECT summary_type FROM conversation_summaries") == ["short_window"]
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0


def test_dm_and_shared_messages_of_one_window_are_summarised_apart(ctx, elena):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK) + chat("2026-03-18", TALK, channel="dm", hour=14))
    enrich(ctx, elena)
    assert sorted(column(ctx, "SELECT scope FROM conversation_summaries")) == ["dm", "shared"]


def test_a_pair_beside_the_single_points_of_its_turn_counts_once(ctx, elena):
    question, answer = "I live in Lisbon.", "Lovely! How long have you been there?"
    when = at("2026-03-18 09:00")
    single = [said(question, when), said(answer, when + timedelta(milliseconds=1), role="assistant")]
    ctx.store.upsert(elena.collection, [pair(question, answer, when + timedelta(seconds=2))])
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT mentions FROM user_facts") == 1
    ctx.store.upsert(elena.collection, single)
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT mentions FROM user_facts") == 1
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [2]
    assert scalar(ctx, "SELECT count(*) FROM fact_evidence WHERE point_id = :id", id=single[0].id) == 1


def test_a_broken_point_is_quarantined_and_stops_no_other(ctx, elena):
    broken = Point(point_id("broken"), {"role": "user", "content": "hi", "timestamp": "2026-03-18T09:00:00"})
    ctx.store.upsert(elena.collection, [broken, *chat("2026-03-18", TALK)])
    enrich(ctx, elena)
    assert column(ctx, "SELECT reason FROM quarantine") == ["no_user"]
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 3
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0
    assert take_in(ctx, elena).points == 0


def test_messages_of_before_the_first_day_are_left_out_counted_and_marked(ctx, elena):
    ctx.store.upsert(elena.collection, [said("I was young.", at("2019-05-01 10:00"))])
    enrich(ctx, elena)
    assert column(ctx, "SELECT reason FROM message_ledger") == ["before_first_day"]
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0


def test_a_message_whose_extraction_fails_is_retried_then_set_aside_and_can_be_replayed(ctx, elena, clock):
    ctx.store.upsert(elena.collection, chat("2026-03-18", [*TALK, "I break everything."]))

    def fragile(message):
        if "break" in message.text:
            raise ValueError("the text of a message must never show up here")
        return extract_statements(message)

    for attempt in range(1, ctx.settings.enrichment_max_attempts + 1):
        enrich(ctx, elena, fragile)
        assert scalar(ctx, "SELECT max(facts_attempts) FROM message_ledger") == attempt
        clock.forward(days=2)
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 3
    assert column(ctx, "SELECT facts_reason FROM message_ledger WHERE facts_state = 'dead'") == ["ValueError"]
    enrich(ctx, elena, fragile)
    marked = {p.id: p.payload["enrichment_status"] for page in ctx.store.scan(elena.collection) for p in page}
    assert sorted(marked.values()) == ["completed"] * 6 + ["set_aside"]

    from whisper_enrich.storage import ledger

    with ctx.database.begin() as connection:
        assert ledger.replay_dead_letters(connection, "elena", None) == 1
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE fact_content LIKE '%break%'") == 1
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE 'dead' IN (facts_state, summary_state)") == 0
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0


def test_a_retry_is_not_due_before_its_time(ctx, elena, clock):
    ctx.store.upsert(elena.collection, chat("2026-03-18", ["I break everything.", *TALK]))

    def broken(message):
        raise RuntimeError

    enrich(ctx, elena, broken)
    assert due(ctx, elena) == []
    clock.forward(seconds=ctx.settings.enrichment_retry_base_seconds * 1.3)
    assert due(ctx, elena) == [date(2026, 3, 18)]


SCRIPT = (
    chat("2026-03-16", TALK)
    + chat(
        "2026-03-17",
        ["I live in Braga now.", "Oh, since when?", "I moved there with two cats.", "Cats!", "I miss the sea."],
    )
    + chat("2026-03-17", ["I live in Faro.", "So do I."], user="bo", channel="dm")
    + [pair("I live in Lisbon.", "Lovely! How long have you been there?", at("2026-03-16 09:00"))]
    + [Point(point_id("broken"), {"role": "user", "content": "hi", "timestamp": "2026-03-18T09:00:00"})]
)


@pytest.fixture(scope="module")
def in_order():
    """What the script leads to when it arrives whole; filled by the first example."""
    return {}


@hypothesis_settings(
    max_examples=6, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(len(SCRIPT))), cuts=st.sets(st.integers(1, len(SCRIPT) - 1), max_size=4))
def test_whatever_the_order_of_arrival_the_rows_are_the_same(in_order, tmp_path_factory, settings, clock, order, cuts):
    from whisper_enrich.messages.edge_store import EdgeStore
    from whisper_enrich.resources.pipeline import Pipeline
    from whisper_enrich_tests.conftest import fresh_schema

    def run(batches):
        store = EdgeStore(tmp_path_factory.mktemp("qdrant"), settings.qdrant_collection_prefix)
        with fresh_schema(settings) as own:
            pipeline = Pipeline(own, clock=clock, store=store)
            bot = store.create_collection("elena")
            ctx = pipeline.context("run")
            for batch in batches:
                store.upsert(bot.collection, batch)
                enrich(ctx, bot)
            rows = contents(ctx)
            pipeline.close()
        # How often a row was touched on the way is no result.
        at_revision = [c.name for c in message_ledger.columns if c.name not in CLOCK_COLUMNS].index("revision")
        rows["message_ledger"] = [row[:at_revision] + row[at_revision + 1 :] for row in rows["message_ledger"]]
        return rows

    if not in_order:
        in_order.update(run([list(SCRIPT)]))
    shuffled = [SCRIPT[i] for i in order]
    edges = [0, *sorted(cuts), len(shuffled)]
    assert run([shuffled[a:b] for a, b in pairwise(edges)]) == in_order
