"""First person to third: "I've moved, my cat hates me" becomes "Ana has moved, their cat hates them".

Rules over words, no parser. What the rules do not know stays as it was said: a sentence is better left in its own words
than turned into something its speaker did not say. Words inside double quotation marks are somebody's own and are kept.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from whisper_enrich.text.spelling import respell
from whisper_enrich.text.verbs import (
    MODALS,
    UNCHANGED,
    is_adverb,
    is_base,
    is_participle,
    is_past,
    third_singular,
)
from whisper_enrich.text.words import word_set

_TOKEN = re.compile(r"\{\w+\}|\w+(?:['’]\w+)*['’]?|\"[^\"]*\"|“[^”]*”|\s+|[^\w\s]")
_WORD = re.compile(r"\w")

_NEGATIONS = {
    "don't": "does not",
    "haven't": "has not",
    "ain't": "is not",
    "aren't": "is not",
    "amn't": "is not",
    "can't": "cannot",
    "won't": "will not",
}
_NEGATION = re.compile(r"(\w+)n['’]t$", re.IGNORECASE)
_NO_VERB = word_set(
    """
    a about after all an and another any anyone anything are as at because before but by each every everyone
    everything for from he her here hers him his how i if in into is it its like me mine more my neither no nobody
    none nor nothing of off on or our over she so some someone something than that the their them there these they
    this those though to too under until up us we what when where which while who whom whose why with without yes
    you your
    """
) - {"like"}
_CLAUSE_OPENERS = word_set(
    """
    and but because cause cuz or if when while that so as since what how where why whenever until unless although
    though which who whom before after than
    """
)
_DAY_OR_PREPOSITION = re.compile(r"\d{1,2}(?:st|nd|rd|th)?$|(?:in|since|until|till|by|this|last|next)$", re.IGNORECASE)
_ROMAN_BEFORE = word_set(
    """
    war part act phase type volume vol chapter level stage elizabeth charles henry world tier class
    """
)
_INVERTED = {"am": "is", "do": "does", "have": "has", "don't": "doesn't", "haven't": "hasn't", "was": "was"}
_COMPANY = re.compile(
    r"^(?P<lead>(?:(?:and|but|so|because|when|while|that|yesterday|today|then)\s+)?)"
    r"(?:me and (?P<after>(?:my|our)\s+(?:\w+\s+)?\w+|(?-i:[A-Z]\w+))"
    r"|(?P<before>(?:my|our)\s+(?:\w+\s+)?\w+|(?-i:[A-Z]\w+)|mom|mum|dad) and (?:I|i|me|myself))\b(?=\s+\w)",
    re.IGNORECASE,
)
_PAST_MARK = re.compile(
    r"\b(?:yesterday|ago|last (?:night|week|month|year|time|summer|winter|spring|autumn|fall)|once|when i was)\b", re.I
)


def to_third_person(sentence: str, name: str, addressee: str | None = None) -> str:
    """``sentence`` as told by somebody else about its speaker.

    The speaker is ``name`` (a name, or ``{user}``) as a subject and at the first mention, they/them/their afterwards;
    "we" is "``name`` and others", then "they". With ``addressee``, "you" becomes that name; without, it stays.
    """
    return _Rewriter(sentence, name, addressee).run()


def possessive(name: str) -> str:
    """``Ana's``, ``James'``."""
    return name + ("'" if name.endswith("s") else "'s")


@dataclass(slots=True)
class _Rewriter:
    sentence: str
    name: str
    addressee: str | None
    tokens: list[str] = field(default_factory=list)
    out: list[str] = field(default_factory=list)
    speaker_known: bool = False
    group_known: bool = False
    addressee_known: bool = False
    # Whether verbs joined by "and" still belong to a singular subject that was conjugated here.
    conjugating: bool = False

    def run(self) -> str:
        text = self._company_first(respell(self.sentence))
        self.tokens = _TOKEN.findall(text)
        i = 0
        while i < len(self.tokens):
            i = self._step(i)
        result = "".join(self.out)
        return result[:1].upper() + result[1:] if self.sentence[:1].isupper() else result

    # -- one token -------------------------------------------------------------------------------------------------

    def _step(self, i: int) -> int:
        token = self.tokens[i]
        if token.isspace():
            self.out.append(token)
            return i + 1
        word = token.lower().replace("’", "'")
        handler = _HANDLERS.get(word)
        if handler is not None:
            return handler(self, i)
        if self.addressee and word in _SECOND:
            return self._second_person(i, word)
        if self.conjugating and word in ("and", "but", "or"):
            return self._joined_verb(i)
        if word in _INVERTED and self._next_word(i)[1].lower() in ("i",) and self._inverts(i):
            self.out.append(_match_case(token, _INVERTED[word]))
            j, _ = self._next_word(i)
            self.out.append(" " + self._subject())
            return j + 1
        if self._ends_run(i, word) or token in ".;:!?":
            self.conjugating = False
        self.out.append(token)
        return i + 1

    def _ends_run(self, i: int, word: str) -> bool:
        """Before a noun ("next to a bar") "to" opens no infinitive."""
        return word in _ENDS_RUN and (word != "to" or is_base(self._next_word(i)[1]))

    def _subject(self) -> str:
        self.speaker_known = True
        return self.name

    def _first(self, i: int) -> int:
        """``I`` and its verb."""
        before = self._previous_word(i)
        if self._is_no_pronoun(i):
            self.out.append(self.tokens[i])
            return i + 1
        self.out.append(self._subject())
        modal = before in MODALS and not self._is_month(i)
        carries_no_verb = modal or before in _PAST_AUXILIARIES or (before == "and" and self._company_before(i))
        return i + 1 if carries_no_verb else self._verb_after(i)

    def _contracted(self, i: int) -> int:
        word = self.tokens[i].lower().replace("’", "'")
        self.out.append(self._subject())
        j, following = self._verb_word(i)
        verb = {"i'm": "is", "i've": "has", "i'll": "will", "i'd": "would"}[word]
        if word == "i'd" and _follows_had(following):
            verb = "had"
        if word == "i've" and following == "got":
            return self._have_got(i, j)
        self.out.append(" " + verb)
        self.conjugating = word in ("i'm", "i've")
        return i + 1

    def _have_got(self, i: int, j: int) -> int:
        """ "I've got a cat", "I've got to go": plain "has"."""
        self.out.append(" has")
        self.out.extend(self.tokens[i + 1 : j - 1])
        self.conjugating = True
        return j + 1

    def _my(self, i: int) -> int:
        self.out.append(self.tokens[i] if self._keeps_first_person(i) else self._owner(i))
        return i + 1

    def _owner(self, i: int) -> str:
        if self.speaker_known:
            return _match_case(self.tokens[i], "their", sentence_start=i == 0)
        self.speaker_known = True
        return possessive(self.name)

    def _me(self, i: int) -> int:
        if self._keeps_first_person(i):
            self.out.append(self.tokens[i])
            return i + 1
        if self.speaker_known and (self._previous_word(i) == "be" or self._is_reflexive(i)):
            self.out.append("themselves")
        else:
            self.out.append("them" if self.speaker_known else self._subject())
        return i + 1

    def _is_reflexive(self, i: int) -> bool:
        """ "I got me a bike", "I can see me"."""
        before = [token.lower() for token in self.tokens[:i] if _WORD.match(token)]
        subject = [word for word in before[-4:-1] if not is_adverb(word)]
        return bool(subject) and subject[-1] in ("i", "i've")

    def _mine(self, i: int) -> int:
        if self._keeps_first_person(i):
            self.out.append(self.tokens[i])
        else:
            self.out.append("theirs" if self.speaker_known else possessive(self._subject()))
        return i + 1

    def _myself(self, i: int) -> int:
        self.out.append("themselves" if self.speaker_known else self._subject())
        return i + 1

    def _we(self, i: int) -> int:
        word = self.tokens[i].lower().replace("’", "'")
        verb = {"we": "", "we're": " are", "we've": " have", "we'll": " will", "we'd": " would"}[word]
        if word == "we'd" and _follows_had(self._verb_word(i)[1]):
            verb = " had"
        subject = "they" if self.speaker_known or self.group_known else f"{self.name} and others"
        self.speaker_known = self.group_known = True
        self.conjugating = False
        self.out.append(subject + verb)
        return i + 1

    def _us(self, i: int) -> int:
        self.out.append("them" if self.speaker_known else f"{self._subject()} and others")
        return i + 1

    def _ours(self, i: int) -> int:
        self.out.append("theirs" if self.speaker_known else possessive(self._subject()))
        return i + 1

    # -- the verb --------------------------------------------------------------------------------------------------

    def _verb_after(self, i: int) -> int:
        """Copy the adverbs after position ``i`` and put the verb, if one follows, into the third person."""
        self.conjugating = False
        j, verb = self._verb_word(i)
        if not verb or verb in _NO_VERB or verb in _HANDLERS:
            return i + 1
        between = "".join(token for token in self.tokens[i + 1 : j] if token.lower() != "myself")
        self.out.append(" " + between.lstrip())
        if "".join(self.tokens[j + 1 : j + 2]) == "-" and is_base(self.tokens[min(j + 2, len(self.tokens) - 1)]):
            # "I colour-code": the last part bears the ending.
            self.out.extend(self.tokens[j : j + 2])
            j += 2
            verb = self.tokens[j].lower()
        written = self._conjugate(j, verb)
        self.conjugating = written != self.tokens[j] and "n't" not in verb and not self._is_auxiliary_do(j)
        self.out.append(written)
        return j + 1

    def _conjugate(self, j: int, verb: str) -> str:
        token = self.tokens[j]
        if verb in _NEGATIONS:
            return _NEGATIONS[verb]
        negated = _NEGATION.match(token)
        if negated:
            return f"{negated[1]} not"
        if verb in MODALS or verb in _NO_VERB or is_past(verb) or not verb.isalpha() or verb == "used":
            return token
        if verb in UNCHANGED:
            return self._ambiguous_tense(j, verb)
        return third_singular(verb if token.isupper() else token)

    def _ambiguous_tense(self, j: int, verb: str) -> str:
        """ "I read every day" is present, "I read it yesterday" and "I put it there" are told as past."""
        rest = "".join(self.tokens[j + 1 :]).lower()
        habit = re.search(
            r"\b(?:every|always|usually|often|sometimes|each|daily|a lot)\b", "".join(self.tokens).lower()
        )
        return third_singular(verb) if habit and not _PAST_MARK.search(rest) else self.tokens[j]

    def _is_auxiliary_do(self, j: int) -> bool:
        return self.tokens[j].lower() == "do" and is_base(self._next_word(j)[1])

    def _joined_verb(self, i: int) -> int:
        """ "works at a bank and loves it": a verb joined to one that was conjugated."""
        self.out.append(self.tokens[i])
        j, verb = self._verb_word(i)
        after = self._next_word(j)[1].lower() if verb else ""
        fits = after in _AFTER_VERB or is_adverb(after) or (after and verb not in _ALSO_NOUNS)
        if is_base(verb) and fits and verb not in UNCHANGED:
            self.out.extend(self.tokens[i + 1 : j])
            self.out.append(third_singular(self.tokens[j]))
            return j + 1
        if verb == "don't" and is_base(self._next_word(j)[1]):
            self.out.extend(self.tokens[i + 1 : j])
            self.out.append("does not")
            self.conjugating = False
            return j + 1
        if verb and not is_past(verb):
            self.conjugating = False
        return i + 1

    # -- you -------------------------------------------------------------------------------------------------------

    def _second_person(self, i: int, word: str) -> int:
        bot = self.addressee or ""
        if word == "your":
            self.out.append("their" if self.addressee_known and not self.speaker_known else possessive(bot))
        elif word == "yours":
            self.out.append(possessive(bot))
        elif word in ("yourself", "yourselves"):
            self.out.append("themselves" if self.addressee_known else bot)
        elif word == "you":
            return self._you(i)
        else:
            had = word == "you'd" and _follows_had(self._verb_word(i)[1])
            self.out.append(f"{bot} {'had' if had else _SECOND[word]}")
        self.addressee_known = True
        self.conjugating = False
        return i + 1

    def _you(self, i: int) -> int:
        before = self._previous_word(i)
        if re.match(
            r" (?:never )?know\b(?! (?:how|that|what|why|where|who|me|him|her|them|i))",
            "".join(self.tokens[i + 1 : i + 6]).lower(),
        ):
            self.out.append(self.tokens[i])
            return i + 1
        self.out.append(self.addressee or "")
        self.addressee_known = True
        opens = before == "" or before in _CLAUSE_OPENERS or self._after_comma(i)
        following = self._verb_word(i)[1]
        if before in _INVERTED_YOU and not opens:
            self._invert_last(before)
        elif following in _VERB_OF_YOU or (is_base(following) and (opens or before in _BEFORE_CLAUSE)):
            return self._verb_after_you(i)
        return i + 1

    def _verb_after_you(self, i: int) -> int:
        j, verb = self._verb_word(i)
        self.out.extend(self.tokens[i + 1 : j])
        plural_be = {"are": "is", "were": "was", "weren't": "was not"}
        self.out.append(plural_be.get(verb) or self._conjugate(j, verb))
        return j + 1

    def _invert_last(self, before: str) -> None:
        """ "are you" was written as "are Bob": put its verb right."""
        for k in range(len(self.out) - 2, -1, -1):
            if self.out[k].lower().replace("’", "'") == before:
                self.out[k] = _match_case(self.out[k], _INVERTED_YOU[before])
                return

    # -- looking around --------------------------------------------------------------------------------------------

    def _next_word(self, i: int) -> tuple[int, str]:
        """Position and text of the next word, if only space lies between; else (i, "")."""
        j = i + 1
        if j < len(self.tokens) and self.tokens[j].isspace():
            j += 1
        if j < len(self.tokens) and _WORD.match(self.tokens[j]):
            return j, self.tokens[j]
        return i, ""

    def _verb_word(self, i: int) -> tuple[int, str]:
        """The first word after ``i`` that is no adverb, lower case; (i, "") where punctuation comes first."""
        j, word = self._next_word(i)
        while word and (is_adverb(word) or word.lower() in _SKIPPED) and not is_base(word):
            k, following = self._next_word(j)
            if not following:
                return i, ""
            j, word = k, following
        return j, word.lower().replace("’", "'")

    def _previous_word(self, i: int) -> str:
        for token in reversed(self.tokens[:i]):
            if _WORD.match(token):
                return token.lower().replace("’", "'")
            if not token.isspace():
                return ""
        return ""

    def _after_comma(self, i: int) -> bool:
        before = "".join(self.tokens[:i]).rstrip()
        return before.endswith((",", ";", ":", "-", "–"))

    def _is_no_pronoun(self, i: int) -> bool:
        """ "World War I", "i.e.", "the I-95"."""
        if re.match(r"[.\-/]\w", "".join(self.tokens[i + 1 : i + 3])):
            return True
        if re.fullmatch(r"[A-Z] I [A-Z]\b.?", "".join(self.tokens[max(0, i - 2) : i + 3])):
            return True  # a word that is spelt out
        before = self.tokens[i - 2] if i >= 2 else ""
        return before[:1].isupper() and before.lower() in _ROMAN_BEFORE

    def _is_month(self, i: int) -> bool:
        """ "On 28 May I start"."""
        return i >= 4 and self.tokens[i - 2] == "May" and bool(_DAY_OR_PREPOSITION.match(self.tokens[i - 4]))

    def _keeps_first_person(self, i: int) -> bool:
        """ "oh my", "my goodness", "me-time"; but "the rest of my days"."""
        if i + 1 < len(self.tokens) and self.tokens[i + 1] == "-":
            return True
        before = self._previous_word(i)
        return before == "oh" or (before != "of" and self._next_word(i)[1].lower() in _EXCLAMATIONS)

    def _company_before(self, i: int) -> bool:
        """Whether "… and I" is one subject: nothing but a short noun phrase stands before it in its clause."""
        before = "".join(self.tokens[: i - 1])
        return re.search(
            r"(?:^|[,;:.!?]\s*|\b(?:because|when|that|so|but|while)\s+)(?:(?:my|the|our|his"
            r"|her)\s+)?(?:\w+\s+){1,2}and\s*$",
            before,
            re.I,
        ) is not None and not any(
            is_past(token)
            or token.lower() in ("is", "was", "are", "have", "has")
            or token.lower().endswith(("'s", "'m", "'re"))
            for token in re.findall(r"[\w'’]+", before)[-3:-1]
        )

    def _inverts(self, i: int) -> bool:
        return self._previous_word(i) in (
            "",
            "so",
            "neither",
            "nor",
            "what",
            "why",
            "how",
            "where",
            "when",
            "who",
            "only",
            "and",
            "but",
        )

    def _company_first(self, text: str) -> str:
        """ "My wife and I", "me and Sam" as a subject: the speaker is named first."""
        match = _COMPANY.match(text)
        if match is None:
            return text
        other = match["after"] or match["before"]
        if other.lower() in _PRONOUN_NOUNS or is_base(other):
            return text
        self.speaker_known = True
        other = re.sub(r"^(?:my|our)\b", "their", other, flags=re.IGNORECASE)
        return f"{match['lead']}{self.name} and {other}{text[match.end() :]}"


# "I no longer work", "I kind of miss it"
_SKIPPED = word_set("kind sort of no longer")
_PAST_AUXILIARIES = word_set("did didn't had was wasn't am are do does don't have haven't")
_EXCLAMATIONS = word_set("god gosh goodness bad oh word lord days")
_PRONOUN_NOUNS = word_set(
    """
    it that this he she they yes no yeah ok sure thanks tired happy here there now
    """
)
_INVERTED_YOU = {
    "are": "is",
    "were": "was",
    "do": "does",
    "have": "has",
    "don't": "doesn't",
    "aren't": "isn't",
    "haven't": "hasn't",
}
_VERB_OF_YOU = word_set("are were don't aren't weren't haven't")
_BEFORE_CLAUSE = word_set("think hope know believe wish guess bet said say sure glad see suppose sounds")
_SECOND = {
    "you": "",
    "your": "",
    "yours": "",
    "yourself": "",
    "yourselves": "",
    "you're": "is",
    "you've": "has",
    "you'll": "will",
    "you'd": "would",
}
# Words that open a subject of their own, or an infinitive: a verb after them is not the speaker's.
_ENDS_RUN = word_set(
    """
    to he she they it who which that if when because while whether how what why where can could should would will
    might may must
    """
)
_AFTER_VERB = word_set(
    """
    a about all an and any anything at by every everything for from her him his in into it like me my no nothing of
    on our out over people some something that the their them there these this those to too up us what when with you
    your
    """
)
# Base forms that are as often nouns: "tea and milk products" joins no verb.
_ALSO_NOUNS = word_set(
    """
    act aim answer bike blame blog boot bother break camp care catch change chase chat check climb coach code
    control cook count cover cross cry dance date deal design dream dress drink drive drop end escape exercise
    experience face fall fear feel fight film fish fly focus game garden guess help hike hold hope host hunt joke
    journal judge jump kill lack laugh lead lift like look love mind move need notice offer order own paint pick
    plan plant play post practice practise promise push race raise reach record regret rent repair reply report
    rescue research respect rest return ride roast row run sail search sense share shop show skate sketch ski skip
    sleep smell smile smoke snowboard sort sound stand start stay stop stream stretch struggle study suck support
    surf swim talk taste test text train travel treat trust try tutor tweet type update use value visit volunteer
    vote wait walk wash watch wear win wish wonder work worry
    """
)
_HANDLERS = {
    "i": _Rewriter._first,
    "i'm": _Rewriter._contracted,
    "i've": _Rewriter._contracted,
    "i'll": _Rewriter._contracted,
    "i'd": _Rewriter._contracted,
    "my": _Rewriter._my,
    "me": _Rewriter._me,
    "mine": _Rewriter._mine,
    "myself": _Rewriter._myself,
    "we": _Rewriter._we,
    "we're": _Rewriter._we,
    "we've": _Rewriter._we,
    "we'll": _Rewriter._we,
    "we'd": _Rewriter._we,
    "us": _Rewriter._us,
    "our": _Rewriter._my,
    "ours": _Rewriter._ours,
    "ourselves": _Rewriter._myself,
}


def _follows_had(verb: str) -> bool:
    """Whether "I'd" before ``verb`` is "I had"; forms that serve as both ("put") are taken for "I would"."""
    return verb in ("better", "best") or (is_participle(verb) and not is_base(verb) and verb not in UNCHANGED)


def _match_case(original: str, replacement: str, *, sentence_start: bool = True) -> str:
    if original[:1].isupper() and sentence_start and not (original.isupper() and len(original) > 1):
        return replacement[:1].upper() + replacement[1:]
    return replacement
