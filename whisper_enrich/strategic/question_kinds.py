"""What a turn asks, by its words and their order: English first; German, Spanish, French, Italian and Portuguese too.

A sentence asks if it ends in a question mark outside of a quotation, or if its words stand in the order of a question
("do you do jokes or just fog"), for chat leaves the mark out. Its kind is that of the question word at the front of a
clause, of an inversion, or of a tag at its end. Words are whole words throughout. Languages are not told apart first:
words that mean something else in English ("was", "come", "dove") need a neighbour that does not.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from whisper_enrich.strategic.history import QuestionKind
from whisper_enrich.text.verbs import is_base
from whisper_enrich.text.words import word_set

_LINK = re.compile(r"(?:https?://|www\.)\S+")
_CODE = re.compile(r"```(?s:.*?)(?:```|\Z)|`[^`\n]*`|^>.*$", re.MULTILINE)
_QUOTED_QUESTION = re.compile(r"(?<!\w)(?:'(?:[^'\n]|(?<=\w)'(?=\w))*\?'|[\"“][^\"”\n]*\?[\"”]|«[^»\n]*\?\s?»)(?!\w)")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"')\]*]*\s+|\n+")
# "So do I" and "so far" are no new clause.
_CLAUSE_END = re.compile(
    r"[,;:–—()¿¡…]+|\s-+\s|\b(?:and|but|und|aber|pero|mais|ma|mas)\s+(?=\w)"
    r"|\bso\s+(?!(?:far|much|many|long|little)\b|(?:is|am|are|was|were|do|does|did|can|could|will|would|have|has)\b(?! you \w))"
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_OR = re.compile(
    r"(?<!^)\b(?:or|oder|oppure|ou|o(?! ok))\b"
    r"(?!\s*(?:so|not|no|nah|nope|what|something|anything|whatever|nein|nicht|non|pas|am i|is it just me)?\W*$)"
)

_LEAD_INS = word_set(
    """
    oh ah aw hey hi hello yo ok okay well um umm uh hm hmm wait lol lmao haha hahaha btw also or then now like anyway anyways
    yeah yes yep no nope nah omg wow man dude bro honestly actually seriously just exactly question q na ach oder denn oye
    bueno entonces alors eh bon allora então e y et quick because cool nice great good awesome really true
    """
)
_ASKS_WHETHER_ASKED = re.compile(
    r"(?:(?:do|did) you (?:happen to )?know|(?:can|could) you (?:tell me|guess)|any (?:idea|clue|guess)|(?:may|can|could) i ask"
    r"(?: you)?|tell me|guess|i wonder|(?:i was |i'm |just )?wondering|you know|weißt du|kannst du mir sagen|sag mal|sabes"
    r"|(?:tu )?sais(?: tu)?|sai|(?:você )?sabe|dis moi|dimmi)\s+"
)
_INDIRECT_FIRST = word_set(
    "do did can could any may tell guess i i'm just wondering you weißt kannst sag sabes tu sais sai você sabe dis dimmi"
)
_AUXILIARIES = word_set(
    """
    is are was were am do does did can could will would should shall may might must has have had isn't aren't wasn't weren't
    don't doesn't didn't can't couldn't won't wouldn't shouldn't hasn't haven't hadn't
    """
)
_ACTING = word_set("do does did are were")
_PRONOUNS = word_set("i you u ya he she it we they this that these those there")
# A question word before one of these opens a subordinate clause: "when I was five", "what my boss said".
_SUBJECTS = _PRONOUNS - {"this", "these", "those"} | word_set(
    "i'm i've i'd i'll you're you've he's she's it's we're they're my your his her our their the a an"
)
_WHY, _HOW, _WHAT = QuestionKind.WHY, QuestionKind.HOW, QuestionKind.WHAT
_WHEN, _YES_NO = QuestionKind.WHEN_WHERE_WHO, QuestionKind.YES_NO


def _by_word(**lists: str) -> dict[str, QuestionKind]:
    return {word: QuestionKind(kind) for kind, words in lists.items() for word in words.split()}


_QUESTION_WORDS = _by_word(
    why="why why's whyd warum wieso weshalb weswegen wozu porqué porque pourquoi perché perche",
    how="""
    how how's hows how'd howd how're wie cómo como comment combien cuánto cuánta cuántos cuántas cuanto cuanta cuantos
    cuantas quanto quanta quanti quante quantos quantas come
    """,
    when_where_who="""
    when when's whens where where's wheres where'd who who's whos who'd whose whom wann wo wohin woher wer wem wen wessen
    cuándo cuando dónde donde adónde quién quien quiénes quand où qui quando dove chi onde quem cadê
    """,
    what="""
    what what's whats what're what'd whatcha which was welche welcher welches welchen welchem qué que cuál cuáles cual cuales
    quel quelle quels quelles qu'est-ce qu'est quoi cosa che quale quali qual quais
    """,
)
_QUESTION_PAIRS = {
    tuple(pair.split()): kind
    for kind, pairs in (
        (_WHY, "how come | what for | por qué | por que | por quê | come mai | para qué | pour quoi"),
        (
            _WHEN,
            """
            what time | what day | what date | what year | what month | wie spät | qué hora | que hora | que horas | che ora
            | che ore | quelle heure | a quando | de quem
            """,
        ),
        (_WHAT, "o que | how about | what about | was für"),
        (_YES_NO, "est-ce que"),
    )
    for pair in pairs.split("|")
}
_ITALIAN = word_set(
    "sei è vai stai sta va state ti si fai fa posso possiamo hai era sono vanno abiti vivi siete mi ci lavori trovi"
)
_FRENCH = word_set("est es a va sont vas êtes ont était t'a veut")
_GERMAN = word_set(
    """
    ist sind hast hat habt haben machst macht machen meinst denkst sagst sagt willst wollt soll sollen kann kannst war waren
    für du er sie es ich wir ihr gibt gibt's geht geht's gehts passiert bedeutet heißt isst hältst liest magst möchtest
    würdest wird kostet bringt fehlt denn bist warst wohnst kommst gehst seid lange viel viele alt oft läuft findest das die
    der man könnte sollte würde darf muss
    """
)
_ONLY_BEFORE = {"was": _GERMAN, "come": _ITALIAN, "dove": _ITALIAN, "chi": _ITALIAN, "che": _ITALIAN, "qui": _FRENCH}
_DU_FORMS = word_set(
    """
    hast bist kannst willst magst weißt gehst machst kommst könntest möchtest würdest darfst sollst warst hattest siehst
    denkst glaubst findest meinst brauchst wirst kennst geht hat ist habt seid könnt wollt as es avez êtes peux veux aimes
    """
)
_DU = word_set("du ihr er es das tu vous")
_PREPOSITIONS = word_set("to for with in on of at from about by since until a de con mit von em para pour à di da avec")

# Without a mark, an English question shows by what follows its first word.
_DEGREES = word_set("much many long old often far big tall deep late early")
_FOLLOWERS = {
    "why": _AUXILIARIES | {"not", "me", "so", "tho", "though"},
    "how": _AUXILIARIES | _DEGREES | {"come", "so", "about", "u"},
    "when": _AUXILIARIES - {"is", "was"} | {"u"},
    "where": _AUXILIARIES | {"u", "to", "r"},
    "who": _AUXILIARIES - {"had", "can", "could", "would", "may", "might"} | {"else"},
    "what": _AUXILIARIES - {"may", "might"}
    | word_set("about if else kind sort happened happens makes made keeps u r time day"),
    "which": word_set("one ones of kind sort day way"),
    "whose": _AUXILIARIES,
    **dict.fromkeys(("wie", "wo", "wann", "wer", "was", "warum", "wieso", "weshalb"), _GERMAN),
}
_CONTRACTED = word_set("what's whats what're who's whos where's wheres where'd how's hows how'd when's whatcha why's")
_UNMISTAKABLE = word_set("qué cómo cuándo dónde quién cuál cuánto cuántos cuánta cuántas qu'est-ce pourquoi")
_NO_RELATIVE = word_set(
    "is was are were has had in means meant made makes feels felt i he she we they you it the my he's i'm it's"
)
_ADDRESSING = word_set("are do did can could would will have were")
_NO_NAMES = _SUBJECTS | word_set(
    "who what how where when why so neither nor as than if that's only not then here this because"
)
_OWNED = word_set("my your his her our their anyone anybody everyone everybody someone somebody anything everything")
_INVERTED = {
    **dict.fromkeys(("is", "was", "isn't", "wasn't"), _OWNED | word_set("it he she there this that")),
    **dict.fromkeys(("are", "were", "aren't", "weren't"), _OWNED | word_set("you u they we there these those the")),
    **dict.fromkeys(("do", "don't"), word_set("you u ya they we i")),
    **dict.fromkeys(("did", "didn't"), word_set("you u ya he she they we i")),
    **dict.fromkeys(("have", "haven't"), word_set("you u they we i")),
    **dict.fromkeys(("has", "hasn't"), _OWNED | word_set("he she it this that")),
    **dict.fromkeys(
        word_set("can could will would should shall may can't couldn't won't wouldn't shouldn't"),
        word_set("you u i he she they we it there this that someone anyone somebody anybody"),
    ),
    "am": {"i"},
}


def _phrases(text: str) -> frozenset[tuple[str, ...]]:
    return frozenset(tuple(phrase.split()) for phrase in text.split("|"))


def _by_first(phrases: frozenset[tuple[str, ...]]) -> dict[str, list[tuple[str, ...]]]:
    return {first: [phrase for phrase in phrases if phrase[0] == first] for first in {phrase[0] for phrase in phrases}}


_ALL_OF_IT = _phrases(
    "what|why|how|when|where|who|why not|how so|you ok|you okay|u ok|you there|u there|u up|you up|you around"
)
_ROUND = _phrases("you|yours|yourself|u|how about you|what about you|wbu|hbu|du|dir|selbst|tú|tu|toi|você|te")
# In the order of a question, and none; by their first word.
_IDIOMS = _by_first(
    _phrases(
        """
        can you imagine | can you believe | would you believe | would you look | who knows | who cares | who am i
        | how about that | what do i know | what can i say | should i say | may i say | may i add | what a | do you mind
        | what is more | what's more | what's worse
        """
    )
)
_TAGS = _phrases(
    """
    innit | right | correct | huh | eh | ok | okay | yeah | yes | no | hm | hmm | or what | or not | am i right | you know
    | y'know | oder | ne | nicht wahr | nicht | gell | stimmt's | stimmts | ja | verdad | vale | sí | n'est-ce pas | non | hein
    | pas vrai | vero | giusto | sai | né | não é | não | certo | tá
    """
)
_TAGS_UNMARKED = _phrases("innit|right|huh|eh|oder|gell|nicht wahr|né|hein")
_YOU = word_set("you u ya you're you've youre")
_TAGS_UNMARKED_FIRST = {tag[0] for tag in _TAGS_UNMARKED} | {word for word in _AUXILIARIES if word.endswith("n't")}
_ECHOED = {"what": _WHAT, "who": _WHEN, "where": _WHEN, "when": _WHEN, "why": _WHY, "how": _HOW}
_AFTER_ECHO = word_set("now exactly again too then though tho")


class _Front(NamedTuple):
    """What the front of a clause asks; ``subordinate`` where its order is that of a clause within another."""

    kind: QuestionKind
    subordinate: bool


def question_kind(text: str) -> QuestionKind:
    """What ``text`` asks; of several questions the last, for it is the one left open; `TAG` only where all are tags.

    Nothing asked, or only in a quotation, a link or code: `NONE`. A mark without any word asks what was meant: `WHAT`.
    """
    tag = QuestionKind.NONE
    for sentence in reversed(_sentences(text)):
        kind = _sentence_kind(sentence)
        if kind is QuestionKind.TAG:
            tag = kind
        elif kind is not QuestionKind.NONE:
            return kind
    return tag


def first_question(text: str) -> QuestionKind:
    """What the first sentence of ``text`` asks."""
    return _sentence_kind(_sentences(text)[0])


# A turn is read twice, for what it asks and for how it opens.
@lru_cache(maxsize=16)
def _sentences(text: str) -> tuple[str, ...]:
    return tuple(_SENTENCE_END.split(_plain(text)))


@lru_cache(maxsize=64)
def _sentence_kind(sentence: str) -> QuestionKind:
    return _marked(sentence) if "?" in sentence else _unmarked(sentence)


def _plain(text: str) -> str:
    """Lower case, apostrophes straight, one kind of question mark; without links, code and quoted questions."""
    plain = text.strip()
    if "://" in plain or "www." in plain:
        plain = _LINK.sub(" ", plain)
    if "`" in plain or ">" in plain:
        plain = _CODE.sub(" ", plain)
    plain = plain.lower()
    if not plain.isascii():
        plain = plain.replace("’", "'").replace("‘", "'").replace("？", "? ").replace("؟", "? ")
    if _QUOTED_QUESTION.fullmatch(plain):
        return plain.strip("'\"“”«» ")
    return _QUOTED_QUESTION.sub(" ", plain) if any(end in plain for end in ("?'", '?"', "?”", "»")) else plain


def _clauses(sentence: str) -> list[list[str]]:
    """The words of each clause that has any, without what only leads in."""
    found = []
    for piece in _CLAUSE_END.split(sentence):
        words = _WORD.findall(piece)
        start = 0
        while start < len(words) - 1 and words[start] in _LEAD_INS:
            start += 1
        if words:
            found.append(words[start:])
    return found


def _marked(sentence: str) -> QuestionKind:
    """What a sentence with a question mark asks: at least, whether."""
    asked = sentence[: sentence.rfind("?")]
    clauses = _clauses(asked)
    if not clauses:
        return _WHAT
    if tuple(clauses[-1]) in _ROUND:
        return _WHAT
    fronts = [front for front in map(_front, clauses) if front is not None]
    main = [front.kind for front in fronts if not front.subordinate]
    if _is_tag(clauses, _TAGS):
        return main[-1] if main and len(clauses) > 1 and _front(clauses[-1]) is None else QuestionKind.TAG
    kind = main[-1] if main else _echoed(clauses[-1]) or (fronts[-1].kind if fronts and len(clauses) == 1 else _YES_NO)
    asks_which = kind is _WHAT and "which" in clauses[0][:2]
    return QuestionKind.CHOICE if (kind is _YES_NO or asks_which) and _OR.search(asked) else kind


def _unmarked(sentence: str) -> QuestionKind:
    """What a sentence without a mark asks, if its order is that of a question."""
    clauses = _clauses(sentence)
    if len(clauses) > 1 and _is_tag(clauses, _TAGS_UNMARKED) and clauses[-1][0] in _TAGS_UNMARKED_FIRST:
        return QuestionKind.TAG
    for index in range(len(clauses) - 1, -1, -1):
        kind = None if index and _goes_on(clauses[index]) else _front_unmarked(clauses[index])
        if kind is not None:
            return QuestionKind.CHOICE if kind is _YES_NO and _OR.search(sentence) else kind
    return _opened(clauses[0]) if clauses else QuestionKind.NONE


def _front(words: list[str]) -> _Front | None:
    """What the front of a clause asks, given that its sentence is a question."""
    words = _direct(words)
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _PREPOSITIONS and second in _QUESTION_WORDS:
        return _front(words[1:])
    paired = _QUESTION_PAIRS.get((first, second))
    if paired is not None:
        return _Front(paired, False)
    kind = _QUESTION_WORDS.get(first)
    if kind is not None and (first not in _ONLY_BEFORE or second in _ONLY_BEFORE[first] or not second):
        if kind is _WHAT and words[-1] == "for" and second in _ACTING:
            kind = _WHY
        return _Front(kind, second in _SUBJECTS and first not in _CONTRACTED)
    if first in _AUXILIARIES or (first in _DU_FORMS and second in _DU):
        return _Front(_YES_NO, False)
    return None


def _front_unmarked(words: list[str]) -> QuestionKind | None:
    """What the front of a clause asks by its order alone."""
    if len(words) < 3 and tuple(words) in _ALL_OF_IT:
        return _QUESTION_WORDS.get(words[0], _YES_NO)
    if any(tuple(words[: len(idiom)]) == idiom for idiom in _IDIOMS.get(words[0], ())):
        return None
    words = _direct(words)
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first in _UNMISTAKABLE or (first in _CONTRACTED and second):
        return _QUESTION_PAIRS.get((first, second)) or _QUESTION_WORDS[first]
    if second in _FOLLOWERS.get(first, ()):
        # "How much I miss you" exclaims.
        exclaims = second in _DEGREES and words[2:3] and words[2] in _SUBJECTS
        return None if exclaims else _QUESTION_PAIRS.get((first, second)) or _QUESTION_WORDS[first]
    inverted = second in _INVERTED.get(first, ()) or (first in ("does", "doesn't") and second)
    return _YES_NO if inverted or (first in _DU_FORMS and second == "du") else None


def _goes_on(words: list[str]) -> bool:
    """Whether a later clause tells more of the one before: "my mom, who is a dentist", "it works and is my favourite"."""
    return words[0] in ("who", "who's") or (words[0] in ("is", "was") and words[1:2] != [] and words[1] in _OWNED)


def _opened(words: list[str]) -> QuestionKind:
    """What the front of a whole sentence asks in ways that a clause within one does not: "which harbour words"."""
    first, second = words[0], words[1] if len(words) > 1 else ""
    if first == "which" and 2 <= len(words) <= 3 and second not in _NO_RELATIVE:
        # "Which works well" is a relative clause.
        return QuestionKind.NONE if second[-1:] == "s" and is_base(second[:-1]) else _WHAT
    if first == "how" and second == "to" and len(words) > 2:
        return _HOW
    # A name before it: "marlow are you awake".
    if second in _ADDRESSING and words[2:3] in (["you"], ["u"]) and first not in _NO_NAMES:
        return _YES_NO
    if first in ("what", "which") and any(
        word in _AUXILIARIES and after in _PRONOUNS for word, after in pairwise(words[2:7])
    ):
        return _WHAT
    return QuestionKind.NONE


def _direct(words: list[str]) -> list[str]:
    """ "Do you know why it hums" asks why: the words from the question word on, where such an opening has one."""
    if words[0] not in _INDIRECT_FIRST:
        return words
    text = " ".join(words)
    match = _ASKS_WHETHER_ASKED.match(text)
    rest = text[match.end() :].split() if match else []
    return rest if rest and rest[0] in _QUESTION_WORDS else words


def _is_tag(clauses: list[list[str]], tags: frozenset[tuple[str, ...]]) -> bool:
    """Whether the last clause only asks for assent: ", right?", ", isn't it?"."""
    last = clauses[-1]
    if tuple(last) in tags:
        return True
    if len(clauses) < 2 or len(last) != 2 or last[0] not in _AUXILIARIES or last[1] not in _PRONOUNS:
        return False
    # "I have a cat, do you?" wants to know.
    return last[1] not in _YOU or not _YOU.isdisjoint(clauses[-2])


def _echoed(words: list[str]) -> QuestionKind | None:
    """A question word that stays in its place, at the end: "You did what now?"."""
    end = words[:-1] if len(words) > 1 and words[-1] in _AFTER_ECHO else words
    return _ECHOED.get(end[-1])
