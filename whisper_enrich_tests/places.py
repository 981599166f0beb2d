"""Where the tests keep databases and collections: in memory where there is room, because they make hundreds of both."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 4e9
"""Twice what all test processes together take at the same time."""


def in_memory() -> Path | None:
    """The folder for files in memory; None where there is none, or little room (64 MB in a container of Docker)."""
    return _MEMORY if _MEMORY.is_dir() and shutil.disk_usage(_MEMORY).free > _ROOM_BYTES else None


@contextmanager
def private_folder(*, on_disk: bool = False) -> Iterator[Path]:
    """A folder for this user alone, removed afterwards whatever has happened: a collection takes 40 MB."""
    place = None if on_disk else in_memory()
    folder = Path(tempfile.mkdtemp(prefix="whisper-enrich-test-", dir=place)).resolve()
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def open_folder(*, on_disk: bool = False) -> Iterator[Path]:
    """A folder that all users may pass through, as the user that root's PostgreSQL runs as must."""
    with private_folder(on_disk=on_disk) as folder:
        folder.chmod(0o711)
        yield folder
