"""Several engine versions over the same messages: what is kept, compared, and gone back to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from whisper_enrich.errors import InputError
from whisper_enrich.facts.model import Extraction, Outcome
from whisper_enrich.messages.model import Message
from whisper_enrich.stages.fact_history import Change, differences, rollback, version_to_compare
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import fact_history, ledger
from whisper_enrich.summaries.extractive import ENGINE_VERSION as SUMMARY_VERSION
from whisper_enrich_tests.builders import chat, column, contents, due, enrich, extract_statements, scalar

DAY = "2026-03-18"
TALK = ["I live in Lisbon.", "Lovely!", "I saw two storks.", "Where?", "Storks are fine birds.", "They are."]


def better(message: Message) -> Extraction:
    """Another engine: it sees no storks, words homes differently, and reads birds in what the first one left."""
    found = extract_statements(message)
    if message.text.startswith("Storks"):
        home = extract_statements(replace(message, text="I live in Lisbon.")).assertions[0]
        likes = replace(home, attribute="likes", value="storks", statement="{user} likes storks")
        return Extraction(message.point_id, Outcome.FACTS, (likes,))
    kept = tuple(
        replace(a, statement=a.statement.replace("lives in", "has a home in"))
        for a in found.assertions
        if "storks" not in a.statement
    )
    return Extraction(message.point_id, Outcome.FACTS if kept else Outcome.NO_FACTS, kept)


def redo(ctx, bot, extract=better, version="test-2"):
    """What `enrich --stale` does to facts: mark them stale, then work them off."""
    with ctx.database.begin() as connection:
        count = ledger.mark_stale(connection, bot.bot_name, None, version, SUMMARY_VERSION)
    extract_facts(ctx, bot, due(ctx, bot), extract, version)
    return count


def facts(ctx):
    return sorted(column(ctx, "SELECT fact_content FROM user_facts"))


def points_with(ctx, table, version):
    return scalar(ctx, f"SELECT count(DISTINCT point_id) FROM {table} WHERE engine_version = :v", v=version)


def state(ctx):
    """All rows that a rollback must bring back, without clocks."""
    return {
        name: rows
        for name, rows in contents(ctx).items()
        if name in ("fact_assertions", "user_facts", "fact_evidence", "fact_versions")
    }


@pytest.fixture
def two_versions(ctx, elena):
    """A talk that two engines have read; what the first one made of it."""
    ctx.store.upsert(elena.collection, chat(DAY, TALK) + chat(DAY, TALK[:2], user="bo"))
    enrich(ctx, elena)
    before = state(ctx)
    assert redo(ctx, elena) == 4
    return before


def test_the_first_reading_leaves_no_history(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM fact_redone") == 0
    with ctx.database.connect() as connection, pytest.raises(InputError, match="No earlier version"):
        version_to_compare(connection, "elena", None, None)


def test_another_version_replaces_what_its_messages_supported_and_the_earlier_is_kept(ctx, two_versions):
    assert facts(ctx) == ["ana has a home in Lisbon.", "ana likes storks", "bo has a home in Lisbon."]
    assert sorted(column(ctx, "SELECT statement FROM fact_assertion_history")) == [
        "{user} lives in Lisbon.", "{user} lives in Lisbon.", "{user} saw two storks.",
    ]  # fmt: skip
    assert set(column(ctx, "SELECT replaced_by FROM fact_assertion_history")) == {"test-2"}
    # The message in which the first version found nothing counts as read by it, too.
    assert points_with(ctx, "fact_redone", "test-1") == 4


def test_redoing_twice_changes_nothing(ctx, elena, two_versions):
    before = contents(ctx, with_clocks=True)
    assert redo(ctx, elena) == 0
    assert contents(ctx, with_clocks=True) == before


def test_only_messages_of_the_days_asked_for_are_redone(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAY, TALK) + chat("2026-03-17", TALK))
    days = enrich(ctx, elena)
    with ctx.database.begin() as connection:
        assert ledger.mark_stale(connection, "elena", days[:1], "test-2", SUMMARY_VERSION) == 3
    extract_facts(ctx, elena, days, better, "test-2")
    assert points_with(ctx, "fact_assertions", "test-1") == 2
    assert points_with(ctx, "fact_assertions", "test-2") == 2


def test_stale_rows_are_counted_by_version_and_stay_until_somebody_asks(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    enrich(ctx, elena)
    with ctx.database.connect() as connection:
        assert ledger.stale(connection, "test-1", SUMMARY_VERSION) == []
        assert ledger.stale(connection, "test-2", "other") == [
            ledger.Stale("elena", "facts", "test-1", 3), ledger.Stale("elena", "summary", SUMMARY_VERSION, 6),
        ]  # fmt: skip
        assert ledger.stale(connection, "test-2", "other", "marcus") == []
    assert due(ctx, elena) == []


def test_a_summary_of_another_version_waits_again_too(ctx, elena):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    enrich(ctx, elena)
    with ctx.database.begin() as connection:
        assert ledger.mark_stale(connection, "elena", None, "test-1", "summaries-2") == 6
    assert set(column(ctx, "SELECT facts_state FROM message_ledger")) == {"done", "left_out"}
    assert set(column(ctx, "SELECT summary_state FROM message_ledger")) == {"waiting"}


def test_an_edited_message_leaves_no_history_of_its_old_words(ctx, elena, two_versions):
    (point, *_) = chat(DAY, TALK)
    ctx.store.upsert(elena.collection, [replace(point, payload={**point.payload, "content": "I live in Porto."})])
    take_in(ctx, elena)
    extract_facts(ctx, elena, due(ctx, elena), better, "test-2")
    assert scalar(ctx, "SELECT count(*) FROM fact_assertion_history WHERE point_id = :p", p=point.id) == 0
    assert scalar(ctx, "SELECT count(*) FROM fact_redone WHERE point_id = :p", p=point.id) == 0
    rollback(ctx, "elena", "ana", "test-1")
    assert facts(ctx) == ["ana has a home in Porto.", "ana saw two storks.", "bo has a home in Lisbon."]


def test_a_message_edited_while_another_version_comes_in_leaves_no_history_either(ctx, elena):
    (point, *others) = chat(DAY, TALK)
    ctx.store.upsert(elena.collection, [point, *others])
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [replace(point, payload={**point.payload, "content": "I live in Porto."})])
    take_in(ctx, elena)
    redo(ctx, elena)
    assert column(ctx, "SELECT statement FROM fact_assertion_history") == ["{user} saw two storks."]


def test_a_message_that_is_gone_takes_its_history_along(ctx, elena, two_versions):
    from whisper_enrich.stages.reconciliation import reconcile

    (point, *_) = chat(DAY, TALK)
    ctx.store.delete(elena.collection, [point.id])
    reconcile(ctx, elena)
    extract_facts(ctx, elena, due(ctx, elena), better, "test-2")
    for table in ("fact_assertions", "fact_assertion_history", "fact_redone"):
        assert scalar(ctx, f"SELECT count(*) FROM {table} WHERE point_id = :p", p=point.id) == 0


def test_a_failing_attempt_keeps_what_the_earlier_version_had_found(ctx, elena, clock):
    def broken(message):
        raise RuntimeError

    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    enrich(ctx, elena)
    redo(ctx, elena, broken)
    assert facts(ctx) == ["ana lives in Lisbon.", "ana saw two storks."]
    clock.forward(days=1)
    extract_facts(ctx, elena, due(ctx, elena), better, "test-2")
    assert points_with(ctx, "fact_redone", "test-1") == 3
    assert points_with(ctx, "fact_assertion_history", "test-1") == 2


def test_the_difference_shows_what_was_added_removed_and_changed(ctx, two_versions):
    with ctx.database.connect() as connection:
        version = version_to_compare(connection, "elena", None, None)
        found = differences(connection, "elena", None, version)
        of_bo = differences(connection, "elena", "bo", version)
    assert version == "test-1"
    assert [(d.user_id, d.change, d.then, d.now) for d in found] == [
        ("ana", Change.REMOVED, "ana saw two storks.", None),
        ("ana", Change.ADDED, None, "ana likes storks"),
        ("ana", Change.CHANGED, "ana lives in Lisbon.", "ana has a home in Lisbon."),
        ("bo", Change.CHANGED, "bo lives in Lisbon.", "bo has a home in Lisbon."),
    ]
    assert of_bo == [d for d in found if d.user_id == "bo"]


def test_a_version_that_is_not_kept_is_named_with_those_that_are(ctx, two_versions):
    with ctx.database.connect() as connection, pytest.raises(InputError, match=r"'test-9' is not kept.*Kept: test-1\."):
        version_to_compare(connection, "elena", None, "test-9")
    with pytest.raises(InputError, match="test-9"):
        rollback(ctx, "elena", None, "test-9")


def test_rolling_back_brings_back_every_row_and_is_not_redone_by_itself(ctx, elena, two_versions):
    result = rollback(ctx, "elena", None, "test-1")
    assert (result.users, result.messages, result.assertions) == (2, 4, 3)
    assert state(ctx) == two_versions
    assert "waiting" not in column(ctx, "SELECT facts_state FROM message_ledger")
    assert set(column(ctx, "SELECT facts_version FROM message_ledger WHERE facts_state = 'done'")) == {"test-1"}
    extract_facts(ctx, elena, due(ctx, elena), better, "test-2")
    assert state(ctx) == two_versions


def test_one_can_go_forward_again(ctx, two_versions):
    newer = state(ctx)
    rollback(ctx, "elena", None, "test-1")
    rollback(ctx, "elena", None, "test-2")
    assert state(ctx) == newer
    with ctx.database.connect() as connection:
        assert [v.version for v in fact_history.earlier_versions(connection, "elena")] == ["test-1"]


def test_redoing_after_a_rollback_is_as_if_there_had_been_none(ctx, elena, two_versions):
    newer = state(ctx)
    rollback(ctx, "elena", None, "test-1")
    assert redo(ctx, elena) == 4
    assert state(ctx) == newer
    assert points_with(ctx, "fact_redone", "test-1") == 4
    assert points_with(ctx, "fact_redone", "test-2") == 0


def test_one_user_goes_back_and_the_others_stay(ctx, two_versions):
    rollback(ctx, "elena", "bo", "test-1")
    assert facts(ctx) == ["ana has a home in Lisbon.", "ana likes storks", "bo lives in Lisbon."]


def test_what_came_after_the_earlier_version_stays_when_going_back(ctx, elena, two_versions):
    ctx.store.upsert(elena.collection, chat("2026-03-19", ["I live in Faro.", "Nice."]))
    take_in(ctx, elena)
    extract_facts(ctx, elena, due(ctx, elena), better, "test-2")
    rollback(ctx, "elena", None, "test-1")
    assert facts(ctx) == ["ana has a home in Faro.", "ana saw two storks.", "bo lives in Lisbon."]


def test_three_versions_are_kept_side_by_side(ctx, elena, two_versions):
    def silent(message):
        return Extraction(message.point_id, Outcome.NO_FACTS, ())

    redo(ctx, elena, silent, "test-3")
    assert facts(ctx) == []
    with ctx.database.connect() as connection:
        assert {v.version: v.messages for v in fact_history.earlier_versions(connection, "elena")} == {
            "test-1": 4, "test-2": 4,
        }  # fmt: skip
    rollback(ctx, "elena", None, "test-1")
    assert state(ctx) == two_versions


def test_other_bots_are_not_touched(ctx, elena, two_versions):
    marcus = ctx.store.create_collection("marcus")
    ctx.store.upsert(marcus.collection, chat(DAY, TALK))
    enrich(ctx, marcus)
    rollback(ctx, "elena", None, "test-1")
    assert points_with(ctx, "fact_redone", "test-1") == 0
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE bot_name = 'marcus'") == 2
