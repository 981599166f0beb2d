"""Days by their distance from today, their parts, and days of the week."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from dateutil.relativedelta import relativedelta

from whisper_enrich.hot_path.time_phrases import spans
from whisper_enrich.hot_path.time_phrases.counted import stepped, units_on
from whisper_enrich.hot_path.time_phrases.readings import chosen, part_of
from whisper_enrich.hot_path.time_phrases.rules import Found
from whisper_enrich.hot_path.time_phrases.spans import Asked, Span

_WEEK = relativedelta(weeks=1)
# Before this hour a person's day may still be the one before.
_NIGHT_ENDS = 5
_SATURDAY = 5


def day_word(found: Found) -> Span:
    return _day_from_today(found.get("D"), found.asked)


def _day_from_today(distance: int, asked: Asked) -> Span:
    span = spans.day(asked.today + timedelta(days=distance))
    if asked.local.hour >= _NIGHT_ENDS:
        return span
    before = spans.shifted(span, relativedelta(days=-1))
    return replace(span, others=((before, "counted from the day before, as by somebody still awake"),))


def part_of_day_word(found: Found) -> Span | None:
    distance, part = found.get("N")
    span = part_of(_day_from_today(distance, found.asked), part)
    return _last_night(found.asked) if (distance, part) == (-1, "night") else span


def this_part(found: Found) -> Span | None:
    part = found.items[-1].roles["T" if found.has("T") else "p"]
    asked = found.asked
    today = asked.today - timedelta(days=asked.local.hour < _NIGHT_ENDS)
    return part_of(spans.day(today), part)


def last_part(found: Found) -> Span | None:
    part = found.get("p")
    if part == "night":
        return _last_night(found.asked, units_on(found))
    return part_of(_day_from_today(-1, found.asked), part)


def _last_night(asked: Asked, steps: int = -1) -> Span:
    """The night that began yesterday. To somebody who is up in the small hours that one is still going on."""
    today = asked.today
    night = part_of(spans.day(today + timedelta(days=steps)), "night")
    if asked.local.hour >= _NIGHT_ENDS:
        return night
    before = spans.shifted(night, relativedelta(days=-1))
    return replace(before, others=((night, "the night that is still going on"),))


def parts_ago(found: Found) -> Span | None:
    """ "Two nights ago"."""
    day = stepped(found.asked.today, "day", -found.get("n")[0])
    return part_of(spans.day(day), found.get("ψ")) if day else None


def weekdays_ago(found: Found) -> Span | None:
    """ "Two Fridays ago": the last Friday is one Friday ago."""
    count = int(found.get("n")[0])
    last = found.asked.today + timedelta(days=-((found.asked.today.weekday() - found.get("W") - 1) % 7 + 1))
    return spans.day(last - timedelta(weeks=count - 1)) if 0 < count < 1000 else None


def part_of_weekday(found: Found) -> Span | None:
    number, part = found.get("ω")
    span = chosen(lambda asked: _weekday_near(number, asked), found.asked)
    return part_of(span, part) if span else None


def weekday(found: Found) -> Span | None:
    """A weekday with nothing that says which."""
    number = _weekday_number(found)
    return chosen(lambda asked: _weekday_near(number, asked), found.asked)


def short_weekday(found: Found) -> Span | None:
    # "Look at sun and sea".
    return weekday(found) if not found.has("j") or found.item("j").word == "on" else None


def _weekday_number(found: Found) -> int:
    roles = found.item("wv").roles
    return roles["w"] if "w" in roles else roles["v"]


def _weekday_near(number: int, asked: Asked) -> Span:
    today = asked.today
    if asked.ahead:
        return spans.day(today + timedelta(days=(number - today.weekday() - 1) % 7 + 1), _WEEK)
    return spans.day(today - timedelta(days=(today.weekday() - number - 1) % 7 + 1), _WEEK)


def which_weekday(found: Found) -> Span | None:
    """ "Last Friday", "this Monday", "next Tuesday", "the Friday before last".

    The last Monday may be the most recent one or that of last week, the next one the coming one or that of next week.
    """
    number, steps, asked = _weekday_number(found), units_on(found), found.asked
    today = asked.today
    if found.has("v") and number == _SATURDAY and found.following is not None and "X" in found.following.roles:
        return None  # "when I last sat down"
    if steps == 0:
        day = spans.day(today + timedelta(days=number - today.weekday()))
        return spans.shifted(day, _WEEK) if asked.ahead and day.end <= asked.local else day
    near = replace(_weekday_near(number, replace(asked, ahead=steps > 0)), cycle=None)
    sign = 1 if steps > 0 else -1
    if abs(steps) > 1:
        return spans.shifted(near, _WEEK * (steps - sign))
    in_this_week = near.first.isocalendar()[:2] == today.isocalendar()[:2]
    if not in_this_week or found.has("L"):
        return near
    week = "last week" if sign < 0 else "next week"
    return replace(near, others=((spans.shifted(near, _WEEK * sign), f"the one of {week}"),))
