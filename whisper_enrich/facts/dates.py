"""Date phrases in a statement, resolved against the time at which it was said.

Chat speaks of spans rather than of days: "last week" is seven days, "in May" a month, "two years ago" a year. A
resolved phrase is therefore a first and a last day with a label that claims no more than was said (``2023-05-07``, ``2023-05``,
``2021``, ``week of 2023-05-01``, ``summer 2022``). Calendar arithmetic is ``dateutil``'s, written dates are read by
``dateparser``, imported at the first one. Weeks begin on Monday, seasons are the northern ones and by whole months.

Days are those of the zone that ``said_at`` carries (UTC in this project): a person's "today" late in the evening may be
off by one where their zone is not known.

Vague words ("recently", "soon", "the other day", "a few years ago") resolve to nothing.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache

from dateutil.relativedelta import relativedelta, weekday

from whisper_enrich.facts.model import Tense
from whisper_enrich.text.words import word_set


@dataclass(frozen=True, slots=True)
class DateSpan:
    """A date phrase: ``source[start:end] == text``, first and last day, and how the date is written.

    ``first`` or ``last`` is None where the phrase leaves that side open ("since 2019"). ``relative`` says that the text
    alone, without the time of its message, does not give the date.
    """

    start: int
    end: int
    text: str
    first: date | None
    last: date | None
    label: str
    relative: bool


@dataclass(frozen=True, slots=True)
class _Range:
    first: date | None
    last: date | None
    label: str
    relative: bool = True


_Resolver = Callable[[re.Match[str], date, Tense], _Range | None]

_NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "couple": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8,
    "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "fifteen": 15,
}  # fmt: skip
_MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SEASONS = {"winter": 12, "spring": 3, "summer": 6, "autumn": 9, "fall": 9}

_TENS = {"twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
_WORDS_FOR_NUMBERS = "|".join(sorted(_NUMBERS.keys() - {"couple"}, key=len, reverse=True))
_NUMBER = (
    rf"(?:(?:about|around|over|almost) )?(?P<number>\d{{1,3}}|(?:{'|'.join(_TENS)})(?:-\w+)?|{_WORDS_FOR_NUMBERS}"
    r"|(?:a )?couple(?: of)?)"
)
_UNIT = r"(?P<unit>day|week|month|year|yr|decade|hour|minute|min|hr)s?\b"
_MONTH = rf"(?:{'|'.join(_MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\b\.?"
_WEEKDAY = rf"(?:{'|'.join(_WEEKDAYS)}|mon|tues?|weds?|thurs?|thur|fri|sat|sun)\b"
_SEASON = r"(?:winter|spring|summer|autumn|fall)"
_PERIOD = rf"(?:week(?:end)?|month|year|{_WEEKDAY}|{_MONTH}|{_SEASON})"
_YEAR = r"(?:19|20)\d\d\b"
_MONTH_OR_YEAR = rf"(?:{_MONTH} (?:of )?)?{_YEAR}"
_PART_OF_DAY = r"(?:\s+(?:morning|afternoon|evening|night))?"
_WORD = re.compile(r"[A-Za-z]+|\d+")
# The words that a phrase may begin with, by phrase: at any other word it is not even tried. Two stand for many words.
_FIGURES = "0"
_MONTH_NAME = "month"
_MONTH_START = frozenset(month[:3] for month in _MONTHS)
_QUANTITY = word_set(f"about around over almost {_FIGURES}") | _NUMBERS.keys() | _TENS.keys()
# What lasts, as against what was done once and is to last.
_PERFECT = re.compile(
    r"(?:\bhave|'ve|\bhas|'s)(?: \w+)? (?:been|lived|worked|known|had|owned|played|studied|taught|loved|wanted|used"
    r"|driven|kept|done"
    r"|run|dated|smoked|lasted|stayed)\b|^(?:i|we) (?:\w+ )?(?:live|work)\b|^been\b",
    re.IGNORECASE,
)
_SOON = timedelta(days=45)


def find_dates(text: str, said_at: datetime, tense: Tense = Tense.PRESENT) -> list[DateSpan]:
    """The date phrases of ``text``, left to right, as seen from ``said_at``.

    ``tense`` decides between the last and the next one where the phrase does not ("on Friday", "in May").
    """
    text = text.replace("’", "'")
    today = said_at.date()
    spans: list[DateSpan] = []
    end = 0
    for word in _WORD.finditer(text):
        start = word.start()
        if start < end or not _phrases(word[0]) or text[start - 1 : start] == "-":
            continue
        span = _phrase_at(text, word, today, tense)
        if span is not None:
            spans.append(span)
            end = span.end
    return spans


def opening_date_end(text: str, said_at: datetime) -> int:
    """Where the date phrase ends with which ``text`` opens; 0 without one."""
    text = text.replace("’", "'")
    word = _WORD.match(text)
    span = _phrase_at(text, word, said_at.date(), Tense.PRESENT) if word else None
    return span.end if span else 0


def _phrase_at(text: str, word: re.Match[str], today: date, tense: Tense) -> DateSpan | None:
    """The phrase that begins with ``word``."""
    for pattern, resolve in _phrases(word[0]):
        match = pattern.match(text, word.start())
        found = resolve(match, today, tense) if match else None
        if match and found:
            return DateSpan(word.start(), match.end(), match[0], found.first, found.last, found.label, found.relative)
    return None


@lru_cache(maxsize=4096)
def _phrases(word: str) -> Sequence[tuple[re.Pattern[str], _Resolver]]:
    """The phrases that may begin with ``word``, in the order of the table."""
    start = word.lower()
    if word.isdigit():
        start = _FIGURES
    elif start[:3] in _MONTH_START:
        start = _MONTH_NAME
    return _PHRASES_BY_START.get(start, ())


def with_dates(text: str, dates: list[DateSpan]) -> str:
    """``text`` with the date in brackets behind each relative phrase: "I left yesterday (2023-05-07)"."""
    for span in reversed(dates):
        if span.relative:
            text = f"{text[: span.end]} ({span.label}){text[span.end :]}"
    return text


def _day(match: re.Match[str], today: date, tense: Tense) -> _Range:
    phrase = match["phrase"].lower()
    offset = 0
    if "before yesterday" in phrase:
        offset = -2
    elif "after tomorrow" in phrase:
        offset = 2
    elif phrase in ("yesterday", "last night"):
        offset = -1
    elif phrase.startswith(("tomorrow", "tmr")):
        offset = 1
    return _one_day(today + timedelta(days=offset))


def _ago(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    return _distance(match["number"], match["unit"], today, -1)


def _ahead(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    # "I did it in two days" says how long it took.
    if tense is Tense.PAST and not match[0].lower().endswith("now"):
        return None
    return _distance(match["number"], match["unit"], today, 1)


def _distance(number: str, unit: str, today: date, sign: int) -> _Range | None:
    count = _count(number) * sign
    unit = unit.lower()
    try:
        if unit == "day":
            return _one_day(today + timedelta(days=count))
        if unit == "week":
            return _week(today + timedelta(weeks=count))
        if unit == "month":
            return _month_of(today + relativedelta(months=count))
        if unit in ("year", "yr"):
            return _year_of((today + relativedelta(years=count)).year)
        if unit == "decade":
            decade = today.year // 10 * 10 + 10 * count
            return _Range(date(decade, 1, 1), date(decade + 9, 12, 31), f"{decade}s")
    except (ValueError, OverflowError):
        return None  # "300 decades ago" is before the calendar begins
    return _one_day(today)


def _period(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    which = match["which"].lower()
    what = match["what"].lower().rstrip(".")
    step = {"last": -1, "past": -1, "this past": -1, "next": 1, "coming": 1, "this coming": 1, "this": 0}[which]
    if what == "week":
        return _week(today + timedelta(weeks=step))
    if what == "weekend":
        return _weekend(today, step if step or tense is not Tense.PAST else -1)
    if what == "month":
        return _month_of(today + relativedelta(months=step))
    if what == "year":
        return _year_of(today.year + step)
    if what in _SEASONS:
        return _season(what, today, step)
    month = _month_number(what)
    if month:
        return _month_near(month, today, step) if step else _month_of(date(today.year, month, 1))
    return _weekday_near(what, today, step, tense)


def _over_the_weekend(match: re.Match[str], today: date, tense: Tense) -> _Range:
    return _weekend(today, -1 if tense is Tense.PAST else 0)


def _calendar(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    parsed = _written_date(match[0], today.year)
    if parsed is None:
        return None
    if match["year"]:
        return _Range(parsed, parsed, parsed.isoformat(), relative=False)
    if tense is Tense.PAST and today < parsed <= today + _SOON:
        return None  # "they gave me 13 January": told in the past, yet more likely ahead than a year ago
    years = -1 if tense is Tense.PAST and parsed > today else int(tense is Tense.FUTURE and parsed < today)
    moved = parsed + relativedelta(years=years)
    # 29 February of the year before is no day.
    return _one_day(moved) if moved.day == parsed.day else None


@lru_cache(maxsize=1024)
def _written_date(phrase: str, year: int) -> date | None:
    """The day that a phrase with day and month names, in ``year`` unless it says another."""
    import dateparser

    base = datetime(year, 1, 1)  # noqa: DTZ001 - dateparser wants naive; only the day is used
    parsed = dateparser.parse(
        phrase, languages=["en"], settings={"RELATIVE_BASE": base, "PREFER_DATES_FROM": "current_period"}
    )
    # "29 February" in a common year comes back as another day, "May 33" as one of 2033.
    return parsed.date() if parsed and re.search(rf"(?<!\d)0?{parsed.day}(?!\d)", phrase) else None


def _month(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    name = match["name"]
    month = _month_number(name.lower().rstrip("."))
    if month is None or not name[0].isupper():
        return None  # "in may" is rarely the month, "march" often a walk
    if match["year"]:
        found = _month_of(date(int(match["year"]), month, 1), relative=False)
    elif match["since"] or tense is Tense.PAST:
        found = _month_near(month, today, -1, inclusive=True)
    else:
        found = _month_near(month, today, 1, inclusive=True)
    return _Range(found.first, None, found.label, found.relative) if match["since"] else found


def _season_of_year(match: re.Match[str], today: date, tense: Tense) -> _Range:
    return _season_range(match["name"].lower(), int(match["year"]), relative=False)


def _year(match: re.Match[str], today: date, tense: Tense) -> _Range:
    year = int(match["year"])
    last = None if match["since"] else date(year, 12, 31)
    return _Range(date(year, 1, 1), last, str(year), relative=False)


def _from_to(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    """ "From March 2015 until 2018"; "until 2018" alone leaves its beginning open."""
    begins = match.groupdict().get("first")
    first = _month_or_year(begins).first if begins else None
    last = _month_or_year(match["last"]).last
    if first is not None and last is not None and first > last:
        return None
    return _Range(first, last, match[0], relative=False)


def _month_or_year(written: str) -> _Range:
    name, _, year = written.replace(" of ", " ").rpartition(" ")
    month = _month_number(name.lower().rstrip(".")) if name else None
    return _year_of(int(year)) if month is None else _month_of(date(int(year), month, 1), relative=False)


def _weekday(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    return _weekday_near(match["name"].lower(), today, -1 if tense is Tense.PAST else 1, tense)


def _lasting(match: re.Match[str], today: date, tense: Tense) -> _Range | None:
    """ "I've been here for three years" began three years ago; "I slept for two days" began nobody knows when."""
    if _PERFECT.search(match.string) is None:
        return None
    began = _distance(match["number"], match["unit"], today, -1)
    return None if began is None else _Range(began.first, None, f"since {began.label}")


def _count(number: str) -> int:
    number = number.lower()
    if number.isdigit():
        return int(number)
    if "couple" in number:
        return 2
    tens, _, units = number.partition("-")
    return _TENS[tens] + _NUMBERS.get(units, 0) if tens in _TENS else _NUMBERS[number]


def _one_day(day: date) -> _Range:
    return _Range(day, day, day.isoformat())


def _week(day: date) -> _Range:
    first = day - timedelta(days=day.weekday())
    return _Range(first, first + timedelta(days=6), f"week of {first.isoformat()}")


def _weekend(today: date, step: int) -> _Range:
    """The weekend of this week (step 0), the last one that has ended (-1), or that of next week (1)."""
    saturday = today - timedelta(days=today.weekday()) + timedelta(days=5, weeks=step)
    return _Range(saturday, saturday + timedelta(days=1), f"weekend of {saturday.isoformat()}")


def _month_of(day: date, *, relative: bool = True) -> _Range:
    last = day.replace(day=monthrange(day.year, day.month)[1])
    return _Range(day.replace(day=1), last, f"{day:%Y-%m}", relative)


def _year_of(year: int) -> _Range:
    return _Range(date(year, 1, 1), date(year, 12, 31), str(year))


def _month_near(month: int, today: date, step: int, *, inclusive: bool = False) -> _Range:
    """The nearest such month before (-1) or after (1) today's, today's own counting if ``inclusive``."""
    year = today.year
    if step < 0 and (month > today.month or (month == today.month and not inclusive)):
        year -= 1
    elif step > 0 and (month < today.month or (month == today.month and not inclusive)):
        year += 1
    return _month_of(date(year, month, 1))


def _season(name: str, today: date, step: int) -> _Range:
    year = today.year
    if step < 0:
        last = _season_range(name, year).last
        year -= last is None or last >= today
    elif step > 0:
        first = _season_range(name, year).first
        year += first is None or first <= today
    return _season_range(name, year)


def _season_range(name: str, year: int, *, relative: bool = True) -> _Range:
    first = date(year, _SEASONS[name], 1)
    return _Range(first, first + relativedelta(months=3, days=-1), f"{name} {year}", relative)


def _weekday_near(name: str, today: date, step: int, tense: Tense) -> _Range | None:
    index = next((i for i, day in enumerate(_WEEKDAYS) if day.startswith(name[:3])), None)
    if index is None:
        return None
    if step < 0:
        return _one_day(today + relativedelta(days=-1, weekday=weekday(index)(-1)))
    if step == 0 and tense is Tense.PAST:
        return _one_day(today + relativedelta(weekday=weekday(index)(-1)))
    return _one_day(today + relativedelta(days=0 if step == 0 else 1, weekday=weekday(index)(1)))


def _month_number(name: str) -> int | None:
    return next(
        (
            i
            for i, month in enumerate(_MONTHS, 1)
            if month.startswith(name[:3]) and name[:3].isalpha() and len(name) >= 3
        ),
        None,
    )


def _by_start(
    *rows: tuple[str | frozenset[str], str, _Resolver],
) -> dict[str, list[tuple[re.Pattern[str], _Resolver]]]:
    """The phrases by the words that they may begin with."""
    phrases: dict[str, list[tuple[re.Pattern[str], _Resolver]]] = {}
    for starts, pattern, resolver in rows:
        compiled = re.compile(pattern, re.IGNORECASE)
        for word in word_set(starts) if isinstance(starts, str) else starts:
            phrases.setdefault(word, []).append((compiled, resolver))
    return phrases


# In order: the first that matches and resolves wins.
_PHRASES_BY_START = _by_start(
    (
        "from between",
        rf"(?:from|between) (?P<first>{_MONTH_OR_YEAR})(?:\s*[-–]\s*| (?:to|until|till|and) )(?P<last>{_MONTH_OR_YEAR})",
        _from_to,
    ),
    (_FIGURES, rf"(?P<first>{_YEAR})(?:\s?[-–]\s?| to )(?P<last>{_YEAR})(?!-)", _from_to),
    ("until till", rf"(?:until|till) (?:early |late )?(?P<last>{_MONTH_OR_YEAR})", _from_to),
    ("the last", r"(?P<phrase>the day (?:before yesterday|after tomorrow)|last night)\b", _day),
    (
        "yesterday today tomorrow tmr tmrw tonight tonite",
        rf"(?P<phrase>yesterday|today|tomorrow|tmrw?|tonight|tonite)\b(?!'s){_PART_OF_DAY}",
        _day,
    ),
    ("this", r"(?P<phrase>this (?:morning|afternoon|evening))\b", _day),
    (_QUANTITY, rf"{_NUMBER}\s+{_UNIT} ago\b", _ago),
    ("in", rf"in {_NUMBER}\s+{_UNIT}(?:'? time)?(?! of)", _ahead),
    (_QUANTITY, rf"{_NUMBER}\s+{_UNIT} from now\b", _ahead),
    (
        "last this past coming next",
        r"(?<!the )(?P<which>last|this past|past|this coming|coming|next"
        rf"|this)\s+(?P<what>{_PERIOD})(?!\w){_PART_OF_DAY}",
        _period,
    ),
    ("over at on", r"(?:over|at|on) the weekend\b", _over_the_weekend),
    (_FIGURES, rf"\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,?\s+(?P<year>{_YEAR}))?", _calendar),
    (_MONTH_NAME, rf"{_MONTH} (?:the )?\d{{1,2}}(?:st|nd|rd|th)?\b(?:,?\s+(?P<year>{_YEAR}))?", _calendar),
    (_FIGURES, r"(?P<year>(?:19|20)\d\d)-\d\d-\d\d(?!\d)", _calendar),
    (
        "since in by this during back",
        rf"(?:(?P<since>since)|in|by|this|during|back in) (?:early |late |mid[- ]?)?(?P<name>{_MONTH})"
        rf"(?:,?(?: of)? (?P<year>{_YEAR}))?",
        _month,
    ),
    ("in during", rf"(?:in|during) (?:the )?(?P<name>{_SEASON})(?: of)? (?P<year>{_YEAR})", _season_of_year),
    (
        "since in back during by",
        rf"(?:(?P<since>since)|in|back in|during|by) (?:early |late )?(?P<year>{_YEAR})(?!-)",
        _year,
    ),
    ("on", rf"on (?P<name>{_WEEKDAY})(?!s){_PART_OF_DAY}", _weekday),
    ("for", rf"for (?:the (?:last|past) )?{_NUMBER} {_UNIT}(?! ago)(?: now)?", _lasting),
)
