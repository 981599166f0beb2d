"""How often and when a user writes."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from whisper_enrich.strategic.activity import frequency, preferred_hours
from whisper_enrich_tests.strategic.trait_turns import history

DAY = 86400.0


def on_days(days, **more):
    return history([(day * DAY, True, {}) for day in days], **more)


@pytest.mark.parametrize(
    ("days", "word"),
    [
        (range(28), "daily"),
        ([d for d in range(28) if d % 7 < 5], "daily"),
        ([d for d in range(28) if d % 7 in (0, 3)], "several a week"),
        (range(0, 28, 7), "weekly"),
        ([0, 8, 15], "weekly"),
        ([0, 27], "sporadic"),
        ([0, *range(21, 28)], "sporadic"),
        ([0], "sporadic"),
    ],
)
def test_the_last_four_weeks_give_the_word(days, word):
    assert frequency(on_days(days, as_of=27 * DAY + 3600)).word == word


def test_what_is_longer_ago_than_four_weeks_does_not_count():
    found = frequency(on_days(range(28), as_of=80 * DAY))
    assert (found.word, found.active_days, found.span_days) == ("sporadic", 0, 28)


def test_a_new_user_is_judged_by_the_days_since_the_first_message():
    assert frequency(on_days(range(10), as_of=9 * DAY)).word == "daily"
    young = frequency(on_days(range(3), as_of=2 * DAY))
    assert (young.word, young.reason, young.active_days) == (None, "known_for_too_short", 3)


def test_a_user_who_said_nothing_has_no_frequency():
    assert frequency(history([(0.0, False, {})])).reason == "no_user_messages"
    assert frequency(history([])).reason == "no_user_messages"


def test_days_are_the_users_own():
    evening_and_after_midnight = [(day * DAY + at, True, {}) for day in range(0, 28, 7) for at in (0.0, 3.5 * 3600)]
    assert frequency(history(evening_and_after_midnight)).active_days == 4
    assert frequency(history(evening_and_after_midnight, zone=ZoneInfo("Asia/Tokyo"))).active_days == 4
    assert frequency(history(evening_and_after_midnight, zone=ZoneInfo("Europe/Istanbul"))).active_days == 8


def test_habitual_hours_are_found_in_the_users_own_zone():
    rows = [(day * DAY + minute * 60.0, True, {}) for day in range(10) for minute in (0, 20, 40)]
    assert preferred_hours(history(rows)) == (18,)
    assert preferred_hours(history(rows, zone=ZoneInfo("America/New_York")))[0] in (13, 14)


def test_one_long_talk_makes_no_habit():
    rows = [(minute * 60.0, True, {}) for minute in range(50)]
    assert preferred_hours(history(rows)) == ()


def test_one_late_talk_weighs_no_more_than_one_message():
    habit = [(day * DAY, True, {}) for day in range(20)]
    late = [(20 * DAY + 8 * 3600 + minute * 60.0, True, {}) for minute in range(55)]
    assert preferred_hours(history(habit + late)) == (18,)


def test_hours_across_midnight_are_neighbours():
    start = timedelta(hours=5, minutes=30).total_seconds()
    rows = [(day * DAY + start + half * 3600, True, {}) for day in range(12) for half in (0, 1)]
    assert set(preferred_hours(history(rows))) == {23, 0}


def test_evenly_spread_messages_prefer_no_hour():
    rows = [(hour * 3600.0, True, {}) for hour in range(24 * 8)]
    assert preferred_hours(history(rows)) == ()


def test_the_zone_of_the_process_does_not_matter(monkeypatch):
    import time

    rows = [(day * DAY, True, {}) for day in range(30)]
    here = frequency(history(rows)), preferred_hours(history(rows))
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    time.tzset()
    try:
        assert (frequency(history(rows)), preferred_hours(history(rows))) == here
    finally:
        monkeypatch.undo()
        time.tzset()


def test_local_days_count_from_1970():
    at = history([(0.0, True, {})], zone=ZoneInfo("Pacific/Auckland"))
    assert at.local_days().tolist() == [(datetime(2026, 3, 3, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days]
