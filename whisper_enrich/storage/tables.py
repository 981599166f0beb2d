"""Every table and column, named once. Migrations, repositories, the pre-flight and the reader are held to this module.

Tables carry no schema name: each connection's search_path starts with the schema of the setting POSTGRES_SCHEMA.
Column types follow the contract with the bots: summary and extraction times are ``timestamp`` in UTC, everything
else about time is ``timestamptz``. The tables of the strategic caches are in `strategic_tables`.
"""

from __future__ import annotations

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR, UUID

from whisper_enrich.storage import erasure_tables, strategic_tables
from whisper_enrich.storage import watch_tables as watch_tables  # its tables belong to the same metadata
from whisper_enrich.storage.schema_metadata import metadata

CACHES = strategic_tables.CACHES
ERASURES = erasure_tables.erasures

UTC_NOW = text("(now() AT TIME ZONE 'utc')")

store_identity = Table(
    "store_identity",
    metadata,
    Column("single", Boolean, primary_key=True, server_default=text("true")),
    Column("ledger_id", UUID(as_uuid=False), nullable=False, server_default=text("gen_random_uuid()")),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    CheckConstraint("single", name="single_row"),
    comment="One row: the id that marks in the message store must carry to count for this database.",
)

STAGE_STATES = ("waiting", "done", "dead", "left_out")


def _stage_columns(stage: str) -> list[Column | CheckConstraint]:
    states = ", ".join(f"'{state}'" for state in STAGE_STATES)
    return [
        Column(f"{stage}_state", Text, nullable=False, server_default="waiting"),
        Column(f"{stage}_version", Text, comment="Version of the engine whose result is stored."),
        Column(f"{stage}_attempts", SmallInteger, nullable=False, server_default="0"),
        Column(f"{stage}_next_at", DateTime(timezone=True), comment="Not before then; null is at once."),
        Column(f"{stage}_reason", Text, comment="Outcome when done; why it waits or was set aside otherwise."),
        CheckConstraint(f"{stage}_state IN ({states})", name=f"{stage}_state"),
    ]


message_ledger = Table(
    "message_ledger",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("point_id", Text, nullable=False),
    Column("collection", String(255), nullable=False),
    Column("user_id", String(255)),
    Column("event_time", DateTime(timezone=True)),
    Column("day", Date, nullable=False, comment="UTC day of the event; of discovery where there is no usable time."),
    Column("scope", Text, nullable=False),
    Column("parts", SmallInteger, nullable=False, server_default="0", comment="Bits: 1 the user's words, 2 the bot's."),
    Column("duplicate_parts", SmallInteger, nullable=False, server_default="0", comment="Bits stored elsewhere too."),
    Column("user_text_hash", BigInteger),
    Column("bot_text_hash", BigInteger),
    Column("content_hash", Text, nullable=False),
    Column(
        "revision",
        Integer,
        nullable=False,
        server_default="0",
        comment="Grows when intake changes the row; a stage moves the row only at the revision that it read.",
    ),
    Column("disposition", Text, nullable=False),
    Column("reason", Text),
    Column("clock_skew_seconds", Double),
    Column("first_seen_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    *_stage_columns("facts"),
    *_stage_columns("summary"),
    *_stage_columns("mark"),
    PrimaryKeyConstraint("bot_name", "point_id"),
    CheckConstraint("scope IN ('dm', 'shared')", name="scope"),
    CheckConstraint("disposition IN ('conversation', 'left_out', 'quarantined', 'deleted')", name="disposition"),
    Index("message_ledger_day_idx", "bot_name", "day"),
    Index("message_ledger_user_idx", "bot_name", "user_id", "event_time"),
    Index(
        "message_ledger_open_idx",
        "bot_name",
        "day",
        postgresql_where=text("facts_state = 'waiting' OR summary_state = 'waiting' OR mark_state = 'waiting'"),
    ),
    Index(
        "message_ledger_dead_idx",
        "bot_name",
        postgresql_where=text("facts_state = 'dead' OR summary_state = 'dead' OR mark_state = 'dead'"),
    ),
    comment="One row a message point: what intake decided about it, and how far each stage is. The truth about progress.",
)

stale_windows = Table(
    "stale_windows",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("day", Date, nullable=False),
    Column("reason", Text, nullable=False),
    PrimaryKeyConstraint("bot_name", "user_id", "day"),
    comment="Days of a user that lost a message to another day or user, so that no ledger row asks for their summary.",
)

quarantine = Table(
    "quarantine",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("point_id", Text, nullable=False),
    Column("collection", String(255), nullable=False),
    Column("reason", Text, nullable=False),
    Column("day", Date, nullable=False),
    Column("payload_shape", JSONB, nullable=False, comment="Field names and types, never values."),
    Column("discovered_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("bot_name", "point_id"),
    comment="Points that cannot be read as messages, with the reason.",
)

enrichment_requests = Table(
    "enrichment_requests",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column(
        "requested_at",
        DateTime(timezone=True),
        nullable=False,
        comment="Of the latest time that it was asked for.",
    ),
    Column("claimed_at", DateTime(timezone=True), comment="When an intake that began after it had ended; null before."),
    Column(
        "done_at",
        DateTime(timezone=True),
        comment="When no message of the user waited for facts any more; null: open.",
    ),
    PrimaryKeyConstraint("bot_name", "user_id"),
    Index("enrichment_requests_done_idx", "done_at", "bot_name"),
    comment="Whose messages a bot wants read at once: the latest request of each pair.",
)

leases = Table(
    "leases",
    metadata,
    Column("resource", Text, primary_key=True),
    Column("token", BigInteger, nullable=False, comment="Grows with every holder; a write with an old one is refused."),
    Column("holder", Text, nullable=False),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column(
        "wanted_until",
        DateTime(timezone=True),
        comment="Until then live work waits for it, and a backfill does not take it.",
    ),
    comment="Who works on what, for how long.",
)

user_profiles = Table(
    "user_profiles",
    metadata,
    Column("user_id", String(255), primary_key=True),
    Column("display_name", Text),
    Column("name_source", Text, comment="'loaded', 'platform' or 'inferred'."),
    Column("time_zone", Text, comment="IANA name; null is unknown, and is taken as UTC."),
    Column("model_opt_out", Boolean, nullable=False, server_default=text("false"), comment="Never sent to a model."),
    Column("updated_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    comment="How to name a person.",
)

bot_profiles = Table(
    "bot_profiles",
    metadata,
    Column("bot_name", String(100), primary_key=True),
    Column("display_name", Text, nullable=False),
    comment="How to name a bot in a sentence, where its collection's name does not say.",
)

fact_assertions = Table(
    "fact_assertions",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("point_id", Text, nullable=False),
    Column("ordinal", SmallInteger, nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("day", Date, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    Column("scope", Text, nullable=False),
    Column("category", String(50), nullable=False),
    Column("attribute", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("statement", Text, nullable=False, comment="With {user} in place of the person."),
    Column("polarity", Text, nullable=False),
    Column("tense", Text, nullable=False),
    Column("holds_from", Date),
    Column("holds_to", Date),
    Column("confidence", Double, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("quote", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("extracted_at", DateTime(timezone=True), nullable=False),
    Column("source_collection", String(255), nullable=False),
    Column("question_point_id", Text, comment="The bot's question that the quoted words answer, where they need one."),
    Column("question_quote", Text),
    PrimaryKeyConstraint("bot_name", "point_id", "ordinal"),
    Index("fact_assertions_user_idx", "bot_name", "user_id"),
    comment="What each message supports. Owned by the message's partition; everything else about facts is folded from it.",
)

fact_assertion_history = Table(
    "fact_assertion_history",
    metadata,
    *(Column(column.name, column.type, nullable=column.nullable) for column in fact_assertions.columns),
    Column("replaced_at", DateTime(timezone=True), nullable=False),
    Column("replaced_by", Text, nullable=False, comment="The engine version that took their place."),
    PrimaryKeyConstraint("bot_name", "point_id", "engine_version", "ordinal"),
    Index("fact_assertion_history_user_idx", "bot_name", "user_id"),
    comment="The last assertions of each earlier engine version: for comparison, and for going back to them.",
)

fact_redone = Table(
    "fact_redone",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("point_id", Text, nullable=False),
    Column("engine_version", Text, nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("replaced_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("bot_name", "point_id", "engine_version"),
    Index("fact_redone_version_idx", "bot_name", "engine_version", "user_id"),
    comment="Which earlier engine versions had read each message as it is now, also where they found nothing in it.",
)

fact_rulings = Table(
    "fact_rulings",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("ruling", Text, nullable=False),
    Column("category", String(50), nullable=False, comment="Of the fact that was ruled on, as are the next ones."),
    Column("attribute", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("statement", Text, nullable=False, comment="With {user} in place of the person."),
    Column("tense", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("holds_from", Date),
    Column("point_ids", ARRAY(Text), nullable=False, comment="The messages that it rested on."),
    Column("source_collection", String(255), nullable=False),
    Column("corrected_statement", Text),
    Column("corrected_value", Text),
    Column("ruled_at", DateTime(timezone=True), nullable=False),
    Column("ruled_by", Text, nullable=False),
    CheckConstraint("ruling IN ('reject', 'correct')", name="ruling"),
    CheckConstraint("(ruling = 'correct') = (corrected_statement IS NOT NULL)", name="correction"),
    Index("fact_rulings_user_idx", "bot_name", "user_id"),
    comment="What a person said about a fact. Outlives every extraction.",
)


def _audience() -> Column:
    return Column(
        "audience",
        Text,
        nullable=False,
        server_default="dm",
        comment="'all' where what was said in shared channels alone comes to the very same row; else 'dm'.",
    )


user_facts = Table(
    "user_facts",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String(255), nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("category", String(50), nullable=False),
    Column("fact_content", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("extracted_at", DateTime(timezone=False), nullable=False, server_default=UTC_NOW),
    Column("source_collection", String(255), nullable=False),
    Column("fact_key", Text, nullable=False),
    Column("attribute", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("tense", Text, nullable=False),
    Column("mentions", Integer, nullable=False),
    Column("first_said_at", DateTime(timezone=True), nullable=False),
    Column("last_said_at", DateTime(timezone=True), nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("engine_version", Text, nullable=False),
    Column(
        "words",
        TSVECTOR,
        Computed(
            "to_tsvector('simple'::regconfig, fact_content || ' ' || replace(attribute, '_', ' '))", persisted=True
        ),
        comment="Of the fact and its attribute, for the search by words.",
    ),
    _audience(),
    UniqueConstraint("user_id", "bot_name", "fact_content"),
    CheckConstraint("length(fact_content) <= 500", name="length"),
    CheckConstraint("confidence > 0 AND confidence < 1", name="confidence"),
    CheckConstraint("audience IN ('all', 'dm')", name="audience"),
    Index("user_facts_user_idx", "user_id", "bot_name"),
    Index("user_facts_category_idx", "category"),
    Index("user_facts_extracted_at_idx", "extracted_at"),
    comment="What is known of a user now: a fold over fact_assertions.",
)

fact_evidence = Table(
    "fact_evidence",
    metadata,
    Column("fact_id", Integer, ForeignKey("user_facts.id", ondelete="CASCADE"), nullable=False),
    Column("point_id", Text, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("quote", Text, nullable=False),
    Column("said_at", DateTime(timezone=True), nullable=False),
    Column("scope", Text, nullable=False),
    Column("question_point_id", Text, comment="The bot's question that the quoted words answer, where they need one."),
    Column("question_quote", Text),
    PrimaryKeyConstraint("fact_id", "point_id", "span_start", "span_end"),
    Index("fact_evidence_point_idx", "point_id"),
    comment="The words that each current fact rests on.",
)

fact_versions = Table(
    "fact_versions",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("fact_key", Text, nullable=False),
    Column("ordinal", SmallInteger, nullable=False),
    Column("category", String(50), nullable=False),
    Column("attribute", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("fact_content", Text, nullable=False),
    Column("valid_from", Date),
    Column("valid_to", Date),
    Column("known_from", DateTime(timezone=True), nullable=False),
    Column("known_to", DateTime(timezone=True)),
    Column("superseded_by", Text),
    Column("reason", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("tense", Text, nullable=False),
    Column("confidence", Double, nullable=False),
    Column("message_ids", ARRAY(Text), nullable=False, comment="The points that support it."),
    Column("ended_by", ARRAY(Text), nullable=False, comment="The points that ended it."),
    _audience(),
    PrimaryKeyConstraint("bot_name", "user_id", "fact_key", "ordinal"),
    CheckConstraint("audience IN ('all', 'dm')", name="audience"),
    comment="The history of facts: when each held in the world, and from when to when it was believed.",
)


def _same_columns(table: Table, *others: str) -> list[Column]:
    return [
        Column(c.name, c.type, *([Computed(c.computed.sqltext, persisted=True)] if c.computed is not None else []),
               nullable=c.nullable, comment=c.comment)
        for c in table.columns if c.name not in ("audience", *others)
    ]  # fmt: skip


shared_facts = Table(
    "shared_facts",
    metadata,
    Column("id", Integer, primary_key=True, server_default=text("nextval('user_facts_id_seq'::regclass)")),
    *_same_columns(user_facts, "id"),
    UniqueConstraint("user_id", "bot_name", "fact_content"),
    CheckConstraint("length(fact_content) <= 500", name="length"),
    CheckConstraint("confidence > 0 AND confidence < 1", name="confidence"),
    comment="What is known from shared channels alone, where user_facts has it otherwise or not at all. Ids as there.",
)

shared_fact_evidence = Table(
    "shared_fact_evidence",
    metadata,
    Column("fact_id", Integer, ForeignKey("shared_facts.id", ondelete="CASCADE"), nullable=False),
    *_same_columns(fact_evidence, "fact_id"),
    PrimaryKeyConstraint("fact_id", "point_id", "span_start", "span_end"),
    Index("shared_fact_evidence_point_idx", "point_id"),
    comment="The words that each row of shared_facts rests on.",
)

shared_fact_versions = Table(
    "shared_fact_versions",
    metadata,
    *_same_columns(fact_versions),
    PrimaryKeyConstraint("bot_name", "user_id", "fact_key", "ordinal"),
    comment="The history of facts from shared channels alone, where fact_versions has it otherwise or not at all.",
)

stale_folds = Table(
    "stale_folds",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    PrimaryKeyConstraint("bot_name", "user_id"),
    comment="Users whose facts the next run folds anew from their assertions, whether or not they say something.",
)

conversation_summaries = Table(
    "conversation_summaries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String(255), nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("summary_text", Text, nullable=False),
    Column("summary_type", String(50), nullable=False, server_default="time_window"),
    Column("start_timestamp", DateTime(timezone=False), nullable=False),
    Column("end_timestamp", DateTime(timezone=False), nullable=False, comment="Exclusive."),
    Column("message_count", Integer, nullable=False),
    Column("key_topics", ARRAY(Text)),
    Column("emotional_tone", String(50)),
    Column("compression_ratio", Double),
    Column("confidence_score", Double),
    Column("enrichment_version", String(50), nullable=False),
    Column("created_at", DateTime(timezone=False), nullable=False, server_default=UTC_NOW),
    Column("updated_at", DateTime(timezone=False), nullable=False, server_default=UTC_NOW),
    Column("scope", Text, nullable=False),
    Column("message_ids", ARRAY(Text), nullable=False, comment="The points that it covers."),
    Column(
        "input_hash", Text, nullable=False, comment="Of ids, contents and engine version: equal means nothing to do."
    ),
    Column(
        "state",
        Text,
        nullable=False,
        server_default="final",
        comment="'provisional' until the model is asked; 'degraded': it failed, and is asked again.",
    ),
    Column("decisions", ARRAY(Text), comment="Decisions and plans; null where the engine does not look for them."),
    Column("open_questions", ARRAY(Text), comment="Likewise: questions that nobody answered."),
    Column(
        "words",
        TSVECTOR,
        Computed("to_tsvector('simple'::regconfig, summary_text)", persisted=True),
        comment="Of the summary, for the search by words.",
    ),
    Column(
        "archived_at",
        DateTime(timezone=True),
        comment="When it was put away: its digests answer for it; null: in use.",
    ),
    UniqueConstraint("user_id", "bot_name", "start_timestamp", "end_timestamp", "scope"),
    CheckConstraint("start_timestamp < end_timestamp", name="window"),
    CheckConstraint("state IN ('final', 'provisional', 'degraded')", name="state"),
    Index("conversation_summaries_user_idx", "user_id", "bot_name"),
    Index("conversation_summaries_time_idx", "start_timestamp", "end_timestamp"),
    Index("conversation_summaries_created_at_idx", "created_at"),
    Index("conversation_summaries_topics_idx", "key_topics", postgresql_using="gin"),
    comment="One row a user, bot, window and scope.",
)

summary_vectors = Table(
    "summary_vectors",
    metadata,
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("start_timestamp", DateTime(timezone=False), nullable=False),
    Column("end_timestamp", DateTime(timezone=False), nullable=False),
    Column("scope", Text, nullable=False),
    Column("input_hash", Text, nullable=False, comment="Of the summary that the vector was made with."),
    Column("stored", Boolean, nullable=False, comment="False where no message of the window has a vector."),
    Column(
        "terms",
        ARRAY(Integer),
        comment="Hashes of the words of the messages, ascending, each once; null is not made yet.",
    ),
    PrimaryKeyConstraint("bot_name", "user_id", "start_timestamp", "end_timestamp", "scope"),
    comment="What the messages of each summary are found by: whether they have a vector in the message store, and their "
    "words as hashes.",
)

summary_rollups = Table(
    "summary_rollups",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String(255), nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("period", Text, nullable=False),
    Column("start_date", Date, nullable=False),
    Column("end_date", Date, nullable=False, comment="Exclusive."),
    Column("scope", Text, nullable=False),
    Column("summary_text", Text, nullable=False),
    Column("key_topics", ARRAY(Text), nullable=False),
    Column("emotional_tone", String(50)),
    Column("decisions", ARRAY(Text), nullable=False),
    Column("open_questions", ARRAY(Text), nullable=False),
    Column("window_count", Integer, nullable=False),
    Column("message_count", Integer, nullable=False),
    Column("confidence_score", Double),
    Column("state", Text, nullable=False, server_default="final"),
    Column("engine_version", Text, nullable=False),
    Column("input_hash", Text, nullable=False, comment="Of the windows and facts that it was made from."),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("updated_at", DateTime(timezone=True), nullable=False),
    UniqueConstraint("user_id", "bot_name", "period", "start_date", "scope"),
    CheckConstraint("period IN ('week', 'month')", name="period"),
    CheckConstraint("state IN ('final', 'provisional', 'degraded')", name="state"),
    CheckConstraint("scope IN ('dm', 'shared')", name="scope"),
    comment="What a week or month with a user came to: from its windows' summaries, their facts and words.",
)

enrichment_metadata = Table(
    "enrichment_metadata",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("collection_name", String(255), nullable=False),
    Column("last_enrichment_run", DateTime(timezone=False), nullable=False),
    Column("messages_processed", Integer, nullable=False),
    Column("facts_extracted", Integer, nullable=False),
    Column("summaries_created", Integer, nullable=False),
    Column("processing_duration_seconds", Double, nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("day", Date, nullable=False),
    Column("run_id", Text, nullable=False),
    UniqueConstraint("collection_name", "day", "last_enrichment_run"),
    Index("enrichment_metadata_collection_name_idx", "collection_name"),
    Index("enrichment_metadata_last_enrichment_run_idx", "last_enrichment_run"),
    comment="One row a collection, day and run.",
)

stage_runs = Table(
    "stage_runs",
    metadata,
    Column("run_id", Text, nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("day", Date, nullable=False),
    Column("stage", Text, nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("seconds", Double, nullable=False),
    Column("counts", JSONB, nullable=False),
    PrimaryKeyConstraint("run_id", "bot_name", "day", "stage"),
    comment="What each stage of each run did to each partition.",
)

reconciliations = Table(
    "reconciliations",
    metadata,
    Column("bot_name", String(100), primary_key=True),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("points_in_store", BigInteger, nullable=False),
    Column("counts", JSONB, nullable=False),
    comment="The last full walk over each bot's points.",
)

model_versions = Table(
    "model_versions",
    metadata,
    Column("version", String(50), primary_key=True),
    Column("purpose", Text, nullable=False),
    Column("prompt_version", Text, nullable=False, comment="Hash of instructions and answer schema."),
    Column("model", Text, nullable=False),
    Column("settings", JSONB, nullable=False, comment="What else the answer depends on: temperature, lengths."),
    Column("first_used_at", DateTime(timezone=True), nullable=False),
    comment="What the short version on a row that a model made stands for.",
)

model_calls = Table(
    "model_calls",
    metadata,
    Column("id", BigInteger, primary_key=True),
    Column("called_at", DateTime(timezone=True), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("day", Date, nullable=False, comment="UTC day of the first message that was sent."),
    Column("purpose", Text, nullable=False),
    Column("prompt_version", Text, nullable=False),
    Column("request_key", Text, nullable=False),
    Column("messages", Integer, nullable=False, comment="Sent as content, not as context."),
    Column("model_asked", Text, nullable=False),
    Column("model_answered", Text, comment="What the provider says it was."),
    Column("tokens_in", Integer, nullable=False, comment="The reservation until the call is settled."),
    Column("tokens_cached", Integer, nullable=False, server_default="0", comment="Of tokens_in."),
    Column("tokens_out", Integer, nullable=False),
    Column("cost", Numeric(14, 8), comment="US dollars; null where neither provider nor price table says."),
    Column("latency_seconds", Double),
    Column("outcome", Text, nullable=False),
    CheckConstraint(
        "outcome IN ('reserved', 'answered', 'invalid', 'refused', 'too_long', 'unavailable', 'lost')", name="outcome"
    ),
    Index("model_calls_called_at_idx", "called_at"),
    Index("model_calls_bot_idx", "bot_name", "called_at"),
    Index("model_calls_run_idx", "run_id"),
    Index("model_calls_reserved_idx", "called_at", postgresql_where=text("outcome = 'reserved'")),
    comment="Every call of a model: what it was for, what it took, what came of it. Budgets are held against it.",
)

model_call_days = Table(
    "model_call_days",
    metadata,
    Column("called_on", Date, nullable=False, comment="UTC day of the calls."),
    Column("bot_name", String(100), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("model", Text, nullable=False, comment="That which the provider says it was."),
    Column("calls", Integer, nullable=False),
    Column("messages", BigInteger, nullable=False, comment="Sent as content, with an answer that passed the checks."),
    Column("tokens_in", BigInteger, nullable=False),
    Column("tokens_cached", BigInteger, nullable=False),
    Column("tokens_out", BigInteger, nullable=False),
    Column("cost", Numeric(18, 8), nullable=False, comment="US dollars, of the calls whose price is known."),
    Column("failures", Integer, nullable=False, comment="Of calls: those without a usable answer."),
    Column("lost", Integer, nullable=False, comment="Of failures: those that nobody knows the end of."),
    Column("unpriced", Integer, nullable=False, comment="Of calls: those whose price is not known."),
    PrimaryKeyConstraint("called_on", "bot_name", "purpose", "model"),
    comment="What calls took that are older than LLM_CALL_RETENTION_DAYS: sums a day, bot, purpose and model.",
)

model_spending = Table(
    "model_spending",
    metadata,
    Column("holder", Text, nullable=False),
    Column("period", Text, nullable=False, comment="UTC day; empty for a run, whose budget knows no day."),
    Column("name", Text, nullable=False, comment="Bot, user or run; empty for the budget of the whole day."),
    Column("tokens", BigInteger, nullable=False, comment="In and out, with what is reserved."),
    Column("tokens_open", BigInteger, nullable=False, comment="Of tokens: reserved by calls under way."),
    Column(
        "cost", Numeric(18, 8), nullable=False, comment="US dollars, likewise; calls without a known price add none."
    ),
    Column("cost_open", Numeric(18, 8), nullable=False, comment="Of cost: reserved by calls under way."),
    Column("changed_at", DateTime(timezone=True), nullable=False),
    PrimaryKeyConstraint("holder", "period", "name"),
    CheckConstraint("holder IN ('day', 'bot', 'user', 'run')", name="holder"),
    comment="Running sums over model_calls, so that a budget is held without summing up a day's calls.",
)

model_answers = Table(
    "model_answers",
    metadata,
    Column("request_key", Text, primary_key=True, comment="Hash of everything that was asked."),
    Column("call_id", BigInteger),
    Column("bot_name", String(100), nullable=False),
    Column("user_id", String(255), nullable=False),
    Column("purpose", Text, nullable=False),
    Column("version", String(50), nullable=False),
    Column("point_ids", ARRAY(Text), nullable=False, comment="Of the messages sent as content, in order."),
    Column("content_hashes", ARRAY(Text), nullable=False, comment="Theirs, in the same order."),
    Column("answer", Text, nullable=False, comment="As it came."),
    Column("received_at", DateTime(timezone=True), nullable=False),
    Column(
        "usable", Boolean, nullable=False, server_default=text("true"), comment="False: it did not pass the checks."
    ),
    Column("failure", Text, comment="Why there is no usable answer; null where there is."),
    Column(
        "tries",
        SmallInteger,
        nullable=False,
        server_default=text("0"),
        comment="How often the question was put and got no usable answer.",
    ),
    Index("model_answers_user_idx", "bot_name", "user_id", "version"),
    Index("model_answers_received_at_idx", "received_at"),
    comment="Raw answers, kept before they are parsed, so that none is paid for twice. Erased with the user, pruned by age.",
)

model_traits = Table(
    "model_traits",
    metadata,
    Column("base_url", Text, nullable=False),
    Column("model", Text, nullable=False),
    Column("structured_output", Text, comment="The way that worked; null where none is known yet."),
    Column("detected_at", DateTime(timezone=True), nullable=False),
    Column(
        "refused_parameters",
        ARRAY(Text),
        nullable=False,
        server_default=text("'{}'"),
        comment="Of max_tokens and temperature: it is asked without these.",
    ),
    PrimaryKeyConstraint("base_url", "model"),
    CheckConstraint("structured_output IN ('json_schema', 'json_object', 'none')", name="structured_output"),
    comment="What each server was found to support.",
)

model_batches = Table(
    "model_batches",
    metadata,
    Column("id", UUID(as_uuid=False), primary_key=True),
    Column("bot_name", String(100), nullable=False),
    Column("run_id", Text, nullable=False),
    Column("base_url", Text, nullable=False),
    Column("provider_id", Text, comment="Null until the provider has answered."),
    Column("state", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True)),
    Column("requests", JSONB, nullable=False, comment="What each request key stands for; no message text."),
    Column("failure", Text),
    CheckConstraint("state IN ('preparing', 'submitted', 'collected', 'failed')", name="state"),
    comment="Backfills handed to a provider's batch endpoint.",
)
