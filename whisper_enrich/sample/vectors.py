"""The vectors of the sample: computed once with a real embedding model, kept as small integers.

``vectors.npz`` holds ``ids`` (line ids) and ``vectors`` (lines x 3 x 384, int8), the three in the order of
`VECTOR_NAMES`; made by ``benchmarks/embed_sample.py``, which says with what. A row's scale is left out: only the
direction matters to a cosine.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from whisper_enrich.messages.store import VECTOR_NAMES

if TYPE_CHECKING:
    import numpy as np

VECTORS_FILE = "vectors.npz"


def vectors_of(line_ids: Sequence[str]) -> dict[str, list[float]]:
    """The three named vectors, normalised, of the words of one or more lines: of several, the direction of their mean.

    Raises `KeyError` for a line that has none: the file is older than the conversations and must be made again.
    """
    import numpy as np

    rows, vectors = _table()
    mean = vectors[[rows[line_id] for line_id in line_ids]].mean(axis=0)
    mean /= np.linalg.norm(mean, axis=-1, keepdims=True)
    return dict(zip(VECTOR_NAMES, mean.tolist(), strict=True))


@cache
def _table() -> tuple[dict[str, int], np.ndarray]:
    """(row by line id, vectors of unit length as float32)."""
    import numpy as np

    with (
        resources.as_file(resources.files("whisper_enrich.sample").joinpath(VECTORS_FILE)) as path,
        np.load(path, allow_pickle=False) as stored,
    ):
        ids, vectors = stored["ids"].tolist(), stored["vectors"].astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=-1, keepdims=True)
    return {line_id: row for row, line_id in enumerate(ids)}, vectors
