"""Asking the model about many users at once: bounded, and in order of submission.

Every question is put, whatever became of those before it: one that has a stored answer costs nothing. It is the gateway
that makes no further call where the provider is down, or a budget has no room.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from whisper_enrich.asking.questions import version, version_parts
from whisper_enrich.errors import BudgetSpent
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


def ask_all(
    questions: Iterable[Q],
    ask: Callable[[Q], A],
    *,
    at_once: int,
    keep_alive: Callable[[], None],
    heartbeat_seconds: float,
) -> Generator[Reply[Q, A], None, None]:
    """Put every question, at most ``at_once`` at a time, and yield each reply as it comes.

    ``keep_alive`` is called at least every ``heartbeat_seconds`` (a lease must not run out over a slow answer). Whoever may
    stop midway closes it: nothing more is asked then, and what is under way has ended.
    """
    rest = iter(questions)
    with ThreadPoolExecutor(at_once, thread_name_prefix="model") as pool:
        under_way: dict[Future[A], Q] = {}
        exhausted = False
        while under_way or not exhausted:
            while not exhausted and len(under_way) < at_once:
                question = next(rest, None)
                if question is None:
                    exhausted = True
                else:
                    under_way[pool.submit(ask, question)] = question
            done, _ = wait(under_way, timeout=heartbeat_seconds, return_when=FIRST_COMPLETED)
            keep_alive()
            for future in done:
                question = under_way.pop(future)
                error = future.exception()
                if isinstance(error, Exception):
                    yield Reply(question, error=error)
                elif error is not None:
                    raise error
                else:
                    yield Reply(question, answer=future.result())
