"""Words, figures and marks of a sentence, each with its place."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

_TOKEN = re.compile(
    r"""
    (?P<iso>\d{4}[-/]\d{1,2}[-/]\d{1,2}(?!\d))(?:T(?=\d\d:\d\d))?
    | (?P<iso_month>\d{4}-(?:0[1-9]|1[0-2])(?![-\d]))
    | (?P<written>\d{1,2}(?P<mark>[/.-])\d{1,2}(?P=mark)\d{2,4}(?!\d))
    | (?P<short>\d{1,2}/\d{1,2}(?![\d/]))
    | (?P<clock>\d{1,2}:\d\d(?::\d\d)?(?!\d))
    | (?P<clock_h>\d{1,2}h(?:\d\d)?(?!\w))
    | (?P<ordinal>\d{1,2}(?:st|nd|rd|th|er|º|ª|°)(?!\w))
    | (?P<half_day>\d{1,2}(?=(?:[ap]m|ish)(?!\w)))
    | (?P<decade>(?:19|20)?\d0['’]?s(?!\w))
    | (?P<number>\d++)(?![\w%€$£]|[.,]\d)
    | (?P<quarter>[qQ][1-4](?!\w))
    | (?P<own>['’]s(?!\w))
    | (?P<word>[^\W\d_]+)
    | (?P<mark_only>[^\w\s'’])
    """,
    re.VERBOSE,
)
_SAME = str.maketrans({"ß": "ss", "ø": "o", "œ": "oe", "æ": "ae"})


@dataclass(frozen=True, slots=True)
class Token:
    """``text[start:end]``; ``word`` is it in small letters without accents."""

    sort: str
    word: str
    start: int
    end: int
    capital: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A stretch of the text with the roles that it can play in the grammar, and what it stands for in each."""

    roles: Mapping[str, Any]
    start: int
    end: int
    word: str = ""
    capital: bool = False


def tokenise(text: str) -> list[Token]:
    """The tokens of ``text``, which is in NFC."""
    tokens = []
    for match in _TOKEN.finditer(text):
        sort = match.lastgroup or ""
        if sort == "mark":
            sort = "written"
        found = match[sort]
        start = match.start(sort)
        tokens.append(Token(sort, folded(found), start, start + len(found), found[:1].isupper()))
    return tokens


@lru_cache(maxsize=4096)
def folded(word: str) -> str:
    """``word`` in small letters and without accents, as people type it."""
    if word.isascii():
        return word.lower()
    small = word.lower().replace("’", "'").translate(_SAME)
    return "".join(each for each in unicodedata.normalize("NFD", small) if not unicodedata.combining(each))


def figure(token: Token) -> dict[str, Any]:
    """The roles of a token with figures; none for an hour that no day has."""
    word = token.word
    match token.sort:
        case "iso" | "written" | "short":
            return {"I": _written(token)}
        case "iso_month":
            return {"J": tuple(int(part) for part in word.split("-"))}
        case "clock" | "clock_h":
            hour, minute, *_ = re.split("[:h]", word)
            at = int(hour) * 60 + int(minute or 0)
            return {"c": at} if at <= 1440 and int(minute or 0) < 60 else {}
        case "ordinal":
            number = int(re.sub(r"\D", "", word))
            return {"o": number, "φ": number}
        case "decade":
            return {"Y": _decade(word)}
        case "quarter":
            return {"Q": int(word[1])}
    number = int(word[:9])
    return {"n": (number, number), "y": number} if 1900 <= number <= 2099 else {"n": (number, number)}


def _decade(word: str) -> int:
    figures = int(re.sub(r"\D", "", word))
    return figures if figures > 100 else 1900 + figures if figures >= 30 else 2000 + figures


@dataclass(frozen=True, slots=True)
class WrittenDate:
    """A date in figures; ``swaps`` says that day and month may be meant the other way round."""

    year: int | None
    month: int
    day: int
    swaps: bool


def _written(token: Token) -> WrittenDate:
    parts = [int(part) for part in re.split(r"[-/.]", token.word)]
    if token.sort == "iso":
        return WrittenDate(parts[0], parts[1], parts[2], swaps=False)
    first, second, *rest = parts
    year = None
    if rest:
        year = rest[0] if rest[0] > 99 else 2000 + rest[0]
    if first > 12 or second > 12:
        month, day = (second, first) if first > 12 else (first, second)
        return WrittenDate(year, month, day, swaps=False)
    # A date with points is written day first wherever points are used.
    return WrittenDate(year, second, first, swaps=first != second and "." not in token.word)


# Nobody asks about a talk outside these years, and arithmetic inside them cannot overflow.
YEARS = range(1900, 2200)


def possible(year: int, month: int, day: int) -> date | None:
    """The day, or None where the calendar has none such or it is out of all reach."""
    try:
        return date(year, month, day) if year in YEARS else None
    except ValueError:
        return None
