"""What a summary may be made of: the sentences of the messages, freed of the small change of chat.

Links, mentions, code, emoji and acted-out actions ("*waves*") go; so do greetings, interjections and forms of address
around a statement ("Wow, Mel!", "Yeah,"). What is left without a word is no candidate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.summaries.clauses import SPEAKER, has_verb, is_question, with_subject
from whisper_enrich.summaries.vocabulary import (
    CHAT_WORDS,
    FIRST_PERSON,
    FUNCTION_WORDS,
    SECOND_PERSON,
    content_stems,
    short_forms,
    stop_words,
    words,
)
from whisper_enrich.text.language import detect
from whisper_enrich.text.sentences import sentences
from whisper_enrich.text.verbs import is_adverb, is_base, is_past
from whisper_enrich.text.words import word_set

MAX_WORDS = 45
MAX_LENGTH = 400
"""Longer "sentences", in words or characters, are chat without punctuation or pasted text. They are cut at a clause."""
MAX_SENTENCES = 40
"""Sentences read of one message. A pasted book says no more about the talk than its first page."""
MAX_CHARACTERS = 6000
"""Characters read of one message; the longest that bots write."""

_NOISE = re.compile(
    r"```.*?(?:```|\Z)"  # code
    r"|<a?:\w+:\d+>|<[@#][!&]?\d+>"  # Discord's custom emoji and mentions
    r"|(?:https?://|www\.)\S+"
    r"|(?:(?<=^)|(?<=\s))\*{1,2}[^*\n]+\*{1,2}(?=\s*(?:$|[A-Z\n\"“]))"  # an action that stands by itself
    r"|^\s*(?:>+|#+)\s*",  # quotation and heading marks
    re.DOTALL | re.MULTILINE,
)
_NOISY = re.compile(r"[`<#>*_~|]|http|www")
"""What noise or emphasis cannot be without."""
_EMPHASIS = re.compile(r"(?<!\w)[*_~|`]{1,3}(?=\S)([^*_~|`\n]+?)(?<=\S)[*_~|`]{1,3}")
_FACES = re.compile(
    r"[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\ufe0f\u200d\u20e3]+"
    r"|(?<!\w)(?:[:;=8xX]['-]?[)(DPpdOo3/|\\]+(?!\w)|<3|\^_?\^)"
)
_FACE_MARK = re.compile("[:;=8xX<^\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2190-\u21ff\ufe0f\u200d\u20e3]")
"""What every face begins with."""
_CLAUSE = re.compile(r"[,;:](?=\s)|\s[–—-](?=\s)|\s(?=(?:and|but|so|because)\s)|[、。]")
_INTERJECTION = (
    r"(?:wo+w|woah|whoa|ye+ah?|yep|yup|yes|no+|nope|nah|o+h|a+h+|aw+|aha|hmm+|hey|hi|hello|hiya|yo"
    r"|good (?:morning|evening|afternoon|night)|thanks(?: (?:so much|again|a (?:lot|bunch|ton|million)))?"
    r"|thank you(?: so much| again)?|totally|absolutely|definitely|exactly|sure(?: thing)?|of course|ok(?:ay)?|alright"
    r"|well|(?:ha){2,}h?|lol|lmao|omg|cool|awesome|great|nice|amazing|sweet|congrat(?:ulation)?s|by the way|btw|man"
    r"|dude|between (?:us|ourselves|you and me)|actually|honestly|anyways?|right|agreed|indeed|plus|also|i mean|you know"
    r"|guess what|oops|ugh|tbh|sorry)"
)
_LEADING = re.compile(
    rf"^(?:{_INTERJECTION}(?:[,!.…:;–—-]+\s*|\s+[–—-]+\s*)"
    r"|(?:wow|oh|yeah|nah|hey|ah|aww?|lol|haha|ok(?:ay)?|anyways?|and|but|also|between (?:us|ourselves|you and me))\s+"
    r"|(?:(?:great )?so|well)\s+(?=(?:i|i['’]\w+|we|my|our|the|it|he|she|they|there|this|that|now)\b))+",
    re.I,
)
_TRAILING = re.compile(r"[\s,]+(?:lol|lmao|x+d|(?:ha){2,}h?|btw|tbh|tho|though)(?=[.!?…]*$)", re.I)
_ASIDE = re.compile(r"\(([^()]+)\)[.!?…]*")
_LEAST_WORDS = 3
_SHORT_CLAUSE = 5
"""From so many words on, a sentence is taken to say something even where no verb is found in it."""
_POINTING = word_set("it it's it'd it'll its this that that's thats these those then which")
_PEOPLE = word_set("he he's he'd he'll hes she she's she'd she'll shes they they're they've they'd they'll theyre")
_THEIR_OWN = word_set("him his her hers them their theirs")
_NEAR = word_set("this these")
_TIMES = word_set(
    """
    time week weekend month year morning noon afternoon evening night spring summer autumn fall winter christmas days
    monday tuesday wednesday thursday friday saturday sunday
    """
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence with what selection needs to know of it. ``message`` is the position of its message in the window.

    ``first_person`` is also said of other languages than English, where the rules cannot tell. ``dangling`` sentences
    hold a pronoun whose noun must be in another sentence, or are an aside to it. A ``fragment`` is a few words without
    a verb: "Black, no sugar."
    """

    message: int
    position: int
    speaker: Speaker
    text: str
    language: str | None
    size: int
    stems: frozenset[str]
    question: bool
    first_person: bool
    second_person: bool
    dangling: bool
    fragment: bool


def clean(text: str) -> str:
    """``text`` without links, mentions, code, emoji, actions and marks of emphasis."""
    head = text[:MAX_CHARACTERS]
    if _NOISY.search(head) is None:
        return head.strip()
    return _EMPHASIS.sub(r"\1", _NOISE.sub(" ", head)).strip()


def candidates(messages: Sequence[Message], names: Sequence[str]) -> list[Candidate]:
    """The sentences of ``messages`` that hold words, in order. ``names`` are those of the speakers.

    A message that repeats an earlier one of its speaker word for word (sent, or stored, twice) says nothing new, and has
    none.
    """
    ignored = frozenset().union(*(short_forms(name) for name in names))
    address = _address(tuple(sorted(ignored)))
    found: list[Candidate] = []
    said: set[tuple[Speaker, str]] = set()
    for index, message in enumerate(messages):
        if (message.speaker, message.text) not in said:
            said.add((message.speaker, message.text))
            found.extend(_of_message(index, message, ignored, address))
    return found


def _of_message(
    index: int, message: Message, ignored: frozenset[str], address: re.Pattern[str] | None
) -> list[Candidate]:
    text = clean(message.text)
    if not text:
        return []
    language = detect(text)
    english = language in (None, "en")
    passed_over = ignored | stop_words(language)
    found = []
    for position, span in enumerate(sentences(text)[:MAX_SENTENCES]):
        plain = _shorten(_trim(span.text, address) if english else _plain(span.text))
        lowered = words(plain)
        if not lowered:
            continue
        spoken = set(lowered)
        question = is_question(span.text, plain)
        first_person = not english or not FIRST_PERSON.isdisjoint(spoken) or with_subject(plain) != plain
        found.append(
            Candidate(
                message=index,
                position=position,
                speaker=message.speaker,
                text=plain,
                language=language,
                size=len(lowered),
                stems=frozenset(content_stems(lowered, passed_over)),
                question=question,
                first_person=first_person,
                second_person=not SECOND_PERSON.isdisjoint(spoken),
                dangling=english and (span.text[0] == "(" or _leans(lowered, spoken)),
                fragment=not question and _is_fragment(lowered, plain) if english else len(lowered) < _LEAST_WORDS,
            )
        )
    return found


def _is_fragment(lowered: list[str], plain: str) -> bool:
    if len(lowered) >= _SHORT_CLAUSE or not SPEAKER.isdisjoint(lowered) or with_subject(plain) != plain:
        return False
    return len(lowered) < _LEAST_WORDS or not has_verb(lowered)


def _leans(lowered: list[str], spoken: set[str]) -> bool:
    """Whether a sentence needs the one before: it opens by pointing, or its "he" or "they" comes before any noun."""
    first = lowered[0]
    if first in _POINTING:
        return first not in _NEAR or _TIMES.isdisjoint(lowered[1:2])
    if first in _THEIR_OWN:
        return True
    if _PEOPLE.isdisjoint(spoken):
        return False
    before = lowered[: next(i for i, word in enumerate(lowered) if word in _PEOPLE)]
    return not any(_may_be_noun(word) for word in before)


def _may_be_noun(word: str) -> bool:
    if word in FUNCTION_WORDS or word in CHAT_WORDS:
        return False
    return not (is_base(word) or is_past(word) or is_adverb(word))


@lru_cache(maxsize=1024)
def _address(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """A speaker's name where it only calls on somebody: first, last, or between commas."""
    if not names:
        return None
    name = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(
        rf"^(?:{name})\b(?:[,;!.:…]+\s*|\s+[–—-]+\s*|\s+(?=(?:i|i['’]?m|i['’]?ve|i['’]ll|my|we|you|u)\b))"
        rf"|,\s*(?:{name})\b(?=\s*[.!?…]*$)|,\s*(?:{name})(?=,)",
        re.I,
    )


def _trim(sentence: str, address: re.Pattern[str] | None) -> str:
    """``sentence`` from its first word that matters on, without the names of those who are spoken to."""
    text = _plain(sentence)
    before = None
    while before != text:
        before = text
        leading = _LEADING.match(text)
        text = text[leading.end() :] if leading else text
        text = address.sub("", text) if address else text
        text = _TRAILING.sub("", text)
    text = text.strip(" ,;-–—")
    aside = _ASIDE.fullmatch(text)
    text = aside[1] if aside else text
    return text[:1].upper() + text[1:] if sentence[:1].isupper() else text


def _plain(sentence: str) -> str:
    text = _FACES.sub("", sentence) if _FACE_MARK.search(sentence) else sentence
    return " ".join(text.split())


def _shorten(sentence: str) -> str:
    """``sentence``, or its first clauses up to the maximum of words and characters with a mark that there was more."""
    head = " ".join(sentence.split()[:MAX_WORDS])[:MAX_LENGTH]
    if len(head) >= len(sentence):
        return sentence
    cut = max((match.start() for match in _CLAUSE.finditer(head)), default=0)
    return (head[:cut] if cut >= len(head) // 3 else head).rstrip(" ,;:-–—") + " …"
