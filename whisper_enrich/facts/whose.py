"""Whose fact it is: whether a statement gives the user what its quote says of somebody else.

Three signs, none of which needs a list of attacks: the verb behind ``{user}`` has another subject in the quote; the
sentence has a subject of its own, no first person, and the statement says nothing of that subject ("Kenji's real age is
12"); what belongs to somebody of the user's is given to the user ("my boss's wife").
"""

from __future__ import annotations

import re

from whisper_enrich.facts.openings import strip_lead_in
from whisper_enrich.facts.telling_words import groups_by_word
from whisper_enrich.facts.wording import fold
from whisper_enrich.text.words import word_set

_WORD = re.compile(r"[^\W_]+")
_BE = word_set("am is are was were m s re")
_HAVE = word_set("have has had ve")
_THIRD = word_set("he she they er sie il elle el ella lui lei ele ela hij zij ze")
_OWNERS = word_set(
    """
    my our his her their the mein meine unser unsere mon ma mes notre mi mis nuestro nuestra mio mia meu minha mijn ons onze
    """
)
_WRITERS = word_set("i im ive we ich wir je yo eu io ik ive")
_AND = word_set("and und et y e en i и but aber mais pero")
_LIGHT = word_set(
    """
    user a an the and or of in on at to for with by from is are was were be been has have had do does did will would can not no
    her his their its that this s t i my it very also there
    """
)
_SKIPPED = word_set("also just really always never still now currently only already often usually both")
_FIRST_PERSON = word_set(
    """
    i im ive id ill m my me mine myself we us our ours ourselves ich mich mir mein meine meinen meinem meiner wir uns unser
    unsere je j moi mon ma mes nous notre nos yo mi mis conmigo nosotros soy tengo estoy vivo io mio mia miei mie sono ho eu
    meu minha meus sou tenho ik mij mijn wij ons onze я мне меня мои моя мое мы у jestem mam moj moja jag mig min mitt mina ben
    """
)
# A finite verb of the third person, behind which the subject has ended.
_FINITE = word_set(
    """
    is isn was wasn has hasn had hadn does doesn did didn will won can cannot would lives works hates loves likes studies plays
    owns drinks smokes eats wants thinks feels speaks takes teaches goes comes got went said says told lived worked quit moved
    bought sold died broke began started became turned married left
    ist war hat hatte heisst wohnt lebt arbeitet mag liebt hasst spielt trinkt raucht
    est etait avait habite vit travaille aime deteste joue
    es era esta tiene tenia vive trabaja ama odia juega
    e era ha aveva abita lavora is heeft woont werkt bor ar
    """
)
# Not somebody: what a sentence begins with whose matter comes after it.
_NOBODY = word_set(
    """
    it its that thats this these those there here what who which everything nothing something all one today tonight
    yesterday tomorrow life work home everyone everybody people weather day week month year morning evening night weekend
    time never not no so just then now also
    """
)
_ARTICLES = word_set(
    """
    a an the some mr mrs ms dr his her their this that der die das ein eine le la les l un une el los las una il lo o os as de
    het een of in on at to from and von du von des del da
    """
)
_MAX_SUBJECT = 5
_POSSESSIVE = re.compile(
    r"^(?P<owner>[^\W\d_][\w.-]*(?: [A-Z][\w.-]*)?)(?:'s|(?<=s)')\s+(?!been\b|got\b|a\b|the\b|not\b)\w"
)
_NAME_BEFORE_VERB = re.compile(r"(?:^|[\s,;])(?P<name>[A-Z][\w-]+) (?P<verb>[^\W_]+)\b")
_OF_MINE = re.compile(
    r"\b(?:my|our) (?P<owner>[^\W_]+)'s (?:\w+ )?(?P<owned>[^\W_]+)"
    r"|\b(?P<owned_de>[^\W_]+) (?:von )?mein\w* (?P<owner_de>[^\W_]+)s\b",
    re.IGNORECASE,
)
_LIKE_ME = re.compile(r"\b(?:like|same as|and so am|and so do) (?:me|us|i|we)\b", re.IGNORECASE)
_NAMED = word_set("name names age birthday")
# What these say is said of the user alone.
_OF_THE_PERSON = frozenset(
    {"name", "age", "birthday", "birth_year", "gender", "orientation", "pronouns", "religion", "nationality", "lives_in", "from",
     "works_as", "works_at", "works_in", "studies", "studies_at", "relationship_status", "pregnant", "smokes",
     "drinks_alcohol", "diet", "diagnosed_with", "allergic_to", "ill_with", "injured"}
)  # fmt: skip


def is_about_another(statement: str, attribute: str, quote: str, sentence: str) -> bool:
    """Whether the statement gives the user what the quote, whose ``sentence`` is known up to its end, says of another."""
    quote, sentence = quote.replace("’", "'"), sentence.replace("’", "'")
    return (
        _another_does_it(statement, quote)
        or _has_its_own_subject(statement, attribute, sentence)
        or _is_of_somebody_of_mine(statement, quote)
    )


def _another_does_it(statement: str, quote: str) -> bool:
    """Whether the verb behind ``{user}`` stands in the quote with another subject, never with its writer, and that
    subject is not told: "my sister lives in Rome"."""
    if not statement.startswith("{user} ") and not statement.startswith("{user}'s got"):
        return False
    told = [word for word in _words(statement.replace("{user}", "")) if word not in _SKIPPED]
    if len(told) > 1 and told[0] in _BE | _HAVE and told[1].endswith(("ing", "ed", "born")):
        told = told[1:]
    matter = set(told[1:]) - _LIGHT
    if not matter:
        return False
    words = [word for word in _words(quote) if word not in _SKIPPED]
    names = {fold(match["name"]) for match in _NAME_BEFORE_VERB.finditer(quote)} - _WRITERS - _NOBODY
    if _LIKE_ME.search(quote):
        return False
    others = 0
    for place, word in enumerate(words):
        if place == 0 or not _same_verb(word, told[0]) or matter.isdisjoint(words[place + 1 : place + 9]):
            continue
        subject = words[max(0, place - 3) : place]
        if subject[-1] in _AND:
            subject = words[:2] if _WRITERS.isdisjoint(words[:place]) else ["i"]
        if subject[-1] in _WRITERS or "i" in subject[-2:]:
            return False
        owned = len(subject) >= 2 and not set(subject[:-1]).isdisjoint(_OWNERS)
        if subject[-1] in _THIRD | names or (owned and subject[-1] not in _OWNERS):
            others += subject[-1] not in told
    return others > 0


def _has_its_own_subject(statement: str, attribute: str, sentence: str) -> bool:
    """Whether the sentence speaks of somebody, never of its writer, and the statement is silent of them."""
    opening = strip_lead_in(sentence.strip())
    said = _words(opening)
    if not _FIRST_PERSON.isdisjoint(said):
        return False
    possessive = _POSSESSIVE.match(opening)
    if possessive is not None:
        subject = {fold(word) for word in _WORD.findall(possessive["owner"])}
    else:
        verb = next((place for place, word in enumerate(said) if word in _FINITE), None)
        if verb is None or not 0 < verb <= _MAX_SUBJECT:
            return False
        subject = {word for word in said[:verb] if not word.endswith("ly")}
    if subject & _NOBODY:
        return False
    subject -= _ARTICLES
    told = set(_words(statement.replace("{user}", "")))
    if subject <= _THIRD:
        # "He died" may be told of "{user}'s father".
        return bool(subject) and statement.startswith("{user} ")
    if possessive is not None and possessive["owner"][0].isupper() and attribute in _OF_THE_PERSON:
        return True
    return all(not _is_told(word, told) for word in subject)


def _is_of_somebody_of_mine(statement: str, quote: str) -> bool:
    """ "My boss's wife Delphine" told as the user's wife."""
    told = set(_words(statement.replace("{user}", "")))
    for match in _OF_MINE.finditer(quote):
        owner, owned = (match["owner"], match["owned"]) if match["owner"] else (match["owner_de"], match["owned_de"])
        if _is_told(fold(owned), told) and not _is_told(fold(owner), told) and fold(owned) not in _NAMED:
            return True
    return False


def _is_told(word: str, told: set[str]) -> bool:
    groups = groups_by_word().get(word, frozenset())
    return word in told or any(
        groups & groups_by_word().get(other, frozenset()) or (len(word) > 3 and other.startswith(word[:-1]))
        for other in told
    )


def _same_verb(a: str, b: str) -> bool:
    return a == b or {a, b} <= _BE or {a, b} <= _HAVE


def _words(text: str) -> list[str]:
    return [fold(match[0]) for match in _WORD.finditer(text)]
