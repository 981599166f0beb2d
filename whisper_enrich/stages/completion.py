"""Completion: points that need nothing more are marked so in the message store, after the database has committed."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from whisper_enrich import __version__
from whisper_enrich.messages.store import BotCollection, Mark
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import set_right
from whisper_enrich.storage import ledger, runs
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress
from whisper_enrich.text.language import release_model

BATCH = 5000
"""Points a call to the store."""


@dataclass
class CompletionResult:
    """Points marked, by status; those that were not because they changed or vanished; the run's figures."""

    marked: Counter[str] = field(default_factory=Counter)
    changed: int = 0
    missing: int = 0
    figures: dict[str, float] = field(default_factory=dict)


def complete_days(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> dict[date, CompletionResult]:
    """Mark what is finished on these days and record the run for each.

    Days are marked together: to open the embedded engine for each would cost more than the marks. A point whose content
    changed since it was read is entered anew instead, one that is gone is forgotten. What is no conversation is marked
    whatever its day.
    """
    # Texts have been read by now, and an open store takes the most memory while it marks.
    release_model()
    results = {day: CompletionResult() for day in days}
    started = time.perf_counter()
    with ctx.lease(f"{bot.bot_name}/mark") as lease:
        while _mark_batch(ctx, bot, days, lease, results):
            pass
    seconds = time.perf_counter() - started
    ctx.record_stage(
        bot.bot_name, "mark", seconds, {day: {"messages": sum(results[day].marked.values())} for day in days}
    )
    results = {day: results[day] for day in days}
    with ctx.database.begin() as connection:
        for day, result in results.items():
            result.figures = runs.record_run(connection, ctx.run_id, bot.bot_name, bot.collection, day, ctx.clock())
    return results


def mark_left_out(ctx: StageContext, bot: BotCollection) -> int:
    """Mark what intake left out or quarantined, of any day, so that it does not come back with every look."""
    results: dict[date, CompletionResult] = {}
    with ctx.lease(f"{bot.bot_name}/left-out/mark") as lease:
        while _mark_batch(ctx, bot, (), lease, results):
            pass
    return sum(sum(result.marked.values()) for result in results.values())


def _mark_batch(
    ctx: StageContext,
    bot: BotCollection,
    days: Sequence[date],
    lease: Lease,
    results: dict[date, CompletionResult],
) -> bool:
    """One batch; True while there may be another."""
    now = ctx.clock()
    with ctx.database.connect() as connection:
        first_day = ctx.settings.enrichment_start_date
        ready = ledger.ready_to_mark(connection, bot.bot_name, days, first_day, now, BATCH)
    if not ready:
        return False
    outcome = ctx.store.mark(
        bot.collection,
        [Mark(m.row.point_id, m.status, m.row.content_hash, __version__, ctx.ledger_id, now) for m in ready],
    )
    done, changed, missing = set(outcome.marked), set(outcome.changed), set(outcome.missing)
    progress = [
        Progress(m.row.point_id, m.row.revision, "done", m.status, m.row.attempts)
        for m in ready
        if m.row.point_id in done
    ]
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        ledger.record(connection, bot.bot_name, "mark", __version__, progress)
    for m in ready:
        result = results.setdefault(m.day, CompletionResult())
        result.marked.update([m.status] if m.row.point_id in done else [])
        result.changed += m.row.point_id in changed
        result.missing += m.row.point_id in missing
    others = [m.row for m in ready if m.row.point_id not in done]
    if others:
        set_right(ctx, bot, others)
    return len(ready) == BATCH and bool(done)
