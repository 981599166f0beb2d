"""Whether the words of one text come from another: the material of grounding.

A word of a retelling comes from the original if it has the same stem (Snowball, for the languages it knows), the same
dictionary form (English irregular verbs), most of the letters from the left, or is another word of the same small group ("mum",
"mother"). Words that a retelling in the third person needs anyway (pronouns, articles, auxiliaries, the commonest verbs of
having, living, working, liking) need no original. A name, a capitalised word inside a sentence, is matched by itself
alone. Scripts without spaces are compared by their runs of characters.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache, lru_cache

from whisper_enrich.facts.number_words import WORD, numbers
from whisper_enrich.facts.telling_words import IRREGULAR, IRREGULAR_DE, TELLING, groups_by_word

UNKNOWN = "?"
_STEMMERS = {
    "ar": "arabic", "ca": "catalan", "cs": "czech", "da": "danish", "de": "german", "el": "greek", "en": "english",
    "es": "spanish", "et": "estonian", "fa": "persian", "fi": "finnish", "fr": "french", "hi": "hindi", "hu": "hungarian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "nl": "dutch", "no": "norwegian", "pl": "polish",
    "pt": "portuguese", "ro": "romanian", "ru": "russian", "sr": "serbian", "sv": "swedish", "tr": "turkish",
}  # fmt: skip
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u31f0-\u31ff\u3400-\u9fff\uf900-\ufaff\uff66-\uff9f"
_RUN = re.compile(rf"[{_UNSPACED}]+")
_HIRAGANA_OR_GRAMMAR = re.compile(
    "[\u3040-\u309f的了是在和有与與跟也很就都还還他她它其們们为為从從到以被把而并並個个]+"
)
_THAI = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_HANGUL = re.compile("[\u1100-\u11ff\uac00-\ud7af]")
_SEMITIC = re.compile("[\u0590-\u06ff]")
_MARK = re.compile("[\u0300-\u036f\u0483-\u0487\u0591-\u05c7\u064b-\u065f]+")
_CAPITALISES_NOUNS = frozenset({"de"})
_SENTENCE_START = re.compile(r"(?:^|[.!?:…]\s*[\"'“”‘’(]*\s*|[\"“(])$")

# How much of the longer of two words must be shared from the left.
_SHARED = 0.75
_SHARED_INFLECTED = 0.6
_SHORT = 3


@dataclass(frozen=True, slots=True)
class Words:
    """What a text is made of. ``names`` are capitalised where no rule of spelling asks for it."""

    text: str
    language: str
    plain: str
    tokens: tuple[str, ...]
    names: frozenset[str]
    forms: frozenset[str]
    numbers: frozenset[str]
    stemmed: dict[str, frozenset[str]] = field(compare=False, repr=False)
    groups: dict[str, frozenset[int]] = field(compare=False, repr=False)

    @property
    def all_groups(self) -> frozenset[int]:
        """Every group that one of the words is in."""
        return frozenset().union(*self.groups.values())


def words_of(text: str, language: str | None) -> Words:
    """The words, names and numbers of ``text``; where its language is not known, those of any are reckoned with."""
    language = language or UNKNOWN
    tokens, names = [], set()
    for match in WORD.finditer(_RUN.sub(lambda run: " " * len(run[0]), text)):
        token = fold(match[0])
        tokens.append(token)
        if match[0][0].isupper() and not _opens(text, match.start(), language):
            names.add(token)
    stemmed = {token: _forms(token, language) for token in tokens}
    known = groups_by_word()
    groups = {token: frozenset().union(*(known.get(form, ()) for form in forms)) for token, forms in stemmed.items()}
    return Words(
        text, language, fold(text), tuple(tokens), frozenset(names), frozenset().union(*stemmed.values()),
        numbers(text, language), stemmed, groups,
    )  # fmt: skip


def missing_words(told: Words, origin: Words, known: frozenset[str] = frozenset()) -> list[str]:
    """The words of ``told`` that neither come from ``origin`` nor are ``known`` (folded) nor need an origin. No names."""
    telling = _telling(told.language)
    missing = [
        token
        for token in dict.fromkeys(told.tokens)
        if token not in told.names and token not in known and not _free(token, told.language, telling)
        and not _comes_from(token, told, origin)
    ]  # fmt: skip
    return missing + _missing_runs(told.text, origin.text)


def missing_names(told: Words, origin: Words, known: frozenset[str] = frozenset()) -> list[str]:
    """The names of ``told`` that do not stand in ``origin``."""
    spoken = set(origin.tokens)
    return [
        name
        for name in sorted(told.names)
        if name not in known and name not in spoken and not (len(name) > 4 and told.stemmed[name] & origin.forms)
    ]


def covered_share(said: Words, told: Words) -> float:
    """How much of the matter of ``said`` (words that need an origin, names, numbers) stands in ``told``, 0..1; 1 without any."""
    telling = _telling(said.language)
    matter = [
        token for token in dict.fromkeys(said.tokens) if token in said.names or not _free(token, said.language, telling)
    ]
    shared = sum(_comes_from(token, said, told) for token in matter) + len(said.numbers & told.numbers)
    return shared / (len(matter) + len(said.numbers)) if matter or said.numbers else 1.0


def missing_values(told: Words, origin: Words, known: frozenset[str] = frozenset()) -> list[str]:
    """Like `missing_words`, for a value: only articles and prepositions need no origin."""
    grammar = TELLING["grammar"]
    missing = [
        token
        for token in dict.fromkeys(told.tokens)
        if token not in grammar | known
        and not numbers(token, told.language)
        and not _comes_from(token, told, origin)
        and not _within(token, origin)
    ]  # fmt: skip
    runs = [run for run in _RUN.findall(told.text) if run not in origin.text and _missing_runs(run, origin.text)]
    return missing + runs


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """``text`` without case, accents and width."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _MARK.sub("", decomposed))


@cache
def _telling(language: str) -> frozenset[str]:
    if language == UNKNOWN:
        return frozenset().union(*TELLING.values())
    return TELLING.get(language, frozenset()) | TELLING[""]


def _opens(text: str, place: int, language: str) -> bool:
    return language in _CAPITALISES_NOUNS or _SENTENCE_START.search(text[max(0, place - 12) : place]) is not None


def _free(token: str, language: str, telling: frozenset[str]) -> bool:
    if token in telling or token.isdigit() or numbers(token, language):
        return True
    # Where there is no list of such words, the short ones are taken for them.
    return len(token) <= _SHORT and language != UNKNOWN and language not in TELLING


def _comes_from(token: str, told: Words, origin: Words) -> bool:
    forms = told.stemmed[token]
    if not forms.isdisjoint(origin.forms):
        return True
    if not told.groups[token].isdisjoint(origin.all_groups):
        return True
    if token in told.names:
        return False
    shared = _SHARED if told.language == "en" else _SHARED_INFLECTED
    return any(_alike(token, other, shared) for other in origin.tokens)


def _alike(a: str, b: str, shared: float) -> bool:
    if _HANGUL.match(a) and _HANGUL.match(b):
        a, b, shared = unicodedata.normalize("NFD", a), unicodedata.normalize("NFD", b), 0.4
        least = 2
    elif _SEMITIC.match(a) and _SEMITIC.match(b):
        return (len(a) > 2 and a[1:] == b[1:]) or (min(len(a), len(b)) > 2 and (a.endswith(b) or b.endswith(a)))
    else:
        least = 5 if shared == _SHARED else 3
    common = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))
    return common >= least and common >= shared * max(len(a), len(b))


def _within(token: str, origin: Words) -> bool:
    """A value bare of the particle that its script writes on to it."""
    return bool(_HANGUL.match(token) or _SEMITIC.match(token)) and len(token) >= 2 and token in origin.plain


def _missing_runs(told: str, origin: str) -> list[str]:
    missing = []
    for run in _RUN.findall(told):
        if _THAI.match(run):
            pieces = {run[i : i + 3] for i in range(max(1, len(run) - 2))}
            if sum(piece in origin for piece in pieces) < 0.6 * len(pieces):
                missing.append(run)
            continue
        missing += [piece for piece in _HIRAGANA_OR_GRAMMAR.split(run) if piece and not _in_pieces(piece, origin)]
    return missing


def _in_pieces(piece: str, origin: str) -> bool:
    """Whether every two neighbours stand in ``origin`` side by side, or the single character does."""
    if len(piece) == 1:
        return piece in origin
    return all(piece[i : i + 2] in origin for i in range(len(piece) - 1))


@lru_cache(maxsize=65536)
def _forms(token: str, language: str) -> frozenset[str]:
    forms = {token, fold(_stemmer(language)(token))}
    if language in ("en", UNKNOWN):
        base = IRREGULAR.get(token)
        if base is not None:
            forms |= {base, fold(_stemmer("en")(base))}
    if language in ("de", UNKNOWN) and token in IRREGULAR_DE:
        forms |= {IRREGULAR_DE[token], fold(_stemmer("de")(IRREGULAR_DE[token]))}
    return frozenset(forms)


@cache
def _stemmer(language: str):
    import snowballstemmer

    algorithm = _STEMMERS.get("en" if language == UNKNOWN else language)
    return snowballstemmer.stemmer(algorithm).stemWord if algorithm else str


def folded(names: Iterable[str]) -> frozenset[str]:
    """The words of names, folded."""
    return frozenset(fold(match[0]) for name in names for match in WORD.finditer(name))
