"""Housekeeping: summaries of windows older than SUMMARY_ARCHIVE_DAYS are put away.

- **Source:** `conversation_summaries`, and `summary_rollups` for what answers for them.
- **Destination:** `conversation_summaries.archived_at`; their vectors in the message store are removed.
- **Cadence:** nightly, after the digests; a dry run unless TIDY_APPLY is set.

Readers pass over what is put away and are given the digest of its week or month instead. The row stays: a rerun finds
nothing to do, a late message changes it in place, and a larger SUMMARY_ARCHIVE_DAYS brings it back. A summary whose digests
are missing or behind is not put away.
"""

from dagster import AssetExecutionContext, MaterializeResult, ResourceParam, asset

from whisper_enrich.assets.partitioned import OWNERS, begin, told_plainly
from whisper_enrich.assets.tidying.config import TidyConfig, tidied
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.tidying import archive_summaries


@asset(group_name="housekeeping", kinds={"postgres", "qdrant"}, owners=OWNERS, description=__doc__)
def summaries_archive(
    context: AssetExecutionContext, config: TidyConfig, pipeline: ResourceParam[Pipeline]
) -> MaterializeResult:
    ctx = begin(context, pipeline)
    with told_plainly():
        finding = archive_summaries(ctx, dry_run=config.dry_run)
    return tidied([finding], config.dry_run)
