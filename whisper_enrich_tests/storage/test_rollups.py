"""Which digests are behind, what they are made from, and that writing the same changes nothing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.rollups import (
    MadeRollup,
    RollupKey,
    count_rollups,
    delete_rollups,
    dirty,
    facts_of,
    rollups_of,
    windows_of,
    write_rollups,
)
from whisper_enrich.storage.summaries import WindowSummary, write_summaries
from whisper_enrich.summaries.model import Summary, SummaryState, SummaryType, Window
from whisper_enrich.summaries.rollups import Kind, RollupInput, extractive, month_of, week_of
from whisper_enrich_tests.builders import column, contents, scalar

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)
WEEK, MONTH = week_of(date(2026, 3, 4)), month_of(date(2026, 3, 4))


def summary(
    day: int, words: str = "Ana planted tomatoes.", *, scope=Scope.SHARED, month: int = 3, **changed
) -> Summary:
    start = datetime(2026, month, day, tzinfo=UTC)
    made = Summary(
        Window(start, start + timedelta(days=1)), scope, words, SummaryType.TIME_WINDOW, ("tomatoes",), "positive (joy)",
        None, "joy", 0.5, 0.8, 6, (f"p{day}",), f"hash-{words}", "extractive-2",
    )  # fmt: skip
    return replace(made, **changed)


def write(ctx, *summaries: Summary, user: str = "ana", bot: str = "elena") -> None:
    with ctx.database.begin() as connection:
        made = [WindowSummary(user, (s.window.start, s.window.end, s.scope), s) for s in summaries]
        write_summaries(connection, bot, made, now=NOW)


def behind(ctx, bot: str = "elena", **options):
    with ctx.database.connect() as connection:
        return dirty(connection, bot, **options)


def roll(ctx, bot: str = "elena", *, now: datetime = NOW, state: SummaryState = SummaryState.FINAL) -> int:
    """Make every digest that is behind; returns the rows that changed."""
    with ctx.database.begin() as connection:
        made, gone = [], []
        for one in dirty(connection, bot):
            if one.input_hash is None:
                gone.append(one.key)
                continue
            windows, facts = windows_of(connection, bot, one.key), facts_of(connection, bot, one.key)
            given = RollupInput(one.key.period, one.key.scope, "Ana", "Elena", windows, facts)
            made.append(MadeRollup(one.key.user_id, extractive(given, state), one.input_hash))
        return write_rollups(connection, bot, made, now=now) + delete_rollups(connection, bot, gone)


def periods(found):
    return [(one.key.user_id, one.key.scope.value, one.key.period.kind.value, one.key.period.start) for one in found]


def fact(ctx, words: str, said: datetime, *, scope: str = "shared", user: str = "ana") -> None:
    with ctx.database.begin() as connection:
        number = connection.execute(
            text(
                """
                INSERT INTO user_facts (user_id, bot_name, category, fact_content, confidence, source_collection, fact_key,
                    attribute, value, scope, tense, mentions, first_said_at, last_said_at, engine_version, audience)
                VALUES (:user, 'elena', 'place', :words, 0.8, 'c', :words, '', :words, :scope, 'present', 1, :at, :at, 'e',
                    CASE :scope WHEN 'dm' THEN 'dm' ELSE 'all' END)
                RETURNING id
                """
            ),
            {"user": user, "words": words, "at": said, "scope": scope},
        ).scalar_one()
        connection.execute(
            text("INSERT INTO fact_evidence VALUES (:fact, :point, 0, 5, :quote, :at, :scope)"),
            {"fact": number, "point": f"p-{words}", "quote": f"I {words}", "at": said, "scope": scope},
        )


def test_a_new_window_is_behind_by_its_week_and_its_month(ctx):
    write(ctx, summary(4))
    assert periods(behind(ctx)) == [
        ("ana", "shared", "month", date(2026, 3, 1)),
        ("ana", "shared", "week", date(2026, 3, 2)),
    ]
    assert roll(ctx) == 2
    assert behind(ctx) == []
    assert behind(ctx, bot="marcus") == []


def test_rolling_up_again_changes_no_row(ctx):
    write(ctx, summary(4), summary(5, "Ana rests."), summary(4, scope=Scope.DM))
    roll(ctx)
    before = contents(ctx, with_clocks=True)
    assert roll(ctx, now=NOW + timedelta(days=1)) == 0
    assert contents(ctx, with_clocks=True) == before


def test_writing_the_same_digest_again_touches_nothing(ctx):
    write(ctx, summary(4))
    roll(ctx, state=SummaryState.DEGRADED)
    before = contents(ctx, with_clocks=True)
    assert len(behind(ctx)) == 2
    assert roll(ctx, now=NOW + timedelta(days=1), state=SummaryState.DEGRADED) == 0
    assert contents(ctx, with_clocks=True) == before


@pytest.mark.parametrize(
    "changed",
    [
        {"summary_text": "Ana rests."}, {"key_topics": ("sea",)}, {"message_count": 7}, {"decisions": ("rest",)},
        {"open_questions": ("when?",)}, {"emotional_tone": None},
    ],
)  # fmt: skip
def test_a_window_that_tells_something_else_puts_its_periods_behind(ctx, changed):
    write(ctx, summary(4), summary(11))
    roll(ctx)
    write(ctx, replace(summary(11), **changed))
    assert [found[2:] for found in periods(behind(ctx))] == [("month", date(2026, 3, 1)), ("week", date(2026, 3, 9))]
    roll(ctx)
    assert behind(ctx) == []


def test_how_sure_a_window_is_or_who_told_it_puts_nothing_behind(ctx):
    write(ctx, summary(4))
    roll(ctx)
    write(ctx, summary(4, confidence_score=0.1, input_hash="other", state=SummaryState.PROVISIONAL))
    assert behind(ctx) == []


def test_a_fact_said_in_a_window_is_part_of_its_digest_and_puts_it_behind(ctx):
    write(ctx, summary(4), summary(4, scope=Scope.DM), summary(11))
    roll(ctx)
    fact(ctx, "lives in Lisbon.", datetime(2026, 3, 4, 23, 59, tzinfo=UTC))
    assert periods(behind(ctx)) == [
        ("ana", "shared", "month", date(2026, 3, 1)),
        ("ana", "shared", "week", date(2026, 3, 2)),
    ]
    with ctx.database.connect() as connection:
        (known,) = facts_of(connection, "elena", RollupKey("ana", Scope.SHARED, WEEK))
        assert facts_of(connection, "elena", RollupKey("ana", Scope.DM, WEEK)) == ()
        assert facts_of(connection, "elena", RollupKey("ana", Scope.SHARED, week_of(date(2026, 3, 11)))) == ()
    assert (known.statement, known.quote) == ("lives in Lisbon.", "I lives in Lisbon.")
    assert known.said_at == datetime(2026, 3, 4, 23, 59, tzinfo=UTC)


def test_a_fact_of_a_day_without_a_summary_or_of_a_dm_stays_out_of_the_shared_digest(ctx):
    write(ctx, summary(4))
    roll(ctx)
    fact(ctx, "has a secret.", datetime(2026, 3, 4, 9, tzinfo=UTC), scope="dm")
    fact(ctx, "moved.", datetime(2026, 3, 5, 9, tzinfo=UTC))
    assert behind(ctx) == []
    with ctx.database.connect() as connection:
        assert facts_of(connection, "elena", RollupKey("ana", Scope.SHARED, WEEK)) == ()


def test_windows_of_a_period_are_those_that_begin_in_it(ctx):
    write(ctx, summary(1), summary(2), summary(8), summary(9), summary(28, month=2))
    with ctx.database.connect() as connection:
        week = windows_of(connection, "elena", RollupKey("ana", Scope.SHARED, WEEK))
        month = windows_of(connection, "elena", RollupKey("ana", Scope.SHARED, MONTH))
    assert [w.day.day for w in week] == [2, 8]
    assert [w.day.day for w in month] == [1, 2, 8, 9]


def test_a_digest_whose_last_window_is_gone_is_removed_and_the_others_stay(ctx):
    write(ctx, summary(4), summary(11))
    roll(ctx)
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM conversation_summaries WHERE start_timestamp = '2026-03-11'"))
    found = behind(ctx)
    assert [(one.key.period.start, one.input_hash is None) for one in found] == [
        (date(2026, 3, 1), False), (date(2026, 3, 9), True),
    ]  # fmt: skip
    assert roll(ctx) == 2
    assert column(ctx, "SELECT start_date FROM summary_rollups ORDER BY 1") == [date(2026, 3, 1), date(2026, 3, 2)]
    assert behind(ctx) == []


def test_rows_of_another_engine_are_behind_only_when_asked(ctx):
    write(ctx, summary(4))
    roll(ctx)
    assert behind(ctx) == []
    assert len(behind(ctx, version="llm-1-abc")) == 2
    assert behind(ctx, version="rollup-1") == []


@pytest.mark.parametrize("state", ["degraded", "provisional"])
def test_a_stand_in_is_behind_until_it_is_replaced(ctx, state):
    write(ctx, summary(4))
    roll(ctx, state=SummaryState(state))
    assert len(behind(ctx)) == 2
    with ctx.database.connect() as connection:
        assert count_rollups(connection, "elena") == {state: 2}
    roll(ctx)
    assert behind(ctx) == []


def test_a_month_of_a_user_is_one_row_a_scope(ctx):
    write(ctx, *(summary(day) for day in range(1, 31)), summary(4, "Ana rests.", scope=Scope.DM))
    write(ctx, summary(4), user="bo")
    roll(ctx)
    with ctx.database.connect() as connection:
        rows = rollups_of(connection, "elena", "ana", MONTH)
        everything = rollups_of(connection, "elena", "ana")
    assert [(row.scope, row.kind, row.window_count, row.message_count) for row in rows] == [
        (Scope.DM, Kind.MONTH, 1, 6), (Scope.SHARED, Kind.MONTH, 30, 180),
    ]  # fmt: skip
    assert rows[1].last_day == date(2026, 3, 31)
    assert rows[1].key_topics == ("tomatoes",)
    assert rows[1].emotional_tone == "positive (joy)"
    assert len(everything) == 9
    assert {row.user_id for row in everything} == {"ana"}


def test_state_decisions_and_questions_of_a_window_are_stored_and_the_same_again_changes_nothing(ctx):
    told = summary(4, state=SummaryState.DEGRADED, decisions=("rest", 'say "no"'), open_questions=())
    write(ctx, told, summary(5))
    assert column(ctx, "SELECT state FROM conversation_summaries ORDER BY start_timestamp") == ["degraded", "final"]
    assert column(ctx, "SELECT decisions FROM conversation_summaries ORDER BY start_timestamp") == [
        ["rest", 'say "no"'], None,
    ]  # fmt: skip
    assert column(ctx, "SELECT open_questions FROM conversation_summaries ORDER BY start_timestamp") == [[], None]
    before = contents(ctx, with_clocks=True)
    write(ctx, told, summary(5))
    assert contents(ctx, with_clocks=True) == before
    write(ctx, replace(told, state=SummaryState.FINAL))
    assert scalar(ctx, "SELECT count(*) FROM conversation_summaries WHERE state = 'final'") == 2


def test_a_stored_window_says_its_state_and_engine(ctx):
    write(ctx, summary(4, state=SummaryState.PROVISIONAL))
    assert column(ctx, "SELECT ARRAY[state, enrichment_version, input_hash] FROM conversation_summaries") == [
        ["provisional", "extractive-2", "hash-Ana planted tomatoes."]
    ]
