"""Times by their distance from now: "two weeks ago", "the past ten days", "last week", "over the weekend", "recently".

Vague words mean: "a couple" two or three, "a few" two to five, "several" three to seven; "recently" the last two weeks; "the
other day" two to seven days ago; "a while ago" from two weeks to six months ago; "a long time ago" before that; "just now" the
last quarter of an hour. An hour or minute counted from now is widened: hours by half an hour on both sides, minutes by a
quarter of their number and at least five.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from dateutil.relativedelta import relativedelta

from whisper_enrich.hot_path.time_phrases import spans
from whisper_enrich.hot_path.time_phrases.readings import chosen
from whisper_enrich.hot_path.time_phrases.rules import Found
from whisper_enrich.hot_path.time_phrases.spans import Asked, Span
from whisper_enrich.hot_path.time_phrases.tokens import YEARS

_WEEK = relativedelta(weeks=1)


def _counted(found: Found, sign: int) -> Span | None:
    least, most, unit = found.get("K")
    return _away(found.asked, least * sign, most * sign, unit)


def ago(found: Found) -> Span | None:
    return _counted(found, -1)


def ahead_of_now(found: Found) -> Span | None:
    # "I did it in two days" says how long it took.
    if found.has("i") and (found.get("i") != "in" or found.asked.past):
        return None
    return _counted(found, 1)


def _away(asked: Asked, nearer: float, farther: float, unit: str) -> Span | None:
    """What lies so many units from now: that day, week, month, or year as a whole, or the time about that hour."""
    first, last = sorted((nearer, farther))
    if unit in ("hour", "minute"):
        return _clock_away(asked, first, last, unit)
    begins, ends = stepped(asked.today, unit, first), stepped(asked.today, unit, last)
    if begins is None or ends is None:
        return None
    start, end = spans.unit_span(unit, begins), spans.unit_span(unit, ends)
    return Span(start.start, end.end, unit if first == last else "days")


def stepped(day: date, unit: str, count: float) -> date | None:
    """The day so many units on; None where that is out of all reach ("3000 years ago")."""
    try:
        there = day + spans.step(unit, int(count))
    except (ValueError, OverflowError):
        return None
    return there if there.year in YEARS else None


def _clock_away(asked: Asked, first: float, last: float, unit: str) -> Span:
    size = 60 if unit == "hour" else 1
    widened = 30 if unit == "hour" else max(5.0, max(abs(first), abs(last)) / 4)
    start = asked.now + timedelta(minutes=first * size - widened)
    end = asked.now + timedelta(minutes=last * size + widened)
    # What is ago is over, what is to come has not begun.
    return Span(start, min(end, asked.now), "clock") if last < 0 else Span(max(start, asked.now), end, "clock")


def ago_from_day(found: Found) -> Span | None:
    """ "A week ago today", "two weeks ago yesterday": just so long before that day."""
    count, _, unit = found.get("K")
    if unit in ("hour", "minute"):
        return None
    day = stepped(found.asked.today + timedelta(days=found.get("D")), unit, -count)
    return spans.day(day) if day else None


def counted_back(found: Found) -> Span | None:
    """ "The past ten days", "the last three months": counted back from now."""
    if found.has("K"):
        _, most, unit = found.get("K")
        if most == 1 and not found.has("d"):
            return None  # "walking past a day care"
        return rolling(found.asked, most, unit)
    roles = found.item("uV").roles
    return rolling(found.asked, found.get("n")[1] if found.has("n") else 1, roles.get("u") or roles["V"])


def rolling(asked: Asked, count: float, unit: str) -> Span | None:
    if unit in ("hour", "minute"):
        return Span(asked.now - timedelta(minutes=count * (60 if unit == "hour" else 1)), asked.now, "clock")
    first = stepped(asked.today, unit, -count)
    return Span(spans.midnight(first), asked.now, "to now") if first else None


def coming_units(found: Found) -> Span | None:
    """ "The next three days": from now on."""
    _, most, unit = found.get("K")
    asked = found.asked
    if unit in ("hour", "minute"):
        return Span(asked.now, asked.now + timedelta(minutes=most * (60 if unit == "hour" else 1)), "clock")
    last = stepped(asked.today, unit, most)
    return Span(asked.now, spans.midnight(last + timedelta(days=1)), "from now") if last else None


def in_the_last_unit(found: Found) -> Span | None:
    """ "In the last week" may be counted from now, or mean the week by the calendar."""
    unit = found.get("u")
    if found.item("lρ").word == "previous":
        return None
    span = rolling(found.asked, 1, unit)
    if unit in ("hour", "minute", "weekend") or span is None:
        return None if unit == "weekend" else span
    calendar = unit_away(found.asked, unit, -1)
    return replace(span, others=((calendar, f"the {unit} by the calendar"),))


def unit_by_step(found: Found) -> Span | None:
    """ "Last week", "this month", "next year", "the week before last"."""
    unit = found.get("u")
    if unit in ("hour", "minute"):
        return None
    # "My last month at school" is a month of something else.
    if unit == "day" or (found.following is not None and "k" in found.following.roles and not found.has("ρν")):
        return None
    steps = units_on(found)
    asked = found.asked
    if unit == "weekend":
        return _weekend(found, steps)
    return unit_away(asked, unit, steps)


def unit_away(asked: Asked, unit: str, steps: int) -> Span:
    return spans.unit_span(unit, asked.today + spans.step(unit, steps))


def units_on(found: Found) -> int:
    """How many units on: -1 for the last, 1 for the next; "before last" makes it -2."""
    if found.has("BF"):
        return -2 if found.has("B") else 2
    for item in reversed(found.items):
        for role, one in (("ρ", -1), ("ν", 1), ("l", -1), ("L", -1), ("x", 1), ("t", 0)):
            if role in item.roles:
                return item.roles[role] or one
    return 0


def _weekend(found: Found, steps: int) -> Span:
    """The last weekend is the last that is over, this one that of the week, or the one just over if told as past."""
    asked = found.asked
    span = unit_away(asked, "weekend", steps)
    if steps == 0 and span.start > asked.local and (asked.past or asked.torn):
        return spans.shifted(span, -_WEEK)
    return span


def the_weekend(found: Found) -> Span | None:
    """ "Over the weekend": the last that has begun."""
    if found.get("u") != "weekend":
        return None

    def nearest(asked: Asked) -> Span:
        span = replace(unit_away(asked, "weekend", 0), cycle=_WEEK)
        return spans.shifted(span, -_WEEK) if span.start > asked.local and not asked.ahead else span

    return chosen(nearest, found.asked)


def this_time(found: Found) -> Span | None:
    """ "This time last year": a week about that day; "this time last week": that day."""
    unit, steps = found.get("u"), units_on(found)
    if unit not in ("week", "month", "year", "day"):
        return None
    day = found.asked.today + spans.step(unit, steps)
    around = timedelta(days=3 if unit in ("month", "year") and "time" in found.item("τ").word else 0)
    return spans.days(day - around, day + around, "days" if around else "day")


def vague(found: Found) -> Span | None:
    asked = found.asked
    midnight, today = spans.midnight, asked.today
    word = found.get("σ")
    name, _, unit = word.rpartition(" ")
    if name in ("earlier", "earlier this", "later", "later this"):
        whole = spans.unit_span("day" if unit == "today" else unit, today)
        if name.startswith("earlier"):
            return Span(whole.start, asked.now, "to now") if whole.start < asked.local else whole
        return Span(asked.now, whole.end, "from now")
    match word:
        case "recently":
            return Span(midnight(today - timedelta(days=14)), asked.now, "to now")
        case "other day":
            return spans.days(today - timedelta(days=7), today - timedelta(days=2))
        case "while ago":
            return spans.days(today - relativedelta(months=6), today - timedelta(days=15))
        case "long ago":
            return Span(spans.BEGINNING, asked.instant(midnight(today - relativedelta(months=6))), "vague")
        case _:
            return Span(asked.now - timedelta(minutes=15), asked.now, "clock")
