"""What a text is found by: its words without those of asking, cut so that other endings fit too, and hashes of these.

The bots' side cuts the words of a question with it, the worker those of messages, so it loads nothing. A hash says nothing to
who reads it, but is no secret: who guesses a word can look for it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import blake2b

from whisper_enrich.text.words import word_set

SHORTEST = 3
_REMEMBERED = 20_000
_MOST_DIGITS = 4
"""Longer numbers (of phones, cards, accounts) are left out: nobody asks by them, and each stands for one person."""

_TOKEN = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"(?:ingly|edly|ings|ing|iest|ier|ies|ied|ness|ers|er|ed|es|ly|s|e|y|en|n)$")

_ASKING = word_set(
    """
    a about after again ago all also am an and any anything are as asked at be because been before being both but by can could
    did do does doing done during ever first for from get go going gone got had happened has have having he her here hers him
    his how i if in into is it its just last latest let like likely long many may me mention mentioned might more most much my
    no not now of off on once one only or other our ours out over say saying said she should since so some something speak spoke
    still such talk talked talking tell telling than that the their them then there these they thing things this those time
    times to told too topic topics up us use used very was we were what when where whether which while who whom whose why will
    with would you your yours discuss discussed remember know
    aber als am an auch auf aus bei bin bist da dann das dass dein deine dem den der des die dies diese du ein eine einen einer er
    es etwas für gab gesagt gesprochen habe haben hast hat hatte hatten ich im in ist ja kein mein meine mit nach nicht noch nur
    oder sich sie sind so über um und uns unser von vor wann war waren warum was weil wenn wer wie wir wo worüber zu zum zur
    au aux avec ce ces cette dans de des du elle en est et était fait il je la le les leur ma mais mes moi mon ne nous on ou par
    parlé pas pour quand que quel quelle qui quoi sa se ses son sur ta te tes toi ton tu un une vous
    al como con cuando cuándo de del dijo dónde el ella en era es esta está este fue ha hablamos hace la las lo los me mi mis no
    nos para pero por que qué quién se ser si sobre su sus te tu un una y yo
    ao com como da de do dos ela ele em entre era eu falamos foi isso mas meu minha na não no nos o os para por quando que quem se
    sem sua você
    abbiamo che chi come con cosa da dei del della di è era gli ha ho il io la le mi mio nel non per perché più quando questo sono
    su sul ti tra tu un una
    """
)
"""Words of asking and of grammar in the languages that time phrases are read in."""


def words(text: str) -> list[str]:
    """What of ``text`` is looked for: lower case, each once, in the order in which they come."""
    return list(dict.fromkeys(filter(_looked_for, _TOKEN.findall(text.lower()))))


def _looked_for(word: str) -> bool:
    if word in _ASKING or (len(word) < SHORTEST and word.isascii()):
        return False
    return sum(map(str.isdigit, word)) <= _MOST_DIGITS


def root(word: str) -> str:
    """A word without its ending; one that is too short to lose it stays as it is."""
    cut = _ENDING.sub("", word)
    return cut if len(word) > SHORTEST and len(cut) >= SHORTEST else word


def terms(text: str) -> set[int]:
    """The hashes of the words of ``text``."""
    found = set(map(_term_if_looked_for, _TOKEN.findall(text.lower())))
    found.discard(None)
    return found


@lru_cache(maxsize=_REMEMBERED)
def _term_if_looked_for(word: str) -> int | None:
    return term(word) if _looked_for(word) else None


def term(word: str) -> int:
    """The hash of a word's root: 32 bits with a sign, as PostgreSQL's integer."""
    return int.from_bytes(blake2b(root(word).encode(), digest_size=4).digest(), "big", signed=True)
