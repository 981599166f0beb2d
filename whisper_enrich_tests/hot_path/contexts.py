"""Contexts made by hand, of whatever parts a test needs."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from whisper_enrich.hot_path import Absence, Context, Freshness, Missing, StaleReason
from whisper_enrich.hot_path.context import (
    CharacterPerformance,
    ContextSwitches,
    ConversationPatterns,
    Engagement,
    Fact,
    Facts,
    Memory,
    MemoryHealth,
    PersonalityProfile,
    Summaries,
    Summary,
)

NOW = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)  # a Wednesday
"""The moment of reading."""


class Parts:
    """A context's contents: those parts, and nothing else."""

    def __init__(self, **parts: Any) -> None:
        self._parts = parts

    def part(self, name: str) -> Any:
        return self._parts.get(name, Missing(Absence.NO_ROW))


def context(scope: str = "dm", user_id: str = "4711", now: datetime = NOW, **parts: Any) -> Context:
    return Context(user_id, "elena", scope, now, Parts(**parts))


def state(stale: StaleReason | None = None, read_up_to: datetime = NOW - timedelta(hours=1)) -> dict[str, Any]:
    """What every part says of itself."""
    freshness = Freshness.FRESH if stale is None else Freshness.STALE
    return {"computed_at": read_up_to, "read_up_to": read_up_to, "freshness": freshness, "stale_reason": stale}


def fact(content: str, *, days_ago: float = 1, **more: Any) -> Fact:
    said = NOW - timedelta(days=days_ago)
    given: dict[str, Any] = {
        "category": "personal", "attribute": "", "value": "", "confidence": 0.9, "stored_confidence": 0.9,
        "tense": "present", "scope": "shared", "valid_from": None, "valid_to": None, "mentions": 1,
        "first_said_at": said, "last_said_at": said,
    }  # fmt: skip
    return Fact(content=content, **given | more)


def facts(*items: Fact | str, **of_state: Any) -> Facts:
    return Facts(items=tuple(fact(one) if isinstance(one, str) else one for one in items), **state(**of_state))


def summary(text: str, *, days_ago: int = 1, number: int = 1, scope: str = "shared") -> Summary:
    start = datetime.combine(NOW.date(), datetime.min.time(), UTC) - timedelta(days=days_ago)
    end = start + timedelta(days=1)
    return Summary(number, text, start, end, 6, (), None, 0.9, "final", scope)


def summaries(*items: Summary | str, **of_state: Any) -> Summaries:
    made = [summary(one, number=n) if isinstance(one, str) else one for n, one in enumerate(items)]
    return Summaries(items=tuple(made), **state(**of_state))


def profile(stale: StaleReason | None = None, **more: Any) -> PersonalityProfile:
    return PersonalityProfile(**state(stale), **more)


def engagement(stale: StaleReason | None = None, **more: Any) -> Engagement:
    return Engagement(**state(stale), **more)


def point(kind: str, topic: str, *, said_on: date = date(2026, 3, 13), scope: str = "shared", **more: Any) -> dict:
    """Something to speak of, as the engine stores it."""
    return {"kind": kind, "topic": topic, "scope": scope, "said_on": said_on.isoformat(), "due": None} | more


def fading(topic: str, *, kind: str = "entity", scope: str = "shared") -> MemoryHealth:
    memory = Memory("m-1", topic, kind, scope, 3, NOW, NOW, 0.0, 0.0, 0.5)
    return MemoryHealth(
        avg_memory_age_hours=None, retrieval_frequency_trend=None, forgetting_risk_memories=(memory,), freshest=(),
        stalest=(), memory_count=1, retrieval=None, **state(),
    )  # fmt: skip


def performance(**more: Any) -> CharacterPerformance:
    empty = dict.fromkeys(
        ("engagement_score_avg", "satisfaction_score_avg", "coherence_score_avg", "personality_consistency_index",
         "avg_quality_score", "avg_response_time", "quality_trend", "engagement_trend", "response_time_trend",
         "conversation_count", "performance_summary")
    )  # fmt: skip
    given = empty | {"time_window_hours": 168, "recommendations": (), "recent_anomalies": ()}
    return CharacterPerformance(**state(), **given | more)


def switches(**more: Any) -> ContextSwitches:
    return ContextSwitches(**state(), **more)


def patterns(**more: Any) -> ConversationPatterns:
    return ConversationPatterns(**state(), **more)
