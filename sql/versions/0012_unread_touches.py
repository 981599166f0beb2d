"""Of the messages that a bot told of, not the newest alone: how many have come since a row was computed, and since when."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE message_touches ADD COLUMN recent TIMESTAMP WITH TIME ZONE[] DEFAULT '{}' NOT NULL",
    "COMMENT ON COLUMN message_touches.recent IS 'Of the newest of these messages, ascending: so many have come since a row was "
    "computed.'",
    "UPDATE message_touches SET recent = ARRAY[at]",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE message_touches DROP COLUMN recent")
