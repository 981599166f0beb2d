"""Schedules: the safety net under the sensor, and the housekeeping."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

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
    consolidate_facts,
    enrich_bot_day,
    prune_model_answers,
    prune_strategic_snapshots,
    reconcile_ledger,
    renew_bot_caches,
    roll_up_bot,
    run_tags,
    tend_reader_observations,
    tidy,
)
from whisper_enrich.partitions import BOTS
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.storage import strategic_caches
from whisper_enrich.strategic.validity import RENEWAL_MARGIN


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


def every(seconds: int) -> str:
    """A cron expression that comes closest to an interval: whole minutes that divide the hour, hourly at most."""
    minutes = max((m for m in (1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30, 60) if m * 60 <= max(seconds, 60)), default=1)
    return "0 * * * *" if minutes == 60 else f"*/{minutes} * * * *"


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


@schedule(
    job=renew_bot_caches,
    cron_schedule=every(load_settings().enrichment_interval_seconds),
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="Renews the strategic rows that are close to their end; launches nothing where none is.",
)
def renew_caches(
    context: ScheduleEvaluationContext, pipeline: ResourceParam[Pipeline]
) -> Iterator[RunRequest | SkipReason]:
    """Every ENRICHMENT_INTERVAL_SECONDS the bots with a row that ends soon, of a user seen within STRATEGIC_RENEW_DAYS."""
    now = pipeline.clock()
    with pipeline.database.connect() as connection:
        ending = strategic_caches.bots_to_renew(
            connection,
            renew_before=now + RENEWAL_MARGIN,
            seen_after=now - timedelta(days=pipeline.settings.strategic_renew_days),
        )
    registered = set(context.instance.get_dynamic_partitions(BOTS))
    in_flight = discovery.bots_in_flight(context.instance)
    bots = [name for name in ending if name in registered and name not in in_flight]
    if not bots:
        yield SkipReason(f"No row ends within {RENEWAL_MARGIN}." if not ending else "A run of these bots is in flight.")
    for bot_name in bots:
        yield RunRequest(tags=run_tags(bot_name, now.date(), now.date(), "renewal"))


def _regularly(name: str, job: Any, cron: str, description: str) -> ScheduleDefinition:
    """A job that is launched as it is, by the clock in UTC."""
    return ScheduleDefinition(
        name=name,
        job=job,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=DefaultScheduleStatus.RUNNING,
        description=description,
    )


prune_model_answers_daily = _regularly(
    "prune_model_answers_daily",
    prune_model_answers,
    "20 4 * * *",
    "Raw answers of the model past their retention.",
)

prune_strategic_snapshots_daily = _regularly(
    "prune_strategic_snapshots_daily",
    prune_strategic_snapshots,
    "25 4 * * *",
    "Snapshots of the strategic caches past their retention.",
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


def _as_settings_say(pipeline: Pipeline, *assets: str) -> RunRequest:
    """A run of these assets that changes something only where TIDY_APPLY is set."""
    config = {"config": {"dry_run": not pipeline.settings.tidy_apply}}
    return RunRequest(run_config={"ops": dict.fromkeys(assets, config)}, tags={CAUSE_TAG: "tidying"})


@schedule(
    job=tidy,
    cron_schedule="35 4 * * *",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="What is past its time: counted, and dropped where TIDY_APPLY is set.",
)
def tidy_daily(context: ScheduleEvaluationContext, pipeline: ResourceParam[Pipeline]) -> RunRequest:
    """Every night, when the digests are made."""
    return _as_settings_say(pipeline, "summaries_archive", "records_retention", "dagster_events_retention")


@schedule(
    job=consolidate_facts,
    cron_schedule="5 5 * * 0",
    execution_timezone="UTC",
    default_status=DefaultScheduleStatus.RUNNING,
    description="All facts against the fold of today: counted, and written where TIDY_APPLY is set.",
)
def consolidate_facts_weekly(context: ScheduleEvaluationContext, pipeline: ResourceParam[Pipeline]) -> RunRequest:
    """Every Sunday night."""
    return _as_settings_say(pipeline, "facts_consolidation")


tend_reader_observations_regularly = _regularly(
    "tend_reader_observations_regularly",
    tend_reader_observations,
    "25 4 * * *" if load_settings().influxdb_url is None else "25 * * * *",
    "What the bots' readers counted: to InfluxDB every hour where that is set; dropped past its time.",
)

check_quality_hourly = _regularly(
    "check_quality_hourly",
    check_quality,
    "50 * * * *",
    "All asset checks over all bots.",
)
