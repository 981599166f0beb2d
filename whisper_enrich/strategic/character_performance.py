"""How a bot does, with one user or over all of them: strategic_character_performance.

Everything is computed from daily sums (`performance_days`) over the UTC days that end with that of ``as_of``: the window (seven
days), the trend's month, the long run of ninety days. The scores and their parts are defined in `performance_scores`,
the consistency of the bot's personality in `voice`, the statistics in `trends`.

A measure comes from InfluxDB where that has at least three measurements in the window, else from the conversation;
``source`` says which. Over all users every turn (session, reaction) counts the same, so that who talks most weighs most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

import numpy as np

from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.performance_days import DayMeasures, daily_measures
from whisper_enrich.strategic.performance_findings import DERIVED, TREND_DAYS, Findings, findings
from whisper_enrich.strategic.performance_grid import Grid, grid
from whisper_enrich.strategic.performance_inputs import Metrics
from whisper_enrich.strategic.performance_words import recommendations, summary

WINDOW_HOURS = 168


@dataclass(frozen=True)
class CharacterPerformance:
    """The contract's values; None has its reason in ``reasons`` under the field's name.

    Scores are 0..1, ``avg_response_time`` in ms. ``avg_quality_score`` is the platform's own quality of conversations where
    it has numbers, else the mean of satisfaction and coherence, or the one that is there. ``quality_trend``,
    ``engagement_trend``, ``response_time_trend``: 'improving', 'stable', 'declining' over 30 days. ``conversation_count``:
    sessions of the window in which the user spoke. ``users``: how many wrote.

    ``recent_anomalies``: {kind: 'outlier' (of the window's days) | 'step' (of the month's), measure, day, value, expected,
    z | p}, newest first; for a step the value and what was expected are the levels after and before. ``source`` names for
    each measure 'influxdb', 'platform' or 'conversation'. ``parts`` has, by score, its parts {name, value, score, weight,
    count, source}; ``consistency`` the spaces of the voice and the platform's emotional stability; ``relationship`` the
    platform's scores. ``series``: by measure, [day, value] pairs of the last 30 days; ``trends``: by measure, the fields of
    `Trend`.
    """

    bot_name: str
    user_id: str | None
    time_window_hours: int
    engagement_score_avg: float | None
    satisfaction_score_avg: float | None
    coherence_score_avg: float | None
    personality_consistency_index: float | None
    avg_quality_score: float | None
    avg_response_time: float | None
    quality_trend: str | None
    engagement_trend: str | None
    response_time_trend: str | None
    recent_anomalies: list[dict[str, Any]]
    conversation_count: int
    users: int
    performance_summary: str
    recommendations: list[str]
    source: dict[str, str]
    parts: dict[str, list[dict[str, Any]]]
    consistency: dict[str, Any]
    relationship: dict[str, float] | None
    series: dict[str, list[list[Any]]]
    trends: dict[str, dict[str, Any]]
    reasons: dict[str, str] = field(default_factory=dict)


def compute_pair(history: History, metrics: Metrics | None = None) -> CharacterPerformance:
    """How the bot does with this user. Without turns in the window every score is None; 'Not enough data' is an answer."""
    rows = {history.user_id: daily_measures(history)}
    return compute_from_days(history.bot_name, rows, history.as_of, metrics, user_id=history.user_id)


def compute_bot(histories: Sequence[History], metrics: Metrics | None = None) -> CharacterPerformance:
    """How the bot does over all its users, as of the latest ``as_of``.

    Raises ValueError without histories, and for those of several bots.
    """
    bots = {history.bot_name for history in histories}
    if len(bots) != 1:
        raise ValueError(f"the histories are of {len(bots)} bots instead of one")
    rows = {history.user_id: daily_measures(history) for history in histories}
    return compute_from_days(bots.pop(), rows, max(history.as_of for history in histories), metrics)


def compute_from_days(
    bot_name: str,
    by_user: Mapping[str, Sequence[DayMeasures]],
    as_of: datetime,
    metrics: Metrics | None = None,
    *,
    user_id: str | None = None,
    window_hours: int = WINDOW_HOURS,
) -> CharacterPerformance:
    """The same from stored daily measures: of one user where ``user_id`` is given, else the bot's row over all.

    Only days of the last ninety are read. ``window_hours`` is a multiple of 24 of at most 30 days.
    """
    window = window_hours // 24
    if window * 24 != window_hours or not 1 <= window <= TREND_DAYS:
        raise ValueError(f"a window of {window_hours} hours is not 1 to {TREND_DAYS} whole days")
    metrics = metrics or Metrics()
    days = grid(by_user, as_of, metrics)
    found = findings(days, window, metrics)
    values = {name: one.value for name, one in found.scores.items()}
    verdicts = {name: one.verdict for name, one in found.trends.items()}
    return CharacterPerformance(
        bot_name=bot_name,
        user_id=user_id,
        time_window_hours=window_hours,
        engagement_score_avg=values["engagement"],
        satisfaction_score_avg=values["satisfaction"],
        coherence_score_avg=values["coherence"],
        personality_consistency_index=found.voice.index,
        avg_quality_score=values["quality"],
        avg_response_time=values["response_time"],
        quality_trend=verdicts["quality"],
        engagement_trend=verdicts["engagement"],
        response_time_trend=verdicts["response_time"],
        recent_anomalies=found.anomalies,
        conversation_count=int(days.total("sessions", window)),
        users=_users(by_user, days, window),
        performance_summary=summary(bot_name, user_id, found),
        recommendations=recommendations(found),
        **_evidence(found, metrics),
    )


def _evidence(found: Findings, metrics: Metrics) -> dict[str, Any]:
    """The fields that say where the values come from."""
    return {
        "source": _sources(found, metrics),
        "parts": {name: [asdict(part) for part in one.parts] for name, one in found.scores.items() if one.parts},
        "consistency": {
            "spaces": [asdict(one) for one in found.voice.spaces],
            "emotional_stability": found.voice.stability,
        },
        "relationship": _relationship(metrics),
        "series": {name: _points(values, found.days) for name, values in found.series.items()},
        "trends": {name: asdict(one) for name, one in found.trends.items()},
        "reasons": _reasons(found, metrics),
    }


def _reasons(found: Findings, metrics: Metrics) -> dict[str, str]:
    scores, trends = found.scores, found.trends
    reasons = {
        "engagement_score_avg": scores["engagement"].reason,
        "satisfaction_score_avg": scores["satisfaction"].reason,
        "coherence_score_avg": scores["coherence"].reason,
        "personality_consistency_index": found.voice.reason,
        "avg_quality_score": scores["quality"].reason,
        "avg_response_time": scores["response_time"].reason,
        "quality_trend": trends["quality"].reason,
        "engagement_trend": trends["engagement"].reason,
        "response_time_trend": trends["response_time"].reason
        and (scores["response_time"].reason or trends["response_time"].reason),
        "relationship": None if _relationship(metrics) else "platform_has_none",
        "influxdb": metrics.unmeasured,
    }
    return {name: reason for name, reason in reasons.items() if reason is not None}


def _sources(found: Findings, metrics: Metrics) -> dict[str, str]:
    sources = {
        name: one.source for name, one in found.scores.items() if one.value is not None and one.source != DERIVED
    }
    if found.voice.index is not None:
        sources["consistency"] = "conversation"
    if found.voice.stability is not None:
        sources["emotional_stability"] = "platform"
    if _relationship(metrics):
        sources["relationship"] = metrics.relationships[0].source
    return sources


def _relationship(metrics: Metrics) -> dict[str, float] | None:
    """Means over the users of the platform's scores."""
    found: dict[str, float] = {}
    for name in ("trust", "affection", "attunement"):
        known = [value for one in metrics.relationships if (value := getattr(one, name)) is not None]
        if known:
            found[name] = float(np.mean(known))
    return found or None


def _users(by_user: Mapping[str, Sequence[DayMeasures]], days: Grid, window: int) -> int:
    recent: set[date] = set(days.days(window))
    return sum(any(row.user_turns and row.day in recent for row in rows) for rows in by_user.values())


def _points(values: np.ndarray, days: Grid) -> list[list[Any]]:
    dates = days.days(TREND_DAYS)
    return [[day.isoformat(), float(value)] for day, value in zip(dates, values, strict=True) if np.isfinite(value)]
