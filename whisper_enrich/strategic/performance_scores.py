"""Engagement, satisfaction and coherence as scores in 0..1: means of mapped parts, each part with its definition and weight.

Every part is a mean (sum over count) of something that happened, put on 0..1 by a map that only rises (or only falls):

- a share is taken as it is;
- x / (x + h) for what has no upper end, h / (h + x) where less is better: 0.5 at h. Each h is the median of this project's
  sample conversations, so that 0.5 means as in an ordinary conversation;
- (1 + v) / 2 for what lies in -1..1, so that 0.5 means neither.

A score is the mean of its parts by their weights. A part with fewer than three observations is left out and its weight
goes to the others in proportion; without any part there is no score.

| score | part | mean of | map | weight |
|---|---|---|---|---|
| engagement | reply_rate | runs of bot turns that the user answered within the session (30 minutes) | share | 0.30 |
| | return_rate | active days of users after which they wrote on the next UTC day too | share | 0.25 |
| | conversation_length | the user's turns a session | x/(x+h), h = 3 | 0.25 |
| | reply_latency | geometric mean of the seconds until the user's answer | h/(h+x), h = 150 s | 0.10 |
| | reactions | reactions a bot turn, where the platform records any | x/(x+h), h = 0.05 | 0.10 |
| satisfaction | mood_change | over sessions, the user's valence after the bot's first turn less that before | (1+v)/2 | 0.35 |
| | mood | valence of the user's turns after the bot's first turn of a session | (1+v)/2 | 0.20 |
| | reactions | score of reactions | (1+v)/2 | 0.15 |
| | feedback | score of reported feedback | (1+v)/2 | 0.15 |
| | relationship | mean of trust, affection and attunement, from the platform's table | as it is | 0.15 |
| coherence | to_the_turn | cosine of the bot's turn with the user's turn before it | x/(x+h), h = 0.28 | 0.60 |
| | to_the_topic | cosine of the bot's turns with the centroid of the user's turns of the day | x/(x+h), h = 0.31 | 0.40 |

The reactions have no ordinary rate in the sample (it holds few): one in twenty answers was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from whisper_enrich.strategic.performance_grid import Grid
from whisper_enrich.strategic.performance_inputs import DailyMean, Relationship

FEWEST_OBSERVATIONS = 3
FEWEST_TURNS_A_DAY = 2
"""Of the user, for a day to give a point of a series: one turn says nothing of a day."""


def _share(values: np.ndarray) -> np.ndarray:
    return np.clip(values, 0.0, 1.0)


def _signed(values: np.ndarray) -> np.ndarray:
    return np.clip((1.0 + values) / 2.0, 0.0, 1.0)


def _more_is_better(values: np.ndarray, *, half: float) -> np.ndarray:
    positive = np.maximum(values, 0.0)
    return positive / (positive + half)


def _faster_is_better(log_seconds: np.ndarray, *, half: float) -> np.ndarray:
    return half / (half + np.exp(log_seconds))


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a score: the mean ``total`` / ``count`` of the grid's columns, mapped to 0..1."""

    name: str
    total: str
    count: str
    map: Callable[[np.ndarray], np.ndarray]
    weight: float
    source: str = "conversation"
    needs: str | None = None
    """A column without which nobody knows whether the part could have been observed."""


PARTS: Mapping[str, Sequence[Part]] = {
    "engagement": (
        Part("reply_rate", "answered", "moves", _share, 0.30),
        Part("return_rate", "returned", "returnable", _share, 0.25),
        Part("conversation_length", "user_turns", "sessions", partial(_more_is_better, half=3.0), 0.25),
        Part("reply_latency", "log_latency", "answered", partial(_faster_is_better, half=150.0), 0.10),
        Part("reactions", "reactions", "bot_turns", partial(_more_is_better, half=0.05), 0.10, needs="reactions"),
    ),
    "satisfaction": (
        Part("mood_change", "lift", "lifts", _signed, 0.35),
        Part("mood", "mood", "moods", _signed, 0.20),
        Part("reactions", "reaction", "reactions", _signed, 0.15),
        Part("feedback", "feedback", "feedbacks", _signed, 0.15, source="feedback"),
    ),
    "coherence": (
        Part("to_the_turn", "coherence", "coherent", partial(_more_is_better, half=0.28), 0.60),
        Part("to_the_topic", "topic", "on_topic", partial(_more_is_better, half=0.31), 0.40),
    ),
}
RELATIONSHIP_WEIGHT = 0.15

UNOBSERVED: Mapping[str, str] = {
    "engagement": "too_few_turns",
    "satisfaction": "no_emotions",
    "coherence": "no_vectors",
}
"""Why a score is missing although there were turns."""


@dataclass(frozen=True, slots=True)
class PartScore:
    """A part as it was found: ``value`` before the map (for reply_latency in seconds), ``score`` after it."""

    name: str
    value: float
    score: float
    weight: float
    count: int
    source: str


@dataclass(frozen=True)
class Score:
    """A score over the window, its parts, and its daily series over the trend's days (NaN: no point)."""

    value: float | None
    reason: str | None
    source: str
    parts: tuple[PartScore, ...]
    series: np.ndarray


def score(name: str, grid: Grid, window: int, trend_days: int, relationship: PartScore | None = None) -> Score:
    """A score from the conversation, over the last ``window`` days, with its series over ``trend_days``.

    ``relationship`` is a part of satisfaction that comes from outside of the grid. In the series a part without observation
    on a day takes its mean over the days, so that what is missing moves nothing; the relationship, known only as of now, is
    no part of it.
    """
    parts = [found for part in PARTS[name] if (found := _part(part, grid, window)) is not None]
    if parts and relationship is not None and name == "satisfaction":
        parts.append(relationship)
    series = _series(name, grid, trend_days)
    if parts:
        weight = sum(part.weight for part in parts)
        value = sum(part.weight * part.score for part in parts) / weight
        return Score(value, None, "conversation", tuple(parts), series)
    reason = UNOBSERVED[name] if grid.total("user_turns", window) else "no_messages_in_window"
    return Score(None, reason, "conversation", (), series)


def relationship_part(relationships: Sequence[Relationship]) -> PartScore | None:
    """The mean of the users' relationships, None where no score is known."""
    known = [(mean, one.source) for one in relationships if (mean := one.mean()) is not None]
    if not known:
        return None
    mean = float(np.mean([value for value, _ in known]))
    return PartScore("relationship", mean, mean, RELATIONSHIP_WEIGHT, len(known), known[0][1])


def measured_score(
    days: Sequence[DailyMean], grid: Grid, window: int, trend_days: int, source: str = "influxdb"
) -> Score | None:
    """A score, or a time, that was measured outside; None where there are fewer than three measurements in the window."""
    means, counts = np.full(trend_days, np.nan), np.zeros(trend_days)
    for day in days:
        place = trend_days - 1 - (grid.last - day.day).days
        if 0 <= place < trend_days:
            means[place], counts[place] = day.mean, day.count
    recent = counts[-window:]
    if recent.sum() < FEWEST_OBSERVATIONS:
        return None
    value = float(np.nansum(means[-window:] * recent) / recent.sum())
    return Score(value, None, source, (), means)


def _part(part: Part, grid: Grid, window: int) -> PartScore | None:
    count = grid.total(part.count, window)
    if count < FEWEST_OBSERVATIONS or (part.needs and not grid.sums[part.needs].any()):
        return None
    mean = grid.total(part.total, window) / count
    value = float(np.exp(mean)) if part.total == "log_latency" else mean
    return PartScore(part.name, value, float(part.map(np.float64(mean))), part.weight, int(count), part.source)


def _series(name: str, grid: Grid, days: int) -> np.ndarray:
    total, weights = np.zeros(days), 0.0
    observed = np.zeros(days, dtype=bool)
    for part in PARTS[name]:
        found = _part(part, grid, days)
        if found is None:
            continue
        counts = grid.sums[part.count][-days:]
        there = counts > 0
        points = np.full(days, found.score)
        points[there] = part.map(grid.sums[part.total][-days:][there] / counts[there])
        observed |= there
        total += part.weight * points
        weights += part.weight
    enough = observed & (grid.sums["user_turns"][-days:] >= FEWEST_TURNS_A_DAY)
    return np.where(enough, total / weights, np.nan) if weights else np.full(days, np.nan)
