"""Summaries that were put away; what the calls of past days took, once the calls themselves are dropped."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE conversation_summaries ADD COLUMN archived_at TIMESTAMP WITH TIME ZONE",
    "COMMENT ON COLUMN conversation_summaries.archived_at IS 'When it was put away: its digests answer for it; null: in use.'",
    """
    CREATE TABLE model_call_days (
        called_on DATE NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        purpose TEXT NOT NULL,
        model TEXT NOT NULL,
        calls INTEGER NOT NULL,
        messages BIGINT NOT NULL,
        tokens_in BIGINT NOT NULL,
        tokens_cached BIGINT NOT NULL,
        tokens_out BIGINT NOT NULL,
        cost NUMERIC(18, 8) NOT NULL,
        failures INTEGER NOT NULL,
        lost INTEGER NOT NULL,
        unpriced INTEGER NOT NULL,
        CONSTRAINT model_call_days_pkey PRIMARY KEY (called_on, bot_name, purpose, model)
    )
    """,
    "COMMENT ON TABLE model_call_days IS 'What calls took that are older than LLM_CALL_RETENTION_DAYS: sums a day, bot, "
    "purpose and model.'",
    "COMMENT ON COLUMN model_call_days.called_on IS 'UTC day of the calls.'",
    "COMMENT ON COLUMN model_call_days.model IS 'That which the provider says it was.'",
    "COMMENT ON COLUMN model_call_days.messages IS 'Sent as content, with an answer that passed the checks.'",
    "COMMENT ON COLUMN model_call_days.cost IS 'US dollars, of the calls whose price is known.'",
    "COMMENT ON COLUMN model_call_days.failures IS 'Of calls: those without a usable answer.'",
    "COMMENT ON COLUMN model_call_days.lost IS 'Of failures: those that nobody knows the end of.'",
    "COMMENT ON COLUMN model_call_days.unpriced IS 'Of calls: those whose price is not known.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE model_call_days")
    op.execute("ALTER TABLE conversation_summaries DROP COLUMN archived_at")
