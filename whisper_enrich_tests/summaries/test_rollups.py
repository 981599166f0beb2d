"""Digests of weeks and months: from windows, facts and words, never from each other."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Scope
from whisper_enrich.summaries.model import SummaryState
from whisper_enrich.summaries.rollups import (
    ENGINE_VERSION,
    Kind,
    Known,
    RollupInput,
    WindowDigest,
    by_model,
    common_topics,
    complaint,
    digested,
    extractive,
    material,
    month_of,
    parts_of,
    period,
    tone_of_windows,
    week_of,
)
from whisper_enrich_tests.summaries.test_asked import part

MARCH = month_of(date(2026, 3, 4))
OPENING = "Ana and Marlow had a conversation on {day} March 2026 between 9:00 am and 9:30 am UTC."


def window(day: int, text: str, *topics: str, tone: str | None = None, messages: int = 10, **changed) -> WindowDigest:
    start = datetime(2026, 3, day, tzinfo=UTC)
    made = WindowDigest(
        start, start + timedelta(days=1), f"{OPENING.format(day=day)} {text}", topics, tone, 0.8, messages
    )  # fmt: skip
    return replace(made, **changed)


def rollup_input(*windows: WindowDigest, facts: tuple[Known, ...] = (), **changed) -> RollupInput:
    return replace(RollupInput(MARCH, Scope.DM, "Ana", "Marlow", windows, facts), **changed)


TALKS = (
    window(2, "Ana planted cherry tomatoes on the balcony. Ana worries about the light for the tomatoes.", "tomatoes"),
    window(4, "Ana mentioned that the surgery has been moved to the 20th. The balcony faces north.", "surgery", "balcony"),
    window(9, 'Ana said: "I am nervous. But I want the surgery behind me." Ivo waters the tomatoes.', "surgery"),
)  # fmt: skip
HOME = Known("Ana lives in Lisbon.", "I live in Lisbon", datetime(2026, 3, 4, 10, tzinfo=UTC))


def test_weeks_begin_on_monday_and_months_on_their_first():
    assert (week_of(date(2026, 3, 4)).start, week_of(date(2026, 3, 4)).end) == (date(2026, 3, 2), date(2026, 3, 9))
    assert week_of(date(2026, 3, 8)) == week_of(date(2026, 3, 2))
    assert (month_of(date(2024, 2, 29)).start, month_of(date(2024, 2, 29)).end) == (date(2024, 2, 1), date(2024, 3, 1))
    assert month_of(date(2025, 12, 31)).end == date(2026, 1, 1)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)))
def test_every_day_lies_in_one_week_and_one_month_that_begin_where_the_one_before_ends(day):
    for kind, of in ((Kind.WEEK, week_of), (Kind.MONTH, month_of)):
        found = of(day)
        assert found.start <= day < found.end
        assert of(found.start - timedelta(days=1)).end == found.start
        assert period(kind, found.start) == found


def test_a_period_begins_only_where_one_does():
    with pytest.raises(ValueError, match="no week begins"):
        period(Kind.WEEK, date(2026, 3, 3))


@pytest.mark.parametrize(
    ("found", "title"),
    [
        (MARCH, "March 2026"), (week_of(date(2026, 3, 4)), "the week of 2 to 8 March 2026"),
        (week_of(date(2026, 3, 31)), "the week of 30 March to 5 April 2026"),
        (week_of(date(2026, 1, 1)), "the week of 29 December 2025 to 4 January 2026"),
    ],
)  # fmt: skip
def test_a_period_is_named_as_a_person_would(found, title):
    assert found.title == title


def test_the_extractive_digest_tells_who_when_and_what_in_order_of_days():
    made = extractive(rollup_input(*TALKS, facts=(HOME,)))
    assert made.summary_text.startswith(
        "In March 2026, Ana and Marlow talked on 3 days (30 messages). 2 March: Ana planted"
    )
    assert "had a conversation" not in made.summary_text
    assert '9 March: Ana said: "I am nervous. But I want the surgery behind me."' in made.summary_text
    assert "Ana lives in Lisbon." in made.summary_text
    places = [made.summary_text.index(f"{day} March: ") for day in (2, 4, 9)]
    assert places == sorted(places)
    assert (made.window_count, made.message_count, made.state) == (3, 30, SummaryState.FINAL)
    assert made.engine_version == ENGINE_VERSION
    assert 0 < made.confidence_score <= 0.8


def test_the_same_windows_give_the_same_digest():
    assert extractive(rollup_input(*TALKS)) == extractive(rollup_input(*TALKS))


def test_what_several_days_say_is_told_once():
    same = "Ana is painting the kitchen yellow with her sister Berta."
    made = extractive(rollup_input(*(window(day, same) for day in range(2, 9))))
    assert made.summary_text.count("kitchen") == 1


def test_a_month_of_long_days_stays_a_digest():
    texts = [
        " ".join(f"Ana talked about subject{day}x{n} and thing{day}x{n} at length." for n in range(10))
        for day in range(1, 31)
    ]
    made = extractive(rollup_input(*(window(day, text) for day, text in enumerate(texts, start=1))))
    assert len(made.summary_text.split()) < 260
    weekly = extractive(
        rollup_input(*(window(day, texts[day]) for day in range(2, 9)), period=week_of(date(2026, 3, 2)))
    )
    assert len(weekly.summary_text.split()) < len(made.summary_text.split())


def test_a_digest_of_windows_without_words_says_when_and_has_no_confidence():
    made = extractive(rollup_input(window(2, "", confidence_score=None)))
    assert made.summary_text.startswith("In March 2026, Ana and Marlow talked on one day")
    assert made.confidence_score is None
    with pytest.raises(ValueError, match="at least one window"):
        extractive(rollup_input())


def test_topics_are_those_of_most_windows():
    assert common_topics(TALKS) == ("surgery", "tomatoes", "balcony")
    assert common_topics([window(1, "", "Tomato"), window(2, "", "tomatoes", "tomato"), window(3, "", "sea")]) == (
        "tomato", "sea",
    )  # fmt: skip
    assert len(common_topics([window(1, "", *"abcdefgh")])) == 5


@pytest.mark.parametrize(
    ("tones", "tone"),
    [
        ((("positive (joy)", 10), ("positive (love)", 30)), "positive (love)"),
        ((("positive (joy)", 30), ("negative (fear)", 10)), "positive (joy)"),
        ((("positive (joy)", 10), ("negative (fear)", 12)), "mixed (fear)"),
        ((("mixed (joy)", 10),), "mixed (joy)"),
        ((("neutral (neutral)", 100), ("negative (fear)", 10)), "neutral"),
        (((None, 10), ("heiter", 5)), None),
        (((None, 10), ("negative (anger)", 1)), "negative (anger)"),
        ((("positive", 10),), "positive"),
    ],
)
def test_the_tone_is_that_of_the_windows_by_their_messages(tones, tone):
    assert tone_of_windows([window(1, "", tone=text, messages=count) for text, count in tones]) == tone


def test_decisions_and_questions_of_the_windows_are_kept_once():
    made = extractive(
        rollup_input(
            window(2, "x", decisions=("rest", "see Ivo"), open_questions=("when?",)),
            window(3, "y", decisions=("rest",)),
        )
    )
    assert (made.decisions, made.open_questions) == (("rest", "see Ivo"), ("when?",))
    many = extractive(rollup_input(window(2, "x", decisions=tuple(map(str, range(50))))))
    assert many.decisions == tuple(map(str, range(30, 50)))


def test_a_models_digest_keeps_the_tone_of_the_bots_labels_and_the_windows_counts():
    given = rollup_input(*TALKS, window(10, "z", tone="negative (fear)"))
    made = by_model(
        part("Ana planted tomatoes and awaits her surgery.", decisions=["rest"], topics=["Surgery"]), given, "v"
    )
    assert (made.emotional_tone, made.key_topics, made.decisions) == ("negative (fear)", ("surgery",), ("rest",))
    assert (made.window_count, made.engine_version) == (4, "v")
    assert by_model(part("Ana planted tomatoes."), rollup_input(*TALKS), "v").emotional_tone == "positive (joy)"
    invented = by_model(part("Ana planted tomatoes and awaits her surgery with Otto."), given, "v")
    assert invented.confidence_score < made.confidence_score


def test_a_digest_is_held_against_windows_facts_and_words():
    given = rollup_input(*TALKS, facts=(HOME,))
    assert complaint(part("Ana, who lives in Lisbon, planted tomatoes in March 2026."), given) is None
    assert "Porto" in (complaint(part("Ana, who lives in Porto, planted tomatoes."), given) or "")
    assert "name the user" in (complaint(part("The person planted tomatoes."), given) or "")


def size(text: str) -> int:
    return len(text.split())


def test_the_material_holds_every_window_and_the_newest_facts_that_fit_masked():
    facts = tuple(
        replace(HOME, statement=f"Ana knows number{n}.", said_at=HOME.said_at + timedelta(hours=n)) for n in range(5)
    )
    given = rollup_input(*TALKS, facts=facts)
    everything = material(given, str, 10_000, size)
    assert all(f"number{n}." in everything for n in range(5))
    assert everything.index("number0") < everything.index("number4")
    little = material(
        given, lambda text: text.replace("Ivo", "[NAME]"), sum(map(size, [w.summary_text for w in TALKS])) + 26, size
    )
    assert "number4" in little
    assert "number0" not in little
    assert all(f"Mon 2026-03-{day:02d}" in little for day in (2, 9))
    assert "Ivo" not in little
    none = material(given, str, 1, size)
    assert "number" not in none
    assert all(w.summary_text in none for w in TALKS)


def test_windows_of_some_hours_are_told_apart_in_the_material():
    hourly = replace(TALKS[0], end=TALKS[0].start + timedelta(hours=6))
    assert "Mon 2026-03-02 00:00: " in material(rollup_input(hourly), str, 1000, size)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(
    lengths=st.lists(st.integers(0, 60), min_size=1, max_size=12), limit=st.integers(1, 200),
    said=st.lists(st.integers(0, 30 * 24), max_size=6),
)  # fmt: skip
def test_what_does_not_fit_is_read_in_parts_and_nothing_is_left_out(lengths, limit, said):
    windows = [window(day, "word " * length) for day, length in enumerate(lengths, start=1)]
    facts = tuple(replace(HOME, said_at=datetime(2026, 3, 1, tzinfo=UTC) + timedelta(hours=h)) for h in sorted(said))
    given_input = rollup_input(*windows, facts=facts)
    parts = parts_of(given_input, limit, size)
    assert tuple(w for p in parts for w in p.windows) == tuple(windows)
    assert tuple(f for p in parts for f in p.facts) == facts
    assert all(len(p.windows) == 1 or sum(size(w.summary_text) for w in p.windows) <= limit for p in parts)


def test_the_last_step_over_parts_still_has_all_facts_and_words():
    given = rollup_input(*TALKS, facts=(HOME,))
    parts = [rollup_input(*TALKS[:2]), rollup_input(TALKS[2])]
    last = digested(given, [(p, part(f"Digest {n}.", decisions=[f"d{n}"])) for n, p in enumerate(parts)])
    assert [w.summary_text for w in last.windows] == ["Digest 0.", "Digest 1."]
    assert [w.message_count for w in last.windows] == [20, 10]
    assert (last.windows[0].start, last.windows[0].end) == (TALKS[0].start, TALKS[1].end)
    assert last.facts == (HOME,)
