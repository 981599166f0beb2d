"""Trends, outliers and steps: reference values, properties, and how often they are right."""

from __future__ import annotations

import math
import random
import time
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from whisper_enrich.strategic.trends import anomalies, step_change, trend

pymannkendall = pytest.importorskip("pymannkendall", reason="the reference of these tests; see the extra 'test'")

MONTH = list(range(30))
FIRST = date(2026, 2, 1)
DATES = [FIRST + timedelta(days=n) for n in MONTH]


def noise(seed: int, n: int = 30) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(n)


def without_autocorrelation(count: int, decimals: int = 12) -> list[np.ndarray]:
    """Series for which our test is the plain one, so that it can be held against others."""
    made = (np.round(noise(seed), decimals) for seed in range(200))
    return [y for y in made if trend(MONTH, y).autocorrelation == 0.0][:count]


values_of_a_month = st.lists(st.integers(-1000, 1000).map(float), min_size=12, max_size=12)


class TestAgainstOthers:
    @pytest.mark.parametrize("decimals", [12, 1, 0], ids=["no ties", "some ties", "mostly ties"])
    def test_the_p_value_is_that_of_mann_kendall(self, decimals):
        for y in without_autocorrelation(10, decimals):
            expected = pymannkendall.original_test(y)
            found = trend(MONTH, y)
            assert found.p == pytest.approx(expected.p, abs=1e-12)
            assert found.slope == pytest.approx(expected.slope, abs=1e-12)
            assert found.tau == pytest.approx(expected.Tau, abs=1e-12)

    @pytest.mark.parametrize("decimals", [12, 1])
    def test_slope_and_interval_are_those_of_theil_and_sen(self, decimals):
        uneven = np.cumsum(np.random.default_rng(1).integers(1, 4, 30))
        for seed in range(200):
            y = np.round(noise(seed), decimals)
            found = trend(uneven, y)
            if found.autocorrelation:
                continue
            slope, _, low, high = stats.theilslopes(y, uneven, alpha=0.95)
            assert (found.slope, found.low, found.high) == pytest.approx((slope, low, high), abs=1e-12)

    def test_autocorrelation_only_ever_makes_the_test_more_careful(self):
        for seed in range(40):
            y = np.cumsum(noise(seed))
            found = trend(MONTH, y)
            assert found.p >= pymannkendall.original_test(y).p - 1e-12
            if found.autocorrelation > 0.3:
                assert found.p > pymannkendall.original_test(y).p

    def test_the_inflation_is_hamed_and_raos_sum_over_a_lag_one_process(self):
        y = np.cumsum(noise(3))
        found, plain = trend(MONTH, y), pymannkendall.original_test(y)
        n, rho = 30, found.autocorrelation
        factor = 1 + 2 / (n * (n - 1) * (n - 2)) * sum(
            (n - lag) * (n - lag - 1) * (n - lag - 2) * rho**lag for lag in range(1, n - 1)
        )
        z = (abs(plain.s) - 1) / math.sqrt(plain.var_s * factor)
        assert found.p == pytest.approx(2 * stats.norm.sf(z), abs=1e-12)


class TestTrend:
    def test_a_drift_of_two_and_a_half_sigma_is_found_nine_times_in_ten(self):
        drift = 2.5 * np.arange(30) / 29
        assert sum(trend(MONTH, noise(s) + drift).verdict == "improving" for s in range(300)) >= 270

    def test_noise_is_called_a_trend_at_most_one_time_in_twenty(self):
        assert sum(trend(MONTH, noise(s)).verdict is not None for s in range(400)) <= 20

    def test_days_that_resemble_their_neighbours_are_called_a_trend_seldom_too(self):
        def alike(seed):
            y = noise(seed, 60)
            for i in range(1, 60):
                y[i] += 0.3 * y[i - 1]
            return y[30:]

        ours = sum(trend(MONTH, alike(s)).verdict is not None for s in range(400))
        plain = sum(pymannkendall.original_test(alike(s)).h for s in range(400))
        assert ours <= 0.08 * 400
        assert plain >= 1.5 * ours

    @pytest.mark.parametrize(
        ("drift", "higher_is_better", "verdict"),
        [(4, True, "improving"), (-4, True, "declining"), (4, False, "declining"), (-4, False, "improving")],
    )
    def test_what_is_better_decides_the_word(self, drift, higher_is_better, verdict):
        found = trend(MONTH, noise(1) + drift * np.arange(30) / 29, higher_is_better=higher_is_better)
        assert found.verdict == verdict
        assert found.rising is (drift > 0)

    def test_little_noise_within_the_bound_is_stable(self):
        assert trend(MONTH, 0.5 + 0.02 * noise(1), 0.1).verdict == "stable"

    def test_a_significant_change_that_is_too_small_to_matter_is_stable(self):
        found = trend(MONTH, 0.5 + 0.001 * np.arange(30) + 1e-4 * noise(1), 0.1)
        assert found.p < 0.001
        assert found.verdict == "stable"
        assert found.rising is None

    def test_what_is_neither_shown_to_change_nor_to_stay_is_inconclusive(self):
        found = trend(MONTH, 0.5 + 0.2 * noise(2), 0.1)
        assert (found.verdict, found.reason) == (None, "inconclusive")
        assert found.low < 0 < found.high

    def test_without_a_bound_nothing_is_stable(self):
        assert trend(MONTH, [0.5] * 30).reason == "inconclusive"
        assert trend(MONTH, [0.5] * 30, 0.1).verdict == "stable"

    @pytest.mark.parametrize("n", [0, 1, 4])
    def test_a_few_points_are_too_few(self, n):
        found = trend(MONTH[:n], list(range(n)), 0.1)
        assert (found.verdict, found.reason, found.points, found.slope) == (None, "too_few_days", n, None)

    def test_five_points_in_a_row_are_enough(self):
        assert trend([1, 2, 3, 4, 5], [1, 2, 3, 4, 5]).verdict == "improving"

    def test_points_of_a_single_day_have_no_trend(self):
        assert trend([7.0] * 12, noise(1, 12)).reason == "too_few_days"

    def test_the_order_of_values_of_one_day_looks_like_no_change(self):
        days = [n // 10 for n in MONTH]
        for seed in range(20):
            assert step_change(days, noise(seed)) is None
            assert trend(days, noise(seed)).points == 3

    def test_days_may_repeat(self):
        found = trend([*MONTH, *MONTH], np.concatenate([np.arange(30), np.arange(30) + 0.5]))
        assert found.verdict == "improving"
        assert found.slope == pytest.approx(1.0, abs=0.05)

    def test_what_is_missing_is_left_out(self):
        values = [None if n % 3 == 0 else math.nan if n % 3 == 1 else float(n) for n in MONTH]
        assert trend(MONTH, values).points == 10
        assert trend(MONTH, values) == trend(MONTH[2::3], values[2::3])

    def test_dates_times_and_numbers_say_the_same(self):
        y = noise(4)
        times = [datetime(2026, 2, 1, tzinfo=UTC) + timedelta(days=n) for n in MONTH]
        a, b, c = trend(MONTH, y), trend(DATES, y), trend(times, y)
        assert a.slope == pytest.approx(b.slope) == pytest.approx(c.slope)
        assert a.p == pytest.approx(b.p) == pytest.approx(c.p)

    def test_ten_thousand_points_take_no_time(self):
        y = noise(1, 10_000) + np.arange(10_000) / 5_000
        started = time.perf_counter()
        found = trend(range(10_000), y, 0.1)
        assert time.perf_counter() - started < 1.0
        assert (found.verdict, found.points) == ("improving", 10_000)
        assert found.change == pytest.approx(2.0, abs=0.15)

    def test_what_makes_no_sense_is_refused(self):
        with pytest.raises(ValueError, match="30 days and 29 values"):
            trend(MONTH, noise(1, 29))
        with pytest.raises(ValueError, match="equivalence"):
            trend(MONTH, noise(1), 0.0)

    @settings(max_examples=40, deadline=None, derandomize=True)
    @given(values_of_a_month, st.randoms(use_true_random=False), st.integers(1, 50), st.integers(-100, 100))
    def test_order_shift_and_scale_change_nothing_but_the_units(self, values, rng: random.Random, scale, shift):
        days = MONTH[: len(values)]
        found = trend(days, values, 100.0)
        shuffled = list(zip(days, values, strict=True))
        rng.shuffle(shuffled)
        assert trend([d for d, _ in shuffled], [v for _, v in shuffled], 100.0) == found
        other = trend(days, [scale * v + shift for v in values], 100.0 * scale)
        assert other.verdict == found.verdict
        assert other.p == pytest.approx(found.p)
        assert other.slope == pytest.approx(scale * found.slope)
        mirrored = trend(days, [-v for v in values], 100.0, higher_is_better=False)
        assert (mirrored.verdict, mirrored.p) == (found.verdict, pytest.approx(found.p))
        assert found.low <= found.slope <= found.high


class TestAnomalies:
    def test_an_outlier_of_six_deviations_is_found_and_little_else(self):
        hits = false = 0
        for seed in range(300):
            y = noise(seed)
            y[seed % 30] += 6 * (-1) ** seed
            days = {one.day for one in anomalies(MONTH, y)}
            hits += seed % 30 in days
            false += len(days - {seed % 30})
        assert 2 * hits / (hits + false + 300) >= 0.9

    def test_z_is_the_distance_in_robust_deviations_from_the_line(self):
        y = np.array([0.0, 1.0, -1.0, 0.5, -0.5, 0.0, 20.0, 1.0, -1.0, 0.0])
        (found,) = anomalies(MONTH[:10], y)
        slope = stats.theilslopes(y, np.arange(10)).slope
        residuals = y - slope * np.arange(10)
        center = np.median(residuals)
        assert found.z == pytest.approx((residuals[6] - center) / stats.median_abs_deviation(residuals) / 1.4826)
        assert (found.day, found.value) == (6, 20.0)
        assert found.expected == pytest.approx(slope * 6 + center)

    def test_a_drift_is_no_outlier(self):
        assert anomalies(MONTH, 0.3 * np.arange(30) + 0.1 * noise(4)) == []

    def test_one_other_value_among_equal_ones_stands_out(self):
        (found,) = anomalies(DATES, [1.0] * 20 + [0.4] + [1.0] * 9)
        assert (found.day, found.expected) == (DATES[20], 1.0)
        assert found.z < -3.5

    def test_a_difference_under_the_least_is_none(self):
        values = [1.0] * 20 + [0.96] + [1.0] * 9
        assert anomalies(MONTH, values, least=0.05) == []
        assert len(anomalies(MONTH, values, least=0.03)) == 1

    @pytest.mark.parametrize("values", [[], [1.0], [1.0] * 30, [1, 2, 3, 4, 5, 99], [None] * 30])
    def test_few_or_equal_values_have_none(self, values):
        assert anomalies(MONTH[: len(values)], values) == []

    @settings(max_examples=30, deadline=None, derandomize=True)
    @given(values_of_a_month, st.integers(1, 50), st.integers(-100, 100))
    def test_shift_and_scale_change_nothing(self, values, scale, shift):
        days = MONTH[: len(values)]
        found = anomalies(days, values, threshold=3.4999)
        other = anomalies(days, [scale * v + shift for v in values], threshold=3.4999)
        assert [one.day for one in other] == [one.day for one in found]
        assert [one.z for one in other] == pytest.approx([one.z for one in found])


class TestStepChange:
    def test_a_step_of_three_sigma_is_located_within_a_day_nine_times_in_ten(self):
        places = np.random.default_rng(1).integers(3, 28, 300)
        found = [step_change(MONTH, noise(s) + 3 * (np.arange(30) >= k)) for s, k in enumerate(places)]
        near = [one is not None and abs(one.day - k) <= 1 for one, k in zip(found, places, strict=True)]
        assert sum(near) >= 270

    def test_noise_has_a_step_about_one_time_in_twenty_five(self):
        assert sum(step_change(MONTH, noise(s)) is not None for s in range(300)) <= 0.06 * 300

    def test_both_levels_and_the_first_day_of_the_new_one_are_given(self):
        found = step_change(DATES, 0.01 * noise(1) + np.where(np.arange(30) < 12, 0.7, 0.4))
        assert found.day == DATES[12]
        assert (found.before, found.after) == pytest.approx((0.7, 0.4), abs=0.01)
        assert found.change == pytest.approx(-0.3, abs=0.02)
        assert found.p < 0.01

    def test_outliers_move_neither_place_nor_levels(self):
        y = 0.01 * noise(1) + np.where(np.arange(30) < 12, 0.7, 0.4)
        y[[3, 20]] = [9.0, -9.0]
        found = step_change(MONTH, y)
        assert found.day == 12
        assert (found.before, found.after) == pytest.approx((0.7, 0.4), abs=0.01)

    def test_a_straight_line_has_none(self):
        assert step_change(MONTH, np.arange(30) + 0.3 * noise(1)) is None

    def test_a_single_outlier_is_none(self):
        y = 0.1 * noise(1)
        y[15] = 8.0
        assert step_change(MONTH, y) is None

    def test_a_step_under_the_least_is_none(self):
        y = 1e-4 * noise(1) + np.where(np.arange(30) < 12, 0.70, 0.65)
        assert step_change(MONTH, y, least=0.1) is None
        assert step_change(MONTH, y, least=0.01) is not None

    @pytest.mark.parametrize("values", [[], [1.0], [1.0] * 30, [0, 0, 1, 1, 1], [None] * 30])
    def test_few_or_equal_values_have_none(self, values):
        assert step_change(MONTH[: len(values)], values) is None

    def test_the_answer_is_the_same_every_time_and_in_any_order(self):
        y = list(noise(7) + 3 * (np.arange(30) >= 9))
        assert step_change(MONTH, y) == step_change(MONTH, y) == step_change(MONTH[::-1], y[::-1])

    def test_of_a_very_long_series_the_end_is_searched(self):
        y = noise(1, 10_000) + 3.0 * (np.arange(10_000) >= 9_900)
        assert step_change(range(10_000), y).day == pytest.approx(9_900, abs=2)
