"""How often each rule is right."""

from __future__ import annotations

DEFAULT = 0.8
PRECISION: dict[str, float] = {}


def of_rule(name: str) -> float:
    """The measured precision of a rule, or `DEFAULT` where too few of its facts have been read."""
    return PRECISION.get(name, DEFAULT)
