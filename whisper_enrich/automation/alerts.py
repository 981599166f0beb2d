"""Sensors that tell a person: when runs or checks fail one after the other, and when they do no longer.

All state is in the sensors' cursors, in Dagster's own storage: our database may be what fails. One that is killed between a
message and its cursor sends that message once more.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DefaultSensorStatus,
    ResourceParam,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)

from whisper_enrich.automation.run_history import Position, ended_since, latest_checks
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.watching.incidents import Event, Streak, Turn, follow
from whisper_enrich.watching.notices import notice_of, targets_of
from whisper_enrich.watching.outbox import Waiting, deliver
from whisper_enrich.watching.seen import CheckResult, EndedRun, Status

CURSOR_VERSION = 1
RUNS_SECONDS = 30
CHECKS_SECONDS = 60
LONGEST_CAUSE = 400


@dataclass
class _State:
    """What a sensor keeps between two ticks: how far it has looked, what fails, what is still to be sent."""

    place: dict
    streaks: list[Streak]
    outbox: list[Waiting]

    @classmethod
    def of(cls, cursor: str | None, place: dict) -> "_State":
        stored = json.loads(cursor) if cursor else {}
        if stored.get("version") != CURSOR_VERSION:
            return cls(place, [], [])
        return cls(
            stored["place"], [Streak.from_json(streak) for streak in stored["streaks"]],
            [Waiting.from_json(message) for message in stored["outbox"]],
        )  # fmt: skip

    def cursor(self) -> str:
        return json.dumps(
            {
                "version": CURSOR_VERSION, "place": self.place,
                "streaks": [streak.to_json() for streak in self.streaks],
                "outbox": [message.to_json() for message in self.outbox],
            }
        )  # fmt: skip


@sensor(
    minimum_interval_seconds=RUNS_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Tells a person when runs of a bot fail ALERT_AFTER_FAILURES times one after the other, and when they recover.",
)
def failed_runs(context: SensorEvaluationContext, pipeline: ResourceParam[Pipeline]) -> SensorResult:
    """Looks at every run that has ended since, of every job. A canceled one counts neither as a failure nor as a success."""
    state = _State.of(context.cursor, Position(pipeline.clock()).to_json())
    ended, position = ended_since(context.instance, Position.from_json(state.place))
    state.place = position.to_json()
    url = pipeline.settings.alert_ui_url
    events = [_of_run(run, url) for run in ended if run.status is not Status.CANCELED]
    return _tick(context, pipeline, state, events, pipeline.settings.alert_after_failures)


@sensor(
    minimum_interval_seconds=CHECKS_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Tells a person when a check fails ALERT_AFTER_FAILED_CHECKS times one after the other, and when it recovers.",
)
def failed_checks(context: SensorEvaluationContext, pipeline: ResourceParam[Pipeline]) -> SensorResult:
    """Looks at the latest evaluation of every check; one that it has counted already counts no more."""
    state = _State.of(context.cursor, {})
    keys = sorted(context.repository_def.asset_graph.asset_check_keys, key=lambda key: key.to_user_string())
    results = latest_checks(context.instance, keys)
    names = {result: f"{result.asset}:{result.check}" for result in results}
    new = [result for result in results if state.place.get(names[result], 0) < result.number]
    if context.cursor is None:
        # What was evaluated before the sensor was there is not known to follow on anything.
        new = []
    state.place |= {names[result]: result.number for result in results}
    events = [_of_check(result, pipeline.settings.alert_ui_url) for result in new]
    return _tick(context, pipeline, state, events, pipeline.settings.alert_after_failed_checks)


def _of_run(run: EndedRun, ui_url: str) -> Event:
    job = run.job.removeprefix("__").replace("ASSET_JOB", "assets launched by hand")
    subject = f"{job} for {run.bot}" if run.bot else job
    return Event(subject, run.status is Status.FAILURE, run.ended_at, run.run_id, f"{ui_url}/runs/{run.run_id}")


def _of_check(result: CheckResult, ui_url: str) -> Event:
    subject = f"the check {result.check} on {result.asset}"
    return Event(subject, not result.passed, result.at, result.run_id, f"{ui_url}/assets/{result.asset}?view=checks")


def _tick(
    context: SensorEvaluationContext, pipeline: Pipeline, state: _State, events: Sequence[Event], threshold: int
) -> SensorResult:
    now = pipeline.clock()
    state.streaks, changes = follow(state.streaks, events, threshold)
    targets = targets_of(pipeline.settings)
    if changes:
        causes = {
            change.streak.run_id: cause
            for change in changes
            if change.turn is Turn.OPENED and (cause := cause_of(context.instance, change.streak.run_id))
        }
        notice = notice_of(changes, causes)
        context.log.warning(f"{notice.subject}\n{notice.text}")
        state.outbox += [Waiting(target.name, notice, now) for target in targets]
    state.outbox = deliver(state.outbox, targets, now, context.log.error)
    said = _summary(state, bool(targets), len(changes))
    return SensorResult(skip_reason=SkipReason(said), cursor=state.cursor())


def _summary(state: _State, targets: bool, changes: int) -> str:
    open_ones = sum(streak.told for streak in state.streaks)
    parts = [f"{changes} change(s); {open_ones} incident(s) open, {len(state.outbox)} message(s) to be sent."]
    if not targets:
        parts.append("Nobody is told: neither ALERT_EMAIL_TO nor ALERT_WEBHOOK_URL is set.")
    return " ".join(parts)


def cause_of(instance: DagsterInstance, run_id: str) -> str | None:
    """Which step of a run failed, and our own sentence about it where there is one; None where no step did.

    Our sentences hold no word of a conversation. Of any other error only the class is told.
    """
    records = instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE, limit=1).records
    if not records:
        return None
    event = records[0].event_log_entry.dagster_event
    failure = event.step_failure_data
    told = failure.user_failure_data.description if failure.user_failure_data else None
    kind = failure.error.cls_name if failure.error else None
    return f"{event.step_key}: {told or kind or 'failed'}"[:LONGEST_CAUSE]
