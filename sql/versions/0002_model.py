"""The model: calls, answers, batches; rulings on facts and their earlier versions; rollups of summaries."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE fact_assertions ADD COLUMN question_point_id TEXT",
    """COMMENT ON COLUMN fact_assertions.question_point_id IS 'The bot''s question that the quoted words answer, where they need one.'""",
    "ALTER TABLE fact_assertions ADD COLUMN question_quote TEXT",
    "ALTER TABLE fact_evidence ADD COLUMN question_point_id TEXT",
    """COMMENT ON COLUMN fact_evidence.question_point_id IS 'The bot''s question that the quoted words answer, where they need one.'""",
    "ALTER TABLE fact_evidence ADD COLUMN question_quote TEXT",
    "ALTER TABLE conversation_summaries ADD COLUMN state TEXT DEFAULT 'final' NOT NULL",
    """COMMENT ON COLUMN conversation_summaries.state IS '''provisional'' until the model is asked; ''degraded'': it failed, and is asked again.'""",
    "ALTER TABLE conversation_summaries ADD COLUMN decisions TEXT[]",
    """COMMENT ON COLUMN conversation_summaries.decisions IS 'Decisions and plans; null where the engine does not look for them.'""",
    "ALTER TABLE conversation_summaries ADD COLUMN open_questions TEXT[]",
    """COMMENT ON COLUMN conversation_summaries.open_questions IS 'Likewise: questions that nobody answered.'""",
    "ALTER TABLE user_profiles ADD COLUMN time_zone TEXT",
    """COMMENT ON COLUMN user_profiles.time_zone IS 'IANA name; null is unknown, and is taken as UTC.'""",
    "ALTER TABLE user_profiles ADD COLUMN model_opt_out BOOLEAN DEFAULT false NOT NULL",
    """COMMENT ON COLUMN user_profiles.model_opt_out IS 'Never sent to a model.'""",
    "ALTER TABLE conversation_summaries ADD CONSTRAINT conversation_summaries_state_check "
    "CHECK (state IN ('final', 'provisional', 'degraded'))",
    """
    CREATE TABLE fact_assertion_history (
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
        question_point_id TEXT,
        question_quote TEXT,
        replaced_at TIMESTAMP WITH TIME ZONE NOT NULL,
        replaced_by TEXT NOT NULL,
        CONSTRAINT fact_assertion_history_pkey PRIMARY KEY (bot_name, point_id, engine_version, ordinal)
    )
    """,
    """CREATE INDEX fact_assertion_history_user_idx ON fact_assertion_history (bot_name, user_id)""",
    """COMMENT ON TABLE fact_assertion_history IS 'The last assertions of each earlier engine version: for comparison, and for going back to them.'""",
    """COMMENT ON COLUMN fact_assertion_history.replaced_by IS 'The engine version that took their place.'""",
    """
    CREATE TABLE fact_redone (
        bot_name VARCHAR(100) NOT NULL,
        point_id TEXT NOT NULL,
        engine_version TEXT NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        replaced_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT fact_redone_pkey PRIMARY KEY (bot_name, point_id, engine_version)
    )
    """,
    """CREATE INDEX fact_redone_version_idx ON fact_redone (bot_name, engine_version, user_id)""",
    """COMMENT ON TABLE fact_redone IS 'Which earlier engine versions had read each message as it is now, also where they found nothing in it.'""",
    """
    CREATE TABLE fact_rulings (
        id SERIAL NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        ruling TEXT NOT NULL,
        category VARCHAR(50) NOT NULL,
        attribute TEXT NOT NULL,
        value TEXT NOT NULL,
        statement TEXT NOT NULL,
        tense TEXT NOT NULL,
        scope TEXT NOT NULL,
        holds_from DATE,
        point_ids TEXT[] NOT NULL,
        source_collection VARCHAR(255) NOT NULL,
        corrected_statement TEXT,
        corrected_value TEXT,
        ruled_at TIMESTAMP WITH TIME ZONE NOT NULL,
        ruled_by TEXT NOT NULL,
        CONSTRAINT fact_rulings_pkey PRIMARY KEY (id),
        CONSTRAINT fact_rulings_ruling_check CHECK (ruling IN ('reject', 'correct')),
        CONSTRAINT fact_rulings_correction_check CHECK ((ruling = 'correct') = (corrected_statement IS NOT NULL))
    )
    """,
    """CREATE INDEX fact_rulings_user_idx ON fact_rulings (bot_name, user_id)""",
    """COMMENT ON TABLE fact_rulings IS 'What a person said about a fact. Outlives every extraction.'""",
    """COMMENT ON COLUMN fact_rulings.category IS 'Of the fact that was ruled on, as are the next ones.'""",
    """COMMENT ON COLUMN fact_rulings.statement IS 'With {user} in place of the person.'""",
    """COMMENT ON COLUMN fact_rulings.point_ids IS 'The messages that it rested on.'""",
    """
    CREATE TABLE summary_rollups (
        id SERIAL NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        period TEXT NOT NULL,
        start_date DATE NOT NULL,
        end_date DATE NOT NULL,
        scope TEXT NOT NULL,
        summary_text TEXT NOT NULL,
        key_topics TEXT[] NOT NULL,
        emotional_tone VARCHAR(50),
        decisions TEXT[] NOT NULL,
        open_questions TEXT[] NOT NULL,
        window_count INTEGER NOT NULL,
        message_count INTEGER NOT NULL,
        confidence_score DOUBLE PRECISION,
        state TEXT DEFAULT 'final' NOT NULL,
        engine_version TEXT NOT NULL,
        input_hash TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        updated_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT summary_rollups_pkey PRIMARY KEY (id),
        CONSTRAINT summary_rollups_user_id_bot_name_period_start_date_scope_key UNIQUE (user_id, bot_name, period, start_date, scope),
        CONSTRAINT summary_rollups_period_check CHECK (period IN ('week', 'month')),
        CONSTRAINT summary_rollups_state_check CHECK (state IN ('final', 'provisional', 'degraded')),
        CONSTRAINT summary_rollups_scope_check CHECK (scope IN ('dm', 'shared'))
    )
    """,
    """COMMENT ON TABLE summary_rollups IS 'What a week or month with a user came to: from its windows'' summaries, their facts and words.'""",
    """COMMENT ON COLUMN summary_rollups.end_date IS 'Exclusive.'""",
    """COMMENT ON COLUMN summary_rollups.input_hash IS 'Of the windows and facts that it was made from.'""",
    """
    CREATE TABLE model_versions (
        version VARCHAR(50) NOT NULL,
        purpose TEXT NOT NULL,
        prompt_version TEXT NOT NULL,
        model TEXT NOT NULL,
        settings JSONB NOT NULL,
        first_used_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT model_versions_pkey PRIMARY KEY (version)
    )
    """,
    """COMMENT ON TABLE model_versions IS 'What the short version on a row that a model made stands for.'""",
    """COMMENT ON COLUMN model_versions.prompt_version IS 'Hash of instructions and answer schema.'""",
    """COMMENT ON COLUMN model_versions.settings IS 'What else the answer depends on: temperature, lengths.'""",
    """
    CREATE TABLE model_calls (
        id BIGSERIAL NOT NULL,
        called_at TIMESTAMP WITH TIME ZONE NOT NULL,
        run_id TEXT NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        day DATE NOT NULL,
        purpose TEXT NOT NULL,
        prompt_version TEXT NOT NULL,
        request_key TEXT NOT NULL,
        messages INTEGER NOT NULL,
        model_asked TEXT NOT NULL,
        model_answered TEXT,
        tokens_in INTEGER NOT NULL,
        tokens_cached INTEGER DEFAULT '0' NOT NULL,
        tokens_out INTEGER NOT NULL,
        cost NUMERIC(14, 8),
        latency_seconds DOUBLE PRECISION,
        outcome TEXT NOT NULL,
        CONSTRAINT model_calls_pkey PRIMARY KEY (id),
        CONSTRAINT model_calls_outcome_check CHECK (outcome IN ('reserved', 'answered', 'invalid', 'refused', 'too_long', 'unavailable', 'lost'))
    )
    """,
    """CREATE INDEX model_calls_bot_idx ON model_calls (bot_name, called_at)""",
    """CREATE INDEX model_calls_called_at_idx ON model_calls (called_at)""",
    """CREATE INDEX model_calls_reserved_idx ON model_calls (called_at) WHERE outcome = 'reserved'""",
    """CREATE INDEX model_calls_run_idx ON model_calls (run_id)""",
    """COMMENT ON TABLE model_calls IS 'Every call of a model: what it was for, what it took, what came of it. Budgets are held against it.'""",
    """COMMENT ON COLUMN model_calls.day IS 'UTC day of the first message that was sent.'""",
    """COMMENT ON COLUMN model_calls.messages IS 'Sent as content, not as context.'""",
    """COMMENT ON COLUMN model_calls.model_answered IS 'What the provider says it was.'""",
    """COMMENT ON COLUMN model_calls.tokens_in IS 'The reservation until the call is settled.'""",
    """COMMENT ON COLUMN model_calls.tokens_cached IS 'Of tokens_in.'""",
    """COMMENT ON COLUMN model_calls.cost IS 'US dollars; null where neither provider nor price table says.'""",
    """
    CREATE TABLE model_spending (
        holder TEXT NOT NULL,
        period TEXT NOT NULL,
        name TEXT NOT NULL,
        tokens BIGINT NOT NULL,
        tokens_open BIGINT NOT NULL,
        cost NUMERIC(18, 8) NOT NULL,
        cost_open NUMERIC(18, 8) NOT NULL,
        changed_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT model_spending_pkey PRIMARY KEY (holder, period, name),
        CONSTRAINT model_spending_holder_check CHECK (holder IN ('day', 'bot', 'user', 'run'))
    )
    """,
    """COMMENT ON TABLE model_spending IS 'Running sums over model_calls, so that a budget is held without summing up a day''s calls.'""",
    """COMMENT ON COLUMN model_spending.period IS 'UTC day; empty for a run, whose budget knows no day.'""",
    """COMMENT ON COLUMN model_spending.name IS 'Bot, user or run; empty for the budget of the whole day.'""",
    """COMMENT ON COLUMN model_spending.tokens IS 'In and out, with what is reserved.'""",
    """COMMENT ON COLUMN model_spending.tokens_open IS 'Of tokens: reserved by calls under way.'""",
    """COMMENT ON COLUMN model_spending.cost IS 'US dollars, likewise; calls without a known price add none.'""",
    """COMMENT ON COLUMN model_spending.cost_open IS 'Of cost: reserved by calls under way.'""",
    """
    CREATE TABLE model_answers (
        request_key TEXT NOT NULL,
        call_id BIGINT,
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        purpose TEXT NOT NULL,
        version VARCHAR(50) NOT NULL,
        point_ids TEXT[] NOT NULL,
        content_hashes TEXT[] NOT NULL,
        answer TEXT NOT NULL,
        received_at TIMESTAMP WITH TIME ZONE NOT NULL,
        usable BOOLEAN DEFAULT true NOT NULL,
        CONSTRAINT model_answers_pkey PRIMARY KEY (request_key)
    )
    """,
    """CREATE INDEX model_answers_received_at_idx ON model_answers (received_at)""",
    """CREATE INDEX model_answers_user_idx ON model_answers (bot_name, user_id, version)""",
    """COMMENT ON TABLE model_answers IS 'Raw answers, kept before they are parsed, so that none is paid for twice. Erased with the user, pruned by age.'""",
    """COMMENT ON COLUMN model_answers.request_key IS 'Hash of everything that was asked.'""",
    """COMMENT ON COLUMN model_answers.point_ids IS 'Of the messages sent as content, in order.'""",
    """COMMENT ON COLUMN model_answers.content_hashes IS 'Theirs, in the same order.'""",
    """COMMENT ON COLUMN model_answers.answer IS 'As it came.'""",
    """COMMENT ON COLUMN model_answers.usable IS 'False: it did not pass the checks.'""",
    """
    CREATE TABLE model_traits (
        base_url TEXT NOT NULL,
        model TEXT NOT NULL,
        structured_output TEXT NOT NULL,
        detected_at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT model_traits_pkey PRIMARY KEY (base_url, model),
        CONSTRAINT model_traits_structured_output_check CHECK (structured_output IN ('json_schema', 'json_object', 'none'))
    )
    """,
    """COMMENT ON TABLE model_traits IS 'What each server was found to support.'""",
    """
    CREATE TABLE model_batches (
        id UUID NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        run_id TEXT NOT NULL,
        base_url TEXT NOT NULL,
        provider_id TEXT,
        state TEXT NOT NULL,
        created_at TIMESTAMP WITH TIME ZONE NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        requests JSONB NOT NULL,
        failure TEXT,
        CONSTRAINT model_batches_pkey PRIMARY KEY (id),
        CONSTRAINT model_batches_state_check CHECK (state IN ('preparing', 'submitted', 'collected', 'failed'))
    )
    """,
    """COMMENT ON TABLE model_batches IS 'Backfills handed to a provider''s batch endpoint.'""",
    """COMMENT ON COLUMN model_batches.provider_id IS 'Null until the provider has answered.'""",
    """COMMENT ON COLUMN model_batches.requests IS 'What each request key stands for; no message text.'""",
)

NEW = ("fact_assertion_history", "fact_redone", "fact_rulings", "summary_rollups", "model_versions", "model_calls", "model_spending", "model_answers", "model_traits", "model_batches")
ADDED = (
    ("fact_assertions", "question_point_id"),
    ("fact_assertions", "question_quote"),
    ("fact_evidence", "question_point_id"),
    ("fact_evidence", "question_quote"),
    ("conversation_summaries", "state"),
    ("conversation_summaries", "decisions"),
    ("conversation_summaries", "open_questions"),
    ("user_profiles", "time_zone"),
    ("user_profiles", "model_opt_out"),
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in reversed(NEW):
        op.execute(f"DROP TABLE {table}")
    for table, column in reversed(ADDED):
        op.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
