"""Which of the competing claims about one thing held when.

Claims compete within a *slot*: all values of a single-valued attribute, one value under opposite attributes (likes,
dislikes), or a single fact that only a retraction can end. A slot is swept in the order of event time, then of
saying; each claim of another fact ends the one that stands, a retraction ends the fact it speaks of.

Event time is the stated day, else the day of the message. Two things are known better than that:

- A message that dates a change back ("I moved to Leeds last month", "I left Acme in March") speaks after what was
  said plainly in between, so those claims are placed before the change, where they contradict it. For retractions
  always; for a new value only where it dates back at most `NEWS_DAYS`, the reach of "this month" and "last month". An
  older start is biography ("I moved to Paris in 2015") and does not touch what was said of today.
- A retraction said after a claim that states its start ends that claim not before its start.

A claim may end another without being a retraction of it (`implied`): it ends what stands, and is silent otherwise. A claim
whose value says less than the one that stands ("a nurse" after "a paediatric nurse") supports it.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from whisper_enrich.facts.belief import DISCOUNT_OF_CORRECTED, belief, support
from whisper_enrich.facts.model import Assertion, Polarity, Tense
from whisper_enrich.messages.model import Scope

#: How far back a stated start may lie and still be news about today rather than biography.
NEWS_DAYS = 62


class Reason(StrEnum):
    """Why a version is what it is: ``current``, or how it stopped being so.

    ``superseded``: another value took its place (or a plan came true); ``retracted``: the person said it holds no
    longer; ``past``: it was told as past; ``corrected``: it was replaced from its very beginning, so that it never
    held; ``rejected``: a person ruled that it is wrong.
    """

    CURRENT = "current"
    SUPERSEDED = "superseded"
    RETRACTED = "retracted"
    PAST = "past"
    CORRECTED = "corrected"
    REJECTED = "rejected"


@dataclass(slots=True, eq=False)
class Claim:
    """An assertion in its place: ``order`` is its rank by saying, ``key`` the fact it is about ("" in a retraction of
    whatever stands), ``day`` its event time. ``implied``: it ends that fact without speaking of it. ``says_less`` holds
    the facts that say what it says and more."""

    assertion: Assertion
    order: int
    key: str
    day: date
    implied: bool = False
    says_less: frozenset[str] = frozenset()

    @property
    def retracts(self) -> bool:
        return self.implied or self.assertion.polarity is Polarity.RETRACT

    @property
    def stated(self) -> bool:
        return self.assertion.holds_from is not None


@dataclass(slots=True, eq=False)
class Stretch:
    """An unbroken time over which one fact stood. ``start`` and ``end`` are half-open event days; ``ended_at`` is when a
    person ruled on it."""

    key: str
    start: date
    claims: list[Claim]
    reason: Reason = Reason.CURRENT
    end: date | None = None
    ended_by: list[Claim] = field(default_factory=list)
    successor: Stretch | None = None
    opposing: list[Claim] = field(default_factory=list)
    planned: bool = False
    ended_at: datetime | None = None

    def close(self, claim: Claim, reason: Reason, successor: Stretch | None = None) -> None:
        """End it at the claim's day; ``ended_by`` begins with that claim."""
        self.end, self.reason, self.successor = claim.day, reason, successor
        self.ended_by.append(claim)

    def resume(self) -> bool:
        """Go on as if what took its place had never been said; not if it has been retracted since. Whether it goes on."""
        retractions = [claim for claim in self.ended_by if claim.retracts]
        self.end, self.reason, self.successor, self.ended_by = None, Reason.CURRENT, None, []
        for claim in retractions:
            self.close(claim, Reason.RETRACTED)
        return not retractions

    @property
    def own(self) -> list[Claim]:
        """The claims that speak of the fact itself, and do not only support it by saying less."""
        return [claim for claim in self.claims if claim.key == self.key] or self.claims

    @property
    def scope(self) -> Scope:
        return scope_of(self.claims)

    @property
    def confidence(self) -> float:
        """The belief that all claims for and against it leave (`belief`)."""
        supporting = support(_pieces(self.claims))
        return belief(supporting, support(self._discounted_opposition())) if self.opposing else supporting

    def _discounted_opposition(self) -> list[tuple]:
        last = max(claim.order for claim in self.claims)
        return [
            (said_at, confidence if claim.order > last else confidence * DISCOUNT_OF_CORRECTED)
            for claim, (said_at, confidence) in zip(self.opposing, _pieces(self.opposing), strict=True)
        ]


def said_on(assertion: Assertion) -> date:
    """The UTC day of the message."""
    return assertion.evidence.said_at.astimezone(UTC).date()


def event_day(assertion: Assertion) -> date:
    """The day from which the assertion speaks: stated, else that of its message."""
    return assertion.holds_from or said_on(assertion)


def scope_of(claims: Iterable[Claim]) -> Scope:
    """``shared`` as soon as one of them was said where it may be repeated."""
    return Scope.SHARED if any(c.assertion.evidence.scope is Scope.SHARED for c in claims) else Scope.DM


def sweep(claims: Sequence[Claim], *, unchanging: bool = False) -> tuple[list[Stretch], set[int]]:
    """The stretches of one slot in their order, and the ``order`` of every retraction that found what it ends.

    ``unchanging``: the world does not change here (a birthday), so only the order of saying counts and whatever is
    replaced was wrong. A retraction of a fact that has ended already agrees with what is known and counts as having
    found it.
    """
    by_saying = sorted(claims, key=lambda c: c.order)
    for claim in by_saying:
        claim.day = said_on(claim.assertion) if unchanging else event_day(claim.assertion)
    if len(by_saying) > 1:
        _aim_retractions(by_saying)
        _move_before_changes(by_saying)
    slot = _Slot(unchanging)
    for claim in sorted(claims, key=lambda c: (c.day, c.order)):
        if claim.retracts:
            slot.retract(claim)
        else:
            slot.affirm(claim)
    if slot.found or len(slot.stretches) > 1:
        _find_opposition(slot.stretches, claims)
    return slot.stretches, slot.found


@dataclass(slots=True)
class _Slot:
    """One slot as the sweep has reached it."""

    unchanging: bool
    stretches: list[Stretch] = field(default_factory=list)
    found: set[int] = field(default_factory=set)
    current: Stretch | None = None
    last_of: dict[str, Stretch] = field(default_factory=dict)

    def retract(self, claim: Claim) -> None:
        stretch = self.last_of.get(claim.key)
        if stretch is None or (claim.implied and stretch is not self.current):
            return
        self.found.add(claim.order)
        if stretch is not self.current:
            stretch.ended_by.append(claim)
            return
        stretch.close(claim, Reason.RETRACTED)
        self.current = None
        if _undoes(claim, stretch):
            stretch.end = stretch.start
            before = next((s for s in reversed(self.stretches) if s.successor is stretch), None)
            if before is not None and before.resume():
                self.current = before

    def affirm(self, claim: Claim) -> None:
        standing = self.current
        if standing is not None and (standing.key == claim.key or standing.key in claim.says_less):
            standing.claims.append(claim)
            return
        wrong = standing is not None and (self.unchanging or standing.start == claim.day)
        self.current = self._interrupted(standing, claim) if wrong else None
        if self.current is None:
            self.current = Stretch(claim.key, claim.day, [claim])
            self.stretches.append(self.current)
        if standing is not None:
            standing.close(claim, Reason.CORRECTED if wrong else Reason.SUPERSEDED, self.current)
            standing.end = standing.start if wrong else claim.day
        self.last_of[claim.key] = self.current

    def _interrupted(self, mistake: Stretch, claim: Claim) -> Stretch | None:
        """The stretch of the claimed fact that a mistake, now corrected, had ended: it goes on as if never
        interrupted."""
        before = self.last_of.get(claim.key)
        if before is None or before.successor is not mistake or not before.resume():
            return None
        before.claims.append(claim)
        return before


def _undoes(retraction: Claim, stretch: Stretch) -> bool:
    """Whether what is taken back by name never held: a joke, a slip. It began on the same day, or was said within a day
    and is taken back without an attribute."""
    assertion = retraction.assertion
    if retraction.implied or not (assertion.value or not assertion.attribute):
        return False
    if retraction.day == stretch.start:
        return True
    first = min(claim.assertion.evidence.said_at for claim in stretch.claims)
    return not assertion.attribute and assertion.evidence.said_at - first <= timedelta(days=1)


def sweep_plan(claims: Sequence[Claim]) -> tuple[list[Stretch], set[int]]:
    """The same for one plan, in the order of saying, since what is planned lies ahead.

    The claims are the plan's own, its retractions, and the claims of the fact that it would become: that fact, said
    to hold, is the plan come true.
    """
    stretches: list[Stretch] = []
    found: set[int] = set()
    current: Stretch | None = None
    for claim in sorted(claims, key=lambda c: c.order):
        if claim.retracts:
            if current is not None:
                current.close(claim, Reason.RETRACTED)
            elif stretches:
                stretches[-1].ended_by.append(claim)
            if stretches:
                found.add(claim.order)
            current = None
        elif is_plan(claim.assertion):
            if current is None:
                current = Stretch(claim.key, claim.day, [], planned=True)
                stretches.append(current)
            current.claims.append(claim)
        elif current is not None:
            current.close(claim, Reason.SUPERSEDED, Stretch(claim.key, claim.day, [claim]))
            current = None
    return stretches, found


def is_plan(assertion: Assertion) -> bool:
    """Measured against its message: future, or present but from a later day on."""
    if assertion.tense is Tense.FUTURE:
        return True
    starts = assertion.holds_from
    return assertion.tense is Tense.PRESENT and starts is not None and starts > said_on(assertion)


def _pieces(claims: Iterable[Claim]) -> list[tuple]:
    return [(c.assertion.evidence.said_at, c.assertion.confidence) for c in claims]


def _aim_retractions(by_saying: Sequence[Claim]) -> None:
    """A retraction without a value is about the claim that stood on its day, by what had been said until then."""
    said: list[tuple[date, int, str, str]] = []
    starts: dict[str, date] = {}
    for claim in by_saying:
        if not claim.retracts:
            insort(said, (claim.day, claim.order, claim.key, claim.assertion.evidence.point_id))
            if claim.stated:
                starts[claim.key] = max(claim.day, starts.get(claim.key, claim.day))
            continue
        if not claim.key and said:
            claim.key = _standing(said, claim)
        claim.day = max(claim.day, starts.get(claim.key, claim.day))


def _standing(said: Sequence[tuple[date, int, str, str]], claim: Claim) -> str:
    """Of what was said before the message of ``claim``, the fact that stood on its day; else of what the message says."""
    last = max(bisect_right(said, (claim.day, claim.order, "", "")) - 1, 0)
    point = claim.assertion.evidence.point_id
    before = next((i for i in range(last, -1, -1) if said[i][3] != point), last)
    return said[before][2]


def _move_before_changes(by_saying: Sequence[Claim]) -> None:
    """Give what was said plainly the day of a change that a later message dates back before it."""
    ended: dict[str, date] = {}
    changes: list[tuple[date, str]] = []
    for claim in reversed(by_saying):
        if claim.retracts:
            ended[claim.key] = min(claim.day, ended.get(claim.key, claim.day))
        elif claim.stated:
            if said_on(claim.assertion) - claim.day <= timedelta(days=NEWS_DAYS):
                changes = _two_earliest(changes, (claim.day, claim.key))
        else:
            replaced = [day for day, key in changes if key != claim.key]
            claim.day = min([claim.day, ended.get(claim.key, claim.day), *replaced])


def _two_earliest(changes: list[tuple[date, str]], change: tuple[date, str]) -> list[tuple[date, str]]:
    """The earliest change for each of two facts: enough to know the earliest that is about another fact than a given
    one."""
    earliest: dict[str, date] = {}
    for day, key in sorted([*changes, change]):
        earliest.setdefault(key, day)
    return [(day, key) for key, day in earliest.items()][:2]


def _find_opposition(stretches: Sequence[Stretch], events: Sequence[Claim]) -> None:
    """Contradiction is what speaks of the same day: another value, or a retraction of this one.

    On different days the world may have changed.
    """
    on_day: dict[date, list[Claim]] = defaultdict(list)
    for claim in events:
        on_day[claim.day].append(claim)
    for stretch in stretches:
        for day in {claim.day for claim in stretch.claims}:
            stretch.opposing += [c for c in on_day[day] if c.retracts is (c.key == stretch.key)]
