"""Trends, outliers and steps of a daily series, by robust statistics.

A series is days (dates, or numbers in days) with their values, in any order; missing values (None, NaN, infinite) are
left out. For trends and steps several values at the same time count as one, their median. Nothing here assumes equal
spacing, and nothing is fitted: the only constants are levels of significance and the consistency factors that make a median
based spread estimate a standard deviation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from statistics import NormalDist

import numpy as np

Day = date | float

FEWEST_FOR_TREND = 5
"""With four points no order has a two-sided probability under 5%."""

FEWEST_FOR_ANOMALIES = 7
FEWEST_A_SEGMENT = 3
MOST_POINTS = 400
"""Of a longer series the medians of neighbours are read for its trend, the last points for its step."""

MAD_TO_SIGMA = 1.4826
MEAN_DEVIATION_TO_SIGMA = math.sqrt(math.pi / 2)
OUTLIER_Z = 3.5
"""Iglewicz and Hoaglin, How to Detect and Handle Outliers (1993)."""

PERMUTATIONS = 499
_FEWEST_FOR_AUTOCORRELATION = 10
_SEED = 20_261_121


@dataclass(frozen=True, slots=True)
class Trend:
    """What `trend` says. ``slope`` is per day with its interval (``low``, ``high``, level 1 - alpha), ``change`` the slope times
    the days between first and last point, in the unit of the values. The line is ``intercept`` + slope * (day - first day).

    ``verdict`` is 'improving', 'stable', 'declining' or None; ``reason`` is set just when it is None: 'too_few_days' or
    'inconclusive'. ``autocorrelation`` is the lag-1 autocorrelation that the p-value allows for, 0 where none was found.
    """

    verdict: str | None
    reason: str | None
    points: int
    slope: float | None = None
    low: float | None = None
    high: float | None = None
    intercept: float | None = None
    change: float | None = None
    p: float | None = None
    tau: float | None = None
    autocorrelation: float | None = None

    @property
    def rising(self) -> bool | None:
        """Whether the values rise (falls: False), whatever is better; None without a verdict of change."""
        return None if self.verdict in (None, "stable") or self.slope is None else self.slope > 0


@dataclass(frozen=True, slots=True)
class Anomaly:
    """A value far off the line through its series. ``z`` is the distance in robust standard deviations, signed."""

    day: Day
    value: float
    expected: float
    z: float


@dataclass(frozen=True, slots=True)
class Step:
    """The level changed: ``day`` is the first of the new level, ``before`` and ``after`` are the medians of both sides."""

    day: Day
    before: float
    after: float
    p: float

    @property
    def change(self) -> float:
        """After less before."""
        return self.after - self.before


def trend(
    days: Sequence[Day],
    values: Sequence[float | None],
    equivalence: float | None = None,
    alpha: float = 0.05,
    *,
    higher_is_better: bool = True,
) -> Trend:
    """Whether a series improves, declines or stays.

    Slope: Theil-Sen, the median of the slopes of all pairs, with Sen's interval (Sen 1968, JASA 63). Test: Mann-Kendall,
    two-sided, with the variance for ties and the continuity correction (Kendall 1975). Neighbouring days are alike, which
    the test would take for a trend: the variance is inflated as by Hamed and Rao (1998, J. Hydrology 204) for a lag-1
    process whose coefficient is that of the ranks of the residuals, corrected for the bias that detrending brings
    (Hamed 2009, (n r + 2) / (n - 4)). It is never deflated: the rate of false alarms stays under alpha where days are
    independent, and near it where they are alike (`benchmarks/trends.py`).

    ``equivalence`` is the largest change over the whole series, in its own unit, that still counts as none. The verdict is
    'stable' where the 1 - 2 alpha interval of the change lies within it (two one-sided tests, Schuirmann 1987), also if
    the slope differs from zero significantly; without it nothing is ever called stable. Else the sign of the slope where
    p < alpha; else None with 'inconclusive'. Fewer than five days: None with 'too_few_days'.

    Raises ValueError where ``days`` and ``values`` differ in number, or ``equivalence`` is not positive.
    """
    if equivalence is not None and not equivalence > 0:
        raise ValueError("equivalence must be positive, or None where no bound is known")
    _, x, y = _one_a_day(*_series(days, values))
    points = len(x)
    x, y = _thinned(x, y)
    if len(x) < FEWEST_FOR_TREND:
        return Trend(None, "too_few_days", points)
    slopes, score, pairs = _pairwise(x, y)
    slope = float(np.median(slopes))
    intercept = float(np.median(y - slope * (x - x[0])))
    rho = _lag_one(_ranks(y - slope * x), detrended=2)
    variance = _variance_of_score(y) * _inflation(len(x), rho)
    p = _two_sided(score, variance)
    low, high = _sen_interval(slopes, variance, alpha)
    span = float(x[-1] - x[0])
    verdict = _verdict(slope, p < alpha, higher_is_better)
    if equivalence is not None and _equivalent(_sen_interval(slopes, variance, 2 * alpha), span, equivalence):
        verdict = "stable"
    return Trend(
        verdict, None if verdict else "inconclusive", points, slope=slope, low=low, high=high, intercept=intercept,
        change=slope * span, p=p, tau=score / pairs, autocorrelation=rho,
    )  # fmt: skip


def anomalies(
    days: Sequence[Day], values: Sequence[float | None], *, threshold: float = OUTLIER_Z, least: float = 0.0
) -> list[Anomaly]:
    """The values that lie far off the Theil-Sen line, in the order of their days.

    z = (residual - median of residuals) / s, s = 1.4826 MAD of the residuals; where over half of them are equal the MAD is 0
    and s is the mean absolute deviation times sqrt(pi / 2) instead. A value counts where |z| > ``threshold`` and it is more
    than ``least`` (unit of the values) away from what was expected. Fewer than seven values, or all equal: none.
    """
    kept, x, y = _series(days, values)
    if len(x) < FEWEST_FOR_ANOMALIES:
        return []
    expected = _line(x, y)
    residuals = y - expected
    center = float(np.median(residuals))
    spread = _spread(residuals - center)
    if spread == 0.0:
        return []
    z = (residuals - center) / spread
    found = np.flatnonzero((np.abs(z) > threshold) & (np.abs(residuals - center) > least))
    return [Anomaly(kept[i], float(y[i]), float(expected[i] + center), float(z[i])) for i in found]


def step_change(
    days: Sequence[Day], values: Sequence[float | None], *, alpha: float = 0.05, least: float = 0.0
) -> Step | None:
    """Where the level of a series changed at once, None where nothing says that it did.

    Located at the split into two segments of at least three points with the least sum of absolute deviations from their
    medians (Bai 1995, Econometric Theory 11): outliers do not move it. Tested by the largest standardised CUSUM of the values,
    clipped to two robust standard deviations beyond both levels, against 499 permutations (a fixed set, so that the
    answer is the same every time), reduced for the lag-1 autocorrelation of what the step leaves. A series that a straight
    line describes better by the Bayesian information criterion has no step but a trend; nor has one a step whose levels
    differ by no more than ``least``.
    """
    kept, x, y = _one_a_day(*_series(days, values))
    kept, x, y = kept[-MOST_POINTS:], x[-MOST_POINTS:], y[-MOST_POINTS:]
    if len(x) < 2 * FEWEST_A_SEGMENT:
        return None
    split = _best_split(y)
    before, after = float(np.median(y[:split])), float(np.median(y[split:]))
    if abs(after - before) <= least or before == after:
        return None
    left = y - np.where(np.arange(len(y)) < split, before, after)
    reach = 2.0 * _spread(left - np.median(left))
    clipped = np.clip(y, min(before, after) - reach, max(before, after) + reach)
    if not _steps_rather_than_drifts(x, clipped, split):
        return None
    p = _p_of_step(clipped, _lag_one(_ranks(left)))
    return Step(kept[split], before, after, p) if p < alpha else None


def _series(days: Sequence[Day], values: Sequence[float | None]) -> tuple[list[Day], np.ndarray, np.ndarray]:
    """Days as given, days as numbers and values: what is there, in the order of the days."""
    if len(days) != len(values):
        raise ValueError(f"{len(days)} days and {len(values)} values")
    y = np.array([math.nan if value is None else value for value in values], dtype=np.float64)
    x = np.array([_number(day) for day in days], dtype=np.float64)
    there = np.flatnonzero(np.isfinite(y) & np.isfinite(x))
    order = there[np.lexsort((y[there], x[there]))]
    return [days[i] for i in order], x[order], y[order]


def _one_a_day(kept: list[Day], x: np.ndarray, y: np.ndarray) -> tuple[list[Day], np.ndarray, np.ndarray]:
    """Medians of the values at the same time: in what order they came is not known, and must not look like a change."""
    times, first = np.unique(x, return_index=True)
    if len(times) == len(x):
        return kept, x, y
    return [kept[i] for i in first], times, np.array([np.median(part) for part in np.split(y, first[1:])])


def _number(day: Day) -> float:
    if isinstance(day, datetime):
        return day.timestamp() / 86_400.0
    return float(day.toordinal()) if isinstance(day, date) else float(day)


def _thinned(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """At most `MOST_POINTS` points: medians of equally many neighbours, because the pairs grow with the square."""
    if len(x) <= MOST_POINTS:
        return x, y
    parts = np.array_split(np.arange(len(x)), MOST_POINTS)
    return np.array([np.median(x[part]) for part in parts]), np.array([np.median(y[part]) for part in parts])


@lru_cache(maxsize=64)
def _pairs(n: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(n, 1)


def _pairwise(x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float, int]:
    """The slopes of all pairs of different days, ascending; Kendall's score; and how many such pairs there are."""
    first, second = _pairs(len(x))
    dx = x[second] - x[first]
    dy = y[second] - y[first]
    apart = dx > 0
    return np.sort(dy[apart] / dx[apart]), float(np.sign(dy[apart]).sum()), int(apart.sum())


def _variance_of_score(y: np.ndarray) -> float:
    n = len(y)
    ties = np.unique(y, return_counts=True)[1].astype(np.float64)
    return float(n * (n - 1) * (2 * n + 5) - (ties * (ties - 1) * (2 * ties + 5)).sum()) / 18.0


def _ranks(values: np.ndarray) -> np.ndarray:
    """Ranks, ties at their mean."""
    _, where, counts = np.unique(values, return_inverse=True, return_counts=True)
    upper = np.cumsum(counts)
    return (upper - (counts - 1) / 2.0)[where]


def _lag_one(residuals: np.ndarray, detrended: int = 0) -> float:
    """Lag-1 autocorrelation, 0 where it is negative, at most 0.95; 0 for under ten points, too few to know it.

    ``detrended`` = 2 corrects it for the level and slope that were taken off (Hamed 2009), 0 does not.
    """
    n = len(residuals)
    centered = residuals - residuals.mean()
    power = float(centered @ centered)
    if n < _FEWEST_FOR_AUTOCORRELATION or power == 0.0:
        return 0.0
    raw = float(centered[1:] @ centered[:-1]) / power
    return min(max((n * raw + detrended) / (n - 2.0 * detrended), 0.0), 0.95)


def _inflation(n: int, rho: float) -> float:
    """By how much autocorrelation raises the variance of Kendall's score (Hamed and Rao's factor), at least 1."""
    if rho == 0.0:
        return 1.0
    lags = np.arange(1, n - 2, dtype=np.float64)
    weights = (n - lags) * (n - lags - 1) * (n - lags - 2)
    return 1.0 + 2.0 / (n * (n - 1) * (n - 2)) * float((weights * rho**lags).sum())


def _two_sided(score: float, variance: float) -> float:
    if score == 0.0 or variance == 0.0:
        return 1.0
    return math.erfc((abs(score) - 1.0) / math.sqrt(2.0 * variance))


def _sen_interval(slopes: np.ndarray, variance: float, alpha: float) -> tuple[float, float]:
    """The interval of the slope at level 1 - alpha, from the ordered slopes of the pairs."""
    reach = NormalDist().inv_cdf(1.0 - alpha / 2.0) * math.sqrt(variance)
    low = max(round((len(slopes) - reach) / 2.0) - 1, 0)
    high = min(round((len(slopes) + reach) / 2.0), len(slopes) - 1)
    return float(slopes[low]), float(slopes[high])


def _equivalent(interval: tuple[float, float], span: float, bound: float) -> bool:
    return -bound < interval[0] * span and interval[1] * span < bound


def _verdict(slope: float, significant: bool, higher_is_better: bool) -> str | None:
    if not significant or slope == 0.0:
        return None
    return "improving" if (slope > 0) == higher_is_better else "declining"


def _line(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The Theil-Sen line at every point, through the median."""
    few_x, few_y = _thinned(x, y)
    slopes = _pairwise(few_x, few_y)[0]
    slope = float(np.median(slopes)) if len(slopes) else 0.0
    return float(np.median(y - slope * (x - x[0]))) + slope * (x - x[0])


def _spread(deviations: np.ndarray) -> float:
    """Robust standard deviation of deviations from their median."""
    mad = float(np.median(np.abs(deviations)))
    return MAD_TO_SIGMA * mad if mad > 0.0 else MEAN_DEVIATION_TO_SIGMA * float(np.abs(deviations).mean())


def _best_split(y: np.ndarray) -> int:
    """First index of the second segment."""
    splits = range(FEWEST_A_SEGMENT, len(y) - FEWEST_A_SEGMENT + 1)
    costs = [_absolute_deviation(y[:k]) + _absolute_deviation(y[k:]) for k in splits]
    return splits[int(np.argmin(costs))]


def _absolute_deviation(values: np.ndarray) -> float:
    """Sum of absolute deviations from the median: what the upper half holds more than the lower."""
    ordered = np.sort(values)
    half = len(ordered) // 2
    return float(ordered[len(ordered) - half :].sum() - ordered[:half].sum())


def _steps_rather_than_drifts(x: np.ndarray, clipped: np.ndarray, split: int) -> bool:
    """Compare two levels (three parameters with the place) with a line (two), both by least squares."""
    n = len(clipped)
    levels = float(np.var(clipped[:split])) * split + float(np.var(clipped[split:])) * (n - split)
    off, centered = clipped - clipped.mean(), x - x.mean()
    power = float(centered @ centered)
    line = float(off @ off) - (float(centered @ off) ** 2 / power if power else 0.0)
    return line > levels * n ** (1.0 / n)


def _p_of_step(clipped: np.ndarray, rho: float) -> float:
    observed = _largest_cusum(clipped[None, :])[0] * math.sqrt((1.0 - rho) / (1.0 + rho))
    by_chance = _largest_cusum(clipped[_permutations(len(clipped))])
    # Differences of rounding must not decide between equal sums.
    return float(1 + (by_chance >= observed * (1.0 - 1e-9)).sum()) / (PERMUTATIONS + 1)


def _largest_cusum(rows: np.ndarray) -> np.ndarray:
    """Of each row, the largest difference of the means of two segments in units of its standard error, but for sigma."""
    n = rows.shape[1]
    k = np.arange(FEWEST_A_SEGMENT, n - FEWEST_A_SEGMENT + 1)
    centered = rows - rows.mean(axis=1, keepdims=True)
    sums = np.cumsum(centered, axis=1)[:, k - 1]
    return np.abs(sums / np.sqrt(k * (n - k) / n)).max(axis=1)


@lru_cache(maxsize=8)
def _permutations(n: int) -> np.ndarray:
    order = np.tile(np.arange(n), (PERMUTATIONS, 1))
    return np.random.default_rng(_SEED).permuted(order, axis=1)
