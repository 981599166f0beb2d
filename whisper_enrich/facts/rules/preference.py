"""What the person likes, dislikes, prefers, eats, does for pleasure, wants."""

from __future__ import annotations

import re

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import DIETS, HOBBY_ACTIVITIES
from whisper_enrich.facts.rules.model import ADDRESSED, Cut, Rule, either

_THING_FIRST = (
    r"(?P<value>(?!it|that|this|these|those|they|he|she|which|you|what|there|one|i|we|here)[\w' -]{2,40}?)"
    r"(?: is|'s| are| has always been)(?: definitely| probably| still| by far)?"
)
_FAVOURITE = r"my (?:(?:all[- ]time|absolute|personal|other|current) )*(?:favou?rite|fave|fav)"
_NO_LIKING = re.compile(
    r"(?:to know|to say|to think|to see you|to hear|to ask|to be honest|to talk about|to have you|to share|to meet"
    r"|hearing|talking to|the idea of your"
    r"|how you|what you|that you|seeing your|chatting|when|how|what|that|it|this|where|the way|these|those|watching "
    r"you|the look|everything about|every minute"
    r"|the fact|nothing|having you|being able|my life|meeting you|being|being with|waiting|getting (?:up|woken|stuck"
    r"|yelled|ignored)|having to|sitting in|standing in|paying|both|either|you)\b",
    re.IGNORECASE,
)
_POINTING = re.compile(r"(?:the|his|her|their|its|these|those|this|that)\b", re.IGNORECASE)
_KNOWN_TO_ALL = re.compile(
    r"the (?:oceans?|sea|seaside|beach|sun|rain|snow|cold|heat|mountains?|woods|forest|outdoors|city|countryside"
    r"|night|dark|quiet"
    r"|winter|summer|spring|autumn|fall|theatre|theater|cinema|opera|movies|library|gym|piano|guitar|violin|(?-i:[A-Z])"
    r"|(?:smell|sound|taste|feeling|feel|idea|look|thrill|challenge|company) of)",
    re.IGNORECASE,
)
_FOODS_LEFT_OUT = (
    r"(?:meat|pork|beef|chicken|fish|seafood|dairy|gluten|eggs?|sugar|nuts|peanuts|bread|carbs|animal products|red "
    r"meat|shellfish|wheat|cheese|mushrooms|onions?)"
)


def _is_liking(value: str) -> bool:
    """Something that names what is liked: "the colours" of what the other has just shown names nothing by itself."""
    if _NO_LIKING.match(value):
        return False
    return _POINTING.match(value) is None or len(value.split()) > 4 or _KNOWN_TO_ALL.match(value) is not None


RULES = (
    Rule(
        "favourite",
        Category.PREFERENCE,
        r"(?:one of )?my (?:(?:all[- ]time|absolute|personal|new|other|current) )*(?:favou?rites?|faves?|favs?) "
        r"(?P<kind>(?!(?:is|was|are|were|when)\b)[\w' -]{3,30}?)"
        r"(?:'s|'re| is| are| was| were| has to be| would have to be| has always been| has been)(?: (?:definitely"
        r"|probably|still|by far|called|always|either|def))* (?P<value>.+)",
        "favourite favorite fave fav favourites favorites faves favs",
        "favourite",
        "My favourite {kind} is {value}.",
        value="{kind}: {value}",
        tense=Tense.PRESENT,
        max_words=9,
        refuses=r"(?:when|that|how|probably|seeing you|your|not)\b",
    ),
    Rule(
        "is_favourite",
        Category.PREFERENCE,
        rf"{_THING_FIRST} {_FAVOURITE} (?P<kind>(?!in |of |so |for |at |when|since|ever|too|and |because|but "
        r")[\w-]+(?: [\w-]+)?)"
        r"(?=$|[,.;]| (?:and|because|but|in|of|so|for|at|when|since|ever|too)\b)",
        "favourite favorite fave fav",
        "favourite",
        "My favourite {kind} is {value}.",
        value="{kind}: {value}",
        tense=Tense.PRESENT,
        cut=Cut.NOTHING,
        max_words=6,
    ),
    Rule(
        "is_a_favourite",
        Category.PREFERENCE,
        rf"{_THING_FIRST} (?:one of )?{_FAVOURITE}s?(?=$|[,.;]| (?:and|because|but|so|for|at|when|since|ever|too"
        r"|of)\b)",
        "favourite favorite fave fav favourites favorites faves favs",
        "likes",
        "I like {value}.",
        tense=Tense.PRESENT,
        cut=Cut.NOTHING,
        max_words=6,
    ),
    Rule(
        "likes",
        Category.PREFERENCE,
        r"(?:i|we) {adv}(?:have )?(?:always )?(?P<verb>love|adore|enjoy|like|prefer|dig|loved)(?: "
        r"(?:me some|both|all|doing|to eat))? {x}",
        "love adore enjoy like prefer dig loved",
        "likes",
        "I like {value}.",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        accepts=_is_liking,
        lists=True,
        max_words=9,
        unless=ADDRESSED + r"|\b(?:as a (?:kid|child|teen\w*)|when i was|back then|growing up|until)\b",
    ),
    Rule(
        "is_into",
        Category.PREFERENCE,
        r"(?:{Im}(?:an? )?(?:(?:huge|big|massive|total|real|lifelong|long-time|major|secret) )*"
        r"(?:fan of|into|obsessed with|fond of|keen on|crazy about|mad about|nuts about|in love with|passionate "
        r"about|hooked on|addicted to|partial to|a sucker for|sucker for|interested in|fascinated by|a lover of)"
        r"|i can't get enough of|i have a (?:soft spot|weakness|passion|thing) for|i've (?:been into|always loved)) "
        r"{x}",
        "fan into obsessed fond keen crazy mad nuts love passionate hooked addicted partial sucker interested "
        "fascinated enough soft weakness passion thing loved",
        "likes",
        "I like {value}.",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        accepts=_is_liking,
        lists=True,
        max_words=9,
    ),
    Rule(
        "dislikes",
        Category.PREFERENCE,
        r"(?:{I}(?:hate|dislike|detest|loathe|despise|can't stand|cannot stand|can't bear|can't tolerate)"
        r"|i (?:really |just |honestly |actually )?(?:don't|do not|never) (?:really |actually |particularly |even "
        r")?(?:like|love|enjoy|care for|dig)"
        r"|(?:i'm|i am) (?:really |just |honestly )?(?:not (?:a |an )?(?:huge |big |massive |much of a |really a "
        r")?(?:fan of|into|keen on|fond of)|sick of|fed up with|no fan of)) {x}",
        "hate dislike detest loathe despise stand bear tolerate don't not never sick fed no",
        "dislikes",
        "I do not like {value}.",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        accepts=_is_liking,
        lists=True,
        max_words=9,
    ),
    Rule(
        "prefers_over",
        Category.PREFERENCE,
        r"i (?:\w+ )?prefer (?P<value>.+? (?:over|to|than) .+)",
        "prefer",
        "likes",
        "I prefer {value}.",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        max_words=8,
    ),
    Rule(
        "diet",
        Category.PREFERENCE,
        rf"(?:{{Im}}(?:an? )?(?:(?:strict|lifelong|mostly|almost) )?|i've (?:gone|turned|become) |i (?:went|turned"
        rf"|became) |i eat |{{Im}}(?:on|doing) (?:an? )?)(?P<value>{either(DIETS)})(?: diet| food)?\b(?=$|,|\.| and "
        r"| but | for | since | in | last | this | now| again| these| too)",
        DIETS,
        "diet",
        "I am {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "does_not_eat",
        Category.PREFERENCE,
        r"i (?:don't|do not|never|can't|cannot|stopped|quit|gave up|have stopped) (?:eat(?:ing)? |have |touch "
        rf")?(?P<value>(?:any )?{_FOODS_LEFT_OUT}(?:(?:,| or|, or| and) {_FOODS_LEFT_OUT})*)\b(?=$|,| |\.)",
        "don't never can't cannot stopped quit gave not",
        "diet",
        "I do not eat {value}.",
        value="no {value}",
        tense=Tense.PRESENT,
    ),
    Rule(
        "hobby_is",
        Category.PREFERENCE,
        r"my (?:(?:main|biggest|favou?rite|new|only|other) )?(?:hobby|hobbies|pastime|passion|passions"
        r"|interests)(?:'s|'re| is| are| include| includes)(?: \w+ly)? {x}",
        "hobby hobbies pastime passion passions interests",
        "hobby",
        "My hobby is {value}.",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        lists=True,
        accepts=_is_liking,
        max_words=9,
    ),
    Rule(
        "hobby_done",
        Category.PREFERENCE,
        rf"{{we}}(?:do|practi[sc]e|go|'ve been doing|have been doing) (?P<value>(?:a lot of |some "
        rf")?{either(HOBBY_ACTIVITIES)})\b(?! (?:tomorrow|tonight|next))",
        HOBBY_ACTIVITIES,
        "hobby",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "took_up",
        Category.PREFERENCE,
        r"{Ive}(?:taken up|took up|got(?:ten)? into|started (?:doing|playing|practi[sc]ing|learning)|joined) "
        r"(?P<value>.+)",
        "taken took got gotten started joined",
        "hobby",
        refuses=(
            r"(?:it|in|that|this|a fight|an? argument|trouble|bed|my|the (?:car|house|shower|bath|room)|work|university"
            r"|college|uni|\w+ school|law|med)\b"
        ),
        max_words=6,
    ),
    Rule(
        "collects",
        Category.PREFERENCE,
        r"{I}collect (?P<value>(?!my |the |him|her|them|it|from).+)",
        "collect",
        "hobby",
        "I collect {value}.",
        value="collecting {value}",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "wants",
        Category.PREFERENCE,
        r"(?:{I}(?:want(?: to)?|wanna|wish to|would love(?: to)?|would like(?: to)?|hope to|dream of|dream about)"
        r"|i'd (?:really |also |so )?(?:love|like)(?: to)?|(?:i'm|i am) (?:\w+ )?(?:hoping to|dreaming of)|my "
        r"(?:biggest |big |lifelong )?dream(?:'s| is)(?: to)?|my goal(?:'s| is)(?: to)?|i've always wanted(?: to)?) "
        r"(?P<value>.+)",
        "want wanna wish love like hope dream dreaming hoping goal dream's goal's wanted",
        "wants",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        max_words=18,
        refuses=(
            r"(?:(?:\w+ )?(?:it|that|them)$|hear|know|see you|meet you|talk|ask|tell you|say|thank|be honest|help "
            r"you|share with you|chat|show "
            r"you|see it|see them|see that|check)\b"
        ),
    ),
)
