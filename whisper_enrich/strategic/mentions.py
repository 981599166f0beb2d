"""What a turn names: entities by their capitals, and topic terms, each once a turn.

An entity is a run of capitalised words inside a sentence ("Lord of the Rings", "Max"); at a sentence's start, where every
word has a capital, only a run of two or more. A topic term is a single content word that may be a noun: single words come
back in every phrase that holds them ("support group", "the group"), so they can be counted over weeks. Keys are lower
case; topic words are stemmed, so that singular and plural are one.

Capitals tell nothing where everything has them: in shouted text, in titles Set Like This, and in German, whose nouns all
have one. There, only runs of two and more words are entities, and a noun alone is a topic. Scripts without capitals have
topics only; in Japanese and Chinese, runs of Katakana or ideographs.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import lru_cache
from typing import NamedTuple

from whisper_enrich.summaries.candidates import clean
from whisper_enrich.summaries.topics import (
    CALENDAR,
    IDEOGRAPHIC,
    IDEOGRAPHIC_WORD,
    NO_TOPIC_VERBS,
    VAGUE,
    names_a_topic,
)
from whisper_enrich.summaries.vocabulary import CHAT_WORDS, FUNCTION_WORDS, short_forms, stem, stop_words
from whisper_enrich.text.language import detect
from whisper_enrich.text.verbs import is_participle
from whisper_enrich.text.words import word_set

CALENDAR_WORDS = CALENDAR
MOST_CHARACTERS = 3000
"""Characters read of one turn: what comes after is a pasted text, and names nobody that the talk is about."""

_TOKEN = re.compile(
    r"(?P<word>[^\W\d_]+(?:[-'’][^\W_]+)*)|(?P<end>[.!?…]+(?=\s|$)|[\n。！？:;•\"“(\[]+)|(?P<break>[,)\]/|]|\s[-–—]\s)"
)
_CONNECTORS = word_set("of the de la le von van der den del di da du")
_POSSESSIVE = re.compile(r"['’]s?$")
_CAPITALS_NAME_NOUNS = frozenset({"de", "lb"})
_SHORTEST_TOPIC = 3
_SHORTEST_FOREIGN_TOPIC = 4
_TITLE_SHARE = 0.5
_TITLE_WORDS = 4
_NO_NAME = FUNCTION_WORDS | CHAT_WORDS | CALENDAR_WORDS | word_set("god jesus christmas mr mrs ms dr please")
_QUALITIES = word_set(
    """
    actual alive alone amazed angry anxious available average aware awful bad basic better big bored boring brave brief
    bright broken busy calm careful cheap clean clear clever close cold comfortable common complete confident correct
    creative curious current cute daily dark dead deep delicious different dirty dry due eager early effective empty
    enough entire excellent extra fair familiar far fast favorite favourite fine firm flat focused former free fresh
    friendly full funny further general gentle gorgeous grateful greater greatest gross half healthy heavy high honest
    hot huge hungry ideal impressive incredible intense kind large late lazy least light likely local lonely long loud
    low lower mad magical major massive mean meaningful mental mild modern more natural near neat negative nervous
    nicer normal numb obvious odd older online open original overall own painful peaceful personal physical pleasant
    poor popular positive possible previous private professional quick quiet rare raw ready real recent regular relaxed
    rich rough round sad safe same scared scary serious severe shy sick silly similar simple single slight slow small
    smart smooth social soft solid sore sorry specific stressful strict strong stunned stupid such sudden sure sweet
    talented tall thankful thick thin tight tiny tired total tough true typical unique upset useful usual various vast
    warm weak weird wet wide wild wise worse worst worth wrong young younger
    """
)
"""Adjectives, which alone name no topic."""
_NO_TOPIC = FUNCTION_WORDS | CHAT_WORDS | CALENDAR_WORDS | VAGUE | _QUALITIES
_NO_TOPIC_STEMS = frozenset(map(stem, _NO_TOPIC | NO_TOPIC_VERBS))
"""So that "bringing" is as little a topic as "bring"."""


class Term(NamedTuple):
    """Something named: ``kind`` is 'entity' or 'topic'."""

    key: str
    label: str
    kind: str


class _Word(NamedTuple):
    """``first`` says whether it begins a sentence, ``joined`` whether nothing but a space parts it from the word before."""

    text: str
    lowered: str
    capital: bool
    first: bool
    joined: bool


def mentions_of(text: str, names: Collection[str] = (), language: str | None = None) -> list[Term]:
    """The terms that a turn names, in the order in which it does, each once.

    ``names`` are the speakers' display names, which (with their short forms) are no terms. ``language`` is an ISO 639-1
    code; None finds it out.
    """
    plain = clean(text[:MOST_CHARACTERS])
    if not plain:
        return []
    language = language or detect(plain) or "en"
    speakers = _forms(tuple(sorted(names)))
    if IDEOGRAPHIC.search(plain):
        return _unspaced(plain, speakers)
    words = list(_words(plain))
    entities = list(_entities(words, speakers, _capitals_name(words, language)))
    covered = {part for key, _, _ in entities for part in key.split()}
    found = {term.key: term for term in entities}
    for word in words:
        if word.lowered in covered or word.lowered in speakers:
            continue
        key = _topic_key(word.lowered, language)
        if key is not None and key not in found:
            found[key] = Term(key, word.lowered, "topic")
    return list(found.values())


@lru_cache(maxsize=4096)
def _forms(names: tuple[str, ...]) -> frozenset[str]:
    return frozenset().union(*(short_forms(name) for name in names))


def _words(text: str) -> Iterator[_Word]:
    first, joined = True, False
    for match in _TOKEN.finditer(text):
        if match["end"]:
            first, joined = True, False
        elif match["break"]:
            joined = False
        else:
            whole = word = match["word"]
            if not whole.isalpha():
                word = _POSSESSIVE.sub("", whole).replace("’", "'")
            yield _Word(word, word.lower(), word[0].isupper(), first, joined)
            # A possessive ends a name: "Max's Toyota" are two.
            first, joined = False, len(word) == len(whole)


def _capitals_name(words: list[_Word], language: str) -> bool:
    """Whether a capital inside a sentence is the sign of a name in this text."""
    if language in _CAPITALS_NAME_NOUNS:
        return False
    inside = [word for word in words if not word.first and len(word.text) > 1]
    if len(inside) < _TITLE_WORDS:
        return not inside or not all(word.text.isupper() for word in words)
    if sum(word.capital for word in inside) <= _TITLE_SHARE * len(inside):
        return True
    # A list of names has a verb without a capital; a title has at most small words.
    return not all(word.capital or word.lowered in FUNCTION_WORDS for word in inside)


def _entities(words: list[_Word], speakers: frozenset[str], capitals_name: bool) -> Iterator[Term]:
    at = 0
    while at < len(words):
        if not words[at].capital:
            at += 1
            continue
        run = _run(words, at, speakers)
        at += max(1, len(run))
        if run and run[0].first and len(run) > 1 and (run[0].lowered in VAGUE or not _may_begin(run[0].lowered)):
            run = run[1:]
        if not run or (len(run) == 1 and (run[0].first or not capitals_name)):
            continue
        if len(run) == 1 and (len(run[0].text) < 2 or run[0].lowered in _NO_TOPIC or run[0].lowered in NO_TOPIC_VERBS):
            continue
        if not capitals_name and all(word.text.isupper() for word in words):
            continue
        yield Term(" ".join(word.lowered for word in run), " ".join(word.text for word in run), "entity")


def _run(words: list[_Word], at: int, speakers: frozenset[str]) -> list[_Word]:
    """The name that begins at ``at``, empty where none does. It ends with a capital: connectors stand only inside."""
    end = at
    for index in range(at, len(words)):
        word = words[index]
        if index > at and not word.joined:
            break
        if word.capital and word.lowered not in _NO_NAME and word.lowered not in speakers:
            end = index + 1
        elif index == at or word.lowered not in _CONNECTORS:
            break
    return words[at:end]


@lru_cache(maxsize=16384)
def _may_begin(lowered: str) -> bool:
    """Whether a sentence's first word may belong to the name that follows it ("Harry Potter"), or is a verb ("Visited Rome")."""
    return names_a_topic([lowered], frozenset((stem(lowered),)))


@lru_cache(maxsize=65536)
def _topic_key(lowered: str, language: str) -> str | None:
    """The stem of a word that may be a topic, None for one that may not."""
    if lowered in _NO_TOPIC or "'" in lowered:
        return None
    if language != "en":
        return lowered if len(lowered) >= _SHORTEST_FOREIGN_TOPIC and lowered not in stop_words(language) else None
    if len(lowered) < _SHORTEST_TOPIC:
        return None
    key = stem(lowered)
    if key in _NO_TOPIC_STEMS or is_participle(lowered):
        return None
    return key if names_a_topic([lowered], frozenset((key,))) else None


def _unspaced(text: str, speakers: frozenset[str]) -> list[Term]:
    runs = dict.fromkeys(IDEOGRAPHIC_WORD.findall(text))
    return [Term(run.lower(), run, "topic") for run in runs if run.lower() not in speakers]
