"""What the messages of a summary are found by: the direction in which they lie together, and hashes of their words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from whisper_enrich.messages.model import Message
from whisper_enrich.text.terms import terms

_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True)
class Findable:
    """Of one summary. ``vector`` is None where the messages have no direction; ``terms`` are ascending, each once."""

    vector: Sequence[float] | None
    terms: list[int]


def findable(messages: Iterable[Message]) -> Findable:
    """What these messages are found by; the vector of a point that holds two of them counts once."""
    held = list(messages)
    vectors = {message.point_id: message.vector for message in held if message.vector is not None}
    said = set[int]().union(*(terms(message.text) for message in held))
    return Findable(mean_direction(list(vectors.values())), sorted(said))


def mean_direction(vectors: Sequence[Sequence[float]]) -> list[float] | None:
    """The mean of the vectors, each scaled to unit length, scaled to unit length itself.

    None without a vector that has a direction, and where they cancel each other out (a mean shorter than 1e-6).
    """
    if not vectors:
        return None
    rows = np.array([np.asarray(vector) for vector in vectors], dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1)
    rows, lengths = rows[lengths > 0], lengths[lengths > 0]
    if not len(rows):
        return None
    mean = (rows / lengths[:, None]).mean(axis=0)
    length = np.linalg.norm(mean)
    return (mean / length).tolist() if length > _SHORTEST else None
