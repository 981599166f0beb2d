"""Turns at a folder of the embedded engine, which lets one opener in at a time, readers too.

A turn is two file locks. Whoever wants in holds ``<name>.queue`` while waiting for ``<name>.lock``, and whoever has
just been in must queue like everybody else, so that a reader who opens again and again starves nobody. File locks die
with their process, so a killed one leaves nothing behind, and each opening takes file descriptors of its own, so the
same locks serve the threads of one process.

A forked child would inherit what its parent has open, and keep the folder closed to everybody for as long as it lives.
So a fork waits until no turn is being taken in this process.
"""

from __future__ import annotations

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_FIRST_PAUSE = 0.002
_LONGEST_PAUSE = 0.02
_FORK_PATIENCE = 60.0


@contextmanager
def turn(folder: Path, name: str, deadline: float) -> Iterator[None]:
    """Hold the turn of ``name``, with its lock files in ``folder``, which is created.

    ``deadline`` is on `time.monotonic`. Raises `TimeoutError` when it passes first, `OSError` where the files cannot be
    made.
    """
    folder.mkdir(exist_ok=True)
    lock = _open(folder / f"{name}.lock")
    try:
        _queue_for(lock, folder / f"{name}.queue", deadline)
        _gate.enter()
        try:
            yield
        finally:
            # Unlocked by name: closing alone would leave the lock with a child forked while we waited.
            fcntl.flock(lock, fcntl.LOCK_UN)
            _gate.leave()
    finally:
        os.close(lock)


def pauses(deadline: float) -> Iterator[None]:
    """Sleep a little longer each time; ends when the deadline has passed."""
    pause = _FIRST_PAUSE
    while (left := deadline - time.monotonic()) > 0:
        time.sleep(min(pause, left))
        yield
        pause = min(2 * pause, _LONGEST_PAUSE)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _queue_for(lock: int, queue_path: Path, deadline: float) -> None:
    queue = _open(queue_path)
    try:
        _lock(queue, deadline)
        try:
            _lock(lock, deadline)
        finally:
            fcntl.flock(queue, fcntl.LOCK_UN)
    finally:
        os.close(queue)


def _lock(descriptor: int, deadline: float) -> None:
    if _try_lock(descriptor):
        return
    for _ in pauses(deadline):
        if _try_lock(descriptor):
            return
    raise TimeoutError


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _ForkGate:
    """Counts the turns that are being taken in this process; a fork waits for none, and none starts while it waits."""

    def __init__(self) -> None:
        self._state = threading.Condition()
        self._inside = 0
        self._forking = 0

    def enter(self) -> None:
        with self._state:
            self._state.wait_for(lambda: not self._forking)
            self._inside += 1

    def leave(self) -> None:
        with self._state:
            self._inside -= 1
            self._state.notify_all()

    def before_fork(self) -> None:
        self._state.acquire()
        self._forking += 1
        # Bounded, so that a fork from inside a turn (a signal handler) is slow rather than for ever.
        self._state.wait_for(lambda: not self._inside, timeout=_FORK_PATIENCE)

    def after_fork_in_parent(self) -> None:
        self._forking -= 1
        self._state.notify_all()
        self._state.release()

    def after_fork_in_child(self) -> None:
        self.__init__()  # type: ignore[misc]


_gate = _ForkGate()
os.register_at_fork(
    before=_gate.before_fork,
    after_in_parent=_gate.after_fork_in_parent,
    after_in_child=_gate.after_fork_in_child,
)
