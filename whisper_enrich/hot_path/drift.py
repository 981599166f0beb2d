"""Values that change with time alone, from stored parameters for the moment of reading.

    silence          hours = (now - last_message_at) / 3600
    pause survival   S(hours) = (1 + (max(hours - offset_hours, 0) / scale_hours) ^ shape) ^ -tail
    lull             'severe', 'moderate', 'mild' from their numbers of hours on, else 'none'
    retrievability   R = (1 + factor * days since last_at / stability_days) ^ -decay
    mean memory age  (now - sum_last_at / count) / 3600
    next turn        within_session up to pause_seconds after last_at, after_pause from then on

The parameters and their sources are the engines': `whisper_enrich.strategic.gaps`, `forgetting`, `memory_aging`,
`context_switches`; the views for unmodified bots compute the same in SQL. No time before the last message is assumed: a ``now``
that lies before it counts as that moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

HOUR = 3600.0
DAY = 86_400.0

LULLS = ("severe", "moderate", "mild")


def aware(at: datetime) -> datetime:
    """The time as it is. Raises ValueError for one without a zone: it cannot be compared with what is stored."""
    if at.tzinfo is None:
        raise ValueError("a time without a zone cannot be compared with what is stored; pass an aware one")
    return at


def instant(text: str | None) -> datetime | None:
    """An aware time from ISO 8601."""
    return None if text is None else datetime.fromisoformat(text)


def seconds_since(moment: datetime, now: datetime) -> float:
    """Never negative."""
    seconds = (now - moment).total_seconds()
    return seconds if seconds > 0.0 else 0.0


def pause_survival(hours: float, lull: Mapping[str, Any]) -> float:
    """Probability that a pause of this user lasts longer than ``hours``."""
    beyond = max(hours - lull["offset_hours"], 0.0) / lull["scale_hours"]
    return (1.0 + beyond ** lull["shape"]) ** -lull["tail"]


def lull_severity(hours: float, lull: Mapping[str, Any]) -> str:
    """How unusual a silence of ``hours`` is."""
    return next((name for name in LULLS if hours >= lull[f"{name}_after_hours"]), "none")


def retrievability(days: float, factor: float, stability_days: float, decay: float) -> float:
    """Of a memory, ``days`` after it came up last; 0..1."""
    return (1.0 + factor * days / stability_days) ** -decay


def mean_age_hours(parameters: Mapping[str, float], now: datetime) -> float:
    """Of the memories' latest evidence."""
    return max(now.timestamp() - parameters["sum_last_at"] / parameters["count"], 0.0) / HOUR


def switch_likelihood(parameters: Mapping[str, Any], now: datetime) -> float:
    """Probability that the user's next turn changes the topic, if it comes now."""
    silent = seconds_since(datetime.fromisoformat(parameters["last_at"]), now)
    return parameters["after_pause"] if silent > parameters["pause_seconds"] else parameters["within_session"]
