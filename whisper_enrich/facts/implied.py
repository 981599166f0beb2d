"""What a statement says about other attributes: which values it ends, and which value says the same in fewer words.

Who is single has no partner; who breaks up is not engaged any more; who has moved does not live where they lived. Only
ends follow, never new facts, and never of what the same message states. A lost job ends the employer and leaves the trade;
who is separated is still married.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import cache

from whisper_enrich.facts.merge import ValueForm, spell
from whisper_enrich.facts.model import Assertion, Polarity
from whisper_enrich.facts.timeline import NEWS_DAYS, event_day, is_plan, said_on
from whisper_enrich.text.words import word_set

#: Who speaks of one of these in the past tense, and of no time, says that it is over ("my ex Sam", "I used to smoke").
OVER_WHEN_PAST = frozenset(
    {"lives_in", "works_at", "works_as", "works_in", "studies", "studies_at", "partner", "married_to", "lives_with", "has_pet",
     "owns", "hobby", "plays", "diet", "religion", "smokes", "drinks_alcohol", "takes", "relationship_status"}
)  # fmt: skip
#: Of which a person has one for each kind ("film: stalker").
ONE_OF_A_KIND = frozenset({"favourite"})
#: Whose values may be a bare number, of which one holds at a time.
COUNTED = frozenset({"has_child", "has_sibling", "has_pet"})

Ends = tuple[str, Callable[[str], bool]]
"""An attribute, and which of its values have ended."""

PARTNER_KINDS = word_set(
    """
    partner girlfriend boyfriend gf bf wife husband spouse fiance fiancé fiancee fiancée freundin freund frau mann partnerin
    novia novio esposa marido copine copain
    """
)
_LONE = word_set("single unmarried")
_PARTED = word_set("divorced widowed widow widower")
_APART = word_set("separated")
_COUPLED = word_set("relationship dating engaged married taken seeing together partnered committed remarried couple")
_NEGATED = word_set("not no never n't")
_JOBLESS = word_set("unemployed jobless retired retiree pensioner")
_JOB_ENDED = re.compile(
    r"\b(?:lost|left|quit|resigned from|gave up)(?: the| my| their| a)? (?:job|work|position)\b"
    r"|\b(?:fired|laid off|sacked|made redundant)\b|\b(?:resigned|retired|quit)$"
)
_LEFT = word_set("left quit resigned fired sacked laid lost")
#: A move to one of these may be a move within the same town.
_DWELLINGS = word_set(
    """
    house flat apartment home place room office dorm studio building street neighbourhood neighborhood area floor city town
    country village countryside suburb suburbs
    """
)
#: In front of a word these make it another thing: a student nurse is no nurse yet.
_CHANGES = word_set("student trainee apprentice assistant junior former ex retired aspiring deputy vice intern future")
#: Attributes whose values grow more exact in front: nurse, paediatric nurse.
_HEAD_LAST = frozenset({"works_as", "works_at", "works_in", "studies", "religion", "diet"})
#: Attributes of which a value may say less than another.
GROW_EXACT = _HEAD_LAST | {"partner"}


def ends(assertion: Assertion, *, was_married: bool) -> Iterator[Ends]:
    """What ends with a statement of the present or a retraction, beside its own attribute.

    ``was_married``: a marriage is known, so that a divorce ends the partner too (who is divorced may well have another).
    """
    if is_plan(assertion):
        return
    if assertion.polarity is Polarity.RETRACT:
        yield from _ends_with_retraction(assertion)
    else:
        rule = _ENDS.get(assertion.attribute)
        if rule is not None:
            yield from rule(assertion, was_married)


def _ends_with_retraction(assertion: Assertion) -> Iterator[Ends]:
    if assertion.attribute not in ("partner", "married_to"):
        return
    other = "married_to" if assertion.attribute == "partner" else "partner"
    value = assertion.value
    if value and not is_partner_kind(value):
        yield other, lambda known: _same(known, value)
    else:
        yield other, _anything
    yield "relationship_status", is_coupled


def _by_status(assertion: Assertion, was_married: bool) -> Iterator[Ends]:
    words = _words(assertion.value)
    if words & _NEGATED:
        return
    if words & (_LONE | _PARTED):
        yield "married_to", _anything
        if words & _LONE or was_married:
            yield "partner", _anything


def _by_partner(assertion: Assertion, was_married: bool) -> Iterator[Ends]:
    yield "relationship_status", lambda known: bool(_words(known) & _LONE)


def _by_spouse(assertion: Assertion, was_married: bool) -> Iterator[Ends]:
    yield "relationship_status", lambda known: bool(_words(known) & (_LONE | _PARTED))


def _by_death(assertion: Assertion, was_married: bool) -> Iterator[Ends]:
    value = assertion.value
    if is_partner_kind(value):
        yield "partner", _anything
        yield "married_to", _anything
    else:
        for attribute in ("partner", "married_to", "has_pet"):
            yield attribute, lambda known: _same(known, value) or _same(known.rpartition(":")[2], value)


def _by_joblessness(assertion: Assertion, was_married: bool) -> Iterator[Ends]:
    if _words(assertion.value) & _JOBLESS:
        yield "works_at", _anything


def _by_job_change(assertion: Assertion, was_married: bool) -> Iterator[Ends]:
    if _JOB_ENDED.search(assertion.value):
        yield "works_at", _anything
    elif _words(assertion.value) & _LEFT:
        yield "works_at", lambda known: _words(known) <= _words(assertion.value)


def _by_move(assertion: Assertion, was_married: bool) -> Iterator[Ends]:
    news = said_on(assertion) - event_day(assertion) <= timedelta(days=NEWS_DAYS)
    if news and assertion.value and not _words(assertion.value) & _DWELLINGS:
        yield "lives_in", lambda known: not _same(known, assertion.value)


_ENDS: dict[str, Callable[[Assertion, bool], Iterator[Ends]]] = {
    "relationship_status": _by_status,
    "partner": _by_partner,
    "married_to": _by_spouse,
    "lost": _by_death,
    "works_as": _by_joblessness,
    "job_change": _by_job_change,
    "moved_to": _by_move,
}
#: Attributes that `ends` has anything to say about.
IMPLYING = frozenset(_ENDS)


def is_count(value: str) -> bool:
    """Whether the value is a bare number, in digits or words of several languages."""
    return value.isdigit() or value in _counts()


@cache
def _counts() -> frozenset[str]:
    return word_set(
        """
        one two three four five six seven eight nine ten eleven twelve ein eins zwei drei vier fünf sechs sieben acht neun
        zehn un une deux trois quatre cinq sept huit neuf dix uno una dos tres cuatro cinco seis siete ocho nueve diez um
        uma dois duas quatro sete oito nove dez due tre quattro cinque sei sette otto dieci
        """
    )


def is_partner_kind(value: str) -> bool:
    """Whether the value says what kind of partner it is, and not who."""
    return value in PARTNER_KINDS


def is_coupled(status: str) -> bool:
    """Whether a relationship status means that there is a partner."""
    words = _words(status)
    return bool(words & _COUPLED) and not words & (_NEGATED | _LONE | _PARTED | _APART)


def is_married(status: str) -> bool:
    """Whether a relationship status means a marriage."""
    words = _words(status)
    return bool(words & {"married", "remarried"}) and not words & _NEGATED


def says_less(value: str, than: str, attribute: str, form: ValueForm) -> bool:
    """Whether a value says the same as another in fewer words: the kind of partner who has a name, a nurse who is a
    paediatric nurse."""
    if attribute == "partner":
        return is_partner_kind(value) and not is_partner_kind(than)
    if attribute not in _HEAD_LAST:
        return False
    words, others = spell(value, form).words, spell(than, form).words
    before = len(others) - len(words)
    return before > 0 and others[before:] == words and _CHANGES.isdisjoint(others[:before])


def _words(value: str) -> frozenset[str]:
    return frozenset(value.lower().replace("-", " ").split())


def _anything(known: str) -> bool:
    return True


def _same(known: str, value: str) -> bool:
    return spell(known.strip(), ValueForm()) == spell(value.strip(), ValueForm())
