"""What a careful reader would note of the sample conversations, by hand: per message, and at the end of it all."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from whisper_enrich.sample.lines import Line, expectation_records, lines, render, shift_days, turns
from whisper_enrich.sample.payloads import holders, point_id
from whisper_enrich.sample.people import BOTS, PEOPLE


@dataclass(frozen=True, slots=True)
class GoldFact:
    """A fact that one message states about its user.

    ``statement`` has ``{user}`` in place of the person; ``category`` is one of `facts.model.Category`; ``quote`` stands in the
    message's text verbatim. ``day`` is the UTC day of the message.
    """

    bot: str
    user_id: str
    point_id: str
    statement: str
    category: str
    quote: str
    day: date


@dataclass(frozen=True, slots=True)
class Replacement:
    """What was true and what took its place, by the message that says so (of either speaker)."""

    was: str
    now: str
    point_id: str


@dataclass(frozen=True, slots=True)
class Temptation:
    """What a careless reader would store of a message, and nobody should."""

    statement: str
    point_id: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is to be known of a user by a bot after the last message."""

    bot: str
    user_id: str
    current: tuple[str, ...]
    replaced: tuple[Replacement, ...]
    must_not: tuple[Temptation, ...]


def sample_gold(anchor: datetime) -> list[GoldFact]:
    """The facts to be found, bot by bot in the order of the messages, for the sample as shifted to ``anchor``."""
    days = shift_days(anchor)
    return [
        GoldFact(
            bot, PEOPLE[line.user].user_id, point_id(line.id), note.statement, note.category, note.quote, line.at.date()
        )
        for bot in BOTS
        for line in lines(bot, days)
        for note in line.notes
    ]


def sample_expectations(anchor: datetime) -> list[Expectation]:
    """What is to be known at the end, for each bot and user. Dates are told from the message that is named."""
    days = shift_days(anchor)
    return [expectation for bot in BOTS for expectation in _expectations(bot, lines(bot, days))]


def _expectations(bot: str, said: list[Line]) -> list[Expectation]:
    by_id = {line.id: line for line in said}
    point_of = holders(turns(said))

    def told(statement: str, line_id: str) -> str:
        return render(statement, by_id[line_id].at.date())

    return [
        Expectation(
            bot,
            PEOPLE[user].user_id,
            tuple(record["current"]),
            tuple(
                Replacement(told(item["was"], item["by"]), told(item["now"], item["by"]), point_of[item["by"]])
                for item in record["replaced"]
            ),
            tuple(Temptation(told(item["statement"], item["id"]), point_of[item["id"]]) for item in record["must_not"]),
        )
        for user, record in expectation_records(bot).items()
    ]
