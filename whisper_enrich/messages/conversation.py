"""Messages of several points as one conversation, each thing said counted once."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from whisper_enrich.messages.model import Message

REPEAT_WINDOW = timedelta(seconds=60)
"""A bot stores a turn as two points and as a pair within one request, which a slow model may stretch."""


def without_repeated_pairs(messages: Iterable[Message]) -> list[Message]:
    """The messages in conversation order, without halves of pair points that stand there as points of their own too.

    Some bots stored a turn both ways. A half of a pair (a point with two messages) is dropped where a point with one
    message holds the same text, but for white space at its ends, of the same speaker, user and bot within
    `REPEAT_WINDOW`. Two points with one message each are never merged: people do say "ok" twice.
    """
    ordered = sorted(messages, key=lambda message: message.order)
    halves = Counter((message.bot_name, message.point_id) for message in ordered)
    singles: dict[tuple[str, ...], list[datetime]] = defaultdict(list)
    for message in ordered:
        if halves[message.bot_name, message.point_id] == 1:
            singles[_what_was_said(message)].append(message.at)

    def is_repeat(message: Message) -> bool:
        return halves[message.bot_name, message.point_id] > 1 and _near(
            singles.get(_what_was_said(message), ()), message.at
        )

    return [message for message in ordered if not is_repeat(message)]


def _what_was_said(message: Message) -> tuple[str, ...]:
    return (message.bot_name, message.user_id, message.speaker, message.text.strip())


def _near(times: Sequence[datetime], at: datetime) -> bool:
    """True where one of the ascending times lies within `REPEAT_WINDOW` of ``at``."""
    index = bisect_left(times, at - REPEAT_WINDOW)
    return index < len(times) and times[index] - at <= REPEAT_WINDOW
