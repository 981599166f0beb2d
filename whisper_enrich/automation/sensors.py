"""Sensors: they notice new points and new bots, and launch what needs work."""

import json

from dagster import (
    DefaultSensorStatus,
    ResourceParam,
    RunRequest,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from whisper_enrich.automation import discovery
from whisper_enrich.automation.jobs import BOT_TAG, enrich_bot_day
from whisper_enrich.automation.plan import Plan, plan_runs, skip_message
from whisper_enrich.errors import StoreBusy
from whisper_enrich.partitions import BOTS, bot_partitions, range_tags
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings

CURSOR_VERSION = 1
PAGES_PER_BOT = 3
LOOK_SECONDS = 5.0
STORE_WAIT_SECONDS = 1.0


def _next_bots(names: list[str], cursor: str | None, limit: int) -> tuple[list[str], str]:
    """The bots of this tick, continuing in the alphabet after the last tick's, and the cursor for the next one."""
    state = json.loads(cursor) if cursor else {}
    after = state.get("after", "") if state.get("version") == CURSOR_VERSION else ""
    ordered = [name for name in names if name > after] + [name for name in names if name <= after]
    chosen = ordered[:limit]
    last = chosen[-1] if chosen and len(names) > limit else ""
    return chosen, json.dumps({"version": CURSOR_VERSION, "after": last})


def run_requests(plan: Plan) -> list[RunRequest]:
    """One request a launch. Without run_key: it would bar a failed run from ever being launched again."""
    return [
        RunRequest(
            job_name=enrich_bot_day.name,
            tags={
                **range_tags(launch.bot_name, launch.first, launch.last),
                BOT_TAG: launch.bot_name,
                "whisper_enrich/days": f"{launch.first} to {launch.last}",
            },
        )
        for launch in plan.launches
    ]


@sensor(
    job=enrich_bot_day,
    minimum_interval_seconds=load_settings().enrichment_sensor_seconds,
    default_status=DefaultSensorStatus.RUNNING,
)
def new_messages(context: SensorEvaluationContext, pipeline: ResourceParam[Pipeline]) -> SensorResult | SkipReason:
    """Launches one run for each bot that has new messages, or messages whose time for another attempt has come.

    A bot whose run is queued or running waits. New bots become partitions. The embedded store is waited for a second at
    most; a store or database that does not answer is an error of this tick, never taken for "nothing new".
    """
    patient = pipeline.patient_for(STORE_WAIT_SECONDS)
    try:
        return _tick(context, patient)
    except StoreBusy as error:
        return SkipReason(str(error))


def _tick(context: SensorEvaluationContext, patient: Pipeline) -> SensorResult | SkipReason:
    ctx = patient.context("sensor")
    bots = patient.store.bots()
    if not bots:
        prefixes = ", ".join(patient.settings.qdrant_collection_prefix)
        return SkipReason(
            f"No bot found: no collection begins with {prefixes}. `whisper-enrich load` or `demo` fill one."
        )
    chosen, cursor = _next_bots(
        [bot.bot_name for bot in bots], context.cursor, patient.settings.enrichment_max_bots_per_tick
    )
    looked_at = [bot for bot in bots if bot.bot_name in set(chosen)]
    sighting = discovery.look_for_new_points(ctx, looked_at, pages_per_bot=PAGES_PER_BOT, seconds=LOOK_SECONDS)
    due = discovery.days_with_work(ctx, sighting)
    in_flight = discovery.bots_in_flight(context.instance)
    plan = plan_runs(chosen, due, in_flight, first_day=ctx.settings.enrichment_start_date, today=ctx.clock().date())
    new_bots = discovery.unregistered(context.instance, bots, BOTS)
    return SensorResult(
        run_requests=run_requests(plan),
        skip_reason=None if plan.launches else skip_message(plan, due),
        dynamic_partitions_requests=[bot_partitions.build_add_request(new_bots)] if new_bots else [],
        cursor=cursor,
    )
