"""The sensor that notices new points."""

from datetime import UTC, date, datetime, timedelta

import pytest
from dagster import DagsterInstance, DagsterRunStatus, SkipReason, build_sensor_context
from dagster._core.test_utils import create_run_for_test
from sqlalchemy import text

from whisper_enrich.automation import discovery
from whisper_enrich.automation.pace import Cursor, Seen
from whisper_enrich.automation.sensors import new_messages
from whisper_enrich.errors import StoreBusy, StoreUnavailable
from whisper_enrich.partitions import BOTS
from whisper_enrich.resources.pipeline import Pipeline
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


def test_a_bot_whose_run_failed_is_launched_again_though_nothing_waits_in_the_ledger(
    pipeline, ctx, elena, instance, clock
):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    enrich(ctx, elena)
    tags = {"whisper_enrich/bot": "elena"}
    create_run_for_test(instance, job_name="enrich_bot_day", status=DagsterRunStatus.FAILURE, tags=tags)
    clock.now = datetime.now(UTC) + timedelta(minutes=2)
    assert len(tick(pipeline, instance).run_requests) == 1
    create_run_for_test(instance, job_name="enrich_bot_day", status=DagsterRunStatus.SUCCESS, tags=tags)
    assert tick(pipeline, instance).run_requests == []


def test_a_run_that_went_well_ends_the_pause(pipeline, elena, instance, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    for status in (DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS):
        create_run_for_test(instance, status=status, tags={"whisper_enrich/bot": "elena"})
    clock.now = datetime.now(UTC)
    assert len(tick(pipeline, instance).run_requests) == 1


def test_bots_that_a_slow_store_left_no_time_for_are_first_at_the_next_tick(pipeline, instance, clock, monkeypatch):
    from whisper_enrich.automation import sensors

    for name in ("ada", "bea", "cleo"):
        bot = pipeline.store.create_collection(name)
        pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK, user=name))
    monkeypatch.setattr(sensors, "LOOK_SECONDS", 0.0)
    seen, cursor = [], None
    for _ in range(4):
        result = tick(pipeline, instance, cursor)
        cursor = result.cursor
        clock.forward(seconds=30)
        seen += [request.tags["whisper_enrich/bot"] for request in result.run_requests]
    assert seen == ["ada", "bea", "cleo", "ada"]


def test_points_that_are_no_conversation_are_noticed_so_that_they_get_marked(pipeline, elena, instance):
    pipeline.store.upsert(elena.collection, [said("I was young.", at("2019-05-01 10:00"))])
    (request,) = tick(pipeline, instance).run_requests
    assert request.tags["dagster/asset_partition_range_start"] == "elena|2026-03-20"


def test_with_many_bots_the_ticks_take_turns(pipeline, instance, settings, clock):
    few = Pipeline(settings.model_copy(update={"enrichment_max_bots_per_tick": 2}), clock=clock, store=pipeline.store)
    for name in ("ada", "bea", "cleo"):
        bot = pipeline.store.create_collection(name)
        pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK, user=name))
    first = tick(few, instance)
    clock.forward(seconds=30)
    second = tick(few, instance, cursor=first.cursor)
    few.database.close()
    assert [request.tags["whisper_enrich/bot"] for request in first.run_requests] == ["ada", "bea"]
    assert [request.tags["whisper_enrich/bot"] for request in second.run_requests] == ["cleo", "ada"]


def test_a_bot_that_told_of_a_message_which_is_not_in_the_ledger_is_looked_at_first(
    pipeline, instance, settings, clock
):
    few = Pipeline(settings.model_copy(update={"enrichment_max_bots_per_tick": 2}), clock=clock, store=pipeline.store)
    bots = [pipeline.store.create_collection(name) for name in ("ada", "bea", "cleo", "dora")]
    with few.database.begin() as connection:
        connection.execute(text("INSERT INTO message_touches VALUES ('dora', 'ana', :at), ('cleo', 'old', :old)"),
                           {"at": clock(), "old": at("2026-03-20 10:00")})  # fmt: skip
    cursor, seen = None, []
    for _ in range(2):
        result = tick(few, instance, cursor=cursor)
        cursor = result.cursor
        seen.append(looked_at(few))
        assert result.run_requests == []
    assert seen == [{"dora", "ada"}, {"dora", "ada", "bea"}]
    pipeline.store.upsert(bots[3].collection, [said("I live in Lisbon.", clock())])
    (request,) = tick(few, instance, cursor=cursor).run_requests
    assert request.tags["whisper_enrich/bot"] == "dora"
    enrich(few.context("run-1"), bots[3])
    assert tick(few, instance, cursor=cursor).run_requests == []
    assert looked_at(few) == {"dora", "ada", "bea", "cleo"}
    few.database.close()


def looked_at(pipeline):
    with pipeline.database.connect() as connection:
        return set(connection.execute(text("SELECT bot_name FROM worker_heartbeats")).scalars())


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


def test_a_quiet_bot_is_looked_at_less_often_and_a_touch_brings_it_back_at_once(
    pipeline, elena, instance, clock, monkeypatch
):
    looks = []
    count = type(pipeline.store).count
    monkeypatch.setattr(
        type(pipeline.store), "count", lambda self, *args, **more: looks.append(clock()) or count(self, *args, **more)
    )
    cursor = tick(pipeline, instance).cursor
    for _ in range(60):
        clock.forward(seconds=30)
        cursor = tick(pipeline, instance, cursor).cursor
    assert len(looks) < 31
    looks.clear()
    with pipeline.database.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO message_touches (bot_name, user_id, at, recent) VALUES ('elena', 'ana', :now, ARRAY[:now])"
            ),
            {"now": clock()},
        )
    clock.forward(seconds=30)
    tick(pipeline, instance, cursor)
    assert looks == [clock()]


def test_of_several_quiet_bots_that_told_of_a_message_each_gets_its_turn_at_once(
    pipeline, instance, settings, clock, monkeypatch
):
    looks = []
    look = discovery.look_for_new_points
    monkeypatch.setattr(
        discovery, "look_for_new_points",
        lambda ctx, bots, **more: looks.append([bot.bot_name for bot in bots]) or look(ctx, bots, **more),
    )  # fmt: skip
    names = ["ada", "bea", "cleo", "dora"]
    for name in names:
        pipeline.store.create_collection(name)
    long_ago = {name: Seen(clock(), clock() - timedelta(hours=5)) for name in names}
    touch = "INSERT INTO message_touches (bot_name, user_id, at) SELECT unnest(CAST(:names AS text[])), 'ana', :at"
    with pipeline.database.begin() as connection:
        connection.execute(text(touch), {"names": names[:3], "at": clock()})
    few = Pipeline(settings.model_copy(update={"enrichment_max_bots_per_tick": 2}), clock=clock, store=pipeline.store)
    cursor = Cursor("", long_ago).text(names)
    for _ in range(2):
        clock.forward(seconds=30)
        cursor = tick(few, instance, cursor).cursor
    few.database.close()
    assert looks == [["ada", "bea"], ["ada", "cleo"]]


def test_a_backfill_under_way_keeps_no_live_run_from_being_launched(pipeline, elena, instance, clock):
    pipeline.store.upsert(elena.collection, chat("2026-03-17", TALK))
    create_run_for_test(
        instance, status=DagsterRunStatus.STARTED, tags={"dagster/backfill": "b1", "dagster/partition/bot": "elena"}
    )
    create_run_for_test(
        instance, job_name="backfill_enrichment", status=DagsterRunStatus.STARTED, tags={"whisper_enrich/bot": "elena"}
    )
    (request,) = tick(pipeline, instance).run_requests
    assert request.tags["whisper_enrich/live"] == "elena"
