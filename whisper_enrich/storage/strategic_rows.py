"""The strategic caches as somebody reads them: one user's latest rows, those of an earlier day, and a day's of all users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, text

from whisper_enrich.storage.strategic_caches import BOT_WIDE, BY_NAME, VALUES
from whisper_enrich.strategic.validity import Limits, holds_until, silent_from

MOST_OF_A_DAY = 50
"""Users whose rows of a day are read for its picture."""

_BESIDE = ("details", "reasons", "read_up_to", "messages_read")


@dataclass(frozen=True, slots=True)
class StoredRow:
    """What one cache says of a user. ``values`` are all fields of its engines, columns and details alike.

    ``expires_at`` is the row's own end, ``fresh_until`` that for whoever reads it (`strategic.validity.holds_until`),
    ``silent_from`` when the worker counts as silent; all are None for the snapshot of a ``day``.
    """

    cache: str
    user_id: str
    values: Mapping[str, Any]
    reasons: Mapping[str, str]
    computed_at: datetime
    read_up_to: datetime
    messages_read: int
    engine_version: str
    expires_at: datetime | None = None
    fresh_until: datetime | None = None
    silent_from: datetime | None = None
    day: date | None = None


def latest(connection: Connection, bot_name: str, user_id: str, limits: Limits) -> dict[str, StoredRow]:
    """By cache, the rows that are there, and until when they hold."""
    return {
        cache: row
        for cache in sorted(BY_NAME)
        if (row := _latest(connection, cache, bot_name, user_id, limits)) is not None
    }


def _latest(connection: Connection, cache: str, bot_name: str, user_id: str, limits: Limits) -> StoredRow | None:
    found = connection.execute(
        text(
            f"""
            SELECT {", ".join(f"c.{name}" for name in (*VALUES[cache], *_BESIDE))}, c.computed_at, c.expires_at,
                c.engine_version, h.beat_at, coalesce(t.recent, '{{}}') AS touches
            FROM {cache} c LEFT JOIN worker_heartbeats h USING (bot_name) LEFT JOIN message_touches t USING (bot_name, user_id)
            WHERE c.bot_name = :bot AND c.user_id = :user
            """
        ),
        {"bot": bot_name, "user": user_id},
    ).one_or_none()
    if found is None:
        return None
    columns = {name: found._mapping[name] for name in VALUES[cache]}
    return StoredRow(
        cache, user_id, _flat(columns, found.details), found.reasons, found.computed_at, found.read_up_to,
        found.messages_read, found.engine_version, found.expires_at,
        holds_until(found.expires_at, found.computed_at, found.read_up_to, found.beat_at, found.touches, limits),
        silent_from(limits.silence_seconds, found.computed_at, found.beat_at),
    )  # fmt: skip


def as_of(connection: Connection, bot_name: str, user_id: str, day: date) -> dict[str, StoredRow]:
    """By cache, the snapshot of ``day``, or of the last day before it on which the user wrote."""
    rows = connection.execute(
        text(
            f"""
            SELECT DISTINCT ON (cache) {_SNAPSHOT} FROM strategic_snapshots
            WHERE bot_name = :bot AND user_id = :user AND day <= :day ORDER BY cache, day DESC
            """
        ),
        {"bot": bot_name, "user": user_id, "day": day},
    )
    return {row.cache: _snapshot(row) for row in rows}


def of_day(connection: Connection, cache: str, bot_name: str, day: date, version: str) -> list[StoredRow]:
    """A day's snapshots of an engine version: the bot-wide one first, then users by messages, at most `MOST_OF_A_DAY`."""
    rows = connection.execute(
        text(
            f"""
            SELECT {_SNAPSHOT} FROM strategic_snapshots
            WHERE cache = :cache AND bot_name = :bot AND day = :day AND engine_version = :version
            ORDER BY user_id <> :bot_wide, (row ->> 'messages_read')::integer DESC, user_id LIMIT :most
            """
        ),
        {
            "cache": cache, "bot": bot_name, "day": day, "version": version, "bot_wide": BOT_WIDE, "most": MOST_OF_A_DAY,
        },
    )  # fmt: skip
    return [_snapshot(row) for row in rows]


_SNAPSHOT = "cache, user_id, day, row AS kept, computed_at, engine_version"


def _snapshot(found: Row) -> StoredRow:
    kept = found.kept
    columns = {name: value for name, value in kept.items() if name not in _BESIDE}
    return StoredRow(
        found.cache, found.user_id, _flat(columns, kept["details"]), kept["reasons"], found.computed_at,
        datetime.fromisoformat(kept["read_up_to"]), kept["messages_read"], found.engine_version, day=found.day,
    )  # fmt: skip


def _flat(columns: Mapping[str, Any], details: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Fields have names of their own over all engines of a cache."""
    return {**columns, **{name: value for fields in details.values() for name, value in fields.items()}}
