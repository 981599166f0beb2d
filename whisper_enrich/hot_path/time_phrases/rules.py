"""A cascade of rules over roles: each replaces what it has understood by one item, and later rules build on it.

The technique is Abney's ("Partial Parsing via Finite-State Cascades", 1996): no rule sees more than a stretch of items, none is
tried twice on the same ones, and so the time is linear in the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from whisper_enrich.hot_path.time_phrases.lexicon import Language
from whisper_enrich.hot_path.time_phrases.spans import Asked, Result
from whisper_enrich.hot_path.time_phrases.tokens import Item
from whisper_enrich.text.words import word_set


@dataclass(frozen=True, slots=True)
class Found:
    """The items that a rule's pattern has matched, the one behind them, and the question's circumstances."""

    items: Sequence[Item]
    asked: Asked
    following: Item | None
    alone: bool

    def all(self, role: str) -> list[Any]:
        return [item.roles[role] for item in self.items if role in item.roles]

    def get(self, role: str) -> Any:
        """What the first item in that role stands for."""
        return self.all(role)[0]

    def has(self, roles: str) -> bool:
        return any(role in item.roles for item in self.items for role in roles)

    def item(self, roles: str) -> Item:
        return next(item for item in self.items if any(role in item.roles for role in roles))


# Gives what the items stand for, or None where they do not stand for anything; a Result ends the matter.
Builder = Callable[[Found], Any]
# Role of the new item, pattern over roles, builder.
Rule = tuple[str, str, Builder]


class Stage:
    """Rules that are tried together: leftmost match first, among those the rule that is named first."""

    def __init__(self, words: Language, rules: Sequence[Rule]) -> None:
        self._rules = [(role, re.compile(words.expanded(pattern)), build) for role, pattern, build in rules]
        self._any = re.compile("|".join(f"(?:{words.expanded(pattern)})" for _, pattern, _ in rules))
        self._words = words

    def reduce(self, items: list[Item], asked: Asked) -> list[Item]:
        letters = "".join(map(self._words.letter, items))
        at = 0
        while match := self._any.search(letters, at):
            at = match.start()
            made = self._item_at(items, letters, at, asked)
            if made is not None:
                item, end = made
                items = [*items[:at], item, *items[end:]]
                letters = letters[:at] + self._words.letter(item) + letters[end:]
            at += 1
        return items

    def _item_at(self, items: list[Item], letters: str, at: int, asked: Asked) -> tuple[Item, int] | None:
        for role, pattern, build in self._rules:
            match = pattern.match(letters, at)
            if match is None:
                continue
            end = match.end()
            following = items[end] if end < len(items) else None
            value = build(Found(items[at:end], asked, following, alone=_alone(items, at, end)))
            if value is not None:
                role = "R" if isinstance(value, Result) else role
                return Item({role: value}, items[at].start, items[end - 1].end), end
        return None


# Words with which a time is all that is said: "what about May?"
_AROUND = word_set("what how about and or then was is in und war et y e ou o con em")


def _alone(items: Sequence[Item], start: int, end: int) -> bool:
    others = (*items[:start], *items[end:])
    return all(item.word in _AROUND or not item.word.isalnum() for item in others)
