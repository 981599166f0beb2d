"""The rules of the extractive engine, by subject. In a clause the first rule that matches wins its attribute."""

from __future__ import annotations

from whisper_enrich.facts.rules import (
    ending,
    health,
    inner,
    intention,
    personal,
    place,
    possession,
    preference,
    relationship,
    skill,
    work,
)
from whisper_enrich.facts.rules.model import Rule

# Order matters where two rules fit one clause: what ends something before what states it, the specific before the general.
RULES: tuple[Rule, ...] = (
    *ending.RULES,
    *personal.RULES,
    *health.RULES,
    *relationship.RULES,
    *work.RULES,
    *place.RULES,
    *possession.RULES,
    *skill.RULES,
    *intention.RULES,
    *inner.RULES,
    *preference.RULES,
)
