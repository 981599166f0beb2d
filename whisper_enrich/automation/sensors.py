"""Sensors: they notice new points and new bots, and launch what needs work."""

import json
from datetime import date

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
from whisper_enrich.automation.abandoned import end_abandoned
from whisper_enrich.automation.jobs import PRIORITY_TAG, enrich_bot_day, run_tags
from whisper_enrich.automation.plan import Launch, Plan, plan_runs, skip_message
from whisper_enrich.errors import StoreBusy
from whisper_enrich.llm.batch_client import BatchClient
from whisper_enrich.partitions import BOTS, bot_partitions
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages import batch_results
from whisper_enrich.storage import enrichment_requests, strategic_caches

CURSOR_VERSION = 1
COLLECT_SECONDS = 300
COLLECT_FOR_SECONDS = 30.0
PAGES_PER_BOT = 3
LOOK_SECONDS = 5.0
STORE_WAIT_SECONDS = 1.0
REQUEST_SECONDS = 1
"""Dagster's daemon goes round its sensors every five seconds: with five here, every other round would come a moment too early."""


def _in_turn(names: list[str], cursor: str | None) -> list[str]:
    """The bots in the alphabet, beginning after the last one of the last tick."""
    state = json.loads(cursor) if cursor else {}
    after = state.get("after", "") if state.get("version") == CURSOR_VERSION else ""
    return [name for name in names if name > after] + [name for name in names if name <= after]


def run_requests(plan: Plan) -> list[RunRequest]:
    """One request a launch. Without run_key: it would bar a failed run from ever being launched again."""
    return [RunRequest(job_name=enrich_bot_day.name, tags=_tags(launch)) for launch in plan.launches]


def _tags(launch: Launch) -> dict[str, str]:
    """What a bot has asked for goes to the head of the queue."""
    tags = run_tags(launch.bot_name, launch.first, launch.last, "request" if launch.requested else "sensor")
    return {**tags, PRIORITY_TAG: "10"} if launch.requested else tags


@sensor(
    job=enrich_bot_day,
    minimum_interval_seconds=load_settings().enrichment_sensor_seconds,
    default_status=DefaultSensorStatus.RUNNING,
    description="Looks for new points and for retries that are due; one run a bot with work, none while one is in flight.",
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
    by_name = {bot.bot_name: bot for bot in bots}
    turn = _in_turn(list(by_name), context.cursor)[: ctx.settings.enrichment_max_bots_per_tick]
    sighting = discovery.look_for_new_points(
        ctx, [by_name[name] for name in turn], pages_per_bot=PAGES_PER_BOT, seconds=LOOK_SECONDS
    )
    chosen = turn[: len(turn) - len(sighting.unread)]
    due = discovery.days_with_work(ctx, sighting)
    now = ctx.clock()
    requested = {name: days for name, days in _requested(patient).items() if days and name in by_name}
    for name, days in requested.items():
        due.setdefault(name, set()).update(days)
    for run_id in end_abandoned(context.instance, now):
        context.log.warning(f"The process of run {run_id} was killed; it is recorded as failed.")
    in_flight = discovery.bots_in_flight(context.instance)
    after = chosen[-1] if len(chosen) < len(bots) else ""
    chosen = [*chosen, *(name for name in requested if name not in chosen)]
    paused = discovery.pauses(context.instance, [name for name in chosen if due.get(name)], now)
    with ctx.database.begin() as connection:
        # A bot whose runs fail is not looked after: what its readers have is no longer kept up.
        strategic_caches.beat(connection, [name for name in chosen if name not in paused], now)
    plan = plan_runs(
        chosen, due, in_flight, first_day=ctx.settings.enrichment_start_date, today=now.date(), paused=paused,
        requested=requested,
    )  # fmt: skip
    new_bots = discovery.unregistered(context.instance, bots, BOTS)
    return SensorResult(
        run_requests=run_requests(plan),
        skip_reason=None if plan.launches else skip_message(plan, due),
        dynamic_partitions_requests=[bot_partitions.build_add_request(new_bots)] if new_bots else [],
        cursor=json.dumps({"version": CURSOR_VERSION, "after": after}),
    )


def _requested(pipeline: Pipeline) -> dict[str, set[date]]:
    """Bots with an open request, that of the oldest first, and the days to launch for it: none where it waits for its time."""
    now = pipeline.clock()
    with pipeline.database.begin() as connection:
        enrichment_requests.finish(connection)
        wanted = enrichment_requests.wanted(connection, now)
    return {bot_name: of_bot.days_to_launch(now.date()) for bot_name, of_bot in wanted.items()}


@sensor(
    job=enrich_bot_day,
    minimum_interval_seconds=REQUEST_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Looks for users whose messages a bot has asked for; one run a bot, before all others.",
)
def requested_users(context: SensorEvaluationContext, pipeline: ResourceParam[Pipeline]) -> SensorResult | SkipReason:
    """Launches one run for each bot with an open request, over the days that it needs.

    It asks the database alone: a bot that is no partition yet is left to `new_messages`. A bot whose run is queued or running
    waits, as one whose runs fail does.
    """
    pipeline.preflight("sensor")
    wanted = _requested(pipeline)
    if not wanted:
        return SkipReason("No request is open.")
    registered = set(context.instance.get_dynamic_partitions(BOTS))
    due = {name: days for name, days in wanted.items() if days and name in registered}
    now = pipeline.clock()
    plan = plan_runs(
        list(due), due, discovery.bots_in_flight(context.instance), first_day=pipeline.settings.enrichment_start_date,
        today=now.date(), paused=discovery.pauses(context.instance, due, now), requested=due,
    )  # fmt: skip
    if plan.launches:
        return SensorResult(run_requests=run_requests(plan))
    said = [skip_message(plan, due)] if due else []
    said += [
        f"The request of {name} waits for another attempt, or a budget." for name, days in wanted.items() if not days
    ]
    said += [f"{name} has a request, but is no bot that was seen." for name in wanted if name not in registered]
    return SkipReason(" ".join(said))


@sensor(
    minimum_interval_seconds=COLLECT_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Asks the model's provider after batches, and stores the answers of those that ended.",
)
def collect_batches(context: SensorEvaluationContext, pipeline: ResourceParam[Pipeline]) -> SkipReason:
    """Fetches what `enrich --batch` handed in.

    It launches nothing: with the answers stored, the messages wait no longer, which `new_messages` sees. No batch is
    begun with after half a minute; a provider that does not serve is an error of this tick.
    """
    if not pipeline.settings.uses_model:
        return SkipReason("No language model is used.")
    ctx = pipeline.patient_for(STORE_WAIT_SECONDS).context("collect-batches")
    elsewhere = batch_results.elsewhere(ctx)
    if not batch_results.any_open(ctx):
        return SkipReason(" ".join(["No batch is under way.", *elsewhere]))
    client = BatchClient.connect(ctx.settings, clock=ctx.clock)
    try:
        collected = batch_results.collect(ctx, client, seconds=COLLECT_FOR_SECONDS)
    finally:
        client.close()
    answers = sum(batch.answered for batch in collected.ended)
    said = f"{len(collected.ended)} batch(es) ended, with {answers} answers; {collected.under_way} still under way."
    return SkipReason(" ".join([said, *elsewhere]))
