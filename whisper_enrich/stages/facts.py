"""Facts: assertions from the messages that wait, folded into what is known of their users."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from whisper_enrich.errors import PartialFailure
from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.model import Assertion, Extraction
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.rights.pii import in_original
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import POINTS_A_READ, Read, read_messages
from whisper_enrich.stages.stopwatch import timed
from whisper_enrich.storage import enrichment_requests, fact_folds, fact_history, fact_rulings, ledger, profiles
from whisper_enrich.storage import facts as repository
from whisper_enrich.storage.database import refuses_data
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row

Extractor = Callable[[Message], Extraction]

USERS_A_TRANSACTION = 50
"""Users who are folded anew at once, where nothing was read for them."""


@dataclass
class FactsResult:
    """``messages`` looked at, by ``outcomes``; ``assertions`` by category; ``failures`` by the error's class.

    ``rejected`` counts, by reason, what a model answered and the message does not support.
    """

    messages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    assertions: int = 0
    failures: Counter[str] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)


def extract_facts(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], extract: Extractor, version: str
) -> dict[date, FactsResult]:
    """Work off the messages of these days that wait for facts; the result by day.

    Days are taken together, so that a user is folded once a batch and not once a day. A message whose extraction fails
    counts an attempt and does not stop the others. Raises `LeaseLost`, `LeaseHeld`, `StoreUnavailable`; what was
    committed before stays.
    """
    results: dict[date, FactsResult] = defaultdict(FactsResult)
    started = time.perf_counter()
    with ctx.lease(f"{bot.bot_name}/facts") as lease:
        refold_stale(ctx, bot.bot_name, lease)
        while rows := waiting_rows(ctx, bot, days, first=wanted_at_once(ctx, bot)):
            read = read_messages(ctx, bot, rows)
            moved = store_extracted(ctx, bot, lease, _extracted(ctx, read, extract, results), version, results)
            if not moved and read.rows:
                raise PartialFailure(
                    f"The messages of {bot.bot_name} change faster than they can be read. Nothing is lost; run the "
                    "partition again."
                )
    # What is withdrawn may be of any day.
    results = {day: results[day] for day in days}
    record_results(ctx, bot, results, time.perf_counter() - started)
    return results


def record_results(ctx: StageContext, bot: BotCollection, results: Mapping[date, FactsResult], seconds: float) -> None:
    """Record what the stage did to each day."""
    counts = {
        day: {"messages": r.messages, "facts": r.assertions, "failures": sum(r.failures.values())}
        for day, r in results.items()
    }
    ctx.record_stage(bot.bot_name, "facts", seconds, counts)


def waiting_rows(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], offset: int = 0, *, first: Collection[str] = ()
) -> list[Row]:
    """Rows of these days that wait for facts and may be worked on now, so many as are taken at once after ``offset``; those
    of the users in ``first`` before all others."""
    with ctx.database.connect() as connection:
        return ledger.waiting(
            connection, bot.bot_name, days, "facts", ctx.clock(), POINTS_A_READ, offset, first, ctx.share
        )


def wanted_at_once(ctx: StageContext, bot: BotCollection) -> frozenset[str]:
    """The users whose messages the bot has asked for."""
    with ctx.database.connect() as connection:
        return enrichment_requests.requested_users(connection, bot.bot_name)


@dataclass(frozen=True, slots=True)
class Extracted:
    """What extraction made of one row, before anything is written.

    ``assertions`` are all that its point supports from now on; None where that is not known yet.
    """

    row: Row
    progress: Progress
    found: Sequence[Extraction] = ()
    assertions: Sequence[Assertion] | None = ()


def _extracted(
    ctx: StageContext, read: Read, extract: Extractor, results: Mapping[date, FactsResult]
) -> list[Extracted]:
    extracted = []
    for row in read.rows:
        if row.left_out_reason is not None:
            progress = Progress(row.point_id, row.revision, "left_out", row.left_out_reason)
            extracted.append(Extracted(row, progress))
            continue
        try:
            found = [in_original(extract(m), m) for m in read.messages[row.point_id] if m.speaker is Speaker.USER]
        except Exception as error:  # noqa: BLE001 - one poisonous message must not stop the others; it is counted.
            extracted.append(_failure(ctx, row, error, results))
            continue
        assertions = [assertion for extraction in found for assertion in extraction.assertions]
        outcome = found[0].outcome.value if found else "not_the_user"
        progress = Progress(row.point_id, row.revision, "done", outcome, row.attempts)
        extracted.append(Extracted(row, progress, found, assertions))
    return extracted


def _failure(ctx: StageContext, row: Row, error: Exception, results: Mapping[date, FactsResult]) -> Extracted:
    """What was derived from an earlier text of a point stays while there is another attempt, and no longer."""
    results[row.day].failures[type(error).__name__] += 1
    progress = failed(ctx, row, error)
    return Extracted(row, progress, assertions=() if progress.state == "dead" else None)


def _count(result: FactsResult, found: Sequence[Extraction]) -> None:
    for extraction in found:
        result.messages += 1
        result.outcomes[extraction.outcome.value] += 1
        result.categories.update(a.category.value for a in extraction.assertions)
        result.assertions += len(extraction.assertions)


def store_extracted(
    ctx: StageContext,
    bot: BotCollection,
    lease: Lease,
    batch: Sequence[Extracted],
    version: str,
    results: Mapping[date, FactsResult],
) -> int:
    """Store a batch; where the database refuses it, by halves down to the message that is to blame, which has failed then.

    Returns the ledger rows moved.
    """
    try:
        moved = _write(ctx, bot, lease, batch, version)
    except (DBAPIError, ValueError) as error:
        if not refuses_data(error):
            raise
        if len(batch) > 1:
            half = len(batch) // 2
            return sum(
                store_extracted(ctx, bot, lease, part, version, results) for part in (batch[:half], batch[half:])
            )
        refused = _failure(ctx, batch[0].row, error, results)
        return _write(ctx, bot, lease, [replace(refused, assertions=None)], version)
    for item in batch:
        if item.found:
            _count(results[item.row.day], item.found)
    return moved


@timed("write")
def _write(ctx: StageContext, bot: BotCollection, lease: Lease, batch: Sequence[Extracted], version: str) -> int:
    """One transaction: token, assertions, folds, ledger, requests that this meets. Returns the ledger rows moved."""
    settled = [item.row.point_id for item in batch if item.assertions is not None]
    assertions = [assertion for item in batch for assertion in item.assertions or ()]
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        users = repository.users_of_assertions(connection, bot.bot_name, settled)
        users |= {assertion.user_id for assertion in assertions}
        repository.lock_users(connection, bot.bot_name, users)
        fact_history.keep_earlier(connection, bot.bot_name, settled, version, ctx.clock())
        repository.replace_assertions(
            connection, bot.bot_name, bot.collection, settled, assertions,
            engine_version=version, extracted_at=ctx.clock(),
        )  # fmt: skip
        refold(connection, bot.bot_name, sorted(users))
        moved = ledger.record(connection, bot.bot_name, "facts", version, [item.progress for item in batch])
        enrichment_requests.finish(connection, bot.bot_name)
        return moved


def refold(connection: Connection, bot_name: str, users: Sequence[str]) -> fact_folds.FactChanges:
    """Bring what is known of these users, and its history, up to their stored assertions and rulings: for callers in a dm from
    all of them, for all others from the shared ones alone."""
    if not users:
        return fact_folds.FactChanges(0, 0)
    stored = repository.assertions_of(connection, bot_name, users)
    rulings = fact_rulings.rulings_of(connection, bot_name, users)
    folds, shared = {}, {}
    for user_id in users:
        said = [s.assertion for s in stored[user_id]]
        ruled = [r.ruling for r in rulings[user_id]]
        folds[user_id] = fold(said, rulings=ruled)
        if any(a.evidence.scope is Scope.DM for a in said) or any(r.scope is Scope.DM for r in ruled):
            shared[user_id] = fold(said, rulings=ruled, scope=Scope.SHARED)
        stored[user_id] += [asserted for r in rulings[user_id] if (asserted := r.asserted()) is not None]
    return fact_folds.store_folds(connection, bot_name, folds, stored, profiles.names_of(connection, users), shared)


def refold_stale(ctx: StageContext, bot_name: str, lease: Lease) -> None:
    """Fold the users anew of whom the database says that they must be."""
    while True:
        with ctx.database.begin() as connection:
            users = fact_folds.stale_folds(connection, bot_name, USERS_A_TRANSACTION)
            if not users:
                return
            ctx.confirm(connection, lease)
            repository.lock_users(connection, bot_name, users)
            refold(connection, bot_name, users)
            fact_folds.folded_anew(connection, bot_name, users)
