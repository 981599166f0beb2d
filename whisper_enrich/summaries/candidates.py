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
    r"|dude|actually|honestly|anyways?|right|agreed|indeed|plus|also|i mean|you know|guess what|oops|ugh|tbh|sorry)"
)
_LEADING = re.compile(
    rf"^(?:{_INTERJECTION}(?:[,!.…:;–—-]+\s*|\s+[–—-]+\s*)|(?:wow|oh|yeah|nah|hey|ah|aww?|lol|haha|and|but|also)\s+"
    r"|so\s+(?=(?:i|i['’]\w+|we|my|our|the|it|he|she|they|there|now)\b))+",
    re.I,
)
_TRAILING = re.compile(r"[\s,]+(?:lol|lmao|x+d|(?:ha){2,}h?|btw|tbh|tho|though)(?=[.!?…]*$)", re.I)
# Chat leaves out question marks; the order of words stays.
_INVERSION = re.compile(
    r"(?:is|are|was|were|am|isn['’]t|wasn['’]t) (?:i|you|u|it|he|she|they|we|that|this|there)\b"
    r"|(?:do|does|did|can|could|will|would|should|have|has|don['’]t|didn['’]t) (?:i|you|u|he|she|they|we)\b"
    r"|(?:who|what|why|where|when|how)(?:['’]s| (?:is|are|do|does|did|if|about|come))\b|wanna\b",
    re.I,
)
# "Lost my job yesterday", "Been busy", "Can't wait": chat drops the "I".
_DROPPED_SUBJECT = re.compile(r"^(?:just |also |finally |still |already )?(?P<verb>[a-z']+)", re.I)
_PROGRESSIVE = re.compile(r"^(?:just |also |finally |still |currently )?(?P<verb>been|gonna|going to)\b", re.I)
_CANNOT = re.compile(
    r"^(?:can['’]?t|cannot|couldn['’]?t|don['’]?t know|didn['’]?t|haven['’]?t|wouldn['’]?t|won['’]?t)\b(?! you\b)", re.I
)
_NEVER_DROPPED = word_set("based compared given said supposed")
_STATIVE = word_set("believe doubt guess hate hope like love miss need prefer think want wish")
FINITE = word_set("is are was were am be has have had can could may might must should will would do does did")
"""Finite forms of the auxiliaries: where one follows a word, that word was a subject."""
_POINTING = word_set("it it's it'd it'll its this that that's thats these those then which")
_PEOPLE = word_set(
    """
    he he's he'd he'll hes him his himself she she's she'd she'll shes her hers herself they they're they've they'd
    they'll theyre them their theirs themselves
    """
)
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

    ``dangling`` sentences hold a pronoun whose noun must be in another sentence.
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


def clean(text: str) -> str:
    """``text`` without links, mentions, code, emoji, actions and marks of emphasis."""
    head = text[:MAX_CHARACTERS]
    if _NOISY.search(head) is None:
        return head.strip()
    return _EMPHASIS.sub(r"\1", _NOISE.sub(" ", head)).strip()


def candidates(messages: Sequence[Message], names: Sequence[str]) -> list[Candidate]:
    """The sentences of ``messages`` that hold words, in order. ``names`` are those of the speakers."""
    ignored = frozenset().union(*(short_forms(name) for name in names))
    address = _address(tuple(sorted(ignored)))
    found: list[Candidate] = []
    for index, message in enumerate(messages):
        found.extend(_of_message(index, message, ignored, address))
    return found


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
    if verb not in _STATIVE and (not is_past(verb) or is_base(verb) or verb in _NEVER_DROPPED):
        return text
    following = words(text[match.end() : match.end() + 40])[:1]
    # "Love is blind", "Lost is lost" and "Made by hand" have their subject, or none that could be the speaker.
    if not following or following[0] in FINITE or following[0] in ("by", "of", "i"):
        return text
    return f"I {rest}"


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
        found.append(
            Candidate(
                message=index,
                position=position,
                speaker=message.speaker,
                text=plain,
                language=language,
                size=len(lowered),
                stems=frozenset(content_stems(lowered, passed_over)),
                question=_is_question(span.text, plain),
                first_person=not FIRST_PERSON.isdisjoint(spoken) or (english and with_subject(plain) != plain),
                second_person=not SECOND_PERSON.isdisjoint(spoken),
                dangling=english and _leans(lowered, spoken),
            )
        )
    return found


def _leans(lowered: list[str], spoken: set[str]) -> bool:
    """Whether a sentence needs the one before: it opens by pointing, or with a "he" or "them" comes before any noun."""
    first = lowered[0]
    if first in _POINTING:
        return first not in _NEAR or _TIMES.isdisjoint(lowered[1:2])
    if _PEOPLE.isdisjoint(spoken):
        return False
    before = lowered[: next(i for i, word in enumerate(lowered) if word in _PEOPLE)]
    return not any(_may_be_noun(word) for word in before)


def _may_be_noun(word: str) -> bool:
    return word not in FUNCTION_WORDS and word not in CHAT_WORDS and not (is_base(word) or is_past(word) or is_adverb(word))


def _is_question(sentence: str, plain: str) -> bool:
    return sentence.rstrip("\"'”’)* ").endswith(("?", "？")) or _INVERSION.match(plain) is not None


@lru_cache(maxsize=1024)
def _address(names: tuple[str, ...]) -> re.Pattern[str] | None:
    """A speaker's name where it only calls on somebody: first, last, or between commas."""
    if not names:
        return None
    name = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    return re.compile(
        rf"^(?:{name})\b(?:[,!.:…]+\s*|\s+[–—-]+\s*|\s+(?=(?:i|i['’]?m|i['’]?ve|i['’]ll|my|we|you|u)\b))"
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
    return text.strip(" ,-–—")


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
