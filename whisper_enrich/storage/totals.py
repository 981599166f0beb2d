"""Totals that only grow: what stages took and did, and what calls of a model took. Counters are made from them."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlalchemy import Connection, text

BOUNDS = (0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0)
"""Upper bounds in seconds of the buckets into which the times of stages are counted; one more is without bound."""


@dataclass(frozen=True, slots=True)
class StageTotal:
    """One stage of one bot over all runs, measured once a step that had any of it. ``buckets`` are not cumulative; those of a
    stage never timed are empty."""

    bot_name: str
    stage: str
    measurements: int
    seconds: float
    buckets: tuple[int, ...]
    messages: int
    results: int
    failures: int


def add_times(connection: Connection, bot_name: str, seconds_by_stage: Mapping[str, float]) -> None:
    """What the stages took within one step of a run for a bot."""
    for stage in sorted(seconds_by_stage):
        seconds = seconds_by_stage[stage]
        buckets = [0] * (len(BOUNDS) + 1)
        buckets[bisect_left(BOUNDS, seconds)] = 1
        connection.execute(
            text(
                """
                INSERT INTO stage_totals AS t (bot_name, stage, measurements, seconds, buckets)
                VALUES (:bot, :stage, 1, :seconds, CAST(:buckets AS bigint[]))
                ON CONFLICT (bot_name, stage) DO UPDATE SET
                    measurements = t.measurements + 1, seconds = t.seconds + excluded.seconds,
                    buckets = ARRAY(SELECT coalesce(a, 0) + coalesce(b, 0)
                                    FROM unnest(t.buckets, excluded.buckets) WITH ORDINALITY u (a, b, place) ORDER BY place)
                """
            ),
            {"bot": bot_name, "stage": stage, "seconds": seconds, "buckets": buckets},
        )


def add_work(connection: Connection, bot_name: str, stage: str, messages: int, results: int, failures: int) -> None:
    """What a stage worked off and what came of it."""
    connection.execute(
        text(
            """
            INSERT INTO stage_totals AS t (bot_name, stage, messages, results, failures)
            VALUES (:bot, :stage, :messages, :results, :failures)
            ON CONFLICT (bot_name, stage) DO UPDATE SET messages = t.messages + excluded.messages,
                results = t.results + excluded.results, failures = t.failures + excluded.failures
            """
        ),
        {"bot": bot_name, "stage": stage, "messages": messages, "results": results, "failures": failures},
    )


def stage_totals(connection: Connection) -> list[StageTotal]:
    """Every bot and stage."""
    rows = connection.execute(
        text(
            "SELECT bot_name, stage, measurements, seconds, buckets, messages, results, failures FROM stage_totals "
            "ORDER BY bot_name, stage"
        )
    )
    return [StageTotal(*row[:4], tuple(row.buckets), *row[5:]) for row in rows]


def oldest_live(
    connection: Connection, bot_name: str, *, seen_since: datetime, said_after: datetime
) -> datetime | None:
    """When the oldest message was said that entered the ledger since ``seen_since`` and was said after ``said_after``."""
    return connection.execute(
        text(
            "SELECT min(event_time) FROM message_ledger WHERE bot_name = :bot AND day >= :day "
            "AND disposition = 'conversation' AND first_seen_at >= :seen AND event_time > :said"
        ),
        {"bot": bot_name, "day": said_after.astimezone(UTC).date(), "seen": seen_since, "said": said_after},
    ).scalar()


def add_call(
    connection: Connection,
    *,
    day: date,
    bot_name: str,
    purpose: str,
    model: str,
    outcome: str,
    messages: int,
    tokens_in: int,
    tokens_cached: int,
    tokens_out: int,
    cost: Decimal | None,
    seconds: float | None,
) -> None:
    """A call was settled.

    Its transaction holds the row of that day's spending already (`model_calls`), so that nobody waits here in a circle.
    """
    connection.execute(
        text(
            """
            INSERT INTO model_totals AS t (day, bot_name, purpose, model, outcome, calls, messages, tokens_in, tokens_cached,
                                           tokens_out, cost, unpriced, seconds)
            VALUES (:day, :bot, :purpose, :model, :outcome, 1, :messages, :tokens_in, :cached, :tokens_out,
                    coalesce(CAST(:cost AS numeric), 0), CAST(:unpriced AS int), :seconds)
            ON CONFLICT (day, bot_name, purpose, model, outcome) DO UPDATE SET calls = t.calls + 1,
                messages = t.messages + excluded.messages, tokens_in = t.tokens_in + excluded.tokens_in,
                tokens_cached = t.tokens_cached + excluded.tokens_cached, tokens_out = t.tokens_out + excluded.tokens_out,
                cost = t.cost + excluded.cost, unpriced = t.unpriced + excluded.unpriced,
                seconds = t.seconds + excluded.seconds
            """
        ),
        {
            "day": day, "bot": bot_name, "purpose": purpose, "model": model, "outcome": outcome, "messages": messages,
            "tokens_in": tokens_in, "cached": tokens_cached, "tokens_out": tokens_out, "cost": cost,
            "unpriced": cost is None and tokens_in + tokens_out > 0, "seconds": seconds or 0.0,
        },
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ModelTotal:
    """Settled calls of one bot, purpose, model and outcome; ``cost`` in US dollars of those whose price is known."""

    bot_name: str
    purpose: str
    model: str
    outcome: str
    calls: int
    messages: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost: Decimal
    unpriced: int
    seconds: float


def model_totals(connection: Connection) -> list[ModelTotal]:
    """Over all days."""
    rows = connection.execute(
        text(
            """
            SELECT bot_name, purpose, model, outcome, sum(calls)::bigint, sum(messages)::bigint, sum(tokens_in)::bigint,
                sum(tokens_cached)::bigint, sum(tokens_out)::bigint, sum(cost), sum(unpriced)::bigint,
                -- Exact, or the order of the rows could make it go back by a bit: for a counter that is a restart.
                sum(seconds::numeric)::float8
            FROM model_totals GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4
            """
        )
    )
    return [ModelTotal(*row) for row in rows]
