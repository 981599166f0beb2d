"""Whether something became more frequent."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.rates import compare_rates


def days(total, length):
    """``total`` events, spread as evenly as whole numbers can be."""
    return np.diff(np.floor(np.linspace(0, total, length + 1)))


def test_the_p_value_is_twice_the_binomial_tail():
    from scipy.special import bdtrc

    found = compare_rates(days(14, 7), days(14, 21))
    assert found.dispersion == 1.0
    assert found.p == pytest.approx(2 * bdtrc(13, 28, 0.25), rel=1e-9)
    assert found.ratio == pytest.approx(3.0)
    assert found.verdict == "increasing"


def test_fewer_is_declining():
    assert compare_rates(days(2, 7), days(60, 21)).verdict == "declining"


def test_three_against_one_is_no_trend():
    found = compare_rates(days(3, 7), days(1, 21))
    assert found.ratio == pytest.approx(9.0)
    assert found.verdict is None


def test_many_events_at_one_rate_are_stable_and_few_are_not_decided():
    assert compare_rates(days(70, 7), days(210, 21)).verdict == "stable"
    assert compare_rates(days(7, 7), days(21, 21)).verdict is None


def test_no_events_decide_nothing():
    found = compare_rates(np.zeros(7), np.zeros(21))
    assert (found.verdict, found.ratio, found.high) == (None, None, None)


def test_one_talkative_evening_is_no_trend():
    recent = np.zeros(7)
    recent[3] = 20
    earlier = np.zeros(21)
    earlier[::7] = 7
    assert compare_rates(days(20, 7), days(21, 21)).verdict == "increasing"
    assert compare_rates(recent, earlier).verdict is None


def test_a_span_without_days_is_refused():
    with pytest.raises(ValueError, match="at least one day"):
        compare_rates(np.zeros(0), np.ones(7))


def test_equal_rates_are_seldom_called_a_trend():
    generator = np.random.default_rng(11)
    verdicts = [
        compare_rates(generator.poisson(3, 7).astype(float), generator.poisson(3, 21).astype(float)).verdict
        for _ in range(300)
    ]
    assert sum(v in ("increasing", "declining") for v in verdicts) <= 0.06 * 300


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=7, max_size=7), st.lists(st.integers(0, 9), min_size=7, max_size=21))
def test_the_interval_holds_the_ratio(recent, earlier):
    found = compare_rates(np.array(recent, dtype=float), np.array(earlier, dtype=float))
    assert 0 <= found.p <= 1 and found.dispersion >= 1
    if found.ratio is not None:
        assert found.low <= found.ratio + 1e-9
        assert found.high is None or found.ratio <= found.high + 1e-9
