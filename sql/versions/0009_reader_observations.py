"""What the bots' readers count: hits, stale rows, misses, and how long the round trips took."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE reader_observations (
        bucket_start TIMESTAMP WITH TIME ZONE NOT NULL,
        table_name TEXT NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        reporter TEXT NOT NULL,
        hits INTEGER NOT NULL,
        stale INTEGER NOT NULL,
        misses INTEGER NOT NULL,
        reasons JSONB NOT NULL,
        round_trips INTEGER NOT NULL,
        seconds DOUBLE PRECISION NOT NULL,
        latencies JSONB NOT NULL,
        time_anchored INTEGER DEFAULT 0 NOT NULL,
        time_anchored_found INTEGER DEFAULT 0 NOT NULL,
        CONSTRAINT reader_observations_pkey PRIMARY KEY (bucket_start, table_name, bot_name, reporter)
    )
    """,
    "COMMENT ON TABLE reader_observations IS 'What the bots'' readers found, by minute: one row a table, bot and reporter. "
    "Pruned by age.'",
    "COMMENT ON COLUMN reader_observations.bucket_start IS 'Start of the minute, by the clock of the bot.'",
    "COMMENT ON COLUMN reader_observations.table_name IS 'A cache, user_facts or conversation_summaries; context: the one "
    "round trip for all of these; recall: questions about the past.'",
    "COMMENT ON COLUMN reader_observations.reporter IS 'A reader in a process, by a random name.'",
    "COMMENT ON COLUMN reader_observations.hits IS 'Reads that got a fresh row.'",
    "COMMENT ON COLUMN reader_observations.stale IS 'Reads that got a row that no longer holds.'",
    "COMMENT ON COLUMN reader_observations.misses IS 'Reads that got nothing.'",
    "COMMENT ON COLUMN reader_observations.reasons IS 'Of stale and missed reads, how many by outcome and reason, as in stale:expired.'",
    "COMMENT ON COLUMN reader_observations.round_trips IS 'Questions put to the database, answered in time or not.'",
    "COMMENT ON COLUMN reader_observations.seconds IS 'What they took, together.'",
    "COMMENT ON COLUMN reader_observations.latencies IS 'How many took up to each bound in seconds and more than the bound "
    "before it; the last is +Inf.'",
    "COMMENT ON COLUMN reader_observations.time_anchored IS 'Of recall: questions that named a time and were answered.'",
    "COMMENT ON COLUMN reader_observations.time_anchored_found IS 'Of these, those that found anything.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE reader_observations")
