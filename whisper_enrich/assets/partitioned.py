"""What all bot x day assets share: their declaration, and the walk over the bots of a run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any, TypeVar

from dagster import (
    AssetExecutionContext,
    AssetMaterialization,
    BackfillPolicy,
    DagsterInstance,
    Failure,
    MaterializeResult,
    Nothing,
    PartitionKeyRange,
)
from sqlalchemy.exc import DBAPIError

from whisper_enrich.assets.failures import plain, stack
from whisper_enrich.assets.run_process import sign
from whisper_enrich.assets.stage_times import timed_for
from whisper_enrich.automation.jobs import CAUSE_TAG, LIVE_CAUSES, SHARE_TAG
from whisper_enrich.errors import EnrichError
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.partitions import bot_day_partitions, days_by_bot, partition_key
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage.shares import Share

OWNERS = ["team:enrichment"]

RANGE_START_TAG = "dagster/asset_partition_range_start"
RANGE_END_TAG = "dagster/asset_partition_range_end"

COMMON: dict[str, Any] = {
    "partitions_def": bot_day_partitions,
    "backfill_policy": BackfillPolicy.single_run(),
    "owners": OWNERS,
    # Assets write tables; with a value to hand on, a range of partitions would need an IO manager.
    "dagster_type": Nothing,
}
"""Declared once for every asset of the graph."""

R = TypeVar("R")
Work = Callable[[StageContext, BotCollection, Sequence[date]], Mapping[date, R]]
"""A stage over the days of a bot: the result by day."""
Describe = Callable[[StageContext, BotCollection, date, R], Mapping[str, Any]]
"""The metadata of one partition."""


DAYS_AT_ONCE = 7
"""Of a stage that may take long: then a backfill lets go of the bot, and live work that waits goes first."""


def for_each_bot(
    context: AssetExecutionContext,
    pipeline: Pipeline,
    stage: str,
    work: Work[R],
    describe: Describe[R],
    *,
    gives_way: bool = False,
) -> Iterator[AssetMaterialization | MaterializeResult]:
    """Run ``work`` for every bot of this run, over its days at once, and attach metadata to each partition.

    Where ``gives_way``, a backfill works over `DAYS_AT_ONCE` at a time, the newest first.

    A bot that fails stops no other: its error is raised at the end, and the partitions of the others are recorded as
    materialised all the same. What was done is stored; a retry does only what is left. A generator, because Dagster
    keeps of a step that raises only what it has yielded before.
    """
    stage_context = begin(context, pipeline)
    own = [str(key) for key in context.partition_keys]
    metadata: dict[str, Mapping[str, Any]] = {}
    failures: dict[str, EnrichError] = {}
    for bot_name, days in days_by_bot({*own, *range_keys(context.run.tags, context.instance)}).items():
        try:
            bot = stage_context.collection_of(bot_name)
            at_once = len(days) if stage_context.urgent or not gives_way else DAYS_AT_ONCE
            for last in range(len(days), 0, -at_once):
                started = time.perf_counter()
                with timed_for(context, stage_context, stage, bot_name):
                    results = work(stage_context, bot, days[max(0, last - at_once) : last])
                seconds = time.perf_counter() - started
                described = {day: describe(stage_context, bot, day, result) for day, result in results.items()}
                for day, values in _with_duration(described, seconds).items():
                    metadata[partition_key(bot_name, day)] = values
                    pipeline.on_progress(stage, bot_name, day.isoformat())
        except Exception as error:  # noqa: BLE001 - raised below, when the other bots had their turn.
            failures[bot_name] = plain(error)
            context.log.error(f"{bot_name}: {failures[bot_name]}")
            if failures[bot_name] is not error:
                context.log.error(f"{bot_name}: the stack of the {type(error).__name__}\n{stack(error)}")
    for key, values in metadata.items():
        if failures or key not in own:
            yield AssetMaterialization(
                context.asset_key, partition=key, metadata=dict(values), tags=_version_tags(context)
            )
    if failures:
        raise _failed_step(stage, failures, bots=len({key.partition("|")[0] for key in metadata}) + len(failures))
    for key in own:
        context.add_asset_metadata(dict(metadata[key]), partition_key=None if len(own) == 1 else key)
    yield MaterializeResult()


def begin(context: AssetExecutionContext, pipeline: Pipeline) -> StageContext:
    """What every step does first: say which process carries the run, and compare the live schema with the code."""
    sign(context.instance, context.run)
    with told_plainly():
        tags = context.run.tags
        share = Share.parse(tags[SHARE_TAG]) if SHARE_TAG in tags else None
        return pipeline.context(context.run.run_id, urgent=tags.get(CAUSE_TAG) in LIVE_CAUSES, share=share)


@contextmanager
def told_plainly() -> Iterator[None]:
    """Errors of the block as the one sentence that the UI shows of a failed step."""
    try:
        yield
    except (EnrichError, DBAPIError) as error:
        raise Failure(str(plain(error)), allow_retries=False) from None


def range_keys(tags: Mapping[str, str], instance: DagsterInstance) -> list[str]:
    """The partitions of the range that a run is tagged with; none where it is not.

    A backfill from a job (its page, `dagster job backfill`) tags a run with its range and also with the first partition of
    the whole backfill. Dagster 1.13 goes by the latter alone: the run would do that one and be recorded as a success.
    """
    if RANGE_START_TAG not in tags:
        return []
    covered = PartitionKeyRange(tags[RANGE_START_TAG], tags[RANGE_END_TAG])
    return [str(key) for key in bot_day_partitions.get_partition_keys_in_range(covered, instance)]


def _version_tags(context: AssetExecutionContext) -> dict[str, str]:
    """What Dagster adds by itself to what it records by itself."""
    version = context.assets_def.code_versions_by_key[context.asset_key]
    return {"dagster/code_version": version} if version else {}


def _with_duration(described: Mapping[date, Mapping[str, Any]], seconds: float) -> dict[date, Mapping[str, Any]]:
    """Add ``stage_seconds``: what the stage took for the bot, shared out by the messages of each day."""
    sizes = {day: values.get("messages_read", values.get("points_marked", 0)) for day, values in described.items()}
    total = sum(sizes.values())
    return {
        day: {**values, "stage_seconds": round(seconds * (sizes[day] / total if total else 1 / len(described)), 4)}
        for day, values in described.items()
    }


def _failed_step(stage: str, failures: Mapping[str, EnrichError], bots: int) -> Failure:
    """What the UI shows of a failed step: one sentence, and the error of each bot. The ledger retries, not Dagster."""
    first = next(iter(failures.values()))
    sentence = str(first) if bots == 1 else f"{stage} failed for {', '.join(failures)} (of {bots} bots): {first}"
    return Failure(sentence, {bot: str(error) for bot, error in failures.items()}, allow_retries=False)
