"""Window summaries, and the days that ask for one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Scope

if TYPE_CHECKING:
    from whisper_enrich.summaries.model import Summary

WindowKey = tuple[datetime, datetime, Scope]
"""Start (inclusive) and end (exclusive) in aware UTC, and the scope."""


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def stored_windows(connection: Connection, bot_name: str, user_id: str, day: date) -> dict[WindowKey, str]:
    """The windows of that user and UTC day that have a summary, with the hash of what each was made from."""
    midnight = datetime.combine(day, time())
    rows = connection.execute(
        text(
            """
            SELECT start_timestamp, end_timestamp, scope, input_hash FROM conversation_summaries
            WHERE bot_name = :bot AND user_id = :user AND start_timestamp >= :from AND start_timestamp < :to
            """
        ),
        {"bot": bot_name, "user": user_id, "from": midnight, "to": midnight + timedelta(days=1)},
    )
    return {
        (
            row.start_timestamp.replace(tzinfo=UTC),
            row.end_timestamp.replace(tzinfo=UTC),
            Scope(row.scope),
        ): row.input_hash
        for row in rows
    }


def write_summary(
    connection: Connection,
    bot_name: str,
    user_id: str,
    key: WindowKey,
    summary: Summary,
    *,
    version: str,
    now: datetime,
) -> None:
    """Insert or replace the summary of one window."""
    start, end, scope = key
    connection.execute(
        text(
            """
            INSERT INTO conversation_summaries (
                user_id, bot_name, summary_text, summary_type, start_timestamp, end_timestamp, message_count, key_topics,
                emotional_tone, compression_ratio, confidence_score, enrichment_version, created_at, updated_at, scope,
                message_ids, input_hash)
            VALUES (:user, :bot, :summary_text, :summary_type, :start, :end, :message_count, :key_topics, :emotional_tone,
                :compression_ratio, :confidence_score, :version, :now, :now, :scope, :message_ids, :input_hash)
            ON CONFLICT (user_id, bot_name, start_timestamp, end_timestamp, scope) DO UPDATE SET
                summary_text = excluded.summary_text, summary_type = excluded.summary_type,
                message_count = excluded.message_count, key_topics = excluded.key_topics,
                emotional_tone = excluded.emotional_tone, compression_ratio = excluded.compression_ratio,
                confidence_score = excluded.confidence_score, enrichment_version = excluded.enrichment_version,
                updated_at = excluded.updated_at, message_ids = excluded.message_ids, input_hash = excluded.input_hash
            """
        ),
        {
            "user": user_id, "bot": bot_name, "start": _naive(start), "end": _naive(end), "scope": scope.value,
            "summary_text": summary.summary_text, "summary_type": summary.summary_type,
            "message_count": summary.message_count, "key_topics": list(summary.key_topics),
            "emotional_tone": summary.emotional_tone, "compression_ratio": summary.compression_ratio,
            "confidence_score": summary.confidence_score, "version": version, "now": _naive(now),
            "message_ids": list(summary.message_ids), "input_hash": summary.input_hash,
        },
    )  # fmt: skip


def delete_summaries(connection: Connection, bot_name: str, user_id: str, keys: Sequence[WindowKey]) -> None:
    """Remove the summaries of windows that hold no message any more."""
    for start, end, scope in keys:
        connection.execute(
            text(
                "DELETE FROM conversation_summaries WHERE bot_name = :bot AND user_id = :user "
                "AND start_timestamp = :start AND end_timestamp = :end AND scope = :scope"
            ),
            {"bot": bot_name, "user": user_id, "start": _naive(start), "end": _naive(end), "scope": scope.value},
        )


def users_with_stale_windows(connection: Connection, bot_name: str, day: date) -> list[str]:
    """Users of whom a message of that day moved away."""
    return list(
        connection.execute(
            text("SELECT user_id FROM stale_windows WHERE bot_name = :bot AND day = :day ORDER BY user_id"),
            {"bot": bot_name, "day": day},
        ).scalars()
    )


def clear_stale_windows(connection: Connection, bot_name: str, day: date, user_id: str) -> None:
    """The user's windows of that day are up to date."""
    connection.execute(
        text("DELETE FROM stale_windows WHERE bot_name = :bot AND day = :day AND user_id = :user"),
        {"bot": bot_name, "day": day, "user": user_id},
    )
