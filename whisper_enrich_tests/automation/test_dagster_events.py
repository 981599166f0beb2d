"""Dagster's event log without the steps of old runs: all that tells how assets, partitions and checks stand is as before."""

from datetime import UTC, datetime, timedelta

import pytest
import yaml
from dagster import (
    AssetCheckResult,
    AssetKey,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    MaterializeResult,
    StaticPartitionsDefinition,
    asset,
    asset_check,
    materialize,
)
from dagster._core.storage.partition_status_cache import get_and_update_asset_status_cache_value
from dagster._core.utils import make_new_run_id

from whisper_enrich.automation.dagster_events import DROPPED, drop_events
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

DAYS = StaticPartitionsDefinition(["monday", "tuesday", "wednesday"])
KEY = AssetKey("talk")


@asset(partitions_def=DAYS)
def talk(context) -> MaterializeResult:
    context.log.info("a line of the log")
    if context.partition_key == "tuesday":
        raise ValueError("no good")
    return MaterializeResult(metadata={"rows": 7})


@asset_check(asset=talk)
def is_good():
    return AssetCheckResult(passed=True, metadata={"looked_at": 3})


@pytest.fixture(params=["sqlite", "postgresql"])
def instance(request, tmp_path):
    """An instance in which Monday succeeded and Tuesday failed."""
    if request.param == "sqlite":
        with DagsterInstance.local_temp(str(tmp_path)) as built:
            yield filled(built)
        return
    home = request.getfixturevalue("postgres_home")
    server = EmbeddedPostgres(home)
    with server:
        info = server.ensure_database("dagster_events")
        config = {
            "storage": {"postgres": {"postgres_db": {
                "scheme": "postgresql+psycopg2", "hostname": "", "port": 5432, "db_name": info.dbname,
                "username": info.user, "password": "-", "params": {"host": str(info.socket_dir)},
            }}},
            "telemetry": {"enabled": False},
        }  # fmt: skip
        (tmp_path / "dagster.yaml").write_text(yaml.safe_dump(config))
        with DagsterInstance.from_config(str(tmp_path)) as built:
            yield filled(built)


def filled(instance):
    for day in ("monday", "tuesday"):
        materialize([talk, is_good], instance=instance, partition_key=day, raise_on_error=False)
    return instance


def as_told(instance):
    """All that the UI says of the asset, its partitions and checks, and of the runs."""
    cached = get_and_update_asset_status_cache_value(instance, KEY, DAYS)
    latest = instance.get_latest_materialization_event(KEY)
    checks = instance.event_log_storage.get_asset_check_execution_history(is_good.check_key, limit=10)
    return {
        "partitions": dict(instance.get_status_by_partition(KEY, DAYS.get_partition_keys(), DAYS) or {}),
        "materialised": set(instance.get_materialized_partitions(KEY)),
        "failed": cached.deserialize_failed_partition_subsets(DAYS).get_partition_keys() if cached else None,
        "metadata": latest.asset_materialization.metadata,
        "records": [record.storage_id for record in instance.fetch_materializations(KEY, limit=10).records],
        "checks": [(check.status, check.event and check.event.dagster_event.event_specific_data) for check in checks],
        "asset": [(r.asset_entry.last_run_id, r.asset_entry.last_materialization_storage_id)
                  for r in instance.get_asset_records([KEY])],
        "runs": sorted((r.dagster_run.run_id, r.dagster_run.status.value, r.start_time, r.end_time)
                       for r in instance.get_run_records()),
        "ends": sorted(instance.get_run_stats(r.run_id).end_time or 0 for r in instance.get_runs()),
    }  # fmt: skip


def types(instance):
    entries = [entry for run in instance.get_runs() for entry in instance.all_logs(run.run_id)]
    return {entry.dagster_event.event_type_value if entry.dagster_event else None for entry in entries}


def tomorrow():
    return datetime.now(UTC) + timedelta(days=1)


def test_steps_and_logs_go_and_nothing_else_changes(instance):
    assert drop_events(instance, datetime.now(UTC) - timedelta(minutes=5), dry_run=False).runs == 0
    running = instance.add_run(DagsterRun("running", make_new_run_id(), status=DagsterRunStatus.STARTED))
    instance.report_engine_event("still at work", running)
    before = as_told(instance)
    assert before["failed"] == {"tuesday"}
    assert before["materialised"] == {"monday"}
    assert {"STEP_START", "ENGINE_EVENT", None} <= types(instance)
    counted = drop_events(instance, tomorrow(), dry_run=True)
    assert counted.runs == 2
    assert counted.events > 10
    assert {"STEP_START", "ENGINE_EVENT", None} <= types(instance)

    dropped = drop_events(instance, tomorrow(), dry_run=False)
    assert (dropped.runs, dropped.events) == (counted.runs, counted.events)
    assert types(instance) & (DROPPED | {None}) == {"ENGINE_EVENT"}
    assert [entry.message for entry in instance.all_logs(running.run_id)] == ["still at work"]
    assert {"STEP_FAILURE", "ASSET_MATERIALIZATION", "PIPELINE_START", "PIPELINE_FAILURE"} <= types(instance)
    assert as_told(instance) == before
    assert drop_events(instance, tomorrow(), dry_run=False).events == 0

    materialize([talk], instance=instance, partition_key="wednesday")
    assert drop_events(instance, tomorrow(), dry_run=True).runs == 1
