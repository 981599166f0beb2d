"""What all bot x day assets share: their declaration, and the walk over the bots of a run."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from dagster import AssetExecutionContext, AssetMaterialization, BackfillPolicy, MaterializeResult, Nothing

from whisper_enrich.assets.failures import plain, stack
from whisper_enrich.errors import EnrichError
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.partitions import bot_day_partitions, days_by_bot, partition_key
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext

OWNERS = ["team:enrichment"]

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


def for_each_bot(
    context: AssetExecutionContext, pipeline: Pipeline, stage: str, work: Work[R], describe: Describe[R]
) -> Iterator[AssetMaterialization | MaterializeResult]:
    """Run ``work`` for every bot of this run, over its days at once, and attach metadata to each partition.

    A bot that fails stops no other: its error is raised at the end, and the partitions of the others are recorded as
    materialised all the same. What was done is stored; a retry does only what is left. A generator, because Dagster
    keeps of a step that raises only what it has yielded before.
    """
    stage_context = pipeline.context(context.run.run_id)
    metadata: dict[str, Mapping[str, Any]] = {}
    failures: dict[str, EnrichError] = {}
    for bot_name, days in days_by_bot(map(str, context.partition_keys)).items():
        try:
            bot = stage_context.collection_of(bot_name)
            started = time.perf_counter()
            results = work(stage_context, bot, days)
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
    if failures:
        for key, values in metadata.items():
            yield AssetMaterialization(context.asset_key, partition=key, metadata=dict(values))
        raise _failure(stage, failures, bots=len({key.partition("|")[0] for key in metadata}) + len(failures))
    single = len(metadata) == 1
    for key, values in metadata.items():
        context.add_asset_metadata(dict(values), partition_key=None if single else key)
    yield MaterializeResult()


def _with_duration(described: Mapping[date, Mapping[str, Any]], seconds: float) -> dict[date, Mapping[str, Any]]:
    """Add ``stage_seconds``: what the stage took for the bot, shared out by the messages of each day."""
    sizes = {day: values.get("messages_read", values.get("points_marked", 0)) for day, values in described.items()}
    total = sum(sizes.values())
    return {
        day: {**values, "stage_seconds": seconds * (sizes[day] / total if total else 1 / len(described))}
        for day, values in described.items()
    }


def _failure(stage: str, failures: Mapping[str, EnrichError], bots: int) -> EnrichError:
    first = next(iter(failures.values()))
    if bots == 1:
        return first
    return type(first)(f"{stage} failed for {', '.join(failures)} (of {bots} bots): {first}")
