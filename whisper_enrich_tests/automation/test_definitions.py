"""What exists, and that it loads."""

import warnings

from dagster import Definitions

from whisper_enrich.definitions import defs
from whisper_enrich.storage.tables import CACHES

ASSETS = {
    "conversation_memory": ("sources", set()),
    "pending_messages": ("intake", {"conversation_memory"}),
    "user_facts": ("knowledge", {"pending_messages"}),
    "conversation_summaries": ("knowledge", {"pending_messages"}),
    "enrichment_metadata": ("completion", {"user_facts", "conversation_summaries"}),
    "conversation_features": ("strategic", {"pending_messages"}),
    **{cache.name: ("strategic", {"conversation_features", "user_facts"}) for cache in CACHES},
    "summary_rollups": ("knowledge", {"conversation_summaries"}),
    "ledger_reconciliation": ("housekeeping", set()),
    "model_answers_retention": ("housekeeping", set()),
    "strategic_snapshots_retention": ("housekeeping", set()),
    "reader_observations": ("housekeeping", set()),
    "summaries_archive": ("housekeeping", set()),
    "records_retention": ("housekeeping", set()),
    "dagster_events_retention": ("housekeeping", set()),
    "facts_consolidation": ("housekeeping", set()),
}
"""Every asset: its group and what it depends on."""


def specs():
    return {spec.key.to_user_string(): spec for spec in defs.resolve_all_asset_specs()}


def test_the_definitions_load_and_every_job_resolves():
    Definitions.validate_loadable(defs)


def test_importing_them_warns_of_nothing():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        __import__("importlib").reload(__import__("whisper_enrich.definitions").definitions)
    assert [str(warning.message) for warning in caught] == []


def test_the_asset_graph_is_the_one_of_the_design():
    found = {
        name: (spec.group_name, {dep.asset_key.to_user_string() for dep in spec.deps}) for name, spec in specs().items()
    }
    assert found == ASSETS


def test_every_asset_says_what_it_is_whose_it_is_and_of_which_kind():
    for name, spec in specs().items():
        assert spec.description and len(spec.description) > 80, name
        assert list(spec.owners) == ["team:enrichment"], name
        assert spec.kinds, name


def test_jobs_sensors_schedules_and_checks_are_all_there():
    repository = defs.get_repository_def()
    names = {job.name for job in repository.get_all_jobs()} - {"__ASSET_JOB"}
    assert names == {
        "enrich_bot_day", "backfill_enrichment", "reconcile_ledger", "prune_model_answers", "roll_up_bot",
        "check_quality", "renew_bot_caches", "prune_strategic_snapshots", "invalidate_caches", "enrich_share",
        "tidy", "consolidate_facts", "tend_reader_observations",
    }  # fmt: skip
    assert {sensor.name for sensor in repository.sensor_defs} == {
        "new_messages", "requested_users", "collect_batches", "failed_runs", "failed_checks",
    }  # fmt: skip
    assert {schedule.name for schedule in repository.schedule_defs} == {
        "sweep_recent_days", "reconcile_daily", "prune_model_answers_daily", "roll_up_nightly",
        "check_quality_hourly", "renew_caches", "prune_strategic_snapshots_daily",
        "tidy_daily", "consolidate_facts_weekly", "tend_reader_observations_regularly",
    }  # fmt: skip
    keys = repository.asset_graph.asset_check_keys
    caches = {cache.name for cache in CACHES}
    assert {key.name for key in keys if key.asset_key.to_user_string() not in caches} == {
        "nothing_waits_too_long", "no_dead_letters", "every_point_is_accounted_for", "every_fact_has_evidence",
        "budget_left", "cycles_are_in_time", "cache_hit_rate",
    }  # fmt: skip
    on_each = {"row_for_every_active_user", "rows_have_read_everything", "nulls_have_reasons", "values_are_steady"}
    for cache in caches:
        assert {key.name for key in keys if key.asset_key.to_user_string() == cache} == on_each, cache


def test_the_pipeline_jobs_hold_the_same_assets_and_run_in_one_process():
    for name in ("enrich_bot_day", "backfill_enrichment"):
        job = defs.resolve_job_def(name)
        assert {node.name for node in job.nodes} == {
            "pending_messages", "user_facts", "conversation_summaries", "conversation_features",
            *(cache.name for cache in CACHES), "enrichment_metadata",
        }  # fmt: skip
        assert job.executor_def.name == "in_process"
