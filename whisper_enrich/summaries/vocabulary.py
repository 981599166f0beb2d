"""Words of chat: which of them carry content, and in what form they count as the same."""

from __future__ import annotations

import re
from functools import lru_cache

from whisper_enrich.text.words import word_set

WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

FIRST_PERSON = word_set(
    """
    i i'm i've i'd i'll im ive my me mine myself we we're we've we'd we'll our ours us ourselves
    """
)
SECOND_PERSON = word_set("you you're you've you'd you'll your yours yourself youre u ur")

FUNCTION_WORDS = (
    word_set(
        """
    a about above across after again against all along already also although always am among an and another any anybody
    anyone anything are aren't around as at away back be became because been before behind being below beside between
    both but by can can't cannot cause could couldn't did didn't do does doesn't doing don't done down during each
    either else enough even ever every everybody everyone everything few for from further had hadn't has hasn't have
    haven't having he he'd he'll he's her here here's hers herself him himself his how how's however if in into is isn't
    it it'd it'll it's its itself just less let let's many may maybe might more most mostly much must neither never no
    nobody none nor not nothing now of off often on once one only onto or other others otherwise ought out over own per
    perhaps quite rather same shall she she'd she'll she's should shouldn't since so some somebody someone something
    sometimes somewhere soon still such than that that'd that'll that's the their theirs them themselves then there
    there's these they they'd they'll they're they've this those though through till to together too toward towards
    under unless until up upon very via was wasn't were weren't what what's whatever when when's where where's whether
    which while who who's whoever whole whom whose why will with within without won't would wouldn't yet
    ago inside mid near outside past zero two three four five six seven eight nine ten eleven twelve twenty thirty forty
    fifty sixty seventy eighty ninety hundred thousand million dozen half first second third
    """
    )
    | FIRST_PERSON
    | SECOND_PERSON
)

CHAT_WORDS = word_set(
    """
    absolutely actually agree ah aha ahh amazing anyway appreciate aw awesome aww basically beautiful bet bit btw
    bye check chat congrats congratulations cool cos crazy cuz damn dear definitely dude easy especially exactly
    excited exciting fantastic feel feeling fine fun gave get gets getting give glad go goes going gonna good
    goodbye got gotta gotten great guess guys ha haha hahaha happen happened happy hard hear heard hello hey hi hmm
    hope hoping huh idk imo incredible inspiring interesting kind kinda know known later let like literally lol look
    looked looking looks lot lots lovely lucky made make makes making man mean means mom need needs new nice nope
    nah oh ok okay omg perfect pic picture please pretty proud put really right said saw say saying says see seem
    seems seen sorry sort sound sounded sounding sounds special stuff stunning super support supporting sure take
    takes taking talk talking tbh tell thank thanks thing things think thinking thought time times today tomorrow
    tonight took totally tried true truly try trying tysm uh um used usually ugh want wanna wanted wants way ways
    welcome well went whoa wish woah wonderful word words work working worth wow yay yea yeah yep yes yesterday
    yesterday's yikes yup
    """
)
"""Words with a meaning, yet so common in chat that they tell nobody what a talk was about."""
_WITHOUT_CONTENT = FUNCTION_WORDS | CHAT_WORDS

_QUOTE = str.maketrans("’", "'")
_UNSPACED = re.compile(r"[\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff]")


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case, apostrophes straight. Scripts without spaces come as pairs of characters."""
    if text.isascii():
        return WORD.findall(text.lower())
    found = WORD.findall(text.translate(_QUOTE).lower())
    if not _UNSPACED.search(text):
        return found
    return [piece for word in found for piece in (_pairs(word) if _UNSPACED.search(word) else [word])]


def _pairs(run: str) -> list[str]:
    return [run[i : i + 2] for i in range(len(run) - 1)] or [run]


def stem(word: str) -> str:
    """The English stem of a lower-case word, without a possessive ``'s``. Other languages lose little by it."""
    # A number is its own stem, and there is no end of numbers to remember.
    return word if word.isdecimal() else _stem(word)


@lru_cache(maxsize=32768)
def _stem(word: str) -> str:
    import snowballstemmer

    # A stemmer of its own each time: they carry state, and threads share this module.
    return snowballstemmer.stemmer("english").stemWord(word.removesuffix("'s"))


@lru_cache(maxsize=64)
def stop_words(language: str | None) -> frozenset[str]:
    """The stop words of an ISO 639-1 language by the Stopwords ISO collection; none for one it lacks. English is ours."""
    if language in (None, "en"):
        return frozenset()
    from stopwordsiso import stopwords

    return frozenset(stopwords(language))


def content_stems(lowered: list[str], ignored: frozenset[str] = frozenset()) -> list[str]:
    """Stems of those words that carry content: no function word, no filler, no single letter, none of ``ignored``."""
    return [stem(word) for word in lowered if len(word) > 1 and word not in _WITHOUT_CONTENT and word not in ignored]


def short_forms(name: str) -> frozenset[str]:
    """The name's words and what people make of them: "melanie" and its beginnings of three letters and more."""
    forms = set()
    for part in words(name):
        forms.update(part[:n] for n in range(3, len(part) + 1)) if len(part) > 3 else forms.add(part)
    return frozenset(forms)
