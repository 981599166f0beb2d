"""A day of one user with one bot, as features: what is stored of it, and how days become a `History`.

A day's features depend on that day's messages alone, so that a late message redoes one day. They are kept as JSON; in it all
columns as one base64 of little-endian rows, and all vectors as another, in half precision (their cosines stay right to three
digits): a long history is hundreds of days, and what counts then is how many pieces there are to unpack.
"""

from __future__ import annotations

import base64
from binascii import a2b_base64
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any

import numpy as np

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.history import (
    TRAITS,
    AccessCounts,
    DayTerms,
    Form,
    Mention,
    Mentions,
    OpenItem,
    Reaction,
    Segment,
    Turns,
    VectorSums,
)

FORMAT = 3
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

_ROW = np.dtype(
    [
        (name, np.dtype(kind).newbyteorder("<"), (len(TRAITS),))
        if name == "traits"
        else (name, np.dtype(kind).newbyteorder("<"))
        for name, kind in _TYPES.items()
    ]
)
"""A turn as it is stored, without padding."""

_MENTION = np.dtype([("form", "<i4"), ("turn", "<i4")])
"""A mention as it is stored; both indices count within the day."""


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
    mentions: Sequence[Mention] = ()
    segments: tuple[Segment, ...] = ()
    open_items: tuple[OpenItem, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    vector_sums: tuple[VectorSums, ...] = ()
    day_terms: tuple[DayTerms, ...] = ()
    access: Mapping[str, AccessCounts] = field(default_factory=dict)


@dataclass(frozen=True)
class Course:
    """All days of a user, put together once. What was known at an earlier day is a cut of it: everything is in the order of
    days. ``ends`` are, by day, how many items of each part of `Joined` there are up to its end."""

    joined: Joined
    days: Sequence[date] = ()
    ends: Sequence[tuple[int, ...]] = ()

    def up_to(self, day: date) -> Joined:
        """The days up to ``day``."""
        count = bisect_right(self.days, day)
        if count == len(self.days):
            return self.joined
        if count == 0:
            return Joined(no_turns())
        ends = dict(zip(_PARTS, self.ends[count - 1], strict=True))
        whole = self.joined
        columns = {name: getattr(whole.turns, name)[: ends["turns"]] for name in _TYPES}
        return Joined(
            turns=Turns(ids=whole.turns.ids[: ends["turns"]], **columns),
            access=dict(islice(whole.access.items(), ends["access"])),
            **{name: getattr(whole, name)[: ends[name]] for name in _PARTS if name not in ("turns", "access")},
        )


_PARTS = tuple(part.name for part in fields(Joined))


def no_turns() -> Turns:
    """Columns without rows."""
    return _turns((), np.empty(0, dtype=_ROW))


def join(days: Sequence[DayFeatures]) -> Joined:
    """The days in the order of time, with indices that count over all of them."""
    days = sorted(days, key=lambda d: d.day)
    shifts = np.cumsum([0, *(len(d.turns) for d in days)]).tolist()
    moved = [
        {
            **vars(day),
            "open_items": [replace(item, turn=item.turn + shift) for item in day.open_items],
            "segments": [replace(s, first=s.first + shift, last=s.last + shift) for s in day.segments],
            "day_terms": [] if day.day_terms is None else [day.day_terms],
        }
        for shift, day in zip(shifts, days, strict=False)
    ]
    columns = {name: np.concatenate([getattr(d.turns, name) for d in days]) for name in _TYPES} if days else {}
    turns = Turns(ids=tuple(i for d in days for i in d.turns.ids), **columns) if days else no_turns()
    mentions = [
        Mention(m.key, m.label, m.kind, m.turn + s) for s, d in zip(shifts, days, strict=False) for m in d.mentions
    ]
    return _put_together(turns, Mentions.of(mentions), moved)


def course_of(stored: Iterable[tuple[date, Mapping[str, Any]]]) -> Course:
    """Stored days, oldest first, put together: the same as `join` over what `decode` makes of each. Raises `ValueError` as
    `decode` does."""
    days, parts, ends = [], [], []
    rows = bytearray()
    mentions = _StoredMentions()
    ids: list[str] = []
    counts = [0] * len(_PARTS)
    for day, features in stored:
        _check(features)
        part = _parts(day, features, len(ids))
        named = mentions.add(features["mentions"], len(ids))
        ids += features["ids"]
        rows += a2b_base64(features["turns"])
        parts.append(part)
        days.append(day)
        sizes = {name: len(found) for name, found in part.items()}
        sizes |= {"turns": len(features["ids"]), "mentions": named}
        counts = [count + sizes[name] for count, name in zip(counts, _PARTS, strict=True)]
        ends.append(tuple(counts))
    turns = _turns(tuple(ids), np.frombuffer(rows, dtype=_ROW))
    return Course(_put_together(turns, mentions.put_together(), parts), days, ends)


def _put_together(turns: Turns, mentions: Mentions, days: Sequence[Mapping[str, Any]]) -> Joined:
    """Parts of days whose indices already count over all of them."""
    segments = tuple(s for day in days for s in day["segments"])
    return Joined(
        turns=replace(turns, segment=segment_column(segments)),
        mentions=mentions,
        segments=segments,
        open_items=tuple(item for day in days for item in day["open_items"]),
        reactions=tuple(reaction for day in days for reaction in day["reactions"]),
        vector_sums=tuple(sums for day in days for sums in day["vector_sums"]),
        day_terms=tuple(terms for day in days for terms in day["day_terms"]),
        access={point_id: counts for day in days for point_id, counts in day["access"].items()},
    )


def segment_column(segments: Sequence[Segment]) -> np.ndarray:
    """`Turns.segment` of segments that cover all turns: int32 [n]."""
    lengths = [s.last - s.first + 1 for s in segments]
    return np.repeat(np.arange(len(segments), dtype=np.int32), lengths)


def encode(features: DayFeatures) -> dict[str, Any]:
    """As JSON."""
    table = np.empty(len(features.turns), dtype=_ROW)
    for name in _TYPES:
        table[name] = getattr(features.turns, name)
    return {
        "format": FORMAT,
        "ids": list(features.turns.ids),
        "turns": _packed(table),
        "mentions": _mentions_as_json(features.mentions),
        "segments": [
            [s.first, s.last, s.topic, list(s.terms), s.bridged, round(s.depth, 4), s.private]
            for s in features.segments
        ],
        "open_items": [
            [i.turn, i.kind, i.text, list(i.terms), i.due.isoformat() if i.due else None, i.scope.value]
            for i in features.open_items
        ],
        "reactions": [[r.at, r.kind, r.score, r.point_id] for r in features.reactions],
        "vector_sums": [[v.from_user, v.space, v.count] for v in features.vector_sums],
        "vectors": _packed(np.array([v.total for v in features.vector_sums], dtype="<f2")),
        "day_terms": _terms_as_json(features.day_terms),
        "access": {point_id: [counts.count, counts.last_at] for point_id, counts in features.access.items()},
    }


def decode(day: date, stored: Mapping[str, Any]) -> DayFeatures:
    """`encode` undone; without centroids, sums to half precision. Raises `ValueError` for another format."""
    _check(stored)
    parts = _parts(day, stored, 0)
    table = np.frombuffer(a2b_base64(stored["turns"]), dtype=_ROW)
    (terms,) = parts.pop("day_terms") or (None,)
    mentions = _StoredMentions()
    mentions.add(stored["mentions"], 0)
    return DayFeatures(
        day=day,
        turns=_turns(tuple(stored["ids"]), table),
        mentions=mentions.put_together(),
        day_terms=terms,
        **parts,
    )


def _check(stored: Mapping[str, Any]) -> None:
    if stored.get("format") != FORMAT:
        raise ValueError(f"Features of format {stored.get('format')!r}; this code reads {FORMAT}.")


def _turns(ids: tuple[str, ...], table: np.ndarray) -> Turns:
    return Turns(ids=ids, **{name: table[name].astype(_WIDENED.get(name, kind)) for name, kind in _TYPES.items()})


def _parts(day: date, stored: Mapping[str, Any], shift: int) -> dict[str, Any]:
    """All but turns and mentions, by the names of `Joined`; indices of turns are moved by ``shift``."""
    vectors = _unstacked(stored["vectors"], len(stored["vector_sums"]))
    return {
        "segments": [
            Segment(first + shift, last + shift, topic, tuple(terms), bridged, depth, private)
            for first, last, topic, terms, bridged, depth, private in stored["segments"]
        ],
        "open_items": [
            OpenItem(turn + shift, kind, text, tuple(terms), date.fromisoformat(due) if due else None, Scope(scope))
            for turn, kind, text, terms, due, scope in stored["open_items"]
        ],
        "reactions": [Reaction(*reaction) for reaction in stored["reactions"]],
        "vector_sums": [
            VectorSums(day, from_user, space, total, count)
            for (from_user, space, count), total in zip(stored["vector_sums"], vectors, strict=True)
        ],
        "day_terms": _terms_from_json(day, stored["day_terms"]),
        "access": {point_id: AccessCounts(*counts) for point_id, counts in stored["access"].items()},
    }  # fmt: skip


def _mentions_as_json(mentions: Sequence[Mention]) -> dict[str, Any]:
    """By turn, kind and key; of several labels of a term, the day's first."""
    labels: dict[tuple[str, str], str] = {}
    for m in mentions:
        labels.setdefault((m.kind, m.key), m.label)
    ids = {name: index for index, name in enumerate(labels)}
    named = sorted((m.turn, m.kind, m.key) for m in mentions)
    rows = np.array([(ids[kind, key], turn) for turn, kind, key in named], dtype=_MENTION)
    return {
        "names": [f"{kind}:{key}" for kind, key in labels],
        "labels": list(labels.values()),
        "rows": _packed(rows),
    }


class _StoredMentions:
    """Collects the mentions of days as they are stored."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.labels: list[str] = []
        self.rows = bytearray()
        self.days: list[tuple[int, int, int]] = []

    def add(self, stored: Mapping[str, Any], shift: int) -> int:
        """A day whose turns are moved by ``shift``; returns how many mentions it has."""
        rows = a2b_base64(stored["rows"])
        added = len(rows) // _MENTION.itemsize
        self.days.append((added, len(self.names), shift))
        self.names += stored["names"]
        self.labels += stored["labels"]
        self.rows += rows
        return added

    def put_together(self) -> Mentions:
        """All of them."""
        ids: dict[tuple[str, str], int] = {}
        names = zip(self.names, self.labels, strict=True)
        # Every day has its own names, most of them those of other days too.
        of_days = np.array([ids.setdefault(name, len(ids)) for name in names], dtype=np.int64)
        counts, before, shifts = np.array(self.days, dtype=np.int64).reshape(-1, 3).T
        table = np.frombuffer(self.rows, dtype=_MENTION)
        parted = ((name.partition(":"), label) for name, label in ids)
        return Mentions(
            [Form(key, label, kind) for (kind, _, key), label in parted],
            of_days[table["form"] + np.repeat(before, counts)],
            table["turn"] + np.repeat(shifts, counts),
        )


def _terms_as_json(terms: DayTerms | None) -> list[str] | None:
    return None if terms is None else [_packed(np.array(side, dtype="<u4")) for side in (terms.user, terms.bot)]


def _terms_from_json(day: date, stored: Sequence[str] | None) -> tuple[DayTerms, ...]:
    if stored is None:
        return ()
    user, bot = (tuple(np.frombuffer(a2b_base64(side), dtype="<u4").tolist()) for side in stored)
    return (DayTerms(day, user, bot),)


def _unstacked(packed: str, count: int) -> np.ndarray:
    """float32 [count, dimensions]"""
    if not count:
        return np.empty((0, 0), dtype=np.float32)
    return np.frombuffer(a2b_base64(packed), dtype="<f2").reshape(count, -1).astype(np.float32)


def _packed(column: np.ndarray) -> str:
    return base64.b64encode(column.tobytes()).decode("ascii")
