"""Small builders of chunks and answers, and what grounding makes of one fact."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from whisper_enrich.facts.asked import FactItem, FactsPart
from whisper_enrich.facts.grounding import Grounding, ground
from whisper_enrich.facts.model import Assertion
from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.messages.model import Message, Scope, Speaker

#: A Wednesday.
SAID_AT = datetime(2026, 11, 18, 9, 30, tzinfo=UTC)


def chunk(
    *said: str, context: Sequence[str] = (), at: datetime = SAID_AT, zone: tzinfo = UTC, name: str = "Ana"
) -> Chunk:
    """A chunk of lines "U words" and "B words", a minute apart."""
    lines = [*context, *said]
    messages = tuple(_message(line, i, at + timedelta(minutes=i)) for i, line in enumerate(lines))
    return Chunk("marlow", "Marlow", "user-1", name, Scope.DM, messages[len(context) :], messages[: len(context)], zone)


def _message(line: str, number: int, at: datetime) -> Message:
    speaker = Speaker.USER if line.startswith("U ") else Speaker.BOT
    return Message("marlow", f"point-{number}", speaker, "user-1", at, line[2:], Scope.DM, "0" * 16)


def item(statement: str, quote: str, **changes: Any) -> FactItem:
    """A fact as a model answers it, about the first line."""
    fields: dict[str, Any] = {
        "line": 1, "quote": quote, "statement": statement, "category": "personal", "attribute": "", "value": "",
        "polarity": "affirm", "tense": "present", "holds_from": None, "holds_to": None, "confidence": 0.8,
        "question_line": None,
    }  # fmt: skip
    return FactItem(**{**fields, **changes})


def grounded(where: Chunk, *items: FactItem) -> Grounding:
    """What grounding makes of an answer, without a mask."""
    return ground(FactsPart(facts=list(items)), where, rule="prompt", unmask=str)


def assertions(grounding: Grounding) -> list[Assertion]:
    """All of them, in the order of the messages."""
    return [assertion for extraction in grounding.extractions.values() for assertion in extraction.assertions]


def outcome(words: str, statement: str, quote: str | None = None, **changes: Any) -> Assertion | str:
    """The assertion that is made of one message and one fact about it, or the reason why none is."""
    result = grounded(chunk(f"U {words}"), item(statement, quote or words, **changes))
    stored = assertions(result)
    assert len(stored) + result.rejected.total() == 1
    return stored[0] if stored else next(iter(result.rejected))
