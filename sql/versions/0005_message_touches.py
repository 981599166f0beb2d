"""Messages that the bots told of when they arrived."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE message_touches (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        at TIMESTAMP WITH TIME ZONE NOT NULL,
        CONSTRAINT message_touches_pkey PRIMARY KEY (bot_name, user_id)
    )
    """,
    "COMMENT ON TABLE message_touches IS 'Messages that the bots told of when they arrived: what has not read them "
    "holds CACHE_TTL_SECONDS longer.'",
    "COMMENT ON COLUMN message_touches.at IS 'Of the user''s newest message that the bot told of.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP TABLE message_touches")
