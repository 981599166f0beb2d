"""Schedules: the safety net under the sensor, and the housekeeping."""

from collections.abc import Iterator
from datetime import timedelta

from dagster import (
    DefaultScheduleStatus,
    ResourceParam,
    RunRequest,
    ScheduleDefinition,
    ScheduleEvaluationContext,
    SkipReason,
    schedule,
)

from whisper_enrich.automation import discovery
from whisper_enrich.automation.jobs import (
    BOT_TAG,
    CAUSE_TAG,
    check_quality,
    enrich_bot_day,
    prune_model_answers,
    reconcile_ledger,
    roll_up_bot,
    run_tags,
)
from whisper_enrich.partitions import BOTS
from whisper_enrich.resources.pipeline import Pipeline


@schedule(
    job=enrich_bot_day,
    cron_schedule="17 */6 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Safety net under the sensor: the last LOOKBACK_DAYS days of every bot, one run each.",
)
def sweep_recent_days(
    context: ScheduleEvaluationContext, pipeline: ResourceParam[Pipeline]
) -> Iterator[RunRequest | SkipReason]:
    """Every six hours the last LOOKBACK_DAYS days of every bot, whether or not the sensor saw anything new there."""
    today = pipeline.clock().date()
    first = max(today - timedelta(days=pipeline.settings.lookback_days - 1), pipeline.settings.enrichment_start_date)
    in_flight = discovery.bots_in_flight(context.instance)
    bots = [name for name in context.instance.get_dynamic_partitions(BOTS) if name not in in_flight]
    if not bots:
        yield SkipReason("No bot is registered, or all of them have a run in flight.")
    for bot_name in bots:
        yield RunRequest(tags=run_tags(bot_name, first, today, "sweep"))


def _one_run_a_bot(context: ScheduleEvaluationContext, cause: str) -> Iterator[RunRequest | SkipReason]:
    bots = context.instance.get_dynamic_partitions(BOTS)
    if not bots:
        yield SkipReason("No bot is registered.")
    for bot_name in bots:
        yield RunRequest(partition_key=bot_name, tags={BOT_TAG: bot_name, CAUSE_TAG: cause})


@schedule(
    job=reconcile_ledger,
    cron_schedule="40 3 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Every point of every bot against the ledger: edits, deletions, marks that were lost.",
)
def reconcile_daily(context: ScheduleEvaluationContext) -> Iterator[RunRequest | SkipReason]:
    """Every night, every point of every bot against the ledger."""
    yield from _one_run_a_bot(context, "reconciliation")


prune_model_answers_daily = ScheduleDefinition(
    name="prune_model_answers_daily",
    job=prune_model_answers,
    cron_schedule="20 4 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Raw answers of the model past their retention.",
)


@schedule(
    job=roll_up_bot,
    cron_schedule="30 2 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Digests of the weeks and months of every bot, when the windows of the day before have closed.",
)
def roll_up_nightly(context: ScheduleEvaluationContext) -> Iterator[RunRequest | SkipReason]:
    """Every night the weeks and months of every bot whose windows or facts have changed."""
    yield from _one_run_a_bot(context, "rollup")


check_quality_hourly = ScheduleDefinition(
    name="check_quality_hourly",
    job=check_quality,
    cron_schedule="50 * * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="All asset checks over all bots.",
)
