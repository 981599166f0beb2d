"""Asset checks: whether the result can be trusted. All look at every bot, so that a healthy one cannot hide a sick one."""

from collections.abc import Sequence

from dagster import AssetCheckResult, AssetCheckSeverity, MetadataValue, ResourceParam, TableRecord, asset_check

from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.storage import overview


def _table(rows: Sequence[dict]) -> MetadataValue:
    return MetadataValue.table([TableRecord(row) for row in rows] or [TableRecord({"bot": "none"})])


@asset_check(asset="pending_messages")
def nothing_waits_too_long(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """No message that could be worked on has waited longer than ENRICHMENT_PENDING_GRACE_SECONDS."""
    grace = pipeline.settings.enrichment_pending_grace_seconds
    pipeline.preflight("check")
    with pipeline.database.connect() as connection:
        days = overview.day_statuses(connection, pipeline.clock())
    late = [day for day in days if day.lag_seconds is not None and day.lag_seconds > grace]
    return AssetCheckResult(
        passed=not late,
        severity=AssetCheckSeverity.WARN,
        metadata={
            "oldest_seconds": max((day.lag_seconds or 0.0 for day in days), default=0.0),
            "late": _table([
                {"bot": d.bot_name, "day": d.day.isoformat(), "waiting": d.pending + d.retry, "seconds": int(d.lag_seconds or 0)}
                for d in late
            ]),
        },
    )  # fmt: skip


@asset_check(asset="pending_messages")
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
            "reasons": _table([{"bot": r.bot_name, "reason": r.reason, "count": r.count} for r in dead]),
        },
    )


@asset_check(asset="pending_messages")
def every_point_is_accounted_for(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """Points in the store = done + left out + quarantined + set aside + waiting, for every bot."""
    pipeline.preflight("check")
    bots = pipeline.store.bots()
    with pipeline.database.connect() as connection:
        known = {bot.bot_name: overview.known_points(connection, bot.bot_name) for bot in bots}
    rows = [_coverage(pipeline, bot, known[bot.bot_name]) for bot in bots]
    return AssetCheckResult(
        passed=all(row["missing"] == 0 for row in rows),
        severity=AssetCheckSeverity.ERROR,
        metadata={"missing": sum(abs(row["missing"]) for row in rows), "bots": _table(rows)},
    )


def _coverage(pipeline: Pipeline, bot: BotCollection, in_ledger: int) -> dict:
    in_store = pipeline.store.count(bot.collection)
    return {"bot": bot.bot_name, "in_store": in_store, "in_ledger": in_ledger, "missing": in_store - in_ledger}


@asset_check(asset="user_facts")
def every_fact_has_evidence(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """No current fact without the message and the words that it rests on."""
    pipeline.preflight("check")
    with pipeline.database.connect() as connection:
        without = overview.facts_without_evidence(connection)
    return AssetCheckResult(
        passed=without == 0, severity=AssetCheckSeverity.ERROR, metadata={"without_evidence": without}
    )
