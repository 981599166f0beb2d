"""When a user is here: the probability of each hour of the day and of the week, in the user's own time.

Kernel density on the circle with von Mises kernels (Taylor 2008, doi 10.1016/j.csda.2007.11.003), binned to hours, shrunk
towards what is known of people in general as by a Dirichlet prior of ``strength`` sessions:

    p(h) = (n * kernel density(h) + strength * general(h)) / (n + strength)

n is the effective number of sessions: a message weighs 1 / sqrt(messages of its session) (a burst of 30 messages is one
visit, and yet more than one of two), times 2 ** (-age / half_life). ``general`` is the population's curve turned to where
this user's own hours put it: a mixture over 24 rotations, each weighed by its likelihood (early birds and night owls; the
time zone itself where that is not known).

Bandwidth, half-life and strength are not chosen but averaged: each combination predicts every day from the days before it,
and is weighed by how well it did (prequential validation, Dawid 1984), tempered since the messages of a day hang together.
The general curve alone is among the candidates, so that little or erratic data end near it.

Weekdays: P(day) is the share of sessions, shrunk to equal; hours of working days and of the weekend are told apart as far as
their sessions carry it; the week is then scaled so that its hours sum to p(h).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from itertools import product

import numpy as np

from whisper_enrich.strategic.history import SESSION_GAP_SECONDS

HOURS = 24
DAYS = 7
MIN_MESSAGES = 5
"""Below this the population's curve is given, and called that."""

SPREADS = (1.0, 2.0, 3.5, 6.0)
"""Candidate bandwidths: the standard deviation of the kernel, in hours."""
HALF_LIVES = (21.0, 90.0, np.inf)
"""Candidate half-lives of a message's weight, in days."""
STRENGTHS = (3.0, 10.0, 30.0)
"""Candidate weights of the general curve, in sessions."""

_TEMPER = 0.3
_MOST_DAYS = 150
"""Active days that are kept apart; what is older counts as one day."""
_VALIDATED_DAYS = 50
"""The last active days, which candidates are weighed by."""
_DAY_STRENGTH = 14.0
_CLASS_STRENGTH = 15.0


@dataclass(frozen=True, slots=True)
class PresencePriors:
    """What is known of people in general: ``hours``, the share of messages by local hour (24, sum 1), and by how many
    hours (standard deviation) people are earlier or later than that, ``chronotype_hours``."""

    hours: tuple[float, ...]
    chronotype_hours: float


@dataclass(frozen=True)
class Presence:
    """``week``: probability that a message of the user falls in each of the 168 hours of the week, Monday 0:00 local time
    first; sums to 1. ``hours``: the same of the day. ``source`` is 'own', or 'population' below `MIN_MESSAGES`.

    ``spread_hours``, ``half_life_days`` (None: no decay) and ``population_share`` (0..1) say what the validation came to;
    ``messages`` and ``active_days`` what it rests on.
    """

    week: tuple[float, ...]
    hours: tuple[float, ...]
    source: str
    messages: int
    active_days: int
    spread_hours: float | None = None
    half_life_days: float | None = None
    population_share: float = 1.0

    def best_hours(self, count: int = 4) -> tuple[int, ...]:
        """The ``count`` likeliest hours of the day, likeliest first."""
        return tuple(sorted(range(HOURS), key=lambda h: (-self.hours[h], h))[:count])


def presence(hours_of_week: np.ndarray, at: np.ndarray, priors: PresencePriors, *, zone_known: bool = True) -> Presence:
    """The presence of the user who wrote messages at ``at`` (seconds since 1970, any order), which were the local
    ``hours_of_week`` (0..168, Monday first). Without a known zone the hours are UTC, and any rotation is as likely."""
    days = _Days.of(np.asarray(hours_of_week, dtype=float), np.asarray(at, dtype=float))
    start = _rotation_prior(zone_known, priors)
    if days.messages < MIN_MESSAGES:
        hours = general_curves(np.zeros((1, HOURS)), start, priors)[0]
        return _presence(_week(hours, np.full(DAYS, 1 / DAYS), np.tile(hours, (2, 1))), "population", days)
    experts = _experts(days, start, priors)
    weights = _posterior(experts, days)
    hours = weights @ experts.now
    week = _week(hours, _day_shares(days), _class_hours(days, hours, weights))
    return _presence(week, "own", days, experts, weights)


def local_days(hours_of_week: np.ndarray, at: np.ndarray) -> np.ndarray:
    """The local day of each time, int64 days since 1970-01-01: the hour of the week tells the offset to the quarter hour."""
    utc = at / 3600.0
    # 1970-01-01 was a Thursday.
    offset = np.round(4.0 * ((hours_of_week - utc - 72.0 + 84.0) % 168.0 - 84.0)) / 4.0
    return np.floor((utc + offset) / HOURS).astype(np.int64)


def general_curves(counts: np.ndarray, start: np.ndarray, priors: PresencePriors) -> np.ndarray:
    """The population's curve as each row of ``counts`` [n, 24] turns it: float [n, 24], rows sum to 1."""
    turned = _rotations(priors)
    log_weights = np.log(start) + counts @ np.log(turned).T
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    return (weights / weights.sum(axis=1, keepdims=True)) @ turned


@dataclass(frozen=True)
class _Days:
    """Active local days in order: ``weighed`` [d, 24] visits by hour, ``number`` [d] days since 1970; ``weekly`` [7, 24] all
    visits by day of the week; ``messages`` how many were written, ``active`` on how many days."""

    weighed: np.ndarray
    number: np.ndarray
    weekly: np.ndarray
    messages: int
    active: int

    @classmethod
    def of(cls, hours_of_week: np.ndarray, at: np.ndarray) -> _Days:
        order = np.argsort(at, kind="stable")
        hours_of_week, at = hours_of_week[order], at[order]
        if not len(at):
            return cls(np.zeros((0, HOURS)), np.zeros(0), np.zeros((DAYS, HOURS)), 0, 0)
        weight = visit_weights(at)
        of_week = np.minimum(hours_of_week, np.nextafter(DAYS * HOURS, 0)).astype(int)
        found, place = np.unique(local_days(hours_of_week, at), return_inverse=True)
        merged = max(len(found) - _MOST_DAYS, 0)
        place, number = np.maximum(place - merged, 0), found[merged:].astype(float)
        weighed = np.bincount(place * HOURS + of_week % HOURS, weights=weight, minlength=len(number) * HOURS)
        weekly = np.bincount(of_week, weights=weight, minlength=DAYS * HOURS)
        return cls(weighed.reshape(-1, HOURS), number, weekly.reshape(DAYS, HOURS), len(at), len(found))


def visit_weights(at: np.ndarray) -> np.ndarray:
    """The weight of each of ascending times: 1 / sqrt(messages of its visit)."""
    session = np.cumsum(np.diff(at, prepend=at[:1]) > SESSION_GAP_SECONDS)
    return 1.0 / np.sqrt(np.bincount(session)[session])


@dataclass(frozen=True)
class _Experts:
    """``before`` [e, v, 24]: what each candidate expected of each of the last v days; ``now`` [e, 24]: what it expects next.
    ``share`` [e]: the weight of the general curve in it."""

    before: np.ndarray
    now: np.ndarray
    share: np.ndarray


def _experts(days: _Days, start: np.ndarray, priors: PresencePriors) -> _Experts:
    """All candidates; the last is the general curve alone."""
    count = len(days.number)
    # A row for each validated day, over the days before it; the last row for now, over all days.
    rows = np.arange(max(count - _VALIDATED_DAYS, 0), count + 1)
    earlier = rows[:, None] > np.arange(count)[None, :]
    ages = np.append(days.number, days.number[-1])[rows][:, None] - days.number[None, :]
    general = general_curves(_TEMPER * (earlier @ days.weighed), start, priors)
    spread = [days.weighed @ kernel for kernel in _kernels()]
    curves, shares = [], []
    for half_life in HALF_LIVES:
        decay = np.where(earlier, 2.0 ** (-np.maximum(ages, 0.0) / half_life), 0.0)
        mass = decay @ days.weighed.sum(axis=1)
        sums = [decay @ one for one in spread]
        for sum_of, strength in product(sums, STRENGTHS):
            curves.append((sum_of + strength * general) / (mass + strength)[:, None])
            shares.append(strength / (mass[-1] + strength))
    curves.append(general)
    shares.append(1.0)
    stacked = np.stack(curves)
    return _Experts(stacked[:, :-1], stacked[:, -1], np.array(shares))


def _posterior(experts: _Experts, days: _Days) -> np.ndarray:
    """The weight of each candidate after all days: equal at first, then by the tempered likelihood."""
    validated = days.weighed[len(days.number) - experts.before.shape[1] :]
    score = _TEMPER * (np.log(experts.before).reshape(len(experts.before), -1) @ validated.ravel())
    weights = np.exp(score - score.max())
    return weights / weights.sum()


def _day_shares(days: _Days) -> np.ndarray:
    visits = days.weekly.sum(axis=1)
    return (visits + _DAY_STRENGTH / DAYS) / (visits.sum() + _DAY_STRENGTH)


def _class_hours(days: _Days, hours: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The hours of working days and of weekends, float [2, 24]: each class's own density, shrunk to ``hours``."""
    by_spread = weights[:-1].reshape(len(HALF_LIVES), len(SPREADS), len(STRENGTHS)).sum(axis=(0, 2)) + 1e-9
    kernel = np.tensordot(by_spread / by_spread.sum(), _kernels(), axes=1)
    found = []
    for own in (days.weekly[:5].sum(axis=0), days.weekly[5:].sum(axis=0)):
        found.append((own @ kernel + _CLASS_STRENGTH * hours) / (own.sum() + _CLASS_STRENGTH))
    return np.array(found)


def _week(hours: np.ndarray, day_shares: np.ndarray, class_hours: np.ndarray) -> np.ndarray:
    """Days by hours [7, 24] whose hours sum to ``hours``."""
    week = day_shares[:, None] * class_hours[(np.arange(DAYS) >= 5).astype(int)]
    return week * (hours / week.sum(axis=0))


def _presence(
    week: np.ndarray, source: str, days: _Days, experts: _Experts | None = None, weights: np.ndarray | None = None
) -> Presence:
    week = week / week.sum()
    found = Presence(
        week=tuple(week.ravel().tolist()),
        hours=tuple(week.sum(axis=0).tolist()),
        source=source,
        messages=days.messages,
        active_days=days.active,
    )
    if experts is None or weights is None:
        return found
    grid = weights[:-1].reshape(len(HALF_LIVES), len(SPREADS), len(STRENGTHS))
    total = max(float(grid.sum()), 1e-12)
    rate = float(grid.sum(axis=(1, 2)) @ (1.0 / np.array(HALF_LIVES))) / total
    return replace(
        found,
        spread_hours=round(float(grid.sum(axis=(0, 2)) @ np.array(SPREADS)) / total, 3),
        half_life_days=round(1.0 / rate, 1) if rate > 1e-4 else None,
        population_share=round(float(weights @ experts.share), 4),
    )


@cache
def _kernels() -> np.ndarray:
    """Per bandwidth the matrix [24, 24] from the hour of a message to the hours of others, rows sum to 1."""
    return np.stack([von_mises_matrix(spread) for spread in SPREADS])


def von_mises_matrix(spread_hours: float, parts: int = 6) -> np.ndarray:
    """A von Mises kernel between whole hours: means over ``parts`` times in each.

    The concentration is that of the given circular standard deviation, by Best and Fisher's approximation (1981).
    """
    angle = spread_hours * 2 * np.pi / HOURS
    kappa = concentration(np.exp(-0.5 * angle * angle))
    step = (np.arange(HOURS * parts) / parts) * 2 * np.pi / HOURS
    density = np.exp(kappa * (np.cos(step[:, None] - step[None, :]) - 1.0))
    matrix = density.reshape(HOURS, parts, HOURS, parts).mean(axis=(1, 3))
    return matrix / matrix.sum(axis=1, keepdims=True)


def concentration(resultant: float) -> float:
    """kappa of the von Mises distribution with a mean resultant length in 0..1 (Best and Fisher 1981, good to 1%)."""
    r = float(resultant)
    if r < 0.53:
        return 2 * r + r**3 + 5 * r**5 / 6
    if r < 0.85:
        return -0.4 + 1.39 * r + 0.43 / (1 - r)
    return 1.0 / (r**3 - 4 * r**2 + 3 * r)


def _rotations(priors: PresencePriors) -> np.ndarray:
    """Row s: the population's curve of a person who does everything s hours later."""
    hours = np.asarray(priors.hours)
    return np.stack([np.roll(hours, s) for s in range(HOURS)])


def _rotation_prior(zone_known: bool, priors: PresencePriors) -> np.ndarray:
    if not zone_known:
        return np.full(HOURS, 1.0 / HOURS)
    return von_mises_matrix(priors.chronotype_hours)[0]
