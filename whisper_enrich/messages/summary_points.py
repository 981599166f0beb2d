"""Vectors of summaries as points of a collection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from whisper_enrich.messages.model import Point, Scope
from whisper_enrich.messages.store import SUMMARY_VECTOR, NearSummary, SummaryWindow

USER, SCOPE, START, END = "user_id", "scope", "start", "end"


def point_of(bot_name: str, window: SummaryWindow, vector: Sequence[float]) -> Point:
    """The point that stands for a summary."""
    payload = {USER: window.user_id, SCOPE: str(window.scope), START: _iso(window.start), END: _iso(window.end)}
    return Point(summary_point_id(bot_name, window), payload, {SUMMARY_VECTOR: vector})


def summary_point_id(bot_name: str, window: SummaryWindow) -> str:
    """The same for the same window, always."""
    key = (bot_name, window.user_id, _iso(window.start), _iso(window.end), str(window.scope))
    return str(uuid5(NAMESPACE_URL, "\x1f".join(("whisper_enrich/summary", *key))))


def near_summary(payload: Mapping[str, Any] | None, score: float) -> NearSummary:
    """What a search found."""
    return NearSummary(window_of(payload), score)


def window_of(payload: Mapping[str, Any] | None) -> SummaryWindow:
    """Which summary a point stands for."""
    found = payload or {}
    start, end = datetime.fromisoformat(found[START]), datetime.fromisoformat(found[END])
    return SummaryWindow(found[USER], start, end, Scope(found[SCOPE]))


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
