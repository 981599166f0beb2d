"""What a retraction is about when it names a thing and no attribute: "I was joking about the tattoo", "I cancelled my trip
to Rome".

A fact speaks of a thing if its value and statement hold every telling word of it. Of the facts that do, those are meant
that come first here:

1. where the thing is something planned (a trip, a wedding, an appointment): the plans that stand;
2. what was said within the last day: who takes back a joke does so soon, and what it had replaced goes on;
3. plans, and states whose value is the thing; else the one state that speaks of it (with several, none is meant clearly);
4. the one happening that speaks of it.

Words are compared by their stems, irregular past forms by their base ("rang", "ring"): what is named to be taken back has
been named before, so that a derivation ("proposal", "propose") is no other thing here.

"Just kidding" without a thing takes back what was said before it in the same message or, if it opens its message, in the
user's last message of the five minutes before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache, lru_cache

from whisper_enrich.facts.merge import full_stem, plain_words, statement_key
from whisper_enrich.facts.model import Assertion, Tense
from whisper_enrich.text.words import word_set

SOON = timedelta(days=1)
AT_ONCE = timedelta(minutes=5)
_OPENING = 20

_PLANNED_THINGS = word_set(
    """
    trip flight holiday vacation visit plan move wedding party appointment interview concert meeting surgery booking
    reservation date tour journey engagement show travel
    """
)
_VISITING = word_set("trip flight holiday vacation visit travel journey tour fly stay weekend")
_LIGHT = word_set("be been go get have has had buy take make thing stuff whole idea story new")
_WHEN = word_set(
    """
    next this week weekend month year today tomorrow tonight spring summer autumn fall winter monday tuesday wednesday
    thursday friday saturday sunday january february march april may june july august september october november december
    morning evening afternoon soon later end
    """
)
_TELLS_NOTHING = word_set(
    """
    user their his her my our your its of in on at for with about from and or it that this these those they he she i we who
    which as by into there some any all
    """
)
_IRREGULAR = """
be was were | go went gone | get got gotten | have had | buy bought | take took taken | make made | ring rang rung
run ran | see saw seen | meet met | give gave given | write wrote written | sell sold | tell told | swim swam swum
drive drove driven | fly flew flown | begin began begun | speak spoke spoken | sing sang sung | build built
teach taught | catch caught | bring brought | send sent | spend spent | leave left | find found | win won | pay paid
ride rode ridden | eat ate eaten | drink drank drunk | wear wore worn | grow grew grown | do did done | sleep slept
become became | break broke broken | choose chose chosen | draw drew drawn | hold held | keep kept | lose lost
"""
_BASES = {
    form: base
    for base, *forms in (verb.split() for line in _IRREGULAR.strip().splitlines() for verb in line.split("|"))
    for form in forms
}


@lru_cache(maxsize=1 << 14)
def telling_words(text: str) -> frozenset[str]:
    """The stems of the words that say what a text is about."""
    words = frozenset(_stem(_BASES.get(word, word)) for word in plain_words(text) if word not in _TELLS_NOTHING)
    return words - _stems(_LIGHT) or words


@cache
def _stem(word: str) -> str:
    return full_stem(word) if word.isascii() else word


@cache
def _stems(words: frozenset[str]) -> frozenset[str]:
    return frozenset(map(_stem, words))


@dataclass(slots=True)
class Told:
    """A fact as far as it has been told: ``key``, the place where it competes (None for a plan), and what was said."""

    key: str
    slot: tuple[str, ...] | None
    attribute: str
    value: str
    happened: bool
    first_point: str
    claims: list[Assertion] = field(default_factory=list)
    _words: list[frozenset[str]] = field(default_factory=list)

    @property
    def planned(self) -> bool:
        return self.slot is None

    def speaks_of(self, thing: frozenset[str]) -> bool:
        for assertion in self.claims[len(self._words) :]:
            self._words.append(telling_words(f"{assertion.statement} {assertion.value}"))
        return any(thing <= words for words in self._words)

    def is_about(self, thing: frozenset[str]) -> bool:
        return bool(self.value) and telling_words(self.value) == thing


def meant_by(retraction: Assertion, told: Sequence[Told]) -> list[Told]:
    """The facts that a retraction without an attribute takes back, by what had been told until then."""
    same = [fact for fact in told if _states(retraction, fact)]
    if same:
        return same
    if not retraction.value:
        return _just_said(retraction, told)
    thing, planned = _thing(retraction.value)
    matching = [fact for fact in told if thing and fact.speaks_of(thing)]
    plans = [fact for fact in matching if fact.planned]
    if planned or retraction.tense is Tense.FUTURE:
        return plans or ([] if retraction.tense is Tense.FUTURE else _since(retraction, matching, SOON))
    soon = _since(retraction, matching, SOON)
    if soon:
        return soon
    states = [fact for fact in matching if not fact.planned and not fact.happened]
    exact = [fact for fact in states if fact.is_about(thing)]
    standing = plans + (exact or _only(states))
    return standing or _only([fact for fact in matching if fact.happened])


def meant_of_attribute(retraction: Assertion, told: Sequence[Told]) -> list[Told]:
    """The same for a retraction whose attribute is known but whose value nobody has named in these words.

    The one fact of the attribute that speaks of it; for what is planned, the plans that do, whatever their attribute.
    """
    thing, planned = _thing(retraction.value)
    if not thing:
        return []
    mine = [fact for fact in told if fact.attribute == retraction.attribute]
    if retraction.tense is Tense.FUTURE:
        mine = [fact for fact in mine if fact.planned]
    name = retraction.value.partition(":")[2].strip()
    if name:
        return _only([fact for fact in mine if fact.value.partition(":")[2].strip() == name])
    if retraction.attribute == "plans_to" or planned:
        plans = [f for f in told if (f.planned or f.attribute == "plans_to") and f.speaks_of(thing)]
        if plans:
            return plans
    return _only([fact for fact in mine if fact.speaks_of(thing)])


def _thing(value: str) -> tuple[frozenset[str], bool]:
    """Its telling words, and whether it is something planned."""
    words, planned = telling_words(value), _stems(_PLANNED_THINGS)
    return words - planned or words, bool(words & planned)


def planned_thing(plan: Told) -> frozenset[str]:
    """What a plan is about, without the time it is planned for."""
    return telling_words(plan.value or plan.claims[0].statement) - _stems(_WHEN)


def comes_true(plan: Told, happening: Assertion, *, is_news: bool) -> bool:
    """Whether what is said is a plan come true.

    ``is_news``: it was not known when the plan was made. News under the plan's own attribute, of which one value says all
    that the other does; a happening that holds every telling word of what was planned; a visit to the place of a trip;
    a move to the planned home.
    """
    thing = planned_thing(plan)
    value = telling_words(happening.value) if happening.value else frozenset()
    if not thing:
        return False
    if plan.attribute == happening.attribute:
        return is_news and bool(value) and (value <= thing or thing <= value)
    if plan.attribute == "lives_in":
        return happening.attribute == "moved_to" and value == thing
    if plan.attribute not in ("plans_to", "promises_to", ""):
        return False
    if happening.attribute == "visited":
        return value == (thing - _stems(_VISITING))
    return len(thing) > 1 and thing <= telling_words(f"{happening.statement} {happening.value}")


def _states(retraction: Assertion, fact: Told) -> bool:
    if fact.value or retraction.value:
        return False
    return any(statement_key(a.statement) == statement_key(retraction.statement) for a in fact.claims)


def _since(retraction: Assertion, facts: Sequence[Told], within: timedelta) -> list[Told]:
    earliest = retraction.evidence.said_at - within
    return [fact for fact in facts if fact.claims[-1].evidence.said_at >= earliest]


def _only(facts: Sequence[Told]) -> list[Told]:
    return list(facts) if len(facts) == 1 else []


def _just_said(retraction: Assertion, told: Sequence[Told]) -> list[Told]:
    said = retraction.evidence
    here = [fact for fact in told if fact.claims[-1].evidence.point_id == said.point_id]
    if here or said.start > _OPENING:
        return here
    recent = _since(retraction, told, AT_ONCE)
    last = max((fact.claims[-1].evidence for fact in recent), key=lambda e: (e.said_at, e.point_id), default=None)
    return [fact for fact in recent if last and fact.claims[-1].evidence.point_id == last.point_id]
