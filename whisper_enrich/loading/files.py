"""Which format a file is in, told by what it holds and not by its name."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Any

from whisper_enrich.errors import InputError
from whisper_enrich.loading.jsonl import read_jsonl
from whisper_enrich.loading.loaded import Loaded
from whisper_enrich.loading.locomo import read_locomo

_LARGEST_LOCOMO = 64_000_000


class Format(StrEnum):
    """What `read_file` understands."""

    JSONL = "jsonl"
    LOCOMO = "locomo"


def detect(path: Path | str) -> Format:
    """LoCoMo for a file that is JSON as a whole with a ``conversation`` in it, else JSONL, whose reader says what is wrong.

    Raises `InputError` where the file cannot be read.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            first = next((line for line in stream if line.strip(b"\xef\xbb\xbf \t\r\n")), b"")
        found = _json(first)
        if found is None and path.stat().st_size <= _LARGEST_LOCOMO:
            # The first line of JSON that is laid out over several lines is no JSON by itself; that of a broken JSONL file
            # neither, but then the whole is none.
            found = _json(path.read_bytes())
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}. Name a JSONL or a LoCoMo file.") from None
    if isinstance(found, list) and found:
        found = found[0]
    return Format.LOCOMO if isinstance(found, dict) and "conversation" in found else Format.JSONL


def read_file(path: Path | str, user_speaker: str = "both") -> Loaded:
    """The messages of a file in either format; ``user_speaker`` is for LoCoMo. Raises `InputError`."""
    return read_locomo(path, user_speaker) if detect(path) is Format.LOCOMO else read_jsonl(path)


def _json(raw: bytes) -> Any:
    """None for what is no JSON."""
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None
