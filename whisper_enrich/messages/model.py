"""What a message is, once parsed: the types that every other room works with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

ANSWER_DELAY = timedelta(milliseconds=1)


class Speaker(StrEnum):
    """Who said it."""

    USER = "user"
    BOT = "bot"


class Scope(StrEnum):
    """Where it may be repeated: ``dm`` only in the same private channel, ``shared`` anywhere."""

    DM = "dm"
    SHARED = "shared"


class Disposition(StrEnum):
    """What intake decided about a point."""

    CONVERSATION = "conversation"
    LEFT_OUT = "left_out"
    QUARANTINED = "quarantined"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class Point:
    """A point as the store returns it. ``id`` is a UUID in canonical form or a decimal integer, always a ``str``."""

    id: str
    payload: Mapping[str, Any]
    vectors: Mapping[str, Sequence[float]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Redaction:
    """A stretch of a text that something else was put in place of: where it was, and where that is."""

    start: int
    end: int
    new_start: int
    new_end: int


@dataclass(frozen=True, slots=True)
class Message:
    """One utterance by one speaker.

    ``at`` is aware UTC. ``content_hash`` is that of the whole point (16 hex digits), so that an edit of either half of
    a pair is seen. ``emotion`` is the bots' own label for this message, lower case, ``emotion_intensity`` in 0..1.
    ``vector`` is the stored ``content`` vector (384 floats, normalised) where it was asked for and exists. ``redactions`` are
    what ENRICHMENT_PII changed in ``text``.
    """

    bot_name: str
    point_id: str
    speaker: Speaker
    user_id: str
    at: datetime
    text: str
    scope: Scope
    content_hash: str
    channel_id: str | None = None
    emotion: str | None = None
    emotion_intensity: float | None = None
    vector: Sequence[float] | None = field(default=None, compare=False, repr=False)
    redactions: Sequence[Redaction] = field(default=(), compare=False, repr=False)

    @property
    def turn_at(self) -> datetime:
        """The instant that decides day and window. The bots stamp an answer 1 ms after its question, so that is taken
        off: a question and answer across midnight stay on the user's side."""
        return self.at if self.speaker is Speaker.USER else self.at - ANSWER_DELAY

    @property
    def order(self) -> tuple[datetime, int, str]:
        """Sort key of a conversation: time, the user before the bot, then id."""
        return (self.at, 0 if self.speaker is Speaker.USER else 1, self.point_id)


@dataclass(frozen=True, slots=True)
class ParsedPoint:
    """What intake knows about a point.

    ``messages`` holds one or two (a pair: the user's, then the bot's) for a conversation, none otherwise. ``reason`` is
    a short snake_case word for what was left out or quarantined. ``day`` is the UTC day of ``at``, for a bot's answer
    that of `Message.turn_at`; None without a usable time. A time in the far future is kept in ``at`` as the claim that
    it is, and gives no ``day``. ``clock_skew_seconds`` is ``timestamp_unix`` minus ``timestamp`` where both exist.
    """

    point_id: str
    disposition: Disposition
    reason: str | None
    user_id: str | None
    at: datetime | None
    day: date | None
    scope: Scope
    content_hash: str
    messages: tuple[Message, ...] = ()
    clock_skew_seconds: float | None = None
