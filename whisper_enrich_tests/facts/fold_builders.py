"""Assertions in a line of text, and folds as lines of text, so that the cases can be read.

    2025-01-05 10:30 dm not plan lives_in=leeds from 2025-03-01 to 2025-03-31 sure 0.9 : "{user} lives in Leeds"

Only the day and either an attribute or a statement are needed. Said at noon in a guild by default, present tense, 0.8
sure. What was said in one minute is one message.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime

from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.fold import Folded
from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Tense
from whisper_enrich.messages.model import Scope

_LINE = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)(?: (?P<time>\d\d:\d\d))?(?P<dm> dm)?(?P<no> not)?(?: (?P<tense>plan|past))?"
    r"(?: (?P<attribute>[a-z_]*)=(?P<value>.*?))??(?: from (?P<first>[\d-]+))?(?: to (?P<last>[\d-]+))?"
    r"(?: sure (?P<sure>[\d.]+))?(?: : \"(?P<statement>.+)\")?"
)
_TENSES = {None: Tense.PRESENT, "plan": Tense.FUTURE, "past": Tense.PAST}
_WORDS_FOR_TENSES = {Tense.FUTURE: "plan ", Tense.PAST: "past ", Tense.PRESENT: ""}


def said(*lines: str) -> list[Assertion]:
    """One assertion a line."""
    return [_assertion(line) for line in lines]


def _assertion(line: str) -> Assertion:
    match = _LINE.fullmatch(line)
    assert match, f"this line is no assertion: {line}"
    part = match.groupdict()
    at = datetime.fromisoformat(f"{part['day']}T{part['time'] or '12:00'}").replace(tzinfo=UTC)
    attribute, value = part["attribute"] or "", part["value"] or ""
    statement = part["statement"] or "{user} " + f"{part['tense'] or ''} {attribute} {value}".strip()
    return Assertion(
        bot_name="marlow",
        user_id="nadia",
        category=ATTRIBUTES[attribute].category if attribute in ATTRIBUTES else Category.PERSONAL,
        statement=statement,
        attribute=attribute,
        value=value,
        polarity=Polarity.RETRACT if part["no"] else Polarity.AFFIRM,
        tense=_TENSES[part["tense"]],
        holds_from=date.fromisoformat(part["first"]) if part["first"] else None,
        holds_to=date.fromisoformat(part["last"]) if part["last"] else None,
        confidence=float(part["sure"] or 0.8),
        evidence=Evidence(f"{at:%Y%m%d%H%M}", 0, len(line), line, at, Scope.DM if part["dm"] else Scope.SHARED),
        rule="test",
    )


def in_dm(assertion: Assertion) -> Assertion:
    return replace(assertion, evidence=replace(assertion.evidence, scope=Scope.DM))


def now(folded: Folded) -> list[str]:
    """The current facts: ``attribute=value`` or the statement, after ``plan`` or ``past`` where it is one."""
    return sorted(_WORDS_FOR_TENSES[fact.tense] + _about(fact) for fact in folded.facts)


def history(folded: Folded) -> list[str]:
    """The versions that are no longer current: what, why, from, to."""
    return sorted(
        f"{_WORDS_FOR_TENSES[v.tense]}{_about(v)} {v.reason} {v.valid_from or '?'} {v.valid_to or '?'}"
        for v in folded.versions
        if v.reason != "current"
    )


def _about(told) -> str:
    return f"{told.attribute}={told.value}" if told.value else told.statement


def joked(at: str, *, start: int = 0) -> Assertion:
    """ "Just kidding", said at ``YYYY-MM-DD HH:MM``, ``start`` characters into the message of that minute."""
    (retraction,) = said(f'{at} not : "{{user}} was joking"')
    return replace(retraction, evidence=replace(retraction.evidence, start=start, end=start + 5))
