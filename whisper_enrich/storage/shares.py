"""Shares of a bot's users: for whom one of several runs works, where a single one would be too slow."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Share:
    """The ``number``-th of ``of`` shares, counted from 1; written ``2/8``.

    A user belongs to the share that the first 32 bits of the MD5 of the id give, modulo ``of``: the same in every process
    and in SQL. Nothing that is stored rests on it, so ``of`` may change from one round to the next.
    """

    number: int
    of: int

    def __post_init__(self) -> None:
        if not 1 <= self.number <= self.of:
            raise ValueError(f"there is no share {self.number} of {self.of}")

    def __str__(self) -> str:
        return f"{self.number}/{self.of}"

    @classmethod
    def parse(cls, text: str) -> Share:
        """The share that is written so. Raises ValueError."""
        number, _, of = text.partition("/")
        return cls(int(number), int(of))

    @classmethod
    def all(cls, of: int) -> tuple[Share, ...]:
        """The shares that are everybody together."""
        return tuple(cls(number, of) for number in range(1, of + 1))

    def holds(self, user_id: str | None) -> bool:
        """Whether a user is in this share. What is nobody's is where the empty id would be."""
        digest = hashlib.md5((user_id or "").encode(), usedforsecurity=False).hexdigest()
        return int(digest[:8], 16) % self.of == self.number - 1


HOLDS = (
    "mod(CAST(CAST('x' || left(md5(coalesce(user_id, '')), 8) AS bit(32)) AS bigint), :share_of) = :share_number - 1"
)
"""`Share.holds` as a condition over ``user_id``, with `parameters`."""


def parameters(share: Share) -> dict[str, int]:
    """What `HOLDS` takes."""
    return {"share_of": share.of, "share_number": share.number}
