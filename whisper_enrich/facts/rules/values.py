"""Where a value ends, and which values are none."""

from __future__ import annotations

import re

from whisper_enrich.facts.rules.model import Cut
from whisper_enrich.text.verbs import is_adverb, is_base, is_past
from whisper_enrich.text.words import any_of, word_set

_STOP_ALWAYS = (
    r"[;:()!?…]|\.\s|\s[-–—]+\s|\.{2,}|,?\s"
    + any_of(
        r"""
    because | cause | 'cause | cuz | cos | bc | but | so | since | while | if | unless | although | though
    | even though | which | who | whose | where | whenever | until | till | than | like (?:other|most) | as well
    | thanks to | due to | ever since | even when | even if | except | besides | rather | instead | especially
    | yet | however | or something | or anything | and all that | and stuff | and so on | lol | haha\w* | tbh
    | too | anyway | again | by the way | btw | right now | these days | at the moment | currently | now
    | nowadays | anymore | any more | already | yesterday | today | tomorrow | tonight | recently | lately
    | soon
    """
    )
    + r"\b"
)
# A comma ends a value unless an enumeration goes on behind it.
_NO_ENUMERATION = (
    r"|,\s(?!(?:and|or) (?!i\b|i'|we\b|it\b|my\b|he\b|she\b|they\b)|\w+(?:ing)?(?: \w+)?(?:,| and | & | or |$))"
)
_STOPS = {
    Cut.NOUN: re.compile(
        _STOP_ALWAYS
        + _NO_ENUMERATION
        + r"|\s(?:when|after|before|during|for|with|that|as|from|by|on|whom|then|every|last|next|this|named|called)\b",
        re.IGNORECASE,
    ),
    Cut.PLACE: re.compile(
        _STOP_ALWAYS
        + r"|\s(?:when|after|before|during|for|with|that|as|from|by|to|on|at|and|in|then|every|last|next|this|near|about|all"
        r"|alone|together|full|most|over|just|right|twice|once|again|back)\b|,\s(?!(?-i:[A-Z]))",
        re.IGNORECASE,
    ),
    Cut.ACTIVITY: re.compile(
        _STOP_ALWAYS + _NO_ENUMERATION + r"|\s(?:when|that (?:i|we|he|she|they|is|was)|then)\b",
        re.IGNORECASE,
    ),
    Cut.NOTHING: re.compile(r"(?!)"),
}
_AND = re.compile(r",?\s(?:and|&|or)\s(?P<next>[\w']+)(?:\s(?P<after>[\w']+))?", re.IGNORECASE)
_PRONOUNS = word_set(
    """
    i i'm i've i'll i'd we we're we've he he's she she's it it's they they're you you're that that's this there my our his her
    their the am is are was were have has had do does did don't doesn't didn't can can't will would then just now also so
    never always still not
    """
)
# What follows "and fixed ..." as a verb, against "and mixed berries".
_OBJECT_STARTS = word_set(
    "a an the my our his her their its it them this that to in on at with from up out off away down back for"
)
_VAGUE = word_set(
    """
    it that this them those these him her you your yours us me one ones stuff things thing something anything everything
    nothing someone anyone everyone there here what whatever how when where why who all some any more most both none so too
    one's to ya u him/her myself yourself lot lots bit much many way ways it's that's same part rest few
    """
)
_ARTICLE = re.compile(
    r"(?:a|an|the|some|any|my|our|to|of|for|with|and|or|very|really|so|such|just|both|all|lots of|a lot of|a bunch "
    r"of)\s+",
    re.IGNORECASE,
)
_DANGLING = re.compile(r"\s(?:and|or|but|&|a|an|the|more|most)$", re.IGNORECASE)
# "making this", "having them around"
_DOING_IT = re.compile(
    r"(?:to )?\w+(?:ing)? (?:this|that|it|them|these|those|him|her)(?: (?:\w+ing|around|too|out|up|here|there))?$",
    re.IGNORECASE,
)
_LIST = re.compile(r"\s*,\s*(?:and|or)?\s*|\s+(?:and|&|or)\s+", re.IGNORECASE)
_OPENS_WITH_ARTICLE = re.compile(r"(?:a|an|the|my|our|this|that|his|her|their|both|either)\s", re.IGNORECASE)
_SOME = re.compile(r"(?:a little|a bit of|some|a few)\s+", re.IGNORECASE)
_HALF_A_PHRASE = re.compile(r"\b(?:an?|such an?) \w+$", re.IGNORECASE)
_SECOND_PERSON = re.compile(r"\b(?:you|your|yours|u|ur|yourself|y'all)\b", re.IGNORECASE)


def cut(text: str, how: Cut) -> str:
    """The beginning of ``text`` that belongs to a value of this kind."""
    stop = _STOPS[how].search(text)
    if stop is not None:
        if stop[0].startswith(",") and _HALF_A_PHRASE.search(text[: stop.start()]):
            return ""  # "a safe, welcoming place" was cut in two
        text = text[: stop.start()]
    for joint in _AND.finditer(text):
        word = joint["next"].lower()
        after = (joint["after"] or "").lower()
        past = is_past(word) and (not word.endswith("ed") or after in _OBJECT_STARTS)
        verb = past or (is_base(word) and bool(after)) or (is_adverb(word) and bool(after))
        if word in _PRONOUNS or (verb and how is not Cut.ACTIVITY) or past:
            text = text[: joint.start()]
            break
    return _bare(text)


def _bare(text: str) -> str:
    """Without closing punctuation and conjunction; quotation marks stay only where they come in pairs."""
    text = _DANGLING.sub("", text.strip(" ,;:-–—*_.!'")).strip(" ,;:-–—*_.!")
    marks = text.count('"')
    if marks % 2 or (marks == 2 and text[0] == text[-1] == '"'):
        text = text.replace('"', "")
    return text.strip("“” ")


def is_vague(value: str) -> bool:
    """Whether a value names nothing: only pronouns and fillers, or something of the addressee's."""
    bare = value.lower()
    while (match := _ARTICLE.match(bare)) is not None:
        bare = bare[match.end() :]
    words = re.findall(r"[\w']+", bare)
    if not words or _SECOND_PERSON.search(value) or _DOING_IT.match(bare):
        return True
    return all(word in _VAGUE for word in words) or words[0] in (
        "it",
        "that",
        "this",
        "them",
        "how",
        "what",
        "when",
        "there",
        "him",
        "her",
        "it's",
    )


def items(value: str) -> list[str]:
    """The parts of an enumeration of short noun phrases; the whole value where it is anything else."""
    parts = [_SOME.sub("", part) for part in _LIST.split(value) if part]
    if _OPENS_WITH_ARTICLE.match(value) and not all(_OPENS_WITH_ARTICLE.match(part) for part in parts):
        return [value]  # "the love and light theme" is one thing
    if len(parts) == 2 and len(parts[0].split()) != len(parts[1].split()):
        return [value]  # "action and crime films" may be two kinds of films
    if len(parts) < 2 or len(parts) > 5 or any(len(part.split()) > 3 for part in parts):
        return [value]
    if any(
        is_vague(part) or part.split()[0].lower() in ("with", "in", "on", "at", "for", "from", "to", "of")
        for part in parts
    ):
        return [value]
    return parts
