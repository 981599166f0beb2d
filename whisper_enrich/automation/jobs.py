"""Jobs: what the command line and the UI launch by name."""

from datetime import date
from typing import Any

from dagster import AssetSelection, define_asset_job, in_process_executor

from whisper_enrich.partitions import range_tags
from whisper_enrich.settings import Settings, load_settings
from whisper_enrich.storage.shares import Share
from whisper_enrich.storage.tables import CACHES

CACHE_ASSETS = ("conversation_features", *(table.name for table in CACHES))


def pipeline_assets(settings: Settings) -> tuple[str, ...]:
    """What a run over the days of a bot makes."""
    graph = ("knowledge_graph",) if settings.knowledge_graph == "on" else ()
    return "pending_messages", "user_facts", "conversation_summaries", *CACHE_ASSETS, *graph, "enrichment_metadata"


PIPELINE_ASSETS = pipeline_assets(load_settings())

BOT_TAG = "whisper_enrich/bot"
"""On every run that we launch."""
DAYS_TAG = "whisper_enrich/days"
CAUSE_TAG = "whisper_enrich/cause"
PRIORITY_TAG = "dagster/priority"
LIVE_TAG = "whisper_enrich/live"
"""Names the bot on runs that keep up with it: `dagster.yaml` lets one of them a bot through at a time. Backfills run beside
them and give way (`assets.partitioned`)."""
SHARE_TAG = "whisper_enrich/share"
"""The share of a bot's users that a run works for, as ``2/8``."""
ENRICH_JOB = "enrich_bot_day"
BACKFILL_JOB = "backfill_enrichment"
LIVE_CAUSES = ("sensor", "request", "renewal", "sweep")


def run_tags(bot_name: str, first: date, last: date, cause: str) -> dict[str, str]:
    """Tags of a run over the days of one bot: what it covers, for Dagster and for whoever reads the list of runs."""
    days = first.isoformat() if first == last else f"{first} to {last}"
    tags = {**range_tags(bot_name, first, last), BOT_TAG: bot_name, DAYS_TAG: days, CAUSE_TAG: cause}
    return {**tags, LIVE_TAG: bot_name} if cause in LIVE_CAUSES else tags


# Every run in one process: a process a step would cost more than the work.
_pipeline = AssetSelection.assets(*PIPELINE_ASSETS).without_checks()

enrich_bot_day = define_asset_job(
    ENRICH_JOB,
    selection=_pipeline,
    executor_def=in_process_executor,
    description="Intake, facts, summaries, caches and completion for one bot and one or more days.",
)

backfill_enrichment = define_asset_job(
    BACKFILL_JOB,
    selection=_pipeline,
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-10"},
    description="Intake, facts, summaries, caches and completion for days gone by, queued behind whatever is live.",
)


def share_tags(bot_name: str, share: Share) -> dict[str, str]:
    """What sets the runs that share out a bot's users apart: they may run beside each other."""
    return {SHARE_TAG: str(share), LIVE_TAG: f"{bot_name} {share}"}


enrich_share = define_asset_job(
    "enrich_share",
    selection=AssetSelection.assets("user_facts", "conversation_summaries").without_checks(),
    executor_def=in_process_executor,
    description="Facts and summaries for a share of the users of one bot, where more waits than one run should do.",
)

renew_bot_caches = define_asset_job(
    "renew_bot_caches",
    selection=AssetSelection.assets(*CACHE_ASSETS).without_checks(),
    executor_def=in_process_executor,
    tags={PRIORITY_TAG: "-1"},
    description="The strategic caches of one bot: rows of users with news, and rows that are close to their end.",
)


def _upkeep(name: str, *assets: str, description: str) -> Any:  # Dagster has no public name for it.
    """A job over these assets, and none of their checks, that waits behind live work."""
    return define_asset_job(
        name,
        selection=AssetSelection.assets(*assets).without_checks(),
        executor_def=in_process_executor,
        tags={PRIORITY_TAG: "-5"},
        description=description,
    )


reconcile_ledger = _upkeep(
    "reconcile_ledger",
    "ledger_reconciliation",
    description="Hold every point of one bot against the ledger.",
)

prune_model_answers = _upkeep(
    "prune_model_answers",
    "model_answers_retention",
    description="Drop raw answers of the model that are older than LLM_ANSWER_RETENTION_DAYS.",
)

prune_strategic_snapshots = _upkeep(
    "prune_strategic_snapshots",
    "strategic_snapshots_retention",
    description="Drop snapshots of the caches that are older than STRATEGIC_SNAPSHOT_DAYS.",
)

tend_reader_observations = _upkeep(
    "tend_reader_observations",
    "reader_observations",
    description="Write what the bots' readers counted to InfluxDB, where that is set, and drop what is past its time.",
)

tidy = _upkeep(
    "tidy",
    "summaries_archive",
    "records_retention",
    "dagster_events_retention",
    description="Put away old summaries, and drop what is past its time. A dry run unless its configuration says otherwise.",
)

consolidate_facts = _upkeep(
    "consolidate_facts",
    "facts_consolidation",
    description="Fold the facts of all users anew. A dry run unless its configuration says otherwise.",
)

roll_up_bot = _upkeep(
    "roll_up_bot",
    "summary_rollups",
    description="Digests of the weeks and months of one bot, where their windows or facts have changed.",
)

check_quality = define_asset_job(
    "check_quality",
    selection=AssetSelection.all_asset_checks(),
    executor_def=in_process_executor,
    description="Whether the stored results can be trusted.",
)
