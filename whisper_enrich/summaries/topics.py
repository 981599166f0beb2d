"""Key topics: three to five lower-case words or phrases, by YAKE (Campos et al. 2020), which needs no corpus.

YAKE takes about 5 microseconds a word, so it reads only the most telling sentences, best first, up to `MAX_WORDS`
words. What it cannot see there, how often a word comes back in the whole talk, is put in afterwards: candidates are
ordered by YAKE's score (lower is better) over the square of the number of messages with the rarest of their words.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from whisper_enrich.summaries.candidates import Candidate
from whisper_enrich.summaries.vocabulary import CHAT_WORDS, FUNCTION_WORDS, content_stems, stop_words, words
from whisper_enrich.text.verbs import is_adverb, is_base, is_past
from whisper_enrich.text.words import word_set

if TYPE_CHECKING:
    from yake_rust import Yake

MOST = 5
MAX_WORDS = 80
_ALL = 10 * MAX_WORDS
"""More phrases of one and two words than there are in the text."""
_DIGITS = 9
"""YAKE sums in an order that differs from process to process; beyond these decimals, so do its scores."""
_SHORTEST = 3
_INSIDE = re.compile(r"[^\w\s'’-]")
_PUNCTUATION = " .,;:!?…'\"“”‘’()[]-–—/"

VAGUE = word_set(
    """
    able amount anyhow area aspect awhile bad being best better big care caring chance choose day days decide
    different encourage encouraging end experience experiences explore express expressing fact family's fan favorite
    favourite fav find finding first focus forward future giving goal goals great guy help helped helping helps hour
    hours idea ideas impact important inspire instead issue issues journey keep keeping last learn learning learned
    life little long love loved loving main matter matters minute minutes moment moments month months morning
    motivate motivated motivates new next night number old others part pass past people person place places plan
    planning plans plus point power process question ready reason remind rest second sense share shared sharing
    showing side simple single small start started starting stay staying step steps stop strong stuff success team
    top turn type using wait week weekend weeks while whole world year years
    """
)
"""Words that alone do not name a topic; in a phrase they may stand."""
CALENDAR = word_set(
    """
    monday tuesday wednesday thursday friday saturday sunday mon tue wed thu fri sat sun january february march
    april june july august september october november december jan feb mar apr jun jul aug sep sept oct nov dec
    """
)

NO_TOPIC_VERBS = word_set(
    """
    accept achieve add admire adopt adore afford agree allow appear apply appreciate arrive ask assume attend avoid
    become begin believe belong bring build buy carry choose collect come complain consider continue create decide
    depend deserve develop discover dislike earn eat enjoy enter exist expect explain fail follow forget forgive
    give grow handle happen hate hear hide identify imagine improve include invite join keep kill know leave lend
    listen live lose manage meet miss need offer organise organize overcome own prefer prepare prove provide pursue
    put reach realise realize receive recommend recover refuse relax rely remember remind save sell send serve show
    sing sit solve speak spend suggest suppose survive tackle teach throw translate treat try understand use
    """
)
"""Base forms that are hardly ever nouns."""
_ADJECTIVE = re.compile(r"\w{2}(?:ful|ous|able|ible|less|ish)$")

# In Japanese and Chinese, runs of Katakana or of ideographs are mostly words; longer ones are clauses.
IDEOGRAPHIC = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
IDEOGRAPHIC_WORD = re.compile(r"[\u30a1-\u30fa\u30fc]{2,}|(?<![\u3400-\u9fff])[\u3400-\u9fff]{2,4}(?![\u3400-\u9fff])")


def key_topics(ranked: Sequence[Candidate], frequency: Mapping[str, int], names: frozenset[str]) -> tuple[str, ...]:
    """Up to `MOST` topics of the sentences ``ranked`` (best first), the most telling topic first.

    ``frequency`` is the number of messages by stem, ``names`` the speakers' names in lower case, which are no topics.
    A word and its plural are one topic, and so are a phrase and a word of it. Empty where nothing carries content.
    """
    chosen = _most_telling(ranked)
    stops = names.union(FUNCTION_WORDS, CHAT_WORDS, CALENDAR, *(stop_words(c.language) for c in chosen))
    spaced = [c.text for c in chosen if not IDEOGRAPHIC.search(c.text)]
    unspaced = [c.text for c in chosen if IDEOGRAPHIC.search(c.text)]
    proposals = sorted((_rank(score, phrase, frequency, stops), phrase) for phrase, score in _yake(spaced, stops))
    return _distinct([phrase for _, phrase in proposals] + _runs(unspaced), stops)


def _most_telling(ranked: Sequence[Candidate]) -> list[Candidate]:
    chosen: list[Candidate] = []
    size = 0
    for candidate in ranked:
        if size >= MAX_WORDS:
            break
        chosen.append(candidate)
        size += candidate.size
    return chosen


def _yake(texts: Sequence[str], stops: frozenset[str]) -> list[tuple[str, float]]:
    """Phrases of one and two words in lower case with their scores."""
    # Its sentence splitter wants capitals; a chat's "ok. then" would come back as a phrase.
    text = " ".join(text[:1].upper() + text[1:].rstrip(".!?… ") + "." for text in texts)
    found = _extractor(stops).get_n_best(text, n=_ALL) if texts else []
    return [(phrase.lower().strip(_PUNCTUATION), round(score, _DIGITS)) for phrase, score in found]


@lru_cache(maxsize=16)
def _extractor(stops: frozenset[str]) -> Yake:
    from yake_rust import Yake

    # Its own removal of near duplicates is off: `_distinct` knows stems.
    return Yake(stopwords=set(stops), ngrams=2, remove_duplicates=False)


def _runs(texts: Sequence[str]) -> list[str]:
    """Words of scripts without spaces, by frequency, then first appearance: YAKE would take clauses whole."""
    counts = Counter(run for text in texts for run in IDEOGRAPHIC_WORD.findall(text))
    return [run for run, _ in counts.most_common()]


def _rank(score: float, phrase: str, frequency: Mapping[str, int], stops: frozenset[str]) -> float:
    return score / min((frequency.get(stem, 1) for stem in content_stems(words(phrase), stops)), default=1) ** 2


def _distinct(phrases: Sequence[str], stops: frozenset[str]) -> tuple[str, ...]:
    topics: list[str] = []
    taken: list[frozenset[str]] = []
    for phrase in phrases:
        spoken = words(phrase)
        stems = frozenset(content_stems(spoken, stops))
        if (
            _INSIDE.search(phrase)
            or not names_a_topic(spoken, stems)
            or any(stems <= other or other <= stems for other in taken)
        ):
            continue
        topics.append(phrase)
        taken.append(stems)
        if len(topics) == MOST:
            break
    return tuple(topics)


def names_a_topic(spoken: list[str], stems: frozenset[str]) -> bool:
    """Whether a phrase may be a noun phrase: no adverb, no verb form that is none of a noun, more than a vague word."""
    if (
        not stems
        or len(stems) < len(spoken)
        or any(is_past(word) or is_adverb(word) or word in NO_TOPIC_VERBS for word in spoken)
    ):
        return False
    if all(word in VAGUE or word.isdecimal() or (len(word) < _SHORTEST and word.isascii()) for word in spoken):
        return False
    first, last = spoken[0], spoken[-1]
    if len(spoken) > 1 and (_is_vague_verb(first) or _is_vague_verb(last)):
        return False
    return _ADJECTIVE.search(last) is None


def _is_vague_verb(word: str) -> bool:
    """As in "love watching", "writing helps", "keeps walking"."""
    return any(form in NO_TOPIC_VERBS or (form in VAGUE and is_base(form)) for form in (word, word[:-1], word[:-2]))
