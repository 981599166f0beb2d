"""The strategic caches over real engines: a row for everybody, the same rows in any order, nothing done twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import text

from whisper_enrich.errors import PartialFailure
from whisper_enrich.messages.model import Point
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage import strategic_caches
from whisper_enrich.storage.strategic_caches import BY_NAME, VALUES
from whisper_enrich.strategic import engines
from whisper_enrich_tests.builders import at, chat, column, contents, enrich, said, scalar

CACHES = sorted(BY_NAME)
TALK = [
    "I planted tomatoes in the garden today.", "Lovely! Which kind did you choose?", "Roma and a yellow one.",
    "Yellow ones are sweet. Will they get enough sun?", "By the way, my sister Clara visits on Friday.",
    "How nice, what will you do together?",
]  # fmt: skip
DAYS = [date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 18)]


def week(user: str = "ana", hour: int = 9) -> list[Point]:
    return [point for day in DAYS for point in chat(day.isoformat(), TALK, user=user, hour=hour)]


def strategic(ctx, bot, days=tuple(DAYS)):
    """Intake, features and every cache."""
    take_in(ctx, bot)
    bring_features_up_to_date(ctx, bot, days)
    return {cache: compute_caches(ctx, bot, days, cache) for cache in CACHES}


def caches(ctx) -> dict[str, list[tuple]]:
    """All rows of ours, without clocks."""
    tables = contents(ctx)
    return {name: rows for name, rows in tables.items() if name.startswith("strategic_")}


def test_every_user_has_a_row_in_every_cache_and_a_snapshot_of_each_day(ctx, elena):
    ctx.store.upsert(elena.collection, week("ana") + week("ben", 15))
    results = strategic(ctx, elena)
    for cache in CACHES:
        assert column(ctx, f"SELECT user_id FROM {cache} WHERE user_id IS NOT NULL ORDER BY 1") == ["ana", "ben"]
        assert [results[cache][day].snapshots for day in DAYS] == [2, 2, 2]
    assert scalar(ctx, "SELECT count(*) FROM strategic_character_performance WHERE user_id IS NULL") == 1
    assert scalar(ctx, "SELECT count(*) FROM strategic_features") == 6


def test_a_second_run_computes_nothing_and_changes_no_row(ctx, elena, clock):
    ctx.store.upsert(elena.collection, week())
    enrich(ctx, elena)
    strategic(ctx, elena)
    before = contents(ctx, with_clocks=True)
    clock.forward(minutes=5)
    again = strategic(ctx, elena)
    assert {(r.rows, r.snapshots) for by_day in again.values() for r in by_day.values()} == {(0, 0)}
    after = contents(ctx, with_clocks=True)
    assert {name: after[name] for name in after if name.startswith("strategic_")} == {
        name: before[name] for name in before if name.startswith("strategic_")
    }


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0)])
def test_days_in_any_order_and_late_messages_end_in_the_same_rows(ctx, elena, pipeline, order):
    for number in order:
        ctx.store.upsert(elena.collection, chat(DAYS[number].isoformat(), TALK))
        strategic(ctx, elena, [DAYS[number]])
    strategic(ctx, elena)  # snapshots that a late day has made stale
    piecewise = caches(ctx)
    with ctx.database.begin() as connection:
        for name in piecewise:
            connection.execute(text(f"TRUNCATE {name}"))
    strategic(ctx, elena)
    assert caches(ctx) == piecewise


def test_one_message_gives_rows_whose_nulls_all_have_a_reason(ctx, elena):
    ctx.store.upsert(elena.collection, [said("Hi.", at("2026-03-18 09:00"))])
    strategic(ctx, elena)
    for cache in CACHES:
        with ctx.database.connect() as connection:
            row = connection.execute(text(f"SELECT * FROM {cache} WHERE user_id = 'ana'")).mappings().one()
        unexplained = [name for name in VALUES[cache] if row[name] is None and name not in row["reasons"]]
        assert unexplained == [], cache


def test_a_user_whose_computation_fails_keeps_the_last_row_and_stops_no_other(ctx, elena, clock, monkeypatch):
    ctx.store.upsert(elena.collection, week("ana") + week("ben", 15))
    strategic(ctx, elena)
    cache = "strategic_memory_health"
    compute = engines.ENGINES[cache]["memory_aging"]

    def fails_for_ana(history, surroundings):
        if history.user_id == "ana":
            raise ZeroDivisionError("text that may quote somebody")
        return compute(history, surroundings)

    monkeypatch.setitem(engines.ENGINES[cache], "memory_aging", fails_for_ana)
    ctx.store.upsert(
        elena.collection,
        [said(f"I saw a {w}.", at("2026-03-18 20:00"), user=u) for u, w in (("ana", "stork"), ("ben", "crane"))],
    )
    clock.forward(minutes=1)
    with pytest.raises(PartialFailure, match="1 user") as raised:
        strategic(ctx, elena)
    assert "quote" not in str(raised.value)
    read = "SELECT messages_read FROM strategic_memory_health WHERE user_id = :user"
    assert (scalar(ctx, read, user="ana"), scalar(ctx, read, user="ben")) == (18, 19)


def test_a_message_that_came_while_the_row_was_computed_ends_it_five_minutes_later(ctx, elena, clock, monkeypatch):
    ctx.store.upsert(elena.collection, week())
    cache = "strategic_memory_health"
    compute = engines.ENGINES[cache]["memory_aging"]

    def says_something(history, surroundings):
        ctx.store.upsert(elena.collection, [said("And a fig tree.", at("2026-03-18 20:00"))])
        take_in(ctx, elena)
        return compute(history, surroundings)

    take_in(ctx, elena)
    bring_features_up_to_date(ctx, elena, DAYS)
    monkeypatch.setitem(engines.ENGINES[cache], "memory_aging", says_something)
    compute_caches(ctx, elena, DAYS, cache)
    assert scalar(ctx, f"SELECT expires_at FROM {cache}") == clock() + timedelta(seconds=300)


def test_rows_are_renewed_before_they_end_and_at_different_times(ctx, elena, clock):
    users = [f"u{number}" for number in range(12)]
    ctx.store.upsert(
        elena.collection, [said("I saw a stork.", at("2026-03-18 09:00"), user=u, name=f"m{u}") for u in users]
    )
    strategic(ctx, elena)
    ends = column(ctx, "SELECT expires_at FROM strategic_memory_health ORDER BY 1")
    assert clock() + timedelta(hours=18) <= ends[0] < ends[-1] <= clock() + timedelta(hours=24)
    clock.now = ends[0] - timedelta(minutes=14)
    renewed = strategic(ctx, elena, [clock().date()])["strategic_memory_health"]
    assert 1 <= sum(r.rows for r in renewed.values()) < 12
    assert min(column(ctx, "SELECT expires_at FROM strategic_memory_health")) > ends[0]


def test_a_late_message_redoes_the_later_snapshots_in_the_same_run(ctx, elena):
    ctx.store.upsert(elena.collection, week())
    strategic(ctx, elena)
    ctx.store.upsert(elena.collection, [said("A fig tree came, too.", at("2026-03-16 20:00"))])
    done = strategic(ctx, elena, [DAYS[0]])
    assert {cache: results[DAYS[0]].snapshots for cache, results in done.items()} == dict.fromkeys(CACHES, 1)
    assert scalar(ctx, "SELECT count(*) FROM strategic_snapshots WHERE stale AND user_id <> ''") == 0
    read = "SELECT (row ->> 'messages_read')::int FROM strategic_snapshots WHERE cache = :cache AND day = :day AND user_id <> ''"
    assert [scalar(ctx, read, cache=CACHES[0], day=day) for day in DAYS] == [7, 13, 19]


def test_features_of_a_day_that_the_store_gave_in_part_are_made_anew_though_the_ledger_is_as_before(
    ctx, elena, monkeypatch
):
    ctx.store.upsert(elena.collection, week())
    take_in(ctx, elena)
    honest = type(ctx.store).by_ids
    with monkeypatch.context() as patch:
        patch.setattr(type(ctx.store), "by_ids", lambda *args, **more: honest(*args, **more)[::2])
        bring_features_up_to_date(ctx, elena, DAYS)
    take_in(ctx, elena)
    bring_features_up_to_date(ctx, elena, DAYS)
    assert column(ctx, "SELECT messages FROM strategic_features") == [6, 6, 6]


def test_a_day_of_which_only_a_reaction_is_left_asks_for_nothing_more(ctx, elena):
    reaction = said("[EMOJI_REACTION] 🎉", at("2026-03-18 09:30"), name="r")
    reaction = Point(
        reaction.id, {**reaction.payload, "interaction_type": "emoji_reaction", "emotion_type": "positive_strong"}, {}
    )
    words = said("I saw a stork.", at("2026-03-18 09:00"))
    ctx.store.upsert(elena.collection, [words, reaction, said("And a crane.", at("2026-03-17 09:00"))])
    strategic(ctx, elena)
    ctx.store.delete(elena.collection, [words.id])
    reconcile(ctx, elena)
    strategic(ctx, elena)
    with ctx.database.connect() as connection:
        assert strategic_caches.days_with_work(connection, DAYS[2]) == {}
    assert column(ctx, "SELECT DISTINCT day FROM strategic_snapshots WHERE user_id = 'ana'") == [DAYS[1]]
