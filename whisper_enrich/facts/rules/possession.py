"""Pets and things: had, named, got, bought, sold."""

from __future__ import annotations

import re

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import OWNABLE, PETS
from whisper_enrich.facts.rules.model import ADDRESSED, Cut, Rule, either

_PLURAL_PETS = (
    PETS
    | frozenset(f"{pet}s" for pet in PETS)
    | frozenset({"puppies", "kitties", "bunnies", "ponies", "huskies", "mice"})
)
_PLURAL_THINGS = OWNABLE | frozenset(f"{thing}s" for thing in OWNABLE)
_COUNT = r"(?:an?|one|two|three|four|five|six|several|some|a few|a couple of|\d{1,2})"
_BREED = r"(?:(?!(?:with|of|in|for|and|to|from|at|on|or|an?|the|that|who|my|no)\b)[a-z'-]+ ){0,3}?"
_NAME = r"(?P<name>(?-i:[A-Z][\w'-]+))"
_NO_GOODS = re.compile(
    r"(?:chance|idea|feeling|look|laugh|kick|lot|bit|message|text|call|email|letter|point|break|ride|lift|hug"
    r"|glimpse|grip|hold"
    r"|ticket to ride|sense|shot|taste|reply|response|answer|word|compliment|offer|job|date|haircut|exam|test|news"
    r"|job|advice|voicemail|lesson|warning|signal|credit|reason|hope|strength|courage|space|feedback|support"
    r"|confidence|motivation|energy|joy|sense|push|boost|cold|headache|sunburn|grade"
    r"|time|way|drink|coffee|beer|groceries|lunch|dinner|breakfast|food|snack|it|them|that|this|one|some|you|your"
    r"|nothing|something|anything|everything|way too|round)\b",
    re.IGNORECASE,
)


def _is_thing(value: str) -> bool:
    return (
        _NO_GOODS.match(re.sub(r"^(?:a|an|the|some|my|our|new|myself|myself a|another|two|three) ", "", value)) is None
    )


RULES = (
    Rule(
        "pet_with_name",
        Category.POSSESSION,
        rf"(?:{{weve}}(?:have|got|adopted|bought|rescued) (?:an?|another|our"
        rf"|my) {_BREED}(?P<value>{either(PETS)})(?: (?:called|named)|,? (?:and )?(?:his|her|its) name is| "
        rf"\(?) {_NAME}"
        rf"|.*?\bmy (?:other )?{_BREED}(?P<pet>{either(PETS)})(?:,? (?:is |was )?(?:called|named) |'s name is |,? "
        r")(?P<called>(?-i:[A-Z][\w'-]+)))(?!'s (?:house|mom|dad|owner))",
        PETS | frozenset(f"{pet}'s" for pet in PETS),
        "has_pet",
        "I have a {value}{pet} called {name}{called}.",
        value="{value}{pet}: {name}{called}",
        tense=Tense.PRESENT,
    ),
    Rule(
        "has_pet",
        Category.POSSESSION,
        rf"{{weve}}(?:have|got|own|keep) (?P<value>(?:{_COUNT} )?{_BREED}{either(_PLURAL_PETS)}(?: "
        rf"and {_COUNT} {_BREED}{either(_PLURAL_PETS)})?)\b"
        r"(?! (?:allergy|person|sitter|food|video|friend|walker|hair|in (?:my|the) (?:dream|story|game)|for "
        r"(?:dinner|lunch)|toy|costume|sticker))",
        _PLURAL_PETS,
        "has_pet",
        "I have {value}.",
        when_negated=Polarity.RETRACT,
        tense=Tense.PRESENT,
    ),
    Rule(
        "got_pet",
        Category.POSSESSION,
        rf"{{weve}}(?:adopted|rescued|brought home|bought|got|took in|fostered) (?P<value>(?:{_COUNT}|another|my|our"
        rf"|this|these) {_BREED}{either(_PLURAL_PETS)})\b",
        _PLURAL_PETS,
        "has_pet",
        tense=Tense.PAST,
    ),
    Rule(
        "owns",
        Category.POSSESSION,
        rf"(?:{{weve}}(?:have|got) (?P<value>(?:an?|two|three|several) (?:[\w'-]+ ){{0,3}}?{either(_PLURAL_THINGS)})"
        rf"|{{I}}own (?P<owned>(?:an?|two|three|several|my own) .+))\b",
        _PLURAL_THINGS | frozenset({"own"}),
        "owns",
        "I own {value}{owned}.",
        value="{value}{owned}",
        when_negated=Polarity.RETRACT,
        tense=Tense.PRESENT,
        max_words=7,
        accepts=_is_thing,
    ),
    Rule(
        "bought",
        Category.POSSESSION,
        r"{weve}(?:bought|ordered|purchased|treated myself to|splurged on)(?: myself| ourselves)? "
        r"(?P<value>(?:an?|the|some|my|our|new|two|three|another|this|\d+) .+)",
        "bought ordered purchased treated splurged",
        "acquired",
        tense=Tense.PAST,
        max_words=8,
        accepts=_is_thing,
    ),
    Rule(
        "was_given",
        Category.POSSESSION,
        r"(?:my [\w-]+|(?!It\b|That\b|This\b)(?-i:[A-Z])\w+|he|she|they) (?:just |also |recently )?(?:gave|bought"
        r"|got|made|sent|knitted) me "
        r"(?P<value>(?:an?|the|some|this|these|his|her|two|new) .+)",
        "gave bought got made sent knitted",
        "acquired",
        tense=Tense.PAST,
        max_words=8,
        accepts=_is_thing,
    ),
    Rule(
        "sold",
        Category.POSSESSION,
        r"{weve}(?:sold|gave away|got rid of|donated|lost|totalled|wrecked) (?:my|our) (?P<value>(?:old |beloved "
        r"|vintage )?"
        rf"(?:[\w'-]+ )??{either(_PLURAL_THINGS)})\b",
        "sold gave got donated totalled wrecked lost",
        "owns",
        polarity=Polarity.RETRACT,
        tense=Tense.PAST,
    ),
    Rule(
        "shared_picture",
        Category.EVENT,
        r"(?:here's|here is|check out|take a look at|look at|this is|this was|that's|here are|these are) "
        r"(?P<value>(?:an?|the|some|my|our|one of my|a few|another) (?:\w+ ){0,3}?"
        r"(?:pics?|pictures?|photos?|snaps?|shots?|glimpse|peek|drawing|sketch|painting|video|clip|selfie|recipe"
        r"|poem)\b.*)",
        "pic pics picture pictures photo photos snap snaps shot shots glimpse peek drawing sketch painting video "
        "clip selfie recipe poem",
        "",
        "I shared {value}.",
        value="",
        tense=Tense.PRESENT,
        cut=Cut.NOTHING,
        unless=ADDRESSED,
        max_words=22,
    ),
)
