"""When two assertions speak of the same fact.

With an attribute and a value: same attribute, same value. Otherwise: same attribute, same statement. Both are compared
without case, punctuation, accents of Latin letters, articles and English inflection ("dogs", "dog"; "hiking", "hike"),
with number words as figures ("two cats", "2 cats"). Statements are also compared without words that add nothing
("really", "also", "currently") and with contractions written out ("doesn't", "does not"). Derivation is kept apart
("organ", "organization"), and so are "C", "C++" and "C#".

Two wordings are taken for one only where that is clear; what is wrongly kept apart shows up twice, what is wrongly merged
hides a fact. A similarity score of whole texts is of no use here: at any threshold that accepts "new york city" for "new
york", "york" for "new york", "painting" for "printing" and "three cats" for "two cats" are close behind. So every word
must have its counterpart, in the same order, and the only words that may differ are those of these rules, all within one
attribute:

1. places: a closing "city" after at least two words is dropped (New York City; but Mexico City is not Mexico), and a
   qualifier after a comma may be missing on one side (Leeds, UK), never differ (Portland, Oregon and Portland, Maine);
2. organisations: a closing legal form is dropped (Acme Inc, Bolt GmbH);
3. pastimes: the verb in front may be missing on one side (playing chess, chess), never differ (watching, playing football);
4. the same letters written as one word or two (videogames, video games), where no digit is among them;
5. a slip of the pen in one word of at least eight letters: one edit apart (two neighbours swapped, a letter too many, too
   few or wrong; optimal string alignment distance) or a letter doubled or not, with the first letter and the set of
   consonants unchanged (Edinbrugh, goverment, definately; but not painting and printing). Never in names, nor in a word
   with a digit.

So numbers, names and negations are never merged: each is a word that must be there on both sides.

Being the same is not transitive ("football" is both "playing football" and "watching football"). The first wording said
names the fact; a later one joins it if it is the same as every wording that has joined before. "First" is by the time of
the message, then by the content of the assertion, never by when it was stored; so the outcome does not depend on the order
in which assertions come, and what was known at a time keeps its key, whatever is said afterwards.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from hashlib import blake2b

from whisper_enrich.facts.attributes import Attribute
from whisper_enrich.text.words import word_set

#: Attributes that exclude each other for the same value: who likes olives does not dislike them.
OPPOSITES: Mapping[str, str] = {"likes": "dislikes", "dislikes": "likes"}

_ARTICLES = frozenset({"a", "an", "the"})
_LEGAL_FORMS = frozenset({"inc", "ltd", "llc", "plc", "gmbh", "corp", "corporation", "limited"})
_APOSTROPHES = "'’‘ʼ`"
_ASCII_TO_WORDS = str.maketrans(dict.fromkeys('!"$%&()*,-./:;<=>?@[\\]^_{|}~', " ") | dict.fromkeys(_APOSTROPHES, ""))
_ENDINGS = re.compile(r"|e|y|'?s|es|ies|d|ed|ied|ing|ying|([a-z])\1?(?:ed|ing)")
_DOUBLED = re.compile(r"(.)\1+")
_NAME = re.compile(r"(?<=\s)[^\W\d_a-z][\w'’-]*")
_SLIP_MIN_LETTERS = 8
_VOWELS = frozenset("aeiouy")
_NUMBERS = {
    word: str(number)
    for number, word in enumerate(
        (
            "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve",
            "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty",
        )
    )
}  # fmt: skip
# What a statement says is the same with and without them. No negation, number, tense or frequency is among them.
_ADDS_NOTHING = word_set(
    """
    really very just also actually currently recently quite still now too so totally definitely absolutely truly to do
    does am is are
    """
)
_PLAIN_VERBS = word_set("do does is are")
_CONTRACTIONS = {
    f"{verb}nt": ("not",) if verb in _PLAIN_VERBS else (verb, "not")
    for verb in word_set("do does did is are was were has have had could would should")
} | {"cant": ("can", "not"), "cannot": ("can", "not"), "wont": ("will", "not")}
# Verbs that only say how one enjoys a thing.
_PASTIME_VERBS = word_set(
    "play playing go going do doing eat eating drink drinking watch watching read reading listen listening"
)
_PASTIMES = frozenset({"likes", "dislikes", "hobby", "plays", "wants"})
_CACHE = 1 << 16


@dataclass(frozen=True, slots=True)
class ValueForm:
    """How the values of an attribute may be compared."""

    inflected: bool = True
    place: bool = False
    organisation: bool = False
    pastime: bool = False
    slips: bool = True
    statement: bool = False


STATEMENT = ValueForm(statement=True)
"""How whole statements are compared."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """A value as words to compare, the part after the comma of a place, the verb before a pastime; its letters as one
    word, and those of its words that are names."""

    words: tuple[str, ...]
    qualifier: tuple[str, ...] = ()
    verb: str = ""
    joined: str = field(default="", compare=False)
    names: frozenset[str] = field(default=frozenset(), compare=False)

    @property
    def text(self) -> str:
        head = f"{self.verb} {' '.join(self.words)}" if self.verb else " ".join(self.words)
        return head + (", " + " ".join(self.qualifier) if self.qualifier else "")


def value_form(attribute: Attribute | None) -> ValueForm:
    """What the vocabulary says about an attribute's values; an attribute it does not know holds plain text."""
    if attribute is None:
        return ValueForm()
    kind = attribute.value
    return ValueForm(
        inflected=kind not in ("name", "place"),
        place=kind == "place",
        organisation=kind.startswith("organisation"),
        pastime=attribute.name in _PASTIMES,
        slips="name" not in kind,
    )


@lru_cache(maxsize=_CACHE)
def statement_key(statement: str) -> str:
    """The comparable form of a whole statement; never empty unless the statement is."""
    return " ".join(map(_comparable, plain_words(statement))) or statement.strip()


def plain_words(text: str) -> list[str]:
    """The words of a text in lower case, contractions written out, without articles and words that add nothing."""
    words = [part for word in _words(text) for part in _CONTRACTIONS.get(word, (word,))]
    return _without_articles([word for word in words if word not in _ADDS_NOTHING] or words)


@lru_cache(maxsize=_CACHE)
def spell(value: str, form: ValueForm) -> Spelling:
    """The comparable form of a value. A value without any word (an emoji in brackets, say) is kept as it is written."""
    if form.statement:
        words = statement_key(value).split()
        names = frozenset(_comparable(word) for name in _NAME.findall(value) for word in _words(name))
        return Spelling(tuple(words), joined="".join(words), names=names)
    head, _, tail = value.partition(",") if form.place else (value, "", "")
    words = _without_articles(_words(head))
    if form.organisation and len(words) > 1 and words[-1] in _LEGAL_FORMS:
        words.pop()
    if form.place and len(words) > 2 and words[-1] == "city":
        words.pop()
    verb = ""
    if form.pastime and len(words) > 1 and words[0] in _PASTIME_VERBS:
        verb, *words = words
        verb = inflection_stem(verb)
        if words[0] == "to" and len(words) > 1:
            words = words[1:]
    words = words or [value.strip().casefold()]
    joined = "".join(words)
    if form.inflected:
        words, joined = [_comparable(word) for word in words], inflection_stem(joined)
    return Spelling(tuple(words), tuple(_words(tail)), verb, joined)


def _comparable(word: str) -> str:
    return _NUMBERS.get(word) or inflection_stem(word)


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


def full_stem(word: str) -> str:
    """The Snowball English stem, which undoes derivation too."""
    return _stemmer().stemWord(word)


def clearly_same(a: Spelling, b: Spelling, form: ValueForm) -> bool:
    """Whether two spellings mean one value, by the rules in this module's description. Symmetric, not transitive."""
    if _differ(a.qualifier, b.qualifier) or _differ(a.verb, b.verb):
        return False
    if a.words == b.words:
        return True
    if a.joined == b.joined:
        return not any(letter.isdigit() for letter in a.joined)
    if not form.slips or len(a.words) != len(b.words):
        return False
    different = [(x, y) for x, y in zip(a.words, b.words, strict=True) if x != y]
    return len(different) == 1 and (a.names | b.names).isdisjoint(different[0]) and _slip(*different[0])


def _differ(one: object, other: object) -> bool:
    """Both are there, and not the same."""
    return bool(one and other) and one != other


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
    return spelling.joined[:1] + "".join(sorted(set(spelling.joined) - _VOWELS))


def _kind(value: str, form: ValueForm) -> str:
    return spell(value.partition(":")[0], form).text


def _slip(a: str, b: str) -> bool:
    if min(len(a), len(b)) < _SLIP_MIN_LETTERS or a[0] != b[0] or not (a + b).isalpha():
        return False
    if set(a) - _VOWELS != set(b) - _VOWELS:
        return False
    return _DOUBLED.sub(r"\1", a) == _DOUBLED.sub(r"\1", b) or _edits(a, b, score_cutoff=1) == 1


@cache
def _edit_distance():
    """Imported when first needed, as the stemmer is."""
    from rapidfuzz.distance import OSA

    return OSA.distance


def _edits(a: str, b: str, score_cutoff: int) -> int:
    return _edit_distance()(a, b, score_cutoff=score_cutoff)


@cache
def _stemmer():
    """Imported when first needed: the hot path and the command line never stem."""
    from snowballstemmer import stemmer

    return stemmer("english")
