"""Whom the worker was told to forget; the role that a bot reads and asks with."""

from alembic import context, op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE erasure_keys (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        key BYTEA NOT NULL,
        made_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
        CONSTRAINT erasure_keys_pkey PRIMARY KEY (id)
    )
    """,
    "COMMENT ON TABLE erasure_keys IS 'What the hashes of erasures are keyed with: one of this database''s own, and those "
    "that a restore brought.'",
    "COMMENT ON COLUMN erasure_keys.key IS '32 random bytes.'",
    """
    CREATE TABLE erasures (
        id UUID DEFAULT gen_random_uuid() NOT NULL,
        key_id UUID NOT NULL,
        person TEXT NOT NULL,
        bot_name VARCHAR(100) NOT NULL,
        asked_at TIMESTAMP WITH TIME ZONE NOT NULL,
        covers_until TIMESTAMP WITH TIME ZONE,
        with_messages BOOLEAN NOT NULL,
        model_opt_out BOOLEAN NOT NULL,
        finished_at TIMESTAMP WITH TIME ZONE,
        counts JSONB DEFAULT '{}' NOT NULL,
        CONSTRAINT erasures_pkey PRIMARY KEY (id),
        CONSTRAINT erasures_key_id_fkey FOREIGN KEY (key_id) REFERENCES erasure_keys (id)
    )
    """,
    "CREATE INDEX erasures_person_idx ON erasures (person, bot_name)",
    "COMMENT ON TABLE erasures IS 'Tombstones: of whom nothing is derived any more, up to when. Written before anything is "
    "erased.'",
    "COMMENT ON COLUMN erasures.person IS 'HMAC-SHA-256 of the user id, hexadecimal.'",
    "COMMENT ON COLUMN erasures.bot_name IS 'Empty for all bots.'",
    "COMMENT ON COLUMN erasures.covers_until IS 'Messages said up to then are left out; null: all, also later ones.'",
    "COMMENT ON COLUMN erasures.with_messages IS 'Whether the messages were to be deleted from the store, too.'",
    "COMMENT ON COLUMN erasures.model_opt_out IS 'They had said that no model may read them: so it is if they come back.'",
    "COMMENT ON COLUMN erasures.finished_at IS 'When the last of it was erased; null: to be gone on with.'",
    "COMMENT ON COLUMN erasures.counts IS 'What was erased, by table and store.'",
    """
    CREATE TABLE bot_logins (
        login TEXT NOT NULL,
        bots TEXT[] NOT NULL,
        CONSTRAINT bot_logins_pkey PRIMARY KEY (login)
    )
    """,
    "COMMENT ON TABLE bot_logins IS 'Logins that see and write the rows of these bots alone; a login that is not here sees all.'",
)

MAKE_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        CREATE ROLE "{role}" NOLOGIN;
    END IF;
EXCEPTION
    WHEN insufficient_privilege THEN
        RAISE NOTICE 'role {role} was not made: this user may not create roles. whisper-enrich doctor says what to do';
    WHEN duplicate_object OR unique_violation THEN
        NULL;
END $$
"""

# Another schema of the same server has a role of its own; what the role was granted elsewhere keeps it.
DROP_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{role}') THEN
        RETURN;
    END IF;
    REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM "{role}";
    REVOKE ALL ON SCHEMA "{schema}" FROM "{role}";
    DROP ROLE "{role}";
EXCEPTION
    WHEN insufficient_privilege OR dependent_objects_still_exist THEN
        RAISE NOTICE 'role {role} stays: this user may not drop it, or it is used elsewhere';
END $$
"""


DROP_POLICIES = """
DO $$
DECLARE
    part record;
BEGIN
    FOR part IN SELECT tablename FROM pg_policies WHERE schemaname = '{schema}' AND policyname = 'own_bots'
    LOOP
        EXECUTE format('DROP POLICY own_bots ON "{schema}".%I', part.tablename);
        EXECUTE format('ALTER TABLE "{schema}".%I DISABLE ROW LEVEL SECURITY', part.tablename);
    END LOOP;
END $$
"""


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
    op.execute(MAKE_ROLE.format(role=f"{context.config.attributes['schema']}_bot"))


def downgrade() -> None:
    schema = context.config.attributes["schema"]
    op.execute(DROP_POLICIES.format(schema=schema))
    op.execute(DROP_ROLE.format(role=f"{schema}_bot", schema=schema))
    op.execute("DROP TABLE bot_logins")
    op.execute("DROP TABLE erasures")
    op.execute("DROP TABLE erasure_keys")
