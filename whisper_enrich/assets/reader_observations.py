"""What the bots' readers counted in their own processes, minute by minute: hits, stale rows, misses, latency.

- **Source:** the readers (`whisper_enrich.hot_path.reports`), which write `reader_observations` themselves.
- **Destination:** InfluxDB where INFLUXDB_URL is set, measurement `strategic_cache` with tags `table` and `bot`.
- **Cadence:** hourly with InfluxDB, else daily. Minutes older than READER_OBSERVATION_DAYS are dropped.

The check `cache_hit_rate` says whether the bots found fresh rows within the last hour.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.metrics import reader_points
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import observations

WRITTEN = timedelta(hours=2)
"""The minutes that are written each time: longer than the pause between two runs, and than a reader keeps what it could not
report; what was written before is written again, and so what came late."""
AT_ONCE = timedelta(minutes=10)
"""A thousand bots have some 9,000 points a minute."""


@asset(group_name="housekeeping", kinds={"postgres", "influxdb"}, owners=OWNERS, description=__doc__)
def reader_observations(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]) -> MaterializeResult:
    ctx = begin(context, pipeline)
    this_minute = ctx.clock().replace(second=0, microsecond=0)
    with told_plainly(), ctx.database.begin() as connection:
        kept = timedelta(days=ctx.settings.reader_observation_days)
        dropped = observations.prune(connection, this_minute - kept, this_minute + kept)
    written = _write(ctx, this_minute)
    if ctx.settings.influxdb_url is not None and written.failure is not None:
        context.log.warning("Not written to InfluxDB: %s. %s", written.failure, written.remedy)
    return MaterializeResult(
        metadata={
            "minutes_dropped": dropped,
            "points_written": written.points,
            "not_written_because": "" if written.failure is None else f"{written.failure}. {written.remedy}",
        }
    )


def _write(ctx: StageContext, until: datetime) -> reader_points.Written:
    """Ends with the first failure: the next run writes the same minutes again."""
    written = reader_points.write(ctx.settings, [])
    points, start = 0, until - WRITTEN
    while written.failure is None and start < until:
        with told_plainly(), ctx.database.connect() as connection:
            minutes = observations.minutes(connection, start, start + AT_ONCE)
        written = reader_points.write(ctx.settings, minutes)
        points, start = points + written.points, start + AT_ONCE
    return replace(written, points=points)
