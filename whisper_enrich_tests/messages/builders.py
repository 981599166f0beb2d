"""Points and marks as the tests need them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from whisper_enrich.messages.model import ParsedPoint, Point
from whisper_enrich.messages.parsing import content_hash, parse_point
from whisper_enrich.messages.store import Mark

PREFIXES = ("whisperengine_memory_", "chat_memories_")
NOW = datetime(2026, 1, 20, 12, 0, tzinfo=UTC)
FIRST_DAY = date(2025, 1, 1)
LEDGER = "ledger-one"


def uuid_of(number: int) -> str:
    """A point id with no order in it, always the same for a number."""
    return str(UUID(int=(number * 0x9E3779B97F4A7C15F39CC0605CEDC835 + 1) % 2**128))


def payload(**fields: Any) -> dict[str, Any]:
    """A user's message as today's bots write it; a field given as ``...`` is left out."""
    written = {
        "user_id": "672814231002939413",
        "memory_type": "conversation",
        "role": "user",
        "source": "user_message",
        "content": "I moved to Leeds last week.",
        "timestamp": "2026-01-14T23:41:19.323069",
        "timestamp_unix": 1768434079.323069,
        "emotional_context": "joy",
        "emotional_intensity": 0.7,
        "channel_id": "1100",
        "channel_type": "guild",
        "access_count": 0,
    } | fields
    return {name: value for name, value in written.items() if value is not ...}


def point(number: int = 1, vectors: dict[str, Sequence[float]] | None = None, **fields: Any) -> Point:
    return Point(uuid_of(number), payload(**fields), vectors or {})


def parse(**fields: Any) -> ParsedPoint:
    return parse_point("elena", point(**fields), now=NOW, first_day=FIRST_DAY)


def mark_of(marked: Point, status: str = "completed", ledger_id: str = LEDGER) -> Mark:
    return Mark(marked.id, status, content_hash(marked.payload), "1", ledger_id, NOW)
