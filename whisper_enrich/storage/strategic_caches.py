"""The six caches: whose rows are due, writing them, their snapshots by day, and how long they hold."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Table, text
from sqlalchemy.dialects.postgresql import JSONB

from whisper_enrich.storage.bulk import array_literal, copy_into_temporary
from whisper_enrich.storage.tables import CACHES

BY_NAME: dict[str, Table] = {table.name: table for table in CACHES}

_OURS = (
    "id", "user_id", "bot_name", "details", "reasons", "computed_at", "expires_at", "read_up_to", "messages_read",
    "input_key", "engine_version", "document", "shared_document", "document_format",
)  # fmt: skip
VALUES: dict[str, tuple[str, ...]] = {
    table.name: tuple(column.name for column in table.columns if column.name not in _OURS) for table in CACHES
}
"""By cache, the columns of the design contract that an engine fills."""

ASKED_ANEW = -1
"""The key of a row that somebody asked for anew: no features or facts sum up to that."""

BOT_WIDE = ""
"""The user id of the bot-wide row in snapshots; in the cache table it is null."""

# Facts enter with what was known of them, so that a ruling or a late answer of a model makes a row due as messages do.
_FACTS_KEY = """
    (SELECT coalesce(sum(hash & 1099511627775), 0)::bigint FROM (
        SELECT hashtextextended(v::text, 0) AS hash FROM fact_versions v
        WHERE v.bot_name = f.bot_name AND v.user_id = f.user_id AND v.known_from < {until}
        UNION ALL SELECT hashtextextended(s::text, 1) FROM shared_fact_versions s
        WHERE s.bot_name = f.bot_name AND s.user_id = f.user_id AND s.known_from < {until}) facts)
"""

_INPUTS = f"""
    SELECT f.bot_name, f.user_id, max(f.day) AS last_day, max(f.last_at) AS last_at, sum(f.messages)::integer AS messages,
        sum(f.fingerprint)::bigint + {_FACTS_KEY.format(until="'infinity'")} AS input_key
    FROM strategic_features f
    WHERE f.bot_name = :bot {{users}}
    GROUP BY f.bot_name, f.user_id
    HAVING sum(f.messages) > 0
"""


def input_keys(connection: Connection, bot_name: str, users: Sequence[str]) -> dict[str, int]:
    """By user, the key of what a row would be made of; users without messages have none."""
    rows = connection.execute(
        text(_INPUTS.format(users="AND f.user_id = ANY(CAST(:users AS text[]))")),
        {"bot": bot_name, "users": array_literal(users)},
    )
    return {row.user_id: row.input_key for row in rows}


@dataclass(frozen=True, slots=True)
class Due:
    """A user whose row is to be computed, and what it would be made of."""

    user_id: str
    input_key: int


def due_users(
    connection: Connection,
    bot_name: str,
    cache: str,
    *,
    renew_before: datetime,
    seen_after: datetime,
) -> list[Due]:
    """Users whose row is missing, made of something else than there is now, or close to its end.

    A row that was cut short or ends before ``renew_before`` is renewed for users who wrote after ``seen_after``.
    """
    rows = connection.execute(
        text(
            f"""
            SELECT i.user_id, i.input_key FROM ({_INPUTS.format(users="")}) i
            LEFT JOIN {cache} c ON c.bot_name = i.bot_name AND c.user_id = i.user_id
            WHERE c.user_id IS NULL OR c.input_key <> i.input_key
               OR c.expires_at < :renew_before AND i.last_at > :seen_after
            ORDER BY i.user_id
            """
        ),
        {"bot": bot_name, "renew_before": renew_before, "seen_after": seen_after},
    )
    return [Due(row.user_id, row.input_key) for row in rows]


@dataclass(frozen=True, slots=True)
class DueDay:
    """A user's day whose snapshot is missing or made of something else."""

    user_id: str
    day: date
    input_key: int


def due_days(connection: Connection, bot_name: str, days: Sequence[date], cache: str) -> list[DueDay]:
    """Of these days, those of every user who said something on them whose snapshot is out of date; and every day whose
    snapshot is stale."""
    rows = connection.execute(
        text(
            f"""
            WITH looked_at AS MATERIALIZED (
                SELECT f.bot_name, f.user_id, f.day, s.input_key AS made_of, coalesce(s.stale, true) AS stale
                FROM strategic_features f
                LEFT JOIN strategic_snapshots s ON s.bot_name = f.bot_name AND s.user_id = f.user_id AND s.day = f.day
                    AND s.cache = :cache
                WHERE f.bot_name = :bot AND f.messages > 0 AND (f.day = ANY(:days) OR s.stale)
            )
            SELECT f.user_id, f.day, k.input_key
            FROM looked_at f
            CROSS JOIN LATERAL (
                SELECT sum(e.fingerprint)::bigint + {_FACTS_KEY.format(until="f.day + 1")} AS input_key
                FROM strategic_features e
                WHERE e.bot_name = f.bot_name AND e.user_id = f.user_id AND e.day <= f.day
            ) k
            WHERE f.stale OR f.made_of <> k.input_key
            ORDER BY f.user_id, f.day
            """
        ),
        {"bot": bot_name, "days": list(days), "cache": cache},
    )
    return [DueDay(row.user_id, row.day, row.input_key) for row in rows]


@dataclass(frozen=True, slots=True)
class CacheRow:
    """What engines made for one user (`BOT_WIDE`: for the bot): plain values by engine and field.

    Fields that are columns of the cache are stored there, all others under the engine's name in ``details``.
    """

    user_id: str
    results: Mapping[str, Mapping[str, Any]]
    reasons: Mapping[str, str]
    read_up_to: datetime
    messages_read: int
    input_key: int
    computed_at: datetime
    expires_at: datetime


def _split(cache: str, row: CacheRow) -> tuple[dict[str, Any], dict[str, Any]]:
    """Values by column, and the details. Raises `KeyError` for a column that no engine filled."""
    columns = VALUES[cache]
    merged = {name: value for fields in row.results.values() for name, value in fields.items() if name in columns}
    details = {
        engine: {name: value for name, value in fields.items() if name not in columns}
        for engine, fields in row.results.items()
    }
    return {name: merged[name] for name in columns}, details


_COMPUTED = (
    "details", "reasons", "computed_at", "expires_at", "read_up_to", "messages_read", "input_key", "engine_version",
    "document", "shared_document", "document_format",
)  # fmt: skip


def write_rows(connection: Connection, cache: str, bot_name: str, version: str, rows: Sequence[CacheRow]) -> None:
    """Insert or replace the latest rows, each with what the hot path reads of it."""
    if not rows:
        return
    columns = ("user_id", "bot_name", *VALUES[cache], *_COMPUTED)
    as_json = {c.name for c in BY_NAME[cache].columns if isinstance(c.type, JSONB)}
    lines = (
        tuple(
            json.dumps(value) if name in as_json and value is not None else value
            for name, value in zip(columns, _line(cache, bot_name, version, row), strict=True)
        )
        for row in rows
    )
    copy_into_temporary(connection, "new_rows", cache, columns, lines)
    names = ", ".join(columns)
    for condition, target in _TARGETS[cache]:
        connection.execute(
            text(
                f"INSERT INTO {cache} ({names}) SELECT {names} FROM new_rows WHERE {condition} ON CONFLICT {target} "
                f"DO UPDATE SET {', '.join(f'{c} = excluded.{c}' for c in columns[2:])}"
            )
        )


_TARGETS: dict[str, list[tuple[str, str]]] = {
    name: [("user_id IS NOT NULL", "(user_id, bot_name)")] for name in BY_NAME
} | {
    "strategic_character_performance": [
        ("user_id IS NOT NULL", "(user_id, bot_name, time_window_hours) WHERE user_id IS NOT NULL"),
        ("user_id IS NULL", "(bot_name, time_window_hours) WHERE user_id IS NULL"),
    ]
}


def _line(cache: str, bot_name: str, version: str, row: CacheRow) -> tuple[Any, ...]:
    values, details = _split(cache, row)
    return (
        row.user_id or None, bot_name, *values.values(), details, row.reasons, row.computed_at, row.expires_at,
        row.read_up_to, row.messages_read, row.input_key, version, *_documents(cache, row, values, details),
    )  # fmt: skip


def _documents(
    cache: str, row: CacheRow, values: Mapping[str, Any], details: Mapping[str, Any]
) -> tuple[str | None, str | None, str | None]:
    # Here: who only starts the worker need not load what a bot loads.
    from whisper_enrich.hot_path import documents

    if row.user_id == BOT_WIDE:  # no bot reads it
        return None, None, None
    packed = documents.pack(cache, values, details, row.reasons)
    return packed.whole, packed.shared, documents.FORMAT


def write_snapshots(
    connection: Connection, cache: str, bot_name: str, version: str, rows: Sequence[tuple[date, CacheRow]]
) -> None:
    """Insert or replace the rows of days. One that says the same stays untouched but for the inputs that it was made of."""
    if not rows:
        return
    columns = ("cache", "bot_name", "user_id", "day", "row", "computed_at", "input_key", "engine_version", "stale")
    lines = (
        (cache, bot_name, row.user_id, day, _as_json(cache, row), row.computed_at, row.input_key, version, False)
        for day, row in rows
    )
    copy_into_temporary(connection, "new_snapshots", "strategic_snapshots", columns, lines)
    names = ", ".join(columns)
    connection.execute(
        text(
            f"""
            INSERT INTO strategic_snapshots AS t ({names}) SELECT {names} FROM new_snapshots
            ON CONFLICT (bot_name, user_id, cache, day) DO UPDATE SET row = excluded.row,
                computed_at = CASE WHEN t.row = excluded.row THEN t.computed_at ELSE excluded.computed_at END,
                input_key = excluded.input_key, engine_version = excluded.engine_version, stale = false
            WHERE (t.row, t.input_key, t.engine_version, t.stale)
                IS DISTINCT FROM (excluded.row, excluded.input_key, excluded.engine_version, false)
            """
        )
    )


def newest_day(connection: Connection, cache: str, bot_name: str, days: Sequence[date]) -> date | None:
    """The newest of these days that has a snapshot of a user."""
    return connection.execute(
        text(
            "SELECT max(day) FROM strategic_snapshots WHERE cache = :cache AND bot_name = :bot AND day = ANY(:days) "
            "AND user_id <> ''"
        ),
        {"cache": cache, "bot": bot_name, "days": list(days)},
    ).scalar()


def count_snapshots(connection: Connection, cache: str, bot_name: str, day: date) -> int:
    """Users with a snapshot of that day."""
    return connection.execute(
        text(
            "SELECT count(*) FROM strategic_snapshots WHERE cache = :cache AND bot_name = :bot AND day = :day "
            "AND user_id <> ''"
        ),
        {"cache": cache, "bot": bot_name, "day": day},
    ).scalar_one()


def _as_json(cache: str, row: CacheRow) -> str:
    values, details = _split(cache, row)
    read = {"read_up_to": row.read_up_to.isoformat(), "messages_read": row.messages_read}
    return json.dumps({**values, "details": details, "reasons": row.reasons, **read})


def delete_rows_without_messages(connection: Connection, bot_name: str, cache: str) -> int:
    """Remove the rows of users of whom no message is left; returns how many."""
    return connection.execute(
        text(
            f"""
            DELETE FROM {cache} c WHERE c.bot_name = :bot AND c.user_id IS NOT NULL AND NOT EXISTS (
                SELECT FROM strategic_features f
                WHERE f.bot_name = c.bot_name AND f.user_id = c.user_id AND f.messages > 0)
            """
        ),
        {"bot": bot_name},
    ).rowcount


def end(connection: Connection, bot_name: str, users: Sequence[str]) -> None:
    """What these users said has been withdrawn: their rows, and the bot-wide one, hold no longer."""
    if not users:
        return
    for cache in sorted(BY_NAME):
        connection.execute(
            text(
                f"UPDATE {cache} SET expires_at = computed_at WHERE bot_name = :bot AND expires_at > computed_at "
                "AND (user_id = ANY(CAST(:users AS text[])) OR user_id IS NULL)"
            ),
            {"bot": bot_name, "users": array_literal(users)},
        )


def beat(connection: Connection, bot_names: Sequence[str], now: datetime) -> None:
    """The worker has looked after these bots."""
    connection.execute(
        text(
            "INSERT INTO worker_heartbeats AS h (bot_name, beat_at, first_beat_at) "
            "SELECT b, CAST(:now AS timestamptz), CAST(:now AS timestamptz) FROM unnest(CAST(:bots AS text[])) b "
            "ON CONFLICT (bot_name) DO UPDATE SET beat_at = greatest(h.beat_at, excluded.beat_at)"
        ),
        {"bots": array_literal(bot_names), "now": now},
    )


def bots_to_renew(connection: Connection, *, renew_before: datetime, seen_after: datetime) -> list[str]:
    """Bots with a row close to its end, of a user who wrote after ``seen_after``."""
    looks = " UNION ".join(
        f"SELECT c.bot_name FROM {cache} c WHERE c.expires_at < :renew_before AND c.read_up_to > :seen_after"
        for cache in sorted(BY_NAME)
    )
    rows = connection.execute(
        text(f"SELECT bot_name FROM ({looks}) b ORDER BY bot_name"),
        {"renew_before": renew_before, "seen_after": seen_after},
    )
    return list(rows.scalars())


def mark_stale(
    connection: Connection, bot_name: str, features_version: str, engine_version: str, days: Sequence[date] | None
) -> int:
    """Ask for what other versions made anew: features and snapshots of these days (None: all), and the latest rows.

    Returns how many rows that are.
    """
    values = {"bot": bot_name, "features": features_version, "engines": engine_version, "days": days and list(days)}
    within = "(CAST(:days AS date[]) IS NULL OR day = ANY(CAST(:days AS date[])))"
    statements = [
        f"UPDATE strategic_features SET content_key = {ASKED_ANEW} WHERE bot_name = :bot AND engine_version <> :features "
        f"AND {within}",
        f"UPDATE strategic_snapshots SET stale = true WHERE bot_name = :bot AND engine_version <> :engines AND {within}",
        *(
            f"UPDATE {cache} SET input_key = {ASKED_ANEW} WHERE bot_name = :bot AND engine_version <> :engines"
            for cache in sorted(BY_NAME)
        ),
    ]
    return sum(connection.execute(text(statement), values).rowcount for statement in statements)


def days_with_work(connection: Connection, today: date) -> dict[str, set[date]]:
    """By bot, the days whose features or snapshots are to be made anew; today for latest rows."""
    rows = connection.execute(
        text(
            f"""
            SELECT bot_name, day FROM strategic_features WHERE content_key = {ASKED_ANEW}
            UNION SELECT bot_name, day FROM strategic_snapshots WHERE stale AND user_id <> ''
            UNION SELECT bot_name, CAST(:today AS date) FROM (
                {" UNION ".join(f"SELECT bot_name FROM {c} WHERE input_key = {ASKED_ANEW}" for c in sorted(BY_NAME))}) rows
            """
        ),
        {"today": today},
    )
    found: dict[str, set[date]] = {}
    for row in rows:
        found.setdefault(row.bot_name, set()).add(row.day)
    return found


def prune_snapshots(connection: Connection, before: date) -> int:
    """Drop snapshots of days before ``before``; returns how many."""
    return connection.execute(text("DELETE FROM strategic_snapshots WHERE day < :before"), {"before": before}).rowcount
