"""Jobs: what the command line and the UI launch by name."""

from datetime import date

from dagster import AssetSelection, define_asset_job, in_process_executor

from whisper_enrich.partitions import range_tags
from whisper_enrich.storage.tables import CACHES

CACHE_ASSETS = ("conversation_features", *(table.name for table in CACHES))
PIPELINE_ASSETS = (
    "pending_messages",
    "user_facts",
    "conversation_summaries",
    *CACHE_ASSETS,
    "enrichment_metadata",
)

BOT_TAG = "whisper_enrich/bot"
"""On every run that we launch; `dagster.yaml` lets one run a bot through at a time."""
DAYS_TAG = "whisper_enrich/days"
CAUSE_TAG = "whisper_enrich/cause"
PRIORITY_TAG = "dagster/priority"


def run_tags(bot_name: str, first: date, last: date, cause: str) -> dict[str, str]:
    """Tags of a run over the days of one bot: what it covers, for Dagster and for whoever reads the list of runs."""
    days = first.isoformat() if first == last else f"{first} to {last}"
    return {**range_tags(bot_name, first, last), BOT_TAG: bot_name, DAYS_TAG: days, CAUSE_TAG: cause}


# Every run in one process: a process a step would cost more than the work.
_pipeline = AssetSelection.assets(*PIPELINE_ASSETS).without_checks()

enrich_bot_day = define_asset_job(
    "enrich_bot_day",
    selection=_pipeline,
    executor_def=in_process_executor,
    description="Intake, facts, summaries, caches and completion for one bot and one or more days.",
)

backfill_enrichment = define_asset_job(
    "backfill_enrichment",
    selection=_pipeline,
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-10"},
    description="Intake, facts, summaries, caches and completion for days gone by, queued behind whatever is live.",
)

renew_bot_caches = define_asset_job(
    "renew_bot_caches",
    selection=AssetSelection.assets(*CACHE_ASSETS).without_checks(),
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-1"},
    description="The strategic caches of one bot: rows of users with news, and rows that are close to their end.",
)

reconcile_ledger = define_asset_job(
    "reconcile_ledger",
    selection=AssetSelection.assets("ledger_reconciliation"),
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-5"},
    description="Hold every point of one bot against the ledger.",
)

prune_model_answers = define_asset_job(
    "prune_model_answers",
    selection=AssetSelection.assets("model_answers_retention"),
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-5"},
    description="Drop raw answers of the model that are older than LLM_ANSWER_RETENTION_DAYS.",
)

prune_strategic_snapshots = define_asset_job(
    "prune_strategic_snapshots",
    selection=AssetSelection.assets("strategic_snapshots_retention"),
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-5"},
    description="Drop snapshots of the caches that are older than STRATEGIC_SNAPSHOT_DAYS.",
)

roll_up_bot = define_asset_job(
    "roll_up_bot",
    selection=AssetSelection.assets("summary_rollups").without_checks(),
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-5"},
    description="Digests of the weeks and months of one bot, where their windows or facts have changed.",
)

check_quality = define_asset_job(
    "check_quality",
    selection=AssetSelection.all_asset_checks(),
    executor_def=in_process_executor,
    description="Whether the stored results can be trusted.",
)
