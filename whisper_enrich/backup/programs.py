"""pg_dump and pg_restore: finding those that fit the server, and running them without a password in sight.

A dump wants a pg_dump that is not older than the server, a restore a pg_restore that is not older than the pg_dump. The
first of these that fits is taken: the one that a setting names, the one in the PATH, those of the embedded PostgreSQL.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.engine import URL

from whisper_enrich.errors import ConfigurationError, DatabaseUnavailable
from whisper_enrich.settings import Settings
from whisper_enrich.storage.postgres_programs import client_programs
from whisper_enrich.storage.postgres_server import child_environment


@dataclass(frozen=True, slots=True)
class Program:
    """A program with its major version."""

    path: Path
    major: int


def find_program(settings: Settings, name: str, at_least: int) -> Program:
    """``pg_dump`` or ``pg_restore`` of that major version, else the next newer one that there is.

    Raises `ConfigurationError` that says which versions were found.
    """
    named: Path | None = getattr(settings, name)
    places = [named] if named is not None else [*_in_path(name), *client_programs(name)]
    found = [Program(path, major) for path in places if (major := _major(path)) is not None]
    fitting = sorted((one for one in found if one.major >= at_least), key=lambda one: one.major)
    if fitting:
        return fitting[0]
    variable = name.upper()
    if named is not None:
        there = f"{variable} names {named}, which is " + (
            f"of version {found[0].major}" if found else "no such program"
        )
    else:
        there = f"found: {', '.join(f'{one.path} of version {one.major}' for one in found) or 'none'}"
    raise ConfigurationError(
        f"{name} of PostgreSQL {at_least} or later is needed; {there}. Install PostgreSQL's client programs of that version, or "
        f"set {variable} to the path of one."
    )


def _in_path(name: str) -> list[Path]:
    found = shutil.which(name)
    return [Path(found)] if found else []


def _major(path: Path) -> int | None:
    try:
        said = subprocess.run([str(path), "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", said)
    return int(match[1]) if match else None


def run_program(program: Program, arguments: Sequence[str], url: URL, doing: str) -> str:
    """Run it on the database of ``url``; returns what it printed.

    The password is in a file that only this user can read, and neither in the arguments nor in the environment, which other
    programs may list. Raises `DatabaseUnavailable` with the program's last words.
    """
    where = {**url.query, "host": url.query.get("host", url.host), "port": url.query.get("port", url.port)}
    command = [
        str(program.path), "--no-password", "--host", str(where["host"]), "--port", str(where["port"] or 5432),
        "--username", str(url.username), "--dbname", str(url.database), *arguments,
    ]  # fmt: skip
    with _passfile(url) as secrets:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
            env={**child_environment(), **_ssl(), **secrets},
        )  # fmt: skip
    if done.returncode != 0:
        last = " | ".join(line for line in done.stderr.strip().splitlines()[-3:])
        raise DatabaseUnavailable(
            f"{program.path.name} failed while {doing}: {last or f'exit code {done.returncode}'}."
        )
    return done.stdout


def _ssl() -> dict[str, str]:
    """How the caller's environment wants a server to be reached, as libpq reads it for our own connections, too."""
    return {name: value for name, value in os.environ.items() if name.startswith("PGSSL")}


@contextmanager
def _passfile(url: URL) -> Iterator[dict[str, str]]:
    if not url.password:
        yield {}
        return
    escaped = str(url.password).replace("\\", "\\\\").replace(":", "\\:")
    with tempfile.TemporaryDirectory(prefix="whisper-enrich-") as folder:
        path = Path(folder) / "pgpass"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(f"*:*:*:*:{escaped}\n")
        yield {"PGPASSFILE": str(path)}
