"""The manifest of a backup: what it holds, and how to tell that it is whole. A folder without one is no backup."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from whisper_enrich.backup.contents import TableContents
from whisper_enrich.errors import InputError

FORMAT = 1
NAME = "manifest.json"
DUMP = "database.dump"
TOMBSTONES = "tombstones.json"
COLLECTIONS = "collections"
METRICS = "influxdb.lp.gz"


@dataclass(frozen=True, slots=True)
class File:
    """A file of a backup."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``schema`` at ``revision``, as ``tables`` were when the dump was made; ``readers`` are the roles that might read the
    bots' views. ``collections`` are those of the message store by how they were copied: ``tar.gz`` of the embedded engine,
    ``snapshot`` of a server. ``left_out`` says of what there is no copy, and why."""

    made_at: datetime
    package: str
    server: str
    pg_dump: int
    schema: str
    revision: str
    ledger_id: str
    tables: Mapping[str, TableContents]
    files: Mapping[str, File]
    readers: tuple[str, ...] = ()
    collections: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> None:
        """Put it into the folder."""
        told = {"format": FORMAT, **asdict(self), "made_at": self.made_at.isoformat()}
        (folder / NAME).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def read_manifest(folder: Path) -> Manifest:
    """That of a folder. Raises `InputError` where there is none, or one of another format."""
    path = folder / NAME
    if not path.is_file():
        raise InputError(
            f"{folder} is no backup: it has no {NAME}. A folder that ends in .partial is one that was interrupted; name a "
            "whole one."
        )
    try:
        told: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("format") != FORMAT:
            raise InputError(
                f"{path} is of another format than {FORMAT}. Use the version of whisper-enrich that made it."
            )
        told["made_at"] = datetime.fromisoformat(told["made_at"])
        told["tables"] = {name: TableContents(**one) for name, one in told["tables"].items()}
        told["files"] = {name: File(**one) for name, one in told["files"].items()}
        return Manifest(**{**told, "readers": tuple(told["readers"])})
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(f"{path} cannot be read as the manifest of a backup. Use another backup.") from None


def file_of(path: Path) -> File:
    """Size and SHA-256 of a file."""
    with path.open("rb") as file:
        return File(path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def files_of(folder: Path) -> dict[str, File]:
    """Those of all files below a folder, by their path within it; the manifest excepted."""
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path != folder / NAME)
    return {path.relative_to(folder).as_posix(): file_of(path) for path in paths}


def check_files(folder: Path, manifest: Manifest) -> None:
    """Raise `InputError` unless all files are there, each as it was written."""
    found = files_of(folder)
    wrong = [f"{name} is missing" for name in manifest.files if name not in found]
    wrong += [f"{name} has changed" for name, file in manifest.files.items() if name in found and found[name] != file]
    if wrong:
        shown = "; ".join(wrong[:3]) + (f"; and {len(wrong) - 3} more" if len(wrong) > 3 else "")
        raise InputError(f"The backup {folder} is damaged: {shown}. Nothing was restored; use another backup.")
