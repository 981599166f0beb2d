"""Times by their names: months, seasons, holidays, quarters, years, dates, and days of the person's own life."""

from __future__ import annotations

from calendar import isleap
from dataclasses import replace
from datetime import date

from dateutil.relativedelta import relativedelta

from whisper_enrich.hot_path.time_phrases import spans
from whisper_enrich.hot_path.time_phrases.counted import units_on
from whisper_enrich.hot_path.time_phrases.readings import chosen
from whisper_enrich.hot_path.time_phrases.rules import Found
from whisper_enrich.hot_path.time_phrases.spans import Asked, Result, Span
from whisper_enrich.hot_path.time_phrases.tokens import YEARS, Item, WrittenDate, possible
from whisper_enrich.text.words import word_set

_YEAR = relativedelta(years=1)
_YEARS_APART = 8
# What may follow a day of the month; after any other word it counts something else.
_AFTER_A_DAY = word_set(
    "i you we he she it they did do was were that when what who please my right ich wir du war habe haben hatte"
)
_COUNTED = word_set("words people euros dollars characters pieces steps lines pages tokens items")


def _month_span(year: int, month: int) -> Span:
    return spans.months(date(year, month, 1), 1, "month", _YEAR)


def _month_number(found: Found) -> int:
    roles = found.item("mM").roles
    return roles["m"] if "m" in roles else roles["M"]


def month_by_name(found: Found) -> Span | None:
    """A month with or without a year."""
    month = _month_number(found)
    if found.has("y"):
        return replace(_month_span(found.get("y"), month), cycle=None)
    return chosen(lambda asked: spans.near(lambda year: _month_span(year, month), asked), found.asked)


def bare_month(found: Found) -> Span | None:
    item = found.items[0]
    # "March on", "May I", April who is a friend.
    return month_by_name(found) if "m" in item.roles or (item.capital and found.alone) else None


def bare_holiday(found: Found) -> Span | None:
    # "I love Christmas" asks about no time.
    return named_in_year(found) if found.alone else None


def named_period(found: Found) -> Span | None:
    """ "Last October", "next summer", "this Christmas"."""
    steps, asked = units_on(found), found.asked

    def period(year: int) -> Span:
        return _yearly(found, year, asked)

    around = [period(asked.today.year + away) for away in range(-3, 4)]
    if steps == 0:
        current = (span for span in around if span.start <= asked.local < span.end)
        return replace(next(current, around[3]), cycle=None)
    if steps < 0:
        past = [span for span in around if span.end <= asked.local]
        return replace(past[steps], cycle=None)
    coming = [span for span in around if span.start > asked.local]
    return replace(coming[steps - 1], cycle=None)


def _yearly(found: Found, year: int, asked: Asked) -> Span:
    """The month, season, holiday or quarter that the words name, in ``year``."""
    if found.has("s"):
        return spans.season(found.get("s"), year, asked, _YEAR)
    if found.has("h"):
        return spans.holiday(found.get("h"), year)
    if found.has("Q"):
        return _quarter_span(year, found.get("Q"))
    return _month_span(year, _month_number(found))


def _quarter_span(year: int, number: int) -> Span:
    return spans.months(date(year, 3 * number - 2, 1), 3, "quarter", _YEAR)


def named_in_year(found: Found) -> Span | None:
    """ "Summer 2025", "Christmas 2024", "Q3", each with or without its year."""
    if not found.has("y"):
        return chosen(lambda asked: spans.near(lambda year: _yearly(found, year, asked), asked), found.asked)
    year = found.get("y")
    span = replace(_yearly(found, year, found.asked), cycle=None)
    if found.has("s") and span.last.year > year:
        before = spans.shifted(span, relativedelta(years=-1))
        return replace(span, others=((before, f"the {found.get('s')} that ended in {year}"),))
    return span


def ordinal_quarter(found: Found) -> Span | None:
    number = found.get("o") if found.has("o") else found.get("Z")
    if found.get("u") != "quarter" or not 1 <= number <= 4:
        return None
    if found.has("y"):
        return replace(_quarter_span(found.get("y"), number), cycle=None)
    return chosen(lambda asked: spans.near(lambda year: _quarter_span(year, number), asked), found.asked)


def whole_year(found: Found) -> Span | None:
    if found.following is not None and found.following.word in _COUNTED:
        return None
    if found.has("u") and found.get("u") != "year":
        return None
    return spans.unit_span("year", date(found.get("y"), 1, 1))


def whole_decade(found: Found) -> Span:
    return spans.unit_span("decade", date(found.get("Y"), 1, 1))


def year_and_month(found: Found) -> Span | None:
    year, month = found.get("J")
    return replace(_month_span(year, month), cycle=None) if year in YEARS else None


def calendar_day(found: Found) -> Span | Result | None:
    """A day of a month, by name."""
    numbers = [number[0] if isinstance(number, tuple) else number for number in _day_numbers(found)]
    month, item = _month_number(found), found.item("mM")
    if not numbers or any(not 1 <= number <= 31 for number in numbers):
        return None
    if "M" in item.roles and not item.capital and not found.has("φkj"):
        return None  # "you may 3"
    return _in_year_or_near(found, month, numbers[0], numbers[-1]) or Result("none", None, "there is no such day")


def after_short_month(found: Found) -> Span | Result | None:
    """ "Nov. 5"; after a whole name the point ends the sentence."""
    return calendar_day(found) if len(found.item("mM").word) <= 4 else None


def _day_numbers(found: Found) -> list:
    return [
        next(item.roles[role] for role in "noZ" if role in item.roles)
        for item in found.items
        if any(role in item.roles for role in "noZ") and "y" not in item.roles and not _is_article(item)
    ]


def _is_article(item: Item) -> bool:
    """ "A March hare" is of no first of March."""
    return "n" in item.roles and not item.word.isdigit()


def _in_year_or_near(found: Found, month: int, first: int, last: int) -> Span | None:
    if found.has("y"):
        return _exact(found.get("y"), month, first, last)
    return chosen(lambda asked: _date_near(month, first, last, asked), found.asked)


def _exact(year: int, month: int, first: int, last: int, cycle: relativedelta | None = None) -> Span | None:
    begins, ends = possible(year, month, first), possible(year, month, last)
    if begins is None or ends is None or ends < begins:
        return None
    return spans.days(begins, ends, "day" if first == last else "days", cycle)


def _date_near(month: int, first: int, last: int, asked: Asked) -> Span | None:
    """The date in the nearest year that has it (29 February), the last that has begun unless one looks ahead."""
    years = range(asked.today.year - _YEARS_APART, asked.today.year + _YEARS_APART + 1)
    found = [span for year in years if (span := _exact(year, month, first, last, _YEAR))]
    if asked.ahead:
        return next((span for span in found if span.end > asked.local), None)
    return next((span for span in reversed(found) if span.start <= asked.local), None)


def date_in_figures(found: Found) -> Span | Result | None:
    written: WrittenDate = found.get("I")
    readings = [(written.month, written.day)]
    if written.swaps:
        readings.insert(0 if found.asked.month_first else 1, (written.day, written.month))
    resolved = [span for reading in readings if (span := _figures(written.year, *reading, found.asked))]
    if not resolved:
        return Result("none", None, "there is no such day") if written.year else None
    span, *others = resolved
    why = "the day written first" if found.asked.month_first else "the month written first"
    return replace(span, others=span.others + tuple((other, why) for other in others))


def full_date_in_figures(found: Found) -> Span | Result | None:
    # Without a word before it, "3/4" may be three quarters.
    return None if found.get("I").year is None else date_in_figures(found)


def _figures(year: int | None, month: int, day: int, asked: Asked) -> Span | None:
    if year is None:
        return chosen(lambda each: _date_near(month, day, day, each), asked) if month <= 12 else None
    return _exact(year, month, day, day)


def day_of_month(found: Found) -> Span | None:
    """ "On the 3rd": of the last month that has had it."""
    number = next(item.roles[role] for item in found.items for role in "φn" if role in item.roles)
    number = number[0] if isinstance(number, tuple) else number
    following = found.following
    if following is not None and "X" in following.roles and following.word not in _AFTER_A_DAY:
        return None  # "the 3rd floor"
    return chosen(lambda asked: _day_near(number, asked), found.asked) if 1 <= number <= 31 else None


def _day_near(number: int, asked: Asked) -> Span | None:
    this = asked.today.replace(day=1)
    sign = 1 if asked.ahead else -1
    for away in range(4):
        month = this + relativedelta(months=sign * away)
        day = possible(month.year, month.month, number)
        if day is not None and (day >= asked.today if asked.ahead else day <= asked.today):
            return spans.day(day, relativedelta(months=1))
    return None


def week_of(found: Found) -> Span | None:
    day = day_of_month(found)
    return spans.unit_span("week", day.first) if day and found.get("u") == "week" else None


def anchor(found: Found) -> Span | Result | None:
    """A day of the person's own life. A birthday and an anniversary come every year."""
    key = found.get("β")
    if found.has("G") and found.get("G") == "other":
        key = f"{found.item('G').word} {key}"
    day, yearly = _anchored(key, found.asked)
    if day is None:
        return Result("none", None, f'no date is known for "{key}"')
    if not yearly:
        return spans.day(day)
    asked = replace(found.asked, ahead=True, torn=False) if found.has("x") else found.asked
    return chosen(lambda each: spans.near(lambda year: _anniversary(day, year), each), asked)


def _anniversary(day: date, year: int) -> Span:
    """A leap day is kept on the day before or after it in other years: both count."""
    if (day.month, day.day) == (2, 29) and not isleap(year):
        return spans.days(date(year, 2, 28), date(year, 3, 1), "days", _YEAR)
    return spans.day(date(year, day.month, day.day), _YEAR)


def _anchored(key: str, asked: Asked) -> tuple[date | None, bool]:
    """The day of that name, and whether it comes back every year."""
    yearly = key.endswith(("birthday", "anniversary", "name day"))
    day = asked.anchors.get(key)
    if day is None and key.endswith("anniversary"):
        day = asked.anchors.get(key.removesuffix("anniversary").strip() or "wedding")
    return day, yearly
