"""Skills: what the person plays, can do, is learning."""

from __future__ import annotations

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import ABILITIES, INSTRUMENTS_AND_GAMES
from whisper_enrich.facts.rules.model import Cut, Rule, either

_NO_GAME = (
    r"(?:with|around|a role|a part|along|dumb|dead|it|that|this|them|his|her|my|some music|music|catch|for|in|on|at"
    r"|against|the (?:part|role|game|song|video|fool)|hide)\b"
)

RULES = (
    Rule(
        "plays",
        Category.SKILL,
        rf"(?:{{we}}play|(?:i'm|i am) (?:\w+ )?(?:playing|learning to play)|i've (?:been playing|played)|i (?:can"
        r"|know how to) play) (?:a lot of |a bit of |some |both )?(?:the "
        rf")?(?P<value>{either(INSTRUMENTS_AND_GAMES)}(?:(?:,| and|, and| &) (?:the "
        rf")?{either(INSTRUMENTS_AND_GAMES)})*)\b",
        INSTRUMENTS_AND_GAMES,
        "plays",
        "I play {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        lists=True,
    ),
    Rule(
        "plays_something",
        Category.SKILL,
        r"i (?:usually |often |sometimes |still |also |mostly )?play {x}",
        "play",
        "plays",
        "I play {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        refuses=_NO_GAME,
        max_words=4,
        lists=True,
    ),
    Rule(
        "learning",
        Category.SKILL,
        r"(?:(?:i'm|i am) (?:\w+ )?(?:learning|teaching myself)|i(?:'ve)? (?:just |recently |been |finally "
        r")*(?:started|began|begun|decided) (?:to learn|learning)|i've been (?:learning|teaching myself)|(?:i'm|i "
        r"am) taking|i(?:'ve)? (?:just |recently )?(?:started|signed up for|enrolled in|took up|taking))"
        r"(?: (?:how to|to))? (?P<value>.+)",
        "learning learn teaching taking signed enrolled",
        "learning",
        refuses=(
            r"(?:it|that|this|about (?:it|that|this|you)|so much|a lot|a ton|some time|in |more|care|my time|a break"
            r"|part|notes?|things"
            r"|time|the|off|from|over|photos?|pictures?|new things|teaching)\b"
        ),
        cut=Cut.ACTIVITY,
        max_words=9,
    ),
    Rule(
        "good_at",
        Category.SKILL,
        r"(?:i'm|i am) (?:really |pretty |quite |very |super |actually |fairly )*(?:good|great|decent|skilled"
        r"|talented|experienced|an expert) (?:at|in|with) {x}",
        "good great decent skilled talented experienced expert",
        "can",
        "I am good at {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        refuses=r"(?:it|that|this|you|my|the moment|home|work|least)\b",
        max_words=7,
    ),
    Rule(
        "can_do",
        Category.SKILL,
        rf"i (?:can|know how to)(?: actually| also| already| even)? (?P<value>{either(ABILITIES)})\b(?=$|[,.]| "
        r"(?:and|but|pretty|really|very|a|an|any|in|well|quite)\b)",
        ABILITIES,
        "can",
        "I can {value}.",
        tense=Tense.PRESENT,
    ),
    Rule(
        "cannot_do",
        Category.SKILL,
        r"i (?:can't|cannot|can not|don't know how to|never learned (?:how )?to|never learnt (?:how )?to)(?: "
        rf"actually| even| really)? (?P<value>{either(ABILITIES)})\b(?=$|[,.]| (?:and|but|at all|so|to save|well"
        r"|very|for)\b)",
        ABILITIES,
        "can",
        polarity=Polarity.RETRACT,
        tense=Tense.PRESENT,
    ),
)
