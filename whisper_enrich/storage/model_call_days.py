"""Calls of the model that are past their time, summed up by day: what was paid is known for ever, each call is not."""

from __future__ import annotations

from datetime import UTC, datetime, time

from sqlalchemy import Connection, text

from whisper_enrich.storage.expired import BATCH

_FIGURES = ("calls", "messages", "tokens_in", "tokens_cached", "tokens_out", "cost", "failures", "lost", "unpriced")
# What is still reserved may yet be settled: its sums are not final.
_GONE = "outcome <> 'reserved' AND called_at < :before"

_SUM_UP = f"""
WITH gone AS (
    DELETE FROM model_calls WHERE ctid = ANY(ARRAY(
        SELECT ctid FROM model_calls WHERE {_GONE} LIMIT :batch FOR UPDATE SKIP LOCKED))
    RETURNING *
), summed AS (
    INSERT INTO model_call_days AS d (called_on, bot_name, purpose, model, {", ".join(_FIGURES)})
    SELECT (called_at AT TIME ZONE 'UTC')::date, bot_name, purpose, coalesce(model_answered, model_asked), count(*),
        coalesce(sum(messages) FILTER (WHERE outcome = 'answered'), 0), sum(tokens_in), sum(tokens_cached),
        sum(tokens_out), coalesce(sum(cost), 0), count(*) FILTER (WHERE outcome <> 'answered'),
        count(*) FILTER (WHERE outcome = 'lost'), count(*) FILTER (WHERE cost IS NULL AND tokens_in + tokens_out > 0)
    FROM gone GROUP BY 1, 2, 3, 4
    ON CONFLICT (called_on, bot_name, purpose, model) DO UPDATE SET
        {", ".join(f"{name} = d.{name} + excluded.{name}" for name in _FIGURES)}
)
SELECT count(*) FROM gone
"""


def count(connection: Connection, before: datetime) -> int:
    """Settled calls of UTC days that ended before that time."""
    return connection.execute(
        text(f"SELECT count(*) FROM model_calls WHERE {_GONE}"), {"before": _midnight(before)}
    ).scalar_one()


def sum_up_some(connection: Connection, before: datetime) -> int:
    """Sum up a batch of them and drop it; returns how many calls."""
    return connection.execute(text(_SUM_UP), {"before": _midnight(before), "batch": BATCH}).scalar_one()


def _midnight(at: datetime) -> datetime:
    """Days go whole, so that no day is half a sum and half its calls for longer than a batch."""
    return datetime.combine(at.astimezone(UTC).date(), time(), UTC)
