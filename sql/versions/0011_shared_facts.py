"""What callers in shared channels are told of a user, where what was said in dms makes a difference.

Users of whom something was said in both kinds of channel are folded anew by the next run; until then callers in shared
channels are told nothing of them.
"""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE shared_facts (
        id INTEGER DEFAULT nextval('user_facts_id_seq'::regclass) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        category VARCHAR(50) NOT NULL,
        fact_content TEXT NOT NULL,
        confidence DOUBLE PRECISION NOT NULL,
        extracted_at TIMESTAMP WITHOUT TIME ZONE NOT NULL,
        source_collection VARCHAR(255) NOT NULL,
        fact_key TEXT NOT NULL,
        attribute TEXT NOT NULL,
        value TEXT NOT NULL,
        scope TEXT NOT NULL,
        tense TEXT NOT NULL,
        mentions INTEGER NOT NULL,
        first_said_at TIMESTAMP WITH TIME ZONE NOT NULL,
        last_said_at TIMESTAMP WITH TIME ZONE NOT NULL,
        valid_from DATE,
        valid_to DATE,
        engine_version TEXT NOT NULL,
        words TSVECTOR GENERATED ALWAYS AS
            (to_tsvector('simple'::regconfig, fact_content || ' ' || replace(attribute, '_', ' '))) STORED,
        CONSTRAINT shared_facts_pkey PRIMARY KEY (id),
        CONSTRAINT shared_facts_user_id_bot_name_fact_content_key UNIQUE (user_id, bot_name, fact_content),
        CONSTRAINT shared_facts_length_check CHECK (length(fact_content) <= 500),
        CONSTRAINT shared_facts_confidence_check CHECK (confidence > 0 AND confidence < 1)
    )
    """,
    """
    CREATE TABLE shared_fact_evidence (
        fact_id INTEGER NOT NULL,
        point_id TEXT NOT NULL,
        span_start INTEGER NOT NULL,
        span_end INTEGER NOT NULL,
        quote TEXT NOT NULL,
        said_at TIMESTAMP WITH TIME ZONE NOT NULL,
        scope TEXT NOT NULL,
        question_point_id TEXT,
        question_quote TEXT,
        CONSTRAINT shared_fact_evidence_pkey PRIMARY KEY (fact_id, point_id, span_start, span_end),
        CONSTRAINT shared_fact_evidence_fact_id_fkey FOREIGN KEY(fact_id) REFERENCES shared_facts (id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX shared_fact_evidence_point_idx ON shared_fact_evidence (point_id)",
    """
    CREATE TABLE shared_fact_versions (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        fact_key TEXT NOT NULL,
        ordinal SMALLINT NOT NULL,
        category VARCHAR(50) NOT NULL,
        attribute TEXT NOT NULL,
        value TEXT NOT NULL,
        fact_content TEXT NOT NULL,
        valid_from DATE,
        valid_to DATE,
        known_from TIMESTAMP WITH TIME ZONE NOT NULL,
        known_to TIMESTAMP WITH TIME ZONE,
        superseded_by TEXT,
        reason TEXT NOT NULL,
        scope TEXT NOT NULL,
        tense TEXT NOT NULL,
        confidence DOUBLE PRECISION NOT NULL,
        message_ids TEXT[] NOT NULL,
        ended_by TEXT[] NOT NULL,
        CONSTRAINT shared_fact_versions_pkey PRIMARY KEY (bot_name, user_id, fact_key, ordinal)
    )
    """,
    """
    CREATE TABLE stale_folds (
        bot_name VARCHAR(100) NOT NULL,
        user_id VARCHAR(255) NOT NULL,
        CONSTRAINT stale_folds_pkey PRIMARY KEY (bot_name, user_id)
    )
    """,
    "ALTER TABLE user_facts ADD COLUMN audience TEXT DEFAULT 'dm' NOT NULL "
    "CONSTRAINT user_facts_audience_check CHECK (audience IN ('all', 'dm'))",
    "ALTER TABLE fact_versions ADD COLUMN audience TEXT DEFAULT 'dm' NOT NULL "
    "CONSTRAINT fact_versions_audience_check CHECK (audience IN ('all', 'dm'))",
    "COMMENT ON TABLE shared_facts IS 'What is known from shared channels alone, where user_facts has it otherwise or not at "
    "all. Ids as there.'",
    "COMMENT ON TABLE shared_fact_evidence IS 'The words that each row of shared_facts rests on.'",
    "COMMENT ON COLUMN shared_fact_evidence.question_point_id IS 'The bot''s question that the quoted words answer, where "
    "they need one.'",
    "COMMENT ON TABLE shared_fact_versions IS 'The history of facts from shared channels alone, where fact_versions has it "
    "otherwise or not at all.'",
    "COMMENT ON COLUMN shared_fact_versions.message_ids IS 'The points that support it.'",
    "COMMENT ON COLUMN shared_fact_versions.ended_by IS 'The points that ended it.'",
    "COMMENT ON COLUMN shared_facts.words IS 'Of the fact and its attribute, for the search by words.'",
    "COMMENT ON TABLE stale_folds IS 'Users whose facts the next run folds anew from their assertions, whether or not they "
    "say something.'",
    "COMMENT ON COLUMN user_facts.audience IS '''all'' where what was said in shared channels alone comes to the very same "
    "row; else ''dm''.'",
    "COMMENT ON COLUMN fact_versions.audience IS '''all'' where what was said in shared channels alone comes to the very same "
    "row; else ''dm''.'",
    # Of whom nothing was said in a dm, everything is for all.
    """
    CREATE TEMPORARY TABLE told ON COMMIT DROP AS
    SELECT bot_name, user_id, bool_or(scope = 'dm') AS in_dm, bool_or(scope = 'shared') AS in_shared
    FROM (SELECT bot_name, user_id, scope FROM fact_assertions UNION ALL SELECT bot_name, user_id, scope FROM fact_rulings) t
    GROUP BY bot_name, user_id
    """,
    "INSERT INTO stale_folds (bot_name, user_id) SELECT bot_name, user_id FROM told WHERE in_dm AND in_shared",
    *(
        f"UPDATE {table} f SET audience = 'all' FROM told t "
        "WHERE t.bot_name = f.bot_name AND t.user_id = f.user_id AND NOT t.in_dm"
        for table in ("user_facts", "fact_versions")
    ),
    "DROP TABLE told",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    for table in ("stale_folds", "shared_fact_versions", "shared_fact_evidence", "shared_facts"):
        op.execute(f"DROP TABLE {table}")
    for table in ("fact_versions", "user_facts"):
        op.execute(f"ALTER TABLE {table} DROP COLUMN audience")
