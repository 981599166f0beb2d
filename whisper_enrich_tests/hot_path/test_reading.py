"""What a bot is told: everything in one round trip, nothing of anyone else, nothing of a dm outside it."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import create_engine, text

from whisper_enrich.hot_path import Absence, Freshness, Missing, Options, Reader, documents, queries
from whisper_enrich.hot_path.answers import Question
from whisper_enrich.hot_path.context import PARTS, Facts, Strategic
from whisper_enrich.hot_path.documents import without_dm
from whisper_enrich.hot_path.engines import OF_CACHE as ENGINES
from whisper_enrich.hot_path.engines import Stored
from whisper_enrich.hot_path.guard import NoAnswer
from whisper_enrich.hot_path.recall_queries import recall_query
from whisper_enrich.settings import Settings
from whisper_enrich.storage.strategic_caches import VALUES
from whisper_enrich_tests.hot_path.conftest import NOW, SECRET_WORDS
from whisper_enrich_tests.hot_path.readers import open_reader


@pytest.fixture(scope="module", params=["sync", "async"])
def reader(request, world):
    made = open_reader(request.param, world.dsn, world.options)
    yield made
    made.close()


OF_ENGINES = PARTS[2:]
SCOPES = ("dm", "shared")


def test_a_context_holds_facts_summaries_and_what_each_engine_made(reader):
    context = reader.get_context("ana", "elena", "dm", NOW, strict=True)
    assert {name: type(part).__name__ for name, part in context.parts().items()} == {
        "facts": "Facts", "summaries": "Summaries", "memory_health": "MemoryHealth",
        "character_performance": "CharacterPerformance", "personality_profile": "PersonalityProfile",
        "context_switches": "ContextSwitches", "conversation_patterns": "ConversationPatterns",
        "memory_behavior": "MemoryBehavior", "engagement": "Engagement",
    }  # fmt: skip
    assert context.degraded is None
    assert "{user}" not in repr(context.facts)
    assert any(fact.value == "Leeds" for fact in context.facts.items)
    assert context.summaries.items[0].start >= context.summaries.items[-1].start
    newest = datetime(2026, 3, 18, 10, 5, 0, 0, tzinfo=UTC)
    assert {part.read_up_to.replace(microsecond=0) for part in context.parts().values()} == {newest}
    assert {part.computed_at for name, part in context.parts().items() if name in OF_ENGINES} == {NOW}


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_context_takes_one_round_trip(world, proxy, kind):
    reader = open_reader(kind, proxy.dsn(world.user, world.database), world.options)
    reader.get_context("ana", "elena", "shared", NOW, strict=True)
    before = proxy.requests
    for number in range(5):
        assert reader.get_context("ana", "elena", "shared", NOW, strict=True).degraded is None
        assert proxy.requests - before == number + 1
    reader.close()


def test_on_a_new_connection_of_a_pool_a_query_is_prepared_and_asked_and_nothing_else(world, proxy):
    reader = open_reader("async", proxy.dsn(world.user, world.database), world.options)
    assert reader.touch("ana", "elena", NOW, strict=True)
    asked = [
        lambda: reader.get_context("ana", "elena", "shared", NOW, strict=True),
        lambda: reader.get_facts("ana", "elena", "shared", NOW, as_of=NOW.date(), known_as_of=NOW, strict=True),
        lambda: reader.get_summaries("ana", "elena", "shared", NOW, between=(NOW, NOW), topics=["a"], strict=True),
        lambda: reader.run(reader.reader.ask(_recalled(world, reader))),
    ]
    for ask in asked:
        before = proxy.requests
        assert not isinstance(ask(), NoAnswer)
        # For types that it does not know, asyncpg asks the server first: some 50 ms for each connection.
        assert proxy.requests - before == 2
    reader.close()
    world.execute("DELETE FROM message_touches")


def _recalled(world, reader):
    """A question about the past, of which every value is given."""
    request = reader.reader.answers.request("ana", "elena", "shared", NOW)
    at, day = NOW.replace(tzinfo=None), NOW.date()
    values = (*request.key, at, at, day, day, "", ["tomato:*"], [at.isoformat()], ["shared"], 5, ["7"])
    return Question(request, recall_query(world.options.schema), values)


def test_without_the_quick_json_library_the_same_is_read(world, monkeypatch):
    contexts = []
    for loads in (documents.loads, json.loads):
        monkeypatch.setattr(documents, "loads", loads)
        with Reader(world.dsn, world.options) as reader:
            contexts += [reader.get_context("ana", "elena", scope, NOW, strict=True).parts() for scope in SCOPES]
    assert contexts[:2] == contexts[2:]


def test_a_connection_of_the_pool_is_kept_for_a_moment_only_and_only_while_it_has_others(world):
    made = open_reader("async", world.dsn, world.options)  # of a pool of four
    made.run(_kept_and_given_back(made.pool, made.reader))
    made.close()


async def _kept_and_given_back(pool, reader):
    async def given_back():
        while pool.get_idle_size() == 0:
            await asyncio.sleep(0.005)

    await reader.get_context("ana", "elena", "shared", NOW, strict=True)
    assert (pool.get_size(), pool.get_idle_size(), len(reader._kept._idle)) == (1, 0, 1)
    async with asyncio.timeout(5.0):
        await given_back()
    held = [await pool.acquire() for _ in range(3)]
    await reader.get_context("ana", "elena", "shared", NOW, strict=True)
    assert reader._kept._idle == []
    for connection in held:
        await pool.release(connection)


def test_both_readers_say_the_same(world):
    contexts = []
    for kind in ("sync", "async"):
        made = open_reader(kind, world.dsn, world.options)
        contexts.append(
            [
                made.get_context(user, "elena", scope, NOW)
                for user in ("ana", "ben", "eve")
                for scope in ("dm", "shared")
            ]
        )
        made.close()
    assert contexts[0] == contexts[1]


def test_an_engine_of_sqlalchemy_tells_the_way_to_the_database(world):
    engine = create_engine(world.dsn.replace("postgresql://", "postgresql+psycopg2://"))
    with Reader(engine, world.options) as reader:
        assert reader.get_context("ana", "elena", "shared", NOW, strict=True).facts.items
    engine.dispose()


def test_nothing_that_was_said_in_a_dm_is_told_elsewhere(reader):
    private = repr(reader.get_context("ana", "elena", "dm", NOW, strict=True).parts()).lower()
    shared = repr(reader.get_context("ana", "elena", "shared", NOW, strict=True).parts()).lower()
    assert all(word in private for word in SECRET_WORDS)
    assert [word for word in SECRET_WORDS if word in shared] == []
    assert "'dm'" not in shared
    for table in queries.CACHES:
        told = repr(reader.get_strategic(table, "ana", "elena", "shared", NOW, strict=True)).lower()
        assert [word for word in SECRET_WORDS if word in told] == []
    past = reader.get_facts("ana", "elena", "shared", NOW, known_as_of=NOW, strict=True)
    summaries = reader.get_summaries("ana", "elena", "shared", NOW, strict=True)
    assert [word for word in SECRET_WORDS if word in repr((past, summaries)).lower()] == []


def test_what_nobody_computed_is_missing_and_says_so(reader):
    context = reader.get_context("eve", "elena", "dm", NOW, strict=True)
    assert {getattr(context, name) for name in OF_ENGINES} == {Missing(Absence.NO_ROW)}
    assert not context.memory_health
    assert (context.facts.items, context.summaries.items) == ((), ())
    assert context.degraded is None


def test_no_reader_ever_sees_a_row_of_somebody_else(reader):
    drawn = random.Random(7)
    words = {"ana": "tomatoes", "ben": "leeks"}
    for _ in range(150):
        user, bot = drawn.choice(["ana", "ben", "eve", "", "an", "ana "]), drawn.choice(["elena", "marcus", "Elena"])
        said = repr(reader.get_context(user, bot, drawn.choice(["dm", "shared"]), NOW, strict=True).parts())
        expected = words.get(user) if bot == "elena" else None
        assert {word for word in words.values() if word in said} == ({expected} if expected else set())


@pytest.mark.parametrize(("private", "counted"), [(True, (40, 2)), (False, (31, 1))])
def test_what_is_counted_counts_only_what_the_caller_may_see(private, counted):
    milestones = [{"kind": "days", "scope": "shared"}, {"kind": "messages", "scope": "dm"}]
    values = {
        "unresolved_topic_count": 40, "unresolved_shared_count": 31, "milestone_count": 2, "open_items": [],
        "milestones": milestones if private else without_dm(milestones),
    }  # fmt: skip
    (engine,) = ENGINES["strategic_engagement_opportunities"]
    common = {"computed_at": NOW, "read_up_to": NOW, "freshness": Freshness.FRESH}
    told = engine.build(Stored(values, private, NOW), common)
    assert (told.unresolved_topic_count, told.milestone_count) == counted


@pytest.fixture
def crowd(world):
    """Two hundred users with three bots; every text of theirs holds the name of both."""
    who = "FROM generate_series(1, 200) n CROSS JOIN unnest(ARRAY['bob', 'bea', 'bix']) AS b (bot)"
    tag = "'u' || n || 'with' || bot"
    world.execute(
        f"INSERT INTO user_facts (user_id, bot_name, category, fact_content, confidence, source_collection, fact_key, attribute, "
        f"value, scope, audience, tense, mentions, first_said_at, last_said_at, engine_version) SELECT 'u' || n, bot, 'event', "
        f"{tag}, 0.9, 'c', 'k', '', '', 'shared', 'all', 'present', 1, now(), now(), 'v' {who}"
    )
    world.execute(
        f"INSERT INTO conversation_summaries (user_id, bot_name, summary_text, start_timestamp, end_timestamp, message_count, "
        f"enrichment_version, scope, message_ids, input_hash) SELECT 'u' || n, bot, {tag}, '2026-03-01', '2026-03-02', 5, 'v', "
        f"'shared', '{{}}', 'h' {who}"
    )
    for table, (engine, *_) in ENGINES.items():
        if table == "strategic_memory_health":
            continue
        details = f"jsonb_build_object('{engine.name}', jsonb_build_object('performance_summary', {tag}, 'personality_summary', "
        details += (
            f"{tag}, 'recall_strategy', {tag}, 'recommendations', jsonb_build_array({tag})), 'conversation_patterns', "
        )
        details += f"jsonb_build_object('topic_patterns', {tag}))"
        world.execute(
            f"INSERT INTO {table} (user_id, bot_name, details, reasons, expires_at, read_up_to, messages_read, input_key, "
            f"engine_version) SELECT 'u' || n, bot, {details}, '{{}}', now(), now(), 1, 1, 'v' {who}"
        )
        _with_documents(world, table, ["bob", "bea"])
    yield
    for table in (*ENGINES, "user_facts", "conversation_summaries"):
        world.execute(f"DELETE FROM {table} WHERE bot_name <> 'elena'")


def _with_documents(world, table, bots):
    """The rows of a third bot are read from their columns."""
    with world.ctx.database.begin() as connection:
        rows = connection.execute(
            text(f"SELECT id, to_jsonb(c) AS row FROM {table} c WHERE bot_name = ANY(:bots)"), {"bots": bots}
        ).all()
        connection.execute(
            text(
                f"UPDATE {table} SET document = :whole, shared_document = :shared, document_format = :form WHERE id = :id"
            ),
            [
                {"id": id, "whole": packed.whole, "shared": packed.shared, "form": documents.FORMAT}
                for id, row in rows
                for packed in [documents.pack(table, row, row["details"], row["reasons"])]
            ],
        )


@pytest.mark.usefixtures("crowd")
def test_ten_thousand_reads_by_both_readers_bring_no_row_of_anybody_else(reader):
    drawn = random.Random(11)
    for _ in range(5000):
        user, bot = f"u{drawn.randint(1, 200)}", drawn.choice(["bob", "bea", "bix"])
        context = reader.get_context(user, bot, "shared", NOW, strict=True)
        told = (context.facts.items[0].content, context.summaries.items[0].text, context.engagement.recommendations[0],
                context.character_performance.performance_summary, context.personality_profile.personality_summary,
                context.conversation_patterns.topic_patterns, context.memory_behavior.recall_strategy)  # fmt: skip
        assert set(told) == {f"{user}with{bot}"}
        assert len(context.facts.items) == len(context.summaries.items) == 1


def test_a_scope_that_is_none_and_a_time_without_a_zone_are_refused(reader):
    with pytest.raises(ValueError, match="'dm' or 'shared'"):
        reader.get_context("ana", "elena", "guild", NOW)
    with pytest.raises(ValueError, match="zone"):
        reader.get_context("ana", "elena", "dm", NOW.replace(tzinfo=None))
    with pytest.raises(ValueError, match="strategic_memory_health"):
        reader.get_strategic("memory", "ana", "elena", "dm", NOW)


def test_single_reads_are_those_of_the_context(reader):
    context = reader.get_context("ana", "elena", "dm", NOW, strict=True)
    found = {}
    for table in queries.CACHES:
        found |= reader.get_strategic(table, "ana", "elena", "dm", NOW, strict=True)
    assert found == {name: getattr(context, name) for name in OF_ENGINES}
    assert reader.get_facts("ana", "elena", "dm", NOW, strict=True) == context.facts
    assert reader.get_summaries("ana", "elena", "dm", NOW, limit=5, strict=True) == context.summaries


def test_facts_can_be_asked_for_by_category(reader):
    assert {f.category for f in reader.get_facts("ana", "elena", "dm", NOW, category="place", strict=True).items} == {
        "place"
    }
    assert reader.get_facts("ana", "elena", "dm", NOW, category="health", strict=True).items == ()
    assert len(reader.get_facts("ana", "elena", "dm", NOW, limit=1, strict=True).items) == 1


def test_summaries_can_be_asked_for_by_time_and_topic(reader):
    whole = reader.get_summaries("ben", "elena", "shared", NOW, strict=True).items
    assert [s.start.date() for s in whole] == DAYS_BACK
    second = (datetime(2026, 3, 17, tzinfo=UTC), datetime(2026, 3, 18, tzinfo=UTC))
    assert [s.start.date() for s in reader.get_summaries("ben", "elena", "shared", NOW, between=second).items] == [
        DAYS_BACK[1]
    ]
    open_end = reader.get_summaries("ben", "elena", "shared", NOW, between=(second[1], None)).items
    assert [s.start.date() for s in open_end] == DAYS_BACK[:1]
    topic = whole[0].topics[0]
    assert reader.get_summaries("ben", "elena", "shared", NOW, topics=[topic.upper()]).items
    assert reader.get_summaries("ben", "elena", "shared", NOW, topics=["quantum chess"]).items == ()


DAYS_BACK = [date(2026, 3, 18), date(2026, 3, 17), date(2026, 3, 16)]


@pytest.fixture
def history(world):
    """Carl lived in York until he said on 10 March that he moved to Bath on 1 March; a person ruled that he never had a cat."""
    said = {"known_from": datetime(2026, 2, 1, 9, tzinfo=UTC), "known_to": datetime(2026, 3, 10, 9, tzinfo=UTC)}
    rows = [
        ("home-york", "Carl lives in York.", "York", date(2026, 2, 1), date(2026, 3, 1), said["known_from"],
         said["known_to"], "superseded"),
        ("home-bath", "Carl lives in Bath.", "Bath", date(2026, 3, 1), None, said["known_to"], None, "current"),
        ("cat", "Carl has a cat.", "cat", date(2026, 2, 1), None, said["known_from"], said["known_to"], "rejected"),
    ]  # fmt: skip
    for key, content, value, valid_from, valid_to, known_from, known_to, reason in rows:
        world.execute(
            "INSERT INTO fact_versions VALUES ('elena', 'carl', :key, 1, 'place', 'lives_in', :value, :content, :vf, :vt, "
            ":kf, :kt, NULL, :reason, 'shared', 'present', 0.9, '{}', '{}', 'all')",
            key=key, content=content, value=value, vf=valid_from, vt=valid_to, kf=known_from, kt=known_to, reason=reason,
        )  # fmt: skip
    yield
    world.execute("DELETE FROM fact_versions WHERE user_id = 'carl'")


@pytest.mark.parametrize(
    ("as_of", "known_as_of", "values"),
    [
        (date(2026, 2, 15), None, {"York"}),
        (date(2026, 3, 5), None, {"Bath"}),
        (None, datetime(2026, 3, 5, tzinfo=UTC), {"York"}),
        (None, datetime(2026, 3, 11, tzinfo=UTC), {"Bath"}),
        # On 9 March it was not known yet that York had ended on the first.
        (date(2026, 3, 5), datetime(2026, 3, 9, tzinfo=UTC), {"York"}),
        (date(2026, 3, 5), datetime(2026, 3, 11, tzinfo=UTC), {"Bath"}),
        (date(2026, 1, 1), None, set()),
        (None, datetime(2026, 1, 1, tzinfo=UTC), set()),
    ],
)
@pytest.mark.usefixtures("history")
def test_facts_of_the_past_are_told_by_the_day_in_the_world_and_by_what_was_known(reader, as_of, known_as_of, values):
    found = reader.get_facts("carl", "elena", "shared", NOW, as_of=as_of, known_as_of=known_as_of, strict=True)
    assert {fact.value for fact in found.items} == values
    assert {fact.confidence for fact in found.items} <= {0.9}


def test_columns_are_those_of_the_tables():
    assert {name: set(columns) for name, columns in queries.CACHES.items()} == {
        name: set(columns) for name, columns in VALUES.items()
    }


def test_options_have_the_defaults_of_the_workers_settings():
    shared = {"schema": "postgres_schema", "cache_ttl_seconds": "cache_ttl_seconds",
              "cache_max_unread_messages": "cache_max_unread_messages",
              "worker_silence_seconds": "worker_silence_seconds"}  # fmt: skip
    defaults = {f.name: f.default for f in fields(Options)}
    assert {name: defaults[name] for name in shared} == {
        name: Settings.model_fields[setting].default for name, setting in shared.items()
    }
    environment = {"POSTGRES_SCHEMA": "elsewhere", "CACHE_TTL_SECONDS": "60", "WORKER_SILENCE_SECONDS": "120"}
    assert Options.from_environment(environment, facts=3) == Options(
        "elsewhere", 60.0, worker_silence_seconds=120.0, facts=3
    )


def test_every_strategic_part_says_how_much_it_has_read(reader):
    context = reader.get_context("ana", "elena", "dm", NOW, strict=True)
    strategic = [part for part in context.parts().values() if isinstance(part, Strategic)]
    assert len(strategic) == 7
    assert {part.messages_read for part in strategic} == {36}
    assert isinstance(context.facts, Facts)


def test_confidence_fades_with_the_age_of_what_was_said(reader):
    now = reader.get_context("ana", "elena", "shared", NOW, strict=True).facts.items
    later = reader.get_context("ana", "elena", "shared", NOW + timedelta(days=730), strict=True).facts.items
    homes = [next(f for f in items if f.value == "Leeds") for items in (now, later)]
    assert homes[0].stored_confidence == homes[1].stored_confidence
    # The half-life of a home is two years.
    assert homes[1].confidence == pytest.approx(homes[0].confidence / 2, rel=1e-3)
    assert replace(homes[1], confidence=homes[0].confidence) == homes[0]
