"""The days that a text speaks of, in any language, and whether another text speaks of the same."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from whisper_enrich.facts.dates import find_dates
from whisper_enrich.facts.model import Tense

_ISO = re.compile(r"\(?(?<![\d-])(\d{4})-(\d{2})(?:-(\d{2}))?(?![\d-])\)?")
_YEAR = re.compile(r"(?<![\d.,-])(?:19|20)\d\d(?![\d.,-]\d)")
_MAY_BE_DATE = re.compile(r"[^\W\d_]|\d")
# How far a day may be from what `dateparser` makes of a phrase without a day of its own ("nächste Woche").
_TOLERANCE = timedelta(days=7)


_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(_WEEKDAYS)})\b", re.IGNORECASE)
# "may" and "march" are verbs where they are small.
_MONTH = re.compile(
    rf"(?<!\d )(?<!\d)(?<!\d(?:st|nd|rd|th) )(?<!of )\b(?:{'|'.join(name.capitalize() for name in _MONTHS)})\b(?!,? (?:the )?\d)"
)


@dataclass(frozen=True, slots=True)
class Day:
    """First and last day of a phrase; None where that side is open."""

    first: date | None
    last: date | None

    def covers(self, day: date) -> bool:
        """Whether ``day`` lies within, or is the edge of a month or year that does."""
        return (self.first is None or self.first <= day) and (self.last is None or day <= self.last)

    def meets(self, other: Day) -> bool:
        """Whether the two have a day in common."""
        starts = self.last is None or other.first is None or other.first <= self.last
        return starts and (other.last is None or self.first is None or self.first <= other.last)


def days_mentioned(text: str, at: datetime, language: str | None) -> list[Day]:
    """The days that ``text`` speaks of, as seen from ``at``, whose zone counts. Of every tense that a phrase may have."""
    days = [Day(span.first, span.last) for tense in Tense for span in find_dates(text, at, tense)]
    days += [day for day in map(_iso_day, _ISO.finditer(text)) if day is not None]
    if language in (None, "en"):
        days += _bare_names(text, at.date())
    elif not days:
        days = _by_dateparser(text, at, language)
    return list(dict.fromkeys(days))


def _bare_names(text: str, today: date) -> list[Day]:
    """ "Classes are Friday", "until February": the weekday before and after today, the month of this year and its neighbours."""
    days = []
    for match in _WEEKDAY.finditer(text):
        ahead = (_WEEKDAYS.index(match[0].lower()) - today.weekday()) % 7
        days += [Day(day, day) for day in (today + timedelta(days=ahead + week) for week in (-7, 0, 7))]
    for match in _MONTH.finditer(text):
        month = _MONTHS.index(match[0].lower()) + 1
        days += [_month(year, month) for year in (today.year - 1, today.year, today.year + 1)]
    return days


def _month(year: int, month: int) -> Day:
    return Day(date(year, month, 1), date(year, month, monthrange(year, month)[1]))


def without_days(statement: str, days: list[Day], at: datetime) -> str | None:
    """``statement`` without its date phrases that ``days`` bear out; None where it has a written date that none does."""
    for match in reversed(list(_ISO.finditer(statement))):
        day = _iso_day(match)
        if day is None or not any(day.meets(known) for known in days):
            return None
        statement = statement[: match.start()] + " " + statement[match.end() :]
    for tense in Tense:
        for span in reversed(find_dates(statement, at, tense)):
            said = Day(span.first, span.last)
            if any(said.meets(known) for known in days):
                statement = statement[: span.start] + " " + statement[span.end :]
    for match in reversed(list(_YEAR.finditer(statement))):
        year = Day(date(int(match[0]), 1, 1), date(int(match[0]), 12, 31))
        if any(known.first and known.last and year.covers(known.first) and year.covers(known.last) for known in days):
            statement = statement[: match.start()] + " " + statement[match.end() :]
    return " ".join(statement.split())


def _iso_day(match: re.Match[str]) -> Day | None:
    year, month, day = int(match[1]), int(match[2]), int(match[3] or 0)
    try:
        first = date(year, month, day or 1)
    except ValueError:
        return None
    return Day(first, first) if day else _month(year, month)


def _by_dateparser(text: str, at: datetime, language: str | None) -> list[Day]:
    from dateparser.search import search_dates

    base = at.replace(tzinfo=None)
    try:
        found = search_dates(text, languages=[language], settings={"RELATIVE_BASE": base}) or []
    except ValueError:  # a language that it does not know
        return []
    days = []
    for phrase, parsed in found:
        if not _MAY_BE_DATE.search(phrase) or phrase.strip().isdigit():
            continue
        if not any(map(str.isdigit, phrase)) and parsed.month != base.month and parsed.day == base.day:
            days += [_month(year, parsed.month) for year in (parsed.year - 1, parsed.year, parsed.year + 1)]
            continue
        spread = timedelta(0) if any(map(str.isdigit, phrase)) else _TOLERANCE
        days.append(Day(parsed.date() - spread, parsed.date() + spread))
    return days
