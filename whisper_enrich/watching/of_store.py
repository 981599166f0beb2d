"""Metrics from the message store: what the ledger does not know yet. The embedded engine is opened for a moment only."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Generic, TypeVar

from whisper_enrich.errors import StoreBusy
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.parsing import parse_point
from whisper_enrich.messages.store import BotCollection, MessageStore
from whisper_enrich.settings import Settings
from whisper_enrich.storage import overview
from whisper_enrich.watching.collector import Busy, Part
from whisper_enrich.watching.families import Families
from whisper_enrich.watching.reading import ReadOnly

TARGET = "qdrant"
REQUEST_SECONDS = 2.0
LOOK_SECONDS = 1.0
"""After that a look ends with the bot that it is at; the next one goes on with those that it did not reach."""
POINTS_LOOKED_AT = 200
"""Of those that the ledger does not know, for their age: they come in the order of their ids, not of time."""

OpenStore = Callable[[Settings], MessageStore]
T = TypeVar("T")


def parts_of_store(database: ReadOnly, clock: Callable[[], datetime], open_store: OpenStore) -> list[Part]:
    """What is asked of Qdrant, or of the embedded engine: of that more seldom, as runs wait for it meanwhile.

    What needs PostgreSQL too is a part by itself: that this is down must not look as if the store were.
    """
    settings = database.settings.model_copy(update={"qdrant_timeout_seconds": REQUEST_SECONDS})
    source = _Source(database, settings, clock, open_store)
    seconds = 60 if settings.embedded_qdrant else 15
    return [
        Part("store", TARGET, source.points, seconds=seconds, probes=True),
        Part("untaken", TARGET, source.untaken, seconds=seconds),
    ]


class _InTurn(Generic[T]):
    """What was last seen of each bot. A look takes in as many as the time allows, one at least, beginning after the last
    one of the look before."""

    def __init__(self) -> None:
        self._seen: dict[str, T] = {}
        self._after = ""

    def look(self, bots: list[BotCollection], see: Callable[[BotCollection], T]) -> list[tuple[str, T]]:
        deadline = time.monotonic() + LOOK_SECONDS
        for bot in sorted(bots, key=lambda one: (one.bot_name <= self._after, one.bot_name)):
            self._seen[bot.bot_name] = see(bot)
            self._after = bot.bot_name
            if time.monotonic() > deadline:
                break
        names = {bot.bot_name for bot in bots}
        self._seen = {name: seen for name, seen in self._seen.items() if name in names}
        return sorted(self._seen.items())


@dataclass(frozen=True, slots=True)
class _Untaken:
    points: int = 0
    oldest_seconds: float = 0.0


class _Source:
    def __init__(
        self, database: ReadOnly, settings: Settings, clock: Callable[[], datetime], open_store: OpenStore
    ) -> None:
        self._database = database
        self._settings = settings
        self._clock = clock
        self._open_store = open_store
        self._store: MessageStore | None = None
        self._turn = Lock()
        self._points: _InTurn[int] = _InTurn()
        self._untaken: _InTurn[_Untaken] = _InTurn()

    def points(self, families: Families) -> None:
        """Points by bot."""
        with self._using_store() as store:
            seen = self._points.look(store.bots(), lambda bot: store.count(bot.collection))
        for name, points in seen:
            families.set("points", points, bot=name)

    def untaken(self, families: Families) -> None:
        """Points that bear no mark, less those that the ledger knows of."""
        with self._using_store() as store:
            bots = store.bots()
        with self._database.transaction() as connection:
            ledger_id = overview.ledger_id(connection)
            known = {bot.bot_name: overview.unmarked_points(connection, bot.bot_name) for bot in bots}
        with self._using_store() as store:
            seen = self._untaken.look(bots, lambda bot: self._of_bot(store, bot, ledger_id, known[bot.bot_name]))
        for name, untaken in seen:
            families.set("untaken_points", untaken.points, bot=name)
            families.set("oldest_untaken_age_seconds", untaken.oldest_seconds, bot=name)

    @contextmanager
    def _using_store(self) -> Iterator[MessageStore]:
        """One part at a time: the embedded engine lets nobody else in. It may be held by a run: then it is there, but busy."""
        with self._turn:
            try:
                if self._store is None:
                    self._store = self._open_store(self._settings)
                yield self._store
            except StoreBusy:
                raise Busy from None

    def _of_bot(self, store: MessageStore, bot: BotCollection, ledger_id: str, known: int) -> _Untaken:
        untaken = store.count(bot.collection, unmarked_for=ledger_id) - known
        if untaken <= 0:
            return _Untaken()
        pages = store.scan(bot.collection, unmarked_for=ledger_id, page_size=POINTS_LOOKED_AT, max_pages=1)
        return _Untaken(untaken, max((age for page in pages for age in self._ages(bot, page)), default=0.0))

    def _ages(self, bot: BotCollection, page: list[Point]) -> Iterator[float]:
        """Of the messages on a page that the ledger does not know, in seconds."""
        now = self._clock()
        with self._database.transaction() as connection:
            taken = overview.known_hashes(connection, bot.bot_name, [point.id for point in page])
        for point in page:
            parsed = parse_point(bot.bot_name, point, now=now, first_day=self._settings.enrichment_start_date)
            if point.id not in taken and parsed.at is not None:
                yield (now - parsed.at).total_seconds()
