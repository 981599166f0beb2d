"""One user's forgetting curve, from what they came back to, shrunk to the population.

    R(t) = (1 + factor * t / S) ^ -decay                        t in days since the last mention
    logit P(named in a session) = a + b * ln R_fsrs(t) + c * ln n,   decay = 0.1542 * b

S is the memory's FSRS stability, R_fsrs its curve with FSRS's own decay, n the sessions that named it. So R is read off the
talk: the odds of coming up again, against those right after a mention. b is 1 for a user who forgets as FSRS's learners do;
in talk it is mostly larger. Only chances of what had come back before are read: words named once, most of which never meant
anything to anybody, would pass for memories that were lost at once.

The fit is the maximum of the posterior, the interval Laplace's (`whisper_enrich.strategic.remention`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whisper_enrich.strategic.forgetting import FSRS_DECAY, Floats, fsrs_factor, retrievability
from whisper_enrich.strategic.memories import Talk
from whisper_enrich.strategic.remention import DAY, Items, map_fit

LEAST_DECAY = 0.02
"""A curve that never falls would call every memory fresh for ever."""
BOUNDED = np.array([False, True, False])
_Z = 1.959963984540054


@dataclass(frozen=True)
class CurvePopulation:
    """Mean and spread (between users, standard deviation) of a, b, c."""

    mean: Floats
    spread: Floats


@dataclass(frozen=True)
class Curve:
    """``decay`` with its 95% interval; ``coefficients`` a, b, c. ``own_weight`` in 0..1 is the share of the population's
    uncertainty about b that this user's talk removed: 0 is the population's curve."""

    decay: float
    low: float
    high: float
    coefficients: tuple[float, float, float]
    own_weight: float
    items: int
    hits: int

    def params(self, population: CurvePopulation) -> Mapping[str, Any]:
        """For a reader, with the formula."""
        a, b, c = self.coefficients
        return {
            "formula": "retrievability = (1 + factor * days / stability_days) ^ -decay",
            "factor": fsrs_factor(),
            "decay": self.decay,
            "decay_low": self.low,
            "decay_high": self.high,
            "population_decay": decay_of(float(population.mean[1])),
            "named_again": {"intercept": a, "log_retrievability": b, "log_sessions": c},
            "own_weight": self.own_weight,
            "chances": self.items,
            "named_again_count": self.hits,
        }


def curve_items(talk: Talk, found: Items) -> tuple[Floats, Items]:
    """1, ln R_fsrs, ln n of the items whose term was named in two sessions or more before; and these items."""
    known, width = talk.known, len(talk.known.session_at)
    last = np.searchsorted(known.term * width + known.session, found.term * width + found.session) - 1
    sessions = last - known.starts[found.term] + 1
    chosen = sessions > 1
    last, sessions, found = last[chosen], sessions[chosen], found.where(chosen)
    days = (known.session_at[found.session] - known.at[last]) / DAY
    fading = np.log(retrievability(days, talk.reviews.stability[last]))
    return np.column_stack([np.ones(len(last)), fading, np.log(sessions)]), found


def fit_curve(talk: Talk, found: Items, population: CurvePopulation) -> Curve:
    """The user's curve; without items that of the population."""
    x, found = curve_items(talk, found)
    fit = map_fit(x, found.hit, found.weight, population.mean, population.spread, BOUNDED)
    b, deviation = float(fit.coefficients[1]), float(np.sqrt(fit.covariance[1, 1]))
    # At its bound the curvature says nothing: the interval is then what the population leaves open above it.
    deviation = deviation if deviation > 0 else float(population.spread[1])
    return Curve(
        decay=decay_of(b),
        low=decay_of(b - _Z * deviation),
        high=decay_of(b + _Z * deviation),
        coefficients=tuple(map(float, fit.coefficients)),  # type: ignore[arg-type]
        own_weight=float(np.clip(1.0 - (deviation / population.spread[1]) ** 2, 0.0, 1.0)),
        items=round(float(found.weight.sum())),
        hits=round(float((found.weight * found.hit).sum())),
    )


def decay_of(b: float | NDArray[np.float64]) -> float:
    """The decay of R by the coefficient of ln R_fsrs."""
    return float(np.maximum(FSRS_DECAY * b, LEAST_DECAY))
