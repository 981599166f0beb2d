"""What lies ahead: plans, promises, duties, decisions; and what has been called off."""

from __future__ import annotations

import re

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.model import ADDRESSED, Cut, Rule
from whisper_enrich.text.words import any_of

_CHAT_ACTS = re.compile(
    r"(?:be (?:honest|there for you|back|right back|fine|okay|ok|here|sure|great|awesome|amazing|fun|alright|super"
    r"|so)|check (?:it|that|them|this|you|out)|check that out|keep (?:you|that|it|going|pushing|up|doing|on|plugging"
    r"|working|trying|fighting|at)|make (?:my|our|it|sure|this|that)|put it|always|stay|not|quit|give up|let|reach "
    r"my|continue|let you|tell you|talk|chat|catch"
    r"|see (?:you|ya|it|what|how|if)|miss you|say|ask|need|have to|think about (?:it|that)|try (?:it|that|my best"
    r"|them|to)|look (?:it|that|into it|for it|into that)|do (?:it|that|my best|this|so|great)|take (?:your|that|it"
    r"|note|a look)|love (?:it|to)|never|remember|remind|send you|show you|help you|cheer|definitely|make (?:it"
    r"|sure)|get (?:it|there|through|back to you)|stay|hang in|keep in|support you|go for it|go now|go to bed|go "
    r"and do|bed|work$|sleep|head out|do some$|give it|give that|share|update|stop|read it|hold|pray|miss|pass|bet"
    r"|guess|admit|always be|want|be rooting|message|text you|call you|go$|$)\b",
    re.IGNORECASE,
)


_AHEAD = (
    r"\b(?:tomorrow|tonight|next|tmrw?|coming up|soon|later|at \d|this (?:weekend|week|month|summer|year|fall|autumn"
    r"|winter|spring"
    r"|afternoon|evening|coming)|in (?:an?|two|three|four|\d+) (?:hours?|days?|weeks?|months?)|on (?:the \d+|mon|tue"
    r"|wed|thu|fri|sat|sun)\w*"
    r"|(?:in|on) (?:january|february|march|april|may|june|july|august|september|october|november|december))\b"
)


def _is_deed(value: str) -> bool:
    return (
        _CHAT_ACTS.match(value) is None
        and len(value.split()) > 1
        and re.search(r"\b(?:you|your|yours|ya|u)\b", value, re.I) is None
    )


RULES = (
    Rule(
        "promises",
        Category.COMMITMENT,
        r"i (?:promise|swear|vow|pinky promise|give you my word)(?: you)?(?: that)?,? (?:to |i'll |i will |i'm "
        r"going to |i am going to )(?P<value>.+)",
        "promise swear vow word",
        "promises_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        refuses=r"(?:be (?:honest|fine|ok|okay))\b",
        max_words=16,
    ),
    Rule(
        "committed_to",
        Category.COMMITMENT,
        r"(?:(?:i'm|i am) (?:\w+ )?(?:committed to|determined to|going to make sure)|i(?:'ve)? (?:committed|pledged"
        r"|signed up|volunteered|agreed|offered) to|i(?:'ve)? promised (?:myself|my \w+|him|her|them)?(?: that)? "
        r"?(?:i'd|i would|to)) (?P<value>.+)",
        "committed determined pledged signed volunteered agreed offered promised sure",
        "promises_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        refuses=r"(?:it|that|this|make it(?: work)?$|keep going|you)\b",
        max_words=16,
    ),
    Rule(
        "decided",
        Category.PLAN,
        r"(?:i|we)(?:'ve| have)? (?:just |finally |also )?decided (?:to|on|that (?:i'm|we're) going to) (?P<value>.+)",
        "decided",
        "plans_to",
        cut=Cut.ACTIVITY,
        max_words=16,
        refuses=r"(?:it|that|this)\b",
    ),
    Rule(
        "going_to",
        Category.PLAN,
        r"{were}(?:going|headed|heading|off) to (?P<value>(?:an?|the|my|our) .+)",
        "going headed heading off",
        "plans_to",
        value="go to {value}",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        needs=_AHEAD,
        max_words=12,
    ),
    Rule(
        "plans",
        Category.PLAN,
        r"(?:{were}(?:planning (?:to|on)|hoping to|about to|thinking (?:of|about)|going to(?! an? | the | my | our )"
        r"|considering|aiming to"
        r"|looking to|set to|getting ready to|preparing to|scheduled to|trying to|off to)"
        r"|{we}(?:plan to|intend to|plan on|hope to|aim to)|my plan(?:'s| is) to|i've been (?:planning (?:to|on)"
        r"|thinking (?:of|about)|considering)) (?P<value>.+)",
        "planning plan hoping hope about thinking going considering aiming aim intend looking set ready preparing "
        "scheduled trying off",
        "plans_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        accepts=_is_deed,
        when_negated=None,
        max_words=18,
    ),
    Rule(
        "will_do",
        Category.PLAN,
        r"(?:i'll|i will|we'll|we will|i shall) (?:probably |definitely |also |finally |soon |be able to "
        r")*(?P<value>.+)",
        "i'll will we'll shall",
        "plans_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        accepts=_is_deed,
        max_words=16,
    ),
    Rule(
        "arranged",
        Category.PLAN,
        r"{were}(?P<value>(?:moving|flying|leaving|traveling|travelling|starting|visiting|meeting|having|hosting"
        r"|attending|taking|going(?! to)|driving|heading|running|performing|playing|seeing|throwing|doing|joining"
        r"|volunteering|adopting|launching|opening|competing|presenting) .+)",
        "moving flying leaving traveling travelling starting visiting meeting having hosting attending taking going "
        "driving heading running performing playing seeing throwing doing joining volunteering adopting "
        "launching opening competing presenting",
        "plans_to",
        cut=Cut.ACTIVITY,
        needs=_AHEAD,
        max_words=18,
    ),
    Rule(
        "appointment",
        Category.PLAN,
        r"(?:i|we)(?:'ve got| have| got) (?P<value>(?:an?|my|our|another|two|the) (?:[\w'-]+ ){0,3}(?:appointment"
        r"|interview|exam|exams|test|deadline|meeting|wedding|audition|flight|date|presentation|performance|show|gig"
        r"|concert|game|match|race|competition|tournament|party|trip|event|class|shift|surgery|checkup|reunion"
        r"|recital)\b.*)",
        "appointment interview exam exams test deadline meeting wedding audition flight date presentation "
        "performance show gig concert game match race competition tournament party trip event class shift surgery "
        "checkup reunion recital",
        "plans_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        needs=_AHEAD,
        max_words=14,
    ),
    Rule(
        "must_do",
        Category.COMMITMENT,
        r"(?:i|we) (?:really |just |still |also |now )*(?:have to|need to|must|ought to|am supposed to) "
        r"(?P<value>.+)",
        "have need must ought got supposed",
        "",
        tense=Tense.FUTURE,
        value="",
        cut=Cut.ACTIVITY,
        accepts=_is_deed,
        min_words=3,
        refuses=r"(?:go|run|say|admit|agree|be|get going|keep|stay|find a way|check|try|remember|learn to)\b",
        max_words=16,
    ),
    Rule(
        "looks_forward",
        Category.PLAN,
        r"(?:(?:i'm|i am|we're) (?:\w+ )*looking forward to|{I}(?:can't|cannot) wait (?:to|for)|(?:i'm|i am) (?:so "
        r"|really |super |very )*excited (?:for|to|about)) (?P<value>.+)",
        "forward wait excited",
        "",
        value="",
        cut=Cut.ACTIVITY,
        refuses=any_of(
            r"""
            \w+ (?:\w+ )?(?:it|them|that|this)$ | catch up | hear | it | that | this$ | see | seeing (?:you|your|what|how)
            | hearing | tell | talking | chat | show you | share | our next | the future | what | more | meet you | try it
            | check | be there | for you | you | your
            """
        )
        + r"\b",
        min_words=2,
        unless=ADDRESSED,
        max_words=16,
    ),
    Rule(
        "cancelled",
        Category.PLAN,
        r"(?:(?:i|we)(?:'ve| have)? (?:had to )?(?:cancel(?:l?ed)?|call(?:ed)? off|scrap(?:ped)?|postponed?) (?:my "
        r"|our |the )|my )(?P<value>(?:[\w'-]+ ){0,3}(?:trip|flight|wedding|party|move|vacation|holiday|appointment"
        r"|meeting|plans?|date|interview|surgery|visit|concert|tour|show|engagement)(?: to [\w ]+)?)(?: (?:was|is"
        r"|got|has been) (?:cancell?ed|called off|postponed))?",
        "cancel canceled cancelled call called scrap scrapped postpone postponed",
        "plans_to",
        polarity=Polarity.RETRACT,
        tense=Tense.PAST,
    ),
    Rule(
        "not_going_to",
        Category.PLAN,
        r"(?:(?:i'm|i am|we're|we are) (?:not|no longer) (?:going to|gonna|planning (?:to|on)|moving to|flying to)"
        r"|i won't|i will not|i(?:'ve| have)? changed my mind about|i(?:'ve| have)? decided (?:not to|against)) "
        r"(?P<value>.+)",
        "not longer won't changed against",
        "plans_to",
        polarity=Polarity.RETRACT,
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        refuses=(
            r"(?:lie|give up|stop|let|quit|forget|pretend|say|be|back down|complain|get|bore|miss|ever|tell|know)\b"
        ),
        min_words=2,
        max_words=12,
    ),
)
