"""How a summary reads: an opening that says who talked and when, then what was said, in the third person.

A sentence is told in indirect speech only where the rules can be trusted with it. Questions, other languages, and
sentences that lack a subject are quoted in the speaker's own words: better a quotation than a wrong paraphrase.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from whisper_enrich.summaries.candidates import FINITE, Candidate, with_subject
from whisper_enrich.summaries.vocabulary import words
from whisper_enrich.text.third_person import to_third_person
from whisper_enrich.text.verbs import UNCHANGED, is_base, is_past, third_singular
from whisper_enrich.text.words import word_set

_MONTHS = [
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

_STATEMENT_OPENERS = word_set(
    """
    a after all an any anyone another as at because before being both by during each even every everyone everything
    for from he her here his if in it it'd it'll it's its last many maybe more most much my next no nobody nothing
    now on one our people she since some someone something sometimes such that that's the their then there there's
    these they they're they've this those though to today tomorrow tonight two we what when whenever where while
    with yesterday you your
    """
)
_INCLUSIVE_WE = re.compile(
    r"\blet['’]?s\b|\bwe both\b"
    r"|\bwe (?:last |just )?(?:talk|talked|speak|spoke|chat|chatted|meet|met up|catch|caught)\b",
    re.I,
)
_SPEAKER = word_set("i i'm i've i'd i'll im ive we we're we've we'd we'll")
_CONTRACTIONS = ("'s", "'re", "'ve", "'ll", "'d", "n't")
_PLURAL = word_set("these those they we you people who that")
_CLAUSE_END = re.compile(r"[,;:]|\s[–—-]\s")


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


def tell(candidate: Candidate, name: str, addressee: str) -> str:
    """``candidate`` as told by somebody else about its speaker ``name``, who spoke to ``addressee``: one sentence."""
    if candidate.question:
        return _quote(candidate.text, name, "asked")
    if candidate.language not in (None, "en") or not candidate.stems:
        return _quote(candidate.text, name, "said")
    text = with_subject(candidate.text)
    if not _tellable(text):
        return _quote(candidate.text, name, "said")
    told = to_third_person(text, name, addressee)
    if not re.search(rf"(?<!\w){re.escape(name)}(?!\w)", told):
        if not _follows_that(text):
            return _quote(candidate.text, name, "said")
        # "You should rest" has become "Ana should rest": a name stays as it is.
        same_start = told[:3] == text[:3]
        told = f"{name} mentioned that {told[:1].lower() + told[1:] if same_start else told}"
    return _closed(told[:1].upper() + told[1:])


def _when(first: datetime, last: datetime) -> str:
    first, last = first.astimezone(UTC), last.astimezone(UTC)
    day = f"on {first.day} {_MONTHS[first.month - 1]} {first.year}"
    begin, end = _clock(first), _clock(last)
    return f"{day} at {begin} UTC" if begin == end else f"{day} between {begin} and {end} UTC"


def _clock(at: datetime) -> str:
    return f"{at.hour % 12 or 12}:{at.minute:02d} {'am' if at.hour < 12 else 'pm'}"


def _tellable(text: str) -> bool:
    """Whether ``text`` is a clause with a subject of its own, so that it can stand without quotation marks."""
    first, *rest = words(text)
    if _INCLUSIVE_WE.search(text) or (text.isupper() and len(rest) > 1):
        return False
    if first in _SPEAKER:
        return bool(rest)
    clause = words(_CLAUSE_END.split(text, maxsplit=1)[0])[1:]
    if first.endswith("ing"):
        return _has_verb(clause)
    if first not in _STATEMENT_OPENERS and _is_verb(first) and not FINITE.intersection(rest[:1]):
        return False  # "Ask me tomorrow", "Reminds me of home"
    return not _SPEAKER.isdisjoint(rest[:4]) or first.endswith(_CONTRACTIONS) or _has_verb(clause)


def _has_verb(spoken: list[str]) -> bool:
    """A finite verb; a base form counts after a plural ("moments like these remind me"), where it is no infinitive."""
    return any(
        word in FINITE
        or word.endswith(_CONTRACTIONS)
        or (is_past(word) or _is_singular(word))
        or (is_base(word) and (before in _PLURAL or before.endswith("s")))
        for before, word in zip(["", *spoken], spoken, strict=False)
    )


def _is_verb(word: str) -> bool:
    return is_base(word) or is_past(word) or word in UNCHANGED or _is_singular(word)


def _is_singular(word: str) -> bool:
    return any(is_base(word[:-n]) and third_singular(word[:-n]) == word for n in (1, 2) if len(word) > n + 1)


def _quote(text: str, name: str, verb: str) -> str:
    inner = text.strip().strip('"“”').replace('"', "'").strip()
    if inner[-1:] not in ".!?…。！？":
        inner += "."
    return f'{name} {verb}: "{inner}"'


def _closed(text: str) -> str:
    """Ends in one full stop: a summary does not exclaim."""
    stripped = text.rstrip(" .!,;:-–—")
    return stripped if stripped.endswith("…") else stripped + "."


def _follows_that(text: str) -> bool:
    """Whether ``text`` may stand after "mentioned that": its first word is surely no name, so that it can be small."""
    first, *rest = words(text)
    if len(rest) < 3 or first.startswith(("that", "because", "then")):
        return False
    written = text.split(maxsplit=1)[0]
    return written.islower() or first in _STATEMENT_OPENERS or first.endswith("ing")
