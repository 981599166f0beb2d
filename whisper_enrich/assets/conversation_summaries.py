"""Summaries of conversations, one a user, time window and scope.

- **Source:** all messages of the users of the partition who said something new.
- **Destination:** `conversation_summaries`.
- **Cadence:** with every run of the bot. A window that gains or loses messages is summarised anew in place; one below
  MIN_MESSAGES_FOR_SUMMARY waits until its UTC day has closed.

In the metadata, `messages_read`, the windows, `tones` and `failures` are of this run, row count and preview of the day as
it stands.
"""

from datetime import date
from typing import Any

from dagster import AssetExecutionContext, MetadataValue, ResourceParam, asset

from whisper_enrich.assets.metadata import preview, table_metadata, two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.summaries import Engine, SummariesResult, summarise_days
from whisper_enrich.storage import overview, previews
from whisper_enrich.summaries.extractive import ENGINE_VERSION, input_hash, summarise

EXTRACTIVE = Engine(summarise, input_hash, ENGINE_VERSION)


@asset(
    deps=["pending_messages"],
    group_name="knowledge",
    kinds={"postgres", "python"},
    description=__doc__,
    metadata=table_metadata("conversation_summaries"),
    code_version=ENGINE_VERSION,
    **COMMON,
)
def conversation_summaries(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    def work(ctx, bot, days):
        return summarise_days(ctx, bot, days, EXTRACTIVE)

    yield from for_each_bot(context, pipeline, "summaries", work, _describe)


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
        "tones": MetadataValue.table(two_columns("tone", result.tones)),
        "preview": preview(rows),
    }
