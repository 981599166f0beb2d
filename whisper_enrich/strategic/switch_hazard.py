"""How likely the next turn changes the topic: a hazard in discrete time (Singer and Willett 1993).

    log-odds(k) = intercept + linear * ln k + quadratic * (ln k)^2        k: turns on the topic so far, at least 1
    odds for a user = odds(k) * (prior + switches seen) / (prior + switches expected of anybody in the same places)

The shape is the population's: hardly anybody leaves a topic at once, most do after two to four turns, and what has held for
long goes on. The level, a user's pace, is their own, drawn to the population's as a Gamma prior of ``prior`` switches draws
a Poisson rate. Fitted on TIAGE (people's labels) by ``benchmarks/train_topic_switches.py``.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

import numpy as np

HAZARD_FILE = "priors/switch_hazard.json"


@dataclass(frozen=True, slots=True)
class SwitchHazard:
    """The population's parameters (see the module)."""

    intercept: float
    linear: float
    quadratic: float
    prior: float

    def odds(self, turns_on_topic: np.ndarray) -> np.ndarray:
        """Odds that the turn after so many on a topic changes it, for anybody."""
        logs = np.log(turns_on_topic)
        return np.exp(self.intercept + self.linear * logs + self.quadratic * logs**2)

    def probability(self, turns_on_topic: np.ndarray, pace: float | np.ndarray = 1.0) -> np.ndarray:
        """The probability in 0..1 for users of that ``pace``."""
        odds = self.odds(turns_on_topic) * pace
        return odds / (1.0 + odds)

    def pace(self, switches: float | np.ndarray, expected: float | np.ndarray) -> float | np.ndarray:
        """A user's pace of changing topics against anybody's, 1 where nothing is known of them."""
        return (self.prior + switches) / (self.prior + expected)


@cache
def population() -> SwitchHazard:
    """The parameters that ship with the package."""
    stored = resources.files("whisper_enrich.strategic").joinpath(HAZARD_FILE).read_text(encoding="utf-8")
    return SwitchHazard(**json.loads(stored))
