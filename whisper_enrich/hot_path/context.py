"""What a reader answers with: one frozen dataclass a part, each saying how far it has read and whether it still holds.

Where a value could not be computed it is None and ``reasons`` of its part says why, by field. Times are aware. Lists and
mappings are those of the engines (`whisper_enrich.strategic`), without what the caller's scope may not see.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from typing import Any, Protocol


class Freshness(StrEnum):
    """Whether a part can be relied on for what it speaks of."""

    FRESH = "fresh"
    STALE = "stale"


class StaleReason(StrEnum):
    """Why a part is stale; where several hold, the first of this list.

    ``heuristic``: counted from the messages that the caller passed, no engine has been at it. ``unreachable``: the
    database does not answer, this is what it said earlier. ``worker_silent``: the worker has not looked after this bot.
    ``new_messages``: there are messages that it has not read, for longer than their grace. ``expired``: past its end.
    ``older_engine``: made by another version of the engines.
    """

    HEURISTIC = "heuristic"
    UNREACHABLE = "unreachable"
    WORKER_SILENT = "worker_silent"
    NEW_MESSAGES = "new_messages"
    EXPIRED = "expired"
    OLDER_ENGINE = "older_engine"


class Absence(StrEnum):
    """Why there is nothing.

    ``no_row``: nothing was computed for this user yet. ``unreadable``: it was stored in a form that this version does not
    know. All others: the database was not asked or did not answer. ``deadline``: not in time. ``busy``: every connection
    was taken. ``circuit_open``: it failed too often just now. ``schema``: a table or column is not there.
    ``unreachable``: any other failure.
    """

    NO_ROW = "no_row"
    UNREADABLE = "unreadable"
    DEADLINE = "deadline"
    BUSY = "busy"
    CIRCUIT_OPEN = "circuit_open"
    SCHEMA = "schema"
    UNREACHABLE = "unreachable"


@dataclass(frozen=True, slots=True)
class Missing:
    """In place of a part: there is nothing, and why."""

    reason: Absence

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """What every part says of itself. ``read_up_to`` is the time of the newest message that it has read."""

    computed_at: datetime | None
    read_up_to: datetime | None
    freshness: Freshness
    stale_reason: StaleReason | None = None

    @property
    def is_fresh(self) -> bool:
        return self.freshness is Freshness.FRESH


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that is known. ``confidence`` is that for the moment of reading, ``stored_confidence`` as when it was last said.

    ``known_to`` is only set in answers about the past: when its end was told. ``mentions``, ``first_said_at`` and
    ``last_said_at`` are None there.
    """

    content: str
    category: str
    attribute: str
    value: str
    confidence: float
    stored_confidence: float
    tense: str
    scope: str
    valid_from: date | None
    valid_to: date | None
    mentions: int | None = None
    first_said_at: datetime | None = None
    last_said_at: datetime | None = None
    known_from: datetime | None = None
    known_to: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts(Part):
    """Facts, the surest for the moment of reading first."""

    items: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Summary:
    """The summary of a window: ``start`` up to, but without, ``end``. ``state`` 'degraded' or 'provisional': to be redone."""

    id: int
    text: str
    start: datetime
    end: datetime
    message_count: int
    topics: tuple[str, ...]
    tone: str | None
    confidence: float | None
    state: str
    scope: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries(Part):
    """Summaries, the newest first; for those that were put away by age recall answers with the digest of their week."""

    items: tuple[Summary, ...]


@dataclass(frozen=True, slots=True)
class Memory:
    """Something that was talked about. ``retrievability`` in 0..1 and both hours are for the moment of reading."""

    id: str
    topic: str
    kind: str
    scope: str
    times: int
    first_at: datetime
    last_at: datetime
    age_hours: float
    idle_hours: float
    retrievability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Strategic(Part):
    """What every part from a cache has: how many messages it was made of, and why a value is null."""

    messages_read: int = 0
    engine_version: str | None = None
    reasons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryHealth(Strategic):
    """Engine memory_aging. ``avg_memory_age_hours`` and every memory's retrievability are for the moment of reading."""

    avg_memory_age_hours: float | None
    retrieval_frequency_trend: str | None
    forgetting_risk_memories: tuple[Memory, ...]
    freshest: tuple[Memory, ...]
    stalest: tuple[Memory, ...]
    memory_count: int
    retrieval: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CharacterPerformance(Strategic):
    """How the bot does with this user. Scores 0..1, ``avg_response_time`` in ms."""

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
    conversation_count: int | None
    performance_summary: str | None
    recommendations: tuple[str, ...]
    recent_anomalies: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalityProfile(Strategic):
    """The user's own style, and how they meet the bot's."""

    communication_style: str | None = None
    formality_level: str | None = None
    verbosity_level: str | None = None
    primary_topics: Sequence[Mapping[str, Any]] = ()
    topic_diversity_score: float | None = None
    emotional_range: str | None = None
    dominant_emotions: Sequence[str] = ()
    question_frequency: float | None = None
    avg_message_length: float | None = None
    interaction_frequency_pattern: str | None = None
    preferred_times: Sequence[int] = ()
    personality_summary: str | None = None
    dominant_traits: Sequence[Mapping[str, Any]] = ()
    user_response_patterns: Mapping[str, Any] | None = None
    adaptation_suggestions: Sequence[Mapping[str, Any]] = ()
    trait_evolution_history: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSwitches(Strategic):
    """Engine context_switches. ``predicted_switch_likelihood`` is that of the user's next turn, if it comes now."""

    recent_topics: Sequence[Mapping[str, Any]] = ()
    avg_topic_duration_minutes: float | None = None
    context_switch_frequency: float | None = None
    switch_count: int | None = None
    switch_frequency: float | None = None
    abrupt_switch_rate: float | None = None
    predicted_switch_likelihood: float | None = None
    context_coherence_score: float | None = None
    common_transitions: Sequence[Mapping[str, Any]] = ()
    topic_transition_graph: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationPatterns(Strategic):
    """Engine conversation_patterns."""

    question_patterns: Mapping[str, Any] | None = None
    temporal_patterns: Mapping[str, Any] | None = None
    length_patterns: Mapping[str, Any] | None = None
    initiation_patterns: Mapping[str, Any] | None = None
    topic_patterns: Mapping[str, Any] | None = None
    style_evolution: Mapping[str, Any] | None = None
    depth_preferred: Mapping[str, Any] | None = None
    best_reply_length: Mapping[str, Any] | None = None
    emotional_engagement: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryBehavior(Strategic):
    """Engine human_like_memory. The memories' retrievability is for the moment of reading."""

    forgetting_curve_params: Mapping[str, Any] | None
    high_retention_memories: tuple[Memory, ...]
    low_retention_memories: tuple[Memory, ...]
    recall_simulation_score: float | None
    decay_rate: float | None
    retention_baseline: float | None
    reinforced_topic_count: int | None
    total_retrieval_count: int | None
    avg_retrieval_interval_days: float | None
    reinforcement_opportunities: Sequence[Mapping[str, Any]]
    optimal_recall_days: float | None
    recall_strategy: str | None
    confidence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Engagement(Strategic):
    """Engine proactive_engagement, for the moment of reading: hours of silence, how unusual that is, and what to do.

    ``survival`` is the probability that a pause of this user lasts longer than this one has. ``reach_out_at`` is None where
    the bot should not write first.
    """

    last_message_at: datetime | None = None
    hours_since_last_message: float | None = None
    is_in_lull: bool | None = None
    lull_severity: str | None = None
    survival: float | None = None
    optimal_timing_hours: float | None = None
    reach_out_at: datetime | None = None
    receptivity_score: float | None = None
    proactive_success_rate: float | None = None
    suggested_topics: Sequence[Mapping[str, Any]] = ()
    unresolved_topic_count: int | None = None
    open_items: Sequence[Mapping[str, Any]] = ()
    milestone_count: int | None = None
    milestones: Sequence[Mapping[str, Any]] = ()
    optimal_engagement_hour: int | None = None
    optimal_engagement_day: int | None = None
    recommendations: tuple[str, ...] = ()


class Contents(Protocol):
    """Where a context has its parts from."""

    def part(self, name: str) -> Any: ...


@dataclass(frozen=True, eq=False, repr=False)
class Context:
    """Everything about one user that a bot may use in an answer, as of ``now``. Never shared across scopes.

    All of it was read at once; each part is made of that when it is first asked for: who uses two parts does not pay for
    nine. ``degraded`` is None where the database answered, else why it did not.
    """

    user_id: str
    bot_name: str
    scope: str
    now: datetime
    contents: Contents
    degraded: Absence | None = None

    @cached_property
    def facts(self) -> Facts | Missing:
        return self.contents.part("facts")

    @cached_property
    def summaries(self) -> Summaries | Missing:
        return self.contents.part("summaries")

    @cached_property
    def memory_health(self) -> MemoryHealth | Missing:
        return self.contents.part("memory_health")

    @cached_property
    def character_performance(self) -> CharacterPerformance | Missing:
        return self.contents.part("character_performance")

    @cached_property
    def personality_profile(self) -> PersonalityProfile | Missing:
        return self.contents.part("personality_profile")

    @cached_property
    def context_switches(self) -> ContextSwitches | Missing:
        return self.contents.part("context_switches")

    @cached_property
    def conversation_patterns(self) -> ConversationPatterns | Missing:
        return self.contents.part("conversation_patterns")

    @cached_property
    def memory_behavior(self) -> MemoryBehavior | Missing:
        return self.contents.part("memory_behavior")

    @cached_property
    def engagement(self) -> Engagement | Missing:
        return self.contents.part("engagement")

    def parts(self) -> dict[str, Part | Missing]:
        """All parts by name."""
        return {name: getattr(self, name) for name in PARTS}

    def _whole(self) -> tuple[Any, ...]:
        return self.user_id, self.bot_name, self.scope, self.now, self.degraded, self.parts()

    def __eq__(self, other: object) -> bool:
        return self._whole() == other._whole() if isinstance(other, Context) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.user_id, self.bot_name, self.scope, self.now))

    def __repr__(self) -> str:
        whose = f"user_id={self.user_id!r}, bot_name={self.bot_name!r}, scope={self.scope!r}, now={self.now!r}"
        parts = ", ".join(f"{name}={part!r}" for name, part in self.parts().items())
        return f"Context({whose}, degraded={self.degraded!r}, {parts})"


PARTS = (
    "facts", "summaries", "memory_health", "character_performance", "personality_profile", "context_switches",
    "conversation_patterns", "memory_behavior", "engagement",
)  # fmt: skip
"""The names of a context's parts."""
