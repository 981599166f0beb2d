"""Hours of a day: "at 3 pm yesterday", "between 3 and 5 this morning", "last night after 8"."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from whisper_enrich.hot_path.time_phrases import spans
from whisper_enrich.hot_path.time_phrases.quantities import DAY, HOUR
from whisper_enrich.hot_path.time_phrases.readings import clock_span, each_reading
from whisper_enrich.hot_path.time_phrases.rules import Found, Rule
from whisper_enrich.hot_path.time_phrases.spans import Asked, Span

# A time of day that somebody remembers is meant to so many minutes on both sides; "around" doubles it.
_WIDTH = 30


def _around(found: Found, at: int) -> tuple[int, int]:
    width = _WIDTH * (2 if found.has("αλ") else 1)
    return at - width, at + width


def _hour_of_day(found: Found) -> Span | None:
    """ "At 3 pm yesterday", "yesterday around noon", "at 9:30 this morning"."""
    first, last = _around(found, found.get("c"))
    return each_reading(found.get("P"), lambda span: _on_day(span, first, last))


def _on_day(span: Span, first: int, last: int) -> Span | None:
    """From one minute of the day to another; of the day that a part of it belongs to."""
    if span.grain == "day":
        return clock_span(span, first, last, "clock")
    if span.grain != "part":
        return None
    day = replace(spans.day(span.first), cycle=span.cycle)
    found = clock_span(day, first, last, "clock")
    small_hours = span.end > day.end and last <= (span.start - day.start) // timedelta(minutes=1)
    return spans.shifted(found, spans.step("day", 1)) if found and small_hours else found


def _bare_hour_of_day(found: Found) -> Span | None:
    """ "Yesterday at 3": in the hours when people are up; the other half of the day is a second reading."""
    hours = found.get("n")[0]
    span: Span = found.get("P")
    if not 1 <= hours <= 24:
        return None
    likely = hours + 12 if hours < 8 else hours
    if span.grain == "part" and span.start.hour >= 12 and hours < 12:
        likely = hours + 12
    elif span.grain == "part":
        likely = hours
    first, last = _around(found, likely * HOUR)
    made = each_reading(span, lambda each: _on_day(each, first, last))
    if made is None or hours > 12 or span.grain == "part":
        return made
    other = hours if likely != hours else (hours + 12) % 24
    swapped = _on_day(span, *_around(found, other * HOUR))
    return replace(made, others=((*made.others, (swapped, "the other half of the day")) if swapped else made.others))


def _hours_of_day(found: Found) -> Span | None:
    first, last = found.get("C")
    return each_reading(found.get("P"), lambda span: _on_day(span, first, last))


def _bare_hours_of_day(found: Found) -> Span | None:
    """ "Between 3 and 5 yesterday"."""
    first, last = (number[0] for number in found.all("n")[:2])
    if not 0 <= first < last <= 24:
        return None
    shift = 12 if last < 8 else 0
    span: Span = found.get("P")
    if span.grain == "part" and span.start.hour >= 12 and last <= 12:
        shift = 12
    return each_reading(span, lambda each: _on_day(each, (first + shift) * HOUR, (last + shift) * HOUR))


def _open_hours_of_day(found: Found) -> Span | None:
    """ "Before noon yesterday", "yesterday after 5 pm"."""
    at = found.get("c")
    first, last = (0, at) if found.has("BU") else (at, DAY)
    if first >= last:
        return None

    def opened(span: Span) -> Span | None:
        hours = _on_day(span, first, last)
        if hours is None or span.grain != "part":
            return hours
        start, end = max(hours.start, span.start), span.end if found.has("F") else min(hours.end, span.end)
        return replace(hours, start=start, end=end) if start < end else None

    return each_reading(found.get("P"), opened)


def _lone_hour(found: Found) -> Span | None:
    """ "At 3 pm": the last time it was that late, or the next."""
    return _nearest_hours(*_around(found, found.get("c")), found.asked)


def _lone_hours(found: Found) -> Span | None:
    return _nearest_hours(*found.get("C"), found.asked)


def _nearest_hours(first: int, last: int, asked: Asked) -> Span | None:
    a_day = spans.step("day", 1)
    span = clock_span(spans.day(asked.today, a_day), first, last, "clock")
    return spans.shifted(span, -a_day) if span and span.start > asked.local and not asked.ahead else span


CLOCKS: tuple[Rule, ...] = (
    ("P", "Pζ?C|Cζ?[jkf]?d?P", _hours_of_day),
    ("P", "[bf]nη?[πU]?nζ?[jk]?P|Pζ?[bf]n[ηπU]n", _bare_hours_of_day),
    ("P", "[BUF]c[jkζ]?P|P[BUF]c", _open_hours_of_day),
    ("P", "Pζ?[jαλ]*d?c|[jαλ]*c[jkfζ]?d?P", _hour_of_day),
    ("P", "Pζ?[jαλ]+n(?![uVnπ])|(?:[jαλ]+|(?<=[SUFBf]))nα?P", _bare_hour_of_day),
    ("P", "(?:[jαλ]+d?|(?<=[SUFB]))c", _lone_hour),
    ("P", "C", _lone_hours),
)
