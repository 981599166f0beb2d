"""How a turn is put: its traits, by words and marks, without a model.

Every trait is a share, so that a long turn does not score higher for being long. With s the number of sentences:

    trait            0..1                                                          source
    warmth           sentences with thanks, greeting or leave, praise, wishes,     positive politeness: Brown and Levinson 1987;
                     sympathy, endearment / s                                      Danescu-Niculescu-Mizil et al. 2013
    humour           sentences with laughter or talk of joking / s                 LIWC-like marker count; dry wit has none
    formality        logistic(8 (F - C) / (words + 5)): F full forms, courtesies,  register features of Pavlick and Tetreault 2016
                     connectives, a quarter for each word of 7 letters or more;    (contraction, case, punctuation, slang)
                     C contractions, slang, chat spellings, faces, sentences in
                     lower case, half for each without final punctuation
    verbosity        min(1, log2(1 + words) / 10): 20 words 0.44, 1,023 words 1    message length, logarithmic
    curiosity        sentences that ask or say that they want to know / s          follow-up questions: Huang et al. 2017
    expressiveness   sentences with an exclamation mark, emoji, capitals,          amplifiers, interjections: Quirk et al. 1985;
                     lengthened letters, interjection or amplifier / s             marks as in VADER (Hutto and Gilbert 2014)
    directness       (1 + (D - H) / s) / 2: D sentences with an imperative         boosters against hedges: Hyland 2005;
                     (no wish), necessity or booster, H sentences with a hedge     necessity: Biber 1988
    positivity       (1 + (P - N) / s) / 2: P, N sentences with a word of good or  polarity with negation within three words:
                     bad feeling                                                   Hutto and Gilbert 2014
    self_disclosure  sentences with I, me, my, mine, myself / s                    Pennebaker, Mehl and Niederhoffer 2003
    attentiveness    sentences with you, your, yours, yourself / s                 the same

So 0.5 is the middle of formality, directness and positivity, and 0 the absence of the others. The word lists are English
(`whisper_enrich.strategic.trait_words`); of a text in another language only verbosity and expressiveness are told, the
rest is NaN. A text without any word is NaN throughout.

One turn says little; means over many turns do. Which traits may be reported is measured, not assumed
(`whisper_enrich.strategic.trait_norms`).
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass

from whisper_enrich.strategic import trait_words as listed
from whisper_enrich.strategic.history import TRAITS
from whisper_enrich.text.language import is_covered

RELIABLE_FROM = 0.7
"""Least split-half reliability, stepped up by Spearman and Brown, of a trait that is reported."""
VERBOSITY_DOUBLINGS = 10.0
"""Verbosity is 1 from 2 to the power of this many words, less one, on."""
_FORMALITY_SLOPE = 8.0
_FORMALITY_PRIOR_WORDS = 5.0
"""As if so many words of neutral register stood beside the text: three words settle no register."""
_LONG_WORD = 7
_NEGATION_REACH = 3

# What a word or phrase stands for, one bit each; a sentence carries the bits of all its words.
_WARM, _HUMOUR, _HEDGE, _DIRECT, _POSITIVE, _NEGATIVE, _NEGATOR = (1 << bit for bit in range(7))
_CURIOUS, _SELF, _OTHER, _EMPHATIC, _CASUAL, _FORMAL = (1 << bit for bit in range(7, 13))
_WORDS = (
    (_WARM, listed.WARM),
    (_HUMOUR, listed.HUMOUR),
    (_HEDGE, listed.HEDGES),
    (_DIRECT, listed.DIRECT),
    (_POSITIVE, listed.POSITIVE),
    (_NEGATIVE, listed.NEGATIVE),
    (_NEGATOR, listed.NEGATORS),
    (_CURIOUS, listed.CURIOUS),
    (_SELF, listed.SELF),
    (_OTHER, listed.OTHER),
    (_EMPHATIC, listed.EMPHATIC),
    (_CASUAL, listed.CASUAL),
    (_FORMAL, listed.FORMAL),
)
_PHRASES = (
    (_WARM, listed.WARM_PHRASES),
    (_HUMOUR, listed.HUMOUR_PHRASES),
    (_HEDGE, listed.HEDGE_PHRASES),
    (_DIRECT, listed.DIRECT_PHRASES),
    (_CURIOUS, listed.CURIOUS_PHRASES),
    (_FORMAL, listed.FORMAL_PHRASES),
)


def _bits_of_words() -> dict[str, int]:
    found: defaultdict[str, int] = defaultdict(int)
    for bit, group in _WORDS:
        for word in group:
            found[word] |= bit
    return dict(found)


def _phrases_by_first_word() -> dict[str, list[tuple[list[str], int]]]:
    found: defaultdict[str, list[tuple[list[str], int]]] = defaultdict(list)
    for bit, group in _PHRASES:
        for first, *rest in group:
            found[first].append((rest, bit))
    return dict(found)


_BITS = _bits_of_words()
_PHRASES_FROM = _phrases_by_first_word()

_LINK = re.compile(r"https?://\S+|www\.\S+|<a?[@#:][^>]*>")
_SENTENCE = re.compile(r"[^.!?…。！？\n]*\w[^.!?…。！？\n]*[.!?…。！？]*")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")
# Japanese and Chinese put no space between words, of which one has about two characters.
_IDEOGRAPH = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_EMOJI = "[\U0001f300-\U0001faff\u2600-\u27bf]"
_FACE = re.compile(rf"{_EMOJI}|(?<!\w)[:;=8xX]['-]?[)(DPpdOo3]+(?!\w)|<3")
_LIVELY = re.compile(rf"[!！]|\b[A-Z]{{3,}}\b|([A-Za-z])\1\1|{_FACE.pattern}")
_FUNNY_FACE = re.compile(r"[😂🤣😆😜😝😹🙃😏😉]|(?<!\w)(?:;-?\)|[:xX=]-?[PpD]+)(?!\w)")
_LAUGHTER = re.compile(r"(?:a*(?:h+a+){2,}h?|(?:he){2,}h?|(?:ja){2,}j?|l+o+l+(?:z|ol)*|lmf?ao+|rofl|x+d+|heh)$")
_CONTRACTION = re.compile(
    r".*(?:n't|'(?:re|ve|ll|d|m))$|(?:it|that|he|she|what|there|who|here|where|how|let)'s$",
)


@dataclass(slots=True)
class _Tally:
    """Counts over the sentences of a text: sentences with a mark, and words where it says so."""

    sentences: int = 0
    words: int = 0
    warm: int = 0
    humorous: int = 0
    asking: int = 0
    lively: int = 0
    direct: int = 0
    hedged: int = 0
    good: int = 0
    bad: int = 0
    self: int = 0
    other: int = 0
    casual: float = 0.0
    formal: float = 0.0


def score(text: str) -> tuple[float, ...]:
    """The traits of one turn in the order of `TRAITS`, each in 0..1, NaN where it cannot be told (see above)."""
    plain = text.replace("’", "'")
    if "://" in plain or "www." in plain or "<" in plain:
        plain = _LINK.sub(" ", plain)
    tally = _Tally()
    for sentence in _SENTENCE.findall(plain):
        _read(sentence, tally)
    if not tally.words:
        return (math.nan,) * len(TRAITS)
    scores = _scores(tally, length=_length(plain, tally.words))
    if not is_covered(text):
        scores = {trait: scores[trait] for trait in ("verbosity", "expressiveness")}
    return tuple(scores.get(trait, math.nan) for trait in TRAITS)


def _scores(tally: _Tally, length: float) -> dict[str, float]:
    n = tally.sentences
    register = (tally.formal - tally.casual) / (tally.words + _FORMALITY_PRIOR_WORDS)
    return {
        "warmth": tally.warm / n,
        "humour": tally.humorous / n,
        "formality": 1.0 / (1.0 + math.exp(-_FORMALITY_SLOPE * register)),
        "verbosity": min(1.0, math.log2(1.0 + length) / VERBOSITY_DOUBLINGS),
        "curiosity": tally.asking / n,
        "expressiveness": tally.lively / n,
        "directness": (1.0 + (tally.direct - tally.hedged) / n) / 2.0,
        "positivity": (1.0 + (tally.good - tally.bad) / n) / 2.0,
        "self_disclosure": tally.self / n,
        "attentiveness": tally.other / n,
    }


def _length(text: str, words: int) -> float:
    """The length in words, also where the script puts no space between them."""
    if text.isascii():
        return float(words)
    return max(float(words), len(_IDEOGRAPH.findall(text)) / 2.0)


def _read(sentence: str, tally: _Tally) -> None:
    """Add one sentence, which has a letter or digit, to the tally."""
    words = _WORD.findall(sentence.lower())
    if not words:
        return
    marks = _marks(words, tally)
    asks = _asks(sentence, words)
    tally.sentences += 1
    tally.words += len(words)
    tally.warm += bool(marks & _WARM)
    tally.humorous += bool(marks & _HUMOUR) or _FUNNY_FACE.search(sentence) is not None
    tally.asking += asks or bool(marks & _CURIOUS)
    tally.lively += bool(marks & _EMPHATIC) or _LIVELY.search(sentence) is not None
    # "Take care" and "have fun" are wishes in the form of a command.
    tally.direct += not asks and (bool(marks & _DIRECT) or (not marks & _WARM and _commands(words)))
    tally.hedged += bool(marks & _HEDGE)
    tally.self += bool(marks & _SELF)
    tally.other += bool(marks & _OTHER)
    opening, ending = sentence.lstrip()[:1], sentence.rstrip()[-1:]
    tally.casual += opening.islower() + 0.5 * (ending not in ".!?…") + (_FACE.search(sentence) is not None)


def _marks(words: list[str], tally: _Tally) -> int:
    """The bits of all words and phrases of a sentence; words of register and of feeling are counted on the way."""
    found = 0
    negated_until = -1
    good = bad = False
    for index, word in enumerate(words):
        bits = _BITS.get(word, 0)
        if word in _PHRASES_FROM:
            for rest, bit in _PHRASES_FROM[word]:
                if words[index + 1 : index + 1 + len(rest)] == rest:
                    bits |= bit
        if "'" in word and _CONTRACTION.match(word):
            tally.casual += 1.0
        elif not bits and _LAUGHTER.match(word):
            bits = _HUMOUR | _CASUAL
        if len(word) >= _LONG_WORD:
            tally.formal += 0.25
        if bits:
            negated = index <= negated_until
            good |= bool(bits & _POSITIVE) and not negated
            bad |= bool(bits & (_POSITIVE if negated else _NEGATIVE))
            tally.casual += bool(bits & _CASUAL)
            tally.formal += bool(bits & _FORMAL)
            if bits & _NEGATOR:
                negated_until = index + _NEGATION_REACH
            found |= bits
    tally.good += good
    tally.bad += bad
    return found


def _asks(sentence: str, words: list[str]) -> bool:
    """By its question mark; without any mark at its end also by its first words ("what is it", not "what a day")."""
    if "?" in sentence or "？" in sentence:
        return True
    if sentence.rstrip()[-1:] in ".!…。！" or len(words) < 3:
        return False
    if words[0] in listed.QUESTION_WORDS:
        return words[1] not in ("a", "an")
    return words[0] in listed.AUXILIARIES and words[1] in listed.SUBJECTS


def _commands(words: list[str]) -> bool:
    """Whether the sentence opens with an imperative, after "please", "then" and the like."""
    for word in words[:4]:
        if word not in listed.IMPERATIVE_OPENERS:
            return word in listed.IMPERATIVES
    return False
