"""Work and study: occupation, employer, field, subject, and what changes them."""

from __future__ import annotations

import re

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.lexicon import OCCUPATIONS
from whisper_enrich.facts.rules.model import Also, Rule, either

_NO_EMPLOYER = re.compile(
    r"(?:home|night|nights|the moment|the same|it|that|this|my|a living|free|hours?|\d|least|times?|first|weekends?"
    r"|all|ages"
    r"|years|months|weeks|days|someone|people|them|something|own|progress|both|a while|a long|so)\b",
    re.IGNORECASE,
)
_WORKPLACE = re.compile(
    r"\b(?:bank|hospital|school|restaurant|kitchen|bakery|cafe|café|shop|store|factory|warehouse|lab|laboratory"
    r"|library|museum"
    r"|office|clinic|hotel|bar|pub|salon|garage|farm|studio|gym|pharmacy|supermarket|mall|nursery|kindergarten"
    r"|university"
    r"|theatre|theater|ward|icu|er|call cent(?:er|re)|startup|firm|agency|department|bookstore|bookshop|garden "
    r"cent(?:er|re))$",
    re.IGNORECASE,
)
_WORKPLACE = re.compile(
    r"\b(?:bank|hospital|school|restaurant|kitchen|bakery|cafe|café|shop|store|factory|warehouse|lab|laboratory"
    r"|library|museum"
    r"|office|clinic|hotel|bar|pub|salon|garage|farm|studio|gym|pharmacy|supermarket|mall|nursery|kindergarten"
    r"|university"
    r"|theatre|theater|ward|icu|er|call cent(?:er|re)|startup|firm|agency|department|bookstore|bookshop|garden "
    r"cent(?:er|re))$",
    re.IGNORECASE,
)
_WORKPLACE = re.compile(
    r"\b(?:bank|hospital|school|restaurant|kitchen|bakery|cafe|café|shop|store|factory|warehouse|lab|laboratory"
    r"|library|museum"
    r"|office|clinic|hotel|bar|pub|salon|garage|farm|studio|gym|pharmacy|supermarket|mall|nursery|kindergarten"
    r"|university"
    r"|theatre|theater|ward|icu|er|call cent(?:er|re)|startup|firm|agency|department|bookstore|bookshop|garden "
    r"cent(?:er|re))$",
    re.IGNORECASE,
)
_NO_FIELD = re.compile(
    r"(?:a team|the morning|the evening|shifts?|progress|silence|groups?|pairs|general|the same|my own|my)\b",
    re.IGNORECASE,
)
_OCCUPATION = rf"(?:(?!bit|lot|little|few|while)[\w'-]+ ){{0,3}}{either(OCCUPATIONS)}"
_JOB = (
    r"(?:new |dream |first |part-time |full-time |summer |second |better |current |old |day |whole |office "
    r"|well-paid )*(?:job|position|gig|role)"
)


def _is_employer(value: str) -> bool:
    return _NO_EMPLOYER.match(value) is None


def _is_workplace(value: str) -> bool:
    return _WORKPLACE.search(value) is not None


def _is_field(value: str) -> bool:
    """A field of work, not a town: chat capitalises the latter."""
    return _NO_FIELD.match(value) is None and not value[0].isupper()


def _is_workplace(value: str) -> bool:
    return _WORKPLACE.search(value) is not None


def _is_field(value: str) -> bool:
    """A field of work, not a town: chat capitalises the latter."""
    return _NO_FIELD.match(value) is None and not value[0].isupper()


def _is_workplace(value: str) -> bool:
    return _WORKPLACE.search(value) is not None


def _is_field(value: str) -> bool:
    """A field of work, not a town: chat capitalises the latter."""
    return _NO_FIELD.match(value) is None and not value[0].isupper()


def _is_subject(value: str) -> bool:
    return (
        re.match(
            r"(?:for|abroad|at|with|hard|like|a lot|every|all|my|the effects?|in|on|to|from|together|by|here|how)\b",
            value,
            re.I,
        )
        is None
    )


RULES = (
    Rule(
        "works_as",
        Category.WORK,
        r"(?:{I}(?:work|freelance|moonlight|volunteer)|(?:i'm|i am) (?:\w+ )?(?:working|employed|self-employed)) as "
        r"(?:an? )?{x}",
        "work working freelance employed volunteer moonlight",
        "works_as",
        "I work as a {value}.",
        when_negated=Polarity.RETRACT,
        tense=Tense.PRESENT,
        max_words=5,
    ),
    Rule(
        "occupation",
        Category.WORK,
        rf"(?:i'm|i am) (?:{{adv}})(?:an? |the )(?P<value>{_OCCUPATION})\b(?=$|[,.;]| (?:and|but|at|in|for|by|with"
        r"|on|here|from|who|so|now|to)\b)",
        OCCUPATIONS,
        "works_as",
        "I am a {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        max_words=4,
    ),
    Rule(
        "job_is",
        Category.WORK,
        rf"(?:my (?:day )?job is|what i do is|(?:i'm|i am) training to (?:be|become)|{{I}}make a living as|i earn a "
        rf"living as) (?:an? |being an? )?(?P<value>{_OCCUPATION})\b",
        OCCUPATIONS,
        "works_as",
        max_words=4,
    ),
    Rule(
        "was_occupation",
        Category.WORK,
        rf"(?:i used to (?:be|work as)|i was|i worked as) (?:an? )(?P<value>{_OCCUPATION})\b",
        OCCUPATIONS,
        "works_as",
        tense=Tense.PAST,
        max_words=4,
    ),
    Rule(
        "works_at",
        Category.WORK,
        r"(?:{I}work|(?:i'm|i am) (?:\w+ )?(?:working|employed)|i've (?:been working|worked)) (?:at|for) {x}",
        "work working employed worked",
        "works_at",
        "I work at {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        accepts=_is_employer,
        max_words=6,
    ),
    Rule(
        "worked_at",
        Category.WORK,
        r"i (?:used to work|worked) (?:at|for) {x}",
        "work worked",
        "works_at",
        tense=Tense.PAST,
        accepts=_is_employer,
        max_words=6,
    ),
    Rule(
        "works_in_place",
        Category.WORK,
        r"(?:{I}work|(?:i'm|i am) (?:\w+ )?working|i've (?:been working|worked)) (?:in|on) (?P<value>(?:an?|the) .+)",
        "work working worked",
        "works_at",
        "I work in {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        accepts=_is_workplace,
        max_words=7,
    ),
    Rule(
        "works_in_field",
        Category.WORK,
        r"(?:{I}work|(?:i'm|i am) (?:\w+ )?working|i've (?:been working|worked)|i have a job) in (?P<value>(?!an? "
        r"|the |my |this |that ).+)",
        "work working worked job",
        "works_in",
        "I work in {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        accepts=_is_field,
        max_words=4,
    ),
    Rule(
        "teaches",
        Category.WORK,
        r"{I}teach (?P<value>(?!myself|my|you|him|her|them|people|others|us).+)",
        "teach",
        "works_as",
        "I teach {value}.",
        value="teacher",
        max_words=6,
    ),
    Rule(
        "job_found",
        Category.WORK,
        rf"{{weve}}(?:got|landed|found|accepted|took|started|start|was offered|been offered|got offered)(?: "
        rf"myself)? (?:an? |the |my |this )?(?P<value>{_JOB})\b",
        "job position gig role",
        "job_change",
        value="got a job",
    ),
    Rule(
        "job_starts",
        Category.PLAN,
        rf"(?:i'm|i am) (?:starting|beginning) (?:an? |the |my )(?P<value>{_JOB})\b",
        "starting beginning",
        "job_change",
        value="got a job",
    ),
    Rule(
        "job_lost",
        Category.WORK,
        rf"{{Ive}}(?:lost my (?:{_JOB})|(?:got|was|been|gotten) (?:fired|laid off|sacked|let go|made redundant))\b",
        "lost fired laid sacked redundant let",
        "job_change",
        value="lost the job",
        tense=Tense.PAST,
        also=(Also("works_at", polarity=Polarity.RETRACT), Also("works_as", polarity=Polarity.RETRACT)),
    ),
    Rule(
        "job_left",
        Category.WORK,
        rf"{{Ive}}(?:quit|left|resigned from|handed in my notice at|gave notice at) (?:my {_JOB}|work)\b",
        "quit left resigned notice",
        "job_change",
        value="left the job",
        tense=Tense.PAST,
        also=(Also("works_at", polarity=Polarity.RETRACT), Also("works_as", polarity=Polarity.RETRACT)),
    ),
    Rule(
        "promoted",
        Category.WORK,
        r"{Ive}(?:(?:got|been|was|gotten) (?:promoted|a promotion|a raise)|received a promotion)(?: to (?:an? |the "
        r")?{x})?",
        "promoted promotion raise",
        "job_change",
        value="promoted",
        tense=Tense.PAST,
    ),
    Rule(
        "retired",
        Category.WORK,
        r"(?:(?:i'm|i am) (?:now |already |finally |happily )?retired|{Ive}retired)\b",
        "retired",
        "works_as",
        value="retired",
        tense=Tense.PRESENT,
    ),
    Rule(
        "unemployed",
        Category.WORK,
        r"(?:i'm|i am) (?:currently |still |now )?(?:unemployed|between jobs|out of work|looking for (?:a |another "
        r")?(?:new )?(?:job|work))\b",
        "unemployed jobs work job",
        "works_as",
        value="unemployed",
        tense=Tense.PRESENT,
    ),
    Rule(
        "runs_business",
        Category.WORK,
        r"{we}(?:own and run|own|run|opened|started|launched|founded|co-founded|set up|'m running)(?: up)? "
        r"(?P<value>(?:an?|my(?: own)?|our(?: own)?) (?:[\w'-]+ ){0,4}"
        r"(?:business|company|store|shop|studio|startup|cafe|café|restaurant|bakery|agency|practice|podcast|channel"
        r"|blog|salon|farm|gym|charity|foundation|non-profit|nonprofit))"
        r"(?=$|[,.;]| (?:and|called|named|in|for|with|that|to|at|on|last|from|about|this|since|where|together"
        r"|online)\b)",
        "own run opened started launched founded co-founded set running",
        "works_at",
        max_words=7,
    ),
    Rule(
        "studies",
        Category.WORK,
        r"(?:{I}(?:study|major in)|(?:i'm|i am) (?:\w+ )?(?:studying|majoring in|doing (?:a|my) (?:master'?s|phd"
        r"|degree|bachelor'?s|ba|bsc|msc|ma|doctorate) in)|my major is|i've been studying) {x}",
        "study major studying majoring doing",
        "studies",
        "I study {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        accepts=_is_subject,
        max_words=5,
    ),
    Rule(
        "student_of",
        Category.WORK,
        r"(?:i'm|i am) (?:{adv})(?:an? )(?P<value>(?:[\w-]+ ){0,3}(?:student|major|undergrad|undergraduate|freshman"
        r"|sophomore|junior|senior|phd candidate))\b",
        "student major undergrad undergraduate freshman sophomore candidate",
        "is_a",
        "I am a {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        max_words=4,
    ),
    Rule(
        "studies_at",
        Category.WORK,
        r"(?:{I}(?:go to|attend|study at)|(?:i'm|i am) (?:\w+ )?(?:studying at|a student at|enrolled at|going to)|i "
        r"got (?:in|accepted)(?: in)?to) (?P<value>[\w .'-]*(?:university|college|academy|institute|high school|law "
        r"school|med school|medical school|art school|conservatory)[\w ]*)",
        "university college academy institute school conservatory",
        "studies_at",
        "I study at {value}.",
        tense=Tense.PRESENT,
        when_negated=Polarity.RETRACT,
        max_words=6,
        refuses=r"(?:the )?(?:high school|college|university) .*(?:party|game|reunion|friends?)",
    ),
    Rule(
        "graduated",
        Category.WORK,
        r"{Ive}(?:graduated|got my (?:degree|diploma|phd|master'?s|bachelor'?s|license|certificate)|finished "
        r"(?:university|college|high school|uni|my (?:degree|studies|phd|thesis|master'?s))|passed (?:my|the) "
        r"(?:[\w-]+ ){0,3}(?:exams?|test|finals|bar))\b(?: (?:from|with|in) {x})?",
        "graduated degree diploma phd master's bachelor's license certificate university college school uni studies "
        "thesis exam exams test finals bar",
        "graduated",
        value="{value}",
        tense=Tense.PAST,
        max_words=12,
    ),
)
