"""Turns and histories by number, for the engines that read traits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from whisper_enrich.strategic.history import TRAITS, History, Turns

START = datetime(2026, 3, 2, 18, 0, tzinfo=UTC)

Row = tuple[float, bool, Mapping[str, Any]]
"""Seconds after the start, whether the user says it, and what else: words, traits by name, valence, emotion, private."""


def turns(rows: Sequence[Row]) -> Turns:
    """Columns from rows; traits not named are 0, or NaN throughout with ``untold``."""
    n = len(rows)
    more = [row[2] for row in rows]

    def column(name: str, default: Any, dtype: Any) -> np.ndarray:
        return np.array([row.get(name, default) for row in more], dtype=dtype)

    scores = np.zeros((n, len(TRAITS)), dtype=np.float32)
    for index, row in enumerate(more):
        for trait, value in row.get("traits", {}).items():
            scores[index, TRAITS.index(trait)] = value
        if row.get("untold"):
            scores[index] = np.nan
    words = column("words", 10, np.int32)
    return Turns(
        ids=tuple(f"p{index}" for index in range(n)),
        at=np.array([START.timestamp() + row[0] for row in rows], dtype=np.float64),
        from_user=np.array([row[1] for row in rows], dtype=bool),
        private=column("private", False, bool),
        characters=(words * 6).astype(np.int32),
        words=words,
        emotion=column("emotion", -1, np.int8),
        intensity=column("intensity", np.nan, np.float32),
        valence=column("valence", np.nan, np.float32),
        question=column("question", 0, np.int8),
        opening=np.zeros(n, dtype=np.int8),
        traits=scores,
        coherence=np.full(n, np.nan, dtype=np.float32),
        segment=np.zeros(n, dtype=np.int32),
    )


def history(rows: Sequence[Row], as_of: float | None = None, **more: Any) -> History:
    """A history of ``rows``, as of a day after the last unless said otherwise (seconds after the start)."""
    end = as_of if as_of is not None else (rows[-1][0] if rows else 0.0) + 86400.0
    named = {"bot_name": "ines", "user_id": "u1", "user_name": "Ana", "zone": UTC} | more
    return History(as_of=datetime.fromtimestamp(START.timestamp() + end, tz=UTC), turns=turns(rows), **named)


def talk(sessions: int, exchange: Any) -> list[Row]:
    """``sessions`` sessions a day apart: the user writes, the bot answers, and ``exchange(number)`` gives what the bot's
    turn shows and what the user does next (None: nothing)."""
    rows: list[Row] = []
    for number in range(sessions):
        at = number * 86400.0
        shown, answer = exchange(number)
        rows += [(at, True, {"valence": 0.0}), (at + 5.0, False, {"traits": shown})]
        if answer is not None:
            delay, extra = answer
            rows.append((at + 5.0 + delay, True, extra))
    return rows
