"""The processes of one embedded PostgreSQL: starting, finding, asking, ending.

Two facts tell whether a server lives. Its postmaster: the process named in ``postmaster.pid``, where that is a living
``postgres`` whose working folder is the data folder. And its life lock: a file lock that postmaster and backends
inherit, which the kernel frees when the last of them is gone. Whoever holds the life lock may remove a stale
``postmaster.pid``, which PostgreSQL itself does not dare where the pid is a zombie's or was given to another process.
"""

from __future__ import annotations

import enum
import logging
import os
import signal
import subprocess
import time
from pathlib import Path
from typing import IO

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.storage.postgres_user import USE_A_SERVER, ServerUser, process_options
from whisper_enrich.storage.process_leases import give_to_folder_owner, process_birth, try_lock

_logger = logging.getLogger(__name__)

SUPERUSER = "postgres"
PORT = 5432  # part of the socket's name; nothing listens on TCP
SOCKET_NAME = f".s.PGSQL.{PORT}"
_POLL_SECONDS = 0.02
_LARGEST_LOG_BYTES = 1_000_000
_FAST, _IMMEDIATE = signal.SIGINT, signal.SIGQUIT
# SIGQUIT and SIGKILL lose nothing that was committed; the next start recovers from the write-ahead log.
_GENTLE_STEPS = ((_FAST, 30.0), (_IMMEDIATE, 5.0), (signal.SIGKILL, 5.0))


class Answer(enum.Enum):
    """What a server said within the time given to it."""

    READY = enum.auto()
    RECOVERING = enum.auto()
    SILENT = enum.auto()
    DEAD = enum.auto()


def start(postgres: Path, data_dir: Path, socket_dir: Path, life_lock: Path, log: Path, user: ServerUser | None) -> int:
    """Start a server on ``data_dir`` whose earlier one has ended; return the postmaster's pid without waiting for it.

    The postmaster is nobody's child and in a session of its own, so that neither Ctrl-C in a terminal nor the end of
    the process that happened to start it ends it for the others.
    """
    life = take_life_lock(life_lock, data_dir)
    try:
        for leftover in (data_dir / "postmaster.pid", socket_dir / SOCKET_NAME, socket_dir / f"{SOCKET_NAME}.lock"):
            leftover.unlink(missing_ok=True)
        return _spawn(_command(postgres, data_dir, socket_dir), log, life, user)
    finally:
        os.close(life)


def take_life_lock(life_lock: Path, data_dir: Path, seconds: float = 30.0) -> int:
    """Return a file descriptor with the life lock, for a program that is to work on the data; end strays that hold it.

    Raises DatabaseUnavailable where it is not free in time.
    """
    life = try_lock(life_lock)
    if life is None:
        end_strays(data_dir)
    deadline = time.monotonic() + seconds
    while life is None:
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(
                f"The embedded PostgreSQL in {data_dir} is in use by processes that this one cannot see, "
                "such as those of another container. End them, or give each its own state folder."
            )
        time.sleep(_POLL_SECONDS)
        life = try_lock(life_lock)
    return life


def find_postmaster(data_dir: Path) -> int | None:
    """Return the pid of the living postmaster of ``data_dir``, or None."""
    try:
        first_line = (data_dir / "postmaster.pid").read_text().partition("\n")[0].strip()
    except (FileNotFoundError, NotADirectoryError):
        return None
    if not first_line.isdigit():
        return None
    pid = int(first_line)
    if process_birth(pid) is None:
        _reap(pid)
        return None
    return pid if _works_in(pid, data_dir) else None


def ask(pid: int, socket_dir: Path, seconds: float) -> Answer:
    """Wait until the server with this postmaster accepts connections, at most ``seconds``."""
    deadline = time.monotonic() + seconds
    while True:
        answer = _ask_once(socket_dir)
        if answer is Answer.READY:
            return answer
        if process_birth(pid) is None:
            _reap(pid)
            return Answer.DEAD
        if time.monotonic() > deadline:
            return answer
        time.sleep(_POLL_SECONDS)


def end(pid: int, *, gently: bool = True) -> None:
    """End the server with this postmaster: by fast shutdown, then by harder means where it does not obey.

    Raises DatabaseUnavailable where it survives all of them.
    """
    birth = process_birth(pid)
    for sign, seconds in _GENTLE_STEPS if gently else _GENTLE_STEPS[1:]:
        if birth is None or _signal_and_wait(pid, birth, sign, seconds):
            _reap(pid)
            return
        _logger.warning("PostgreSQL (pid %d) did not end within %.0f s of %s.", pid, seconds, sign.name)
    raise DatabaseUnavailable(
        f"The embedded PostgreSQL (pid {pid}) does not end. Look at that process, or restart the machine."
    )


def end_strays(data_dir: Path) -> None:
    """End processes of a server on ``data_dir`` that no ``postmaster.pid`` leads to.

    Backends whose postmaster was killed while they were busy, or a server whose folder was removed under it.
    """
    import psutil

    strays = [process.pid for process in psutil.process_iter(["name"]) if _works_in(process.pid, data_dir)]
    for pid in strays:
        end(pid, gently=False)


def last_lines(log: Path, count: int = 5) -> list[str]:
    """Return the last lines of the server's log."""
    try:
        return log.read_text(encoding="utf-8", errors="replace").splitlines()[-count:]
    except FileNotFoundError:
        return []


def explain(what: str, output: list[str]) -> DatabaseUnavailable:
    """Return the error for a failed program: what failed, what to do, and the program's last words."""
    text = "\n".join(output)
    if "No space left on device" in text or "Disk quota exceeded" in text:
        remedy = "The disk is full: free some space and try again."
    elif "Permission denied" in text or "wrong ownership" in text or "invalid permissions" in text:
        remedy = "A file belongs to another user: give the state folder to this user, or remove it to start afresh."
    elif "shared memory" in text or "semaphores" in text:
        remedy = "The system grants too little shared memory or too few semaphores: raise its limits."
    else:
        remedy = f"Remove the state folder to start afresh, or {USE_A_SERVER}."
    last_words = " | ".join(line.strip() for line in output[-5:] if line.strip()) or "nothing"
    return DatabaseUnavailable(f"{what}. {remedy} PostgreSQL's last words: {last_words}")


def child_environment() -> dict[str, str]:
    """Return the environment of PostgreSQL's programs: English messages, and nothing of the caller's PG* variables."""
    return {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}


def _command(postgres: Path, data_dir: Path, socket_dir: Path) -> list[str]:
    quoted = str(socket_dir).replace('"', '""')
    # Given here and not in postgresql.conf, because they keep the server private and follow the folder when it moves.
    fixed = {
        "listen_addresses": "",
        "unix_socket_directories": f'"{quoted}"',
        "unix_socket_permissions": "0700",
        "port": str(PORT),
    }
    return [
        str(postgres),
        "-D",
        str(data_dir),
        *(part for name, value in fixed.items() for part in ("-c", f"{name}={value}")),
    ]


def _spawn(command: list[str], log: Path, life: int, user: ServerUser | None) -> int:
    with _open_log(log) as log_file:
        launched = subprocess.run(
            # The shell ends at once and leaves the server to init; its own output is the pid only.
            ["/bin/sh", "-c", '"$@" >&2 & echo "$!"', "sh", *command],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log_file,
            text=True,
            check=True,
            start_new_session=True,
            umask=0o077,
            pass_fds=(life,),
            env=child_environment(),
            **process_options(user),
        )
    return int(launched.stdout)


def _open_log(log: Path) -> IO[str]:
    if log.exists() and log.stat().st_size > _LARGEST_LOG_BYTES:
        log.replace(log.with_name(f"{log.name}.1"))
    file = os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w")
    give_to_folder_owner(log)
    return file


def _ask_once(socket_dir: Path) -> Answer:
    import psycopg2

    try:
        psycopg2.connect(host=str(socket_dir), port=PORT, user=SUPERUSER, dbname="postgres", connect_timeout=2).close()
    except psycopg2.OperationalError as error:
        text = str(error)
        if "too many clients" in text or "connection slots" in text:
            return Answer.READY
        if "starting up" in text or "recovery" in text or "not yet accepting" in text:
            return Answer.RECOVERING
        return Answer.SILENT
    return Answer.READY


def _works_in(pid: int, data_dir: Path) -> bool:
    """Whether the process is a ``postgres`` in this data folder, which may have been removed meanwhile.

    The folder tells servers apart; their command lines do not, because backends rewrite theirs.
    """
    import psutil

    try:
        process = psutil.Process(pid)
        return process.name() == "postgres" and process.cwd() == str(data_dir)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def _signal_and_wait(pid: int, birth: str, sign: signal.Signals, seconds: float) -> bool:
    try:
        os.kill(pid, sign)
    except ProcessLookupError:
        return True
    deadline = time.monotonic() + seconds
    while process_birth(pid) == birth:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _reap(pid: int) -> None:
    """Take a dead postmaster off the process table where it is our child: so it is for process 1 of a container."""
    import psutil

    try:
        if psutil.Process(pid).name() == "postgres":  # and no other child of ours, by coincidence of pids
            os.waitpid(pid, os.WNOHANG)
    except (psutil.NoSuchProcess, ChildProcessError):
        return
