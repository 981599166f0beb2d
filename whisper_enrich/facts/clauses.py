"""From a chat message to the clauses in which its writer asserts something.

A clause keeps its place in the message (verbatim evidence) and carries the same words in a form that rules can read:
straight apostrophes, chat spellings respelled ("im", "gonna"), greetings and fillers off the front, a dropped subject put
back ("Lost my job" -> "I lost my job"), a time adverbial moved from the front to the end ("Yesterday I ran" -> "I ran
yesterday"). Whatever asserts nothing about the writer never becomes a clause: questions, conditions, wishes against the
facts, what somebody said, quotations, quoted lines, code, links, actions between asterisks.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise

from whisper_enrich.facts.dates import find_dates
from whisper_enrich.facts.model import Tense
from whisper_enrich.text.sentences import sentences
from whisper_enrich.text.third_person import respell
from whisper_enrich.text.verbs import is_base, is_past
from whisper_enrich.text.words import word_set


@dataclass(frozen=True, slots=True)
class Clause:
    """``message[start:end]`` is what was written; ``text`` its readable form; ``sentence`` counts from 0.

    ``words`` are the lower-case words of ``text``, by which rules are looked up.
    """

    start: int
    end: int
    text: str
    sentence: int
    tense: Tense
    words: frozenset[str]
    said_on: date


# -- what is not the writer's own word ---------------------------------------------------------------------------------

_FOREIGN_MATTER = re.compile(
    r"```.*?```|`[^`\n]*`|https?://\S+|www\.\S+|<a?[@#:][^>\n]*>|^[ \t]*>[^\n]*$"
    r"|(?<![\w*])\*(?!\*)[a-z][^*\n]*\*(?![\w*])",
    re.DOTALL | re.MULTILINE,
)
# Braces would read as a placeholder in a statement.
_PLAIN = str.maketrans({"’": "'", "‘": "'", "ʼ": "'", "{": "(", "}": ")"})
_QUOTATION = re.compile(r"\"[^\"\n]*\"|“[^”\n]*”|«[^»\n]*»")

# The whole message is not meant. "not kidding" and "no joke" say the opposite.
JOKE = re.compile(
    r"(?<!not )\b(?:just kidding|only kidding|kidding|jk|j/k|just joking|i'm joking|im joking|joking aside|sarcasm"
    r"|only joking)\b"
    r"|(?:^|\s)/(?:s|j|sarcasm|joke)\b|\b(?:lol|haha\w*),? i wish\b|\bi wish\b[ ,.!]*(?:lol|haha\w*)"
    r"|\bapril fools?\b|\bas if[.!]|\byeah,? right\b|\bin my dreams\b",
    re.IGNORECASE,
)
# The sentence is not said as true.
_SUPPOSED = re.compile(
    r"\b(?:(?<!even )(?<!as )if|unless|imagine|suppose|supposing|pretend(?:ing)?|hypothetically|whether|in case"
    r"|otherwise|i wish|wish i"
    r"|as though|as if|no way i|like i (?:care|need)|sure,? because|in the (?:book|movie|film|game|show|story|song"
    r"|dream)|in my dream"
    r"|i dreamt|i dreamed that|i had a dream|lyrics?|quote|in character|roleplay|ooc|just what i needed|lucky me"
    r"|what could go wrong|living the dream|love that for me|speaking as|as a joke)\b|\boh (?:great|joy|wonderful"
    r"|lovely|perfect|fantastic),",
    re.IGNORECASE,
)
# The clause is not.
_HEDGED = re.compile(
    r"\b(?:would have|would've|could have|could've|might have|might've|should have|should've|would be|would rather"
    r"|i'd be|i'd rather"
    r"|maybe|perhaps|probably not|might|supposedly|allegedly)\b",
    re.IGNORECASE,
)
# Words without which the two expressions above cannot match; a set is quicker than they are.
_JOKE_WORDS = word_set("kidding jk joking sarcasm s j joke wish fools if right dreams")
_DOUBT_WORDS = word_set(
    """
    if unless imagine suppose supposing pretend pretending hypothetically whether case otherwise wish though no care need
    because oh just lucky what living that speaking as book movie film game show story song dream dreamt dreamed lyric
    lyrics quote character roleplay ooc joke
    """
)
_QUESTION_OPENING = re.compile(
    r"(?:(?:so|and|but|well|hey|ok|okay|oh|um)[,\s]+)*(?:do|does|did|are|is|was|were|have|has|can|could|would|will"
    r"|should|shall|may|am"
    r"|isn't|aren't|don't you|didn't|doesn't|haven't|won't|can't you|wouldn't)\s+(?:i|you|we|they|he|she|it|the|my"
    r"|your|this|that|there|any)\b"
    r"|(?:(?:so|and|but|well|hey|ok|okay|oh)[,\s]+)*(?:what|who|where|when|why|how|which)(?:'s|'re|'d)?\s+"
    r"(?:do|does|did|are|is|was|were|have|has|can|could|would|will|should|about|your|you)\b|any\s+(?:idea|advice"
    r"|tips|recommend)",
    re.IGNORECASE,
)
_BEFORE_QUESTION = re.compile(
    r"(?:[\w' ]{1,12}, ){0,3}(?:i|i'm|i've|we|we're|we've|my)\b[^?]{8,}?(?=(?:\s[-–—]+|\s?—|;|\.\.+)\s[^?]*\?|, "
    r"(?:remember|you know|ya know|pretty cool, huh|huh|eh|lol)\?)",
    re.IGNORECASE,
)
_SAYS = (
    r"(?:says?|said|saying|tells?|told|claims?|claimed|thinks?|thought|believes?|reckons?|insists?|insisted|swears?"
    r"|goes|was like|is like|asks?|asked|texted|wrote|mentioned|keeps? (?:saying|telling))"
)
_REPORTED = re.compile(
    r"(?:[Hh]e|[Ss]he|[Tt]hey|[Ii]t|[Ee]veryone|[Ee]verybody|[Pp]eople|[Ss]omeone|[Ss]omebody|[Nn]obody|(?:[Mm]y"
    rf"|[Oo]ur|[Hh]is|[Hh]er|[Tt]he)\s+(?:\w+\s+){{1,3}}?|[A-Z][\w'-]+\s+(?:also\s+)?)\s*(?:always |just |also "
    rf"|once |even )?{_SAYS}\b(?! (?:goodbye|bye|hi|hello))"
    r"|(?!(?:[Ii]|[Ww]e|[Aa]nd|[Yy]ou|[Nn]ever|[Jj]ust|[Aa]lso|[Tt]hen)\b)[A-Za-z][\w'-]* (?:told|said|says|claims"
    r"|thinks|reckons)\b(?! (?:goodbye|bye|hi|hello))"
    r"|[Aa]ccording to\b|[Aa]pparently\b|[Rr]umou?r has it",
)

# -- where a sentence falls apart --------------------------------------------------------------------------------------

_PRONOUN = (
    r"(?:i|i'm|im|i've|ive|i'll|i'd|we|we're|we've|we'll|it|it's|its|that|that's|this|he|he's|she|she's|they|they're"
    r"|you|you're"
    r"|there|there's|me and \w+)\b"
)
_NOUN_SUBJECT = r"(?:my|our|the|his|her|their|these|those|your|everyone|everything)\b"
# After "and" a noun may as well be a second object ("my mum and my dad"): a verb has to follow.
_CLAUSE_WITH_VERB = (
    rf"{_NOUN_SUBJECT}\s+(?:[\w'-]+\s+){{0,3}}?(?:is|are|was|were|has|have|had|isn't|wasn't|aren't|said|says|can"
    r"|can't|will|would|did|does"
    r"|doesn't|didn't|just|always|never|really|got|gave|made|keeps?|helps?|loves?|hates?|likes?|thinks?|makes?"
    r"|gives?|brings?|[a-z]{2,}ed)\b"
)
_JOINT = re.compile(
    r"(?=[\s,;:—.…-])(?:"
    rf"\s*(?:[,;]\s*)?(?<=[\s,;])and\s+(?:then\s+|now\s+|also\s+|when\s+)?(?={_PRONOUN}|{_CLAUSE_WITH_VERB})"
    r"|\s*(?:[,;]\s*)?(?<=[\s,;])(?:but|so|because|'?cause|cuz|cos|coz|bc|although|though|however|yet|plus|while"
    r"|whereas|except)\s+"
    rf"(?:then\s+|now\s+|also\s+|when\s+)?(?={_PRONOUN}|{_NOUN_SUBJECT})"
    r"|\s*(?:;|—|\s[-–]+\s|-{2,}|\.{2,}|…|:)\s*|(?<=[a-z])-\s+"
    rf"|\s*,\s*(?={_PRONOUN}|{_CLAUSE_WITH_VERB})"
    r"|\s*,?\s+(?:and|but|so)\s+(?=(?:just|also|now|then)?\s*(?:gonna|gotta|wanna|can't wait)\b)"
    r"|\s*,\s+(?P<aside>which|who|as well as|rather than|(?=take a look|check |look |let me |thanks))\s*(?=\w)"
    r"|\s*,?\s+(?:because|'?cause|cuz|even though)\s+(?=\w))",
    re.IGNORECASE,
)
# "so I can", "so that my kids": what follows is a purpose, no statement of its own.
_PURPOSE = re.compile(
    r"\bso\s+(?:that\b|(?:i|we|they|he|she|it|my\s+\w+|people|others) (?:can|could|don't|won't)\b)", re.IGNORECASE
)
_DEPENDENT = re.compile(
    r"(?:when|while|whenever|once|until|after|before|as soon as|the moment|every time|by the time|since)\b",
    re.IGNORECASE,
)

# -- the front of a clause ---------------------------------------------------------------------------------------------

_LEAD_IN = re.compile(
    r"(?:(?:and|but|plus|also|yet)\s+(?=\w)"
    r"|[\W_]*(?:\b(?:oh+|o+h|ah+|aw+|haha\w*|hehe\w*|lol|lmao+|lmfao|rofl|hey+|hi+|hello|yo|wow+|whoa+|woah+|yeah+"
    r"|yea|yep|yup|yes+|ya"
    r"|ok|okay|kk?|well|and|but|so|also|plus|anyways?|honestly|actually|tbh|ngl|btw|by the way|u+m+|u+h+|hm+|man"
    r"|dude|bro|omg|oh my (?:god|gosh|goodness)"
    r"|to be honest|in fact|for sure|of course|basically|fun fact|guess what|good news|bad news|long story short"
    r"|update|yay+|woo+(?:hoo)?|ugh+|phew|exactly"
    r"|i mean|you know(?: what)?|look|listen|see|like|then|now|because|cause|cuz|sadly|unfortunately|luckily"
    r"|thankfully|fortunately|surprisingly|hopefully not|personally|yesss*|as for me|for me|in my case)\b"
    r"(?:\s*[,!.…:–-]+|(?=\s+(?:i|i'm|im|i've|ive|i'll|i'd|my|we|we're|we've|our|it's|me and)\b)))"
    r"|[\W_]*\b(?:no+|nah|nope|cool|nice|awesome|great|good|right|true|same|same here|me too|me neither|sure|totally"
    r"|definitely|absolutely|agreed"
    r"|thanks?(?: you)?(?: so much| a lot| a bunch| a ton)?|thx|ty|sorry|congrats|good (?:morning|night|evening"
    r"|afternoon)|morning|gm|totally agree|sounds good|got it|hope so|not really|not yet|not much|nothing much)\b"
    r"(?:,? (?-i:[A-Z][a-z]+))?\s*[,!.…:–-]+"
    r"|[\W_]*\b(?:[Hh]ey|[Hh]i|[Hh]ello|[Oo]h|[Ww]ow|[Yy]eah|[Tt]hanks|[Ww]ell)[, ]+(?-i:[A-Z][a-z]+)\s*[,!.…:–-]+"
    r"|(?-i:[A-Z][a-z]+),(?=\s+(?:i|i'm|i've|i'll|i'd|my|we|thanks|thank)\b)"
    r"|(?:i'm (?:so |really |very )?(?:excited|happy|glad|proud|pleased|thrilled) to (?:tell|share|say|report"
    r"|announce)|(?:i )?(?:just )?(?:wanted|want|have|got|gotta|wanna|need) to (?:tell|let|share with))"
    r"(?: with)?(?: you)?(?: know)?(?: that)?(?=\s+(?:i|i'm|i've|my|we)\b)"
    r"|(?:i (?:must|have to|gotta) (?:say|admit)|let me tell you|did i (?:tell you|mention)|as i said|like i "
    r"said)(?: that)?,?(?=\s+(?:i|i'm|i've|my|we)\b))\s*",
    re.IGNORECASE,
)
_ANOTHER = re.compile(
    r"(?:he|she|they|it)(?:'s|'re|'d)?\b|(?:my|our|the|his|her|this|that) (?:\w+ ){1,2}?(?:is|was|has|had|says|said"
    r"|told|just|never|always|\w+ed)\b",
    re.IGNORECASE,
)
_FIRST_PERSON = re.compile(r"\b(?:i|im|ive|my|me|we|our|us|mine|myself|imma)\b", re.IGNORECASE)
_SUBJECT_START = re.compile(r"(?:I|we|my|me and|our)\b|(?:I|we)'", re.IGNORECASE)
_ADVERBIAL = re.compile(
    r"(?:these days|nowadays|right now|at the moment|currently|recently|lately|the other day|earlier(?: today)?|at "
    r"(?:first|work|school|home|night)"
    r"|(?:in|during) my (?:free|spare) time|on (?:weekends|weekdays|mondays|tuesdays|wednesdays|thursdays|fridays"
    r"|saturdays|sundays)|every (?:day|morning|evening|night|week|weekend|month|year|summer|winter)"
    r"|as a (?:kid|child|teenager|teen)|growing up|back (?:then|home)|when i was (?:a (?:kid|child|teenager|teen)"
    r"|little|young|younger|\d+)|a few (?:days|weeks|months|years) ago"
    r"|in (?:high school|college|university)|after work|usually|sometimes|normally|most days|as of (?:now|today"
    r"|tonight|this \w+)|so far|for now|from now on|to \w+(?= I\b)|(?:the )?(?:last|past) few (?:days|weeks|months"
    r"|years))\b",
    re.IGNORECASE,
)
_TRAILING_FILLER = re.compile(
    r"(?:[\s,;:–—-]|\b(?:lol|lmao|haha\w*|hehe\w*|tbh|ngl|imo|imho|omg|you know|ya know|i guess|though|tho|i think"
    r"|btw|by the way|so yeah|man|dude|bro|anyway|right|xd)\b[\s.!]*)+$",
    re.IGNORECASE,
)
_PICTOGRAM = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]+|(?<!\\w)(?:[:;=]['-]?[)(DPpdOo3/|\\\\*]+|<3"
    "|\\^_?\\^)(?!\\w)|:\\w+:"
)

_PAST_OPENERS = re.compile(
    r"(?P<verb>[a-z]+)\s+(?:my|a|an|the|some|to|in|into|on|out|up|at|with|from|for|back|it|this|that|these|those|two"
    r"|three|four|our|home|about|around|down|off|over|by|through|him|her|them|so|really|such|most|all|another|new"
    r"|another|working|being|playing|doing|reading|going|lots|more|through|\d+|[A-Z]\w+)\b",
)
_ING_OPENER = re.compile(
    r"(?P<verb>[a-z]{2,}ing)\s+(?:my|a|an|the|some|to|in|into|on|out|up|at|with|from|for|back|it|this|that|forward"
    r"|so|about|around|down|off|like|home|hard|tired|sick)\b"
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|isn't|aren't|wasn't|hasn't|can't|doesn't|helps?|makes?|can|brings?|gives?|takes?|feels?"
    r"|sounds?|keeps?|means?|requires?|will|would|could|might|must|should|may|\w+'s|[a-z]+s (?:me|us)"
    r"|(?:really|always|truly|definitely|sure) [a-z]+s)\b",
    re.IGNORECASE,
)
_ADJECTIVE_OPENERS = word_set(
    """
    tired exhausted excited thrilled happy sad proud grateful thankful glad worried anxious nervous stressed bored sick hungry
    scared afraid ready keen stoked pumped psyched determined overwhelmed lucky busy broke jealous furious angry annoyed upset
    frustrated disappointed relieved addicted allergic done engaged married pregnant
    """
)
_TRANSITIVE_OPENERS = re.compile(
    r"(?:love|hate|miss|need|want|adore|prefer|dislike)\s+(?:my|help|some|more|a|an|to|it when|all my|\w+ing)\b"
    r"|(?:loved|hated|enjoyed)\s+\w",
    re.IGNORECASE,
)
_FIXED_OPENERS = (
    (
        re.compile(r"gonna (?!be (?:an?|so|great|awesome|amazing|fun|good|epic|the|super|really)\b)", re.IGNORECASE),
        "I'm going to ",
        True,
    ),
    (
        re.compile(
            r"(?:just |currently |still |also |now |really |totally |so |super |always |mostly |finally |never "
            r"|only )?been (?=(?:(?:\w+ly|really|so|just|kinda|super|pretty|very) )*(?:[a-z]+ing|to|in|on|at|there"
            r"|here|with|a (?:nurse|teacher|vegan|vegetarian|fan|member)|busy|sick|ill|single|married|sober|vegan"
            r"|tired|stressed|awake|up|out|away|back|off|home|meaning|able|lucky|diagnosed|trying|both)\b)",
            re.IGNORECASE,
        ),
        "I've ",
        False,
    ),
    (
        re.compile(
            r"(?:gotta |wanna |can't (?!beat|go wrong|complain)|cannot |couldn't (?!agree)|don't (?:have|know|like"
            r"|want|think|need|smoke|drink|eat|feel|really|even) |didn't |haven't |won't |used to |have to |had to "
            r"|have (?=(?:an?(?! (?:good|great|nice|lovely|fun|safe|wonderful|blast|happy|amazing|fantastic"
            r"|awesome))|my|to|been|two|no|some)\b)|had |got |get to |plan to |hope to )",
            re.IGNORECASE,
        ),
        "I ",
        False,
    ),
    (
        re.compile(
            r"(?:looking forward to|planning (?:to|on)|thinking (?:of|about)|about to|on my way|in the middle of"
            r"|off to|not (?:sure|gonna|going)|still (?=\w+ing\b|in\b|at\b|on\b))\s",
            re.IGNORECASE,
        ),
        "I'm ",
        False,
    ),
)
_STILL = re.compile(r"(?:\w+ )?(?:love|hate|miss|need|want|prefer|live|work|own|drive|play)\s+\w", re.IGNORECASE)
_OPENING_ADVERBS = re.compile(
    r"(?:(?:just|also|even|still|finally|recently|really|so|super|totally|very|pretty|actually|currently|already"
    r"|always|never|once|definitely|absolutely|honestly)\s+)+",
    re.IGNORECASE,
)
# "Sam and I", "for me and my mum": "and" joins clauses only where the first has a verb.
_JOINS_NOUNS = re.compile(r"\s*[,;]?\s*and\b", re.IGNORECASE)
_WHEN = re.compile(r"\b(?:when|whenever|until|in case)\b", re.IGNORECASE)
_WORDS = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_FUTURE = re.compile(
    r"\b(?:i|we)'ll\b|\b(?:will|gonna|going to|planning|plan to|about to|hope to|hoping to|intend|promise|looking "
    r"forward|can't wait|thinking of|thinking about)\b",
    re.IGNORECASE,
)
_PRESENT_MARK = re.compile(
    r"(?:i|we)(?:'ve| have) (?:\w+ )?(?:been \w+ing|got|had)\b|(?:i|we)(?:'m|'re| am| are)\b", re.IGNORECASE
)
_PERFECT = re.compile(r"(?:i|we|my \w+)(?:'ve|'s| have| has) (?!to\b)", re.IGNORECASE)
_PROGRESSIVE = re.compile(r"(?:i|we)(?:'m|'re| am| are) (?:\w+ )?\w+ing\b", re.IGNORECASE)


def clauses(message: str, said_at: datetime) -> list[Clause]:
    """The clauses of ``message`` that assert something, in order; none at all where the message says it is a joke."""
    text = _mask(message)
    if is_joke(text):
        return []
    found: list[Clause] = []
    about_another = False
    for number, sentence in enumerate(sentences(text)):
        asserted = _asserted_part(sentence.text)
        for start, end in _split(asserted) if asserted else ():
            place = (sentence.start + start, sentence.start + end)
            clause = _clause(text, place, number, said_at, may_restore=not (about_another and start == 0))
            if clause is not None:
                found.append(clause)
        # "She never nagged. Just looked at me.": the subject left out is still hers.
        about_another = _ANOTHER.match(_strip_lead_in(sentence.text)) is not None
    return found


def is_joke(text: str) -> bool:
    """Whether the writer says that the message is not meant."""
    return not _JOKE_WORDS.isdisjoint(_WORDS.findall(text.lower())) and JOKE.search(text) is not None


def _mask(message: str) -> str:
    """The message with foreign matter blanked and apostrophes straight; every offset stays."""
    text = message.translate(_PLAIN)
    if "`" in text or "/" in text or "<" in text or ">" in text or "*" in text or "www" in text:
        text = _FOREIGN_MATTER.sub(lambda match: " " * len(match[0]), text)
        text = text.replace("*", " ").replace("_", " ")
    return text


def _asserted_part(sentence: str) -> str:
    """The part of a sentence that is said as true; empty where none is.

    A question asserts what stands before its dash or its tag: "I finished my novel - want to read it?", "I live in Rome,
    remember?".
    """
    if "?" in sentence.rstrip(" \"'”)*_")[-4:]:
        match = _BEFORE_QUESTION.match(sentence)
        if match is None:
            return ""
        sentence = match[0]
    if _QUESTION_OPENING.match(sentence):
        return ""
    if not _DOUBT_WORDS.isdisjoint(_WORDS.findall(sentence.lower())) and _SUPPOSED.search(sentence):
        return ""
    return sentence


def _split(sentence: str) -> list[tuple[int, int]]:
    """Bounds of the clauses; a quotation is never split, a reported clause ends what can be used."""
    blanked = _QUOTATION.sub(lambda match: "#" * len(match[0]), sentence)
    purpose = {match.start() for match in _PURPOSE.finditer(blanked)}
    bounds, start, aside = [], 0, False
    # "When I was five, I moved": the comma belongs to the opening clause, which is no statement by itself.
    dependent = _DEPENDENT.match(_strip_lead_in(blanked.lstrip())) is not None
    for match in _JOINT.finditer(blanked):
        if match.end() == 0 or any(match.start() <= position <= match.end() for position in purpose):
            continue
        if dependent and "," in match[0]:
            dependent = False
            continue
        before = blanked[start : match.start()]
        if _JOINS_NOUNS.match(match[0]) and (not has_finite_verb(before) or _WHEN.search(before)):
            continue
        bounds.append((start, match.start(), aside))
        aside = match["aside"] is not None
        start = match.end()
    bounds.append((start, len(sentence), aside))
    kept = []
    for begin, end, is_aside in bounds:
        piece = blanked[begin:end].strip()
        if _REPORTED.match(_strip_lead_in(piece)):
            break
        if piece and not is_aside:
            kept.append((begin, end))
    return kept


def _clause(text: str, place: tuple[int, int], sentence: int, said_at: datetime, *, may_restore: bool) -> Clause | None:
    start, end = place
    while start < end and (text[start].isspace() or text[start] in ",;:-–—"):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in ",;:-–—"):
        end -= 1
    read = " ".join(_PICTOGRAM.sub(" ", text[start:end]).split())
    read = _strip_lead_in(read)
    if may_restore:
        read = _restore_subject(read)
    if _FIRST_PERSON.search(read) is None or _HEDGED.search(read) or read.startswith(('"', "“", "«", "(")):
        return None
    read = _TRAILING_FILLER.sub("", _adverbial_last(read.rstrip(" .!…"), said_at)).rstrip(" .!…,")
    read = respell(read)
    if read.startswith("i") and not read[1:2].isalpha():
        read = "I" + read[1:]
    return Clause(start, end, read, sentence, tense_of(read), _word_forms(read), said_at.date())


def _word_forms(text: str) -> frozenset[str]:
    """The words of a clause, and those before an apostrophe by themselves ("boyfriend's", "boyfriend")."""
    words = _WORDS.findall(text.lower())
    return frozenset(words).union(word.split("'")[0] for word in words if "'" in word)


def _strip_lead_in(text: str) -> str:
    while True:
        match = _LEAD_IN.match(text)
        if match is None or match.end() == 0 or match.end() == len(text):
            return text
        text = text[match.end() :]


def _adverbial_last(text: str, said_at: datetime) -> str:
    """ "Last week I moved" -> "I moved last week"."""
    match = _ADVERBIAL.match(text)
    end = match.end() if match else 0
    if not end and _DEPENDENT.match(text):
        opening = re.match(r"[^,]{4,60}(?=,)", text)
        end = opening.end() if opening else 0
    if not end:
        dates = find_dates(text[:40], said_at)
        end = dates[0].end if dates and dates[0].start == 0 else 0
    rest = text[end:].lstrip(" ,")
    if end and _SUBJECT_START.match(rest):
        adverbial = text[:end]
        return f"{rest} {adverbial[0].lower()}{adverbial[1:]}"
    return text


def _restore_subject(text: str) -> str:
    """Put back the subject that chat leaves out, where what stands first can hardly be anything but its verb."""
    if not text or _SUBJECT_START.match(text):
        return text
    lowered = text[0].lower() + text[1:]
    for pattern, subject, replace in _FIXED_OPENERS:
        match = pattern.match(lowered)
        if match:
            return subject + (lowered[match.end() :] if replace else lowered)
    adverbs = _OPENING_ADVERBS.match(lowered)
    core = lowered[adverbs.end() :] if adverbs else lowered
    first = core.split(" ", 1)[0].lower()
    if first in _ADJECTIVE_OPENERS and _FINITE.search(core) is None:
        return "I'm " + lowered
    if _TRANSITIVE_OPENERS.match(core) or (adverbs and _STILL.match(core)):
        return "I " + lowered
    past = _PAST_OPENERS.match(core)
    if past and (is_past(past["verb"]) or past["verb"] in _PAST_LIKE) and past["verb"] not in _PARTICIPLES_OF_OTHERS:
        return "I " + lowered
    progressive = _ING_OPENER.match(core)
    if progressive and progressive["verb"] not in _NO_PROGRESSIVE and not has_finite_verb(core):
        return "I'm " + lowered
    return text


def has_verb(text: str) -> bool:
    """Whether a clause may be more than a noun phrase: some word behind its first is or may be a verb."""
    if _FINITE.search(text) is not None:
        return True
    return any(
        is_past(word) or is_base(word) or is_base(word.removesuffix("s")) for word in _WORDS.findall(text.lower())[1:]
    )


def has_finite_verb(text: str) -> bool:
    """Whether "Running a shop ..." goes on to say what running a shop does, so that its writer is not its subject."""
    if _FINITE.search(text) is not None:
        return True
    words = _WORDS.findall(text.lower())
    if any(word.endswith("s") and is_base(word[:-1]) for word in words):
        return True
    return any(is_past(word) and before not in _OWN_SUBJECTS for before, word in pairwise(words))


_OWN_SUBJECTS = word_set("i we he she they it you that who just")
_PAST_LIKE = word_set("hurt quit")
_PARTICIPLES_OF_OTHERS = word_set(
    "used based compared given related inspired named called supposed left said meant born fed led interested"
)
_NO_PROGRESSIVE = word_set(
    "sounding thing nothing something anything everything morning evening string king ring spring bring sing "
    "according during speaking being sounding amazing exciting interesting"
)


def tense_of(clause: str) -> Tense:
    """The tense of a clause by its first verb: future, past (a perfect that tells of something done included), present."""
    if _FUTURE.search(clause):
        return Tense.FUTURE
    if _PROGRESSIVE.match(clause) and re.search(
        r"\b(?:tomorrow|tonight|next|tmrw?|this (?:weekend|coming)|in (?:a|two|three|\d+) (?:days?|weeks?|months?))\b",
        clause,
        re.I,
    ):
        return Tense.FUTURE
    if _PRESENT_MARK.match(clause):
        return Tense.PRESENT
    if _PERFECT.match(clause):
        return Tense.PAST
    head = _WORDS.findall(clause.lower())[:7]
    verb = next(
        (
            word
            for word in head[1:]
            if is_past(word) or word in ("was", "were", "did", "didn't", "used", "wasn't", "weren't")
        ),
        None,
    )
    if verb is None:
        return Tense.PRESENT
    before = head[1 : head.index(verb)]
    return Tense.PRESENT if any(word in _PRESENT_VERBS for word in before) else Tense.PAST


_PRESENT_VERBS = word_set(
    "am is are have has love like hate want need think feel know hope enjoy miss do don't can't live work"
)
