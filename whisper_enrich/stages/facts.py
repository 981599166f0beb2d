"""Facts: assertions from the messages that wait, folded into what is known of their users."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date

from whisper_enrich.errors import PartialFailure
from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.model import Assertion, Extraction
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import Read, read_messages
from whisper_enrich.storage import facts as repository
from whisper_enrich.storage import ledger, profiles
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress

BATCH = 1000
"""Messages a transaction."""

Extractor = Callable[[Message], Extraction]


@dataclass
class FactsResult:
    """``messages`` looked at, by ``outcomes``; ``assertions`` by category; rows of `user_facts` written and removed."""

    messages: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    categories: Counter[str] = field(default_factory=Counter)
    assertions: int = 0
    facts_written: int = 0
    facts_removed: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def __iadd__(self, other: FactsResult) -> FactsResult:
        self.messages += other.messages
        self.outcomes += other.outcomes
        self.categories += other.categories
        self.assertions += other.assertions
        self.facts_written += other.facts_written
        self.facts_removed += other.facts_removed
        self.failures += other.failures
        return self


def extract_facts(ctx: StageContext, bot: BotCollection, day: date, extract: Extractor, version: str) -> FactsResult:
    """Work off the messages of that day that wait for facts.

    A message whose extraction fails counts an attempt and does not stop the others. Raises `LeaseLost`, `LeaseHeld`,
    `StoreUnavailable`; what was committed before stays.
    """
    result = FactsResult()
    with ctx.lease(f"{bot.bot_name}/{day}/facts") as lease, ctx.recorded(bot.bot_name, day, "facts") as counts:
        while True:
            with ctx.database.connect() as connection:
                rows = ledger.waiting(connection, bot.bot_name, day, "facts", ctx.clock(), BATCH)
            if not rows:
                break
            read = read_messages(ctx, bot, rows)
            batch = _Batch.of(ctx, read, extract)
            moved = _write(ctx, bot, lease, batch, version, result)
            if not moved and read.rows:
                raise PartialFailure(
                    f"The messages of {bot.bot_name} on {day} change faster than they can be read. Nothing is lost; run "
                    "the partition again."
                )
        counts.update(messages=result.messages, facts=result.facts_written, failures=sum(result.failures.values()))
    return result


@dataclass
class _Batch:
    """Extractions of one batch, before anything is written."""

    assertions: list[Assertion]
    settled: list[str]
    progress: list[Progress]
    result: FactsResult

    @classmethod
    def of(cls, ctx: StageContext, read: Read, extract: Extractor) -> _Batch:
        batch = cls([], [], [], FactsResult())
        for row in read.rows:
            if row.left_out_reason is not None:
                batch.settled.append(row.point_id)
                batch.progress.append(Progress(row.point_id, row.revision, "left_out", row.left_out_reason))
                continue
            try:
                extractions = [extract(m) for m in read.messages[row.point_id] if m.speaker is Speaker.USER]
            except Exception as error:  # noqa: BLE001 - one poisonous message must not stop the others; it is counted.
                batch.result.failures[type(error).__name__] += 1
                batch.progress.append(failed(ctx, row, error))
                continue
            batch._settle(row, extractions)
        return batch

    def _settle(self, row: ledger.Row, extractions: Sequence[Extraction]) -> None:
        self.settled.append(row.point_id)
        for extraction in extractions:
            self.result.messages += 1
            self.result.outcomes[extraction.outcome.value] += 1
            self.result.categories.update(a.category.value for a in extraction.assertions)
            self.result.assertions += len(extraction.assertions)
            self.assertions.extend(extraction.assertions)
        outcome = extractions[0].outcome.value if extractions else "not_the_user"
        self.progress.append(Progress(row.point_id, row.revision, "done", outcome, row.attempts))


def _write(
    ctx: StageContext, bot: BotCollection, lease: Lease, batch: _Batch, version: str, result: FactsResult
) -> int:
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
        changes = refold(connection, bot.bot_name, sorted(users))
        moved = ledger.record(connection, bot.bot_name, "facts", version, batch.progress)
    batch.result.facts_written, batch.result.facts_removed = changes.written, changes.removed
    result += batch.result
    return moved


def refold(connection, bot_name: str, users: Sequence[str]) -> repository.FactChanges:
    """Bring `user_facts`, evidence and history of these users up to their stored assertions."""
    if not users:
        return repository.FactChanges(0, 0)
    stored = repository.assertions_of(connection, bot_name, users)
    folds = {user_id: fold(s.assertion for s in stored[user_id]) for user_id in users}
    return repository.store_folds(connection, bot_name, folds, stored, profiles.names_of(connection, users))
