"""Restoring a backup into an empty database, and whether that is what was backed up."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, text

from whisper_enrich.backup import manifest as manifests
from whisper_enrich.backup.contents import contents_of, differences
from whisper_enrich.backup.make import Surroundings
from whisper_enrich.backup.manifest import Manifest, check_files, read_manifest
from whisper_enrich.backup.metrics import MetricsUnavailable, put_points_back
from whisper_enrich.backup.programs import Program, find_program, run_program
from whisper_enrich.backup.snapshots import ServerSnapshots
from whisper_enrich.errors import InputError, PartialFailure
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.rights.tombstones import Tombstones
from whisper_enrich.storage import bot_views, erasures
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import LOCK_KEY, migrate, restore_under_way, restoring_schema
from whisper_enrich.storage.tables import metadata

REVISION = "alembic_version"
KEPT_OF_ITSELF = (REVISION, "store_identity")
"""Tables that a schema has rows in which was migrated and never used."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What came of it: rows, the revision now, collections put back and those that were there, tombstones merged."""

    manifest: Manifest
    rows: int
    revision: str
    put_back: tuple[str, ...]
    already_there: tuple[str, ...]
    tombstones: int


def restore_backup(
    around: Surroundings, folder: Path, *, tombstones: Sequence[Path] = (), with_messages: bool = True
) -> Restored:
    """Restore a backup into the empty schema that the settings name, and bring it to this version.

    The tables are compared with the manifest, row by row, before anything else may use them; where they differ, the schema is
    dropped again. A process that is killed on the way leaves a schema that no run works on.

    Whoever asked to be forgotten since is known from ``tombstones``, from the other backups beside this one and from the state
    folder: `stages.erasure.resume` is to be called next, as every intake does. Collections are put back where there are none.

    Raises `InputError` for a damaged backup and a database that is not empty; nothing is changed then.
    """
    manifest = read_manifest(folder)
    check_files(folder, manifest)
    stones = _known_tombstones(folder, tombstones)
    _check_schema_name(around.database, manifest)
    program = find_program(around.settings, "pg_restore", manifest.pg_dump)
    _drop_if_empty(around.database)
    for one in stones:
        erasures.write_beside(around.settings, one)
    # First what can fail for another server's sake: what is put back stays, and is found there the next time.
    put_back, there = _put_back(around, folder, manifest) if with_messages else ([], [])
    try:
        _load(around.database, program, folder / manifests.DUMP)
        _compare(around.database, manifest)
    except BaseException:
        _drop(around.database)
        raise
    rows = sum(table.rows for table in manifest.tables.values())
    around.said(f"{len(manifest.tables)} tables with {rows:,} rows, each as it was")
    _let_read(around.database, manifest.readers)
    _, revision = migrate(around.database)
    with around.database.begin() as connection:
        merged = sum(erasures.merge_tombstones(connection, one) for one in stones)
    _put_metrics_back(around, folder)
    return Restored(manifest, rows, revision, tuple(put_back), tuple(there), merged)


def _known_tombstones(folder: Path, named: Iterable[Path]) -> list[Tombstones]:
    """Those in the files named, and in the backups beside this one, which may be younger."""
    beside = sorted(folder.resolve().parent.glob(f"*/{manifests.TOMBSTONES}"))
    return [_read_tombstones(path) for path in (*named, *beside)]


def _read_tombstones(path: Path) -> Tombstones:
    try:
        return Tombstones.from_json(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, KeyError, TypeError, ValueError):
        raise InputError(
            f"{path} with the list of those who asked to be forgotten cannot be read. Nothing was restored: without it they "
            "would come back. Correct it, or move it away if another backup holds the same list."
        ) from None


def _check_schema_name(database: Database, manifest: Manifest) -> None:
    if manifest.schema != database.schema:
        raise InputError(
            f"The backup is of the schema {manifest.schema}, and POSTGRES_SCHEMA says {database.schema}. Set POSTGRES_SCHEMA to "
            f"{manifest.schema} for the restore."
        )


def _drop_if_empty(database: Database) -> None:
    with database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        statement = text("SELECT tablename FROM pg_tables WHERE schemaname = :schema ORDER BY tablename")
        held = set(connection.execute(statement, {"schema": database.schema}).scalars()) - set(KEPT_OF_ITSELF)
        if restore_under_way(connection, database):
            held = set()  # What an interrupted restore has left, which nothing works on.
        foreign = sorted(held - set(metadata.tables))
        if foreign:
            raise InputError(
                f"The schema {database.schema} holds tables that are not ours: {', '.join(foreign[:3])}. Name an empty schema "
                "with POSTGRES_SCHEMA, or an empty database with POSTGRES_DB."
            )
        full = [name for name in sorted(held) if _has_rows(connection, database.schema, name)]
        if full:
            raise InputError(
                f"The schema {database.schema} is not empty: {', '.join(full[:3])}{' and more' if full[3:] else ''}. A backup is "
                "restored into an empty database only: name another with POSTGRES_DB, or back this one up and drop the schema."
            )
        _drop_schemas(connection, database)
        connection.execute(text(f'CREATE SCHEMA "{restoring_schema(database)}"'))


def _has_rows(connection: Connection, schema: str, table: str) -> bool:
    return bool(connection.execute(text(f'SELECT EXISTS (SELECT FROM "{schema}"."{table}")')).scalar_one())


def _load(database: Database, program: Program, dump: Path) -> None:
    """Everything but the schema's revision, without which nothing takes the schema for one to work on, and but policies: they
    name roles, which this server may not have, and are made anew by `migrate`."""
    contents = run_program(program, ["--list", str(dump)], database.engine.url, "reading the backup")
    left_out = (f" TABLE DATA {database.schema} {REVISION} ", f" POLICY {database.schema} ")
    chosen = [line for line in contents.splitlines() if not any(what in line for what in left_out)]
    with tempfile.TemporaryDirectory(prefix="whisper-enrich-") as folder:
        chosen_file = Path(folder) / "contents"
        chosen_file.write_text("\n".join(chosen) + "\n", encoding="utf-8")
        arguments = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
        run_program(program, [*arguments, f"--use-list={chosen_file}", str(dump)], database.engine.url, "restoring")


def _drop(database: Database) -> None:
    with database.begin() as connection:
        _drop_schemas(connection, database)


def _drop_schemas(connection: Connection, database: Database) -> None:
    bot_views.drop(connection, database)
    connection.execute(text(f'DROP SCHEMA IF EXISTS "{restoring_schema(database)}"'))
    connection.execute(text(f'DROP SCHEMA IF EXISTS "{database.schema}" CASCADE'))


def _compare(database: Database, manifest: Manifest) -> None:
    with database.connect() as connection:
        wanted = {name: table for name, table in manifest.tables.items() if name != REVISION}
        wrong = differences(wanted, contents_of(connection, database.schema))
    if wrong:
        raise PartialFailure(
            f"What was restored is not what was backed up: {'; '.join(wrong[:3])}. It was dropped again; use another backup, and "
            "PostgreSQL's programs of the same version as then."
        )
    with database.begin() as connection:
        statement = text(f'INSERT INTO "{database.schema}".{REVISION} VALUES (:revision)')
        connection.execute(statement, {"revision": manifest.revision})
        connection.execute(text(f'DROP SCHEMA "{restoring_schema(database)}"'))


def _let_read(database: Database, readers: Sequence[str]) -> None:
    """The roles that could read the bots' views and exist here: `migrate` lets those do so that may use their schema."""
    schema = bot_views.bots_schema(database.schema)
    known = text("SELECT quote_ident(rolname) FROM pg_roles UNION SELECT 'PUBLIC'")
    with database.begin() as connection:
        there = set(connection.execute(known).scalars())
        connection.execute(text(f'CREATE SCHEMA "{schema}"'))
        for role in there.intersection(readers):
            connection.execute(text(f'GRANT USAGE ON SCHEMA "{schema}" TO {role}'))


def _put_back(around: Surroundings, folder: Path, manifest: Manifest) -> tuple[list[str], list[str]]:
    put_back, there = [], []
    for collection, kind in manifest.collections.items():
        source = folder / manifests.COLLECTIONS / f"{collection}.{kind}"
        if kind == "tar.gz" and isinstance(around.store, EdgeStore):
            done = around.store.put_back(collection, source)
        elif kind == "snapshot" and not isinstance(around.store, EdgeStore):
            done = ServerSnapshots(around.settings).put_back(collection, source)
        else:
            raise InputError(
                f"Nothing was restored. The collection {collection} cannot be put back: its copy is a {kind} file, which the "
                "message store that the settings name cannot take. Name the store that it is from, or restore with --no-messages."
            )
        (put_back if done else there).append(collection)
    return put_back, there


def _put_metrics_back(around: Surroundings, folder: Path) -> None:
    """A server of metrics that does not answer costs no restore; `restore` cannot be repeated for it, and says so."""
    source = folder / manifests.METRICS
    if around.settings.influxdb_url is None or not source.is_file():
        return
    try:
        around.said(f"{put_points_back(around.settings, source):,} values written to InfluxDB")
    except MetricsUnavailable as error:
        around.said(f"{source.name} was not written to InfluxDB: {error}")
