"""Facts in the vocabulary of the platform's knowledge graph: a person, a relation, an entity of some type.

Not every fact fits: a free statement names no entity, a property (an age, a birthday) is no relation, and what is about
health is left to the readers that know of scope. Where the platform's readers have a rule for a relation, that relation is
used ("plays" is ``enjoys``), else the attribute's own name ("visited"). Their rules also say for how long a relation holds
after it was last spoken of; what is past that is not published.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.model import Category, Tense

HOLDS_DAYS = {
    "works_at": 180, "lives_in": 180, "studies_at": 180, "wants": 60, "plans": 60, "intends": 60, "dreams_of": 60,
    "dating": 120, "feels": 7,
}  # fmt: skip
"""How long a relation holds for the platform's readers, in days after it was last spoken of; any other for ever."""

RELATION_OF = {
    "works_at": "works_at", "lives_in": "lives_in", "studies_at": "studies_at", "partner": "dating", "feels": "feels",
    "likes": "likes", "hobby": "enjoys", "plays": "enjoys", "favourite": "prefers", "wants": "wants", "plans_to": "plans",
    "promises_to": "intends",
}  # fmt: skip

_NO_RELATION = frozenset({
    "name", "age", "birthday", "birth_year", "gender", "orientation", "pronouns", "religion", "nationality",
    "relationship_status", "married_to", "lost", "job_change", "event", "thinks",
})  # fmt: skip
RELATIONS = frozenset(RELATION_OF.get(name, name) for name in ATTRIBUTES if name not in _NO_RELATION)
"""Every relation that a fact may come to."""

_AHEAD = frozenset({"wants", "plans_to", "promises_to"})
"""What these say of the future holds now."""
_MARRIED = frozenset({"wife", "husband", "spouse"})

ENTITY_TYPES: dict[str, tuple[str, ...]] = {
    "place": ("place", "location", "city"),
    "organisation": ("organization", "company", "workplace", "institution", "school", "place"),
    "person": ("person", "people", "relationship"),
    "pet": ("pet", "animal"),
    "occupation": ("occupation", "job", "profession", "work"),
    "activity": ("hobby", "activity", "interest", "preference"),
    "liking": ("preference", "interest", "topic", "hobby"),
    "goal": ("goal", "plan", "event", "activity"),
    "feeling": ("emotion", "feeling", "state"),
    "skill": ("skill", "ability", "activity", "hobby"),
    "thing": ("object", "possession", "item", "thing"),
    "anything": ("other", "general", "misc", "concept", "topic", "entity"),
}
"""Kinds of entities, and the types that may stand for each, the best first; those of 'anything' may stand for every kind."""

_KIND_OF_CATEGORY = {
    Category.PLACE: "place", Category.WORK: "occupation", Category.RELATIONSHIP: "person", Category.POSSESSION: "thing",
    Category.PREFERENCE: "liking", Category.SKILL: "skill", Category.PLAN: "goal", Category.COMMITMENT: "goal",
    Category.FEELING: "feeling",
}  # fmt: skip
_KIND_OF_ATTRIBUTE = {
    "works_at": "organisation", "studies_at": "organisation", "has_pet": "pet", "hobby": "activity", "plays": "activity",
    "is_a": "anything", "works_in": "anything", "studies": "anything", "graduated": "anything",
}  # fmt: skip


class Unfit(StrEnum):
    """Why a fact is not published."""

    NO_RELATION = "no_relation"
    NOT_NOW = "not_now"
    EXPIRED = "expired"


class Known(Protocol):
    """What of a fact is needed here."""

    @property
    def attribute(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def category(self) -> str: ...
    @property
    def tense(self) -> str: ...
    @property
    def last_said_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Relation:
    """A fact as the graph says it. ``kind`` is a key of `ENTITY_TYPES`."""

    name: str
    kind: str
    entity: str


def relation_of(fact: Known, now: datetime) -> Relation | Unfit:
    """The fact as a relation that holds at ``now`` (aware), or why it is none."""
    attribute, value = fact.attribute, _named(fact)
    if attribute not in ATTRIBUTES or attribute in _NO_RELATION or not value or fact.category == Category.HEALTH:
        return Unfit.NO_RELATION
    if attribute == "partner" and value in _MARRIED:
        return Unfit.NO_RELATION
    if not _holds(fact):
        return Unfit.NOT_NOW
    name = RELATION_OF.get(attribute, attribute)
    if name in HOLDS_DAYS and now - fact.last_said_at > timedelta(days=HOLDS_DAYS[name]):
        return Unfit.EXPIRED
    category = Category(fact.category)
    return Relation(name, _KIND_OF_ATTRIBUTE.get(attribute) or _KIND_OF_CATEGORY.get(category, "anything"), value)


def _holds(fact: Known) -> bool:
    """Of what is past only what stays true holds still; of what is ahead only a wish, a plan or a promise holds already."""
    if fact.tense == Tense.FUTURE:
        return fact.attribute in _AHEAD
    return fact.tense != Tense.PAST or ATTRIBUTES[fact.attribute].half_life_days is None


def _named(fact: Known) -> str:
    """The value, of 'kind: thing' the thing."""
    return fact.value.partition(": ")[2] or fact.value
