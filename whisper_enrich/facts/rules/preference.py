"""What the person likes, dislikes, prefers, eats, does for pleasure, wants."""

from __future__ import annotations

import re

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import DIETS, HOBBY_ACTIVITIES
from whisper_enrich.facts.rules.model import ADDRESSED, Cut, Rule, either
from whisper_enrich.facts.rules.values import is_vague

_THING_FIRST = (
    r"(?P<value>(?!it|that|this|these|those|they|he|she|which|you|what|there|one|i|we|here)[\w' -]{2,40}?)"
    r"(?: is|'s| are| has always been)(?: definitely| probably| still| by far)?"
)
_FAVOURITE = r"my (?:(?:all[- ]time|absolute|personal|other|current) )*(?:favou?rite|fave|fav)"
_NO_LIKING = re.compile(
    r"(?:to know|to say|to think|to see you|to hear|to ask|to be honest|to talk about|to have you|to share|to meet|hearing|talking to|the idea of your"
    r"|how you|what you|that you|seeing your|chatting|when|how|what|that|it|this|where|the way|these|those|watching you|the look|everything about|every minute"
    r"|the fact|nothing|having you|being able|my life|meeting you|being|being with|both|either|you)\b",
    re.IGNORECASE,
)
_FOODS_LEFT_OUT = r"(?:meat|pork|beef|chicken|fish|seafood|dairy|gluten|eggs?|sugar|nuts|peanuts|bread|carbs|animal products|red meat|shellfish|wheat|cheese|mushrooms|onions?)"


def _is_liking(value: str) -> bool:
    return _NO_LIKING.match(value) is None and not is_vague(value)


RULES = (
    Rule(
        "favourite",
        Category.PREFERENCE,
        r"(?:one of )?my (?:(?:all[- ]time|absolute|personal|new|other|current) )*(?:favou?rites?|faves?|favs?) (?P<kind>[\w' -]{3,30}?)"
        r"(?:'s|'re| is| are| was| were| has to be| would have to be| has always been| has been)(?: (?:definitely|probably|still|by far|called|always|either|def))* (?P<value>.+)",
        "favourite favorite fave fav favourites favorites faves favs",
        "favourite",
        "My favourite {kind} is {value}.",
        value="{kind}: {value}",
        tense=Tense.PRESENT,
        max_words=9,
        accepts=lambda value: not is_vague(value) and re.match(r"(?:when|that|how|probably|seeing you|your|not)\b", value, re.I) is None,
    ),
    Rule(
        "is_favourite",
        Category.PREFERENCE,
        rf"{_THING_FIRST} {_FAVOURITE} (?P<kind>(?!in |of |so |for |at |when|since|ever|too|and |because|but )[\w-]+(?: [\w-]+)?)"
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
        rf"{_THING_FIRST} (?:one of )?{_FAVOURITE}s?(?=$|[,.;]| (?:and|because|but|so|for|at|when|since|ever|too|of)\b)",
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
        rf"(?:i|we) {{adv}}(?:have )?(?:always )?(?P<verb>love|adore|enjoy|like|prefer|dig|loved|appreciate)(?: (?:me some|both|all|my|doing|to eat))? {{x}}",
        "love adore enjoy like prefer dig loved",
        "likes",
        "I like {value}.",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        accepts=_is_liking,
        lists=True,
        max_words=9,
        unless=ADDRESSED,
    ),
    Rule(
        "is_into",
        Category.PREFERENCE,
        r"(?:{Im}(?:an? )?(?:(?:huge|big|massive|total|real|lifelong|long-time|major|secret) )*"
        r"(?:fan of|into|obsessed with|fond of|keen on|crazy about|mad about|nuts about|in love with|passionate about|hooked on|addicted to|partial to|a sucker for|sucker for|interested in|fascinated by|a lover of)"
        r"|i can't get enough of|i have a (?:soft spot|weakness|passion|thing) for|i've (?:been into|always loved)) {x}",
        "fan into obsessed fond keen crazy mad nuts love passionate hooked addicted partial sucker interested fascinated enough soft weakness passion thing loved",
        "likes",
        "I like {value}.",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        accepts=_is_liking,
        when_negated=Polarity.RETRACT,
        lists=True,
        max_words=9,
    ),
    Rule(
        "dislikes",
        Category.PREFERENCE,
        r"(?:{I}(?:hate|dislike|detest|loathe|despise|can't stand|cannot stand|can't bear|can't tolerate)"
        r"|i (?:really |just |honestly |actually )?(?:don't|do not|never) (?:really |actually |particularly |even )?(?:like|love|enjoy|care for|dig)"
        r"|(?:i'm|i am) (?:really |just |honestly )?(?:not (?:a |an )?(?:huge |big |massive |much of a |really a )?(?:fan of|into|keen on|fond of)|sick of|fed up with|no fan of)) {x}",
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
        rf"(?:{{Im}}(?:an? )?(?:(?:strict|lifelong|mostly|almost) )?|i've (?:gone|turned|become) |i (?:went|turned|became) |i eat |{{Im}}(?:on|doing) (?:an? )?)(?P<value>{either(DIETS)})(?: diet| food)?\b(?=$|,|\.| and | but | for | since | in | last | this | now| again| these| too)",
        DIETS,
        "diet",
        "I am {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "does_not_eat",
        Category.PREFERENCE,
        rf"i (?:don't|do not|never|can't|cannot|stopped|quit|gave up|have stopped) (?:eat(?:ing)? |have |touch )?(?P<value>(?:any )?{_FOODS_LEFT_OUT}(?:(?:,| or|, or| and) {_FOODS_LEFT_OUT})*)\b(?=$|,| |\.)",
        "don't never can't cannot stopped quit gave not",
        "diet",
        "I do not eat {value}.",
        value="no {value}",
        tense=Tense.PRESENT,
        accepts=lambda value: True,
    ),
    Rule(
        "hobby_is",
        Category.PREFERENCE,
        r"my (?:(?:main|biggest|favou?rite|new|only|other) )?(?:hobby|hobbies|pastime|passion|passions|interests)(?:'s|'re| is| are| include| includes)(?: \w+ly)? {x}",
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
        rf"{{we}}(?:do|practi[sc]e|go|'ve been doing|have been doing) (?P<value>(?:a lot of |some )?{either(HOBBY_ACTIVITIES)})\b(?! (?:tomorrow|tonight|next))",
        HOBBY_ACTIVITIES,
        "hobby",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
    ),
    Rule(
        "took_up",
        Category.PREFERENCE,
        r"{Ive}(?:taken up|took up|got(?:ten)? into|started (?:doing|playing|practi[sc]ing|learning)|joined) (?P<value>.+)",
        "taken took got gotten started joined",
        "hobby",
        accepts=lambda value: re.match(r"(?:it|that|this|a fight|an? argument|trouble|bed|my|the (?:car|house|shower|bath|room)|work|university|college|uni|\w+ school|law|med)\b", value, re.I) is None,
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
        r"(?:{I}(?:want(?: to)?|wanna|wish to|would love(?: to)?|would like(?: to)?|hope to|dream of|dream about)|i'd (?:really |also |so )?(?:love|like)(?: to)?|(?:i'm|i am) (?:\w+ )?(?:hoping to|dreaming of)|my (?:biggest |big |lifelong )?dream(?:'s| is)(?: to)?|my goal(?:'s| is)(?: to)?|i've always wanted(?: to)?) (?P<value>.+)",
        "want wanna wish love like hope dream dreaming hoping goal dream's goal's wanted",
        "wants",
        tense=Tense.PRESENT,
        cut=Cut.ACTIVITY,
        max_words=18,
        accepts=lambda value: not is_vague(value) and re.match(r"(?:hear|know|see you|meet you|talk|ask|tell you|say|thank|be honest|help you|share with you|chat|show you|see it|see them|see that|check)\b", value, re.I) is None,
    ),
)
