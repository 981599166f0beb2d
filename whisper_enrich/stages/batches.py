"""Batches: a backfill's questions handed to the provider's batch endpoint; `batch_results` fetches the answers.

A batch is entered in the database with its reservations, and its messages held back, in one transaction, before the
provider hears of it; it bears our id there. Whoever finds it later in that state looks it up by that id: the provider has
it, or it never got that far. Its results are stored by portions, each call settled once; with the last of them the
messages are let go, and the next run finds the answers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import uuid4

from sqlalchemy import Connection

from whisper_enrich.errors import BudgetSpent, ModelUnavailable
from whisper_enrich.llm.batch_client import BatchClient
from whisper_enrich.llm.budgets import tokens_in_at_most
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.request import adapted, request_body, tokens_sent_about
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.asking import ask_all, more_budget_at
from whisper_enrich.stages.batch_questions import Wanted, gather
from whisper_enrich.stages.batch_state import IN_BATCH, NOT_HANDED_IN, adopt, give_up, lease_name, portions
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import ledger, model_answers, model_batches, model_calls
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row, Stage
from whisper_enrich.storage.model_batches import Batch, BatchRequest

REQUESTS_A_BATCH = 1_000
"""So many are reserved in one transaction, within which nobody else can reserve: a few seconds."""


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
    with ctx.lease(lease_name(bot.bot_name)) as lease:
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
    with ctx.lease(lease_name(bot_name)) as lease:
        _resume_all(ctx, client, lease, bot_name)


def _parts(wanted: Mapping[str, Wanted]) -> Iterator[list[Wanted]]:
    """Questions that may stand in one file: of one model, and not too many."""
    by_model: dict[str, list[Wanted]] = defaultdict(list)
    for one in wanted.values():
        by_model[one.prompt.model].append(one)
    for mine in by_model.values():
        yield from portions(mine, REQUESTS_A_BATCH)


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
    manners = {model: gateway.manner(model) for model in {one.prompt.model for one in part}}
    with ctx.database.begin() as connection:
        for lease in leases:
            ctx.confirm(connection, lease)
        for one in _open(connection, part):
            errand, (mode, without) = replace(one.errand, run_id=run_id), manners[one.prompt.model]
            try:
                if halt is not None:
                    raise halt
                call_id = model_calls.reserve(
                    connection, errand, one.prompt, tokens_in_at_most(one.prompt), ctx.settings, now
                )
            except BudgetSpent as error:
                behind += 1
                halt = halt or (error if error.holder != "user" else None)
                waiting.add(one, "budget_spent", more_budget_at(ctx, error))
                continue
            body = adapted(request_body(one.prompt, mode), without)
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


def _open(connection: Connection, part: Sequence[Wanted]) -> list[Wanted]:
    """The questions without an answer. Those that were given up on are for a run to part, or to put again when it is time."""
    keys = [one.prompt.key for one in part]
    closed = model_answers.known(connection, keys) | model_answers.given_up(connection, keys).keys()
    return [one for one in part if one.prompt.key not in closed]


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
                give_up(ctx, later.batch, str(error))
            raise


def _hand_in(ctx: StageContext, client: BatchClient, lease: Lease, draft: _Draft) -> HandedIn:
    """Upload and create, with the lease kept alive; the batch is given up where the provider certainly has not got it."""

    def send(draft: _Draft) -> str:
        try:
            file_id = client.upload(draft.batch.id, draft.bodies.items())
        except ModelUnavailable as error:
            give_up(ctx, draft.batch, str(error))
            raise
        ctx.renew(lease)
        try:
            provider_id = client.create(draft.batch.id, file_id)
        except ModelUnavailable as error:
            adopted = adopt(ctx, client, draft.batch, str(error))
            if adopted is None:
                raise
            return adopted
        _note(ctx, client, draft.batch, provider_id)
        return provider_id

    seconds = ctx.settings.enrichment_lease_seconds / 3
    (reply,) = ask_all([draft], send, at_once=1, keep_alive=lambda: ctx.renew(lease), heartbeat_seconds=seconds)
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
            ctx.renew(lease)
            adopt(ctx, client, batch, NOT_HANDED_IN)
