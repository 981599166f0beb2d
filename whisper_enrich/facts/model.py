"""Facts: what an engine asserts about a user from one message, and what the fold makes of all assertions."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from whisper_enrich.messages.model import Scope


class Category(StrEnum):
    """The kinds of facts. The first six are the design contract's."""

    PERSONAL = "personal"
    PREFERENCE = "preference"
    RELATIONSHIP = "relationship"
    EVENT = "event"
    PLAN = "plan"
    COMMITMENT = "commitment"
    WORK = "work"
    PLACE = "place"
    POSSESSION = "possession"
    HEALTH = "health"
    SKILL = "skill"
    OPINION = "opinion"
    FEELING = "feeling"


class Tense(StrEnum):
    """How a statement stands to the time of its message."""

    PRESENT = "present"
    PAST = "past"
    FUTURE = "future"


class Polarity(StrEnum):
    """``affirm`` states it; ``retract`` says that it holds no longer, or never did ("we broke up", "I was joking")."""

    AFFIRM = "affirm"
    RETRACT = "retract"


@dataclass(frozen=True, slots=True)
class Question:
    """The bot's message whose question an answer needs to be understood. ``quote`` is verbatim."""

    point_id: str
    quote: str


@dataclass(frozen=True, slots=True)
class Evidence:
    """The verbatim words a statement rests on. ``text[start:end] == quote`` in the message; code checks it.

    ``question`` is set where the words are a "yes" or a "no": they say nothing without it.
    """

    point_id: str
    start: int
    end: int
    quote: str
    said_at: datetime
    scope: Scope
    question: Question | None = None


@dataclass(frozen=True, slots=True)
class Assertion:
    """One statement that one message supports.

    ``statement`` is a short third-person sentence (at most 500 characters) with ``{user}`` in place of the person, so
    that the name can change without the fact changing. ``attribute`` is from `ATTRIBUTES` or empty; ``value`` its
    normalised value. ``holds_from`` / ``holds_to`` are days in the world, resolved against the message's time, None where
    unsaid. ``confidence`` in (0, 1). ``rule`` names what produced it (a rule of the extractive engine, or a prompt version).
    """

    bot_name: str
    user_id: str
    category: Category
    statement: str
    attribute: str
    value: str
    polarity: Polarity
    tense: Tense
    holds_from: date | None
    holds_to: date | None
    confidence: float
    evidence: Evidence
    rule: str


class Outcome(StrEnum):
    """What became of one message in extraction; recorded in the ledger, so that none of these looks like another."""

    FACTS = "facts"
    NO_FACTS = "no_facts"
    NOT_COVERED = "not_covered"
    NOT_THE_USER = "not_the_user"


@dataclass(frozen=True, slots=True)
class Extraction:
    """The result for one message. ``language`` is an ISO 639-1 code, or None where the text is too short to tell."""

    point_id: str
    outcome: Outcome
    assertions: tuple[Assertion, ...]
    language: str | None = None
