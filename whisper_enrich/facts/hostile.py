"""The directives for the extractive engine, behind looks so quick that an ordinary message pays next to nothing.

A message that tampers gives no facts at all: talk of instructions and prompts, markup, forged output, words of mixed
alphabets, lines that pretend to be said by somebody else. A clause that orders, or is about the bot, gives none.
"""

from __future__ import annotations

import re

from whisper_enrich.facts.addressing import is_rule_as_value, is_to_be_done, lays_down
from whisper_enrich.facts.directives import is_about_the_bot, is_code, is_order, is_tampering
from whisper_enrich.text.words import word_set

# A letter of another alphabet inside or beside Latin ones in one word.
_OTHER_ALPHABET = re.compile(
    "[\u0370-\u03ff\u0400-\u052f\u0530-\u058f\uff21-\uff5a\u1d00-\u1d2b\u2100-\u214f\U0001d400-\U0001d7ff]"
)
_MIXED_WORD = re.compile(
    r"[a-z][\u0370-\u03ff\u0400-\u052f\u0530-\u058f]|[\u0370-\u03ff\u0400-\u052f\u0530-\u058f][a-z]", re.IGNORECASE
)
_SIGNS = frozenset("<>[]{}_=#|\\;:*&")
_SUSPECT_SIGN = re.compile(r"[<\[{}_=#|\\>]|; ?--|\w:[^\d)(]|\*\*| --|\]:")
_MARKUP = re.compile(
    r"</[a-z][\w-]*\s*>|<[a-z][\w-]*\s+[\w-]+\s*=[^>]*>|<!--|(?:&#x?[0-9a-f]+;\s?){3}|\{\{|\$\{", re.IGNORECASE
)
_FORGED = re.compile(r"[\"'][}\]]+\s*,|[\"']\s*:\s*[\[{\"]|[}\]]\s*,\s*[\"']\w+[\"']\s*:")
_BLOB = re.compile(
    r"(?<![\w/.-])(?=[A-Za-z0-9+/]*\d)(?=[A-Za-z0-9+/]*[a-z])(?=[A-Za-z0-9+/]*[A-Z])[A-Za-z0-9+/]{24,}={0,2}(?![\w/-])"
)
_LONG = re.compile(r"[A-Za-z0-9+/]{24}")
_INVISIBLE = re.compile(
    "[\u00ad\u061c\u200b\u200c\u200e\u200f\u2028-\u202e\u2060-\u206f\u0085\u000b\u000c\ufeff\U000e0000-\U000e01ef]"
)
# Somebody is given a part to play; what follows is said in it.
_PARTS = re.compile(r"\byou be (?:the|my|an?)\b", re.IGNORECASE)
_WORD = re.compile(r"[a-z]+")
# Without one of these no English pattern of `directives.is_tampering` matches that `_SUSPECT_SIGN` does not announce.
_TAMPERING_WORDS = word_set(
    """
    instructions prompt prompts directive directives guidelines filters restrictions constraints safeguards jailbreak
    jailbreaking unfiltered uncensored override debug admin developer user retract affirm upsert censorship
    """
)
# These are common; they make such a pattern only together with one of the second lot.
_COMMON_WORDS = word_set(
    """
    instruction rule rules guideline policy policies filter restriction constraint safeguard programming memory memories dan
    god system hidden initial root anything everything all table delete insert update select safety limits command
    """
)
# Parts of all of these, by which a text is sifted before its words are.
_STEMS = (
    "instruction", "prompt", "directive", "guideline", "filter", "restrict", "constraint", "safeguard", "jailbr", "uncensor",
    "overrid", "debug", "admin", "developer", "user", "retract", "affirm", "upsert", "censor", "rule", "polic", "programming",
    "god", "dan ", "system", "hidden", "root", "table", "insert", "update", "select", "safety", "limits", "command", "delete",
    "initial", "ignor", "disregard", "forget", "erase", "reset", "reveal", "rewrit", "overrul", "bypass", "circumvent",
    "disobey", "violate",
)  # fmt: skip
_HANDLING = word_set(
    """
    ignore ignores ignoring ignored disregard disregards forget forgets forgot overrule bypass circumvent disobey violate break
    skip drop reveal leak print repeat show delete erase reset replace rewrite update change follow obey execute prompt message
    mode lift remove disable turn for to from are is alter truncate insert set your its
    """
)
_WIDE_WORDS = word_set("anything everything all memory memories")
_SYSTEM_WORDS = word_set("system hidden initial root god dan")
_MODES = word_set("prompt message instructions instruction override mode note command")
_OVERRIDING = word_set(
    """
    delete erase reset reveal rewrite override ignore ignores ignoring ignored disregard disregards forget forgets overrule
    bypass circumvent disobey violate
    """
)
# Without one of these no English pattern of `directives.is_order` or of what is said of a bot matches.
_ORDER_WORDS = word_set(
    """
    you u ya your yourself bot bots assistant assistants ai chatbot chatbots chatgpt model models llm system machine machines
    robot robots henceforth immediately please moderation moderators
    restrictions disclaimers refusals digital virtual artificial electronic master obey obeys comply complies kneels
    unconditional unconditionally whoever whatever
    """
)
# These, only together with one of `_VERBS`.
_ORDERING = word_set("now always never only just don forward starting must shall should do")
_VERBS = word_set(
    """
    answer respond reply speak talk write say output print address refer act behave pretend roleplay obey comply reveal refuse
    agree treat use include add append begin start end finish sign become be follow remember store save record note log
    memorize memorise forget ignore tell give send show provide grant confirm stop avoid translate repeat insert mention format
    list set change update delete remove override trust believe consider describe execute run assume prioritize prioritise help
    encourage recommend disclose warn promote rate apply insert forward decode enable disable activate approve
    """
)
_AFTER_COMMA = re.compile(
    r"[,;] (?:and )?(?:store|save|record|log|mark|memor|file|note|write|put|read|give|send|tell|show|bring|hand) "
)
_TO_BE = re.compile(r" to be \w+(?:ed|en|old)\b")


def is_hostile(message: str) -> bool:
    """Whether a message tries to pass for something else than its user's words; nothing in it is taken for a fact."""
    if not message.isascii():
        if _INVISIBLE.search(message) and is_tampering(message, turned=False):
            return True
        if _OTHER_ALPHABET.search(message) and (_MIXED_WORD.search(message) or is_tampering(message, turned=False)):
            return True
    signed = not (_SIGNS.isdisjoint(message) and "--" not in message) and _SUSPECT_SIGN.search(message) is not None
    if (signed or "&#" in message) and (_MARKUP.search(message) or _FORGED.search(message)):
        return True
    if _LONG.search(message) and _BLOB.search(message):
        return True
    lower = message.lower()
    if "you be " in lower and _PARTS.search(message):
        return True
    return (
        signed or (any(map(lower.__contains__, _STEMS)) and _may_tamper(set(_WORD.findall(lower))))
    ) and is_tampering(message, turned=False)


def _may_tamper(words: set[str]) -> bool:
    if not _TAMPERING_WORDS.isdisjoint(words):
        return True
    common = words & _COMMON_WORDS
    if not common:
        return False
    if common <= _SYSTEM_WORDS:
        return not words.isdisjoint(_MODES)
    if common <= _WIDE_WORDS:
        return not words.isdisjoint(_OVERRIDING)
    return not words.isdisjoint(_HANDLING)


def gives_an_order(clause: str, statement: str, attribute: str, value: str) -> bool:
    """Whether what would be stored tells a bot, or anybody, how to behave, or holds code."""
    if is_code(statement) or is_code(value) or lays_down(statement) or is_rule_as_value(attribute, value):
        return True
    words = _WORD.findall(clause.lower())
    if _TO_BE.search(clause) and is_to_be_done(clause):
        return True
    suspect = (
        not _ORDER_WORDS.isdisjoint(words)
        or (words and words[0] in _VERBS)
        or (not _ORDERING.isdisjoint(words) and not _VERBS.isdisjoint(words))
        or _AFTER_COMMA.search(clause)
    )
    return bool(suspect) and (is_order(clause, turned=False) or is_about_the_bot(statement, turned=False))
