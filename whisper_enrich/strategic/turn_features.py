"""The columns of `Turns` that concern a message's text and its emotion label, from the message alone."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from whisper_enrich.strategic.history import EMOTIONS, OpeningKind, QuestionKind
from whisper_enrich.strategic.opening_kinds import opening_kind
from whisper_enrich.strategic.question_kinds import question_kind
from whisper_enrich.summaries.tone import KNOWN_LABELS

__all__ = [
    "PLEASURE",
    "TurnFeatures",
    "count_words",
    "emotion_code",
    "opening_kind",
    "question_kind",
    "turn_features",
    "valence",
]

PLEASURE = {
    "anger": -0.51,
    "anticipation": 0.64,
    "disgust": -0.60,
    "fear": -0.64,
    "joy": 0.76,
    "love": 0.82,
    "neutral": 0.0,
    "optimism": 0.51,
    "pessimism": -0.61,
    "sadness": -0.63,
    "surprise": 0.40,
    "trust": 0.38,
}
"""Mean pleasure of each emotion in -1..1, as people rated it: Russell and Mehrabian, "Evidence for a three-factor theory
of emotions", Journal of Research in Personality 11 (1977), table of 151 terms: angry, interested, disgusted, fearful,
joyful, in love, hopeful, discouraged, sad, surprised, respectful. Neutral is the origin of the scale."""

USUAL_INTENSITY = 0.5
"""Stands in where a label comes without an intensity: the mean over the labelled user lines of the sample (0.48), rounded."""

_EMOTION_CODES = {label: EMOTIONS.index(known) for label, known in KNOWN_LABELS.items()}
_QUESTION_CODES = {kind: code for code, kind in enumerate(QuestionKind)}
_OPENING_CODES = {kind: code for code, kind in enumerate(OpeningKind)}
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_UNSPACED_RUN = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]+")
_CHARACTERS_A_WORD = 2


class TurnFeatures(NamedTuple):
    """What `Turns` holds of one message's text and label.

    ``characters`` without surrounding space, ``words`` by `count_words`. ``emotion`` indexes `EMOTIONS`, -1 where the
    label is missing or unknown; ``intensity`` in 0..1 and ``valence`` in -1..1 are NaN where unknown. ``question`` and
    ``opening`` index `QuestionKind` and `OpeningKind`.
    """

    characters: int
    words: int
    emotion: int
    intensity: float
    valence: float
    question: int
    opening: int


def turn_features(text: str, emotion: str | None, intensity: float | None) -> TurnFeatures:
    """The features of a message that says ``text`` under the label ``emotion`` (the bots' own, any case)."""
    return TurnFeatures(
        characters=len(text.strip()),
        words=count_words(text),
        emotion=emotion_code(emotion),
        intensity=_share(intensity),
        valence=valence(emotion, intensity),
        question=_QUESTION_CODES[question_kind(text)],
        opening=_OPENING_CODES[opening_kind(text)],
    )


def count_words(text: str) -> int:
    """Runs of letters and digits; "don't" and "well-kept" are one. Pictures and punctuation are none.

    Chinese, Japanese, Thai and Lao set no spaces: there, two characters count as a word.
    """
    words = len(_WORD.findall(text))
    if text.isascii():
        return words
    for run in _UNSPACED_RUN.findall(text):
        words += math.ceil(len(run) / _CHARACTERS_A_WORD) - 1
    return words


def emotion_code(label: str | None) -> int:
    """The index of ``label`` in `EMOTIONS`; older labels by the one that they stand for (`KNOWN_LABELS`); else -1."""
    return _EMOTION_CODES.get((label or "").strip().lower(), -1)


def valence(label: str | None, intensity: float | None) -> float:
    """How pleasant the emotion is, in -1..1: its `PLEASURE` times its intensity; NaN where the label is not known.

    An intensity outside of 0..1 is taken as the nearest bound; one that is missing as `USUAL_INTENSITY`.
    """
    code = emotion_code(label)
    if code < 0:
        return math.nan
    share = _share(intensity)
    return PLEASURE[EMOTIONS[code]] * (USUAL_INTENSITY if math.isnan(share) else share)


def _share(intensity: float | None) -> float:
    if intensity is None or math.isnan(intensity):
        return math.nan
    return min(1.0, max(0.0, float(intensity)))
