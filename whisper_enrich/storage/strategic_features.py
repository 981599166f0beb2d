"""Features by user and day: which are out of date, and what is stored of them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text

from whisper_enrich.storage.bulk import array_literal, copy_into_temporary, upsert_changed

REACTION = "emoji_reaction"
"""Why the ledger leaves out a reaction: no conversation, but a signal."""

_HASHED = "hashtextextended({0}, 0) & 1099511627775"
"""40 bits, so that sums of them stay far below 2^63, in whatever order they are added up."""

_IN_LEDGER = f"""
    SELECT user_id, day, count(*) FILTER (WHERE disposition = 'conversation')::integer AS messages,
        sum({_HASHED.format("point_id || content_hash || (parts & ~duplicate_parts)")})::bigint AS content_key
    FROM message_ledger
    WHERE bot_name = :bot AND user_id IS NOT NULL AND (CAST(:users AS text[]) IS NULL OR user_id = ANY(CAST(:users AS text[])))
      AND (disposition = 'conversation' AND parts & ~duplicate_parts <> 0 OR reason = '{REACTION}')
    GROUP BY user_id, day
"""

_OUTDATED = f"""
    SELECT coalesce(l.user_id, f.user_id) AS user_id, coalesce(l.day, f.day) AS day, coalesce(l.messages, 0) AS messages,
        l.content_key
    FROM ({_IN_LEDGER}) l
    FULL JOIN (
        SELECT user_id, day, content_key, engine_version FROM strategic_features
        WHERE bot_name = :bot AND (CAST(:users AS text[]) IS NULL OR user_id = ANY(CAST(:users AS text[])))
    ) f USING (user_id, day)
    WHERE l.content_key IS DISTINCT FROM f.content_key
       OR CAST(:readable AS text) IS NOT NULL AND NOT starts_with(f.engine_version, :readable)
"""


@dataclass(frozen=True, slots=True)
class OutdatedDay:
    """A user's day whose features are missing or of other messages. ``content_key`` is None where none are left."""

    user_id: str
    day: date
    messages: int
    content_key: int | None


def outdated_days(connection: Connection, bot_name: str, *, readable: str | None = None) -> list[OutdatedDay]:
    """Days of all users of a bot whose features do not match the ledger; oldest first.

    With ``readable`` also those whose engine version does not begin with it: nobody could read them.
    """
    rows = connection.execute(
        text(_OUTDATED + " ORDER BY day, user_id"), {"bot": bot_name, "users": None, "readable": readable}
    )
    return [OutdatedDay(row.user_id, row.day, row.messages, row.content_key) for row in rows]


def users_behind(connection: Connection, bot_name: str, users: Sequence[str]) -> set[str]:
    """Those of ``users`` who have said something that their features do not know yet."""
    rows = connection.execute(
        text(f"SELECT DISTINCT user_id FROM ({_OUTDATED}) o"),
        {"bot": bot_name, "users": array_literal(users), "readable": None},
    )
    return set(rows.scalars())


def reactions_on(connection: Connection, bot_name: str, user_days: Sequence[tuple[str, date]]) -> list[str]:
    """Ids of the reactions of these users on these days."""
    rows = connection.execute(
        text(
            f"""
            SELECT point_id FROM message_ledger
            WHERE bot_name = :bot AND reason = '{REACTION}'
              AND (user_id, day) IN (SELECT * FROM unnest(CAST(:users AS text[]), CAST(:days AS date[])))
            """
        ),
        {"bot": bot_name, "users": [user for user, _ in user_days], "days": [day for _, day in user_days]},
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class StoredDay:
    """A row to be written. ``features`` and ``measures`` are JSON."""

    user_id: str
    day: date
    messages: int
    last_at: datetime | None
    content_key: int
    features: Mapping[str, Any]
    measures: Sequence[Mapping[str, Any]]


_KEY = ("bot_name", "user_id", "day")
_SAID = ("messages", "last_at", "content_key", "engine_version", "features", "measures")


def write_days(connection: Connection, bot_name: str, version: str, days: Sequence[StoredDay]) -> None:
    """Insert or replace days; the snapshots of their users from then on are stale."""
    if not days:
        return
    rows = (
        (
            bot_name, d.user_id, d.day, d.messages, d.last_at, d.content_key, version,
            json.dumps(d.features), json.dumps(d.measures), None,
        )
        for d in days
    )  # fmt: skip
    copy_into_temporary(connection, "new_days", "strategic_features", (*_KEY, *_SAID, "fingerprint"), rows)
    connection.execute(
        text(f"UPDATE new_days SET fingerprint = {_HASHED.format('day::text || content_key || engine_version')}")
    )
    connection.execute(text(upsert_changed("strategic_features", "new_days", _KEY, (*_SAID, "fingerprint"))))
    connection.execute(
        text(
            """
            UPDATE strategic_snapshots s SET stale = true FROM new_days n
            WHERE s.bot_name = n.bot_name AND s.user_id IN (n.user_id, '') AND s.day >= n.day AND NOT s.stale
            """
        )
    )
    # A day of which reactions alone are left.
    connection.execute(
        text(
            """
            DELETE FROM strategic_snapshots s USING new_days n
            WHERE s.bot_name = n.bot_name AND s.user_id = n.user_id AND s.day = n.day AND n.messages = 0
            """
        )
    )


def delete_days(connection: Connection, bot_name: str, user_days: Sequence[tuple[str, date]]) -> None:
    """Remove days whose messages are all gone, with their snapshots; later snapshots are stale."""
    if not user_days:
        return
    gone = "(SELECT * FROM unnest(CAST(:users AS text[]), CAST(:days AS date[])) AS g (user_id, day))"
    values = {"bot": bot_name, "users": [user for user, _ in user_days], "days": [day for _, day in user_days]}
    for table in ("strategic_features", "strategic_snapshots"):
        connection.execute(text(f"DELETE FROM {table} WHERE bot_name = :bot AND (user_id, day) IN {gone}"), values)
    connection.execute(
        text(
            f"""
            UPDATE strategic_snapshots s SET stale = true FROM {gone} g
            WHERE s.bot_name = :bot AND s.user_id IN (g.user_id, '') AND s.day > g.day AND NOT s.stale
            """
        ),
        values,
    )


def features_of(
    connection: Connection, bot_name: str, users: Sequence[str]
) -> dict[str, list[tuple[date, Mapping[str, Any]]]]:
    """By user, the features of every day, oldest first."""
    rows = connection.execute(
        text(
            "SELECT user_id, day, features FROM strategic_features "
            "WHERE bot_name = :bot AND user_id = ANY(CAST(:users AS text[])) ORDER BY user_id, day"
        ),
        {"bot": bot_name, "users": array_literal(users)},
    )
    found: dict[str, list[tuple[date, Mapping[str, Any]]]] = {user_id: [] for user_id in users}
    for row in rows:
        found[row.user_id].append((row.day, row.features))
    return found


@dataclass(frozen=True, slots=True)
class MeasuredDay:
    """The measures of a user's day, as JSON."""

    user_id: str
    messages: int
    last_at: datetime
    fingerprint: int
    measures: Sequence[Mapping[str, Any]]


def measures_of(connection: Connection, bot_name: str, since: date) -> list[MeasuredDay]:
    """The measures of all users of a bot from a day on, by user and day."""
    rows = connection.execute(
        text(
            "SELECT user_id, messages, last_at, fingerprint, measures FROM strategic_features "
            "WHERE bot_name = :bot AND day >= :since AND messages > 0 ORDER BY user_id, day"
        ),
        {"bot": bot_name, "since": since},
    )
    return [MeasuredDay(*row) for row in rows]
