"""The general rule: what the person says of themselves that no pattern names, in their own words.

A clause is kept if it tells something: its subject is the person, something of theirs or a group with them, and it holds
content beside pronouns, fillers and courtesies. It is scored by what makes a statement worth keeping (`interest`), and the
engine keeps the best of a message.
"""

from __future__ import annotations

import re

from whisper_enrich.facts.clauses import Clause
from whisper_enrich.facts.model import Category, Tense
from whisper_enrich.facts.openings import has_finite_verb
from whisper_enrich.facts.rules.lexicon import PEOPLE
from whisper_enrich.facts.rules.model import either
from whisper_enrich.facts.small_talk import is_courtesy
from whisper_enrich.text.verbs import is_base
from whisper_enrich.text.words import any_of, word_set

#: The person is the subject; something else is ("the night shift ruins my sleep").
NAME = "general"
NAME_OF_OTHER = "general_other"
#: Interest from which a clause is kept.
MIN_INTEREST = 1.25

_WRITER = re.compile(r"(?:i|we|me and|(?:\w+ ){1,3}and (?:i|me))\b", re.IGNORECASE)
_SUBJECT = re.compile(rf"(?:{_WRITER.pattern}|my\b|our\b)", re.IGNORECASE)
_PLURAL_SUBJECT = re.compile(
    r"(?:they|(?:my|our) (?:kids|children|parents|people)|these \w+|those \w+|(?:[\w']+ ){0,3}\w+s(?: and \w+)?)"
    r" (?:\w+ly |really |always |also |all |still )?(?P<verb>[a-z]+)\b",
    re.IGNORECASE,
)
_VERB_ON_MINE = re.compile(r"\b[a-z]+s my\b")
# "Nature reminds us" is said of everybody.
_ABOUT_PERSON = re.compile(r"\b(?:me|my)\b", re.IGNORECASE)
_NO_STATEMENT = re.compile(
    any_of(
        """
        you | your | thanks? | thank | let's | let | what | how | wow | glad | great | nice | good | here | there | see | who
        | hope | sorry | congrats? | keep | take | tell | give | check | don't | do | please | just | look | remember | trust
        | believe | excuse | count | bless | kudos | way | welcome | appreciate | reminds? | makes? | sounds? | feels? | seems?
        | looks? | helps? | keeps | gives? | brings? | in the meantime
        """
    )
    + r"\b",
    re.IGNORECASE,
)
_SECOND_PERSON = re.compile(r"\b(?:you|your|yours|yourself|u|ur|ya|y'all)\b|\byou'", re.IGNORECASE)
_OTHER_SUBJECT = re.compile(
    rf"(?:my|our) (?:[\w'-]+ ){{0,2}}?{either(PEOPLE)}(?:'s \w+)?\b(?! and (?:i|me)\b)|everyone in my \w+|(?:a|one) "
    r"\w+ of mine",
    re.IGNORECASE,
)
_PERSON_AGAIN = re.compile(r"\b(?:i|i'm|i've|me|my|mine|we|us|our|myself)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z][a-z'-]+|\d+", re.IGNORECASE)
_EMPTY = word_set(
    """
    i i'm i've i'll i'd we we're we've my me our us am is are was were be been being have has had do does did don't didn't
    not a an the and or but so to of in on at for with from by as it it's its that that's this these those there here they them
    he she him her his their you your really very just also too still always never ever even quite pretty totally super
    definitely some any all much many more most lot lots bit thing things something anything everything stuff way will would
    can could should gonna going get got getting go went make made made feel think know see say said tell told one about out
    up down back then than when what how who which because like good great nice awesome amazing cool fun lovely yeah well
    """
)
_NAME = re.compile(r"\b[A-Z][a-z]+")
_DATED = re.compile(
    r"\b(?:yesterday|today|tonight|tomorrow|last|next|ago|since|recently|lately|week|weekend|month|year|summer"
    r"|winter|morning|night|first time)\b",
    re.IGNORECASE,
)
_FEELING = re.compile(
    r"\b(?:feel|felt|feeling|happy|sad|excited|nervous|proud|grateful|stressed|tired|anxious|worried|scared"
    r"|overwhelmed|thankful|upset|lonely)\b",
    re.IGNORECASE,
)
_FIELDS = (
    (
        Category.HEALTH,
        word_set(
            """
            doctor hospital gym workout yoga sleep insomnia pain sick medication therapy therapist health diet exercise
            """
        ),
    ),
    (
        Category.WORK,
        word_set(
            """
            job work business store studio career boss customers clients office project school study thesis exam exams
            degree shift shifts students colleagues startup biz
            """
        ),
    ),
    (
        Category.RELATIONSHIP,
        word_set(
            """
            mom mum mother dad father parents brother sister son daughter kids children family fam husband wife partner
            boyfriend girlfriend friend friends grandma grandpa cousin aunt uncle
            """
        ),
    ),
    (Category.POSSESSION, word_set("dog cat puppy kitten pet pets car bike guitar camera")),
    (Category.PLACE, word_set("apartment neighborhood neighbourhood town city village hometown")),
)
_OPINION = re.compile(r"\b(?:is|are|was|were|think|believe|means|seems?|looks?|sounds?)\b", re.IGNORECASE)


def interest(clause: Clause) -> float:
    """How much a clause tells about the person, in points; 0 and less: nothing to keep."""
    text = clause.text
    if _SECOND_PERSON.search(text) or is_courtesy(text):
        return 0.0
    words = [word.lower() for word in _WORD.findall(text)]
    content = [word for word in words if word not in _EMPTY]
    if len(content) < 2 or len(words) < 3 or "let's" in words or _is_about_another(text):
        return 0.0
    if _SUBJECT.match(text) and (_WRITER.match(text) or _says_something(text)):
        points = 1.0
    elif _ABOUT_PERSON.search(text) and not _NO_STATEMENT.match(text) and len(content) >= 3 and _says_something(text):
        points = 0.5
    else:
        return 0.0
    points += min(len(content), 8) * 0.25
    points += 0.5 * (_DATED.search(text) is not None)
    points += 0.5 * (clause.tense is Tense.PAST)
    return points + 0.5 * (_NAME.search(text, 1) is not None)


def _says_something(text: str) -> bool:
    """Whether a clause about something else has a verb of its own: "So many people watching me" has none."""
    if has_finite_verb(text) or _VERB_ON_MINE.search(text):
        return True
    match = _PLURAL_SUBJECT.match(text)
    return match is not None and is_base(match["verb"])


def _is_about_another(text: str) -> bool:
    """Whether the clause tells only of somebody the person knows ("my brother hates olives")."""
    match = _OTHER_SUBJECT.match(text)
    return match is not None and _PERSON_AGAIN.search(text, match.end()) is None


def rule(clause: Clause) -> str:
    """Which of the two general rules a clause falls under."""
    return NAME if _SUBJECT.match(clause.text) else NAME_OF_OTHER


def category(clause: Clause) -> Category:
    """What kind of fact the clause states, by its tense and its words."""
    if clause.tense is Tense.FUTURE:
        return Category.PLAN
    if _FEELING.search(clause.text):
        return Category.FEELING
    if clause.tense is Tense.PAST:
        return Category.EVENT
    for field, words in _FIELDS:
        if not words.isdisjoint(clause.words):
            return field
    return Category.OPINION if _OPINION.search(clause.text) else Category.PERSONAL
