"""What all bot x day assets share: their declaration, and the walk over the partitions of a run."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from dagster import AssetExecutionContext, BackfillPolicy

from whisper_enrich.errors import EnrichError
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.partitions import bot_day_partitions, days_by_bot, partition_key
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import reading_ahead
from whisper_enrich.storage.ledger import Stage

OWNERS = ["team:enrichment"]

COMMON: dict[str, Any] = {
    "partitions_def": bot_day_partitions,
    "backfill_policy": BackfillPolicy.single_run(),
    "owners": OWNERS,
}
"""Declared once for every asset of the graph."""

BeforeBot = Callable[[StageContext, BotCollection, list[date]], None]
Work = Callable[[StageContext, BotCollection, date], Mapping[str, Any]]


def for_each_partition(
    context: AssetExecutionContext,
    pipeline: Pipeline,
    stage: str,
    work: Work,
    *,
    before_bot: BeforeBot | None = None,
    read_ahead: Stage | None = None,
) -> None:
    """Run ``work`` for every partition of this run and attach the metadata that it returns to the partition.

    ``before_bot`` runs once a bot, before its days. With ``read_ahead`` the points that this stage will read are fetched
    for several days at once.

    A partition that fails does not stop the others; at the end the step fails with one sentence that names them. What
    was done is stored, and a retry does only what is left.
    """
    failures: dict[str, EnrichError] = {}
    stage_context = pipeline.context(context.run_id)
    keys = [str(key) for key in context.partition_keys]
    for bot_name, days in days_by_bot(keys).items():
        try:
            bot = stage_context.collection_of(bot_name)
            if before_bot is not None:
                before_bot(stage_context, bot, days)
        except EnrichError as error:
            failures[bot_name] = error
            continue
        ahead = (
            reading_ahead(stage_context, bot, days, read_ahead)
            if read_ahead
            else ((stage_context, day) for day in days)
        )
        for day_context, day in ahead:
            key = partition_key(bot_name, day)
            try:
                metadata = work(day_context, bot, day)
            except EnrichError as error:
                context.log.error(f"{key}: {error}")
                failures[key] = error
                continue
            _attach(context, metadata, key, len(keys))
            pipeline.on_progress(stage, bot_name, day.isoformat())
    if failures:
        raise _failure(stage, failures, len(keys))


def _attach(context: AssetExecutionContext, metadata: Mapping[str, Any], key: str, partitions: int) -> None:
    context.add_asset_metadata(dict(metadata), partition_key=key if partitions > 1 else None)


def _failure(stage: str, failures: Mapping[str, EnrichError], partitions: int) -> EnrichError:
    first = next(iter(failures.values()))
    if partitions == 1:
        return first
    return type(first)(f"{stage} failed for {', '.join(failures)}: {first}")
