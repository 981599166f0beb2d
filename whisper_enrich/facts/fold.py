"""From everything that was ever asserted of a person to what is known of them now, and how that came about.

`fold` takes all stored assertions of one (bot, user) and is a pure function of their set: their order, repetitions
and the clock play no part. What merges is decided in `merge`, what replaces what in `timeline`, how sure it is in
`belief`.

Validity (``valid_from``, ``valid_to``: half-open days) is about the world, knowledge (``known_from``, ``known_to``)
about the times of the messages. A plan (future tense, or present from a later day on) is a fact of its own that
replaces nothing; it ends when it is retracted or the person says that it has come true. What is told as past is
history and never current, unless the attribute is one that the past does not take back (a visit, a degree, a
birthday) or there is no attribute, so that the statement itself says that it is past. A retraction with attribute and
value ends that value, without a value whatever the attribute holds, without an attribute what was said of the thing that
it names (`things`). It ends a plan if it is in the future tense, or if it names a value that only a plan holds. Some
statements end what they do not speak of (`implied`).

Scope. What was said in a dm may not even show by its effect: a move told in a dm must not make the old home disappear
in a guild. So there are two folds. ``fold(assertions)`` is for readers in the dm and uses everything;
``fold(assertions, scope=Scope.SHARED)`` is for all others and never sees dm evidence, so that no filter has to be
right afterwards. Each fact and version carries its scope, and `FactVersion.ended_scope` says whether its end rests on
dm evidence alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from whisper_enrich.facts.attributes import ATTRIBUTES, Attribute
from whisper_enrich.facts.merge import statement_key
from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Tense
from whisper_enrich.facts.rulings import RULE, Ruling, correction
from whisper_enrich.facts.slots import arrange, in_order, sweep_all
from whisper_enrich.facts.timeline import Claim, Reason, Stretch, said_on, scope_of
from whisper_enrich.messages.model import Scope

MAX_STATEMENT = 500


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known now. Everything here rests on the evidence of the current version; what held before is in the
    versions.

    ``statement`` and ``value`` are those of the surest assertion (of equally sure ones the latest). ``mentions``
    counts messages. ``valid_from`` is the first day known: the stated start, else the day it was first said; None
    where neither is known (a past event without a date, a plan without one). ``valid_to`` is the day after a stated
    last day. For plans both are the days planned. ``key`` is stable over time and does not contain bot or user.
    """

    key: str
    category: Category
    attribute: str
    value: str
    statement: str
    confidence: float
    scope: Scope
    first_said_at: datetime
    last_said_at: datetime
    mentions: int
    valid_from: date | None
    valid_to: date | None
    tense: Tense
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class FactVersion:
    """One unbroken time over which a fact was held to be so; ``(key, number)`` identifies it, numbers count from 1.

    ``known_from`` is when it was first said, ``known_to`` when its end was told, None while it is current. A corrected
    version is empty: ``valid_to`` equals ``valid_from``. ``superseded_by`` is the key of the fact that took its place.
    ``ended_by`` is the evidence that ended it.
    """

    key: str
    number: int
    category: Category
    attribute: str
    value: str
    statement: str
    valid_from: date | None
    valid_to: date | None
    known_from: datetime
    known_to: datetime | None
    superseded_by: str | None
    reason: Reason
    scope: Scope
    confidence: float
    tense: Tense
    evidence: tuple[Evidence, ...]
    ended_by: tuple[Evidence, ...] = ()
    ended_scope: Scope | None = None


@dataclass(frozen=True, slots=True)
class Folded:
    """Current facts, every version, and the retractions that ended nothing."""

    facts: tuple[Fact, ...] = ()
    versions: tuple[FactVersion, ...] = ()
    unmatched_retractions: tuple[Assertion, ...] = ()


def fold(
    assertions: Iterable[Assertion],
    *,
    rulings: Iterable[Ruling] = (),
    scope: Scope = Scope.DM,
    attributes: Mapping[str, Attribute] = ATTRIBUTES,
) -> Folded:
    """What all assertions of one (bot, user) amount to, for a reader in ``scope``.

    ``rulings`` are those that persons made about them: what they reject or correct stands in the history as if it had
    never held and replaces nothing (`rulings`).

    No assertions give an empty result. An attribute that the vocabulary does not know gathers values. No two facts
    share a statement: where two would, one of them shows another of its statements or, if it has none, lends its
    evidence. ``ValueError`` for assertions of several people, times without a zone, confidences outside (0, 1).
    """
    decided = sorted(rulings, key=lambda ruling: (ruling.ruled_at, ruling.number))
    corrections = [c for ruling in decided if (c := correction(ruling)) is not None]
    ordered = in_order([*assertions, *corrections], scope)
    stretches, found = sweep_all(arrange(ordered, attributes, decided))
    versions = _versions(stretches)
    unmatched = (a for i, a in enumerate(ordered) if a.polarity is Polarity.RETRACT and i not in found)
    return Folded(_facts(versions), tuple(version for _, version in versions), tuple(unmatched))


def known_by(
    assertions: Iterable[Assertion],
    at: datetime,
    *,
    rulings: Iterable[Ruling] = (),
    scope: Scope = Scope.DM,
    attributes: Mapping[str, Attribute] = ATTRIBUTES,
) -> Folded:
    """What was known at a time: the fold of what had been said, and ruled, up to and including ``at`` (aware)."""
    said = (a for a in assertions if a.evidence.said_at <= at)
    ruled = (ruling for ruling in rulings if ruling.ruled_at <= at)
    return fold(said, rulings=ruled, scope=scope, attributes=attributes)


def held_on(versions: Iterable[FactVersion], day: date) -> tuple[FactVersion, ...]:
    """The versions that held on a day, by all that is known: ``valid_from <= day < valid_to``.

    Plans held on no day, and neither did what has no known start: nothing is guessed.
    """
    return tuple(
        v
        for v in versions
        if v.tense is not Tense.FUTURE
        and v.valid_from is not None
        and v.valid_from <= day
        and (v.valid_to is None or day < v.valid_to)
    )


@dataclass(slots=True)
class _Shown:
    """A current version, the statement it is shown by, and the stretches left without a statement of their own."""

    stretch: Stretch
    version: FactVersion
    statement: str
    joined: list[Stretch]


def _versions(stretches: Iterable[Stretch]) -> list[tuple[Stretch, FactVersion]]:
    by_key: dict[str, list[Stretch]] = defaultdict(list)
    for stretch in stretches:
        by_key[stretch.key].append(stretch)
    versions = []
    for same in by_key.values():
        same.sort(key=lambda s: (s.start, min(c.order for c in s.claims)))
        versions += [(stretch, _version(stretch, number)) for number, stretch in enumerate(same, 1)]
    versions.sort(key=lambda pair: (pair[1].attribute, pair[1].key, pair[1].number))
    return versions


def _facts(versions: Iterable[tuple[Stretch, FactVersion]]) -> tuple[Fact, ...]:
    current = [(stretch, version) for stretch, version in versions if stretch.reason is Reason.CURRENT]
    facts = [_fact(shown) for shown in _distinct(current)]
    return tuple(sorted(facts, key=lambda f: (f.category, f.attribute, f.value, f.key)))


def _distinct(current: Iterable[tuple[Stretch, FactVersion]]) -> Sequence[_Shown]:
    """No two shown by the same statement. Values come first, then those with the fewest statements, then the surest.

    Facts with values are alike only where their statements are equal to the letter: that the values differ has been
    decided.
    """
    chosen: list[_Shown] = []
    by_text: dict[str, _Shown] = {}
    by_words: dict[str, _Shown] = {}
    for stretch, version in sorted(current, key=_choosing_order):
        taken, form = (by_text, str) if version.value else (by_words, statement_key)
        free = (text for text in _statements(stretch.own) if form(text) not in taken)
        statement = next(free, None)
        if statement is None:
            taken[form(version.statement)].joined.append(stretch)
        else:
            chosen.append(_Shown(stretch, version, statement, []))
            by_text[statement] = by_words[statement_key(statement)] = chosen[-1]
    return chosen


def _choosing_order(told: tuple[Stretch, FactVersion]) -> tuple[bool, int, float, str]:
    stretch, version = told
    statements = {claim.assertion.statement for claim in stretch.claims}
    return (not version.value, len(statements), -version.confidence, version.key)


def _fact(shown: _Shown) -> Fact:
    version = shown.version
    evidence, confidence, scope = version.evidence, version.confidence, version.scope
    if shown.joined:
        together = _together([shown.stretch, *shown.joined])
        evidence, confidence, scope = _evidence(together.claims), together.confidence, together.scope
    return Fact(
        key=version.key,
        category=version.category,
        attribute=version.attribute,
        value=version.value,
        statement=shown.statement,
        confidence=confidence,
        scope=scope,
        first_said_at=evidence[0].said_at,
        last_said_at=evidence[-1].said_at,
        mentions=len({piece.point_id for piece in evidence}),
        valid_from=version.valid_from,
        valid_to=version.valid_to,
        tense=version.tense,
        evidence=evidence,
    )


def _together(stretches: Sequence[Stretch]) -> Stretch:
    """Their evidence as if it were for one; the originals are left alone, the history is made of them."""
    first = stretches[0]
    claims = [claim for stretch in stretches for claim in stretch.claims]
    return Stretch(first.key, first.start, claims, opposing=[c for stretch in stretches for c in stretch.opposing])


def _version(stretch: Stretch, number: int) -> FactVersion:
    best = max(stretch.own, key=_preference).assertion
    evidence = _evidence(stretch.claims)
    valid_from, valid_to = _validity(stretch)
    enders = _enders(stretch)
    known_from = evidence[0].said_at
    known_to = None
    if stretch.ended_at is not None:
        known_to = max(known_from, stretch.ended_at)
    elif stretch.reason is not Reason.CURRENT:
        known_to = max(known_from, min((c.assertion.evidence.said_at for c in enders), default=known_from))
    return FactVersion(
        key=stretch.key,
        number=number,
        category=best.category,
        attribute=best.attribute,
        value=best.value,
        statement=_shortened(best.statement),
        valid_from=valid_from,
        valid_to=valid_to,
        known_from=known_from,
        known_to=known_to,
        superseded_by=stretch.successor.key if stretch.successor else None,
        reason=stretch.reason,
        scope=stretch.scope,
        confidence=stretch.confidence,
        tense=Tense.FUTURE if stretch.planned else best.tense,
        evidence=evidence,
        ended_by=_evidence(stretch.ended_by),
        ended_scope=scope_of(enders) if enders else None,
    )


def _enders(stretch: Stretch) -> list[Claim]:
    """All that tells of the end: what ended it, and what was said of its successor since the stretch was first
    known."""
    known = min(claim.order for claim in stretch.claims)
    since = [claim for claim in stretch.successor.claims if claim.order > known] if stretch.successor else []
    return [*since, *stretch.ended_by]


def _validity(stretch: Stretch) -> tuple[date | None, date | None]:
    claims = sorted(stretch.claims, key=lambda c: c.order)
    if stretch.planned or stretch.reason is Reason.PAST:
        dated = [c.assertion for c in claims if c.assertion.holds_from or c.assertion.holds_to]
        return (dated[-1].holds_from, _day_after(dated[-1].holds_to)) if dated else (None, None)
    starts = [c.day for c in claims if c.stated or c.assertion.tense is Tense.PRESENT]
    valid_from = min(starts, default=None)
    ends = [day for day in (_day_after(_last_day(claims)), stretch.end) if day is not None]
    valid_to = min(ends, default=None)
    if valid_from is not None and valid_to is not None:
        valid_to = max(valid_from, valid_to)
    return valid_from, valid_to


def _last_day(claims: Iterable[Claim]) -> date | None:
    """The stated last day, unless it was said to go on after that day.

    What is present in tense is not over by its message: an earlier last day belongs to the phrase that dates its start
    ("I live in Leeds since last week").
    """
    last = None
    for claim in claims:
        stated = claim.assertion.holds_to
        if stated is not None and (claim.assertion.tense is not Tense.PRESENT or stated >= said_on(claim.assertion)):
            last = stated
        elif last is not None and claim.day > last:
            last = None
    return last


def _day_after(day: date | None) -> date | None:
    return day + timedelta(days=1) if day is not None and day < date.max else None


def _statements(claims: Iterable[Claim]) -> Iterator[str]:
    """Best first: by confidence, then the latest."""
    best_first = sorted(claims, key=_preference, reverse=True)
    return (_shortened(claim.assertion.statement) for claim in best_first)


def _preference(claim: Claim) -> tuple[bool, float, int]:
    """What a person has ruled first, then by confidence, then the latest."""
    return (claim.assertion.rule == RULE, claim.assertion.confidence, claim.order)


def _shortened(statement: str) -> str:
    """At most `MAX_STATEMENT` characters, cut between words where there is a gap."""
    if len(statement) <= MAX_STATEMENT:
        return statement
    cut = statement[: MAX_STATEMENT - 1]
    return (cut.rpartition(" ")[0] or cut) + "…"


def _evidence(claims: Iterable[Claim]) -> tuple[Evidence, ...]:
    pieces = {claim.assertion.evidence for claim in claims}
    if len(pieces) < 2:
        return tuple(pieces)
    return tuple(sorted(pieces, key=lambda e: (e.said_at, e.point_id, e.start, e.end, e.quote, e.scope)))
