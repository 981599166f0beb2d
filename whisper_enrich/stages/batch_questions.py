"""The questions that a run would put now, gathered so that they can be put all at once."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from whisper_enrich.asking.questions import Question, can_combine, version
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.types import Errand, Prompt, Purpose
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.asking import register
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.fact_questions import FactsPlanner
from whisper_enrich.stages.facts import (
    FactsResult,
    record_results,
    store_extracted,
    waiting_rows,
    wanted_at_once,
)
from whisper_enrich.stages.model_summaries import ModelSummariser
from whisper_enrich.stages.summaries import Job, Verdict, summarise_days
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row
from whisper_enrich.summaries.stretches import Points


@dataclass(frozen=True, slots=True)
class Wanted:
    """A question, and the ledger rows that wait for its answer: for their facts, for their window's summary."""

    prompt: Prompt
    errand: Errand
    facts: list[Row] = field(default_factory=list)
    summary: list[Row] = field(default_factory=list)


@dataclass
class Questions:
    """Questions by request key: each is put once, whoever wants its answer."""

    by_key: dict[str, Wanted] = field(default_factory=dict)
    combined: dict[str, list[Points]] = field(default_factory=lambda: defaultdict(list))

    def want(self, put: Question) -> Wanted:
        """The entry of this question."""
        if put.prompt.purpose is Purpose.COMBINED:
            self.combined[put.errand.user_id].append(put.errand.points)
        return self.by_key.setdefault(put.prompt.key, Wanted(put.prompt, put.errand))


def gather(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], gateway: Gateway, lease: Lease
) -> dict[str, Wanted]:
    """By request key, what `ask_facts` and `summarise_days` would ask about these days now, with nothing asked.

    What needs no answer is settled as they do it. A window of several stretches is asked for by stretch; the one summary
    of theirs can be asked for when they are there. ``lease`` is that on the bot's facts.
    """
    questions = Questions()
    _for_facts(ctx, bot, days, gateway, lease, questions)
    summarise_days(ctx, bot, days, _Gathering(ModelSummariser.of(ctx.settings, gateway), questions))
    return questions.by_key


def _for_facts(
    ctx: StageContext,
    bot: BotCollection,
    days: Sequence[date],
    gateway: Gateway,
    lease: Lease,
    questions: Questions,
) -> None:
    register(ctx, Purpose.FACTS)
    planner = FactsPlanner(ctx, bot, gateway, can_combine(ctx.settings))
    name = version(Purpose.FACTS, ctx.settings)
    results: dict[date, FactsResult] = defaultdict(FactsResult)
    started = time.perf_counter()
    left = 0
    while rows := waiting_rows(ctx, bot, days, offset=left):
        # A batch takes hours: whom the bot has asked for is left to a run.
        at_once = wanted_at_once(ctx, bot)
        planned = planner.plan([row for row in rows if row.user_id not in at_once])
        settled = store_extracted(ctx, bot, lease, planned.settled, name, results) if planned.settled else 0
        left += len(rows) - settled
        for ask in planned.asks:
            questions.want(ask.question(ctx)).facts.extend(planned.rows[point] for point in sorted(ask.waiting))
    record_results(ctx, bot, {day: results[day] for day in days}, time.perf_counter() - started)


_WINDOWS_A_HEARTBEAT = 100


@dataclass
class _Gathering:
    """A summariser that notes what it would ask, and leaves the windows as they are."""

    asker: ModelSummariser
    questions: Questions
    halt: Exception | None = None

    @property
    def version(self) -> str:
        """That of the summaries that are to come."""
        return self.asker.version

    def settle(self, ctx: StageContext, jobs: Sequence[Job], keep_alive: Callable[[], None]) -> list[Verdict]:
        """Verdicts as the asker's where nothing is to be asked; elsewhere the messages go on waiting."""
        verdicts, due = self.asker.apart(ctx, jobs)
        for number, one in enumerate(due):
            if number % _WINDOWS_A_HEARTBEAT == 0:
                keep_alive()
            for piece in self.asker.pieces(ctx, one, self.questions.combined.get(one.job.user_id, ())):
                put = piece.question(ctx)
                self.questions.want(put).summary.extend(one.job.rows)
            verdicts[one.index] = Verdict(None, _as_before, stands=True)
        return [verdicts[index] for index in range(len(jobs))]


def _as_before(row: Row) -> Progress:
    return Progress(row.point_id, row.revision, "waiting", None, row.attempts)
