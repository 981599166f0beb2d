"""What the readings of a phrase have in common: the choice between past and future, parts of a day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from whisper_enrich.hot_path.time_phrases.quantities import PARTS
from whisper_enrich.hot_path.time_phrases.spans import Asked, Span


def chosen(resolve: Callable[[Asked], Span | None], asked: Asked) -> Span | None:
    """``resolve`` for somebody who may look back or ahead, both readings where the sentence does both."""
    span = resolve(asked)
    if span is None or not asked.torn:
        return span
    coming = resolve(replace(asked, ahead=True))
    if coming is None or coming.start == span.start:
        return span
    return replace(span, others=((coming, "the coming one"),))


def each_reading(span: Span, change: Callable[[Span], Span | None]) -> Span | None:
    """``change`` on a span and on its other readings."""
    changed = change(span)
    if changed is None:
        return None
    others = ((change(other), why) for other, why in span.others)
    return replace(changed, others=changed.others + tuple((other, why) for other, why in others if other))


def part_of(span: Span, part: str) -> Span | None:
    """That part of the day ``span``."""
    first, last = PARTS[part]
    return each_reading(span, lambda day: clock_span(day, first, last, "part"))


def clock_span(day: Span, first: float, last: float, grain: str) -> Span | None:
    """From one minute of the day ``day`` to another."""
    if day.grain != "day":
        return None
    return Span(day.start + timedelta(minutes=first), day.start + timedelta(minutes=last), grain, day.cycle)
