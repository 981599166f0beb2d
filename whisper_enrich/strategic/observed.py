"""What a store says beside the words: reactions by emoji, and how often a memory was retrieved."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from whisper_enrich.strategic.history import AccessCounts, Reaction

ACCESS_FIELDS: tuple[str, ...] = ("access_count", "retrieval_count", "last_accessed")
"""Payload fields of the design contract; the deployed bots never write them."""

REACTION_SCORES: dict[str, float] = {
    "positive_strong": 1.0,
    "positive_mild": 0.5,
    "mystical_wonder": 0.5,
    "tech_appreciation": 0.5,
    "neutral_thoughtful": 0.0,
    "surprise": 0.0,
    "confusion": -0.5,
    "negative_mild": -0.5,
    "sadness": -0.5,
    "negative_strong": -1.0,
}
"""The platform's kinds of reactions as how content the user was with what they reacted to, -1..1.

Strong ones count twice as much as mild ones, wonder and appreciation as mild praise, surprise and thought as neither; the
platform has no scale of its own for them. A kind that is not here says nothing and is left out.
"""


def reaction(point_id: str, payload: Mapping[str, Any], at: datetime) -> Reaction | None:
    """The reaction in a point, None where its kind is missing or unknown."""
    kind = payload.get("emotion_type")
    if not isinstance(kind, str) or kind.strip().lower() not in REACTION_SCORES:
        return None
    kind = kind.strip().lower()
    return Reaction(at.timestamp(), kind, REACTION_SCORES[kind], point_id)


def access(payload: Mapping[str, Any]) -> AccessCounts | None:
    """How often a point was retrieved, None where the store does not say. The larger of the two counts is taken."""
    counts = [_count(payload.get(name)) for name in ("access_count", "retrieval_count")]
    known = [count for count in counts if count is not None]
    return AccessCounts(max(known), _seconds(payload.get("last_accessed"))) if known else None


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
        return None
    return int(value) if value >= 0 and value == int(value) else None


def _seconds(value: object) -> float | None:
    """Seconds since 1970 UTC of an ISO text (naive means UTC, as all of the platform's times) or a number."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value) if isfinite(value) else None
    if not isinstance(value, str):
        return None
    try:
        at = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
