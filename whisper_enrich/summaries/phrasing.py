"""How a summary reads: an opening that says who talked and when, then what was said, in the third person.

A sentence is told in indirect speech only where the rules can be trusted with it. Questions, other languages, and
sentences that lack a subject are quoted in the speaker's own words: better a quotation than a wrong paraphrase.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from whisper_enrich.messages.model import Speaker
from whisper_enrich.summaries.candidates import Candidate
from whisper_enrich.summaries.clauses import follows_that, is_tellable, with_subject
from whisper_enrich.text.third_person import to_third_person

MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
"""Spelt out, since strftime follows the locale."""

_COMPLETE = ("…", '."', ".'", '!"', "!'", '?"', "?'", ".”", "!”", "?”")
_OWN_WORDS = re.compile(r"\"[^\"]*\"|“[^”]*”")
# Lower case, but for "I": the "US" is a country.
_FIRST_PERSON_LEFT = re.compile(
    r"(?<![\w'’.-])(?:I|I['’]\w+|i|i['’]\w+|im|ive|id|my|My|me|mine|myself|we|We|us|our|Our)(?![\w'’.-])"
)
_MARKS = '"“”'
_SINGLE = str.maketrans(dict.fromkeys(_MARKS, "'"))
_UNSPACED_END = ("。", "！", "？")


def opening(
    first: datetime, last: datetime, user_name: str, bot_name: str, *, user_spoke: bool, bot_spoke: bool
) -> str:
    """Who talked with whom, and when in UTC, as one sentence."""
    if user_spoke and bot_spoke:
        event = f"{user_name} and {bot_name} had a conversation"
    elif user_spoke:
        event = f"{user_name} wrote to {bot_name}"
    else:
        event = f"{bot_name} wrote to {user_name}"
    return f"{event} {_when(first, last)}."


def nothing_said(first: datetime, last: datetime, user_name: str, bot_name: str, messages: int) -> str:
    """For a window whose messages hold no words: stickers, emoji, links."""
    what = "one message" if messages == 1 else f"{messages} messages"
    return f"{user_name} and {bot_name} exchanged {what} without words {_when(first, last)}."


def narrate(chosen: Sequence[Candidate], user_name: str, bot_name: str) -> list[str]:
    """``chosen`` as told by somebody else. What is quoted of one message stands in one pair of quotation marks."""
    lines: list[str] = []
    quoted: Candidate | None = None
    for candidate in chosen:
        names = (user_name, bot_name) if candidate.speaker is Speaker.USER else (bot_name, user_name)
        told = None if candidate.question else _indirect(candidate, *names)
        if told is not None or candidate.question:
            lines.append(told or _quote(candidate.text, names[0], "asked"))
            quoted = None
        elif quoted is not None and quoted.message == candidate.message:
            lines[-1] = _lengthened(lines[-1], candidate.text, gap=candidate.position > quoted.position + 1)
            quoted = candidate
        else:
            lines.append(_quote(candidate.text, names[0], "said"))
            quoted = candidate
    return lines


def _indirect(candidate: Candidate, name: str, addressee: str) -> str | None:
    """``candidate`` in the third person: one sentence; None where the rules cannot be trusted with it."""
    if candidate.language not in (None, "en") or not candidate.stems:
        return None
    text = with_subject(candidate.text)
    if not is_tellable(text):
        return None
    told = to_third_person(text, name, addressee)
    if told.startswith(name[:1].upper() + name[1:]):
        told = name + told[len(name) :]
    if f"{name} is {name}" in told or f"name is {name}" in told or _FIRST_PERSON_LEFT.search(_OWN_WORDS.sub("", told)):
        return None
    if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told):
        if not follows_that(text):
            return None
        # "You should rest" has become "Ana should rest": a name stays as it is.
        same_start = told[:3] == text[:3]
        told = f"{name} mentioned that {told[:1].lower() + told[1:] if same_start else told}"
    told = told.replace(f"{name} {name} ", f"{name}, {name} ")
    return _closed(told if told.startswith(name) else told[:1].upper() + told[1:])


def _when(first: datetime, last: datetime) -> str:
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    day = f"on {first.day} {MONTHS[first.month - 1]} {first.year}"
    begin, end = _clock(first), _clock(last)
    return f"{day} at {begin} UTC" if begin == end else f"{day} between {begin} and {end} UTC"


def _clock(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02d} {'am' if at.hour < 12 else 'pm'}"


def _quote(text: str, name: str, verb: str) -> str:
    inner = _inner(text)
    if inner.rstrip("'’)")[-1:] not in ".!?…。！？":
        inner += "?" if verb == "asked" else "."
    return f'{name} {verb}: "{inner}"'


def _lengthened(line: str, text: str, *, gap: bool) -> str:
    """A quotation with a further sentence of the same message."""
    before = line.removesuffix('"')
    between = " … " if gap else "" if before.endswith(_UNSPACED_END) else " "
    return f"{before}{between}{_quote(text, '', 'said').partition(chr(34))[2]}"


def _inner(text: str) -> str:
    stripped = text.strip()
    if len(stripped) > 2 and stripped[0] in _MARKS and stripped[-1] in _MARKS:
        stripped = stripped[1:-1]
    return stripped.translate(_SINGLE).strip()


def _closed(text: str) -> str:
    """Ends in one full stop: a summary does not exclaim."""
    stripped = text.rstrip(" .!,;:-–—")
    return stripped if stripped.endswith(_COMPLETE) else stripped + "."
