"""The formulas of forgetting, against their sources."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.forgetting import (
    Rating,
    base_level,
    base_level_petrov,
    days_until,
    fsrs_factor,
    half_life_recall,
    next_stability,
    retrievability,
    review,
)

reviews = st.lists(
    st.tuples(st.integers(0, 400), st.sampled_from([Rating.HARD, Rating.GOOD, Rating.EASY])), min_size=1, max_size=12
)


def by_the_package(history):
    fsrs = pytest.importorskip("fsrs", reason="the reference implementation")
    scheduler = fsrs.Scheduler(enable_fuzzing=False)
    card, now = fsrs.Card(), datetime(2026, 1, 1, tzinfo=UTC)
    states = []
    for age, rating in history:
        now += timedelta(days=age)
        card, _ = scheduler.review_card(card, fsrs.Rating(int(rating)), now)
        states.append((card.stability, card.difficulty))
    later = scheduler.get_card_retrievability(card, now + timedelta(days=23))
    return np.array(states), later


@settings(max_examples=60, derandomize=True, deadline=None)
@given(reviews)
def test_stability_difficulty_and_retrievability_are_those_of_the_fsrs_package(history):
    states, later = by_the_package(history)
    stability, difficulty = review([0], [age for age, _ in history], [rating for _, rating in history])
    np.testing.assert_allclose(stability, states[:, 0], rtol=1e-9)
    np.testing.assert_allclose(difficulty, states[:, 1], rtol=1e-9)
    assert retrievability(23, stability[-1]) == pytest.approx(later, abs=1e-9)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.lists(reviews, min_size=1, max_size=6))
def test_many_memories_at_once_are_each_alone(histories):
    starts = np.cumsum([0, *(len(h) for h in histories)])[:-1]
    together = review(starts, [a for h in histories for a, _ in h], [r for h in histories for _, r in h])
    alone = [review([0], [a for a, _ in h], [r for _, r in h]) for h in histories]
    np.testing.assert_array_equal(together[0], np.concatenate([s for s, _ in alone]))
    np.testing.assert_array_equal(together[1], np.concatenate([d for _, d in alone]))


def test_no_memories_are_none():
    assert [len(part) for part in review([], [], [])] == [0, 0]


def test_what_comes_after_the_most_reviews_leaves_a_memory_as_it_was():
    stability, _ = review([0, 8], [1.0] * 11, [Rating.GOOD] * 11, most=5)
    assert stability[4] == stability[5] == stability[7]
    assert stability[8] == stability[0]


@settings(max_examples=40, derandomize=True, deadline=None)
@given(
    st.floats(0.1, 500), st.floats(1, 10), st.floats(0, 500), st.sampled_from([Rating.HARD, Rating.GOOD, Rating.EASY])
)
def test_a_mention_never_weakens_a_memory(stability, difficulty, age, rating):
    assert next_stability(stability, difficulty, age, rating) >= stability


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.floats(0.1, 500), st.floats(0, 1000), st.floats(0, 1000), st.floats(0.05, 0.8))
def test_retrievability_falls_with_time_and_stays_between_0_and_1(stability, age, more, decay):
    sooner, later = retrievability([age, age + more], stability, decay)
    assert 0 < later <= sooner <= 1


@settings(max_examples=40, derandomize=True, deadline=None)
@given(reviews, st.floats(1, 300))
def test_more_practice_slows_the_decay(history, age):
    ages, ratings = [a for a, _ in history], [r for _, r in history]
    fewer = review([0], ages, ratings)[0][-1]
    more = review([0], [*ages, 3.0], [*ratings, Rating.GOOD])[0][-1]
    assert retrievability(age, more) >= retrievability(age, fewer)


def test_after_one_stability_nine_tenths_are_left():
    assert retrievability(12.5, 12.5) == pytest.approx(0.9, abs=1e-12)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.floats(0.05, 0.99), st.floats(0.1, 500), st.floats(0.05, 0.8))
def test_days_until_is_where_the_curve_meets_the_target(target, stability, decay):
    assert retrievability(days_until(target, stability, decay), stability, decay) == pytest.approx(target, rel=1e-9)


def test_a_decay_of_ones_own_keeps_the_unit_of_stability():
    assert retrievability(10, 10, decay=0.3, factor=fsrs_factor()) < 0.9


def test_base_level_is_the_logarithm_of_the_sum_of_powers():
    assert base_level([1, 4, 9]) == pytest.approx(np.log(1 + 1 / 2 + 1 / 3))
    assert base_level([4], 3) == pytest.approx(np.log(3 / 2))
    assert base_level([]) == -np.inf


def test_petrovs_approximation_is_exact_where_all_mentions_are_kept_and_close_where_they_are_even():
    ages = np.arange(1.0, 31.0)
    assert base_level_petrov(ages, 30, 30.0) == pytest.approx(base_level(ages))
    assert base_level_petrov(ages[:3], 30, 30.0) == pytest.approx(base_level(ages), abs=0.05)
    assert base_level_petrov([2.0], 3, 2.0) == pytest.approx(base_level([2, 2, 2]))


def test_half_is_left_after_a_half_life():
    np.testing.assert_allclose(half_life_recall([0, 5, 10], 5), [1, 0.5, 0.25])
