"""Later stages: parts of periods, a period within or beside another; then what begins, ends or is between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from whisper_enrich.hot_path.time_phrases import spans
from whisper_enrich.hot_path.time_phrases.counted import rolling, unit_away
from whisper_enrich.hot_path.time_phrases.model import Kind
from whisper_enrich.hot_path.time_phrases.readings import each_reading, part_of
from whisper_enrich.hot_path.time_phrases.rules import Found, Rule
from whisper_enrich.hot_path.time_phrases.spans import Asked, Result, Span

# "From Monday to Wednesday" is not looked for farther away than this many weeks, months or years.
_FARTHEST = 60


def _day_part(found: Found) -> Span | None:
    return part_of(found.get("P"), found.all("p")[-1])


_THIRDS = {"early": 0, "mid": 1, "late": 2}
_HALVES = {"first half": 0, "second half": 1}


def _third(found: Found) -> Span | None:
    """ "Early October", "the end of last year": the first, second or last third; of a week two, two and three days."""
    which = found.get("E") if found.has("E") else found.get("e")
    span = found.get("P") if found.has("P") else _this_unit(found)
    if span is None:
        return None
    if which in _HALVES:
        return each_reading(span, lambda each: _half_of(each, _HALVES[which]))
    return each_reading(span, lambda each: _third_of(each, _THIRDS[which]))


def _about(found: Found) -> Span | None:
    """ "Around Christmas", "around the 5th": a day is widened by one on both sides, more days by three."""
    span: Span = found.get("P")
    if not span.by_calendar or not span.whole_days:
        return None
    around = timedelta(days=1 if span.grain == "day" else 3)
    return each_reading(
        span, lambda each: replace(each, start=each.start - around, end=each.end + around, grain="days", cycle=None)
    )


def _this_unit(found: Found) -> Span | None:
    unit = found.get("u")
    return unit_away(found.asked, unit, 0) if unit in ("week", "month", "quarter", "year") else None


def _half_of(span: Span, which: int) -> Span | None:
    if not span.whole_days or span.grain == "day":
        return None
    if span.grain == "year":
        middle = span.start + spans.step("month", 6)
    else:
        middle = span.start + timedelta(days=((span.end - span.start).days + 1) // 2)
    return replace(span, start=middle, grain="days") if which else replace(span, end=middle, grain="days")


def _third_of(span: Span, which: int) -> Span | None:
    match span.grain:
        case "month":
            cuts = [span.start, span.start + timedelta(days=10), span.start + timedelta(days=20), span.end]
        case "week":
            cuts = [span.start, span.start + timedelta(days=2), span.start + timedelta(days=4), span.end]
        case "quarter" | "season":
            cuts = [span.start + spans.step("month", months) for months in range(4)]
        case "year":
            cuts = [span.start + spans.step("month", months) for months in (0, 4, 8, 12)]
        case "decade":
            cuts = [span.start + spans.step("year", years) for years in (0, 3, 7, 10)]
        case "day" | "part":
            third = (span.end - span.start) / 3
            return replace(span, start=span.start + third * which, end=span.start + third * (which + 1), grain="part")
        case _:
            return None
    return replace(span, start=cuts[which], end=cuts[which + 1], grain="days")


def _nth_unit(found: Found) -> Span | None:
    """ "The first week of October", "the last day of the year": weeks of a month count from its first day."""
    span = found.get("P") if found.has("P") else None
    unit = found.all("u")[0]
    number = None if found.has("lρ") else found.get("o") if found.has("o") else found.get("Z")
    if span is None or not span.whole_days or unit not in ("day", "week", "month", "weekend"):
        return None
    return each_reading(span, lambda each: _nth_in(each, unit, number))


def _nth_in(span: Span, unit: str, number: int | None) -> Span | None:
    if unit == "weekend":
        first = spans.unit_span("weekend", span.first)
        weekends = [spans.shifted(first, spans.step("week", count)) for count in range(60)]
        inside = [each for each in weekends if span.start <= each.start < span.end]
        return inside[number - 1 if number else -1] if number is None or number <= len(inside) else None
    size = spans.step(unit, 1)
    if number is None:
        start, end = span.end - size, span.end
    else:
        start, end = span.start + size * (number - 1), span.start + size * number
    inside = span.start <= start and end <= span.end and span.end - span.start > end - start
    return replace(span, start=start, end=end, grain=unit) if inside else None


def _nth_weekday(found: Found) -> Span | None:
    """ "The second Friday of October", "the last Friday of the year"."""
    day, span = found.all("P")
    number = None if found.has("l") else found.get("o") if found.has("o") else found.get("Z")
    if day.cycle != spans.step("week", 1) or day.grain != "day" or not span.whole_days:
        return None

    def nth(each: Span) -> Span | None:
        first = each.first + timedelta(days=(day.first.weekday() - each.first.weekday()) % 7)
        count = (each.last - first).days // 7 + 1
        which = number or count
        return spans.day(first + timedelta(weeks=which - 1)) if 0 < which <= count else None

    return each_reading(span, nth)


def _unit_of_day(found: Found) -> Span | None:
    """ "The week of October 5th"."""
    span, unit = found.get("P"), found.get("u")
    if span.grain != "day" or unit not in ("week", "weekend"):
        return None
    return each_reading(span, lambda each: spans.unit_span(unit, each.first))


def _beside(found: Found) -> Span | None:
    """ "Two days before Christmas", "a week after my birthday" (a day); "the day before", "the week after" (the unit)."""
    span: Span = found.get("P")
    sign = -1 if found.has("B") else 1
    if not span.by_calendar or not span.whole_days:
        return None
    if found.has("K"):
        count, most, unit = found.get("K")
        if unit in ("hour", "minute") or count != most or count > 999:
            return None
        day = (span.last if sign > 0 else span.first) + sign * spans.step(unit, int(count))
        return spans.day(day)
    unit = found.get("u")
    if unit not in ("day", "week", "month", "year"):
        return None
    return _adjacent(span, unit, sign)


def _adjacent(span: Span, unit: str, sign: int) -> Span:
    edge = span.end if sign > 0 else span.start
    start, end = sorted((edge, edge + sign * spans.step(unit, 1)))
    return Span(start, end, unit)


def _part_beside(found: Found) -> Span | None:
    """ "The morning after Halloween", "the evening before the 5th"."""
    span: Span = found.get("P")
    if not span.by_calendar or not span.whole_days:
        return None
    return part_of(_adjacent(span, "day", -1 if found.has("B") else 1), found.get("p"))


def _day_of_period(found: Found) -> Span | None:
    """ "The second of last month"."""
    number = next(item.roles[role] for item in found.items for role in "oZ" if role in item.roles)
    span: Span = found.get("P")
    if span.grain != "month":
        return None
    return each_reading(span, lambda each: _nth_in(each, "day", number))


def _nested(found: Found) -> Span | None:
    """ "Friday of last week", "October last year", "last month on the 3rd": what leaves a choice is chosen by the other."""
    one, two = found.all("P")
    if not one.by_calendar or not two.by_calendar:
        return None
    for outer, inner in ((one, two), (two, one)):
        if inner.cycle is None or inner.grain in ("part", "clock") or outer.end - outer.start < inner.end - inner.start:
            continue
        made = each_reading(outer, lambda each, inner=inner: _moved_into(each, inner))
        if made is not None:
            return made
    return None


def _moved_into(outer: Span, inner: Span) -> Span | None:
    """The only one of the cycle of ``inner`` that lies in ``outer``."""
    assert inner.cycle is not None
    away = (outer.start - inner.start) // (inner.start + inner.cycle - inner.start)
    near = (spans.shifted(inner, inner.cycle * count) for count in range(int(away) - 1, int(away) + 4))
    inside = {(each.start, each.end): each for each in near if outer.start <= each.start < outer.end}
    return replace(next(iter(inside.values())), cycle=None) if len(inside) == 1 else None


def _between(found: Found) -> Result | None:
    """From the one to the other, both included; the second is the first of its kind after the first one."""
    one, two = found.all("P")
    if not one.by_calendar or not two.by_calendar:
        start, end = found.asked.instant(one.start), found.asked.instant(two.end)
        return Result("range", Span(start, end, "clock")) if start < end else None
    two = _shifted_while(two, 1, lambda span: span.end <= one.start)
    if two.start < one.start or (two.start > found.asked.local and not found.asked.ahead and two.cycle):
        one, two = _back(one, two, found.asked)
    if one.cycle:
        earliest = one.start
        two = _shifted_while(two, -1, lambda span: span.start - span.cycle >= earliest)
    if two.end <= one.start or two.start < one.start:
        return None
    grain = "days" if one.whole_days and two.whole_days else "clock"
    return Result("range", Span(one.start, max(one.end, two.end), grain))


def _neighbours(found: Found) -> Result | None:
    """ "On Monday and Tuesday": one range where the one ends when the other begins."""
    one, two = found.all("P")
    if not one.by_calendar or not two.by_calendar or not one.whole_days or not two.whole_days:
        return None
    if one.start > two.start:
        one, two = two, one
    return Result("range", Span(one.start, two.end, "days")) if one.end == two.start else None


def _back(one: Span, two: Span, asked: Asked) -> tuple[Span, Span]:
    last = _shifted_while(two, -1, lambda span: span.start > asked.local)
    return _shifted_while(one, -1, lambda span: span.start >= last.start), last


def _shifted_while(span: Span, sign: int, misplaced: Callable[[Span], bool]) -> Span:
    """The next of the cycle of ``span`` that is not misplaced; ``span`` is as it is where it has none, or none near."""
    shift = span.cycle
    moved = span
    for _ in range(_FARTHEST):
        if shift is None or not misplaced(moved):
            return moved
        moved = spans.shifted(moved, shift * sign)
    return span


def _unmarked_between(found: Found) -> Result | None:
    """Italian "da lunedì a mercoledì", where the second day has taken the word for "to"."""
    one, two = found.all("P")
    return _between(found) if one.cycle and one.cycle == two.cycle else None


def _edge(kind: Kind, edge: Callable[[Span], datetime]) -> Callable[[Found], Result | None]:
    """A range that one end of the span opens (since) or closes (until); of an hour, which is meant as a moment, its middle."""

    def build(found: Found) -> Result | None:
        span: Span = found.get("P")
        point = _middle if span.grain == "clock" else edge
        opened = each_reading(span, lambda each: _opened(kind, point(each), found.asked))
        return Result(kind, opened) if opened else None

    return build


def _middle(span: Span) -> datetime:
    return span.start + (span.end - span.start) / 2


def _opened(kind: Kind, at: datetime, asked: Asked) -> Span | None:
    aware = asked.instant(at)
    if kind == "since":
        return Span(at, asked.now, "to now") if aware < asked.now else None
    if aware > asked.now:
        return Span(asked.now, at, "from now")
    return Span(spans.BEGINNING, at, "until") if aware > spans.BEGINNING else None


def _for_so_long(found: Found) -> Result | None:
    """German "seit zwei Wochen", "since two weeks": from that day on."""
    least, _, unit = found.get("K")
    span = rolling(found.asked, least, unit)
    return Result("since", span) if span else None


COMPOSITIONS: tuple[Rule, ...] = (
    ("P", "d?[oZlρ]uk?d?P", _nth_unit),
    ("P", "d?[oZl]Pk?d?P", _nth_weekday),
    ("P", "d?[oZ]kd?P", _day_of_period),
    ("P", "d?uk?d?P", _unit_of_day),
    ("P", "(?:d?e|d?E)k?d?P|d?[eE]k?d?u|[id]?d?EπP", _third),
    ("P", "P[kijfζ]?[kijd]?P", _nested),
    ("P", "P[kij]*d?p", _day_part),
    ("P", "αd?P(?![jiζ]?[cp])", _about),
    ("P", "d?pk?d?P", _day_part),
)
BESIDE: tuple[Rule, ...] = (
    ("P", "(?:K|d?u)[BF]d?P", _beside),
    ("P", "dp[BF]d?P", _part_beside),
)
OPEN: tuple[Rule, ...] = (
    ("R", "bd?Pηd?P", _between),
    ("R", "[fSk]d?P[πUji]d?P|PπP", _between),
    ("R", "PηP", _neighbours),
    ("R", "[fS]PP", _unmarked_between),
    ("R", "SK", _for_so_long),
    ("R", "Sd?P|fPΩ", _edge("since", lambda span: span.start)),
    ("R", "Fd?P", _edge("since", lambda span: span.end)),
    ("R", "Ud?P", _edge("until", lambda span: span.end)),
    ("R", "Bd?P", _edge("until", lambda span: span.start)),
)
