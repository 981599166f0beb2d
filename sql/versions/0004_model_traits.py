"""What else a model was found not to take; questions without a usable answer, and how often each was put."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE model_traits ALTER COLUMN structured_output DROP NOT NULL",
    "COMMENT ON COLUMN model_traits.structured_output IS 'The way that worked; null where none is known yet.'",
    "ALTER TABLE model_traits ADD COLUMN refused_parameters TEXT[] DEFAULT '{}' NOT NULL",
    "COMMENT ON COLUMN model_traits.refused_parameters IS 'Of max_tokens and temperature: it is asked without these.'",
    "ALTER TABLE model_answers ADD COLUMN failure TEXT",
    "COMMENT ON COLUMN model_answers.failure IS 'Why there is no usable answer; null where there is.'",
    "ALTER TABLE model_answers ADD COLUMN tries SMALLINT DEFAULT 0 NOT NULL",
    "COMMENT ON COLUMN model_answers.tries IS 'How often the question was put and got no usable answer.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE model_answers DROP COLUMN tries")
    op.execute("ALTER TABLE model_answers DROP COLUMN failure")
    op.execute("ALTER TABLE model_traits DROP COLUMN refused_parameters")
    op.execute("DELETE FROM model_traits WHERE structured_output IS NULL")
    op.execute("ALTER TABLE model_traits ALTER COLUMN structured_output SET NOT NULL")
