"""The Dagster instance that the command line shares with the UI."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.settings import Settings
from whisper_enrich.storage.state_dir import state_dir

if TYPE_CHECKING:
    from dagster import DagsterInstance

DEFAULT_HOME = ".whisper-enrich"


def project_file(name: str) -> Path:
    """A top-level file of the project: in the working directory, else beside the package."""
    for root in (Path.cwd(), Path(__file__).resolve().parents[2]):
        if (root / name).is_file():
            return root / name
    raise ConfigurationError(
        f"{name} is neither in the working directory nor beside the package. Run from the checkout."
    )


def prepare_dagster_home(settings: Settings) -> Path:
    """DAGSTER_HOME for this process and those that it starts.

    Where the variable is set, that folder. Else one in the state folder, whose ``dagster.yaml`` is the project's own
    with absolute paths; so plain `dagster dev` in the checkout sees the same history.
    """
    given = os.environ.get("DAGSTER_HOME")
    if given:
        if not Path(given).is_dir() or not Path(given).is_absolute():
            raise ConfigurationError(
                f"DAGSTER_HOME is {given}, which is no absolute path of a folder that exists. Correct it, or unset it: the "
                "state folder then holds Dagster's storage."
            )
        return Path(given)
    home = state_dir(settings.home) / "dagster"
    home.mkdir(exist_ok=True)
    text = project_file("dagster.yaml").read_text(encoding="utf-8").replace(f" {DEFAULT_HOME}/", f" {settings.home}/")
    target = home / "dagster.yaml"
    if not target.is_file() or target.read_text(encoding="utf-8") != text:
        temporary = target.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(target)
    os.environ["DAGSTER_HOME"] = str(home)
    return home


@contextmanager
def dagster_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """The instance, opened for the block."""
    prepare_dagster_home(settings)
    from dagster import DagsterInstance

    with quick_sqlite(), one_engine_a_database(), DagsterInstance.get() as instance:
        yield instance


@contextmanager
def one_engine_a_database() -> Iterator[None]:
    """Dagster's local storage uses one SQLAlchemy engine a database for the block.

    Dagster 1.13 makes an engine for every statement, and it is the engine that knows the statements which it has compiled: each
    was compiled anew. Its version is pinned; one that names these things differently raises here.
    """
    from dagster._core.storage.event_log.sqlite import sqlite_event_log
    from dagster._core.storage.runs.sqlite import sqlite_run_storage
    from sqlalchemy import Engine, create_engine

    engines: dict[tuple[str, str], Engine] = {}

    def engine_of(url: str, **options: Any) -> Engine:
        key = (url, repr(sorted(options.items(), key=lambda option: option[0])))
        if key not in engines:
            engines[key] = create_engine(url, **options)
        return engines[key]

    with (
        patch.object(sqlite_event_log, "create_engine", engine_of),
        patch.object(sqlite_run_storage, "create_engine", engine_of),
    ):
        yield


@contextmanager
def quick_sqlite() -> Iterator[None]:
    """SQLite's databases, as Dagster's local storage is some, stay open for the block and sync at checkpoints alone.

    Dagster opens and closes one for every event: each time as the last connection, which writes the log back and syncs twice.
    Over a month of partitions that is most of a run. In WAL mode a power cut then costs the last events, never the database
    (https://www.sqlite.org/pragma.html#pragma_synchronous).
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    kept: dict[str, sqlite3.Connection] = {}

    def on_connect(connection: object, record: object) -> None:
        if not isinstance(connection, sqlite3.Connection):
            return
        path = connection.execute("PRAGMA database_list").fetchone()[2]
        connection.execute("PRAGMA synchronous=NORMAL")
        if path and path not in kept:
            kept[path] = sqlite3.connect(path, check_same_thread=False)
            kept[path].execute("PRAGMA schema_version")

    event.listen(Engine, "connect", on_connect)
    try:
        yield
    finally:
        event.remove(Engine, "connect", on_connect)
        for connection in kept.values():
            connection.close()
