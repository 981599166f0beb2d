"""Completion: finished points are marked in Qdrant, and the run is recorded.

- **Source:** the ledger rows of the partition that need nothing more.
- **Destination:** the payload fields `enrichment_status` (completed, left_out, quarantined, set_aside), version, time and
  content hash of their points; a row in `enrichment_metadata` per collection, day and run.
- **Cadence:** with every run of the bot, after facts and summaries.

In the metadata, `processing_seconds` is the time of all stages of this run, `stage_seconds` that of the marking alone.
"""

from datetime import date
from typing import Any

from dagster import AssetExecutionContext, MetadataValue, ResourceParam, asset

from whisper_enrich.assets.metadata import table_metadata, two_columns
from whisper_enrich.assets.partitioned import COMMON, for_each_bot
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.completion import CompletionResult, complete_days
from whisper_enrich.stages.context import StageContext


@asset(
    deps=["user_facts", "conversation_summaries"],
    group_name="completion",
    kinds={"postgres", "qdrant"},
    description=__doc__,
    metadata=table_metadata("enrichment_metadata"),
    **COMMON,
)
def enrichment_metadata(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]):
    yield from for_each_bot(context, pipeline, "completion", complete_days, _describe, gives_way=True)


def _describe(ctx: StageContext, bot: BotCollection, day: date, result: CompletionResult) -> dict[str, Any]:
    return {
        "dagster/partition_row_count": 1,
        "points_marked": sum(result.marked.values()),
        "points_changed_meanwhile": result.changed,
        "points_gone": result.missing,
        "messages_processed": int(result.figures["messages_processed"]),
        "facts_extracted": int(result.figures["facts_extracted"]),
        "summaries_created": int(result.figures["summaries_created"]),
        "processing_seconds": round(float(result.figures["processing_duration_seconds"]), 4),
        "marked_by_status": MetadataValue.table(two_columns("status", result.marked)),
    }
