"""How a user writes: the words that a bot's prompt has for it, each from a count with a documented cut.

All of it is over the user's last `RECENT_TURNS` messages. Where there are fewer than the minimum that a field names, it is
None, and the reason is given.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.comparisons import wilson
from whisper_enrich.strategic.history import EMOTIONS, TRAITS, History, QuestionKind
from whisper_enrich.strategic.moving_topics import distinct_days
from whisper_enrich.strategic.scoped import most, of_dm
from whisper_enrich.strategic.trait_norms import NORMS, RELIABLE_TRAITS
from whisper_enrich.strategic.trait_responses import shown

RECENT_TURNS = 500
LEAST_TURNS = 10
"""Messages below which nothing is said of style, length or questions."""
LEAST_LABELLED = 15
"""Messages with an emotion label below which nothing is said of emotions."""
LEAST_MENTIONS = 20
"""Mentions of recurring subjects below which nothing is said of their diversity."""

CASUAL_BELOW, FORMAL_FROM = 0.40, 0.57
"""Mean formality (0.5: as many marks of the one as of the other). The cuts lie in the gaps between the sample's users."""
BRIEF_BELOW, DETAILED_FROM = 80.0, 200.0
"""Median characters a message: about 15 words, a line of chat; about 40 words, a paragraph."""
NARROW_BELOW, WIDE_FROM = 4.0, 8.0
"""Effective number of emotions: fewer than a third of the twelve labels, two thirds or more."""
EMOTION_FROM = 0.1
"""Share of labelled messages from which on an emotion is named; at most three are."""
MOST_EMOTIONS = 3
MOST_TOPICS = 8
TOPIC_DAYS = 2
"""Days on which a subject must have been named to be one of the user's own."""

_ADJECTIVES = {
    "warmth": "warm",
    "humour": "playful",
    "curiosity": "inquisitive",
    "expressiveness": "expressive",
    "directness": "direct",
    "positivity": "upbeat",
    "self_disclosure": "open",
    "attentiveness": "attentive",
}
_LENGTH_WORDS = {"brief": "concise", "detailed": "detailed"}
_NO_QUESTION = tuple(QuestionKind).index(QuestionKind.NONE)


@dataclass(frozen=True)
class UserStyle:
    """The user's own style. Fields as in the field contract; ``trait_shares`` for each reliable trait the share of the user's
    messages that show it clearly; ``emotion_shares`` the labels' shares; ``emotional_diversity`` the effective number of
    emotions. ``reasons`` says why a field is None."""

    communication_style: str | None
    formality_level: str | None
    verbosity_level: str | None
    primary_topics: list[dict[str, Any]] | None
    topic_diversity_score: float | None
    emotional_range: str | None
    emotional_diversity: float | None
    dominant_emotions: list[str] | None
    emotion_shares: dict[str, float] | None
    question_frequency: float | None
    avg_message_length: float | None
    trait_shares: dict[str, float] | None
    reasons: dict[str, str]


def listing(words: list[str]) -> str:
    """The words as English lists them: a; a and b; a, b and c."""
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]


def user_style(history: History) -> UserStyle:
    """The style of the user of ``history``."""
    recent = np.flatnonzero(history.turns.from_user)[-RECENT_TURNS:]
    reasons: dict[str, str] = {}
    traits = _traits(history, recent, reasons)
    length = _lengths(history, recent, reasons)
    emotions = _emotions(history, recent, reasons)
    topics, diversity = _topics(history, recent, reasons)
    style = None
    if traits["trait_shares"] is None or length["verbosity_level"] is None:
        reasons["communication_style"] = reasons.get("trait_shares", reasons.get("verbosity_level", ""))
    else:
        style = _style(length["verbosity_level"], traits["formality_level"], traits.pop("marked"))
    traits.pop("marked", None)
    return UserStyle(
        communication_style=style,
        primary_topics=topics,
        topic_diversity_score=diversity,
        reasons=reasons,
        **traits,
        **length,
        **emotions,
    )


def _traits(history: History, recent: np.ndarray, reasons: dict[str, str]) -> dict[str, Any]:
    """``formality_level``, ``trait_shares`` and ``marked``: the traits shown more often than usual, the most so first."""
    scores = history.turns.traits[recent]
    column = TRAITS.index("formality")
    told = int(np.isfinite(scores[:, column]).sum())
    if told < LEAST_TURNS:
        reason = "too_few_messages" if len(recent) < LEAST_TURNS else "too_few_messages_in_english"
        reasons["formality_level"] = reasons["trait_shares"] = reason
        return {"formality_level": None, "trait_shares": None, "marked": []}
    formality = float(np.nanmean(scores[:, column]))
    level = "casual" if formality < CASUAL_BELOW else "formal" if formality >= FORMAL_FROM else "neutral"
    marks = shown(scores)
    hits, known = np.nansum(marks, axis=0), np.isfinite(marks).sum(axis=0)
    low, _ = wilson(hits, known)
    usual = np.array([NORMS[trait].usual_share for trait in TRAITS])
    shares = {trait: float(hits[k] / known[k]) for k, trait in enumerate(TRAITS) if trait in RELIABLE_TRAITS}
    lifts = {trait: float(np.log(low[k] / usual[k])) for k, trait in enumerate(TRAITS) if low[k] > usual[k] > 0}
    marked = [
        trait for trait in sorted(lifts, key=lambda t: (-lifts[t], t)) if trait in shares and trait in _ADJECTIVES
    ]
    return {"formality_level": level, "trait_shares": shares, "marked": marked}


def _style(verbosity: str, formality: str | None, marked: list[str]) -> str:
    """Two or three words: the length unless it is moderate, what the user shows more than is usual, the register."""
    words = [_LENGTH_WORDS[verbosity]] if verbosity in _LENGTH_WORDS else []
    words += [_ADJECTIVES[trait] for trait in marked[:2]]
    if len(words) < 2:
        words.append("plain" if formality in (None, "neutral") else formality)
    return listing(words)


def _lengths(history: History, recent: np.ndarray, reasons: dict[str, str]) -> dict[str, Any]:
    names = ("verbosity_level", "avg_message_length", "question_frequency")
    if len(recent) < LEAST_TURNS:
        reasons.update(dict.fromkeys(names, "too_few_messages"))
        return dict.fromkeys(names)
    characters = history.turns.characters[recent]
    median = float(np.median(characters))
    return {
        "verbosity_level": "brief" if median < BRIEF_BELOW else "detailed" if median >= DETAILED_FROM else "moderate",
        "avg_message_length": float(characters.mean()),
        "question_frequency": float(np.mean(history.turns.question[recent] != _NO_QUESTION)),
    }


def _emotions(history: History, recent: np.ndarray, reasons: dict[str, str]) -> dict[str, Any]:
    """By the bots' labels. The effective number of emotions is exp(H), the exponential of Shannon's entropy (Hill number of
    order 1; emodiversity, Quoidbach et al. 2014), H with Miller and Madow's correction for few messages."""
    names = ("emotional_range", "emotional_diversity", "dominant_emotions", "emotion_shares")
    labels = history.turns.emotion[recent]
    labels = labels[labels >= 0]
    if len(labels) < LEAST_LABELLED:
        reasons.update(dict.fromkeys(names, "too_few_emotion_labels" if len(labels) else "no_emotion_labels"))
        return dict.fromkeys(names)
    counts = np.bincount(labels, minlength=len(EMOTIONS))
    shares = counts[counts > 0] / len(labels)
    entropy = float(-(shares * np.log(shares)).sum()) + (len(shares) - 1) / (2.0 * len(labels))
    effective = min(math.exp(entropy), float(len(EMOTIONS)))
    found = {EMOTIONS[k]: float(counts[k] / len(labels)) for k in np.argsort(-counts, kind="stable") if counts[k]}
    felt = [label for label, share in found.items() if label != "neutral" and share >= EMOTION_FROM]
    return {
        "emotional_range": "narrow" if effective < NARROW_BELOW else "wide" if effective >= WIDE_FROM else "moderate",
        "emotional_diversity": effective,
        "dominant_emotions": felt[:MOST_EMOTIONS],
        "emotion_shares": found,
    }


def _topics(
    history: History, recent: np.ndarray, reasons: dict[str, str]
) -> tuple[list[dict[str, Any]] | None, float | None]:
    """What the user named on at least `TOPIC_DAYS` days, names before words, and how spread their talk of these is.

    Diversity is Shannon's entropy of the shares of their mentions, over the logarithm of the number of mentions: 0 if all
    are of one subject, towards 1 the more subjects share them. Subjects named on one day alone do not count.
    """
    named = history.named
    first = int(recent[0]) if len(recent) else 0
    own = np.flatnonzero((named.turn >= first) & history.turns.from_user[named.turn])
    if not len(own):
        reasons["primary_topics"] = reasons["topic_diversity_score"] = "no_mentions"
        return None, None
    items = _recurring(history, own)
    items.sort(key=lambda item: (-item["days"], item["kind"] != "entity", -item["mentions"], item["topic"]))
    total = sum(item["mentions"] for item in items)
    if total < LEAST_MENTIONS:
        reasons["topic_diversity_score"] = "too_few_mentions"
        return most(items, MOST_TOPICS, of_dm), None
    shares = np.array([item["mentions"] for item in items]) / total
    return most(items, MOST_TOPICS, of_dm), max(0.0, float(-(shares * np.log(shares)).sum() / math.log(total)))


def _recurring(history: History, own: np.ndarray) -> list[dict[str, Any]]:
    """Subjects of these mentions, as they were first named. One is shared if what was said outside of dms makes it one by
    itself, and tells no time of a dm then."""
    named = history.named
    turn = named.turn[own]
    days = history.local_days()[turn]
    _, first, of = np.unique(named.key[own], return_index=True, return_inverse=True)
    count = len(first)
    spoken = np.flatnonzero(~history.turns.private[turn])
    times, times_spoken = (np.bincount(each, minlength=count) for each in (of, of[spoken]))
    last, last_spoken = np.full((2, count), -1)
    # Where an index comes twice, the later value stays.
    last[of] = np.arange(len(of))
    last_spoken[of[spoken]] = spoken
    all_days = distinct_days(of, days, count)
    shared = distinct_days(of[spoken], days[spoken], count) >= TOPIC_DAYS
    form = named.form[own[np.where(last_spoken >= 0, last_spoken, last)]].tolist()
    last_at = history.turns.at[turn[np.where(shared, last_spoken, last)]].tolist()
    return [
        {
            "topic": named.forms[form[i]].label,
            "kind": named.forms[form[i]].kind,
            "mentions": int(times[i]),
            "days": int(all_days[i]),
            "last_mentioned": datetime.fromtimestamp(last_at[i], tz=UTC)
            .isoformat(timespec="seconds")
            .replace("+00:00", "Z"),
            "scope": str(Scope.SHARED if shared[i] or times_spoken[i] == times[i] else Scope.DM),
        }
        for i in np.argsort(first).tolist()
        if all_days[i] >= TOPIC_DAYS
    ]
