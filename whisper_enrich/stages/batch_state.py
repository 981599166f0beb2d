"""What becomes of a batch that is under way: adopted where the provider has it, given up where not, closed when it is over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import TypeVar

from sqlalchemy import Connection

from whisper_enrich.llm.batch_client import BatchClient, BatchesUnsupported
from whisper_enrich.llm.types import Answer, Usage
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import ledger, model_batches, model_calls
from whisper_enrich.storage.model_batches import Batch
from whisper_enrich.storage.model_calls import Outcome

IN_BATCH = "in_batch"
"""The reason in the ledger of messages that wait for a batch."""
NOT_HANDED_IN = "Its process ended before it was handed in."

T = TypeVar("T")


def lease_name(bot_name: str) -> str:
    """What somebody holds who hands in for this bot."""
    return f"{bot_name}/batch"


def portions(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items, so many at a time."""
    rest = iter(items)
    while portion := list(islice(rest, size)):
        yield portion


def adopt(ctx: StageContext, client: BatchClient, batch: Batch, failure: str) -> str | None:
    """Adopt the batch where the provider has it, and return its id there; give it up where it has not."""
    try:
        found = client.find(batch.id)
    except BatchesUnsupported:
        found = None
    if found is None:
        give_up(ctx, batch, failure)
        return None
    with ctx.database.begin() as connection:
        model_batches.submitted(connection, batch.id, found.provider_id)
    return found.provider_id


def give_up(ctx: StageContext, batch: Batch, failure: str) -> None:
    """There will be nothing of it, for this reason."""
    with ctx.database.begin() as connection:
        current = model_batches.locked(connection, batch.id)
        if current is not None:
            close(connection, ctx, current, failure)


def close(connection: Connection, ctx: StageContext, batch: Batch, failure: str | None) -> None:
    """Whatever got no answer took nothing; the messages may be worked on at once."""
    now = ctx.clock()
    for call_id in sorted(model_calls.still_open(connection, [request.call_id for request in batch.requests])):
        settle(connection, call_id, Outcome.UNAVAILABLE, now)
    model_batches.finish(connection, batch.id, now, failure)
    for stage in ("facts", "summary"):
        ledger.release(connection, batch.bot_name, stage, IN_BATCH, batch.points, batch.user_days)


def settle(
    connection: Connection,
    call_id: int,
    outcome: Outcome,
    now: datetime,
    answer: Answer | None = None,
    cost: Decimal | None = Decimal(0),
) -> str:
    """Settle one call of a batch, without an answer at nothing; returns the user id that it bears now."""
    usage = answer.usage if answer is not None else Usage(0, 0)
    model = answer.model if answer is not None else None
    return model_calls.settle(connection, call_id, outcome, now, usage=usage, cost=cost, model_answered=model)
