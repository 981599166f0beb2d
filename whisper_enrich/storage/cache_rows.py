"""Rows of the caches for a person: which there are, what one holds, and declaring some void."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, text

from whisper_enrich.storage.strategic_caches import BY_NAME

ANY = "CAST(:{0} AS text) IS NULL OR c.{1} = :{0}"
_WHOSE = f"({ANY.format('bot', 'bot_name')}) AND ({ANY.format('user', 'user_id')})"

NO_INPUT = -1
"""An input key that no inputs have: the next run of the bot makes the row anew, whoever its user is."""


@dataclass(frozen=True, slots=True)
class CacheEntry:
    """A row of a cache without its values; ``user_id`` None is the bot-wide one.

    ``beat_at`` is the worker's last sign of life for the bot, ``touches`` are the times of the user's newest messages that the
    bot told of, ``newest_at`` is that of the newest that intake has seen.
    """

    cache: str
    bot_name: str
    user_id: str | None
    computed_at: datetime
    expires_at: datetime
    read_up_to: datetime
    messages_read: int
    engine_version: str
    void: bool
    beat_at: datetime | None
    touches: list[datetime] | None
    newest_at: datetime | None


def entries(
    connection: Connection, caches: Sequence[str], bot_name: str | None, user_id: str | None, limit: int
) -> list[CacheEntry]:
    """The rows that end first, by bot and user within a cache; None stands for all."""
    rows = " UNION ALL ".join(
        f"SELECT '{cache}' AS cache, c.bot_name, c.user_id, c.computed_at, c.expires_at, c.read_up_to, c.messages_read, "
        f"c.engine_version, c.input_key = {NO_INPUT} AS void FROM {cache} c WHERE {_WHOSE}"
        for cache in caches
    )
    found = connection.execute(
        text(
            f"""
            SELECT r.*, h.beat_at, t.recent AS touches, newest.event_time AS newest_at
            FROM (SELECT * FROM ({rows}) every ORDER BY expires_at, cache, bot_name, user_id LIMIT :limit) r
            LEFT JOIN worker_heartbeats h ON h.bot_name = r.bot_name
            LEFT JOIN message_touches t ON t.bot_name = r.bot_name AND t.user_id = r.user_id
            LEFT JOIN LATERAL (
                SELECT event_time FROM message_ledger l
                WHERE l.bot_name = r.bot_name AND l.user_id = r.user_id AND l.disposition = 'conversation'
                  AND l.event_time IS NOT NULL
                ORDER BY event_time DESC LIMIT 1
            ) newest ON true
            ORDER BY r.bot_name, r.user_id, r.cache
            """
        ),
        {"bot": bot_name, "user": user_id, "limit": limit},
    )
    return [CacheEntry(*row) for row in found]


def row_of(connection: Connection, cache: str, bot_name: str, user_id: str | None) -> dict[str, Any] | None:
    """One row as it is stored, by column, without its documents, which say the same; ``user_id`` None is the bot-wide one.
    None where there is none."""
    row = connection.execute(
        text(
            "SELECT to_jsonb(c) - CAST('{document,shared_document,document_format}' AS text[]) AS row "
            f"FROM {cache} c WHERE c.bot_name = :bot AND c.user_id IS NOT DISTINCT FROM :user"
        ),
        {"bot": bot_name, "user": user_id},
    ).one_or_none()
    return None if row is None else row.row


def invalidate(
    connection: Connection, caches: Sequence[str], bot_name: str | None, user_id: str | None
) -> dict[str, int]:
    """Rows that hold no longer from now on, and are due with the next run of their bot; by cache how many. They are kept
    until then: a stale answer is better than none."""
    return {
        cache: connection.execute(
            text(
                f"UPDATE {cache} c SET expires_at = c.computed_at, input_key = {NO_INPUT} WHERE {_WHOSE} "
                f"AND c.input_key <> {NO_INPUT}"
            ),
            {"bot": bot_name, "user": user_id},
        ).rowcount
        for cache in sorted(caches)
    }


def chosen_caches(name: str | None) -> list[str]:
    """The cache of that name, with or without its prefix, or all. Raises `KeyError`."""
    if not name:
        return sorted(BY_NAME)
    full = name if name in BY_NAME else f"strategic_{name}"
    return [BY_NAME[full].name]
