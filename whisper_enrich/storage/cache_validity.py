"""What messages do to the caches of their users: rows end sooner, and bots are looked at first."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Connection, text

from whisper_enrich.storage.bulk import array_literal
from whisper_enrich.storage.strategic_tables import CACHES, strategic_character_performance

# Of several messages the user's own count: a message that ends the row by its number is one that the user wrote.
_PULLED_IN = """
    UPDATE {cache} c SET expires_at = e.ends
    FROM (
        SELECT r.id, least(s.at + make_interval(secs => :ttl), one_too_many.at) AS ends
        FROM unnest(CAST(:users AS text[]), CAST(:times AS timestamptz[])) AS s (user_id, at)
        JOIN {cache} r ON r.bot_name = :bot AND r.user_id = s.user_id
        LEFT JOIN LATERAL (
            SELECT l.event_time AS at FROM message_ledger l
            WHERE l.bot_name = r.bot_name AND l.user_id = r.user_id AND l.event_time > r.read_up_to
              AND l.disposition = 'conversation' AND l.parts & ~l.duplicate_parts & 1 = 1
            ORDER BY l.event_time OFFSET :unread LIMIT 1
        ) one_too_many ON true
    ) e
    WHERE c.id = e.id AND c.expires_at > e.ends
"""


def pull_in(
    connection: Connection, bot_name: str, said: Mapping[str, datetime], ttl_seconds: int, most_unread: int
) -> None:
    """New messages, by user the time of the oldest: their rows hold until then plus the TTL, and until their user has written
    more than ``most_unread`` messages that they have not read.

    The bot-wide row follows the oldest of all.
    """
    if not said:
        return
    values = {
        "bot": bot_name, "users": array_literal(said), "times": array_literal(said.values()), "ttl": ttl_seconds,
        "unread": most_unread,
    }  # fmt: skip
    for cache in CACHES:
        connection.execute(text(_PULLED_IN.format(cache=cache.name)), values)
    connection.execute(
        text(
            f"""
            UPDATE {strategic_character_performance.name} SET expires_at = :at + make_interval(secs => :ttl)
            WHERE bot_name = :bot AND user_id IS NULL AND expires_at > :at + make_interval(secs => :ttl)
            """
        ),
        {"bot": bot_name, "at": min(said.values()), "ttl": ttl_seconds},
    )


def bots_that_told(connection: Connection, *, since: datetime) -> list[str]:
    """Bots that told of a message since then of whose user the ledger has nothing as new, that of the oldest first."""
    rows = connection.execute(
        text(
            """
            SELECT t.bot_name FROM message_touches t
            WHERE t.at > :since AND NOT EXISTS (
                SELECT FROM message_ledger l
                WHERE l.bot_name = t.bot_name AND l.user_id = t.user_id AND l.event_time >= t.at)
            GROUP BY t.bot_name ORDER BY min(t.at), t.bot_name
            """
        ),
        {"since": since},
    )
    return list(rows.scalars())
