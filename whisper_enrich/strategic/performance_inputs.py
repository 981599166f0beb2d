"""What the engine of character performance may be given beside the conversation: metrics, the platform's state, feedback.

All of it is optional. What is not there is None or empty, and the engine falls back to the conversation; why a source that
is set gave nothing is carried along, so that the row can say it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class DailyMean:
    """The mean of ``count`` measurements of one UTC day."""

    day: date
    mean: float
    count: int


@dataclass(frozen=True, slots=True)
class Relationship:
    """How the platform scores bot and user: each in 0..1, None where it does not say or the value is out of range.

    ``source`` is 'platform' for its own tables, 'influxdb' for what it wrote there.
    """

    trust: float | None = None
    affection: float | None = None
    attunement: float | None = None
    interactions: int | None = None
    updated_at: datetime | None = None
    source: str = "platform"

    def mean(self) -> float | None:
        """Mean of the scores that are there."""
        known = [score for score in (self.trust, self.affection, self.attunement) if score is not None]
        return sum(known) / len(known) if known else None


@dataclass(frozen=True, slots=True)
class EmotionalState:
    """A bot's emotions towards a user, levels and baselines in 0..1 by name; only those that have both."""

    levels: Mapping[str, float]
    baselines: Mapping[str, float]

    def stability(self) -> float | None:
        """1 less the mean distance of the levels from their baselines; None where there is none."""
        if not self.levels:
            return None
        return 1.0 - sum(abs(self.levels[name] - self.baselines[name]) for name in self.levels) / len(self.levels)


@dataclass(frozen=True, slots=True)
class Feedback:
    """How an answer that was built on our data fared, as the hot path reports it. ``at`` in seconds since 1970 UTC, ``score`` in
    -1..1."""

    at: float
    score: float
    kind: str


@dataclass(frozen=True)
class PlatformState:
    """What the platform's tables say of one user with one bot; None and empty where they say nothing.

    ``quality`` are daily means of its own quality of conversations, 0..1.
    """

    relationship: Relationship | None = None
    emotions: EmotionalState | None = None
    quality: Sequence[DailyMean] = ()


@dataclass(frozen=True)
class Metrics:
    """What is known from outside of a pair, or of a bot over all its users.

    ``measured`` are daily means of InfluxDB by measure: 'engagement', 'satisfaction', 'coherence' (all 0..1), 'response_time'
    (ms), 'reactions' (-1..1). ``unmeasured`` says why that source gave nothing although it is set; None where it is not set or
    did answer. ``relationships`` and ``emotions`` hold one entry a user, ``quality`` the platform's daily means.
    """

    measured: Mapping[str, Sequence[DailyMean]] = field(default_factory=dict)
    unmeasured: str | None = None
    relationships: Sequence[Relationship] = ()
    emotions: Sequence[EmotionalState] = ()
    quality: Sequence[DailyMean] = ()
    feedback: Sequence[Feedback] = ()

    def with_platform(self, states: Iterable[PlatformState], feedback: Sequence[Feedback] = ()) -> Metrics:
        """The same with the platform's state of one user, or of all of them. Its relationships win over InfluxDB's."""
        states = list(states)
        relationships = tuple(one.relationship for one in states if one.relationship is not None)
        return replace(
            self,
            relationships=relationships or self.relationships,
            emotions=tuple(one.emotions for one in states if one.emotions is not None),
            quality=merged_days(one.quality for one in states),
            feedback=tuple(feedback),
        )


def merged_days(users: Iterable[Sequence[DailyMean]]) -> list[DailyMean]:
    """Days of several users as one, each weighted by its number of measurements; in the order of days."""
    by_day: dict[date, list[DailyMean]] = {}
    for days in users:
        for one in days:
            by_day.setdefault(one.day, []).append(one)
    return [_mean_of(day, ones) for day, ones in sorted(by_day.items())]


def _mean_of(day: date, ones: Sequence[DailyMean]) -> DailyMean:
    count = sum(one.count for one in ones)
    return DailyMean(day, sum(one.mean * one.count for one in ones) / count, count)
