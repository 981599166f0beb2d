"""What has come to an end, or was never meant: rules that only retract."""

from __future__ import annotations

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.model import Cut, Rule

RULES = (
    Rule(
        "stopped_doing",
        Category.PREFERENCE,
        r"{Ive}(?:quit|stopped|gave up|given up)(?: (?:going|doing|playing|practi[sc]ing))? (?P<value>(?!and |or "
        r"|my job|smoking|drinking|vaping|alcohol|trying|being|to |on |by |at |for |in |it|that|hope|worrying|caring"
        r"|the |a |when|because).+)",
        "quit stopped gave given",
        "hobby",
        polarity=Polarity.RETRACT,
        tense=Tense.PAST,
        max_words=4,
    ),
    Rule(
        "moved_out_of",
        Category.PLACE,
        r"{weve}(?:moved (?:out of|away from)|left) (?P<value>(?-i:[A-Z])[\w' ]+)",
        "moved left",
        "lives_in",
        polarity=Polarity.RETRACT,
        tense=Tense.PAST,
        cut=Cut.PLACE,
        max_words=4,
    ),
    Rule(
        "was_joking",
        Category.PERSONAL,
        r"i was (?:only |just |totally |obviously )?(?:joking|kidding|messing with you|lying|exaggerating"
        r"|teasing)(?: about {x})?",
        "joking kidding messing lying exaggerating teasing",
        "",
        value="{value}",
        polarity=Polarity.RETRACT,
        tense=Tense.PAST,
        max_words=8,
    ),
)
