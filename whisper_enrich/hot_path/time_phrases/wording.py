"""The English sentence that says which range was understood. Names of days do not depend on the process's locale."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from whisper_enrich.hot_path.time_phrases.model import Kind, TimeRange
from whisper_enrich.hot_path.time_phrases.spans import BEGINNING, MIDNIGHT, Asked

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def described(found: TimeRange, kind: Kind, asked: Asked) -> str:
    """ "Monday 9 to Sunday 15 November 2026"."""
    start, end = (at.astimezone(asked.tz).replace(tzinfo=None) for at in (found.start, found.end))
    if found.start == BEGINNING:
        return f"everything before {_moment(end)}"
    if kind == "since" or found.end == asked.now:
        return f"from {_moment(start)} to now ({_moment(end)})"
    if found.start == asked.now:
        return f"from now ({_moment(start)}) to {_moment(end)}"
    return _between(start, end)


def _between(start: datetime, end: datetime) -> str:
    if start.time() == end.time() == MIDNIGHT:
        first, last = start.date(), (end - timedelta(days=1)).date()
        return _day(first) if first == last else _days(first, last)
    if start.date() == end.date() or end == datetime.combine(start.date() + timedelta(days=1), MIDNIGHT):
        closing = "24:00" if end.date() > start.date() else _clock(end)
        return f"{_day(start.date())}, {_clock(start)} to {closing}"
    return f"{_moment(start)} to {_moment(end)}"


def _days(first: date, last: date) -> str:
    """Month and year are said once where both ends have them in common."""
    opening = f"{_DAYS[first.weekday()]} {first.day}"
    if first.year != last.year:
        opening = _day(first)
    elif first.month != last.month:
        opening = f"{opening} {_MONTHS[first.month - 1]}"
    return f"{opening} to {_day(last)}"


def _day(day: date) -> str:
    return f"{_DAYS[day.weekday()]} {day.day} {_MONTHS[day.month - 1]} {day.year}"


def _moment(at: datetime) -> str:
    return _day(at.date()) if at.time() == MIDNIGHT else f"{_day(at.date())}, {_clock(at)}"


def _clock(at: datetime) -> str:
    return f"{at.hour:02}:{at.minute:02}"
