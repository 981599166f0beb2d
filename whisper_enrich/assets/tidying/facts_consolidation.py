"""Housekeeping: the facts of every user are what the fold makes of their assertions now.

- **Source:** `fact_assertions`, `fact_rulings`, the names of persons.
- **Destination:** the tables of facts, their evidence and their history.
- **Cadence:** weekly; a dry run unless TIDY_APPLY is set.

A fold that a newer version does otherwise, or another name of a person, reaches those who say nothing any more. It writes
what a rerun over all messages would, and nothing else; where nothing has changed it writes no row.
"""

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.assets.tidying.config import TidyConfig, tidied
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.tidying import consolidate_facts


@asset(group_name="housekeeping", kinds={"postgres"}, owners=OWNERS, description=__doc__)
def facts_consolidation(
    context: AssetExecutionContext, config: TidyConfig, pipeline: ResourceParam[Pipeline]
) -> MaterializeResult:
    ctx = begin(context, pipeline)
    with told_plainly():
        finding = consolidate_facts(ctx, dry_run=config.dry_run)
    return tidied([finding], config.dry_run)
