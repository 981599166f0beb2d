"""Collects the parts at a scrape: each within a deadline, none more often than it may cost, all whatever else is down.

A part is asked in a thread of its own, never in two at once. What it last gave is given again until its time is over; a part
that takes long is asked the less often, so that however often somebody scrapes, it is busy for a twentieth of the time at
most. A scrape waits for `Collector.deadline` seconds; a part that comes later is there at the next one. What is older than
`OUTDATED` is left out rather than shown as if it were so now.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector as Registered

from whisper_enrich.errors import EnrichError
from whisper_enrich.watching.families import Families

log = logging.getLogger("whisper_enrich")

DEADLINE_SECONDS = 3.0
OUTDATED_SECONDS = 120.0
SHARE_OF_TIME = 0.05
RETRY_SECONDS = 5.0
"""How soon a part that failed is asked again."""


class Busy(Exception):
    """The target is there, and has no time now: what it last gave stands."""


@dataclass(frozen=True)
class Part:
    """``collect`` fills the metrics of the part ``name``; it raises where ``target`` does not answer.

    ``seconds`` is how long its answer is good for. ``probes`` says that it tells whether its target is up.
    """

    name: str
    target: str
    collect: Callable[[Families], None]
    seconds: float
    probes: bool = False


@dataclass
class _State:
    families: list[Family] | None = None
    success: bool = False
    collected_at: float = 0.0
    """By the wall clock, for people."""
    good_until: float = 0.0
    fresh_at: float = 0.0
    duration: float = 0.0
    complaint: str = ""
    running: threading.Event | None = None
    """Set when what is under way has ended."""
    began: float = 0.0


class Collector(Registered):
    """What `prometheus_client` asks at every scrape."""

    def __init__(
        self, parts: Sequence[Part], build: dict[str, str], *, deadline: float = DEADLINE_SECONDS,
        clock: Callable[[], float] = time.time, timer: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._parts = parts
        self._build = build
        self._clock = clock
        self._timer = timer
        self.deadline = deadline
        self._states = {part.name: _State() for part in parts}
        self._lock = threading.Lock()

    def describe(self) -> list[Family]:
        """Nothing: to be registered must not ask anybody anything."""
        return []

    def collect(self) -> list[Family]:
        """All parts that are there in time, then what is known of the parts themselves."""
        until = time.monotonic() + self.deadline
        for ended in self._begin():
            ended.wait(max(0.0, until - time.monotonic()))
        now = self._timer()
        found: list[Family] = []
        with self._lock:
            for part in self._parts:
                state = self._states[part.name]
                if state.families is not None and now - state.fresh_at < OUTDATED_SECONDS + part.seconds:
                    found += state.families
            return found + self._about_the_parts(now)

    def _begin(self) -> list[threading.Event]:
        """Ask the parts whose last answer is no longer good; what is under way."""
        now = self._timer()
        with self._lock:
            for part in self._parts:
                state = self._states[part.name]
                if state.running is None and now >= state.good_until:
                    state.began, state.running = now, threading.Event()
                    # A thread that hangs must not keep the process from ending.
                    threading.Thread(target=self._ask, args=(part, state, state.running), daemon=True).start()
            return [state.running for state in self._states.values() if state.running is not None]

    def _ask(self, part: Part, state: _State, ended: threading.Event) -> None:
        families = Families(part.name)
        began = self._timer()
        busy, complaint = False, ""
        try:
            part.collect(families)
        except Busy:
            busy = True
        except Exception as error:  # noqa: BLE001 - the other parts must be scraped all the same; it is shown and logged.
            complaint = type(error).__name__
            if complaint != state.complaint:
                log.warning("The metrics of %s could not be collected: %s", part.name, _sentence(error))
        now = self._timer()
        with self._lock:
            state.running = None
            state.duration = now - began
            state.complaint = complaint
            state.success = not complaint
            state.good_until = now + self._pause(part, state)
            if not complaint and not busy:
                state.families, state.fresh_at, state.collected_at = families.all(), now, self._clock()
            elif complaint:
                state.families = None
        ended.set()

    @staticmethod
    def _pause(part: Part, state: _State) -> float:
        """Until the part is asked again. Whether a target is up again is to be seen soon, and costs little to ask."""
        if state.complaint and part.probes:
            return RETRY_SECONDS
        return max(RETRY_SECONDS if state.complaint else part.seconds, state.duration / SHARE_OF_TIME)

    def _about_the_parts(self, now: float) -> list[Family]:
        own = Families("exporter")
        own.set("build_info", 1, **self._build)
        for part in self._parts:
            state = self._states[part.name]
            overdue = state.running is not None and now - state.began > self.deadline
            success = state.success and not overdue
            own.set("collect_success", success, part=part.name)
            own.set("collect_duration_seconds", state.duration, part=part.name)
            if state.collected_at:
                own.set("collect_timestamp_seconds", state.collected_at, part=part.name)
            if part.probes:
                own.set("up", success, target=part.target)
        return own.all()


def _sentence(error: Exception) -> str:
    """Our own errors hold no word of a conversation; of any other only the class is told."""
    return str(error) if isinstance(error, EnrichError) else type(error).__name__
