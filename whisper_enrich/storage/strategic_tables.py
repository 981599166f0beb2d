"""The tables of the strategic caches: features by day, six caches of the latest state, their snapshots by day.

A cache holds the design contract's columns; ``details`` holds everything else that its engine computed, under the engine's
name, among it what the field contract's views and the reader evaluate for the moment of reading.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    Index,
    Integer,
    PrimaryKeyConstraint,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

from whisper_enrich.storage.schema_metadata import metadata

strategic_features = Table(
    "strategic_features",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("day", Date, nullable=False),
    Column("messages", Integer, nullable=False),
    Column("last_at", DateTime(timezone=True), comment="Of the last message; null where only reactions are left."),
    Column("content_key", BigInteger, nullable=False, comment="Of the ledger rows that it was made from."),
    Column(
        "fingerprint",
        BigInteger,
        nullable=False,
        comment="Of content key and engine version, under 2^48: sums are keys.",
    ),
    Column("engine_version", Text, nullable=False),
    Column("features", JSONB, nullable=False),
    Column("measures", JSONB, nullable=False, comment="What the bot-wide row is made from."),
    PrimaryKeyConstraint("bot_name", "user_id", "day"),
    Index("strategic_features_redo_idx", "bot_name", "day", postgresql_where=text("content_key = -1")),
    comment="What the strategic engines need of a user's day with a bot. No message text but short open questions.",
)


def _cache(name: str, comment: str, *columns: Column | CheckConstraint | Index, per_user: bool = True) -> Table:
    unique = [UniqueConstraint("user_id", "bot_name")] if per_user else []
    return Table(
        name,
        metadata,
        Column("id", UUID(as_uuid=False), primary_key=True, server_default=text("gen_random_uuid()")),
        Column("user_id", String(255), nullable=not per_user),
        Column("bot_name", String(100), nullable=False),
        *columns,
        Column("details", JSONB, nullable=False, comment="All else that was computed, by engine."),
        Column("reasons", JSONB, nullable=False, comment="Why a value is null, by its name."),
        Column("computed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("expires_at", DateTime(timezone=True), nullable=False),
        Column(
            "read_up_to", DateTime(timezone=True), nullable=False, comment="Time of the newest message that was read."
        ),
        Column("messages_read", Integer, nullable=False),
        Column("input_key", BigInteger, nullable=False, comment="Of the features and facts that it was made from."),
        Column("engine_version", Text, nullable=False),
        Column(
            "document",
            Text,
            comment="What the hot path reads of the row, as one JSON text; null: it reads the columns.",
        ),
        Column("shared_document", Text, comment="The same without what was said in a dm, where that differs."),
        Column("document_format", Text, comment="The form of both, which the versions of the hot path may differ in."),
        *unique,
        Index(f"{name}_expires_at_idx", "expires_at"),
        comment=comment,
    )


strategic_memory_health = _cache(
    "strategic_memory_health",
    "How old and how retrievable the memories of a user are.",
    Column("memory_snapshot", JSONB, nullable=False),
    Column("avg_memory_age_hours", Double),
    Column("retrieval_frequency_trend", Text),
    Column("forgetting_risk_memories", JSONB),
)

strategic_character_performance = _cache(
    "strategic_character_performance",
    "How a bot does: with each user, and over all (user_id null).",
    Column("time_window_hours", Integer, nullable=False, server_default="168"),
    Column("engagement_score_avg", Double),
    Column("satisfaction_score_avg", Double),
    Column("coherence_score_avg", Double),
    Column("personality_consistency_index", Double),
    Column("quality_trend", Text),
    Column("recent_anomalies", JSONB),
    Index(
        "strategic_character_performance_bot_key",
        "bot_name",
        "time_window_hours",
        unique=True,
        postgresql_where=text("user_id IS NULL"),
    ),
    Index(
        "strategic_character_performance_pair_key",
        "user_id",
        "bot_name",
        "time_window_hours",
        unique=True,
        postgresql_where=text("user_id IS NOT NULL"),
    ),
    per_user=False,
)

strategic_personality_profiles = _cache(
    "strategic_personality_profiles",
    "How a user meets the bot's personality, and the user's own style.",
    Column("dominant_traits", JSONB),
    Column("user_response_patterns", JSONB),
    Column("adaptation_suggestions", JSONB),
    Column("trait_evolution_history", JSONB),
)

strategic_conversation_patterns = _cache(
    "strategic_conversation_patterns",
    "Topics and their changes, and how a user talks.",
    Column("recent_topics", JSONB),
    Column("avg_topic_duration_minutes", Double),
    Column("context_switch_frequency", Double, comment="An hour of conversation."),
    Column("predicted_switch_likelihood", Double),
    Column("topic_transition_graph", JSONB),
)

strategic_memory_behavior = _cache(
    "strategic_memory_behavior",
    "How this user comes back to what was talked about.",
    Column("forgetting_curve_params", JSONB),
    Column("high_retention_memories", JSONB),
    Column("low_retention_memories", JSONB),
    Column("recall_simulation_score", Double),
)

strategic_engagement_opportunities = _cache(
    "strategic_engagement_opportunities",
    "When and about what to reach out to a user, if at all.",
    Column("optimal_timing_hours", Double, comment="After the last message."),
    Column("receptivity_score", Double),
    Column("suggested_topics", JSONB),
    Column("last_engagement_gap_hours", Double),
    Column("proactive_success_rate", Double),
)

CACHES = (
    strategic_memory_health,
    strategic_character_performance,
    strategic_personality_profiles,
    strategic_conversation_patterns,
    strategic_memory_behavior,
    strategic_engagement_opportunities,
)

strategic_snapshots = Table(
    "strategic_snapshots",
    metadata,
    Column("cache", Text, nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False, comment="Empty for the bot-wide row."),
    Column("day", Date, nullable=False, comment="As of its end, or of the last computation where it is today."),
    Column("row", JSONB, nullable=False, comment="The cache row as it was."),
    Column("computed_at", DateTime(timezone=True), nullable=False),
    Column("input_key", BigInteger, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column(
        "stale", Boolean, nullable=False, server_default=text("false"), comment="A late message came on an earlier day."
    ),
    PrimaryKeyConstraint("bot_name", "user_id", "cache", "day"),
    Index("strategic_snapshots_day_idx", "day"),
    Index("strategic_snapshots_stale_idx", "bot_name", "day", postgresql_where=text("stale")),
    comment="The caches by day, with retention.",
)

worker_heartbeats = Table(
    "worker_heartbeats",
    metadata,
    Column("bot_name", String(100), primary_key=True),
    Column("beat_at", DateTime(timezone=True), nullable=False),
    Column(
        "first_beat_at",
        DateTime(timezone=True),
        nullable=False,
        server_default=text("now()"),
        comment="Since when there is a worker for the bot: its uptime counts from there.",
    ),
    comment="When the worker last looked after a bot. After ten minutes of silence its cache rows count as stale.",
)

message_touches = Table(
    "message_touches",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, comment="Of the user's newest message that the bot told of."),
    Column(
        "recent",
        ARRAY(DateTime(timezone=True)),
        nullable=False,
        server_default=text("'{}'"),
        comment="Of the newest of these messages, ascending: so many have come since a row was computed.",
    ),
    PrimaryKeyConstraint("bot_name", "user_id"),
    comment="Messages that the bots told of when they arrived: what has not read them holds CACHE_TTL_SECONDS longer.",
)

reader_observations = Table(
    "reader_observations",
    metadata,
    Column(
        "bucket_start", DateTime(timezone=True), nullable=False, comment="Start of the minute, by the clock of the bot."
    ),
    Column(
        "table_name",
        Text,
        nullable=False,
        comment="A cache, user_facts or conversation_summaries; context: the one round trip for all of these; recall: "
        "questions about the past.",
    ),
    Column("bot_name", String(100), nullable=False),
    Column("reporter", Text, nullable=False, comment="A reader in a process, by a random name."),
    Column("hits", Integer, nullable=False, comment="Reads that got a fresh row."),
    Column("stale", Integer, nullable=False, comment="Reads that got a row that no longer holds."),
    Column("misses", Integer, nullable=False, comment="Reads that got nothing."),
    Column(
        "reasons",
        JSONB,
        nullable=False,
        comment="Of stale and missed reads, how many by outcome and reason, as in stale:expired.",
    ),
    Column("round_trips", Integer, nullable=False, comment="Questions put to the database, answered in time or not."),
    Column("seconds", Double, nullable=False, comment="What they took, together."),
    Column(
        "latencies",
        JSONB,
        nullable=False,
        comment="How many took up to each bound in seconds and more than the bound before it; the last is +Inf.",
    ),
    Column(
        "time_anchored",
        Integer,
        nullable=False,
        server_default="0",
        comment="Of recall: questions that named a time and were answered.",
    ),
    Column(
        "time_anchored_found",
        Integer,
        nullable=False,
        server_default="0",
        comment="Of these, those that found anything.",
    ),
    PrimaryKeyConstraint("bucket_start", "table_name", "bot_name", "reporter"),
    comment="What the bots' readers found, by minute: one row a table, bot and reporter. Pruned by age.",
)

feedback = Table(
    "feedback",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True, server_default=text("gen_random_uuid()")),
    Column("user_id", String(255), nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("score", Double, nullable=False, comment="-1 to 1."),
    Column("kind", Text, nullable=False, comment="What was reported: 'answer', 'fact', 'summary', 'suggestion', …"),
    Column(
        "refs", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="Ids of what the answer was built on."
    ),
    CheckConstraint("score >= -1 AND score <= 1", name="score"),
    Index("feedback_user_idx", "bot_name", "user_id", "at"),
    comment="How answers that were built on our data fared, as the bots report it.",
)
