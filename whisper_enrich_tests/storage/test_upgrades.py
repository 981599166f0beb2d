"""Upgrades of a database with something in it: there and back, and with two versions at work side by side."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from itertools import pairwise

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import text

from whisper_enrich.errors import DatabaseUnavailable, SchemaDrift
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage import bot_views
from whisper_enrich.storage import migrate as migrate_module
from whisper_enrich.storage.migrate import migrate, scripts_folder
from whisper_enrich.storage.preflight import schema_drift
from whisper_enrich_tests.builders import chat, column, contents, enrich

LINES = ["I live in Leeds.", "A good town.", "I planted tomatoes.", "Which kind?", "Roma.", "Good."]
DAY = date(2026, 3, 18)
FIRST_COMPATIBLE = "0008"
"""From this revision on, what an upgrade adds is nothing that the version before has to know of."""

_STRUCTURE = text(
    """
    WITH ours AS (SELECT oid, relname FROM pg_class WHERE relnamespace = CAST(:schema AS regnamespace) AND relkind = 'r')
    SELECT 'column', relname, attname, format_type(atttypid, atttypmod) || CASE WHEN attnotnull THEN ' not null' ELSE '' END
        || coalesce(' ' || pg_get_expr(adbin, adrelid), '')
    FROM ours JOIN pg_attribute a ON a.attrelid = ours.oid LEFT JOIN pg_attrdef d ON (adrelid, adnum) = (attrelid, attnum)
    WHERE attnum > 0 AND NOT attisdropped
    UNION ALL SELECT 'constraint', relname, conname, pg_get_constraintdef(c.oid)
    FROM ours JOIN pg_constraint c ON conrelid = ours.oid
    UNION ALL SELECT 'index', relname, i.indexname, i.indexdef
    FROM ours JOIN pg_indexes i ON (schemaname, tablename) = (:schema, relname)
    ORDER BY 1, 2, 3
    """
)


@pytest.fixture
def filled(ctx, elena):
    """A day of a user, enriched, with digests and features."""
    ctx.store.upsert(elena.collection, chat(DAY.isoformat(), LINES))
    run(ctx, elena)
    return elena


def run(ctx, bot):
    enrich(ctx, bot, days=[DAY])
    bring_features_up_to_date(ctx, bot, [DAY])
    reconcile(ctx, bot)
    roll_up(ctx, bot.bot_name)


@contextmanager
def migrations(database) -> Iterator[Config]:
    """Alembic on one connection, as `migrate` has it, without the views that stand on the tables."""
    config = Config()
    config.set_main_option("script_location", str(scripts_folder()))
    with database.begin() as connection:
        bot_views.drop(connection, database)
        config.attributes.update(connection=connection, schema=database.schema)
        yield config


def structure(connection, schema):
    return {tuple(row[:3]): row[3] for row in connection.execute(_STRUCTURE, {"schema": schema})}


def rows(connection, columns):
    """What these columns hold, by table."""
    return {
        table: sorted(map(repr, connection.execute(text(f"SELECT {', '.join(names)} FROM {table}")).all()))
        for table, names in columns.items()
    }


def columns_of(found):
    """The columns of each table, but for Alembic's own."""
    tables: dict[str, list[str]] = {}
    for kind, table, name in sorted(found):
        if kind == "column" and table != "alembic_version":
            tables.setdefault(table, []).append(name)
    return tables


def breaks(older, newer):
    """What a version that knows ``older`` cannot live with in ``newer``."""
    tables = columns_of(older)
    gone = [key for key, what in older.items() if key[0] == "column" and newer.get(key) != what]
    wanting = [
        key
        for key, what in newer.items()
        if key[0] == "column" and key[1] in tables and key not in older and what.endswith(" not null")
    ]
    return gone + wanting


def test_every_release_can_be_gone_back_to_and_left_again_with_all_that_it_knew(ctx, filled):
    schema = ctx.database.schema
    right = contents(ctx)
    with migrations(ctx.database) as config:
        connection = config.attributes["connection"]
        revisions = [step.revision for step in ScriptDirectory.from_config(config).walk_revisions()]
        found = {revisions[0]: structure(connection, schema)}
        for revision in revisions[1:]:
            command.downgrade(config, revision)
            found[revision] = structure(connection, schema)
        head = columns_of(found[revisions[0]])
        kept = {table: [n for n in names if n in head[table]] for table, names in columns_of(found["0001"]).items()}
        known = rows(connection, kept)
        assert all(
            known[table] for table in ("message_ledger", "user_facts", "fact_versions", "conversation_summaries")
        )
        for older, revision in pairwise(reversed(revisions)):
            command.upgrade(config, revision)
            assert structure(connection, schema) == found[revision], revision
            assert rows(connection, kept) == known, revision
            if revision >= FIRST_COMPATIBLE:
                assert breaks(found[older], found[revision]) == [], revision
    migrate(ctx.database)
    assert schema_drift(ctx.database) == []
    # What later releases keep besides is derived again.
    run(ctx, filled)
    assert contents(ctx) == right


def test_this_version_works_on_over_the_schema_of_the_next_one(pipeline, ctx, filled):
    """In a rolling restart the schema is upgraded first, and what still runs finds more in it than it knows of."""
    with ctx.database.begin() as connection:
        for statement in (
            "ALTER TABLE user_facts ADD COLUMN mood text",
            "ALTER TABLE message_ledger ADD COLUMN priority integer NOT NULL DEFAULT 0",
            "CREATE TABLE moods (user_id text PRIMARY KEY)",
            "CREATE INDEX moods_idx ON message_ledger (bot_name, priority)",
            "UPDATE alembic_version SET version_num = '9999'",
        ):
            connection.execute(text(statement))
    next_run = pipeline.context("run-2")
    ctx.store.upsert(filled.collection, chat("2026-03-19", LINES, user="ben"))
    enrich(next_run, filled)
    assert column(ctx, "SELECT DISTINCT user_id FROM user_facts ORDER BY 1") == ["ana", "ben"]
    assert column(ctx, "SELECT DISTINCT mark_state FROM message_ledger") == ["done"]


def test_this_version_does_not_migrate_a_newer_schema(ctx):
    with ctx.database.begin() as connection:
        connection.execute(text("CREATE TABLE moods (user_id text PRIMARY KEY)"))
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SchemaDrift, match="newer version"):
        migrate(ctx.database)


def test_an_upgrade_does_not_keep_readers_waiting_behind_somebody_who_keeps_a_table(ctx, monkeypatch):
    monkeypatch.setattr(migrate_module, "TABLE_SECONDS", 0.1)
    with migrations(ctx.database) as config:
        command.downgrade(config, "0007")
    with ctx.database.begin() as backup:
        backup.execute(text("LOCK TABLE conversation_summaries IN ACCESS SHARE MODE"))
        with pytest.raises(DatabaseUnavailable, match=r"Nothing was changed; run `whisper-enrich migrate` again"):
            migrate(ctx.database)
    assert schema_drift(ctx.database) != []
    assert migrate(ctx.database)[0] == "0007"
    assert schema_drift(ctx.database) == []
