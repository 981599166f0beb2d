"""A caller in a shared channel is told what the shared messages alone come to, as if no dm had ever been written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from whisper_enrich.assets.engines import derive_facts
from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Tense
from whisper_enrich.hot_path import Options, Reader
from whisper_enrich.hot_path.recall import recall
from whisper_enrich.messages.model import Scope
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.fact_rulings import chosen_fact, rule
from whisper_enrich.stages.facts import refold
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import bot_views, overview
from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich.storage.fact_lookup import versions_of
from whisper_enrich.storage.facts import known_facts, render, replace_assertions
from whisper_enrich.storage.migrate import migrate, scripts_folder
from whisper_enrich_tests.builders import at, column, due, enrich, said, scalar
from whisper_enrich_tests.conftest import NOW
from whisper_enrich_tests.facts.test_fold_properties import talks
from whisper_enrich_tests.storage.private_worlds import PRIVATE, private_world

TALKS = settings(
    max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
numbers = count()


def assert_(connection: Connection, bot: str, said: Sequence[Assertion], points: Sequence[str]) -> None:
    """Make these assertions all that the points support, and fold."""
    mine = [replace(a, bot_name=bot) for a in said]
    replace_assertions(connection, bot, "c", points, mine, engine_version="e", extracted_at=NOW)
    refold(connection, bot, sorted({a.user_id for a in said}) or users_of(connection, bot))


def users_of(connection: Connection, bot: str) -> list[str]:
    return list(
        connection.execute(text("SELECT DISTINCT user_id FROM fact_versions WHERE bot_name = :b"), {"b": bot}).scalars()
    )


def of_person(number: int, talk: Sequence[Assertion]) -> list[Assertion]:
    """The assertions as said by one of several people; what was said in a dm is not the message that was said elsewhere."""
    prefix = f"{number}-"
    return [
        replace(
            a,
            user_id=f"u{number}",
            evidence=replace(a.evidence, point_id=prefix + a.evidence.scope + a.evidence.point_id),
        )
        for a in talk
    ]


def told(connection: Connection, bot: str, user: str, scope: Scope) -> list[object]:
    """All that a caller in such a channel can be told of a user: facts with their words, and the history."""
    facts = known_facts(connection, bot, user, scope)
    words = text(
        "SELECT point_id, span_start, span_end, quote, said_at, scope FROM fact_evidence WHERE fact_id = :id "
        "UNION ALL SELECT point_id, span_start, span_end, quote, said_at, scope FROM shared_fact_evidence WHERE fact_id = :id "
        "ORDER BY 1, 2, 3"
    )  # fmt: skip
    return [
        *(
            (astuple(replace(f, id=0, bot_name="", apart=False)), *connection.execute(words, {"id": f.id}).all())
            for f in facts
        ),
        *versions_of(connection, bot, user, told_in=scope),
    ]


@TALKS
@given(st.lists(talks, min_size=1, max_size=6), st.randoms(use_true_random=False))
def test_shared_callers_are_told_what_a_database_without_the_dms_would_tell(ctx, people, random):
    said = [a for number, talk in enumerate(people) for a in of_person(number, talk)]
    points = sorted({a.evidence.point_id for a in said})
    random.shuffle(points)
    cuts = sorted(random.choices(range(len(points) + 1), k=2))
    withdrawn = set(points[: random.randint(0, 3)])
    kept = [a for a in said if a.evidence.point_id not in withdrawn]
    everything, in_the_open = f"all{next(numbers)}", f"open{next(numbers)}"
    with ctx.database.begin() as connection:
        for part in (points[: cuts[0]], points[cuts[0] : cuts[1]], points[cuts[1] :]):
            assert_(connection, everything, [a for a in said if a.evidence.point_id in part], part)
        assert_(connection, everything, [], sorted(withdrawn))
        assert_(connection, in_the_open, [a for a in kept if a.evidence.scope is Scope.SHARED], points)
        for number in range(len(people)):
            user = f"u{number}"
            shared = told(connection, everything, user, Scope.SHARED)
            assert shared == told(connection, in_the_open, user, Scope.SHARED)
            assert told(connection, in_the_open, user, Scope.SHARED) == told(connection, in_the_open, user, Scope.DM)
            of_all = fold(a for a in kept if a.user_id == user)
            assert sorted(
                (f.key, f.content, f.confidence) for f in known_facts(connection, everything, user)
            ) == sorted((f.key, render(f.statement, user), f.confidence) for f in of_all.facts)
            assert len(versions_of(connection, everything, user)) == len(of_all.versions)
        assert twice(connection) == 0


def twice(connection: Connection) -> int:
    """Rows that are stored for shared callers although the fold of everything has the same."""
    same = "s.bot_name = v.bot_name AND s.user_id = v.user_id AND s.fact_key = v.fact_key AND s.ordinal = v.ordinal"
    columns = "v.fact_content, v.valid_from, v.valid_to, v.known_to, v.reason, v.confidence, v.message_ids, v.ended_by"
    alike = f"({columns}) IS NOT DISTINCT FROM ({columns.replace('v.', 's.')})"
    query = f"SELECT count(*) FROM fact_versions v JOIN shared_fact_versions s ON {same} WHERE {alike} AND v.audience = 'all'"
    return connection.execute(text(query)).scalar_one()


def test_users_who_wrote_no_dm_have_no_row_of_their_own_for_shared_callers(ctx, elena):
    ctx.store.upsert(elena.collection, [said("I live in Lisbon.", at("2026-03-18 09:00"))])
    enrich(ctx, elena)
    assert column(ctx, "SELECT audience FROM user_facts UNION ALL SELECT audience FROM fact_versions") == ["all", "all"]
    assert scalar(ctx, "SELECT (SELECT count(*) FROM shared_facts) + (SELECT count(*) FROM shared_fact_versions)") == 0


@pytest.fixture
def moved(ctx, elena):
    """Ana lives in Lisbon, as she said twice in a guild, and has moved to Zqerth, as she said in a dm in between."""
    for day, words, channel in (("16", "I live in Lisbon.", "guild"), ("17", "I live in Zqerth.", "dm"),
                                ("18", "I play chess.", "guild")):  # fmt: skip
        ctx.store.upsert(elena.collection, [said(words, at(f"2026-03-{day} 09:00"), channel=channel)])
    enrich(ctx, elena)
    return ctx


def reader_of(ctx: StageContext) -> Reader:
    options = Options(schema=ctx.database.schema, deadline_seconds=5.0, recall_deadline_seconds=5.0)
    return Reader(ctx.database.engine, options)


def homes(ctx: StageContext, scope: str, **asked: object) -> list[str]:
    with reader_of(ctx) as reader:
        found = reader.get_facts("ana", "elena", scope, NOW, strict=True, **asked).items
    return [fact.value for fact in found if fact.attribute == "lives_in"]


def test_a_move_told_in_a_dm_ends_nothing_in_a_guild_whatever_time_is_asked_for(moved):
    for asked in ({}, {"as_of": date(2026, 3, 18)}, {"known_as_of": at("2026-03-18 12:00")}):
        assert (homes(moved, "dm", **asked), homes(moved, "shared", **asked)) == (["Zqerth"], ["Lisbon"])
    assert "Zqerth" in homes(moved, "dm", known_as_of=at("2026-03-17 12:00"))
    assert homes(moved, "dm", as_of=date(2026, 3, 16)) == homes(moved, "shared", as_of=date(2026, 3, 16)) == ["Lisbon"]


def test_the_designs_own_query_shows_each_fact_once_and_the_bots_view_shows_it_by_scope(moved):
    query = "SELECT fact_content FROM {} WHERE user_id = 'ana' AND bot_name = 'elena' ORDER BY confidence DESC, extracted_at DESC"
    view = query.format(f"{bots_schema(moved.database.schema)}.user_facts")
    assert sorted(column(moved, query.format("user_facts"))) == ["ana lives in Zqerth.", "ana play chess."]
    assert sorted(column(moved, view)) == ["ana lives in Lisbon.", "ana play chess."]
    with moved.database.connect() as connection:
        connection.execute(text("SET LOCAL whisper_enrich.scope = 'dm'"))
        assert sorted(connection.execute(text(view)).scalars()) == ["ana lives in Zqerth.", "ana play chess."]


def test_what_is_written_again_takes_no_number_of_a_row(moved, elena):
    """They are integers: every fold of a user's facts, and every new message of a window, would use some up for ever."""
    last = "SELECT ARRAY[(SELECT last_value FROM user_facts_id_seq), (SELECT last_value FROM conversation_summaries_id_seq)]"

    def play(start: str) -> None:
        talk = [said("I play chess.", at(start) + timedelta(minutes=n), channel="guild") for n in range(5)]
        moved.store.upsert(elena.collection, talk)
        enrich(moved, elena)

    play("2026-03-19 09:00")
    before = scalar(moved, last)
    play("2026-03-19 09:10")
    assert column(moved, "SELECT mentions FROM user_facts WHERE attribute <> 'lives_in'") == [11]
    assert scalar(moved, "SELECT max(message_count) FROM conversation_summaries") == 10
    assert scalar(moved, last) == before


def test_what_only_shared_callers_are_told_can_be_rejected_too(moved):
    with moved.database.connect() as connection:
        facts = known_facts(connection, "elena", "ana", Scope.SHARED)
    rule(moved, chosen_fact(facts, "Lisbon"), "tess")
    assert (homes(moved, "dm"), homes(moved, "shared")) == (["Zqerth"], [])


def test_a_correction_tells_a_guild_nothing_of_the_start_that_a_dm_told(ctx):
    in_guild = home("p1", Scope.SHARED, at("2026-03-16 09:00"))
    in_dm = replace(home("p2", Scope.DM, at("2026-03-17 09:00")), holds_from=date(2019, 1, 1))
    with ctx.database.begin() as connection:
        assert_(connection, "elena", [in_guild, in_dm], ["p1", "p2"])
        facts = known_facts(connection, "elena", "ana")
    rule(ctx, chosen_fact(facts, "Lisbon"), "tess", "ana lives in Lisbon, Portugal.", "lisbon")
    with ctx.database.connect() as connection:
        starts = {scope: [f.valid_from for f in known_facts(connection, "elena", "ana", scope)] for scope in Scope}
    assert starts == {Scope.DM: [date(2019, 1, 1)], Scope.SHARED: [date(2026, 3, 16)]}


def home(point_id: str, scope: Scope, when: datetime) -> Assertion:
    """Ana says that she lives in Lisbon."""
    return Assertion(
        "elena", "ana", Category.PLACE, "{user} lives in Lisbon.", "lives_in", "lisbon", Polarity.AFFIRM, Tense.PRESENT,
        None, None, 0.8, Evidence(point_id, 0, 17, "I live in Lisbon.", when, scope), "test",
    )  # fmt: skip


def test_users_whom_a_migration_marks_are_folded_anew_by_the_next_run_without_reading_a_message(moved, elena):
    before = [column(moved, f"SELECT to_jsonb(t) - 'id' FROM {table} t ORDER BY 1") for table in TABLES]
    with moved.database.begin() as connection:
        connection.execute(text("DELETE FROM shared_facts"))
        connection.execute(text("DELETE FROM shared_fact_versions"))
        connection.execute(text("UPDATE user_facts SET audience = 'dm'"))
        connection.execute(text("UPDATE fact_versions SET audience = 'dm'"))
        connection.execute(text("INSERT INTO stale_folds VALUES ('elena', 'ana')"))
        assert overview.due_days(connection, NOW) == {"elena": {NOW.date()}}
    assert homes(moved, "shared") == []
    without_messages: Any = None
    derive_facts(replace(moved, store=without_messages), elena, [NOW.date()], None, with_summaries=False)
    assert [column(moved, f"SELECT to_jsonb(t) - 'id' FROM {table} t ORDER BY 1") for table in TABLES] == before
    assert scalar(moved, "SELECT count(*) FROM stale_folds") == 0


def test_what_was_stored_before_is_told_to_all_where_nothing_was_said_in_a_dm_and_folded_anew_else(moved, elena):
    ctx = moved
    for user, channel in (("ben", "guild"), ("cleo", "dm")):
        ctx.store.upsert(
            elena.collection, [said("I live in Rome.", at("2026-03-18 09:00"), user=user, channel=channel)]
        )
    enrich(ctx, elena)
    config = Config()
    config.set_main_option("script_location", str(scripts_folder()))
    with ctx.database.begin() as connection:
        bot_views.drop(connection, ctx.database)
        config.attributes.update(connection=connection, schema=ctx.database.schema)
        command.downgrade(config, "0010")
    migrate(ctx.database)
    query = "SELECT DISTINCT user_id || ' ' || audience FROM {} ORDER BY 1"
    for table in ("user_facts", "fact_versions"):
        assert column(ctx, query.format(table)) == ["ana dm", "ben all", "cleo dm"]
    assert column(ctx, "SELECT user_id FROM stale_folds") == ["ana"]


TABLES = ("user_facts", "fact_versions", "shared_facts", "shared_fact_versions")


def test_in_a_whole_world_a_guild_is_told_what_it_would_be_told_without_the_dms(ctx):
    points = private_world(NOW, days=10)
    worlds = {"ines": points, "juno": [p for p in points if p.payload["channel_type"] != "dm"]}
    for name, mine in worlds.items():
        bot = ctx.store.create_collection(name)
        ctx.store.upsert(bot.collection, mine)
        take_in(ctx, bot)
        derive_facts(ctx, bot, due(ctx, bot), None, with_summaries=False)
    moments = [
        {},
        *({"known_as_of": NOW - timedelta(days=d)} for d in (2, 5)),
        {"as_of": (NOW - timedelta(days=3)).date()},
    ]
    with reader_of(ctx) as reader:
        for user in ("ana", "ben", "cleo"):
            for asked in moments:
                found = [
                    reader.get_facts(user, bot, "shared", NOW, limit=200, strict=True, **asked).items for bot in worlds
                ]
                assert found[0] == found[1]
                assert PRIVATE.findall(repr(found)) == []
        assert PRIVATE.search(repr(reader.get_facts("ana", "ines", "dm", NOW, limit=200, strict=True)))
        asked = f"what did I tell you since {NOW - timedelta(days=6):%-d %B}?"
        recalled = [recall(reader, "ana", bot, asked, NOW, UTC, limit=50, strict=True).facts for bot in worlds]
    assert recalled[0] == recalled[1] != ()
    assert scalar(ctx, "SELECT count(*) FROM shared_facts WHERE bot_name = 'ines'") > 0
    assert scalar(ctx, "SELECT count(*) FROM shared_facts WHERE bot_name = 'juno' OR user_id <> 'ana'") == 0
