"""What simple counts over the last messages say, where no engine has an answer: marked as heuristic, and as stale.

Verbosity has the bounds of `whisper_enrich.strategic.user_style`: a median under 80 characters is brief, from 200 on detailed.
A message counts as casual where it has an emoticon, chat shorthand, or begins in lower case without closing punctuation; as
formal where it has none of these and a phrase of courtesy. The level is that of the half or more of the messages that have it,
else neutral. Topics are the words that two messages or more share, function words left out, the most frequent first. With
fewer than `FEWEST` messages of the user nothing is said about style.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import fmean, median
from typing import Any

from whisper_enrich.hot_path.context import (
    Contents,
    ContextSwitches,
    Engagement,
    Freshness,
    Missing,
    PersonalityProfile,
    StaleReason,
    Strategic,
)
from whisper_enrich.hot_path.drift import HOUR, aware, seconds_since

FEWEST = 3
BRIEF_BELOW = 80
DETAILED_FROM = 200
MOST_TOPICS = 3


@dataclass(frozen=True, slots=True)
class MessageSeen:
    """A message that the bot has at hand anyway. Raises ValueError where ``at`` has no zone."""

    text: str
    at: datetime
    from_user: bool = True

    def __post_init__(self) -> None:
        aware(self.at)


class Filled:
    """The parts of a context, with heuristics in place of a missing profile, recent topics and silence."""

    def __init__(self, contents: Contents, messages: Sequence[MessageSeen], scope: str, now: datetime) -> None:
        self._contents, self._messages, self._scope, self._now = contents, messages, scope, now
        self._own = [message for message in messages if message.from_user]

    def part(self, name: str) -> Any:
        found = self._contents.part(name)
        if self._own and isinstance(found, Missing) and (make := _MAKERS.get(name)) is not None:
            return make(self._own, self._scope, self._now, self._common())
        return found

    def _common(self) -> dict[str, Any]:
        return {
            "computed_at": None, "read_up_to": max(message.at for message in self._messages),
            "freshness": Freshness.STALE, "stale_reason": StaleReason.HEURISTIC, "messages_read": len(self._messages),
        }  # fmt: skip


def _profile(own: Sequence[MessageSeen], scope: str, now: datetime, common: dict[str, Any]) -> PersonalityProfile:
    if len(own) < FEWEST:
        names = ("formality_level", "verbosity_level", "question_frequency", "avg_message_length")
        return PersonalityProfile(reasons=dict.fromkeys(names, "too_few_messages"), **common)
    lengths = [len(message.text) for message in own]
    middle = median(lengths)
    return PersonalityProfile(
        formality_level=formality(own),
        verbosity_level="brief" if middle < BRIEF_BELOW else "detailed" if middle >= DETAILED_FROM else "moderate",
        question_frequency=fmean("?" in message.text for message in own),
        avg_message_length=fmean(lengths),
        primary_topics=_as_items(own, scope),
        **common,
    )


def _topics(own: Sequence[MessageSeen], scope: str, now: datetime, common: dict[str, Any]) -> ContextSwitches:
    return ContextSwitches(recent_topics=_as_items(own, scope), **common)


def _as_items(own: Sequence[MessageSeen], scope: str) -> list[dict[str, str]]:
    return [{"topic": word, "scope": scope} for word in topics_of(own)]


def _silence(own: Sequence[MessageSeen], scope: str, now: datetime, common: dict[str, Any]) -> Engagement:
    last = max(message.at for message in own)
    return Engagement(last_message_at=last, hours_since_last_message=seconds_since(last, now) / HOUR, **common)


_MAKERS: dict[str, Callable[..., Strategic]] = {
    "personality_profile": _profile,
    "context_switches": _topics,
    "engagement": _silence,
}


_CASUAL = re.compile(
    r"[\U0001F300-\U0001FAFF☀-➿]|[:;=]-?[)(DPp3]|\b(?:lol|lmao|omg|gonna|wanna|gotta|dunno|idk|btw|tbh|pls|thx|u|ur|ya|yeah|"
    r"nah|haha+|hehe+|hey|yo)\b",
    re.IGNORECASE,
)
_COURTESY = re.compile(
    r"\b(?:dear|kindly|regards|sincerely|would you|could you|may i|i would|shall|please find|thank you)\b",
    re.IGNORECASE,
)


def formality(messages: Sequence[MessageSeen]) -> str:
    """'casual', 'formal' or 'neutral'."""
    kinds = Counter(_register(message.text.strip()) for message in messages)
    return next((kind for kind in ("casual", "formal") if kinds[kind] * 2 >= len(messages)), "neutral")


def _register(text: str) -> str:
    if _CASUAL.search(text) or (text[:1].islower() and text[-1:] not in ".!?"):
        return "casual"
    return "formal" if _COURTESY.search(text) else "neutral"


_WORD = re.compile(r"[^\W\d_]{4,}")
_FUNCTION_WORDS = """
    about after again also always another anything around because been before being both cannot could didn does doesn
    doing done down each either even ever every everything feel from getting give goes going gone good great have
    having here hers herself himself into itself just keep know last least less like little long look made make many
    maybe mean might more most much must myself need never next nothing only other ours over people please pretty
    quite really right said same should since some someone something soon still stuff such sure take tell than thank
    thanks that their them themselves then there these they thing things think this those though through time today
    tomorrow tonight under until upon very want wasn well went were what when where which while will with without
    would yeah year years yesterday your yours yourself
"""
_LEFT_OUT = frozenset(_FUNCTION_WORDS.split())


def topics_of(messages: Sequence[MessageSeen]) -> list[str]:
    """At most `MOST_TOPICS` words."""
    seen: Counter[str] = Counter()
    for message in messages:
        seen.update(set(_WORD.findall(message.text.lower())) - _LEFT_OUT)
    return [word for word, count in sorted(seen.items(), key=lambda item: (-item[1], item[0])) if count > 1][
        :MOST_TOPICS
    ]
