"""Where each assertion belongs: the fact that it is about, and the slot in which that fact competes with others.

There are four places. States and happenings go into slots, which `timeline.sweep` turns into stretches. Plans are
kept by themselves, each with the claims that it has come true. What is told as past stands beside the slots and ends
nothing. So does what a person has ruled on.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from whisper_enrich.facts.attributes import Attribute
from whisper_enrich.facts.implied import (
    COUNTED,
    GROW_EXACT,
    IMPLYING,
    ONE_OF_A_KIND,
    OVER_WHEN_PAST,
    ends,
    is_count,
    is_married,
    is_partner_kind,
    says_less,
)
from whisper_enrich.facts.merge import OPPOSITES, STATEMENT, ValueForm, Values, stable_key, value_form
from whisper_enrich.facts.model import Assertion, Category, Polarity, Tense
from whisper_enrich.facts.rulings import Ruling, evidence_of, latest_over
from whisper_enrich.facts.things import Told, comes_true, meant_by, meant_of_attribute, planned_thing, telling_words
from whisper_enrich.facts.timeline import Claim, Reason, Stretch, event_day, is_plan, said_on, sweep, sweep_plan
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
    state answers to them. ``ruled`` is what a person has ruled on, as stretches that compete with nothing.
    """

    states: dict[_SlotId, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    plans: dict[str, list[Claim]] = field(default_factory=lambda: defaultdict(list))
    past: dict[tuple[str, date | None, date | None], list[Claim]] = field(default_factory=lambda: defaultdict(list))
    unchanging: set[_SlotId] = field(default_factory=set)
    against_plans: list[tuple[str, Claim]] = field(default_factory=list)
    ruled: list[Stretch] = field(default_factory=list)


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


def arrange(ordered: Sequence[Assertion], attributes: Mapping[str, Attribute], rulings: Sequence[Ruling] = ()) -> Slots:
    """Give every assertion its place. They must come in the order of saying."""
    arranger = _Arranger(attributes, rulings)
    for order, assertion in enumerate(ordered):
        if assertion.polarity is Polarity.AFFIRM:
            arranger.affirm(order, assertion)
        else:
            arranger.retract(order, assertion)
    arranger.set_aside()
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
    return stretches + slots.ruled, found


@dataclass(slots=True)
class _Arranger:
    attributes: Mapping[str, Attribute]
    rulings: Sequence[Ruling] = ()
    slots: Slots = field(default_factory=Slots)
    _values: Values = field(default_factory=Values)
    _forms: dict[str, ValueForm] = field(default_factory=dict)
    _told: dict[str, dict[str, Told]] = field(default_factory=lambda: defaultdict(dict))
    _rivals: dict[tuple[str, str, str], str] = field(default_factory=dict)
    _plans_about: dict[str, list[Told]] = field(default_factory=lambda: defaultdict(list))
    _ruled: dict[tuple[str, Ruling], list[Claim]] = field(default_factory=lambda: defaultdict(list))
    _corrections: dict[int, Claim] = field(default_factory=dict)

    def affirm(self, order: int, assertion: Assertion) -> None:
        about = self._about(assertion)
        key, plan = stable_key("fact", *about), stable_key("plan", *about)
        claim = Claim(assertion, order, key, event_day(assertion))
        planned = is_plan(assertion)
        if self.rulings and self._is_ruled_out(claim, plan if planned else key):
            return
        if planned:
            claim.key = plan
            self.slots.plans[plan].append(claim)
            self._tell(plan, None, assertion)
        elif _is_past(assertion):
            self.slots.past[key, assertion.holds_from, assertion.holds_to].append(claim)
            self._end_if_over(claim)
        else:
            if (rivals := _rivals(assertion)) and key not in self._told[assertion.attribute]:
                self._rivals[about] = rivals
            slot = self._slot(about)
            if assertion.attribute in GROW_EXACT:
                claim.says_less = self._says_less_than(key, assertion)
            self.slots.states[slot].append(claim)
            self._imply(order, assertion)
            self._come_true(claim, plan)
            self._tell(key, slot, assertion)
            if assertion.attribute in UNCHANGING:
                self.slots.unchanging.add(slot)

    def retract(self, order: int, assertion: Assertion) -> None:
        self._imply(order, assertion)
        attribute = assertion.attribute
        if not attribute:
            self._retract_facts(order, assertion, meant_by(assertion, self._all_told()))
            return
        value = (
            self._values.find(_domain(attribute), assertion.value, self._form(attribute)) if assertion.value else None
        )
        if value is None:
            if not assertion.value or is_partner_kind(assertion.value):
                self._retract_all(order, assertion)
            else:
                self._retract_facts(order, assertion, meant_of_attribute(assertion, self._all_told()))
            return
        about = (attribute, "is", value)
        key, plan = stable_key("fact", *about), stable_key("plan", *about)
        against_plan = Claim(assertion, order, plan, event_day(assertion))
        if not is_plan(assertion):
            self.slots.states[self._slot(about)].append(Claim(assertion, order, key, against_plan.day))
        if plan in self.slots.plans:
            self.slots.against_plans.append((plan, against_plan))

    def set_aside(self) -> None:
        """Turn what a person has ruled on into stretches that never held."""
        for (key, ruling), claims in self._ruled.items():
            start = min(claim.day for claim in claims)
            stretch = Stretch(key, start, claims, Reason.REJECTED, end=start, ended_at=ruling.ruled_at)
            corrected = self._corrections.get(ruling.number)
            if corrected is not None:
                stretch.reason = Reason.CORRECTED
                stretch.successor = Stretch(corrected.key, corrected.day, [corrected])
            stretch.planned = is_plan(claims[0].assertion)
            self.slots.ruled.append(stretch)

    def _is_ruled_out(self, claim: Claim, key: str) -> bool:
        """Whether a person has ruled on it; if so, it is kept by the ruling."""
        assertion = claim.assertion
        mine = [ruling for ruling in self.rulings if evidence_of(ruling) == assertion.evidence.point_id]
        if mine:
            self._corrections[mine[0].number] = Claim(assertion, claim.order, key, claim.day)
        others = [ruling for ruling in self.rulings if ruling not in mine]
        ruling = latest_over(others, assertion, self._form(assertion.attribute))
        if ruling is None or not ruling.changes_value:
            return False
        claim.key = key
        self._ruled[key, ruling].append(claim)
        return True

    def _tell(self, key: str, slot: _SlotId | None, assertion: Assertion) -> None:
        told = self._told[assertion.attribute].get(key)
        if told is None:
            happened = assertion.attribute in HAPPENED or assertion.tense is Tense.PAST
            told = Told(key, slot, assertion.attribute, assertion.value, happened, assertion.evidence.point_id)
            self._told[assertion.attribute][key] = told
            told.claims.append(assertion)
            if slot is None:
                for word in planned_thing(told):
                    self._plans_about[word].append(told)
        else:
            told.claims.append(assertion)

    def _end_if_over(self, claim: Claim) -> None:
        """A state that is known as present and then told as past, without a time, has ended by then."""
        assertion = claim.assertion
        known = self._told[assertion.attribute].get(claim.key) if assertion.attribute in OVER_WHEN_PAST else None
        if known is not None and known.slot and not claim.stated and assertion.holds_to is None:
            self.slots.states[known.slot].append(Claim(assertion, claim.order, claim.key, claim.day, implied=True))

    def _come_true(self, claim: Claim, same: str) -> None:
        """Tell the plans that this is what was planned: the plan of the ``same`` fact, and others that speak of it.

        What happened before the plan was made is not what was planned.
        """
        assertion = claim.assertion
        happened = assertion.attribute in HAPPENED or assertion.tense is Tense.PAST
        is_news = claim.key not in self._told[assertion.attribute]
        if not self._plans_about or not (happened or is_news):
            about: list[Told] = []
        else:
            words = telling_words(f"{assertion.statement} {assertion.value}")
            about = [plan for word in words for plan in self._plans_about.get(word, ())]
        true = {plan.key: plan for plan in about if plan.key != same and comes_true(plan, assertion, is_news=is_news)}
        if same in self._told[assertion.attribute]:
            true[same] = self._told[assertion.attribute][same]
        for plan in true.values():
            if not happened or claim.day >= said_on(plan.claims[0]):
                self.slots.plans[plan.key].append(Claim(assertion, claim.order, claim.key, claim.day))

    def _all_told(self) -> list[Told]:
        return [fact for facts in self._told.values() for fact in facts.values()]

    def _says_less_than(self, key: str, assertion: Assertion) -> frozenset[str]:
        attribute = assertion.attribute
        if attribute not in GROW_EXACT:
            return frozenset()
        return frozenset(
            fact.key
            for fact in self._told[attribute].values()
            if fact.key != key
            and fact.slot
            and fact.value
            and says_less(assertion.value, fact.value, attribute, self._form(attribute))
        )

    def _imply(self, order: int, assertion: Assertion) -> None:
        if assertion.attribute not in IMPLYING:
            return
        was_married = bool(self._told["married_to"]) or any(
            is_married(fact.value) for fact in self._told["relationship_status"].values()
        )
        for attribute, ended in ends(assertion, was_married=was_married):
            for fact in self._told[attribute].values():
                if fact.slot and fact.first_point != assertion.evidence.point_id and ended(fact.value):
                    claim = Claim(assertion, order, fact.key, event_day(assertion), implied=True)
                    self.slots.states[fact.slot].append(claim)

    def _retract_facts(self, order: int, assertion: Assertion, facts: Sequence[Told]) -> None:
        day = event_day(assertion)
        for fact in facts:
            if fact.slot is None:
                self.slots.plans[fact.key].append(Claim(assertion, order, fact.key, day))
            elif not is_plan(assertion):
                self.slots.states[fact.slot].append(Claim(assertion, order, fact.key, day))

    def _retract_all(self, order: int, assertion: Assertion) -> None:
        """The sweep finds out which value of a single-valued attribute stood; of the others, all known before the message
        are meant, or all that it says itself if there is nothing else. Plans whose day has come count as begun."""
        facts = self._told[assertion.attribute].values()
        if is_plan(assertion):
            self._retract_facts(order, assertion, [fact for fact in facts if fact.planned])
            return
        single = self._slot((assertion.attribute, "is", ""))
        states = [fact for fact in facts if not fact.planned]
        before = [fact for fact in states if fact.first_point != assertion.evidence.point_id]
        several = before or states
        begun = [fact for fact in facts if fact.planned and _has_begun(fact, event_day(assertion))]
        self._retract_facts(order, assertion, [fact for fact in several if fact.slot != single] + begun)
        if any(fact.slot == single for fact in states):
            self.slots.states[single].append(Claim(assertion, order, "", event_day(assertion)))

    def _about(self, assertion: Assertion) -> tuple[str, str, str]:
        """What identifies a fact: its attribute, and its value or, without one, its statement."""
        attribute = assertion.attribute
        if not attribute or not assertion.value:
            return (attribute, "says", self._values.place(f"says {attribute}", assertion.statement, STATEMENT))
        return (attribute, "is", self._values.place(_domain(attribute), assertion.value, self._form(attribute)))

    def _slot(self, about: tuple[str, str, str]) -> _SlotId:
        attribute, by, content = about
        known = self.attributes.get(attribute)
        if by == "is" and known is not None and known.single_valued:
            return (attribute,)
        return (attribute, "of", self._rivals[about]) if about in self._rivals else (_domain(attribute), by, content)

    def _form(self, attribute: str) -> ValueForm:
        if attribute not in self._forms:
            self._forms[attribute] = value_form(self.attributes.get(attribute))
        return self._forms[attribute]


def _has_begun(plan: Told, day: date) -> bool:
    """Whether what was planned had a first day, and that day has come."""
    starts = [assertion.holds_from for assertion in plan.claims if assertion.holds_from is not None]
    return bool(starts) and max(starts) <= day


def _rivals(assertion: Assertion) -> str:
    """What a value of a many-valued attribute competes with: other counts, others of its kind; "" for nothing."""
    if assertion.attribute in COUNTED and is_count(assertion.value):
        return "count"
    if assertion.attribute in ONE_OF_A_KIND and ":" in assertion.value:
        return assertion.value.partition(":")[0].strip()
    return ""


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
        evidence.question.point_id if evidence.question else "",
        evidence.question.quote if evidence.question else "",
    )
