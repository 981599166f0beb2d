"""The one set of SQL, for both readers: positional parameters ``$1``, ``$2``, … as asyncpg sends them and PREPARE takes them.

Everything about a user comes as one row: the state that freshness is decided by, facts and summaries as JSON, then of each
cache its document (`documents`) and what its freshness is decided by. JSON leaves the database as text, so that a codec which
the bot has set makes no difference. Columns are named here once more because `whisper_enrich.storage.tables` needs
SQLAlchemy; a test holds this module to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from whisper_enrich.hot_path import documents
from whisper_enrich.strategic.validity import TOUCHES_KEPT

COMMON = ("computed_at", "expires_at", "read_up_to", "messages_read", "engine_version")
"""Of every cache, after its document."""

CACHES: dict[str, tuple[str, ...]] = {
    "strategic_memory_health": (
        "memory_snapshot", "avg_memory_age_hours", "retrieval_frequency_trend", "forgetting_risk_memories",
    ),
    "strategic_character_performance": (
        "time_window_hours", "engagement_score_avg", "satisfaction_score_avg", "coherence_score_avg",
        "personality_consistency_index", "quality_trend", "recent_anomalies",
    ),
    "strategic_personality_profiles": (
        "dominant_traits", "user_response_patterns", "adaptation_suggestions", "trait_evolution_history",
    ),
    "strategic_conversation_patterns": (
        "recent_topics", "avg_topic_duration_minutes", "context_switch_frequency", "predicted_switch_likelihood",
        "topic_transition_graph",
    ),
    "strategic_memory_behavior": (
        "forgetting_curve_params", "high_retention_memories", "low_retention_memories", "recall_simulation_score",
    ),
    "strategic_engagement_opportunities": (
        "optimal_timing_hours", "receptivity_score", "suggested_topics", "last_engagement_gap_hours",
        "proactive_success_rate",
    ),
}  # fmt: skip
"""The design contract's columns by cache: what a row is read from that has no document of the right form."""

STATE = (
    "beat_at", "touches", "newest_at", "facts_read_at", "facts_waiting_at", "summaries_read_at", "summaries_waiting_at",
)  # fmt: skip

FACT = (
    "content", "category", "attribute", "value", "confidence", "tense", "scope", "mentions", "first_said_at",
    "last_said_at", "valid_from", "valid_to", "extracted_at", "known_from", "known_to",
)  # fmt: skip

SUMMARY = (
    "id",
    "text",
    "start",
    "end",
    "message_count",
    "topics",
    "tone",
    "confidence",
    "state",
    "scope",
    "updated_at",
)

LOOKED_AT = 20
"""Newest messages by which it is seen how far facts and summaries have got."""

WHO = "(VALUES ($1::text, $2::text, $3::boolean)) AS k (user_id, bot_name, private)"

# With a limit in its subquery an index is searched up to there and no further, however long the history.
STATE_JOINS = f"""
LEFT JOIN {{schema}}.worker_heartbeats h ON h.bot_name = k.bot_name
LEFT JOIN {{schema}}.message_touches t ON t.bot_name = k.bot_name AND t.user_id = k.user_id
LEFT JOIN LATERAL (
    SELECT max(event_time) AS newest_at,
        max(event_time) FILTER (WHERE facts_state <> 'waiting') AS facts_read_at,
        min(event_time) FILTER (WHERE facts_state = 'waiting') AS facts_waiting_at,
        max(event_time) FILTER (WHERE summary_state <> 'waiting') AS summaries_read_at,
        min(event_time) FILTER (WHERE summary_state = 'waiting') AS summaries_waiting_at
    FROM (
        SELECT event_time, facts_state, summary_state FROM {{schema}}.message_ledger
        WHERE bot_name = k.bot_name AND user_id = k.user_id AND event_time IS NOT NULL AND disposition = 'conversation'
        ORDER BY event_time DESC LIMIT {LOOKED_AT}
    ) newest
) l ON true
"""


def _state_columns(*caches: str) -> str:
    """With the touches that one of these caches (their aliases), or the ledger, does not know: most often there are none.

    As JSON: for an array of times asyncpg asks each connection about its type first, which takes longer than a deadline.
    """
    newest = ", ".join(["l.newest_at", *(f"{cache}.read_up_to" for cache in caches)])
    read = f"coalesce(least({newest}), '-infinity')"
    touches = f"CASE WHEN t.at > {read} THEN (SELECT json_agg(u)::text FROM unnest(t.recent) u WHERE u > {read}) END"
    return (
        f"h.beat_at, {touches}, l.newest_at, l.facts_read_at, l.facts_waiting_at, l.summaries_read_at, "
        "l.summaries_waiting_at"
    )


STATE_COLUMNS = _state_columns()


def _for_the_caller(everything: str, shared: str, columns: str) -> str:
    """As a table, the rows of the one who asks about: in a dm those of everything; in a shared channel what the shared messages
    alone come to, of which the rows that are the same are kept once (audience 'all')."""
    mine = "m.user_id = k.user_id AND m.bot_name = k.bot_name"
    return f"""(
        SELECT {columns} FROM {{schema}}.{everything} m WHERE {mine} AND (k.private OR m.audience = 'all')
        UNION ALL SELECT {columns} FROM {{schema}}.{shared} m WHERE {mine} AND NOT k.private)"""


MY_FACTS = _for_the_caller(
    "user_facts", "shared_facts",
    "id, fact_content, category, attribute, value, confidence, tense, scope, mentions, first_said_at, last_said_at, "
    "valid_from, valid_to, extracted_at, words",
)  # fmt: skip
MY_VERSIONS = _for_the_caller(
    "fact_versions", "shared_fact_versions",
    "fact_key, ordinal, fact_content, category, attribute, value, confidence, tense, scope, valid_from, valid_to, "
    "known_from, known_to, reason, message_ids",
)  # fmt: skip
MY_EVIDENCE = """(
        SELECT point_id, said_at FROM {schema}.fact_evidence WHERE fact_id = f.id
        UNION ALL SELECT point_id, said_at FROM {schema}.shared_fact_evidence WHERE fact_id = f.id AND NOT k.private)"""
"""Of the row ``f`` of `MY_FACTS`; ids are of one sequence."""

_FACTS = f"""
SELECT json_agg(json_build_array(fact_content, category, attribute, value, confidence, tense, scope, mentions,
    first_said_at, last_said_at, valid_from, valid_to, extracted_at, NULL, NULL))::text AS list
FROM (
    SELECT f.* FROM {MY_FACTS} f
    {{condition}}
    ORDER BY f.confidence DESC, f.last_said_at DESC, f.id LIMIT {{limit}}
) chosen
"""

_SUMMARIES = """
SELECT json_agg(json_build_array(id, summary_text, start_timestamp, end_timestamp, message_count, key_topics,
    emotional_tone, confidence_score, state, scope, updated_at))::text AS list
FROM (
    SELECT s.* FROM {schema}.conversation_summaries s
    WHERE s.user_id = k.user_id AND s.bot_name = k.bot_name AND (k.private OR s.scope = 'shared')
        AND s.archived_at IS NULL {condition}
    ORDER BY s.start_timestamp DESC, s.scope LIMIT {limit}
) chosen
"""

# What held on a day ($5), as far as it was known at a time ($6); either may be null. What ended later than that time was
# not known to have ended. Rejected is what a person has ruled out, corrected what never held.
_VERSIONS = f"""
SELECT json_agg(json_build_array(fact_content, category, attribute, value, confidence, tense, scope, NULL, NULL, NULL,
    valid_from, valid_to, NULL, known_from, known_to))::text AS list
FROM (
    SELECT v.* FROM {MY_VERSIONS} v
    WHERE ($4::text IS NULL OR v.category = $4::text) AND v.reason <> 'rejected'
      AND ($5::date IS NULL OR v.reason <> 'corrected' AND v.tense <> 'future' AND v.valid_from <= $5::date
           AND (v.valid_to IS NULL OR $5::date < v.valid_to OR v.known_to > $6::timestamptz))
      AND ($6::timestamptz IS NULL OR v.known_from <= $6::timestamptz
           AND ($5::date IS NOT NULL OR v.known_to IS NULL OR v.known_to > $6::timestamptz))
    ORDER BY v.confidence DESC, v.known_from DESC, v.fact_key, v.ordinal LIMIT $7::integer
) chosen
"""


@dataclass(frozen=True, slots=True)
class Query:
    """A statement with its name on a connection where it is prepared."""

    name: str
    text: str


def _cache_columns(cache: str, alias: str) -> str:
    return ", ".join((documents.column(CACHES[cache], alias), *(f"{alias}.{name}" for name in COMMON)))


def _cache_join(cache: str, alias: str) -> str:
    # A user may have rows of several windows; the contract's is a week.
    window = f" AND {alias}.time_window_hours = 168" if cache == "strategic_character_performance" else ""
    return (
        f"LEFT JOIN {{schema}}.{cache} {alias} ON {alias}.user_id = k.user_id AND {alias}.bot_name = k.bot_name{window}"
    )


@lru_cache(maxsize=8)
def context_query(schema: str) -> Query:
    """Parameters: user, bot, whether the caller is private, facts at most, summaries at most."""
    aliases = {cache: f"c{number}" for number, cache in enumerate(CACHES)}
    columns = ", ".join(_cache_columns(cache, alias) for cache, alias in aliases.items())
    joins = "\n".join(_cache_join(cache, alias) for cache, alias in aliases.items())
    facts = _FACTS.replace("{condition}", "").replace("{limit}", "$4::integer")
    summaries = _SUMMARIES.replace("{condition}", "").replace("{limit}", "$5::integer")
    text = (
        f"SELECT {_state_columns(*aliases.values())}, f.list, s.list, {columns}\nFROM {WHO} {STATE_JOINS}\n"
        f"LEFT JOIN LATERAL ({facts}) f ON true\nLEFT JOIN LATERAL ({summaries}) s ON true\n{joins}"
    )
    return in_schema(schema, "context", text)


@lru_cache(maxsize=48)
def cache_query(schema: str, cache: str) -> Query:
    """One cache. Parameters: user, bot, private (which the rows' texts are left to)."""
    columns = f"{_state_columns('c')}, {_cache_columns(cache, 'c')}"
    text = f"SELECT {columns}\nFROM {WHO} {STATE_JOINS}\n{_cache_join(cache, 'c')}"
    return in_schema(schema, cache, text)


@lru_cache(maxsize=8)
def facts_query(schema: str) -> Query:
    """Current facts. Parameters: user, bot, private, category or null, how many."""
    facts = _FACTS.replace("{condition}", "WHERE $4::text IS NULL OR f.category = $4::text")
    return _single(schema, "facts", facts.replace("{limit}", "$5::integer"))


@lru_cache(maxsize=8)
def versions_query(schema: str) -> Query:
    """Facts of the past. Parameters: user, bot, private, category, day, known as of, how many; the middle three may be null."""
    return _single(schema, "versions", _VERSIONS)


@lru_cache(maxsize=8)
def summaries_query(schema: str) -> Query:
    """Parameters: user, bot, private, from and to (naive UTC, half-open, either null), topics (lower case) or null, how many."""
    condition = """
        AND ($4::timestamp IS NULL OR s.end_timestamp > $4::timestamp)
        AND ($5::timestamp IS NULL OR s.start_timestamp < $5::timestamp)
        AND ($6::text[] IS NULL OR s.key_topics && $6::text[])"""
    summaries = _SUMMARIES.replace("{condition}", condition).replace("{limit}", "$7::integer")
    return _single(schema, "summaries", summaries)


@lru_cache(maxsize=8)
def touch_query(schema: str) -> Query:
    """Parameters: user, bot, time. A commit that is not waited for: the loss of one costs a row a little of its grace.

    A bot's clock that is ahead does not count for more than the database's.
    """
    text = """
        WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
        INSERT INTO {schema}.message_touches AS t (user_id, bot_name, at, recent)
        SELECT $1::text, $2::text, told.at, ARRAY[told.at] FROM quick, (SELECT least($3::timestamptz, now()) AS at) told
        ON CONFLICT (bot_name, user_id) DO UPDATE SET at = excluded.at,
            recent = t.recent[greatest(cardinality(t.recent) - {older}, 1):] || excluded.at
        WHERE excluded.at > t.at
        RETURNING true
    """
    return in_schema(schema, "touch", text.replace("{older}", str(TOUCHES_KEPT - 2)))


def _single(schema: str, name: str, part: str) -> Query:
    text = f"SELECT {STATE_COLUMNS}, p.list FROM {WHO} {STATE_JOINS}\nLEFT JOIN LATERAL ({part}) p ON true"
    return in_schema(schema, name, text)


def in_schema(schema: str, name: str, text: str) -> Query:
    return Query(f"hot_{name}", text.replace("{schema}", f'"{schema}"'))
