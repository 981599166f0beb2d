"""Partners, children, relatives, friends: who they are, what they are called, and how it ends."""

from __future__ import annotations

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import CHILDREN, FRIENDS, PARTNERS, PETS, RELATIVES, SIBLINGS, STATUSES
from whisper_enrich.facts.rules.model import Also, Rule, either
from whisper_enrich.text.words import word_set

_NUMBER = r"(?:an?|one|two|three|four|five|six|seven|eight|nine|ten|\d{1,2}|twin|no)"
_AGE = (
    r"(?:(?:older|younger|little|big|baby|twin|half|step|adopted|wonderful|beautiful|lovely|grown|teenage|small"
    r"|young)[ -])*"
)
_PARENTS = {"mother": ("mom", "mum", "mother", "mama", "mam"), "father": ("dad", "father", "papa")}
_KIN = SIBLINGS | RELATIVES | CHILDREN | PARTNERS | FRIENDS | frozenset({"mom", "mum", "mother", "dad", "father"})
_LOVED = either(_KIN | PETS | frozenset({"granddad", "grandpa", "best friend"}))
# A name as written in the message; a sentence-initial capital proves nothing, but here the name never opens the sentence.
_NAME = r"(?P<value>(?-i:[A-Z][\w'-]+(?: [A-Z][\w'-]+)?))"
_CALLED = r"(?:,? (?:is |was )?(?:called|named) |'s name is |'s name was |,? (?=[A-Z]))"


def _is_name(value: str) -> bool:
    first = value.split()[0]
    return first[0].isupper() and first.lower() not in _NO_NAMES and not value.endswith("'s")


_NO_NAMES = word_set(
    """
    i i'm i've i'll i'd and but so who is was monday tuesday wednesday thursday friday saturday sunday january february
    march april may june july august september october november december christmas easter halloween thanksgiving
    """
)


def _named(name: str, kin: str, attribute: str, said: str, trigger: frozenset[str], value: str = "{value}") -> Rule:
    """ "my brother Tom", "my brother's name is Tom": somebody close, by name, at the start of a clause or as an object."""
    return Rule(
        name,
        Category.RELATIONSHIP,
        rf"(?:.*\b)?my {_AGE}(?P<kin>{kin}){_CALLED}{_NAME}(?!\w)",
        trigger,
        attribute,
        said,
        value=value,
        tense=Tense.PRESENT,
        accepts=_is_name,
    )


RULES = (
    _named("partner_named", either(PARTNERS), "partner", "My {kin} is called {value}.", PARTNERS),
    _named("child_named", either(CHILDREN), "has_child", "My {kin} is called {value}.", CHILDREN, "{kin}: {value}"),
    _named("sibling_named", either(SIBLINGS), "has_sibling", "My {kin} is called {value}.", SIBLINGS, "{kin}: {value}"),
    _named(
        "relative_named", either(RELATIVES), "has_relative", "My {kin} is called {value}.", RELATIVES, "{kin}: {value}"
    ),
    _named(
        "friend_named",
        rf"(?:best |good |close |old |dear )*{either(FRIENDS)}",
        "has_friend",
        "My {kin} is called {value}.",
        FRIENDS,
    ),
    _named(
        "mother_named",
        either(_PARENTS["mother"]),
        "mother",
        "My mother is called {value}.",
        frozenset(_PARENTS["mother"]),
    ),
    _named(
        "father_named",
        either(_PARENTS["father"]),
        "father",
        "My father is called {value}.",
        frozenset(_PARENTS["father"]),
    ),
    Rule(
        "has_partner",
        Category.RELATIONSHIP,
        rf"{{Ive}}(?:have|got) an? (?:new |amazing |wonderful |lovely |great )*(?P<value>{either(PARTNERS)})\b",
        PARTNERS,
        "partner",
        "I have a {value}.",
        when_negated=Polarity.RETRACT,
        tense=Tense.PRESENT,
    ),
    Rule(
        "has_children",
        Category.RELATIONSHIP,
        rf"{{weve}}(?:have|got) (?P<value>{_NUMBER} {_AGE}(?:kids?|children|sons?|daughters?|boys?|girls?|bab(?:y"
        r"|ies)|toddlers?|twins|stepsons?|stepdaughters?)"
        rf"(?: and {_NUMBER} (?:sons?|daughters?|boys?|girls?))?)\b(?! (?:at heart|in class|team|friends?))",
        "kid kids child children son sons daughter daughters boy boys girl girls baby babies toddler toddlers twins "
        "stepson stepdaughter",
        "has_child",
        "I have {value}.",
        when_negated=Polarity.RETRACT,
        tense=Tense.PRESENT,
    ),
    Rule(
        "is_parent",
        Category.RELATIONSHIP,
        r"(?:i'm|i am) (?:a |the )?(?:\w+ )?(?:mom|mum|mother|dad|father|parent) (?:of|to) (?P<value>(?:an?|one|two"
        r"|three|four|five|\d)(?: \w+){0,3})",
        "mom mum mother dad father parent",
        "has_child",
        tense=Tense.PRESENT,
    ),
    Rule(
        "became_parent",
        Category.EVENT,
        r"{weve}(?:had (?:a|our|my) (?:first |second |third )?(?:baby|son|daughter|baby boy|baby girl|twins)"
        r"|became (?:a )?(?:mom|mum|mother|dad|father|parents?|grandma|grandpa|grandmother|grandfather))\b",
        "had became",
        "event",
        value="had a child",
        tense=Tense.PAST,
    ),
    Rule(
        "has_siblings",
        Category.RELATIONSHIP,
        rf"{{Ive}}(?:have|got) (?P<value>{_NUMBER} {_AGE}(?:brothers?|sisters?|siblings?|half-brothers?"
        rf"|half-sisters?|stepbrothers?|stepsisters?)(?: and {_NUMBER} {_AGE}(?:brothers?|sisters?))?)\b",
        "brother brothers sister sisters sibling siblings half-brother half-sister stepbrother stepsister half",
        "has_sibling",
        "I have {value}.",
        when_negated=Polarity.RETRACT,
        tense=Tense.PRESENT,
    ),
    Rule(
        "has_relatives",
        Category.RELATIONSHIP,
        rf"{{Ive}}(?:have|got) (?P<value>{_NUMBER} {_AGE}(?:nieces?|nephews?|cousins?|grandchildren|grandkids"
        r"|grandsons?|granddaughters?|aunts?|uncles?))\b",
        "niece nieces nephew nephews cousin cousins grandchildren grandkids grandson grandsons granddaughter "
        "granddaughters aunt aunts uncle uncles",
        "has_relative",
        "I have {value}.",
        tense=Tense.PRESENT,
    ),
    Rule(
        "relationship_status",
        Category.RELATIONSHIP,
        rf"(?:{{Im}}|{{were}})(?:happily |newly |recently |back to being )?(?P<value>{either(STATUSES)})\b(?=$|,|\."
        r"| and | but | again| to | for | now| with | since | at the)",
        STATUSES,
        "relationship_status",
        "I am {value}.",
        when_negated=Polarity.RETRACT,
        tense=Tense.PRESENT,
    ),
    Rule(
        "in_relationship",
        Category.RELATIONSHIP,
        r"(?:i'm|i am) (?:\w+ )?(?:in a (?:long-distance |serious |happy |new |committed )*relationship|(?:dating"
        r"|seeing) (?:someone|somebody|a \w+))\b",
        "relationship dating seeing",
        "relationship_status",
        value="in a relationship",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "got_together",
        Category.RELATIONSHIP,
        r"{weve}(?:got|gotten|just got|are getting|'re getting) (?P<value>married|engaged|divorced)\b",
        "married engaged divorced",
        "relationship_status",
        "I am {value}.",
        tense=Tense.PRESENT,
    ),
    Rule(
        "proposed",
        Category.RELATIONSHIP,
        r"(?:i (?:finally |just )?proposed to (?:my \w+|her|him)|(?:my \w+|he|she) (?:finally |just )?(?:proposed "
        r"to me|popped the question)|i said yes to (?:his|her) proposal)\b",
        "proposed proposal popped",
        "relationship_status",
        value="engaged",
        tense=Tense.PAST,
    ),
    Rule(
        "broke_up",
        Category.RELATIONSHIP,
        r"(?:we (?:just |recently |finally |have |actually )?(?:broke up|split up|broken up|separated|called off "
        r"the (?:wedding|engagement))"
        rf"|(?:i|my {either(PARTNERS)} and i|me and my {either(PARTNERS)})(?:'ve| have)? (?:just |recently |finally "
        rf")?(?:broke up|split up|broken up|separated)(?: with my {either(PARTNERS)})?"
        rf"|i (?:just |finally |recently )?(?:dumped|left|divorced) my {either(PARTNERS)}|my {either(PARTNERS)} "
        r"(?:just |recently )?(?:dumped|left|divorced|broke up with) me)\b",
        "broke broken split separated called dumped left divorced",
        "relationship_status",
        "I am single after a break-up.",
        value="single",
        tense=Tense.PRESENT,
        also=(Also("partner", polarity=Polarity.RETRACT), Also("married_to", polarity=Polarity.RETRACT)),
    ),
    Rule(
        "bereaved",
        Category.RELATIONSHIP,
        rf"(?:my (?:\w+ )?(?P<value>{_LOVED})(?: [A-Z]\w+)? (?:just |sadly |recently |suddenly |unexpectedly "
        r")?(?:died|passed away|passed on|has died|has passed away)"
        rf"|{{weve}}lost my (?:\w+ )?(?P<other>{_LOVED}))\b(?! (?:in the|at the) (?:mall|store|crowd|shop))",
        "died passed lost",
        "lost",
        value="{value}{other}",
        tense=Tense.PAST,
    ),
    Rule(
        "lives_with",
        Category.RELATIONSHIP,
        r"(?:{I}live|(?:i'm|i am) (?:\w+ )?living|i've been living)(?: here| at home| in \w+)? with (?P<value>(?:my"
        r"|two|three|four|a|some|\d) .+)",
        "live living",
        "lives_with",
        "I live with {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        max_words=7,
    ),
    Rule(
        "lives_alone",
        Category.RELATIONSHIP,
        r"(?:{I}live|(?:i'm|i am) (?:\w+ )?living) (?:alone|by myself|on my own)\b",
        "alone myself own",
        "lives_with",
        "I live alone.",
        value="nobody",
        tense=Tense.PRESENT,
    ),
)
