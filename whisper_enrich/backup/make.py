"""Making a backup: a folder that is whole or does not have its name yet."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from whisper_enrich import __version__
from whisper_enrich.backup import manifest as manifests
from whisper_enrich.backup.contents import TableContents, contents_of
from whisper_enrich.backup.manifest import Manifest, files_of
from whisper_enrich.backup.metrics import MetricsUnavailable, fetch_points
from whisper_enrich.backup.programs import Program, find_program, run_program
from whisper_enrich.backup.snapshots import ServerSnapshots, SnapshotsNotOffered
from whisper_enrich.errors import InputError, SchemaDrift
from whisper_enrich.messages.bots import summaries_collection
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.store import MessageStore
from whisper_enrich.rights.tombstones import Tombstones
from whisper_enrich.settings import Settings
from whisper_enrich.storage import bot_views, erasures, overview
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import current_revision

PARTIAL = ".partial"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a backup is made of. ``said`` is told of each step."""

    settings: Settings
    database: Database
    store: MessageStore
    clock: Callable[[], datetime]
    said: Callable[[str], None] = lambda sentence: None


def make_backup(around: Surroundings, parent: Path, *, with_messages: bool = True) -> Path:
    """Write a backup into a new folder below ``parent``, named by the time; returns it.

    Runs may go on meanwhile: the dump is of one moment. The collections are copied after it, so that every mark that they
    carry of what came later is found by the next run. Until everything is written and its checksums are taken, the folder
    is called ``….partial``; what breaks off removes it, and a process that is killed leaves it under that name.
    """
    started = around.clock().astimezone(UTC)
    final = parent / f"whisper-enrich-{started:%Y-%m-%dT%H-%M-%SZ}"
    for leftover in sorted(parent.glob(f"whisper-enrich-*{PARTIAL}")):
        around.said(f"{leftover} is what an interrupted backup left, or one under way; if there is none, remove it")
    with _new_folder(final) as folder:
        manifest = _write(around, folder, started, with_messages)
        manifest.write(folder)
        _flush(folder)
        folder.rename(final)
    return final


def _flush(folder: Path) -> None:
    """To the disk, so that no power cut leaves the last name over the first half."""
    for path in (*folder.rglob("*"), folder):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextmanager
def _new_folder(final: Path) -> Iterator[Path]:
    """The folder under its first name, for this user alone: it holds what people said."""
    folder = final.with_name(final.name + PARTIAL)
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if final.exists():
            raise FileExistsError
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise InputError(f"{final} exists already, or is being made. Wait a second and try again.") from None
    except OSError as error:
        raise InputError(f"The folder {folder} cannot be made: {error.strerror}. Name another with --out.") from None
    try:
        yield folder
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise InputError(f"The backup could not be written to {folder}: {error.strerror}. It was removed.") from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _write(around: Surroundings, folder: Path, started: datetime, with_messages: bool) -> Manifest:
    database = around.database
    revision = current_revision(database)
    if revision is None:
        raise SchemaDrift(f"The database has no schema {database.schema}: there is nothing to back up yet.")
    with database.connect() as connection:
        server = str(connection.execute(text("SHOW server_version")).scalar_one())
        readers = tuple(bot_views.roles(connection, database))
    program = find_program(around.settings, "pg_dump", int(server.split(".")[0]))
    with _one_moment(database) as (connection, snapshot):
        _dump(database, program, snapshot, folder / manifests.DUMP)
        tables: dict[str, TableContents] = contents_of(connection, database.schema)
        ledger_id = overview.ledger_id(connection)
        # Also a schema of a version before there were any is to be backed up: before an upgrade.
        stones = erasures.tombstones_of(connection) if "erasures" in tables else Tombstones()
    (folder / manifests.TOMBSTONES).write_text(json.dumps(stones.as_json(), indent=1) + "\n", encoding="utf-8")
    around.said(f"{len(tables)} tables with {sum(one.rows for one in tables.values()):,} rows (revision {revision})")
    left_out: dict[str, str] = {}
    collections: dict[str, str] = {}
    if with_messages:
        collections = _copy_collections(around, folder / manifests.COLLECTIONS, left_out)
    else:
        left_out["collections"] = "not asked for"
    _fetch_metrics(around, folder / manifests.METRICS, left_out)
    return Manifest(
        made_at=started, package=__version__, server=server, pg_dump=program.major, schema=database.schema,
        revision=revision, ledger_id=ledger_id, tables=tables, files=files_of(folder), readers=readers,
        collections=collections, left_out=left_out,
    )  # fmt: skip


@contextmanager
def _one_moment(database: Database) -> Iterator[tuple[Connection, str]]:
    """A read-only transaction, and the name under which a dump sees what it sees."""
    with database.connect() as connection:
        connection = connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with connection.begin():
            yield connection, str(connection.execute(text("SELECT pg_export_snapshot()")).scalar_one())


def _dump(database: Database, program: Program, snapshot: str, target: Path) -> None:
    """Our tables in pg_dump's custom format. The bots' views are left out: a restore makes them anew."""
    arguments = [
        "--format=custom", f"--file={target}", f'--schema="{database.schema}"', f"--snapshot={snapshot}", "--no-owner",
        "--no-privileges",
    ]  # fmt: skip
    run_program(program, arguments, database.engine.url, "dumping the tables")
    target.chmod(0o600)


def _copy_collections(around: Surroundings, folder: Path, left_out: dict[str, str]) -> dict[str, str]:
    """Every bot's messages and summary vectors; by collection how it was copied."""
    folder.mkdir()
    bots = around.store.bots()
    copied: dict[str, str] = {}
    for collection in [name for bot in bots for name in (bot.collection, summaries_collection(bot.bot_name))]:
        if isinstance(around.store, EdgeStore):
            if around.store.has(collection):
                around.store.copy_collection(collection, folder / f"{collection}.tar.gz")
                copied[collection] = "tar.gz"
            continue
        snapshots = ServerSnapshots(around.settings)
        try:
            if not snapshots.has(collection):
                continue
            snapshots.fetch(collection, folder / f"{collection}.snapshot")
        except SnapshotsNotOffered as error:
            (folder / f"{collection}.snapshot").unlink(missing_ok=True)
            left_out[collection] = str(error)
            around.said(f"no snapshot of {collection}: {error}")
            continue
        copied[collection] = "snapshot"
    around.said(f"{len(copied)} collections of {len(bots)} bots")
    return copied


def _fetch_metrics(around: Surroundings, target: Path, left_out: dict[str, str]) -> None:
    """A server of metrics that does not answer costs no backup: what we write there is made from the tables."""
    if around.settings.influxdb_url is None:
        return
    try:
        values = fetch_points(around.settings, target)
    except MetricsUnavailable as error:
        target.unlink(missing_ok=True)
        left_out["InfluxDB"] = str(error)
        around.said(f"nothing of InfluxDB: {error}")
        return
    around.said(f"{values:,} values of ours in InfluxDB")
