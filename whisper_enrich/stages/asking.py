"""Asking the model about many users at once: bounded, in order of submission, and no longer than the provider serves.

Two kinds of failure are kept apart. Where the provider is down or refuses, or a budget is spent, nothing more is asked,
what is under way is waited for and kept, and the first such error is reported. Where one question gets no usable answer,
the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Generic, TypeVar

from whisper_enrich.errors import BudgetSpent, ModelUnavailable

Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Reply(Generic[Q, A]):
    """What became of one question: an answer, or the error; ``unasked`` is true where it was never put."""

    question: Q
    answer: A | None = None
    error: Exception | None = None
    unasked: bool = False


Halts = (ModelUnavailable, BudgetSpent)
"""After one of these no further question is put."""


def ask_all(
    questions: Iterable[Q],
    ask: Callable[[Q], A],
    *,
    at_once: int,
    keep_alive: Callable[[], None],
    heartbeat_seconds: float,
) -> Iterator[Reply[Q, A]]:
    """Put every question, at most ``at_once`` at a time, and yield each reply as it comes.

    ``keep_alive`` is called at least every ``heartbeat_seconds`` (a lease must not run out over a slow answer). After a
    `ModelUnavailable` or `BudgetSpent` the questions that are left are yielded as unasked, with that error. A budget may be
    one user's alone: the caller decides whether to come back for the others.
    """
    halt: Exception | None = None
    rest = iter(questions)
    with ThreadPoolExecutor(at_once, thread_name_prefix="model") as pool:
        under_way: dict[Future[A], Q] = {}
        exhausted = False
        while under_way or not exhausted:
            while not exhausted and len(under_way) < at_once:
                question = next(rest, None)
                if question is None:
                    exhausted = True
                elif halt is not None:
                    yield Reply(question, error=halt, unasked=True)
                else:
                    under_way[pool.submit(ask, question)] = question
            done, _ = wait(under_way, timeout=heartbeat_seconds, return_when=FIRST_COMPLETED)
            keep_alive()
            for future in done:
                question = under_way.pop(future)
                error = future.exception()
                if isinstance(error, Halts):
                    halt = halt or error
                    yield Reply(question, error=error, unasked=True)
                elif isinstance(error, Exception):
                    yield Reply(question, error=error)
                elif error is not None:
                    raise error
                else:
                    yield Reply(question, answer=future.result())
