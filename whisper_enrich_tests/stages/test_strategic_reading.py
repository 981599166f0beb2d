"""What the caches are made from is read once a run, never kept past its truth, and made anew where it cannot be decoded."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import text

from whisper_enrich.stages import strategic_histories
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.stages.strategic_histories import Shelf, known_of
from whisper_enrich.storage import strategic_features
from whisper_enrich.storage.strategic_caches import BY_NAME
from whisper_enrich_tests.builders import at, chat, enrich, said, scalar

DAY = date(2026, 3, 18)


@pytest.fixture
def talk(ctx, elena):
    for user in ("ana", "ben"):
        ctx.store.upsert(elena.collection, chat("2026-03-17", ["I live in Lisbon.", "Lovely!"], user=user))
        ctx.store.upsert(elena.collection, chat("2026-03-18", ["I painted the kitchen.", "Lovely!"], user=user))
    enrich(ctx, elena)
    bring_features_up_to_date(ctx, elena, [DAY])
    return elena


@pytest.fixture
def read(monkeypatch) -> list[str]:
    """The users whose features are read from the database, in order."""
    seen: list[str] = []
    original = strategic_features.features_of

    def watched(connection, bot_name, users):
        seen.extend(users)
        return original(connection, bot_name, users)

    monkeypatch.setattr(strategic_features, "features_of", watched)
    return seen


def all_caches(ctx, bot) -> None:
    for cache in sorted(BY_NAME):
        compute_caches(ctx, bot, [DAY], cache)


def turns_of(ctx, shelf: Shelf, *users: str) -> list[int]:
    with ctx.database.connect() as connection:
        return [len(known.course.joined.turns) for known in known_of(connection, "elena", users, shelf)]


def test_six_caches_read_each_user_once(ctx, talk, read):
    all_caches(ctx, talk)
    assert read == ["ana", "ben"]


def test_a_snapshot_of_a_day_that_has_not_ended_is_the_latest_row(ctx, talk, clock, read):
    clock.now = at("2026-03-18 20:00")
    compute_caches(ctx, talk, [DAY], "strategic_memory_health")
    same = """
        SELECT bool_and((s.row ->> 'avg_memory_age_hours')::float8 IS NOT DISTINCT FROM c.avg_memory_age_hours
            AND s.row -> 'details' = c.details AND s.input_key = c.input_key AND s.computed_at = c.computed_at)
        FROM strategic_memory_health c JOIN strategic_snapshots s USING (bot_name, user_id)
    """
    assert scalar(ctx, "SELECT count(*) FROM strategic_snapshots") == 2
    assert scalar(ctx, same)


def test_with_a_new_message_only_its_user_is_read_again(ctx, talk, read):
    all_caches(ctx, talk)
    read.clear()
    ctx.store.upsert(talk.collection, [said("And the hall.", at("2026-03-18 19:30"), user="ben")])
    take_in(ctx, talk)
    bring_features_up_to_date(ctx, talk, [DAY])
    all_caches(ctx, talk)
    assert read == ["ben"]
    assert scalar(ctx, "SELECT messages_read FROM strategic_memory_health WHERE user_id = 'ben'") == 5


def test_a_shelf_gives_nothing_that_has_changed_since(ctx, talk):
    shelf = Shelf("elena")
    assert turns_of(ctx, shelf, "ana") == [4]
    with ctx.database.begin() as connection:
        strategic_features.delete_days(connection, "elena", [("ana", DAY)])
    assert turns_of(ctx, shelf, "ana") == [2]
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM fact_versions WHERE user_id = 'ana'"))
    with ctx.database.connect() as connection:
        (known,) = known_of(connection, "elena", ["ana"], shelf)
    assert known.facts == []


def test_a_shelf_holds_no_more_than_it_may_and_keeps_who_came_first(ctx, talk, read, monkeypatch):
    monkeypatch.setattr(strategic_histories, "TURNS_REMEMBERED", 7)
    shelf = Shelf("elena")
    for _ in range(2):
        assert turns_of(ctx, shelf, "ana", "ben") == [4, 4]
    assert read == ["ana", "ben", "ben"]
    assert shelf.turns == 4


def test_a_user_without_messages_has_an_empty_history_that_is_not_kept(ctx, talk):
    shelf = Shelf("elena")
    assert turns_of(ctx, shelf, "nobody") == [0]
    assert shelf.read == {}


def test_an_earlier_day_is_read_as_it_was_then(ctx, talk):
    with ctx.database.connect() as connection:
        (known,) = known_of(connection, "elena", ["ana"])
    clock = datetime.fromisoformat("2026-03-20T12:00:00+00:00")
    assert len(known.at_end_of(DAY - timedelta(days=1), clock).turns) == 2
    assert known.at_end_of(DAY - timedelta(days=1), clock).as_of == at("2026-03-18 00:00")
    assert len(known.now(clock).turns) == 4


def test_features_that_cannot_be_decoded_are_made_anew_without_being_asked(ctx, talk):
    with ctx.database.begin() as connection:
        connection.execute(
            text(
                "UPDATE strategic_features SET engine_version = 'features-0.9', features = '{\"format\": 0}' "
                "WHERE user_id = 'ana' AND day = '2026-03-17'"
            )
        )
    made = bring_features_up_to_date(ctx, talk, [DAY - timedelta(days=1), DAY])
    assert [result.users for result in made.values()] == [1, 0]
    assert turns_of(ctx, Shelf("elena"), "ana") == [4]
