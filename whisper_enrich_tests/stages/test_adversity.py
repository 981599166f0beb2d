"""What a hostile world does to the pipeline: late edits, races, poison, clocks, and stages that die at any instant."""

from dataclasses import replace
from datetime import date, timedelta
from enum import StrEnum
from itertools import count

import pytest
from sqlalchemy import text

from whisper_enrich.automation.discovery import look_for_new_points
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.model import Point
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.completion import complete_days
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.stages.summaries import EXTRACTIVE, summarise_days
from whisper_enrich.storage import ledger
from whisper_enrich.storage.tables import message_ledger
from whisper_enrich.summaries.extractive import summarise
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
from whisper_enrich_tests.conftest import fresh_schema
from whisper_enrich_tests.stages.faults import Died, dying

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks.", "Where?"]


def edited(point, **fields):
    """The point as its writer replaces it, so that a mark is gone."""
    return Point(point.id, {**point.payload, **fields}, point.vectors)


def test_a_window_of_today_that_falls_below_the_minimum_is_summarised_when_its_day_has_closed(ctx, elena, clock):
    talk = chat("2026-03-20", TALK[:5])
    ctx.store.upsert(elena.collection, talk)
    enrich(ctx, elena)
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [5]
    ctx.store.delete(elena.collection, [talk[4].id])
    reconcile(ctx, elena)
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == 0
    assert due(ctx, elena) == []
    clock.now = at("2026-03-21 00:00")
    assert enrich(ctx, elena) == [date(2026, 3, 20)]
    assert column(ctx, "SELECT (message_count, summary_type)::text FROM conversation_summaries") == ["(4,short_window)"]
    assert due(ctx, elena) == []


def test_a_minimum_that_was_raised_leaves_the_open_window_for_the_end_of_its_day(ctx, elena, clock):
    ctx.store.upsert(elena.collection, chat("2026-03-20", TALK))
    enrich(ctx, elena)
    stricter = replace(ctx, settings=ctx.settings.model_copy(update={"min_messages_for_summary": 50}))
    ctx.store.upsert(elena.collection, [said("I am late.", at("2026-03-20 11:00"))])
    enrich(stricter, elena)
    clock.now = at("2026-03-21 00:00")
    enrich(stricter, elena)
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [7]


def test_a_pair_counts_again_when_the_single_point_that_it_yielded_to_is_edited(ctx, elena):
    when = at("2026-03-18 09:00")
    single = said("I live in Lisbon.", when)
    ctx.store.upsert(elena.collection, [single, pair("I live in Lisbon.", "Lovely!", when)])
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [edited(single, content="I painted the kitchen.")])
    enrich(ctx, elena)
    assert sorted(column(ctx, "SELECT value FROM user_facts WHERE attribute = 'lives_in'")) == ["Lisbon"]
    assert column(ctx, "SELECT duplicate_parts FROM message_ledger WHERE parts = 3") == [0]


@pytest.mark.parametrize(
    "change", [{"user_id": "bo"}, {"timestamp": "2026-03-17T09:00:00"}, {"interaction_type": "emoji_reaction"}]
)
def test_a_pair_counts_again_when_the_single_point_that_it_yielded_to_moves_away(ctx, elena, change):
    when = at("2026-03-18 09:00")
    single = said("I live in Lisbon.", when)
    ctx.store.upsert(elena.collection, [single, pair("I live in Lisbon.", "Lovely!", when)])
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [edited(single, **change)])
    enrich(ctx, elena)
    assert column(ctx, "SELECT duplicate_parts FROM message_ledger WHERE parts = 3") == [0]


def test_facts_are_withdrawn_even_when_a_message_breaks_twice_before_the_facts_stage_runs(ctx, elena):
    (message,) = chat("2026-03-18", TALK[:1])
    ctx.store.upsert(elena.collection, [message])
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [edited(message, user_id=None)])
    take_in(ctx, elena)
    ctx.store.upsert(elena.collection, [edited(message, user_id=["ana"])])
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 0


def test_facts_are_withdrawn_when_a_deleted_message_comes_back_as_the_bots(ctx, elena):
    (message,) = chat("2026-03-18", TALK[:1])
    ctx.store.upsert(elena.collection, [message])
    enrich(ctx, elena)
    ctx.store.delete(elena.collection, [message.id])
    reconcile(ctx, elena)
    ctx.store.upsert(elena.collection, [edited(message, role="assistant")])
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 0


def test_a_message_corrected_to_before_the_first_day_takes_its_facts_along_and_is_marked(ctx, elena):
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [edited(talk[0], timestamp="2019-05-01T10:00:00", timestamp_unix=None)])
    enrich(ctx, elena, days=[date(2026, 3, 18), date(2026, 3, 20)])
    enrich(ctx, elena, days=[date(2026, 3, 18), date(2026, 3, 20)])
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE attribute = 'lives_in'") == 0
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0
    assert due(ctx, elena) == []


def test_a_message_that_leaves_while_its_window_is_being_summarised_leaves_the_summary_too(ctx, elena):
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    take_in(ctx, elena)

    def meanwhile(messages, **kwargs):
        ctx.store.upsert(elena.collection, [edited(talk[0], user_id="bo")])
        take_in(ctx, elena)
        return summarise(messages, **kwargs)

    summarise_days(ctx, elena, [date(2026, 3, 18)], replace(EXTRACTIVE, summarise=meanwhile))
    while days := due(ctx, elena):
        enrich(ctx, elena, days=days)
    assert sorted(column(ctx, "SELECT message_count FROM conversation_summaries")) == [1, 5]


def test_a_message_that_another_reading_takes_for_broken_neither_loses_its_facts_nor_stays_due(ctx, elena, clock):
    ctx.store.upsert(elena.collection, [said("I live in Lisbon.", at("2026-03-20 12:50"))])
    take_in(ctx, elena)
    clock.now = at("2026-03-20 11:45")  # a worker on a host whose clock is 15 minutes late
    extract_facts(ctx, elena, [date(2026, 3, 20)], extract_statements, "test-1")
    summarise_days(ctx, elena, [date(2026, 3, 20)], EXTRACTIVE)
    complete_days(ctx, elena, [date(2026, 3, 20)])
    assert due(ctx, elena) == []
    clock.now = at("2026-03-21 12:00")
    reconcile(ctx, elena)
    enrich(ctx, elena)
    assert column(ctx, "SELECT value FROM user_facts") == ["Lisbon"]


def new_points_seen(ctx, bot):
    """How many new points the sensor would see."""
    return look_for_new_points(ctx, [bot], pages_per_bot=1, seconds=1).new_points


def broken(message):
    """An extractor that fails."""
    raise ValueError


def test_marks_that_are_to_be_set_anew_do_not_hide_new_points_from_the_sensor(ctx, elena, clock):
    ctx.store.upsert(elena.collection, [said("I live in Lisbon.", at("2026-03-18 09:00"))])
    while due(ctx, elena) or take_in(ctx, elena).new:
        enrich(ctx, elena, broken)
        clock.forward(days=2)
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0
    with ctx.database.begin() as connection:
        ledger.replay_dead_letters(connection, "elena", None)
    enrich(ctx, elena, broken)
    assert new_points_seen(ctx, elena) == 0
    ctx.store.upsert(elena.collection, [said("I bought a boat.", clock())])
    assert new_points_seen(ctx, elena) == 1


def test_a_mark_that_is_lost_while_its_message_waits_for_a_retry_keeps_no_run_coming(ctx, elena, clock):
    message = said("I live in Lisbon.", at("2026-03-18 09:00"))
    ctx.store.upsert(elena.collection, [message])
    while due(ctx, elena) or take_in(ctx, elena).new:
        enrich(ctx, elena, broken)
        clock.forward(days=2)
    with ctx.database.begin() as connection:
        ledger.replay_dead_letters(connection, "elena", None)
    enrich(ctx, elena, broken)
    ctx.store.upsert(elena.collection, [message])
    enrich(ctx, elena, broken)
    assert due(ctx, elena) == []
    assert new_points_seen(ctx, elena) == 0


def test_a_later_first_day_leaves_alone_what_was_worked_off_and_drops_what_still_waits(ctx, elena):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    enrich(ctx, elena)
    before = contents(ctx, with_clocks=True)
    later = replace(ctx, settings=ctx.settings.model_copy(update={"enrichment_start_date": date(2026, 3, 19)}))
    reconcile(later, elena)
    enrich(later, elena)
    assert contents(ctx, with_clocks=True) == before
    ctx.store.upsert(elena.collection, [said("I bought a boat.", at("2026-03-18 20:00"), name="boat")])
    take_in(ctx, elena)
    enrich(later, elena, days=[date(2026, 3, 19)])
    assert (
        scalar(ctx, "SELECT reason FROM message_ledger WHERE point_id = :id", id=point_id("boat")) == "before_first_day"
    )
    assert due(ctx, elena) == []
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0
    reconcile(ctx, elena)
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE fact_content LIKE '%boat%'") == 1
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [7]


def test_a_lost_mark_is_seen_by_the_sensor_and_after_the_run_no_more(ctx, elena):
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, talk[:2])
    assert new_points_seen(ctx, elena) == 2
    enrich(ctx, elena)
    assert new_points_seen(ctx, elena) == 0


def test_an_emotion_label_of_any_length_stops_no_summary(ctx, elena):
    talk = [edited(point, emotional_context="zx" * 31) for point in chat("2026-03-18", TALK)]
    ctx.store.upsert(elena.collection, talk)
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == 1


@pytest.mark.parametrize(
    "wrong", [{"confidence": 1.5}, {"rule": "lone \ud83d"}, {"category": StrEnum("Long", {"L": "x" * 51}).L}]
)
def test_a_fact_that_cannot_be_stored_stops_no_other_and_is_set_aside(ctx, elena, clock, wrong):
    def poisonous(message):
        found = extract_statements(message)
        if "kitchen" not in message.text:
            return found
        return replace(found, assertions=tuple(replace(a, **wrong) for a in found.assertions))

    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK) + chat("2026-03-18", TALK[:2], user="bo"))
    enrich(ctx, elena, poisonous)
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 3
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_attempts = 1") == 1
    for _ in range(ctx.settings.enrichment_max_attempts):
        clock.forward(days=2)
        enrich(ctx, elena, poisonous)
    assert due(ctx, elena) == []
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_state = 'dead'") == 1
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0


def test_facts_of_a_text_that_was_edited_into_poison_do_not_outlive_its_last_attempt(ctx, elena, clock):
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [edited(talk[0], content="I live in a text that breaks the engine.")])

    def fragile(message):
        return broken(message) if "breaks" in message.text else extract_statements(message)

    while days := due(ctx, elena) or [date(2026, 3, 18)] * (take_in(ctx, elena).changed > 0):
        enrich(ctx, elena, fragile, days=days)
        clock.forward(days=2)
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_state = 'dead'") == 1
    assert scalar(ctx, "SELECT count(*) FROM user_facts WHERE attribute = 'lives_in'") == 0


def test_a_summary_that_the_database_refuses_stops_no_other_and_is_set_aside(ctx, elena, clock):
    talks = [chat("2026-03-18", TALK, user=user) for user in ("ana", "bo", "cy")]
    ctx.store.upsert(elena.collection, [point for talk in talks for point in talk])

    def too_long(messages, *, user_name, **kwargs):
        summary = summarise(messages, user_name=user_name, **kwargs)
        return replace(summary, emotional_tone="x" * 51) if user_name == "bo" else summary

    engine = replace(EXTRACTIVE, summarise=too_long)
    take_in(ctx, elena)
    results = summarise_days(ctx, elena, [date(2026, 3, 18)], engine)
    assert (results[date(2026, 3, 18)].summaries, results[date(2026, 3, 18)].failures) == (2, {"DataError": 1})
    assert sorted(column(ctx, "SELECT user_id FROM conversation_summaries")) == ["ana", "cy"]
    for _ in range(ctx.settings.enrichment_max_attempts):
        clock.forward(days=2)
        summarise_days(ctx, elena, [date(2026, 3, 18)], engine)
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE summary_state = 'dead'") == 6


def failing(messages, **kwargs):
    """A summariser that fails."""
    raise ValueError


def test_a_summary_that_fails_after_a_message_left_is_tried_again(ctx, elena, clock):
    talk = chat("2026-03-18", TALK)
    ctx.store.upsert(elena.collection, talk)
    enrich(ctx, elena)
    ctx.store.delete(elena.collection, [talk[0].id])
    reconcile(ctx, elena)
    summarise_days(ctx, elena, [date(2026, 3, 18)], replace(EXTRACTIVE, summarise=failing))
    clock.forward(hours=1)
    while days := due(ctx, elena):
        enrich(ctx, elena, days=days)
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [5]


def test_a_window_whose_last_attempt_failed_keeps_no_older_summary_and_comes_back_with_its_next_message(
    ctx, elena, clock
):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    enrich(ctx, elena)
    ctx.store.upsert(elena.collection, [said("I am late.", at("2026-03-18 22:00"))])
    take_in(ctx, elena)
    rounds = 0
    while days := due(ctx, elena):
        extract_facts(ctx, elena, days, extract_statements, "test-1")
        summarise_days(ctx, elena, days, replace(EXTRACTIVE, summarise=failing))
        complete_days(ctx, elena, days)
        clock.forward(days=2)
        rounds += 1
    assert rounds == ctx.settings.enrichment_max_attempts
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == 0
    ctx.store.upsert(elena.collection, [said("I am later.", at("2026-03-18 23:00"))])
    enrich(ctx, elena)
    assert column(ctx, "SELECT message_count FROM conversation_summaries") == [8]
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE summary_state <> 'done' OR mark_state <> 'done'") == 0
    marks = {p.payload["enrichment_status"] for page in ctx.store.scan(elena.collection) for p in page}
    assert marks == {"completed"}


def test_reconciling_a_quarantined_point_changes_no_row(ctx, elena):
    nobodys = edited(said("I am lost.", at("2026-03-18 09:00")), user_id=None)
    ctx.store.upsert(elena.collection, [nobodys])
    enrich(ctx, elena)
    before = contents(ctx, with_clocks=True)
    reconcile(ctx, elena)
    assert contents(ctx, with_clocks=True) == before


def arrive(ctx, bot):
    """The first messages: two users and scopes, a pair that yields, a broken point."""
    broken_point = Point(point_id("broken"), {"role": "user", "content": "hi", "timestamp": "2026-03-18T09:00:00"})
    ctx.store.upsert(
        bot.collection,
        [
            *chat("2026-03-18", TALK), *chat("2026-03-17", ["I live in Faro.", "So do I."], user="bo", channel="dm"),
            pair("I live in Lisbon.", "Lovely!", at("2026-03-18 09:00")), broken_point,
        ],
    )  # fmt: skip


def change(ctx, bot):
    """Edits of text, scope, user and day, a late message, a deletion."""
    talk = chat("2026-03-18", TALK)
    (faro, _) = chat("2026-03-17", ["I live in Faro.", "So do I."], user="bo", channel="dm")
    ctx.store.upsert(
        bot.collection,
        [
            edited(talk[0], content="I live in Evora."), edited(talk[2], channel_type="dm"), edited(talk[4], user_id="bo"),
            edited(faro, timestamp="2026-03-16T10:00:00"), said("I sold the boat.", at("2026-03-18 23:00")),
        ],
    )  # fmt: skip
    ctx.store.delete(bot.collection, [talk[1].id])


def outcome(ctx):
    """All rows, but for how often each was touched on the way."""
    rows = contents(ctx)
    at_revision = [c.name for c in message_ledger.columns if c.name not in CLOCK_COLUMNS].index("revision")
    rows["message_ledger"] = [row[:at_revision] + row[at_revision + 1 :] for row in rows["message_ledger"]]
    return rows


def rest(ctx, bot):
    """Everything that is still to be done, as the sensor has it done."""
    for _ in range(3):
        enrich(ctx, bot)
        if not due(ctx, bot):
            return
    pytest.fail("the same days stay due")


@pytest.fixture
def undisturbed(settings, clock, tmp_path):
    """The rows after first messages and changes when nothing goes wrong."""
    store = EdgeStore(tmp_path / "undisturbed", settings.qdrant_collection_prefix)
    with fresh_schema(settings) as own:
        pipeline = Pipeline(own, clock=clock, store=store)
        bot, ctx = store.create_collection("elena"), pipeline.context("run")
        for step in (arrive, change):
            step(ctx, bot)
            reconcile(ctx, bot)
            rest(ctx, bot)
        rows = outcome(ctx)
        pipeline.close()
    return rows


def test_a_worker_that_dies_again_and_again_ends_in_the_rows_of_one_that_never_does(ctx, elena, undisturbed):
    """A shortened campaign: every fourth instant in turn, each death over what the ones before have left behind."""
    deaths = 0
    for first, step in enumerate((arrive, change), start=1):
        step(ctx, elena)
        for instant in count(first, 4):
            with ctx.database.begin() as connection:
                connection.execute(text("UPDATE leases SET expires_at = now()"))
            worker = dying(ctx, instant)
            try:
                reconcile(worker, elena)
                enrich(worker, elena)
                break
            except Died:
                deaths += 1
        rest(ctx, elena)
    assert deaths > 15
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0
    assert outcome(ctx) == undisturbed


HOSTILE = [
    "I said \\N and \\. and a\\tb", "I tab\tnew\nline\r\nend", "I nul\x00byte", "I 🦊 emoji",
    "I 100%(s) :bind %s ::cast", "I {\"a\", 'b', NULL}", "I {user} {0}", "I \u2028 \x0b \x0c \x85 \x1c", "I " + "long " * 15_000,
]  # fmt: skip


def test_hostile_texts_and_ids_are_stored_and_a_second_run_changes_nothing(ctx, elena):
    users = ["o'brien\\", 'a"b,{c}', "%s:x", "名前", "tab\tbed", "{user}", "..", "x" * 255]
    points = [
        said(words, at("2026-03-18 09:00") + timedelta(minutes=i), user=user, name=f"{user}/{i}")
        for user in users
        for i, words in enumerate(HOSTILE)
    ]
    ctx.store.upsert(elena.collection, points)
    enrich(ctx, elena)
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_state = 'done'") == len(points)
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries") == len(users)
    before = contents(ctx, with_clocks=True)
    assert due(ctx, elena) == []
    reconcile(ctx, elena)
    enrich(ctx, elena, days=[date(2026, 3, 18)])
    assert contents(ctx, with_clocks=True) == before
