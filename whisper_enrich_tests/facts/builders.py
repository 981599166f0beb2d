"""Small builders for the tests of the extractive engine."""

from __future__ import annotations

from datetime import UTC, datetime

from whisper_enrich.facts.extractive import extract
from whisper_enrich.facts.model import Assertion, Extraction, Polarity
from whisper_enrich.messages.model import Message, Scope, Speaker

#: A Wednesday.
SAID_AT = datetime(2025, 6, 18, 9, 30, tzinfo=UTC)


def message(text: str, *, speaker: Speaker = Speaker.USER, at: datetime = SAID_AT) -> Message:
    """A message with nothing particular about it but its text."""
    return Message(
        bot_name="marlow",
        point_id="11111111-1111-4111-8111-111111111111",
        speaker=speaker,
        user_id="user-1",
        at=at,
        text=text,
        scope=Scope.SHARED,
        content_hash="0" * 16,
    )


def extracted(text: str, **changes: object) -> Extraction:
    """What the engine makes of ``text``."""
    return extract(message(text, **changes))  # type: ignore[arg-type]


def assertions(text: str) -> tuple[Assertion, ...]:
    """The assertions in ``text``."""
    return extracted(text).assertions


def known(text: str) -> set[tuple[str, str]]:
    """Attribute and value of every affirmed assertion that has an attribute."""
    return {(a.attribute, a.value) for a in assertions(text) if a.polarity is Polarity.AFFIRM and a.attribute}


def ended(text: str) -> set[tuple[str, str]]:
    """Attribute and value of every retraction."""
    return {(a.attribute, a.value) for a in assertions(text) if a.polarity is Polarity.RETRACT}


def affirmed(text: str) -> list[str]:
    """The affirmed statements."""
    return [a.statement for a in assertions(text) if a.polarity is Polarity.AFFIRM]
