"""Chat spellings written out, as far as grammar depends on them: im, ive, gonna, wanna, dont."""

from __future__ import annotations

import re

from whisper_enrich.text.words import word_set

# Chat spellings of the first person, put right before the rules look. "id" and "ill" are words of their own, so they
# need a following word that only fits the pronoun.
_SPELLINGS = (
    (re.compile(r"\b(?:i['’]?m+a|imma)\b(?: gonna\b)?", re.IGNORECASE), "I'm going to"),
    (re.compile(r"\b(?:im|i m|iam)\b(?! (?-i:[A-Z]{2}))", re.IGNORECASE), "I'm"),
    (re.compile(r"\bive\b", re.IGNORECASE), "I've"),
    (re.compile(r"\bid(?= (?:love|like|rather|say|be|never|prefer|hate)\b)", re.IGNORECASE), "I'd"),
    (re.compile(r"\bill(?= (?:be|do|go|get|have|try|take|see|let|never|probably|just|make|come)\b)"), "I'll"),
    (re.compile(r"\b(i )?dunno\b", re.IGNORECASE), r"\1don't know"),
    (re.compile(r"\bi gonna\b", re.IGNORECASE), "I'm going to"),
    (re.compile(r"\bgonna\b", re.IGNORECASE), "going to"),
    (re.compile(r"\bwanna\b", re.IGNORECASE), "want to"),
    (re.compile(r"\b(?:have |has )?gotta\b", re.IGNORECASE), "have to"),
    (re.compile(r"['’]ve have to\b", re.IGNORECASE), " have to"),
    (re.compile(r"\b(do|did|does|have|had|has|was|were|is|are|could|would|should|wo|ca)nt\b", re.IGNORECASE), r"\1n't"),
)
_PLAIN_WORD = re.compile(r"[a-z]+")
# A sentence without any of these needs no respelling.
_SPELLING_WORDS = word_set(
    """
    im ima imma iam ma ive id ill dunno gonna wanna gotta dont doesnt didnt havent hadnt hasnt wasnt werent isnt arent couldnt
    wouldnt shouldnt wont cant
    """
)


def respell(sentence: str) -> str:
    """The sentence with chat spellings of the first person written out: im, ive, gonna, wanna, dont."""
    if _SPELLING_WORDS.isdisjoint(_PLAIN_WORD.findall(sentence.lower())):
        return sentence
    for pattern, replacement in _SPELLINGS:
        sentence = pattern.sub(replacement, sentence)
    return sentence
