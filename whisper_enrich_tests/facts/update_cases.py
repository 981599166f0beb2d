"""The update cases: what a person says over time, what an ideal extraction makes of it, and what is true at the end.

They are kept by theme in ``update_cases/*.txt``. A case is a paragraph:

    leeds-to-york [en]
      2025-01-05 10:30 I do live in Leeds these days.
        > lives_in=leeds @2019-04-01..2025-05-01 | {user} has lived in Leeds since April 2019
      2025-05-01 bot: And now?
      2025-05-01 12:01 We're in York!
        > lives_in=york
        > not lives_with=flatmate
      now lives_in=york
      gone lives_in=leeds; plan lives_in=hull
      kept likes=tea

Messages stand in the order of their arrival, at noon where no hour is given, the user's unless they begin with ``bot:``.
Under each stands what it asserts: ``not`` for a retraction, ``plan`` or ``past`` for the tense, ``category/`` where the
attribute does not say it, the days that it holds behind ``@``, the statement behind ``|`` (one in plain words is made up
otherwise). ``now`` and ``kept`` must be current at the end: ``now`` is what the messages bring about, ``kept`` what they
must leave alone. ``gone`` must not be current. ``plan x=y`` is a plan, ``x=y`` anything that is none, ``x=y|z`` either
spelling, ``: words`` a fact without an attribute whose statement has these words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.fold import Fact, Folded
from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Tense
from whisper_enrich.messages.model import Message, Scope, Speaker

FOLDER = Path(__file__).with_name("update_cases")
BOT, USER = "marlow", "nadia"

_HEAD = re.compile(r"(?P<id>\S+)(?: \[(?P<language>[a-z]{2})\])?")
_MESSAGE = re.compile(r"(?P<day>\d{4}-\d\d-\d\d)(?: (?P<time>\d\d:\d\d))? (?P<bot>bot: )?(?P<text>.+)")
_ASSERTION = re.compile(
    r"(?P<no>not )?(?:(?P<tense>plan|past) )?(?:(?P<category>[a-z]+)/)?(?P<attribute>[a-z_]*)=(?P<value>.*?)"
    r"(?: @(?P<first>[\d-]*)(?:\.\.(?P<last>[\d-]+))?)?(?: \| (?P<statement>.+))?"
)
_EXPECTED = re.compile(r"(?P<plan>plan )?(?:(?P<attribute>[a-z_]+)=(?P<values>.+)|: (?P<words>.+))")
_TENSES = {None: Tense.PRESENT, "plan": Tense.FUTURE, "past": Tense.PAST}
_WHEN = {Tense.PRESENT: "", Tense.FUTURE: "Some day ", Tense.PAST: "Once "}
_SPOKEN = {
    "lives_in": "lives in",
    "lives_with": "lives with",
    "moved_to": "moved to",
    "works_at": "works at",
    "works_as": "works as",
    "studies": "studies",
    "studies_at": "studies at",
    "has_pet": "has a pet,",
    "has_child": "has a child,",
    "has_sibling": "has a sibling,",
    "owns": "owns",
    "acquired": "got",
    "likes": "likes",
    "dislikes": "dislikes",
    "wants": "wants",
    "partner": "is together with",
    "married_to": "is married to",
    "plans_to": "means to",
    "promises_to": "promises to",
    "visited": "visits",
    "lost": "lost",
    "speaks": "speaks",
    "plays": "plays",
    "learning": "is learning",
    "takes": "takes",
    "allergic_to": "is allergic to",
    "diagnosed_with": "is diagnosed with",
    "ill_with": "is ill with",
    "is_a": "is a",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """A fact that must or must not be current."""

    line: str

    def is_in(self, facts: Iterable[Fact]) -> bool:
        return any(self._matches(fact) for fact in facts)

    def _matches(self, fact: Fact) -> bool:
        part = _EXPECTED.fullmatch(self.line)
        if part is None:
            raise ValueError(f"this line expects nothing: {self.line}")
        if bool(part["plan"]) is not (fact.tense is Tense.FUTURE):
            return False
        if part["words"]:
            return not fact.attribute and part["words"] in fact.statement
        return fact.attribute == part["attribute"] and fact.value.lower() in part["values"].split("|")


@dataclass(frozen=True, slots=True)
class UpdateCase:
    """One case; ``assertions`` are in the order of the messages."""

    id: str
    theme: str
    language: str
    messages: tuple[Message, ...]
    assertions: tuple[Assertion, ...]
    now: tuple[Expected, ...]
    gone: tuple[Expected, ...]
    kept: tuple[Expected, ...]

    def failures(self, folded: Folded) -> list[str]:
        """What is wrong about an end state, in words; empty where it is right."""
        missing = [f"missing {e.line}" for e in self.now if not e.is_in(folded.facts)]
        still = [f"still {e.line}" for e in self.gone if e.is_in(folded.facts)]
        return [*missing, *still, *(f"wrongly retired {e.line}" for e in self.wrongly_retired(folded))]

    def wrongly_retired(self, folded: Folded) -> list[Expected]:
        return [e for e in self.kept if not e.is_in(folded.facts)]


def update_cases() -> list[UpdateCase]:
    """All cases, by theme."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in _cases(path)]


def _cases(path: Path) -> Iterator[UpdateCase]:
    for paragraph in path.read_text(encoding="utf-8").strip().split("\n\n"):
        yield _case(path.stem, paragraph.splitlines())


def _case(theme: str, lines: list[str]) -> UpdateCase:
    head = _HEAD.fullmatch(lines[0])
    if head is None:
        raise ValueError(f"{theme}: this is no name of a case: {lines[0]}")
    messages: list[Message] = []
    assertions: list[Assertion] = []
    expected: dict[str, tuple[Expected, ...]] = {"now": (), "gone": (), "kept": ()}
    for line in lines[1:]:
        word, _, rest = line.strip().partition(" ")
        if word == ">":
            assertions.append(_assertion(rest, messages[-1]))
        elif word in expected:
            expected[word] = tuple(Expected(item.strip()) for item in rest.split(";"))
        else:
            messages.append(_message(f"{head['id']}-{len(messages) + 1}", line.strip()))
    language = head["language"] or "en"
    return UpdateCase(head["id"], theme, language, tuple(messages), tuple(assertions), **expected)


def _message(point_id: str, line: str) -> Message:
    part = _MESSAGE.fullmatch(line)
    if part is None:
        raise ValueError(f"{point_id}: this is no message: {line}")
    return Message(
        bot_name=BOT,
        point_id=point_id,
        speaker=Speaker.BOT if part["bot"] else Speaker.USER,
        user_id=USER,
        at=datetime.fromisoformat(f"{part['day']}T{part['time'] or '12:00'}").replace(tzinfo=UTC),
        text=part["text"],
        scope=Scope.SHARED,
        content_hash="0" * 16,
    )


def _assertion(line: str, message: Message) -> Assertion:
    part = _ASSERTION.fullmatch(line)
    if part is None:
        raise ValueError(f"{message.point_id}: this is no assertion: {line}")
    attribute, value, tense = part["attribute"], part["value"], _TENSES[part["tense"]]
    text = message.text
    return Assertion(
        bot_name=message.bot_name,
        user_id=message.user_id,
        category=_category(part["category"], attribute),
        statement=(part["statement"] or _statement(attribute, value, tense)) + ".",
        attribute=attribute,
        value=value,
        polarity=Polarity.RETRACT if part["no"] else Polarity.AFFIRM,
        tense=tense,
        holds_from=date.fromisoformat(part["first"]) if part["first"] else None,
        holds_to=date.fromisoformat(part["last"]) if part["last"] else None,
        confidence=0.85,
        evidence=Evidence(message.point_id, 0, len(text), text, message.at, message.scope),
        rule="ideal",
    )


def _category(named: str | None, attribute: str) -> Category:
    if named:
        return Category(named)
    return ATTRIBUTES[attribute].category if attribute in ATTRIBUTES else Category.PERSONAL


def _statement(attribute: str, value: str, tense: Tense) -> str:
    spoken = _SPOKEN.get(attribute)
    told = f"{{user}} {spoken} {value}" if spoken else f"{{user}}'s {attribute.replace('_', ' ')}: {value}"
    return _WHEN[tense] + told
