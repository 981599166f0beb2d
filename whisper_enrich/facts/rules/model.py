"""What a rule is, and the small language in which its pattern is written.

Patterns are regular expressions on one clause in readable form (`clauses.Clause.text`), matched from its start, letter
case ignored. Names in braces stand for what they say:

    {I}    I, with adverbs          {Im}   I'm, with adverbs        {Ive}  I, I've or I'd, with adverbs
    {we}   I or we, with adverbs    {were} I'm or we're             {weve} I, we, with have or not
    {my}   my                       {adv}  adverbs, or none         {x}    the value: what follows
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from whisper_enrich.facts.model import Category, Polarity, Tense

_ADVERBS = (
    r"(?:(?:just|also|really|still|always|already|even|finally|recently|actually|currently|now|so|very|quite|pretty"
    r"|totally"
    r"|absolutely|definitely|honestly|kinda|kind of|sort of|super|only|mostly|usually|often|sometimes|literally"
    r"|officially"
    r"|basically|truly|genuinely|especially|generally|probably|particularly|most of the time|lowkey|deeply|both|all"
    r"|originally|actively|secretly|proudly|once|simply|sure|do|did|have to say i|must say i|gotta say i)\s+){0,3}"
)
_MACROS = {
    "I": rf"i {_ADVERBS}",
    "Im": rf"(?:i'm|i am|i was|i've been|i have been) {_ADVERBS}",
    "Ive": rf"(?:i|i've|i have|i had|i'd) {_ADVERBS}",
    "we": rf"(?:i|we|(?:me|i|my \w+) and (?:i|me|my \w+|\w+)|my family) {_ADVERBS}",
    "were": rf"(?:i'm|i am|we're|we are|my \w+ and i are) {_ADVERBS}",
    "weve": rf"(?:(?:i|we|my \w+ and i)(?:'ve| have|'d| had)?|my family(?: has)?) {_ADVERBS}",
    "my": r"my ",
    "adv": _ADVERBS,
    "x": r"(?P<value>.+)",
}
_MACRO = re.compile(r"\{(I|Im|Ive|we|were|weve|my|adv|x)\}")


class Cut(StrEnum):
    """Where a value ends: see `values.cut`."""

    NOUN = "noun"
    PLACE = "place"
    ACTIVITY = "activity"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Also:
    """A further assertion that follows from the same words, in the present: "I moved to Leeds" tells where one lives.

    ``only_news``: it follows only where the clause tells of something recent.
    """

    attribute: str
    value: str = ""
    statement: str = ""
    polarity: Polarity = Polarity.AFFIRM
    only_news: bool = True


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern and what it asserts.

    ``triggers``: the rule is tried only on clauses with one of these words.
    ``statement``: in the first person, with ``{value}`` and other groups of the pattern; None takes the clause itself.
    ``value``: a constant or a template over the groups; None takes the group ``value``.
    ``tense``: None takes the clause's.
    ``when_negated``: what "I don't", "I'm no longer" make of it; None: the rule does not know negation.
    ``cut``: where the value ends. ``accepts``: a test of the cut value. ``refuses``: how a value begins that is none.
    ``unless``: an expression that must not occur in the clause. ``needs``: one that must.
    ``lists``: "tea, coffee and milk" are three values; only for rules with a statement.
    ``dated``: relative dates in the statement are resolved.
    ``also``: what follows besides.
    """

    name: str
    category: Category
    pattern: str
    triggers: str | frozenset[str]
    attribute: str = ""
    statement: str | None = None
    value: str | None = None
    tense: Tense | None = None
    polarity: Polarity = Polarity.AFFIRM
    when_negated: Polarity | None = None
    cut: Cut = Cut.NOUN
    accepts: Callable[[str], bool] | None = None
    refuses: str = ""
    min_words: int = 1
    lists: bool = False
    also: tuple[Also, ...] = ()
    unless: str = ""
    needs: str = ""
    dated: bool = True
    max_words: int = 8

    def compiled(self) -> re.Pattern[str]:
        """The pattern as a regular expression."""
        return re.compile(_MACRO.sub(lambda match: _MACROS[match[1]], self.pattern), re.IGNORECASE)

    def trigger_words(self) -> frozenset[str]:
        """The words by one of which a clause must show that the rule may match."""
        words = self.triggers if isinstance(self.triggers, frozenset) else self.triggers.split()
        return frozenset(part for word in words for part in word.split("-"))


#: For `Rule.unless`: said to the addressee or about them.
ADDRESSED = r"\b(?:you|your|yours|yourself|u|ur|ya|y'all)\b"


def either(words: Iterable[str]) -> str:
    """An alternation of literal words, longest first; a hyphen may be written as a space or left out."""
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return "(?:" + "|".join(re.escape(word).replace(r"\-", "[- ]?") for word in longest_first) + ")"
