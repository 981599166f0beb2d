"""When two assertions speak of the same fact.

With an attribute and a value: same attribute, same value. Otherwise: same attribute, same statement. Both are compared
without case, punctuation, accents of Latin letters, articles and English inflection ("dogs", "dog"; "hiking", "hike").
Derivation is kept apart ("organ", "organization"), and so are "C", "C++" and "C#".

Two spellings of one value are taken for one only where that is clear; a value that is wrongly kept apart shows up
twice, one that is wrongly merged hides a fact. No similarity score is used: at any threshold that accepts "new york
city" for "new york", "york" for "new york" or "painting" for "printing" is close behind. The rules, all within one
attribute:

1. places: a closing "city" after at least two words is dropped (New York City; but Mexico City is not Mexico), and a
   qualifier after a comma may be missing on one side (Leeds, UK), never differ (Portland, Oregon and Portland, Maine);
2. organisations: a closing legal form is dropped (Acme Inc, Bolt GmbH);
3. the same letters written as one word or two (videogames, video games), where no digit is among them;
4. a slip of the pen in one word of at least eight letters: two neighbours swapped (Edinbrugh) or a letter doubled or
   not (Massachusets), never the first letter, and never where values are people's names (Marian, Marina).

The first spelling said names the fact; a later one joins it if it is the same as every spelling that has joined before.
So what was known at a time keeps its key, whatever is said afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import blake2b

from whisper_enrich.facts.attributes import Attribute

#: Attributes that exclude each other for the same value: who likes olives does not dislike them.
OPPOSITES: Mapping[str, str] = {"likes": "dislikes", "dislikes": "likes"}

_ARTICLES = frozenset({"a", "an", "the"})
_LEGAL_FORMS = frozenset({"inc", "ltd", "llc", "plc", "gmbh", "corp", "corporation", "limited"})
_APOSTROPHES = "'’‘ʼ`"
_ASCII_TO_WORDS = str.maketrans(dict.fromkeys('!"$%&()*,-./:;<=>?@[\\]^_{|}~', " ") | dict.fromkeys(_APOSTROPHES, ""))
_ENDINGS = re.compile(r"|e|y|'?s|es|ies|d|ed|ied|ing|ying|([a-z])\1?(?:ed|ing)")
_DOUBLED = re.compile(r"(.)\1+")
_SLIP_MIN_LETTERS = 8
_CACHE = 1 << 16


@dataclass(frozen=True, slots=True)
class ValueForm:
    """How the values of an attribute may be compared."""

    inflected: bool = True
    place: bool = False
    organisation: bool = False
    slips: bool = True


@dataclass(frozen=True, slots=True)
class Spelling:
    """A value as words to compare, the part after the comma of a place, and its letters as one word."""

    words: tuple[str, ...]
    qualifier: tuple[str, ...] = ()
    joined: str = field(default="", compare=False)

    @property
    def text(self) -> str:
        return " ".join(self.words) + (", " + " ".join(self.qualifier) if self.qualifier else "")


def value_form(attribute: Attribute | None) -> ValueForm:
    """What the vocabulary says about an attribute's values; an attribute it does not know holds plain text."""
    if attribute is None:
        return ValueForm()
    kind = attribute.value
    return ValueForm(
        inflected=kind not in ("name", "place"),
        place=kind == "place",
        organisation=kind.startswith("organisation"),
        slips="name" not in kind,
    )


@lru_cache(maxsize=_CACHE)
def statement_key(statement: str) -> str:
    """The comparable form of a whole statement; never empty unless the statement is."""
    return " ".join(_without_articles([inflection_stem(word) for word in _words(statement)])) or statement.strip()


@lru_cache(maxsize=_CACHE)
def spell(value: str, form: ValueForm) -> Spelling:
    """The comparable form of a value. A value without any word (an emoji in brackets, say) is kept as it is written."""
    head, _, tail = value.partition(",") if form.place else (value, "", "")
    words = _without_articles(_words(head))
    if form.organisation and len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    if form.place and len(words) > 2 and words[-1] == "city":
        words.pop()
    words = words or [value.strip().casefold()]
    joined = "".join(words)
    if form.inflected:
        words, joined = [inflection_stem(word) for word in words], inflection_stem(joined)
    return Spelling(tuple(words), tuple(_words(tail)), joined)


@lru_cache(maxsize=_CACHE)
def inflection_stem(word: str) -> str:
    """The Snowball English stem where it takes off no more than an inflection, else the word without a plural ``s``.

    The stemmer alone would also undo derivation and make "organization" an "organ".
    """
    if len(word) < 3 or word[-1] not in "sdgye" or not word.isascii():
        return word
    stem = _stemmer().stemWord(word)
    shared = next((i for i, (a, b) in enumerate(zip(word, stem, strict=False)) if a != b), min(len(word), len(stem)))
    if _ENDINGS.fullmatch(word[shared:]):
        return stem
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def clearly_same(a: Spelling, b: Spelling, form: ValueForm) -> bool:
    """Whether two spellings mean one value, by the rules in this module's description. Symmetric, not transitive."""
    if a.qualifier and b.qualifier and a.qualifier != b.qualifier:
        return False
    if a.words == b.words:
        return True
    if a.joined == b.joined:
        return not any(letter.isdigit() for letter in a.joined)
    if not form.slips or len(a.words) != len(b.words):
        return False
    different = [(x, y) for x, y in zip(a.words, b.words, strict=True) if x != y]
    return len(different) == 1 and _slip(*different[0])


@dataclass(slots=True)
class Values:
    """The values seen so far, fed in the order in which they were said; ``domain`` is an attribute or a pair of
    opposites."""

    _named: dict[tuple[str, Spelling], str] = field(default_factory=dict)
    _near: dict[tuple[str, str], list[list[Spelling]]] = field(default_factory=dict)
    _of_kind: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def place(self, domain: str, value: str, form: ValueForm) -> str:
        """The name of the value: that of the first spelling it is clearly the same as, or its own from now on."""
        spelling = spell(value, form)
        known = self._named.get((domain, spelling))
        if known is not None:
            return known
        groups = self._near.setdefault((domain, _fingerprint(spelling)), [])
        group = next((g for g in groups if all(clearly_same(spelling, other, form) for other in g)), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(spelling)
        name = group[0].text
        self._named[domain, spelling] = name
        if ":" in value:
            self._of_kind.setdefault((domain, _kind(value, form)), set()).add(name)
        return name

    def find(self, domain: str, value: str, form: ValueForm) -> str | None:
        """The name of a value seen before, None if there is none.

        Where values have the form "kind: name", the kind alone means the only value of that kind: "my dog died" is
        about "dog: rex" if no other dog is known.
        """
        spelling = spell(value, form)
        known = self._named.get((domain, spelling))
        if known is not None:
            return known
        for group in self._near.get((domain, _fingerprint(spelling)), ()):
            if all(clearly_same(spelling, other, form) for other in group):
                return group[0].text
        of_kind = self._of_kind.get((domain, spelling.text), set())
        return next(iter(of_kind)) if len(of_kind) == 1 else None


def stable_key(*parts: str) -> str:
    """A short hash (16 hex digits) of what identifies a fact; bot and user are not part of it."""
    return blake2b("\x1f".join(parts).encode(), digest_size=8).hexdigest()


def _words(text: str) -> list[str]:
    text = text.casefold()
    if not text.isascii():
        text = _plain(text)
    return text.translate(_ASCII_TO_WORDS).split()


def _plain(text: str) -> str:
    """Without accents of Latin, Greek and Cyrillic letters; punctuation of all scripts as spaces.

    Vowel signs of Indic scripts and Japanese voicing marks are letters in all but name, and stay.
    """
    decomposed = unicodedata.normalize("NFKD", text)
    bare = "".join(c for c in decomposed if not "\u0300" <= c <= "\u036f")
    kept = (c if c in _APOSTROPHES or unicodedata.category(c)[0] not in "PZ" or c == "#" else " " for c in bare)
    return unicodedata.normalize("NFC", "".join(kept))


def _without_articles(words: list[str]) -> list[str]:
    return [word for word in words if word not in _ARTICLES] or words


def _fingerprint(spelling: Spelling) -> str:
    """Equal for all spellings that `clearly_same` can accept, so that few pairs need be compared."""
    return spelling.joined[:1] + "".join(sorted(set(spelling.joined)))


def _kind(value: str, form: ValueForm) -> str:
    return spell(value.partition(":")[0], form).text


def _slip(a: str, b: str) -> bool:
    if min(len(a), len(b)) < _SLIP_MIN_LETTERS or a[0] != b[0] or not (a + b).isalpha():
        return False
    if _DOUBLED.sub(r"\1", a) == _DOUBLED.sub(r"\1", b):
        return True
    at = [i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y]
    return len(a) == len(b) and len(at) == 2 and at[1] == at[0] + 1 and a[at[0]] == b[at[1]] and a[at[1]] == b[at[0]]


@cache
def _stemmer():
    """Imported when first needed: the hot path and the command line never stem."""
    from snowballstemmer import stemmer

    return stemmer("english")
