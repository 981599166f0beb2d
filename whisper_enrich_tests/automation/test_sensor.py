"""The sensor that notices new points."""

from datetime import UTC, date, datetime

import pytest
from dagster import DagsterInstance, DagsterRunStatus, SkipReason, build_sensor_context
from dagster._core.test_utils import create_run_for_test

from whisper_enrich.automation.sensors import new_messages
from whisper_enrich.errors import StoreBusy, StoreUnavailable
from whisper_enrich.partitions import BOTS
from whisper_enrich_tests.builders import at, chat, enrich, said, scalar

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks."]


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as built:
        yield built


def tick(pipeline, instance, cursor=None):
    context = build_sensor_context(instance=instance, cursor=cursor, resources={"pipeline": pipeline})
    return new_messages(context)


def test_without_any_bot_it_says_which_prefixes_it_looked_for(pipeline, instance):
    result = tick(pipeline, instance)
    assert isinstance(result, SkipReason)
    assert "whisperengine_memory_" in result.skip_message


def test_new_points_of_a_new_bot_become_a_partition_and_one_run_over_their_days(pipeline, elena, instance):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK) + chat("2026-03-18", TALK))
    result = tick(pipeline, instance)
    (added,) = result.dynamic_partitions_requests
    assert list(added.partition_keys) == ["elena"]
    (request,) = result.run_requests
    assert request.tags["dagster/asset_partition_range_start"] == "elena|2026-03-17"
    assert request.tags["dagster/asset_partition_range_end"] == "elena|2026-03-18"
    assert request.tags["whisper_enrich/bot"] == "elena"
    assert request.run_key is None


def test_after_the_run_it_launches_nothing_and_says_so(pipeline, ctx, elena, instance):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    enrich(ctx, elena)
    instance.add_dynamic_partitions(BOTS, ["elena"])
    result = tick(pipeline, instance)
    assert result.run_requests == []
    assert "nothing waits: elena" in result.skip_reason.skip_message
    assert result.dynamic_partitions_requests == []


def test_a_message_in_an_open_window_does_not_launch_a_run_every_tick(pipeline, ctx, elena, instance, clock):
    pipeline.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-20 09:00"))])
    enrich(ctx, elena)
    assert tick(pipeline, instance).run_requests == []
    clock.now = at("2026-03-21 00:10")
    assert len(tick(pipeline, instance).run_requests) == 1


def test_a_retry_launches_a_run_when_its_time_has_come(pipeline, ctx, elena, instance, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))

    def broken(message):
        raise RuntimeError

    enrich(ctx, elena, broken)
    assert tick(pipeline, instance).run_requests == []
    clock.forward(minutes=2)
    (request,) = tick(pipeline, instance).run_requests
    assert request.tags["dagster/asset_partition_range_start"] == "elena|2026-03-17"


def test_a_bot_with_a_run_in_flight_waits(pipeline, elena, instance):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags={"dagster/partition": "elena|2026-03-01"})
    result = tick(pipeline, instance)
    assert result.run_requests == []
    assert "a run is queued or running: elena" in result.skip_reason.skip_message


def test_a_run_over_several_bots_keeps_all_of_them_waiting(pipeline, instance):
    names = ("zoe", "ada", "bea", "cleo")
    instance.add_dynamic_partitions(BOTS, names)
    for name in names:
        bot = pipeline.store.create_collection(name)
        pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK, user=name))
    create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags={
        "dagster/asset_partition_range_start": "ada|2025-03-01", "dagster/asset_partition_range_end": "cleo|2025-03-02",
    })  # fmt: skip
    result = tick(pipeline, instance)
    assert [request.tags["whisper_enrich/bot"] for request in result.run_requests] == ["zoe"]


def test_a_bot_whose_runs_fail_is_left_alone_for_longer_and_longer(pipeline, elena, instance, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    for _ in range(3):
        create_run_for_test(instance, status=DagsterRunStatus.FAILURE, tags={"whisper_enrich/bot": "elena"})
    clock.now = datetime.now(UTC)
    result = tick(pipeline, instance)
    assert result.run_requests == []
    assert "its last run failed, the next one starts after" in result.skip_reason.skip_message
    clock.forward(minutes=3, seconds=55)
    assert tick(pipeline, instance).run_requests == []
    clock.forward(seconds=10)
    assert len(tick(pipeline, instance).run_requests) == 1


def test_a_tick_is_a_sign_of_life_for_its_bots_but_not_for_one_whose_runs_fail(pipeline, ctx, elena, instance, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    tick(pipeline, instance)
    beat = "SELECT beat_at FROM worker_heartbeats WHERE bot_name = 'elena'"
    assert scalar(ctx, beat) == clock()
    first = clock()
    create_run_for_test(instance, status=DagsterRunStatus.FAILURE, tags={"whisper_enrich/bot": "elena"})
    clock.now = datetime.now(UTC)
    tick(pipeline, instance)
    assert scalar(ctx, beat) == first
    clock.forward(hours=2)
    tick(pipeline, instance)
    assert scalar(ctx, beat) == clock()


def test_a_run_that_went_well_ends_the_pause(pipeline, elena, instance, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    for status in (DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS):
        create_run_for_test(instance, status=status, tags={"whisper_enrich/bot": "elena"})
    clock.now = datetime.now(UTC)
    assert len(tick(pipeline, instance).run_requests) == 1


def test_bots_that_a_slow_store_left_no_time_for_are_first_at_the_next_tick(pipeline, instance, monkeypatch):
    from whisper_enrich.automation import sensors

    for name in ("ada", "bea", "cleo"):
        bot = pipeline.store.create_collection(name)
        pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK, user=name))
    monkeypatch.setattr(sensors, "LOOK_SECONDS", 0.0)
    seen, cursor = [], None
    for _ in range(4):
        result = tick(pipeline, instance, cursor)
        cursor = result.cursor
        seen += [request.tags["whisper_enrich/bot"] for request in result.run_requests]
    assert seen == ["ada", "bea", "cleo", "ada"]


def test_points_that_are_no_conversation_are_noticed_so_that_they_get_marked(pipeline, elena, instance):
    pipeline.store.upsert(elena.collection, [said("I was young.", at("2019-05-01 10:00"))])
    (request,) = tick(pipeline, instance).run_requests
    assert request.tags["dagster/asset_partition_range_start"] == "elena|2026-03-20"


def test_with_many_bots_the_ticks_take_turns(pipeline, instance, settings, clock):
    from whisper_enrich.resources.pipeline import Pipeline

    few = Pipeline(settings.model_copy(update={"enrichment_max_bots_per_tick": 2}), clock=clock, store=pipeline.store)
    for name in ("ada", "bea", "cleo"):
        bot = pipeline.store.create_collection(name)
        pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK, user=name))
    first = tick(few, instance)
    second = tick(few, instance, cursor=first.cursor)
    few.database.close()
    assert [request.tags["whisper_enrich/bot"] for request in first.run_requests] == ["ada", "bea"]
    assert [request.tags["whisper_enrich/bot"] for request in second.run_requests] == ["cleo", "ada"]


class Failing:
    """A store whose every look fails."""

    def __init__(self, error):
        self.error = error

    def bots(self):
        raise self.error

    def close(self):
        pass


@pytest.fixture
def failing(settings, clock):
    """A pipeline over a store that fails in a given way."""
    from whisper_enrich.resources.pipeline import Pipeline

    built = []

    def build(error):
        built.append(Pipeline(settings, clock=clock, store=Failing(error)))
        return built[-1]

    yield build
    for pipeline in built:
        pipeline.close()


def test_a_store_that_does_not_answer_is_an_error_and_not_an_empty_store(failing, instance):
    with pytest.raises(StoreUnavailable):
        tick(failing(StoreUnavailable("Qdrant does not answer.")), instance)


def test_an_embedded_store_in_use_is_skipped_this_time(failing, instance):
    result = tick(failing(StoreBusy("Another process has it.")), instance)
    assert isinstance(result, SkipReason)
    assert "Another process has it." in result.skip_message


def test_days_before_the_first_partition_are_never_requested(pipeline, elena, instance):
    pipeline.store.upsert(elena.collection, chat("2025-12-30", TALK) + chat("2026-03-17", TALK))
    (request,) = tick(pipeline, instance).run_requests
    assert date.fromisoformat(request.tags["dagster/asset_partition_range_start"].split("|")[1]) == date(2026, 3, 17)
