"""Batches that have ended: their results stored, each call settled once, their messages let go."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from sqlalchemy import Connection

from whisper_enrich.errors import AnswerUnusable, LeaseHeld, ModelUnavailable
from whisper_enrich.llm.batch_client import BatchClient, BatchStatus, ResultLine
from whisper_enrich.llm.client import StructuredOutputUnsupported, Unaccustomed, answer_in_batch
from whisper_enrich.llm.endpoint import address_of
from whisper_enrich.llm.prices import cost_of
from whisper_enrich.llm.types import Answer, Prompt
from whisper_enrich.stages.batch_state import NOT_HANDED_IN, adopt, close, give_up, lease_name, portions, settle
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import model_answers, model_batches, model_calls, model_traits
from whisper_enrich.storage.model_batches import Batch, BatchRequest
from whisper_enrich.storage.model_calls import Outcome

_RESULTS_A_TRANSACTION = 100


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


def elsewhere(ctx: StageContext) -> list[str]:
    """A sentence for every other endpoint that has batches of ours, which nobody asks after; with the remedy."""
    url = ctx.settings.llm_chat_api_url
    with ctx.database.connect() as connection:
        found = model_batches.open_elsewhere(connection, url)
    return [
        f"{count} batch(es) were handed in at {address_of(other)}, and LLM_CHAT_API_URL is {address_of(url)} now: nobody asks "
        f"after them, and their messages wait for {model_batches.HELD.total_seconds() / 3600:.0f} hours at most, to be asked "
        f"about anew. To have the answers, set LLM_CHAT_API_URL={address_of(other)} and its key, and run `whisper-enrich "
        "batches --collect`."
        for other, count in found.items()
    ]


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
        give_up(ctx, batch, f"{client.host} does not know this batch any more.")
    elif not status.ended:
        return None
    else:
        _store(ctx, batch, client, status)
        client.remove_files(status)
    return _ended(ctx, batch)


def _look_after(ctx: StageContext, client: BatchClient, batch: Batch) -> str | None:
    """The provider's id of a batch that nobody is known to have handed in; None where somebody is at it, or has not."""
    try:
        with replace(ctx, lease_wait_seconds=0).lease(lease_name(batch.bot_name)):
            return adopt(ctx, client, batch, NOT_HANDED_IN)
    except LeaseHeld:
        return None


def _ended(ctx: StageContext, batch: Batch) -> Ended | None:
    with ctx.database.connect() as connection:
        figures = model_batches.figures_of(connection, batch.id)
    if figures.finished_at is None:
        return None
    return Ended(batch.id, batch.bot_name, figures.answered, figures.failed, figures.failure)


def _store(ctx: StageContext, batch: Batch, client: BatchClient, status: BatchStatus) -> None:
    for lines in portions(client.results(status), _RESULTS_A_TRANSACTION):
        with ctx.database.begin() as connection:
            current = model_batches.locked(connection, batch.id)
            if current is None:
                return
            _store_lines(connection, ctx, current, lines, client.host)
    with ctx.database.begin() as connection:
        current = model_batches.locked(connection, batch.id)
        if current is not None:
            failure = f"{client.host} ended it as failed ({status.failure or 'without a reason'})."
            close(connection, ctx, current, failure if status.status == "failed" else None)


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
        try:
            outcome, answer = _read(request, line, host)
        except Unaccustomed as unaccustomed:
            outcome, answer = Outcome.UNAVAILABLE, None
            known = {unaccustomed.parameter}
            model_traits.remember(connection, batch.base_url, request.model, now, without=known)
        user_id = settle(connection, request.call_id, outcome, now, answer, _cost(ctx, request, answer))
        # A user who was erased meanwhile leaves no answer behind.
        wanted = request.key not in answered and user_id == request.errand.user_id
        if outcome is Outcome.ANSWERED and answer is not None and wanted:
            model_answers.store(connection, request.errand, request, request.call_id, answer.text, now)
        elif outcome in (Outcome.REFUSED, Outcome.TOO_LONG) and wanted:
            model_answers.give_up(connection, request.errand, request, request.call_id, outcome.value, now)


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
