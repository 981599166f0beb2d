"""Dagster's own event log, of which it drops nothing by itself: steps and logs of old, finished runs go, all else stays.

What tells the status of a partition, the latest materialisation of an asset, the outcome of a check, or the fate of a run
stays for ever: events about assets and checks, and those of a run's start and end. So do failures of steps, which say why.
What goes is listed by type (`DROPPED`); a type that this list does not know stays. No run is ever deleted: that would
take the status of its partitions with it.

Which runs have been gone through is remembered in the instance, so that each is looked at once.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import DagsterEventType, DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

# Dagster has no public way to its log but to read it. These are the storages and the table of 1.13, which is pinned.
from dagster._core.storage.event_log import SqlEventLogStorage, SqlEventLogStorageTable, SqliteEventLogStorage
from sqlalchemy import Connection, and_, delete, func, or_, select

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.stages.tidying import Finding

DROPPED = frozenset(
    event.value
    for event in (
        DagsterEventType.STEP_INPUT, DagsterEventType.STEP_OUTPUT, DagsterEventType.STEP_START,
        DagsterEventType.STEP_SUCCESS, DagsterEventType.STEP_SKIPPED, DagsterEventType.STEP_WORKER_STARTING,
        DagsterEventType.STEP_WORKER_STARTED, DagsterEventType.STEP_UP_FOR_RETRY, DagsterEventType.STEP_RESTARTED,
        DagsterEventType.STEP_EXPECTATION_RESULT, DagsterEventType.RESOURCE_INIT_STARTED,
        DagsterEventType.RESOURCE_INIT_SUCCESS, DagsterEventType.HANDLED_OUTPUT, DagsterEventType.LOADED_INPUT,
        DagsterEventType.OBJECT_STORE_OPERATION, DagsterEventType.ENGINE_EVENT, DagsterEventType.LOGS_CAPTURED,
        DagsterEventType.HOOK_COMPLETED, DagsterEventType.HOOK_SKIPPED,
    )
)  # fmt: skip
"""Types of events that only the page of their own run shows. Log messages, which have no type, go with them."""

FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]
RUNS_AT_ONCE = 200
WATERMARK = "whisper_enrich/events_dropped_up_to"
_BUSY_SECONDS = 30.0


@dataclass
class DroppedEvents:
    """Finished runs that were gone through, the events that were dropped (or would be), and the bytes that this freed, where
    the log is a file a run."""

    runs: int = 0
    events: int = 0
    bytes_freed: int = 0


def drop_events(instance: DagsterInstance, before: datetime, *, dry_run: bool) -> DroppedEvents:
    """Drop the steps and logs of runs that ended before that time and were not gone through yet.

    What a run printed (Dagster's compute logs) goes with them. Raises
    `ConfigurationError` for a storage that is neither SQLite nor PostgreSQL.
    """
    result = DroppedEvents()
    for runs in _pages(instance, before):
        run_ids = [record.dagster_run.run_id for record in runs]
        _drop_of_runs(instance, run_ids, result, dry_run)
        result.runs += len(run_ids)
        if not dry_run:
            for run_id in run_ids:
                instance.compute_log_manager.delete_logs(prefix=[run_id])
            _remember(instance, runs[-1].update_timestamp)
    return result


def finding_of(instance: DagsterInstance, days: int, now: datetime, *, dry_run: bool) -> Finding:
    """The same as one of the rules of tidying, for runs that ended more than ``days`` ago."""
    dropped = drop_events(instance, now - timedelta(days=days), dry_run=dry_run)
    rows = {"Dagster's events": dropped.events}
    remark = f"{dropped.bytes_freed / 1e6:,.1f} MB freed" if dropped.bytes_freed else None
    return Finding("Dagster's log", f"{days} days", rows, remark)


def _pages(instance: DagsterInstance, before: datetime) -> Iterator[Sequence[RunRecord]]:
    """Finished runs that have not changed since that time, oldest change first.

    A run that ends is changed then: none can turn up behind the watermark. Each page begins a moment before the end of the
    last one, for runs that changed in the same microsecond.
    """
    after, seen = _watermark(instance), set()
    while True:
        filters = RunsFilter(statuses=FINISHED, updated_after=after, updated_before=before.astimezone(UTC))
        records = instance.get_run_records(filters, limit=RUNS_AT_ONCE, order_by="update_timestamp", ascending=True)
        page = [record for record in records if record.dagster_run.run_id not in seen]
        if not page:
            return
        yield page
        seen = {record.dagster_run.run_id for record in records}
        after = records[-1].update_timestamp - timedelta(microseconds=1)


def _watermark(instance: DagsterInstance) -> datetime | None:
    stored = instance.daemon_cursor_storage.get_cursor_values({WATERMARK}).get(WATERMARK)
    return datetime.fromisoformat(stored) if stored else None


def _remember(instance: DagsterInstance, at: datetime) -> None:
    instance.daemon_cursor_storage.set_cursor_values({WATERMARK: at.astimezone(UTC).isoformat()})


def _drop_of_runs(instance: DagsterInstance, run_ids: Sequence[str], result: DroppedEvents, dry_run: bool) -> None:
    storage = instance.event_log_storage
    if isinstance(storage, SqliteEventLogStorage):
        # A file a run. What is about assets, checks and the fate of runs is in a file of its own besides, never touched here.
        for run_id in run_ids:
            path = Path(storage.path_for_shard(run_id))
            if path.is_file():
                _drop_of_file(path, result, dry_run)
    elif isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            result.events += _drop_of_table(connection, run_ids, dry_run)
    else:
        raise ConfigurationError(
            f"Dagster keeps its event log in {type(storage).__name__}, which this version does not know how to tidy. Use "
            "SQLite or PostgreSQL (docker/dagster.yaml)."
        )


def _condition():
    log = SqlEventLogStorageTable.c
    kind = or_(log.dagster_event_type.in_(sorted(DROPPED)), log.dagster_event_type.is_(None))
    return and_(kind, log.asset_key.is_(None))


def _drop_of_table(connection: Connection, run_ids: Sequence[str], dry_run: bool) -> int:
    mine = and_(SqlEventLogStorageTable.c.run_id.in_(run_ids), _condition())
    if dry_run:
        return connection.execute(select(func.count()).select_from(SqlEventLogStorageTable).where(mine)).scalar_one()
    return connection.execute(delete(SqlEventLogStorageTable).where(mine)).rowcount


def _drop_of_file(path: Path, result: DroppedEvents, dry_run: bool) -> None:
    marks = ", ".join("?" * len(DROPPED))
    mine = f"(dagster_event_type IN ({marks}) OR dagster_event_type IS NULL) AND asset_key IS NULL"
    size = path.stat().st_size
    # Without a transaction of its own: VACUUM refuses to run in one.
    with closing(sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)) as connection:
        if dry_run:
            statement = f"SELECT count(*) FROM event_logs WHERE {mine}"
            result.events += connection.execute(statement, sorted(DROPPED)).fetchone()[0]
            return
        dropped = connection.execute(f"DELETE FROM event_logs WHERE {mine}", sorted(DROPPED)).rowcount
        if dropped:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    result.events += dropped
    result.bytes_freed += max(0, size - path.stat().st_size)
