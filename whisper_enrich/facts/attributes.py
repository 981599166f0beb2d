"""The vocabulary of facts: every attribute that an assertion may carry, and how it behaves over time.

``single_valued``: a person has one at a time, so that a newer value replaces the older one ("lives_in"). All others
gather values ("likes"). ``half_life_days``: how long it takes until such a statement is as likely to be out of date as
not; None for what stays true (a birthday, a visit that took place). The half-lives are judgements, not measurements: the
field's readers drop works_at, lives_in and studies_at after 180 days, plans after 60, feelings after 7; ours fade.

Values are lower case, without article and closing punctuation (`normalise`), names of people and places included, so
that equality is equality. An assertion without a fitting attribute carries the empty one.

How to read a retraction: with attribute and value, that value no longer holds ("I sold my bike"); with an attribute and
an empty value, no value of it does ("we broke up", "I quit my job"); with an empty attribute and a value, what was said
about that thing is not so ("I was joking about the tattoo", "I cancelled my trip to Rome").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from whisper_enrich.facts.model import Category


@dataclass(frozen=True, slots=True)
class Attribute:
    """One kind of fact. ``value`` says what its value holds."""

    name: str
    category: Category
    single_valued: bool
    half_life_days: float | None
    description: str
    value: str = "text"


_YEAR = 365.0


def _table(*rows: Attribute) -> dict[str, Attribute]:
    return {row.name: row for row in rows}


ATTRIBUTES: dict[str, Attribute] = _table(
    # personal
    Attribute("name", Category.PERSONAL, True, None, "What the person is called.", "name"),
    Attribute("age", Category.PERSONAL, True, _YEAR, "Age in years when it was said.", "whole number"),
    Attribute("birthday", Category.PERSONAL, True, None, "Birthday.", "MM-DD, or YYYY-MM-DD where the year is known"),
    Attribute("birth_year", Category.PERSONAL, True, None, "Year of birth.", "YYYY"),
    Attribute("gender", Category.PERSONAL, True, None, "Gender, as the person says it.", "word"),
    Attribute("orientation", Category.PERSONAL, True, None, "Sexual orientation, as the person says it.", "word"),
    Attribute("pronouns", Category.PERSONAL, True, None, "Pronouns that the person goes by.", "she/her, …"),
    Attribute("religion", Category.PERSONAL, True, 10 * _YEAR, "Religion or none.", "word"),
    Attribute("nationality", Category.PERSONAL, False, None, "Nationality or descent.", "adjective"),
    Attribute("speaks", Category.SKILL, False, None, "A language spoken.", "language"),
    Attribute("is_a", Category.PERSONAL, False, 3 * _YEAR, "What the person says to be: night owl, mother, introvert."),
    # place
    Attribute("lives_in", Category.PLACE, True, 2 * _YEAR, "Where the person lives.", "place"),
    Attribute("from", Category.PLACE, True, None, "Where the person comes from or was born.", "place"),
    Attribute("moved_to", Category.PLACE, False, None, "A move that took place.", "place"),
    Attribute("visited", Category.PLACE, False, None, "A place the person has been to.", "place"),
    # work and study
    Attribute("works_as", Category.WORK, True, 2 * _YEAR, "Occupation.", "occupation"),
    Attribute(
        "works_at", Category.WORK, True, 2 * _YEAR, "Employer or place of work.", "organisation or kind of place"
    ),
    Attribute("works_in", Category.WORK, True, 2 * _YEAR, "Field of work.", "field"),
    Attribute("studies", Category.WORK, True, 2 * _YEAR, "Subject of study.", "subject"),
    Attribute("studies_at", Category.WORK, True, 2 * _YEAR, "School or university.", "organisation"),
    Attribute(
        "job_change", Category.WORK, False, None, "A job begun, lost, left or got; a promotion.", "what happened"
    ),
    Attribute("graduated", Category.WORK, False, None, "A degree or a school finished.", "degree or school"),
    # relationship
    Attribute(
        "relationship_status", Category.RELATIONSHIP, True, _YEAR, "single, engaged, married, divorced, …", "word"
    ),
    Attribute("partner", Category.RELATIONSHIP, True, 2 * _YEAR, "The partner.", "name, or kind of partner"),
    Attribute("married_to", Category.RELATIONSHIP, True, 10 * _YEAR, "The spouse's name.", "name"),
    Attribute(
        "has_child", Category.RELATIONSHIP, False, None, "A child: name or kind, or how many.", "name, kind or number"
    ),
    Attribute("has_sibling", Category.RELATIONSHIP, False, None, "A brother or sister.", "name, kind or number"),
    Attribute("mother", Category.RELATIONSHIP, True, None, "The mother's name.", "name"),
    Attribute("father", Category.RELATIONSHIP, True, None, "The father's name.", "name"),
    Attribute("has_relative", Category.RELATIONSHIP, False, None, "Another relative.", "kind, or kind: name"),
    Attribute("has_friend", Category.RELATIONSHIP, False, 2 * _YEAR, "A friend or colleague by name.", "name"),
    Attribute("lost", Category.RELATIONSHIP, False, None, "Somebody who has died.", "kind or name"),
    Attribute("lives_with", Category.RELATIONSHIP, False, 2 * _YEAR, "Whom the person lives with.", "name or kind"),
    # possession
    Attribute("has_pet", Category.POSSESSION, False, 5 * _YEAR, "A pet: kind, or kind: name.", "kind, or kind: name"),
    Attribute("owns", Category.POSSESSION, False, 3 * _YEAR, "Something the person owns.", "thing"),
    Attribute("acquired", Category.POSSESSION, False, None, "Something bought, made or received.", "thing"),
    # preference
    Attribute("likes", Category.PREFERENCE, False, 3 * _YEAR, "Something the person likes.", "thing or activity"),
    Attribute(
        "dislikes", Category.PREFERENCE, False, 3 * _YEAR, "Something the person does not like.", "thing or activity"
    ),
    Attribute("favourite", Category.PREFERENCE, False, 3 * _YEAR, "A favourite of some kind.", "kind: thing"),
    Attribute("diet", Category.PREFERENCE, True, 3 * _YEAR, "vegetarian, vegan, halal, …", "word"),
    Attribute("hobby", Category.PREFERENCE, False, 2 * _YEAR, "Something done regularly for pleasure.", "activity"),
    Attribute("wants", Category.PREFERENCE, False, 60.0, "A wish.", "thing or activity"),
    # skill
    Attribute("plays", Category.SKILL, False, 3 * _YEAR, "An instrument, a sport or a game played.", "thing"),
    Attribute("can", Category.SKILL, False, 5 * _YEAR, "Something the person is able to do.", "activity"),
    Attribute("learning", Category.SKILL, False, 180.0, "Something the person is learning.", "subject"),
    # health
    Attribute("diagnosed_with", Category.HEALTH, False, None, "A condition the person has.", "condition"),
    Attribute("allergic_to", Category.HEALTH, False, None, "An allergy or intolerance.", "substance"),
    Attribute("injured", Category.HEALTH, False, 60.0, "A part of the body that was hurt.", "part"),
    Attribute("ill_with", Category.HEALTH, False, 14.0, "A passing illness.", "illness"),
    Attribute("takes", Category.HEALTH, False, _YEAR, "Medication or therapy.", "medication"),
    Attribute("pregnant", Category.HEALTH, True, 120.0, "Expecting a child.", "yes"),
    Attribute("smokes", Category.HEALTH, True, 3 * _YEAR, "Whether the person smokes.", "yes or no"),
    Attribute("drinks_alcohol", Category.HEALTH, True, 3 * _YEAR, "Whether the person drinks alcohol.", "yes or no"),
    # plan, commitment, event
    Attribute("plans_to", Category.PLAN, False, 60.0, "Something the person means to do.", "activity"),
    Attribute("promises_to", Category.COMMITMENT, False, 60.0, "Something the person undertakes to do.", "activity"),
    Attribute("event", Category.EVENT, False, None, "Something that happened to the person.", "what happened"),
    # opinion, feeling
    Attribute("thinks", Category.OPINION, False, _YEAR, "What the person thinks of something.", "opinion"),
    Attribute("feels", Category.FEELING, False, 7.0, "A feeling.", "word"),
)

_LEADING = re.compile(
    r"^(?:(?:a|an|the|my|our|some|this|that|these|those|any|to|very|really|so|such)\s+)+", re.IGNORECASE
)
_TRAILING = re.compile(
    r"(?:[\s,;:.!?…)(\"'”’*~_-]|\b(?:too|though|lol|haha|tbh|now|right now|currently|so much|a lot|as well|very much"
    r"|these days"
    r"|at the moment|anymore|any more|right|again|by the way|btw|honestly|and all|and stuff|or something)\s*)+$",
    re.IGNORECASE,
)
# Values are about the person, not by them.
_OWN_WORDS = {"my": "their", "our": "their", "me": "them", "us": "them", "myself": "themselves"}
_OWN = re.compile(r"\b(?:my|our|me|us|myself)\b", re.IGNORECASE)
_SPACE = re.compile(r"\s+")


def normalise(value: str) -> str:
    """A value in its comparable form: lower case, one space, no leading article or possessive, no closing filler."""
    value = _SPACE.sub(" ", value.replace("’", "'").replace('"', "")).strip(" \t\"“”'*_~")
    while True:
        shorter = _TRAILING.sub("", value)
        if shorter == value:
            break
        value = shorter
    value = _OWN.sub(lambda match: _OWN_WORDS[match[0].lower()], _LEADING.sub("", value))
    return value.lower()[:200].strip()
