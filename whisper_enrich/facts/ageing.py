"""How sure a fact still is when it is read.

What was sure when it was said becomes less so where the world may have changed since:

    confidence(now) = confidence * 2 ** (-age / half_life)

with the age of the last evidence and the half-life of the attribute (`attributes`), both in days. What is stored does not
age: readers evaluate this for their own ``now``. A plan fades with `PLAN_HALF_LIFE` whatever its attribute, from the day
that it was planned for if that is later; a fact without an attribute by its category. What stays true (a birthday, a visit
that took place) does not age; neither does anything before it was said.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.model import Category, Tense

PLAN_HALF_LIFE = 60.0

_BY_CATEGORY: dict[Category, float | None] = {
    Category.PERSONAL: 3 * 365.0,
    Category.PREFERENCE: 3 * 365.0,
    Category.RELATIONSHIP: 3 * 365.0,
    Category.EVENT: None,
    Category.PLAN: PLAN_HALF_LIFE,
    Category.COMMITMENT: PLAN_HALF_LIFE,
    Category.WORK: 2 * 365.0,
    Category.PLACE: 2 * 365.0,
    Category.POSSESSION: 3 * 365.0,
    Category.HEALTH: 365.0,
    Category.SKILL: 5 * 365.0,
    Category.OPINION: 365.0,
    Category.FEELING: 7.0,
}


class Ages(Protocol):
    """What of a fact is needed here: a `fold.Fact` has it, and so has a row of `user_facts`."""

    @property
    def attribute(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def tense(self) -> str: ...
    @property
    def confidence(self) -> float: ...
    @property
    def last_said_at(self) -> datetime: ...
    @property
    def valid_from(self) -> date | None: ...


@dataclass(slots=True)
class Aged:
    """It by itself, where there is no such fact or row."""

    attribute: str
    category: str
    tense: str
    confidence: float
    last_said_at: datetime
    valid_from: date | None


def half_life_days(attribute: str, category: str, tense: str) -> float | None:
    """Days until such a statement is as likely to be out of date as not; None for what stays true."""
    if tense == Tense.FUTURE:
        return PLAN_HALF_LIFE
    known = ATTRIBUTES.get(attribute)
    if known is not None:
        return known.half_life_days
    return None if tense == Tense.PAST else _BY_CATEGORY[Category(category)]


def confidence_at(fact: Ages, now: datetime) -> float:
    """The fact's confidence as of ``now`` (aware); between 0 and what is stored."""
    half_life = half_life_days(fact.attribute, fact.category, fact.tense)
    if half_life is None:
        return fact.confidence
    since = fact.last_said_at
    if fact.tense == Tense.FUTURE and fact.valid_from is not None:
        since = max(since, datetime.combine(fact.valid_from, time(), UTC))
    age = max(timedelta(0), now - since) / timedelta(days=1)
    return fact.confidence * 2.0 ** (-age / half_life)
