"""The pipeline: ledger, facts, summaries, run records."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = (
    """
    CREATE TABLE bot_profiles (
        bot_name VARCHAR(100) NOT NULL,
        display_name TEXT NOT NULL,
        CONSTRAINT bot_profiles_pkey PRIMARY KEY (bot_name)
    )
    """,
    """COMMENT ON TABLE bot_profiles IS 'How to name a bot in a sentence, where its collection''s name does not say.'""",
    """
    CREATE TABLE conversation_summaries (
        id SERIAL NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        summary_text TEXT NOT NULL,
        summary_type VARCHAR(50) DEFAULT 'time_window' NOT NULL,
        start_timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        end_timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        message_count INTEGER NOT NULL,
        key_topics TEXT[],
        emotional_tone VARCHAR(50),
        compression_ratio DOUBLE PRECISION,
        confidence_score DOUBLE PRECISION,
        enrichment_version VARCHAR(50) NOT NULL,
        created_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'utc') NOT NULL,
        updated_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'utc') NOT NULL,
        scope TEXT NOT NULL,
        message_ids TEXT[] NOT NULL,
        input_hash TEXT NOT NULL,
        CONSTRAINT conversation_summaries_pkey PRIMARY KEY (id),
        CONSTRAINT conversation_summaries_user_id_bot_name_start_timestamp_24ce UNIQUE (user_id, bot_name, start_timestamp, end_timestamp, scope),
        CONSTRAINT conversation_summaries_window_check CHECK (start_timestamp < end_timestamp)
    )
    """,
    """CREATE INDEX conversation_summaries_created_at_idx ON conversation_summaries (created_at)""",
    """CREATE INDEX conversation_summaries_time_idx ON conversation_summaries (start_timestamp, end_timestamp)""",
    """CREATE INDEX conversation_summaries_topics_idx ON conversation_summaries USING gin (key_topics)""",
    """CREATE INDEX conversation_summaries_user_idx ON conversation_summaries (user_id, bot_name)""",
    """COMMENT ON TABLE conversation_summaries IS 'One row a user, bot, window and scope.'""",
    """COMMENT ON COLUMN conversation_summaries.end_timestamp IS 'Exclusive.'""",
    """COMMENT ON COLUMN conversation_summaries.message_ids IS 'The points that it covers.'""",
    """COMMENT ON COLUMN conversation_summaries.input_hash IS 'Of ids, contents and engine version: equal means nothing to do.'""",
    """
    CREATE TABLE enrichment_metadata (
        id SERIAL NOT NULL,
        collection_name VARCHAR(255) NOT NULL,
        last_enrichment_run TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        messages_processed INTEGER NOT NULL,
        facts_extracted INTEGER NOT NULL,
        summaries_created INTEGER NOT NULL,
        processing_duration_seconds DOUBLE PRECISION NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        day DATE NOT NULL,
        run_id TEXT NOT NULL,
        CONSTRAINT enrichment_metadata_pkey PRIMARY KEY (id),
        CONSTRAINT enrichment_metadata_collection_name_day_last_enrichment_run_key UNIQUE (collection_name, day, last_enrichment_run)
    )
    """,
    """CREATE INDEX enrichment_metadata_collection_name_idx ON enrichment_metadata (collection_name)""",
    """CREATE INDEX enrichment_metadata_last_enrichment_run_idx ON enrichment_metadata (last_enrichment_run)""",
    """COMMENT ON TABLE enrichment_metadata IS 'One row a collection, day and run.'""",
    """
    CREATE TABLE fact_assertions (
        bot_name VARCHAR(100) NOT NULL,
        point_id TEXT NOT NULL,
        ordinal SMALLINT NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        day DATE NOT NULL,
        said_at TIMESTAMP WITH TIME ZONE NOT NULL,
        scope TEXT NOT NULL,
        category VARCHAR(50) NOT NULL,
        attribute TEXT NOT NULL,
        value TEXT NOT NULL,
        statement TEXT NOT NULL,
        polarity TEXT NOT NULL,
        tense TEXT NOT NULL,
        holds_from DATE,
        holds_to DATE,
        confidence DOUBLE PRECISION NOT NULL,
        span_start INTEGER NOT NULL,
        span_end INTEGER NOT NULL,
        quote TEXT NOT NULL,
        rule TEXT NOT NULL,
        engine_version TEXT NOT NULL,
        extracted_at TIMESTAMP WITH TIME ZONE NOT NULL,
        source_collection VARCHAR(255) NOT NULL,
        CONSTRAINT fact_assertions_pkey PRIMARY KEY (bot_name, point_id, ordinal)
    )
    """,
    """CREATE INDEX fact_assertions_user_idx ON fact_assertions (bot_name, user_id)""",
    """COMMENT ON TABLE fact_assertions IS 'What each message supports. Owned by the message''s partition; everything else about facts is folded from it.'""",
    """COMMENT ON COLUMN fact_assertions.statement IS 'With {user} in place of the person.'""",
    """
    CREATE TABLE fact_versions (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        fact_key TEXT NOT NULL,
        ordinal SMALLINT NOT NULL,
        category VARCHAR(50) NOT NULL,
        attribute TEXT NOT NULL,
        value TEXT NOT NULL,
        fact_content TEXT NOT NULL,
        valid_from DATE,
        valid_to DATE,
        known_from TIMESTAMP WITH TIME ZONE NOT NULL,
        known_to TIMESTAMP WITH TIME ZONE,
        superseded_by TEXT,
        reason TEXT NOT NULL,
        scope TEXT NOT NULL,
        tense TEXT NOT NULL,
        confidence DOUBLE PRECISION NOT NULL,
        message_ids TEXT[] NOT NULL,
        ended_by TEXT[] NOT NULL,
        CONSTRAINT fact_versions_pkey PRIMARY KEY (bot_name, user_id, fact_key, ordinal)
    )
    """,
    """COMMENT ON TABLE fact_versions IS 'The history of facts: when each held in the world, and from when to when it was believed.'""",
    """COMMENT ON COLUMN fact_versions.message_ids IS 'The points that support it.'""",
    """COMMENT ON COLUMN fact_versions.ended_by IS 'The points that ended it.'""",
    """
    CREATE TABLE leases (
        resource TEXT NOT NULL,
        token BIGINT NOT NULL,
        holder TEXT NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT leases_pkey PRIMARY KEY (resource)
    )
    """,
    """COMMENT ON TABLE leases IS 'Who works on what, for how long.'""",
    """COMMENT ON COLUMN leases.token IS 'Grows with every holder; a write with an old one is refused.'""",
    """
    CREATE TABLE message_ledger (
        bot_name VARCHAR(100) NOT NULL,
        point_id TEXT NOT NULL,
        collection VARCHAR(255) NOT NULL,
        user_id VARCHAR(255),
        event_time TIMESTAMP WITH TIME ZONE,
        day DATE NOT NULL,
        scope TEXT NOT NULL,
        parts SMALLINT DEFAULT '0' NOT NULL,
        duplicate_parts SMALLINT DEFAULT '0' NOT NULL,
        user_text_hash BIGINT,
        bot_text_hash BIGINT,
        content_hash TEXT NOT NULL,
        revision INTEGER DEFAULT '0' NOT NULL,
        disposition TEXT NOT NULL,
        reason TEXT,
        clock_skew_seconds DOUBLE PRECISION,
        first_seen_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        facts_state TEXT DEFAULT 'waiting' NOT NULL,
        facts_version TEXT,
        facts_attempts SMALLINT DEFAULT '0' NOT NULL,
        facts_next_at TIMESTAMP WITH TIME ZONE,
        facts_reason TEXT,
        summary_state TEXT DEFAULT 'waiting' NOT NULL,
        summary_version TEXT,
        summary_attempts SMALLINT DEFAULT '0' NOT NULL,
        summary_next_at TIMESTAMP WITH TIME ZONE,
        summary_reason TEXT,
        mark_state TEXT DEFAULT 'waiting' NOT NULL,
        mark_version TEXT,
        mark_attempts SMALLINT DEFAULT '0' NOT NULL,
        mark_next_at TIMESTAMP WITH TIME ZONE,
        mark_reason TEXT,
        CONSTRAINT message_ledger_pkey PRIMARY KEY (bot_name, point_id),
        CONSTRAINT message_ledger_facts_state_check CHECK (facts_state IN ('waiting', 'done', 'dead', 'left_out')),
        CONSTRAINT message_ledger_summary_state_check CHECK (summary_state IN ('waiting', 'done', 'dead', 'left_out')),
        CONSTRAINT message_ledger_mark_state_check CHECK (mark_state IN ('waiting', 'done', 'dead', 'left_out')),
        CONSTRAINT message_ledger_scope_check CHECK (scope IN ('dm', 'shared')),
        CONSTRAINT message_ledger_disposition_check CHECK (disposition IN ('conversation', 'left_out', 'quarantined', 'deleted'))
    )
    """,
    """CREATE INDEX message_ledger_day_idx ON message_ledger (bot_name, day)""",
    """CREATE INDEX message_ledger_open_idx ON message_ledger (bot_name, day) WHERE facts_state = 'waiting' OR summary_state = 'waiting' OR mark_state = 'waiting'""",
    """CREATE INDEX message_ledger_user_idx ON message_ledger (bot_name, user_id, event_time)""",
    """COMMENT ON TABLE message_ledger IS 'One row a message point: what intake decided about it, and how far each stage is. The truth about progress.'""",
    """COMMENT ON COLUMN message_ledger.day IS 'UTC day of the event; of discovery where there is no usable time.'""",
    """COMMENT ON COLUMN message_ledger.parts IS 'Bits: 1 the user''s words, 2 the bot''s.'""",
    """COMMENT ON COLUMN message_ledger.duplicate_parts IS 'Bits stored elsewhere too.'""",
    """COMMENT ON COLUMN message_ledger.revision IS 'Grows when intake changes the row; a stage moves the row only at the revision that it read.'""",
    """COMMENT ON COLUMN message_ledger.facts_version IS 'Version of the engine whose result is stored.'""",
    """COMMENT ON COLUMN message_ledger.facts_next_at IS 'Not before then; null is at once.'""",
    """COMMENT ON COLUMN message_ledger.facts_reason IS 'Outcome when done; why it waits or was set aside otherwise.'""",
    """COMMENT ON COLUMN message_ledger.summary_version IS 'Version of the engine whose result is stored.'""",
    """COMMENT ON COLUMN message_ledger.summary_next_at IS 'Not before then; null is at once.'""",
    """COMMENT ON COLUMN message_ledger.summary_reason IS 'Outcome when done; why it waits or was set aside otherwise.'""",
    """COMMENT ON COLUMN message_ledger.mark_version IS 'Version of the engine whose result is stored.'""",
    """COMMENT ON COLUMN message_ledger.mark_next_at IS 'Not before then; null is at once.'""",
    """COMMENT ON COLUMN message_ledger.mark_reason IS 'Outcome when done; why it waits or was set aside otherwise.'""",
    """
    CREATE TABLE quarantine (
        bot_name VARCHAR(100) NOT NULL,
        point_id TEXT NOT NULL,
        collection VARCHAR(255) NOT NULL,
        reason TEXT NOT NULL,
        day DATE NOT NULL,
        payload_shape JSONB NOT NULL,
        discovered_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT quarantine_pkey PRIMARY KEY (bot_name, point_id)
    )
    """,
    """COMMENT ON TABLE quarantine IS 'Points that cannot be read as messages, with the reason.'""",
    """COMMENT ON COLUMN quarantine.payload_shape IS 'Field names and types, never values.'""",
    """
    CREATE TABLE reconciliations (
        bot_name VARCHAR(100) NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
        points_in_store BIGINT NOT NULL,
        counts JSONB NOT NULL,
        CONSTRAINT reconciliations_pkey PRIMARY KEY (bot_name)
    )
    """,
    """COMMENT ON TABLE reconciliations IS 'The last full walk over each bot''s points.'""",
    """
    CREATE TABLE stage_runs (
        run_id TEXT NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        day DATE NOT NULL,
        stage TEXT NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE NOT NULL,
        seconds DOUBLE PRECISION NOT NULL,
        counts JSONB NOT NULL,
        CONSTRAINT stage_runs_pkey PRIMARY KEY (run_id, bot_name, day, stage)
    )
    """,
    """COMMENT ON TABLE stage_runs IS 'What each stage of each run did to each partition.'""",
    """
    CREATE TABLE stale_windows (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        day DATE NOT NULL,
        reason TEXT NOT NULL,
        CONSTRAINT stale_windows_pkey PRIMARY KEY (bot_name, user_id, day)
    )
    """,
    """COMMENT ON TABLE stale_windows IS 'Days of a user that lost a message to another day or user, so that no ledger row asks for their summary.'""",
    """
    CREATE TABLE store_identity (
        single BOOLEAN DEFAULT true NOT NULL,
        ledger_id UUID DEFAULT gen_random_uuid() NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT store_identity_pkey PRIMARY KEY (single),
        CONSTRAINT store_identity_single_row_check CHECK (single)
    )
    """,
    """COMMENT ON TABLE store_identity IS 'One row: the id that marks in the message store must carry to count for this database.'""",
    """
    CREATE TABLE user_facts (
        id SERIAL NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        category VARCHAR(50) NOT NULL,
        fact_content TEXT NOT NULL,
        confidence DOUBLE PRECISION NOT NULL,
        extracted_at TIMESTAMP WITHOUT TIME ZONE DEFAULT (now() AT TIME ZONE 'utc') NOT NULL,
        source_collection VARCHAR(255) NOT NULL,
        fact_key TEXT NOT NULL,
        attribute TEXT NOT NULL,
        value TEXT NOT NULL,
        scope TEXT NOT NULL,
        tense TEXT NOT NULL,
        mentions INTEGER NOT NULL,
        first_said_at TIMESTAMP WITH TIME ZONE NOT NULL,
        last_said_at TIMESTAMP WITH TIME ZONE NOT NULL,
        valid_from DATE,
        valid_to DATE,
        engine_version TEXT NOT NULL,
        CONSTRAINT user_facts_pkey PRIMARY KEY (id),
        CONSTRAINT user_facts_user_id_bot_name_fact_content_key UNIQUE (user_id, bot_name, fact_content),
        CONSTRAINT user_facts_length_check CHECK (length(fact_content) <= 500),
        CONSTRAINT user_facts_confidence_check CHECK (confidence > 0 AND confidence < 1)
    )
    """,
    """CREATE INDEX user_facts_category_idx ON user_facts (category)""",
    """CREATE INDEX user_facts_extracted_at_idx ON user_facts (extracted_at)""",
    """CREATE INDEX user_facts_user_idx ON user_facts (user_id, bot_name)""",
    """COMMENT ON TABLE user_facts IS 'What is known of a user now: a fold over fact_assertions.'""",
    """
    CREATE TABLE user_profiles (
        user_id VARCHAR(255) NOT NULL,
        display_name TEXT,
        name_source TEXT,
        updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT user_profiles_pkey PRIMARY KEY (user_id)
    )
    """,
    """COMMENT ON TABLE user_profiles IS 'How to name a person.'""",
    """COMMENT ON COLUMN user_profiles.name_source IS '''loaded'', ''platform'' or ''inferred''.'""",
    """
    CREATE TABLE fact_evidence (
        fact_id INTEGER NOT NULL,
        point_id TEXT NOT NULL,
        span_start INTEGER NOT NULL,
        span_end INTEGER NOT NULL,
        quote TEXT NOT NULL,
        said_at TIMESTAMP WITH TIME ZONE NOT NULL,
        scope TEXT NOT NULL,
        CONSTRAINT fact_evidence_pkey PRIMARY KEY (fact_id, point_id, span_start, span_end),
        CONSTRAINT fact_evidence_fact_id_fkey FOREIGN KEY(fact_id) REFERENCES user_facts (id) ON DELETE CASCADE
    )
    """,
    """CREATE INDEX fact_evidence_point_idx ON fact_evidence (point_id)""",
    """COMMENT ON TABLE fact_evidence IS 'The words that each current fact rests on.'""",
    "INSERT INTO store_identity DEFAULT VALUES",
)

NAMES = ("fact_evidence", "user_profiles", "user_facts", "store_identity", "stale_windows", "stage_runs", "reconciliations", "quarantine", "message_ledger", "leases", "fact_versions", "fact_assertions", "enrichment_metadata", "conversation_summaries", "bot_profiles")


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    for name in NAMES:
        op.execute(f"DROP TABLE {name}")
