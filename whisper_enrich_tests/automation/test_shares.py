"""Very large bots: several runs at once, each for a share of the users."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from dagster import DagsterInstance, DagsterRunStatus, build_sensor_context
from dagster._core.test_utils import create_run_for_test

from whisper_enrich.automation import discovery, plan, sensors
from whisper_enrich.automation.jobs import run_tags, share_tags
from whisper_enrich.partitions import BOTS
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.summaries import Engine, summarise_days
from whisper_enrich.storage.shares import Share
from whisper_enrich.summaries.extractive import ENGINE_VERSION, input_hash, summarise
from whisper_enrich_tests.builders import chat, column, extract_statements

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks."]
DAY = date(2026, 3, 18)
USERS = ["ana", "bo", "carl", "dora", "emil", "fay"]
ENGINE = Engine(summarise, input_hash, ENGINE_VERSION)


@pytest.mark.parametrize(
    ("waiting", "most", "shares"), [(0, 8, 1), (39_999, 8, 1), (40_000, 8, 2), (10**7, 8, 8), (10**7, 1, 1)]
)
def test_users_are_shared_out_where_it_is_worth_the_start_of_a_run(waiting, most, shares):
    assert plan.shares_for(waiting, most) == shares


def test_a_tick_launches_a_run_a_share_for_what_waits_and_then_one_for_the_rest(pipeline, ctx, elena, monkeypatch):
    monkeypatch.setattr(plan, "MESSAGES_A_SHARE", 5)
    monkeypatch.setattr(sensors, "MESSAGES_A_SHARE", 5)
    pipeline.store.upsert(elena.collection, [point for user in USERS for point in chat("2026-03-18", TALK, user=user)])
    take_in(ctx, elena)
    # The embedded store is one process's at a time; this one is taken for a server.
    pipeline.__dict__["settings"] = pipeline.settings.model_copy(
        update={"enrichment_user_shares": 2, "qdrant_url": "http://127.0.0.1:1"}
    )
    with DagsterInstance.ephemeral() as instance:
        launched = sensors.new_messages(build_sensor_context(instance=instance, resources={"pipeline": pipeline}))
        assert [request.job_name for request in launched.run_requests] == ["enrich_share"] * 2
        assert [request.tags["whisper_enrich/share"] for request in launched.run_requests] == ["1/2", "2/2"]
        assert len({request.tags["whisper_enrich/live"] for request in launched.run_requests}) == 2
        for share in Share.all(2):
            extract_facts(replace(ctx, share=share), elena, [DAY], extract_statements, "test-1")
            summarise_days(replace(ctx, share=share), elena, [DAY], ENGINE)
        launched = sensors.new_messages(build_sensor_context(instance=instance, resources={"pipeline": pipeline}))
        assert [request.job_name for request in launched.run_requests] == ["enrich_bot_day"]


@pytest.mark.parametrize(
    ("ended", "minutes"), [("FFFF", 1), ("FFFF FFSF", 2), ("FFFF F", 2), ("F SSSS FFFS", 1), ("FFFF S", 0)]
)
def test_runs_that_share_out_a_bot_count_as_one_when_they_fail(ended, minutes):
    """Rounds of runs, the oldest first, by how each ended; a run alone has no share."""
    statuses = {"F": DagsterRunStatus.FAILURE, "S": DagsterRunStatus.SUCCESS}
    with DagsterInstance.ephemeral() as instance:
        for together in ended.split():
            shares = Share.all(len(together)) if len(together) > 1 else ()
            for number, status in enumerate(together):
                share = share_tags("elena", shares[number]) if shares else {}
                tags = {"whisper_enrich/bot": "elena", **share}
                create_run_for_test(instance, status=statuses[status], tags=tags)
        now = datetime.now(UTC)
        paused = discovery.pauses(instance, ["elena"], now)
    left = (paused["elena"] - now).total_seconds() if paused else 0
    assert 60 * minutes - 30 < left <= 60 * minutes


def test_a_run_of_the_job_works_for_the_users_of_its_share_alone(pipeline, ctx, elena):
    from whisper_enrich.definitions import defs

    pipeline.store.upsert(elena.collection, [point for user in USERS for point in chat("2026-03-18", TALK, user=user)])
    take_in(ctx, elena)
    share = Share(2, 2)
    with DagsterInstance.ephemeral() as instance:
        instance.add_dynamic_partitions(BOTS, ["elena"])
        result = defs.resolve_job_def("enrich_share").execute_in_process(
            instance=instance, resources={"pipeline": pipeline},
            tags={**run_tags("elena", DAY, DAY, "sensor"), **share_tags("elena", share)},
        )  # fmt: skip
    assert result.success
    expected = {user for user in USERS if share.holds(user)}
    assert set(column(ctx, "SELECT user_id FROM user_facts")) == expected
    assert set(column(ctx, "SELECT user_id FROM conversation_summaries")) == expected
