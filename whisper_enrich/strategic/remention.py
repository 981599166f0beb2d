"""Will what was named before be named again in the next session? A logistic model on activation, shrunk to the population.

    P(named again) = 1 / (1 + exp(-(b0 + b * z(x))))

over the features x in `FEATURES`, each from earlier mentions only: practice is ACT-R's base level with the age counted in
sessions (chances to be named, which is what predicts best), in days beside it; regularity the share of the chances since the
first mention that were taken; frequency the turns that named it; then the age of the acquaintance, how much is said in a session,
and the class of the word. z is the population's standardisation. The coefficients of what grows with practice and
shrinks with time are kept at zero or above: so at unchanged history the probability falls with each session and day that
passes, and a mention never lowers it.

The fit is the maximum of the posterior under normal priors around the population's coefficients, by Newton's method with
these bounds; intervals are Laplace's (the curvature at the maximum). Sessions of one memory are not independent, so these
are somewhat too narrow. All costs are in the number of mentions: items without a hit are drawn at even distance and weighted.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from whisper_enrich.strategic.forgetting import ACT_R_DECAY

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FEATURES = (
    "practice_sessions",
    "practice_days",
    "regularity",
    "novelty",
    "frequency",
    "talk",
    "calendar",
    "entity",
)
"""The columns of `features`, and of the coefficients after the intercept."""
BOUNDED = np.array([False, True, True, True, True, True, False, False, False])
"""Which coefficients, the intercept first, are at least zero."""
LEAST_DAYS = 1 / 24
MOST_ITEMS = 1000
"""Of hits, and of misses, that are read of one user."""
DAY = 86400.0


@dataclass(frozen=True)
class Mentionings:
    """Who was named when: one entry for each term and session that named it, ordered by term, then session.

    ``term``, ``session`` int64; ``turns`` and ``user_turns`` (how many turns of the session named it, and how many of these
    were the user's) and ``at`` (seconds; its last mention there) float64. ``session_at`` (start) and ``session_turns`` are
    by session, ``calendar`` (a weekday or month) and ``entity`` by term; term ids are 0..m-1, all used.
    """

    term: Ints
    session: Ints
    turns: Floats
    user_turns: Floats
    at: Floats
    session_at: Floats
    session_turns: Floats
    calendar: NDArray[np.bool_]
    entity: NDArray[np.bool_]

    @property
    def starts(self) -> Ints:
        """Where each term's entries begin."""
        return np.searchsorted(self.term, np.arange(len(self.entity)))


@dataclass(frozen=True)
class Items:
    """Chances to be named again: a known term, a later session, whether it was, and how many such items this one stands for."""

    term: Ints
    session: Ints
    hit: Floats
    weight: Floats

    def where(self, chosen: NDArray[np.bool_]) -> Items:
        """Those chosen."""
        return Items(self.term[chosen], self.session[chosen], self.hit[chosen], self.weight[chosen])


@dataclass(frozen=True)
class Population:
    """What is known of people in general. ``centre`` and ``scale`` standardise the features; ``mean`` and ``spread`` (between
    users, standard deviation) are of the coefficients on them, the intercept first."""

    centre: Floats
    scale: Floats
    mean: Floats
    spread: Floats


@dataclass(frozen=True)
class Fit:
    """Coefficients on the standardised features, the intercept first, and their covariance."""

    coefficients: Floats
    covariance: Floats
    log_evidence: float


def mentionings(
    term: Ints,
    session: Ints,
    at: Floats,
    from_user: NDArray[np.bool_],
    *,
    session_at: Floats,
    session_turns: Floats,
    calendar: NDArray[np.bool_],
    entity: NDArray[np.bool_],
) -> Mentionings:
    """From one entry for each term and turn that named it, in any order."""
    order = np.lexsort((at, session, term))
    key = term[order] * max(1, len(session_at)) + session[order]
    first = np.flatnonzero(np.diff(key, prepend=-1))
    turns = np.diff(np.append(first, len(key))).astype(float)
    by_user = np.add.reduceat(from_user[order].astype(float), first) if len(first) else turns
    last = order[first + turns.astype(np.int64) - 1]
    return Mentionings(term[last], session[last], turns, by_user, at[last], session_at, session_turns, calendar, entity)


def items(known: Mentionings, most: int | None = MOST_ITEMS) -> Items:
    """All hits and misses, or at most so many of each, drawn at even distance, with the weight of those left out."""
    sessions = len(known.session_at)
    first = known.session[known.starts]
    again = np.ones(len(known.term), dtype=bool)
    again[known.starts] = False
    hits = np.flatnonzero(again)
    hits_read = hits[_evenly(len(hits), most)]
    chances = np.maximum(sessions - 1 - first, 0)
    ends = np.cumsum(chances)
    misses = int(ends[-1]) - len(hits) if len(ends) else 0
    drawn = _evenly(misses + len(hits), most)
    term = np.searchsorted(ends, drawn, side="right")
    session = first[term] + 1 + drawn - (ends[term] - chances[term])
    missed = ~np.isin(term * sessions + session, known.term * sessions + known.session)
    term, session = term[missed], session[missed]
    return Items(
        np.concatenate([known.term[hits_read], term]),
        np.concatenate([known.session[hits_read], session]),
        np.concatenate([np.ones(len(hits_read)), np.zeros(len(term))]),
        np.concatenate(
            [
                np.full(len(hits_read), len(hits) / max(1, len(hits_read))),
                np.full(len(term), misses / max(1, len(term))),
            ]
        ),
    )


def _evenly(count: int, most: int | None) -> Ints:
    step = 1 if most is None else max(1, -(-count // most))
    return np.arange(step // 2, count, step)


def features(known: Mentionings, term: Ints, session: Ints, now: float | None = None) -> Floats:
    """[n, len(FEATURES)] of terms just before the given sessions. A session one past the last is the next to come, at
    ``now`` (seconds). Each term must have been named in an earlier session."""
    sessions = len(known.session_at)
    at = np.append(known.session_at, np.nan if now is None else now)[session]
    begin = known.starts[term]
    end = np.searchsorted(known.term * (sessions + 1) + known.session, term * (sessions + 1) + session)
    count = end - begin
    first = np.cumsum(count) - count
    # One row for each item and earlier entry of its term.
    entry = np.arange(int(count.sum())) + np.repeat(begin - first, count)
    earlier = known.session[entry]
    ages = np.repeat(session, count) - earlier
    days = np.maximum((np.repeat(at, count) - known.session_at[earlier]) / DAY, LEAST_DAYS)
    turns = known.turns[entry]
    elapsed = session - known.session[begin]
    said, named = np.cumsum(known.session_turns), np.append(0.0, np.cumsum(known.turns))
    return np.column_stack(
        [
            np.log(np.add.reduceat(turns / ages**ACT_R_DECAY, first)) if len(term) else first,
            np.log(np.add.reduceat(turns / days**ACT_R_DECAY, first)) if len(term) else first,
            np.log((count - 0.9) / (elapsed + 1)),
            -np.log(session),
            np.log(named[end] - named[begin]),
            np.log(said[session - 1] / session),
            known.calendar[term],
            known.entity[term],
        ]
    )


def probability(x: Floats, fit: Fit) -> Floats:
    """Of being named, by the rows of `design`."""
    return 1.0 / (1.0 + np.exp(-np.clip(x @ fit.coefficients, -500.0, 500.0)))


def design(x: Floats, population: Population) -> Floats:
    """Standardised features after a column of ones."""
    return np.column_stack([np.ones(len(x)), (x - population.centre) / population.scale])


def fit_user(x: Floats, found: Items, population: Population) -> Fit:
    """A user's coefficients from the `design` of their items, drawn to the population's; its own without items."""
    return map_fit(x, found.hit, found.weight, population.mean, population.spread, BOUNDED)


def map_fit(
    x: Floats, hit: Floats, weight: Floats, mean: Floats, spread: Floats, bounded: NDArray[np.bool_], steps: int = 40
) -> Fit:
    """Maximum of the posterior of a weighted logistic regression with independent normal priors.

    ``bounded`` coefficients are at least zero. The evidence is Laplace's, over the coefficients that are not at their bound.
    """
    precision = 1.0 / np.square(spread)
    b = np.where(bounded, np.maximum(mean, 0.0), mean)
    value = _negative_log_posterior(b, x, hit, weight, mean, precision)
    free = np.ones(len(b), dtype=bool)
    hessian = np.diag(precision)
    for _ in range(steps):
        p = 1.0 / (1.0 + np.exp(-np.clip(x @ b, -500.0, 500.0)))
        gradient = x.T @ (weight * (p - hit)) + precision * (b - mean)
        hessian = (x * (weight * p * (1 - p))[:, None]).T @ x + np.diag(precision)
        free = ~(bounded & (b <= 0) & (gradient > 0))
        step = np.zeros(len(b))
        step[free] = np.linalg.solve(hessian[np.ix_(free, free)], gradient[free])
        b, better = _line_search(b, step, value, bounded, (x, hit, weight, mean, precision))
        if value - better < 1e-9:
            break
        value = better
    covariance = np.zeros_like(hessian)
    covariance[np.ix_(free, free)] = np.linalg.inv(hessian[np.ix_(free, free)])
    _, log_det = np.linalg.slogdet(hessian[np.ix_(free, free)])
    return Fit(b, covariance, float(-value + 0.5 * (np.log(precision[free]).sum() - log_det)))


def _line_search(
    b: Floats, step: Floats, value: float, bounded: NDArray[np.bool_], data: tuple
) -> tuple[Floats, float]:
    for halving in range(20):
        tried = b - 0.5**halving * step
        tried = np.where(bounded, np.maximum(tried, 0.0), tried)
        found = _negative_log_posterior(tried, *data)
        if found <= value:
            return tried, found
    return b, value


def _negative_log_posterior(
    b: Floats, x: Floats, hit: Floats, weight: Floats, mean: Floats, precision: Floats
) -> float:
    z = x @ b
    return float(np.sum(weight * (np.logaddexp(0.0, z) - hit * z)) + 0.5 * np.sum(precision * np.square(b - mean)))
