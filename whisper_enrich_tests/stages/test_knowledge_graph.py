"""The platform's knowledge graph: current facts in its vocabulary, within its constraints, nothing of a dm, nothing of others."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import text

from whisper_enrich.stages.knowledge_graph import publish, publish_all, publish_days
from whisper_enrich_tests.builders import chat, enrich
from whisper_enrich_tests.conftest import NOW

CHECK = "CHECK (entity_type IN ('person', 'place', 'organization', 'hobby', 'pet', 'topic', 'event', 'other'))"
TABLES = """
CREATE TABLE public.universal_users (universal_id text PRIMARY KEY, primary_username text, display_name text);
CREATE TABLE public.fact_entities (
    id uuid PRIMARY KEY DEFAULT gen_random_uuid(), entity_type text NOT NULL {check}, entity_name text NOT NULL,
    category text, attributes jsonb NOT NULL DEFAULT '{{}}', UNIQUE (entity_type, entity_name));
CREATE TABLE public.user_fact_relationships (
    user_id text NOT NULL REFERENCES public.universal_users (universal_id), entity_id uuid NOT NULL
    REFERENCES public.fact_entities (id), relationship_type varchar(50) NOT NULL,
    confidence real NOT NULL CHECK (confidence BETWEEN 0 AND 1), context_metadata jsonb, mentioned_by_character text,
    UNIQUE (user_id, entity_id, relationship_type));
INSERT INTO public.universal_users VALUES ('ana'), ('ben');
"""
DROP = "DROP TABLE IF EXISTS public.user_fact_relationships, public.fact_entities, public.universal_users CASCADE"


@pytest.fixture
def run(ctx) -> Iterator:
    """Executes SQL; the platform's tables are gone afterwards."""

    def run(statement: str, **values):
        with ctx.database.begin() as connection:
            done = connection.execute(text(statement), values)
            return [tuple(row) for row in done] if done.returns_rows else []

    yield run
    run(DROP)


@pytest.fixture(params=[CHECK, ""], ids=["eight types", "any type"])
def platform(request, run):
    run(TABLES.format(check=request.param))
    return run


def know(run, attribute, value, category, *, bot="elena", audience="all", tense="present", days_ago=1, confidence=0.8):
    said = NOW - timedelta(days=days_ago)
    run(
        """
        INSERT INTO user_facts (user_id, bot_name, category, fact_content, confidence, source_collection, fact_key, attribute,
            value, scope, tense, mentions, first_said_at, last_said_at, engine_version, audience)
        VALUES ('ana', :bot, :category, :content, :confidence, 'c', :content, :attribute, :value,
            CASE :audience WHEN 'all' THEN 'shared' ELSE 'dm' END, :tense, 1, :said, :said, 'test', :audience)
        """,
        bot=bot, category=category, content=f"Ana {attribute} {value} {tense}.", confidence=confidence,
        attribute=attribute, value=value, tense=tense, said=said, audience=audience,
    )  # fmt: skip


def graph(run):
    return run(
        """
        SELECT relationship_type, entity_type, entity_name, round(confidence::numeric, 2)::float8, mentioned_by_character
        FROM public.user_fact_relationships r JOIN public.fact_entities e ON e.id = r.entity_id ORDER BY 1, 3
        """
    )


def test_current_facts_are_published_in_the_platforms_words_and_a_second_time_changes_nothing(ctx, platform):
    know(platform, "lives_in", "porto", "place")
    know(platform, "plays", "cello", "skill")
    know(platform, "has_pet", "cat: miso", "possession")
    know(platform, "", "", "opinion")
    know(platform, "birthday", "03-17", "personal")
    know(platform, "lives_in", "oslo", "place", tense="past")
    result = publish(ctx, ["ana", "eve"])
    assert graph(platform) == [
        ("enjoys", "hobby", "cello", 0.8, "elena"), ("has_pet", "pet", "miso", 0.8, "elena"),
        ("lives_in", "place", "porto", 0.8, "elena"),
    ]  # fmt: skip
    assert (result.published, result.users, result.users_unknown) == (3, 1, 1)
    assert result.left_out == {"private": 0, "no_relation": 2, "not_now": 1}
    before = platform("SELECT ctid::text, xmin::text FROM public.user_fact_relationships ORDER BY 1")
    assert publish(ctx, ["ana"]).unchanged == 3
    assert platform("SELECT ctid::text, xmin::text FROM public.user_fact_relationships ORDER BY 1") == before


def test_a_type_that_the_constraint_does_not_allow_gives_way_to_one_that_it_does(ctx, platform, request):
    know(platform, "wants", "a boat", "preference")
    know(platform, "owns", "red bike", "possession")
    publish(ctx, ["ana"])
    eight = "eight types" in request.node.name
    assert [row[:3] for row in graph(platform)] == [
        ("owns", "other" if eight else "object", "red bike"), ("wants", "topic" if eight else "preference", "a boat")
    ]  # fmt: skip


def test_what_was_said_in_a_dm_is_published_only_where_a_setting_says_so(ctx, platform):
    know(platform, "likes", "zebedee", "preference", audience="dm")
    result = publish(ctx, ["ana"])
    assert graph(platform) == []
    assert result.left_out["private"] == 1
    object.__setattr__(ctx, "settings", ctx.settings.model_copy(update={"knowledge_graph_scope": "all"}))
    publish(ctx, ["ana"])
    assert [row[2] for row in graph(platform)] == ["zebedee"]


def test_what_holds_no_longer_is_withdrawn_with_its_entity_and_nothing_of_the_platforms_own(ctx, platform, clock):
    platform(
        """
        WITH e AS (INSERT INTO public.fact_entities (entity_type, entity_name) VALUES ('hobby', 'cello'), ('place', 'rome')
            RETURNING id, entity_name)
        INSERT INTO public.user_fact_relationships (user_id, entity_id, relationship_type, confidence, context_metadata)
        SELECT 'ana', id, CASE entity_name WHEN 'cello' THEN 'enjoys' ELSE 'visited' END, 0.3, NULL FROM e
        """
    )
    know(platform, "plays", "cello", "skill")
    know(platform, "visited", "rome", "place", tense="past", bot="juno")
    know(platform, "feels", "tired", "feeling")
    know(platform, "works_at", "harbour", "work", days_ago=170)
    know(platform, "works_at", "harbour", "work", bot="juno", days_ago=2)
    result = publish(ctx, ["ana"])
    assert (result.published, result.of_the_platform) == (2, 2)
    platform("DELETE FROM user_facts WHERE value = 'harbour' AND bot_name = 'juno'")
    clock.now = NOW + timedelta(days=8)
    result = publish_all(ctx, ctx.store.create_collection("elena"))
    assert (result.changed, result.withdrawn) == (1, 1)
    clock.now = NOW + timedelta(days=11)
    assert publish_all(ctx, ctx.store.create_collection("elena")).withdrawn == 1
    assert [row[:4] for row in graph(platform)] == [
        ("enjoys", "hobby", "cello", 0.3), ("visited", "place", "rome", 0.3)
    ]  # fmt: skip
    assert platform("SELECT count(*) FROM public.fact_entities") == [(2,)]


def test_what_a_constraint_refuses_is_counted_and_takes_nothing_with_it(ctx, platform):
    platform("ALTER TABLE public.user_fact_relationships ADD CONSTRAINT short CHECK (length(relationship_type) < 8)")
    know(platform, "likes", "jazz", "preference")
    know(platform, "dislikes", "peas", "preference")
    know(platform, "lives_in", "porto", "place")
    platform("ALTER TABLE public.fact_entities ADD CONSTRAINT lower_name CHECK (entity_name <> 'porto')")
    result = publish(ctx, ["ana"])
    assert [row[2] for row in graph(platform)] == ["jazz"]
    assert result.left_out["not_allowed"] == 2
    platform("ALTER TABLE public.user_fact_relationships DROP CONSTRAINT short")
    result = publish(ctx, ["ana"])
    assert [row[2] for row in graph(platform)] == ["peas", "jazz"]
    assert result.refused == {"CheckViolation lower_name": 1}
    platform("CREATE FUNCTION public.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'kept'; END $$")
    platform("CREATE TRIGGER keep BEFORE DELETE ON public.user_fact_relationships EXECUTE FUNCTION public.keep()")
    platform("DELETE FROM user_facts WHERE value = 'peas'")
    assert publish(ctx, ["ana"]).withdrawn == 1
    assert ("dislikes", 0.0) in [(row[0], row[3]) for row in graph(platform)]
    assert publish(ctx, ["ana"]).withdrawn == 0
    platform("DROP FUNCTION public.keep CASCADE")


def test_a_database_without_the_graph_is_told_as_such(ctx, run, elena):
    assert not publish(ctx, ["ana"]).found
    assert not publish_all(ctx, elena).found
    run("CREATE TABLE public.fact_entities (id int, entity_type text, entity_name text)")
    assert not publish_days(ctx, elena, [date(2026, 3, 1)])[date(2026, 3, 1)].found


def test_users_of_the_days_are_published_each_for_the_latest_of_them(ctx, run, elena):
    run(TABLES.format(check=CHECK))
    lines = ["I live in Leeds.", "A good town."]
    for day in ("2026-03-16", "2026-03-17"):
        ctx.store.upsert(elena.collection, chat(day, lines, user="ana"))
    ctx.store.upsert(elena.collection, chat("2026-03-16", ["I live in York.", "Nice."], user="ben", hour=11))
    enrich(ctx, elena)
    days = [date(2026, 3, 16), date(2026, 3, 17)]
    results = publish_days(ctx, elena, days)
    assert [results[day].users for day in days] == [1, 1]
    assert {(row[0], row[2]) for row in graph(run)} == {("lives_in", "Leeds"), ("lives_in", "York")}
    metadata = run("SELECT context_metadata FROM public.user_fact_relationships WHERE user_id = 'ana'")[0][0]
    assert metadata["bots"] == ["elena"]
    assert datetime.fromisoformat(metadata["last_said_at"]) == datetime(2026, 3, 17, 9, tzinfo=UTC)
