"""What of a question is looked for in texts: its words without those of asking, cut so that other endings fit too."""

from __future__ import annotations

import re

from whisper_enrich.text.words import word_set

MOST_WORDS = 12
_SHORTEST = 3

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


def prefixes(text: str, without: str = "") -> list[str]:
    """The words of ``text`` outside the phrase ``without``, as prefixes for ``to_tsquery('simple', …)``, each once."""
    if without:
        text = re.sub(re.escape(without), " ", text, count=1, flags=re.IGNORECASE)
    found: dict[str, None] = {}
    for word in _TOKEN.findall(text.lower()):
        if word not in _ASKING and (len(word) >= _SHORTEST or not word.isascii()):
            found[_prefix(word)] = None
    return list(found)[:MOST_WORDS]


def _prefix(word: str) -> str:
    """Quoted; a word that is too short to lose its ending is looked for as it is."""
    root = _ENDING.sub("", word)
    return f"'{root}':*" if len(word) > _SHORTEST and len(root) >= _SHORTEST else f"'{word}'"
