"""Did something become more frequent? Two counts over two spans of time, by exact tests.

Of events that come at one rate, the share that falls into the later span is binomial with p = its share of the time
(conditional test of two Poisson rates; Przyborowski and Wilenski 1940). 'stable' is a finding of its own: the 90% interval
(Clopper and Pearson 1934) of the rate ratio lies within `EQUIVALENCE` (two one-sided tests at 5%; Schuirmann 1987). Where
neither test decides, there is no verdict. Mentions come in bursts; the counts are divided by how much more they vary from
day to day than Poisson counts would (never by less than 1), so a talkative evening is no trend.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ALPHA = 0.05
EQUIVALENCE = 1.5
"""A rate between two thirds and three halves of the other counts as the same."""


@dataclass(frozen=True)
class RateTrend:
    """``verdict`` is 'increasing', 'stable', 'declining' or None. ``ratio`` is the later rate over the earlier with its 95%
    interval (``low``, ``high``; None where unbounded), ``dispersion`` what the counts were divided by for the tests."""

    verdict: str | None
    later: int
    earlier: int
    later_days: float
    earlier_days: float
    ratio: float | None
    low: float
    high: float | None
    p: float
    dispersion: float


def compare_rates(later: NDArray[np.float64], earlier: NDArray[np.float64]) -> RateTrend:
    """From the counts of each day of two spans. Raises `ValueError` where a span has no day."""
    if not len(later) or not len(earlier):
        raise ValueError("Two spans of at least one day are compared.")
    counts = int(later.sum()), int(earlier.sum())
    share = len(later) / (len(later) + len(earlier))
    dispersion = _dispersion(later, earlier)
    hits, total = counts[0] / dispersion, sum(counts) / dispersion
    low, high = _ratio(_interval(hits, total, 0.05), share)
    close_low, close_high = _ratio(_interval(hits, total, 0.10), share)
    p = _two_sided(hits, total, share)
    verdict = None
    if total > 0 and p < ALPHA:
        verdict = "increasing" if hits / total > share else "declining"
    elif total > 0 and close_low > 1 / EQUIVALENCE and close_high < EQUIVALENCE:
        verdict = "stable"
    ratio = (counts[0] / len(later)) / (counts[1] / len(earlier)) if counts[1] else None
    return RateTrend(
        verdict, *counts, float(len(later)), float(len(earlier)), ratio, low, high if np.isfinite(high) else None, p, dispersion
    )  # fmt: skip


def _dispersion(later: NDArray[np.float64], earlier: NDArray[np.float64]) -> float:
    """Pearson's chi-square over its degrees of freedom, each span with a rate of its own; at least 1."""
    square, freedom = 0.0, 0
    for counts in (later, earlier):
        mean = counts.mean()
        if mean > 0 and len(counts) > 1:
            square += float(((counts - mean) ** 2).sum() / mean)
            freedom += len(counts) - 1
    return max(1.0, square / freedom) if freedom else 1.0


def _two_sided(hits: float, total: float, share: float) -> float:
    """Twice the smaller exact tail, at most 1. Counts that were divided need not be whole: the tails are those of the beta
    function, which continues the binomial's."""
    from scipy.special import betainc

    at_most = 1.0 if hits >= total else float(1.0 - betainc(hits + 1.0, total - hits, share))
    at_least = 1.0 if hits <= 0 else float(betainc(hits, total - hits + 1.0, share))
    return float(min(1.0, 2.0 * min(at_most, at_least)))


def _interval(hits: float, total: float, alpha: float) -> tuple[float, float]:
    """Clopper and Pearson's interval of a share; 0 to 1 without events."""
    from scipy.special import betaincinv

    low = 0.0 if hits <= 0 else float(betaincinv(hits, total - hits + 1.0, alpha / 2))
    high = 1.0 if hits >= total else float(betaincinv(hits + 1.0, total - hits, 1 - alpha / 2))
    return low, high


def _ratio(interval: tuple[float, float], share: float) -> tuple[float, float]:
    """The interval of a share as one of the ratio of rates."""
    odds = [end / (1 - end) * (1 - share) / share if end < 1 else float("inf") for end in interval]
    return odds[0], odds[1]
