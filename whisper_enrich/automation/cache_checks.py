"""Checks on the strategic caches: four on each, and one on the time that a bot's cycle takes."""

from collections.abc import Callable, Sequence
from datetime import timedelta
from math import exp, sqrt

from dagster import (
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    MetadataValue,
    ResourceParam,
    asset_check,
)

from whisper_enrich.assets.metadata import two_columns
from whisper_enrich.assets.partitioned import told_plainly
from whisper_enrich.automation.checks import table
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.storage import strategic_overview
from whisper_enrich.storage.tables import CACHES

CYCLE_SECONDS = 120.0
"""A bot's cycle stays below that; 60 is the aim."""

DRIFT_DAYS = 7
DRIFT_LEAST = 30
"""Values on either side below which nothing is said about their distribution."""
DRIFT_LEVEL = 0.001
"""p-value of the two-sample Kolmogorov-Smirnov test, divided by the number of columns (Bonferroni)."""


def _row_for_every_active_user(cache: str) -> AssetChecksDefinition:
    @asset_check(
        asset=cache,
        name="row_for_every_active_user",
        description="Whoever wrote within STRATEGIC_RENEW_DAYS has a row.",
    )
    @told_plainly()
    def check(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
        rows = _coverage(pipeline, cache)
        grace = pipeline.settings.enrichment_pending_grace_seconds
        missing = [row for row in rows if row.without_row and (row.oldest_unread_seconds or 0.0) > grace]
        return AssetCheckResult(
            passed=not missing,
            severity=AssetCheckSeverity.WARN,
            metadata={
                "users": sum(row.active for row in rows),
                "users_without_row": sum(row.without_row for row in rows),
                "bots": table([{"bot": r.bot_name, "users": r.active, "without": r.without_row} for r in missing]),
            },
        )

    return check


def _rows_have_read_everything(cache: str) -> AssetChecksDefinition:
    @asset_check(
        asset=cache,
        name="rows_have_read_everything",
        description="No row is behind its user's newest message for longer than ENRICHMENT_PENDING_GRACE_SECONDS.",
    )
    @told_plainly()
    def check(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
        rows = _coverage(pipeline, cache)
        grace = pipeline.settings.enrichment_pending_grace_seconds
        late = [row for row in rows if row.behind and (row.oldest_unread_seconds or 0.0) > grace]
        with pipeline.database.connect() as connection:
            stale = strategic_overview.stale_snapshots(connection, cache)
        return AssetCheckResult(
            passed=not late,
            severity=AssetCheckSeverity.WARN,
            metadata={
                "rows_behind": sum(row.behind for row in rows),
                "oldest_seconds": max((row.oldest_unread_seconds or 0.0 for row in rows), default=0.0),
                "stale_snapshots": stale,
                "bots": table([{"bot": r.bot_name, "behind": r.behind} for r in late]),
            },
        )

    return check


def _coverage(pipeline: Pipeline, cache: str) -> list[strategic_overview.Coverage]:
    pipeline.preflight("check")
    now = pipeline.clock()
    since = now - timedelta(days=pipeline.settings.strategic_renew_days)
    with pipeline.database.connect() as connection:
        return strategic_overview.coverage(connection, cache, now=now, seen_since=since)


def _nulls_have_reasons(cache: str) -> AssetChecksDefinition:
    @asset_check(asset=cache, name="nulls_have_reasons", description="Every value that is null says why.")
    @told_plainly()
    def check(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
        pipeline.preflight("check")
        with pipeline.database.connect() as connection:
            explained, unexplained = strategic_overview.nulls_by_reason(connection, cache)
        return AssetCheckResult(
            passed=not unexplained,
            severity=AssetCheckSeverity.ERROR,
            metadata={
                "nulls": sum(explained.values()) + sum(unexplained.values()),
                "by_reason": MetadataValue.table(two_columns("reason", explained)),
                "without_reason": MetadataValue.table(two_columns("column", unexplained)),
            },
        )

    return check


def _values_are_steady(cache: str) -> AssetChecksDefinition:
    @asset_check(
        asset=cache,
        name="values_are_steady",
        description=f"The values of all users are distributed as in the {DRIFT_DAYS} days before.",
    )
    @told_plainly()
    def check(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
        pipeline.preflight("check")
        today = pipeline.clock().date()
        columns = strategic_overview.measured_columns(cache)
        moved, compared = [], 0
        with pipeline.database.connect() as connection:
            for column in columns:
                now, before = strategic_overview.values_now_and_before(
                    connection, cache, column, first=today - timedelta(days=DRIFT_DAYS), until=today
                )
                if min(len(now), len(before)) < DRIFT_LEAST:
                    continue
                compared += 1
                distance, p = kolmogorov_smirnov(now, before)
                if p < DRIFT_LEVEL / len(columns):
                    moved.append({"column": column, "distance": round(distance, 3), "p": p})
        return AssetCheckResult(
            passed=not moved,
            severity=AssetCheckSeverity.WARN,
            metadata={"columns_compared": compared, "moved": table(moved)},
        )

    return check


def kolmogorov_smirnov(first: Sequence[float], second: Sequence[float]) -> tuple[float, float]:
    """Two-sample statistic in 0..1 and its asymptotic p-value (Kolmogorov 1933, Smirnov 1948)."""
    import numpy as np

    a, b = np.sort(first), np.sort(second)
    both = np.concatenate([a, b])
    distance = float(
        np.abs(np.searchsorted(a, both, side="right") / len(a) - np.searchsorted(b, both, side="right") / len(b)).max()
    )
    effective = len(a) * len(b) / (len(a) + len(b))
    scaled = (sqrt(effective) + 0.12 + 0.11 / sqrt(effective)) * distance
    if scaled < 0.3:  # the series does not converge there, and p is 1 to nine digits
        return distance, 1.0
    p = 2.0 * sum((-1) ** (k - 1) * exp(-2.0 * k * k * scaled * scaled) for k in range(1, 101))
    return distance, min(max(p, 0.0), 1.0)


@asset_check(
    asset="conversation_features",
    description=f"The latest run of every bot took less than {CYCLE_SECONDS:.0f} s a day.",
)
@told_plainly()
def cycles_are_in_time(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """All stages of a bot's latest run together, shared out by its days: the time that a new message waits."""
    pipeline.preflight("check")
    with pipeline.database.connect() as connection:
        cycles = strategic_overview.latest_cycles(connection)
    rows = [{"bot": c.bot_name, "run": c.run_id[:8], "days": c.days, "seconds": round(c.seconds, 2)} for c in cycles]
    slow = [cycle for cycle in cycles if cycle.seconds / cycle.days > CYCLE_SECONDS]
    return AssetCheckResult(
        passed=not slow,
        severity=AssetCheckSeverity.WARN,
        metadata={"longest_seconds": max((c.seconds for c in cycles), default=0.0), "bots": table(rows)},
    )


_ON_EACH: tuple[Callable[[str], AssetChecksDefinition], ...] = (
    _row_for_every_active_user,
    _rows_have_read_everything,
    _nulls_have_reasons,
    _values_are_steady,
)

cache_checks: list[AssetChecksDefinition] = [make(cache.name) for cache in CACHES for make in _ON_EACH]
