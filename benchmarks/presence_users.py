"""Simulated users for `presence.py`: when they write, in local time, with the habits and the mess of people.

A user has a day (awake from some hour on, chronotypes 2 hours apart in standard deviation), one to three habitual times in it of
their own width, and otherwise writes whenever awake. Weekends are later and looser. Some work in shifts that change by the week,
some drift, some change their habits once and for all. Visits bring bursts: the number of messages in one is heavy-tailed; so
is how long people stay away now and then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

DAY = 86400.0
KINDS = ("regular", "weekend", "shifts", "drift", "moved", "erratic")


@dataclass(frozen=True)
class SimulatedUser:
    """``local``: when each message was written, in seconds since a Monday 0:00 of the user's own time, ascending."""

    kind: str
    local: np.ndarray


def simulated_users(count: int, seed: int) -> Iterator[SimulatedUser]:
    """``count`` users with 40 to some hundreds of messages, the kinds in turn."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        kind = KINDS[number % len(KINDS)]
        local = np.empty(0)
        while len(local) < 40:
            local = _messages(kind, rng)
        yield SimulatedUser(kind, local)


def _messages(kind: str, rng: np.random.Generator) -> np.ndarray:
    days = int(rng.integers(14, 180))
    active = rng.beta(1.5, 2.0)
    wake = rng.normal(8.0, 2.0)
    slots = rng.integers(1, 4)
    centres = wake + rng.uniform(0.5, 16.0, slots)
    widths = rng.uniform(0.6, 2.5, slots)
    shares = rng.dirichlet(np.full(slots, 2.0))
    diffuse = 1.0 if kind == "erratic" else rng.beta(4, 3)
    later = rng.normal(1.5, 1.0)
    burst = rng.uniform(2.0, 9.0)
    shift, back, times = 0.0, 0, []
    turn = rng.uniform(0.3, 0.8) * days
    for day in range(days):
        weekend = day % 7 >= 5
        if kind == "drift":
            shift += rng.normal(0.0, 0.25)
        if kind == "shifts":
            shift = (0.0, 8.0, -8.0)[(day // 7) % 3]
        if kind == "moved":
            shift = 5.0 if day > turn else 0.0
        if rng.random() < 0.02:
            back = day + 1 + int(2.0 * rng.pareto(1.5))
        if day < back or rng.random() > active * (1.3 if weekend and kind == "weekend" else 1.0):
            continue
        for _ in range(1 + rng.poisson(0.7)):
            if rng.random() < diffuse:
                hour = wake + 16.5 * rng.beta(1.6, 1.2)
            else:
                slot = rng.choice(slots, p=shares)
                hour = centres[slot] + rng.normal(0.0, widths[slot])
            hour += shift + (later if weekend else 0.0) * (2.0 if kind == "weekend" else 1.0)
            size = min(int(rng.geometric(1.0 / burst) * rng.lognormal(0.0, 0.5)) + 1, 80)
            times.append(day * DAY + hour * 3600.0 + np.cumsum(rng.exponential(100.0, size)))
    found = np.sort(np.concatenate(times)) if times else np.empty(0)
    return found[:800]
