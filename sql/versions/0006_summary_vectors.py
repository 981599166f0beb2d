"""Which window summaries have their vector in the message store; the words of summaries and facts, for recall."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE summary_vectors (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        start_timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        end_timestamp TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        scope TEXT NOT NULL,
        input_hash TEXT NOT NULL,
        stored BOOLEAN NOT NULL,
        CONSTRAINT summary_vectors_pkey PRIMARY KEY (bot_name, user_id, start_timestamp, end_timestamp, scope)
    )
    """,
    "COMMENT ON TABLE summary_vectors IS 'Which window summaries have their vector in the message store, for the search by "
    "meaning.'",
    "COMMENT ON COLUMN summary_vectors.input_hash IS 'Of the summary that the vector was made with.'",
    "COMMENT ON COLUMN summary_vectors.stored IS 'False where no message of the window has a vector.'",
    "ALTER TABLE conversation_summaries ADD COLUMN words TSVECTOR GENERATED ALWAYS AS "
    "(to_tsvector('simple'::regconfig, summary_text)) STORED",
    "COMMENT ON COLUMN conversation_summaries.words IS 'Of the summary, for the search by words.'",
    "ALTER TABLE user_facts ADD COLUMN words TSVECTOR GENERATED ALWAYS AS "
    "(to_tsvector('simple'::regconfig, fact_content || ' ' || replace(attribute, '_', ' '))) STORED",
    "COMMENT ON COLUMN user_facts.words IS 'Of the fact and its attribute, for the search by words.'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE user_facts DROP COLUMN words")
    op.execute("ALTER TABLE conversation_summaries DROP COLUMN words")
    op.execute("DROP TABLE summary_vectors")
