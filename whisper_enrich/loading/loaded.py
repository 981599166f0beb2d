"""What a reader of files hands to the loader, and how a message of a file becomes a point."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID, uuid5

from whisper_enrich.messages.model import Point, Speaker

PAGE = 2000
"""Points a page at most: an opening of the embedded store costs more than a write of a thousand points."""

Pages: TypeAlias = Iterator[tuple[str, list[Point]]]
"""(bot, some of its points) again and again; a bot comes more than once, a point never."""

_NAMESPACE = UUID("c2b8f0c6-0d5e-4d0b-8a39-5f3f6f0b7a11")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Messages that were read and found to be in order.

    ``counts`` is the number of points by bot, ``names`` the display name by user id, ``skipped`` how much of what was left
    out, by what it is. ``pages`` goes through the points from the start each time it is called. ``with_vectors`` gives
    vectors to points that have none; it is called for those that are new to the store only. ``bot_names`` is the display
    name by bot where the bot's own name does not say it.
    """

    counts: Mapping[str, int]
    names: Mapping[str, str]
    skipped: Mapping[str, int]
    pages: Callable[[], Pages] = field(repr=False)
    with_vectors: Callable[[Sequence[Point]], list[Point]] = field(default=list, repr=False)
    bot_names: Mapping[str, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Points of all bots."""
        return sum(self.counts.values())

    def points(self) -> dict[str, list[Point]]:
        """All points by bot, in memory, as they were read."""
        found: dict[str, list[Point]] = defaultdict(list)
        for bot_name, points in self.pages():
            found[bot_name] += points
        return dict(found)


def point_id(*parts: str) -> str:
    """The same id for the same parts, always; parts cannot run into each other."""
    return str(uuid5(_NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts)))


def message_point(
    id: str,
    *,
    user_id: str,
    speaker: Speaker,
    at: datetime,
    text: str,
    channel: str | None = None,
    emotion: str | None = None,
    intensity: float | None = None,
    vectors: Mapping[str, Sequence[float]] | None = None,
) -> Point:
    """A message as today's bots store it: two points a turn, role ``user`` or ``assistant``, times in UTC."""
    by_user = speaker is Speaker.USER
    payload = {
        "user_id": user_id,
        "memory_type": "conversation",
        "role": "user" if by_user else "assistant",
        "source": "user_message" if by_user else "bot_response",
        "content": text,
        "timestamp": at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds"),
        "timestamp_unix": at.timestamp(),
        "channel_type": channel,
    }
    if emotion is not None:
        payload["emotional_context"] = emotion
    if intensity is not None:
        payload["emotional_intensity"] = intensity
    return Point(id, payload, vectors or {})
