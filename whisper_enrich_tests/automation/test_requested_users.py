"""The sensor that looks for users whose messages a bot has asked for."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dagster import DagsterInstance, DagsterRunStatus, SkipReason, build_sensor_context
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.sensor import MIN_INTERVAL_LOOP_TIME

from whisper_enrich.automation.sensors import REQUEST_SECONDS, new_messages, requested_users
from whisper_enrich.errors import StoreBusy
from whisper_enrich.partitions import BOTS
from whisper_enrich_tests.builders import at, chat, enrich, said
from whisper_enrich_tests.requesting import ask_for, state_of

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks."]
TODAY = "elena|2026-03-20"


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as built:
        built.add_dynamic_partitions(BOTS, ["elena"])
        yield built


def tick(pipeline, instance, sensor=requested_users):
    return sensor(build_sensor_context(instance=instance, resources={"pipeline": pipeline}))


def days_of(request):
    tags = request.tags
    return tags["dagster/asset_partition_range_start"], tags["dagster/asset_partition_range_end"]


def test_it_is_due_in_every_round_of_the_daemon():
    assert requested_users.minimum_interval_seconds == REQUEST_SECONDS < MIN_INTERVAL_LOOP_TIME


def test_without_a_request_it_launches_nothing_whatever_waits(pipeline, elena, instance):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    result = tick(pipeline, instance)
    assert isinstance(result, SkipReason)
    assert result.skip_message == "No request is open."


def test_a_request_launches_a_run_over_today_at_the_head_of_the_queue(pipeline, ctx, elena, instance):
    ask_for(ctx)
    ask_for(ctx, "ben")
    (request,) = tick(pipeline, instance).run_requests
    assert days_of(request) == (TODAY, TODAY)
    assert request.tags["whisper_enrich/bot"] == "elena"
    assert request.tags["whisper_enrich/cause"] == "request"
    assert request.tags["dagster/priority"] == "10"
    assert request.run_key is None


def test_the_message_store_is_not_asked(pipeline, ctx, elena, instance, monkeypatch):
    def busy(*given, **named):
        raise StoreBusy("somebody else has it")

    for name in ("bots", "count", "scan", "by_ids"):
        monkeypatch.setattr(pipeline.store, name, busy)
    ask_for(ctx)
    assert len(tick(pipeline, instance).run_requests) == 1


def test_the_days_with_waiting_messages_of_that_user_come_along_and_nobody_elses(pipeline, ctx, elena, instance, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-18", TALK) + chat("2026-03-10", TALK, user="ben"))

    def broken(message):
        raise RuntimeError

    enrich(ctx, elena, broken)
    clock.forward(hours=1)
    ask_for(ctx)
    (request,) = tick(pipeline, instance).run_requests
    assert days_of(request) == ("elena|2026-03-18", TODAY)


def test_after_the_run_it_launches_nothing(pipeline, ctx, elena, instance):
    pipeline.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-20 11:59"))])
    ask_for(ctx)
    enrich(ctx, elena)
    assert state_of(ctx) == "done"
    assert tick(pipeline, instance).skip_message == "No request is open."


def test_a_message_that_waits_for_another_attempt_launches_no_run_before_its_time(
    pipeline, ctx, elena, instance, clock
):
    pipeline.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-20 11:59"))])
    ask_for(ctx)

    def broken(message):
        raise RuntimeError

    enrich(ctx, elena, broken)
    assert tick(pipeline, instance).skip_message == "The request of elena waits for another attempt, or a budget."
    clock.forward(minutes=2)
    assert len(tick(pipeline, instance).run_requests) == 1


def test_messages_from_before_today_that_intake_has_found_are_launched_for_next(pipeline, ctx, elena, instance):
    """The first run knows no better than today."""
    pipeline.store.upsert(elena.collection, chat("2026-03-12", TALK))
    ask_for(ctx)
    enrich(ctx, elena, days=[date(2026, 3, 20)])
    assert state_of(ctx) == "claimed"
    (request,) = tick(pipeline, instance).run_requests
    assert days_of(request) == ("elena|2026-03-12", "elena|2026-03-12")


def test_a_request_that_has_nothing_left_to_wait_for_is_closed_by_the_look(pipeline, ctx, elena, instance):
    """As where its messages were deleted from the store."""
    pipeline.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-12 11:59"))])
    ask_for(ctx)
    enrich(ctx, elena, days=[date(2026, 3, 20)])
    with ctx.database.begin() as connection:
        connection.exec_driver_sql("DELETE FROM message_ledger")
    assert tick(pipeline, instance).skip_message == "No request is open."
    assert state_of(ctx) == "done"


def test_a_bot_with_a_run_in_flight_waits_and_says_so(pipeline, ctx, elena, instance):
    ask_for(ctx)
    create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags={"whisper_enrich/bot": "elena"})
    assert "a run is queued or running (its request waits): elena" in tick(pipeline, instance).skip_message


@pytest.mark.parametrize("sensor", [requested_users, new_messages], ids=lambda sensor: sensor.name)
def test_a_bot_whose_runs_fail_stays_paused_and_says_so(pipeline, ctx, elena, instance, clock, sensor):
    ask_for(ctx)
    create_run_for_test(instance, status=DagsterRunStatus.FAILURE, tags={"whisper_enrich/bot": "elena"})
    clock.now = datetime.now(UTC)
    result = tick(pipeline, instance, sensor)
    reason = result if isinstance(result, SkipReason) else result.skip_reason
    assert "its last run failed, the next one starts after" in reason.skip_message
    assert "(its request waits): elena" in reason.skip_message
    clock.now += timedelta(minutes=2)
    assert len(tick(pipeline, instance, sensor).run_requests) == 1


def test_a_request_for_a_bot_that_nobody_has_seen_launches_nothing_and_says_so(pipeline, ctx, elena, instance):
    ask_for(ctx, bot="elenor")
    assert tick(pipeline, instance).skip_message == "elenor has a request, but is no bot that was seen."


def test_the_sensor_of_new_points_launches_bots_with_requests_before_all_others(pipeline, ctx, instance):
    for name in ("ada", "bea", "zoe"):
        bot = pipeline.store.create_collection(name)
        pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK, user=name))
    ask_for(ctx, "zoe", "zoe")
    requests = tick(pipeline, instance, new_messages).run_requests
    assert [request.tags["whisper_enrich/bot"] for request in requests] == ["zoe", "ada", "bea"]
    assert [request.tags["whisper_enrich/cause"] for request in requests] == ["request", "sensor", "sensor"]


def test_a_bot_with_a_request_does_not_wait_for_its_turn_among_many(pipeline, ctx, instance, monkeypatch):
    from whisper_enrich.automation import sensors

    for name in ("ada", "bea", "zoe"):
        bot = pipeline.store.create_collection(name)
        pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK, user=name))
    monkeypatch.setattr(sensors, "LOOK_SECONDS", 0.0)
    ask_for(ctx, "zoe", "zoe")
    result = tick(pipeline, instance, new_messages)
    assert [request.tags["whisper_enrich/bot"] for request in result.run_requests] == ["zoe", "ada"]
    assert '"after": "ada"' in result.cursor
