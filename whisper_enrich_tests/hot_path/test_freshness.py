"""When a part counts as stale, and why."""

from __future__ import annotations

import random
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from whisper_enrich.hot_path.context import PARTS, StaleReason
from whisper_enrich.hot_path.freshness import Moment, State, of_cache, of_stage
from whisper_enrich.hot_path.options import Options
from whisper_enrich.strategic import engines
from whisper_enrich.strategic.validity import TOUCHES_KEPT, Limits, holds_until
from whisper_enrich_tests.hot_path.conftest import NOW
from whisper_enrich_tests.hot_path.readers import open_reader

READ = NOW - timedelta(hours=2)
ENDS = NOW + timedelta(hours=20)


def ago(**delta: float) -> datetime:
    return NOW - timedelta(**delta)


ALIVE = ago(minutes=1)


def cache_says(state: State, *, computed_at=READ, expires_at=ENDS, version=engines.ENGINE_VERSION, remembered=False):
    moment = Moment(NOW, Options(), remembered)
    return of_cache(
        state, moment, computed_at=computed_at, expires_at=expires_at, read_up_to=READ, engine_version=version
    )[1]


@pytest.mark.parametrize(
    ("state", "given", "reason"),
    [
        (State(beat_at=ALIVE, newest_at=READ), {}, None),
        (State(newest_at=READ), {"computed_at": ago(minutes=9)}, None),
        (State(newest_at=READ), {"computed_at": ago(minutes=11)}, StaleReason.WORKER_SILENT),
        (State(beat_at=ago(minutes=11), newest_at=READ), {}, StaleReason.WORKER_SILENT),
        (State(beat_at=ago(minutes=9), newest_at=READ), {}, None),
        (State(beat_at=ALIVE, newest_at=READ), {"expires_at": ago(minutes=1)}, StaleReason.EXPIRED),
        (State(beat_at=ALIVE, newest_at=NOW), {"expires_at": ago(minutes=1)}, StaleReason.NEW_MESSAGES),
        (State(beat_at=ALIVE, touches=[ago(minutes=4)], newest_at=READ), {}, None),
        (State(beat_at=ALIVE, touches=[ago(minutes=6), ago(minutes=1)], newest_at=READ), {}, StaleReason.NEW_MESSAGES),
        (State(beat_at=ALIVE, touches=[READ], newest_at=READ), {}, None),
        (State(beat_at=ALIVE, touches=[ago(minutes=2)] * 20, newest_at=READ), {}, None),
        (State(beat_at=ALIVE, touches=[ago(minutes=2)] * 21, newest_at=READ), {}, StaleReason.NEW_MESSAGES),
        (State(beat_at=ALIVE, newest_at=READ), {"version": "strategic-0.9"}, StaleReason.OLDER_ENGINE),
        (State(beat_at=ALIVE, newest_at=READ), {"remembered": True}, StaleReason.UNREACHABLE),
        (State(beat_at=ago(minutes=11)), {"expires_at": ago(minutes=1)}, StaleReason.WORKER_SILENT),
    ],
)
def test_a_cache_row_is_stale_for_a_reason(state, given, reason):
    assert cache_says(state, **given) == reason


@pytest.mark.parametrize(
    ("state", "waiting", "reason"),
    [
        (State(newest_at=READ), None, None),
        (State(newest_at=NOW), ago(minutes=4), None),
        (State(newest_at=NOW), ago(minutes=6), StaleReason.NEW_MESSAGES),
        (State(newest_at=READ, touches=[ago(minutes=6), ago(minutes=1)]), None, StaleReason.NEW_MESSAGES),
        (State(newest_at=READ, touches=[ago(minutes=4)]), None, None),
        (State(newest_at=ago(minutes=6), touches=[ago(minutes=6)]), None, None),
        (State(beat_at=ago(minutes=11)), None, StaleReason.WORKER_SILENT),
    ],
)
def test_facts_are_behind_when_a_message_has_waited_for_longer_than_its_grace(state, waiting, reason):
    assert of_stage(state, Moment(NOW, Options()), waiting_since=waiting)[1] == reason


@pytest.fixture(params=["sync", "async"])
def reader(request, world):
    made = open_reader(request.param, world.dsn, world.options)
    yield made
    made.close()
    world.execute("DELETE FROM message_touches")


def reasons(reader, now, user="ana"):
    context = reader.get_context(user, "elena", "dm", now, strict=True)
    return {getattr(context, name).stale_reason for name in PARTS if name != "summaries"}


def test_a_row_holds_for_its_grace_after_a_message_that_the_bot_told_of_although_intake_has_not_seen_it(world, reader):
    assert reasons(reader, NOW) == {None}
    assert reader.touch("ana", "elena", NOW) is True
    soon, late = NOW + timedelta(seconds=299), NOW + timedelta(seconds=300)
    assert (reasons(reader, soon), reasons(reader, late)) == ({None}, {StaleReason.NEW_MESSAGES})
    assert reasons(reader, late, user="ben") == {None}


def test_with_one_message_too_many_that_it_was_told_of_a_row_ends_and_of_two_the_first_starts_the_grace(world, reader):
    def caches(now):
        context = reader.get_context("ana", "elena", "dm", now, strict=True)
        return {getattr(context, name).stale_reason for name in PARTS if name not in ("facts", "summaries")}

    def touch(first, end):
        assert all(reader.touch("ana", "elena", NOW + timedelta(seconds=s), strict=True) for s in range(first, end))

    touch(0, 20)
    assert reasons(reader, NOW + timedelta(seconds=299)) == {None}
    assert reasons(reader, NOW + timedelta(seconds=300)) == {StaleReason.NEW_MESSAGES}
    touch(20, 21)
    assert caches(NOW + timedelta(seconds=21)) == {StaleReason.NEW_MESSAGES}
    touch(21, 60)
    with world.ctx.database.connect() as connection:
        kept = connection.exec_driver_sql("SELECT recent FROM message_touches WHERE user_id = 'ana'").scalar_one()
    assert kept == [NOW + timedelta(seconds=number) for number in range(60 - TOUCHES_KEPT, 60)]


def test_what_has_read_the_message_holds_on(world, reader):
    read_up_to = reader.get_context("ana", "elena", "dm", NOW).memory_health.read_up_to
    reader.touch("ana", "elena", read_up_to)
    assert reasons(reader, NOW + timedelta(seconds=300)) == {None}


def test_touches_only_move_forward_and_never_ahead_of_the_servers_clock(world, reader):
    for at in (NOW, NOW - timedelta(days=1)):
        assert reader.touch("ana", "elena", at, strict=True)
    stored = "SELECT at FROM message_touches WHERE user_id = 'ana'"
    with world.ctx.database.connect() as connection:
        assert connection.exec_driver_sql(stored).scalar_one() == NOW
        assert reader.touch("ana", "elena", NOW + timedelta(days=3650), strict=True)
        ahead = connection.exec_driver_sql(f"SELECT (SELECT at FROM ({stored}) t) - now()").scalar_one()
    assert ahead < timedelta(seconds=5)


def test_a_silent_worker_makes_everything_stale(world, reader):
    assert reasons(reader, NOW + timedelta(seconds=599)) == {None}
    assert reasons(reader, NOW + timedelta(seconds=600)) == {StaleReason.WORKER_SILENT}


def test_the_last_good_row_stays_when_it_has_expired(world, reader):
    world.execute("UPDATE worker_heartbeats SET beat_at = :at", at=NOW + timedelta(days=40))
    try:
        later = NOW + timedelta(days=40)
        assert reader.get_context("ana", "elena", "dm", later).engagement.stale_reason is StaleReason.EXPIRED
        silence = reader.get_context("ana", "elena", "dm", later).engagement
        assert silence.hours_since_last_message == pytest.approx(40 * 24 + 2, abs=0.1)
    finally:
        world.execute("UPDATE worker_heartbeats SET beat_at = :at", at=NOW)


def _drawn_rows(count):
    """Times around `NOW` of rows, signs of life and messages that the bots told of: user, beat, touches, row."""
    drawn = random.Random(3)

    def around(minutes):
        return NOW + timedelta(seconds=drawn.randint(-60 * minutes, 60 * minutes))

    def earlier(at):
        return at - timedelta(minutes=10)

    for number in range(count):
        beat = earlier(around(12)) if drawn.random() < 0.7 else None
        touches = sorted(around(8) for _ in range(drawn.choice([0, 0, 1, 3, 21, 22, 40])))
        yield f"row-{number}", beat, touches, {"computed": earlier(around(12)), "read": around(9), "until": around(6)}


def test_views_reader_and_command_line_end_a_row_at_the_same_moment(world):
    options = world.options
    limits = Limits(options.cache_ttl_seconds, options.cache_max_unread_messages, options.worker_silence_seconds)
    told_by = Counter()
    with world.ctx.database.connect() as connection:
        for user, beat, touches, row in _drawn_rows(60):
            given = {"bot": user, "user": user, "beat": beat, "touches": touches, **row}
            if beat:
                connection.execute(
                    text("INSERT INTO worker_heartbeats (bot_name, beat_at) VALUES (:bot, :beat)"), given
                )
            if touches:
                connection.execute(
                    text("INSERT INTO message_touches VALUES (:bot, :user, :last, :touches)"),
                    given | {"last": touches[-1]},
                )
            in_sql = connection.execute(
                text(f"SELECT {options.schema}_bots.holds_until(:bot, :user, :computed, :read, :until)"), given
            ).scalar_one()
            ends = holds_until(row["until"], row["computed"], row["read"], beat, touches, limits)
            assert in_sql == ends
            said = [
                of_cache(
                    State(beat, touches), Moment(at, options), computed_at=row["computed"], expires_at=row["until"],
                    read_up_to=row["read"], engine_version=engines.ENGINE_VERSION,
                )[1]
                for at in (ends - timedelta(microseconds=1), ends)
            ]  # fmt: skip
            assert said[0] is None
            told_by[said[1]] += 1
        connection.rollback()
    assert {reason for reason, count in told_by.items() if count > 3} == {
        StaleReason.WORKER_SILENT, StaleReason.NEW_MESSAGES, StaleReason.EXPIRED,
    }  # fmt: skip
