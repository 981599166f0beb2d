"""Housekeeping: snapshots of the caches that are older than STRATEGIC_SNAPSHOT_DAYS are dropped.

- **Source:** `strategic_snapshots`.
- **Destination:** the same. The latest rows are in the caches, and stay.
- **Cadence:** daily.
"""

from datetime import timedelta

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.storage import strategic_caches


@asset(group_name="housekeeping", kinds={"postgres"}, owners=OWNERS, description=__doc__)
def strategic_snapshots_retention(
    context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]
) -> MaterializeResult:
    ctx = begin(context, pipeline)
    oldest = ctx.clock().date() - timedelta(days=ctx.settings.strategic_snapshot_days)
    with told_plainly(), ctx.database.begin() as connection:
        dropped = strategic_caches.prune_snapshots(connection, oldest)
    return MaterializeResult(metadata={"snapshots_dropped": dropped})
