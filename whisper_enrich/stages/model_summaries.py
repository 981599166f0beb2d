"""Summaries by a language model: asked at a pause or a window's close, with the extractive engine standing in until then."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from whisper_enrich.asking.batches import with_context
from whisper_enrich.asking.questions import Talk, keeping_to, read_digest, reduce_question, version
from whisper_enrich.asking.timing import Patience, summary_due
from whisper_enrich.errors import AnswerUnusable, BudgetSpent, ModelUnavailable
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.types import OF_TALK, Purpose
from whisper_enrich.settings import Settings
from whisper_enrich.stages.asking import Reply, ask_all, more_budget_at, register
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.summaries import EXTRACTIVE, Engine, Job, Outcome, Verdict, summarised
from whisper_enrich.stages.summary_pieces import AskedBefore, Piece, Search
from whisper_enrich.storage import model_batches, profiles
from whisper_enrich.storage.ledger import Progress, Row
from whisper_enrich.storage.model_batches import Held
from whisper_enrich.storage.profiles import Person
from whisper_enrich.summaries import faithful
from whisper_enrich.summaries.asked import DigestPart, Stretch, input_hash, merged, reducible, summary_of, unmasked
from whisper_enrich.summaries.model import Summary, SummaryState
from whisper_enrich.summaries.stretches import Points, points_of, stretches


@dataclass
class ModelSummariser:
    """Asks the model for the windows that are due. ``extractive`` stands in for what is not due, and for what fails."""

    gateway: Gateway
    extractive: Engine
    version: str
    halt: Exception | None = None

    @classmethod
    def of(cls, settings: Settings, gateway: Gateway, extractive: Engine = EXTRACTIVE) -> ModelSummariser:
        """The one of the version that the settings come to."""
        return cls(gateway, extractive, version(Purpose.SUMMARY, settings))

    def settle(self, ctx: StageContext, jobs: Sequence[Job], keep_alive: Callable[[], None]) -> list[Verdict]:
        """A verdict for every job. After the provider has failed once, only stored answers are used."""
        verdicts, due = self.apart(ctx, jobs)
        replies = ask_all(
            due, lambda one: self._summary(ctx, one), at_once=ctx.settings.llm_concurrency,
            keep_alive=keep_alive, heartbeat_seconds=ctx.settings.enrichment_lease_seconds / 3,
        )  # fmt: skip
        with closing(replies):
            for reply in replies:
                verdicts[reply.question.index] = self._verdict(ctx, reply)
        return [verdicts[index] for index in range(len(jobs))]

    def apart(self, ctx: StageContext, jobs: Sequence[Job]) -> tuple[dict[int, Verdict], list[Due]]:
        """By place among the jobs, the verdicts on those of which the model is not to be asked now; and the others."""
        register(ctx, Purpose.SUMMARY)
        users = sorted({job.user_id for job in jobs})
        bots = {message.bot_name for job in jobs for message in job.messages[:1]}
        with ctx.database.connect() as connection:
            people = profiles.persons(connection, users)
            held = {bot: model_batches.held(connection, bot, users, ctx.clock()) for bot in bots}
        verdicts: dict[int, Verdict] = {}
        due: list[Due] = []
        before: dict[tuple[str, str], AskedBefore] = {}
        for index, job in enumerate(jobs):
            bot, user = job.messages[0].bot_name, job.user_id
            verdict = self._without_asking(ctx, job, people[user], held[bot])
            if verdict is None:
                if (bot, user) not in before:
                    before[bot, user] = self._asked_before(ctx, bot, user)
                due.append(Due(index, job, people[user], before[bot, user]))
            else:
                verdicts[index] = verdict
        return verdicts, due

    def _without_asking(self, ctx: StageContext, job: Job, person: Person, held: Held) -> Verdict | None:
        """The verdict where the model is not to be asked now; None where it is."""
        if person.model_opt_out:
            # What was made of earlier messages stays; what comes now is left out.
            return Verdict(
                None, lambda row: Progress(row.point_id, row.revision, "left_out", "model_opt_out"), stands=True
            )
        if job.short:
            return self.extractive.verdict(ctx, job)
        if job.stored == input_hash(job.messages, self.version):
            return Verdict(None, summarised)
        look_again = summary_due(job.window, job.messages[-1].at, Patience.of(ctx.settings), ctx.clock())
        if look_again is not None:
            return self._stand_in(job, SummaryState.PROVISIONAL, _waits("provisional", look_again))
        kinds = [(purpose, version(purpose, ctx.settings)) for purpose in (Purpose.COMBINED, Purpose.SUMMARY)]
        until = held.until(job.user_id, kinds)
        on_their_way = [until[point] for point in points_of(job.messages) if point in until]
        if on_their_way:
            return self._stand_in(job, SummaryState.PROVISIONAL, _waits("in_batch", max(on_their_way)))
        return None

    def _verdict(self, ctx: StageContext, reply: Reply[Due, _Made]) -> Verdict:
        job, error = reply.question.job, reply.error
        if error is None and reply.answer is not None:
            return _verdict_on(ctx, reply.answer)
        if isinstance(error, ModelUnavailable):
            self.halt = self.halt or error
            later = ctx.clock() + timedelta(seconds=ctx.settings.enrichment_retry_base_seconds)
            return self._stand_in(job, SummaryState.DEGRADED, _waits("model_unavailable", later), "model_unavailable")
        if isinstance(error, BudgetSpent):
            return self._stand_in(job, SummaryState.PROVISIONAL, _waits("budget_spent", more_budget_at(ctx, error)))
        if isinstance(error, AnswerUnusable):
            reason = f"answer_{error.reason}"
            return self._stand_in(
                job, SummaryState.DEGRADED, lambda row: failed(ctx, row, error, reopens=True, reason=reason), reason
            )
        raise error or AssertionError("a reply holds an answer or an error")

    def _stand_in(self, job: Job, state: SummaryState, outcome: Outcome, failure: str | None = None) -> Verdict:
        """The extractive summary, in that state; untouched where it is stored already."""
        made_from = f"{state.value}/{self.extractive.input_hash(job.messages)}"
        if job.stored == made_from:
            return Verdict(None, outcome, failure, stands=True)
        return Verdict(replace(self.extractive.made_of(job), state=state, input_hash=made_from), outcome, failure)

    def pieces(self, ctx: StageContext, due: Due, about_to_be_asked: Sequence[Points] = ()) -> list[Piece]:
        """The stretches of a window, each once. Of ``about_to_be_asked``, facts and summary are asked for together
        elsewhere, as of those that have such an answer."""
        job, settings, before = due.job, ctx.settings, due.before
        suspects = {point for ((point, _),) in before.suspects}
        groups = [*about_to_be_asked, *before.answered, *before.suspects]
        found: list[Piece] = []
        start = 0
        for stretch in stretches(job.messages, groups, settings.enrichment_pause_seconds, settings.llm_chunk_tokens):
            context, with_suspects = (
                with_context(job.messages, start, stretch, left_out).context for left_out in (suspects, ())
            )
            start += len(stretch)
            chunk, points = due.talk.chunk(stretch, context), points_of(stretch)
            # Asked in other words since (a name changed), the answer is no longer there: then for the summary alone.
            asked = before.asked(ctx, chunk, [context, with_suspects, ()], points)
            purpose = Purpose.COMBINED if points in about_to_be_asked else Purpose.SUMMARY
            found.append(asked or Piece(chunk, purpose))
        return found

    def _summary(self, ctx: StageContext, due: Due) -> _Made:
        """Ask for every stretch of the window, and where there are several, for one summary of theirs.

        A stretch without a usable answer is parted down to the message that is to blame, and the summary made without it.
        Raises `AnswerUnusable` where nothing is left.
        """
        job = due.job
        search = Search(self.gateway, ctx, {row.point_id: row.attempts for row in job.rows})
        found = search.around(self.pieces(ctx, due))
        refused = search.refused
        if not found:
            raise next(iter(refused.values()))
        whole = due.talk.chunk(job.messages)
        part: DigestPart = found[0].part if len(found) == 1 else self._reduced(ctx, due, found)
        summary = summary_of(
            part, job.messages, window=job.window, scope=job.scope, short=False,
            confidence=faithful.confidence(part, whole), version=self.version,
            state=SummaryState.DEGRADED if refused else SummaryState.FINAL,
        )  # fmt: skip
        if refused:
            summary = replace(summary, input_hash=f"{SummaryState.DEGRADED.value}/{summary.input_hash}")
        return _Made(summary, refused)

    def _reduced(self, ctx: StageContext, due: Due, found: Sequence[Stretch]) -> DigestPart:
        """One summary of the stretches'; where they are more than one call reads, of the summaries of groups of them."""
        groups = reducible(found, ctx.settings.llm_chunk_tokens)
        while len(groups) > 1:
            found = [group[0] if len(group) == 1 else merged(group, self._digest(ctx, due, group)) for group in groups]
            groups = reducible(found, ctx.settings.llm_chunk_tokens)
        return self._digest(ctx, due, found)

    def _digest(self, ctx: StageContext, due: Due, found: Sequence[Stretch]) -> DigestPart:
        messages = [message for stretch in found for message in stretch.messages]
        covered = due.job.messages if len(messages) == len(due.job.messages) else messages
        put = reduce_question(due.talk.chunk(covered), found, ctx.settings, ctx.run_id)
        again = max(row.attempts for row in due.job.rows)
        part = self.gateway.ask(put.errand, put.prompt, keeping_to(put, read_digest), given_up_after=again)
        return unmasked(part, put.mask.unmask)

    def _asked_before(self, ctx: StageContext, bot_name: str, user_id: str) -> AskedBefore:
        versions = {purpose: version(purpose, ctx.settings) for purpose in OF_TALK}
        answered = [
            answer
            for purpose in (Purpose.COMBINED, Purpose.SUMMARY)
            for answer in self.gateway.answers_for(bot_name, user_id, versions[purpose], {purpose})
        ]
        given_up = self.gateway.given_up_for(bot_name, user_id, list(versions.values()), OF_TALK)
        return AskedBefore(answered, given_up)


@dataclass(frozen=True, slots=True)
class Due:
    """A window to ask for, its place among the jobs, and what its user was asked about before."""

    index: int
    job: Job
    person: Person
    before: AskedBefore

    @property
    def talk(self) -> Talk:
        """Who talks in it."""
        job = self.job
        return Talk(job.messages[0].bot_name, job.bot_display_name, job.user_id, job.user_name, self.person.zone)


@dataclass(frozen=True, slots=True)
class _Made:
    """A summary, and the points that had to be left out of it, each with why."""

    summary: Summary
    refused: dict[str, AnswerUnusable]


def _verdict_on(ctx: StageContext, made: _Made) -> Verdict:
    """Who was left out counts an attempt; the neighbours are done."""
    if not made.refused:
        return Verdict(made.summary, summarised)

    def outcome(row: Row) -> Progress:
        error = made.refused.get(row.point_id)
        if error is None:
            return summarised(row)
        return failed(ctx, row, error, reopens=True, reason=f"answer_{error.reason}")

    return Verdict(made.summary, outcome, f"answer_{next(iter(made.refused.values())).reason}")


def _waits(reason: str, next_at: datetime) -> Outcome:
    """Also for messages that were done: a stand-in has taken the place of their window's summary."""
    return lambda row: Progress(row.point_id, row.revision, "waiting", reason, row.attempts, next_at, reopens=True)
