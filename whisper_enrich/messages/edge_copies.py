"""Copies of whole collections of the embedded engine: the part of `EdgeStore` that backups use."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from whisper_enrich.errors import StoreError

_BLOCK = 1 << 16


class EdgeCopies:
    """Each collection is a folder, at rest whenever nobody has a turn at it: every call closes what it opened."""

    _root: Path
    _turn: Callable[[str, str], AbstractContextManager[float]]
    _creating: Callable[[], AbstractContextManager[None]]
    _in_order: Callable[[], AbstractContextManager[None]]
    _has: Callable[[str], bool]
    _remove_unfinished: Callable[[], None]
    _unfinished: Callable[[str], Path]

    def has(self, collection: str) -> bool:
        """Whether there is a collection of that name."""
        return self._has(collection)

    def copy_collection(self, collection: str, target: Path) -> None:
        """Pack a collection into the new file ``target`` (a packed tar) while nobody else can open it.

        Packed, because the engine's files are mostly room for what is to come: 170 MB for 300 points, of which 2 are used.
        """
        with self._turn(collection, f"copying the collection {collection}"):
            if not self._has(collection):
                raise StoreError(f"There is no collection {collection} under {self._root}. Somebody removed it.")
            with self._in_order(), tarfile.open(target, "x:gz", compresslevel=1) as archive:
                archive.add(self._root / collection, arcname=collection)

    def put_back(self, collection: str, source: Path) -> bool:
        """Make a collection from such a file; False, and nothing changed, where there is one of that name."""
        with self._creating():
            if self._has(collection):
                return False
            with self._in_order():
                self._remove_unfinished()
                unpacked = self._unfinished(collection)
                with tarfile.open(source, "r:gz") as archive:
                    _unpack(archive, unpacked)
                (unpacked / collection).rename(self._root / collection)
                unpacked.rmdir()
        return True


def _unpack(archive: tarfile.TarFile, folder: Path) -> None:
    """Files and folders, with holes in place of zeros: the room for what is to come takes none on the disk."""
    folder.mkdir()
    for member in archive:
        target = folder / member.name
        if not target.resolve().is_relative_to(folder.resolve()) or not (member.isdir() or member.isfile()):
            raise StoreError(
                f"The copy {archive.name} holds something that is no file of a collection. It was not unpacked."
            )
        if member.isdir():
            target.mkdir(exist_ok=True)
            continue
        packed = archive.extractfile(member)
        assert packed is not None, "a file can be read"
        with packed, target.open("wb") as file:
            while block := packed.read(_BLOCK):
                if block.strip(b"\0"):
                    file.write(block)
                else:
                    file.seek(len(block), os.SEEK_CUR)
            file.truncate(member.size)
