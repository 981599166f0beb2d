"""Which runs a tick launches."""

from datetime import date

import pytest

from whisper_enrich.automation.plan import MAX_DAYS_PER_RUN, Launch, plan_runs, skip_message
from whisper_enrich.partitions import contiguous, days_by_bot, range_tags

FIRST, TODAY = date(2026, 1, 1), date(2026, 3, 20)


def days(*numbers: int) -> set[date]:
    return {date(2026, 3, number) for number in numbers}


@pytest.mark.parametrize(
    ("due", "in_flight", "expected"),
    [
        ({"elena": days(20)}, set(), [Launch("elena", date(2026, 3, 20), date(2026, 3, 20), 1)]),
        ({"elena": days(18, 19, 20)}, set(), [Launch("elena", date(2026, 3, 18), date(2026, 3, 20), 3)]),
        ({"elena": days(18, 20)}, set(), [Launch("elena", date(2026, 3, 18), date(2026, 3, 20), 2)]),
        ({"elena": days(3, 4, 19, 20)}, set(), [Launch("elena", date(2026, 3, 19), date(2026, 3, 20), 2)]),
        ({"elena": days(20)}, {"elena"}, []),
        ({"elena": set()}, set(), []),
        ({}, set(), []),
        ({"elena": {date(2025, 12, 31)}}, set(), []),
        ({"elena": {date(2026, 3, 21)}}, set(), []),
        (
            {"elena": days(20), "marcus": days(19)},
            {"elena"},
            [Launch("marcus", date(2026, 3, 19), date(2026, 3, 19), 1)],
        ),
    ],
)
def test_one_run_a_bot_over_its_newest_block_of_days(due, in_flight, expected):
    plan = plan_runs(["elena", "marcus"], due, in_flight, first_day=FIRST, today=TODAY)
    assert list(plan.launches) == expected
    assert set(plan.skipped) == {"elena", "marcus"} - {launch.bot_name for launch in expected}


def test_an_import_of_months_is_worked_off_a_month_a_run_newest_first():
    due = {"elena": {date.fromordinal(FIRST.toordinal() + i) for i in range(79)}}
    (launch,) = plan_runs(["elena"], due, set(), first_day=FIRST, today=TODAY).launches
    assert launch.last == TODAY
    assert (launch.last - launch.first).days + 1 == MAX_DAYS_PER_RUN


def test_a_tick_that_launches_nothing_says_what_it_saw():
    due = {"elena": days(20)}
    plan = plan_runs(["elena", "marcus"], due, {"elena"}, first_day=FIRST, today=TODAY)
    message = skip_message(plan, due)
    assert "a run is queued or running: elena" in message
    assert "nothing waits: marcus" in message


def test_of_hundreds_of_bots_a_tick_names_the_first():
    plan = plan_runs([f"bot-{number:03}" for number in range(300)], {}, set(), first_day=FIRST, today=TODAY)
    message = skip_message(plan, {})
    assert message.startswith("300 bots, 0 bot-days with work. nothing waits: bot-000, bot-001, ")
    assert message.endswith("bot-009 and 290 more.")


def test_a_range_that_runs_backwards_is_refused():
    with pytest.raises(ValueError, match="runs forward"):
        range_tags("elena", date(2026, 3, 2), date(2026, 3, 1))


def test_partition_keys_become_sorted_days_by_bot():
    keys = ["marcus|2026-03-02", "elena|2026-03-03", "elena|2026-03-01"]
    assert days_by_bot(keys) == {
        "elena": [date(2026, 3, 1), date(2026, 3, 3)],
        "marcus": [date(2026, 3, 2)],
    }


def test_days_become_ranges_without_gaps():
    assert contiguous(sorted(days(1, 2, 5))) == [
        (date(2026, 3, 1), date(2026, 3, 2)),
        (date(2026, 3, 5), date(2026, 3, 5)),
    ]
    assert contiguous([]) == []


def test_bots_with_requests_come_first_and_say_where_one_waits():
    due = {"elena": days(20), "marcus": days(20), "zoe": days(20)}
    plan = plan_runs(
        ["elena", "marcus", "zoe"], due, {"elena"}, first_day=FIRST, today=TODAY, requested=["zoe", "elena"]
    )
    assert [(launch.bot_name, launch.requested) for launch in plan.launches] == [("zoe", True), ("marcus", False)]
    assert plan.skipped == {"elena": "a run is queued or running (its request waits)"}
