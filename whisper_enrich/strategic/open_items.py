"""What a day left open between a user and a bot, and what later days settled of it.

A question is open where nothing followed that could answer it; any direct reply settles it, even one that evades: whoever
does not want to answer is not asked again. A promise is open until its maker comes back to it, an announced event until its
user speaks of it on its day or later. Later days settle by words: `DayTerms` keeps of each the hashed stems of its content
words, which is enough to tell that "the interview" came up again. What nobody takes up lapses (`LAPSES`).
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zlib import crc32

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, DayTerms, OpenItem, Turns
from whisper_enrich.strategic.open_item_rules import (
    EVENT_NOUNS,
    announced,
    calls_off,
    due_day,
    is_pledge,
    is_promise,
    is_question,
    is_reminder,
    may_announce,
    may_promise,
)
from whisper_enrich.summaries.vocabulary import content_stems, stem, words
from whisper_enrich.text.sentences import sentences
from whisper_enrich.text.words import word_set

SaidTurn = tuple[str, bool, datetime, Scope]
"""Text, whether the user said it, when (aware), in which scope."""

LONGEST_TEXT = 300
_MOST_TERMS = 12

LAPSES = {
    "question_to_user": timedelta(days=14),
    "question_to_bot": timedelta(days=14),
    "promise_of_user": timedelta(days=30),
    "promise_of_bot": timedelta(days=45),
    "follow_up": timedelta(days=14),
}
"""How long an item stays open at most: from its day, or from the day it was due."""

_PASSED_OVER = {"question_to_user": 3, "question_to_bot": 3, "promise_of_user": 6, "follow_up": 2}
"""After so many days (of a follow-up: from its day on) on which the user talked of other things, the item is dropped."""

_GENERIC = frozenset(
    map(
        stem,
        word_set(
            """
            monday tuesday wednesday thursday friday saturday sunday weekend today tomorrow tonight morning afternoon
            evening night week month year day hour minute january february march april june july august september
            october november december ask remind hold keep posted updated loop report update send show tell share start
            begin come little quick first last next that's
            """
        ),
    )
)
"""Stems that date an item or make it one: they do not say what it is about."""

_CANCELLATION = "#cancelled"
"""Stands among a day's terms where something was called off; no word can be it."""


def open_items_of_day(turns: Sequence[SaidTurn]) -> list[OpenItem]:
    """What the turns of one day, in order, left open. ``turn`` is the index in ``turns``."""
    found = [
        *_questions_to_user(turns),
        *_questions_to_bot(turns),
        *(item for turn in range(len(turns)) for item in _of_turn(turn, turns)),
    ]
    return [item for item in sorted(_distinct(found), key=lambda i: i.turn) if not _settled_today(item, turns)]


def terms_of_day(turns: Sequence[SaidTurn]) -> DayTerms:
    """What has to be kept of a day's turns (at least one), so that it can settle items of earlier days."""
    if not turns:
        raise ValueError("a day without turns has no terms")
    spoken: dict[bool, set[int]] = {True: set(), False: set()}
    for text, from_user, _, _ in turns:
        lowered = words(text)
        spoken[from_user].update(map(_hash, _stems(lowered)))
        if from_user and calls_off(text, lowered):
            spoken[True].add(_hash(_CANCELLATION))
    day = turns[0][2].astimezone(UTC).date()
    return DayTerms(day, tuple(sorted(spoken[True])), tuple(sorted(spoken[False])))


def still_open(items: Sequence[OpenItem], turns: Turns, days: Sequence[DayTerms], as_of: datetime) -> list[OpenItem]:
    """The items that neither later days nor time have settled by ``as_of``; ``OpenItem.turn`` indexes ``turns``."""
    today = as_of.astimezone(UTC).date()
    later = LaterDays(days)
    users = turns.at[turns.from_user]
    kept: dict[tuple[str, tuple[str, ...]], OpenItem] = {}
    for item in sorted(items, key=lambda i: (i.turn, i.kind, i.text)):
        at = float(turns.at[item.turn])
        said_on = datetime.fromtimestamp(at, tz=UTC).date()
        if today > max(said_on, item.due or said_on) + LAPSES[item.kind]:
            continue
        if item.kind == "question_to_user" and _answered_after_midnight(at, users):
            continue
        if not later.settle(item, said_on):
            # An event that was announced anew, with another date, stands once.
            kept[item.kind, item.terms[:1] if item.kind == "follow_up" else item.terms] = item
    return sorted(kept.values(), key=lambda i: i.turn)


class LaterDays:
    """What was spoken of on which day, to settle items by."""

    def __init__(self, days: Sequence[DayTerms]) -> None:
        ordered = sorted(days, key=lambda d: d.day)
        self._dates = [d.day for d in ordered]
        self._user = [frozenset(d.user) for d in ordered]
        self._bot = [frozenset(d.bot) for d in ordered]

    def settle(self, item: OpenItem, said_on: date) -> bool:
        """Whether a day after ``said_on`` settled the item, or the user passed it over."""
        first = bisect_left(self._dates, said_on + timedelta(days=1))
        if item.kind == "follow_up" and item.due is not None:
            return self._outcome_told(item, first)
        if item.kind in _PASSED_OVER and sum(map(bool, self._user[first:])) >= _PASSED_OVER[item.kind]:
            return True
        own = frozenset(map(_hash, item.terms))
        by_bot = item.kind in ("promise_of_bot", "question_to_bot")
        enough = _enough(len(own))
        return any(len(own & spoken) >= enough for spoken in (self._bot if by_bot else self._user)[first:])

    def _outcome_told(self, item: OpenItem, first: int) -> bool:
        """A word of it on its day or later, or with a cancellation at any time; or days on which others were spoken."""
        own = frozenset(map(_hash, item.terms))
        due = max(bisect_left(self._dates, item.due), first)
        if sum(map(bool, self._user[due:])) >= _PASSED_OVER["follow_up"]:
            return True
        called_off_on = (spoken for spoken in self._user[first:] if _hash(_CANCELLATION) in spoken)
        return any(own & spoken for spoken in self._user[due:]) or any(own & spoken for spoken in called_off_on)


def terms_of(text: str) -> tuple[str, ...]:
    """By which a later day can settle what a sentence says."""
    return tuple(dict.fromkeys(t for t in _stems(words(text)) if t not in _GENERIC and not t.isdecimal()))[:_MOST_TERMS]


def _enough(terms: int) -> int:
    """How many of an item's terms a day has to share: half of them, at most three."""
    return min((terms + 1) // 2, 3)


def _answered_after_midnight(at: float, users: Sequence[float]) -> bool:
    following = bisect_left(users, at + 1e-6)
    return following < len(users) and users[following] - at <= SESSION_GAP_SECONDS


def _questions_to_user(turns: Sequence[SaidTurn]) -> Iterator[OpenItem]:
    """The last question of each bot turn to which the user said nothing before a pause."""
    replied: datetime | None = None
    for turn in range(len(turns) - 1, -1, -1):
        text, from_user, at, scope = turns[turn]
        if from_user:
            replied = at
        elif "?" in text or "？" in text:
            left = replied is None or (replied - at).total_seconds() > SESSION_GAP_SECONDS
            item = _last_question(turn, text, at, scope, "question_to_user") if left else None
            if item is not None:
                yield item


def _questions_to_bot(turns: Sequence[SaidTurn]) -> Iterator[OpenItem]:
    """Questions of the user after the bot's last turn of the day. A day on which the bot said nothing tells nothing: its
    answers may not have been kept."""
    last = max((turn for turn, said in enumerate(turns) if not said[1]), default=len(turns))
    for turn in range(last + 1, len(turns)):
        text, _, at, scope = turns[turn]
        item = _last_question(turn, text, at, scope, "question_to_bot")
        if item is not None:
            yield item


def _last_question(turn: int, text: str, at: datetime, scope: Scope, kind: str) -> OpenItem | None:
    asked = [span.text for span in sentences(text) if is_question(span.text)]
    return _item(turn, kind, asked[-1], None, scope) if asked else None


def _of_turn(turn: int, turns: Sequence[SaidTurn]) -> Iterator[OpenItem]:
    """The promises and announcements of one turn."""
    text, from_user, _, _ = turns[turn]
    lowered = words(text)
    promising, announcing = may_promise(text, lowered), from_user and may_announce(text, lowered)
    if not (promising or announcing):
        return
    spans = [span.text for span in sentences(text)]
    for place in range(len(spans)):
        item = _promise(turn, spans, place, turns) if promising else None
        if item is None and announcing:
            item = _announcement(turn, spans, place, turns[turn])
        if item is not None:
            yield item


def _promise(turn: int, spans: Sequence[str], place: int, turns: Sequence[SaidTurn]) -> OpenItem | None:
    _, from_user, at, scope = turns[turn]
    sentence = spans[place]
    due = due_day(sentence, at)
    if from_user and is_reminder(sentence):
        found = _item(turn, "promise_of_bot", sentence, due, scope)
        told = found is not None and len(found.terms) > 1
        if told or turn == 0 or turns[turn - 1][1] or turns[turn - 1][3] is not scope:
            return found
        # "Ask me in a month": what about, the bot's words before it say, where they were said in the same place.
        asked = " ".join(span.text for span in sentences(turns[turn - 1][0])[-2:])
        return _item(turn, "promise_of_bot", f"{asked} — {sentence}", due, scope)
    if is_promise(sentence, by_bot=not from_user):
        return _item(turn, "promise_of_user" if from_user else "promise_of_bot", sentence, due, scope)
    if from_user and is_pledge(sentence):
        whole = " ".join(spans[max(place - 1, 0) : place + 1])
        return _item(turn, "promise_of_user", whole, due_day(whole, at), scope)
    return None


def _announcement(turn: int, spans: Sequence[str], place: int, said: SaidTurn) -> OpenItem | None:
    _, _, at, scope = said
    sentence = spans[place]
    due = announced(sentence, at)
    if due is None or any(map(calls_off, spans[place + 1 :])):
        return None
    # "I start on Monday": where, the sentences before it say.
    told = not EVENT_NOUNS.isdisjoint(words(sentence))
    whole = sentence if told else " ".join(spans[max(place - 3, 0) : place + 1])
    return _item(turn, "follow_up", whole, due, scope)


def _item(turn: int, kind: str, text: str, due: date | None, scope: Scope) -> OpenItem | None:
    """None where no content word is in it: it could be neither told nor settled. An event's own word comes first."""
    events = [stem(word) for word in words(text) if word in EVENT_NOUNS] if kind == "follow_up" else []
    terms = tuple(dict.fromkeys([*events, *terms_of(text)]))[:_MOST_TERMS]
    if not terms:
        return None
    short = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1].rstrip() + "…"
    return OpenItem(turn, kind, short, terms, due, scope)


def _stems(lowered: list[str]) -> list[str]:
    """Stems of content words, and of words for events, some of which ("talk") are otherwise too common to count."""
    return content_stems(lowered) + [stem(word) for word in lowered if word in EVENT_NOUNS]


def _distinct(items: Sequence[OpenItem]) -> list[OpenItem]:
    """Without what a later item of the kind says again, or a confirmation: a bot's "I'll remind you" after the request."""
    kept: list[OpenItem] = []
    for item in sorted(items, key=lambda i: i.turn):
        same = [old for old in kept if old.kind == item.kind and set(old.terms) & set(item.terms)]
        if item.kind == "promise_of_bot" and any(item.turn - old.turn <= 1 for old in kept if old.kind == item.kind):
            continue
        kept = [old for old in kept if old not in same or old.turn == item.turn] + [item]
    return kept


def _settled_today(item: OpenItem, turns: Sequence[SaidTurn]) -> bool:
    """Whether a later turn of the day settled it: one by whom it waits for, sharing half of its terms."""
    if item.kind == "follow_up":
        rest = [text for text, from_user, _, _ in turns[item.turn + 1 :] if from_user and calls_off(text)]
        return any(set(_stems(words(text))) & set(item.terms) for text in rest)
    waits_for_user = item.kind in ("question_to_user", "promise_of_user")
    asked = item.kind.startswith("question")
    needed = 1 if asked else _enough(len(item.terms))
    # The turn after a promise takes note of it.
    for text, from_user, _, _ in turns[item.turn + (1 if asked else 2) :]:
        if from_user is waits_for_user and len(set(_stems(words(text))) & set(item.terms)) >= needed:
            return True
    return False


def called_off(term: str, day: DayTerms) -> bool:
    """Whether the user called something off on the day, and spoke of ``term`` (lower case) on it."""
    return _hash(_CANCELLATION) in day.user and _hash(stem(term)) in day.user


@lru_cache(maxsize=32768)
def _hash(term: str) -> int:
    return crc32(term.encode("utf-8"))
