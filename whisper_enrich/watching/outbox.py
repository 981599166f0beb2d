"""Messages that are still to go out: kept until they have, tried again later and later, each target by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Self

from whisper_enrich.watching.notices import DeliveryFailed, Notice, Target

FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=1)
KEPT = timedelta(days=2)
"""After that a message that nobody takes is given up, with a line in the log."""
MOST = 50
"""Messages kept for each target."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A message for one target, with the attempts so far."""

    target: str
    notice: Notice
    written_at: datetime
    attempts: int = 0
    next_at: datetime | None = None

    def to_json(self) -> dict[str, Any]:
        """For a cursor."""
        return {
            "target": self.target, "subject": self.notice.subject, "text": self.notice.text,
            "written_at": self.written_at.isoformat(), "attempts": self.attempts,
            "next_at": self.next_at.isoformat() if self.next_at else None,
        }  # fmt: skip

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Self:
        """What `to_json` made."""
        return cls(
            stored["target"], Notice(stored["subject"], stored["text"]), datetime.fromisoformat(stored["written_at"]),
            stored["attempts"], datetime.fromisoformat(stored["next_at"]) if stored["next_at"] else None,
        )  # fmt: skip


def deliver(
    waiting: Iterable[Waiting], targets: Sequence[Target], now: datetime, say: Callable[[str], None]
) -> list[Waiting]:
    """Send what is due, the oldest first; what is still to go out afterwards.

    Where a target fails, its later messages wait behind the one that failed. What is for a target that the settings no
    longer name is dropped. ``say`` is told of every failure.
    """
    by_name = {target.name: target for target in targets}
    left: list[Waiting] = []
    blocked: set[str] = set()
    for message in waiting:
        target = by_name.get(message.target)
        if target is None or now - message.written_at > KEPT:
            say(f"A message is given up, as {message.target} does not take it: {message.notice.subject}")
        elif message.target in blocked or (message.next_at is not None and message.next_at > now):
            blocked.add(message.target)
            left.append(message)
        else:
            try:
                target.send(message.notice)
            except DeliveryFailed as error:
                blocked.add(message.target)
                pause = min(FIRST_PAUSE * 2**message.attempts, LONGEST_PAUSE)
                left.append(replace(message, attempts=message.attempts + 1, next_at=now + pause))
                say(f"{error} It is tried again in {int(pause.total_seconds() // 60)} min: {message.notice.subject}")
    return _newest(left)


def _newest(waiting: list[Waiting]) -> list[Waiting]:
    kept: dict[str, int] = {}
    found = []
    for message in reversed(waiting):
        kept[message.target] = kept.get(message.target, 0) + 1
        if kept[message.target] <= MOST:
            found.append(message)
    return found[::-1]
