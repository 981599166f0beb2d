"""Digests of weeks (ISO, from Monday on) and months in UTC, one a user, period and scope.

- **Source:** the summaries of the period's windows with the current facts and words of their messages, never another rollup.
- **Destination:** `summary_rollups`.
- **Cadence:** nightly. A digest is made anew when its windows or facts have changed since, and when it only stood in for
  one that a language model was to write; one whose windows are gone is removed.

The running week and month have a digest of what there is so far.
"""

from dagster import (
    AssetDep,
    AssetExecutionContext,
    MaterializeResult,
    MetadataValue,
    MultiToSingleDimensionPartitionMapping,
    ResourceParam,
    asset,
)

from whisper_enrich.assets.metadata import table_metadata, two_columns
from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.partitions import bot_partitions
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.rollups import roll_up
from whisper_enrich.storage.rollups import count_rollups
from whisper_enrich.summaries.rollups import ENGINE_VERSION


@asset(
    partitions_def=bot_partitions,
    deps=[AssetDep("conversation_summaries", partition_mapping=MultiToSingleDimensionPartitionMapping("bot"))],
    group_name="knowledge",
    kinds={"postgres", "python"},
    owners=OWNERS,
    description=__doc__,
    metadata=table_metadata("summary_rollups"),
    code_version=ENGINE_VERSION,
)
def summary_rollups(context: AssetExecutionContext, pipeline: ResourceParam[Pipeline]) -> MaterializeResult:
    stage_context = begin(context, pipeline)
    bot_name = context.partition_key
    ask = pipeline.gateway(context.run.run_id).ask if stage_context.settings.uses_model else None
    with told_plainly():
        result = roll_up(stage_context, bot_name, ask)
        with stage_context.database.connect() as connection:
            stored = count_rollups(connection, bot_name)
        if result.halt is not None:
            # All digests stand, if only degraded; that the provider does not serve is for a person to see.
            raise result.halt
    return MaterializeResult(
        metadata={
            "dagster/partition_row_count": sum(stored.values()),
            "rollups_looked_at": result.looked_at,
            "rollups_written": result.written,
            "rollups_unchanged": result.unchanged,
            "rollups_removed": result.removed,
            "stand_ins": result.stand_ins,
            "weeks": result.weeks,
            "months": result.months,
            "failures": sum(result.failures.values()),
            "failures_by_kind": MetadataValue.table(two_columns("failure", result.failures)),
        }
    )
