"""Runs whose process was killed."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import pytest
from dagster import DagsterInstance, DagsterRunStatus, build_sensor_context
from dagster._core.test_utils import create_run_for_test

from whisper_enrich.assets.run_process import PROCESS_TAG, signature
from whisper_enrich.automation.abandoned import end_abandoned
from whisper_enrich.automation.sensors import new_messages
from whisper_enrich_tests.builders import chat

RUN = "0b6b6b9e-6c53-4a5b-9f43-0d1c3f1d7a10"
NOW = datetime.now(UTC)


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as built:
        yield built


@pytest.fixture(scope="module")
def of_the_dead():
    """The tag of a process that has ended."""
    code = f"from whisper_enrich.assets.run_process import signature; print(signature('{RUN}')['{PROCESS_TAG}'])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return {PROCESS_TAG: done.stdout.strip()}


def status_of(instance, run_id=RUN):
    return instance.get_run_by_id(run_id).status


def test_a_run_whose_process_has_ended_is_recorded_as_failed_with_the_reason(instance, of_the_dead):
    create_run_for_test(instance, run_id=RUN, status=DagsterRunStatus.STARTED, tags=of_the_dead)
    assert end_abandoned(instance, NOW) == [RUN]
    assert status_of(instance) is DagsterRunStatus.FAILURE
    messages = [entry.dagster_event.message for entry in instance.all_logs(RUN) if entry.dagster_event]
    assert any("The process of this run was killed." in (message or "") for message in messages)
    assert end_abandoned(instance, NOW) == []


def test_a_run_whose_process_lives_is_left_alone(instance):
    create_run_for_test(instance, run_id=RUN, status=DagsterRunStatus.STARTED, tags=signature(RUN))
    assert end_abandoned(instance, NOW + timedelta(days=1)) == []
    assert status_of(instance) is DagsterRunStatus.STARTED


def test_nothing_is_said_about_a_process_of_another_host(instance, of_the_dead):
    _, _, rest = of_the_dead[PROCESS_TAG].split("/", 2)
    tags = {PROCESS_TAG: f"{RUN}/some-other-host/{rest}"}
    create_run_for_test(instance, run_id=RUN, status=DagsterRunStatus.STARTED, tags=tags)
    assert end_abandoned(instance, NOW + timedelta(days=1)) == []


def test_a_retry_that_has_inherited_the_tags_of_the_dead_is_not_taken_for_dead(instance, of_the_dead):
    again = "7a6b6b9e-6c53-4a5b-9f43-0d1c3f1d7a11"
    create_run_for_test(instance, run_id=again, status=DagsterRunStatus.STARTED, tags=of_the_dead)
    assert end_abandoned(instance, datetime.now(UTC)) == []


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTED, DagsterRunStatus.NOT_STARTED])
def test_a_run_that_nobody_has_signed_is_given_ten_minutes(instance, status):
    create_run_for_test(instance, run_id=RUN, status=status)
    assert end_abandoned(instance, datetime.now(UTC) + timedelta(minutes=9)) == []
    assert end_abandoned(instance, datetime.now(UTC) + timedelta(minutes=11)) == [RUN]


def test_the_sensor_launches_a_bot_anew_whose_run_was_killed(pipeline, elena, instance, of_the_dead, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", ["I live in Lisbon.", "Lovely!"]))
    create_run_for_test(
        instance, run_id=RUN, status=DagsterRunStatus.STARTED, tags={**of_the_dead, "whisper_enrich/bot": "elena"}
    )
    clock.now = datetime.now(UTC)
    first = new_messages(build_sensor_context(instance=instance, resources={"pipeline": pipeline}))
    assert "its last run failed, the next one starts after" in first.skip_reason.skip_message
    clock.forward(minutes=2)
    second = new_messages(build_sensor_context(instance=instance, resources={"pipeline": pipeline}))
    assert [request.tags["whisper_enrich/bot"] for request in second.run_requests] == ["elena"]
