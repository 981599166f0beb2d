"""Which engines fill which cache, and their results as plain values.

Seven engines, six caches: context switches and conversation patterns share one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, date, datetime
from math import isfinite
from typing import Any

from whisper_enrich.strategic import (
    character_performance,
    context_switches,
    conversation_patterns,
    human_like_memory,
    memory_aging,
    personality_profile,
    proactive_engagement,
)
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.performance_days import DayMeasures
from whisper_enrich.strategic.performance_inputs import Metrics
from whisper_enrich.strategic.validity import ENGINE_VERSION as ENGINE_VERSION


@dataclass(frozen=True)
class Surroundings:
    """What engines read beside a history: what other sources measured, by user, and of the bot over all."""

    by_user: Mapping[str, Metrics] = field(default_factory=dict)
    of_bot: Metrics | None = None


PERFORMANCE = "strategic_character_performance"
"""The cache that also has a row over all users of a bot."""

Compute = Callable[[History, Surroundings], Any]

ENGINES: dict[str, dict[str, Compute]] = {
    "strategic_memory_health": {"memory_aging": lambda h, _: memory_aging.compute(h)},
    PERFORMANCE: {
        "character_performance": lambda h, s: character_performance.compute_pair(h, s.by_user.get(h.user_id))
    },
    "strategic_personality_profiles": {"personality_profile": lambda h, _: personality_profile.compute(h)},
    "strategic_conversation_patterns": {
        "context_switches": lambda h, _: context_switches.compute(h),
        "conversation_patterns": lambda h, _: conversation_patterns.compute(h),
    },
    "strategic_memory_behavior": {"human_like_memory": lambda h, _: human_like_memory.compute(h)},
    "strategic_engagement_opportunities": {"proactive_engagement": lambda h, _: proactive_engagement.compute(h)},
}
"""By cache and engine."""


@dataclass(frozen=True)
class Computed:
    """Results by engine and field, plain values that JSON knows; ``reasons`` by field, why it is null."""

    results: Mapping[str, Mapping[str, Any]]
    reasons: Mapping[str, str]


def compute(cache: str, history: History, surroundings: Surroundings) -> Computed:
    """What the engines of one cache make of a history that holds at least one turn."""
    results = {name: engine(history, surroundings) for name, engine in ENGINES[cache].items()}
    return computed_of(results)


def compute_bot_wide(
    bot_name: str, by_user: Mapping[str, Sequence[DayMeasures]], as_of: datetime, surroundings: Surroundings
) -> Computed:
    """The row of `PERFORMANCE` for a bot over all its users, from the measures of their days."""
    result = character_performance.compute_from_days(bot_name, by_user, as_of, surroundings.of_bot)
    return computed_of({"character_performance": result})


def computed_of(results: Mapping[str, Any]) -> Computed:
    """Results of engines (dataclasses) as plain values."""
    reasons: dict[str, str] = {}
    for result in results.values():
        reasons |= result.reasons
    return Computed(
        {
            name: {f.name: plain(getattr(result, f.name)) for f in fields(result) if f.name != "reasons"}
            for name, result in results.items()
        },
        reasons,
    )


DIGITS = 6


def plain(value: Any) -> Any:
    """For JSON: real numbers to six digits after the point, so that the last bits of a sum make no difference."""
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError("An engine returned a number that is not finite, which JSON does not know.")
        return round(value, DIGITS)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if is_dataclass(value):
        return {f.name: plain(getattr(value, f.name)) for f in fields(value)}
    raise TypeError(f"An engine returned a {type(value).__name__}, which JSON does not know.")
