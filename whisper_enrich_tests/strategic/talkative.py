"""Histories made of columns, for what needs many turns: no text is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import TRAITS, History, KnownFact, Mention, Turns

AS_OF = datetime(2026, 3, 30, 20, 0, tzinfo=UTC)
DAY = 86400.0

Said = tuple[float, str, str]
"""Days before `AS_OF`, 'user' or 'bot', the keys that the turn names (separated by commas; a capital makes an entity)."""


def history_of_mentions(said: Sequence[Said], *, private: Sequence[int] = (), **more: Any) -> History:
    """A history with these turns, in the order of time; ``private`` are positions in ``said``."""
    order = sorted(range(len(said)), key=lambda i: -said[i][0])
    at = np.array([AS_OF.timestamp() - said[i][0] * DAY for i in order])
    mentions = [
        Mention(key.lower(), key, "entity" if key[0].isupper() else "topic", turn)
        for turn, i in enumerate(order)
        for key in filter(None, said[i][2].split(","))
    ]
    turns = turns_at(at, np.array([said[i][1] == "user" for i in order]), np.array([i in private for i in order]))
    return History(**{"bot_name": "ines", "user_id": "u1", "user_name": "Ana", "as_of": AS_OF, "turns": turns,
                      "mentions": mentions, **more})  # fmt: skip


def turns_at(at: np.ndarray, from_user: np.ndarray, private: np.ndarray | None = None) -> Turns:
    """Turns of which nothing is known but when and by whom they were said."""
    n = len(at)
    nothing, unknown = np.zeros(n, dtype=np.int8), np.full(n, np.nan, dtype=np.float32)
    return Turns(
        ids=tuple(f"p{i}" for i in range(n)), at=at.astype(float), from_user=from_user.astype(bool),
        private=np.zeros(n, dtype=bool) if private is None else private.astype(bool),
        characters=np.full(n, 60, dtype=np.int32), words=np.full(n, 12, dtype=np.int32), emotion=nothing - 1,
        intensity=unknown, valence=unknown, question=nothing, opening=nothing,
        traits=np.full((n, len(TRAITS)), np.nan, dtype=np.float32), coherence=unknown,
        segment=np.zeros(n, dtype=np.int32),
    )  # fmt: skip


def fact(number: int, days_ago: Sequence[float], statement: str = "keeps bees", **more: Any) -> KnownFact:
    """A current fact that was said so many days before `AS_OF`."""
    said = tuple(sorted(AS_OF.timestamp() - days * DAY for days in days_ago))
    return KnownFact(**{"fact_id": number, "statement": statement, "category": "personal", "attribute": "", "value": "",
                        "scope": Scope.SHARED, "tense": "present", "confidence": 0.9, "said_at": said,
                        "message_ids": (), **more})  # fmt: skip


def talkative_history(
    turns: int = 5000, mentions: int = 4000, seed: int = 1, days: int = 180, **more: Mapping
) -> History:
    """Somebody who talks every day; a few words come up often, most once or twice (Zipf)."""
    generator = np.random.default_rng(seed)
    sessions = np.sort(generator.uniform(0, days, max(1, turns // 10)))
    at = np.sort(
        AS_OF.timestamp() - (days - generator.choice(sessions, turns)) * DAY + generator.uniform(-600, 0, turns)
    )
    words = generator.zipf(1.35, mentions) % max(1, mentions // 3)
    where = np.sort(generator.integers(0, turns, mentions))
    named = [
        Mention(f"word{w}", f"Word{w}", "entity" if w % 3 == 0 else "topic", int(t))
        for w, t in zip(words.tolist(), where.tolist(), strict=True)
    ]
    return History(**{"bot_name": "ines", "user_id": "u1", "user_name": "Ana", "as_of": AS_OF,
                      "turns": turns_at(at, np.arange(turns) % 2 == 0), "mentions": named, **more})  # fmt: skip
