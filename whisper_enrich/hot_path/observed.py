"""What the reader finds, counted by table and bot: fresh rows, stale ones, nothing, and how long the database took.

    hit     a fresh row: it had read everything, in time, and the worker is alive
    stale   a row that no longer holds, by `StaleReason`
    miss    nothing, by `Absence`

The hit rate is hits / (hits + stale + misses): fresh rows found among all reads, answered or not. In a context a table
counts once, when the bot first looks at a part of it. Two names are no tables: ``context`` is the round trip of
`get_context` (hit: the database answered; stale: answered from memory), ``recall`` a question about the past (hit: answered,
whatever it found; how many of those that named a time found anything is counted beside it). A strict call that raises is
counted as a round trip alone.

Counting takes a lock and a few additions. Kept are the sums of this process, and the minutes that are still to be reported
(`reports`): at most `KEPT_MINUTES`, at most `MOST_SERIES` tables and bots.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING, Any, TypeVar

from whisper_enrich.hot_path.context import Absence, Contents, Freshness, Missing, StaleReason
from whisper_enrich.hot_path.engines import OF_CACHE

if TYPE_CHECKING:
    from whisper_enrich.hot_path.answers import Question
    from whisper_enrich.hot_path.async_reader import AsyncReader
    from whisper_enrich.hot_path.reader import Reader
    from whisper_enrich.hot_path.recall_model import Recall

Found = TypeVar("Found")

BOUNDS = (0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.05, 0.1)
"""Of the latency histogram, in seconds; dense around the aim of 5 ms and the deadline of 20 ms."""
BOUND_NAMES = (*map(str, BOUNDS), "+Inf")

KEPT_MINUTES = 30
_CORRECTED_MINUTES = 24 * 60
"""A clock that is set back by more than that was wrong before."""
MOST_SERIES = 500
OTHERS = "(others)"
"""Stands for the bots beyond `MOST_SERIES`, and for names that no bot can have."""
_LONGEST_BOT_NAME = 100

CONTEXT = "context"
RECALL = "recall"
_TABLE_OF_QUERY = {
    "hot_facts": "user_facts", "hot_versions": "user_facts", "hot_summaries": "conversation_summaries",
    "hot_anchors": RECALL, "hot_recall": RECALL,
}  # fmt: skip
_TABLE_OF_PART = {engine.part: cache for cache, engines in OF_CACHE.items() for engine in engines} | {
    "facts": "user_facts", "summaries": "conversation_summaries",
}  # fmt: skip


HIT, STALE, MISS = "hit", "stale", "miss"


@dataclass(slots=True)
class Series:
    """The counts of one table and bot. ``outcomes`` by outcome and reason, which is '' of a hit; ``latencies`` by `BOUNDS`,
    the last beyond them."""

    outcomes: dict[tuple[str, str], int] = field(default_factory=dict)
    round_trips: int = 0
    seconds: float = 0.0
    latencies: list[int] = field(default_factory=lambda: [0] * len(BOUND_NAMES))
    time_anchored: int = 0
    time_anchored_found: int = 0

    def add(self, other: Series) -> None:
        for outcome, count in other.outcomes.items():
            self.outcomes[outcome] = self.outcomes.get(outcome, 0) + count
        self.round_trips += other.round_trips
        self.seconds += other.seconds
        self.latencies = [mine + theirs for mine, theirs in zip(self.latencies, other.latencies, strict=True)]
        self.time_anchored += other.time_anchored
        self.time_anchored_found += other.time_anchored_found

    def copy(self) -> Series:
        twin = Series()
        twin.add(self)
        return twin

    def of(self, outcome: str) -> int:
        """How many reads had this outcome."""
        return sum(count for (one, _), count in self.outcomes.items() if one == outcome)

    def as_row(self) -> dict[str, Any]:
        """As `reader_observations` has it."""
        named = zip(BOUND_NAMES, self.latencies, strict=True)
        return {
            "hits": self.of(HIT), "stale": self.of(STALE), "misses": self.of(MISS),
            "reasons": {f"{one}:{reason}": count for (one, reason), count in self.outcomes.items() if reason},
            "round_trips": self.round_trips, "seconds": self.seconds,
            "latencies": {bound: count for bound, count in named if count},
            "time_anchored": self.time_anchored, "time_anchored_found": self.time_anchored_found,
        }  # fmt: skip


Counts = dict[tuple[str, str], Series]
"""By table and bot."""


@dataclass(frozen=True, slots=True)
class Unreported:
    """The rows of all minutes that nobody has confirmed: of those that are ``over``, and of the one that is still open."""

    over: frozenset[int]
    rows: list[dict[str, Any]]


class Observed:
    """The counters of one reader. Safe to use from several threads. ``kept``: minutes are kept until they are reported;
    ``clock`` gives seconds since the epoch."""

    def __init__(self, *, kept: bool = True, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._lock = Lock()
        self._minute = 0
        self._next_minute_at = 0.0
        self._open: Counts = {}
        self._closed: deque[tuple[int, Counts]] = deque(maxlen=KEPT_MINUTES if kept else 0)
        self._before: Counts = {}

    def took(self, question: Question, seconds: float) -> None:
        """A question was put to the database, and answered or given up after that time."""
        with self._lock:
            series = self._series(_table(question), question.request.bot_name)
            series.round_trips += 1
            series.seconds += seconds
            series.latencies[bisect_left(BOUNDS, seconds)] += 1

    def saw(self, question: Question, found: Found) -> Found:
        """A single read has come to a part, to several of one cache, or to nothing; it is handed on."""
        part = next(iter(found.values())) if isinstance(found, dict) else found
        self._count(_table(question), question.request.bot_name, _outcome(part))
        return found

    def context(self, contents: Contents, bot_name: str, degraded: Absence | None, *, remembered: bool) -> Contents:
        """A context was read; its tables are counted when they are looked at."""
        if degraded is None:
            self._count(CONTEXT, bot_name, _HIT)
        elif remembered:
            self._count(CONTEXT, bot_name, (STALE, StaleReason.UNREACHABLE))
        else:
            self._count(CONTEXT, bot_name, (MISS, degraded))
        return Watched(contents, bot_name, self)

    def recalled(self, bot_name: str, found: Recall) -> Recall:
        """A question about the past was answered, or not; the answer is handed on."""
        if found.missing is not None:
            self._count(RECALL, bot_name, (MISS, found.missing))
            return found
        self._count(RECALL, bot_name, _outcome(found))
        if found.understood.range is not None:
            with self._lock:
                series = self._series(RECALL, bot_name)
                series.time_anchored += 1
                series.time_anchored_found += found.found
        return found

    def looked_at(self, table: str, bot_name: str, part: Any) -> None:
        """A table of a context, by the first part of it."""
        self._count(table, bot_name, _outcome(part))

    def totals(self) -> Counts:
        """Since the process began."""
        with self._lock:
            found = {key: series.copy() for key, series in self._before.items()}
            _add(found, self._open)
        return found

    def unreported(self) -> Unreported:
        """What is to be reported. A minute that is open will be reported again, with higher counts."""
        with self._lock:
            self._turn()
            minute, closed = self._minute, list(self._closed)
            still_open = {key: series.copy() for key, series in self._open.items()}
        rows = [
            {"minute": at, "table_name": table, "bot_name": bot_name} | series.as_row()
            for at, counts in (*closed, (minute, still_open))
            for (table, bot_name), series in counts.items()
        ]
        return Unreported(frozenset(at for at, _ in closed), rows)

    def reported(self, told: Unreported) -> None:
        """The minutes that were over are known now."""
        with self._lock:
            while self._closed and self._closed[0][0] in told.over:
                self._closed.popleft()

    def forget_unreported(self) -> None:
        """In a process forked from another, which reports them."""
        self._lock = Lock()
        self._closed.clear()
        _add(self._before, self._open)
        self._open = {}

    def _count(self, table: str, bot_name: str, outcome: tuple[str, str]) -> None:
        with self._lock:
            outcomes = self._series(table, bot_name).outcomes
            outcomes[outcome] = outcomes.get(outcome, 0) + 1

    def _series(self, table: str, bot_name: str) -> Series:
        ahead = self._next_minute_at - self._clock()
        if not 0.0 < ahead <= 60.0:
            self._turn()
        return self._open.get((table, bot_name)) or _entered(self._open, table, bot_name)

    def _turn(self) -> None:
        """Begin another minute where it is time; a clock that is set back goes on with the latest, unless that was far off."""
        minute = int(self._clock() // 60)
        if minute > self._minute or minute < self._minute - _CORRECTED_MINUTES:
            if self._open:
                self._closed.append((self._minute, self._open))
                _add(self._before, self._open)
                self._open = {}
            self._minute, self._next_minute_at = minute, (minute + 1) * 60.0


class Watched:
    """The parts of a context; each table is counted when one of its parts is made."""

    def __init__(self, contents: Contents, bot_name: str, observed: Observed) -> None:
        self._contents, self._bot_name, self._observed = contents, bot_name, observed
        self._counted: set[str] = set()

    def part(self, name: str) -> Any:
        found = self._contents.part(name)
        table = _TABLE_OF_PART[name]
        if table not in self._counted:
            self._counted.add(table)
            self._observed.looked_at(table, self._bot_name, found)
        return found


def _table(question: Question) -> str:
    name = question.query.name
    return _TABLE_OF_QUERY.get(name) or name.removeprefix("hot_")


def _outcome(found: Any) -> tuple[str, str]:
    if isinstance(found, Missing):
        return MISS, found.reason
    return _HIT if found.freshness is _FRESH else (STALE, found.stale_reason)


_FRESH = Freshness.FRESH
_HIT = (HIT, "")


def _add(sums: Counts, counts: Counts) -> None:
    for (table, bot_name), series in counts.items():
        (sums.get((table, bot_name)) or _entered(sums, table, bot_name)).add(series)


def _entered(counts: Counts, table: str, bot_name: str) -> Series:
    """A new series; callers that make bot names up do not make it grow, or impossible to report."""
    possible = bot_name.isprintable() and len(bot_name) <= _LONGEST_BOT_NAME
    name = bot_name if possible and len(counts) < MOST_SERIES else OTHERS
    return counts.setdefault((table, name), Series())


def prometheus_collector(reader: Reader | AsyncReader) -> Any:
    """The counts of a reader for ``prometheus_client.REGISTRY.register(…)``, which has to be installed."""
    from whisper_enrich.hot_path.prometheus import ReaderCollector

    return ReaderCollector(reader.answers.observed)
