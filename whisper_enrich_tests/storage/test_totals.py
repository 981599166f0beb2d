"""Totals that only grow, and the uptime of the worker."""

from datetime import timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from dagster import DagsterEvent, DagsterInstance, EventLogEntry
from dagster._core.events import DagsterEventType
from dagster._core.test_utils import create_run_for_test
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from whisper_enrich.assets.stage_times import timed_for
from whisper_enrich.llm.types import Usage
from whisper_enrich.settings import utc_now
from whisper_enrich.stages.stopwatch import Stopwatch
from whisper_enrich.storage import strategic_caches, totals, uptime
from whisper_enrich.storage.model_calls import Outcome
from whisper_enrich_tests.builders import said
from whisper_enrich_tests.conftest import NOW
from whisper_enrich_tests.storage.model_builders import reserve, settle


def beat(connection, at, silence=600.0, bots=("elena",)):
    uptime.record_outages(connection, bots, at, silence)
    strategic_caches.beat(connection, bots, at)


def test_uptime_is_the_share_without_silences_that_were_too_long(ctx):
    day = timedelta(hours=24)
    with ctx.database.begin() as connection:
        start = NOW - timedelta(hours=10)
        for minutes in (0, 5, 14, 60 + 14):
            beat(connection, start + timedelta(minutes=minutes))
        outages = connection.execute(text("SELECT silent_until - silent_from FROM worker_outages")).scalars().all()
        assert outages == [timedelta(hours=1)]
        after = start + timedelta(minutes=75)
        assert uptime.uptime(connection, after, day, 600)["elena"] == pytest.approx(1 - 60 / 75)
        # The silence that goes on counts from the last sign of life, once it is too long.
        assert uptime.uptime(connection, NOW, day, 600)["elena"] == pytest.approx(1 - (600 - 14) / 600)
        # Of an outage that began before the window, only what lies within it counts.
        assert uptime.uptime(connection, after, timedelta(minutes=30), 600)["elena"] == pytest.approx(1 - 29 / 30)


@settings(
    max_examples=15, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)  # fmt: skip
@given(gaps=st.lists(st.integers(1, 3000), min_size=1, max_size=12), window=st.integers(60, 40_000))
def test_uptime_is_what_a_second_by_second_count_gives(ctx, gaps, window):
    beats = [0]
    for gap in gaps:
        beats.append(beats[-1] + gap)
    now = beats[-1] + 700
    down = [False] * now
    for a, b in [*pairwise(beats), (beats[-1], now)]:
        if b - a > 600:
            down[a:b] = [True] * (b - a)
    since = max(0, now - window)
    with ctx.database.connect() as connection:
        for seconds in beats:
            beat(connection, NOW + timedelta(seconds=seconds))
        found = uptime.uptime(connection, NOW + timedelta(seconds=now), timedelta(seconds=window), 600)
        connection.rollback()
    assert found["elena"] == pytest.approx(1 - sum(down[since:]) / (now - since))


def test_times_are_counted_in_buckets(ctx):
    with ctx.database.begin() as connection:
        for seconds in (0.01, 0.02, 7.0, 10_000.0):
            totals.add_times(connection, "elena", {"write": seconds})
        totals.add_work(connection, "elena", "extract", 40, 12, 1)
        totals.add_work(connection, "elena", "extract", 2, 0, 0)
        extract, write = totals.stage_totals(connection)
    assert (extract.messages, extract.results, extract.failures, extract.buckets) == (42, 12, 1, ())
    assert (write.measurements, write.seconds) == (4, pytest.approx(10_007.03))
    assert dict(zip([*totals.BOUNDS, float("inf")], write.buckets, strict=True)) == {
        **dict.fromkeys(totals.BOUNDS, 0), 0.01: 1, 0.05: 1, 10.0: 1, float("inf"): 1
    }  # fmt: skip


def test_a_call_counts_once_when_it_is_settled_and_stays_when_the_calls_are_dropped(ctx):
    for outcome, cost in (
        (Outcome.ANSWERED, Decimal("0.0003")),
        (Outcome.ANSWERED, None),
        (Outcome.INVALID, Decimal(0)),
    ):
        settle(ctx, reserve(ctx, ctx.settings, NOW), NOW, Usage(80, 10), outcome, cost=cost, latency_seconds=1.5)
    reserve(ctx, ctx.settings, NOW)
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM model_calls"))
        answered, invalid = totals.model_totals(connection)
    assert (answered.outcome, answered.calls, answered.messages, answered.tokens_in, answered.tokens_out) == (
        "answered",
        2,
        6,
        160,
        20,
    )
    assert (answered.cost, answered.unpriced, answered.seconds) == (Decimal("0.0003"), 1, 3.0)
    assert (invalid.calls, invalid.unpriced) == (1, 0)


def test_a_stage_within_another_stops_its_watch():
    now = iter([0.0, 1.0, 4.0, 9.0, 9.0, 9.0])
    watch = Stopwatch(clock=lambda: next(now))
    with watch.measure("extract"), watch.measure("write"):
        pass
    assert watch.read() == {"extract": 1.0 + 5.0, "write": 3.0}
    assert watch.read() == {}


class Step:
    """What a step knows of its run."""

    def __init__(self, instance, run):
        self.instance, self.run = instance, run


def test_the_first_step_tells_what_came_before_it(ctx, pipeline, elena, clock):
    from whisper_enrich.stages.intake import take_in

    clock.now = utc_now()
    with DagsterInstance.ephemeral() as instance:
        run = create_run_for_test(instance, job_name="enrich_bot_day")
        for kind in (DagsterEventType.RUN_ENQUEUED, DagsterEventType.RUN_STARTING):
            event = DagsterEvent(kind.value, "enrich_bot_day")
            at = utc_now().timestamp()
            instance.event_log_storage.store_event(
                EventLogEntry(None, 10, "", run.run_id, at, None, "enrich_bot_day", event)
            )
        clock.now = utc_now() + timedelta(seconds=3)
        long_ago, just_now = clock.now - timedelta(days=3), clock.now - timedelta(seconds=45)
        pipeline.store.upsert(elena.collection, [said("Imported.", long_ago), said("Live.", just_now)])
        with timed_for(Step(instance, run), ctx, "intake", "elena"):
            take_in(ctx, elena)
        with pytest.raises(RuntimeError), timed_for(Step(instance, run), ctx, "facts", "elena"):
            raise RuntimeError
    with ctx.database.connect() as connection:
        seconds = {row.stage: row.seconds for row in totals.stage_totals(connection)}
    assert set(seconds) == {"detect", "queue", "start", "intake"}
    assert seconds["detect"] == pytest.approx(42, abs=1)
    assert seconds["start"] == pytest.approx(3, abs=1)
    assert 0 <= seconds["queue"] < 1
