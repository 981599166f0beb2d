"""What is kept of a day's vectors: how close each turn is to what it answers, and sums from which centroids come.

The bots store three vectors with a message (`SPACES`); they are read once, as unit vectors, and not kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from whisper_enrich.messages.store import VECTOR_SIZE
from whisper_enrich.strategic.history import SPACES, VectorSums

TurnVectors = Mapping[str, Sequence[float] | np.ndarray]
"""The vectors of one turn by space. A space that is missing, of another length, zero or not finite is no vector."""


def coherence(from_user: Sequence[bool], vectors: Sequence[TurnVectors | None]) -> np.ndarray:
    """Cosine of each turn's content vector with that of the last turn of the other speaker, float32 [n] in -1..1.

    The turns are those of one user, bot and day in the order of the conversation; ``vectors`` is None for a turn without any,
    as for both halves of a point that holds question and answer under one vector. NaN where nobody else has spoken yet
    that day, and where either turn has no vector: an earlier turn that has one does not stand in.

    Raises ValueError where the arguments differ in number.
    """
    unit = unit_vectors(vectors, "content")
    _same_number(from_user, vectors)
    other = _last_of_the_other(np.asarray(from_user, dtype=bool))
    answers = np.flatnonzero(other >= 0)
    found = np.full(len(unit), np.nan, dtype=np.float32)
    cosines = np.einsum("ij,ij->i", unit[answers], unit[other[answers]])
    there = unit.any(axis=1)
    found[answers] = np.where(there[answers] & there[other[answers]], np.clip(cosines, -1.0, 1.0), np.nan)
    return found


def vector_sums(day: date, from_user: Sequence[bool], vectors: Sequence[TurnVectors | None]) -> list[VectorSums]:
    """Sums of the unit vectors of a day's turns by speaker (the user first) and space; none where nothing was summed.

    The length of a sum over its count is the mean resultant length (Mardia and Jupp, Directional Statistics, 2000): 1 where
    all turns point the same way. Raises ValueError where the arguments differ in number.
    """
    _same_number(from_user, vectors)
    speaker = np.asarray(from_user, dtype=bool)
    sums = []
    for space in SPACES:
        unit = unit_vectors(vectors, space)
        there = unit.any(axis=1)
        for user in (True, False):
            chosen = there & (speaker == user)
            if chosen.any():
                sums.append(VectorSums(day, user, space, unit[chosen].sum(axis=0), int(chosen.sum())))
    return sorted(sums, key=lambda one: (not one.from_user, one.space))


def unit_vectors(vectors: Sequence[TurnVectors | None], space: str) -> np.ndarray:
    """The vectors of one space at unit length, float32 [n, 384]; a row of zeros where there is none."""
    rows = np.zeros((len(vectors), VECTOR_SIZE), dtype=np.float32)
    for row, held in zip(rows, vectors, strict=True):
        given = None if held is None else held.get(space)
        if given is not None and len(given) == VECTOR_SIZE:
            # Twice as fast for a list as assigning it.
            row[:] = np.asarray(given, dtype=np.float32)
    # In single precision a square can overflow where the value itself does not.
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    usable = np.isfinite(lengths) & (lengths > 0.0)
    rows[~usable] = 0.0
    rows[usable] /= lengths[usable, None]
    return rows


def _last_of_the_other(from_user: np.ndarray) -> np.ndarray:
    """For each turn the index of the last earlier turn of the other speaker, -1 where there is none."""
    index = np.arange(len(from_user))
    last_user = np.maximum.accumulate(np.where(from_user, index, -1))
    last_bot = np.maximum.accumulate(np.where(from_user, -1, index))
    return np.where(from_user, last_bot, last_user)


def _same_number(from_user: Sequence[bool], vectors: Sequence[TurnVectors | None]) -> None:
    if len(from_user) != len(vectors):
        raise ValueError(f"{len(from_user)} speakers and {len(vectors)} vectors")
