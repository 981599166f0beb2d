"""Where each assertion belongs: the fact that it is about, and the slot in which that fact competes with others.

There are three places. States and happenings go into slots, which `timeline.sweep` turns into stretches. Plans are
kept by themselves, each with the claims that it has come true. What is told as past stands beside the slots and ends
nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from whisper_enrich.facts.attributes import Attribute
from whisper_enrich.facts.merge import OPPOSITES, ValueForm, Values, stable_key, statement_key, value_form
from whisper_enrich.facts.model import Assertion, Category, Polarity, Tense
from whisper_enrich.facts.timeline import Claim, Reason, Stretch, event_day, is_plan, sweep, sweep_plan
from whisper_enrich.messages.model import Scope

#: What happened stays true: the past tense does not end it.
HAPPENED = frozenset(
    {"moved_to", "visited", "job_change", "graduated", "lost", "acquired", "diagnosed_with", "injured", "event"}
)
#: True of a person once and for all: the past tense does not end it, and another value corrects it.
UNCHANGING = frozenset({"birthday", "birth_year", "from", "mother", "father"})

_SlotId = tuple[str, ...]


@dataclass(slots=True)
class Slots:
    """All claims of a person by the place in which they count.

    ``past`` is by fact and period. ``against_plans`` are retractions of a value, with the plan that they end if no
    state answers to them.
    """

    states: dict[_SlotId, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    plans: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    past: dict[tuple[str, date | None, date | None], list[Claim]] = field(default_factory=lambda: defaultdict(list))
    unchanging: set[_SlotId] = field(default_factory=set)
    against_plans: list[tuple[str, Claim]] = field(default_factory=list)


def in_order(assertions: Iterable[Assertion], scope: Scope) -> list[Assertion]:
    """The distinct assertions that a reader in ``scope`` may know of, in one order that depends on nothing but their
    content.

    ``ValueError`` for assertions of several people, times without a zone, confidences outside (0, 1).
    """
    distinct = {a for a in assertions if scope is Scope.DM or a.evidence.scope is Scope.SHARED}
    if len({(a.bot_name, a.user_id) for a in distinct}) > 1:
        raise ValueError("Assertions of several people were given to one fold; fold each (bot, user) by itself.")
    for assertion in distinct:
        if assertion.evidence.said_at.tzinfo is None:
            raise ValueError("An assertion's said_at has no time zone; times are aware UTC.")
        if not 0.0 < assertion.confidence < 1.0:
            raise ValueError("An assertion's confidence is not between 0 and 1, both excluded.")
    return sorted(distinct, key=_order)


def arrange(ordered: Sequence[Assertion], attributes: Mapping[str, Attribute]) -> Slots:
    """Give every assertion its place. They must come in the order of saying."""
    arranger = _Arranger(attributes)
    for order, assertion in enumerate(ordered):
        if assertion.polarity is Polarity.AFFIRM:
            arranger.affirm(order, assertion)
        elif assertion.attribute:
            arranger.retract(order, assertion)
    return arranger.slots


def sweep_all(slots: Slots) -> tuple[list[Stretch], set[int]]:
    """All stretches of a person, and the ``order`` of every retraction that found what it ends."""
    stretches: list[Stretch] = []
    found: set[int] = set()
    for slot, claims in slots.states.items():
        swept, matched = sweep(claims, unchanging=slot in slots.unchanging)
        stretches += swept
        found |= matched
    for plan, claim in slots.against_plans:
        if claim.order not in found:
            slots.plans[plan].append(claim)
    for claims in slots.plans.values():
        swept, matched = sweep_plan(claims)
        stretches += swept
        found |= matched
    for (key, _, _), claims in slots.past.items():
        stretches.append(Stretch(key, claims[0].day, claims, reason=Reason.PAST))
    return stretches, found


@dataclass(slots=True)
class _Arranger:
    attributes: Mapping[str, Attribute]
    slots: Slots = field(default_factory=Slots)
    _values: Values = field(default_factory=Values)
    _forms: dict[str, ValueForm] = field(default_factory=dict)
    _facts_of: dict[str, dict[str, _SlotId]] = field(default_factory=lambda: defaultdict(dict))
    _plans_of: dict[str, dict[str, None]] = field(default_factory=lambda: defaultdict(dict))

    def affirm(self, order: int, assertion: Assertion) -> None:
        about = self._about(assertion)
        key, plan = stable_key("fact", *about), stable_key("plan", *about)
        claim = Claim(assertion, order, key, event_day(assertion))
        if is_plan(assertion):
            claim.key = plan
            self.slots.plans[plan].append(claim)
            self._plans_of[assertion.attribute][plan] = None
        elif _is_past(assertion):
            self.slots.past[key, assertion.holds_from, assertion.holds_to].append(claim)
        else:
            slot = self._slot(about)
            self.slots.states[slot].append(claim)
            self._facts_of[assertion.attribute][key] = slot
            if assertion.attribute in UNCHANGING:
                self.slots.unchanging.add(slot)
            if plan in self.slots.plans:
                self.slots.plans[plan].append(Claim(assertion, order, key, claim.day))

    def retract(self, order: int, assertion: Assertion) -> None:
        if not assertion.value:
            self._retract_all(order, assertion)
            return
        attribute = assertion.attribute
        value = self._values.find(_domain(attribute), assertion.value, self._form(attribute))
        if value is None:
            return
        about = (attribute, "is", value)
        key, plan = stable_key("fact", *about), stable_key("plan", *about)
        against_plan = Claim(assertion, order, plan, event_day(assertion))
        if not is_plan(assertion):
            self.slots.states[self._slot(about)].append(Claim(assertion, order, key, against_plan.day))
        if plan in self.slots.plans:
            self.slots.against_plans.append((plan, against_plan))

    def _retract_all(self, order: int, assertion: Assertion) -> None:
        """The sweep finds out which value of a single-valued attribute stood; of the others, all known so far are
        meant."""
        day = event_day(assertion)
        if is_plan(assertion):
            for plan in self._plans_of[assertion.attribute]:
                self.slots.plans[plan].append(Claim(assertion, order, plan, day))
            return
        single = self._slot((assertion.attribute, "is", ""))
        facts = self._facts_of[assertion.attribute]
        for key, slot in facts.items():
            if slot != single:
                self.slots.states[slot].append(Claim(assertion, order, key, day))
        if single in facts.values():
            self.slots.states[single].append(Claim(assertion, order, "", day))

    def _about(self, assertion: Assertion) -> tuple[str, str, str]:
        """What identifies a fact: its attribute, and its value or, without one, its statement."""
        attribute = assertion.attribute
        if not attribute or not assertion.value:
            return (attribute, "says", statement_key(assertion.statement))
        return (attribute, "is", self._values.place(_domain(attribute), assertion.value, self._form(attribute)))

    def _slot(self, about: tuple[str, str, str]) -> _SlotId:
        attribute, by, content = about
        known = self.attributes.get(attribute)
        if by == "is" and known is not None and known.single_valued:
            return (attribute,)
        return (_domain(attribute), by, content)

    def _form(self, attribute: str) -> ValueForm:
        if attribute not in self._forms:
            self._forms[attribute] = value_form(self.attributes.get(attribute))
        return self._forms[attribute]


def _domain(attribute: str) -> str:
    """Opposite attributes share their values and slots."""
    return min(attribute, OPPOSITES.get(attribute, attribute))


def _is_past(assertion: Assertion) -> bool:
    """Told as a state that is over: in the past tense, under an attribute that the past tense takes back."""
    attribute = assertion.attribute
    if assertion.tense is not Tense.PAST or not attribute or assertion.category is Category.EVENT:
        return False
    return attribute not in HAPPENED and attribute not in UNCHANGING


def _order(assertion: Assertion) -> tuple:
    """By saying; what follows the statement only makes the order total."""
    evidence = assertion.evidence
    return (
        evidence.said_at,
        evidence.point_id,
        evidence.start,
        assertion.rule,
        assertion.statement,
        evidence.end,
        assertion.attribute,
        assertion.value,
        assertion.polarity,
        assertion.tense,
        assertion.category,
        str(assertion.holds_from),
        str(assertion.holds_to),
        assertion.confidence,
        evidence.quote,
        evidence.scope,
    )
