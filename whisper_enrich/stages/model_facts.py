"""Facts by a language model: what is due is asked for in batches, several users at once, and stored as it comes.

Nothing is lost: a message moves on in the transaction that stores what its answer supports, or stays where it was.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from whisper_enrich.asking.questions import Question, both_keeping_to, can_combine, read_facts, version
from whisper_enrich.errors import AnswerUnusable, BudgetSpent, ModelUnavailable, PartialFailure
from whisper_enrich.facts.asked import FactsPart
from whisper_enrich.facts.grounding import ground
from whisper_enrich.facts.model import Extraction, Outcome
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.types import Purpose
from whisper_enrich.messages.model import Speaker
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.rights.pii import in_original
from whisper_enrich.stages.asking import Reply, ask_all, more_budget_at, register
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.fact_questions import Ask, FactsPlanner, waits
from whisper_enrich.stages.facts import (
    Extracted,
    FactsResult,
    record_results,
    refold_stale,
    store_extracted,
    waiting_rows,
    wanted_at_once,
)
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row

MESSAGES_A_TRANSACTION = 500
"""Messages whose answers are stored at once: with each, all that is known of their users is folded anew. A run that dies before
finds the raw answers."""


def ask_facts(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], gateway: Gateway, *, with_summaries: bool
) -> dict[date, FactsResult]:
    """Work off the messages of these days that wait for facts and are due; the result by day.

    ``with_summaries`` says that the summaries are derived in the same run: one call then asks for both where both are
    due, and the summaries' stage finds the answer. A message that gets no usable answer by itself counts an attempt. Raises
    `ModelUnavailable` after storing what was answered; messages behind a spent budget wait with that reason.
    """
    results: dict[date, FactsResult] = defaultdict(FactsResult)
    started = time.perf_counter()
    halt: ModelUnavailable | None = None
    with ctx.lease(f"{bot.bot_name}/facts") as lease:
        refold_stale(ctx, bot.bot_name, lease)
        register(ctx, Purpose.FACTS)
        planner = FactsPlanner(ctx, bot, gateway, with_summaries and can_combine(ctx.settings))
        work = _Work(ctx, bot, gateway, lease, planner, results)
        stuck: set[tuple[str, int]] = set()
        while halt is None and (rows := waiting_rows(ctx, bot, days, first=wanted_at_once(ctx, bot))):
            moved, halt = work.round(rows)
            looked_at = {(row.point_id, row.revision) for row in rows}
            if not moved and halt is None and looked_at == stuck:
                raise PartialFailure(
                    f"The messages of {bot.bot_name} change faster than they can be read. Nothing is lost; run the "
                    "partition again."
                )
            # What was edited since intake was entered anew, and comes again at its new revision.
            stuck = set() if moved else looked_at
    results = {day: results[day] for day in days}
    record_results(ctx, bot, results, time.perf_counter() - started)
    if halt is not None:
        raise halt
    return results


@dataclass
class _Work:
    ctx: StageContext
    bot: BotCollection
    gateway: Gateway
    lease: Lease
    planner: FactsPlanner
    results: Mapping[date, FactsResult]

    def round(self, rows: Sequence[Row]) -> tuple[int, ModelUnavailable | None]:
        """Plan, ask and store what these rows need; the rows moved, and the failure of the provider where there was one."""
        planned = self.planner.plan(rows)
        moved = self._store(planned.settled)
        halt: ModelUnavailable | None = None
        asks = planned.asks
        while asks and halt is None:
            following: list[Ask] = []
            ready: list[Extracted] = []
            with closing(self._replies(asks, planned.rows)) as replies:
                for reply in replies:
                    if isinstance(reply.error, ModelUnavailable):
                        halt = reply.error
                    elif reply.error is not None:
                        moved += self._store(self._without_answer(reply.question, planned.rows, reply.error, following))
                    else:
                        ready += self._grounded(reply, planned.rows)
                        following += reply.question.other.taken_to_fail() if reply.question.other else []
                    if len(ready) >= MESSAGES_A_TRANSACTION:
                        moved, ready = moved + self._store(ready), []
            moved += self._store(ready)
            asks = following
        return moved, halt

    def _replies(
        self, asks: Sequence[Ask], rows: Mapping[str, Row]
    ) -> Generator[Reply[Ask, tuple[Question, FactsPart]], None, None]:
        return ask_all(
            asks, lambda ask: self._ask(ask, rows), at_once=self.ctx.settings.llm_concurrency,
            keep_alive=lambda: self.ctx.renew(self.lease),
            heartbeat_seconds=self.ctx.settings.enrichment_lease_seconds / 3,
        )  # fmt: skip

    def _ask(self, ask: Ask, rows: Mapping[str, Row]) -> tuple[Question, FactsPart]:
        """What was given up on is put again as a new attempt of one message alone only."""
        put, again = ask.question(self.ctx), rows[ask.alone].attempts if ask.alone else 0
        if not ask.both:
            return put, self.gateway.ask(put.errand, put.prompt, read_facts, given_up_after=again)
        both = self.gateway.ask(put.errand, put.prompt, both_keeping_to(put), given_up_after=again)
        return put, FactsPart(facts=both.facts)

    def _without_answer(
        self, ask: Ask, rows: Mapping[str, Row], error: Exception, following: list[Ask]
    ) -> list[Extracted]:
        """What is settled by that; what is to be asked next is added to ``following``."""
        asks = [ask, ask.other] if ask.other else [ask]
        if isinstance(error, BudgetSpent):
            return [waiting for one in asks for waiting in self._behind_budget(one, rows, error)]
        if not isinstance(error, AnswerUnusable):
            raise error
        # An answer that is too long is the fault of all messages together.
        parts = ask.parts(one_to_blame=error.reason != "too_long")
        following += [*parts, *asks[1:]]
        return self._to_blame(ask, rows, error) if not parts else []

    def _store(self, extracted: Sequence[Extracted]) -> int:
        if not extracted:
            return 0
        name = version(Purpose.FACTS, self.ctx.settings)
        return store_extracted(self.ctx, self.bot, self.lease, extracted, name, self.results)

    def _grounded(self, reply: Reply[Ask, tuple[Question, FactsPart]], rows: Mapping[str, Row]) -> list[Extracted]:
        put, part = reply.answer
        name = version(Purpose.FACTS, self.ctx.settings)
        grounding = ground(part, put.chunk, rule=name, unmask=put.mask.unmask)
        for day in {rows[point].day for point in reply.question.waiting}:
            self.results[day].rejected.update({} if day != put.errand.day else grounding.rejected)
        said = {m.point_id: m for m in put.chunk.messages if m.speaker is Speaker.USER}
        return [
            _extracted(
                rows[point],
                in_original(
                    grounding.extractions.get(point) or Extraction(point, Outcome.NO_FACTS, ()), said.get(point)
                ),
            )
            for point in sorted(reply.question.waiting)
        ]

    def _to_blame(self, ask: Ask, rows: Mapping[str, Row], error: AnswerUnusable) -> list[Extracted]:
        blamed = []
        for point in ask.waiting:
            row = rows[point]
            self.results[row.day].failures[f"answer_{error.reason}"] += 1
            progress = failed(self.ctx, row, error, reason=f"answer_{error.reason}")
            blamed.append(Extracted(row, progress, assertions=() if progress.state == "dead" else None))
        return blamed

    def _behind_budget(self, ask: Ask, rows: Mapping[str, Row], error: BudgetSpent) -> list[Extracted]:
        next_at = more_budget_at(self.ctx, error)
        return [waits(rows[point], "budget_spent", next_at) for point in sorted(ask.waiting)]


def _extracted(row: Row, extraction: Extraction) -> Extracted:
    progress = Progress(row.point_id, row.revision, "done", extraction.outcome.value, row.attempts)
    return Extracted(row, progress, [extraction], extraction.assertions)
