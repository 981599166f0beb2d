"""Resolutions and encouragements without an object: "I'll keep going", "I won't quit", "it keeps me motivated".

They fill chat between two people who cheer each other on and say nothing that is worth remembering about either. A clause
that has something to say beside them ("I'm reading Austen to stay motivated") is kept.
"""

from __future__ import annotations

import re

from whisper_enrich.text.words import word_set

_PEP = re.compile(
    r"\b(?:keep(?:ing|s)? (?:going|it up|on|pushing|at it|working|moving|chasing|trying|fighting|doing|making|spreading|supporting)"
    r"|(?:not|never|won't) (?:\w+ )*(?:give up|giving up|quit)|giv(?:e|ing) (?:it|this) (?:my|our) (?:all|best)"
    r"|do(?:ing)? (?:my|our) best|make (?:it|this|that|(?:my|our) \w+) (?:happen|work|come true)"
    r"|(?:chas|follow|pursu|reach)\w+ (?:\w+ ){0,2}(?:dreams?|goals?)"
    r"|(?:stay(?:ing)?|keeps? (?:me|us)) (?:positive|strong|focused|motivated|determined|optimistic|pushing|going)"
    r"|let(?:ting)? (?:\w+ )?(?:get|gets) (?:me|us) down|mak(?:e|ing) (?:a|some|more|an) (?:\w+ )?(?:difference|memories|impact)"
    r"|believ\w+ in (?:myself|ourselves)|be(?:ing)? (?:confident|strong|brave))\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[a-z][a-z'-]+")
_NO_MATTER = word_set(
    """
    am is are was were be been will won't would can can't could have has had do does don't going gonna want wants wanted to and
    or but so the an of in on at for with it it's its that this these those them they my our me us we we'll i'm i'll i've just
    really always never ever also still even when where how what whatever no matter comes way hard harder tough tougher through
    right now help helps helped helping give gives gave strength power courage oomph determined trying try plan hope hopes feel
    feeling feels confident able sure more most only together success future goals dreams life things get keep keeps make makes
    remind reminds reminded pushed pushes push any all anything something success believe
    """
)


def is_pep_talk(text: str) -> bool:
    """Whether a clause is nothing but encouragement: fewer than two words beside it carry a meaning."""
    rest, found = _PEP.subn(" ", text.lower())
    return found > 0 and sum(word not in _NO_MATTER for word in _WORD.findall(rest)) < 2
