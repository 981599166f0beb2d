"""What lies ahead: plans, promises, duties, decisions; and what has been called off."""

from __future__ import annotations

import re

from whisper_enrich.facts.model import Category, Polarity, Tense
from whisper_enrich.facts.rules.model import ADDRESSED, Cut, Rule

_CHAT_ACTS = re.compile(
    r"(?:be (?:honest|there for you|back|right back|fine|okay|ok|here|sure|great|awesome|amazing|fun|alright|super|so)|check (?:it|that|them|this|you|out)|check that out|keep (?:you|that|it|going|pushing|up|doing|on|plugging|working|trying|fighting|at)|make (?:my|our|it|sure|this|that)|always|stay|not|quit|give up|let|reach my|continue|let you|tell you|talk|chat|catch"
    r"|see (?:you|ya|it|what|how|if)|miss you|say|ask|need|have to|think about (?:it|that)|try (?:it|that|my best|them|to)|look (?:it|that|into it|for it|into that)|do (?:it|that|my best|this|so|great)|take (?:your|that|it|note|a look)|love (?:it|to)|never|remember|remind|send you|show you|help you|cheer|definitely|make (?:it|sure)|get (?:it|there|through|back to you)|stay|hang in|keep in|support you|go for it|go now|go to bed|go and do|bed|work$|sleep|head out|do some$|give it|give that|share|update|stop|read it|hold|pray|miss|pass|bet|guess|admit|always be|want|be rooting|message|text you|call you|go$|$)\b",
    re.IGNORECASE,
)


_AHEAD = (
    r"\b(?:tomorrow|tonight|next|tmrw?|coming up|soon|later|at \d|this (?:weekend|week|month|summer|year|fall|autumn|winter|spring"
    r"|afternoon|evening|coming)|in (?:an?|two|three|four|\d+) (?:hours?|days?|weeks?|months?)|on (?:the \d+|mon|tue|wed|thu|fri|sat|sun)\w*"
    r"|(?:in|on) (?:january|february|march|april|may|june|july|august|september|october|november|december))\b"
)


def _is_deed(value: str) -> bool:
    return _CHAT_ACTS.match(value) is None and len(value.split()) > 1 and re.search(r"\b(?:you|your|yours|ya|u)\b", value, re.I) is None


RULES = (
    Rule(
        "promises",
        Category.COMMITMENT,
        r"i (?:promise|swear|vow|pinky promise|give you my word)(?: you)?(?: that)?,? (?:to |i'll |i will |i'm going to |i am going to )(?P<value>.+)",
        "promise swear vow word",
        "promises_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        accepts=lambda value: re.match(r"(?:be (?:honest|fine|ok|okay))\b", value) is None,
        max_words=16,
    ),
    Rule(
        "committed_to",
        Category.COMMITMENT,
        r"(?:(?:i'm|i am) (?:\w+ )?(?:committed to|determined to|going to make sure)|i(?:'ve)? (?:committed|pledged|signed up|volunteered|agreed|offered) to|i(?:'ve)? promised (?:myself|my \w+|him|her|them)?(?: that)? ?(?:i'd|i would|to)) (?P<value>.+)",
        "committed determined pledged signed volunteered agreed offered promised sure",
        "promises_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        accepts=lambda value: re.match(r"(?:it|that|this|make it(?: work)?$|keep going|you)\b", value, re.I) is None,
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
        accepts=lambda value: re.match(r"(?:it|that|this)\b", value, re.I) is None,
    ),
    Rule(
        "plans",
        Category.PLAN,
        r"(?:{were}(?:planning (?:to|on)|hoping to|about to|thinking (?:of|about)|going to|considering|aiming to|looking to|set to|getting ready to|preparing to|scheduled to|trying to|off to)"
        r"|{we}(?:plan to|intend to|plan on|hope to|aim to)|my plan(?:'s| is) to|i've been (?:planning (?:to|on)|thinking (?:of|about)|considering)) (?P<value>.+)",
        "planning plan hoping hope about thinking going considering aiming aim intend looking set ready preparing scheduled trying off",
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
        r"(?:i'll|i will|we'll|we will|i shall) (?:probably |definitely |also |finally |soon |be able to )*(?P<value>.+)",
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
        r"{were}(?P<value>(?:moving|flying|leaving|traveling|travelling|starting|visiting|meeting|having|hosting|attending|taking|going|driving|getting|heading|running|performing|playing|seeing|throwing|doing|joining|volunteering|adopting|launching|opening|competing|presenting) .+)",
        "moving flying leaving traveling travelling starting visiting meeting having hosting attending taking going driving getting heading running performing playing seeing throwing doing joining volunteering adopting launching opening competing presenting",
        "plans_to",
        cut=Cut.ACTIVITY,
        needs=_AHEAD,
        max_words=18,
    ),
    Rule(
        "appointment",
        Category.PLAN,
        r"(?:i|we)(?:'ve got| have| got) (?P<value>(?:an?|my|our|another|two|the) (?:[\w'-]+ ){0,3}(?:appointment|interview|exam|exams|test|deadline|meeting|wedding|audition|flight|date|presentation|performance|show|gig|concert|game|match|race|competition|tournament|party|trip|event|class|shift|surgery|checkup|reunion|recital)\b.*)",
        "appointment interview exam exams test deadline meeting wedding audition flight date presentation performance show gig concert game match race competition tournament party trip event class shift surgery checkup reunion recital",
        "plans_to",
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        needs=_AHEAD,
        max_words=14,
    ),
    Rule(
        "must_do",
        Category.COMMITMENT,
        r"(?:i|we) (?:really |just |still |also |now )*(?:have to|need to|must|ought to|got to|am supposed to) (?P<value>.+)",
        "have need must ought got supposed",
        "",
        tense=Tense.FUTURE,
        value="",
        cut=Cut.ACTIVITY,
        accepts=lambda value: _is_deed(value) and len(value.split()) > 2 and re.match(r"(?:go|run|say|admit|agree|be|get going|keep|stay|find a way|check|try|remember|learn to)\b", value, re.I) is None,
        max_words=16,
    ),
    Rule(
        "looks_forward",
        Category.PLAN,
        r"(?:(?:i'm|i am|we're) (?:\w+ )*looking forward to|{I}(?:can't|cannot) wait (?:to|for)|(?:i'm|i am) (?:so |really |super |very )*excited (?:for|to|about)) (?P<value>.+)",
        "forward wait excited",
        "",
        value="",
        cut=Cut.ACTIVITY,
        accepts=lambda value: re.match(r"(?:hear|it|that|this$|see (?:what|how|it|your|you|where)|seeing (?:you|your|what|how)|hearing|see(?: |$)|tell|talking|chat|show you|share|our next|the future|what|more|meet you|try it|check|be there|for you|you|your)\b", value, re.I) is None and len(value.split()) > 1,
        unless=ADDRESSED,
        max_words=16,
    ),
    Rule(
        "cancelled",
        Category.PLAN,
        r"(?:(?:i|we)(?:'ve| have)? (?:had to )?(?:cancel(?:l?ed)?|call(?:ed)? off|scrap(?:ped)?|postponed?) (?:my |our |the )|my )(?P<value>(?:[\w'-]+ ){0,3}(?:trip|flight|wedding|party|move|vacation|holiday|appointment|meeting|plans?|date|interview|surgery|visit|concert|tour|show|engagement)(?: to [\w ]+)?)(?: (?:was|is|got|has been) (?:cancell?ed|called off|postponed))?",
        "cancel canceled cancelled call called scrap scrapped postpone postponed",
        "plans_to",
        polarity=Polarity.RETRACT,
        tense=Tense.PAST,
    ),
    Rule(
        "not_going_to",
        Category.PLAN,
        r"(?:(?:i'm|i am|we're|we are) (?:not|no longer) (?:going to|gonna|planning (?:to|on)|moving|flying|going)|i won't|i will not|i(?:'ve| have)? changed my mind about|i(?:'ve| have)? decided (?:not to|against)) (?P<value>.+)",
        "not longer won't changed against",
        "plans_to",
        polarity=Polarity.RETRACT,
        tense=Tense.FUTURE,
        cut=Cut.ACTIVITY,
        accepts=lambda value: re.match(r"(?:lie|give up|stop|let|quit|forget|pretend|say|be|back down|complain|get|bore|miss|ever|tell|know)\b", value, re.I) is None and len(value.split()) > 1,
        max_words=12,
    ),
)
