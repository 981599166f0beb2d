"""A backup is whole or is none; what is restored is what was backed up, and what came since is found again."""

from __future__ import annotations

import json
import shutil
import stat
from dataclasses import replace
from datetime import date, timedelta

import pytest
from alembic import command
from sqlalchemy import make_url, text

from whisper_enrich.backup import make, restore
from whisper_enrich.backup.make import Surroundings, make_backup
from whisper_enrich.backup.manifest import DUMP, NAME, read_manifest
from whisper_enrich.backup.programs import Program, find_program, run_program
from whisper_enrich.backup.restore import restore_backup
from whisper_enrich.errors import ConfigurationError, InputError, SchemaDrift
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.erasure import Wish, forget, resume
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich.storage import erasures
from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.storage.preflight import schema_drift
from whisper_enrich.storage.profiles import remember_bot_names
from whisper_enrich.storage.tables import metadata
from whisper_enrich_tests.builders import chat, column, contents, enrich
from whisper_enrich_tests.storage.test_upgrades import migrations

GARDEN = ["I live in Leeds.", "A good town.", "I planted tomatoes.", "Which kind?", "Roma.", "Good."]
BOAT = ["I bought a boat.", "A big one?", "A dinghy.", "Nice.", "It is red.", "Red is good."]
ERASURES = ("erasures", "erasure_keys")
DAY, NEXT = date(2026, 3, 17), date(2026, 3, 18)


@pytest.fixture
def talked(ctx, elena):
    """A day of two users, enriched."""
    ctx.store.upsert(elena.collection, chat(DAY.isoformat(), GARDEN) + chat(DAY.isoformat(), BOAT, user="ben"))
    enrich(ctx, elena)
    roll_up(ctx, "elena")
    return elena


@pytest.fixture
def around(pipeline):
    return Surroundings(pipeline.settings, pipeline.database, pipeline.store, pipeline.clock)


@pytest.fixture
def reader(ctx):
    """A login of a bot that may read the views."""
    name, views = f"{ctx.database.schema}_reader", bots_schema(ctx.database.schema)
    with ctx.database.begin() as connection:
        connection.execute(text(f'CREATE ROLE "{name}"'))
        connection.execute(text(f'GRANT USAGE ON SCHEMA "{views}" TO "{name}"'))
        connection.execute(text(f'GRANT SELECT ON ALL TABLES IN SCHEMA "{views}" TO "{name}"'))
    yield name
    with ctx.database.begin() as connection:
        connection.execute(text(f'DROP OWNED BY "{name}"'))
        connection.execute(text(f'DROP ROLE "{name}"'))


def may_read(ctx, role):
    view = f"{bots_schema(ctx.database.schema)}.conversation_summaries"
    return column(ctx, "SELECT has_table_privilege(:role, :view, 'SELECT')", role=role, view=view) == [True]


def everything(ctx):
    """All rows of all tables, with every column that is not generated."""
    found = {}
    with ctx.database.connect() as connection:
        for table in metadata.sorted_tables:
            columns = ", ".join(column.name for column in table.columns if column.computed is None)
            rows = connection.execute(text(f"SELECT {columns} FROM {table.name}")).all()
            found[table.name] = sorted(map(tuple, rows), key=repr)
    return found


def younger(around):
    """The same, a minute later."""
    return replace(around, clock=lambda: around.clock() + timedelta(minutes=1))


def test_a_restore_ends_where_it_began_and_what_came_since_is_found_again(ctx, talked, around, reader, tmp_path):
    before = everything(ctx)
    assert may_read(ctx, reader)
    old = make_backup(around, tmp_path / "backups")
    assert stat.S_IMODE(old.stat().st_mode) == 0o700
    tables = read_manifest(old).tables
    assert {name: one.rows for name, one in tables.items() if name != "alembic_version"} == {
        name: len(rows) for name, rows in before.items()
    }

    # Afterwards somebody asks to be forgotten, and somebody new writes.
    forget(ctx, Wish("ben"))
    make_backup(younger(around), tmp_path / "backups", with_messages=False)
    ctx.store.upsert(talked.collection, chat(NEXT.isoformat(), BOAT, user="cleo"))
    enrich(ctx, talked)
    right = known(ctx)

    # Another machine, so to speak: the list of erasures in the state folder is gone, and so are the vectors.
    erasures.beside(ctx.settings).unlink()
    shutil.rmtree(tmp_path / "qdrant" / "whisperengine_summaries_elena")
    with ctx.database.begin() as connection:
        connection.execute(text(f'DROP SCHEMA "{ctx.database.schema}", "{bots_schema(ctx.database.schema)}" CASCADE'))
    leave_half_a_restore(ctx.database, old)
    for work in (lambda: Pipeline(ctx.settings).preflight("run"), lambda: migrate(ctx.database)):
        with pytest.raises(SchemaDrift):
            work()
    restored = restore_backup(around, old)
    after = everything(ctx)
    assert {name: rows for name, rows in after.items() if name not in ERASURES} == {
        name: rows for name, rows in before.items() if name not in ERASURES
    }
    assert schema_drift(ctx.database) == []
    assert (restored.put_back, restored.already_there) == (("whisperengine_summaries_elena",), (talked.collection,))
    assert restored.tombstones == 1
    assert may_read(ctx, reader)
    assert column(
        ctx, "SELECT count(*) > 20 FROM pg_policies WHERE schemaname = :schema", schema=ctx.database.schema
    ) == [True]

    resume(ctx)
    assert column(ctx, "SELECT DISTINCT user_id FROM user_facts") == ["ana"]
    reconcile(ctx, talked)
    enrich(ctx, talked)
    roll_up(ctx, "elena")
    assert known(ctx) == right
    enrich(ctx, talked, days=[DAY, NEXT])
    assert known(ctx) == right


def leave_half_a_restore(database, folder):
    """As a process does that is killed when the tables are loaded and nothing is compared yet."""
    program = find_program(database.settings, "pg_restore", read_manifest(folder).pg_dump)
    restore._drop_if_empty(database)
    restore._load(database, program, folder / DUMP)


def known(ctx):
    """What is derived of whom."""
    tables = ("user_facts", "fact_versions", "conversation_summaries", "message_ledger")
    return {name: rows for name, rows in contents(ctx).items() if name in tables}


def test_what_cannot_be_restored_is_refused_and_nothing_is_changed(ctx, around, tmp_path):
    with ctx.database.begin() as connection:
        remember_bot_names(connection, {"elena": "Elena"})
    folder = make_backup(around, tmp_path, with_messages=False)
    before = everything(ctx)

    def refused(sentence, of=folder):
        with pytest.raises(InputError, match=sentence):
            restore_backup(around, of)
        assert everything(ctx) == before

    refused("is not empty: .*POSTGRES_DB")
    dump, manifest = folder / DUMP, folder / NAME
    whole = dump.read_bytes()
    for broken in (whole[:-10] + bytes([whole[-10] ^ 1]) + whole[-9:], whole[:100]):
        dump.write_bytes(broken)
        refused("damaged: database.dump has changed")
    dump.unlink()
    refused("damaged: database.dump is missing")
    dump.write_bytes(whole)
    told = manifest.read_text()
    manifest.write_text(json.dumps({**json.loads(told), "schema": "elsewhere"}))
    refused("Set POSTGRES_SCHEMA to elsewhere")
    manifest.write_text(json.dumps({**json.loads(told), "format": 9}))
    refused("another format")
    manifest.unlink()
    refused("is no backup")
    (tmp_path / "whisper-enrich-x.partial").mkdir()
    refused(r"\.partial", tmp_path / "whisper-enrich-x.partial")


def test_a_backup_from_before_an_upgrade_is_restored_and_upgraded(ctx, around, tmp_path):
    with ctx.database.begin() as connection:
        remember_bot_names(connection, {"elena": "Elena"})
    with migrations(ctx.database) as config:
        command.downgrade(config, "0007")
    folder = make_backup(around, tmp_path, with_messages=False)
    with ctx.database.begin() as connection:
        connection.execute(text(f'DROP SCHEMA "{ctx.database.schema}" CASCADE'))
    assert read_manifest(folder).revision == "0007"
    assert restore_backup(around, folder).revision > "0007"
    assert schema_drift(ctx.database) == []
    assert column(ctx, "SELECT display_name FROM bot_profiles") == ["Elena"]


def test_what_breaks_off_leaves_nothing_that_looks_whole(ctx, elena, around, tmp_path, monkeypatch):
    def full(*_):
        assert [path.suffix for path in (tmp_path / "backups").iterdir()] == [".partial"]
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(make, "_copy_collections", full)
    with pytest.raises(InputError, match="No space left on device"):
        make_backup(around, tmp_path / "backups")
    assert list((tmp_path / "backups").iterdir()) == []


def test_no_password_is_among_the_arguments_or_in_the_environment(tmp_path):
    spy = tmp_path / "pg_dump"
    spy.write_text('#!/bin/sh\necho "$@"\nenv\ncat "$PGPASSFILE"\nls -l "$PGPASSFILE"\n')
    spy.chmod(0o755)
    url = make_url("postgresql+psycopg2://ana:p%3Ass%5Cw@db.example:5433/chat")
    said = run_program(Program(spy, 18), ["--format=custom"], url, "trying")
    assert "--no-password --host db.example --port 5433 --username ana --dbname chat --format=custom" in said
    shown, passfile = said.split("*:*:*:*:")
    assert "p:ss" not in shown
    assert passfile.startswith("p\\:ss\\\\w\n-rw-------")


def test_an_older_program_is_refused_with_the_remedy(tmp_path, settings):
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 13.9'\n")
    old.chmod(0o755)
    named = settings.model_copy(update={"pg_dump": old})
    with pytest.raises(ConfigurationError, match=r"PostgreSQL 18 or later is needed; PG_DUMP names .* of version 13"):
        find_program(named, "pg_dump", 18)
    assert find_program(named, "pg_dump", 13).major == 13
