"""Asking the model about many users at once: bounded, in order of submission, and no longer than the provider serves.

Two kinds of failure are kept apart. Where the provider is down or refuses, or a budget is spent, nothing more is asked,
what is under way is waited for and kept, and the first such error is reported. Where one question gets no usable answer,
the others go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from whisper_enrich.asking.questions import version, version_parts
from whisper_enrich.errors import BudgetSpent, ModelUnavailable
from whisper_enrich.llm.types import Purpose
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import model_versions


def register(ctx: StageContext, purpose: Purpose) -> None:
    """Enter what the version on the rows that are about to be made stands for."""
    parts = version_parts(purpose, ctx.settings)
    with ctx.database.begin() as connection:
        model_versions.register(
            connection, version(purpose, ctx.settings), purpose=purpose, prompt_version=parts.pop("prompt"),
            model=parts.pop("model"), settings=parts, now=ctx.clock(),
        )  # fmt: skip


def more_budget_at(ctx: StageContext, error: BudgetSpent) -> datetime:
    """When messages behind a spent budget are to be looked at again; a run's is fresh with the next one."""
    return error.frees_at or ctx.clock() + timedelta(seconds=ctx.settings.enrichment_interval_seconds)


Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Reply(Generic[Q, A]):
    """What became of one question: an answer, or the error."""

    question: Q
    answer: A | None = None
    error: Exception | None = None


def _halts(error: BaseException) -> bool:
    """After this nothing more is asked. One user's budget concerns nobody else."""
    return isinstance(error, ModelUnavailable) or (isinstance(error, BudgetSpent) and error.holder != "user")


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
    `ModelUnavailable`, or a `BudgetSpent` that is not one user's alone, the questions that are left are yielded with that
    error, unasked.
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
                    yield Reply(question, error=halt)
                else:
                    under_way[pool.submit(ask, question)] = question
            done, _ = wait(under_way, timeout=heartbeat_seconds, return_when=FIRST_COMPLETED)
            keep_alive()
            for future in done:
                question = under_way.pop(future)
                error = future.exception()
                if isinstance(error, Exception):
                    halt = halt or (error if _halts(error) else None)
                    yield Reply(question, error=error)
                elif error is not None:
                    raise error
                else:
                    yield Reply(question, answer=future.result())
