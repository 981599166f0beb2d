"""What kind of clause a sentence of chat is: asked, told, or a piece of one; and whose.

Rules over words, no parser. They err towards "cannot tell": such a sentence is quoted, and a quotation is never wrong.
"""

from __future__ import annotations

import re

from whisper_enrich.summaries.vocabulary import CHAT_WORDS, FUNCTION_WORDS, words
from whisper_enrich.text.verbs import UNCHANGED, is_adverb, is_base, is_participle, is_past, third_singular
from whisper_enrich.text.words import any_of, word_set

FINITE = word_set("is are was were am be has have had can could may might must should will would do does did")
"""Finite forms of the auxiliaries: where one follows a word, that word was a subject."""

# Chat leaves out question marks; the order of words stays.
_INVERSION = re.compile(
    r"(?:is|are|was|were|am|isn['’]t|wasn['’]t) (?:i|you|u|it|he|she|they|we|that|this|there)\b"
    r"|(?:do|does|did|can|could|will|would|should|have|has|don['’]t|didn['’]t) (?:i|you|u|he|she|they|we)\b"
    r"|(?:who|what|why|where|when|how)(?:['’]s| (?:is|are|do|does|did|if|about|come))\b|wanna\b",
    re.I,
)
_TAG = re.compile(
    r",\s*(?:am|is|are|was|were|do|does|did|can|could|should|would|will|have|has) (?:i|you|u|it|he|she|we|they|that)\b",
    re.I,
)
_ASKED_FOR = re.compile(r"(?:who|what|which)\s+(\w+)", re.I)

# "Lost my job yesterday", "Been busy", "Can't wait": chat drops the "I".
_DROPPED_SUBJECT = re.compile(r"^(?:just |also |finally |still |already |so )?(?P<verb>[a-z']+)", re.I)
_PROGRESSIVE = re.compile(r"^(?:just |also |finally |still |currently )?(?P<verb>been|gonna|going to)\b", re.I)
_CANNOT = re.compile(
    r"^(?:can['’]?t|cannot|couldn['’]?t|don['’]?t know|didn['’]?t|haven['’]?t|wouldn['’]?t|won['’]?t)\b(?! you\b)", re.I
)
_STATIVE = word_set("believe doubt guess hate hope love miss need prefer think want wish")
_FEELING = word_set(
    """
    annoyed ashamed bored confused disappointed excited exhausted frustrated interested overwhelmed pleased relieved
    scared shocked stressed stunned surprised terrified tired worried
    """
)
_NOT_MINE = word_set(
    """
    allowed based broken closed compared divorced given happened limited married meant mixed named needed rained
    recommended related retired said seemed snowed sounded supposed turned unlimited used
    """
)
"""Past forms and participles that, without a subject, mostly belong to something other than the speaker."""
_NO_OBJECT = word_set("by of i who what where when how why which whether")

_PRONOUNS_BEFORE_IS = word_set(
    """
    anything everybody everyone everything he here how it nobody nothing one she somebody someone something that there
    this what where who
    """
)
_AFTER_IS = word_set(
    """
    a about all already also always an at been down from getting going gone gonna got her his in just like mine my never
    no not now off on only our out over probably quite really so still the their to too under up very with your
    """
)
_RELATIVES = word_set("who which that whose where")
_BEFORE_NOUN = word_set(
    """
    a about after all an another any as at bad before best better big both by different each enough every few first for
    free from full good great happy hard her his in its last little long lots many more most my new next no of old on
    only other our own real same second several short small some such ten that the their these third this those three
    to two whole with without worst young your
    """
)
_NO_NOUN = FUNCTION_WORDS | CHAT_WORDS | _BEFORE_NOUN | {"home"}
_OF_OR_BY = re.compile(r"\s+(?:of|by)\b", re.I)
_PLURAL = word_set("these those they we you people who that")
_STATEMENT_OPENERS = word_set(
    """
    a after all an any anyone another as at because before being both by during each even every everyone everything
    for from he her here his if in it it'd it'll it's its last many maybe more most much my next no nobody nothing
    now on one our people she since some someone something sometimes such that's the their then there there's these
    they they're they've this those though to today tomorrow tonight two we what when whenever where while with
    yesterday you your
    """
)
_NEVER_AFTER_THAT = word_set(
    """
    about after although and as at because before but by during for from how if in like not of on or since so than that
    then though to until what whatever when whenever where whether which while who whom whose why with without
    """
)
_REFLEXIVE = word_set("myself ourselves")
SPEAKER = word_set("i i'm i've i'd i'll im ive we we're we've we'd we'll")
_CONTRACTIONS = ("'re", "'ve", "'ll", "'d", "n't")
_CLAUSE_END = re.compile(r"[,;:]|\s[–—-]\s")

# What sounds wrong, or says something else, once its pronouns have become names.
_UNTELLABLE = re.compile(
    any_of(
        r"""
        \blet['’]?s\b | \bwe both\b
        | \bwe (?:last\s|just\s)?(?:talk|talked|speak|spoke|chat|chatted|meet|met up|catch|caught)\b
        | \bthank (?:you|u)\b | \b(?:ask|believe|let|tell|trust) me\b
        | ^please\b | ,\s*(?:please|don['’]?t)\s
        | ^\w+ (?:am|is|are|was|were|do|does|did|have|has|had|can|could|will|would|should)(?:\snot|n['’]t)?(?=[,\s.!…]*(?:$|,))
        | ^['‘"“]
        | \b(?:before|when|whenever|until|unless|if|where|than|like) (?:you|u)\b
        | \byou\b.*\b(?:and|but) (?:are|were|have|don['’]t)\b
        | ^that (?:i|we|you|he|she|they)\b
        """
    ),
    re.I,
)
_SPEECH = re.compile(
    r"(?:^|[\s(])['‘](?=[^\"]*?\b(?:i|i['’]m|you|u|your|my|me|we|our|us)\b).+?['’](?=[\s.,;:!?)]|$)", re.I
)


def is_question(sentence: str, plain: str) -> bool:
    """Whether ``sentence`` asks, with or without its mark; ``plain`` is the same without the small change of chat."""
    if sentence.rstrip("\"'”’)* ").endswith(("?", "？")) or _INVERSION.match(plain) is not None:
        return True
    match = _ASKED_FOR.match(plain)
    if match is None:
        return False
    verb = match[1].lower()
    # "Who asked him" asks, "What matters is the sea" does not.
    return (is_past(verb) or _is_singular(verb)) and FINITE.isdisjoint(words(plain)[2:])


def with_subject(text: str) -> str:
    """``text`` with the "I" that chat leaves out put back, where its verb shows that it is missing."""
    rest = text[:1].lower() + text[1:]
    if _CANNOT.match(text):
        return f"I {rest}"
    if match := _PROGRESSIVE.match(text):
        return f"I've {rest}" if match["verb"].lower() == "been" else f"I'm {rest}"
    match = _DROPPED_SUBJECT.match(text)
    if match is None:
        return text
    verb = match["verb"].lower()
    if verb in _FEELING:
        after = text[match.end() :]
        return f"I'm {rest}" if _OF_OR_BY.match(after) or _stands_alone(after, participle=True) else text
    if verb not in _STATIVE and (not is_past(verb) or is_base(verb) or verb in _NOT_MINE):
        return text
    return f"I {rest}" if _stands_alone(text[match.end() :], participle=verb.endswith("ed")) else text


def _stands_alone(after: str, *, participle: bool = False) -> bool:
    """Whether what follows a verb leaves it without a subject.

    "Love is blind", "Lost is lost" and "Made by hand" have theirs, or none that could be the speaker; the verb of
    "Lost dogs are found" comes later; and in "Sealed jar, two spoons" what looks like a verb may be a ``participle``.
    """
    following = words(_CLAUSE_END.split(after[:80], maxsplit=1)[0])
    if not following or following[0] in FINITE or following[0] in _NO_OBJECT:
        return False
    if following[0] in _NO_NOUN or following[0].isdecimal() or is_adverb(following[0]):
        return True
    return not participle and FINITE.isdisjoint(following)


def has_verb(spoken: list[str]) -> bool:
    """Whether words hold the finite verb of a main clause.

    A verb in a relative clause is none ("a man who sings"), nor is a participle or a plural where a noun stands ("the
    fried egg", "new boots"). A base form counts after a plural ("moments like these remind me"), where it is no
    infinitive.
    """
    relative = False
    for k, word in enumerate(spoken):
        before = spoken[k - 1] if k else ""
        if k and word in _RELATIVES and not (is_past(before) or is_base(before)):
            relative = True
        elif _is_finite(word, before, spoken[k + 1] if k + 1 < len(spoken) else ""):
            if not relative:
                return True
            relative = False
    return False


def is_tellable(text: str) -> bool:
    """Whether ``text`` is a clause with a subject of its own, so that it can stand without quotation marks."""
    first, *rest = words(text)
    if _UNTELLABLE.search(text) or _TAG.search(text) or _SPEECH.search(text) or (text.isupper() and len(rest) > 1):
        return False
    if first in SPEAKER:
        return bool(rest)
    if not _REFLEXIVE.isdisjoint(rest) and SPEAKER.isdisjoint(rest):
        return False  # "Being good to ourselves helps"
    clause = words(_CLAUSE_END.split(text, maxsplit=1)[0])
    if first.endswith("ing"):
        return has_verb(clause[1:])
    if first not in _STATEMENT_OPENERS and _is_verb(first) and not FINITE.intersection(rest[:1]):
        return False  # "Ask me tomorrow", "Reminds me of home"
    return not SPEAKER.isdisjoint(rest[:4]) or has_verb(clause)


def follows_that(text: str) -> bool:
    """Whether ``text`` may stand after "mentioned that": its first word is surely no name, so that it can be small."""
    first, *rest = words(text)
    if len(rest) < 3 or first in _NEVER_AFTER_THAT or first.startswith("that"):
        return False
    written = text.split(maxsplit=1)[0]
    return written.islower() or first in _STATEMENT_OPENERS or first.endswith("ing")


def _is_finite(word: str, before: str, after: str) -> bool:
    if word in FINITE or word.endswith(_CONTRACTIONS):
        return True
    if word.endswith("'s"):
        return word[:-2] in _PRONOUNS_BEFORE_IS or after in _AFTER_IS or after.endswith("ing") or is_participle(after)
    if not before or before in _BEFORE_NOUN or before.isdecimal():
        return False
    return is_past(word) or _is_singular(word) or (is_base(word) and (before in _PLURAL or before.endswith("s")))


def _is_verb(word: str) -> bool:
    return is_base(word) or is_past(word) or word in UNCHANGED or _is_singular(word)


def _is_singular(word: str) -> bool:
    return word.endswith("s") and any(
        is_base(word[:-n]) and third_singular(word[:-n]) == word for n in (1, 2) if len(word) > n + 1
    )
