from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta, timezone
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.messages.model import Scope
from whisper_enrich.summaries.model import Window
from whisper_enrich.summaries.windows import ALLOWED_HOURS, Action, assign, decide, window_of, windows_of_day
from whisper_enrich_tests.summaries.builders import message

HOURS = st.sampled_from(ALLOWED_HOURS)
DAYS = st.dates(date(2000, 1, 1), date(2100, 12, 31))
INSTANTS = st.datetimes(datetime(2000, 1, 2), datetime(2100, 12, 30), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from(["America/Los_Angeles", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"])
modest = settings(max_examples=80, derandomize=True, deadline=None)


@modest
@given(DAYS, HOURS)
def test_windows_tile_a_day_without_gap_or_overlap(day: date, hours: int) -> None:
    windows = windows_of_day(day, hours)
    midnight = datetime.combine(day, time(), UTC)
    assert len(windows) * hours == 24
    assert windows[0].start == midnight
    assert windows[-1].end == midnight + timedelta(days=1)
    assert all(one.end == following.start for one, following in pairwise(windows))
    assert all(window.end - window.start == timedelta(hours=hours) for window in windows)


@modest
@given(INSTANTS, HOURS)
def test_every_instant_lies_in_exactly_one_window_of_its_day(at: datetime, hours: int) -> None:
    holding = [window for window in windows_of_day(at.date(), hours) if window.holds(at)]
    assert holding == [window_of(at, hours)]


@modest
@given(DAYS, HOURS)
def test_an_edge_belongs_to_the_window_that_it_opens(day: date, hours: int) -> None:
    for window in windows_of_day(day, hours):
        assert window_of(window.start, hours) == window
        assert window_of(window.end - timedelta(microseconds=1), hours) == window
        assert window_of(window.end, hours).start == window.end


@modest
@given(INSTANTS, HOURS, ZONES)
def test_the_zone_that_a_time_is_written_in_does_not_matter(at: datetime, hours: int, zone: str) -> None:
    assert window_of(at.astimezone(ZoneInfo(zone)), hours) == window_of(at, hours)


def test_both_passes_of_the_repeated_hour_get_windows_of_their_own() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    first = datetime(2025, 10, 26, 2, 30, tzinfo=berlin, fold=0)
    second = datetime(2025, 10, 26, 2, 30, tzinfo=berlin, fold=1)
    assert window_of(first, 1).start == datetime(2025, 10, 26, 0, tzinfo=UTC)
    assert window_of(second, 1).start == datetime(2025, 10, 26, 1, tzinfo=UTC)


def test_a_day_of_daylight_saving_change_has_as_many_windows_as_any_other() -> None:
    assert len(windows_of_day(date(2025, 3, 9), 6)) == len(windows_of_day(date(2025, 6, 9), 6)) == 4


@pytest.mark.parametrize("hours", [0, -1, 5, 7, 9, 16, 25, 48])
def test_hours_that_do_not_divide_the_day_are_refused_by_naming_those_that_do(hours: int) -> None:
    with pytest.raises(ConfigurationError, match="1, 2, 3, 4, 6, 8, 12, 24") as raised:
        windows_of_day(date(2026, 1, 1), hours)
    assert "TIME_WINDOW_HOURS" in str(raised.value)
    with pytest.raises(ConfigurationError):
        window_of(datetime(2026, 1, 1, tzinfo=UTC), hours)


def test_a_naive_time_is_refused_rather_than_taken_for_some_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        window_of(datetime(2026, 1, 1, 12), 24)  # noqa: DTZ001


@modest
@given(
    st.lists(st.tuples(st.integers(0, 3 * 24 * 60), st.sampled_from(list(Scope))), max_size=30),
    HOURS,
    st.randoms(use_true_random=False),
)
def test_assignment_loses_nothing_and_does_not_depend_on_order(minutes, hours, random) -> None:
    start = datetime(2026, 2, 27, 22, tzinfo=UTC)
    messages = [
        message("x", number=i, at=start + timedelta(minutes=m), scope=scope) for i, (m, scope) in enumerate(minutes)
    ]
    shuffled = random.sample(messages, len(messages))
    assigned = assign(messages, hours)
    assert assign(shuffled, hours) == assigned
    assert list(assign(shuffled, hours)) == list(assigned)
    assert sorted(m.point_id for group in assigned.values() for m in group) == sorted(m.point_id for m in messages)
    for (window, scope), group in assigned.items():
        assert all(window.holds(m.at) and m.scope is scope for m in group)
        assert [m.order for m in group] == sorted(m.order for m in group)


def test_what_was_said_in_private_never_shares_a_group_with_what_was_not() -> None:
    private = message("secret", number=1, scope=Scope.DM)
    public = message("hello", number=2, scope=Scope.SHARED)
    assert sorted(scope for _, scope in assign([private, public], 24)) == [Scope.DM, Scope.SHARED]


MORNING = Window(datetime(2026, 3, 4, 0, tzinfo=UTC), datetime(2026, 3, 4, 6, tzinfo=UTC))
DAY_ENDS = datetime(2026, 3, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("count", "now", "action", "look_again"),
    [
        (5, datetime(2026, 3, 4, 3, tzinfo=UTC), Action.SUMMARISE, None),
        (6, datetime(2026, 3, 9, 0, tzinfo=UTC), Action.SUMMARISE, None),
        (4, datetime(2026, 3, 4, 3, tzinfo=UTC), Action.WAIT, DAY_ENDS),
        (4, datetime(2026, 3, 4, 7, tzinfo=UTC), Action.WAIT, DAY_ENDS),
        (4, DAY_ENDS - timedelta(microseconds=1), Action.WAIT, DAY_ENDS),
        (4, DAY_ENDS, Action.SHORT, None),
        (1, DAY_ENDS + timedelta(days=30), Action.SHORT, None),
        (0, datetime(2026, 3, 4, 3, tzinfo=UTC), Action.WAIT, None),
        (0, DAY_ENDS, Action.WAIT, None),
    ],
)
def test_a_window_is_summarised_with_enough_messages_and_closed_as_short_with_its_day(
    count: int, now: datetime, action: Action, look_again: datetime | None
) -> None:
    decision = decide(MORNING, count, 5, now)
    assert (decision.action, decision.look_again) == (action, look_again)


def test_the_clock_of_another_zone_closes_the_utc_day() -> None:
    pacific = timezone(timedelta(hours=-8))
    assert decide(MORNING, 1, 5, datetime(2026, 3, 4, 15, 59, tzinfo=pacific)).action is Action.WAIT
    assert decide(MORNING, 1, 5, datetime(2026, 3, 4, 16, 0, tzinfo=pacific)).action is Action.SHORT
