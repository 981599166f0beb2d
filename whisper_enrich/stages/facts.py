"""Facts: assertions from the messages that wait, folded into what is known of their users."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from whisper_enrich.errors import PartialFailure
from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.model import Assertion, Extraction
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import POINTS_A_READ, Read, read_messages
from whisper_enrich.storage import facts as repository
from whisper_enrich.storage import ledger, profiles
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row

Extractor = Callable[[Message], Extraction]


@dataclass
class FactsResult:
    """``messages`` looked at, by ``outcomes``; ``assertions`` by category; ``failures`` by the error's class."""

    messages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    assertions: int = 0
    failures: Counter[str] = field(default_factory=Counter)


def extract_facts(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], extract: Extractor, version: str
) -> dict[date, FactsResult]:
    """Work off the messages of these days that wait for facts; the result by day.

    Days are taken together, so that a user is folded once a batch and not once a day. A message whose extraction fails
    counts an attempt and does not stop the others. Raises `LeaseLost`, `LeaseHeld`, `StoreUnavailable`; what was
    committed before stays.
    """
    results = {day: FactsResult() for day in days}
    started = time.perf_counter()
    with ctx.lease(f"{bot.bot_name}/facts") as lease:
        while rows := _waiting(ctx, bot, days):
            read = read_messages(ctx, bot, rows)
            moved = _write(ctx, bot, lease, _extracted(ctx, read, extract, results), version)
            if not moved and read.rows:
                raise PartialFailure(
                    f"The messages of {bot.bot_name} change faster than they can be read. Nothing is lost; run the "
                    "partition again."
                )
    ctx.record_stage(
        bot.bot_name,
        "facts",
        time.perf_counter() - started,
        {
            day: {"messages": r.messages, "facts": r.assertions, "failures": sum(r.failures.values())}
            for day, r in results.items()
        },
    )
    return results


def _waiting(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> list[Row]:
    with ctx.database.connect() as connection:
        return ledger.waiting(connection, bot.bot_name, days, "facts", ctx.clock(), POINTS_A_READ)


@dataclass
class _Batch:
    """What extraction made of one batch, before anything is written; ``settled`` are the points that it speaks for."""

    assertions: list[Assertion] = field(default_factory=list)
    settled: list[str] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)


def _extracted(ctx: StageContext, read: Read, extract: Extractor, results: Mapping[date, FactsResult]) -> _Batch:
    batch = _Batch()
    for row in read.rows:
        if row.left_out_reason is not None:
            batch.settled.append(row.point_id)
            batch.progress.append(Progress(row.point_id, row.revision, "left_out", row.left_out_reason))
            continue
        try:
            found = [extract(m) for m in read.messages[row.point_id] if m.speaker is Speaker.USER]
        except Exception as error:  # noqa: BLE001 - one poisonous message must not stop the others; it is counted.
            results[row.day].failures[type(error).__name__] += 1
            batch.progress.append(failed(ctx, row, error))
            continue
        batch.settled.append(row.point_id)
        batch.assertions += [assertion for extraction in found for assertion in extraction.assertions]
        outcome = found[0].outcome.value if found else "not_the_user"
        batch.progress.append(Progress(row.point_id, row.revision, "done", outcome, row.attempts))
        _count(results[row.day], found)
    return batch


def _count(result: FactsResult, found: Sequence[Extraction]) -> None:
    for extraction in found:
        result.messages += 1
        result.outcomes[extraction.outcome.value] += 1
        result.categories.update(a.category.value for a in extraction.assertions)
        result.assertions += len(extraction.assertions)


def _write(ctx: StageContext, bot: BotCollection, lease: Lease, batch: _Batch, version: str) -> int:
    """Store the batch in one transaction: token, assertions, folds, ledger. Returns the ledger rows moved."""
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        users = repository.users_of_assertions(connection, bot.bot_name, batch.settled)
        users |= {assertion.user_id for assertion in batch.assertions}
        repository.lock_users(connection, bot.bot_name, users)
        repository.replace_assertions(
            connection, bot.bot_name, bot.collection, batch.settled, batch.assertions,
            engine_version=version, extracted_at=ctx.clock(),
        )  # fmt: skip
        refold(connection, bot.bot_name, sorted(users))
        return ledger.record(connection, bot.bot_name, "facts", version, batch.progress)


def refold(connection, bot_name: str, users: Sequence[str]) -> repository.FactChanges:
    """Bring `user_facts`, evidence and history of these users up to their stored assertions."""
    if not users:
        return repository.FactChanges(0, 0)
    stored = repository.assertions_of(connection, bot_name, users)
    folds = {user_id: fold(s.assertion for s in stored[user_id]) for user_id in users}
    return repository.store_folds(connection, bot_name, folds, stored, profiles.names_of(connection, users))
