"""Scores, voice, trends and anomalies of a bot over its grid of days: all that the row and its sentences are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from whisper_enrich.strategic.performance_grid import Grid
from whisper_enrich.strategic.performance_inputs import Metrics
from whisper_enrich.strategic.performance_scores import (
    FEWEST_OBSERVATIONS,
    Score,
    measured_score,
    relationship_part,
    score,
)
from whisper_enrich.strategic.trends import Trend, anomalies, step_change, trend
from whisper_enrich.strategic.voice import Voice, voice

TREND_DAYS = 30
NO_CHANGE = 0.1
"""A score that moved by less than a tenth of its range in a month is stable."""
NO_CHANGE_OF_TIME = 0.2
"""A response time that moved by less than a fifth of its usual value in a month is stable."""
STEP_ALPHA = 0.01
"""Five series are searched for steps at every computation: at 5% one in four computations would find one by chance."""

DERIVED = "derived"
"""The source of what is a mean of other measures: it has none of its own."""


@dataclass(frozen=True)
class Findings:
    """``scores``, ``series`` and ``trends`` by measure: engagement, satisfaction, coherence, quality, response_time; the last two
    consistency as well. ``anomalies`` as in `CharacterPerformance.recent_anomalies`."""

    days: Grid
    window: int
    scores: Mapping[str, Score]
    voice: Voice
    series: Mapping[str, np.ndarray]
    trends: Mapping[str, Trend]
    anomalies: list[dict[str, Any]]


def findings(days: Grid, window: int, metrics: Metrics) -> Findings:
    """Over the last ``window`` days, with trends over `TREND_DAYS`."""
    scores = _scores(days, window, metrics)
    own_voice = voice(days, window, TREND_DAYS, metrics.emotions)
    series = {name: found.series for name, found in scores.items()} | {"consistency": own_voice.series}
    trends = {name: _trend_of(name, values, days) for name, values in series.items()}
    return Findings(days, window, scores, own_voice, series, trends, _anomalies(series, days, window))


def _scores(days: Grid, window: int, metrics: Metrics) -> dict[str, Score]:
    relationship = relationship_part(metrics.relationships)
    scores: dict[str, Score] = {}
    for name in ("engagement", "satisfaction", "coherence"):
        measured = measured_score(metrics.measured.get(name, ()), days, window, TREND_DAYS)
        scores[name] = measured or score(name, days, window, TREND_DAYS, relationship)
    scores["quality"] = measured_score(metrics.quality, days, window, TREND_DAYS, "platform") or _quality(
        scores["satisfaction"], scores["coherence"]
    )
    scores["response_time"] = measured_score(
        metrics.measured.get("response_time", ()), days, window, TREND_DAYS
    ) or _response_time(days, window)
    return scores


def _quality(satisfaction: Score, coherence: Score) -> Score:
    known = [one for one in (satisfaction, coherence) if one.value is not None]
    if not known:
        return Score(None, satisfaction.reason, DERIVED, (), np.full(TREND_DAYS, np.nan))
    rows = np.array([one.series for one in known])
    there = np.isfinite(rows)
    # A day on which one of the two is missing takes its mean: else the level would jump by the difference of the two.
    means = np.array([[np.nanmean(row) if seen.any() else 0.0] for row, seen in zip(rows, there, strict=True)])
    filled = np.where(there, rows, means)
    both = filled[there.any(axis=1)]
    series = np.where(there.any(axis=0), both.mean(axis=0) if len(both) else np.nan, np.nan)
    return Score(float(np.mean([one.value for one in known])), None, DERIVED, (), series)


def _response_time(days: Grid, window: int) -> Score:
    """Milliseconds from a message to its answer. The platform stamps answers 1 ms after their question: those say nothing."""
    counts, totals = days.sums["timed"][-TREND_DAYS:], days.sums["response_ms"][-TREND_DAYS:]
    series = np.where(counts > 0, totals / np.maximum(counts, 1), np.nan)
    timed = days.total("timed", window)
    if timed >= FEWEST_OBSERVATIONS:
        return Score(days.total("response_ms", window) / timed, None, "conversation", (), series)
    stamped = days.total("stamped", window) > timed
    return Score(None, "answer_time_is_stamped" if stamped else "too_few_answers", "conversation", (), series)


def _trend_of(name: str, values: np.ndarray, days: Grid) -> Trend:
    if name != "response_time":
        return trend(days.days(TREND_DAYS), values.tolist(), equivalence=NO_CHANGE)
    known = values[np.isfinite(values)]
    bound = NO_CHANGE_OF_TIME * float(np.median(known)) if len(known) else None
    return trend(days.days(TREND_DAYS), values.tolist(), equivalence=bound or None, higher_is_better=False)


def _anomalies(series: Mapping[str, np.ndarray], days: Grid, window: int) -> list[dict[str, Any]]:
    dates = days.days(TREND_DAYS)
    found: list[dict[str, Any]] = []
    for name, values in series.items():
        if name == "quality":
            continue
        known = values[np.isfinite(values)]
        least = NO_CHANGE_OF_TIME * float(np.median(known)) if name == "response_time" and len(known) else NO_CHANGE
        for one in anomalies(dates, values.tolist(), least=least):
            if one.day in dates[-window:]:
                found.append(_entry("outlier", name, one.day, one.value, one.expected) | {"z": one.z})
        step = step_change(dates, values.tolist(), alpha=STEP_ALPHA, least=least)
        if step is not None:
            found.append(_entry("step", name, step.day, step.after, step.before) | {"p": step.p})
    return sorted(found, key=lambda one: (one["day"], one["measure"], one["kind"]), reverse=True)


def _entry(kind: str, measure: str, day: Any, value: float, expected: float) -> dict[str, Any]:
    return {"kind": kind, "measure": measure, "day": day.isoformat(), "value": value, "expected": expected}
