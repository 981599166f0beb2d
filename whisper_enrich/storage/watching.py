"""What is counted for the metrics. Every question goes over a partial index or a small table: it comes often."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from sqlalchemy import Connection, text

from whisper_enrich.storage.tables import CACHES

_OPEN = "facts_state = 'waiting' OR summary_state = 'waiting' OR mark_state = 'waiting'"
"""The condition of the index over what waits, word for word."""
_DEAD = "facts_state = 'dead' OR summary_state = 'dead' OR mark_state = 'dead'"

_STAGES = """
    (VALUES ('facts', facts_state, facts_attempts, facts_next_at),
            ('summary', summary_state, summary_attempts, summary_next_at),
            ('mark', CASE WHEN facts_state = 'waiting' OR summary_state = 'waiting' THEN 'not yet' ELSE mark_state END,
             mark_attempts, mark_next_at)) s (stage, state, attempts, next_at)
"""


def bots(connection: Connection) -> list[str]:
    """Those that the worker has ever looked after."""
    rows = connection.execute(
        text("SELECT bot_name FROM worker_heartbeats UNION SELECT bot_name FROM stage_totals ORDER BY bot_name")
    )
    return list(rows.scalars())


@dataclass(frozen=True, slots=True)
class Pending:
    """Messages of a bot that wait for a stage, which is their turn, by ``state``: due, later or retry."""

    bot_name: str
    stage: str
    state: str
    messages: int


def pending(connection: Connection, now: datetime) -> list[Pending]:
    """What could be worked on is due; what failed before is a retry, due or not; all else is for later."""
    rows = connection.execute(
        text(
            f"""
            SELECT bot_name, stage, CASE WHEN attempts > 0 THEN 'retry' WHEN next_at > :now THEN 'later' ELSE 'due' END, count(*)
            FROM message_ledger, LATERAL {_STAGES}
            WHERE ({_OPEN}) AND disposition <> 'deleted' AND state = 'waiting' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
            """
        ),
        {"now": now},
    )
    return [Pending(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class Lag:
    """Ages in seconds: since the oldest message of a bot that could be worked on was taken in, and since the newest one was
    said whose facts are not read yet; None where there is none."""

    bot_name: str
    oldest_waiting_seconds: float | None
    newest_unread_seconds: float | None


def lags(connection: Connection, now: datetime) -> list[Lag]:
    """By bot, of those where something waits. What was set aside in one stage waits for nobody in the others."""
    rows = connection.execute(
        text(
            f"""
            SELECT bot_name,
                extract(epoch FROM CAST(:now AS timestamptz) - min(first_seen_at) FILTER (
                    WHERE state = 'waiting' AND (next_at IS NULL OR next_at <= :now) AND NOT ({_DEAD})))::float8,
                extract(epoch FROM CAST(:now AS timestamptz) - max(event_time) FILTER (
                    WHERE stage = 'facts' AND state = 'waiting'))::float8
            FROM message_ledger, LATERAL {_STAGES}
            WHERE ({_OPEN}) AND disposition <> 'deleted' GROUP BY bot_name ORDER BY bot_name
            """
        ),
        {"now": now},
    )
    return [Lag(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class DeadLetters:
    """Messages of a bot that a stage has set aside."""

    bot_name: str
    stage: str
    messages: int


def dead_letters(connection: Connection) -> list[DeadLetters]:
    """By bot and stage, where there are any."""
    rows = connection.execute(
        text(
            f"SELECT bot_name, stage, count(*) FROM message_ledger, LATERAL {_STAGES} "
            f"WHERE ({_DEAD}) AND disposition <> 'deleted' AND state = 'dead' GROUP BY 1, 2 ORDER BY 1, 2"
        )
    )
    return [DeadLetters(*row) for row in rows]


def quarantined(connection: Connection) -> dict[str, int]:
    """Points by bot, where there are any."""
    rows = connection.execute(text("SELECT bot_name, count(*) FROM quarantine GROUP BY 1 ORDER BY 1"))
    return dict(map(tuple, rows))


@dataclass(frozen=True, slots=True)
class BudgetUse:
    """What is spent or reserved of the budgets of a holder today, and for runs of those that spent something today.

    ``bot_name`` is empty but for the budgets of bots; of users and runs it is the highest of all.
    """

    holder: str
    bot_name: str
    tokens: int
    cost: Decimal


def budget_use(connection: Connection, now: datetime) -> list[BudgetUse]:
    """By holder, and for bots by bot; no user's or run's name."""
    today = now.astimezone(UTC).date()
    rows = connection.execute(
        text(
            """
            SELECT holder, CASE holder WHEN 'bot' THEN name ELSE '' END, max(tokens), max(cost) FROM model_spending
            WHERE period = :day OR period = '' AND changed_at >= :midnight GROUP BY 1, 2 ORDER BY 1, 2
            """
        ),
        {"day": today.isoformat(), "midnight": datetime(today.year, today.month, today.day, tzinfo=UTC)},
    )
    return [BudgetUse(*row) for row in rows]


@dataclass(frozen=True, slots=True)
class TableSize:
    """A table with its indexes; ``rows`` as of its last ANALYZE, None where there was none."""

    table: str
    bytes: int
    rows: int | None


def table_sizes(connection: Connection, schema: str) -> list[TableSize]:
    """Of our schema."""
    rows = connection.execute(
        text(
            """
            SELECT c.relname, pg_total_relation_size(c.oid), CASE WHEN c.reltuples >= 0 THEN c.reltuples::bigint END
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') ORDER BY 1
            """
        ),
        {"schema": schema},
    )
    return [TableSize(*row) for row in rows]


def database_size(connection: Connection) -> int:
    """Bytes of the whole database."""
    return connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one()


def cache_rows(connection: Connection, now: datetime) -> dict[str, tuple[int, int]]:
    """By cache, rows that hold until after ``now``, and those past their end."""
    found = {}
    for cache in CACHES:
        row = connection.execute(
            text(
                f"SELECT count(*) FILTER (WHERE expires_at > :now), count(*) FILTER (WHERE expires_at <= :now) FROM {cache.name}"
            ),
            {"now": now},
        ).one()
        found[cache.name] = (row[0], row[1])
    return found
