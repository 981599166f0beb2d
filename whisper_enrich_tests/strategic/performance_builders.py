"""Turns and histories as numbers, without texts: what the performance of a bot is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from whisper_enrich.messages.store import VECTOR_SIZE
from whisper_enrich.strategic.history import TRAITS, History, Reaction, Turns, VectorSums

AS_OF = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
"""A Friday noon."""

Turn = tuple[str, float] | tuple[str, float, dict[str, float]]
"""'user' or 'bot', seconds since the conversation's start; and what else: valence, coherence."""


def turns_of(*conversations: tuple[datetime, Sequence[Turn]]) -> Turns:
    """Columns of turns, in the order given."""
    rows = [
        (start.timestamp() + seconds, who == "user", *_more(rest))
        for start, said in conversations
        for who, seconds, *rest in said
    ]
    n = len(rows)
    zeros = np.zeros(n)
    at, from_user, valence, coherence = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Turns(
        ids=tuple(str(i) for i in range(n)), at=np.array(at, dtype=np.float64), from_user=np.array(from_user, dtype=bool),
        private=zeros.astype(bool), characters=zeros.astype(np.int32), words=zeros.astype(np.int32),
        emotion=zeros.astype(np.int8), intensity=zeros.astype(np.float32), valence=np.array(valence, dtype=np.float32),
        question=zeros.astype(np.int8), opening=zeros.astype(np.int8),
        traits=np.zeros((n, len(TRAITS)), dtype=np.float32), coherence=np.array(coherence, dtype=np.float32),
        segment=zeros.astype(np.int32),
    )  # fmt: skip


def _more(rest: Sequence[dict[str, float]]) -> tuple[float, float]:
    more = rest[0] if rest else {}
    return more.get("valence", np.nan), more.get("coherence", np.nan)


def history(
    turns: Turns,
    user: str = "u1",
    as_of: datetime = AS_OF,
    reactions: Sequence[Reaction] = (),
    vector_sums: Sequence[VectorSums] = (),
) -> History:
    """Of the bot Ines."""
    return History("ines", user, "Ana", as_of, turns, reactions=reactions, vector_sums=vector_sums)


def exchanges(count: int, every: float = 120.0, **more: float) -> list[Turn]:
    """The user says something, the bot answers under the platform's stamp; ``every`` so many seconds."""
    said: list[Turn] = []
    for n in range(count):
        said += [("user", n * every, more), ("bot", n * every + 0.001, more)]
    return said


def on_day(back: int, hour: float = 9.0) -> datetime:
    """An hour of the day ``back`` days before the one of `AS_OF`."""
    return datetime(2026, 3, 20, tzinfo=UTC) - timedelta(days=back) + timedelta(hours=hour)


def voice_sums(day: date, directions: np.ndarray, space: str = "semantic", from_user: bool = False) -> VectorSums:
    """Of turns that point into the given directions [n, 384]."""
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return VectorSums(day, from_user, space, units.sum(axis=0).astype(np.float32), len(units))


def axis(number: int) -> np.ndarray:
    """A unit vector along one axis."""
    return np.eye(VECTOR_SIZE)[number]
