"""Requests of the bots: whose messages are wanted at once."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE enrichment_requests (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        requested_at TIMESTAMP WITH TIME ZONE NOT NULL,
        claimed_at TIMESTAMP WITH TIME ZONE,
        done_at TIMESTAMP WITH TIME ZONE,
        CONSTRAINT enrichment_requests_pkey PRIMARY KEY (bot_name, user_id)
    )
    """,
    "CREATE INDEX enrichment_requests_done_idx ON enrichment_requests (done_at, bot_name)",
    "COMMENT ON TABLE enrichment_requests IS 'Whose messages a bot wants read at once: the latest request of each pair.'",
    "COMMENT ON COLUMN enrichment_requests.requested_at IS 'Of the latest time that it was asked for.'",
    "COMMENT ON COLUMN enrichment_requests.claimed_at IS 'When an intake that began after it had ended; null before.'",
    "COMMENT ON COLUMN enrichment_requests.done_at IS 'When no message of the user waited for facts any more; null: open.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE enrichment_requests")
