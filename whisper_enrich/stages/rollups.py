"""Rollups: the digests of weeks and months brought up to date with the windows and facts that they are made from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any

from whisper_enrich.asking import rollups as questions
from whisper_enrich.asking.questions import version
from whisper_enrich.errors import AnswerUnusable, BudgetSpent, ModelUnavailable
from whisper_enrich.llm.transcript import estimated_tokens
from whisper_enrich.llm.types import Errand, Prompt, Purpose
from whisper_enrich.stages.asking import Reply, ask_all, register
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import profiles
from whisper_enrich.storage import rollups as repository
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.rollups import Dirty, MadeRollup
from whisper_enrich.summaries.asked import DigestPart, unmasked
from whisper_enrich.summaries.model import SummaryState
from whisper_enrich.summaries.rollups import (
    ENGINE_VERSION,
    Rollup,
    RollupInput,
    by_model,
    digested,
    extractive,
    parts_of,
)

Ask = Callable[[Errand, Prompt, Callable[[Any], DigestPart]], DigestPart]
"""`Gateway.ask`, for digests."""

AT_ONCE = 50
"""Digests read, made and stored together."""


@dataclass
class RollupsResult:
    """Digests by what became of them. ``written`` and ``removed`` are rows that changed.

    ``halt`` is why the model was not asked any further; what was left of it stands degraded.
    """

    looked_at: int = 0
    written: int = 0
    unchanged: int = 0
    removed: int = 0
    stand_ins: int = 0
    weeks: int = 0
    months: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    halt: ModelUnavailable | None = None


def roll_up(ctx: StageContext, bot_name: str, ask: Ask | None = None, *, stale: bool = False) -> RollupsResult:
    """Make the digests anew whose windows or facts have changed; with ``stale`` also those of another engine version.

    With ``ask`` a model writes them. Where it gives no usable answer, the provider is down or a budget is spent, the
    extractive digest stands in, marked, and is made anew next time; whoever opted out has it for good. Raises
    `LeaseLost`, `LeaseHeld`; what was committed before stays.
    """
    result = RollupsResult()
    name = version(Purpose.ROLLUP, ctx.settings) if ask else ENGINE_VERSION
    with ctx.lease(f"{bot_name}/rollups") as lease:
        with ctx.database.connect() as connection:
            found = repository.dirty(connection, bot_name, version=name if stale else None)
        if ask and found:
            register(ctx, Purpose.ROLLUP)
        _remove(ctx, bot_name, [one for one in found if one.input_hash is None], lease, result)
        due = [one for one in found if one.input_hash is not None]
        for start in range(0, len(due), AT_ONCE):
            _bring_up_to_date(ctx, bot_name, due[start : start + AT_ONCE], ask, lease, result)
    return result


def _remove(ctx: StageContext, bot_name: str, gone: Sequence[Dirty], lease: Lease, result: RollupsResult) -> None:
    if not gone:
        return
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        result.removed += repository.delete_rollups(connection, bot_name, [one.key for one in gone])


@dataclass(frozen=True, slots=True)
class _Work:
    """A digest to make. ``input_hash`` may be older than what was read: then it is due again, and nothing is missed."""

    user_id: str
    given: RollupInput
    input_hash: str
    may_be_sent: bool


def _bring_up_to_date(
    ctx: StageContext, bot_name: str, due: Sequence[Dirty], ask: Ask | None, lease: Lease, result: RollupsResult
) -> None:
    work = _read(ctx, bot_name, due)
    made: list[MadeRollup] = []
    for one, rollup in _made(ctx, bot_name, work, ask, lease, result):
        made.append(MadeRollup(one.user_id, rollup, one.input_hash))
        result.stand_ins += rollup.state is not SummaryState.FINAL
        result.weeks += rollup.period.kind == "week"
        result.months += rollup.period.kind == "month"
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        written = repository.write_rollups(connection, bot_name, made, now=ctx.clock())
    result.looked_at += len(made)
    result.written += written
    result.unchanged += len(made) - written


def _read(ctx: StageContext, bot_name: str, due: Sequence[Dirty]) -> list[_Work]:
    users = sorted({one.key.user_id for one in due})
    work = []
    with ctx.database.connect() as connection:
        names, people = profiles.names_of(connection, users), profiles.persons(connection, users)
        bot = profiles.display_name_of_bot(connection, bot_name)
        for one in due:
            user_id = one.key.user_id
            windows = repository.windows_of(connection, bot_name, one.key)
            # Gone since the list was made: the next look removes it.
            if windows and one.input_hash is not None:
                facts = repository.facts_of(connection, bot_name, one.key)
                given = RollupInput(one.key.period, one.key.scope, names[user_id], bot, windows, facts)
                work.append(_Work(user_id, given, one.input_hash, not people[user_id].model_opt_out))
    return work


def _made(
    ctx: StageContext, bot_name: str, work: Sequence[_Work], ask: Ask | None, lease: Lease, result: RollupsResult
) -> Iterator[tuple[_Work, Rollup]]:
    if ask is None:
        yield from ((one, extractive(one.given)) for one in work)
        return
    yield from ((one, extractive(one.given)) for one in work if not one.may_be_sent)
    asked = [one for one in work if one.may_be_sent]
    if result.halt is not None:
        yield from ((one, extractive(one.given, SummaryState.DEGRADED)) for one in asked)
        return

    replies = ask_all(
        asked, lambda one: _told(ctx, bot_name, one, ask), at_once=ctx.settings.llm_concurrency,
        keep_alive=lambda: ctx.renew(lease), heartbeat_seconds=ctx.settings.enrichment_lease_seconds / 3,
    )  # fmt: skip
    with closing(replies):
        for reply in replies:
            yield reply.question, _settled(reply, result)


def _settled(reply: Reply[_Work, Rollup], result: RollupsResult) -> Rollup:
    """The model's digest, or the stand-in for it."""
    error = reply.error
    if error is None and reply.answer is not None:
        if reply.answer.state is SummaryState.PROVISIONAL:
            result.failures["budget_spent"] += 1
        return reply.answer
    if isinstance(error, ModelUnavailable):
        result.halt = result.halt or error
        result.failures["model_unavailable"] += 1
    elif isinstance(error, AnswerUnusable):
        result.failures[f"answer_{error.reason}"] += 1
    else:
        raise error or AssertionError("a reply holds an answer or an error")
    return extractive(reply.question.given, SummaryState.DEGRADED)


def _told(ctx: StageContext, bot_name: str, one: _Work, ask: Ask) -> Rollup:
    """Ask for the digest: at once where all windows fit, else for that of parts first, and then of those."""

    def put(given: RollupInput) -> DigestPart:
        asked = questions.question(
            given, ctx.settings, run_id=ctx.run_id, bot_name=bot_name, user_id=one.user_id,
            day=ctx.clock().astimezone(UTC).date(),
        )  # fmt: skip
        return unmasked(ask(asked.errand, asked.prompt, questions.reader(asked)), asked.mask.unmask)

    given = one.given
    try:
        parts = parts_of(given, ctx.settings.llm_chunk_tokens, estimated_tokens)
        while 1 < len(parts) < len(given.windows):
            given = digested(one.given, [(part, put(part)) for part in parts])
            parts = parts_of(given, ctx.settings.llm_chunk_tokens, estimated_tokens)
        return by_model(put(given), one.given, version(Purpose.ROLLUP, ctx.settings))
    except BudgetSpent:
        # A budget may be this user's alone: the others are asked for all the same, and find out without a call.
        return extractive(one.given, SummaryState.PROVISIONAL)
