"""What both store adapters do with points: ids, checks before a write, batches, marks held against their content."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC
from math import isfinite
from typing import Any, TypeVar
from uuid import UUID

from whisper_enrich.errors import StoreError
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.parsing import content_hash
from whisper_enrich.messages.store import (
    MARK_HASH,
    MARK_LEDGER,
    MARK_STATUS,
    MARK_TIME,
    MARK_VERSION,
    VECTOR_NAMES,
    VECTOR_SIZE,
    Mark,
    MarkOutcome,
)

MARK_FIELDS: tuple[str, ...] = (MARK_STATUS, MARK_VERSION, MARK_HASH, MARK_TIME, MARK_LEDGER)

MAX_POINTS_A_WRITE = 500
MAX_BYTES_A_WRITE = 8_000_000
"""A server refuses requests of more than 32 MB; vectors, which are of known size, are counted too."""
MAX_PAYLOAD_DEPTH = 64
"""The engine writes any depth, but from 128 on it cannot read back its log: one such point would cost the folder."""

_VECTOR_BYTES = 12 * VECTOR_SIZE
_MAX_ID = 2**64 - 1

T = TypeVar("T")


def engine_id(point_id: str) -> int | str | None:
    """A point id as Qdrant takes it: a whole number or a UUID in canonical form; None for what can be neither."""
    if point_id.isascii() and point_id.isdecimal() and (point_id == "0" or point_id[0] != "0"):
        number = int(point_id) if len(point_id) <= 20 else _MAX_ID + 1
        if number <= _MAX_ID:
            return number
    try:
        return str(UUID(point_id))
    except ValueError:
        return None


def engine_ids(point_ids: Iterable[str]) -> list[int | str]:
    """The ids among ``point_ids`` that Qdrant can know, each once, in order."""
    found = (engine_id(point_id) for point_id in point_ids)
    return list(dict.fromkeys(point_id for point_id in found if point_id is not None))


def ways_to_write_user(user_id: str) -> list[int | str]:
    """What a payload may hold where its user is this one: writers store snowflakes as text and as numbers."""
    number = engine_id(user_id) if user_id.isdecimal() else None
    return [user_id, number] if isinstance(number, int) and number < 2**63 else [user_id]


def chunks(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """Consecutive slices of at most ``size``."""
    return (items[start : start + size] for start in range(0, len(items), size))


def batches_to_write(points: Sequence[Point]) -> list[list[Point]]:
    """The points in batches that one request may carry, all checked before the first is handed out.

    Checked first because a write that the embedded engine refuses stays in its log and may come back after a restart.
    Raises `StoreError` that names the point and what is wrong, never what it says.
    """
    batches: list[list[Point]] = [[]]
    size = 0
    for point in points:
        _check_id(point)
        _check_vectors(point)
        weight = _checked_payload_bytes(point) + _VECTOR_BYTES * len(point.vectors)
        if batches[-1] and (len(batches[-1]) == MAX_POINTS_A_WRITE or size + weight > MAX_BYTES_A_WRITE):
            batches.append([])
            size = 0
        batches[-1].append(point)
        size += weight
    return batches if batches[0] else []


def vector_lists(point: Point) -> dict[str, list[float]]:
    """The vectors of a point as plain lists, whatever sequence or array they are."""
    return {
        name: vector.tolist() if hasattr(vector, "tolist") else list(vector) for name, vector in point.vectors.items()
    }


def compact_vectors(vectors: object) -> dict[str, Sequence[float]]:
    """Named vectors as arrays of 32-bit floats, which is what the engine stores: an eighth of the memory of lists.

    Empty for a point without vectors, and for a collection whose vectors have no names.
    """
    return {name: array("f", vector) for name, vector in vectors.items()} if isinstance(vectors, dict) else {}


def check_vector_names(names: Iterable[str]) -> None:
    """Raises `StoreError` for a name that is not one of `VECTOR_NAMES`."""
    for name in names:
        if name not in VECTOR_NAMES:
            raise StoreError(f"There is no vector {name!r} in a message. Ask for {', '.join(VECTOR_NAMES)}.")


def check_page_size(page_size: int, max_pages: int | None) -> None:
    """Raises `StoreError` for a page size below 1 or a negative number of pages."""
    if page_size < 1 or (max_pages is not None and max_pages < 0):
        raise StoreError("A page holds at least one point, and pages cannot be fewer than none. Correct the page size.")


def mark_payload(mark: Mark) -> dict[str, str]:
    """The payload fields of a mark."""
    return {
        MARK_STATUS: mark.status,
        MARK_VERSION: mark.version,
        MARK_HASH: mark.content_hash,
        MARK_TIME: mark.at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        MARK_LEDGER: mark.ledger_id,
    }


def latest_marks(marks: Iterable[Mark]) -> list[Mark]:
    """One mark a point, the last one given, in the order in which the points were first named."""
    return list({mark.point_id: mark for mark in marks}.values())


def marks_that_hold(
    marks: Iterable[Mark], payloads: Mapping[str, Mapping[str, Any]], outcome: MarkOutcome
) -> list[Mark]:
    """The marks whose point still says what it said; the others are entered in ``outcome``. Payloads are by id."""
    holding = []
    for mark in marks:
        payload = payloads.get(str(engine_id(mark.point_id)))
        if payload is None:
            outcome.missing.append(mark.point_id)
        elif content_hash(payload) != mark.content_hash:
            outcome.changed.append(mark.point_id)
        else:
            holding.append(mark)
    return holding


def _check_id(point: Point) -> None:
    if engine_id(point.id) is None:
        raise StoreError(
            f"{point.id!r} cannot be a point id. Use a UUID or a whole number from 0 to 2^64 - 1, written as text."
        )


def _check_vectors(point: Point) -> None:
    check_vector_names(point.vectors)
    for name, vector in point.vectors.items():
        if len(vector) != VECTOR_SIZE:
            raise StoreError(
                f"The vector {name} of point {point.id} has {len(vector)} numbers. It must have {VECTOR_SIZE}."
            )
        try:
            finite = isfinite(sum(vector))
        except TypeError:
            finite = False
        if not finite:
            raise StoreError(f"The vector {name} of point {point.id} holds something that is no finite number.")


def _checked_payload_bytes(point: Point) -> int:
    payload = dict(point.payload) if isinstance(point.payload, Mapping) else None
    problem = "is no object with fields" if payload is None else _json_problem(payload, 0)
    if problem is None:
        try:
            return len(json.dumps(payload, ensure_ascii=False).encode("utf-8"))
        except UnicodeEncodeError:
            problem = "holds half of a surrogate pair, which is no text"
    raise StoreError(f"The payload of point {point.id} {problem}. Correct the point and write it again.")


def _json_problem(value: object, depth: int) -> str | None:
    """What makes a value impossible to store as JSON, if anything does."""
    if value is None or isinstance(value, (str, bool)):
        return None
    if isinstance(value, float):
        return None if isfinite(value) else "holds a number that is not finite"
    if isinstance(value, int):
        return None if -(2**63) <= value <= _MAX_ID else "holds a whole number of more than 64 bits"
    if depth >= MAX_PAYLOAD_DEPTH:
        return f"is nested deeper than {MAX_PAYLOAD_DEPTH} levels"
    if isinstance(value, dict):
        if not all(isinstance(key, str) for key in value):
            return "has a field name that is no text"
        return next((problem for item in value.values() if (problem := _json_problem(item, depth + 1))), None)
    if isinstance(value, (list, tuple)):
        return next((problem for item in value if (problem := _json_problem(item, depth + 1))), None)
    return f"holds a {type(value).__name__}, which JSON does not know"
