"""The parts that engines fill: which cache holds them, and their values for the moment of reading."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from whisper_enrich.hot_path import drift
from whisper_enrich.hot_path.context import (
    CharacterPerformance,
    ContextSwitches,
    ConversationPatterns,
    Engagement,
    Memory,
    MemoryBehavior,
    MemoryHealth,
    PersonalityProfile,
    Strategic,
)
from whisper_enrich.hot_path.drift import DAY, HOUR, instant, seconds_since


@dataclass(frozen=True, slots=True)
class Stored:
    """What an engine stored, as `documents` reads it: without what the caller may not see. A null is not there."""

    values: Mapping[str, Any]
    private: bool
    now: datetime

    def plain(self, part: type[Strategic]) -> dict[str, Any]:
        """The part's own fields as they are stored; null lists are empty ones."""
        found = {}
        for name, listed in _OWN_FIELDS[part]:
            value = self.values.get(name)
            found[name] = () if listed and value is None else value
        return found

    def memories(self, name: str) -> tuple[Memory, ...]:
        return tuple([_memory(item, self.now) for item in self.values.get(name, ())])


def _own_fields(part: type[Strategic]) -> tuple[tuple[str, bool], ...]:
    common = {f.name for f in fields(Strategic)}
    return tuple(
        (f.name, f.type.startswith(("Sequence", "tuple")) and "None" not in f.type)  # type: ignore[union-attr]
        for f in fields(part)
        if f.name not in common
    )


_OWN_FIELDS: dict[type[Strategic], tuple[tuple[str, bool], ...]] = {
    part: _own_fields(part)
    for part in (
        MemoryHealth, CharacterPerformance, PersonalityProfile, ContextSwitches, ConversationPatterns, MemoryBehavior,
        Engagement,
    )
}  # fmt: skip


MEMORY = ("id", "topic", "kind", "scope", "times", "first_at", "last_at", "factor", "stability_days", "decay")
REINFORCEMENT = ("topic", "kind", "scope", "due_at", "last_at", "factor", "stability_days", "decay")
EVALUATED: dict[str, tuple[str, ...]] = {
    "freshest": MEMORY, "stalest": MEMORY, "forgetting_risk_memories": MEMORY, "high_retention_memories": MEMORY,
    "low_retention_memories": MEMORY, "reinforcement_opportunities": REINFORCEMENT,
}  # fmt: skip
"""Lists whose items have values that drift, and what is read of an item: in this order, without names."""


def _memory(item: Sequence[Any], now: datetime) -> Memory:
    key, topic, kind, scope, times, first_at, last_at, *curve = item
    first, last = datetime.fromisoformat(first_at), datetime.fromisoformat(last_at)
    idle = seconds_since(last, now)
    return Memory(
        key, topic, kind, scope, times, first, last, seconds_since(first, now) / HOUR, idle / HOUR,
        drift.retrievability(idle / DAY, *curve),
    )  # fmt: skip


def _memory_health(stored: Stored, common: Mapping[str, Any]) -> MemoryHealth:
    values = stored.values
    parameters = values.get("age_parameters")
    return MemoryHealth(
        avg_memory_age_hours=None if parameters is None else drift.mean_age_hours(parameters, stored.now),
        retrieval_frequency_trend=values.get("retrieval_frequency_trend"),
        forgetting_risk_memories=stored.memories("forgetting_risk_memories"),
        freshest=stored.memories("freshest"),
        stalest=stored.memories("stalest"),
        memory_count=values.get("memory_count", 0),
        retrieval=values.get("retrieval"),
        **common,
    )


def _context_switches(stored: Stored, common: Mapping[str, Any]) -> ContextSwitches:
    parameters = stored.values.get("likelihood_parameters")
    likelihood = None if parameters is None else drift.switch_likelihood(parameters, stored.now)
    return ContextSwitches(**stored.plain(ContextSwitches) | {"predicted_switch_likelihood": likelihood}, **common)


def _memory_behavior(stored: Stored, common: Mapping[str, Any]) -> MemoryBehavior:
    drifting: dict[str, Any] = {
        name: stored.memories(name) for name in ("high_retention_memories", "low_retention_memories")
    }
    drifting["reinforcement_opportunities"] = tuple(
        [_reinforcement(item, stored.now) for item in stored.values.get("reinforcement_opportunities", ())]
    )
    return MemoryBehavior(**stored.plain(MemoryBehavior) | drifting, **common)


def _reinforcement(item: Sequence[Any], now: datetime) -> Mapping[str, Any]:
    topic, kind, scope, due_at, last_at, *curve = item
    due = datetime.fromisoformat(due_at)
    days = seconds_since(datetime.fromisoformat(last_at), now) / DAY
    return {
        "topic": topic, "kind": kind, "scope": scope, "due_at": due, "due_in_days": (due - now).total_seconds() / DAY,
        "retrievability": drift.retrievability(days, *curve),
    }  # fmt: skip


def _engagement(stored: Stored, common: Mapping[str, Any]) -> Engagement:
    values = stored.values
    last, lull = instant(values.get("last_message_at")), values.get("lull")
    hours = None if last is None else seconds_since(last, stored.now) / HOUR
    severity = None if hours is None or lull is None else drift.lull_severity(hours, lull)
    own = stored.plain(Engagement) | {
        "last_message_at": last,
        "hours_since_last_message": hours,
        "lull_severity": severity,
        "is_in_lull": None if severity is None else severity != "none",
        "survival": None if hours is None or lull is None else drift.pause_survival(hours, lull),
        "reach_out_at": instant(values.get("reach_out_at")),
        "recommendations": _sentences(values.get("recommendations")),
    }
    if not stored.private:
        # The stored numbers count what was said in a dm, too. Of the milestones all are stored, of the open items the latest.
        own["unresolved_topic_count"] = values.get("unresolved_shared_count")
        own["milestone_count"] = len(own["milestones"])
    return Engagement(**own, **common)


def _character_performance(stored: Stored, common: Mapping[str, Any]) -> CharacterPerformance:
    sentences = _sentences(stored.values.get("recommendations"))
    return CharacterPerformance(**stored.plain(CharacterPerformance) | {"recommendations": sentences}, **common)


def _sentences(items: Iterable[Any] | None) -> tuple[str, ...]:
    """Of {"text", "scope"} or of plain texts."""
    return tuple(item["text"] if isinstance(item, dict) else item for item in items or ())


def _as_stored(part: type[Strategic]) -> Callable[[Stored, Mapping[str, Any]], Strategic]:
    return lambda stored, common: part(**stored.plain(part), **common)


@dataclass(frozen=True, slots=True)
class Engine:
    """An engine by its name in ``details``, the field of `Context` that it fills, how, the values that this reads, and the
    columns whose own values are among these."""

    name: str
    part: str
    build: Callable[[Stored, Mapping[str, Any]], Strategic]
    reads: frozenset[str]
    unfolds: tuple[str, ...] = ()


def _engine(
    name: str,
    field: str,
    part: type[Strategic],
    build: Callable[..., Strategic] | None = None,
    *beside: str,
    unfolds: tuple[str, ...] = (),
) -> Engine:
    own = frozenset(field for field, _ in _OWN_FIELDS[part])
    return Engine(name, field, build or _as_stored(part), own | frozenset(beside), unfolds)


OF_CACHE: dict[str, tuple[Engine, ...]] = {
    "strategic_memory_health": (
        _engine(
            "memory_aging",
            "memory_health",
            MemoryHealth,
            _memory_health,
            "age_parameters",
            unfolds=("memory_snapshot",),
        ),
    ),
    "strategic_character_performance": (
        _engine("character_performance", "character_performance", CharacterPerformance, _character_performance),
    ),
    "strategic_personality_profiles": (_engine("personality_profile", "personality_profile", PersonalityProfile),),
    "strategic_conversation_patterns": (
        _engine("context_switches", "context_switches", ContextSwitches, _context_switches, "likelihood_parameters"),
        _engine("conversation_patterns", "conversation_patterns", ConversationPatterns),
    ),
    "strategic_memory_behavior": (_engine("human_like_memory", "memory_behavior", MemoryBehavior, _memory_behavior),),
    "strategic_engagement_opportunities": (
        _engine("proactive_engagement", "engagement", Engagement, _engagement, "lull", "unresolved_shared_count"),
    ),
}
"""By cache, its engines."""
