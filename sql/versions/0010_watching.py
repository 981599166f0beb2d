"""What is watched: totals that only grow, and the times at which the worker was silent."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE stage_totals (
        bot_name VARCHAR(100) NOT NULL,
        stage TEXT NOT NULL,
        measurements BIGINT DEFAULT 0 NOT NULL,
        seconds DOUBLE PRECISION DEFAULT 0 NOT NULL,
        buckets BIGINT[] DEFAULT '{}' NOT NULL,
        messages BIGINT DEFAULT 0 NOT NULL,
        results BIGINT DEFAULT 0 NOT NULL,
        failures BIGINT DEFAULT 0 NOT NULL,
        CONSTRAINT stage_totals_pkey PRIMARY KEY (bot_name, stage)
    )
    """,
    "COMMENT ON TABLE stage_totals IS 'What each stage took and did, over all runs there ever were.'",
    "COMMENT ON COLUMN stage_totals.measurements IS 'Steps of runs whose time in the stage was measured.'",
    "COMMENT ON COLUMN stage_totals.seconds IS 'Of these steps, together.'",
    "COMMENT ON COLUMN stage_totals.buckets IS 'How many of them took up to each bound and more than the one before; empty "
    "where none was measured.'",
    "COMMENT ON COLUMN stage_totals.messages IS 'Worked off.'",
    "COMMENT ON COLUMN stage_totals.results IS 'Assertions or summaries that came of them.'",
    "COMMENT ON COLUMN stage_totals.failures IS 'Attempts at a message that failed.'",
    """
    CREATE TABLE model_totals (
        day DATE NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        purpose TEXT NOT NULL,
        model TEXT NOT NULL,
        outcome TEXT NOT NULL,
        calls BIGINT DEFAULT 0 NOT NULL,
        messages BIGINT DEFAULT 0 NOT NULL,
        tokens_in BIGINT DEFAULT 0 NOT NULL,
        tokens_cached BIGINT DEFAULT 0 NOT NULL,
        tokens_out BIGINT DEFAULT 0 NOT NULL,
        cost NUMERIC(18, 8) DEFAULT 0 NOT NULL,
        unpriced BIGINT DEFAULT 0 NOT NULL,
        seconds DOUBLE PRECISION DEFAULT 0 NOT NULL,
        CONSTRAINT model_totals_pkey PRIMARY KEY (day, bot_name, purpose, model, outcome)
    )
    """,
    "COMMENT ON TABLE model_totals IS 'What settled calls of a model took, without whose messages they were about.'",
    "COMMENT ON COLUMN model_totals.day IS 'UTC day of the calls.'",
    "COMMENT ON COLUMN model_totals.model IS 'The one that was asked.'",
    "COMMENT ON COLUMN model_totals.outcome IS 'When the call was settled.'",
    "COMMENT ON COLUMN model_totals.messages IS 'Sent as content, not as context.'",
    "COMMENT ON COLUMN model_totals.tokens_cached IS 'Of tokens_in.'",
    "COMMENT ON COLUMN model_totals.cost IS 'US dollars, of calls with a price.'",
    "COMMENT ON COLUMN model_totals.unpriced IS 'Calls that took tokens and whose price nobody knows.'",
    "COMMENT ON COLUMN model_totals.seconds IS 'Waited for answers, together.'",
    """
    INSERT INTO model_totals (day, bot_name, purpose, model, outcome, calls, messages, tokens_in, tokens_cached, tokens_out,
                              cost, unpriced, seconds)
    SELECT (called_at AT TIME ZONE 'UTC')::date, bot_name, purpose, model_asked, outcome, count(*), sum(messages),
        sum(tokens_in), sum(tokens_cached), sum(tokens_out), coalesce(sum(cost), 0),
        count(*) FILTER (WHERE cost IS NULL AND tokens_in + tokens_out > 0), coalesce(sum(latency_seconds), 0)
    FROM model_calls WHERE outcome NOT IN ('reserved', 'lost') GROUP BY 1, 2, 3, 4, 5
    """,
    """
    CREATE TABLE worker_outages (
        bot_name VARCHAR(100) NOT NULL,
        silent_from TIMESTAMP WITH TIME ZONE NOT NULL,
        silent_until TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT worker_outages_pkey PRIMARY KEY (bot_name, silent_from),
        CONSTRAINT worker_outages_silence_check CHECK (silent_from < silent_until)
    )
    """,
    "COMMENT ON TABLE worker_outages IS 'Silences of the worker longer than WORKER_SILENCE_SECONDS, by bot; one that goes on "
    "is not here yet.'",
    "COMMENT ON COLUMN worker_outages.silent_from IS 'The last sign of life before.'",
    "COMMENT ON COLUMN worker_outages.silent_until IS 'The first one after.'",
    "ALTER TABLE worker_heartbeats ADD COLUMN first_beat_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL",
    "UPDATE worker_heartbeats SET first_beat_at = beat_at",
    "COMMENT ON COLUMN worker_heartbeats.first_beat_at IS 'Since when there is a worker for the bot: its uptime counts from "
    "there.'",
    """
    CREATE INDEX message_ledger_dead_idx ON message_ledger (bot_name)
    WHERE facts_state = 'dead' OR summary_state = 'dead' OR mark_state = 'dead'
    """,
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP INDEX message_ledger_dead_idx")
    op.execute("ALTER TABLE worker_heartbeats DROP COLUMN first_beat_at")
    for table in ("worker_outages", "model_totals", "stage_totals"):
        op.execute(f"DROP TABLE {table}")
