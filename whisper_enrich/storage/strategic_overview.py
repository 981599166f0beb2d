"""Whether the caches can be trusted: who has no row, how far each has read, what is null and why, how values move."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text
from sqlalchemy.dialects.postgresql import DOUBLE_PRECISION
from sqlalchemy.types import Double

from whisper_enrich.storage.strategic_caches import BY_NAME, VALUES


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of one bot: users seen since a day, those without a row, and those whose row has not read their newest message.

    ``oldest_unread_seconds`` is how long the oldest newest-message of those has been known; None where there is none.
    """

    bot_name: str
    active: int
    without_row: int
    behind: int
    oldest_unread_seconds: float | None


def coverage(connection: Connection, cache: str, *, now: datetime, seen_since: datetime) -> list[Coverage]:
    """By bot, over the users who said something since ``seen_since``."""
    rows = connection.execute(
        text(
            f"""
            SELECT u.bot_name, count(*) AS active, count(*) FILTER (WHERE c.user_id IS NULL) AS without_row,
                count(*) FILTER (WHERE c.read_up_to < u.last_at) AS behind,
                max(extract(epoch FROM CAST(:now AS timestamptz) - u.seen_at))
                    FILTER (WHERE c.user_id IS NULL OR c.read_up_to < u.last_at)::float8 AS oldest_unread_seconds
            FROM (
                SELECT DISTINCT ON (bot_name, user_id) bot_name, user_id, event_time AS last_at, first_seen_at AS seen_at
                FROM message_ledger
                WHERE disposition = 'conversation' AND parts & ~duplicate_parts <> 0 AND event_time >= :since
                ORDER BY bot_name, user_id, event_time DESC
            ) u
            LEFT JOIN {cache} c ON c.bot_name = u.bot_name AND c.user_id = u.user_id
            GROUP BY u.bot_name ORDER BY u.bot_name
            """
        ),
        {"now": now, "since": seen_since},
    )
    return [Coverage(*row) for row in rows]


def nulls_by_reason(connection: Connection, cache: str) -> tuple[Counter[str], Counter[str]]:
    """Nulls in the contract's columns as ``column: reason``, and those for which no reason is stored."""
    explained: Counter[str] = Counter()
    unexplained: Counter[str] = Counter()
    for column in VALUES[cache]:
        rows = connection.execute(
            text(
                f"SELECT reasons ->> :name AS reason, count(*) AS rows FROM {cache} "
                f"WHERE {column} IS NULL AND user_id IS NOT NULL GROUP BY 1"
            ),
            {"name": column},
        )
        for row in rows:
            if row.reason is None:
                unexplained[column] += row.rows
            else:
                explained[f"{column}: {row.reason}"] += row.rows
    return explained, unexplained


def measured_columns(cache: str) -> list[str]:
    """The contract's columns that hold real numbers."""
    return [
        column.name
        for column in BY_NAME[cache].columns
        if column.name in VALUES[cache] and isinstance(column.type, (Double, DOUBLE_PRECISION))
    ]


def values_now_and_before(
    connection: Connection, cache: str, column: str, *, first: date, until: date
) -> tuple[list[float], list[float]]:
    """A column's values in the latest rows, and in the snapshots of the days from ``first`` to before ``until``."""
    now = connection.execute(text(f"SELECT {column} FROM {cache} WHERE {column} IS NOT NULL AND user_id IS NOT NULL"))
    before = connection.execute(
        text(
            "SELECT (row ->> :column)::float8 FROM strategic_snapshots WHERE cache = :cache AND day >= :first "
            "AND day < :until AND row ->> :column IS NOT NULL AND user_id <> ''"
        ),
        {"cache": cache, "column": column, "first": first, "until": until},
    )
    return list(now.scalars()), list(before.scalars())


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one run took for one bot, all its stages together."""

    bot_name: str
    run_id: str
    finished_at: datetime
    days: int
    seconds: float


def latest_cycles(connection: Connection) -> list[Cycle]:
    """By bot, its latest run that computed caches."""
    rows = connection.execute(
        text(
            """
            SELECT DISTINCT ON (bot_name) bot_name, run_id, finished_at, days, seconds
            FROM (
                SELECT bot_name, run_id, max(finished_at) AS finished_at, count(DISTINCT day) AS days, sum(seconds) AS seconds
                FROM stage_runs GROUP BY bot_name, run_id HAVING bool_or(stage = 'features')
            ) runs
            ORDER BY bot_name, finished_at DESC
            """
        )
    )
    return [Cycle(*row) for row in rows]


def stale_snapshots(connection: Connection, cache: str) -> int:
    """Snapshots that a late message of an earlier day has overtaken; a run over their days redoes them."""
    return connection.execute(
        text("SELECT count(*) FROM strategic_snapshots WHERE cache = :cache AND stale"), {"cache": cache}
    ).scalar_one()
