"""Runs that were killed: recorded as running for ever, they would keep their bots waiting."""

from datetime import datetime

from dagster import DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter

from whisper_enrich.assets.run_process import is_gone, is_signed

UNSIGNED_SECONDS = 600
"""A run is signed when its first step begins, seconds after its start. One that is not by now never will be."""


def end_abandoned(instance: DagsterInstance, now: datetime) -> list[str]:
    """Record runs as failed whose process is no more, so that the queue, the sensor and Dagster's retries go on.

    Returns their ids. Runs that wait in the queue have no process yet, and for those that a launcher is starting Dagster
    itself has a time-out.
    """
    ended = []
    for record in instance.get_run_records(
        RunsFilter(statuses=[DagsterRunStatus.NOT_STARTED, DagsterRunStatus.STARTED])
    ):
        if _is_abandoned(record, now):
            run = record.dagster_run
            instance.report_run_failed(
                run, "The process of this run was killed. What it had stored stays; what it had not done still waits."
            )
            ended.append(run.run_id)
    return ended


def _is_abandoned(record: RunRecord, now: datetime) -> bool:
    if is_signed(record.dagster_run):
        return is_gone(record.dagster_run)
    begun = record.start_time or record.create_timestamp.timestamp()
    return now.timestamp() - begun > UNSIGNED_SECONDS
