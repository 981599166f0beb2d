"""Personality consistency: how near the bot's turns of the window stay to its long-run voice, against how near they usually are.

The long-run voice in a space (semantic, emotion) is the mean direction of the bot's turns of the days before the window. How
near a day is to it is the mean cosine of the day's turns with that direction; for a day of the long run the direction
leaves that day out, so that it is judged as the window is. Directional statistics as in Mardia and Jupp (2000).

The window's distance from what is usual is counted in the usual deviations of a day, z = (near - usual) / spread, because how
near a voice can be depends on the space and on what is talked about; index = 1 / (1 + (z / 2)^2) where z < 0, else 1: one
half at two deviations. In the sample conversations each bot has 0.98 or more by itself, and 0.37 to 0.96 with another bot's
week in the place of its own (`benchmarks/performance_sample.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from whisper_enrich.strategic.performance_days import VOICE_SPACES
from whisper_enrich.strategic.performance_grid import Grid
from whisper_enrich.strategic.performance_inputs import EmotionalState

FEWEST_LONG_RUN_DAYS = 5
FEWEST_LONG_RUN_TURNS = 20
FEWEST_WINDOW_TURNS = 5
DEVIATIONS_OF_A_HALF = 2.0
LEAST_SPREAD = 0.05
"""Of the usual nearness. The days of a bot with very many turns hardly differ; a change smaller than this is none."""
STABILITY_WEIGHT = 0.2
"""Of the platform's emotional state, where it has one; the spaces share the rest."""


@dataclass(frozen=True, slots=True)
class SpaceVoice:
    """One space: mean cosine of the window's turns, the usual one, their difference z and the index that it gives."""

    space: str
    index: float
    near: float
    usual: float
    z: float
    turns: int


@dataclass(frozen=True)
class Voice:
    """``index`` is the mean of the spaces' indices and, with weight 0.2, of the bots' emotional stability. ``series`` is
    near / usual a day, the mean of the spaces, not cut, NaN where there is none."""

    index: float | None
    reason: str | None
    spaces: tuple[SpaceVoice, ...]
    stability: float | None
    series: np.ndarray


def voice(grid: Grid, window: int, trend_days: int, emotions: Sequence[EmotionalState] = ()) -> Voice:
    """Consistency over the last ``window`` days.

    None where no space has a past (five days and twenty turns before the window: 'too_short_a_past'), a window (five turns:
    'too_few_turns'), or a direction at all ('no_usual_voice'); 'no_vectors' where nothing has vectors.
    """
    found, reasons, series = [], [], []
    for space in VOICE_SPACES:
        one, reason, near = _space(space, *grid.voice[space], window)
        if one is None:
            reasons.append(str(reason))
            continue
        found.append(one)
        series.append(near[-trend_days:])
    if not found:
        # A space that nothing was stored in says less than one in which too little was.
        told = [reason for reason in reasons if reason != "no_vectors"]
        return Voice(None, (told or reasons)[0], (), None, np.full(trend_days, np.nan))
    stabilities = [known for one in emotions if (known := one.stability()) is not None]
    stability = float(np.clip(np.mean(stabilities), 0.0, 1.0)) if stabilities else None
    index = float(np.mean([one.index for one in found]))
    if stability is not None:
        index = (1.0 - STABILITY_WEIGHT) * index + STABILITY_WEIGHT * stability
    return Voice(index, None, tuple(found), stability, _mean_of(series))


def _space(
    space: str, totals: np.ndarray, counts: np.ndarray, window: int
) -> tuple[SpaceVoice | None, str | None, np.ndarray]:
    nothing = np.full(len(counts), np.nan)
    if not counts.any():
        return None, "no_vectors", nothing
    past = np.arange(len(counts)) < len(counts) - window
    known = past & (counts > 0)
    if known.sum() < FEWEST_LONG_RUN_DAYS or counts[past].sum() < FEWEST_LONG_RUN_TURNS:
        return None, "too_short_a_past", nothing
    turns = counts[~past].sum()
    if turns < FEWEST_WINDOW_TURNS:
        return None, "too_few_turns", nothing
    near = _nearness(totals, counts, past)
    usual = float(np.average(near[known], weights=counts[known]))
    if usual <= 0.0:
        return None, "no_usual_voice", nothing
    here = ~past & (counts > 0)
    mean = float(np.average(near[here], weights=counts[here]))
    spread = float(np.sqrt(np.average((near[known] - usual) ** 2, weights=counts[known])))
    z = (mean - usual) / max(spread, LEAST_SPREAD * usual)
    index = 1.0 / (1.0 + (min(z, 0.0) / DEVIATIONS_OF_A_HALF) ** 2)
    return SpaceVoice(space, index, mean, usual, z, int(turns)), None, near / usual


def _nearness(totals: np.ndarray, counts: np.ndarray, past: np.ndarray) -> np.ndarray:
    """By day the mean cosine of its turns with the mean direction of the past days, itself left out; NaN without turns."""
    long_run = totals[past].sum(axis=0)
    others = np.where(past[:, None], long_run - totals, long_run)
    lengths = np.linalg.norm(others, axis=1)
    usable = (counts > 0) & (lengths > 0.0)
    near = np.full(len(counts), np.nan)
    dots = np.einsum("ij,ij->i", totals, others)
    near[usable] = dots[usable] / (lengths[usable] * counts[usable])
    near[(counts > 0) & ~usable] = 0.0
    return near


def _mean_of(series: Sequence[np.ndarray]) -> np.ndarray:
    rows = np.array(series)
    there = np.isfinite(rows)
    return np.where(
        there.any(axis=0), np.where(there, rows, 0.0).sum(axis=0) / np.maximum(there.sum(axis=0), 1), np.nan
    )
