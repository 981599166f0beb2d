"""Summaries of conversations, one a user, time window and scope.

- **Source:** all messages of the users of the partition who said something new.
- **Destination:** `conversation_summaries`.
- **Cadence:** with every run of the bot. A window that gains or loses messages is summarised anew in place; one below
  MIN_MESSAGES_FOR_SUMMARY waits until its UTC day has closed.

By the extractive engine, or by a language model where one is set: it is asked at a pause of the conversation or at the
window's close. Until then, and where it fails, an extractive summary stands in, marked `provisional` or `degraded`.

In the metadata, `messages_read`, the windows, `tones` and `failures` are of this run, row count and preview of the day as
it stands.
"""

from collections.abc import Sequence
from datetime import date
from typing import Any

from dagster import AssetExecutionContext, MetadataValue, ResourceParam, asset

from whisper_enrich.assets.engines import Costs, derive_summaries, summaries_version
from whisper_enrich.assets.metadata import preview, table_metadata, two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.summaries import SummariesResult
from whisper_enrich.storage import overview, previews


@asset(
    deps=["pending_messages"],
    group_name="knowledge",
    kinds={"postgres", "python"},
    description=__doc__,
    metadata=table_metadata("conversation_summaries"),
    code_version=summaries_version(load_settings()),
    **COMMON,
)
def conversation_summaries(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    gateway = pipeline.gateway(context.run.run_id) if pipeline.settings.uses_model else None
    costs = Costs(gateway)

    def work(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> dict[date, SummariesResult]:
        nonlocal costs
        costs = Costs(gateway)
        return derive_summaries(ctx, bot, days, gateway)

    def describe(ctx: StageContext, bot: BotCollection, day: date, result: SummariesResult) -> dict[str, Any]:
        return {**_describe(ctx, bot, day, result), **costs.metadata(day)}

    yield from for_each_bot(context, pipeline, "summaries", work, describe, gives_way=True)


def _describe(ctx: StageContext, bot: BotCollection, day: date, result: SummariesResult) -> dict[str, Any]:
    with ctx.database.connect() as connection:
        figures = overview.partition_figures(connection, bot.bot_name, day)
        rows = previews.summaries(connection, bot.bot_name, day, with_content=ctx.settings.enrichment_metadata_preview)
    return {
        "dagster/partition_row_count": figures.summaries,
        "messages_read": result.messages,
        "summaries_written": result.summaries,
        "windows_unchanged": result.unchanged,
        "windows_short": result.short,
        "windows_waiting": result.waiting,
        "windows_removed": result.removed,
        "failures": sum(result.failures.values()),
        "states": MetadataValue.table(two_columns("state", result.states)),
        "tones": MetadataValue.table(two_columns("tone", result.tones)),
        "preview": preview(rows),
    }
