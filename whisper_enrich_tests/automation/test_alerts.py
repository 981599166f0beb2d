"""The sensors that tell a person when runs or checks fail, over a real webhook."""

import json

import pytest
from dagster import (
    AssetCheckEvaluation,
    AssetCheckKey,
    AssetKey,
    DagsterEvent,
    DagsterInstance,
    DagsterRunStatus,
    build_sensor_context,
)
from dagster._core.definitions.asset_checks.asset_check_evaluation import AssetCheckEvaluationPlanned
from dagster._core.events import DagsterEventType
from dagster._core.test_utils import create_run_for_test

from whisper_enrich.automation.alerts import failed_checks, failed_runs
from whisper_enrich.automation.jobs import BOT_TAG
from whisper_enrich.automation.run_history import bot_of
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings, utc_now
from whisper_enrich_tests.watching.listening import webhook

CHECK = AssetCheckKey(AssetKey("user_facts"), "every_fact_has_evidence")


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as built:
        yield built


@pytest.fixture
def hook():
    with webhook() as received:
        yield received


class World:
    """A sensor between whose ticks things happen; it keeps nothing but its cursor, as after a restart of the daemon."""

    def __init__(self, instance, sensor, **settings):
        self.instance, self.sensor, self.settings, self.cursor = instance, sensor, settings, None

    def tick(self):
        from whisper_enrich.definitions import defs

        pipeline = Pipeline(load_settings(**self.settings), clock=utc_now)
        context = build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"pipeline": pipeline}, repository_def=defs.get_repository_def()
        )  # fmt: skip
        result = self.sensor(context)
        self.cursor = result.cursor
        return result.skip_reason.skip_message

    def run(self, ended, bot="elena"):
        run = create_run_for_test(
            self.instance, job_name="enrich_bot_day", status=DagsterRunStatus.STARTED, tags={BOT_TAG: bot}
        )
        if ended is DagsterRunStatus.FAILURE:
            self.instance.report_run_failed(run, "Ana said something.")
        elif ended is DagsterRunStatus.CANCELED:
            self.instance.report_run_canceled(run)
        else:
            self.instance.handle_run_event(
                run.run_id, DagsterEvent(DagsterEventType.RUN_SUCCESS.value, "enrich_bot_day")
            )
        return run.run_id

    def evaluate(self, *, passed):
        run = create_run_for_test(self.instance, job_name="check_quality")
        for kind, data in (
            (
                DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED,
                AssetCheckEvaluationPlanned(asset_key=CHECK.asset_key, check_name=CHECK.name),
            ),
            (
                DagsterEventType.ASSET_CHECK_EVALUATION,
                AssetCheckEvaluation(asset_key=CHECK.asset_key, check_name=CHECK.name, passed=passed, metadata={}),
            ),
        ):
            event = DagsterEvent(kind.value, "check_quality", event_specific_data=data)
            self.instance.report_dagster_event(event, run.run_id)


FAILURE, SUCCESS, CANCELED = DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS, DagsterRunStatus.CANCELED


def told(hook):
    return [
        json.loads(body)["text"].splitlines()[0].strip("*").removeprefix("whisper_enrich: ") for body in hook.bodies
    ]


def test_three_failed_runs_of_a_bot_are_one_message_and_its_recovery_another(instance, hook):
    world = World(
        instance, failed_runs, alert_webhook_url=f"http://127.0.0.1:{hook.port}/", alert_ui_url="https://ui.example/"
    )
    world.tick()
    for outcome in (FAILURE, CANCELED, FAILURE):
        world.run(outcome)
        world.run(FAILURE, bot=f"bot of {outcome.value}")
        world.tick()
    assert hook.bodies == []
    last = world.run(FAILURE)
    world.tick()
    for _ in range(3):
        world.run(FAILURE)
        world.tick()
    assert told(hook) == ["enrich_bot_day for elena fails"]
    assert f"https://ui.example/runs/{last}" in hook.bodies[0]
    assert "Ana" not in hook.bodies[0]
    world.run(SUCCESS)
    world.tick()
    world.tick()
    assert told(hook)[1:] == ["enrich_bot_day for elena has recovered"]


def test_a_message_that_does_not_go_out_stops_no_tick_is_logged_and_goes_out_later(instance, hook, monkeypatch):
    world = World(instance, failed_runs, alert_webhook_url=f"http://127.0.0.1:{hook.port}/", alert_after_failures=1)
    world.tick()
    hook.status = 503
    world.run(FAILURE)
    assert "1 message(s) to be sent" in world.tick()
    hook.status = 200
    state = json.loads(world.cursor)
    state["outbox"][0]["next_at"] = "2026-01-01T00:00:00+00:00"
    world.cursor = json.dumps(state)
    assert "0 message(s) to be sent" in world.tick()
    assert len(hook.bodies) == 1


def test_where_nobody_is_to_be_told_it_says_so_and_keeps_no_message(instance):
    world = World(instance, failed_runs, alert_after_failures=1)
    world.tick()
    world.run(FAILURE)
    said = world.tick()
    assert "1 incident(s) open, 0 message(s) to be sent" in said
    assert "ALERT_WEBHOOK_URL" in said


def test_a_check_counts_once_an_evaluation_not_once_a_tick(instance, hook):
    world = World(instance, failed_checks, alert_webhook_url=f"http://127.0.0.1:{hook.port}/")
    world.tick()
    for passed in (False, False):
        world.evaluate(passed=passed)
        for _ in range(3):
            world.tick()
    assert told(hook) == ["the check every_fact_has_evidence on user_facts fails"]
    world.evaluate(passed=True)
    world.tick()
    assert told(hook)[1:] == ["the check every_fact_has_evidence on user_facts has recovered"]


def test_the_bot_of_a_run_is_known_however_it_was_launched():
    assert bot_of({BOT_TAG: "elena"}) == "elena"
    assert bot_of({"dagster/partition/bot": "elena", "dagster/partition": "elena|2026-03-01"}) == "elena"
    assert bot_of({"dagster/partition": "elena|2026-03-01"}) == "elena"
    assert bot_of({}) == ""
