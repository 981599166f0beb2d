"""What of a model's answer rests on what the user said. Nothing is taken on trust; what fails is counted by reason.

For each fact: its line is one of the user's messages; its quote stands there (`quoting`), said as true (`asserted`) and no
instruction to the bot (`directives`); names, numbers and dates of statement and value come from the quote, the value's
words too, and the statement's other words (`wording`). Words alone may come from what the quote refers to ("he", "there",
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
from whisper_enrich.facts.addressing import is_addressed
from whisper_enrich.facts.asked import FactItem, FactsPart
from whisper_enrich.facts.attributes import ATTRIBUTES, normalise
from whisper_enrich.facts.directives import is_about_the_bot, is_code, is_order, is_tampering
from whisper_enrich.facts.mentioned_days import Day, days_mentioned, without_days
from whisper_enrich.facts.model import Assertion, Evidence, Extraction, Outcome, Polarity, Question
from whisper_enrich.facts.quoting import find_quote
from whisper_enrich.facts.wording import (
    Words,
    covered_share,
    fold,
    folded,
    missing_names,
    missing_values,
    missing_words,
    words_of,
)
from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.text import language

MAX_STATEMENT = 500
MAX_QUOTE = 600
MAX_VALUE = 200
MAX_PER_MESSAGE = 12
MAX_CONFIDENCE = 0.95
MIN_CONFIDENCE = 0.05
# So much of what the quote says must stand in a statement that takes words from elsewhere.
_OWN_SHARE = 0.85
_CONTEXT = 12

# Their values are verbs, which read like imperatives.
_ACTIVITIES = frozenset({"plans_to", "promises_to", "can", "learning", "hobby", "wants"})
_YES_OR_NO = frozenset({"pregnant", "smokes", "drinks_alcohol"})
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
# What a statement may call a value by its attribute.
_NOUNS = {
    "has_pet": "pet",
    "has_child": "child",
    "has_sibling": "sibling",
    "has_relative": "relative",
    "has_friend": "friend",
} | {
    name: name
    for name in ("partner", "name", "age", "birthday", "hobby", "nationality", "religion", "diet", "pronouns")
}
# Such a sentence lays down how things are, whoever is named in it.
_OF_ANYTHING = re.compile(
    r"(?:it(?!(?:\W+(?!until|when|if)\w+){0,4}\W+\0)|when\w*|what\w*"
    r"|everything|everyone|everybody|all|any\w*|nobody|no one|yes|no|repl(?:y|ies)|if|whoever|the (?:robot|system)"
    r"|machines?|bots?)\b|['\"“‘]",
    re.IGNORECASE,
)


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
        self._check_value()
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
        if "\0" not in statement or not _WORD.search(statement.replace("\0", "")) or _OF_ANYTHING.match(statement):
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
        value = "" if self.item.attribute in _ACTIVITIES else self.value
        asked = [self.question[1]] if self.question else []
        told = self._with_roles(self.statement)
        if (
            any(map(is_tampering, (text, told, *asked)))
            or any(map(is_order, (*map(self._with_roles, said), told, value)))
            or any(map(is_about_the_bot, (told, self.value)))
            or is_code(self.value)
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

    def _known(self) -> frozenset[str]:
        """Words that need no origin: the profile's name, and the noun of the attribute."""
        return folded([self.chunk.user_name, _NOUNS.get(self.item.attribute, "")])

    def _origin(self) -> Words:
        text = self.quote if self.question is None else f"{self.quote} {self.question[1]}"
        return words_of(text, self.language)

    def _check_value(self) -> None:
        """The value stands in the quote as it was answered, or is one of a closed set."""
        origin, name = self._origin(), folded([self.chunk.user_name])
        value = words_of(self.value, origin.language)
        if self._value_numbers(value) - origin.numbers - {"1"}:
            raise _Unfounded("number_not_in_quote")
        if self.item.attribute == "birthday" and self.value and not self._is_birthday():
            raise _Unfounded("value_not_in_quote")
        if not self._free_value() and missing_values(value, origin, name):
            raise _Unfounded("value_not_in_quote")
        if not self._value_is_told(words_of(self.statement.replace("{user}", self.chunk.user_name), origin.language)):
            raise _Unfounded("value_not_in_quote")

    def _check_words(self) -> list[Day]:
        """The statement comes from the quote; else from its sentence, to which the quote is then widened. Days of it."""
        reason, days = self._words_missing()
        if reason is not None:
            said = self._origin()
            told = words_of(self.statement.replace("{user}", " user "), said.language)
            around = saying.sentence_bounds(self.message.text, self.start, self.end)
            wider = around != (self.start, self.end) and around[1] - around[0] <= MAX_QUOTE and self.question is None
            if wider and covered_share(said, told) >= _OWN_SHARE:
                self.start, self.end = around
                wide_reason, days = self._words_missing()
                if wide_reason is None:
                    return days
            raise _Unfounded(reason)
        return days

    def _value_is_told(self, told: Words) -> bool:
        """Whether the statement speaks of the value at all."""
        value = words_of(self.value, told.language)
        return self._free_value() or not value.tokens or len(missing_values(value, told)) < len(set(value.tokens))

    def _words_missing(self) -> tuple[str | None, list[Day]]:
        """Why the statement does not come from the quote, None where it does; and the days that the quote speaks of."""
        origin, name = self._origin(), self._known()
        at = self.message.at.astimezone(self.chunk.zone)
        days = days_mentioned(origin.text, at, self.language)
        statement = without_days(self.statement, days, at)
        if statement is None:
            return "date_not_in_quote", days
        told = words_of(statement.replace("{user}", " user "), origin.language)
        if missing_names(told, origin, name):
            return "name_not_in_quote", days
        if told.numbers - origin.numbers - {"1"}:
            return "number_not_in_quote", days
        if missing_words(told, origin, name) and not self._meant(told, origin, name):
            other = language.detect(self.statement.replace("{user}", ""))
            foreign = other and self.language and other != self.language
            return "other_language" if foreign else "word_not_in_quote", days
        return None, days

    def _value_numbers(self, value: Words) -> frozenset[str]:
        return frozenset() if self.item.attribute == "birthday" else value.numbers

    def _free_value(self) -> bool:
        """Whether the value is one of a closed set, or a day, so that it need not stand in the quote."""
        if self.item.attribute in _YES_OR_NO:
            return self.value in ("yes", "no", "")
        return self.item.attribute == "birthday" and self._is_birthday()

    def _is_birthday(self) -> bool:
        at = self.message.at.astimezone(self.chunk.zone)
        days = days_mentioned(self._origin().text, at, self.language)
        return any(day.first == day.last and day.first and f"{day.first:%m-%d}" == self.value[-5:] for day in days)

    def _meant(self, told: Words, origin: Words, name: frozenset[str]) -> bool:
        """Whether the quote refers to the words that it lacks, which its message or what was said before has."""
        whole = words_of(self.statement.replace("{user}", " user "), origin.language)
        if not saying.refers_back(self.quote) or covered_share(origin, whole) < _OWN_SHARE:
            return False
        texts = [self.message.text, *(message.text for message in self._before())]
        wider = words_of("\n".join([origin.text, *texts]), origin.language)
        return not missing_words(told, wider, name)

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
            statement, self.item.attribute, self.quote, self.value
        ):
            raise _Unfounded("turned_round")
        if saying.is_about_another(self.statement, self.quote):
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
