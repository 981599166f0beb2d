"""Nothing that was said in a dm comes out of the views, unless the bot says that it serves one; the tables mark it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich.storage.strategic_inputs import believed, believed_in_shared, facts_of
from whisper_enrich_tests.builders import at, column, enrich, extract_statements, said, scalar
from whisper_enrich_tests.storage.cached_worlds import CACHES
from whisper_enrich_tests.storage.private_worlds import PRIVATE, unmarked

VIEWS = (
    "strategic_memory_health", "strategic_personality_profiles", "strategic_conversation_patterns",
    "strategic_character_performance", "strategic_context_patterns", "strategic_memory_behavior",
    "strategic_engagement_opportunities", "conversation_summaries", "user_facts",
)  # fmt: skip


def shown(ctx, view: str, scope: str | None = None) -> str:
    """All rows of a view as text."""
    with ctx.database.connect() as connection:
        if scope is not None:
            connection.execute(text("SELECT set_config('whisper_enrich.scope', :scope, true)"), {"scope": scope})
        rows = connection.execute(text(f"SELECT to_jsonb(t) FROM {bots_schema(ctx.database.schema)}.{view} t"))
        return json.dumps(list(rows.scalars()))


@pytest.mark.parametrize("view", VIEWS)
def test_a_view_shows_no_word_of_a_dm_unless_the_bot_serves_one(in_private, view):
    assert PRIVATE.findall(shown(in_private, view)) == []
    assert PRIVATE.findall(shown(in_private, view, "guild")) == []
    in_dm = shown(in_private, view, "dm")
    assert bool(PRIVATE.search(in_dm)) == (view != "strategic_character_performance")


@pytest.mark.parametrize("table", CACHES)
def test_what_a_cache_row_or_its_snapshot_has_from_a_dm_alone_is_marked(in_private, table):
    rows = column(in_private, f"SELECT to_jsonb(t) - 'document' - 'shared_document' FROM {table} t")
    in_the_open = column(in_private, f"SELECT coalesce(shared_document, document, '') FROM {table}")
    assert [text for text in in_the_open if PRIVATE.search(text)] == []
    snapshots = column(in_private, "SELECT row FROM strategic_snapshots WHERE cache = :cache", cache=table)
    assert len(rows) >= 3 and snapshots
    assert [where for row in (*rows, *snapshots) for where in unmarked(row)] == []


def test_facts_and_summaries_from_dms_are_marked(in_private):
    for table, words in (("user_facts", "fact_content"), ("fact_versions", "fact_content"),
                         ("conversation_summaries", "summary_text || array_to_string(key_topics, ' ')")):  # fmt: skip
        said = f"SELECT {words} FROM {table} WHERE scope = :scope"
        assert [one for one in column(in_private, said, scope="shared") if PRIVATE.search(one)] == []
        assert [one for one in column(in_private, said, scope="dm") if PRIVATE.search(one)]


@pytest.mark.parametrize("first", ["guild", "dm"])
def test_the_engines_are_told_a_fact_as_it_was_told_in_the_open(ctx, elena, first):
    def extract(message):
        found = extract_statements(message)
        return replace(found, assertions=tuple(replace(a, value=a.value and "Lisbon") for a in found.assertions))

    told = {"guild": "I live in Lisbon.", "dm": "I live in Lisbon near Zqorbla."}
    for minute, channel in enumerate(sorted(told, key=lambda one: one != first)):
        ctx.store.upsert(elena.collection, [said(told[channel], at(f"2026-03-18 09:0{minute}"), channel=channel)])
    ctx.store.upsert(elena.collection, [said("I planted tomatoes.", at("2026-03-18 09:05"))])
    enrich(ctx, elena, extract)
    with ctx.database.connect() as connection:
        versions = facts_of(connection, "elena", ["ana"])["ana"]
    facts = believed(versions, ctx.clock())
    assert facts == believed_in_shared(versions, ctx.clock())
    assert {(fact.statement, fact.scope) for fact in facts} == {
        ("ana lives in Lisbon.", Scope.SHARED), ("ana planted tomatoes.", Scope.SHARED),
    }  # fmt: skip


def test_counts_are_of_what_may_be_told(in_private):
    query = (
        "SELECT unresolved_topic_count, milestone_count, recommendations "
        f"FROM {bots_schema(in_private.database.schema)}.strategic_engagement_opportunities WHERE user_id = 'ben'"
    )
    with in_private.database.connect() as connection:
        open_, marks, sentences = connection.execute(text(query)).one()
        assert open_ == 0
        connection.execute(text("SET LOCAL whisper_enrich.scope = 'dm'"))
        open_in_dm, marks_in_dm, sentences_in_dm = connection.execute(text(query)).one()
    assert open_in_dm > 0
    assert marks_in_dm == marks + 1  # the birthday was told in a dm
    assert set(sentences) < set(sentences_in_dm)


def test_an_object_of_scope_dm_is_left_out_wherever_it_stands(in_private):
    readable = f"{bots_schema(in_private.database.schema)}.readable"
    value = json.dumps([{"a": [{"scope": "dm"}, {"scope": "shared", "b": {"scope": "dm", "c": 1}}, "d"]}])
    asked = f"SELECT {readable}(CAST(:value AS jsonb), :private)"
    assert scalar(in_private, asked, value=value, private=False) == [{"a": [{"scope": "shared"}, "d"]}]
    assert scalar(in_private, asked, value=value, private=True) == json.loads(value)
    assert scalar(in_private, asked, value='{"scope": "dm"}', private=False) is None
    assert scalar(in_private, asked, value=None, private=False) is None
