"""The platform's own lookups, each as it stands, by asyncpg without a JSON codec: they find rows, of the right types.

What the field's readers ask of the strategic views is in `test_bot_views`; here is the rest of the field contract, and every
lookup of the design contract, by both search paths that a bot may have.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich_tests.storage.test_bot_views import BOT, ask

SCALARS = {"text": str, "float": float, "int": int}
"""What a value arrives as; beside these: 'json' a string of JSON, 'texts' a list of strings, 'aware' and 'naive' times."""


def of_kind(value: object, kind: str) -> bool:
    if kind == "json":
        return type(value) is str and isinstance(json.loads(value), (list, dict))
    if kind == "texts":
        return type(value) is list and all(type(item) is str for item in value)
    if kind in ("aware", "naive"):
        return type(value) is datetime and (value.tzinfo is not None) == (kind == "aware")
    return type(value) is SCALARS[kind]


CACHES = {
    "strategic_memory_health": {
        "memory_snapshot": "json", "avg_memory_age_hours": "float", "retrieval_frequency_trend": "text",
        "forgetting_risk_memories": "json",
    },
    "strategic_character_performance": {
        "bot_name": "text", "time_window_hours": "int", "engagement_score_avg": "float", "satisfaction_score_avg": "float",
        "coherence_score_avg": "float", "personality_consistency_index": "float", "quality_trend": "text",
        "recent_anomalies": "json",
    },
    "strategic_personality_profiles": {
        "dominant_traits": "json", "user_response_patterns": "json", "adaptation_suggestions": "json",
        "trait_evolution_history": "json",
    },
    "strategic_conversation_patterns": {
        "recent_topics": "json", "avg_topic_duration_minutes": "float", "context_switch_frequency": "float",
        "predicted_switch_likelihood": "float", "topic_transition_graph": "json",
    },
    "strategic_memory_behavior": {
        "forgetting_curve_params": "json", "high_retention_memories": "json", "low_retention_memories": "json",
        "recall_simulation_score": "float",
    },
    "strategic_engagement_opportunities": {
        "optimal_timing_hours": "float", "receptivity_score": "float", "suggested_topics": "json",
        "last_engagement_gap_hours": "float", "proactive_success_rate": "float",
    },
}  # fmt: skip
"""The design contract's caches: their columns and what these arrive as."""

SUMMARY = {
    "id": "int", "user_id": "text", "bot_name": "text", "summary_text": "text", "summary_type": "text",
    "start_timestamp": "naive", "end_timestamp": "naive", "message_count": "int", "key_topics": "texts",
    "emotional_tone": "text", "compression_ratio": "float", "confidence_score": "float", "created_at": "naive",
}  # fmt: skip
OF_SUMMARY = ", ".join(SUMMARY)

RECENT = f"""
SELECT {OF_SUMMARY} FROM conversation_summaries
WHERE user_id = $1 AND bot_name = $2 AND start_timestamp >= $3 AND confidence_score >= 0.3
ORDER BY start_timestamp DESC LIMIT 10
"""
BY_TOPIC = f"""
SELECT {OF_SUMMARY} FROM conversation_summaries
WHERE user_id = $1 AND bot_name = $2 AND start_timestamp >= $3 AND key_topics && $4
ORDER BY start_timestamp DESC LIMIT 10
"""
BY_TOPIC_OR_WORD = f"""
SELECT {OF_SUMMARY} FROM conversation_summaries
WHERE user_id = $1 AND bot_name = $2 AND start_timestamp >= $3 AND (key_topics && $4 OR summary_text ILIKE $5)
  AND confidence_score >= 0.3
ORDER BY start_timestamp DESC LIMIT 10
"""
FACTS = """
SELECT category, fact_content, confidence, extracted_at FROM user_facts
WHERE user_id = $1 AND bot_name = $2 ORDER BY confidence DESC, extracted_at DESC LIMIT $3
"""
SUMMARIES = """
SELECT summary_text, start_timestamp, end_timestamp, message_count FROM conversation_summaries
WHERE user_id = $1 AND bot_name = $2 AND end_timestamp >= $3 ORDER BY end_timestamp DESC LIMIT 10
"""


def cache_lookup(cache: str) -> str:
    return f"""
    SELECT {", ".join(CACHES[cache])}, computed_at, expires_at FROM {cache}
    WHERE user_id = $1 AND bot_name = $2 AND expires_at > now()
    """


@dataclass(frozen=True)
class Reader:
    """Asks as a bot with this search path; whatever comes is of the expected kinds, or null."""

    ctx: object
    path: str
    user: str

    def rows(self, query: str, kinds: dict[str, str], *more: object) -> list:
        rows = ask(self.ctx, query, self.user, BOT, *more, path=self.path).rows
        wrong = [
            (name, row[name])
            for row in rows
            for name, kind in kinds.items()
            if row[name] is not None and not of_kind(row[name], kind)
        ]
        assert (wrong, [list(row.keys()) for row in rows[:1]]) == ([], [list(kinds)] * bool(rows))
        return rows


@pytest.fixture(params=["views", "tables"])
def reader(sampled, request) -> Reader:
    """As the user who has said most in shared channels, by the views for bots, or by the tables themselves."""
    talkative = (
        "SELECT user_id FROM conversation_summaries WHERE scope = 'shared' GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    )
    ours = sampled.database.schema
    user = ask(sampled, talkative, path=ours).row["user_id"]
    return Reader(sampled, f"{bots_schema(ours)}, public" if request.param == "views" else f"{ours}, public", user)


@pytest.fixture
def since() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None) - timedelta(days=14)


@pytest.mark.parametrize("cache", CACHES)
def test_the_designs_lookup_of_a_cache_finds_its_row(reader, cache):
    (row,) = reader.rows(cache_lookup(cache), {**CACHES[cache], "computed_at": "aware", "expires_at": "aware"})
    assert row["expires_at"] > row["computed_at"]
    (whole,) = ask(
        reader.ctx, f"SELECT * FROM {cache} WHERE user_id = $1 AND bot_name = $2 AND expires_at > now()",
        reader.user, BOT, path=reader.path,
    ).rows  # fmt: skip
    assert (whole["user_id"], whole["bot_name"]) == (reader.user, BOT)
    assert {name for name in CACHES[cache] if whole[name] is not None} >= {
        name for name in CACHES[cache] if row[name] is not None
    }


def test_what_the_design_says_of_entries_in_json_holds(reader):
    (health,) = reader.rows(
        "SELECT memory_snapshot, forgetting_risk_memories FROM strategic_memory_health WHERE user_id = $1 AND bot_name = $2",
        {"memory_snapshot": "json", "forgetting_risk_memories": "json"},
    )
    assert all(entry["id"] and entry["topic"] for entry in json.loads(health["forgetting_risk_memories"]))
    (topics,) = reader.rows(
        "SELECT recent_topics FROM strategic_conversation_patterns WHERE user_id = $1 AND bot_name = $2",
        {"recent_topics": "json"},
    )
    assert all({"topic", "start_time", "end_time"} <= entry.keys() for entry in json.loads(topics["recent_topics"]))
    (traits,) = reader.rows(
        "SELECT dominant_traits FROM strategic_personality_profiles WHERE user_id = $1 AND bot_name = $2",
        {"dominant_traits": "json"},
    )
    found = json.loads(traits["dominant_traits"])
    assert found and all({"trait", "frequency", "effectiveness"} <= entry.keys() for entry in found)


def test_the_designs_lookup_of_facts_gives_the_surest_first(reader):
    kinds = {"category": "text", "fact_content": "text", "confidence": "float", "extracted_at": "naive"}
    rows = reader.rows(FACTS, kinds, 5)
    assert len(rows) == 5
    assert [tuple(row)[2:] for row in rows] == sorted((tuple(row)[2:] for row in rows), reverse=True)


def test_the_designs_lookup_of_summaries_takes_a_naive_time_and_gives_the_newest_first(reader, since):
    kinds = {"summary_text": "text", "start_timestamp": "naive", "end_timestamp": "naive", "message_count": "int"}
    rows = reader.rows(SUMMARIES, kinds, since)
    assert rows
    assert [row["end_timestamp"] for row in rows] == sorted((row["end_timestamp"] for row in rows), reverse=True)


def test_summaries_are_found_by_time_topic_and_word(reader, since):
    recent = reader.rows(RECENT, SUMMARY, since)
    assert len(recent) > 2
    assert all(row["start_timestamp"] >= since and row["confidence_score"] >= 0.3 for row in recent)
    assert all(topic == topic.lower() for row in recent for topic in row["key_topics"])
    row = next(row for row in recent if row["key_topics"])
    by_topic = reader.rows(BY_TOPIC, SUMMARY, since, [row["key_topics"][0], "no such topic"])
    assert row["id"] in {one["id"] for one in by_topic}
    assert all(row["key_topics"][0] in one["key_topics"] for one in by_topic)
    word = row["summary_text"].split()[1]
    by_word = reader.rows(BY_TOPIC_OR_WORD, SUMMARY, since, ["no such topic"], f"%{word.upper()}%")
    assert row["id"] in {one["id"] for one in by_word}
    either = reader.rows(BY_TOPIC_OR_WORD, SUMMARY, since, [row["key_topics"][0]], "%no such words%")
    assert {one["id"] for one in either} == {one["id"] for one in by_topic if one["confidence_score"] >= 0.3}
    assert reader.rows(BY_TOPIC, SUMMARY, since, []) == []
