"""Windows of time: half-open, in UTC, tiling each day, so that an instant lies in exactly one.

A window is summarised as soon as it holds enough messages, and again whenever it gains some. One that stays below the
minimum waits until its UTC day has closed, and is then summarised as short: few messages are late, not lost.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.messages.model import Message, Scope
from whisper_enrich.summaries.model import Window

ALLOWED_HOURS: tuple[int, ...] = (1, 2, 3, 4, 6, 8, 12, 24)
"""The divisors of 24: the lengths in hours with which windows tile a day."""

_DAY = timedelta(days=1)


class Action(StrEnum):
    """Summarise a window, summarise it as short, or wait for more messages or the end of its day."""

    SUMMARISE = "summarise"
    SHORT = "short"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Decision:
    """``look_again`` is when waiting ends without a new message: None unless messages are there that wait."""

    action: Action
    look_again: datetime | None = None


def windows_of_day(day: date, hours: int) -> tuple[Window, ...]:
    """The ``24 / hours`` windows of a UTC day, in order, with neither gap nor overlap.

    Raises `ConfigurationError` unless ``hours`` divides 24.
    """
    _check_hours(hours)
    midnight = datetime.combine(day, time(), UTC)
    length = timedelta(hours=hours)
    return tuple(Window(midnight + i * length, midnight + (i + 1) * length) for i in range(24 // hours))


def window_of(at: datetime, hours: int) -> Window:
    """The one window of ``hours`` hours that holds the instant ``at``.

    Raises `ConfigurationError` unless ``hours`` divides 24, and ValueError for a naive ``at``, which is no instant.
    """
    _check_hours(hours)
    if at.tzinfo is None:
        raise ValueError("window_of needs an aware datetime; attach the time zone that the time was taken in")
    moment = at.astimezone(UTC)
    start = moment.replace(hour=moment.hour - moment.hour % hours, minute=0, second=0, microsecond=0, fold=0)
    return Window(start, start + timedelta(hours=hours))


def assign(messages: Iterable[Message], hours: int) -> dict[tuple[Window, Scope], list[Message]]:
    """The messages by window and scope, each list in `Message.order`; keys in order of window, then scope."""
    groups: dict[tuple[Window, Scope], list[Message]] = {}
    for message in messages:
        groups.setdefault((window_of(message.turn_at, hours), message.scope), []).append(message)
    return {key: sorted(groups[key], key=lambda message: message.order) for key in sorted(groups)}


def decide(window: Window, count: int, minimum: int, now: datetime) -> Decision:
    """What to do with a window that holds ``count`` messages of one scope, when ``minimum`` make a summary proper.

    Below the minimum it waits for the end of its UTC day (``now >= end of day``), and is then short. An empty window
    waits for messages only: time alone does not change it.
    """
    if count <= 0:
        return Decision(Action.WAIT)
    if count >= minimum:
        return Decision(Action.SUMMARISE)
    day_ends = datetime.combine(window.start.astimezone(UTC).date(), time(), UTC) + _DAY
    return Decision(Action.SHORT) if now >= day_ends else Decision(Action.WAIT, day_ends)


def _check_hours(hours: int) -> None:
    if hours not in ALLOWED_HOURS:
        allowed = ", ".join(map(str, ALLOWED_HOURS))
        raise ConfigurationError(
            f"A window of {hours} hours does not tile a day. Set TIME_WINDOW_HOURS to one of {allowed}."
        )
