"""What the words say of a change of topic: for each turn but the first of a session, a row of numbers.

The cues are known ones. Words shared with what came before, and words taken up afterwards (lexical cohesion: Hearst 1997,
TextTiling), the same by everyday subject (`whisper_enrich.strategic.topic_words`); who asks whom what, and whether a
question is given back; pronouns that lean on what was said; reactions, greetings, linking words; lengths. No weights of
words from a corpus, no names, no position in the talk: those would be learnt by heart and say little elsewhere.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import sqrt

import numpy as np

from whisper_enrich.strategic.topic_words import subjects_by_stem
from whisper_enrich.summaries.vocabulary import CHAT_WORDS, FUNCTION_WORDS, stem, stop_words, words
from whisper_enrich.text.language import detect
from whisper_enrich.text.words import any_of, word_set

MOST_TOKENS = 160
"""Of a longer text the first and the last half as many are read: a change shows at its edges."""
BEFORE = 6
AFTER = 3
"""Turns of the session that a boundary is held against."""
_NEAR = 3
_MISSING = -1.0

_TOKEN = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*|\d+|[?!.？！。…]")
_ENDS = frozenset("?!.？！。…")
_ASKING = frozenset("?？")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")

_WRITTEN_OUT = {
    "im": ("i", "am"),
    "ive": ("i", "have"),
    "dont": ("do", "not"),
    "didnt": ("did", "not"),
    "cant": ("can", "not"),
    "cannot": ("can", "not"),
    "can't": ("can", "not"),
    "won't": ("will", "not"),
    "ya": ("you",),
    "u": ("you",),
    "ur": ("your",),
}
_SUFFIXES = (("n't", "not"), ("'m", "am"), ("'re", "are"), ("'ve", "have"), ("'ll", "will"), ("'d", "would"))
_IS = word_set("it that what he she there here who where how let")

_PLAIN = (
    FUNCTION_WORDS
    | CHAT_WORDS
    | word_set("s t do like love enjoy favorite favourite have got day really am is are was be being")
)
"""Words that do not count as shared: function words, and what small talk says of anything."""
_REACTIONS = word_set(
    """
    cool nice wow oh ah aww awesome great haha lol ha yes yeah no nope yep yup sure ok okay interesting sweet amazing that
    true sorry me same really very good well thanks thank hmm congrats fun sounds neat excellent wonderful right exactly
    maybe not
    """
)
_QUESTION_WORDS = word_set("what where when who why which how whose")
_AUXILIARIES = word_set("do does did are is was were have has can could would will should am")
_LEANING = word_set("it that they them those these he she him her his their this there its one ones")
_I = word_set("i my me")
_YOU = word_set("you your")
_GIVEN_BACK = re.compile(r"\b(?:how about|what about|and) you(?:rs|rself)?(?: [?!.]| *$)|\byou(?:rs|rself)? \?")
_FRESH_AFTER_DO_YOU = (
    "like|have|enjoy|love|work|live|play|watch|listen|read|know|own|drive|ever|speak|prefer|collect|want|believe|travel|eat"
    "|cook|go|think|still|drink|sing|exercise"
)
_FRESH_PHRASES = any_of(
    f"""
    do you (?:{_FRESH_AFTER_DO_YOU}) | have you (?:ever|got|seen|heard|been) | what do you (?:do|like|enjoy|love|study)
    | what (?:is|are) your | what (?:kind|type) of | where (?:do|are) you
    | are you (?:an?|in|from|married|into|single|still|going|any) | any (?:hobbies|pets|kids|plans|siblings)
    | how old | who is your | did you | can you | tell me | for fun | for a living | spare time | free time
    """
)
_FRESH = re.compile(rf"\b{_FRESH_PHRASES}\b")
"""How a question that is not about what was just said tends to begin."""

_OWN = (
    "words", "content", "asks", "asks_last", "asks_first", "sentences", "question_words", "given_back", "fresh",
    "fresh_question", "you_in_question", "wh_question", "auxiliary_question", "first_person", "second_person", "leaning",
    "leaning_last", "leaning_question", "reaction", "negation", "exclamations", "subjects",
)  # fmt: skip
_PREVIOUS = ("words", "content", "asks", "asks_last", "given_back", "fresh", "reaction")
_NEXT = ("words", "asks", "given_back", "reaction")
_BETWEEN = (
    "shared_1", "shared_2", "shared_3", "shared_6", "share_3", "share_6", "novel", "taken_up_1", "taken_up",
    "across", "across_cosine", "after_across", "novel_taken_up", "before_shared", "all_words_1", "subjects_1",
    "subjects_3_share", "subjects_new", "subjects_new_taken_up", "subjects_dropped", "subjects_kept_after",
    "subjects_before", "subjects_cosine",
)  # fmt: skip
FEATURES: tuple[str, ...] = (
    *_OWN,
    *(f"previous_{name}" for name in _PREVIOUS),
    *(f"next_{name}" for name in _NEXT),
    "before_previous_asks",
    *_BETWEEN,
)
"""The columns of `boundary_features`, by name; a stored model says which it was trained on."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text as the features see it.

    ``spoken`` all its words; ``content`` (place among the words, word, stem) of those that carry content, ``stems`` these
    stems; ``subjects`` the everyday subjects of these words, with their counts; ``own`` the features of the text itself.
    """

    spoken: frozenset[str]
    content: tuple[tuple[int, str, str], ...]
    stems: frozenset[str]
    subjects: frozenset[int]
    subject_counts: Counter[int]
    own: tuple[float, ...]


def boundary_features(utterances: Sequence[Utterance], session_starts: Sequence[int]) -> np.ndarray:
    """Float32 [n, len(FEATURES)]: row i is about a boundary before utterance i. Rows of session starts are zero.

    ``session_starts`` ascending, the first is 0. Nothing of another session counts.
    """
    rows = np.zeros((len(utterances), len(FEATURES)), dtype=np.float32)
    edges = [*session_starts, len(utterances)]
    for start, stop in pairwise(edges):
        session = utterances[start:stop]
        for index in range(1, len(session)):
            rows[start + index] = _row(session, index)
    return rows


_PREVIOUS_AT = tuple(_OWN.index(name) for name in _PREVIOUS)
_NEXT_AT = tuple(_OWN.index(name) for name in _NEXT)
_ASKS_AT = _OWN.index("asks")


def _row(session: Sequence[Utterance], index: int) -> tuple[float, ...]:
    previous = session[index - 1].own
    following = session[index + 1].own if index + 1 < len(session) else None
    return (
        *session[index].own,
        *(previous[at] for at in _PREVIOUS_AT),
        *(following[at] if following is not None else _MISSING for at in _NEXT_AT),
        session[index - 2].own[_ASKS_AT] if index > 1 else _MISSING,
        *_between(session, index),
    )


def _between(session: Sequence[Utterance], index: int) -> tuple[float, ...]:
    """The features in `_BETWEEN`, in their order."""
    here, last = session[index], session[index - 1]
    stems, subjects = here.stems, here.subjects
    before = session[max(0, index - _NEAR) : index]
    after = session[index + 1 : index + 1 + AFTER]
    near = frozenset().union(*(u.stems for u in before))
    far = frozenset().union(near, *(u.stems for u in session[max(0, index - BEFORE) : max(0, index - _NEAR)]))
    soon = frozenset().union(*(u.stems for u in after[:2]))
    later = soon.union(*(u.stems for u in after[2:]))
    block = stems | soon
    subjects_near = frozenset().union(*(u.subjects for u in before))
    subjects_soon = frozenset().union(*(u.subjects for u in after[:2]))
    subjects_last_two = frozenset().union(*(u.subjects for u in before[-2:]))
    novel, across = stems - far, len(block & near)
    return (
        len(stems & last.stems),
        len(stems & session[index - 2].stems) if index > 1 else 0,
        len(stems & near),
        len(stems & far),
        len(stems & near) / len(stems) if stems else _MISSING,
        len(stems & far) / len(stems) if stems else _MISSING,
        len(novel),
        len(stems & after[0].stems) if after else _MISSING,
        len(stems & later),
        across,
        across / sqrt(len(block) * len(near)) if across else 0.0,
        len(soon & near),
        len(novel & later),
        len(last.stems & session[index - 2].stems) if index > 1 else _MISSING,
        len(here.spoken & last.spoken) / max(1, min(len(here.spoken), len(last.spoken))),
        len(subjects & last.subjects),
        len(subjects & subjects_near) / len(subjects) if subjects else _MISSING,
        len(subjects - subjects_near),
        len((subjects - subjects_near) & subjects_soon),
        len(subjects_last_two - subjects - subjects_soon),
        len(subjects_soon & subjects_last_two),
        len(subjects_near),
        _cosine(before, session[index : index + _NEAR]),
    )


def _cosine(before: Sequence[Utterance], after: Sequence[Utterance]) -> float:
    """Between the counts of subjects of the turns before and of those from here on; missing where either has none."""
    left, right = _summed(before), _summed(after)
    if not left or not right:
        return _MISSING
    product = sum(count * right.get(subject, 0) for subject, count in left.items())
    return product / sqrt(sum(c * c for c in left.values()) * sum(c * c for c in right.values()))


def _summed(utterances: Sequence[Utterance]) -> dict[int, int]:
    # A plain dictionary: counters take longer to build than the sums to make.
    sums: dict[int, int] = {}
    for utterance in utterances:
        for subject, count in utterance.subject_counts.items():
            sums[subject] = sums.get(subject, 0) + count
    return sums


def read(text: str) -> Utterance:
    """The text as the features see it."""
    tokens = _tokens(text)
    sentences = _sentences(tokens)
    spoken = [token for token in tokens if token not in _ENDS]
    content = _content(spoken, text)
    stems = frozenset(found for _, _, found in content)
    counts = Counter(subject for found in stems for subject in subjects_by_stem().get(found, ()))
    return Utterance(
        spoken=frozenset(spoken),
        content=content,
        stems=stems,
        subjects=frozenset(counts),
        subject_counts=counts,
        own=_own(tokens, spoken, sentences, len(stems), len(counts)),
    )


def _content(spoken: Sequence[str], text: str) -> tuple[tuple[int, str, str], ...]:
    """Place, word and stem of what carries content; of a text without an English function word, by its own stop words."""
    ignored: frozenset[str] = frozenset()
    if len(spoken) > 2 and FUNCTION_WORDS.isdisjoint(spoken):
        ignored = stop_words(detect(text))
    return tuple(
        (place, word, stem(word))
        for place, word in enumerate(spoken)
        if len(word) > 1 and word not in _PLAIN and word not in ignored
    )


def _tokens(text: str) -> list[str]:
    """Words in lower case, contractions written out, and the marks that end sentences."""
    found = _TOKEN.findall(text.lower())
    if len(found) > MOST_TOKENS:
        found = found[: MOST_TOKENS // 2] + found[-MOST_TOKENS // 2 :]
    return [piece for token in found for piece in _pieces(token)]


@lru_cache(maxsize=16384)
def _pieces(token: str) -> tuple[str, ...]:
    token = token.replace("’", "'")
    if token in _WRITTEN_OUT:
        return _WRITTEN_OUT[token]
    if "'" not in token:
        return tuple(words(token)) if _UNSPACED.search(token) and token not in _ENDS else (token,)
    for suffix, full in _SUFFIXES:
        if token.endswith(suffix) and len(token) > len(suffix):
            return (token.removesuffix(suffix), full)
    head = token.removesuffix("'s")
    return (head, "is") if head in _IS and head != token else (head.replace("'", ""),)


def _sentences(tokens: Sequence[str]) -> list[tuple[list[str], bool]]:
    """(words, whether it asks) of each."""
    found: list[tuple[list[str], bool]] = []
    current: list[str] = []
    for token in tokens:
        if token not in _ENDS:
            current.append(token)
        elif current:
            found.append((current, token in _ASKING))
            current = []
    if current:
        found.append((current, False))
    return found


def _own(
    tokens: Sequence[str],
    spoken: Sequence[str],
    sentences: Sequence[tuple[list[str], bool]],
    content: int,
    subjects: int,
) -> tuple[float, ...]:
    """The features in `_OWN`, in their order."""
    size = max(1, len(spoken))
    questions = [said for said, asks in sentences if asks]
    question = questions[-1] if questions else []
    joined = " ".join(tokens)
    fresh = _FRESH.search(joined) is not None
    last = sentences[-1][0] if sentences else []
    return (
        len(spoken),
        content,
        bool(questions),
        bool(sentences) and sentences[-1][1],
        bool(sentences) and sentences[0][1],
        len(sentences),
        len(question),
        _GIVEN_BACK.search(joined) is not None,
        fresh,
        fresh and bool(question) and _FRESH.search(" ".join(question)) is not None,
        not _YOU.isdisjoint(question),
        bool(question) and question[0] in _QUESTION_WORDS,
        bool(question) and question[0] in _AUXILIARIES,
        sum(map(_I.__contains__, spoken)) / size,
        sum(map(_YOU.__contains__, spoken)) / size,
        sum(map(_LEANING.__contains__, spoken)) / size,
        sum(map(_LEANING.__contains__, last)),
        sum(map(_LEANING.__contains__, question)),
        bool(spoken) and spoken[0] in _REACTIONS,
        "not" in spoken,
        tokens.count("!"),
        subjects,
    )
