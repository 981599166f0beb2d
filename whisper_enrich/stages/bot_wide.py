"""The bot-wide row of a bot's performance: what it is made of, and making it and its snapshots anew for those who are left."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta

from sqlalchemy import Connection, text

from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.strategic_surroundings import Surrounding
from whisper_enrich.storage import strategic_caches as repository
from whisper_enrich.storage import strategic_features
from whisper_enrich.storage.strategic_caches import BOT_WIDE, CacheRow
from whisper_enrich.storage.strategic_features import MeasuredDay
from whisper_enrich.strategic.engines import ENGINE_VERSION, PERFORMANCE, Surroundings, compute_bot_wide
from whisper_enrich.strategic.performance_days import DayMeasures
from whisper_enrich.strategic.validity import lifetime

MEASURES_KEPT = timedelta(days=90)
"""How far back the bot-wide row looks."""


def bot_wide_row(
    bot_name: str,
    stored: Sequence[MeasuredDay],
    surroundings: Surroundings,
    as_of: datetime,
    now: datetime,
    end: datetime,
) -> CacheRow:
    """One row over all users, from the measures of their days: no history is read for it."""
    computed = compute_bot_wide(bot_name, measures_by_user(stored), as_of, surroundings)
    last = max((day.last_at for day in stored), default=as_of)
    return CacheRow(
        user_id=BOT_WIDE, results=computed.results, reasons=computed.reasons, read_up_to=last,
        messages_read=sum(day.messages for day in stored), input_key=sum(day.fingerprint for day in stored),
        computed_at=now, expires_at=end,
    )  # fmt: skip


def measures_by_user(stored: Sequence[MeasuredDay]) -> dict[str, list[DayMeasures]]:
    """The measures of each user's days."""
    by_user: dict[str, list[DayMeasures]] = {}
    for day in stored:
        by_user.setdefault(day.user_id, []).extend(DayMeasures.from_json(measures) for measures in day.measures)
    return by_user


def make_bot_wide_anew(ctx: StageContext, bot_name: str, surrounding: Surrounding) -> int:
    """Compute the bot-wide row and every snapshot of it again, from what is stored now; without any user they go.

    Returns the rows and snapshots made or removed. Raises `LeaseHeld`, `LeaseLost`.
    """
    now = ctx.clock()
    with ctx.lease(f"{bot_name}/{PERFORMANCE}") as lease:
        with ctx.database.connect() as connection:
            days = _days_of_snapshots(connection, bot_name)
            first = min([*days, now.date()]) - MEASURES_KEPT
            stored = strategic_features.measures_of(connection, bot_name, since=first)
        surroundings = surrounding(sorted({day.user_id for day in stored})) if stored else Surroundings()
        end = now + lifetime(bot_name, BOT_WIDE, ctx.settings.strategic_max_age_seconds)

        def row(as_of: datetime) -> CacheRow | None:
            within = [
                day for day in stored if day.last_at <= as_of and day.last_at.date() >= as_of.date() - MEASURES_KEPT
            ]
            return bot_wide_row(bot_name, within, surroundings, as_of, now, end) if within else None

        latest = row(now)
        snapshots = {day: row(min(now, datetime.combine(day + timedelta(days=1), time(), UTC))) for day in days}
        with ctx.database.begin() as connection:
            ctx.confirm(connection, lease)
            if latest is not None:
                repository.write_rows(connection, PERFORMANCE, bot_name, ENGINE_VERSION, [latest])
            made = [(day, made) for day, made in snapshots.items() if made is not None]
            repository.write_snapshots(connection, PERFORMANCE, bot_name, ENGINE_VERSION, made)
            gone = [day for day, made in snapshots.items() if made is None]
            removed = _remove(connection, bot_name, gone, row_too=latest is None)
    return (latest is not None) + len(made) + removed


def _days_of_snapshots(connection: Connection, bot_name: str) -> list[date]:
    rows = connection.execute(
        text("SELECT DISTINCT day FROM strategic_snapshots WHERE bot_name = :bot AND user_id = :all ORDER BY day"),
        {"bot": bot_name, "all": BOT_WIDE},
    )
    return list(rows.scalars())


def _remove(connection: Connection, bot_name: str, days: Sequence[date], *, row_too: bool) -> int:
    removed = connection.execute(
        text("DELETE FROM strategic_snapshots WHERE bot_name = :bot AND user_id = :all AND day = ANY(:days)"),
        {"bot": bot_name, "all": BOT_WIDE, "days": list(days)},
    ).rowcount
    if row_too:
        removed += connection.execute(
            text(f"DELETE FROM {PERFORMANCE} WHERE bot_name = :bot AND user_id IS NULL"), {"bot": bot_name}
        ).rowcount
    return removed
