"""The emotional tone of a conversation, from the labels that the bots stored with each message.

The user's messages count; what a bot displayed says little about how the talk was for the person. A label weighs as
much as its intensity. With P, N and O the weight of the positive, the negative and the other labels:

    (P + N) / (P + N + O) < 1/4         neutral   most of it was neither
    min(P, N) / max(P, N) >= 1/2        mixed     both sides are strong
    otherwise                           positive if P > N, else negative

The dominant emotion is the heaviest label of the side or sides that decided.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType

from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.text.words import word_set

POSITIVE = frozenset({"joy", "love", "optimism", "trust", "anticipation"})
"""Anticipation is no feeling of pleasure as such, but in talk it is mostly looking forward."""
NEGATIVE = frozenset({"anger", "disgust", "fear", "pessimism", "sadness"})
OTHER = frozenset({"surprise", "neutral"})

FEELING_SHARE = 0.25
"""Below this share of all weight, feelings do not set the tone."""
BOTH_SIDES = 0.5
"""From this ratio of the weaker to the stronger side on, the tone is mixed."""

_OLDER = {
    "joy": word_set(
        """
        amused amusement bliss cheerful content contentment delight ecstasy elation enjoyment excited excitement
        euphoria fun glad happiness happy joyful joyous playful pleasure pride proud relief relieved
        satisfaction satisfied
        """
    ),
    "love": word_set(
        """
        adoration affection affectionate caring compassion gratitude grateful loving tenderness thankful
        """
    ),
    "optimism": word_set(
        """
        confident encouraged enthusiasm enthusiastic hope hopeful hopefulness inspired optimistic
        """
    ),
    "trust": word_set(
        """
        acceptance admiration approval calm comfort peaceful respect serenity trusting
        """
    ),
    "anticipation": word_set(
        """
        anticipating desire eager eagerness expectation interest interested
        """
    ),
    "anger": word_set(
        """
        angry annoyance annoyed disapproval frustrated frustration fury irritated irritation mad outrage rage
        resentment
        """
    ),
    "disgust": word_set(
        """
        aversion contempt disgusted loathing revulsion
        """
    ),
    "fear": word_set(
        """
        afraid anxiety anxious apprehension fearful nervous nervousness panic scared stressed terror worried
        worry
        """
    ),
    "pessimism": word_set(
        """
        cynical cynicism despair discouraged hopeless hopelessness pessimistic
        """
    ),
    "sadness": word_set(
        """
        depressed disappointed disappointment embarrassment grief guilt heartbroken hurt loneliness lonely
        melancholy misery regret remorse sad shame sorrow unhappy
        """
    ),
    "surprise": word_set(
        """
        amazed amazement astonishment awe confused confusion curiosity curious realization shock shocked
        surprised wonder
        """
    ),
    "neutral": word_set(
        """
        none calmness indifferent
        """
    ),
}
KNOWN_LABELS = MappingProxyType(
    {label: label for label in POSITIVE | NEGATIVE | OTHER}
    | {word: label for label, words in _OLDER.items() for word in words}
)
"""Every label that is understood, by the label of the data contract that it stands for. The older ones are adjectives
and nouns of the same feelings, and the finer labels of GoEmotions (Demszky et al. 2020), each with its nearest."""


@dataclass(frozen=True, slots=True)
class Tone:
    """``text`` reads like "positive (joy)". It and ``dominant`` are None where no known label was there.

    ``reason`` then says why: no_user_messages, no_emotion_labels, unknown_emotion_labels. ``labelled`` counts the
    messages whose labels are understood, ``unknown`` those whose labels are not.
    """

    text: str | None
    dominant: str | None
    reason: str | None
    labelled: int
    unknown: int


def tone(messages: Iterable[Message]) -> Tone:
    """The tone of the user's messages among ``messages``; the order does not matter.

    A label without an intensity weighs as the mean of those that have one, or 1 where none has. Intensities outside
    0..1 are taken as the nearest bound.
    """
    own = [message for message in messages if message.speaker is Speaker.USER]
    labels = [(_normal(message.emotion), message.emotion_intensity) for message in own if _normal(message.emotion)]
    known = [(KNOWN_LABELS[label], intensity) for label, intensity in labels if label in KNOWN_LABELS]
    unknown = len(labels) - len(known)
    if not known:
        reason = "unknown_emotion_labels" if unknown else "no_emotion_labels" if own else "no_user_messages"
        return Tone(None, None, reason, 0, unknown)
    weights = _weights(known)
    valence, deciding = _valence(weights)
    dominant = min(deciding & weights.keys(), key=lambda label: (-weights[label], label))
    return Tone(f"{valence} ({dominant})", dominant, None, len(known), unknown)


def _normal(label: str | None) -> str:
    return (label or "").strip().lower()


def _weights(known: list[tuple[str, float | None]]) -> dict[str, float]:
    """Summed intensity by label. Sorted before summing, so that the order of messages cannot change a last digit."""
    given = [min(1.0, max(0.0, intensity)) for _, intensity in known if intensity is not None]
    usual = sum(sorted(given)) / len(given) if given else 1.0
    by_label: dict[str, list[float]] = {}
    for label, intensity in known:
        by_label.setdefault(label, []).append(usual if intensity is None else min(1.0, max(0.0, intensity)))
    return {label: sum(sorted(values)) for label, values in by_label.items()}


def _valence(weights: dict[str, float]) -> tuple[str, frozenset[str]]:
    positive, negative, other = (
        sum(weights[label] for label in sorted(side & weights.keys())) for side in (POSITIVE, NEGATIVE, OTHER)
    )
    total = positive + negative + other
    weaker, stronger = sorted((positive, negative))
    if total == 0 or positive + negative < FEELING_SHARE * total:
        # All intensities may be zero: labelled, but felt by nobody.
        return "neutral", OTHER if OTHER & weights.keys() else frozenset(weights)
    if weaker >= BOTH_SIDES * stronger:
        return "mixed", POSITIVE | NEGATIVE
    return ("positive", POSITIVE) if positive > negative else ("negative", NEGATIVE)
