"""Histories from a few lines of talk, through the same reading of a day that the pipeline does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.strategic.days import DayFeatures, join
from whisper_enrich.strategic.history import History, Reaction
from whisper_enrich.strategic.reading import DayMessages, features_of_day

START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)
"""A Monday evening."""

Line = tuple[float, str, str] | tuple[float, str, str, Mapping[str, Any]]
"""Minutes after the start, 'user' or 'bot', the text; and what else: dm, emotion, intensity, vectors."""


def messages_of(lines: Sequence[Line], start: datetime = START, bot: str = "ines", user: str = "u1") -> list[Message]:
    """Messages in the order of the conversation."""
    made = []
    for number, (minutes, speaker, text, *rest) in enumerate(lines):
        more = rest[0] if rest else {}
        made.append(
            Message(
                bot_name=bot, point_id=str(UUID(int=number + 1)), speaker=Speaker(speaker), user_id=user,
                at=start + timedelta(minutes=minutes), text=text, scope=Scope.DM if more.get("dm") else Scope.SHARED,
                content_hash=f"{number:016x}", emotion=more.get("emotion"), emotion_intensity=more.get("intensity"),
            )
        )  # fmt: skip
    return sorted(made, key=lambda m: m.order)


def days_of(lines: Sequence[Line], start: datetime = START, reactions: Sequence[Reaction] = ()) -> list[DayFeatures]:
    """The features of each UTC day."""
    by_day: dict[date, list[Message]] = {}
    vectors = {}
    for message in messages_of(lines, start):
        by_day.setdefault(message.turn_at.date(), []).append(message)
    for number, (_, _, _, *rest) in enumerate(lines):
        if rest and "vectors" in rest[0]:
            vectors[str(UUID(int=number + 1))] = rest[0]["vectors"]
    for one in reactions:
        by_day.setdefault(datetime.fromtimestamp(one.at, UTC).date(), [])
    return [
        features_of_day(
            day,
            DayMessages(messages, vectors),
            [r for r in reactions if datetime.fromtimestamp(r.at, UTC).date() == day],
        )
        for day, messages in sorted(by_day.items())
    ]


def history_of(
    lines: Sequence[Line],
    *,
    start: datetime = START,
    as_of: datetime | None = None,
    zone: tzinfo = UTC,
    reactions: Sequence[Reaction] = (),
    **more: Any,
) -> History:
    """A user's history; as of its last message unless said otherwise. ``more`` sets any other field of `History`."""
    joined = join(days_of(lines, start, reactions))
    last = max((line[0] for line in lines), default=0.0)
    return History(
        **{
            "bot_name": "ines", "user_id": "u1", "user_name": "Ana", "as_of": as_of or start + timedelta(minutes=last),
            "zone": zone, "zone_source": "profile" if zone is not UTC else "unknown", **vars(joined), **more,
        }
    )  # fmt: skip
