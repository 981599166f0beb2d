"""Sentences of chat text, by rules.

Chat has habits that splitters trained on news do not know: no capitals, an emoji for a full stop, line breaks between
thoughts, three dots for a pause. Offsets are those of the given text, so that a sentence can serve as verbatim
evidence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a text: ``source[start:end] == text``."""

    start: int
    end: int
    text: str


_EMOJI = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\ufe0f\u200d\u20e3"
_EMOTICON = r"[:;=8xX]['-]?[)(DPpdOo3/|\\]+(?!\w)|<3|\^_?\^"
_CLOSERS = r"[\"'”’»)\]*_]*"

# A candidate end: sentence punctuation with what belongs to it, or a face before a capital, or a line break.
_CANDIDATE = re.compile(
    rf"(?P<mark>[.!?…]+|[。！？]+){_CLOSERS}(?P<face>(?:\s*(?:[{_EMOJI}]+|{_EMOTICON}))*)"
    rf"(?=\s|$|(?<=[。！？])|(?<=[{_EMOJI}])|(?<=[!?])(?=[A-Z])|(?<=[a-z]\.)(?=I(?:['’]m)?\s))"
    rf"|(?P<smile>(?<=\s)(?:[{_EMOJI}]|{_EMOTICON})+)(?=\s+[A-Z])"
    r"|(?P<line>\s*\n\s*)"
)
_ABBREVIATION = re.compile(
    r"(?:^|[\s(\"'“])(?:(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|approx|dept|est|fig|inc|ltd|gen|col|sgt|capt|rev|hon|mt|ave"
    r"|feat|ft"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thurs?|fri)\.|(?:e\.g|i\.e|cf|al)\."
    r"|(?:[A-Za-z]\.){2,})$",
    re.IGNORECASE,
)
_SOFT_ABBREVIATION = re.compile(r"(?:^|[\s(])(?:etc|a\.m|p\.m|min|hrs?|[A-Za-z](?:\.[A-Za-z])+)\.$", re.IGNORECASE)
_TITLE = re.compile(r"\b(?:mr|mrs|ms|dr|prof|st|sr|jr|vs|gen|col|sgt|capt|rev|hon|mt|e\.g|i\.e)\.$", re.IGNORECASE)
# "J. Smith" goes on; "Plan B. The other" and "so did I. And" do not.
_NUMERO = re.compile(r"\bno\.$", re.IGNORECASE)
_INITIAL = re.compile(r"(?:^|\s)[A-Z]\.$")
_OPENING_WORD = re.compile(r"(?:I|I'm|I've|It|The|This|That|He|She|We|They|You|My|And|But|So|Then|In|What|How|Why)\b")
# What every one of the expressions on abbreviations, initials and numbers ends in: most full stops are none of these.
_MAY_GO_ON = re.compile(
    r"(?:\d|\b(?:[a-z]|mr|mrs|ms|dr|prof|st|sr|jr|vs|approx|dept|est|fig|inc|ltd|gen|col|sgt|capt|rev|hon|mt|ave|feat|ft"
    r"|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec|mon|tues?|wed|thurs?|fri|cf|al|etc|min|hrs?|no))\.$",
    re.IGNORECASE,
)
_LIST_NUMBER = re.compile(r"(?:^|\n)\s*\d{1,2}[.)]$")
_BULLET = re.compile(r"(?:[-*•–]|\d{1,2}[.)])\s+")


def sentences(text: str) -> list[Span]:
    """The sentences of ``text`` in order, without surrounding space and list bullets; no word is lost."""
    spans: list[Span] = []
    start = 0
    for match in _CANDIDATE.finditer(text):
        if match["line"] is None and not _ends_sentence(text, match):
            continue
        _append(spans, text, start, match.end())
        start = match.end()
    _append(spans, text, start, len(text))
    return spans


def _ends_sentence(text: str, match: re.Match[str]) -> bool:
    mark = match["mark"]
    if mark is None or mark[0] in "。！？":
        return True
    following = text[match.end() : match.end() + 40].lstrip()
    if not following:
        return True
    lower = following[0].islower()
    if match["face"]:
        return True
    if mark == ".":
        head = text[max(0, match.start() - 14) : match.start() + 1]
        if _MAY_GO_ON.search(head) is None:
            return True
        if _LIST_NUMBER.search(head):
            return False
        if _SOFT_ABBREVIATION.search(head):
            return not lower
        if _NUMERO.search(head):
            return not following[0].isdigit()
        if _INITIAL.search(head):
            return _OPENING_WORD.match(following) is not None
        if _ABBREVIATION.search(head):
            return _TITLE.search(head) is None and _OPENING_WORD.match(following) is not None
        return True
    if lower and ((len(mark) > 1 and set(mark) <= {".", "…"}) or mark == "…"):
        return _starts_with_subject(following)
    # `"Really?" she asked` goes on after the quotation.
    quoted = text[match.start() + len(mark) : match.end()].strip() != ""
    return not (quoted and lower)


def _starts_with_subject(following: str) -> bool:
    return re.match(r"(?:i|i'm|im|we|he|she|they|it|my)\b", following) is not None


def _append(spans: list[Span], text: str, start: int, end: int) -> None:
    while start < end and text[start].isspace():
        start += 1
    bullet = _BULLET.match(text, start, end)
    if bullet and (start == 0 or "\n" in text[max(0, start - 3) : start]):
        start = bullet.end()
    while end > start and text[end - 1].isspace():
        end -= 1
    if start < end:
        spans.append(Span(start, end, text[start:end]))
