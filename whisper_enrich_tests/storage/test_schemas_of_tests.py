"""The schemas that the tests get: one that was used is as one that was never used, and one that was changed is gone."""

import pytest
from sqlalchemy import text

from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.storage.tables import metadata
from whisper_enrich_tests.conftest import absent_schema, fresh_schema


def execute(settings, *statements):
    database = Database(settings)
    with database.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    database.close()


def migrated(settings):
    database = Database(settings)
    migrate(database)
    database.close()
    return settings


def state_of(settings):
    """Rows of each table and the next number of each sequence; and the identity."""
    database = Database(settings)
    with database.connect() as connection:
        rows = {
            table.name: connection.execute(text(f"SELECT count(*) FROM {table.name}")).scalar_one()
            for table in metadata.sorted_tables
        }
        numbers = connection.execute(
            text("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = :schema ORDER BY 1"),
            {"schema": database.schema},
        ).all()
        identity = connection.execute(text("SELECT ledger_id FROM store_identity")).scalar_one()
    database.close()
    return (rows, numbers), identity


def test_after_use_it_is_as_after_migrating_with_another_identity(settings):
    with fresh_schema(settings) as used:
        _, first = state_of(used)
        execute(
            used,
            "INSERT INTO bot_profiles VALUES ('elena', 'Elena')",
            "INSERT INTO leases VALUES ('x', 1, 'y', now())",
            "SELECT nextval('user_facts_id_seq')",
        )
    with fresh_schema(settings) as again, absent_schema(settings) as new:
        assert again.postgres_schema == used.postgres_schema
        (state, second), (wanted, other) = state_of(again), state_of(migrated(new))
        assert state == wanted
        assert len({first, second, other}) == 3


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE user_facts RENAME COLUMN category TO kind",
        "ALTER TABLE user_facts ALTER COLUMN category DROP NOT NULL",
        "ALTER TABLE user_facts ADD CONSTRAINT refuses CHECK (category <> 'x')",
        "CREATE INDEX more ON user_facts (category)",
        "CREATE TABLE more (x int)",
        "DROP TABLE fact_evidence",
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE RULE refusing AS ON INSERT TO user_facts DO INSTEAD NOTHING",
    ],
)
def test_after_a_change_of_its_tables_nobody_gets_it_again(settings, change):
    with fresh_schema(settings) as changed:
        execute(changed, change)
    with fresh_schema(settings) as one, fresh_schema(settings) as other:
        assert changed.postgres_schema not in (one.postgres_schema, other.postgres_schema)
