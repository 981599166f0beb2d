"""Window summaries, and the days that ask for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.bulk import copy_into_temporary, upsert_changed
from whisper_enrich.storage.ledger import UserDay

if TYPE_CHECKING:
    from whisper_enrich.summaries.model import Summary

WindowKey = tuple[datetime, datetime, Scope]
"""Start (inclusive) and end (exclusive) in aware UTC, and the scope."""


@dataclass(frozen=True, slots=True)
class WindowSummary:
    """The summary of one window of one user."""

    user_id: str
    key: WindowKey
    summary: Summary


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)


def stored_windows(
    connection: Connection, bot_name: str, user_days: Sequence[UserDay]
) -> dict[UserDay, dict[WindowKey, str]]:
    """By user and UTC day, the windows that have a summary, with the hash of what each was made from."""
    rows = connection.execute(
        text(
            """
            SELECT s.user_id, w.day, start_timestamp, end_timestamp, scope, input_hash
            FROM unnest(CAST(:users AS text[]), CAST(:days AS date[])) AS w (user_id, day)
            JOIN conversation_summaries s ON s.user_id = w.user_id AND s.bot_name = :bot
                AND s.start_timestamp >= w.day AND s.start_timestamp < w.day + 1
            """
        ),
        {"bot": bot_name, "users": [user for user, _ in user_days], "days": [day for _, day in user_days]},
    )
    found: dict[UserDay, dict[WindowKey, str]] = {user_day: {} for user_day in user_days}
    for row in rows:
        start, end = row.start_timestamp.replace(tzinfo=UTC), row.end_timestamp.replace(tzinfo=UTC)
        found[row.user_id, row.day][start, end, Scope(row.scope)] = row.input_hash
    return found


_KEY = ("user_id", "bot_name", "start_timestamp", "end_timestamp", "scope")
_WHEN_MADE = ("created_at", "updated_at")
_SAID = (
    "summary_text", "summary_type", "message_count", "key_topics", "emotional_tone", "compression_ratio",
    "confidence_score", "enrichment_version", "message_ids", "input_hash", "state", "decisions", "open_questions",
)  # fmt: skip


def write_summaries(
    connection: Connection, bot_name: str, summaries: Sequence[WindowSummary], *, now: datetime
) -> None:
    """Insert or replace summaries; one that says the same already stays untouched."""
    if not summaries:
        return
    made = _naive(now)
    rows = []
    for window in summaries:
        (start, end, scope), s = window.key, window.summary
        rows.append((
            window.user_id, bot_name, _naive(start), _naive(end), scope.value, s.summary_text, s.summary_type,
            s.message_count, list(s.key_topics), s.emotional_tone, s.compression_ratio, s.confidence_score, s.engine_version,
            list(s.message_ids), s.input_hash, s.state.value, s.decisions, s.open_questions, made, made,
        ))  # fmt: skip
    copy_into_temporary(connection, "new_summaries", "conversation_summaries", (*_KEY, *_SAID, *_WHEN_MADE), rows)
    connection.execute(
        text(
            upsert_changed(
                "conversation_summaries",
                "new_summaries",
                _KEY,
                _SAID,
                insert_only=("created_at",),
                touch=("updated_at",),
                sequence="conversation_summaries_id_seq",
            )
        )
    )


def delete_summaries(connection: Connection, bot_name: str, windows: Sequence[tuple[str, WindowKey]]) -> None:
    """Remove the summaries of windows that hold no message any more."""
    for user_id, (start, end, scope) in windows:
        connection.execute(
            text(
                "DELETE FROM conversation_summaries WHERE bot_name = :bot AND user_id = :user "
                "AND start_timestamp = :start AND end_timestamp = :end AND scope = :scope"
            ),
            {"bot": bot_name, "user": user_id, "start": _naive(start), "end": _naive(end), "scope": scope.value},
        )


def mark_windows_of_another_length(
    connection: Connection, bot_name: str, days: Sequence[date] | None, hours: int
) -> int:
    """Ask for the days (None: all) anew whose windows were cut to another length; returns how many users' days."""
    return connection.execute(
        text(
            """
            INSERT INTO stale_windows (bot_name, user_id, day, reason)
            SELECT DISTINCT bot_name, user_id, start_timestamp::date, 'window_length' FROM conversation_summaries
            WHERE bot_name = :bot AND end_timestamp - start_timestamp <> make_interval(hours => :hours)
              AND (CAST(:days AS date[]) IS NULL OR start_timestamp::date = ANY(CAST(:days AS date[])))
            ON CONFLICT DO NOTHING
            """
        ),
        {"bot": bot_name, "days": list(days) if days is not None else None, "hours": hours},
    ).rowcount


def stale_user_days(connection: Connection, bot_name: str, days: Sequence[date]) -> dict[UserDay, str]:
    """Users and days that a message has left, each with the transaction that said so last."""
    rows = connection.execute(
        text(
            "SELECT user_id, day, xmin::text AS said_by FROM stale_windows WHERE bot_name = :bot AND day = ANY(:days)"
        ),
        {"bot": bot_name, "days": list(days)},
    )
    return {(row.user_id, row.day): row.said_by for row in rows}


def clear_stale(connection: Connection, bot_name: str, said_by: Mapping[UserDay, str]) -> None:
    """The windows of these users and days are up to date, but for what was said since `stale_user_days` looked."""
    connection.execute(
        text(
            """
            DELETE FROM stale_windows s
            USING unnest(CAST(:users AS text[]), CAST(:days AS date[]), CAST(:said_by AS text[])) AS w (user_id, day, said_by)
            WHERE s.bot_name = :bot AND s.user_id = w.user_id AND s.day = w.day AND s.xmin::text = w.said_by
            """
        ),
        {
            "bot": bot_name, "users": [user for user, _ in said_by], "days": [day for _, day in said_by],
            "said_by": list(said_by.values()),
        },
    )  # fmt: skip
