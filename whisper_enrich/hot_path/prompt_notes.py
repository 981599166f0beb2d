"""What a prompt may say of a user: facts, earlier conversations, the answer to a question about the past.

Each becomes a `Line` with what it is worth: how much better an answer is for it, in points, of which "6" is a sure fact of the
kind that one is expected to remember (work, family, an allergy). What is worth more and less follows from this:

- a fact by its category and how sure it is now; of a named attribute (`whisper_enrich.facts.attributes`) 1.3 times, of none 0.6,
  and half of it every three weeks; half where a pronoun leaves open what it is about
- a sentence of a summary 4, half every two weeks, 0.8 of the one before it; of a degraded or provisional summary 0.6 of that
- where a question is given, 16 more by the square root of the share of its words that occur
- what a recall found 20, over the square root of its rank

Under a confidence of 0.5 a fact is hedged, under 0.25 left out.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from enum import StrEnum
from functools import lru_cache

from whisper_enrich.hot_path.context import Context, Fact, Part, Summary
from whisper_enrich.hot_path.prompt_text import around, cut, harmless, names_day, on_day, plain_days
from whisper_enrich.hot_path.recall_model import FoundFact, FoundSummary, Recall
from whisper_enrich.text.sentences import sentences
from whisper_enrich.text.terms import root, words

MOST_CHARACTERS = 240
"""Of one fact or sentence."""
HEDGED_BELOW = 0.5
LEFT_OUT_BELOW = 0.25

_OF_CATEGORY = {
    "health": 6.0, "work": 6.0, "relationship": 6.0, "personal": 5.0, "place": 5.0, "preference": 5.0, "plan": 5.0,
    "commitment": 5.0, "possession": 3.5, "skill": 3.5, "event": 3.0, "opinion": 2.5, "feeling": 2.5,
}  # fmt: skip
_OTHER_CATEGORY = 3.0
_PLANS = ("plan", "commitment", "event")
_SPECIFIC, _GENERAL = 1.3, 0.6
_VAGUE = re.compile(r"\b(?:it|that|this|them|there|then|one)\b", re.IGNORECASE)
_REMARK_HALF_LIFE, _TALK_HALF_LIFE = 21.0, 14.0
_SENTENCE = 4.0
_NEXT_SENTENCE = 0.8
_MAKESHIFT = 0.6
_ASKED_ABOUT = 16.0
_FOUND = 20.0
_OLD_NEWS_DAYS = 60
"""From so long ago on it is said when a fact was told."""
_LAPSED_DAYS = 14
"""So long after its day a plan is of no use any more."""


class Section(StrEnum):
    """The parts of a block, by their headings."""

    ANSWER = "What is remembered of that:"
    HOW = "How to answer:"
    OPEN = "Still open:"
    KNOWN = "What is known:"
    TALKS = "Earlier conversations:"


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a line. ``said`` is what of it somebody else wrote, "" where the wording is our own."""

    text: str
    worth: float
    said: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the block: its pieces come in their order, each only after the one before it."""

    section: Section
    pieces: tuple[Piece, ...]
    head: str = ""


@dataclass(frozen=True, slots=True)
class About:
    """Whom it is about, on which day of theirs, and the roots of the words that are asked about.

    ``since`` is as of when all of the block holds, where its title says so.
    """

    who: str
    user_id: str
    shared: bool
    now: datetime
    tz: tzinfo
    asked: frozenset[str] = frozenset()
    since: str = ""

    @property
    def Who(self) -> str:
        """The same at the beginning of a sentence."""
        return self.who[:1].upper() + self.who[1:]

    @property
    def today(self) -> date:
        return self.day(self.now)

    def day(self, at: datetime) -> date:
        """The user's day."""
        return at.astimezone(self.tz).date()

    def days_since(self, at: datetime) -> float:
        return max((self.now - at).total_seconds() / 86_400.0, 0.0)

    def hidden(self, scope: str | None) -> bool:
        """Whether something of that scope is none of the caller's business."""
        return self.shared and scope == "dm"

    def plain(self, text: str) -> str:
        """Harmless, without the user's id, with days in words."""
        if self.user_id in text and any(map(str.isdigit, self.user_id)):
            text = re.sub(rf"(?<!\w){re.escape(self.user_id)}(?!\w)", self.who, text)
            text = self.Who + text.removeprefix(self.who) if text.startswith(self.who) else text
        return plain_days(harmless(text), self.today)

    def match(self, text: str) -> float:
        """The square root of the share of what is asked about that occurs."""
        return math.sqrt(len(self.asked & roots(text)) / len(self.asked)) if self.asked else 0.0

    def as_of(self, part: Part) -> str:
        """How far a stale part has read; "" of a fresh one, and where the title says the same."""
        if part.is_fresh:
            return ""
        read = part.read_up_to or part.computed_at
        since = "" if read is None else f" (as of {on_day(self.day(read), self.today).removeprefix('on ')})"
        return "" if since == self.since else since


@lru_cache(maxsize=4096)
def roots(text: str) -> frozenset[str]:
    """What a text is about."""
    return frozenset(map(root, words(text)))


def of_facts(context: Context, about: About) -> Iterator[Line]:
    """One line a fact."""
    if not context.facts:
        return
    since = about.as_of(context.facts)
    for fact in context.facts.items:
        if (
            about.hidden(fact.scope)
            or fact.confidence < LEFT_OUT_BELOW
            or fact.value.casefold() == about.who.casefold()
        ):
            continue
        told = _fact(fact, about)
        if told is not None:
            text = told if fact.confidence >= HEDGED_BELOW else f"Perhaps: {told}"
            worth = _worth(fact, about) + _ASKED_ABOUT * about.match(f"{fact.content} {fact.attribute}")
            yield Line(Section.KNOWN, (Piece(_with_date(text, since), worth, fact.content),))


def _fact(fact: Fact, about: About) -> str | None:
    """Its sentence with when it was told or planned for, where that matters; None for a plan that is long over."""
    text = cut(about.plain(fact.content), MOST_CHARACTERS)
    if fact.tense == "future" and (not fact.attribute or fact.category in _PLANS):
        return _plan(text, fact.valid_to or fact.valid_from, about)
    if fact.last_said_at is None or names_day(fact.content):
        return text
    age = about.days_since(fact.last_said_at)
    if fact.tense == "past" and fact.valid_from is None and fact.category == "event":
        return _with_date(text, f" (told {around(about.day(fact.last_said_at), about.today)})")
    return text if age < _OLD_NEWS_DAYS else _with_date(text, f" (as of {_since(fact.last_said_at, about)})")


def _plan(text: str, day: date | None, about: About) -> str | None:
    if day is None or day >= about.today:
        return text
    if (about.today - day).days > _LAPSED_DAYS:
        return None
    return _with_date(
        text, f" (planned for {on_day(day, about.today).removeprefix('on ')}; whether it came about is not known)"
    )


def _since(at: datetime, about: About) -> str:
    return around(about.day(at), about.today).removeprefix("in ")


def _with_date(sentence: str, remark: str) -> str:
    """The remark before the full stop."""
    return f"{sentence[:-1]}{remark}{sentence[-1]}" if sentence.endswith((".", "!", "?")) else f"{sentence}{remark}"


def _worth(fact: Fact, about: About) -> float:
    worth = _OF_CATEGORY.get(fact.category, _OTHER_CATEGORY) * fact.confidence
    if fact.attribute:
        worth *= _SPECIFIC
    elif fact.last_said_at is not None:
        worth *= _GENERAL * 2.0 ** (-about.days_since(fact.last_said_at) / _REMARK_HALF_LIFE)
    if _VAGUE.search(fact.content):
        worth *= 0.5
    return worth * (1.0 + 0.15 * math.log2(max(fact.mentions or 1, 1)))


# What the extractive engine's summaries open with: who talked with whom, and when.
_OPENING = re.compile(r"\b(?:had a conversation|wrote to|exchanged)\b.* (?:at|between) .* UTC\.$")


def of_summaries(context: Context, about: About, told: frozenset[int]) -> Iterator[Line]:
    """One line a summary that is not among those ``told`` already, a piece a sentence."""
    if not context.summaries:
        return
    for summary in context.summaries.items:
        if summary.id in told or about.hidden(summary.scope):
            continue
        worth = _SENTENCE * 2.0 ** (-about.days_since(summary.end) / _TALK_HALF_LIFE) * (summary.confidence or 0.7)
        line = _summary(Section.TALKS, summary, worth * _makeshift(summary.state), about)
        if line.pieces:
            yield line


def _makeshift(state: str) -> float:
    return 1.0 if state == "final" else _MAKESHIFT


def _summary(section: Section, one: Summary | FoundSummary, worth: float, about: About) -> Line:
    # The day on which the window begins: its end may be the midnight after. What was said then stays true of that day.
    head = around(about.day(one.start), about.today)
    return Line(section, tuple(_pieces(one.text, worth, about)), f"{head[:1].upper()}{head[1:]}:")


def _pieces(text: str, worth: float, about: About) -> Iterator[Piece]:
    """The sentences from the first on that bears on the question, then those before it."""
    told = [(one, about.match(one)) for one in _whole_sentences(text) if not _OPENING.search(one)]
    start = next((place for place, (_, match) in enumerate(told) if match), 0)
    for place, (sentence, match) in enumerate(told[start:] + told[:start]):
        before = "Before that: " if start and place == len(told) - start else ""
        plain = f"{before}{cut(about.plain(sentence), MOST_CHARACTERS)}"
        yield Piece(plain, worth * _NEXT_SENTENCE**place + _ASKED_ABOUT * match, sentence)


def _whole_sentences(text: str) -> Iterator[str]:
    """Sentences; what stands in one pair of quotation marks stays together."""
    waiting = ""
    for span in sentences(text):
        waiting = f"{waiting} {span.text}" if waiting else span.text
        if waiting.count('"') % 2 == 0 and waiting.count("“") == waiting.count("”"):
            yield waiting
            waiting = ""
    if waiting:
        yield waiting.replace('"', "'")


def of_recall(found: Recall, about: About) -> Iterator[Line]:
    """What a question about the past has found; that nothing is known of a time that was named is said, too."""
    if found.missing is not None:
        return
    if not found.found:
        if found.understood.range is not None:
            yield Line(Section.ANSWER, (Piece("Nothing is remembered of the time that was named.", _FOUND),))
        return
    for rank, digest in enumerate(each for each in found.digests if not about.hidden(each.scope)):
        head = f"The {digest.period} of {on_day(digest.start, about.today).removeprefix('on ')}:"
        yield Line(Section.ANSWER, tuple(_pieces(digest.text, _by_rank(rank), about)), head)
    for rank, summary in enumerate(_visible(found.summaries, about)):
        line = _summary(Section.ANSWER, summary, _by_rank(rank) * _makeshift(summary.state), about)
        if line.pieces:
            yield line
    for rank, fact in enumerate(_visible(found.facts, about)):
        text = cut(about.plain(fact.content), MOST_CHARACTERS)
        told = f" (told {around(about.day(fact.last_said_at), about.today)})"
        how = "" if fact.current else "No longer so: "
        how = how or ("Perhaps: " if fact.confidence < HEDGED_BELOW else "")
        text = f"{how}{_with_date(text, told)}"
        yield Line(Section.ANSWER, (Piece(text, _by_rank(rank), fact.content),))


def _visible(
    items: Sequence[FoundSummary] | Sequence[FoundFact], about: About
) -> Iterable[FoundSummary] | Iterable[FoundFact]:
    return (item for item in items if not about.hidden(item.scope))


def _by_rank(rank: int) -> float:
    return _FOUND / math.sqrt(rank + 1)
