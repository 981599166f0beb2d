"""A few rows of a partition for a person to look at; words that somebody said only where that is allowed."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import Connection, text

ROWS = 10


def facts(connection: Connection, bot_name: str, day: date, *, with_content: bool) -> list[dict[str, Any]]:
    """Current facts that rest on that day's messages, surest first."""
    content = "f.fact_content AS fact, " if with_content else ""
    rows = connection.execute(
        text(
            f"""
            SELECT DISTINCT {content} f.user_id AS user, f.category, f.attribute, f.confidence, f.mentions, f.scope
            FROM user_facts f
            JOIN fact_evidence e ON e.fact_id = f.id
            JOIN message_ledger l ON l.bot_name = f.bot_name AND l.point_id = e.point_id
            WHERE f.bot_name = :bot AND l.day = :day
            ORDER BY f.confidence DESC, f.user_id, f.category, f.attribute LIMIT {ROWS}
            """
        ),
        {"bot": bot_name, "day": day},
    )
    return [dict(row._mapping) for row in rows]


def summaries(connection: Connection, bot_name: str, day: date, *, with_content: bool) -> list[dict[str, Any]]:
    """The windows of that day, longest first."""
    content = ", key_topics AS topics, summary_text AS summary" if with_content else ""
    rows = connection.execute(
        text(
            f"""
            SELECT user_id AS user, to_char(start_timestamp, 'HH24:MI') AS from, to_char(end_timestamp, 'HH24:MI') AS to,
                   scope, message_count AS messages, emotional_tone AS tone, compression_ratio AS compression,
                   confidence_score AS confidence {content}
            FROM conversation_summaries
            WHERE bot_name = :bot AND start_timestamp::date = :day
            ORDER BY message_count DESC, user_id LIMIT {ROWS}
            """
        ),
        {"bot": bot_name, "day": day},
    )
    return [dict(row._mapping) for row in rows]
