"""Sensors: they notice new points and new bots, and launch what needs work."""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

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
from whisper_enrich.automation.jobs import PRIORITY_TAG, enrich_bot_day, enrich_share, run_tags, share_tags
from whisper_enrich.automation.pace import Bounds, Cursor, after_looks, is_due
from whisper_enrich.automation.plan import MESSAGES_A_SHARE, Launch, Plan, plan_runs, shares_for, skip_message
from whisper_enrich.errors import StoreBusy
from whisper_enrich.llm.batch_client import BatchClient
from whisper_enrich.partitions import BOTS, bot_partitions
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages import batch_results
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import enrichment_requests, overview, strategic_caches, uptime
from whisper_enrich.storage.shares import Share

COLLECT_SECONDS = 300
COLLECT_FOR_SECONDS = 30.0
PAGES_PER_BOT = 3
LOOK_SECONDS = 5.0
STORE_WAIT_SECONDS = 1.0
REQUEST_SECONDS = 1
"""Dagster's daemon goes round its sensors every five seconds: with five here, every other round would come a moment too early."""


def _in_turn(names: list[str], after: str) -> list[str]:
    """The bots in the alphabet, beginning after the last one of the last tick."""
    return [name for name in names if name > after] + [name for name in names if name <= after]


def run_requests(plan: Plan, shares: Mapping[str, int] = MappingProxyType({})) -> list[RunRequest]:
    """One request a launch, or as many as ``shares`` says of its bot, for the first two stages alone: the rest is left to a
    later tick. Without run_key: it would bar a failed run from ever being launched again."""
    requests = []
    for launch in plan.launches:
        tags, parts = _tags(launch), shares.get(launch.bot_name, 1)
        if parts == 1:
            requests.append(RunRequest(job_name=enrich_bot_day.name, tags=tags))
            continue
        requests += [
            RunRequest(job_name=enrich_share.name, tags={**tags, **share_tags(launch.bot_name, share)})
            for share in Share.all(parts)
        ]
    return requests


def _shares(ctx: StageContext, plan: Plan) -> dict[str, int]:
    """Among how many runs to share out the users of a bot, for those where that is worth it."""
    most = ctx.settings.enrichment_user_shares
    if most == 1 or ctx.settings.embedded_qdrant:
        return {}
    with ctx.database.connect() as connection:
        waiting = {
            launch.bot_name: overview.waiting_for_facts(
                connection, launch.bot_name, launch.first, launch.last, ctx.clock(), most * MESSAGES_A_SHARE
            )
            for launch in plan.launches
            if not launch.requested
        }
    return {bot_name: shares_for(messages, most) for bot_name, messages in waiting.items()}


def _tags(launch: Launch) -> dict[str, str]:
    """What a bot has asked for goes to the head of the queue."""
    tags = run_tags(launch.bot_name, launch.first, launch.last, "request" if launch.requested else "sensor")
    return {**tags, PRIORITY_TAG: "10"} if launch.requested else tags


@sensor(
    jobs=[enrich_bot_day, enrich_share],
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
    now = ctx.clock()
    cursor = Cursor.of(context.cursor)
    most = ctx.settings.enrichment_max_bots_per_tick
    told = [name for name in discovery.bots_that_told(ctx) if name in by_name]
    # Half of the turn at most, so that bots that tell of every message keep nobody waiting for ever.
    first = told[: most // 2]
    bounds = Bounds.of(ctx.settings.enrichment_sensor_seconds, ctx.settings.enrichment_sensor_max_seconds)
    resting = {name for name in by_name if not is_due(cursor.seen.get(name), now, bounds)}.difference(told)
    others = [name for name in by_name if name not in resting and name not in first]
    turn = [*first, *_in_turn(others, cursor.after)][:most]
    sighting = discovery.look_for_new_points(
        ctx, [by_name[name] for name in turn], pages_per_bot=PAGES_PER_BOT, seconds=LOOK_SECONDS
    )
    looked_at = turn[: len(turn) - len(sighting.unread)]
    due = discovery.days_with_work(ctx, sighting)
    requested = {name: days for name, days in _requested(patient).items() if days and name in by_name}
    for name, days in requested.items():
        due.setdefault(name, set()).update(days)
    for run_id in end_abandoned(context.instance, now):
        context.log.warning(f"The process of run {run_id} was killed; it is recorded as failed.")
    for name in discovery.bots_left_undone(context.instance) & set(by_name):
        due.setdefault(name, set()).add(now.date())
    in_flight = discovery.bots_in_flight(context.instance)
    in_turn = [name for name in looked_at if name not in first]
    after = (in_turn[-1] if in_turn else cursor.after) if len(in_turn) < len(others) else ""
    chosen = list(dict.fromkeys([*looked_at, *sorted(resting), *requested]))
    paused = discovery.pauses(context.instance, [name for name in chosen if due.get(name)], now)
    # A bot whose runs fail is not looked after: what its readers have is no longer kept up.
    looked_after = [name for name in chosen if name not in paused]
    with ctx.database.begin() as connection:
        uptime.record_outages(connection, looked_after, now, ctx.settings.worker_silence_seconds)
        strategic_caches.beat(connection, looked_after, now)
    plan = plan_runs(
        chosen, due, in_flight, first_day=ctx.settings.enrichment_start_date, today=now.date(), paused=paused,
        requested=requested,
    )  # fmt: skip
    new_bots = discovery.unregistered(context.instance, bots, BOTS)
    return SensorResult(
        run_requests=run_requests(plan, _shares(ctx, plan)),
        skip_reason=None if plan.launches else skip_message(plan, due),
        dynamic_partitions_requests=[bot_partitions.build_add_request(new_bots)] if new_bots else [],
        cursor=Cursor(after, after_looks(cursor.seen, looked_at, sighting.due, now)).text(by_name),
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
