"""How long a user stays away between visits, and how unusual a silence is for them.

Both models are special cases of the Burr XII distribution (Burr 1942; Singh and Maddala 1976), so that one closed form serves:

    S(t) = (1 + ((t - offset) / scale) ** shape) ** -tail        for t > offset, else 1

with t the hours since the user's last message and ``offset`` the pause by which visits are told apart (half an hour).
``lomax`` has shape 1 (an exponential whose rate varies as a gamma: people who are busy now and then; Lomax 1954, and the
Pareto/NBD of Schmittlein, Morrison and Colombo 1987), ``log_logistic`` has tail 1 (habits with a typical pause).

Fitted by maximum a posteriori on the pauses between the user's visits, recent ones weighing more; normal priors on the
logarithms of the two parameters are the population's. The family is the one with the larger evidence (Laplace). The silence
that lasts now is not among the data: how unusual it is shall be judged by what was usual before it.

A lull is a silence longer than all but one in ten of this user's pauses and than a day; cuts in `CUTS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from whisper_enrich.strategic.history import SESSION_GAP_SECONDS

OFFSET_HOURS = SESSION_GAP_SECONDS / 3600.0
MIN_GAPS = 3
"""Pauses below which nothing is said about a user's silence."""
HALF_LIFE_DAYS = 90.0
"""Of a pause's weight, back from the user's last message."""
MOST_EXPONENT = 12.0
"""Of shape and tail: beyond it the models hardly change, and powers leave the range in which a database can compute them."""


class LullSeverity(StrEnum):
    """How unusual a silence is for its user."""

    NONE = "none"
    MILD = "mild"
    MODERATE = "moderate"
    SEVERE = "severe"


CUTS: tuple[tuple[LullSeverity, float, float], ...] = (
    (LullSeverity.SEVERE, 0.01, 96.0),
    (LullSeverity.MODERATE, 0.03, 48.0),
    (LullSeverity.MILD, 0.10, 24.0),
)
"""Severity, the survival probability at or below which it begins, and the hours that it takes at least: somebody who writes
ten times a day is not in a lull overnight."""


@dataclass(frozen=True, slots=True)
class FamilyPrior:
    """Normal priors on the logarithms of scale (hours) and of the free exponent: (mean, standard deviation) each; ``share``
    of people whom this family fits better."""

    log_scale: tuple[float, float]
    log_exponent: tuple[float, float]
    share: float


@dataclass(frozen=True, slots=True)
class GapPriors:
    """What is known of people's pauses in general."""

    lomax: FamilyPrior
    log_logistic: FamilyPrior


@dataclass(frozen=True, slots=True)
class GapModel:
    """The fitted pauses of a user: see the module for the formula. ``gaps`` is how many it rests on.

    ``mild_after_hours``, ``moderate_after_hours`` and ``severe_after_hours`` are where the severities begin, so that a
    comparison with the hours since the last message tells the severity at any time.
    """

    family: str
    scale_hours: float
    shape: float
    tail: float
    offset_hours: float
    gaps: int
    mild_after_hours: float
    moderate_after_hours: float
    severe_after_hours: float

    def survival(self, hours: float) -> float:
        """Probability that a pause of this user lasts longer than ``hours``."""
        return survival(hours, self.scale_hours, self.shape, self.tail)

    def quantile(self, probability: float) -> float:
        """The hours within which a pause has ended with ``probability`` (0 to below 1)."""
        return _exceeded_with(1.0 - probability, self.scale_hours, self.shape, self.tail)

    def severity(self, hours: float) -> LullSeverity:
        """How unusual a silence of ``hours`` is."""
        if hours >= self.severe_after_hours:
            return LullSeverity.SEVERE
        if hours >= self.moderate_after_hours:
            return LullSeverity.MODERATE
        return LullSeverity.MILD if hours >= self.mild_after_hours else LullSeverity.NONE


def pauses(at: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Hours of each pause between visits, and the days from its end to the last message, of a user who wrote ``at`` (seconds,
    any order)."""
    at = np.sort(np.asarray(at, dtype=float))
    gaps = np.diff(at)
    ends = np.flatnonzero(gaps > SESSION_GAP_SECONDS)
    return gaps[ends] / 3600.0, (at[-1] - at[ends + 1]) / 86400.0 if len(ends) else np.empty(0)


def fit_gaps(gaps_hours: np.ndarray, ages_days: np.ndarray, priors: GapPriors) -> GapModel | None:
    """The model of a user's pauses (all longer than `OFFSET_HOURS`); None below `MIN_GAPS`."""
    if len(gaps_hours) < MIN_GAPS:
        return None
    beyond = np.maximum(np.asarray(gaps_hours, dtype=float) - OFFSET_HOURS, 1e-3)
    weights = 2.0 ** (-np.asarray(ages_days, dtype=float) / HALF_LIFE_DAYS)
    lomax = maximise(beyond, weights, priors.lomax, lomax_likelihood)
    logistic = maximise(beyond, weights, priors.log_logistic, log_logistic_likelihood)
    if lomax.evidence >= logistic.evidence:
        return _model("lomax", lomax.scale, 1.0, lomax.exponent, len(beyond))
    return _model("log_logistic", logistic.scale, logistic.exponent, 1.0, len(beyond))


def survival(hours: float, scale: float, shape: float, tail: float) -> float:
    """S(t) of the module's formula."""
    beyond = max(hours - OFFSET_HOURS, 0.0) / scale
    return float((1.0 + beyond**shape) ** -tail)


def _exceeded_with(probability: float, scale: float, shape: float, tail: float) -> float:
    return float(OFFSET_HOURS + scale * (probability ** (-1.0 / tail) - 1.0) ** (1.0 / shape))


def _model(family: str, scale: float, shape: float, tail: float, gaps: int) -> GapModel:
    after = {severity: max(_exceeded_with(cut, scale, shape, tail), least) for severity, cut, least in CUTS}
    return GapModel(
        family=family,
        scale_hours=scale,
        shape=shape,
        tail=tail,
        offset_hours=OFFSET_HOURS,
        gaps=gaps,
        mild_after_hours=after[LullSeverity.MILD],
        moderate_after_hours=after[LullSeverity.MODERATE],
        severe_after_hours=after[LullSeverity.SEVERE],
    )


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the posterior of a family is largest, and the logarithm of its evidence."""

    scale: float
    exponent: float
    evidence: float


@dataclass(frozen=True, slots=True)
class Likelihood:
    """Log-likelihood with gradient [2] and Hessian [2, 2] in (log scale, log exponent)."""

    value: float
    gradient: np.ndarray
    hessian: np.ndarray


LogLikelihood = Callable[[np.ndarray, np.ndarray, np.ndarray], Likelihood]
"""Of the pauses' logarithms, their weights, and (log scale, log exponent)."""


def maximise(beyond: np.ndarray, weights: np.ndarray, prior: FamilyPrior, likelihood: LogLikelihood) -> Maximum:
    """Newton's method with Levenberg's damping from the prior's mean; the posterior of either family has one maximum as far
    as its prior lets it have any."""
    mean = np.array([prior.log_scale[0], prior.log_exponent[0]])
    precision = np.array([prior.log_scale[1], prior.log_exponent[1]]) ** -2.0
    logs = np.log(beyond)
    place, damping = mean.copy(), 1e-3
    here = _posterior(likelihood, logs, weights, place, mean, precision)
    for _ in range(60):
        step = np.linalg.solve(_definite(here.hessian) + damping * np.eye(2), here.gradient)
        step = np.clip(step, -2.0, 2.0)
        next_place = np.minimum(place + step, (np.inf, np.log(MOST_EXPONENT)))
        there = _posterior(likelihood, logs, weights, next_place, mean, precision)
        if there.value < here.value:
            damping = max(damping, 1e-3) * 10.0
            if damping > 1e12:
                break
            continue
        place, gain, here, damping = next_place, there.value - here.value, there, damping / 10.0
        if gain < 1e-10 * (1.0 + abs(here.value)):
            break
    determinant = np.linalg.det(_definite(here.hessian))
    evidence = here.value + 0.5 * np.log(precision.prod()) - 0.5 * np.log(determinant) + np.log(prior.share)
    return Maximum(float(np.exp(place[0])), float(np.exp(place[1])), float(evidence))


def _posterior(
    likelihood: LogLikelihood,
    logs: np.ndarray,
    weights: np.ndarray,
    place: np.ndarray,
    mean: np.ndarray,
    precision: np.ndarray,
) -> Likelihood:
    found = likelihood(logs, weights, place)
    off = place - mean
    return Likelihood(
        found.value - 0.5 * float(precision @ off**2),
        found.gradient - precision * off,
        found.hessian - np.diag(precision),
    )


def _definite(hessian: np.ndarray) -> np.ndarray:
    """Minus the Hessian, made positive definite."""
    values, vectors = np.linalg.eigh(-hessian)
    return (vectors * np.maximum(values, 1e-6)) @ vectors.T


def lomax_likelihood(logs: np.ndarray, weights: np.ndarray, place: np.ndarray) -> Likelihood:
    """Of pauses with logarithms ``logs`` beyond the offset; density tail/scale * (1 + x/scale) ** -(tail + 1)."""
    tail = np.exp(place[1])
    z = logs - place[0]
    grown, ratio = np.logaddexp(0.0, z), np.exp(-np.logaddexp(0.0, -z))
    total, grown_sum, ratio_sum = weights.sum(), weights @ grown, weights @ ratio
    mixed = tail * ratio_sum
    return Likelihood(
        float(total * (place[1] - place[0]) - (tail + 1.0) * grown_sum),
        np.array([(tail + 1.0) * ratio_sum - total, total - tail * grown_sum]),
        np.array([[-(tail + 1.0) * (weights @ (ratio * (1.0 - ratio))), mixed], [mixed, -tail * grown_sum]]),
    )


def log_logistic_likelihood(logs: np.ndarray, weights: np.ndarray, place: np.ndarray) -> Likelihood:
    """Of pauses with logarithms ``logs`` beyond the offset; density shape/x * e^u / (1 + e^u)^2, u = shape * log(x/scale)."""
    shape = np.exp(place[1])
    u = shape * (logs - place[0])
    p = np.exp(-np.logaddexp(0.0, -u))
    slope, bend = 1.0 - 2.0 * p, 2.0 * p * (1.0 - p)
    mixed = -shape * (weights @ slope) + shape * (weights @ (u * bend))
    return Likelihood(
        float(weights @ (place[1] - logs + u - 2.0 * np.logaddexp(0.0, u))),
        np.array([-shape * (weights @ slope), weights @ (1.0 + u * slope)]),
        np.array([[-(shape**2) * (weights @ bend), mixed], [mixed, weights @ (u * slope - u**2 * bend)]]),
    )
