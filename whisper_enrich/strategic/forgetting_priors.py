"""What is known of people's forgetting in general: the small file ``priors/forgetting.json``, and how to fit it anew.

The users' mean is the fit on all their items together; the spread between them that one of a few values which makes the
users' own data most probable (empirical Bayes by Laplace's evidence), one value for the intercept and one for all slopes. Few
users say little of people in general, so both are drawn to a broad prior from the literature that counts as `BROAD_USERS`
users: ACT-R's retrieval probability (log-odds of one a unit of activation; Anderson and Schooler 1991) with a wide spread. The
intercept, how often things come back at all, is then fitted again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whisper_enrich.strategic import forgetting_curve, remention
from whisper_enrich.strategic.forgetting import Floats
from whisper_enrich.strategic.forgetting_curve import CurvePopulation, curve_items
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.memories import talk_of
from whisper_enrich.strategic.remention import FEATURES, Population, map_fit

FORMAT = 1
BROAD_INTERCEPT = 10.0
BROAD_USERS = 15.0
BROAD_SLOPE = 0.3
BROAD_PRACTICE = 1.0
"""Log-odds a unit of base-level activation. All other slopes of the broad prior are 0."""
CURVE_SLOPES = np.array([3.0, 0.5])
"""Where the curve begins: ACT-R's decay of 0.5 is 3.2 times that of FSRS, and more mentions make the next likelier."""
CURVE_SLOPE_SPREADS = np.array([1.5, 0.5])
INTERCEPT_SPREADS = (0.3, 0.5, 0.8)
SLOPE_SPREADS = (0.05, 0.1, 0.2)
CURVE_SPREADS = (0.2, 0.4, 0.8)
_HELD = 1e-4


@dataclass(frozen=True)
class ForgettingPriors:
    """The file. ``source`` says whose talk it was fitted on."""

    remention: Population
    curve: CurvePopulation
    users: int
    items: int
    hits: int
    source: str


@cache
def shipped() -> ForgettingPriors:
    """The priors that come with this package."""
    file = resources.files("whisper_enrich.strategic").joinpath("priors", "forgetting.json")
    return from_json(json.loads(file.read_text(encoding="utf-8")))


def from_json(stored: Mapping[str, Any]) -> ForgettingPriors:
    """Raises `ValueError` for another format or other features."""
    if stored.get("format") != FORMAT or tuple(stored["features"]) != FEATURES:
        raise ValueError(
            f"Forgetting priors of format {stored.get('format')!r}; this code reads {FORMAT} with its features."
        )
    arrays = {name: np.array(values, dtype=float) for name, values in stored["remention"].items()}
    curve = {name: np.array(values, dtype=float) for name, values in stored["curve"].items()}
    return ForgettingPriors(
        Population(**arrays),
        CurvePopulation(**curve),
        stored["users"],
        stored["items"],
        stored["hits"],
        stored["source"],
    )


def as_json(priors: ForgettingPriors) -> dict[str, Any]:
    """`from_json` undone."""
    return {
        "format": FORMAT,
        "source": priors.source,
        "users": priors.users,
        "items": priors.items,
        "hits": priors.hits,
        "features": list(FEATURES),
        "remention": {name: np.round(values, 5).tolist() for name, values in vars(priors.remention).items()},
        "curve": {name: np.round(values, 5).tolist() for name, values in vars(priors.curve).items()},
    }


def refit(histories: Sequence[History], source: str) -> ForgettingPriors:
    """The priors by the given users' talk. Raises `ValueError` where nobody came back to anything."""
    talks = [talk_of(history) for history in histories]
    found = [remention.items(talk.known, None) for talk in talks]
    used = [(talk, one) for talk, one in zip(talks, found, strict=True) if one.hit.any() and not one.hit.all()]
    if not used:
        raise ValueError("Nothing to fit: no user named anything again in a later session.")
    x = [remention.features(talk.known, one.term, one.session) for talk, one in used]
    hit, weight = [one.hit for _, one in used], [one.weight for _, one in used]
    everything = np.concatenate(x)
    scale = everything.std(axis=0)
    zero = np.zeros(len(FEATURES) + 1)
    flat = Population(everything.mean(axis=0), np.where(scale > 1e-9, scale, 1.0), zero, zero)
    standard = [remention.design(one, flat) for one in x]
    broad = np.append(BROAD_INTERCEPT, np.full(len(FEATURES), BROAD_SLOPE))
    start = zero.copy()
    start[1] = BROAD_PRACTICE * flat.scale[0]
    mean, spread = _hierarchy(
        standard, hit, weight, start, broad, remention.BOUNDED, np.ones(len(FEATURES)), SLOPE_SPREADS
    )
    curves = [curve_items(talk, one) for talk, one in used]
    curve_mean, curve_spread = _hierarchy(
        [one for one, _ in curves], [one.hit for _, one in curves], [one.weight for _, one in curves],
        np.append(0.0, CURVE_SLOPES), np.append(BROAD_INTERCEPT, CURVE_SLOPE_SPREADS),
        forgetting_curve.BOUNDED, CURVE_SLOPE_SPREADS, CURVE_SPREADS,
    )  # fmt: skip
    return ForgettingPriors(
        Population(flat.centre, flat.scale, mean, spread), CurvePopulation(curve_mean, curve_spread), len(used),
        round(float(sum(w.sum() for w in weight))), int(sum(h.sum() for h in hit)), source,
    )  # fmt: skip


def _hierarchy(
    x: Sequence[Floats], hit: Sequence[Floats], weight: Sequence[Floats], start: Floats, broad: Floats,
    bounded: NDArray[np.bool_], slope_units: Floats, slope_spreads: Sequence[float],
) -> tuple[Floats, Floats]:  # fmt: skip
    """Mean and spread of the coefficients over users. ``start`` and ``broad`` are the broad prior."""
    together = np.concatenate(x), np.concatenate(hit), np.concatenate(weight)
    fitted = map_fit(
        *together, start, np.append(BROAD_INTERCEPT, np.full(len(start) - 1, BROAD_INTERCEPT)), bounded
    ).coefficients

    def evidence(spread: Floats) -> float:
        users = zip(x, hit, weight, strict=True)
        return sum(map_fit(*user, fitted, spread, bounded).log_evidence for user in users)

    spreads = [np.append(i, s * slope_units) for i, s in product(INTERCEPT_SPREADS, slope_spreads)]
    between = max(spreads, key=evidence)
    share = len(x) / (len(x) + BROAD_USERS)
    mean = share * fitted + (1 - share) * start
    square = share * (between**2 + (fitted - mean) ** 2) + (1 - share) * (broad**2 + (start - mean) ** 2)
    held = np.append(BROAD_INTERCEPT, np.full(len(start) - 1, _HELD))
    mean = map_fit(*together, mean, held, bounded).coefficients
    return mean, np.append(between[0], np.sqrt(square[1:]))
