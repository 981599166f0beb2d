"""Housekeeping: rows that go by age alone are dropped, each kind after its own time.

- **Source:** `model_answers`, `model_calls`, `strategic_snapshots`, `quarantine`, `stage_runs`, `enrichment_metadata`,
  `enrichment_requests`, `message_touches`, `model_batches`, `fact_assertion_history`, `fact_redone`.
- **Destination:** the same; what the calls took goes on as sums in `model_call_days`.
- **Cadence:** nightly; a dry run unless TIDY_APPLY is set.

Nothing that a run needs to know what was done is among them: the ledger, assertions, facts and summaries stay for ever.
"""

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.assets.tidying.config import TidyConfig, tidied
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.tidying import drop_records


@asset(group_name="housekeeping", kinds={"postgres"}, owners=OWNERS, description=__doc__)
def records_retention(
    context: AssetExecutionContext, config: TidyConfig, pipeline: ResourceParam[Pipeline]
) -> MaterializeResult:
    ctx = begin(context, pipeline)
    with told_plainly():
        findings = drop_records(ctx, dry_run=config.dry_run)
    return tidied(findings, config.dry_run)
