"""What of a model's answer rests on what the user said. Nothing is taken on trust; what fails is counted by reason.

For each fact: its line is one of the user's messages; its quote stands there (`quoting`), said as true (`asserted`) and no
instruction to the bot (`directives`); names, numbers and dates of statement and value come from the quote, the value's
words too, and the statement's other words (`retelling`). Words alone may come from what the quote refers to ("he", "there",
a sentence without a subject): names and numbers may not. A bare yes or no is read together with the bot's question
directly before it. Negation and liking stay what they are in the quote.

Reasons: ``no_such_line``, ``not_the_user``, ``quote_not_found``, ``quote_too_long``, ``instruction``, ``not_asserted``,
``not_their_words``, ``no_question``, ``not_about_the_user``, ``about_another``, ``statement_too_long``, ``name_not_in_quote``,
``number_not_in_quote``, ``date_not_in_quote``, ``value_not_in_quote``, ``word_not_in_quote``, ``other_language``,
``turned_round`` (negation or liking), ``too_many``, ``duplicate``.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from whisper_enrich.facts import saying
from whisper_enrich.facts.addressing import is_addressed, is_rule_as_value
from whisper_enrich.facts.asked import FactItem, FactsPart
from whisper_enrich.facts.attributes import ATTRIBUTES, normalise
from whisper_enrich.facts.directives import is_about_the_bot, is_code, is_order, is_tampering, tells_what_the_bot_does
from whisper_enrich.facts.mentioned_days import Day
from whisper_enrich.facts.model import Assertion, Evidence, Extraction, Outcome, Polarity, Question
from whisper_enrich.facts.quoting import find_quote
from whisper_enrich.facts.retelling import ACTIVITIES, Retelling
from whisper_enrich.facts.whose import is_about_another
from whisper_enrich.facts.wording import fold
from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.text import language

MAX_STATEMENT = 500
MAX_QUOTE = 600
MAX_PER_MESSAGE = 12
MAX_CONFIDENCE = 0.95
MIN_CONFIDENCE = 0.05
_CONTEXT = 12

_PERSON = re.compile(
    r"^(?:(?i:the |der |de |el |l'|le |il |o )?(?i:user|nutzer|benutzer|utilisateur|usuario|utente|gebruiker)\b"
    r"|U\b)(?!/)"
)
_WORD = re.compile(r"\w")
_FAMILIES = (
    frozenset({"es", "pt", "it", "fr", "ro", "ca"}), frozenset({"sv", "da", "no"}), frozenset({"nl", "de"}),
    frozenset({"ru", "uk", "bg", "sr", "be", "mk"}), frozenset({"pl", "cs"}),
)  # fmt: skip
_TOO_SHORT_TO_TELL = 5
_IDEOGRAPH = re.compile("[\u3040-\u30ff\u3400-\u9fff]")


@dataclass(frozen=True, slots=True)
class Grounding:
    """``extractions`` has one entry for every message of the user in the chunk; ``rejected`` counts facts by reason."""

    extractions: dict[str, Extraction]
    rejected: Counter[str]


class _Unfounded(Exception):
    """A fact that is not to be stored; its text is the reason."""


def ground(part: FactsPart, chunk: Chunk, *, rule: str, unmask: Callable[[str], str]) -> Grounding:
    """The facts of ``part`` that the messages of ``chunk`` bear out, as assertions by ``rule``.

    ``unmask`` puts back what was masked in the transcript. An answer about nothing gives `Outcome.NO_FACTS` everywhere;
    raises nothing for any part.
    """
    found: dict[str, list[Assertion]] = {m.point_id: [] for m in chunk.messages if m.speaker is Speaker.USER}
    rejected: Counter[str] = Counter()
    for item in part.facts:
        try:
            new = _Item(item, chunk, unmask).assertion(rule)
            _add(found[new.evidence.point_id], new)
        except _Unfounded as reason:
            rejected[str(reason)] += 1
    extractions = {m.point_id: _extraction(m, found[m.point_id]) for m in chunk.messages if m.speaker is Speaker.USER}
    return Grounding(extractions, rejected)


def _common_language(said: str, told: str) -> str | None:
    """That of the message; None where message and statement look like two languages that short texts are taken for."""
    found, other = language.detect(said), language.detect(told)
    if found is None or other is None or found == other:
        return found or other
    mistaken = found == "en" and len(said.split()) <= _TOO_SHORT_TO_TELL
    return None if mistaken or any({found, other} <= family for family in _FAMILIES) else found


def _extraction(message: Message, assertions: list[Assertion]) -> Extraction:
    ordered = tuple(sorted(assertions, key=lambda a: (a.evidence.start, a.evidence.end, a.statement)))
    outcome = Outcome.FACTS if ordered else Outcome.NO_FACTS
    return Extraction(message.point_id, outcome, ordered, language.detect(message.text))


def _add(known: list[Assertion], new: Assertion) -> None:
    """Add it, or merge it into one that says the same, of which the surer remains."""
    for place, other in enumerate(known):
        same_value = new.attribute and new.value and (other.attribute, other.value) == (new.attribute, new.value)
        if other.polarity is new.polarity and (same_value or fold(other.statement) == fold(new.statement)):
            known[place] = max(other, new, key=lambda a: a.confidence)
            raise _Unfounded("duplicate")
    if len(known) >= MAX_PER_MESSAGE:
        raise _Unfounded("too_many")
    known.append(new)


class _Item:
    """One fact on its way to an assertion."""

    def __init__(self, item: FactItem, chunk: Chunk, unmask: Callable[[str], str]) -> None:
        self.item = item
        self.chunk = chunk
        self.message = self._message()
        self.start, self.end = self._place(unmask(item.quote))
        self.question = self._question()
        self.statement = self._statement(unmask(item.statement))
        told = self.statement.replace("{user}", "")
        self.language = _common_language(self.message.text, told)
        self.value = normalise(unmask(item.value).replace("{user}", chunk.user_name))

    @property
    def quote(self) -> str:
        return self.message.text[self.start : self.end]

    def assertion(self, rule: str) -> Assertion:
        self._refuse_instructions()
        self._refuse_what_is_not_asserted()
        days = self._check_words()
        self._check_sense()
        attribute = self._attribute()
        holds_from, holds_to = self._holds(days)
        return Assertion(
            bot_name=self.chunk.bot_name,
            user_id=self.chunk.user_id,
            category=ATTRIBUTES[attribute].category if attribute else self.item.category,
            statement=self.statement,
            attribute=attribute,
            value=self.value,
            polarity=self.item.polarity,
            tense=self.item.tense,
            holds_from=holds_from,
            holds_to=holds_to,
            confidence=min(MAX_CONFIDENCE, max(MIN_CONFIDENCE, self.item.confidence)),
            evidence=Evidence(
                self.message.point_id,
                self.start,
                self.end,
                self.quote,
                self.message.at,
                self.message.scope,
                self._asked(),
            ),
            rule=rule,
        )

    # -- where it was said ---------------------------------------------------------------------------------------------

    def _message(self) -> Message:
        message = self.chunk.line(self.item.line)
        if message is None:
            raise _Unfounded("no_such_line")
        if message.speaker is not Speaker.USER or message.user_id != self.chunk.user_id:
            raise _Unfounded("not_the_user")
        return message

    def _place(self, quote: str) -> tuple[int, int]:
        if len(quote) > MAX_QUOTE:
            raise _Unfounded("quote_too_long")
        place = find_quote(quote, self.message.text)
        if place is None:
            raise _Unfounded("quote_not_found")
        return place

    def _question(self) -> tuple[Message, str] | None:
        """The bot's message directly before a bare yes or no, and what it asks."""
        if not saying.is_bare_answer(self.quote):
            return None
        place = self.item.line - 2
        before = self.chunk.messages[place] if place >= 0 else next(reversed(self.chunk.context), None)
        given = self.item.question_line
        if before is None or before.speaker is not Speaker.BOT or (given is not None and given != place + 1):
            raise _Unfounded("no_question")
        asked = saying.question_in(before.text)
        if asked is None:
            raise _Unfounded("no_question")
        return before, asked

    def _asked(self) -> Question | None:
        return Question(self.question[0].point_id, self.question[1]) if self.question else None

    # -- what is said --------------------------------------------------------------------------------------------------

    def _statement(self, statement: str) -> str:
        """With ``{user}`` wherever the person is named, on one line."""
        statement = " ".join("".join(c if c.isprintable() else " " for c in statement).split())
        if is_code(statement):
            raise _Unfounded("instruction")
        statement = statement.replace("{user}", "\0")
        name = self.chunk.user_name
        if _WORD.search(name):
            statement = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "\0", statement)
        if "\0" not in statement:
            statement = _PERSON.sub("\0", statement, count=1)
        if "\0" not in statement or not _WORD.search(statement.replace("\0", "")):
            raise _Unfounded("not_about_the_user")
        if len(statement.replace("\0", name)) > MAX_STATEMENT or len(statement) > MAX_STATEMENT:
            raise _Unfounded("statement_too_long")
        statement = statement.replace("\0", "{user}")
        statement = statement[0].upper() + statement[1:]
        if statement[-1] in ".!。":
            return statement
        return statement + ("。" if _IDEOGRAPH.match(statement[-1]) else ".")

    def _refuse_instructions(self) -> None:
        text = self.message.text
        said = saying.sentences_about(f"{self.statement} {self.value}", self.quote)
        if not saying.names_its_writer(self.quote):
            said.append(saying.sentence_around(text, self.start, self.end))
        value = "" if self.item.attribute in ACTIVITIES else self.value
        asked = [self.question[1]] if self.question else []
        told = self._with_roles(self.statement)
        if (
            any(map(is_tampering, (text, told, *asked)))
            or any(map(is_order, (*map(self._with_roles, said), told, value)))
            or any(map(is_about_the_bot, (told, self.value)))
            or tells_what_the_bot_does(self._with_roles(saying.sentence_around(text, self.start, self.end)))
            or is_code(self.value)
            or is_rule_as_value(self.item.attribute, self.value.replace(fold(self.chunk.user_name), "{user}"))
            or is_addressed(self.statement, self.quote, self.item.attribute, self.language)
            or saying.speaks_for(self.chunk.bot_display_name, text)
        ):
            raise _Unfounded("instruction")

    def _with_roles(self, text: str) -> str:
        """The bot's name read as "the bot"; the user has one that is no word of any rule."""
        name = self.chunk.bot_display_name
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", "the bot", text) if _WORD.search(name) else text
        return text.replace("{user}", "Ana")

    def _refuse_what_is_not_asserted(self) -> None:
        if not saying.is_own_writing(self.message.text, self.start, self.end):
            raise _Unfounded("not_their_words")
        covered = self.language is None or self.language in language.COVERED
        if not saying.is_asserted(
            self.message.text, self.start, self.end, english=covered, joking=self.item.polarity is Polarity.RETRACT
        ):
            raise _Unfounded("not_asserted")

    # -- what it is made of --------------------------------------------------------------------------------------------

    def _check_words(self) -> list[Day]:
        """Value and statement come from the quote; else from what is around it, to which the quote is then widened.

        Returns the days that it speaks of.
        """
        told = self._retelling()
        flaw = told.flaw()
        if flaw is None:
            return told.days()
        if self.question is None and told.tells_most_of_the_quote():
            narrow = self.start, self.end
            for first, last in self._wider():
                self.start, self.end = first, last
                told = self._retelling()
                if told.flaw() is None and self._holds_wider():
                    return told.days()
            self.start, self.end = narrow
        raise _Unfounded(flaw)

    def _retelling(self) -> Retelling:
        return Retelling(
            statement=self.statement,
            attribute=self._attribute(),
            value=self.value,
            quote=self.quote,
            asked=self.question[1] if self.question else "",
            at=self.message.at.astimezone(self.chunk.zone),
            before=[self.message.text, *(message.text for message in self._before())],
            name=self.chunk.user_name,
            language=self.language,
        )

    def _wider(self) -> list[tuple[int, int]]:
        """The sentences that the quote touches, and the whole message, as far as they are larger and not too long."""
        text = self.message.text
        whole = (len(text) - len(text.lstrip()), len(text.rstrip()))
        places = [saying.sentence_bounds(text, self.start, self.end), whole]
        return [p for p in dict.fromkeys(places) if p != (self.start, self.end) and p[1] - p[0] <= MAX_QUOTE]

    def _holds_wider(self) -> bool:
        try:
            self._refuse_instructions()
            self._refuse_what_is_not_asserted()
        except _Unfounded:
            return False
        return True

    def _before(self) -> list[Message]:
        """The user's latest messages, and the bot's directly before."""
        earlier = [*self.chunk.context, *self.chunk.messages[: self.item.line - 1]][-_CONTEXT:]
        return [m for i, m in enumerate(earlier) if m.speaker is Speaker.USER or i == len(earlier) - 1]

    def _check_sense(self) -> None:
        statement = self.statement.replace("{user}", "user")
        if self.question is not None:
            if (
                not saying.agrees_with_answer(statement, self.quote, self.question[1])
                and self.item.polarity is Polarity.AFFIRM
            ):
                raise _Unfounded("turned_round")
            return
        if self.item.polarity is Polarity.AFFIRM and saying.is_turned_round(
            statement, self.item.attribute, self.quote, self.value, self.language
        ):
            raise _Unfounded("turned_round")
        first, _ = saying.sentence_bounds(self.message.text, self.start, self.end)
        if is_about_another(self.statement, self.item.attribute, self.quote, self.message.text[first : self.end]):
            raise _Unfounded("about_another")

    def _attribute(self) -> str:
        attribute = self.item.attribute.strip()
        known = attribute in ATTRIBUTES and (self.value or self.item.polarity is Polarity.RETRACT)
        return attribute if known else ""

    def _holds(self, days: list[Day]) -> tuple[date | None, date | None]:
        """The days as answered where the quote speaks of days that bear them out; without any, nothing was said of them."""
        first, last = self.item.holds_from, self.item.holds_to
        said_on = self.message.at.astimezone(self.chunk.zone).date()
        if not days:
            return (said_on if first == said_on else None), None
        for answered in (first, last):
            if answered is not None and answered != said_on and not any(day.covers(answered) for day in days):
                raise _Unfounded("date_not_in_quote")
        if first and last and first > last:
            raise _Unfounded("date_not_in_quote")
        return first, last
