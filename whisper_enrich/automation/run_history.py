"""Runs as they end, and the latest results of the checks, from Dagster's storage: for the alerts and the metrics.

Dagster's own run-status sensors handle five runs a tick; a look here takes in hundreds.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from dagster import AssetCheckKey, DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter
from dagster._core.storage.asset_check_execution_record import (
    COMPLETED_ASSET_CHECK_EXECUTION_RECORD_STATUSES as COMPLETED,
)
from dagster._core.storage.asset_check_execution_record import (
    AssetCheckExecutionRecord,
    AssetCheckExecutionRecordStatus,
)
from sqlalchemy import text

from whisper_enrich.automation.discovery import ENDED, IN_FLIGHT, PARTITION_BOT_TAG, PARTITION_TAG
from whisper_enrich.automation.jobs import BOT_TAG
from whisper_enrich.watching.seen import CheckResult, EndedRun, Status

RUNS_A_LOOK = 500
OVERLAP = timedelta(seconds=30)
"""Two processes may store the ends of their runs in another order than they took the time."""
LATE = timedelta(minutes=10)
"""A run that ended longer before the last look was taken in then; its record was changed since, e.g. by a tag."""

_STATUS = {
    DagsterRunStatus.SUCCESS: Status.SUCCESS,
    DagsterRunStatus.FAILURE: Status.FAILURE,
    DagsterRunStatus.CANCELED: Status.CANCELED,
}


@dataclass(frozen=True, slots=True)
class Position:
    """How far one has looked: up to ``after``, and at the runs in ``taken`` since a moment before that."""

    after: datetime
    taken: tuple[str, ...] = ()

    def to_json(self) -> dict:
        """For a cursor."""
        return {"after": self.after.isoformat(), "taken": list(self.taken)}

    @classmethod
    def from_json(cls, stored: dict) -> Self:
        """What `to_json` made."""
        return cls(datetime.fromisoformat(stored["after"]), tuple(stored["taken"]))


def ended_since(instance: DagsterInstance, position: Position) -> tuple[list[EndedRun], Position]:
    """The runs that ended since, in order, at most `RUNS_A_LOOK`, each once; and how far that is."""
    records = instance.get_run_records(
        RunsFilter(statuses=ENDED, updated_after=position.after - OVERLAP),
        limit=RUNS_A_LOOK + len(position.taken), order_by="update_timestamp", ascending=True,
    )  # fmt: skip
    if not records:
        return [], position
    new = [r for r in records if r.dagster_run.run_id not in position.taken and _ended_at(r) > position.after - LATE]
    after = max(position.after, records[-1].update_timestamp)
    taken = tuple(r.dagster_run.run_id for r in records if r.update_timestamp > after - OVERLAP)
    return [_ended(record) for record in new], Position(after, taken)


def latest_ended(instance: DagsterInstance, since: datetime, limit: int) -> list[EndedRun]:
    """The last runs that ended since, in order of their creation."""
    records = instance.get_run_records(RunsFilter(statuses=ENDED, updated_after=since), limit=limit)
    return [_ended(record) for record in reversed(records)]


def in_flight(instance: DagsterInstance) -> dict[str, int]:
    """How many runs are queued, and how many are past that."""
    queued = [DagsterRunStatus.QUEUED]
    return {
        "queued": instance.get_runs_count(RunsFilter(statuses=queued)),
        "running": instance.get_runs_count(RunsFilter(statuses=[s for s in IN_FLIGHT if s not in queued])),
    }


def _ended(record: RunRecord) -> EndedRun:
    run = record.dagster_run
    ended_at = _ended_at(record)
    seconds = ended_at.timestamp() - record.start_time if record.start_time else None
    return EndedRun(run.run_id, run.job_name, bot_of(run.tags), _STATUS[run.status], ended_at, seconds)


def _ended_at(record: RunRecord) -> datetime:
    return datetime.fromtimestamp(record.end_time, UTC) if record.end_time else record.update_timestamp


def bot_of(tags: dict[str, str]) -> str:
    """The bot that a run is for; empty where its tags do not name one."""
    return tags.get(BOT_TAG) or tags.get(PARTITION_BOT_TAG) or tags.get(PARTITION_TAG, "").partition("|")[0]


def latest_checks(instance: DagsterInstance, keys: Sequence[AssetCheckKey]) -> list[CheckResult]:
    """Of each check the latest evaluation that came to an end; those that were never evaluated are left out."""
    storage = instance.event_log_storage
    latest = storage.get_latest_asset_check_execution_by_key(list(keys))
    found = []
    for key in keys:
        record = latest.get(key)
        if record is not None and record.status not in COMPLETED:
            record = next(iter(storage.get_asset_check_execution_history(key, limit=1, status=COMPLETED)), None)
        if record is not None:
            found.append(_result(key, record))
    return found


def _result(key: AssetCheckKey, record: AssetCheckExecutionRecord) -> CheckResult:
    return CheckResult(
        asset=key.asset_key.to_user_string(), check=key.name, number=record.id, run_id=record.run_id,
        passed=record.status is AssetCheckExecutionRecordStatus.SUCCEEDED,
        at=datetime.fromtimestamp(record.create_timestamp, UTC),
    )  # fmt: skip


def event_log_bytes(instance: DagsterInstance) -> int | None:
    """What the event log takes on disk; None where it is kept in memory."""
    storage = instance.event_log_storage
    folder = getattr(storage, "_base_dir", None)
    if folder is not None:
        return sum(file.stat().st_size for file in Path(folder).iterdir() if ".db" in file.name)
    with storage.index_connection() as connection:
        if connection.dialect.name != "postgresql":
            return None
        return connection.execute(text("SELECT pg_total_relation_size('event_logs')")).scalar_one()
