"""The strategic caches: features by day, six caches, snapshots; the worker's heartbeat; feedback from the bots."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE strategic_features (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        day DATE NOT NULL,
        messages INTEGER NOT NULL,
        last_at TIMESTAMP WITH TIME ZONE,
        content_key BIGINT NOT NULL,
        fingerprint BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        features JSONB NOT NULL,
        measures JSONB NOT NULL,
        CONSTRAINT strategic_features_pkey PRIMARY KEY (bot_name, user_id, day)
    )
    """,
    """CREATE INDEX strategic_features_redo_idx ON strategic_features (bot_name, day) WHERE content_key = -1""",
    """COMMENT ON TABLE strategic_features IS 'What the strategic engines need of a user''s day with a bot. No message text but short open questions.'""",
    """COMMENT ON COLUMN strategic_features.last_at IS 'Of the last message; null where only reactions are left.'""",
    """COMMENT ON COLUMN strategic_features.content_key IS 'Of the ledger rows that it was made from.'""",
    """COMMENT ON COLUMN strategic_features.fingerprint IS 'Of content key and engine version, under 2^48: sums are keys.'""",
    """COMMENT ON COLUMN strategic_features.measures IS 'What the bot-wide row is made from.'""",
    """
    CREATE TABLE strategic_memory_health (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        memory_snapshot JSONB NOT NULL,
        avg_memory_age_hours DOUBLE PRECISION,
        retrieval_frequency_trend TEXT,
        forgetting_risk_memories JSONB,
        details JSONB NOT NULL,
        reasons JSONB NOT NULL,
        computed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        read_up_to TIMESTAMP WITH TIME ZONE NOT NULL,
        messages_read INTEGER NOT NULL,
        input_key BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        CONSTRAINT strategic_memory_health_pkey PRIMARY KEY (id),
        CONSTRAINT strategic_memory_health_user_id_bot_name_key UNIQUE (user_id, bot_name)
    )
    """,
    """CREATE INDEX strategic_memory_health_expires_at_idx ON strategic_memory_health (expires_at)""",
    """COMMENT ON TABLE strategic_memory_health IS 'How old and how retrievable the memories of a user are.'""",
    """COMMENT ON COLUMN strategic_memory_health.details IS 'All else that was computed, by engine.'""",
    """COMMENT ON COLUMN strategic_memory_health.reasons IS 'Why a value is null, by its name.'""",
    """COMMENT ON COLUMN strategic_memory_health.read_up_to IS 'Time of the newest message that was read.'""",
    """COMMENT ON COLUMN strategic_memory_health.input_key IS 'Of the features and facts that it was made from.'""",
    """
    CREATE TABLE strategic_character_performance (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id VARCHAR(255),
        bot_name VARCHAR(100) NOT NULL,
        time_window_hours INTEGER DEFAULT '168' NOT NULL,
        engagement_score_avg DOUBLE PRECISION,
        satisfaction_score_avg DOUBLE PRECISION,
        coherence_score_avg DOUBLE PRECISION,
        personality_consistency_index DOUBLE PRECISION,
        quality_trend TEXT,
        recent_anomalies JSONB,
        details JSONB NOT NULL,
        reasons JSONB NOT NULL,
        computed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        read_up_to TIMESTAMP WITH TIME ZONE NOT NULL,
        messages_read INTEGER NOT NULL,
        input_key BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        CONSTRAINT strategic_character_performance_pkey PRIMARY KEY (id)
    )
    """,
    """CREATE UNIQUE INDEX strategic_character_performance_bot_key ON strategic_character_performance (bot_name, time_window_hours) WHERE user_id IS NULL""",
    """CREATE INDEX strategic_character_performance_expires_at_idx ON strategic_character_performance (expires_at)""",
    """CREATE UNIQUE INDEX strategic_character_performance_pair_key ON strategic_character_performance (user_id, bot_name, time_window_hours) WHERE user_id IS NOT NULL""",
    """COMMENT ON TABLE strategic_character_performance IS 'How a bot does: with each user, and over all (user_id null).'""",
    """COMMENT ON COLUMN strategic_character_performance.details IS 'All else that was computed, by engine.'""",
    """COMMENT ON COLUMN strategic_character_performance.reasons IS 'Why a value is null, by its name.'""",
    """COMMENT ON COLUMN strategic_character_performance.read_up_to IS 'Time of the newest message that was read.'""",
    """COMMENT ON COLUMN strategic_character_performance.input_key IS 'Of the features and facts that it was made from.'""",
    """
    CREATE TABLE strategic_personality_profiles (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        dominant_traits JSONB,
        user_response_patterns JSONB,
        adaptation_suggestions JSONB,
        trait_evolution_history JSONB,
        details JSONB NOT NULL,
        reasons JSONB NOT NULL,
        computed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        read_up_to TIMESTAMP WITH TIME ZONE NOT NULL,
        messages_read INTEGER NOT NULL,
        input_key BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        CONSTRAINT strategic_personality_profiles_pkey PRIMARY KEY (id),
        CONSTRAINT strategic_personality_profiles_user_id_bot_name_key UNIQUE (user_id, bot_name)
    )
    """,
    """CREATE INDEX strategic_personality_profiles_expires_at_idx ON strategic_personality_profiles (expires_at)""",
    """COMMENT ON TABLE strategic_personality_profiles IS 'How a user meets the bot''s personality, and the user''s own style.'""",
    """COMMENT ON COLUMN strategic_personality_profiles.details IS 'All else that was computed, by engine.'""",
    """COMMENT ON COLUMN strategic_personality_profiles.reasons IS 'Why a value is null, by its name.'""",
    """COMMENT ON COLUMN strategic_personality_profiles.read_up_to IS 'Time of the newest message that was read.'""",
    """COMMENT ON COLUMN strategic_personality_profiles.input_key IS 'Of the features and facts that it was made from.'""",
    """
    CREATE TABLE strategic_conversation_patterns (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        recent_topics JSONB,
        avg_topic_duration_minutes DOUBLE PRECISION,
        context_switch_frequency DOUBLE PRECISION,
        predicted_switch_likelihood DOUBLE PRECISION,
        topic_transition_graph JSONB,
        details JSONB NOT NULL,
        reasons JSONB NOT NULL,
        computed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        read_up_to TIMESTAMP WITH TIME ZONE NOT NULL,
        messages_read INTEGER NOT NULL,
        input_key BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        CONSTRAINT strategic_conversation_patterns_pkey PRIMARY KEY (id),
        CONSTRAINT strategic_conversation_patterns_user_id_bot_name_key UNIQUE (user_id, bot_name)
    )
    """,
    """CREATE INDEX strategic_conversation_patterns_expires_at_idx ON strategic_conversation_patterns (expires_at)""",
    """COMMENT ON TABLE strategic_conversation_patterns IS 'Topics and their changes, and how a user talks.'""",
    """COMMENT ON COLUMN strategic_conversation_patterns.context_switch_frequency IS 'An hour of conversation.'""",
    """COMMENT ON COLUMN strategic_conversation_patterns.details IS 'All else that was computed, by engine.'""",
    """COMMENT ON COLUMN strategic_conversation_patterns.reasons IS 'Why a value is null, by its name.'""",
    """COMMENT ON COLUMN strategic_conversation_patterns.read_up_to IS 'Time of the newest message that was read.'""",
    """COMMENT ON COLUMN strategic_conversation_patterns.input_key IS 'Of the features and facts that it was made from.'""",
    """
    CREATE TABLE strategic_memory_behavior (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        forgetting_curve_params JSONB,
        high_retention_memories JSONB,
        low_retention_memories JSONB,
        recall_simulation_score DOUBLE PRECISION,
        details JSONB NOT NULL,
        reasons JSONB NOT NULL,
        computed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        read_up_to TIMESTAMP WITH TIME ZONE NOT NULL,
        messages_read INTEGER NOT NULL,
        input_key BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        CONSTRAINT strategic_memory_behavior_pkey PRIMARY KEY (id),
        CONSTRAINT strategic_memory_behavior_user_id_bot_name_key UNIQUE (user_id, bot_name)
    )
    """,
    """CREATE INDEX strategic_memory_behavior_expires_at_idx ON strategic_memory_behavior (expires_at)""",
    """COMMENT ON TABLE strategic_memory_behavior IS 'How this user comes back to what was talked about.'""",
    """COMMENT ON COLUMN strategic_memory_behavior.details IS 'All else that was computed, by engine.'""",
    """COMMENT ON COLUMN strategic_memory_behavior.reasons IS 'Why a value is null, by its name.'""",
    """COMMENT ON COLUMN strategic_memory_behavior.read_up_to IS 'Time of the newest message that was read.'""",
    """COMMENT ON COLUMN strategic_memory_behavior.input_key IS 'Of the features and facts that it was made from.'""",
    """
    CREATE TABLE strategic_engagement_opportunities (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        optimal_timing_hours DOUBLE PRECISION,
        receptivity_score DOUBLE PRECISION,
        suggested_topics JSONB,
        last_engagement_gap_hours DOUBLE PRECISION,
        proactive_success_rate DOUBLE PRECISION,
        details JSONB NOT NULL,
        reasons JSONB NOT NULL,
        computed_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
        read_up_to TIMESTAMP WITH TIME ZONE NOT NULL,
        messages_read INTEGER NOT NULL,
        input_key BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        CONSTRAINT strategic_engagement_opportunities_pkey PRIMARY KEY (id),
        CONSTRAINT strategic_engagement_opportunities_user_id_bot_name_key UNIQUE (user_id, bot_name)
    )
    """,
    """CREATE INDEX strategic_engagement_opportunities_expires_at_idx ON strategic_engagement_opportunities (expires_at)""",
    """COMMENT ON TABLE strategic_engagement_opportunities IS 'When and about what to reach out to a user, if at all.'""",
    """COMMENT ON COLUMN strategic_engagement_opportunities.optimal_timing_hours IS 'After the last message.'""",
    """COMMENT ON COLUMN strategic_engagement_opportunities.details IS 'All else that was computed, by engine.'""",
    """COMMENT ON COLUMN strategic_engagement_opportunities.reasons IS 'Why a value is null, by its name.'""",
    """COMMENT ON COLUMN strategic_engagement_opportunities.read_up_to IS 'Time of the newest message that was read.'""",
    """COMMENT ON COLUMN strategic_engagement_opportunities.input_key IS 'Of the features and facts that it was made from.'""",
    """
    CREATE TABLE strategic_snapshots (
        cache TEXT NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        day DATE NOT NULL,
        row JSONB NOT NULL,
        computed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        input_key BIGINT NOT NULL,
        engine_version TEXT NOT NULL,
        stale BOOLEAN DEFAULT false NOT NULL,
        CONSTRAINT strategic_snapshots_pkey PRIMARY KEY (bot_name, user_id, cache, day)
    )
    """,
    """CREATE INDEX strategic_snapshots_day_idx ON strategic_snapshots (day)""",
    """CREATE INDEX strategic_snapshots_stale_idx ON strategic_snapshots (bot_name, day) WHERE stale""",
    """COMMENT ON TABLE strategic_snapshots IS 'The caches by day, with retention.'""",
    """COMMENT ON COLUMN strategic_snapshots.user_id IS 'Empty for the bot-wide row.'""",
    """COMMENT ON COLUMN strategic_snapshots.day IS 'As of its end, or of the last computation where it is today.'""",
    """COMMENT ON COLUMN strategic_snapshots.row IS 'The cache row as it was.'""",
    """COMMENT ON COLUMN strategic_snapshots.stale IS 'A late message came on an earlier day.'""",
    """
    CREATE TABLE worker_heartbeats (
        bot_name VARCHAR(100) NOT NULL,
        beat_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT worker_heartbeats_pkey PRIMARY KEY (bot_name)
    )
    """,
    """COMMENT ON TABLE worker_heartbeats IS 'When the worker last looked after a bot. After ten minutes of silence its cache rows count as stale.'""",
    """
    CREATE TABLE feedback (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        score DOUBLE PRECISION NOT NULL,
        kind TEXT NOT NULL,
        refs TEXT[] DEFAULT '{}' NOT NULL,
        CONSTRAINT feedback_pkey PRIMARY KEY (id),
        CONSTRAINT feedback_score_check CHECK (score >= -1 AND score <= 1)
    )
    """,
    """CREATE INDEX feedback_user_idx ON feedback (bot_name, user_id, at)""",
    """COMMENT ON TABLE feedback IS 'How answers that were built on our data fared, as the bots report it.'""",
    """COMMENT ON COLUMN feedback.score IS '-1 to 1.'""",
    """COMMENT ON COLUMN feedback.kind IS 'What was reported: ''answer'', ''fact'', ''summary'', ''suggestion'', …'""",
    """COMMENT ON COLUMN feedback.refs IS 'Ids of what the answer was built on.'""",
    # What was enriched before there were caches is to be read for them: a key that asks for it.
    """
    INSERT INTO strategic_features (bot_name, user_id, day, messages, content_key, fingerprint, engine_version, features, measures)
    SELECT bot_name, user_id, day, 0, -1, 0, 'none', '{}', '[]' FROM message_ledger
    WHERE disposition = 'conversation' AND user_id IS NOT NULL GROUP BY bot_name, user_id, day
    """,
)

NEW = (
    "strategic_features",
    "strategic_memory_health",
    "strategic_character_performance",
    "strategic_personality_profiles",
    "strategic_conversation_patterns",
    "strategic_memory_behavior",
    "strategic_engagement_opportunities",
    "strategic_snapshots",
    "worker_heartbeats",
    "feedback",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    # Views of the bots read our tables.
    ours = op.get_bind().exec_driver_sql("SELECT current_schema()").scalar()
    op.execute(f'DROP SCHEMA IF EXISTS "{ours}_bots" CASCADE')
    for table in reversed(NEW):
        op.execute(f"DROP TABLE {table}")
