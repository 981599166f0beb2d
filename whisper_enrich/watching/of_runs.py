"""Metrics of Dagster's runs and checks. Who keeps them is asked by functions, so that nothing here imports Dagster."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whisper_enrich.watching.collector import Part
from whisper_enrich.watching.families import Families
from whisper_enrich.watching.seen import CheckResult, EndedRun, Status

TARGET = "dagster"
BOUNDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Seconds, of the histogram of run durations; a bot's cycle stays below 120."""


@dataclass(frozen=True)
class RunSource:
    """Where runs come from: those that had ended when the exporter started, in order; those since, each once; those in
    flight by state; the latest result of each check; the size of the event log. ``jobs`` are those that are known."""

    jobs: Sequence[str]
    before: Callable[[], Sequence[EndedRun]]
    since: Callable[[], Sequence[EndedRun]]
    in_flight: Callable[[], Mapping[str, int]]
    checks: Callable[[], Sequence[CheckResult]]
    event_log_bytes: Callable[[], int | None]


def parts_of_runs(source: RunSource) -> list[Part]:
    """What is asked of Dagster's storage."""
    seen = RunsSeen(source)
    return [
        Part("runs", TARGET, seen.collect, seconds=10, probes=True),
        Part("checks", TARGET, lambda families: _checks(families, source.checks()), seconds=30),
        Part("event_log", TARGET, lambda families: _event_log(families, source.event_log_bytes()), seconds=300),
    ]


@dataclass
class _Duration:
    counts: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))
    total: float = 0.0


class RunsSeen:
    """Counts runs from the exporter's start on: a restart begins at 0 again, which Prometheus knows how to read. Each series
    of a known job is there at 0 from the start, so that the first failure is an increase."""

    def __init__(self, source: RunSource) -> None:
        self._source = source
        self._begun = False
        self._ended = {(job, status.value): 0 for job in source.jobs for status in Status}
        self._durations: dict[tuple[str, str], _Duration] = defaultdict(_Duration)
        self._streaks: dict[tuple[str, str], int] = {}
        self._successes: dict[str, datetime] = {}

    def collect(self, families: Families) -> None:
        """Take in what has ended since, and show all."""
        if not self._begun:
            self._follow(self._source.before())
            self._begun = True
        new = self._source.since()
        self._follow(new)
        for run in new:
            key = (run.job, run.status.value)
            self._ended[key] = self._ended.get(key, 0) + 1
            if run.seconds is not None:
                self._durations[key].counts[bisect_left(BOUNDS, run.seconds)] += 1
                self._durations[key].total += run.seconds
        self._show(families)

    def _follow(self, runs: Iterable[EndedRun]) -> None:
        """What a canceled run would have come to is not known: it ends no streak of failures, nor begins one."""
        for run in runs:
            key = (run.job, run.bot)
            if run.status is Status.FAILURE:
                self._streaks[key] = self._streaks.get(key, 0) + 1
            elif run.status is Status.SUCCESS:
                self._streaks[key] = 0
                if run.bot:
                    self._successes[run.bot] = max(run.ended_at, self._successes.get(run.bot, run.ended_at))

    def _show(self, families: Families) -> None:
        for (job, status), count in self._ended.items():
            families.set("runs", count, dagster_job=job, status=status)
        for (job, status), duration in self._durations.items():
            families.count(
                "run_duration_seconds", BOUNDS, duration.counts, duration.total, dagster_job=job, status=status
            )
        for state, count in self._source.in_flight().items():
            families.set("runs_in_flight", count, state=state)
        for (job, bot), streak in self._streaks.items():
            families.set("consecutive_failed_runs", streak, dagster_job=job, bot=bot)
        for bot, at in self._successes.items():
            families.set("last_success_timestamp_seconds", at.timestamp(), bot=bot)


def _checks(families: Families, results: Sequence[CheckResult]) -> None:
    for result in results:
        families.set("check_failed", not result.passed, asset=result.asset, check=result.check)
        families.set("check_timestamp_seconds", result.at.timestamp(), asset=result.asset, check=result.check)


def _event_log(families: Families, size: int | None) -> None:
    if size is not None:
        families.set("dagster_event_log_bytes", size)
