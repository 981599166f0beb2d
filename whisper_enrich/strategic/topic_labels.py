"""What a segment of talk is about, in a word or two, and whether its first turn links it to what was said before."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from whisper_enrich.strategic.topic_features import Utterance
from whisper_enrich.strategic.topic_words import subjects_by_stem
from whisper_enrich.summaries.topics import CALENDAR, names_a_topic
from whisper_enrich.summaries.vocabulary import stem
from whisper_enrich.text.words import any_of

MOST_TERMS = 8
_BOT_WEIGHT = 0.5
"""What the user says names the topic; the bot's words are half as telling, being answers and figures of speech."""
_SUBJECT_WEIGHT = 1.5
_NAME_WEIGHT = 1.5
_PHRASE_COUNT = 2

# Inside a sentence: after a word or a comma.
_NAME = re.compile(r"(?<=[\w,;:] )[A-Z][^\W\d_]+")
_LINKING = any_of(
    """
    by the way | btw | speaking of | that reminds me | on (?:another|a different) (?:note|topic|subject)
    | (?:new|different|change of) (?:topic|subject) | chang(?:e|ing) the (?:topic|subject) | before i forget
    | (?:one|an)(?:other)? (?:more|other) thing | other thing is | anyways? | apropos
    """
)
_LINKING_FIRST = any_of("also | oh and | and another | besides | that said | meanwhile | related")
_LINK = re.compile(rf"\b{_LINKING}\b|(?:^|[.!?…]\s+){_LINKING_FIRST}\b", re.IGNORECASE)

Said = tuple[Utterance, str, bool]
"""A text as read, as written, and whether the user said it."""


def is_linked(text: str) -> bool:
    """Whether a turn says that it changes the subject: "by the way", "speaking of", "also", …"""
    return _LINK.search(text) is not None


def label(said: Sequence[Said], names: frozenset[str] = frozenset()) -> tuple[str, tuple[str, ...]]:
    """(label, terms) of a segment: the words that stand in most of its turns, most telling first.

        score = turns of the user + half the turns of the bot that have the word

    times 1.5 for a word of an everyday subject and 1.5 for a name; of equal ones the earlier. The label is the first term,
    or, where it stands beside another term more than once or as a name, both ("bitter melon", "blue mesa"). ``names`` (lower
    case) are no topics. Both are empty where no word names a topic.
    """
    weight: dict[str, float] = {}
    forms: dict[str, Counter[str]] = defaultdict(Counter)
    pairs: Counter[tuple[str, str]] = Counter()
    named: set[str] = set()
    for utterance, text, from_user in said:
        proper = {stem(word.lower()) for word in _NAME.findall(text)}
        content = [(at, word, key) for at, word, key in utterance.content if word not in names and _may_name(word)]
        for _, word, key in content:
            forms[key][word] += 1
        for (at, _, key), (next_at, _, next_key) in pairwise(content):
            if next_at == at + 1 and key != next_key:
                pairs[key, next_key] += _PHRASE_COUNT if key in proper and next_key in proper else 1
        for key in dict.fromkeys(key for _, _, key in content):
            weight[key] = weight.get(key, 0.0) + (1.0 if from_user else _BOT_WEIGHT)
        named |= proper
    keys = sorted(weight, key=lambda key: -_score(weight[key], key, named))[:MOST_TERMS]
    terms = tuple(max(forms[key], key=forms[key].__getitem__) for key in keys)
    return _phrase(keys, terms, pairs), terms


def _score(weight: float, key: str, named: set[str]) -> float:
    return weight * (_SUBJECT_WEIGHT if key in subjects_by_stem() else 1.0) * (_NAME_WEIGHT if key in named else 1.0)


def _phrase(keys: Sequence[str], terms: Sequence[str], pairs: Counter[tuple[str, str]]) -> str:
    """The first term, with the one that it keeps standing beside."""
    if not keys:
        return ""
    written = dict(zip(keys, terms, strict=True))
    for pair, times in pairs.most_common():
        if times >= _PHRASE_COUNT and keys[0] in pair and set(pair) <= written.keys():
            return " ".join(written[key] for key in pair)
    return terms[0]


@lru_cache(maxsize=16384)
def _may_name(word: str) -> bool:
    return len(word) > 2 and word not in CALENDAR and names_a_topic([word], frozenset([stem(word)]))
