"""Stretches: every message in exactly one, in order, cut where a reader would turn the page."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Speaker
from whisper_enrich.summaries.stretches import points_of, size_of, stretches
from whisper_enrich_tests.summaries.builders import START, message, talk

PAUSE = 1800.0


def timeline(*entries):
    """Messages from (speaker, minutes after the start, characters)."""
    return [
        message(
            "x" * length, by=Speaker.USER if who == "u" else Speaker.BOT, number=n, at=START + timedelta(minutes=minute)
        )
        for n, (who, minute, length) in enumerate(entries)
    ]


def numbers(found):
    return [[int(m.point_id[-5:]) for m in stretch] for stretch in found]


entries = st.lists(
    st.tuples(st.sampled_from("ub"), st.integers(0, 90), st.integers(0, 900), st.booleans()), max_size=25
)


@st.composite
def timelines(draw):
    """Messages with silences between them, some pairs that share a point, and some stored groups of them."""
    messages, at = [], START
    for n, (who, wait, length, paired) in enumerate(draw(entries)):
        at += timedelta(minutes=wait)
        by = Speaker.USER if who == "u" else Speaker.BOT
        added = message("y" * length, by=by, number=n, at=at)
        if paired and messages:
            added = replace(added, point_id=messages[-1].point_id, content_hash=messages[-1].content_hash)
        messages.append(added)
    groups = []
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(messages)))
        stop = draw(st.integers(start, len(messages)))
        points = points_of(messages[start:stop])
        groups.append((*points, ("elsewhere", "0")) if draw(st.booleans()) else points)
    return messages, groups


@settings(max_examples=150, deadline=None, derandomize=True)
@given(case=timelines(), limit=st.integers(10, 600))
def test_every_message_is_in_exactly_one_stretch_and_the_order_is_kept(case, limit):
    messages, groups = case
    found = stretches(messages, groups, PAUSE, limit)
    assert [m for stretch in found for m in stretch] == messages
    assert all(found)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(case=timelines(), limit=st.integers(10, 600))
def test_a_stretch_stays_within_the_limit_unless_it_is_one_point_or_stored(case, limit):
    messages, groups = case
    for stretch in stretches(messages, groups, PAUSE, limit):
        points = points_of(stretch)
        alone = len({m.point_id for m in stretch}) == 1
        assert sum(map(size_of, stretch)) <= limit or alone or points in groups


@settings(max_examples=100, deadline=None, derandomize=True)
@given(case=timelines(), limit=st.integers(10, 600))
def test_what_was_asked_is_found_again_when_asked_anew_in_any_order(case, limit):
    messages, _ = case
    first = stretches(messages, [], PAUSE, limit)
    stored = [points_of(stretch) for stretch in reversed(first)]
    assert stretches(messages, stored, PAUSE, 1) == first


def test_a_window_that_fits_is_one_stretch_whatever_its_pauses():
    messages = timeline(("u", 0, 100), ("b", 1, 100), ("u", 300, 100), ("b", 301, 100))
    assert numbers(stretches(messages, [], PAUSE, 1000)) == [[0, 1, 2, 3]]


def test_a_long_window_is_cut_at_the_pause_before_a_message_of_the_user():
    messages = timeline(("u", 0, 400), ("b", 1, 400), ("u", 90, 400), ("b", 91, 400), ("u", 92, 400), ("b", 93, 400))
    assert numbers(stretches(messages, [], PAUSE, 436)) == [[0, 1], [2, 3, 4, 5]]


def test_without_a_pause_a_stretch_begins_with_the_user():
    messages = timeline(*(("u" if n % 2 == 0 else "b", n, 400) for n in range(10)))
    found = stretches(messages, [], PAUSE, 560)
    assert len(found) > 1
    assert all(stretch[0].speaker is Speaker.USER for stretch in found)


def test_a_message_that_is_larger_than_the_limit_stands_alone_and_whole():
    messages = timeline(("u", 0, 40), ("u", 1, 6000), ("u", 2, 40))
    assert numbers(stretches(messages, [], PAUSE, 300)) == [[0], [1], [2]]


def test_question_and_answer_of_one_point_are_not_torn_apart():
    pairs = [replace(m, point_id=f"pair-{n // 2}", text="x" * 400) for n, m in enumerate(talk(*["u: a", "b: b"] * 4))]
    for stretch in stretches(pairs, [], PAUSE, 350):
        assert len(stretch) % 2 == 0


def test_a_stored_stretch_stays_as_it_is_and_only_what_is_new_is_cut():
    messages = talk(*["u: I moved the tomatoes again", "b: Where to?"] * 6)
    stored = [points_of(messages[:5])]
    assert numbers(stretches(messages, stored, PAUSE, 10_000)) == [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9, 10, 11]]


@pytest.mark.parametrize("change", ["edited", "in between", "gone"])
def test_a_stored_stretch_that_has_changed_is_asked_anew(change):
    messages = talk(*["u: I moved the tomatoes again", "b: Where to?"] * 3)
    stored = [points_of(messages[:4])]
    if change == "edited":
        messages[1] = replace(messages[1], text="Where?", content_hash="edited")
    elif change == "in between":
        late = message("and the basil", number=77, at=messages[1].at + timedelta(seconds=1))
        messages.insert(2, late)
    else:
        del messages[2]
    assert len(stretches(messages, stored, PAUSE, 10_000)) == 1


def test_of_stored_stretches_that_overlap_the_first_given_wins():
    messages = talk(*["u: I moved the tomatoes again", "b: Where to?"] * 3)
    newest, older = points_of(messages[2:6]), points_of(messages[:3])
    assert numbers(stretches(messages, [newest, older], PAUSE, 10_000)) == [[0, 1], [2, 3, 4, 5]]
