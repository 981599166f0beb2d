"""The sample conversations into a message store, shifted once and for all."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile

from whisper_enrich.errors import InputError
from whisper_enrich.loading.load import LoadResult, load
from whisper_enrich.loading.loaded import Loaded
from whisper_enrich.messages.store import MessageStore
from whisper_enrich.sample.conversations import sample_names, sample_points

_KEY = "sample_anchor"


def anchor_at(path: Path, now: datetime) -> datetime:
    """The instant before which the sample ends: what ``path`` holds, or ``now``, which is then written there.

    Decided once: of several processes that come first together, all get the same answer. Folders are created. Raises
    `InputError` where the file is there and holds no anchor.
    """
    path = Path(path)
    if not path.exists():
        _create(path, json.dumps({_KEY: now.astimezone(UTC).isoformat()}) + "\n")
    try:
        anchor = datetime.fromisoformat(json.loads(path.read_text(encoding="utf-8"))[_KEY])
        if anchor.tzinfo is None:
            raise ValueError("without a zone it is no instant")
        return anchor.astimezone(UTC)
    except (ValueError, TypeError, KeyError):
        raise InputError(
            f"{path} does not hold the day on which the sample was loaded. Remove the file: the sample is then placed anew."
        ) from None


def sample_loaded(anchor: datetime) -> Loaded:
    """The sample in the form that `load` takes. Broken points stay without vectors."""
    points = sample_points(anchor)
    counts = {bot_name: len(own) for bot_name, own in points.items()}
    return Loaded(counts, sample_names(), {}, lambda: iter(points.items()))


def load_sample(store: MessageStore, anchor: datetime, progress: Callable[[int], None] | None = None) -> LoadResult:
    """Write the points of the sample that the store does not hold yet."""
    return load(store, sample_loaded(anchor), progress)


def _create(path: Path, text: str) -> None:
    """Write a file whole, unless somebody else was first."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False) as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    try:
        os.link(stream.name, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(stream.name)
