"""From a chat message to the clauses in which its writer asserts something.

A clause keeps its place in the message (verbatim evidence) and carries the same words in a form that rules can read:
straight apostrophes, chat spellings respelled ("im", "gonna"), greetings and fillers off the front, a dropped subject put
back ("Lost my job" -> "I lost my job"), a time adverbial moved from the front to the end ("Yesterday I ran" -> "I ran
yesterday"). What asserts nothing (`asserted`) never becomes a clause.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from whisper_enrich.facts.asserted import (
    asserted_part,
    is_hedged,
    is_joke,
    is_reported,
    readable,
    without_quotations,
)
from whisper_enrich.facts.model import Tense
from whisper_enrich.facts.openings import (
    adverbial_last,
    has_finite_verb,
    is_about_another,
    opens_subordinate,
    restore_subject,
    strip_lead_in,
)
from whisper_enrich.text.sentences import sentences
from whisper_enrich.text.spelling import respell
from whisper_enrich.text.verbs import is_past
from whisper_enrich.text.words import any_of, word_set


@dataclass(frozen=True, slots=True)
class Clause:
    """``message[start:end]`` is what was written; ``text`` its readable form.

    ``words`` are the lower-case words of ``text``, by which rules are looked up; ``said_on`` is the day of the message.
    """

    start: int
    end: int
    text: str
    tense: Tense
    words: frozenset[str]
    said_on: date


# -- where a sentence falls apart --------------------------------------------------------------------------------------

_PRONOUN = (
    r"(?:i|i'm|im|i've|ive|i'll|i'd|we|we're|we've|we'll|it|it's|its|that|that's|this|he|he's|she|she's|they|they're|you"
    r"|you're|there|there's|me and \w+)\b"
)
_NOUN_SUBJECT = r"(?:my|our|the|his|her|their|these|those|your|everyone|everything)\b"
# After "and" a noun may as well be a second object ("my mum and my dad"): a verb has to follow.
_CLAUSE_WITH_VERB = rf"{_NOUN_SUBJECT}\s+(?:[\w'-]+\s+){{0,3}}?" + any_of(
    """
    is | are | was | were | has | have | had | isn't | wasn't | aren't | said | says | can | can't | will | would | did | does
    | doesn't | didn't | just | always | never | really | got | gave | made | keeps? | helps? | loves? | hates? | likes?
    | thinks? | makes? | gives? | brings? | [a-z]{2,}ed
    """
)
_ADVERB = r"(?:then\s+|now\s+|also\s+|when\s+)?"
_JOINT = re.compile(
    # None of these begins with a letter: the look-ahead spares the rest of the expression five characters in six.
    r"(?=[\s,;:—.…-])(?:"
    rf"\s*(?:[,;]\s*)?(?<=[\s,;])and\s+{_ADVERB}(?={_PRONOUN}|{_CLAUSE_WITH_VERB}\b)"
    r"|\s*(?:[,;]\s*)?(?<=[\s,;])(?:but|so|because|'?cause|cuz|cos|coz|bc|although|though|however|yet|plus|while|whereas"
    rf"|except)\s+{_ADVERB}(?={_PRONOUN}|{_NOUN_SUBJECT})"
    r"|\s*(?:;|—|\s[-–]+\s|-{2,}|\.{2,}|…|:)\s*|(?<=[a-z])-\s+"
    rf"|\s*,\s*(?={_PRONOUN}|{_CLAUSE_WITH_VERB}\b)"
    r"|\s*,?\s+(?:and|but|so)\s+(?=(?:just|also|now|then)?\s*(?:gonna|gotta|wanna|can't wait)\b)"
    r"|\s*,\s+(?P<aside>which|who|as well as|rather than|(?=take a look|check |look |let me |thanks))\s*(?=\w)"
    r"|\s*,?\s+(?:because|'?cause|cuz|even though)\s+(?=\w))",
    re.IGNORECASE,
)
# "so I can", "so that my kids": what follows is a purpose, no statement of its own.
_PURPOSE = re.compile(
    r"\bso\s+(?:that\b|(?:i|we|they|he|she|it|my\s+\w+|people|others) (?:can|could|don't|won't)\b)", re.IGNORECASE
)
# "Sam and I", "when things go wrong and I'm tired": here "and" begins nothing new.
_AND = re.compile(r"\s*[,;]?\s*and\b", re.IGNORECASE)
_HAS_SUBJECT = re.compile(r"\b(?:i|im|we|he|she|they|it|you)\b", re.IGNORECASE)
_WHEN = re.compile(r"\b(?:when|whenever|until|in case)\b", re.IGNORECASE)

# -- reading one -------------------------------------------------------------------------------------------------------

_FIRST_PERSON = re.compile(r"\b(?:i|im|ive|my|me|we|our|us|mine|myself|imma)\b", re.IGNORECASE)
_STRONG_JOINT = re.compile(r"[;:—…]|\s[-–]|-\s|\.\.")
_EDGE = frozenset(" \t\n,;:-–—")
_QUOTE_MARKS = ('"', "“", "«", "(")
_TRAILING_FILLER = re.compile(
    r"(?:[\s,;:–—-]|\b"
    + any_of(
        r"""
        lol | lmao | haha\w* | hehe\w* | tbh | ngl | imo | imho | omg | you know | ya know | i guess | though | tho | i think
        | btw | by the way | so yeah | man | dude | bro | anyway | right | xd
        """
    )
    + r"\b[\s.!]*)+$",
    re.IGNORECASE,
)
_PICTOGRAM = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]+"
    r"|(?<!\w)(?:[:;=]['-]?[)(DPpdOo3/|\\*]+|<3|\^_?\^)(?!\w)|:\w+:"
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")

# -- tense -------------------------------------------------------------------------------------------------------------

_FUTURE = re.compile(
    r"\b(?:i|we)'ll\b|\b(?:will|gonna|going to|planning|plan to|about to|hope to|hoping to|intend|promise"
    r"|looking forward|can't wait|thinking of|thinking about)\b",
    re.IGNORECASE,
)
_PROGRESSIVE = re.compile(r"(?:i|we)(?:'m|'re| am| are) (?:\w+ )?\w+ing\b", re.IGNORECASE)
_AHEAD = re.compile(
    r"\b(?:tomorrow|tonight|next|tmrw?|this (?:weekend|coming)|in (?:a|two|three|\d+) (?:days?|weeks?|months?))\b",
    re.IGNORECASE,
)
_PRESENT = re.compile(
    r"(?:i|we)(?:'ve| have) (?:\w+ )?(?:been \w+ing|got|had)\b|(?:i|we)(?:'m|'re| am| are)\b", re.IGNORECASE
)
_PERFECT = re.compile(r"(?:i|we|my \w+)(?:'ve|'s| have| has) (?!to\b)", re.IGNORECASE)
_PAST_AUXILIARIES = word_set("was were did didn't used wasn't weren't")
_PRESENT_VERBS = word_set(
    "am is are have has love like hate want need think feel know hope enjoy miss do don't can't live work"
)


def clauses(message: str, said_at: datetime) -> list[Clause]:
    """The clauses of ``message`` that assert something, in order; none at all where the message says it is a joke."""
    text = readable(message)
    if is_joke(text):
        return []
    found: list[Clause] = []
    about_another = False
    for sentence in sentences(text):
        asserted = asserted_part(sentence.text)
        for start, end in _split(asserted) if _may_concern_writer(asserted) else ():
            place = _trimmed(text, sentence.start + start, sentence.start + end)
            # "She never nagged. Just looked at me.": the subject left out is still hers.
            clause = _read(text, place, said_at, may_restore=not (about_another and start == 0))
            if clause is not None:
                found.append(clause)
        about_another = is_about_another(sentence.text)
    return found


def _may_concern_writer(sentence: str) -> bool:
    """A quick look that spares most sentences the rest: the first person, or an opening that has lost it."""
    if not sentence or _FIRST_PERSON.search(sentence) or _STRONG_JOINT.search(sentence):
        return sentence != ""
    opening = strip_lead_in(sentence)
    return restore_subject(opening) != opening


def _split(sentence: str) -> list[tuple[int, int]]:
    """Bounds of the clauses; a quotation is never split, a reported clause ends what can be used."""
    text = without_quotations(sentence)
    kept: list[tuple[int, int]] = []
    for start, end, aside in _pieces(text):
        piece = text[start:end].strip()
        if is_reported(strip_lead_in(piece)):
            break
        if piece and not aside:
            kept.append((start, end))
    return kept


def _pieces(text: str) -> list[tuple[int, int, bool]]:
    """Start and end of each piece, and whether it hangs on the one before ("…, which is nice")."""
    purposes = [match.start() for match in _PURPOSE.finditer(text)]
    # "When I was five, I moved": the first comma belongs to the opening clause.
    subordinate = opens_subordinate(strip_lead_in(text.lstrip()))
    pieces, start, aside = [], 0, False
    for match in _JOINT.finditer(text):
        if match.end() == 0 or any(match.start() <= place <= match.end() for place in purposes):
            continue
        if subordinate and "," in match[0]:
            subordinate = False
            continue
        before = text[start : match.start()]
        if _AND.match(match[0]) and (not _is_clause(before) or _WHEN.search(before)):
            continue
        pieces.append((start, match.start(), aside))
        aside = match["aside"] is not None
        start = match.end()
    return [*pieces, (start, len(text), aside)]


def _is_clause(text: str) -> bool:
    """Whether "and" behind it can begin another clause: it has a subject, or a verb at its front."""
    first = _WORD.match(strip_lead_in(text.strip()).lower())
    return has_finite_verb(text) or _HAS_SUBJECT.search(text) is not None or (first is not None and is_past(first[0]))


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while start < end and text[start] in _EDGE:
        start += 1
    while end > start and text[end - 1] in _EDGE:
        end -= 1
    return start, end


def _read(text: str, place: tuple[int, int], said_at: datetime, *, may_restore: bool) -> Clause | None:
    start, end = place
    words = strip_lead_in(" ".join(_PICTOGRAM.sub(" ", text[start:end]).split()))
    if may_restore:
        words = restore_subject(words)
    if _FIRST_PERSON.search(words) is None or is_hedged(words) or words.startswith(_QUOTE_MARKS):
        return None
    words = adverbial_last(words.rstrip(" .!…"), said_at)
    words = respell(_TRAILING_FILLER.sub("", words).rstrip(" .!…,"))
    if words.startswith("i") and not words[1:2].isalpha():
        words = "I" + words[1:]
    return Clause(start, end, words, tense_of(words), _forms(words), said_at.date())


def _forms(text: str) -> frozenset[str]:
    """The words of a clause, and those before an apostrophe by themselves ("boyfriend's", "boyfriend")."""
    words = _WORD.findall(text.lower())
    return frozenset(words).union(word.split("'")[0] for word in words if "'" in word)


def tense_of(clause: str) -> Tense:
    """The tense of a clause by its first verb; a perfect that tells of something done is past."""
    if _FUTURE.search(clause) or (_PROGRESSIVE.match(clause) and _AHEAD.search(clause)):
        return Tense.FUTURE
    if _PRESENT.match(clause):
        return Tense.PRESENT
    if _PERFECT.match(clause):
        return Tense.PAST
    for word in _WORD.findall(clause.lower())[1:7]:
        if is_past(word) or word in _PAST_AUXILIARIES:
            return Tense.PAST
        if word in _PRESENT_VERBS:
            return Tense.PRESENT
    return Tense.PRESENT
