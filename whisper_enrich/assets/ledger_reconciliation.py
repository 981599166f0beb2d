"""Housekeeping: every point of a bot held against the ledger.

- **Source:** all points of the bot's collection.
- **Destination:** `message_ledger`; a row in `reconciliations`.
- **Cadence:** daily.

Finds edits under a mark, deletions, marks that were lost or outlived a restored database, and messages that were never
seen; what it finds waits for the next run of the bot.
"""

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.partitions import bot_partitions
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.reconciliation import reconcile


@asset(
    partitions_def=bot_partitions,
    group_name="housekeeping",
    kinds={"postgres", "qdrant"},
    owners=OWNERS,
    description=__doc__,
)
def ledger_reconciliation(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]) -> MaterializeResult:
    stage_context = begin(context, pipeline)
    with told_plainly():
        result = reconcile(stage_context, stage_context.collection_of(context.partition_key))
    return MaterializeResult(
        metadata={
            "points": result.points,
            "new": result.new,
            "changed": result.changed,
            "deleted": result.deleted,
        }
    )
