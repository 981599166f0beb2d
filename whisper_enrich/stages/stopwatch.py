"""Where the time of a run goes, by stage: a stage that begins within another one stops its watch."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import wraps
from typing import Any

STAGES = ("detect", "queue", "start", "intake", "read", "extract", "summarise", "compute", "write", "mark")
"""In the order in which a message passes them.

detect: from the message to the run that was launched for it; queue: until it is taken from the queue; start: until its
first step begins; intake: new points enter the ledger; read: messages are fetched from the store; extract: facts;
summarise: summaries; compute: features and caches; write: results and ledger in one transaction; mark: points are marked.
"""


@dataclass(frozen=True, slots=True)
class Work:
    """Under which stage what a step did is counted, and which of its counts is the result, if any."""

    stage: str
    result: str


WORK_OF = {
    "facts": Work("extract", "facts"),
    "summary": Work("summarise", "summaries"),
    "mark": Work("mark", ""),
}
"""By the name under which the step records itself. The others work off no messages of their own."""


@dataclass
class Stopwatch:
    """Seconds by stage, of one thread. Not a span of time is counted twice."""

    clock: Callable[[], float] = time.perf_counter
    _seconds: dict[str, float] = field(default_factory=dict)
    _running: list[str] = field(default_factory=list)
    _since: float = 0.0

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """The time of the block is the stage's, but for what others measure within it."""
        self._note()
        self._running.append(stage)
        try:
            yield
        finally:
            self._note()
            self._running.pop()

    def add(self, stage: str, seconds: float) -> None:
        """Time that was measured elsewhere."""
        self._seconds[stage] = self._seconds.get(stage, 0.0) + seconds

    def read(self) -> dict[str, float]:
        """What was measured since the last reading."""
        self._note()
        seconds, self._seconds = self._seconds, {}
        return seconds

    def _note(self) -> None:
        now = self.clock()
        if self._running:
            self.add(self._running[-1], now - self._since)
        self._since = now


def timed(stage: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Measures a function whose first argument is the context of its stage."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def measured(ctx: Any, *args: Any, **kwargs: Any) -> Any:
            with ctx.stopwatch.measure(stage):
                return function(ctx, *args, **kwargs)

        return measured

    return decorate
