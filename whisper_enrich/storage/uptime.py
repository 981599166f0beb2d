"""Signs of life of the worker, and for which share of a time there were any."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, text

from whisper_enrich.storage.bulk import array_literal

OUTAGES_KEPT = timedelta(days=400)


def record_outages(connection: Connection, bot_names: Sequence[str], now: datetime, silence_seconds: float) -> None:
    """To be called before the worker's next sign of life for these bots: a silence of over ``silence_seconds`` ends now."""
    ended = connection.execute(
        text(
            """
            INSERT INTO worker_outages (bot_name, silent_from, silent_until)
            SELECT bot_name, beat_at, CAST(:now AS timestamptz) FROM worker_heartbeats
            WHERE bot_name = ANY(CAST(:bots AS text[])) AND beat_at < CAST(:now AS timestamptz) - CAST(:silence AS interval)
            ON CONFLICT DO NOTHING
            """
        ),
        {"bots": array_literal(bot_names), "now": now, "silence": timedelta(seconds=silence_seconds)},
    ).rowcount
    if ended:
        connection.execute(
            text("DELETE FROM worker_outages WHERE silent_until < :before"), {"before": now - OUTAGES_KEPT}
        )


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The last sign of life of the worker for a bot."""

    bot_name: str
    beat_at: datetime


def heartbeats(connection: Connection) -> list[Heartbeat]:
    """Of every bot that ever had one."""
    rows = connection.execute(text("SELECT bot_name, beat_at FROM worker_heartbeats ORDER BY bot_name"))
    return [Heartbeat(*row) for row in rows]


def uptime(connection: Connection, now: datetime, window: timedelta, silence_seconds: float) -> dict[str, float]:
    """By bot, the share in 0..1 of the last ``window`` in which the worker was not silent for longer than allowed.

    1 - (outages within the window) / (window, or the time since the first sign of life where that is shorter). An outage
    lasts from the last sign of life before it to the first one after; one that goes on counts up to ``now``. A bot with
    no time to look back on is left out.
    """
    rows = connection.execute(
        text(
            """
            WITH whole AS (
                SELECT bot_name, beat_at, greatest(first_beat_at, CAST(:now AS timestamptz) - CAST(:window AS interval)) AS since
                FROM worker_heartbeats
            ), silences AS (
                SELECT bot_name, silent_from, silent_until FROM worker_outages
                WHERE silent_until > CAST(:now AS timestamptz) - CAST(:window AS interval)
                UNION ALL
                SELECT bot_name, beat_at, CAST(:now AS timestamptz) FROM whole
                WHERE beat_at < CAST(:now AS timestamptz) - CAST(:silence AS interval)
            )
            SELECT w.bot_name, extract(epoch FROM CAST(:now AS timestamptz) - w.since)::float8 AS length,
                coalesce(sum(extract(epoch FROM s.silent_until - greatest(s.silent_from, w.since)))
                         FILTER (WHERE s.silent_until > w.since), 0)::float8 AS silent
            FROM whole w LEFT JOIN silences s USING (bot_name)
            GROUP BY w.bot_name, w.since ORDER BY w.bot_name
            """
        ),
        {"now": now, "window": window, "silence": timedelta(seconds=silence_seconds)},
    )
    return {row.bot_name: max(0.0, 1 - row.silent / row.length) for row in rows if row.length > 0}
