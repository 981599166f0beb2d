"""Leases of processes on a shared local resource, and the lock that guards it.

A lease names a process by its pid and by its birth, so that a later process with the same pid is not taken for it. A
process that ended, however it ended, holds nothing. All functions that write expect the caller to hold the lock.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

_logger = logging.getLogger(__name__)
_POLL_SECONDS = 0.02


class LockTimeout(Exception):
    """The lock was not free before the deadline. ``holder`` is the pid that took it, where it is known."""

    def __init__(self, path: Path, holder: int | None) -> None:
        super().__init__(f"{path} is locked by process {holder or 'unknown'}")
        self.holder = holder


@contextmanager
def exclusive_lock(path: Path, deadline_seconds: float) -> Iterator[None]:
    """Hold an exclusive lock on ``path`` (created where absent); raise LockTimeout after ``deadline_seconds``.

    The kernel frees it when the holder dies. It excludes threads of one process as well. It is not re-entrant.
    """
    deadline = time.monotonic() + deadline_seconds
    fd = _lock_current_file(path, deadline)
    try:
        os.pwrite(fd, f"{os.getpid():<10}".encode(), 0)  # of one width, so that it needs no room on a full disk
        yield
    finally:
        # Closing is not enough: a child that another thread forked meanwhile shares the lock and would keep it.
        fcntl.flock(fd, fcntl.LOCK_UN)
        os.close(fd)


def try_lock(path: Path) -> int | None:
    """Return a file descriptor that holds an exclusive lock on ``path``, or None where somebody else holds it.

    The lock lasts until every process that inherited the descriptor has closed it or died.
    """
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        give_to_folder_owner(path)
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    except BaseException:
        os.close(fd)
        raise
    return fd


def _lock_current_file(path: Path, deadline: float) -> int:
    while True:
        fd = try_lock(path)
        if fd is not None:
            if _is_current(fd, path):
                return fd
            os.close(fd)
        elif time.monotonic() > deadline:
            raise LockTimeout(path, _holder(path))
        else:
            time.sleep(_POLL_SECONDS)


def _is_current(fd: int, path: Path) -> bool:
    """Whether ``path`` still is the locked file: the folder may have been removed and made anew while we waited."""
    try:
        return os.path.samestat(os.fstat(fd), path.stat())
    except FileNotFoundError:
        return False


def _holder(path: Path) -> int | None:
    text = path.read_text().strip()
    return int(text) if text.isdigit() else None


def write_private(path: Path, text: str, *, durable: bool = False) -> None:
    """Replace ``path`` by ``text`` in one step, readable by its owner only; ``durable`` waits for the disk."""
    new = path.with_name(path.name + ".new")
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w", encoding="utf-8") as file:
        file.write(text)
        if durable:
            file.flush()
            os.fsync(fd)
    give_to_folder_owner(new)
    os.replace(new, path)


def give_to_folder_owner(path: Path) -> None:
    """As root, leave a file to the owner of its folder, so that a run by ``sudo`` does not lock that person out."""
    if os.geteuid() == 0:
        folder = path.parent.stat()
        os.chown(path, folder.st_uid, folder.st_gid, follow_symlinks=False)


def process_birth(pid: int) -> str | None:
    """Return what tells this process from any other that had or will have its pid; None where it is dead or a zombie.

    On Linux: the boot's id and the start in clock ticks since boot, which a change of the wall clock does not move
    (``psutil``'s start time moves with it). Elsewhere: the start time to 10 ms.
    """
    return _birth_from_proc(pid) if sys.platform == "linux" else _birth_from_psutil(pid)


def _birth_from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    fields = stat[stat.rindex(b")") + 2 :].split()  # the program's name, in parentheses, may itself contain any of both
    state, start_ticks = fields[0], fields[19]
    if state in (b"Z", b"X"):
        return None
    return f"{Path('/proc/sys/kernel/random/boot_id').read_text().strip()}/{start_ticks.decode()}"


def _birth_from_psutil(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        if process.status() in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD):
            return None
        return f"{process.create_time():.2f}"
    except psutil.NoSuchProcess:
        return None


@dataclass(frozen=True, slots=True)
class Lease:
    """One holder: a process, and the token of the object in it that took the lease."""

    token: str
    pid: int
    birth: str
    program: str

    @property
    def alive(self) -> bool:
        """Whether the very process that took this lease still runs."""
        return process_birth(self.pid) == self.birth


def new_lease() -> Lease:
    """Return a lease of this process, not yet recorded anywhere."""
    birth = process_birth(os.getpid())
    if birth is None:
        raise RuntimeError("this process cannot see itself in the process table")
    return Lease(uuid.uuid4().hex, os.getpid(), birth, Path(sys.argv[0]).name if sys.argv else "")


class LeaseBook:
    """The recorded leases, one small JSON file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def live(self) -> tuple[Lease, ...]:
        """Return the leases of living processes. Safe to call without the lock."""
        return tuple(lease for lease in self._read() if lease.alive)

    def add(self, lease: Lease) -> None:
        """Record ``lease`` and forget those of dead processes."""
        self._write((*self.live(), lease))

    def others(self, own: Lease | None) -> tuple[Lease, ...]:
        """Return the leases of living processes without ``own``."""
        return tuple(lease for lease in self.live() if lease != own)

    def remove(self, own: Lease) -> None:
        """Forget the lease ``own`` and those of dead processes."""
        self._write(self.others(own))

    def clear(self) -> None:
        """Forget all leases."""
        self._write(())

    def _read(self) -> tuple[Lease, ...]:
        try:
            return tuple(Lease(**entry) for entry in json.loads(self._path.read_text(encoding="utf-8")))
        except FileNotFoundError:
            return ()
        except (ValueError, TypeError):
            # Written in one step, so it is damaged only by what ends processes too: a power cut, a failing disk.
            _logger.warning("The list of leases %s is damaged and is taken as empty.", self._path)
            return ()

    def _write(self, leases: tuple[Lease, ...]) -> None:
        write_private(self._path, json.dumps([asdict(lease) for lease in leases], indent=1))
