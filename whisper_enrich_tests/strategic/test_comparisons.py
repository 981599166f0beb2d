"""Intervals and p-values against published values and scipy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from whisper_enrich.strategic.comparisons import compare_means, compare_shares, discoveries, residual, wilson


def test_wilson_gives_the_published_interval():
    low, high = wilson(81, 263)
    assert (round(float(low), 4), round(float(high), 4)) == (0.2553, 0.3662)


def test_newcombes_interval_is_the_published_one():
    outcome = np.r_[np.ones(56), np.zeros(14), np.ones(48), np.zeros(32)]
    shown = np.r_[np.ones(70), np.zeros(80)][:, None]
    found = compare_shares(outcome, shown)
    assert found.difference[0] == pytest.approx(0.2)
    assert (round(float(found.low[0]), 4), round(float(found.high[0]), 4)) == (0.0524, 0.3339)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.integers(3, 30), st.integers(3, 30), st.integers(0, 2**31))
def test_welch_agrees_with_scipy(n1, n0, seed):
    rng = np.random.default_rng(seed)
    a, b = rng.normal(1000, 1, n1), rng.normal(1000.5, 3, n0)
    found = compare_means(np.r_[a, b], np.r_[np.ones(n1), np.zeros(n0)][:, None])
    theirs = stats.ttest_ind(a, b, equal_var=False)
    interval = theirs.confidence_interval(0.95)
    assert found.p[0] == pytest.approx(theirs.pvalue, rel=1e-6)
    assert (found.low[0], found.high[0]) == pytest.approx((interval.low, interval.high), rel=1e-6, abs=1e-9)


def test_what_is_not_known_belongs_to_neither_group():
    outcome = np.array([1.0, 2.0, 3.0, 4.0, np.nan, 100.0])
    shown = np.array([1.0, 1.0, 0.0, 0.0, 1.0, np.nan])[:, None]
    found = compare_means(outcome, shown)
    assert (found.n_with[0], found.n_without[0], found.difference[0]) == (2, 2, -2.0)


def test_a_single_case_allows_no_comparison():
    found = compare_means(np.array([1.0, 2.0, 3.0]), np.array([1.0, 0.0, 0.0])[:, None])
    assert np.isnan(found.difference[0]) and np.isnan(found.p[0])


def test_equal_values_throughout_are_no_difference():
    found = compare_means(np.ones(8), np.r_[np.ones(4), np.zeros(4)][:, None])
    assert (found.difference[0], found.p[0]) == (0.0, 1.0)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.floats(0.0001, 1.0), min_size=1, max_size=30))
def test_discoveries_are_those_of_benjamini_and_hochberg(values):
    p = np.array(values)
    assert (discoveries(p, 0.05) == (stats.false_discovery_control(p) <= 0.05 + 1e-15)).all()


def test_what_was_not_tested_is_no_discovery_and_does_not_count():
    assert discoveries(np.array([[0.03, np.nan], [np.nan, np.nan]]), 0.05).tolist() == [[True, False], [False, False]]


def test_the_residual_takes_out_a_straight_line_and_keeps_the_mean():
    on = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    outcome = np.array([1.0, 3.0, 5.0, 7.0, 9.0])
    left = residual(outcome, on)
    assert left[:4] == pytest.approx([4.0] * 4)
    assert left[4] == 9.0
    assert residual(outcome, np.ones(5)) is outcome
