"""What a person has ruled about a fact: that it is wrong, or what it should say.

A ruling is about evidence up to its own time. Whatever had been said by then and comes to the fact in question does not
count, whichever engine reads it out of the messages and however it words it; what the user says afterwards counts anew,
and may bring the fact back. A correction is also a statement of its own, made at the time of the ruling; its evidence is
the ruling, under the id ``ruling:<number>``. Like any statement it can be superseded later.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from whisper_enrich.facts.merge import STATEMENT, ValueForm, clearly_same, spell
from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Tense
from whisper_enrich.facts.things import telling_words
from whisper_enrich.facts.timeline import is_plan
from whisper_enrich.messages.model import Scope

RULE = "ruling"
"""The rule that a correction's assertion names as its origin."""
CONFIDENCE = 0.95
"""Of what a person has put right: above every rule and model, and still not certain."""
_SAME_MATTER = 0.5


class RulingKind(StrEnum):
    """``reject``: it is not so; ``correct``: it is so in another way."""

    REJECT = "reject"
    CORRECT = "correct"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was ruled on a fact as it stood then; ``statement`` has ``{user}`` in place of the person.

    ``point_ids`` are the messages it rested on, ``holds_from`` its known start. ``corrected_statement`` and
    ``corrected_value`` are there for a correction only.
    """

    number: int
    bot_name: str
    user_id: str
    kind: RulingKind
    category: Category
    attribute: str
    value: str
    statement: str
    tense: Tense
    scope: Scope
    holds_from: date | None
    point_ids: tuple[str, ...]
    ruled_at: datetime
    ruled_by: str
    corrected_statement: str | None = None
    corrected_value: str | None = None

    @property
    def changes_value(self) -> bool:
        """Whether another fact takes the place of the one that was ruled on."""
        return self.kind is RulingKind.REJECT or self.corrected_value != self.value or not self.value


def covers(ruling: Ruling, assertion: Assertion, form: ValueForm) -> bool:
    """Whether the assertion states what was ruled on, and had been said by then.

    The same value of the same attribute, or the same statement, by the rules of `merge`. What another engine makes of the
    same message under another attribute (or none) is the same matter if at least half of the telling words are shared.
    Plans and states are ruled on apart.
    """
    if assertion.polarity is not Polarity.AFFIRM or assertion.evidence.said_at > ruling.ruled_at:
        return False
    if is_plan(assertion) != (ruling.tense is Tense.FUTURE):
        return False
    if assertion.attribute == ruling.attribute and assertion.value and ruling.value:
        return clearly_same(spell(ruling.value, form), spell(assertion.value, form), form)
    if clearly_same(spell(ruling.statement, STATEMENT), spell(assertion.statement, STATEMENT), STATEMENT):
        return True
    return assertion.evidence.point_id in ruling.point_ids and _shared(ruling, assertion) >= _SAME_MATTER


def latest_over(rulings: Iterable[Ruling], assertion: Assertion, form: ValueForm) -> Ruling | None:
    """The ruling that decides about the assertion: of several the last."""
    found = [ruling for ruling in rulings if covers(ruling, assertion, form)]
    return max(found, key=lambda r: (r.ruled_at, r.number), default=None)


def correction(ruling: Ruling) -> Assertion | None:
    """What a correction states; None for a rejection."""
    if ruling.corrected_statement is None:
        return None
    words = ruling.corrected_statement
    return Assertion(
        bot_name=ruling.bot_name,
        user_id=ruling.user_id,
        category=ruling.category,
        statement=words,
        attribute=ruling.attribute,
        value=ruling.corrected_value or "",
        polarity=Polarity.AFFIRM,
        tense=ruling.tense,
        holds_from=ruling.holds_from,
        holds_to=None,
        confidence=CONFIDENCE,
        evidence=Evidence(evidence_of(ruling), 0, len(words), words, ruling.ruled_at, ruling.scope),
        rule=RULE,
    )


def evidence_of(ruling: Ruling) -> str:
    """The id that stands in place of a message's where a correction is the evidence."""
    return f"ruling:{ruling.number}"


def _shared(ruling: Ruling, assertion: Assertion) -> float:
    """Jaccard of the telling words."""
    one = telling_words(f"{ruling.statement} {ruling.value}")
    other = telling_words(f"{assertion.statement} {assertion.value}")
    return len(one & other) / max(1, len(one | other))
