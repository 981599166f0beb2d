"""How memories fade: the formulas, over numpy arrays as well as single numbers.

- ACT-R base level (Anderson and Schooler 1991): B = ln(sum over earlier mentions j of k_j * t_j^-d), d = 0.5; exact, and by
  Petrov's approximation (2006), which keeps the latest mentions and the length of the whole history.
- Half-life regression (Settles and Meeder 2016): p = 2^(-t/h).
- FSRS-6 (Ye and others; version 6.3 of the package ``fsrs``): retrievability R = (1 + factor*t/S)^-decay with factor =
  0.9^(-1/decay) - 1, so that R = 0.9 after S days; and what each review makes of stability S (days) and difficulty D (1..10).

A mention is taken as a review that succeeded: what was forgotten is not seen, only what came back. Ages are in days unless
said otherwise, and need not be whole ones (the package rounds them down).
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ACT_R_DECAY = 0.5
FSRS_WEIGHTS = (
    0.212, 1.2931, 2.3065, 8.2956, 6.4133, 0.8334, 3.0194, 0.001, 1.8722, 0.1666, 0.796,
    1.4835, 0.0614, 0.2629, 1.6483, 0.6014, 1.8729, 0.5425, 0.0912, 0.0658, 0.1542,
)  # fmt: skip
"""The default parameters of FSRS-6, fitted by its authors on the reviews of many learners."""
FSRS_DECAY = FSRS_WEIGHTS[20]
LEAST_STABILITY = 0.001
MOST_REVIEWS = 60
"""Reviews of one memory that change it: after so many, a further one adds little."""


class Rating(IntEnum):
    """How well a review went. A mention is no `AGAIN`: that would be a failure, which talk does not show."""

    AGAIN = 1
    HARD = 2
    GOOD = 3
    EASY = 4


def base_level(ages: ArrayLike, counts: ArrayLike = 1.0, decay: float = ACT_R_DECAY) -> float:
    """ACT-R's base-level activation of one memory from the ages (> 0) of its mentions; -inf without any."""
    ages = np.asarray(ages, dtype=float)
    with np.errstate(divide="ignore"):
        return float(np.log(np.sum(np.broadcast_to(counts, ages.shape) * ages**-decay)))


def base_level_petrov(recent_ages: ArrayLike, mentions: int, first_age: float, decay: float = ACT_R_DECAY) -> float:
    """Base level from the ages of the k latest mentions, how many there were in all, and the age of the first.

    ln(sum_j<=k t_j^-d + (n-k) * (t_n^(1-d) - t_k^(1-d)) / ((1-d) * (t_n - t_k))); Petrov (2006). Exact for n = k.
    """
    ages = np.sort(np.asarray(recent_ages, dtype=float))
    total = float(np.sum(ages**-decay))
    rest, oldest = mentions - len(ages), float(ages[-1])
    if rest > 0 and first_age > oldest:
        total += rest * (first_age ** (1 - decay) - oldest ** (1 - decay)) / ((1 - decay) * (first_age - oldest))
    elif rest > 0:
        total += rest * oldest**-decay
    return float(np.log(total))


def half_life_recall(age: ArrayLike, half_life: ArrayLike) -> Floats:
    """2^(-age/half_life)."""
    return np.exp2(-np.asarray(age, dtype=float) / np.asarray(half_life, dtype=float))


def fsrs_factor(decay: float = FSRS_DECAY) -> float:
    """The factor by which R is 0.9 at an age of one stability."""
    return float(0.9 ** (-1.0 / decay) - 1.0)


def retrievability(
    age: ArrayLike, stability: ArrayLike, decay: ArrayLike = FSRS_DECAY, factor: float | None = None
) -> Floats:
    """(1 + factor*age/stability)^-decay in 0..1; 1 for an age of 0 and below. ``factor`` is FSRS's unless given.

    ``decay`` may be another than the one ``factor`` was made of: a user's own curve keeps the unit of stability.
    """
    factor = fsrs_factor() if factor is None else factor
    grown = factor * np.maximum(np.asarray(age, dtype=float), 0.0) / np.asarray(stability, dtype=float)
    return np.exp(-np.asarray(decay) * np.log1p(grown))


def days_until(
    retention: float, stability: ArrayLike, decay: ArrayLike = FSRS_DECAY, factor: float | None = None
) -> Floats:
    """The age in days at which `retrievability` has fallen to ``retention`` (0..1, exclusive)."""
    factor = fsrs_factor() if factor is None else factor
    return np.asarray(stability, dtype=float) / factor * np.expm1(-np.log(retention) / np.asarray(decay, dtype=float))


def initial_stability(rating: ArrayLike) -> Floats:
    """Stability in days after the first review."""
    return np.maximum(np.asarray(FSRS_WEIGHTS[:4])[np.asarray(rating) - 1], LEAST_STABILITY)


def initial_difficulty(rating: ArrayLike) -> Floats:
    """Difficulty after the first review."""
    return np.clip(_initial_difficulty(rating), 1.0, 10.0)


def next_difficulty(difficulty: ArrayLike, rating: ArrayLike) -> Floats:
    """Difficulty after a further review: damped towards 10, drawn towards that of an easy start."""
    w, difficulty = FSRS_WEIGHTS, np.asarray(difficulty, dtype=float)
    moved = difficulty - (10.0 - difficulty) * w[6] * (np.asarray(rating) - 3) / 9.0
    return np.clip(w[7] * _initial_difficulty(Rating.EASY) + (1 - w[7]) * moved, 1.0, 10.0)


def next_stability(stability: ArrayLike, difficulty: ArrayLike, age: ArrayLike, rating: ArrayLike) -> Floats:
    """Stability after a further review ``age`` days after the last that succeeded (`Rating.HARD` and better).

    Within a day the short-term formula holds, later the one by which a memory gains most that was nearly lost. Never less
    than before.
    """
    stability, age, rating = np.asarray(stability, dtype=float), np.asarray(age, dtype=float), np.asarray(rating)
    return np.where(age < 1.0, _same_day(stability, rating), _recalled(stability, difficulty, age, rating))


def _initial_difficulty(rating: ArrayLike) -> Floats:
    w = FSRS_WEIGHTS
    return w[4] - np.exp(w[5] * (np.asarray(rating, dtype=float) - 1)) + 1


def _same_day(stability: Floats, rating: NDArray[np.int64]) -> Floats:
    w = FSRS_WEIGHTS
    growth = np.exp(w[17] * (rating - 3 + w[18])) * stability ** -w[19]
    return np.maximum(stability * np.maximum(growth, 1.0), LEAST_STABILITY)


def _recalled(stability: Floats, difficulty: ArrayLike, age: Floats, rating: NDArray[np.int64]) -> Floats:
    w = FSRS_WEIGHTS
    bonus = np.where(rating == Rating.HARD, w[15], np.where(rating == Rating.EASY, w[16], 1.0))
    lost = 1.0 - retrievability(age, stability)
    growth = np.exp(w[8]) * (11 - np.asarray(difficulty)) * stability ** -w[9] * np.expm1(lost * w[10]) * bonus
    return np.maximum(stability * (1 + growth), LEAST_STABILITY)


def review(starts: ArrayLike, ages: ArrayLike, ratings: ArrayLike, most: int = MOST_REVIEWS) -> tuple[Floats, Floats]:
    """(stability, difficulty) after each of many memories' reviews.

    The reviews of one memory stand together in the order of time; ``starts`` are the positions of each memory's first,
    ascending; ``ages`` days since the memory's last review (ignored for the first). Goes from review to review over all
    memories at once, so the cost is in the longest, not in the number of memories; what comes after ``most`` reviews of a
    memory leaves it as it was.
    """
    ratings, ages = np.asarray(ratings, dtype=np.int64), np.asarray(ages, dtype=float)
    starts = np.asarray(starts, dtype=np.int64)
    stability, difficulty = np.empty(len(ratings)), np.empty(len(ratings))
    if not len(starts):
        return stability, difficulty
    lengths = np.diff(starts, append=len(ratings))
    within = np.arange(len(ratings)) - np.repeat(starts, lengths)
    carried = np.where(within < most, np.arange(len(ratings)), np.repeat(starts, lengths) + most - 1)
    order = np.argsort(-lengths, kind="stable")
    starts, lengths = starts[order], np.minimum(lengths[order], most)
    s, d = initial_stability(ratings[starts]), initial_difficulty(ratings[starts])
    stability[starts], difficulty[starts] = s, d
    left = np.searchsorted(-lengths, -np.arange(1, lengths[0]), side="left")
    for step, alive in enumerate(left, start=1):
        at = starts[:alive] + step
        s, d = s[:alive], d[:alive]
        s = next_stability(s, d, ages[at], ratings[at])
        d = next_difficulty(d, ratings[at])
        stability[at], difficulty[at] = s, d
    return stability[carried], difficulty[carried]
