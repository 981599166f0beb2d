"""What keeps a database that is down from slowing the bot: a circuit breaker, a log that says so once a minute, and a memory
of the last answers."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any

from whisper_enrich.hot_path.context import Absence
from whisper_enrich.hot_path.options import Options

log = logging.getLogger("whisper_enrich.hot_path")

Clock = Callable[[], float]
"""Seconds that only grow."""

PAUSE_BETWEEN_LINES = 60.0

WAKING_SECONDS = 0.0005
"""Of a deadline, what is kept for waking up and answering: a sleep of 20 ms takes 20.1 to 20.3."""


class Circuit:
    """Open after a number of failures in a row; then one call in each ``open_seconds`` may try, until one succeeds."""

    def __init__(self, options: Options, clock: Clock = time.monotonic) -> None:
        self._most, self._pause, self._clock = options.failures_to_open, options.open_seconds, clock
        self._failures, self._next_try = 0, 0.0
        self._lock = Lock()

    def admits(self) -> bool:
        """Whether the database may be asked now."""
        if self._failures < self._most:
            return True
        with self._lock:
            now = self._clock()
            if now < self._next_try:
                return False
            self._next_try = now + self._pause
            return True

    def succeeded(self) -> None:
        if self._failures:
            with self._lock:
                self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._most:
                self._next_try = self._clock() + self._pause

    @property
    def is_open(self) -> bool:
        return self._failures >= self._most


class MinuteLog:
    """One line a minute for each kind of trouble, with how often it was. It never names a user or quotes a value."""

    def __init__(self, clock: Clock = time.monotonic, said: str = "The reader answers without the database") -> None:
        self._clock, self._said = clock, said
        self._lock = Lock()
        self._since: dict[str, tuple[float, int]] = {}

    def note(self, trouble: str, cause: str) -> None:
        """It happened (again). ``cause`` is the class of an error, or a few words."""
        with self._lock:
            now = self._clock()
            last, unsaid = self._since.get(trouble, (float("-inf"), 0))
            if now - last < PAUSE_BETWEEN_LINES:
                self._since[trouble] = (last, unsaid + 1)
                return
            self._since[trouble] = (now, 0)
        more = f"; {unsaid} more since the last such line" if unsaid else ""
        log.warning("%s: %s (%s)%s.", self._said, trouble, cause, more)


class Remembered:
    """The last answers by key, the least recently used dropped first."""

    def __init__(self, options: Options, clock: Clock = time.monotonic) -> None:
        self._most, self._seconds, self._clock = options.remembered, options.remember_seconds, clock
        self._answers: OrderedDict[Hashable, tuple[float, Any]] = OrderedDict()
        self._lock = Lock()

    def keep(self, key: Hashable, answer: Any) -> None:
        if self._most <= 0:
            return
        with self._lock:
            self._answers[key] = (self._clock(), answer)
            self._answers.move_to_end(key)
            if len(self._answers) > self._most:
                self._answers.popitem(last=False)

    def recall(self, key: Hashable) -> Any | None:
        """None where there is none, or none that is recent enough."""
        with self._lock:
            kept_at, answer = self._answers.get(key, (0.0, None))
            if answer is not None and self._clock() - kept_at > self._seconds:
                del self._answers[key]
                return None
            return answer


class NoAnswer(Exception):
    """The database was not asked, or did not answer: why, and the error's class or a few words for the log."""

    def __init__(self, reason: Absence, cause: str) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.cause = cause


def absence_of(error: Exception, sqlstate: str | None) -> NoAnswer:
    """What an error of a driver means. SQLSTATE class 42: no such table, column or function, or no right to it; 3F: no such
    schema; 22, or a ValueError: a value that cannot be sent; without one: no connection, or nothing the server said."""
    if isinstance(error, ValueError) and sqlstate is None:
        return NoAnswer(Absence.UNREADABLE, type(error).__name__)
    kinds = {"42": Absence.SCHEMA, "3F": Absence.SCHEMA, "22": Absence.UNREADABLE}
    cause = f"{type(error).__name__} {sqlstate}" if sqlstate else type(error).__name__
    return NoAnswer(kinds.get((sqlstate or "")[:2], Absence.UNREACHABLE), cause)
