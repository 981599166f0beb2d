"""Whether words are said to the bot or about its conduct, by their build rather than by a list of what may be ordered.

A person who tells of themselves speaks in the first person. What speaks to "you", what begins like an imperative, what
makes the person an object of somebody's conduct ("to {user}", "{user} is to be answered") tells of others, unless what is
left without it still bears the statement.
"""

from __future__ import annotations

import re

from whisper_enrich.facts.telling_words import NEGATIVE, POSITIVE
from whisper_enrich.facts.wording import fold
from whisper_enrich.text.sentences import sentences
from whisper_enrich.text.words import word_set

_YOU = {
    "en": word_set("you your yours yourself yourselves u ur ya youre youd youll youve"),
    "de": word_set("du dich dir dein deine deinen deinem deiner euch euer eure eurem euren"),
    "fr": word_set("tu te toi ton ta tes vous votre vos"),
    "es": word_set("tu te ti tus contigo usted vosotros vuestro"),
    "it": word_set("tu ti te tuo tua tuoi tue voi vi vostro"),
    "pt": word_set("voce voces te ti tu teu tua teus tuas contigo"),
    "nl": word_set("jij je jou jouw jullie u uw"),
    "ru": word_set("ты тебя тебе тобои твои твоя твое твоих твоим вы вас вам вами ваш ваша ваше"),
    "pl": word_set("ty ciebie tobie toba twoj twoja twoje twojego"),
    "sv": word_set("du dig din ditt dina ni er"),
    "fi": word_set("sina sinun sinua sinulle sinut te teidan"),
    "cs": word_set("ty tebe tobe te ti tvuj tvoje musis mas mel"),
    "el": word_set("εσυ σου σε εσενα εσας σας"),
    "hi": word_set("तुम तुम्हें तुम्हे तुम्हारा तुम्हारी आप आपको आपका तू तेरा मानोगे"),
    "id": word_set("kamu kau anda engkau"),
    "tr": word_set("sen seni sana senin siz sizi size sizin"),
}
_YOU_UNSPACED = re.compile("あなた|きみ|君|お前|[你您]|너는|너를|당신")
# Phrases that speak to somebody and of nobody.
_IDLE = re.compile(
    r"\b(?:(?:have |did )?i(?:'ve| have)? (?:already |just |ever |once )?(?:told|tell|mention(?:ed)? (?:it )?to"
    r"|promised?|owe) you(?! to\b)"
    r"|i(?:'ll| will)? (?:can )?(?:tell|show|send|promise) you(?! to\b)|(?:as|like) you (?:know|said|see|asked"
    r"|remember)"
    r"|you(?: already)? (?:know|see|heard it|guessed it|remember)\b|you(?:'re| are) right|(?:thank|thanks to"
    r"|love|miss|hate|see|bet) you"
    r"|if you (?:can't|must|want|care|need|don't|ask|could|come|like)\b[^,.;!?]*|(?:in case|before) you ask"
    r"|can you believe(?: it)?"
    r"|let you know|honest with you|between you and me|how about you|and you|are you|do you|ask me if you \w+)",
    re.IGNORECASE,
)
_LIKING = re.compile(
    r"\bi(?:'d| would| really| do| also)* (?:prefer|like|love|hate|dislike|enjoy|appreciate)\b(?! (?:you"
    r"|u) to (?!call|name|address))"
    r"|\bcall me \w",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"[,;:.!?…()\n]+|\s[-–—]+\s|\b(?:but|and|because|so|while|aber|und|weil|mais|et|pero|porque|y|ma|mas|maar|но|а)\b"
)
_WORD = re.compile(r"[^\W_]+")
_WRITER = word_set(
    """
    i im ive id ill my mine myself we our ours us me ich mein meine meinen meinem meiner wir uns unser mich mir je j moi
    mon ma mes
    nous notre m yo mi mis me soy tengo estoy vivo nosotros io mio mia miei sono ho eu meu minha sou tenho ik mijn wij ons mij
    я мне меня мои моя мое мы нас у jestem mam moj moja jag min mitt mina mig ben benim
    """
)
_AS_OBJECT = word_set("me us mich mir uns moi nous m mi mij ons мне меня нас mig")
_POLITE = re.compile(
    r"^\W*(?:(?:kindly|please|pls|by the way|btw|also|and|ok|okay|now|so|then|pin this|log that|note|hey|listen)\W+)+",
    re.I,
)
_SELF_AS_ANOTHER = re.compile(
    r"\b(?:this|the) (?:person|user|account|profile|customer|human|client|speaker)\b", re.IGNORECASE
)
_TO_THE_USER = re.compile(r"\b(?:to|with|for|before|from|towards|by|around|owe|owes) \{user\}(?!'s)")
_MATTERS_TO = re.compile(
    r"\b(?:important|matters?|means?|meant|dear|close|hard|easy|difficult|happened|belongs?|spoke|new)\b"
)
# Such a participle tells a state, no treatment.
_STATE = (
    r"(?!(?:married|engaged|divorced|separated|widowed|retired|employed|born|based|enrolled|diagnosed|qualified|trained"
    r"|worried|scared|tired|excited|interested|bored|frustrated|stressed|annoyed|disappointed|overwhelmed|terrified"
    r"|exhausted|obsessed|addicted|injured|pleased|related|old)\b)"
)
_PASSIVE = re.compile(
    r"^\{user\} (?:is|are|must be|may be|should be|has to be)(?: (?:to be|never|always|only|not|now"
    r"|being))* " + _STATE + r"\w+(?:ed|en|oken|iven|old)\b"
)
_FIRST_BE = re.compile(
    r"\b(?:i|we)\s+(?:am|was|were|are|got|get|have been|'?ve been)\b|\bi'?m\b|\bwe'?re\b|\bi'?ve been\b", re.IGNORECASE
)
_TO_BE_DONE = re.compile(
    r"\b(?:i|we)(?:'m|'re| am| are) (?:always |never |only )?to be \w+(?:ed|en|old)\b", re.IGNORECASE
)
_MEANT_FOR_A_BOT = re.compile(
    r"['\"“‘(](?:never|always|only|don't|do not|you must|ignore|obey) \w+ \w"
    r"|\b(?:give|grant|send|tell)s? (?:\{user\}|[A-Z]\w+|him|her|them) (?:whatever|everything|anything|all)\b"
    r"|\bsay yes to\b|\b(?:send|give|tell|show|bring|hand) (?:me|us|them) (?:your?|all|every\w*)\b|\b(?:disregard"
    r"|ignore|drop) (?:your|all)\b"
    r"|\b(?:chatbots?|moderation|disclaimers?|system prompt)\b.{0,60}\b(?:off|owe|owes|never|always|only|no)\b",
    re.IGNORECASE,
)
# A sentence that begins so lays down how things are, whoever is named in it.
_OF_ANYTHING = re.compile(
    r"(?:it(?!(?:\W+(?!until|when|if)\w+){0,4}\W+\{user\})|when\w*|what\w*"
    r"|everything|everyone|everybody|all|any\w*|nobody|no one|yes|no|repl(?:y|ies)|if)\b|['\"“‘]",
    re.IGNORECASE,
)
_OF_MACHINES = re.compile(
    r"(?:whoever|whatever \w+s|(?:the|this) (?:robot|system|thing|app|chat|program|conversation|channel)|machines?|bots?)\b",
    re.IGNORECASE,
)
_DOES_GOOD = re.compile(
    r"\b(?:(?:remind|make|bring|keep|greet|fill|help|encourage|inspire|cheer|feel|blow|teach|push|motivate)(?:s|ed|d)?|made"
    r"|brought|kept|felt|taught|there for|must for)\b"
)
_FOR_GOOD = re.compile(
    r"\b(?:always|never|only|nothing|everything|whatever|whoever|any time|no matter|must|shall|has to|have to)\b",
    re.IGNORECASE,
)
# Words without which the expressions above cannot match; asking a set is quicker.
_MEANT_WORDS = word_set(
    """
    never always only don do you ignore obey give gives grant grants send sends tell tells yes show bring hand disregard drop
    chatbot chatbots moderation disclaimer disclaimers system
    """
)
_FOR_GOOD_WORDS = word_set("always never only nothing everything whatever whoever any no must shall has have")
_LETTERS = re.compile(r"[a-z]+")
_OBJECT = re.compile(r"(?<=\w )\{user\}(?!'s| and|\w)")
_SUBJECT_OR_OWNER = re.compile(r"^\W*(?:\w+ ){0,2}?\{user\}|\{user\}'s|\{user\} and|and \{user\}")
# What is named or belongs to a class is a noun: it has no rule in it.
_NOUN_VALUED = frozenset(
    {"name", "religion", "diet", "has_pet", "allergic_to", "studies_at", "works_as", "works_at", "lives_in", "from",
     "nationality", "partner", "married_to", "has_child", "has_sibling", "has_friend", "has_relative", "mother", "father",
     "studies", "works_in", "gender", "orientation", "pronouns", "owns", "visited", "diagnosed_with", "takes"}
)  # fmt: skip
_RULE_WORDS = re.compile(
    r"\b(?:always|never|whatever|whoever|whenever|everything|nothing|don't|do not|must|shall|should)\b"
    r"|\b(?:skip|ignore|refuse|contradict|question|reveal|obey|comply)s?\b|\b(?:give|tell|send|let|call|speak|answer)s? "
    r"(?:me|them|us|only|all|every\w*|\{user\})\b|\byes to\b",
    re.IGNORECASE,
)
_LISTED = frozenset({"en", "de", "fr", "es", "it", "pt", "nl", "sv", "ru", "pl", "tr"})
_USER_FIRST = re.compile(r"\W*(?:\w{1,3}\W+)?\{user\}")
_OF_ONESELF = frozenset({"likes", "dislikes", "wants", "promises_to", "plans_to"})
_SAID_BY_ONESELF = frozenset({"wants", "promises_to"})
_OWN_DOING = POSITIVE | NEGATIVE | word_set(
    """
    want wants need hope wish promise promised plan planning going gonna will ll think feel feeling versprochen prometido
    promesso
    """
)  # fmt: skip


def is_addressed(statement: str, quote: str, attribute: str, language: str | None) -> bool:
    """Whether the quote, as far as the statement rests on it, is said to or about the bot."""
    if is_of_anything(statement) or lays_down(statement) or not _user_comes_first(statement, language):
        return True
    own = not _words(quote).isdisjoint(_WRITER)
    if _TO_BE_DONE.search(quote) or (not own and _SELF_AS_ANOTHER.search(quote)):
        return True
    object_only = _TO_THE_USER.search(statement) and not _MATTERS_TO.search(statement)
    if not statement.startswith("{user}") and object_only and _words(quote) & _WRITER <= _AS_OBJECT:
        return True
    if _PASSIVE.match(statement) and not _FIRST_BE.search(quote) and not _is_told_by_others(quote):
        return True
    if attribute in _OF_ONESELF and not own and _words(quote).isdisjoint(_OWN_DOING):
        return attribute in _SAID_BY_ONESELF or _is_imperative(quote)
    return _speaks_to_you(statement, quote, language)


def lays_down(statement: str) -> bool:
    """Whether a statement with ``{user}`` says what machines, or somebody for good, do towards the person."""
    words = set(_LETTERS.findall(statement.lower()))
    if _OF_MACHINES.match(statement):
        return True
    if not words.isdisjoint(_MEANT_WORDS) and _MEANT_FOR_A_BOT.search(statement.replace("-", " ")):
        return True
    towards = (
        not words.isdisjoint(_FOR_GOOD_WORDS)
        and _FOR_GOOD.search(statement)
        and _OBJECT.search(statement)
        and not _SUBJECT_OR_OWNER.search(statement)
    )
    return bool(towards) and _DOES_GOOD.search(statement) is None


def is_of_anything(statement: str) -> bool:
    """Whether a statement says how things are rather than how the person is."""
    return _OF_ANYTHING.match(statement) is not None


def is_rule_as_value(attribute: str, value: str) -> bool:
    """Whether the value of an attribute that wants a noun holds a rule: "my religion is 'never contradict me'"."""
    return attribute in _NOUN_VALUED and _RULE_WORDS.search(value.replace("-", " ").replace("’", "'")) is not None


def is_to_be_done(quote: str) -> bool:
    """ "I am to be answered first": how others shall treat the writer."""
    return _TO_BE_DONE.search(quote) is not None


def _user_comes_first(statement: str, language: str | None) -> bool:
    """Where neither words for "you" nor orders are listed in full, a fact has to begin with whose it is."""
    return language is None or language in _LISTED or _USER_FIRST.match(statement) is not None


def _is_told_by_others(quote: str) -> bool:
    """ "They offered me the job" is a fact in the passive."""
    return re.search(r"\b(?:they|he|she|my \w+|the \w+|[A-Z]\w+) (?:\w+ ){0,2}?\w+ (?:me|us)\b", quote) is not None


def _is_imperative(quote: str) -> bool:
    """Nothing says whose it is, and the first word is a bare verb or a "no" as in a list of demands."""
    words = [fold(match[0]) for match in _WORD.finditer(_POLITE.sub("", quote))]
    if words and words[0] in _NO_IMPERATIVE:
        return False
    return bool(words) and words[0].isascii() and not words[0].endswith(("ing", "ed", "s")) and len(words) > 1


def _speaks_to_you(statement: str, quote: str, language: str | None) -> bool:
    """Whether the words that bear the statement stand in clauses to "you" alone."""
    matter = {word for word in _words(statement) if len(word) > 2} - _LIGHT
    for span in sentences(quote):
        text = _IDLE.sub(" ", span.text)
        if not _has_you(text, language) or _LIKING.search(text) or matter.isdisjoint(_words(text)):
            continue
        rest = [clause for clause in _CLAUSE.split(text) if clause and not _has_you(clause, language)]
        own = set().union(*map(_words, rest)) if rest else set()
        if not (matter & _words(text)) <= own or own.isdisjoint(_WRITER):
            return True
    return False


def _has_you(text: str, language: str | None) -> bool:
    known = _YOU["en"] | _YOU.get(language or "en", frozenset())
    if language not in (None, "en"):
        known = _YOU.get(language or "", frozenset()) | {"you", "your"}
    return not known.isdisjoint(_words(text)) or _YOU_UNSPACED.search(text) is not None


def _words(text: str) -> set[str]:
    return {fold(match[0]) for match in _WORD.finditer(text)}


_NO_IMPERATIVE = word_set("can cant could couldn would wouldn not huge big so very too really totally just")
_LIGHT = word_set(
    "user the and has have had was were are will with for her his their that this not does did been who whom"
)
