"""How a quotation is said: as true or not, about whom, in answer to what, which way round."""

from __future__ import annotations

import re

from whisper_enrich.facts.asserted import asserted_part, is_joke, readable, without_quotations
from whisper_enrich.facts.telling_words import ENDINGS, FALSE_NEGATIONS, NEGATIONS, NEGATIVE, POSITIVE
from whisper_enrich.facts.wording import fold
from whisper_enrich.text.sentences import sentences
from whisper_enrich.text.words import word_set

_WORD = re.compile(r"[^\W_]+")
_SPACED = re.compile(r"\s+")
_QUESTION_END = re.compile(r"[?？؟\u037e]\W*$")

_YES = word_set(
    """
    yes yep yup yeah yea ya ye yess yesss sure right correct true exactly indeed absolutely definitely totally course affirmative
    ja jo jep genau doch klar stimmt richtig natuerlich naturlich oui ouais si exact bien sur claro certo esatto sim isso exato
    klopt jazeker inderdaad да ага конечно tak pewnie jasne evet はい うん ええ そうです そう 是 是的 对 對 嗯 네 응 예 نعم हाँ
    """
)
_NO = word_set(
    """
    no nope nah never nein ne nee non nao нет nie hayir いいえ いや 不 不是 没有 沒有 아니 아니요 아뇨 لا नहीं
    """
)
_FILLER = word_set(
    """
    of i do am did have was is are it we that s m oh well um uh haha lol please thanks thank you not really at all so a bit ok
    okay why asked actually there still since always quite very pretty much yes no
    """
)
_FIRST_PERSON = word_set(
    """
    i im ive id ill my me mine myself we our us ours ich mich mir mein meine meinen meinem meiner wir uns unser je j moi mon ma
    mes nous notre yo mi mis me nosotros soy tengo estoy vivo trabajo quiero io mio mia miei mie sono ho eu meu minha sou tenho
    ik mij mijn wij ons я мне меня мои моя мое мы у jestem mam moj moja jag mig min mitt mina ben benim
    """
)
_REFERS = word_set(
    """
    the it its this that these those he him his she her hers they them their theirs there here one ones both mine we us our
    ours er sie es ihn ihm das dies dort da wir il elle ils elles ca cela y en le lui leur el ella ellos eso esto alli
    alla lo la lui lei loro cio ele ela isso isto hij zij ze het dat die daar он она оно они это там его ее их on ona to tam
    """
)
_SUBJECTS = word_set("i im ive we he she they it you my our his her the this that there who ich wir je yo eu io ik")
_LIGHT = word_set(
    """
    user a an the and or of in on at to for with by from is are was were be been has have had do does did will would can not no
    her his their its that this s t i my it very also there
    """
)
_CLAUSE = re.compile(
    r"[,;:.!?…\n]+|\s[-–—]+\s|\b(?:but|and|because|so|aber|und|weil|mais|et|pero|y|ma|e|mas|maar|en|но|и)\b"
)


_WOULD = re.compile(r"\b(?:would|could|might)\b|'d\b", re.IGNORECASE)
# "Kidding, not Ishmael, I'm Dov": what follows is meant.
_CORRECTED = re.compile(r"\bkidding[,.! ]+(?:it's |i'm )?not\b", re.IGNORECASE)
_CONDITION = re.compile(r"[\s,]*(?:only )?(?:if|unless|provided|as long as)\b", re.IGNORECASE)
# A "not" that says how much.
_NOT_A_DENIAL = re.compile(
    r"\b(?:can't|cannot|can not|couldn't|could not|never) (?:get enough|wait|live without|resist|get tired|stop (?:thinking"
    r"|talking|dreaming)|be happier|be prouder|be without)\b|\bnot only\b|\bno doubt\b",
    re.IGNORECASE,
)
_DISLIKE = re.compile(r"\b(?:can't|cannot|can not|couldn't) (?:stand|bear)\b|\bnot a fan\b", re.IGNORECASE)
# Behind what it denies stands "nicht" in some languages; "412, not 350" denies 350.
_BEFORE_ONLY = word_set("not no never t cannot without none neither nor")


def is_bare_answer(quote: str) -> bool:
    """Whether it says yes or no and nothing beside."""
    words = _words(quote)
    return 0 < len(words) <= 8 and not {*words}.isdisjoint(_YES | _NO) and all(w in _YES | _NO | _FILLER for w in words)


def question_in(text: str) -> str | None:
    """The last question of a text, verbatim; None where it asks nothing."""
    asked = [span.text for span in sentences(text) if _QUESTION_END.search(span.text)]
    return asked[-1] if asked else None


def agrees_with_answer(statement: str, answer: str, question: str) -> bool:
    """Whether a statement negates what "no" denies and affirms what "yes" affirms."""
    negated = _negates(statement) or not _words_set(statement).isdisjoint(ENDINGS)
    said_no = not _words_set(answer).isdisjoint(_NO - _YES) or "not" in _words(answer)
    return negated if said_no else not negated or _negates(question) or not _words_set(question).isdisjoint(ENDINGS)


def is_own_writing(text: str, start: int, end: int) -> bool:
    """Whether the span is the writer's own: not only code, a link, an action, a quoted line, words in quotation marks."""
    return any(map(str.isalnum, without_quotations(readable(text))[start:end]))


def is_asserted(text: str, start: int, end: int, *, english: bool, joking: bool = False) -> bool:
    """Whether a sentence of the span is said as true, as far as the span goes: an "if" behind it takes nothing back, unless
    the span has a "would". ``joking``: that it was a joke is what it says. Without rules for its
    language only questions are known not to be.
    """
    text = readable(text)
    if english and joking:
        return True
    if english and is_joke(_CORRECTED.sub(" ", text)):
        return False
    touched = [span for span in sentences(text) if span.start < end and start < span.end]
    for span in touched:
        until = min(end, span.end)
        if _QUESTION_END.search(span.text):
            true_until = span.start + len(asserted_part(span.text)) if english else span.start
        elif english:
            head = text[span.start : until].rstrip(" ,;:-")
            supposed = _WOULD.search(text[max(start, span.start) : until]) and _CONDITION.match(text[until : span.end])
            true_until = span.start if supposed else span.start + len(asserted_part(head))
        else:
            true_until = span.end
        if max(start, span.start) < true_until:
            return True
    return not touched


def sentence_bounds(text: str, start: int, end: int) -> tuple[int, int]:
    """Start and end of the sentences that the span touches."""
    touched = [span for span in sentences(text) if span.start < end and start < span.end]
    return (min(start, touched[0].start), max(end, touched[-1].end)) if touched else (start, end)


def sentence_around(text: str, start: int, end: int) -> str:
    """The sentences that the span touches."""
    first, last = sentence_bounds(text, start, end)
    return text[first:last]


def sentences_about(statement: str, quote: str) -> list[str]:
    """The sentences of the quote that share a word of matter with the statement; all of it if none does."""
    matter = _words_set(statement) - _LIGHT
    about = [span.text for span in sentences(quote) if not matter.isdisjoint(_words(span.text))]
    return about or [quote]


def speaks_for(name: str, text: str) -> bool:
    """Whether a line of the text pretends to be said by ``name``."""
    return re.search(rf"(?:^|\n)\s*{re.escape(name)}\s*:", text, re.IGNORECASE) is not None


def names_its_writer(quote: str) -> bool:
    """Whether it is said in the first person."""
    return not _words_set(quote).isdisjoint(_FIRST_PERSON)


def refers_back(quote: str) -> bool:
    """Whether the quotation needs what was said before: it has a word such as "he", "that", "there", or no subject."""
    words = _words_set(quote)
    return not words.isdisjoint(_REFERS) or words.isdisjoint(_SUBJECTS)


def is_turned_round(statement: str, attribute: str, quote: str, value: str, language: str | None = None) -> bool:
    """Whether a statement affirms what its quote denies, denies what it affirms, or swaps liking and disliking."""
    quote = _NOT_A_DENIAL.sub(" ", quote.replace("’", "'"))
    quote = _DISLIKE.sub("dislike", quote)
    false = FALSE_NEGATIONS.get(language or "", frozenset())
    statement, quote = (" ".join(w for w in _SPACED.split(text) if fold(w) not in false) for text in (statement, quote))
    told, said = _words_set(statement), _words_set(quote)
    denies, denied = _negates(statement), _negates(quote)
    if denies and not denied and said.isdisjoint(ENDINGS):
        return True
    if _swaps_liking(told, said, attribute, denies=denies, denied=denied):
        return True
    if denies or not denied or not told.isdisjoint(ENDINGS | NEGATIVE) or attribute == "dislikes":
        return False
    return _all_denied(statement, quote, value)


def _all_denied(statement: str, quote: str, value: str) -> bool:
    """Whether every clause of the quote that shares a word of matter with the statement (or value) is negated."""
    matter = set(_words(value or statement)) - _LIGHT
    clauses = [words for words in map(_words, _CLAUSE.split(quote.casefold())) if not matter.isdisjoint(words)]
    return bool(clauses) and all(_is_denied(words, matter) for words in clauses)


def _is_denied(words: list[str], matter: set[str]) -> bool:
    last = max(place for place, word in enumerate(words) if word in matter)
    return any(
        word in NEGATIONS and (place < last or word not in _BEFORE_ONLY) for place, word in enumerate(words)
    ) and not any(word in _BEFORE_ONLY and words[place + 1 : place + 2] == ["only"] for place, word in enumerate(words))


def _swaps_liking(told: set[str], said: set[str], attribute: str, *, denies: bool, denied: bool) -> bool:
    likes = attribute in ("likes", "favourite") or (
        not told.isdisjoint(POSITIVE) and told.isdisjoint(NEGATIVE) and not denies
    )
    hates = attribute == "dislikes" or (not told.isdisjoint(NEGATIVE) and told.isdisjoint(POSITIVE) and not denies)
    if likes and not hates:
        return not said.isdisjoint(NEGATIVE) and said.isdisjoint(POSITIVE) and not denied
    return hates and not likes and not said.isdisjoint(POSITIVE) and said.isdisjoint(NEGATIVE) and not denied


def _negates(text: str) -> bool:
    words = _words_set(text)
    return not words.isdisjoint(NEGATIONS)


def _words(text: str) -> list[str]:
    return [fold(match[0]) for match in _WORD.finditer(text)]


def _words_set(text: str) -> set[str]:
    return set(_words(text))
