"""First-person clauses that say nothing worth remembering: courtesies, reactions, encouragement.

They are true and of no use: two people who cheer each other on fill pages with "I'll keep going", "so excited!", "I love
the colours", "I know what you mean".
"""

from __future__ import annotations

import re

from whisper_enrich.text.words import any_of, word_set

#: "I'm good", "so excited!", "pretty proud of it": an answer to what was just said, of which nothing is left tomorrow.
REACTION = (
    r"^i(?:'m| am) (?:\w+ ){0,2}"
    + any_of(
        """
        good | fine | ok | okay | great | down | better | ready | free | excited | stoked | pumped | proud | happy | lucky
        | grateful | thankful | thrilled | inspired
        """
    )
    + r"(?: (?:too|of it|about it|about that|for it|for that|about this|already|now))?$"
)
_COURTESY = re.compile(
    r"(?:i|we)(?:'m| am|'re| are)? (?:\w+ )?"
    + any_of(
        """
        appreciate | thank | agree | glad | sorry | know | see | get it | got it | hear | understand | bet | hope | guess
        | mean | can imagine | can see | can tell | feel the same | wonder | promise | (?:can't|cannot) wait
        """
    )
    + r"\b|(?:i|we)'(?:ll|d) (?!never forget)|(?:i|we) (?:will|can|could|should|would|can't|couldn't|cannot)\b"
    + r"|my (?:pleasure|bad|apologies|condolences)|i'm "
    + any_of(
        """
        here | off | back | in | down | good | fine | ok | okay | well | alright | all ears | sure | with | on board
        | doing (?:well|good|great|ok|okay|fine|alright)
        """
    )
    + r"\b|i(?:'m| am) \d+ ?(?:min|hour|sec|%|percent)|"
    + any_of(
        r"""
        i (?:said|claimed|pretended|lied|joked|used to (?:think|believe)|thought i|work on|play with)\b
        | i (?:just )?want(?:ed)? to (?:say|check|tell|ask|let|fill|share|give|thank|hear)\b
        | i(?:'ve)? (?:got|have) (?:some |a )?(?:\w+ )?(?:news|question|update|something to)\b
        | i (?:really |just |also |do )?(?:love|like|enjoy) (?:the|that|this|these|those|his|her|their) (?:\w+ ?){1,3}$
        | i have no idea | i don't (?:know|think|care|mind) | i've (?:got to go|gotta go)
        | i (?:have to|need to|got to) (?:go|run|get going) | we (?:got|can do) this
        """
    )
    + "|"
    + REACTION,
    re.IGNORECASE,
)
_PEP = re.compile(
    r"\b"
    + any_of(
        r"""
        keep(?:ing|s)? (?:going|it up|on|pushing|at it|working|moving|chasing|trying|fighting|doing|making|spreading|supporting)
        | (?:not|never|won't) (?:\w+ )*(?:give up|giving up|quit) | giv(?:e|ing) (?:it|this) (?:my|our) (?:all|best)
        | do(?:ing)? (?:my|our) best | make (?:it|this|that|(?:my|our) \w+) (?:happen|work|come true)
        | (?:chas|follow|pursu|reach)\w+ (?:\w+ ){0,2}(?:dreams?|goals?)
        | (?:stay(?:ing)?|keeps? (?:me|us)) (?:positive|strong|focused|motivated|determined|optimistic|pushing|going)
        | let(?:ting)? (?:\w+ )?gets? (?:me|us) down | mak(?:e|ing) (?:a|some|more|an) (?:\w+ )?(?:difference|memories|impact)
        | believ\w+ in (?:myself|ourselves) | be(?:ing)? (?:confident|strong|brave)
        """
    )
    + r"\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z][a-z'-]+")
_NO_MATTER = word_set(
    """
    am is are was were be been will won't would can can't could have has had do does don't going gonna want wants wanted to
    and or but so the an of in on at for with it it's its that this these those them they my our me us we we'll i'm i'll
    i've just really always never ever also still even when where how what whatever no matter comes way hard harder tough
    tougher through right now help helps helped helping give gives gave strength power courage oomph determined trying try
    plan hope hopes feel feeling feels confident able sure more most only together success future goals dreams life things
    get keep keeps make makes remind reminds reminded pushed pushes push any all anything something believe
    """
)


def is_courtesy(text: str) -> bool:
    """Whether a clause in the first person only keeps the talk going."""
    return _COURTESY.match(text) is not None


def is_pep_talk(text: str) -> bool:
    """Whether a clause is nothing but encouragement: fewer than two words beside it carry a meaning.

    "I won't give up" is; "I'm reading Austen to stay motivated" is not.
    """
    rest, found = _PEP.subn(" ", text.lower())
    return found > 0 and sum(word not in _NO_MATTER for word in _WORD.findall(rest)) < 2
