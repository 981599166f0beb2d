"""The front of a clause: what stands before its subject, and a subject that chat leaves out."""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache
from itertools import pairwise

from whisper_enrich.facts.dates import opening_date_end
from whisper_enrich.text.verbs import is_base, is_past
from whisper_enrich.text.words import any_of, word_set

# What may stand before a sentence without belonging to it, with a comma or right before the first person.
_INTERJECTION = any_of(
    r"""
    oh+ | o+h | ah+ | aw+ | haha\w* | hehe\w* | lol | lmao+ | lmfao | rofl | hey+ | hi+ | hello | yo | wow+ | whoa+ | woah+
    | yeah+ | yea | yep | yup | yes+ | ya | ok | okay | kk? | well | and | but | so | also | plus | anyways? | honestly
    | actually | tbh | ngl | btw | by the way | u+m+ | u+h+ | hm+ | man | dude | bro | omg | oh my (?:god|gosh|goodness)
    | to be honest | in fact | for sure | of course | basically | fun fact | guess what | good news | bad news
    | long story short | update | yay+ | woo+(?:hoo)? | ugh+ | phew | exactly | i mean | you know(?: what)? | look | listen
    | see | like | then | now | because | cause | cuz | sadly | unfortunately | luckily | thankfully | fortunately
    | surprisingly | hopefully not | personally | as for me | for me | in my case
    """
)
# The same, with a comma only: without one they are part of the sentence.
_ANSWER = any_of(
    """
    no+ | nah | nope | cool | nice | awesome | great | good | right | true | same | same here | me too | me neither | sure
    | totally | definitely | absolutely | agreed | thanks?(?: you)?(?: so much| a lot| a bunch| a ton)? | thx | ty | sorry
    | congrats | good (?:morning|night|evening|afternoon) | morning | gm | totally agree | sounds good | got it | hope so
    | not really | not yet | not much | nothing much
    """
)
_FIRST = r"(?:i|i'm|im|i've|ive|i'll|i'd|my|we|we're|we've|our|it's|me and)\b"
_NAME = r"(?-i:[A-Z][a-z]+)"
_MARKS = r"\s*[,!.…:–-]+"
_LEAD_IN = re.compile(
    r"(?:(?:and|but|plus|also|yet)\s+(?=\w)"
    rf"|[\W_]*\b{_INTERJECTION}\b(?:{_MARKS}|(?=\s+{_FIRST}))"
    rf"|[\W_]*\b{_ANSWER}\b(?:,? {_NAME})?{_MARKS}"
    rf"|[\W_]*\b(?:hey|hi|hello|oh|wow|yeah|thanks|well)[, ]+{_NAME}{_MARKS}"
    rf"|{_NAME},(?=\s+(?:{_FIRST}|thanks|thank))"
    r"|(?:i'm (?:so |really |very )?(?:excited|happy|glad|proud|pleased|thrilled) to (?:tell|share|say|report|announce)"
    r"|(?:i )?(?:just )?(?:wanted|want|have|got|gotta|wanna|need) to (?:tell|let|share with))(?: with)?(?: you)?"
    rf"(?: know)?(?: that)?(?=\s+{_FIRST})"
    r"|(?:i (?:must|have to|gotta) (?:say|admit)|let me tell you|did i (?:tell you|mention)|as i said|like i said)"
    rf"(?: that)?,?(?=\s+{_FIRST}))\s*",
    re.IGNORECASE,
)

_SUBJECT_START = re.compile(r"(?:I|we|my|me and|our)\b|(?:I|we)'", re.IGNORECASE)
_SUBORDINATE = re.compile(
    r"(?:when|while|whenever|once|until|after|before|as soon as|the moment|every time|by the time|since)\b",
    re.IGNORECASE,
)
_ADVERBIAL = re.compile(
    any_of(
        r"""
        these days | nowadays | right now | at the moment | currently | recently | lately | the other day
        | earlier(?: today)? | at (?:first|work|school|home|night) | (?:in|during) my (?:free|spare) time
        | on (?:weekends|weekdays|(?:mon|tues|wednes|thurs|fri|satur|sun)days)
        | every (?:day|morning|evening|night|week|weekend|month|year|summer|winter)
        | as a (?:kid|child|teenager|teen) | growing up | back (?:then|home)
        | when i was (?:a (?:kid|child|teenager|teen)|little|young|younger|\d+) | a few (?:days|weeks|months|years) ago
        | in (?:high school|college|university) | after work | usually | sometimes | normally | most days
        | as of (?:now|today|tonight|this \w+) | so far | for now | from now on | to \w+(?= I\b)
        | (?:the )?(?:last|past) few (?:days|weeks|months|years)
        """
    )
    + r"\b",
    re.IGNORECASE,
)
_OPENING_DATE = 40  # characters in which a date at the front has room

# -- the subject left out ----------------------------------------------------------------------------------------------

_SITUATION = r"(?:an?|so|great|awesome|amazing|fun|good|epic|the|super|really)"
_WISH = r"an?(?! (?:good|great|nice|lovely|fun|safe|wonderful|blast|happy|amazing|fantastic|awesome))"
# An opening, the words put before it, and whether they take its place.
_FIXED_OPENINGS = (
    (re.compile(rf"gonna (?!be {_SITUATION}\b)", re.IGNORECASE), "I'm going to ", True),
    (
        re.compile(
            r"(?:(?:just|currently|still|also|now|really|totally|so|super|always|mostly|finally|never|only) )?been "
            r"(?=(?:(?:\w+ly|really|so|just|kinda|super|pretty|very) )*"
            + any_of(
                """
                [a-z]+ing | to | in | on | at | there | here | with | a (?:nurse|teacher|vegan|vegetarian|fan|member) | busy
                | sick | ill | single | married | sober | vegan | tired | stressed | awake | up | out | away | back | off
                | home | able | lucky | diagnosed
                """
            )
            + r"\b)",
            re.IGNORECASE,
        ),
        "I've ",
        False,
    ),
    (
        re.compile(
            any_of(
                """
                gotta | wanna | can't(?! beat| go wrong| complain) | cannot | couldn't(?! agree) | didn't | haven't | won't
                | don't (?:have|know|like|want|think|need|smoke|drink|eat|feel|really|even) | used to | have to | had to
                | had | got | get to | plan to | hope to
                """
            )
            + rf"\s|have (?:{_WISH}|my|to|been|two|no|some)\b",
            re.IGNORECASE,
        ),
        "I ",
        False,
    ),
    (
        re.compile(
            any_of(
                r"""
                looking forward to | planning (?:to|on) | thinking (?:of|about) | about to | on my way | in the middle of
                | off to | not (?:sure|gonna|going)
                """
            )
            + r"\s|still (?=\w+ing\b|in\b|at\b|on\b)",
            re.IGNORECASE,
        ),
        "I'm ",
        False,
    ),
)
_ADVERBS = re.compile(
    r"(?:(?:just|also|even|still|finally|recently|really|so|super|totally|very|pretty|actually|currently|already|always"
    r"|never|once|definitely|absolutely|honestly)\s+)+",
    re.IGNORECASE,
)
_ADJECTIVES = word_set(
    """
    tired exhausted excited thrilled happy sad proud grateful thankful glad worried anxious nervous stressed bored sick
    hungry scared afraid ready keen stoked pumped psyched determined overwhelmed lucky busy broke jealous furious angry
    annoyed upset frustrated disappointed relieved addicted allergic done engaged married pregnant
    """
)
# "Love the colours!" praises what the other has shown, "Enjoy!" is an imperative: neither is here.
_PRESENT = re.compile(
    r"(?:love|hate|miss|need|want|adore|prefer|dislike)\s+(?:my|help|some|more|a|an|it when|all my|\w+ing)\b"
    r"|(?:need|want)\s+to\b"
    r"|(?:loved|hated|enjoyed)\s+\w",
    re.IGNORECASE,
)
_PRESENT_AFTER_ADVERB = re.compile(
    r"(?:\w+ )?(?:love|hate|miss|need|want|prefer|live|work|own|drive|play)\s+\w", re.IGNORECASE
)
# What a verb is followed by, and hardly ever a noun.
_PAST = re.compile(
    r"(?P<verb>[a-z]+)\s+(?:"
    + any_of(
        """
        my | a | an | the | some | to | in | into | on | out | up | at | with | from | for | back | it | this | that | these
        | those | two | three | four | our | home | about | around | down | off | over | by | through | him | her | them | so
        | really | such | most | all | another | new | working | being | playing | doing | reading | going | lots | more
        """
    )
    + r"\b|\d|[A-Z])"
)
_PROGRESSIVE = re.compile(
    r"(?P<verb>[a-z]{2,}ing)\s+(?:my|a|an|the|some|to|in|into|on|out|up|at|with|from|for|back|it|this|that|forward|so|about"
    r"|around|down|off|like|home|hard|tired|sick)\b"
)
_PAST_LIKE = word_set("hurt quit")
_NO_PAST = word_set(
    "used based compared given related inspired named called supposed left said meant born fed led interested"
)
_NO_PROGRESSIVE = word_set(
    """
    sounding thing nothing something anything everything morning evening string king ring spring bring sing according
    during speaking being amazing exciting interesting
    """
)
_FINITE = re.compile(
    r"\b(?:is|are|was|were|has|isn't|aren't|wasn't|hasn't|can't|doesn't|helps?|makes?|can|brings?|gives?|takes?|feels?"
    r"|sounds?|keeps?|means?|requires?|will|would|could|might|must|should|may|\w+'s|[a-z]+s (?:me|us)"
    r"|(?:really|always|truly|definitely|sure) [a-z]+s)\b",
    re.IGNORECASE,
)
_SUBJECTS = word_set("i we he she they it you that who just")
_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")
_ANOTHER = re.compile(
    r"(?:he|she|they|it)(?:'s|'re|'d)?\b|(?:my|our|the|his|her|this|that) (?:\w+ ){1,2}?(?:is|was|has|had|says|said|told"
    r"|just|never|always|\w+ed)\b",
    re.IGNORECASE,
)


@lru_cache(maxsize=256)
def strip_lead_in(text: str) -> str:
    """Without greetings, interjections, answers and vocatives at the front; never the whole text."""
    while True:
        match = _LEAD_IN.match(text)
        if match is None or match.end() in (0, len(text)):
            return text
        text = text[match.end() :]


def opens_subordinate(text: str) -> bool:
    """Whether the text begins with a clause of time, which is no statement by itself."""
    return _SUBORDINATE.match(text) is not None


def is_about_another(sentence: str) -> bool:
    """Whether the sentence has another subject than its writer, which the next one may go on with."""
    return _ANOTHER.match(strip_lead_in(sentence)) is not None


def adverbial_last(text: str, said_at: datetime) -> str:
    """Move a time from before the first person to the end: "Last week I moved" -> "I moved last week"."""
    if _SUBJECT_START.match(text):
        return text
    end = _adverbial_end(text, said_at)
    rest = text[end:].lstrip(" ,")
    if not end or not _SUBJECT_START.match(rest):
        return text
    return f"{rest} {text[0].lower()}{text[1:end]}"


def _adverbial_end(text: str, said_at: datetime) -> int:
    match = _ADVERBIAL.match(text) or (re.match(r"[^,]{4,60}(?=,)", text) if opens_subordinate(text) else None)
    if match:
        return match.end()
    return opening_date_end(text[:_OPENING_DATE], said_at)


def restore_subject(text: str) -> str:
    """Put back the subject that chat leaves out, where what stands first can hardly be anything but its verb."""
    if not text or _SUBJECT_START.match(text):
        return text
    lowered = text[0].lower() + text[1:]
    for pattern, subject, replaces in _FIXED_OPENINGS:
        match = pattern.match(lowered)
        # "Thinking about it" is the writer's, "Thinking about it helps" is not.
        if match and not (lowered.split(" ", 1)[0].endswith("ing") and has_finite_verb(lowered)):
            return subject + (lowered[match.end() :] if replaces else lowered)
    adverbs = _ADVERBS.match(lowered)
    core = lowered[adverbs.end() :] if adverbs else lowered
    if core.split(" ", 1)[0].lower() in _ADJECTIVES and _FINITE.search(core) is None:
        return "I'm " + lowered
    if _PRESENT.match(core) or (adverbs and _PRESENT_AFTER_ADVERB.match(core)) or _opens_with_past(core):
        return "I " + lowered
    return "I'm " + lowered if _opens_with_progressive(core) else text


def _opens_with_past(text: str) -> bool:
    match = _PAST.match(text)
    return (
        match is not None and (is_past(match["verb"]) or match["verb"] in _PAST_LIKE) and match["verb"] not in _NO_PAST
    )


def _opens_with_progressive(text: str) -> bool:
    """ "Working on a song", but not "Working on songs is fun"."""
    match = _PROGRESSIVE.match(text)
    return match is not None and match["verb"] not in _NO_PROGRESSIVE and not has_finite_verb(text)


def has_finite_verb(text: str) -> bool:
    """Whether the clause has a verb in the third person or the past: "Running a shop takes time", not "running a shop"."""
    if _FINITE.search(text) is not None:
        return True
    words = _WORD.findall(text.lower())
    if any(word.endswith("s") and is_base(word[:-1]) for word in words):
        return True
    return any(is_past(word) and before not in _SUBJECTS for before, word in pairwise(words))
