"""The hand-written lines: read from their files, shifted to the present, and told apart into turns.

A line names days relative to its own: ``{weekday:+3}`` is the name of the weekday three days later, ``{date:+9}`` a day
and month ("14 March"), ``{month:+1}`` the name of the next month. Names are English whatever the locale.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import blake2b
from importlib import resources
from typing import Any

from whisper_enrich.messages.model import ANSWER_DELAY
from whisper_enrich.sample.people import BOTS

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_PLACEHOLDER = re.compile(r"\{(weekday|date|month):([+-]\d+)\}")
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Note:
    """A fact that a careful reader would note, with the words that say it."""

    statement: str
    category: str
    quote: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a conversation file. ``speaker`` is ``user``, ``bot`` or ``reaction`` (``text`` is the emoji then);
    ``at`` is aware UTC."""

    id: str
    bot: str
    at: datetime
    user: str
    speaker: str
    channel: str | None
    text: str
    emotion: str
    intensity: float
    generation: str
    language: str = "en"
    emotion_type: str | None = None
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Turn:
    """What a user wrote (or how they reacted) and the bot's answer to it, if it gave one."""

    line: Line
    answer: Line | None = None


@cache
def nominal_lines(bot: str) -> tuple[Line, ...]:
    """The lines of a bot as they were written, in January 2026, placeholders and all.

    The files give whole seconds, a bot's line some seconds after what it answers. Bots stamp an answer 1 ms after its
    question, and times carry microseconds: those are taken from the line's id here, and every line of a bot answers the
    latest line of its user (a test holds that none comes later than two minutes after it).
    """
    found: list[Line] = []
    asked: dict[str, datetime] = {}
    for raw in _records(f"{bot}.jsonl"):
        line = _line(bot, raw)
        if line.speaker == "bot":
            line = replace(line, at=asked.pop(line.user) + ANSWER_DELAY)
        elif line.speaker == "user":
            asked[line.user] = line.at
        found.append(line)
    return tuple(found)


def shift_days(anchor: datetime) -> int:
    """Whole days by which all lines move, so that the last one is the latest possible not later than ``anchor``."""
    if anchor.tzinfo is None:
        raise ValueError("the anchor must be aware of its time zone")
    return (anchor - max(line.at for bot in BOTS for line in nominal_lines(bot))) // _DAY


def lines(bot: str, days: int) -> list[Line]:
    """The lines of a bot, ``days`` later, their placeholders rendered."""
    return [_shifted(line, days) for line in nominal_lines(bot)]


def turns(said: Sequence[Line]) -> list[Turn]:
    """The lines as turns, in the order in which they were opened."""
    found: list[Turn] = []
    unanswered: dict[str, int] = {}
    for line in said:
        if line.speaker == "bot":
            index = unanswered.pop(line.user)
            found[index] = Turn(found[index].line, line)
            continue
        if line.speaker == "user":
            unanswered[line.user] = len(found)
        found.append(Turn(line))
    return found


def broken_records() -> list[dict[str, Any]]:
    """The broken points as their file has them: id, bot, disposition and reason that are meant, payload."""
    return _records("broken.jsonl")


def expectation_records(bot: str) -> Mapping[str, Any]:
    """What is to be known at the end, by user key, as the bot's file has it."""
    return json.loads(_data(f"{bot}.gold.json"))["users"]


def render(text: str, day: date) -> str:
    """The text with its placeholders told from ``day``."""

    def name(match: re.Match[str]) -> str:
        kind, distance = match[1], int(match[2])
        if kind == "month":
            return MONTHS[(day.month - 1 + distance) % 12]
        then = day + distance * _DAY
        return WEEKDAYS[then.weekday()] if kind == "weekday" else f"{then.day} {MONTHS[then.month - 1]}"

    return _PLACEHOLDER.sub(name, text)


def _data(name: str) -> str:
    return resources.files("whisper_enrich.sample").joinpath("conversations", name).read_text(encoding="utf-8")


def _records(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in _data(name).splitlines() if line]


def _line(bot: str, raw: Mapping[str, Any]) -> Line:
    return Line(
        id=raw["id"],
        bot=bot,
        at=datetime.fromisoformat(raw["at"]).replace(tzinfo=UTC, microsecond=_microsecond(raw["id"])),
        user=raw["user"],
        speaker=raw["speaker"],
        channel=raw["channel"],
        text=raw["text"],
        emotion=raw["emotion"],
        intensity=raw["intensity"],
        generation=raw["generation"],
        language=raw.get("lang", "en"),
        emotion_type=raw.get("emotion_type"),
        notes=tuple(Note(note["statement"], note["category"], note["quote"]) for note in raw.get("gold", ())),
    )


def _microsecond(line_id: str) -> int:
    """Below 990 ms, so that an answer 1 ms later never overtakes what was written in the next second."""
    return int.from_bytes(blake2b(line_id.encode(), digest_size=8).digest()) % 990_000


def _shifted(line: Line, days: int) -> Line:
    at = line.at + days * _DAY
    # An answer belongs to its question's day.
    day = (at - ANSWER_DELAY).date() if line.speaker == "bot" else at.date()
    notes = tuple(Note(render(note.statement, day), note.category, render(note.quote, day)) for note in line.notes)
    return replace(line, at=at, text=render(line.text, day), notes=notes)
