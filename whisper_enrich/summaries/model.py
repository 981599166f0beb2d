"""Summaries: the window of time that one covers, and what it says about it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from whisper_enrich.messages.model import Scope


class SummaryType(StrEnum):
    """``short_window``: too few messages for a summary proper, closed all the same because their day has ended."""

    TIME_WINDOW = "time_window"
    SHORT_WINDOW = "short_window"


class SummaryState(StrEnum):
    """``provisional``: stands until the model is asked. ``degraded``: stands since the model failed, which is asked again."""

    FINAL = "final"
    PROVISIONAL = "provisional"
    DEGRADED = "degraded"


@dataclass(frozen=True, slots=True, order=True)
class Window:
    """The half-open span ``[start, end)`` of a UTC day. Both are aware UTC; ``end`` belongs to the next window."""

    start: datetime
    end: datetime

    def holds(self, at: datetime) -> bool:
        """Whether the instant ``at`` (aware, any zone) lies in this window."""
        return self.start <= at < self.end


@dataclass(frozen=True, slots=True)
class Summary:
    """What one scope of one window came to.

    ``summary_text`` is third-person prose, the extractive engine's of at most ten sentences. ``key_topics`` are three to
    five lower-case words or phrases, fewer where the text has no more. ``emotional_tone`` reads like "positive (joy)"; it
    and ``dominant_emotion`` are None where no message of the user carries a label that is known, and
    ``emotional_tone_reason`` then says why in snake_case; only a model's own reading may stand in ``emotional_tone`` then.
    ``compression_ratio`` is characters of the summary over characters of the messages, None where these have none.
    ``confidence_score`` in 0..1 is how well the summary covers the talk (`summaries.confidence`; for a model's, and how far
    it keeps to it, `summaries.faithful`), None where no message has content. ``message_ids`` are the points covered, each
    once, in order of conversation; ``message_count`` counts messages (a point that holds a pair counts two). ``decisions``
    and ``open_questions`` are what was decided or planned, and what nobody answered; None where the engine does not look
    for them.
    """

    window: Window
    scope: Scope
    summary_text: str
    summary_type: SummaryType
    key_topics: tuple[str, ...]
    emotional_tone: str | None
    emotional_tone_reason: str | None
    dominant_emotion: str | None
    compression_ratio: float | None
    confidence_score: float | None
    message_count: int
    message_ids: tuple[str, ...]
    input_hash: str
    engine_version: str
    state: SummaryState = SummaryState.FINAL
    decisions: tuple[str, ...] | None = None
    open_questions: tuple[str, ...] | None = None
