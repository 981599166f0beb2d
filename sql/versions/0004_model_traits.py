"""What else a model was found not to take: parameters of a request."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE model_traits ALTER COLUMN structured_output DROP NOT NULL")
    op.execute("ALTER TABLE model_traits ADD COLUMN refused_parameters TEXT[] DEFAULT '{}' NOT NULL")
    op.execute(
        "COMMENT ON COLUMN model_traits.refused_parameters IS 'Of max_tokens and temperature: it is asked without these.'"
    )
    op.execute("COMMENT ON COLUMN model_traits.structured_output IS 'The way that worked; null where none is known yet.'")


def downgrade() -> None:
    op.execute("ALTER TABLE model_traits DROP COLUMN refused_parameters")
    op.execute("DELETE FROM model_traits WHERE structured_output IS NULL")
    op.execute("ALTER TABLE model_traits ALTER COLUMN structured_output SET NOT NULL")
