"""The sample conversations as the points that bots would have stored, ending just before a given instant.

Three bots, eight users, 21 days, written by hand for this project (``conversations/*.jsonl``), in every payload
generation, with vectors of a real embedding model; and a few broken points, without vectors.
"""

from __future__ import annotations

from datetime import datetime

from whisper_enrich.messages.model import Point
from whisper_enrich.sample.gold import (
    Expectation,
    GoldFact,
    Replacement,
    Temptation,
    sample_expectations,
    sample_gold,
)
from whisper_enrich.sample.lines import broken_records, lines, nominal_lines, shift_days, turns
from whisper_enrich.sample.payloads import Stored, stored, stored_broken
from whisper_enrich.sample.people import BOTS, PEOPLE
from whisper_enrich.sample.vectors import vectors_of

__all__ = [
    "Expectation",
    "GoldFact",
    "Replacement",
    "Temptation",
    "sample_expectations",
    "sample_gold",
    "sample_names",
    "sample_points",
]


def sample_points(anchor: datetime) -> dict[str, list[Point]]:
    """The points of each bot, in the order in which they were said; the broken ones last.

    All times are moved by the same number of whole days, so that the last message is the latest possible that is not
    later than ``anchor`` (aware); hours of the day stay. Ids do not depend on the anchor.
    """
    days = shift_days(anchor)
    return {bot: _conversation(bot, days) + _broken(bot, days) for bot in BOTS}


def sample_names() -> dict[str, str]:
    """The display name of each user, by the user id that stands in the payloads."""
    return {person.user_id: person.name for person in PEOPLE.values()}


def _conversation(bot: str, days: int) -> list[Point]:
    return [_point(found) for turn in turns(lines(bot, days)) for found in stored(turn)]


def _broken(bot: str, days: int) -> list[Point]:
    last = max(line.at for bot in BOTS for line in nominal_lines(bot))
    return [_point(stored_broken(record, days, last)) for record in broken_records() if record["bot"] == bot]


def _point(found: Stored) -> Point:
    return Point(found.point_id, found.payload, vectors_of(found.line_ids) if found.line_ids else {})
