"""The schedules: what a tick requests."""

from datetime import date

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultScheduleStatus,
    RunRequest,
    SkipReason,
    build_schedule_context,
)
from dagster._core.test_utils import create_run_for_test

from whisper_enrich.automation.jobs import BOT_TAG
from whisper_enrich.automation.schedules import (
    check_quality_hourly,
    every,
    prune_model_answers_daily,
    reconcile_daily,
    renew_caches,
    roll_up_nightly,
    sweep_recent_days,
)
from whisper_enrich.partitions import BOTS
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich_tests.builders import chat

START = "dagster/asset_partition_range_start"
END = "dagster/asset_partition_range_end"


@pytest.fixture
def empty(tmp_path):
    """A Dagster instance on disk: a schedule's context opens it anew."""
    with DagsterInstance.local_temp(str(tmp_path)) as built:
        yield built


@pytest.fixture
def instance(empty):
    empty.add_dynamic_partitions(BOTS, ["elena", "marcus"])
    return empty


def tick(schedule, pipeline, instance):
    with build_schedule_context(instance=instance, resources={"pipeline": pipeline}) as context:
        return list(schedule(context))


def test_the_sweep_takes_the_last_days_of_every_bot_in_one_run_each(pipeline, instance):
    requests = tick(sweep_recent_days, pipeline, instance)
    assert [(r.tags[BOT_TAG], r.tags[START], r.tags[END]) for r in requests] == [
        ("elena", "elena|2026-03-18", "elena|2026-03-20"),
        ("marcus", "marcus|2026-03-18", "marcus|2026-03-20"),
    ]
    assert all(request.run_key is None for request in requests)


def test_the_sweep_looks_back_as_far_as_the_setting_says(pipeline, instance, settings, clock):
    week = Pipeline(settings.model_copy(update={"lookback_days": 7}), clock=clock, store=pipeline.store)
    assert {r.tags[START] for r in tick(sweep_recent_days, week, instance)} == {"elena|2026-03-14", "marcus|2026-03-14"}


def test_the_sweep_never_asks_for_days_before_the_first_partition(pipeline, instance, settings, clock):
    young = Pipeline(
        settings.model_copy(update={"enrichment_start_date": date(2026, 3, 20)}), clock=clock, store=pipeline.store
    )
    assert {r.tags[START] for r in tick(sweep_recent_days, young, instance)} == {
        "elena|2026-03-20",
        "marcus|2026-03-20",
    }


def test_the_sweep_leaves_bots_with_a_run_in_flight_alone(pipeline, instance):
    create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags={BOT_TAG: "elena"})
    (request,) = tick(sweep_recent_days, pipeline, instance)
    assert request.tags[BOT_TAG] == "marcus"
    create_run_for_test(instance, status=DagsterRunStatus.NOT_STARTED, tags={"dagster/partition": "marcus|2026-03-01"})
    (skip,) = tick(sweep_recent_days, pipeline, instance)
    assert isinstance(skip, SkipReason)


def test_a_bot_whose_rows_are_close_to_their_end_is_renewed_and_nobody_else(pipeline, ctx, elena, instance, clock):
    assert isinstance(tick(renew_caches, pipeline, instance)[0], SkipReason)
    ctx.store.upsert(elena.collection, chat(f"{clock():%Y-%m-%d}", ["I saw a stork.", "Where was that?"]))
    take_in(ctx, elena)
    bring_features_up_to_date(ctx, elena, [clock().date()])
    compute_caches(ctx, elena, [clock().date()], "strategic_memory_health")
    assert isinstance(tick(renew_caches, pipeline, instance)[0], SkipReason)
    clock.forward(hours=24)
    (request,) = tick(renew_caches, pipeline, instance)
    today = f"elena|{clock():%Y-%m-%d}"
    assert (request.tags[BOT_TAG], request.tags[START], request.tags[END]) == ("elena", today, today)
    create_run_for_test(instance, status=DagsterRunStatus.STARTED, tags={BOT_TAG: "elena"})
    (skip,) = tick(renew_caches, pipeline, instance)
    assert "in flight" in skip.skip_message


@pytest.mark.parametrize(
    ("seconds", "cron"),
    [(1, "*/1 * * * *"), (300, "*/5 * * * *"), (420, "*/6 * * * *"), (3600, "0 * * * *"), (90_000, "0 * * * *")],
)
def test_the_interval_becomes_the_closest_cron_expression_that_is_no_longer(seconds, cron):
    assert every(seconds) == cron


@pytest.mark.parametrize("schedule", [sweep_recent_days, reconcile_daily, roll_up_nightly])
def test_without_any_bot_a_schedule_says_so(pipeline, schedule, empty):
    (skip,) = tick(schedule, pipeline, empty)
    assert "No bot is registered" in skip.skip_message


@pytest.mark.parametrize("schedule", [reconcile_daily, roll_up_nightly])
def test_a_nightly_job_is_one_run_a_bot_that_waits_for_the_bots_other_runs(schedule, pipeline, instance):
    requests = tick(schedule, pipeline, instance)
    assert all(isinstance(request, RunRequest) for request in requests)
    assert [(r.partition_key, r.tags[BOT_TAG]) for r in requests] == [("elena", "elena"), ("marcus", "marcus")]


def test_all_schedules_run_from_the_start_and_in_utc():
    for schedule in (
        sweep_recent_days,
        reconcile_daily,
        roll_up_nightly,
        prune_model_answers_daily,
        check_quality_hourly,
    ):
        assert schedule.default_status is DefaultScheduleStatus.RUNNING, schedule.name
        assert schedule.execution_timezone == "UTC", schedule.name
