"""Hashes of the words of each summary's messages, for recall."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE summary_vectors ADD COLUMN terms INTEGER[]",
    "COMMENT ON TABLE summary_vectors IS 'What the messages of each summary are found by: whether they have a vector in the "
    "message store, and their words as hashes.'",
    "COMMENT ON COLUMN summary_vectors.terms IS 'Hashes of the words of the messages, ascending, each once; null is not "
    "made yet.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE summary_vectors DROP COLUMN terms")
    op.execute(
        "COMMENT ON TABLE summary_vectors IS 'Which window summaries have their vector in the message store, for the search by "
        "meaning.'"
    )
