"""Tidying: what is past its time, rule by rule; counted first, changed only when that is asked for.

Every rule can be looked at without changing anything, and a second application finds nothing. What a rerun would derive again
is never dropped: ledger, assertions, facts with their versions, summaries and digests stay whatever their age.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from whisper_enrich.errors import LeaseHeld, StoreError
from whisper_enrich.stages.consolidation import consolidate
from whisper_enrich.stages.context import StageContext, log
from whisper_enrich.stages.summary_vectors import bring_vectors_up_to_date
from whisper_enrich.storage import archive, expired, model_call_days
from whisper_enrich.storage.expired import Expired


@dataclass(frozen=True, slots=True)
class Finding:
    """What one rule found, or did: ``rows`` by what they are; ``remark`` says what was left out and why."""

    rule: str
    kept_for: str
    rows: dict[str, int]
    remark: str | None = None

    @property
    def total(self) -> int:
        """All rows together."""
        return sum(self.rows.values())


def archive_summaries(ctx: StageContext, *, dry_run: bool) -> Finding:
    """Put away the summaries of windows older than SUMMARY_ARCHIVE_DAYS, with their vectors."""
    days = ctx.settings.summary_archive_days
    before = ctx.clock() - timedelta(days=days)
    rows = {"put away": 0, "brought back": 0}
    remarks = []
    with ctx.database.connect() as connection:
        bots = archive.bots_with_summaries(connection)
    for bot_name in bots:
        try:
            changed = _archive(ctx, bot_name, before, dry_run)
        except LeaseHeld:
            remarks.append(f"{bot_name} is being summarised and comes next time")
            continue
        rows["put away"] += changed.put_away
        rows["brought back"] += changed.brought_back
    return Finding("summaries", f"{days} days in use", rows, "; ".join(remarks) or None)


def _archive(ctx: StageContext, bot_name: str, before: datetime, dry_run: bool) -> archive.Archived:
    if dry_run:
        with ctx.database.connect() as connection:
            return archive.due(connection, bot_name, before)
    with ctx.lease(f"{bot_name}/summary") as lease:
        with ctx.database.begin() as connection:
            ctx.confirm(connection, lease)
            changed = archive.put_away(connection, bot_name, before, ctx.clock())
        if changed != archive.Archived():
            try:
                bring_vectors_up_to_date(ctx, ctx.collection_of(bot_name), lease)
            except StoreError as error:
                log.warning("Vectors of summaries of %s are left to the nightly reconciliation. %s", bot_name, error)
    return changed


def consolidate_facts(ctx: StageContext, *, dry_run: bool) -> Finding:
    """Fold every user's assertions anew (`consolidation`)."""
    done = consolidate(ctx, dry_run=dry_run)
    remark = f"somebody is at the facts of {', '.join(done.busy)}: next time" if done.busy else None
    return Finding("facts", "for ever, as the fold has them", {"rows folded anew": done.rows}, remark)


def drop_records(ctx: StageContext, *, dry_run: bool) -> list[Finding]:
    """Drop rows of the database that go by age alone, a finding a rule."""
    return [rule(ctx, dry_run) for rule in RECORDS]


def _expired(name: str, setting: str, tables: Sequence[Expired]) -> Callable[[StageContext, bool], Finding]:
    def rule(ctx: StageContext, dry_run: bool) -> Finding:
        days = getattr(ctx.settings, setting)
        before = ctx.clock() - timedelta(days=days)
        work = _count if dry_run else _drop
        return Finding(name, f"{days} days", {what.table: work(ctx, what, before) for what in tables})

    return rule


def _count(ctx: StageContext, what: Expired, before: datetime) -> int:
    with ctx.database.connect() as connection:
        return expired.count(connection, what, before)


def _drop(ctx: StageContext, what: Expired, before: datetime) -> int:
    return _in_batches(ctx, lambda connection: expired.drop_some(connection, what, before))


def _in_batches(ctx: StageContext, some: Callable[[Connection], int]) -> int:
    """Until a batch finds nothing; each in a transaction of its own, so that nobody waits for all of it."""
    done = 0
    while True:
        with ctx.database.begin() as connection:
            changed = some(connection)
        if not changed:
            return done
        done += changed


def _calls(ctx: StageContext, dry_run: bool) -> Finding:
    days = ctx.settings.llm_call_retention_days
    before = ctx.clock() - timedelta(days=days)
    if dry_run:
        with ctx.database.connect() as connection:
            found = model_call_days.count(connection, before)
    else:
        found = _in_batches(ctx, lambda connection: model_call_days.sum_up_some(connection, before))
    return Finding("model calls", f"{days} days, then sums a day", {"model_calls": found})


RECORDS: Sequence[Callable[[StageContext, bool], Finding]] = (
    _expired("model answers", "llm_answer_retention_days", expired.MODEL_ANSWERS),
    _calls,
    _expired("snapshots", "strategic_snapshot_days", expired.SNAPSHOTS),
    _expired("quarantine", "quarantine_retention_days", expired.QUARANTINE),
    _expired("records of runs", "run_record_retention_days", expired.RUN_RECORDS),
    _expired("earlier assertions", "fact_history_retention_days", expired.FACT_HISTORY),
)
