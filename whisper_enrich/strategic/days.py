"""A day of one user with one bot, as features: what is stored of it, and how days become a `History`.

A day's features depend on that day's messages alone, so that a late message redoes one day. They are kept as JSON; columns
and vectors in it as base64 of little-endian numbers, vectors in half precision (their cosines stay right to three digits).
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from typing import Any

import numpy as np

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import (
    TRAITS,
    AccessCounts,
    DayTerms,
    Mention,
    OpenItem,
    Reaction,
    Segment,
    Turns,
    VectorSums,
)

FORMAT = 1
"""Of the JSON. Rows of another format are computed anew."""

_TYPES: dict[str, type] = {
    "at": np.float64,
    "from_user": np.bool_,
    "private": np.bool_,
    "characters": np.int32,
    "words": np.int32,
    "emotion": np.int8,
    "intensity": np.float32,
    "valence": np.float32,
    "question": np.int8,
    "opening": np.int8,
    "traits": np.float16,
    "coherence": np.float16,
    "segment": np.int32,
}
"""The stored type of each column; `Turns` says what each means."""

_WIDENED = {"traits": np.float32, "coherence": np.float32}
"""Columns stored in half precision and worked with in single."""


@dataclass(frozen=True)
class DayFeatures:
    """What was derived from the messages of one UTC day. Indices (of turns, of segments) count within the day."""

    day: date
    turns: Turns
    mentions: Sequence[Mention] = ()
    segments: Sequence[Segment] = ()
    open_items: Sequence[OpenItem] = ()
    reactions: Sequence[Reaction] = ()
    vector_sums: Sequence[VectorSums] = ()
    day_terms: DayTerms | None = None
    access: Mapping[str, AccessCounts] = field(default_factory=dict)

    def last_at(self) -> datetime | None:
        """Time of the last message, None where there is none (a day of reactions)."""
        return datetime.fromtimestamp(float(self.turns.at.max()), UTC) if len(self.turns) else None


@dataclass(frozen=True)
class Joined:
    """Days put together: the parts of a `History` that come from messages."""

    turns: Turns
    mentions: tuple[Mention, ...] = ()
    segments: tuple[Segment, ...] = ()
    open_items: tuple[OpenItem, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    vector_sums: tuple[VectorSums, ...] = ()
    day_terms: tuple[DayTerms, ...] = ()
    access: Mapping[str, AccessCounts] = field(default_factory=dict)


def no_turns() -> Turns:
    """Columns without rows."""
    empty = {name: np.empty(0, dtype=_WIDENED.get(name, kind)) for name, kind in _TYPES.items()}
    return Turns(ids=(), **{**empty, "traits": np.empty((0, len(TRAITS)), dtype=np.float32)})


def join(days: Sequence[DayFeatures]) -> Joined:
    """The days in the order of time, with indices that count over all of them."""
    days = sorted((d for d in days), key=lambda d: d.day)
    if not days:
        return Joined(no_turns())
    turn_offsets = np.cumsum([0, *(len(d.turns) for d in days)])
    columns = {name: np.concatenate([getattr(d.turns, name) for d in days]) for name in _TYPES if name != "segment"}
    mentions, open_items = [], []
    segments: list[Segment] = []
    for shift, day in zip(turn_offsets.tolist(), days, strict=False):
        mentions += [Mention(m.key, m.label, m.kind, m.turn + shift) for m in day.mentions]
        open_items += [replace(item, turn=item.turn + shift) for item in day.open_items]
        segments += [replace(s, first=s.first + shift, last=s.last + shift) for s in day.segments]
    columns["segment"] = segment_column(segments)
    return Joined(
        turns=Turns(ids=tuple(i for d in days for i in d.turns.ids), **columns),
        mentions=tuple(mentions),
        segments=tuple(segments),
        open_items=tuple(open_items),
        reactions=tuple(reaction for d in days for reaction in d.reactions),
        vector_sums=tuple(sums for d in days for sums in d.vector_sums),
        day_terms=tuple(d.day_terms for d in days if d.day_terms is not None),
        access={point_id: counts for d in days for point_id, counts in d.access.items()},
    )


def segment_column(segments: Sequence[Segment]) -> np.ndarray:
    """`Turns.segment` of segments that cover all turns: int32 [n]."""
    lengths = [s.last - s.first + 1 for s in segments]
    return np.repeat(np.arange(len(segments), dtype=np.int32), lengths)


def encode(features: DayFeatures) -> dict[str, Any]:
    """As JSON."""
    turns = {name: _packed(getattr(features.turns, name).astype(kind)) for name, kind in _TYPES.items()}
    mentions: dict[str, list[Any]] = {}
    for m in features.mentions:
        mentions.setdefault(f"{m.kind}:{m.key}", [m.label, []])[1].append(m.turn)
    return {
        "format": FORMAT,
        "ids": list(features.turns.ids),
        "turns": turns,
        "mentions": mentions,
        "segments": [_segment_as_json(s) for s in features.segments],
        "open_items": [
            [i.turn, i.kind, i.text, list(i.terms), i.due.isoformat() if i.due else None, i.scope.value]
            for i in features.open_items
        ],
        "reactions": [[r.at, r.kind, r.score, r.point_id] for r in features.reactions],
        "vector_sums": [[int(v.from_user), v.space, _half(v.total), v.count] for v in features.vector_sums],
        "day_terms": _terms_as_json(features.day_terms),
        "access": {point_id: [counts.count, counts.last_at] for point_id, counts in features.access.items()},
    }


def decode(day: date, stored: Mapping[str, Any]) -> DayFeatures:
    """`encode` undone; centroids and sums to half precision. Raises `ValueError` for another format."""
    if stored.get("format") != FORMAT:
        raise ValueError(f"Features of format {stored.get('format')!r}; this code reads {FORMAT}.")
    ids = tuple(stored["ids"])
    columns = {name: _unpacked(stored["turns"][name], kind, _WIDENED.get(name)) for name, kind in _TYPES.items()}
    columns["traits"] = columns["traits"].reshape(len(ids), len(TRAITS))
    mentions = [
        Mention(key.partition(":")[2], label, key.partition(":")[0], turn)
        for key, (label, turns) in stored["mentions"].items()
        for turn in turns
    ]
    return DayFeatures(
        day=day,
        turns=Turns(ids=ids, **columns),
        mentions=sorted(mentions, key=lambda m: (m.turn, m.kind, m.key)),
        segments=[_segment_from_json(s) for s in stored["segments"]],
        open_items=[
            OpenItem(turn, kind, text, tuple(terms), date.fromisoformat(due) if due else None, Scope(scope))
            for turn, kind, text, terms, due, scope in stored["open_items"]
        ],
        reactions=[Reaction(*reaction) for reaction in stored["reactions"]],
        vector_sums=[
            VectorSums(day, bool(from_user), space, _unpacked(total, np.float16, np.float32), count)
            for from_user, space, total, count in stored["vector_sums"]
        ],
        day_terms=_terms_from_json(day, stored["day_terms"]),
        access={point_id: AccessCounts(*counts) for point_id, counts in stored["access"].items()},
    )


def _terms_as_json(terms: DayTerms | None) -> list[str] | None:
    return None if terms is None else [_packed(np.array(side, dtype=np.uint32)) for side in (terms.user, terms.bot)]


def _terms_from_json(day: date, stored: Sequence[str] | None) -> DayTerms | None:
    if stored is None:
        return None
    user, bot = (tuple(_unpacked(side, np.uint32).tolist()) for side in stored)
    return DayTerms(day, user, bot)


def _segment_as_json(segment: Segment) -> list[Any]:
    values = [getattr(segment, f.name) for f in fields(Segment)]
    return [
        _half(v) if isinstance(v, np.ndarray) else list(v) if isinstance(v, tuple) else round(v, 4) if _real(v) else v
        for v in values
    ]


def _real(value: object) -> bool:
    return isinstance(value, float)


def _segment_from_json(values: Sequence[Any]) -> Segment:
    named = dict(zip((f.name for f in fields(Segment)), values, strict=True))
    centroid = named.pop("centroid")
    unpacked = None if centroid is None else _unpacked(centroid, np.float16, np.float32)
    return Segment(**{**named, "terms": tuple(named["terms"])}, centroid=unpacked)


def _half(vector: np.ndarray) -> str:
    return _packed(vector.astype(np.float16))


def _packed(column: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(column).astype(column.dtype.newbyteorder("<"))).decode("ascii")


def _unpacked(packed: str, kind: type, widened: type | None = None) -> np.ndarray:
    column = np.frombuffer(base64.b64decode(packed), dtype=np.dtype(kind).newbyteorder("<"))
    return column.astype(widened or kind)
