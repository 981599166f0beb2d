"""The check on what the bots get: whether their reads find fresh rows."""

from collections.abc import Sequence
from datetime import timedelta

from dagster import AssetCheckResult, AssetCheckSeverity, ResourceParam, asset_check

from whisper_enrich.assets.partitioned import told_plainly
from whisper_enrich.automation.checks import table
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.storage import observations
from whisper_enrich.storage.observations import RATED, Observed

LEAST_HIT_RATE = 0.95
FEWEST_READS = 20
"""Reads of a table by a bot from which its rate counts for itself: below, one user without a row would decide it."""
WINDOW = timedelta(hours=1)


@asset_check(
    asset="reader_observations",
    description=f"{LEAST_HIT_RATE:.0%} of the reads of the last hour found a fresh row: of all, and of each table and bot.",
)
@told_plainly()
def cache_hit_rate(pipeline: ResourceParam[Pipeline]) -> AssetCheckResult:
    """Hits / (hits + stale + misses), over the six caches, facts and summaries. Without any read nothing is wrong.

    What is stale or missing says why: `stale:worker_silent` that the worker stands still, `miss:deadline` that the database is
    slow, `miss:no_row` that users are new or their rows were not computed.
    """
    pipeline.preflight("check")
    with pipeline.database.connect() as connection:
        found = observations.observed(connection, pipeline.clock() - WINDOW)
    rated = [one for one in found if one.table_name in RATED and one.reads]
    reads, hits = sum(one.reads for one in rated), sum(one.hits for one in rated)
    low = [one for one in rated if one.reads >= FEWEST_READS and one.hits < LEAST_HIT_RATE * one.reads]
    return AssetCheckResult(
        passed=not low and hits >= LEAST_HIT_RATE * reads,
        severity=AssetCheckSeverity.WARN,
        description=None if reads else "No reader has reported a read within the last hour.",
        metadata={
            "reads": reads,
            **({"hit_rate": round(hits / reads, 4)} if reads else {}),
            "tables": table([_row(one) for one in found if one.reads or one.round_trips]),
            **_time_anchored(found),
        },
    )


def _row(one: Observed) -> dict:
    slow = one.latency_quantile(0.95)
    return {
        "bot": one.bot_name, "table": one.table_name, "reads": one.reads,
        "hit_rate": None if one.hit_rate is None else round(one.hit_rate, 4), "stale": one.stale, "misses": one.misses,
        "why": ", ".join(f"{reason} {count}" for reason, count in sorted(one.reasons.items())),
        "p95_ms": "" if slow is None else f"up to {1000 * slow:g}",
    }  # fmt: skip


def _time_anchored(found: Sequence[Observed]) -> dict:
    """The share of the questions about a time that found something."""
    asked = sum(one.time_anchored for one in found)
    share = {"time_anchored_found": round(sum(one.time_anchored_found for one in found) / asked, 4)} if asked else {}
    return {"time_anchored_questions": asked, **share}
