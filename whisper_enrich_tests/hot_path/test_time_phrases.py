"""A sentence with a time is understood as a range of instants; one without is not."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.hot_path.time_phrases import TimeRange, Understood, understand
from whisper_enrich_tests.hot_path import time_phrases_fresh, time_phrases_held_out, time_phrases_more
from whisper_enrich_tests.hot_path.time_phrase_cases import LISBON, WEDNESDAY, Case, moment

CASES = [*time_phrases_held_out.HELD_OUT, *time_phrases_more.MORE, *time_phrases_fresh.FRESH]
ZONES = (
    "Europe/Lisbon", "America/New_York", "America/Santiago", "America/Havana", "Asia/Kolkata", "Australia/Lord_Howe",
    "Pacific/Apia", "Pacific/Kiritimati", "UTC",
)  # fmt: skip
quickly = settings(max_examples=150, derandomize=True, deadline=None)
moments = st.datetimes(datetime(1975, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds
zones = st.sampled_from(ZONES).map(ZoneInfo)
# Sentences from all cases, and sentences sewn together from pieces of them.
sentences = st.sampled_from([case.text for case in CASES])
pieces = st.lists(st.sampled_from(sorted({word for case in CASES for word in case.text.split()})), max_size=8)


def answer(case: Case) -> Understood:
    return understand(case.text, now=case.asked_at, tz=ZoneInfo(case.zone), anchors=case.anchors)


def ask(text: str, now: str = WEDNESDAY, zone: str = LISBON, **anchors: date) -> Understood:
    return understand(text, now=moment(now, zone), tz=ZoneInfo(zone), anchors=anchors)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.text}, {case.now} {case.zone}")
def test_what_a_sentence_asks_about(case):
    got = answer(case)
    expected = TimeRange(case.instant(case.start), case.instant(case.end)) if case.start else None
    assert (got.kind, got.range) == (case.kind, expected), got.sentence
    assert got.ambiguous == case.ambiguous, got.sentence
    for start, end in case.other:
        assert TimeRange(case.instant(start), case.instant(end)) in got.alternatives


def test_there_are_enough_cases_and_none_twice():
    asked = [(case.text, case.now, case.zone, tuple(case.anchors)) for case in CASES]
    assert len(asked) == len(set(asked)) >= 260
    assert sum(case.kind == "none" and not answer(case).phrase for case in CASES) >= 60


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("what did we talk about last week?", "last week: Monday 9 to Sunday 15 November 2026, Europe/Lisbon"),
        ("in October", "in October: Thursday 1 to Saturday 31 October 2026, Europe/Lisbon"),
        ("yesterday", "yesterday: Tuesday 17 November 2026, Europe/Lisbon"),
        ("yesterday evening", "yesterday evening: Tuesday 17 November 2026, 18:00 to 24:00, Europe/Lisbon"),
        (
            "last night",
            "last night: Tuesday 17 November 2026, 18:00 to Wednesday 18 November 2026, 05:00, Europe/Lisbon",
        ),
        (
            "last winter",
            "last winter: Monday 1 December 2025 to Saturday 28 February 2026, Europe/Lisbon",
        ),
        ("a couple of weeks ago", "a couple of weeks ago: Monday 26 October to Sunday 8 November 2026, Europe/Lisbon"),
        (
            "since Monday",
            "since Monday: from Monday 16 November 2026 to now (Wednesday 18 November 2026, 15:30), Europe/Lisbon",
        ),
        ("before October", "before October: everything before Thursday 1 October 2026, Europe/Lisbon"),
        ("our first conversation", "our first conversation: the earliest there is"),
        ("since my birthday", 'my birthday: no date is known for "birthday"'),
        ("before the trip", 'before the trip: no date is known for "trip"'),
        ("on 29 February 2025", "on 29 February 2025: there is no such day"),
        ("hello", "no time is named"),
    ],
)
def test_the_sentence_says_what_was_understood(text, sentence):
    assert ask(text).sentence == sentence


def test_an_ambiguous_date_names_both_readings():
    got = ask("what did I say on 03/04/2026?")
    assert got.ambiguous
    assert got.sentence == (
        "03/04/2026: Friday 3 April 2026; or the month written first: Wednesday 4 March 2026, Europe/Lisbon"
    )
    assert [each.why for each in got.alternatives] == ["the month written first"]


def test_a_day_that_a_zone_left_out_is_not_understood():
    assert "skipped" in ask("yesterday", "2011-12-31T12:00", "Pacific/Apia").sentence


def test_a_naive_moment_is_refused():
    with pytest.raises(ValueError, match="aware"):
        understand("yesterday", now=datetime(2026, 11, 18), tz=UTC)  # noqa: DTZ001 - the error that is tested


def test_the_phrase_is_in_the_words_of_the_text():
    assert ask("¿Y qué te dije la SEMANA pasada, amigo?").phrase == "la SEMANA pasada"


@pytest.mark.parametrize("name", ["birthday", "Birthday", "my birthday"])
def test_an_anchor_is_known_by_its_name_however_written(name):
    assert ask("since my birthday", **{name: date(1990, 6, 2)}).kind == "since"


def test_somebody_born_on_a_leap_day_has_a_birthday_to_go_by():
    got = ask("on my birthday", birthday=date(1988, 2, 29))
    assert got.range == TimeRange(moment("2026-02-28", LISBON), moment("2026-03-02", LISBON))


@given(text=st.one_of(sentences, pieces.map(" ".join)), now=moments, tz=zones)
@quickly
def test_a_range_is_never_empty_and_always_in_utc(text, now, tz):
    got = understand(text, now=now, tz=tz, anchors={"birthday": date(1988, 2, 29)})
    for found in (got.range, *got.alternatives):
        if found is not None:
            assert found.start < found.end
            assert found.start.tzinfo is UTC and found.end.tzinfo is UTC
    assert got.ambiguous == bool(got.alternatives)
    assert got.range is None or got.kind != "none"
    assert got.phrase in text


@given(text=st.text(max_size=80), now=moments, tz=zones)
@quickly
def test_no_text_is_too_strange(text, now, tz):
    got = understand(text, now=now, tz=tz)
    assert got == understand(text, now=now, tz=tz)


@pytest.mark.parametrize(
    "phrase",
    ["last week", "this week", "yesterday evening", "two Fridays ago", "last weekend", "on Sunday", "letzte Woche"],
)
@given(now=moments, tz=zones)
@quickly
def test_a_week_later_the_same_words_mean_seven_local_days_later(phrase, now, tz):
    first = understand(phrase, now=now, tz=tz).range
    local = now.astimezone(tz).replace(tzinfo=None) + timedelta(days=7)
    later = understand(phrase, now=local.replace(tzinfo=tz).astimezone(UTC), tz=tz).range
    if first is None or later is None or local.replace(tzinfo=tz).astimezone(UTC).astimezone(tz).hour != local.hour:
        return  # a day that the zone left out, or an hour
    for one, other in ((first.start, later.start), (first.end, later.end)):
        moved, wall = one.astimezone(tz) + timedelta(days=7), other.astimezone(tz)
        assert moved.date() == wall.date()
        # Where the clock is set forward at midnight a day begins at one.
        assert moved.time() == wall.time() or {moved.hour, wall.hour} == {0, 1}


@given(now=moments, tz=zones)
@quickly
def test_yesterday_ends_where_today_begins_and_today_holds_now(now, tz):
    today, yesterday = (understand(word, now=now, tz=tz).range for word in ("today", "yesterday"))
    assert today is not None and today.start <= now < today.end
    assert timedelta(hours=23) <= today.end - today.start <= timedelta(hours=25)
    if yesterday is not None:
        assert yesterday.end == today.start


@given(now=moments, tz=zones)
@quickly
def test_weeks_begin_on_monday_at_midnight(now, tz):
    found = understand("last week", now=now, tz=tz).range
    assert found is not None
    assert found.start.astimezone(tz).weekday() == found.end.astimezone(tz).weekday() == 0
    assert found.end <= now


@given(number=st.integers(1, 60), now=moments, tz=zones)
@quickly
def test_so_many_days_ago_is_that_local_day(number, now, tz):
    found = understand(f"{number} days ago", now=now, tz=tz).range
    if found is not None:
        assert found.start.astimezone(tz).date() == now.astimezone(tz).date() - timedelta(days=number)


def test_a_question_is_understood_within_milliseconds():
    for case in CASES:
        answer(case)
    taken = []
    for case in CASES:
        began = time.perf_counter()
        answer(case)
        taken.append(time.perf_counter() - began)
    assert statistics.median(taken) < 0.003


def test_no_heavy_library_is_loaded():
    code = (
        "import sys; from whisper_enrich.hot_path.time_phrases import understand; import datetime as d;"
        "understand('gestern', now=d.datetime.now(d.UTC), tz=d.UTC);"
        "print([name for name in ('dagster', 'pandas', 'scipy', 'numpy', 'dateparser') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
