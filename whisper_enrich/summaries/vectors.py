"""The vector of a summary: the direction in which its messages lie together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_SHORTEST = 1e-6


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
