"""Date phrases, as seen from a Wednesday: 18 June 2025."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.facts.dates import find_dates, with_dates
from whisper_enrich.facts.model import Tense

SAID_AT = datetime(2025, 6, 18, 9, 30, tzinfo=UTC)
PAST, PRESENT, FUTURE = Tense.PAST, Tense.PRESENT, Tense.FUTURE

ONE_DAY = [
    ("today", PRESENT, date(2025, 6, 18)),
    ("this morning", PAST, date(2025, 6, 18)),
    ("tonight", FUTURE, date(2025, 6, 18)),
    ("yesterday", PAST, date(2025, 6, 17)),
    ("last night", PAST, date(2025, 6, 17)),
    ("the day before yesterday", PAST, date(2025, 6, 16)),
    ("tomorrow morning", FUTURE, date(2025, 6, 19)),
    ("the day after tomorrow", FUTURE, date(2025, 6, 20)),
    ("three days ago", PAST, date(2025, 6, 15)),
    ("10 minutes ago", PAST, date(2025, 6, 18)),
    ("in 2 days", FUTURE, date(2025, 6, 20)),
    ("two days from now", FUTURE, date(2025, 6, 20)),
    ("last Friday", PAST, date(2025, 6, 13)),
    ("last wednesday", PAST, date(2025, 6, 11)),
    ("next Fri", FUTURE, date(2025, 6, 20)),
    ("this Sunday", FUTURE, date(2025, 6, 22)),
    ("on Monday", PAST, date(2025, 6, 16)),
    ("on Monday", FUTURE, date(2025, 6, 23)),
    ("on Friday night", FUTURE, date(2025, 6, 20)),
    ("on July 4th", FUTURE, date(2025, 7, 4)),
    ("on March 3", PAST, date(2025, 3, 3)),
    ("on the 5th of May", FUTURE, date(2026, 5, 5)),
    ("on 24 December", PAST, date(2024, 12, 24)),
    ("May 5, 2022", PAST, date(2022, 5, 5)),
    ("2024-02-29", PAST, date(2024, 2, 29)),
]

SPANS = [
    ("last week", PAST, date(2025, 6, 9), date(2025, 6, 15), "week of 2025-06-09"),
    ("next week", FUTURE, date(2025, 6, 23), date(2025, 6, 29), "week of 2025-06-23"),
    ("a couple of weeks ago", PAST, date(2025, 6, 2), date(2025, 6, 8), "week of 2025-06-02"),
    ("in three weeks", FUTURE, date(2025, 7, 7), date(2025, 7, 13), "week of 2025-07-07"),
    ("last weekend", PAST, date(2025, 6, 14), date(2025, 6, 15), "weekend of 2025-06-14"),
    ("over the weekend", PAST, date(2025, 6, 14), date(2025, 6, 15), "weekend of 2025-06-14"),
    ("this weekend", FUTURE, date(2025, 6, 21), date(2025, 6, 22), "weekend of 2025-06-21"),
    ("last month", PAST, date(2025, 5, 1), date(2025, 5, 31), "2025-05"),
    ("next month", FUTURE, date(2025, 7, 1), date(2025, 7, 31), "2025-07"),
    ("five months ago", PAST, date(2025, 1, 1), date(2025, 1, 31), "2025-01"),
    ("in May", PAST, date(2025, 5, 1), date(2025, 5, 31), "2025-05"),
    ("in May", FUTURE, date(2026, 5, 1), date(2026, 5, 31), "2026-05"),
    ("in June", FUTURE, date(2025, 6, 1), date(2025, 6, 30), "2025-06"),
    ("last August", PAST, date(2024, 8, 1), date(2024, 8, 31), "2024-08"),
    ("in March 2019", PAST, date(2019, 3, 1), date(2019, 3, 31), "2019-03"),
    ("2 years ago", PAST, date(2023, 1, 1), date(2023, 12, 31), "2023"),
    ("thirty-seven years ago", PAST, date(1988, 1, 1), date(1988, 12, 31), "1988"),
    ("next year", FUTURE, date(2026, 1, 1), date(2026, 12, 31), "2026"),
    ("in 2010", PAST, date(2010, 1, 1), date(2010, 12, 31), "2010"),
    ("last summer", PAST, date(2024, 6, 1), date(2024, 8, 31), "summer 2024"),
    ("last winter", PAST, date(2024, 12, 1), date(2025, 2, 28), "winter 2024"),
    ("next fall", FUTURE, date(2025, 9, 1), date(2025, 11, 30), "fall 2025"),
    ("in the summer of 2019", PAST, date(2019, 6, 1), date(2019, 8, 31), "summer 2019"),
]

NO_DATE = [
    "recently",
    "soon",
    "the other day",
    "a few years ago",
    "I may go, march on",
    "two years old",
    "5 years later",
    "on a Friday",
    "on Fridays",
    "my 3 sons",
    "in the last year",
    "I sat on it",
    "300 decades ago",
    "on 30 February",
    "at last it rained",
    "todays special",
    "marching in the second parade",
]


@pytest.mark.parametrize(("phrase", "tense", "day"), ONE_DAY)
def test_a_phrase_for_a_day_gives_the_day(phrase: str, tense: Tense, day: date) -> None:
    (found,) = find_dates(f"It happens {phrase}, more or less", SAID_AT, tense)
    assert (found.first, found.last) == (day, day)


@pytest.mark.parametrize(("phrase", "tense", "first", "last", "label"), SPANS)
def test_a_phrase_for_a_span_gives_its_days_and_claims_no_more(
    phrase: str, tense: Tense, first: date, last: date, label: str
) -> None:
    (found,) = find_dates(f"It happens {phrase}", SAID_AT, tense)
    assert (found.first, found.last, found.label, found.text) == (first, last, label, phrase)


@pytest.mark.parametrize("text", NO_DATE)
def test_vague_or_other_words_give_none(text: str) -> None:
    assert find_dates(text, SAID_AT, PAST) == []


def test_since_leaves_the_end_open() -> None:
    (found,) = find_dates("I've been here since 2019", SAID_AT)
    assert (found.first, found.last) == (date(2019, 1, 1), None)


def test_a_duration_tells_the_beginning_only_of_what_lasts() -> None:
    (lasting,) = find_dates("I've lived here for three years", SAID_AT)
    assert (lasting.first, lasting.last, lasting.label) == (date(2022, 1, 1), None, "since 2022")
    assert find_dates("I slept for two days", SAID_AT, PAST) == []
    assert find_dates("I have agreed to be silent for a year", SAID_AT) == []


def test_how_long_something_took_is_no_date() -> None:
    assert find_dates("I built it in two days", SAID_AT, PAST) == []


def test_a_day_told_as_past_but_soon_to_come_is_left_open() -> None:
    assert find_dates("they gave me the appointment on 1 July", SAID_AT, PAST) == []


def test_relative_phrases_get_their_date_in_brackets_and_others_do_not() -> None:
    text = "I left yesterday, came back on 2 May 2024 and leave again next month"
    written = with_dates(text, find_dates(text, SAID_AT))
    assert written == "I left yesterday (2025-06-17), came back on 2 May 2024 and leave again next month (2025-07)"


def test_the_year_turns() -> None:
    new_year = datetime(2026, 1, 1, 0, 30, tzinfo=UTC)
    assert find_dates("yesterday", new_year, PAST)[0].first == date(2025, 12, 31)
    assert find_dates("last month", new_year, PAST)[0].label == "2025-12"
    assert find_dates("in December", new_year, PAST)[0].label == "2025-12"


_DAYS = st.datetimes(
    min_value=datetime(1980, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2080, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@settings(max_examples=80, derandomize=True, deadline=None)
@given(_DAYS, st.sampled_from([*(case[0] for case in ONE_DAY), *(case[0] for case in SPANS)]), st.sampled_from(Tense))
def test_spans_are_verbatim_and_in_order(said_at: datetime, phrase: str, tense: Tense) -> None:
    text = f"so {phrase} it was"
    for found in find_dates(text, said_at, tense):
        assert text[found.start : found.end] == found.text
        assert found.first is None or found.last is None or found.first <= found.last


@settings(max_examples=80, derandomize=True, deadline=None)
@given(_DAYS, st.sampled_from(["monday", "Tue", "friday", "Sunday"]))
def test_last_weekday_is_within_the_past_week_and_next_within_the_coming_one(said_at: datetime, name: str) -> None:
    today = said_at.date()
    (last,) = find_dates(f"last {name}", said_at)
    (following,) = find_dates(f"next {name}", said_at)
    assert last.first is not None and today - timedelta(days=7) <= last.first < today
    assert following.first is not None and today < following.first <= today + timedelta(days=7)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("I lived in Leeds from 2001 to 2004", date(2001, 1, 1), date(2004, 12, 31)),
        ("we lived there between March 2015 and June 2018", date(2015, 3, 1), date(2018, 6, 30)),
        ("I lived in Leeds 2001-2004", date(2001, 1, 1), date(2004, 12, 31)),
        ("I lived in Leeds until 2004", None, date(2004, 12, 31)),
    ],
)
def test_a_stretch_has_its_first_and_last_day(text, first, last):
    (span,) = find_dates(text, datetime(2026, 3, 1, tzinfo=UTC), Tense.PAST)
    assert (span.first, span.last) == (first, last)


def test_a_stretch_that_ends_before_it_begins_is_none():
    assert find_dates("I lived there from 2004 to 2001", datetime(2026, 3, 1, tzinfo=UTC), Tense.PAST) == []
