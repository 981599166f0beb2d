"""Finding a quotation in the text that it is said to come from."""

from __future__ import annotations

import re

_DOUBLE = frozenset('"“”„‟«»〝〞＂')
_SINGLE = frozenset("'‘’‚‛ʼʻ`´＇‹›")
_UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def find_quote(quote: str, text: str) -> tuple[int, int] | None:
    """The first place ``(start, end)`` where ``text`` says ``quote``, or None.

    White space, case and the kind of quotation marks do not count, nothing else is overlooked. The quotation begins and ends
    with whole words, and it has a letter or digit. Quotation marks around all of it may be the answer's own.
    """
    plain_text, places = _plain(text)
    wanted, _ = _plain(quote)
    wanted = wanted.strip()
    for candidate in dict.fromkeys((wanted, wanted.strip("\"' "))):
        if not any(map(str.isalnum, candidate)):
            continue
        start = plain_text.find(candidate)
        while start >= 0:
            end = start + len(candidate)
            if _whole_words(plain_text, start, end):
                return places[start], places[end - 1] + 1
            start = plain_text.find(candidate, start + 1)
    return None


def _plain(text: str) -> tuple[str, list[int]]:
    """The text with one space for each run of white space, in one case, and where each character comes from."""
    characters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        if character.isspace():
            plain = " " if not characters or characters[-1] != " " else ""
        elif character in _DOUBLE:
            plain = '"'
        elif character in _SINGLE:
            plain = "'"
        else:
            plain = character.casefold()
        for part in plain:
            characters.append(part)
            places.append(place)
    return "".join(characters), places


def _whole_words(text: str, start: int, end: int) -> bool:
    return not (_joined(text[start - 1 : start], text[start]) or _joined(text[end - 1], text[end : end + 1]))


def _joined(left: str, right: str) -> bool:
    """Whether a word goes on from one character to the next; scripts without spaces do not show it."""
    if not left or not right or _UNSPACED.match(left) or _UNSPACED.match(right):
        return False
    return left.isalnum() and right.isalnum()
