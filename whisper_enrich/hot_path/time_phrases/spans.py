"""Spans of a person's calendar, and the instants that they cover.

A span is written in wall clock time (naive) of the person's zone, or in instants (aware) where it is counted from now
("an hour ago"). Weeks are ISO weeks and begin on Monday, a season is three whole months.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from dateutil.easter import easter
from dateutil.relativedelta import relativedelta

from whisper_enrich.hot_path.time_phrases.model import Kind, TimeRange

BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
MIDNIGHT = time()
_WHOLE_DAYS = {"day", "week", "weekend", "month", "quarter", "season", "year", "decade", "days"}
# Zones south of the equator in which the seasons are those of the south. Zones near the equator have none to speak of.
_SOUTHERN = (
    "Australia/", "Antarctica/", "Pacific/Auckland", "Pacific/Chatham", "America/Sao_Paulo", "America/Argentina/",
    "America/Buenos_Aires", "America/Santiago", "America/Montevideo", "America/Asuncion", "America/Punta_Arenas",
    "Africa/Johannesburg", "Africa/Windhoek", "Africa/Maseru", "Africa/Harare", "Africa/Maputo", "NZ",
)  # fmt: skip
# Zones in which 03/04 is the fourth of March.
_MONTH_FIRST = (
    "US/", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles", "America/Phoenix",
    "America/Anchorage", "America/Detroit", "America/Boise", "America/Indiana/", "America/Kentucky/", "America/North_Dakota/",
    "America/Juneau", "Pacific/Honolulu", "America/Puerto_Rico", "Asia/Manila",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Span:
    """``start <= t < end``. ``grain`` is the unit that was named; ``cycle`` after how long the words name another one.

    ``cycle`` is None where the words leave no choice ("last week", "in 2024"). ``others`` are other readings, with why.
    """

    start: datetime
    end: datetime
    grain: str
    cycle: relativedelta | None = None
    others: tuple[tuple[Span, str], ...] = ()

    @property
    def whole_days(self) -> bool:
        return self.grain in _WHOLE_DAYS

    @property
    def by_calendar(self) -> bool:
        """Both ends are wall clock readings."""
        return self.start.tzinfo is None and self.end.tzinfo is None

    @property
    def first(self) -> date:
        return self.start.date()

    @property
    def last(self) -> date:
        """The last day that the span touches."""
        return (self.end - timedelta(microseconds=1)).date()


@dataclass(frozen=True, slots=True)
class Result:
    """A span as it is asked about. ``span`` is None where the words name something that is not known."""

    kind: Kind
    span: Span | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Asked:
    """When, where and how somebody asked.

    ``past``: the sentence tells of the past. ``ahead``: it looks to the future, so that "on Friday" is the coming one.
    ``torn``: it does both ("what did I plan to do on Friday"). ``anchors``: the person's own days by name.
    """

    now: datetime
    tz: tzinfo
    past: bool = False
    ahead: bool = False
    torn: bool = False
    anchors: Mapping[str, date] = field(default_factory=dict)

    @property
    def local(self) -> datetime:
        """The wall clock."""
        return self.now.astimezone(self.tz).replace(tzinfo=None)

    @property
    def today(self) -> date:
        return self.local.date()

    def instant(self, at: datetime) -> datetime:
        return at if at.tzinfo else at.replace(tzinfo=self.tz)

    @property
    def zone(self) -> str:
        return getattr(self.tz, "key", None) or str(self.tz.tzname(self.local))

    @property
    def southern(self) -> bool:
        return self.zone.startswith(_SOUTHERN)

    @property
    def month_first(self) -> bool:
        return self.zone.startswith(_MONTH_FIRST)


def midnight(day: date) -> datetime:
    return datetime.combine(day, MIDNIGHT)


def days(first: date, last: date, grain: str = "days", cycle: relativedelta | None = None) -> Span:
    """From the first day to the last, both whole."""
    return Span(midnight(first), midnight(last + timedelta(days=1)), grain, cycle)


def day(which: date, cycle: relativedelta | None = None) -> Span:
    return days(which, which, "day", cycle)


def unit_span(unit: str, which: date) -> Span:
    """The day, week, weekend, month, quarter, year or decade that holds ``which`` (a weekend: that of its week)."""
    monday = which - timedelta(days=which.weekday())
    match unit:
        case "day":
            return day(which)
        case "week":
            return days(monday, monday + timedelta(days=6), unit)
        case "weekend":
            return days(monday + timedelta(days=5), monday + timedelta(days=6), unit)
        case "month":
            return months(which.replace(day=1), 1, unit)
        case "quarter":
            return months(date(which.year, (which.month - 1) // 3 * 3 + 1, 1), 3, unit)
        case "year":
            return months(date(which.year, 1, 1), 12, unit)
        case _:
            return months(date(which.year // 10 * 10, 1, 1), 120, "decade")


def months(first: date, count: int, grain: str, cycle: relativedelta | None = None) -> Span:
    return Span(midnight(first), midnight(first + relativedelta(months=count)), grain, cycle)


def step(unit: str, count: int) -> relativedelta:
    """``count`` units, as a distance."""
    match unit:
        case "week" | "weekend":
            return relativedelta(weeks=count)
        case "quarter":
            return relativedelta(months=3 * count)
        case "decade":
            return relativedelta(years=10 * count)
        case _:
            return relativedelta(**{f"{unit}s": count})  # type: ignore[arg-type]


def season(name: str, year: int, asked: Asked, cycle: relativedelta | None = None) -> Span:
    """The season that begins in ``year``: winter in December in the north, in June in the south."""
    month = {"spring": 3, "summer": 6, "autumn": 9, "winter": 12}[name]
    if asked.southern:
        month = (month + 5) % 12 + 1
    return months(date(year, month, 1), 3, "season", cycle)


def holiday(name: str, year: int) -> Span:
    """A holiday by the western calendar; a name that covers several days covers them all."""
    if name in _EASTER_DAYS:
        first, last = _EASTER_DAYS[name]
        sunday = easter(year)
        return _named(sunday + timedelta(days=first), sunday + timedelta(days=last))
    if name == "thanksgiving":
        november = date(year, 11, 1)
        return _named(*[november + timedelta(days=(3 - november.weekday()) % 7 + 21)] * 2)
    (month, first_day), length = _FIXED_DAYS[name]
    start = date(year, month, first_day)
    return _named(start, start + timedelta(days=length - 1))


def _named(first: date, last: date) -> Span:
    return days(first, last, "day" if first == last else "days", relativedelta(years=1))


_EASTER_DAYS = {
    "easter": (-2, 1), "good friday": (-2, -2), "easter sunday": (0, 0), "easter monday": (1, 1),
    "carnival": (-52, -47), "pentecost": (49, 50), "ascension": (39, 39),
}  # fmt: skip
# Month and day, and how many days it lasts.
_FIXED_DAYS = {
    "christmas": ((12, 24), 3), "christmas eve": ((12, 24), 1), "christmas day": ((12, 25), 1), "boxing day": ((12, 26), 1),
    "new year's eve": ((12, 31), 1), "new year": ((1, 1), 1), "halloween": ((10, 31), 1), "valentine's day": ((2, 14), 1),
    "epiphany": ((1, 6), 1),
}  # fmt: skip


def near(spans: Callable[[int], Span], asked: Asked) -> Span:
    """The last of the yearly ``spans`` that has begun; the next that has not ended where the sentence looks ahead."""
    year = asked.today.year
    around = [spans(each) for each in range(year - 1, year + 2)]
    if asked.ahead:
        return next(span for span in around if span.end > asked.local)
    # At the first moments of the year -1 may be needed twice: winter begins in the year before.
    return next((span for span in reversed(around) if span.start <= asked.local), spans(year - 2))


def shifted(span: Span, by: relativedelta) -> Span:
    return replace(span, start=span.start + by, end=span.end + by, others=())


def to_range(span: Span, tz: tzinfo, why: str = "") -> TimeRange | None:
    """The instants that ``span`` covers; None where the zone skipped all of it (a day that does not exist there).

    A wall clock reading that comes twice opens at its first and closes at its second pass, midnight always at the first
    (a day ends where the next begins). One that never comes is read as if the clock had not been set forward.
    """
    start = _instant(span.start, tz, fold=0)
    end = _instant(span.end, tz, fold=int(not span.whole_days and span.end.time() != MIDNIGHT))
    if end <= start:
        if span.whole_days or not span.by_calendar:
            return None
        end = start + (span.end - span.start)
    return TimeRange(start, end, why)


def _instant(at: datetime, tz: tzinfo, fold: int) -> datetime:
    if at.tzinfo is not None:
        return at.astimezone(UTC)
    first, second = (at.replace(tzinfo=tz, fold=each) for each in (0, 1))
    comes_twice = (first.utcoffset() or timedelta()) > (second.utcoffset() or timedelta())
    return (second if fold and comes_twice else first).astimezone(UTC)
