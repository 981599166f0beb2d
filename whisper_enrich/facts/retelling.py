"""Whether a statement and its value are made of what a quote says: words, names, numbers and days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from whisper_enrich.facts import saying
from whisper_enrich.facts.attribute_words import words_for
from whisper_enrich.facts.mentioned_days import Day, days_mentioned, without_days
from whisper_enrich.facts.wording import (
    Words,
    covered_share,
    folded,
    missing_names,
    missing_values,
    missing_words,
    words_of,
)
from whisper_enrich.text import language as languages

# Their values are verbs, which read like imperatives.
ACTIVITIES = frozenset({"plans_to", "promises_to", "can", "learning", "hobby", "wants"})
# Their values may be reworded as far as the statement may.
_REWORDED = ACTIVITIES | {"event", "job_change", "thinks", "graduated"}
_YES_OR_NO = frozenset({"pregnant", "smokes", "drinks_alcohol"})
# So much of what the quote says must stand in a statement that takes words from elsewhere.
_OWN_SHARE = 0.85


@dataclass(frozen=True, slots=True)
class Retelling:
    """``statement``, with ``{user}``, and ``value`` under ``attribute``, told of ``quote``.

    ``asked`` is the question that the quote answers, "" without one; ``at`` the local time of the quote; ``before`` what its
    message and those before it say, to which it may refer; ``name`` the user's.
    """

    statement: str
    attribute: str
    value: str
    quote: str
    asked: str
    at: datetime
    before: Sequence[str]
    name: str
    language: str | None

    def flaw(self) -> str | None:
        """Why it does not come from the quote, None where it does."""
        return self._flaw_of_value() or self._flaw_of_statement()

    def days(self) -> list[Day]:
        """The days that the quote speaks of."""
        return days_mentioned(self._origin().text, self.at, self.language)

    def tells_most_of_the_quote(self) -> bool:
        """Whether the quote's own matter is in the statement, so that it may take a word from what is around."""
        return covered_share(self._origin(), self._told(self.statement)) >= _OWN_SHARE

    def _origin(self) -> Words:
        return words_of(f"{self.quote} {self.asked}" if self.asked else self.quote, self.language)

    def _told(self, statement: str) -> Words:
        return words_of(statement.replace("{user}", " user "), self.language)

    def _known(self) -> frozenset[str]:
        """Words that need no origin: the profile's name, and how the attribute is said."""
        return folded([self.name]) | words_for(self.attribute)

    def _flaw_of_statement(self) -> str | None:
        origin, known = self._origin(), self._known()
        statement = without_days(self.statement, self.days(), self.at)
        if statement is None:
            return "date_not_in_quote"
        told = self._told(statement)
        if missing_names(told, origin, known):
            return "name_not_in_quote"
        if told.numbers - origin.numbers - {"1"}:
            return "number_not_in_quote"
        if missing_words(told, origin, known) and not self._is_meant(told, origin, known):
            other = languages.detect(self.statement.replace("{user}", ""))
            foreign = other and self.language and other != self.language
            return "other_language" if foreign else "word_not_in_quote"
        return None

    def _is_meant(self, told: Words, origin: Words, known: frozenset[str]) -> bool:
        """Whether the quote refers to the words that it lacks, which its message or what was said before has."""
        if not saying.refers_back(self.quote) or not self.tells_most_of_the_quote():
            return False
        return not missing_words(told, words_of("\n".join([origin.text, *self.before]), self.language), known)

    def _flaw_of_value(self) -> str | None:
        """Why the value does not stand in the quote as it was answered, None where it does or is one of a closed set."""
        origin = self._origin()
        value = words_of(self.value, self.language)
        is_birthday = self.attribute == "birthday"
        if not is_birthday and value.numbers - origin.numbers - {"1"}:
            return "number_not_in_quote"
        if is_birthday and self.value and not self._is_birthday():
            return "value_not_in_quote"
        if self._is_free_value():
            return None
        if missing_values(value, origin, folded([self.name])) and not self._is_reworded(value, origin):
            return "value_not_in_quote"
        told = words_of(self.statement.replace("{user}", self.name), self.language)
        is_told = not value.tokens or len(missing_values(value, told)) < len(set(value.tokens))
        return None if is_told else "value_not_in_quote"

    def _is_reworded(self, value: Words, origin: Words) -> bool:
        """Whether the value of an activity says what the quote does in other free words."""
        if self.attribute not in _REWORDED or missing_words(value, origin, self._known()):
            return False
        return len(missing_values(value, origin)) < len(set(value.tokens))

    def _is_free_value(self) -> bool:
        """Whether the value is one of a closed set, or a day, so that it need not stand in the quote."""
        if self.attribute in _YES_OR_NO:
            return self.value in ("yes", "no", "")
        return self.attribute == "birthday" and self._is_birthday()

    def _is_birthday(self) -> bool:
        days = self.days()
        return any(day.first == day.last and day.first and f"{day.first:%m-%d}" == self.value[-5:] for day in days)
