"""From words to roles: what each stretch of a sentence may be in the grammar, in the language of the sentence.

A role is a letter. Those of words:

====  ==================================================  ====  ===================================================
D     day by its distance from today ("yesterday": -1)    N     such a day with its part (Spanish "anoche")
T     part of today ("tonight")                           p ψ   part of a day, parts
w W   weekday, weekdays (Monday is 0)                     v     short weekday, which needs a word before it
ω     weekday with its part (German "Freitagabend")       m M   month; one whose name is also another word
s     season                                              h     holiday
u V   unit, units                                         n     number, as (least, most)
K     number with its unit                                o Z   ordinal; "second"
c     time of day in minutes                              H     "am", "pm" or "o'clock"
l ρ   last: before, after its noun (value: how many)      x ν   next: before, after its noun
L     past, which counts back from now                    t     this
a A   ago: after, before its number                       z     from now
i j   in, during; on, at                                  k     of
S U   since, until                                        F B   after, before
f π   from, to                                            b η   between, and
O     or                                                  d G   the; my, your
E e   early, mid, late; beginning, middle, end            α λ   around; about
r     every                                               Ω     "on" of "from Monday on"
κ     before a day in figures (German "am 3.")            τ     this time (last year)
σ     vague time                                          X     nothing
β     something personal with a date (an anchor)
====  ==================================================  ====  ===================================================

Those of figures and marks: φ ordinal in figures, y year, Y decade, Q quarter, I date, J year and month, ζ comma, δ full stop,
ε any other mark, Σ the "'s" of an owner. Those of what the grammar has understood: P span, C hours of a day, R result.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from whisper_enrich.hot_path.time_phrases.tokens import Item, Token, figure

LANGUAGES = ("english", "german", "french", "spanish", "portuguese", "italian")
_MARKS = {",": "ζ", ".": "δ", "-": "π", "–": "π", "—": "π"}
_OTHER_SETS = ("n", "ny", "c", "oφ", "Y", "Q", "I", "J", "ζ", "δ", "ε", "π", "P", "C", "R", "X", "β", "Σ")
_FIRST_LETTER = 0xE000


@dataclass(frozen=True, eq=False)
class Language:
    """The words of a language. ``letters`` has one character for each set of roles that a word or figure can have."""

    name: str
    phrases: Mapping[str, Sequence[tuple[tuple[str, ...], Mapping[str, Any]]]]
    words: frozenset[str]
    ahead: re.Pattern[str]
    behind: re.Pattern[str]
    first: re.Pattern[str]
    latest: re.Pattern[str]
    letters: Mapping[frozenset[str], str]

    def letter(self, item: Item) -> str:
        return self.letters[frozenset(item.roles)]

    def expanded(self, pattern: str) -> str:
        """``pattern`` over roles as one over letters: a role stands for all letters of which it is one."""
        out: list[str] = []
        inside = False
        for char in pattern:
            if char.isalpha():
                found = "".join(letter for roles, letter in self.letters.items() if char in roles)
                out.append(found if inside else f"[{found}]" if found else r"[^\s\S]")
                continue
            inside = char == "[" or (inside and char != "]")
            out.append(char)
        return "".join(out).replace("[]", r"[^\s\S]")


@lru_cache(maxsize=len(LANGUAGES))
def language(name: str) -> Language:
    """The language called ``name`` in English; its words are read at the first call."""
    module = importlib.import_module(f"{__package__}.words_{name}")
    phrases: dict[tuple[str, ...], dict[str, Any]] = {}
    for role, value, written in module.WORDS:
        for phrase in written.split(" | "):
            phrases.setdefault(tuple(phrase.split()), {})[role] = value
    by_first: dict[str, list[tuple[tuple[str, ...], Mapping[str, Any]]]] = {}
    for words, roles in sorted(phrases.items(), key=lambda each: -len(each[0])):
        by_first.setdefault(words[0], []).append((words, roles))
    role_sets = {frozenset(roles) for roles in phrases.values()} | {frozenset(roles) for roles in _OTHER_SETS}
    letters = {
        roles: chr(_FIRST_LETTER + number)
        for number, roles in enumerate(sorted(role_sets, key=lambda each: sorted(each)))
    }
    single = frozenset(words[0] for words, roles in phrases.items() if len(words) == 1 and "X" not in roles)
    cues = (re.compile(each) for each in (module.AHEAD, module.BEHIND, module.FIRST, module.LATEST))
    return Language(name, by_first, single | frozenset(module.STOP_WORDS.split()), *cues, letters)


def likely_languages(tokens: Sequence[Token]) -> list[Language]:
    """The languages that know most of the words; English alone where it is among them.

    One that knows fewer than the best is left out: it would take a word of another language for one of its own.
    """
    words = [token.word for token in tokens if token.sort == "word"]
    known = {name: sum(word in language(name).words for word in words) for name in LANGUAGES}
    best = max(known.values())
    if known["english"] == best:
        return [language("english")]
    return [language(name) for name, count in known.items() if count == best]


def items(tokens: Sequence[Token], words: Language, anchors: Mapping[tuple[str, ...], str]) -> list[Item]:
    """What the tokens may be, the longest phrase first."""
    found: list[Item] = []
    at = 0
    while at < len(tokens):
        item, length = _item_at(tokens, at, words, anchors)
        found.append(item)
        at += length
    return found


def _item_at(
    tokens: Sequence[Token], at: int, words: Language, anchors: Mapping[tuple[str, ...], str]
) -> tuple[Item, int]:
    token = tokens[at]
    own = next((phrase for phrase in anchors if _matches(tokens, at, phrase)), ())
    for phrase, roles in words.phrases.get(token.word, ()):
        if len(phrase) > len(own) and _matches(tokens, at, phrase):
            return _item(tokens, at, len(phrase), roles), len(phrase)
    if own:
        return _item(tokens, at, len(own), {"β": anchors[own]}), len(own)
    if token.sort == "own":
        return _item(tokens, at, 1, {"Σ": None}), 1
    if token.sort == "word":
        return _item(tokens, at, 1, {"X": None}), 1
    if token.sort == "mark_only":
        return _item(tokens, at, 1, {_MARKS.get(token.word, "ε"): None}), 1
    return _item(tokens, at, 1, figure(token) or {"X": None}), 1


def _item(tokens: Sequence[Token], at: int, length: int, roles: Mapping[str, Any]) -> Item:
    first = tokens[at]
    if length == 1:
        return Item(roles, first.start, first.end, first.word, first.capital)
    last = tokens[at + length - 1]
    return Item(roles, first.start, last.end, " ".join(each.word for each in tokens[at : at + length]), first.capital)


def _matches(tokens: Sequence[Token], at: int, phrase: Sequence[str]) -> bool:
    if len(phrase) == 1:
        return tokens[at].word == phrase[0]
    return [token.word for token in tokens[at : at + len(phrase)]] == [*phrase]
