"""Asset checks: whether the result can be trusted. All look at every bot, so that a healthy one cannot hide a sick one."""

import time
from collections.abc import Sequence

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue, ResourceParam, TableRecord, asset_check

from whisper_enrich.assets.partitioned import told_plainly
from whisper_enrich.automation.discovery import new_points
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import model_costs, overview

PAGES = 3
"""Pages of unmarked points that are looked at for what intake has never seen."""
LOOKS = 3
LOOK_PAUSE_SECONDS = 0.4


def table(rows: Sequence[dict]) -> MetadataValue:
    return MetadataValue.table([TableRecord(row) for row in rows] or [TableRecord({"bot": "none"})])


@asset_check(asset="pending_messages")
@told_plainly()
def nothing_waits_too_long(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """No message that could be worked on has waited longer than ENRICHMENT_PENDING_GRACE_SECONDS.

    Those that intake has never seen count from their own time: if sensor and schedules stand still, this tells.
    """
    ctx = pipeline.context("check")
    grace = ctx.settings.enrichment_pending_grace_seconds
    with ctx.database.connect() as connection:
        days = overview.day_statuses(connection, ctx.clock())
    rows = [
        {"bot": d.bot_name, "day": d.day.isoformat(), "waiting": d.pending + d.retry, "seconds": int(d.lag_seconds)}
        for d in days
        if d.lag_seconds is not None
    ]
    rows += [row for bot in ctx.store.bots() for row in _never_taken_in(ctx, bot)]
    late = [row for row in rows if row["seconds"] > grace]
    return AssetCheckResult(
        passed=not late,
        severity=AssetCheckSeverity.WARN,
        metadata={"oldest_seconds": max((row["seconds"] for row in rows), default=0), "late": table(late)},
    )


def _never_taken_in(ctx: StageContext, bot: BotCollection) -> list[dict]:
    """The points that intake has not seen, as one row, where there are any."""
    now = ctx.clock()
    ages = [(now - point.at).total_seconds() for point in new_points(ctx, bot, PAGES) if point.at is not None]
    oldest = int(max(ages, default=-1.0))
    return (
        [{"bot": bot.bot_name, "day": "never taken in", "waiting": len(ages), "seconds": oldest}] if oldest >= 0 else []
    )


@asset_check(asset="pending_messages")
@told_plainly()
def no_dead_letters(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """No message was set aside after its last attempt. `whisper-enrich retry` gives them another round."""
    pipeline.preflight("check")
    with pipeline.database.connect() as connection:
        dead = [reason for reason in overview.reasons(connection) if reason.kind == "dead"]
    return AssetCheckResult(
        passed=not dead,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "dead_letters": sum(reason.count for reason in dead),
            "reasons": table([{"bot": r.bot_name, "reason": r.reason, "count": r.count} for r in dead]),
        },
    )


@asset_check(asset="pending_messages")
@told_plainly()
def every_point_is_accounted_for(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """Points in the store = done + left out + quarantined + set aside + waiting (or not taken in yet), for every bot.

    ``lost``: points that carry our mark and that the ledger does not know. ``gone``: rows whose point is no longer in the
    store. `whisper-enrich reconcile` finds which they are and sets both right; it also runs every night.
    """
    ctx = pipeline.context("check")
    rows = [_steady_coverage(ctx, bot) for bot in ctx.store.bots()]
    lost = sum(row["lost"] for row in rows)
    gone = sum(row["gone"] for row in rows)
    return AssetCheckResult(
        passed=not lost and not gone,
        severity=AssetCheckSeverity.ERROR if lost else AssetCheckSeverity.WARN,
        metadata={"lost": lost, "gone": gone, "bots": table(rows)},
    )


def _steady_coverage(ctx: StageContext, bot: BotCollection) -> dict:
    """A run that is under way marks points a moment before its rows: what is amiss must be so at every look."""
    for look in range(LOOKS):
        row = _coverage(ctx, bot)
        if not row["lost"] and not row["gone"]:
            break
        if look < LOOKS - 1:
            time.sleep(LOOK_PAUSE_SECONDS)
    return row


def _coverage(ctx: StageContext, bot: BotCollection) -> dict:
    with ctx.database.connect() as connection:
        in_ledger = overview.known_points(connection, bot.bot_name)
        unmarked = overview.unmarked_points(connection, bot.bot_name)
    in_store = ctx.store.count(bot.collection)
    not_taken_in = max(0, ctx.store.count(bot.collection, unmarked_for=ctx.ledger_id) - unmarked)
    difference = in_store - not_taken_in - in_ledger
    return {
        "bot": bot.bot_name, "in_store": in_store, "in_ledger": in_ledger, "not_taken_in": not_taken_in,
        "lost": max(0, difference), "gone": max(0, -difference),
    }  # fmt: skip


@asset_check(asset="pending_messages")
@told_plainly()
def budget_left(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """No message waits because a budget for the model (LLM_BUDGET_...) is spent. `whisper-enrich cost` says on what.

    They go on by themselves when there is more of it: those of days at midnight UTC, that of a run with the next one.
    """
    pipeline.preflight("check")
    with pipeline.database.connect() as connection:
        waiting = model_costs.waiting_for_budget(connection)
    rows = [
        {
            "bot": w.bot_name, "facts": w.facts, "summaries": w.summaries, "users": w.users,
            "oldest_day": w.oldest_day.isoformat(),
        }
        for w in waiting
    ]  # fmt: skip
    return AssetCheckResult(
        passed=not waiting,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "waiting_for_facts": sum(w.facts for w in waiting),
            "waiting_for_summaries": sum(w.summaries for w in waiting),
            "bots": table(rows),
        },
    )


@asset_check(asset="user_facts")
@told_plainly()
def every_fact_has_evidence(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """No current fact without the message and the words that it rests on."""
    pipeline.preflight("check")
    with pipeline.database.connect() as connection:
        without = overview.facts_without_evidence(connection)
    return AssetCheckResult(
        passed=without == 0, severity=AssetCheckSeverity.ERROR, metadata={"without_evidence": without}
    )
