"""The whole system on one screen: what exists, wired. Start reading here.

conversation_memory (Qdrant)
   └─ pending_messages            intake into the ledger
        ├─ user_facts             assertions with evidence, folded into what is known
        ├─ conversation_summaries one a user, window and scope
        ├─ conversation_features  a user's day, as far as the strategic engines need it
        │    └─ strategic_…       six caches, seven engines: what a bot reads of a user
        └─ enrichment_metadata    marks the points completed, records the run
           knowledge_graph        with KNOWLEDGE_GRAPH=on: current facts, in the platform's own tables
summary_rollups                   nightly, digests of weeks and months
ledger_reconciliation             nightly, every point against the ledger
model_answers_retention           nightly, raw answers of the model past their retention
strategic_snapshots_retention     nightly, snapshots of the caches past their retention
reader_observations               what the bots' readers counted: to InfluxDB, and dropped past its time
summaries_archive                 nightly, old summaries put away; their digests answer for them
records_retention                 nightly, rows that go by age
dagster_events_retention          nightly, steps and logs of old runs in Dagster's own log
facts_consolidation               weekly, all facts against the fold of today
"""

import os
import warnings

# Before numpy is loaded: on our small matrices a second BLAS thread costs more than it saves.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from dagster import BetaWarning, Definitions, PreviewWarning, in_process_executor

# Multi-partitions with a backfill policy are marked beta; we rely on them knowingly.
warnings.filterwarnings("ignore", category=BetaWarning)
warnings.filterwarnings("ignore", category=PreviewWarning)

from whisper_enrich.assets.conversation_memory import conversation_memory
from whisper_enrich.assets.conversation_summaries import conversation_summaries
from whisper_enrich.assets.enrichment_metadata import enrichment_metadata
from whisper_enrich.assets.knowledge_graph import knowledge_graph
from whisper_enrich.assets.ledger_reconciliation import ledger_reconciliation
from whisper_enrich.assets.model_answers_retention import model_answers_retention
from whisper_enrich.assets.pending_messages import pending_messages
from whisper_enrich.assets.reader_observations import reader_observations
from whisper_enrich.assets.strategic.character_performance import strategic_character_performance
from whisper_enrich.assets.strategic.conversation_features import conversation_features
from whisper_enrich.assets.strategic.conversation_patterns import strategic_conversation_patterns
from whisper_enrich.assets.strategic.engagement_opportunities import strategic_engagement_opportunities
from whisper_enrich.assets.strategic.memory_behavior import strategic_memory_behavior
from whisper_enrich.assets.strategic.memory_health import strategic_memory_health
from whisper_enrich.assets.strategic.personality_profiles import strategic_personality_profiles
from whisper_enrich.assets.strategic.snapshots_retention import strategic_snapshots_retention
from whisper_enrich.assets.summary_rollups import summary_rollups
from whisper_enrich.assets.tidying.dagster_events_retention import dagster_events_retention
from whisper_enrich.assets.tidying.facts_consolidation import facts_consolidation
from whisper_enrich.assets.tidying.records_retention import records_retention
from whisper_enrich.assets.tidying.summaries_archive import summaries_archive
from whisper_enrich.assets.user_facts import user_facts
from whisper_enrich.automation.alerts import failed_checks, failed_runs
from whisper_enrich.automation.cache_checks import cache_checks, cycles_are_in_time
from whisper_enrich.automation.checks import (
    budget_left,
    every_fact_has_evidence,
    every_point_is_accounted_for,
    no_dead_letters,
    nothing_waits_too_long,
)
from whisper_enrich.automation.invalidation import invalidate_caches
from whisper_enrich.automation.jobs import (
    backfill_enrichment,
    check_quality,
    consolidate_facts,
    enrich_bot_day,
    enrich_share,
    prune_model_answers,
    prune_strategic_snapshots,
    reconcile_ledger,
    renew_bot_caches,
    roll_up_bot,
    tend_reader_observations,
    tidy,
)
from whisper_enrich.automation.reader_checks import cache_hit_rate
from whisper_enrich.automation.schedules import (
    check_quality_hourly,
    consolidate_facts_weekly,
    prune_model_answers_daily,
    prune_strategic_snapshots_daily,
    reconcile_daily,
    renew_caches,
    roll_up_nightly,
    sweep_recent_days,
    tend_reader_observations_regularly,
    tidy_daily,
)
from whisper_enrich.automation.sensors import collect_batches, new_messages, requested_users
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import LONG_LEASE_WAIT_SECONDS

defs = Definitions(
    assets=[
        conversation_memory,
        pending_messages,
        user_facts,
        conversation_summaries,
        conversation_features,
        strategic_memory_health,
        strategic_character_performance,
        strategic_personality_profiles,
        strategic_conversation_patterns,
        strategic_memory_behavior,
        strategic_engagement_opportunities,
        enrichment_metadata,
        *([knowledge_graph] if load_settings().knowledge_graph == "on" else []),
        summary_rollups,
        ledger_reconciliation,
        model_answers_retention,
        strategic_snapshots_retention,
        reader_observations,
        summaries_archive,
        records_retention,
        dagster_events_retention,
        facts_consolidation,
    ],
    asset_checks=[
        nothing_waits_too_long,
        no_dead_letters,
        every_point_is_accounted_for,
        every_fact_has_evidence,
        budget_left,
        cycles_are_in_time,
        cache_hit_rate,
        *cache_checks,
    ],
    jobs=[
        enrich_bot_day,
        enrich_share,
        backfill_enrichment,
        renew_bot_caches,
        reconcile_ledger,
        roll_up_bot,
        prune_model_answers,
        prune_strategic_snapshots,
        tend_reader_observations,
        tidy,
        consolidate_facts,
        invalidate_caches,
        check_quality,
    ],
    sensors=[new_messages, requested_users, collect_batches, failed_runs, failed_checks],
    schedules=[
        sweep_recent_days,
        renew_caches,
        reconcile_daily,
        roll_up_nightly,
        prune_model_answers_daily,
        prune_strategic_snapshots_daily,
        tend_reader_observations_regularly,
        tidy_daily,
        consolidate_facts_weekly,
        check_quality_hourly,
    ],
    resources={"pipeline": Pipeline(lease_wait_seconds=LONG_LEASE_WAIT_SECONDS)},
    executor=in_process_executor,
)
