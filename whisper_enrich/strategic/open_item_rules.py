"""What leaves something open in a sentence: a question that wants an answer, a promise, an event whose outcome is to come.

Precision before recall: what may be rhetorical, phatic, conditional or somebody else's is passed over. The rules are English;
questions are seen in any language by their mark, and the commonest promises in German, Spanish and French.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

from whisper_enrich.facts.dates import find_dates
from whisper_enrich.facts.model import Tense
from whisper_enrich.text.verbs import is_past
from whisper_enrich.text.words import any_of, word_set

LONGEST_WAIT = timedelta(days=120)
"""An announced event farther ahead is a plan, which facts keep; nobody waits for its outcome."""

_I = re.IGNORECASE

_FEWEST_WORDS = 4
"""Of a question: shorter ones lean on what was said before ("Walked home?")."""

_ASKS = re.compile(r"[?？]+[!?\s\"'”’»)\]*_~\U0001f000-\U0001faff\u2600-\u27bf\ufe0f]*$")
# What keeps the talk going, or expects no answer. Few words may follow.
_GREETING = any_of(
    r"""
    how(?:'s| is| are|'re| r)? (?:you|u|ya|things|it going|life|everything)\b | how do you do | how have you been
    | how(?:'s| is| has| was| are|'re) your (?:day|night|morning|evening|week|weekend)\b
    | (?:you|u|are you) (?:up|there|ok|okay|good|alright|with me|awake)\b | and (?:you|yourself)
    | what(?:'s|s| is)? (?:up|new|good|going on|happening)\b | (?:what|how) about (?:you|u)\b
    | wie (?:geht|gehts|läuft)\b | alles (?:gut|klar|ok) | und (?:dir|bei dir|selbst) | was (?:geht|machst du)
    | qu[eé] tal | c[oó]mo (?:est[aá]s|te va|va) | todo bien | y t[uú]
    | (?:comment )?[cç]a va | comment (?:vas|allez|tu vas|vous) | et toi | quoi de neuf
    """
)
_EXCLAIMED = any_of(
    r"""
    why not | who (?:knows|cares) | guess (?:what|who) | what the (?:hell|heck|fuck|actual|devil) | (?:do )?you know what
    | is that (?:ok|okay|so|right|it|all|you) | (?:can|could|may|might) (?:i|we) (?:ask|tell|say|talk|vent|help|share)\b
    | what can i (?:do for|help|say) | how (?:can|may) i help | (?:can|could|would) you (?:believe|imagine)\b
    | how (?:cool|great|crazy|weird|funny|sweet|cute|nice|lovely) is (?:that|this|it) | (?:does|do) (?:that|this|it) make sense
    | (?:who|what) (?:am i|are we|does one|could go wrong|would i do|do i know|is not to)
    | (?:who|why) (?:would|wouldn't|doesn't|does|needs|in the world|on earth|the hell)\b | what (?:on earth|in the)\b
    | (?:isn't|aren't|wasn't|weren't|don't|doesn't|didn't|won't|wouldn't|couldn't|shouldn't|can't|haven't|hasn't|ain't)\b
    | (?:shall we|ready|want to|wanna|remember me|still there|anyone|anybody|hello|hola|hallo)\b
    """
)
_PHATIC = re.compile(
    r"^\W*(?:(?:and|so|but|hey|hi|hello|ok|oh|well|anyway|aw+|hm+|y|und|et)\b[ ,!.…]*)*"
    rf"(?:(?:{_GREETING}).{{0,40}}|(?:{_EXCLAIMED}).{{0,120}})[\s?!.,…)\"'~]*$",
    _I,
)
# A tag asks for a nod.
_TAG = re.compile(
    r"(?:,|\.\.\.|…|-|–|—)\s*(?:"
    + any_of(
        r"""
        right | (?:do )?you know | huh | eh | yeah | yes | no | ok | okay | innit | hm+ | am i right | you see | see
        | know what i mean | remember | really | of all (?:things|people) | oder | nicht wahr | gell | ne | verdad | no crees
        | n'est-ce pas | hein | non
        """
    )
    + r"|(?:is|are|was|were|do|does|did|have|has|can|could|would|will|should)(?:n't)? (?:i|you|it|he|she|we|they|that))"
    r"\s*[?？][?!\s]*$",
    _I,
)
_QUOTED = re.compile(r"[\"“«‘'(][^\"”»’']{0,200}[?？][\"”»’')]")

_NOT_MEANT = re.compile(
    r"\b(?:if|unless|would|wouldn't|could|might|maybe|perhaps|wish(?! me)|imagine|suppose|pretend|joke|joking|kidding|lol|never"
    r"|not sure|wenn|falls|quiz[aá]s?|si|peut-[eê]tre)\b",
    _I,
)
_ADVERB = r"(?:(?:\w+ly|also|just|then|so|defo|try to|be sure to|make sure to|promise to) )*"
_PROMISE = re.compile(
    rf"\bi(?:'ll|'m going to|'m gonna| will| shall| promise(?: you)? (?:that )?(?:i(?:'ll| will)|to)) {_ADVERB}"
    + any_of(
        r"""
        (?:send|show|bring|read|post|upload|text|email|dm|mail|lend|give|play|draw|write|teach|share)\b.{0,40}\byou\b
        | share\b.{1,60}\bwith you | let you know | get back to you | report back | (?:talk|walk) you through
        | (?:tell|ask|remind|update|inform|warn) you\b(?! (?:what|that|something|i)\b)(?! ?[,:—])
        | keep you (?:posted|updated|in the loop|informed)
        | (?:remember|be sure|not forget) to (?:ask|tell|remind|send|show|bring)\b
        """
    ),
    _I,
)
_BOT_ALONE = re.compile(
    rf"\bi(?:'ll| will| shall) {_ADVERB}"
    + any_of(
        r"""
        (?:look|check) (?:it|that|this|them)(?: \w+)? (?:up|for you) | look into (?:it|that|this) | follow up (?:on|with)
        | find (?:it |that )?out (?:for you|about|whether|when|who|what|how)
        """
    ),
    _I,
)
# A promise to somebody else counts where the speaker makes it one to the listener.
_PLEDGE = re.compile(
    r"\bhold me to (?:it|that|this)\b|\b(?:that(?:'s|s| is)|it(?:'s|s| is)) a promise\b|\byou have my word\b"
    r"|(?:^|[.,!;] ?)i promise(?: you| it(?: to you)?)?\b(?!(?: \w+)? (?:i|i'm|it's|that|this|you|we|he|she|they|not)\b)",
    _I,
)
_INTENDS = re.compile(r"^\W*i promise|\bi(?:'ll| will| shall|'m going to|'m gonna)\b", _I)
_REMINDER = re.compile(
    r"(?:^|[,.!;:] ?|\b(?:please|pls|and|can you|could you|would you|will you|you can) )"
    r"(?:remind me(?! (?:of|again|what|who|why|how|when|where|which)\b)"
    r"|ask me (?:again|later|then|tomorrow|in|on|next|after|when|how)\b"
    r"|(?:check|follow up) (?:in |up )?(?:on|with) me\b|erinner[e]? mich\b|recu[eé]rdame\b|rappelle[- ]moi\b)",
    _I,
)
_ABROAD = re.compile(
    any_of(
        r"""
        \bich (?:schicke?|zeige?|erzähle?|sage?|bringe?|schreibe?|gebe?) (?:es |das )?dir\b.*\b(?:morgen|später|dann|bald)\b
        | \bich melde mich\b | \bich halte dich auf dem laufenden | \bich erinnere dich\b | \bich sage? dir bescheid
        | \bte (?:contar[eé]|mandar[eé]|enviar[eé]|avisar[eé]|dir[eé]|mostrar[eé]|recordar[eé])\b
        | \bte (?:cuento|aviso|mando|digo) (?:luego|mañana|después|cuando|en cuanto|el)\b
        | \bje te (?:dirai|raconterai|enverrai|montrerai|rappellerai|préviendrai)\b | \bje te (?:tiens|tiendrai) au courant\b
        """
    ),
    _I,
)
_TRIGGER = re.compile(
    r"\bi ?(?:['’]?ll|will|shall|promise|['’]m g)|promise|hold me|my word|remind me|ask me|on me\b|with me\b"
    r"|erinner|recu[eé]rd|rappelle|\bich \w+ (?:es |das )?(?:dir|mich|dich)|\bte \w+|je te ",
    _I,
)

_EVENT = any_of(
    r"""
    (?:job )?interview | exams? | finals | midterms? | driving test | blood test | test | appointment | surgery | operation
    | wedding | flight | presentation | concert | gig | recital | audition | race | marathon | half[- ]marathon | tournament
    | competition | deadline | hearing | court date | scan | mri | biopsy | ultrasound | check-?up | dentist
    | first (?:day|shift|class|lesson|date) | last day | defen[cs]e | viva | launch | graduation | funeral | rehearsal
    | ceremony | performance | talk | speech | trial shift | move | meeting | trip | vacation | holiday | party | reunion
    | match | results?
    """
)
_EVENT_VERB = any_of(
    """
    starting | start | begin | beginning | leaving | leave | flying | fly | moving | move | travelling | traveling
    | defending | presenting | performing | graduating
    """
)
_ANNOUNCED = re.compile(
    rf"\b(?:my|our|the|a|an|this|first|second|big)\s(?:[\w'-]+ ){{0,3}}?{_EVENT}\b|^\W*{_EVENT}\b"
    rf"|\b(?:i|we)(?:'m|'re| am| are| will be|'ll be)? {_EVENT_VERB}\b",
    _I,
)
_DATED = re.compile(
    r"\b(?:tomorrow|tmrw?|tonight|next|this|in|on|mon|tue|wed|thu|fri|sat|sun"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|\d{1,2}(?:st|nd|rd|th))",
    _I,
)
# Told in the past, denied, no earnest, or somebody else's.
_OVER = re.compile(
    r"\b(?:was|were|had|went|did|got|came|happened|yesterday|ago|last (?:week|month|year|night)|passed|failed|cancel\w*"
    r"|postponed|off|used to|not|without|kidding|lottery|olympic|you|your|you're|you've|yours)\b|n't\b",
    _I,
)
_DID = re.compile(r"\b(?:i|we) (?:\w+ly |just |also |already )?([a-z]+)", _I)
_PERSONAL = re.compile(r"\b(?:i|i'm|i'll|i've|im|my|we|we're|our|me|us)\b", _I)

_CANCELLED = re.compile(
    r"\b(?:cancel(?:l?ed|ling|s)?|postponed?|rescheduled|called off|fell through|not happening"
    r"|(?:is|was|are|it's|that's|'s) off\b(?! (?:to|the|for|in|on)\b)|(?:has|have|had|been|got|was|i've|they|airline) moved"
    r"|abgesagt|verschoben|cancelad[oa]|aplazad[oa]|annul[ée]e?s?)\b",
    _I,
)
# Words without which none of the expressions above can match: most turns are spared those.
_PROMISE_WORDS = word_set(
    """
    i'll ill will shall promise i'm hold word remind ask check follow erinner erinnere recuérdame recuerdame rappelle
    rappelle-moi dir mich te contaré contare
    """
)
EVENT_NOUNS = word_set(
    """
    interview exam exams finals midterm midterms test appointment surgery operation wedding flight presentation concert gig
    recital audition race marathon half-marathon tournament competition deadline hearing scan mri biopsy ultrasound checkup
    check-up dentist shift class lesson defence defense viva launch graduation funeral rehearsal ceremony performance talk
    speech move meeting trip vacation holiday party reunion match result results
    """
)
"""The words that name an event by themselves."""
_EVENT_WORDS = EVENT_NOUNS | word_set(
    """
    day date starting start begin beginning leaving leave flying fly moving travelling traveling defending presenting
    performing graduating
    """
)
_CANCEL_WORDS = word_set(
    """
    cancel canceled cancelled canceling cancelling cancels postpone postponed rescheduled called off fell happening moved
    abgesagt verschoben cancelado cancelada aplazado aplazada annule annulé annulée annulés annulées annulee
    """
)


def is_question(sentence: str) -> bool:
    """Whether the sentence asks something that stays open without an answer: no greeting, tag, exclamation,
    quotation, and no request to be reminded."""
    if len(sentence.split()) < _FEWEST_WORDS or _ASKS.search(sentence) is None:
        return False
    plain = _straight(sentence)
    return not any((_PHATIC.match(plain), _TAG.search(plain), _QUOTED.search(plain), is_reminder(plain)))


def may_promise(text: str, lowered: Sequence[str]) -> bool:
    """Whether a text with the ``lowered`` words can hold a promise at all; cheap."""
    return not _PROMISE_WORDS.isdisjoint(lowered) and _TRIGGER.search(text) is not None


def calls_off(text: str, lowered: Sequence[str] | None = None) -> bool:
    """Whether a text (with the ``lowered`` words) says that something does not take place, or not then."""
    return (lowered is None or not _CANCEL_WORDS.isdisjoint(lowered)) and _CANCELLED.search(text) is not None


def is_reminder(sentence: str) -> bool:
    """Whether somebody asks to be reminded or asked about something: a thing for the listener to do."""
    plain = _straight(sentence)
    return _REMINDER.search(plain) is not None and re.search(r"\bdon't (?:remind|ask)\b", plain, _I) is None


def is_promise(sentence: str, *, by_bot: bool) -> bool:
    """Whether the speaker promises the listener something."""
    plain = _straight(sentence)
    if _ASKS.search(plain) or _NOT_MEANT.search(plain):
        return False
    found = _PROMISE.search(plain) or _ABROAD.search(plain)
    return bool(found or (by_bot and _BOT_ALONE.search(plain)))


def is_pledge(sentence: str) -> bool:
    """Whether the sentence makes what was said before it, or in it, a promise: "hold me to it"."""
    plain = _straight(sentence)
    found = _PLEDGE.search(plain)
    # "It will be fine, I promise" consoles.
    return found is not None and ("i promise" not in found[0].lower() or _INTENDS.search(plain) is not None)


def due_day(sentence: str, at: datetime) -> date | None:
    """The day that the sentence speaks of, today or later: the last one of a span; None without any, or too far."""
    if _DATED.search(sentence) is None:
        return None
    today = at.date()
    for span in find_dates(sentence, at, Tense.FUTURE):
        if span.last is not None and today <= span.last <= today + LONGEST_WAIT:
            return span.last
    return None


def may_announce(text: str, lowered: Sequence[str]) -> bool:
    """Whether a text with the ``lowered`` words can announce an event with a date; cheap."""
    return (
        not _EVENT_WORDS.isdisjoint(lowered) and _DATED.search(text) is not None and _ANNOUNCED.search(text) is not None
    )


def announced(sentence: str, at: datetime) -> date | None:
    """The day of an event of the speaker's that the sentence announces; None where it announces none."""
    plain = _straight(sentence)
    if _ASKS.search(plain) or _ANNOUNCED.search(plain) is None or _OVER.search(plain) or _NOT_MEANT.search(plain):
        return None
    if (_PERSONAL.search(plain) is None and len(plain) > 60) or any(is_past(w.lower()) for w in _DID.findall(plain)):
        return None
    return due_day(plain, at)


def _straight(sentence: str) -> str:
    return sentence.replace("’", "'").strip()
