"""What a run has spent on a model."""

from __future__ import annotations

from dataclasses import dataclass, fields
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class Spent:
    """What a gateway has asked so far.

    ``messages`` were sent as content in ``calls`` of which ``failed`` brought no usable answer; ``reused`` questions were
    answered from the store. ``cost`` in US dollars is of the calls whose price is known; ``unpriced`` are the others.
    """

    calls: int = 0
    failed: int = 0
    messages: int = 0
    tokens_in: int = 0
    tokens_cached: int = 0
    tokens_out: int = 0
    cost: Decimal = Decimal(0)
    unpriced: int = 0
    reused: int = 0

    def __add__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Spent)))

    def __sub__(self, other: Spent) -> Spent:
        return Spent(*(getattr(self, f.name) - getattr(other, f.name) for f in fields(Spent)))
