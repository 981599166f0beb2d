"""What is known of people's hours and pauses in general: the small file ``priors/presence.json``, and how to fit it anew.

    hours = (sum of the users' curves + BROAD_USERS * broad) / (users + BROAD_USERS)

A user's curve is their own hours, each visit weighing sqrt(messages), smoothed by `SMOOTHING_HOURS`. ``broad`` has the shape
that is reported of messaging wherever it was counted (Golder, Wilkinson and Huberman 2007; Aledavood, Lehmann and Saramäki
2015): a trough at four in the morning, a rise over the day, the peak in the evening. The pauses' priors are mean and
standard deviation of the users' own parameters, drawn to the broad ones by as many users. So a fit on few people says little
more than the broad shape, and one on many says what they do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from typing import Any

import numpy as np

from whisper_enrich.strategic.gaps import (
    MIN_GAPS,
    OFFSET_HOURS,
    FamilyPrior,
    GapPriors,
    LogLikelihood,
    log_logistic_likelihood,
    lomax_likelihood,
    maximise,
    pauses,
)
from whisper_enrich.strategic.presence import HOURS, PresencePriors, visit_weights, von_mises_matrix

FORMAT = 1
BROAD_USERS = 15.0
"""How many users the broad shape counts as."""
SMOOTHING_HOURS = 1.5
CHRONOTYPE_HOURS = 2.5
"""Standard deviation of how much earlier or later people live: that of the sleep midpoint (1.5 h; Roenneberg and others
2007), and as much again for shifts, travel and zones that are half right."""

# Relative frequencies from midnight on.
_BROAD_HOURS = (
    30, 20, 13, 9, 8, 10, 16, 26, 36, 43, 47, 50,
    52, 51, 50, 51, 53, 57, 62, 68, 74, 76, 68, 50,
)  # fmt: skip
_BROAD_LOMAX = FamilyPrior(log_scale=(3.2, 1.0), log_exponent=(0.3, 0.7), share=0.5)
_BROAD_LOG_LOGISTIC = FamilyPrior(log_scale=(2.7, 1.0), log_exponent=(0.1, 0.5), share=0.5)
_LEAST_SPREAD = 0.3


@dataclass(frozen=True, slots=True)
class EngagementPriors:
    """The file. ``users`` is how many it was fitted on beside the broad shape, ``source`` who they were."""

    presence: PresencePriors
    gaps: GapPriors
    users: int
    source: str


@cache
def shipped() -> EngagementPriors:
    """The priors that come with this package."""
    file = resources.files("whisper_enrich.strategic").joinpath("priors", "presence.json")
    return from_json(json.loads(file.read_text(encoding="utf-8")))


def from_json(stored: Mapping[str, Any]) -> EngagementPriors:
    """Raises `ValueError` for another format."""
    if stored.get("format") != FORMAT:
        raise ValueError(f"Presence priors of format {stored.get('format')!r}; this code reads {FORMAT}.")

    def family(values: Mapping[str, Any]) -> FamilyPrior:
        return FamilyPrior(tuple(values["log_scale"]), tuple(values["log_exponent"]), values["share"])

    gaps = stored["gaps"]
    return EngagementPriors(
        PresencePriors(tuple(stored["presence"]["hours"]), stored["presence"]["chronotype_hours"]),
        GapPriors(family(gaps["lomax"]), family(gaps["log_logistic"])),
        stored["users"],
        stored["source"],
    )


def as_json(priors: EngagementPriors) -> dict[str, Any]:
    """`from_json` undone."""
    return {"format": FORMAT, **asdict(priors)}


def refit(users: Sequence[tuple[np.ndarray, np.ndarray]], source: str) -> EngagementPriors:
    """The priors by the given users' messages: for each the local hours of the week and the times in seconds. Users whose
    zone is not known do not belong here; none at all give the broad shape."""
    curves = [_curve(np.asarray(hours), np.asarray(at)) for hours, at in users if len(at)]
    hours = (np.sum(curves, axis=0) if curves else 0.0) + BROAD_USERS * broad_hours()
    found = [(gaps, ages) for gaps, ages in (pauses(at) for _, at in users if len(at)) if len(gaps) >= MIN_GAPS]
    fits = [_fits(gaps) for gaps, _ in found]
    return EngagementPriors(
        PresencePriors(tuple(np.round(hours / hours.sum(), 6).tolist()), CHRONOTYPE_HOURS),
        GapPriors(
            _family([fit[0] for fit in fits], [fit[0][2] >= fit[1][2] for fit in fits], _BROAD_LOMAX),
            _family([fit[1] for fit in fits], [fit[0][2] < fit[1][2] for fit in fits], _BROAD_LOG_LOGISTIC),
        ),
        len(curves),
        source,
    )


def broad_hours() -> np.ndarray:
    """The broad shape, float [24], sums to 1."""
    return np.array(_BROAD_HOURS) / sum(_BROAD_HOURS)


def _curve(hours_of_week: np.ndarray, at: np.ndarray) -> np.ndarray:
    order = np.argsort(at, kind="stable")
    weights = visit_weights(at[order])
    counts = np.bincount((hours_of_week[order] % HOURS).astype(int), weights=weights, minlength=HOURS)
    return (counts / counts.sum()) @ von_mises_matrix(SMOOTHING_HOURS)


def _fits(gaps: np.ndarray) -> tuple[tuple[float, float, float], tuple[float, float, float]]:
    """Log scale, log exponent and evidence by Lomax and by log-logistic."""
    beyond, weights = np.maximum(gaps - OFFSET_HOURS, 1e-3), np.ones(len(gaps))

    def fit(prior: FamilyPrior, likelihood: LogLikelihood) -> tuple[float, float, float]:
        best = maximise(beyond, weights, prior, likelihood)
        return float(np.log(best.scale)), float(np.log(best.exponent)), best.evidence

    return fit(_BROAD_LOMAX, lomax_likelihood), fit(_BROAD_LOG_LOGISTIC, log_logistic_likelihood)


def _family(fits: Sequence[tuple[float, float, float]], wins: Sequence[bool], broad: FamilyPrior) -> FamilyPrior:
    def drawn(values: Sequence[float], to: tuple[float, float]) -> tuple[float, float]:
        own = np.asarray(values, dtype=float)
        mean = (own.sum() + BROAD_USERS * to[0]) / (len(own) + BROAD_USERS)
        square = (((own - mean) ** 2).sum() + BROAD_USERS * (to[1] ** 2 + (to[0] - mean) ** 2)) / (
            len(own) + BROAD_USERS
        )
        return round(float(mean), 4), round(max(float(np.sqrt(square)), _LEAST_SPREAD), 4)

    share = (sum(wins) + BROAD_USERS * broad.share) / (len(wins) + BROAD_USERS)
    return FamilyPrior(
        drawn([fit[0] for fit in fits], broad.log_scale),
        drawn([fit[1] for fit in fits], broad.log_exponent),
        round(share, 4),
    )
