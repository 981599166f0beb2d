"""Differences of means between groups of turns, where the turns of one session are alike.

A talk has its mood and its length; ten messages of it are not ten independent cases. The variance of a difference is
therefore taken over sessions (cluster-robust, CR1; Liang and Zeger 1986), with Student's t of sessions - 1 degrees of freedom.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_NOTHING = 1e-12


@dataclass(frozen=True)
class Difference:
    """Mean inside less mean outside of each of k groups, at 95%; arrays of k. NaN where a group or its rest has under two
    values, or they come from under three sessions. ``error`` is the standard error, ``freedom`` of t."""

    n: np.ndarray
    inside: np.ndarray
    outside: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray
    p: np.ndarray
    error: np.ndarray
    freedom: int


def difference(outcome: np.ndarray, groups: np.ndarray, session: np.ndarray) -> Difference:
    """``outcome`` [r], NaN where not known; ``groups`` bool [r, k]; ``session`` int [r], counted from 0."""
    from scipy.special import stdtr, stdtrit

    known = np.isfinite(outcome)
    y, inside = outcome[known].astype(np.float64), groups[known].astype(np.float64)
    cluster = session[known]
    clusters = int(np.count_nonzero(np.bincount(cluster)))
    outside = 1.0 - inside
    n1, n0 = inside.sum(axis=0), outside.sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean1, mean0 = y @ inside / n1, y @ outside / n0
        influence = inside * (y[:, None] - mean1) / n1 - outside * (y[:, None] - mean0) / n0
    freedom = max(clusters - 1, 1)
    enough = (n1 >= 2) & (n0 >= 2) & (clusters >= 3)
    gap = np.where(enough, mean1 - mean0, np.nan)
    error = np.where(enough, _clustered_error(influence, cluster, clusters), np.nan)
    # Values without any spread differ for certain, or not at all.
    surely = np.where(np.abs(gap) > _NOTHING, 0.0, np.where(enough, 1.0, np.nan))
    t = np.abs(gap) / np.maximum(error, _NOTHING)
    p = np.where(error > _NOTHING, 2.0 * stdtr(freedom, -t), surely)
    reach = stdtrit(freedom, 0.975) * error
    return Difference(n1, mean1, mean0, gap, gap - reach, gap + reach, p, error, freedom)


def _clustered_error(influence: np.ndarray, cluster: np.ndarray, clusters: int) -> np.ndarray:
    squares = [float((np.bincount(cluster, column) ** 2).sum()) for column in influence.T]
    return np.sqrt(np.array(squares) * clusters / max(clusters - 1, 1))
