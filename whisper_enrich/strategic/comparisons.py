"""Two groups compared, for many traits at once: intervals and p-values by methods that hold for small groups.

Proportions: Wilson's score interval (1927) and Newcombe's hybrid of two of them for the difference (1998, method 10), p by the
pooled score test. Means: Welch's t (1947), degrees of freedom after Satterthwaite. Many comparisons: the false discovery
rate of Benjamini and Hochberg (1995). All intervals are at 95%.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_Z = 1.959963984540054


@dataclass(frozen=True)
class Comparison:
    """One outcome with against without each of k traits; arrays of k. ``difference`` is ``with_`` minus ``without``.

    Where a group has fewer than two cases all but the counts are NaN.
    """

    n_with: np.ndarray
    n_without: np.ndarray
    with_: np.ndarray
    without: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray


def wilson(hits: np.ndarray | float, n: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """The 95% score interval of a proportion; NaN for n = 0."""
    hits, n = np.asarray(hits, dtype=float), np.asarray(n, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = hits / n
        centre = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
        half = _Z / (1 + _Z**2 / n) * np.sqrt(share * (1 - share) / n + _Z**2 / (4 * n**2))
    return np.clip(centre - half, 0.0, 1.0), np.clip(centre + half, 0.0, 1.0)


def compare_shares(outcome: np.ndarray, shown: np.ndarray) -> Comparison:
    """``outcome`` 0, 1 or NaN, [r], or [r, k] where it differs by trait; ``shown`` 1, 0 or NaN (not known) [r, k]."""
    (n1, hits1), (n0, hits0) = _sums(outcome, shown)
    low1, high1 = wilson(hits1, n1)
    low0, high0 = wilson(hits0, n0)
    with np.errstate(divide="ignore", invalid="ignore"):
        share1, share0 = hits1 / n1, hits0 / n0
        pooled = (hits1 + hits0) / (n1 + n0)
        error = np.sqrt(pooled * (1 - pooled) * (1 / n1 + 1 / n0))
        difference = share1 - share0
        p = np.where(error > 0, _two_sided(difference / error), 1.0)
    low = difference - np.hypot(share1 - low1, high0 - share0)
    high = difference + np.hypot(high1 - share1, share0 - low0)
    return _where_enough(n1, n0, share1, share0, difference, low, high, p)


def compare_means(outcome: np.ndarray, shown: np.ndarray) -> Comparison:
    """``outcome`` any number or NaN, [r], or [r, k] where it differs by trait; ``shown`` 1, 0 or NaN (not known) [r, k]."""
    from scipy.special import stdtr, stdtrit

    known = outcome[np.isfinite(outcome)]
    shift = float(known.mean()) if len(known) else 0.0
    (n1, sum1), (n0, sum0) = _sums(outcome - shift, shown)
    (_, square1), (_, square0) = _sums((outcome - shift) ** 2, shown)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean1, mean0 = sum1 / n1, sum0 / n0
        error1 = np.maximum(0.0, square1 - n1 * mean1**2) / (n1 - 1) / n1
        error0 = np.maximum(0.0, square0 - n0 * mean0**2) / (n0 - 1) / n0
        error = np.sqrt(error1 + error0)
        freedom = (error1 + error0) ** 2 / (error1**2 / (n1 - 1) + error0**2 / (n0 - 1))
        # Two groups of one value each: nothing is known of the spread, and nothing is claimed.
        freedom = np.where(np.isfinite(freedom), freedom, 1.0)
        difference = mean1 - mean0
        p = np.where(error > 0, 2 * stdtr(freedom, -np.abs(difference) / error), 1.0)
        half = stdtrit(freedom, 0.975) * error
    return _where_enough(n1, n0, mean1 + shift, mean0 + shift, difference, difference - half, difference + half, p)


def discoveries(p: np.ndarray, rate: float) -> np.ndarray:
    """Which of the p-values (any shape, NaN: not tested) are discoveries at the false discovery ``rate``."""
    flat = p.ravel()
    tested = np.flatnonzero(np.isfinite(flat))
    ordered = tested[np.argsort(flat[tested], kind="stable")]
    passing = np.flatnonzero(flat[ordered] <= rate * np.arange(1, len(ordered) + 1) / max(1, len(ordered)))
    found = np.zeros(len(flat), dtype=bool)
    if len(passing):
        found[ordered[: passing[-1] + 1]] = True
    return found.reshape(p.shape)


def residual(outcome: np.ndarray, on: np.ndarray) -> np.ndarray:
    """``outcome`` less what a straight line on ``on`` foretells, plus its mean; unchanged where ``on`` is not known.

    An analysis of covariance: a gloomy user's next message is brighter by regression to the mean alone.
    """
    both = np.isfinite(outcome) & np.isfinite(on)
    if both.sum() < 3:
        return outcome
    x = on[both] - on[both].mean()
    spread = float(x @ x)
    if spread <= 1e-12:
        return outcome
    slope = float(x @ outcome[both]) / spread
    adjusted = outcome.copy()
    adjusted[both] -= slope * x
    return adjusted


def _sums(
    outcome: np.ndarray, shown: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Count and sum of the outcome where shown, and where not."""
    outcome = outcome if outcome.ndim == 2 else outcome[:, None]
    known = np.isfinite(outcome)
    on, off = known & (shown == 1), known & (shown == 0)
    return tuple((group.sum(axis=0), np.where(group, outcome, 0.0).sum(axis=0)) for group in (on, off))


def _two_sided(z: np.ndarray) -> np.ndarray:
    from scipy.special import ndtr

    return 2 * ndtr(-np.abs(z))


def _where_enough(n1: np.ndarray, n0: np.ndarray, *columns: np.ndarray) -> Comparison:
    enough = (n1 >= 2) & (n0 >= 2)
    return Comparison(n1, n0, *(np.where(enough, column, np.nan) for column in columns))
