"""Which features and cache rows are behind, how long rows hold, and that writing the same changes nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.reading import set_right
from whisper_enrich.storage import ledger, strategic_caches, strategic_features
from whisper_enrich.storage.strategic_caches import CacheRow, Due, DueDay
from whisper_enrich.storage.strategic_features import StoredDay
from whisper_enrich_tests.builders import at, chat, said, scalar

CACHE = "strategic_memory_health"
DAY = date(2026, 3, 18)
NOW = datetime(2026, 3, 18, 20, tzinfo=UTC)
MADE = {"memory_aging": {"memory_snapshot": {}, "avg_memory_age_hours": 2.0, "retrieval_frequency_trend": None,
                         "forgetting_risk_memories": [], "memories": 3}}  # fmt: skip


def behind(ctx):
    with ctx.database.connect() as connection:
        return strategic_features.outdated_days(connection, "elena")


def make(ctx, version: str = "v1") -> None:
    """Features of everything that is behind."""
    with ctx.database.begin() as connection:
        found = strategic_features.outdated_days(connection, "elena")
        gone = [(d.user_id, d.day) for d in found if d.content_key is None]
        strategic_features.delete_days(connection, "elena", gone)
        strategic_features.write_days(
            connection, "elena", version,
            [
                StoredDay(d.user_id, d.day, d.messages, datetime.combine(d.day, NOW.timetz()), d.content_key, {}, [])
                for d in found if d.content_key is not None
            ],
        )  # fmt: skip


def due(ctx, now: datetime = NOW) -> list[Due]:
    with ctx.database.connect() as connection:
        return strategic_caches.due_users(
            connection, "elena", CACHE, renew_before=now + timedelta(minutes=15), seen_after=now - timedelta(days=30)
        )  # fmt: skip


def row(one: Due | DueDay, *, life: timedelta = timedelta(hours=24), results=None) -> CacheRow:
    return CacheRow(one.user_id, results or MADE, {"retrieval_frequency_trend": "too_few_mentions"}, NOW, 2,
                    one.input_key, NOW, NOW + life)  # fmt: skip


def write(ctx, *rows: CacheRow, version: str = "e1") -> None:
    with ctx.database.begin() as connection:
        strategic_caches.write_rows(connection, CACHE, "elena", version, rows)


@pytest.fixture
def talk(ctx, elena):
    ctx.store.upsert(elena.collection, chat("2026-03-18", ["I painted the kitchen.", "Lovely!"]))
    take_in(ctx, elena)
    return elena


def test_a_day_is_behind_until_its_features_are_written_and_again_when_a_message_is_added_or_goes(ctx, talk):
    assert [(d.user_id, d.day, d.messages) for d in behind(ctx)] == [("ana", DAY, 2)]
    make(ctx)
    assert behind(ctx) == []
    late = said("And the hall.", at("2026-03-18 19:30"))
    ctx.store.upsert(talk.collection, [late])
    take_in(ctx, talk)
    assert [d.messages for d in behind(ctx)] == [3]
    make(ctx)
    ctx.store.delete(talk.collection, [late.id])
    with ctx.database.connect() as connection:
        rows = ledger.rows_of_user_days(connection, "elena", [("ana", DAY)])["ana", DAY]
    set_right(ctx, talk, [r for r in rows if r.point_id == late.id])
    assert [d.messages for d in behind(ctx)] == [2]


def test_a_day_whose_messages_are_all_gone_is_behind_without_a_key_and_goes_with_its_snapshots(ctx, talk):
    make(ctx)
    with ctx.database.connect() as connection:
        rows = ledger.rows_of_user_days(connection, "elena", [("ana", DAY)])["ana", DAY]
    ctx.store.delete(talk.collection, [r.point_id for r in rows])
    set_right(ctx, talk, rows)
    assert [(d.day, d.content_key) for d in behind(ctx)] == [(DAY, None)]
    make(ctx)
    assert scalar(ctx, "SELECT count(*) FROM strategic_features") == 0


def test_another_engine_version_makes_rows_due_only_when_somebody_asks(ctx, talk):
    make(ctx, "v1")
    (one,) = due(ctx)
    write(ctx, row(one), version="e1")
    with ctx.database.begin() as connection:
        strategic_caches.write_snapshots(connection, CACHE, "elena", "e1", [(DAY, row(one))])
        assert strategic_caches.days_with_work(connection, NOW.date()) == {}
        assert strategic_caches.mark_stale(connection, "elena", "v1", "e1", None) == 0
        assert strategic_caches.mark_stale(connection, "elena", "v2", "e2", [DAY - timedelta(days=1)]) == 1
        assert strategic_caches.days_with_work(connection, NOW.date()) == {"elena": {NOW.date()}}
        assert strategic_caches.mark_stale(connection, "elena", "v2", "e2", None) == 3
        assert strategic_caches.days_with_work(connection, NOW.date() + timedelta(days=1)) == {
            "elena": {DAY, NOW.date() + timedelta(days=1)}
        }
    assert [d.day for d in behind(ctx)] == [DAY]
    make(ctx, "v2")
    assert [d.user_id for d in due(ctx)] == ["ana"]


def test_a_row_is_due_once_and_again_with_a_new_message_a_new_fact_or_near_its_end(ctx, talk):
    make(ctx)
    (first,) = due(ctx)
    write(ctx, row(first))
    assert due(ctx) == []
    assert due(ctx, NOW + timedelta(hours=23, minutes=50)) == [first]
    assert due(ctx, NOW + timedelta(days=31)) == []  # not seen for a month: nobody is renewed for ever
    with ctx.database.begin() as connection:
        connection.execute(
            text(
                """
                INSERT INTO fact_versions (bot_name, user_id, fact_key, ordinal, category, attribute, value, fact_content,
                    known_from, reason, scope, tense, confidence, message_ids, ended_by)
                VALUES ('elena', 'ana', 'k', 1, 'place', '', '', 'ana painted.', :now, 'said', 'shared', 'past', 0.8, '{}', '{}')
                """
            ),
            {"now": NOW},
        )
    (with_fact,) = due(ctx)
    assert with_fact.input_key != first.input_key
    write(ctx, row(with_fact))
    ctx.store.upsert(talk.collection, [said("And the hall.", at("2026-03-18 19:30"))])
    take_in(ctx, talk)
    make(ctx)
    assert [d.user_id for d in due(ctx)] == ["ana"]


def test_a_new_message_ends_the_rows_of_its_user_and_the_bot_wide_one_five_minutes_after_it(ctx, talk, clock):
    make(ctx)
    (one,) = due(ctx)
    nothing = dict.fromkeys(strategic_caches.VALUES["strategic_character_performance"]) | {"time_window_hours": 168}
    bot_wide = CacheRow("", {"engine": nothing}, {}, NOW, 2, 1, NOW, NOW + timedelta(hours=24))
    write(ctx, row(one))
    with ctx.database.begin() as connection:
        strategic_caches.write_rows(connection, "strategic_character_performance", "elena", "e1", [bot_wide])
    moment = at("2026-03-18 20:10")
    clock.now = moment + timedelta(seconds=20)
    ctx.store.upsert(talk.collection, [said("Back again.", moment), said("Hello!", moment, user="ben")])
    take_in(ctx, talk)
    assert scalar(ctx, f"SELECT expires_at FROM {CACHE}") == moment + timedelta(seconds=300)
    assert scalar(ctx, "SELECT expires_at FROM strategic_character_performance") == moment + timedelta(seconds=300)


def test_a_row_ends_with_the_message_by_which_its_user_has_written_too_much_that_it_has_not_read(ctx, talk, clock):
    make(ctx)
    write(ctx, row(due(ctx)[0]))
    start = clock.now = at("2026-03-18 20:10")
    said_at = [start + timedelta(seconds=number) for number in range(21)]
    ctx.store.upsert(talk.collection, [said(f"Line {moment:%S}.", moment) for moment in said_at[:20]])
    take_in(ctx, talk)
    assert scalar(ctx, f"SELECT expires_at FROM {CACHE}") == start + timedelta(seconds=300)
    ctx.store.upsert(talk.collection, [said("One too many.", said_at[20])])
    take_in(ctx, talk)
    assert scalar(ctx, f"SELECT expires_at FROM {CACHE}") == said_at[20]


def test_rows_end_at_once_when_a_message_is_gone_from_the_store(ctx, talk):
    make(ctx)
    write(ctx, row(due(ctx)[0]))
    with ctx.database.connect() as connection:
        rows = ledger.rows_of_user_days(connection, "elena", [("ana", DAY)])["ana", DAY]
    ctx.store.delete(talk.collection, [rows[0].point_id])
    set_right(ctx, talk, rows[:1])
    assert scalar(ctx, f"SELECT expires_at = computed_at FROM {CACHE}")


def test_features_know_whose_messages_they_have_not_read(ctx, talk):
    make(ctx)
    with ctx.database.connect() as connection:
        assert strategic_features.users_behind(connection, "elena", ["ana"]) == set()
    more = [said("Back again.", at("2026-03-18 20:10")), said("Hi.", at("2026-03-18 20:11"), user="ben")]
    ctx.store.upsert(talk.collection, more)
    take_in(ctx, talk)
    with ctx.database.connect() as connection:
        assert strategic_features.users_behind(connection, "elena", ["ana"]) == {"ana"}


def test_columns_of_the_contract_are_stored_as_such_and_all_else_as_details(ctx, talk):
    make(ctx)
    write(ctx, row(due(ctx)[0]))
    with ctx.database.connect() as connection:
        stored = connection.execute(text(f"SELECT * FROM {CACHE}")).one()
    assert (stored.avg_memory_age_hours, stored.retrieval_frequency_trend) == (2.0, None)
    assert stored.details == {"memory_aging": {"memories": 3}}
    assert stored.reasons == {"retrieval_frequency_trend": "too_few_mentions"}


def test_a_column_that_no_engine_filled_is_an_error(ctx, talk):
    make(ctx)
    with pytest.raises(KeyError, match="memory_snapshot"):
        write(ctx, row(due(ctx)[0], results={"memory_aging": {"memories": 3}}))


def test_a_snapshot_is_due_until_written_and_stale_after_a_late_message_of_an_earlier_day(ctx, talk):
    ctx.store.upsert(talk.collection, [said("A day later.", at("2026-03-19 10:00"))])
    take_in(ctx, talk)
    make(ctx)
    days = [DAY, DAY + timedelta(days=1)]

    def due_days():
        with ctx.database.connect() as connection:
            return strategic_caches.due_days(connection, "elena", days, CACHE)

    first = due_days()
    assert [d.day for d in first] == days
    with ctx.database.begin() as connection:
        strategic_caches.write_snapshots(connection, CACHE, "elena", "e1", [(d.day, row(d)) for d in first])
    assert due_days() == []
    ctx.store.upsert(talk.collection, [said("Late.", at("2026-03-18 09:00"))])
    take_in(ctx, talk)
    make(ctx)
    stale = "SELECT array_agg(day ORDER BY day) FROM strategic_snapshots WHERE stale"
    assert scalar(ctx, stale) == days
    assert [d.day for d in due_days()] == days
    with ctx.database.begin() as connection:
        strategic_caches.write_snapshots(connection, CACHE, "elena", "e1", [(d.day, row(d)) for d in due_days()])
    assert scalar(ctx, stale) is None
    assert scalar(ctx, "SELECT count(DISTINCT xmin::text) FROM strategic_snapshots") == 1
    with ctx.database.begin() as connection:
        strategic_caches.write_snapshots(connection, CACHE, "elena", "e1", [(d.day, row(d)) for d in first[:0]])
        assert strategic_caches.prune_snapshots(connection, days[1]) == 1


def test_rows_of_a_user_without_messages_go(ctx, talk):
    make(ctx)
    write(ctx, row(due(ctx)[0]))
    with ctx.database.begin() as connection:
        assert strategic_caches.delete_rows_without_messages(connection, "elena", CACHE) == 0
        strategic_features.delete_days(connection, "elena", [("ana", DAY)])
        assert strategic_caches.delete_rows_without_messages(connection, "elena", CACHE) == 1


def test_bots_with_rows_near_their_end_are_renewed_and_heartbeats_never_go_back(ctx, talk):
    make(ctx)
    write(ctx, row(due(ctx)[0]))

    def renewed(now):
        with ctx.database.connect() as connection:
            return strategic_caches.bots_to_renew(connection, renew_before=now, seen_after=NOW - timedelta(days=30))

    assert renewed(NOW + timedelta(hours=23)) == []
    assert renewed(NOW + timedelta(hours=25)) == ["elena"]
    for beat in (NOW, NOW - timedelta(minutes=5)):
        with ctx.database.begin() as connection:
            strategic_caches.beat(connection, ["elena"], beat)
    assert scalar(ctx, "SELECT beat_at FROM worker_heartbeats") == NOW
