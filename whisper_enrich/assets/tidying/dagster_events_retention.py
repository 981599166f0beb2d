"""Housekeeping: steps and logs of runs that ended more than DAGSTER_EVENTS_DAYS ago are dropped from Dagster's event log.

- **Source:** Dagster's own storage, SQLite or PostgreSQL.
- **Destination:** the same.
- **Cadence:** nightly; a dry run unless TIDY_APPLY is set.

Materialisations, observations, checks, failures of steps, and start and end of every run stay: the status of a partition, its
metadata and the history of runs are as before. The page of an old run shows no steps any more.
"""

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.assets.tidying.config import TidyConfig, tidied
from whisper_enrich.automation.dagster_events import finding_of
from whisper_enrich.resources.pipeline import Pipeline


@asset(group_name="housekeeping", kinds={"dagster"}, owners=OWNERS, description=__doc__)
def dagster_events_retention(
    context: AssetExecutionContext, config: TidyConfig, pipeline: ResourceParam[Pipeline]
) -> MaterializeResult:
    ctx = begin(context, pipeline)
    with told_plainly():
        found = finding_of(context.instance, ctx.settings.dagster_events_days, ctx.clock(), dry_run=config.dry_run)
    return tidied([found], config.dry_run)
