"""Migrations and the pre-flight: the writer's columns, the reader's columns and the live schema agree, or somebody is told."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

from whisper_enrich.errors import SchemaDrift
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.storage.preflight import check_schema, schema_drift
from whisper_enrich.storage.tables import metadata
from whisper_enrich_tests.conftest import absent_schema


@pytest.fixture
def settings(settings):
    """Here the schema is the test's to make."""
    with absent_schema(settings) as own:
        yield own


@pytest.fixture
def database(settings):
    built = Database(settings)
    yield built
    built.close()


def test_migrating_again_changes_nothing(database):
    before, after = migrate(database)
    assert before is None
    assert migrate(database) == (after, after)
    assert schema_drift(database) == []


def test_two_processes_may_migrate_at_once(settings):
    def run(_):
        own = Database(settings)
        try:
            return migrate(own)
        finally:
            own.close()

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(run, range(4)))
    assert sorted(before is None for before, _ in results) == [False, False, False, True]


def test_the_migrations_make_exactly_the_tables_of_the_code(database):
    migrate(database)
    with database.connect() as connection:
        # Others may keep tables in the same database, in the schema public, which is searched after ours.
        mine = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema AND tablename <> 'alembic_version'")
        ours = set(connection.execute(mine, {"schema": database.schema}).scalars()) | set(metadata.tables)
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _, name, kind, *rest: kind != "table" or name in ours,
            },
        )
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ("ALTER TABLE user_facts DROP COLUMN confidence CASCADE", "column user_facts.confidence is missing"),
        ("ALTER TABLE user_facts RENAME COLUMN category TO kind", "column user_facts.category is missing"),
        (
            "ALTER TABLE user_facts ADD COLUMN mood text NOT NULL",
            "column user_facts.mood is unknown to this version and has no default",
        ),
        (
            "ALTER TABLE conversation_summaries ALTER COLUMN updated_at TYPE timestamptz",
            "column conversation_summaries.updated_at is timestamp with time zone "
            "instead of timestamp without time zone",
        ),
        ("ALTER TABLE user_facts ALTER COLUMN category DROP NOT NULL", "column user_facts.category is nullable"),
        ("DROP TABLE fact_evidence", "table fact_evidence is missing"),
    ],
)
def test_drift_is_an_error_that_names_the_column(database, change, phrase):
    migrate(database)
    with database.begin() as connection:
        connection.execute(text(change))
    with pytest.raises(SchemaDrift) as caught:
        check_schema(database)
    assert phrase in str(caught.value)
    assert "whisper-enrich migrate" in str(caught.value)


def test_a_run_refuses_a_drifted_schema_before_it_writes(settings, pipeline, clock):
    pipeline.context("run-1")
    with pipeline.database.begin() as connection:
        connection.execute(text("ALTER TABLE message_ledger DROP COLUMN reason"))
    with pytest.raises(SchemaDrift, match=r"message_ledger\.reason"):
        pipeline.context("run-2")


def test_a_missing_schema_names_the_remedy(settings, clock):
    pipeline = Pipeline(settings, clock=clock)
    pipeline.preflight("first")
    with pipeline.database.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    with pytest.raises(SchemaDrift, match="Run `whisper-enrich migrate`"):
        pipeline.preflight("second")
    pipeline.close()


def test_no_error_text_holds_a_parameter(database):
    from sqlalchemy.exc import DBAPIError

    migrate(database)
    with pytest.raises(DBAPIError) as caught, database.begin() as connection:
        connection.execute(text("SELECT CAST(:secret AS integer)"), {"secret": "what somebody said"})
    assert "[SQL parameters hidden due to hide_parameters=True]" in str(caught.value)
