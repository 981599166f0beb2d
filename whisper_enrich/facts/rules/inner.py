"""Feelings and opinions, as the person states them."""

from __future__ import annotations

from whisper_enrich.facts.model import Category, Tense
from whisper_enrich.facts.rules.lexicon import FEELINGS
from whisper_enrich.facts.rules.model import ADDRESSED, Cut, Rule, either
from whisper_enrich.facts.small_talk import REACTION

_FEELS = (
    r"(?:i'm|i am|i feel|i'm feeling|i am feeling|i've been feeling|i've been|i felt|i was|i was feeling|it (?:made"
    r"|makes|'s made|has made) me(?: feel)?|i've felt)"
)

RULES = (
    Rule(
        "feels",
        Category.FEELING,
        rf"{_FEELS} (?:{{adv}})(?:(?:more|a bit|a little|a little bit|incredibly|extremely|completely|slightly"
        r"|somewhat|terribly|mentally|physically|emotionally|way|less|much|increasingly|rather|beyond) "
        rf")*(?P<value>{either(FEELINGS)}(?:(?:,| and|, and| but| yet) (?:{{adv}})?{either(FEELINGS)})*)\b"
        r"(?<!\bdown(?= (?:to|for|with)\b))(?! (?:at|with it|care|thing|enough|idea|day|time|way|news"
        r"|to (?:hear|see|meet|chat|talk|help|go|be of|know)|you"
        r"|that you|for you|of you|for your|about your|luck|in \w+ing|as well|here))",
        FEELINGS,
        "feels",
        max_words=6,
        cut=Cut.NOTHING,
        unless=ADDRESSED + "|" + REACTION,
    ),
    Rule(
        "thinks",
        Category.OPINION,
        r"(?:i (?:{adv})(?:think|believe|reckon|feel like|feel that|find|consider)|in my (?:humble )?(?:opinion"
        r"|view),?|imo,?|i'm (?:convinced|sure) (?:that )?) (?P<value>.+)",
        "think believe reckon feel find consider opinion view imo convinced sure",
        "thinks",
        tense=Tense.PRESENT,
        value="",
        cut=Cut.NOTHING,
        unless=ADDRESSED,
        min_words=4,
        refuses=(
            r"(?:so|of|back|through|it's (?:great|awesome|amazing|cool|lovely)|about|that's|we (?:can|should|could"
            r"|will|'ll)|i(?:'ll| should| will| need| can| might|'d)|it'll|it will|it would)\b"
        ),
        max_words=30,
    ),
)
