"""What in a message its writer says as true.

Not said as true: a joke, a question, a condition and what hangs on it, a wish against the facts, irony that says so itself,
what somebody else said. Not the writer's at all: quoted lines, code, links, mentions, actions between asterisks.
Irony without a marker is not recognised.
"""

from __future__ import annotations

import re

from whisper_enrich.text.words import any_of, word_set

# Between asterisks stand actions ("*waves*", "*sits down by the fire*"); a single word is emphasis.
_FOREIGN_MATTER = re.compile(
    r"```.*?```|`[^`\n]*`|https?://\S+|www\.\S+|<a?[@#:][^>\n]*>|^[ \t]*>[^\n]*$"
    r"|(?<![\w*])\*(?:[a-z]+s|[A-Za-z][^*\n]* [^*\n]*)\*(?![\w*])",
    re.DOTALL | re.MULTILINE,
)
# Braces would read as a placeholder in a statement.
_PLAIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "{": "(", "}": ")"})
_QUOTATION = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")

# "not kidding" says the opposite; "I was kidding about it" takes one thing back, not the message.
_JOKE = re.compile(
    r"(?<!not )(?<!was )(?<!only )\bkidding\b|\bonly kidding\b|(?<!was )\b"
    + any_of("jk | j/k | just joking | i'm joking | im joking | only joking | joking aside | sarcasm | april fools?")
    + r"\b|(?:^|\s)/(?:s|j|sarcasm|joke)\b|\b(?:lol|haha\w*),? i wish\b|\bi wish\b[ ,.!]*(?:lol|haha\w*)"
    r"|\bas if[.!]|\byeah,? right\b|\bin my dreams\b",
    re.IGNORECASE,
)
# A sentence with one of these is not said as true, whatever else it says.
_SUPPOSED = re.compile(
    r"\b"
    + any_of(
        """
        (?<!even )(?<!as )if | unless | imagine | suppose | supposing | pretend(?:ing)? | hypothetically | whether | in case
        | otherwise | i wish | wish i | as though | as if | no way i | like i (?:care|need) | sure,? because
        | in (?:the|my) (?:book|movie|film|game|show|story|song|dream) | i dreamt | i dreamed that | i had a dream
        | lyrics? | quote | in character | roleplay | ooc | just what i needed | lucky me | what could go wrong
        | living the dream | love that for me | speaking as | as a joke
        """
    )
    + r"\b|\boh (?:great|joy|wonderful|lovely|perfect|fantastic),",
    re.IGNORECASE,
)
# A clause with one of these is not.
_HEDGED = re.compile(
    r"\b"
    + any_of(
        """
        (?:would|could|might|should) have | (?:would|could|might|should)'ve | would be | would rather | i'd be | i'd rather
        | maybe | perhaps | probably not | might | supposedly | allegedly
        """
    )
    + r"\b",
    re.IGNORECASE,
)
# Words without which the expressions above cannot match; asking a set is quicker.
_JOKE_WORDS = word_set("kidding jk joking sarcasm s j joke wish fools fool if right dreams")
_SUPPOSING_WORDS = word_set(
    """
    if unless imagine suppose supposing pretend pretending hypothetically whether case otherwise wish though no like sure oh
    just lucky what living that speaking as in dreamt dreamed dream lyric lyrics quote character roleplay ooc
    """
)
_OPENER = r"(?:(?:so|and|but|well|hey|ok|okay|oh|um)[,\s]+)*"
_AUXILIARY = r"(?:do|does|did|are|is|was|were|have|has|can|could|would|will|should)"
_QUESTION = re.compile(
    rf"{_OPENER}(?:{_AUXILIARY}|shall|may|am|isn't|aren't|don't you|didn't|doesn't|haven't|won't|can't you|wouldn't)"
    r"\s+(?:i|you|we|they|he|she|it|the|my|your|this|that|there|any)\b"
    rf"|{_OPENER}(?:what|who|where|when|why|how|which)(?:'s|'re|'d)?\s+(?:{_AUXILIARY}|about|your|you)\b"
    r"|any\s+(?:idea|advice|tips|recommend)",
    re.IGNORECASE,
)
_BEFORE_QUESTION = re.compile(
    r"(?:[\w' ]{1,12}, ){0,3}(?:i|i'm|i've|we|we're|we've|my)\b[^?]{8,}?"
    r"(?=(?:\s[-–—]+|\s?—|;|\.\.+)\s[^?]*\?|, (?:remember|you know|ya know|pretty cool, huh|huh|eh|lol)\?)",
    re.IGNORECASE,
)
_SAYS = any_of(
    """
    says? | said | saying | tells? | told | claims? | claimed | thinks? | thought | believes? | reckons? | insists? | insisted
    | swears? | goes | was like | is like | asks? | asked | texted | wrote | mentioned | keeps? (?:saying|telling)
    """
)
_REPORTED = re.compile(
    r"(?:(?i:he|she|they|it|everyone|everybody|people|someone|somebody|nobody|(?:my|our|his|her|the)\s+(?:\w+\s+){1,3}?)"
    rf"|[A-Z][\w'-]+\s+(?:also\s+)?)\s*(?:always |just |also |once |even )?{_SAYS}\b(?! (?:goodbye|bye|hi|hello))"
    r"|(?i:(?!(?:i|we|and|you|never|just|also|then)\b)[a-z][\w'-]* (?:told|said|says|claims|thinks|reckons)\b"
    r"(?! (?:goodbye|bye|hi|hello))|according to\b|apparently\b|rumou?r has it)"
)
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


def readable(message: str) -> str:
    """The message with what is not its writer's blanked and apostrophes straight; every offset stays."""
    text = message.translate(_PLAIN)
    if "`" in text or "/" in text or "<" in text or ">" in text or "*" in text or "www" in text:
        text = _FOREIGN_MATTER.sub(lambda match: " " * len(match[0]), text)
        text = text.replace("*", " ").replace("_", " ")
    return text


def without_quotations(text: str) -> str:
    """``text`` with what stands in double quotation marks blanked; every offset stays."""
    return _QUOTATION.sub(lambda match: "#" * len(match[0]), text)


def is_joke(text: str) -> bool:
    """Whether the writer says that the message is not meant."""
    return not _JOKE_WORDS.isdisjoint(_WORD.findall(text.lower())) and _JOKE.search(text) is not None


def asserted_part(sentence: str) -> str:
    """The beginning of a sentence that is said as true; empty where none is.

    A question asserts what stands before its dash or its tag: "I finished my novel - want to read it?", "I live in Rome,
    remember?".
    """
    if "?" in sentence.rstrip(" \"'”)*_")[-4:]:
        match = _BEFORE_QUESTION.match(sentence)
        if match is None:
            return ""
        sentence = match[0]
    if _QUESTION.match(sentence):
        return ""
    if not _SUPPOSING_WORDS.isdisjoint(_WORD.findall(sentence.lower())) and _SUPPOSED.search(sentence):
        return ""
    return sentence


def is_reported(clause: str) -> bool:
    """Whether the clause says what somebody other than the writer says, thinks or asks."""
    return _REPORTED.match(clause) is not None


def is_hedged(clause: str) -> bool:
    """Whether the clause speaks of what might be or might have been."""
    return _HEDGED.search(clause) is not None
