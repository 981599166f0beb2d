"""When and why a bot should write first, and when it should not.

Put together from the user's presence by hour (`presence`), their pauses (`gaps`), what is open or due (`open_items`,
`talking_points`), how earlier unasked messages were taken (`outreach`) and milestones. What drifts with time alone is given as
parameters, for ``now()``:

    hours     = hours from last_message_at to now
    survival  = power(1 + power(greatest(hours - offset_hours, 0) / scale_hours, shape), -tail)
    severity  = 'severe' if hours >= severe_after_hours, else 'moderate' if hours >= moderate_after_hours,
                else 'mild' if hours >= mild_after_hours, else 'none'
    is_in_lull = hours >= mild_after_hours
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.engagement_priors import EngagementPriors, shipped
from whisper_enrich.strategic.gaps import GapModel, fit_gaps, pauses
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.milestones import Milestone, milestones
from whisper_enrich.strategic.open_items import still_open
from whisper_enrich.strategic.outreach import (
    OutreachLimits,
    Timing,
    Unasked,
    best_time,
    quiet_hours,
    unasked_messages,
)
from whisper_enrich.strategic.presence import HOURS, Presence, local_days, presence
from whisper_enrich.strategic.suggestions import recommendations, topic
from whisper_enrich.strategic.talking_points import TalkingPoint, talking_points

MOST_OPEN_ITEMS = 30
_DUE = frozenset({"outcome", "request", "promise_of_bot", "plan", "question_to_bot"})


@dataclass(frozen=True)
class EngagementOpportunities:
    """Engagement of one user with one bot as of ``History.as_of``.

    ``optimal_timing_hours``: hours after the user's last message at which to reach out, None: do not, ``reasons`` says why.
    ``receptivity_score`` 0..1, ``proactive_success_rate`` observed share of ``proactive_sent`` with a known outcome that got a
    reply. ``last_engagement_gap_hours``: hours since the user's last message, at ``as_of``; ``previous_gap_hours`` the last
    pause that ended. ``optimal_engagement_hour`` and ``optimal_engagement_day`` in the user's zone (UTC where it is not known:
    ``presence["zone_source"]``). ``recommendations`` are sentences to the bot with their scope, the most useful first.
    ``unresolved_topic_count`` is the number of what is unresolved, ``unresolved_shared_count`` that of what was said in shared
    channels; ``open_items`` are the latest of them, at most `MOST_OPEN_ITEMS`, with their message ids.
    ``lull`` holds the parameters of the module's formulas. Times are ISO 8601 in UTC.
    """

    optimal_timing_hours: float | None = None
    receptivity_score: float | None = None
    suggested_topics: list[dict[str, Any]] = field(default_factory=list)
    last_engagement_gap_hours: float | None = None
    proactive_success_rate: float | None = None
    unresolved_topic_count: int = 0
    unresolved_shared_count: int = 0
    milestone_count: int = 0
    optimal_engagement_hour: int | None = None
    optimal_engagement_day: int | None = None
    recommendations: list[dict[str, str]] = field(default_factory=list)
    last_message_at: str | None = None
    previous_gap_hours: float | None = None
    reach_out_at: str | None = None
    lull: dict[str, Any] | None = None
    survival_now: float | None = None
    proactive_sent: int = 0
    open_items: list[dict[str, Any]] = field(default_factory=list)
    milestones: list[dict[str, Any]] = field(default_factory=list)
    presence: dict[str, Any] | None = None
    reasons: dict[str, str] = field(default_factory=dict)


def compute(
    history: History, priors: EngagementPriors | None = None, limits: OutreachLimits | None = None
) -> EngagementOpportunities:
    """The opportunities of ``history``; without ``priors`` and ``limits`` by those that are shipped."""
    priors, limits = priors or shipped(), limits or OutreachLimits()
    turns = history.turns
    own = np.asarray(turns.from_user, dtype=bool)
    if not own.any():
        return _nothing(history)
    at, local = turns.at[own], history.local_hours()[own]
    zone_known = history.zone_source != "unknown"
    when = presence(local, at, priors.presence, zone_known=zone_known)
    gap_hours, ages = pauses(at)
    gaps = fit_gaps(gap_hours, ages, priors.gaps)
    unasked = unasked_messages(turns, history.as_of, limits)
    items = still_open(history.open_items, turns, history.day_terms, history.as_of)
    points = talking_points(history, items)
    days = local_days(local, at)
    quiet = quiet_hours(when, local, days, limits, zone_known=zone_known)
    timing = best_time(
        history, when, gaps, unasked, quiet, limits,
        something_to_say=bool(points), something_due=any(point.kind in _DUE for point in points),
    )  # fmt: skip
    marks = milestones(history, days)
    parts = _Parts(history, when, gaps, unasked, timing, points, marks, quiet)
    return _result(parts, items, float(at.max()), gap_hours)


@dataclass(frozen=True)
class _Parts:
    history: History
    presence: Presence
    gaps: GapModel | None
    unasked: Unasked
    timing: Timing
    points: Sequence[TalkingPoint]
    milestones: Sequence[Milestone]
    quiet: np.ndarray


def _result(parts: _Parts, items: Sequence[Any], last: float, gap_hours: np.ndarray) -> EngagementOpportunities:
    history, gaps, unasked, timing = parts.history, parts.gaps, parts.unasked, parts.timing
    silent = max(history.as_of.timestamp() - last, 0.0) / 3600.0
    hour, day = _best_hour(parts)
    return EngagementOpportunities(
        optimal_timing_hours=None if timing.at is None else round((timing.at - last) / 3600.0, 2),
        receptivity_score=_rounded(unasked.receptivity),
        suggested_topics=[topic(point, history.user_name) for point in parts.points],
        last_engagement_gap_hours=round(silent, 3),
        proactive_success_rate=_rounded(unasked.success_rate),
        unresolved_topic_count=len(items),
        unresolved_shared_count=sum(item.scope is Scope.SHARED for item in items),
        milestone_count=len(parts.milestones),
        optimal_engagement_hour=hour,
        optimal_engagement_day=day,
        recommendations=recommendations(history, parts.points, parts.milestones, timing, unasked),
        last_message_at=_iso(last),
        previous_gap_hours=round(float(gap_hours[-1]), 3) if len(gap_hours) else None,
        reach_out_at=None if timing.at is None else _iso(timing.at),
        lull=None if gaps is None else {k: _plain(v) for k, v in asdict(gaps).items()},
        survival_now=None if gaps is None else _rounded(gaps.survival(silent)),
        proactive_sent=len(unasked.at),
        open_items=[_open_item(history, item) for item in items[-MOST_OPEN_ITEMS:]],
        milestones=[{**asdict(mark), "message_ids": list(mark.message_ids)} for mark in parts.milestones],
        presence=_presence(parts, history),
        reasons=_reasons(parts, len(gap_hours)),
    )


def _nothing(history: History) -> EngagementOpportunities:
    unknown = (
        "optimal_timing_hours", "receptivity_score", "last_engagement_gap_hours", "proactive_success_rate",
        "optimal_engagement_hour", "optimal_engagement_day", "last_message_at", "previous_gap_hours", "reach_out_at", "lull",
        "survival_now", "presence",
    )  # fmt: skip
    text = f"Not enough data: {history.user_name} has not written yet."
    return EngagementOpportunities(
        recommendations=[{"text": text, "scope": "shared"}], reasons=dict.fromkeys(unknown, "no_messages")
    )


def _reasons(parts: _Parts, pauses_seen: int) -> dict[str, str]:
    found = {}
    if parts.timing.at is None:
        found |= dict.fromkeys(("optimal_timing_hours", "reach_out_at"), parts.timing.reason or "unknown")
    if parts.unasked.receptivity is None:
        found |= dict.fromkeys(("receptivity_score", "proactive_success_rate"), "no_proactive_messages_known")
    if parts.presence.source != "own":
        found |= dict.fromkeys(("optimal_engagement_hour", "optimal_engagement_day"), "too_few_messages")
    if parts.gaps is None:
        found |= dict.fromkeys(("lull", "survival_now"), "too_few_sessions")
    if not pauses_seen:
        found["previous_gap_hours"] = "one_session"
    return found


def _best_hour(parts: _Parts) -> tuple[int | None, int | None]:
    """The likeliest hour outside quiet ones, and the likeliest day for it; from the user's own messages only."""
    if parts.presence.source != "own":
        return None, None
    hours = np.where(parts.quiet, -1.0, np.array(parts.presence.hours))
    hour = int(hours.argmax())
    day = int(np.array(parts.presence.week).reshape(7, HOURS)[:, hour].argmax())
    return hour, day


def _open_item(history: History, item: Any) -> dict[str, Any]:
    return {
        "kind": item.kind,
        "text": item.text,
        "scope": item.scope.value,
        "message_id": history.turns.ids[item.turn],
        "said_at": _iso(float(history.turns.at[item.turn])),
        "due": _day(item.due),
    }


def _presence(parts: _Parts, history: History) -> dict[str, Any]:
    found = parts.presence
    return {
        "quiet_hours": np.flatnonzero(parts.quiet).tolist(),
        "week": [round(share, 6) for share in found.week],
        "hours": [round(share, 6) for share in found.hours],
        "source": found.source,
        "messages": found.messages,
        "active_days": found.active_days,
        "spread_hours": found.spread_hours,
        "half_life_days": found.half_life_days,
        "population_share": found.population_share,
        "zone": str(history.zone),
        "zone_source": history.zone_source,
    }


def _plain(value: Any) -> Any:
    return round(float(value), 6) if isinstance(value, float) else value


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(float(value), 4)


def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


def _iso(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
