"""Batches: a backfill's questions handed to the provider's batch endpoint, and the answers fetched when they are there.

A batch is entered in the database with its reservations, and its messages held back, in one transaction, before the
provider hears of it; it bears our id there. Whoever finds it later in that state looks it up by that id: the provider has
it, or it never got that far. Its results are stored by portions, each call settled once; with the last of them the
messages are let go, and the next run finds the answers.
"""

from __future__ import annotations

import math
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import islice
from typing import TypeVar
from uuid import uuid4

from sqlalchemy import Connection

from whisper_enrich.errors import AnswerUnusable, BudgetSpent, LeaseHeld, ModelUnavailable
from whisper_enrich.llm.batch_client import BatchClient, BatchesUnsupported, BatchStatus, ResultLine
from whisper_enrich.llm.budgets import tokens_in_at_most
from whisper_enrich.llm.client import StructuredOutputUnsupported, answer_in_batch
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.prices import cost_of
from whisper_enrich.llm.request import request_body, tokens_sent_about
from whisper_enrich.llm.types import Answer, Prompt, Usage
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.asking import ask_all
from whisper_enrich.stages.batch_questions import Wanted, gather
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import ledger, model_answers, model_batches, model_calls
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row, Stage
from whisper_enrich.storage.model_batches import Batch, BatchRequest
from whisper_enrich.storage.model_calls import Outcome

IN_BATCH = "in_batch"
"""The reason in the ledger of messages that wait for a batch."""
REQUESTS_A_BATCH = 1_000
"""So many are reserved in one transaction, within which nobody else can reserve: a few seconds."""
_RESULTS_A_TRANSACTION = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class HandedIn:
    """A batch that the provider has; ``tokens`` of the input are estimated."""

    batch_id: str
    provider_id: str
    requests: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Submitted:
    """What was handed in for a bot, and how many questions no budget had room for."""

    batches: tuple[HandedIn, ...]
    behind_budget: int


def submit(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], gateway: Gateway, client: BatchClient
) -> Submitted | None:
    """Hand in what a run over these days would ask now and has no answer yet; None where there is nothing of the kind.

    Raises `BatchesUnsupported` where the endpoint has no batches, `ModelUnavailable` where it does not serve: batches that
    it has not got are given up at once, or by whoever looks next; their messages wait as before. Raises `LeaseHeld` while
    somebody else hands in for this bot.
    """
    client.require()
    ctx = replace(ctx, run_id=f"batch-{uuid4()}")
    with ctx.lease(_lease_name(bot.bot_name)) as lease:
        _resume_all(ctx, client, lease, bot.bot_name)
        with ctx.lease(f"{bot.bot_name}/facts") as facts_lease:
            wanted = gather(ctx, bot, days, gateway, facts_lease)
            prepared = [_prepare(ctx, bot, gateway, [lease, facts_lease], part) for part in _parts(wanted)]
        batches = tuple(_hand_in_all(ctx, client, lease, [draft for draft in prepared if draft.bodies]))
    behind = sum(draft.behind_budget for draft in prepared)
    return Submitted(batches, behind) if batches or behind else None


def resume(ctx: StageContext, bot_name: str, client: BatchClient) -> None:
    """Decide on the bot's batches whose process died before it knew that the provider has them.

    The provider is asked: it has the batch, or its messages are let go. To be done before looking for days with work;
    raises as `submit` does.
    """
    with ctx.lease(_lease_name(bot_name)) as lease:
        _resume_all(ctx, client, lease, bot_name)


def _lease_name(bot_name: str) -> str:
    return f"{bot_name}/batch"


def _parts(wanted: Mapping[str, Wanted]) -> Iterator[list[Wanted]]:
    """Questions that may stand in one file: of one model, and not too many."""
    by_model: dict[str, list[Wanted]] = defaultdict(list)
    for one in wanted.values():
        by_model[one.prompt.model].append(one)
    for mine in by_model.values():
        yield from _portions(mine, REQUESTS_A_BATCH)


def _portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


@dataclass(frozen=True, slots=True)
class _Draft:
    """A batch that is entered, with the bodies of its requests by custom id."""

    batch: Batch
    bodies: Mapping[str, Mapping[str, object]]
    behind_budget: int


def _prepare(
    ctx: StageContext, bot: BotCollection, gateway: Gateway, leases: Sequence[Lease], part: Sequence[Wanted]
) -> _Draft:
    """One transaction: the batch, its reservations, and the messages held back; those that no budget has room for, too."""
    batch_id = str(uuid4())
    run_id, now = f"batch-{batch_id}", ctx.clock()
    requests: list[BatchRequest] = []
    bodies: dict[str, Mapping[str, object]] = {}
    waiting = _Waiting()
    behind = 0
    halt: BudgetSpent | None = None
    modes = {model: gateway.structured_mode(model) for model in {one.prompt.model for one in part}}
    with ctx.database.begin() as connection:
        for lease in leases:
            ctx.confirm(connection, lease)
        answered = model_answers.known(connection, [one.prompt.key for one in part])
        for one in (one for one in part if one.prompt.key not in answered):
            errand, mode = replace(one.errand, run_id=run_id), modes[one.prompt.model]
            try:
                if halt is not None:
                    raise halt
                call_id = model_calls.reserve(
                    connection, errand, one.prompt, tokens_in_at_most(one.prompt), ctx.settings, now
                )
            except BudgetSpent as error:
                behind += 1
                halt = halt or (error if error.holder != "user" else None)
                pause = timedelta(seconds=ctx.settings.enrichment_interval_seconds)
                waiting.add(one, "budget_spent", error.frees_at or now + pause)
                continue
            body = request_body(one.prompt, mode)
            request = BatchRequest(
                call_id, one.prompt.key, one.prompt.purpose, errand, one.prompt.version, one.prompt.model, mode,
                one.prompt.max_output_tokens, tokens_sent_about(body),
            )  # fmt: skip
            requests.append(request)
            bodies[request.custom_id] = body
            waiting.add(one, IN_BATCH, now + model_batches.HELD)
        batch = Batch(batch_id, bot.bot_name, run_id, ctx.settings.llm_chat_api_url, now, tuple(requests))
        if requests:
            model_batches.insert(connection, batch)
        for stage, progress in waiting.by_stage.items():
            ledger.record(connection, bot.bot_name, stage, "", list(progress.values()))
    return _Draft(batch, bodies, behind)


class _Waiting:
    """What messages wait for, by stage and point. Whoever waits for a batch at all waits for that."""

    def __init__(self) -> None:
        self.by_stage: dict[Stage, dict[str, Progress]] = {"facts": {}, "summary": {}}

    def add(self, wanted: Wanted, reason: str, next_at: datetime) -> None:
        self._add("facts", wanted.facts, reason, next_at)
        self._add("summary", wanted.summary, reason, next_at)

    def _add(self, stage: Stage, rows: Sequence[Row], reason: str, next_at: datetime) -> None:
        for row in rows:
            step = Progress(row.point_id, row.revision, "waiting", reason, row.attempts, next_at)
            if reason == IN_BATCH:
                self.by_stage[stage][row.point_id] = step
            else:
                self.by_stage[stage].setdefault(row.point_id, step)


def _hand_in_all(ctx: StageContext, client: BatchClient, lease: Lease, drafts: Sequence[_Draft]) -> Iterator[HandedIn]:
    """One after the other; where one fails, those after it are given up."""
    for number, draft in enumerate(drafts):
        try:
            yield _hand_in(ctx, client, lease, draft)
        except ModelUnavailable as error:
            for later in drafts[number + 1 :]:
                _give_up(ctx, later.batch, str(error))
            raise


def _hand_in(ctx: StageContext, client: BatchClient, lease: Lease, draft: _Draft) -> HandedIn:
    """Upload and create, with the lease kept alive; the batch is given up where the provider certainly has not got it."""

    def keep_alive() -> None:
        with ctx.database.begin() as connection:
            ctx.confirm(connection, lease)

    def send(draft: _Draft) -> str:
        try:
            file_id = client.upload(draft.batch.id, draft.bodies.items())
        except ModelUnavailable as error:
            _give_up(ctx, draft.batch, str(error))
            raise
        keep_alive()
        try:
            provider_id = client.create(draft.batch.id, file_id)
        except ModelUnavailable as error:
            adopted = _resume(ctx, client, draft.batch, str(error))
            if adopted is None:
                raise
            return adopted
        _note(ctx, client, draft.batch, provider_id)
        return provider_id

    seconds = ctx.settings.enrichment_lease_seconds / 3
    (reply,) = ask_all([draft], send, at_once=1, keep_alive=keep_alive, heartbeat_seconds=seconds)
    if reply.error is not None:
        raise reply.error
    tokens = sum(request.tokens_in for request in draft.batch.requests)
    return HandedIn(draft.batch.id, reply.answer or "", len(draft.batch.requests), tokens)


def _note(ctx: StageContext, client: BatchClient, batch: Batch, provider_id: str) -> None:
    with ctx.database.begin() as connection:
        noted = model_batches.submitted(connection, batch.id, provider_id)
        known = model_batches.locked(connection, batch.id) if not noted else None
    if not noted and (known is None or known.provider_id != provider_id):
        # Somebody took this process for dead and gave the batch up: its answers would belong to nobody.
        client.cancel(provider_id)


def _resume_all(ctx: StageContext, client: BatchClient, lease: Lease, bot_name: str) -> None:
    with ctx.database.connect() as connection:
        known = model_batches.open_batches(connection, ctx.settings.llm_chat_api_url, bot_name)
    for batch in known:
        if batch.provider_id is None:
            with ctx.database.begin() as connection:
                ctx.confirm(connection, lease)
            _resume(ctx, client, batch, "Its process ended before it was handed in.")


def _resume(ctx: StageContext, client: BatchClient, batch: Batch, failure: str) -> str | None:
    """Adopt the batch where the provider has it, and return its id there; give it up where it has not."""
    try:
        found = client.find(batch.id)
    except BatchesUnsupported:
        found = None
    if found is None:
        _give_up(ctx, batch, failure)
        return None
    with ctx.database.begin() as connection:
        model_batches.submitted(connection, batch.id, found.provider_id)
    return found.provider_id


def _give_up(ctx: StageContext, batch: Batch, failure: str) -> None:
    with ctx.database.begin() as connection:
        current = model_batches.locked(connection, batch.id)
        if current is not None:
            _close(connection, ctx, current, failure)


def _close(connection: Connection, ctx: StageContext, batch: Batch, failure: str | None) -> None:
    """Whatever got no answer took nothing; the messages may be worked on at once."""
    now = ctx.clock()
    for call_id in sorted(model_calls.still_open(connection, [request.call_id for request in batch.requests])):
        _settle(connection, call_id, Outcome.UNAVAILABLE, now)
    model_batches.finish(connection, batch.id, now, failure)
    for stage in ("facts", "summary"):
        ledger.release(connection, batch.bot_name, stage, IN_BATCH, batch.points, batch.user_days)


def _settle(
    connection: Connection,
    call_id: int,
    outcome: Outcome,
    now: datetime,
    answer: Answer | None = None,
    cost: Decimal | None = Decimal(0),
) -> str:
    usage = answer.usage if answer is not None else Usage(0, 0)
    model = answer.model if answer is not None else None
    return model_calls.settle(connection, call_id, outcome, now, usage=usage, cost=cost, model_answered=model)


@dataclass(frozen=True, slots=True)
class Ended:
    """A batch that is open no more: requests by what came of them, or why there is nothing of it."""

    batch_id: str
    bot_name: str
    answered: int
    failed: int
    failure: str | None


@dataclass(frozen=True, slots=True)
class Collected:
    """The batches that ended, and how many are still under way."""

    ended: tuple[Ended, ...]
    under_way: int


def any_open(ctx: StageContext) -> bool:
    """Whether there is a batch at this endpoint to ask after."""
    with ctx.database.connect() as connection:
        return bool(model_batches.open_batches(connection, ctx.settings.llm_chat_api_url))


def collect(ctx: StageContext, client: BatchClient, *, seconds: float = math.inf) -> Collected:
    """Ask after every batch at this endpoint, and store the results of those that ended.

    After ``seconds`` no further batch is begun with. May be done by several at once, and again after it was killed: each
    call is settled once. Raises `ModelUnavailable` where the endpoint does not serve; what was stored stays.
    """
    deadline = time.monotonic() + seconds
    with ctx.database.connect() as connection:
        known = model_batches.open_batches(connection, ctx.settings.llm_chat_api_url)
    ended: list[Ended] = []
    for batch in known:
        if time.monotonic() > deadline:
            break
        ended += filter(None, [_collect(ctx, client, batch)])
    return Collected(tuple(ended), len(known) - len(ended))


def _collect(ctx: StageContext, client: BatchClient, batch: Batch) -> Ended | None:
    provider_id = batch.provider_id or _look_after(ctx, client, batch)
    if provider_id is None:
        return _ended(ctx, batch)
    status = client.status(provider_id)
    if status is None:
        _give_up(ctx, batch, f"{client.host} does not know this batch any more.")
    elif not status.ended:
        return None
    else:
        _store(ctx, batch, client, status)
        client.remove_files(status)
    return _ended(ctx, batch)


def _look_after(ctx: StageContext, client: BatchClient, batch: Batch) -> str | None:
    """The provider's id of a batch that nobody is known to have handed in; None where somebody is at it, or has not."""
    try:
        with replace(ctx, lease_wait_seconds=0).lease(_lease_name(batch.bot_name)):
            return _resume(ctx, client, batch, "Its process ended before it was handed in.")
    except LeaseHeld:
        return None


def _ended(ctx: StageContext, batch: Batch) -> Ended | None:
    with ctx.database.connect() as connection:
        figures = model_batches.figures_of(connection, batch.id)
    if figures.finished_at is None:
        return None
    return Ended(batch.id, batch.bot_name, figures.answered, figures.failed, figures.failure)


def _store(ctx: StageContext, batch: Batch, client: BatchClient, status: BatchStatus) -> None:
    for lines in _portions(client.results(status), _RESULTS_A_TRANSACTION):
        with ctx.database.begin() as connection:
            current = model_batches.locked(connection, batch.id)
            if current is None:
                return
            _store_lines(connection, ctx, current, lines, client.host)
    with ctx.database.begin() as connection:
        current = model_batches.locked(connection, batch.id)
        if current is not None:
            failure = f"{client.host} ended it as failed ({status.failure or 'without a reason'})."
            _close(connection, ctx, current, failure if status.status == "failed" else None)


def _store_lines(
    connection: Connection, ctx: StageContext, batch: Batch, lines: Sequence[ResultLine], host: str
) -> None:
    requests = {request.custom_id: request for request in batch.requests}
    mine = {line.custom_id: line for line in lines if line.custom_id in requests}
    unsettled = model_calls.still_open(connection, [requests[custom_id].call_id for custom_id in mine])
    # Messages that have waited for too long are asked about at once: what they were answered then stands.
    answered = model_answers.known(connection, [requests[custom_id].key for custom_id in mine])
    now = ctx.clock()
    for custom_id, line in mine.items():
        request = requests[custom_id]
        if request.call_id not in unsettled:
            continue
        outcome, answer = _read(request, line, host)
        user_id = _settle(connection, request.call_id, outcome, now, answer, _cost(ctx, request, answer))
        # A user who was erased meanwhile leaves no answer behind.
        wanted = request.key not in answered and user_id == request.errand.user_id
        if outcome is Outcome.ANSWERED and answer is not None and wanted:
            model_answers.store(connection, request.errand, request, request.call_id, answer.text, now)


def _cost(ctx: StageContext, request: BatchRequest, answer: Answer | None) -> Decimal | None:
    """The provider's figure as it is, else the price table's, less what a batch saves."""
    if answer is None:
        return Decimal(0)
    cost = cost_of(answer.usage, ctx.settings.llm_prices, request.model, answer.model)
    if cost is None or answer.usage.cost is not None:
        return cost
    return cost * Decimal(str(ctx.settings.llm_batch_price_factor))


def _read(request: BatchRequest, line: ResultLine, host: str) -> tuple[Outcome, Answer | None]:
    if line.status is None:
        return Outcome.UNAVAILABLE, None
    # What was sent is not kept: of the prompt, only what the reading of an answer depends on.
    prompt = Prompt(
        request.purpose, request.prompt_version, request.model, 0.0, "", "", request.purpose.value, {},
        request.max_output_tokens,
    )  # fmt: skip
    try:
        answer = answer_in_batch(line.status, line.body, prompt, request.mode, host)
    except (ModelUnavailable, StructuredOutputUnsupported):
        return Outcome.UNAVAILABLE, None
    except AnswerUnusable as error:
        return Outcome(error.reason), _counted(error.answer, request)
    return Outcome.ANSWERED, _counted(answer, request)


def _counted(answer: Answer | None, request: BatchRequest) -> Answer | None:
    """With our estimate of what was sent where the provider did not count."""
    if answer is None or not answer.usage.estimated:
        return answer
    usage = replace(answer.usage, tokens_in=max(answer.usage.tokens_in, request.tokens_in))
    return replace(answer, usage=usage)
