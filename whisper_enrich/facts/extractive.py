"""The extractive engine: facts about a user from one of their messages, by rules, without a model.

It looks at one message alone, so that its result depends on nothing else. In order: whose message is it, is its language
covered, which clauses assert something (`clauses`), which rules match them (`rules`), and, where none does, whether the
clause is worth keeping in its own words (`fallback`). What orders, or is about the bot, gives no fact, and a message that
tampers with the system none at all (`hostile`). Statements are third person with ``{user}``, relative dates resolved behind
their phrase.
"""

from __future__ import annotations

from dataclasses import dataclass

from whisper_enrich.facts import confidence, fallback
from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.clauses import Clause, clauses
from whisper_enrich.facts.dates import DateSpan, find_dates, with_dates
from whisper_enrich.facts.hostile import gives_an_order, is_hostile
from whisper_enrich.facts.matching import Draft, drafts
from whisper_enrich.facts.model import Assertion, Evidence, Extraction, Outcome, Polarity, Tense
from whisper_enrich.facts.small_talk import is_pep_talk
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.text import language
from whisper_enrich.text.third_person import to_third_person

ENGINE_VERSION = "extractive-2"

MAX_STATEMENT = 500
MAX_PER_MESSAGE = 4
#: The general rule fills a message up to this many facts.
MAX_WITH_GENERAL = 2


@dataclass(frozen=True, slots=True)
class _Reading:
    """A clause and what the rules made of it; ``interest`` is that of the clause in its own words."""

    clause: Clause
    dates: list[DateSpan]
    drafts: list[Draft]
    interest: float


def extract(message: Message) -> Extraction:
    """What ``message`` says about its user. Deterministic; raises nothing for any text."""
    if message.speaker is not Speaker.USER:
        return Extraction(message.point_id, Outcome.NOT_THE_USER, ())
    detected = language.detect(message.text)
    if detected is not None and detected not in language.COVERED:
        return Extraction(message.point_id, Outcome.NOT_COVERED, (), detected)
    assertions = _assertions(message)
    if assertions and is_hostile(message.text):
        assertions = ()
    return Extraction(message.point_id, Outcome.FACTS if assertions else Outcome.NO_FACTS, assertions, detected)


def _assertions(message: Message) -> tuple[Assertion, ...]:
    readings = [_read(clause, message) for clause in clauses(message.text, message.at)]
    found: list[Assertion] = []
    for reading in readings:
        for draft in reading.drafts:
            _add(found, _assertion(draft, reading, message))
    found = found[:MAX_PER_MESSAGE]
    rest = [reading for reading in readings if not reading.drafts and reading.interest >= fallback.MIN_INTEREST]
    rest.sort(key=lambda reading: (-reading.interest, reading.clause.start))
    for reading in rest[: max(0, MAX_WITH_GENERAL - len(found))]:
        _add(found, _assertion(_general(reading.clause), reading, message))
    return tuple(sorted(found, key=lambda assertion: assertion.evidence.start))


def _read(clause: Clause, message: Message) -> _Reading:
    if is_pep_talk(clause.text):
        return _Reading(clause, [], [], 0.0)
    dates = find_dates(clause.text, message.at, clause.tense)
    return _Reading(clause, dates, drafts(clause, dates), fallback.interest(clause))


def _general(clause: Clause) -> Draft:
    return Draft(fallback.rule(clause), fallback.category(clause), None, "", "", Polarity.AFFIRM, clause.tense)


def _add(found: list[Assertion], new: Assertion | None) -> None:
    """A message says a thing once: by its statement, and by its value where it has one."""
    if new is None:
        return
    for known in found:
        same_statement = known.statement == new.statement and (
            known.attribute == new.attribute or new.polarity is Polarity.AFFIRM
        )
        same_value = new.value and (known.attribute, known.value) == (new.attribute, new.value)
        if known.polarity is new.polarity and (same_statement or same_value):
            return
    found.append(new)


def _assertion(draft: Draft, reading: _Reading, message: Message) -> Assertion | None:
    clause = reading.clause
    statement = _statement(draft, clause, message)
    if len(statement) > MAX_STATEMENT or "{user}" not in statement:
        return None
    if gives_an_order(clause.text, statement, draft.attribute, draft.value):
        return None
    held = reading.dates[0] if reading.dates else None
    return Assertion(
        bot_name=message.bot_name,
        user_id=message.user_id,
        category=draft.category,
        statement=statement,
        attribute=draft.attribute,
        value=draft.value,
        polarity=draft.polarity,
        tense=draft.tense,
        holds_from=held.first if held else None,
        holds_to=held.last if held and not _goes_on(draft) else None,
        confidence=confidence.of_rule(draft.rule),
        evidence=Evidence(
            point_id=message.point_id,
            start=clause.start,
            end=clause.end,
            quote=message.text[clause.start : clause.end],
            said_at=message.at,
            scope=message.scope,
        ),
        rule=draft.rule,
    )


def _goes_on(draft: Draft) -> bool:
    """Whether the date is that of a beginning: who moved this month still lives there next month."""
    attribute = ATTRIBUTES.get(draft.attribute)
    return draft.tense is Tense.PRESENT and attribute is not None and attribute.single_valued


def _statement(draft: Draft, clause: Clause, message: Message) -> str:
    first_person = " ".join((draft.statement or clause.text).split()).rstrip(" .!")
    text = to_third_person(first_person, "{user}")
    if draft.dated:
        text = with_dates(text, find_dates(text, message.at, clause.tense))
    return text[0].upper() + text[1:] + "."
