"""Where the person lives, comes from, moved and has been."""

from __future__ import annotations

import re

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.model import Also, Cut, Rule

_NO_PLACE = re.compile(
    r"(?:moment|past|present|future|fear|peace|world|dream|hope|denial|pain|hell|same|middle|way|mood|trouble|love"
    r"|hurry|rush"
    r"|process|meeting|bed|work|school|home|house|class|room|car|bathroom|shower|kitchen|office|need|charge|favou?r"
    r"|own|front|back|first|second|right|new place|bigger|smaller|new house|new apartment|new flat)\b",
    re.IGNORECASE,
)


def _is_place(value: str) -> bool:
    return _NO_PLACE.match(value) is None and not value[0].isdigit()


def _is_named_place(value: str) -> bool:
    """Whether the value is a proper name: chat writes few other words with a capital in the middle of a sentence."""
    return value[0].isupper() and _is_place(value) and re.search(r"'s$|'s [a-z]|\bI\b", value) is None


_WHOLE_STATE = (
    r"(?: (?:right )?here)?(?: up| down| out| back| over)? (?P<where>in|near|outside|outside of|just outside|close to)"
)

RULES = (
    Rule(
        "lives_in",
        Category.PLACE,
        rf"(?:{{we}}live|(?:i'm|i am|we're|we are) (?:\w+ )?(?:living|based|located)|{{Ive}}(?:lived|been "
        rf"living)){_WHOLE_STATE} {{x}}",
        "live living based located lived",
        "lives_in",
        "I live {where} {value}.",
        when_negated=Polarity.RETRACT,
        cut=Cut.PLACE,
        accepts=_is_place,
        # That is over; "lived_in" tells it so.
        unless=r"^(?:i|we) (?:\w+ )?lived\b",
        max_words=5,
    ),
    Rule(
        "lived_in",
        Category.PLACE,
        rf"{{we}}(?:used to live|lived){_WHOLE_STATE} {{x}}",
        "live lived",
        "lives_in",
        tense=Tense.PAST,
        cut=Cut.PLACE,
        accepts=_is_place,
        max_words=5,
    ),
    Rule(
        "moved_to",
        Category.PLACE,
        r"{weve}(?:moved|relocated)(?: back| out| over| down| up| here)* (?:to|into|in) {x}",
        "moved relocated",
        "moved_to",
        tense=Tense.PAST,
        cut=Cut.PLACE,
        accepts=_is_named_place,
        max_words=5,
        also=(Also("lives_in", "{value}", "I live in {value}."),),
    ),
    Rule(
        "moving_to",
        Category.PLAN,
        r"{were}(?:(?:going to|about to|planning to) (?:move|relocate)|moving|relocating)(?: back| out| over| down| "
        r"up)* to {x}",
        "move moving relocate relocating",
        "plans_to",
        value="move to {value}",
        tense=Tense.FUTURE,
        cut=Cut.PLACE,
        accepts=_is_place,
        max_words=5,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "comes_from",
        Category.PLACE,
        r"(?:{Im}from|{I}come from|{I}grew up in|i was (?:born|raised)(?: and raised)? in|(?:my hometown|my home "
        r"town) is) {x}",
        "from grew born raised hometown home",
        "from",
        "I am from {value}.",
        tense=Tense.PRESENT,
        cut=Cut.PLACE,
        accepts=_is_named_place,
        max_words=5,
    ),
    Rule(
        "visited",
        Category.PLACE,
        r"{weve}(?:visited|went (?:on (?:a )?(?:trip|vacation|holiday) )?to|been to|travell?ed to|flew to|took a "
        r"trip to"
        r"|(?:got|came) back from|spent (?:a|the|last|\w+) (?:\w+ )?(?:in|at)) {x}",
        "visited went been traveled travelled flew trip back spent",
        "visited",
        cut=Cut.PLACE,
        accepts=_is_named_place,
        max_words=5,
    ),
    Rule(
        "was_in",
        Category.PLACE,
        r"(?:i was|we were) (?:just |back |over |up |down )?in {x}",
        "was were",
        "visited",
        tense=Tense.PAST,
        cut=Cut.PLACE,
        accepts=_is_named_place,
        max_words=4,
    ),
    Rule(
        "new_home",
        Category.PLACE,
        r"{weve}(?:moved|bought|found|got|rented) (?:into )?(?:a|an|our|my) (?P<value>(?:\w+ ){0,3}(?:house"
        r"|apartment|flat|place|condo|home|cottage))\b",
        "moved bought found got rented",
        "acquired",
        tense=Tense.PAST,
    ),
)
