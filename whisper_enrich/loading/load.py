"""Putting messages into the store: what is not there yet, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from whisper_enrich.loading.loaded import Loaded
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.store import MessageStore

_ANY_FIELD = ("user_id",)


@dataclass(frozen=True, slots=True)
class BotLoad:
    """Points of one bot: written now, and there before."""

    new: int
    already_there: int


@dataclass(frozen=True, slots=True)
class LoadResult:
    """What became of the points, by bot."""

    bots: Mapping[str, BotLoad]

    @property
    def new(self) -> int:
        """Points written, of all bots."""
        return sum(bot.new for bot in self.bots.values())

    @property
    def already_there(self) -> int:
        """Points that were there before, of all bots."""
        return sum(bot.already_there for bot in self.bots.values())


def load(store: MessageStore, loaded: Loaded, progress: Callable[[int], None] | None = None) -> LoadResult:
    """Write the points that the store does not hold yet, creating the collections of bots that it does not know.

    A point that is there is left as it is, with its marks, even where the file now says something else: loading twice
    changes nothing, and a load that was interrupted is completed by another. ``progress`` is told the number of points
    that were dealt with, page by page.
    """
    collections = {bot_name: store.create_collection(bot_name).collection for bot_name in sorted(loaded.counts)}
    new: Counter[str] = Counter()
    for bot_name, points in loaded.pages():
        new[bot_name] += _write_missing(store, collections[bot_name], points, loaded)
        if progress is not None:
            progress(len(points))
    return LoadResult({name: BotLoad(new[name], loaded.counts[name] - new[name]) for name in sorted(loaded.counts)})


def _write_missing(store: MessageStore, collection: str, points: Sequence[Point], loaded: Loaded) -> int:
    present = {point.id for point in store.by_ids(collection, [point.id for point in points], fields=_ANY_FIELD)}
    missing = [point for point in points if point.id not in present]
    if missing:
        store.upsert(collection, loaded.with_vectors(missing))
    return len(missing)
