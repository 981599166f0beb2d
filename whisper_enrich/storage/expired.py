"""Rows past their time: which these are, table by table, and dropping them a batch at a time.

None of them is needed to know what was done: a rerun reads the ledger, the assertions and the summaries, of which no row is ever
dropped by age. The ledger's rows in particular stay for as long as their points exist, and after: each is what keeps
its message from being derived again, and what a restored store is compared with.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

BATCH = 20_000
"""Rows dropped in one transaction: some tenths of a second, in which nobody else waits for long."""


@dataclass(frozen=True, slots=True)
class Expired:
    """The rows of a table that meet a condition, with ``:before`` as the time that counts."""

    table: str
    condition: str


MODEL_ANSWERS: Sequence[Expired] = (Expired("model_answers", "t.received_at < :before"),)

SNAPSHOTS: Sequence[Expired] = (
    Expired("strategic_snapshots", "t.day < (CAST(:before AS timestamptz) AT TIME ZONE 'UTC')::date"),
)

QUARANTINE: Sequence[Expired] = (Expired("quarantine", "t.discovered_at < :before"),)

RUN_RECORDS: Sequence[Expired] = (
    Expired("stage_runs", "t.finished_at < :before"),
    # The latest of each day of a collection stays: it says when that was last enriched.
    Expired(
        "enrichment_metadata",
        "t.last_enrichment_run < CAST(:before AS timestamptz) AT TIME ZONE 'UTC' AND EXISTS ("
        "SELECT FROM enrichment_metadata n WHERE n.collection_name = t.collection_name AND n.day = t.day "
        "AND n.last_enrichment_run > t.last_enrichment_run)",
    ),
    Expired("enrichment_requests", "t.done_at < :before"),
    Expired("message_touches", "t.at < :before"),
    Expired("model_batches", "t.state IN ('collected', 'failed') AND t.finished_at < :before"),
)

FACT_HISTORY: Sequence[Expired] = (
    Expired("fact_assertion_history", "t.replaced_at < :before"),
    Expired("fact_redone", "t.replaced_at < :before"),
)


def count(connection: Connection, what: Expired, before: datetime) -> int:
    """How many there are."""
    statement = text(f"SELECT count(*) FROM {what.table} t WHERE {what.condition}")
    return connection.execute(statement, {"before": before}).scalar_one()


def drop_some(connection: Connection, what: Expired, before: datetime) -> int:
    """Drop up to `BATCH` of them; returns how many."""
    statement = text(
        f"DELETE FROM {what.table} WHERE ctid = ANY(ARRAY("
        f"SELECT t.ctid FROM {what.table} t WHERE {what.condition} LIMIT :batch FOR UPDATE SKIP LOCKED))"
    )
    return connection.execute(statement, {"before": before, "batch": BATCH}).rowcount
