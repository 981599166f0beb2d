"""Records of what each run did."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime

from sqlalchemy import Connection, text


def record_stage(
    connection: Connection,
    run_id: str,
    bot_name: str,
    day: date,
    stage: str,
    *,
    finished_at: datetime,
    seconds: float,
    counts: Mapping[str, int],
) -> None:
    """What one stage of one run did to one partition; a retry within the run adds to it."""
    connection.execute(
        text(
            """
            INSERT INTO stage_runs AS s (run_id, bot_name, day, stage, finished_at, seconds, counts)
            VALUES (:run, :bot, :day, :stage, :at, :seconds, CAST(:counts AS jsonb))
            ON CONFLICT (run_id, bot_name, day, stage) DO UPDATE SET
                finished_at = excluded.finished_at, seconds = s.seconds + excluded.seconds,
                counts = (
                    SELECT jsonb_object_agg(key, value) FROM (
                        SELECT key, sum(value::bigint) AS value
                        FROM (SELECT * FROM jsonb_each_text(s.counts) UNION ALL SELECT * FROM jsonb_each_text(excluded.counts)) a
                        GROUP BY key) b)
            """
        ),
        {
            "run": run_id, "bot": bot_name, "day": day, "stage": stage, "at": finished_at, "seconds": seconds,
            "counts": json.dumps(dict(counts)),
        },
    )  # fmt: skip


def record_run(
    connection: Connection, run_id: str, bot_name: str, collection: str, day: date, now: datetime
) -> dict[str, float]:
    """Sum up the stages of this run into `enrichment_metadata`; returns the row's figures."""
    figures = dict(
        connection.execute(
            text(
                """
                SELECT
                    -- A cache reads the whole history of its users, each day of it again.
                    coalesce(max((counts->>'messages')::int) FILTER (WHERE stage NOT LIKE 'strategic\\_%'), 0)::int
                        AS messages_processed,
                    coalesce(sum((counts->>'facts')::int) FILTER (WHERE stage = 'facts'), 0)::int AS facts_extracted,
                    coalesce(sum((counts->>'summaries')::int) FILTER (WHERE stage = 'summary'), 0)::int
                        AS summaries_created,
                    coalesce(sum(seconds), 0)::float AS processing_duration_seconds
                FROM stage_runs WHERE run_id = :run AND bot_name = :bot AND day = :day
                """
            ),
            {"run": run_id, "bot": bot_name, "day": day},
        ).one()._mapping
    )  # fmt: skip
    row = {
        **figures, "collection": collection, "at": now.astimezone(UTC).replace(tzinfo=None), "bot": bot_name, "day": day,
        "run": run_id,
    }  # fmt: skip
    # A step that is tried again within its run records that run once.
    again = connection.execute(
        text(
            """
            UPDATE enrichment_metadata SET last_enrichment_run = :at, messages_processed = :messages_processed,
                facts_extracted = :facts_extracted, summaries_created = :summaries_created,
                processing_duration_seconds = :processing_duration_seconds
            WHERE collection_name = :collection AND day = :day AND run_id = :run
            """
        ),
        row,
    ).rowcount
    if not again:
        connection.execute(
            text(
                """
                INSERT INTO enrichment_metadata (collection_name, last_enrichment_run, messages_processed, facts_extracted,
                    summaries_created, processing_duration_seconds, bot_name, day, run_id)
                VALUES (:collection, :at, :messages_processed, :facts_extracted, :summaries_created,
                    :processing_duration_seconds, :bot, :day, :run)
                ON CONFLICT (collection_name, day, last_enrichment_run) DO NOTHING
                """
            ),
            row,
        )
    return figures


def record_reconciliation(
    connection: Connection, bot_name: str, now: datetime, points_in_store: int, counts: Mapping[str, int]
) -> None:
    """When every point of a bot was last held against the ledger, and what came of it."""
    connection.execute(
        text(
            """
            INSERT INTO reconciliations (bot_name, finished_at, points_in_store, counts)
            VALUES (:bot, :at, :points, CAST(:counts AS jsonb))
            ON CONFLICT (bot_name) DO UPDATE SET finished_at = excluded.finished_at,
                points_in_store = excluded.points_in_store, counts = excluded.counts
            """
        ),
        {"bot": bot_name, "at": now, "points": points_in_store, "counts": json.dumps(dict(counts))},
    )
