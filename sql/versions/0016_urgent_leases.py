"""A lease that live work waits for is left to it by a backfill."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE leases ADD COLUMN wanted_until TIMESTAMP WITH TIME ZONE")
    op.execute(
        "COMMENT ON COLUMN leases.wanted_until IS 'Until then live work waits for it, and a backfill does not take it.'"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE leases DROP COLUMN wanted_until")
