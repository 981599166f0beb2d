"""Summaries without a language model: the conversation's own sentences, chosen, told in the third person.

`candidates` finds what may be said, `selection` chooses, `phrasing` tells, `topics` and `tone` label. No clock, no
randomness: the same messages, in whatever order they come, make the same summary.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.summaries.candidates import Candidate, candidates
from whisper_enrich.summaries.confidence import confidence
from whisper_enrich.summaries.model import Summary, SummaryType, Window
from whisper_enrich.summaries.phrasing import narrate, nothing_said, opening
from whisper_enrich.summaries.selection import Content, scores_of, select
from whisper_enrich.summaries.tone import tone
from whisper_enrich.summaries.topics import key_topics
from whisper_enrich.summaries.vocabulary import short_forms

if TYPE_CHECKING:
    from threadpoolctl import ThreadpoolController

ENGINE_VERSION = "extractive-2"
"""Changes whenever the same messages would be summarised differently."""

MOST_SENTENCES = 10
"""The opening included."""
MOST_WORDS = 100
"""Words after which no further sentence is taken; about 120 come out, with the opening."""
LEAST_WORDS = 60
SHARE_OF_SOURCE = 0.35
"""A short talk gets a shorter summary, down to `LEAST_WORDS`."""


def summarise(
    messages: Sequence[Message], *, user_name: str, bot_name: str, window: Window, scope: Scope, short: bool
) -> Summary:
    """The summary of all ``messages`` of one user, bot, window and scope, in whatever order they are given.

    Raises ValueError where there is no message, or one from outside the window or scope: such a summary would claim to
    cover what it does not. Messages without words are counted and named as such.
    """
    _check(messages, window, scope)
    ordered = sorted(messages, key=lambda message: message.order)
    found = candidates(ordered, (user_name, bot_name))
    most_words = budget(found)
    with _blas().limit(limits=1, user_api="blas"):
        content = Content(ordered, found)
        scores = scores_of(found, content)
        chosen = select(found, scores, content, most_sentences=MOST_SENTENCES - 1, most_words=most_words)
        certainty = confidence(found, chosen, content, most_words=most_words)
    text = _text(ordered, chosen, user_name, bot_name)
    mood = tone(ordered)
    characters = sum(len(message.text) for message in ordered)
    names = short_forms(user_name) | short_forms(bot_name)
    return Summary(
        window=window,
        scope=scope,
        summary_text=text,
        summary_type=SummaryType.SHORT_WINDOW if short else SummaryType.TIME_WINDOW,
        key_topics=key_topics(_best_first(found, scores), content.frequency, names),
        emotional_tone=mood.text,
        emotional_tone_reason=mood.reason,
        dominant_emotion=mood.dominant,
        compression_ratio=len(text) / characters if characters else None,
        confidence_score=None if certainty is None else round(certainty, 4),
        message_count=len(ordered),
        message_ids=tuple(dict.fromkeys(message.point_id for message in ordered)),
        input_hash=input_hash(ordered),
        engine_version=ENGINE_VERSION,
    )


def input_hash(messages: Iterable[Message]) -> str:
    """SHA-256 (hex) of what a summary is made from: the points' ids and content hashes, sorted, and engine version.

    A window whose stored hash equals this one has nothing to gain from being summarised again. Names and vectors are no
    part of it: they change without anything new having been said.
    """
    points = sorted({(message.point_id, message.content_hash) for message in messages})
    return hashlib.sha256(json.dumps([ENGINE_VERSION, points]).encode()).hexdigest()


@cache
def _blas() -> ThreadpoolController:
    """To hold matrix products to one thread: these are small, and the other threads would wait for work in a busy loop."""
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _check(messages: Sequence[Message], window: Window, scope: Scope) -> None:
    if not messages:
        raise ValueError("a summary needs at least one message")
    if any(not window.holds(message.turn_at) or message.scope is not scope for message in messages):
        raise ValueError("a summary takes messages of its own window and scope only")


def budget(found: Sequence[Candidate]) -> int:
    said = sum(candidate.size for candidate in found)
    return min(MOST_WORDS, max(LEAST_WORDS, round(SHARE_OF_SOURCE * said)))


def _text(ordered: Sequence[Message], chosen: Sequence[Candidate], user_name: str, bot_name: str) -> str:
    first, last = ordered[0].at, ordered[-1].at
    if not chosen:
        return nothing_said(first, last, user_name, bot_name, len(ordered))
    speakers = {message.speaker for message in ordered}
    spoke = {"user_spoke": Speaker.USER in speakers, "bot_spoke": Speaker.BOT in speakers}
    lines = [opening(first, last, user_name, bot_name, **spoke)]
    return " ".join(lines + narrate(chosen, user_name, bot_name))


def _best_first(found: Sequence[Candidate], scores: Sequence[float]) -> list[Candidate]:
    """Statements by falling score, questions after them."""
    order = sorted(range(len(found)), key=lambda k: (found[k].question, -scores[k], k))
    return [found[k] for k in order]
