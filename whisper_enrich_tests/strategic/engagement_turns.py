"""Columns for the engagement tests: only what those engines read is filled in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import numpy as np

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import EMOTIONS, TRAITS, Turns


def turns_of(said: Sequence[tuple[str, bool, datetime, Scope]], moods: Sequence[str | None] = ()) -> Turns:
    """Turns with the ids "m0", "m1", …; ``moods`` the emotions' names."""
    count = len(said)
    unknown = np.full(count, np.nan, dtype=np.float32)
    nothing = np.zeros(count, dtype=np.int8)
    named = list(moods) + [None] * (count - len(moods))
    return Turns(
        ids=tuple(f"m{n}" for n in range(count)),
        at=np.array([at.timestamp() for _, _, at, _ in said], dtype=np.float64),
        from_user=np.array([user for _, user, _, _ in said], dtype=bool),
        private=np.array([scope is Scope.DM for _, _, _, scope in said], dtype=bool),
        characters=np.array([len(text) for text, _, _, _ in said], dtype=np.int32),
        words=np.array([len(text.split()) for text, _, _, _ in said], dtype=np.int32),
        emotion=np.array([EMOTIONS.index(mood) if mood else -1 for mood in named], dtype=np.int8),
        intensity=unknown,
        valence=unknown,
        question=nothing,
        opening=nothing,
        traits=np.zeros((count, len(TRAITS)), dtype=np.float32),
        coherence=unknown,
        segment=np.zeros(count, dtype=np.int32),
    )
