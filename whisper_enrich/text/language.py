"""Which language a chat message is in.

Three steps, cheapest first. The script decides where it names the language (kana, Hangul, Greek, Thai, …). In Latin
script, common function words decide for English; only text without them, or with those of another language, is handed to
the naive Bayes model of ``py3langid`` (bundled, offline, deterministic), restricted to languages a chat is plausibly in.
The model alone is not enough: on three words of slang it names Turkish or Czech as readily as English, so a weak answer
counts for nothing, and English is assumed where a single English function word stands in the text.
"""

from __future__ import annotations

import re
from copy import copy
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from whisper_enrich.text.words import word_set

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

# The languages that the extractive engine has rules for.
COVERED = frozenset({"en"})

_LATIN = ("en", "de", "fr", "es", "it", "pt", "nl", "pl", "sv", "da", "no", "fi", "cs", "hu", "ro", "tr", "id", "vi")
_CYRILLIC = ("ru", "uk", "bg", "sr", "be", "mk")
_ARABIC = ("ar", "fa", "ur")
_DEVANAGARI = ("hi", "mr", "ne")

# The model's probability below which its answer is a guess; by the number of words: it is surer of more text.
_SURE_SHORT = 0.80
_SURE_LONG = 0.60
_LONG_WORDS = 6

_NOISE = re.compile(r"https?://\S+|www\.\S+|<a?[@#:][^>]*>|@\w+|`[^`]*`|:\w+:|\b\w*\d\w*\b")
_NOISY = re.compile(r"[\d@#<`:]|www")
"""What noise cannot be without."""
_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_NON_LATIN = re.compile(r"[\u0370-\u1dff\u3040-\ud7ff]")
_SCRIPTS = (
    ("ja", re.compile(r"[\u3040-\u30ff]")),
    ("ko", re.compile(r"[\uac00-\ud7af\u1100-\u11ff]")),
    ("zh", re.compile(r"[\u3400-\u9fff]")),
    ("el", re.compile(r"[\u0370-\u03ff]")),
    ("he", re.compile(r"[\u0590-\u05ff]")),
    ("th", re.compile(r"[\u0e00-\u0e7f]")),
    ("hy", re.compile(r"[\u0530-\u058f]")),
    ("ka", re.compile(r"[\u10a0-\u10ff]")),
    ("ta", re.compile(r"[\u0b80-\u0bff]")),
    ("te", re.compile(r"[\u0c00-\u0c7f]")),
    ("bn", re.compile(r"[\u0980-\u09ff]")),
    ("cyrillic", re.compile(r"[\u0400-\u04ff]")),
    ("arabic", re.compile(r"[\u0600-\u06ff]")),
    ("devanagari", re.compile(r"[\u0900-\u097f]")),
)
_FAMILIES = {"cyrillic": (_CYRILLIC, "ru"), "arabic": (_ARABIC, "ar"), "devanagari": (_DEVANAGARI, "hi")}

# Words that are English and hardly anything else.
_ENGLISH = word_set(
    """
    about after again all always am and another anyone anything are aren't as at be because been before being both
    but by can can't cannot could couldn't did didn't do does doesn't doing don't done down during each even ever
    every everyone everything feel for from get getting give go going gonna good got gotta had happy hadn't has
    hasn't have haven't having he he's her here hers him his how i i'd i'll i'm i've if im into is isn't it it's its
    just kinda know lately let's like little love made make many maybe me might more most much my myself need never
    new not nothing of off oh on only or other our out over really said same she she's should some someone something
    still such thank thanks than that that's the their them then there these they they're thing things think this
    those though through time to today tomorrow tonight too under until up us very wanna want was wasn't we we're
    went were what what's when where which while who why will with without won't work would wouldn't yeah yes
    yesterday you you're your yup
    """
)
# Of those, words that other languages have too; they decide nothing where foreign words stand beside them.
_SHARED = word_set(
    """
    am as at be by do her him his i in is it me my no of on or over so to us we went will time good love new he
    """
)
_CLEAR_ENGLISH = _ENGLISH - _SHARED
_FOREIGN = word_set(
    """
    aber alle als auch auf aus bei bin bist das dass dein dem den der des dich die doch ein eine einen einer er es
    für gehe gerade habe haben hab hast hat heute ich ihr immer ist ja jetzt kann kein keine mein meine meinen
    meiner mich mir mit morgen muss nach nicht nichts noch nur oder schon sehr sein sich sie sind über und uns von
    vor war warum was wenn wie wieder wir wird zu zum zur au aussi avec beaucoup bien ce c'est cette dans de depuis
    des du elle est et être fait il ils j'ai j'aime je l la le les leur lui ma mais me mes moi mon n'est ne notre
    nous on ou où par pas pour quand que qu'il qui sa sans ses son suis sur toi très tu un une vous al algo antes
    como con cuando del desde donde el ella en eres es esta está están estoy fue gracias ha hace hasta hay he hola
    la las lo los más me mi mis mucho muy no nos para pero por porque que qué se ser si sí sin sobre soy su también
    te tengo tiene todo tu una vivo voy y ya yo anche che chi ci come con cosa da dal del della di dove gli grazie
    ho hai il io la lei lo loro ma mia mio molto nel non o oggi per perché più poi quando questa questo sei sempre
    si sono sta sto tutto un una agora ainda até com da das de do dos ela ele em então estou eu foi gosto hoje isso
    isto já mais mas meu minha muito na nas não nos nós obrigado os ou para pela pelo por quando que sem ser seu só
    também tem tenho tudo uma você vou aan als ben bij dag dan dat de deze dit door een en er ga gaan geen goed haar
    heb hebben heeft heel het hier hij hoe ik in is je kan kom maar me met mij mijn naar niet nog nu of om ook op
    over te toch uit van veel voor waar wat we wel wij worden zal ze zeer zich zijn zo jestem jest nie się że mam
    mnie ale jak co to tak ale och att det den jag inte är på som har för med till en ett du han hon men vi ja nej
    mycket og ikke jeg ve bir bu çok ben sen var yok için değil ama gibi ne evet aku saya kamu tidak yang dan di ini
    itu ada sudah mau bisa
    """
) - word_set(
    """
    am on he no or in is of over we me to do so was hat war die son fait man ha sin y o l va as al come the an
    """
)


# The facts and the summaries of a run ask for the same messages, one after the other.
@lru_cache(maxsize=16384)
def detect(text: str) -> str | None:
    """The ISO 639-1 code of the language of ``text``, or None where there is too little of it to tell.

    Short text in Latin script with an English function word, and no foreign one, is English.
    """
    if _NON_LATIN.search(text) is not None:
        by_script = _by_script(text)
        if by_script is not None:
            return by_script
    words = _words(text)
    if not words:
        return None
    english = sum(map(_ENGLISH.__contains__, words))
    clear_english = sum(map(_CLEAR_ENGLISH.__contains__, words))
    foreign = sum(map(_FOREIGN.__contains__, words))
    if english and (foreign == 0 or clear_english > foreign):
        return "en"
    return _by_model(" ".join(words), len(words), english, foreign)


def is_covered(text: str) -> bool:
    """Whether the rules may read ``text``: its language is covered, or there is too little of it to tell."""
    language = detect(text)
    return language is None or language in COVERED


def release_model() -> None:
    """Give back the 50 MB of the language model. The next text that needs it loads it again, in half a second."""
    _model.cache_clear()
    _shared_model.cache_clear()


def _words(text: str) -> list[str]:
    """The words in lower case, apostrophes straight, without links, mentions, code and numbers."""
    plain = _NOISE.sub(" ", text) if _NOISY.search(text) else text
    if plain.isascii():
        return _WORD.findall(plain.lower())
    return [word.lower().replace("’", "'") for word in _WORD.findall(plain)]


def _by_script(text: str) -> str | None:
    """The language by its script, if at least half of the letters are of no Latin script."""
    letters = [char for char in text if char.isalpha()]
    other = sum(_NON_LATIN.match(char) is not None for char in letters)
    # One character of these scripts says as much as several Latin letters.
    if other * 2 < len(letters):
        return None
    counts = [(len(pattern.findall(text)), name) for name, pattern in _SCRIPTS]
    count, name = max(counts, key=lambda pair: pair[0])
    if count == 0:
        return None
    if name == "zh" and counts[0][0] > 0:
        return "ja"
    if name in _FAMILIES:
        languages, usual = _FAMILIES[name]
        return _among(text, languages) or usual
    return name


def _by_model(text: str, words: int, english: int, foreign: int) -> str | None:
    if words < 2 and foreign == 0 and len(text) < 8:
        return None
    language, probability = _model(_LATIN).classify(text)
    sure = probability >= (_SURE_LONG if words >= _LONG_WORDS else _SURE_SHORT)
    if language == "en":
        return "en" if sure or english else None
    if foreign >= 2 or (foreign and probability >= 0.5):
        return language
    if english:
        return "en"
    return language if sure and words >= 3 else None


def _among(text: str, languages: tuple[str, ...]) -> str | None:
    language, probability = _model(languages).classify(text)
    return language if probability >= _SURE_LONG else None


@lru_cache(maxsize=8)
def _model(languages: tuple[str, ...]) -> LanguageIdentifier:
    restricted = copy(_shared_model())
    restricted.set_languages(languages)
    return restricted


@cache
def _shared_model() -> LanguageIdentifier:
    """The model of all languages that are asked about, whose tables the restricted ones share.

    To load it takes half a second. The other languages, a quarter of its 75 MB, are dropped.
    """
    from py3langid.langid import MODEL_FILE, LanguageIdentifier

    whole = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    whole.set_languages(_LATIN + _CYRILLIC + _ARABIC + _DEVANAGARI)
    return LanguageIdentifier(
        whole.nb_ptc, whole.nb_pc, whole.nb_classes, whole.tk_nextmove, whole.tk_output,
        norm_probs=True, tk_row=whole.tk_row,
    )  # fmt: skip
