"""A database in which something of everything that is watched has happened."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from decimal import Decimal

from sqlalchemy import Connection, text

from whisper_enrich.storage import totals
from whisper_enrich.storage.tables import CACHES

BOT = "elena"


def fill(connection: Connection, now: datetime) -> None:
    """Rows for every metric from PostgreSQL: a bot that waits for everything, has set aside, quarantined and spent."""
    _ledger(connection, now)
    _worker(connection, now)
    _model(connection, now)
    _reader(connection, now)
    for stage in ("detect", "queue", "start", "intake", "read", "extract", "summarise", "compute", "write", "mark"):
        totals.add_times(connection, BOT, {stage: 0.3})
    for stage in ("extract", "summarise"):
        totals.add_work(connection, BOT, stage, 40, 12, 1)
    connection.execute(text("ANALYZE message_ledger"))


def _ledger(connection: Connection, now: datetime) -> None:
    rows = [
        ("due", "facts", 0, None, 20), ("later", "summary", 0, 60, 5), ("retry", "facts", 2, 10, 30),
        ("mark", "mark", 0, None, 8), ("dead", "dead", 5, None, 90), ("budget", "budget", 0, 600, 40),
    ]  # fmt: skip
    for name, kind, attempts, minutes, age in rows:
        states = {stage: "waiting" if stage == kind else "done" for stage in ("facts", "summary", "mark")}
        if kind == "dead":
            states["facts"] = "dead"
        if kind == "budget":
            states["facts"] = "waiting"
        connection.execute(
            text(
                """
                INSERT INTO message_ledger (bot_name, point_id, collection, user_id, event_time, day, scope, parts, content_hash,
                    disposition, first_seen_at, facts_state, summary_state, mark_state, facts_attempts, facts_next_at,
                    summary_next_at, facts_reason)
                VALUES (:bot, :id, 'c', 'ana', :at, :day, 'shared', 1, 'h', 'conversation', :at, :facts, :summary, :mark,
                    :attempts, :next, :next, :reason)
                """
            ),
            {
                "bot": BOT, "id": name, "at": now - timedelta(minutes=age), "day": now.date(), **states, "attempts": attempts,
                "next": now + timedelta(minutes=minutes) if minutes else None,
                "reason": "budget_spent" if kind == "budget" else None,
            },
        )  # fmt: skip
    connection.execute(
        text(
            "INSERT INTO quarantine (bot_name, point_id, collection, reason, day, payload_shape, discovered_at) "
            "VALUES (:bot, 'q', 'c', 'no_text', :day, '{}', :now)"
        ),
        {"bot": BOT, "day": now.date(), "now": now},
    )
    connection.execute(
        text("INSERT INTO enrichment_requests (bot_name, user_id, requested_at) VALUES (:bot, 'ana', :now)"),
        {"bot": BOT, "now": now},
    )


def _worker(connection: Connection, now: datetime) -> None:
    connection.execute(
        text("INSERT INTO worker_heartbeats (bot_name, beat_at, first_beat_at) VALUES (:bot, :beat, :first)"),
        {"bot": BOT, "beat": now - timedelta(seconds=20), "first": now - timedelta(days=2)},
    )
    connection.execute(
        text("INSERT INTO worker_outages (bot_name, silent_from, silent_until) VALUES (:bot, :a, :b)"),
        {"bot": BOT, "a": now - timedelta(hours=7), "b": now - timedelta(hours=1)},
    )


def _model(connection: Connection, now: datetime) -> None:
    for outcome, cost in (("answered", Decimal("0.002")), ("invalid", None)):
        totals.add_call(
            connection, day=now.date(), bot_name=BOT, purpose="facts", model="m-1", outcome=outcome, messages=20,
            tokens_in=900, tokens_cached=100, tokens_out=80, cost=cost, seconds=1.5,
        )  # fmt: skip
    for holder, name in (("day", ""), ("bot", BOT), ("user", "ana"), ("user", "ben"), ("run", "r-1")):
        connection.execute(
            text(
                "INSERT INTO model_spending (holder, period, name, tokens, tokens_open, cost, cost_open, changed_at) "
                "VALUES (:holder, :period, :name, :tokens, 0, 0.004, 0, :now)"
            ),
            {
                "holder": holder, "period": "" if holder == "run" else now.date().isoformat(), "name": name,
                "tokens": 400 if name == "ben" else 950, "now": now,
            },
        )  # fmt: skip


def _reader(connection: Connection, now: datetime) -> None:
    tables = {**dict.fromkeys((cache.name for cache in CACHES), 30), "user_facts": 30, "context": 120, "recall": 10}
    for table, reads in tables.items():
        connection.execute(
            text(
                """
                INSERT INTO reader_observations (bucket_start, table_name, bot_name, reporter, hits, stale, misses, reasons,
                    round_trips, seconds, latencies, time_anchored, time_anchored_found)
                VALUES (:at, :table, :bot, 'r', :hits, 2, 1, :reasons, :reads, :seconds, :latencies, :anchored, :found)
                """
            ),
            {
                "at": (now - timedelta(minutes=2)).replace(second=0, microsecond=0), "table": table, "bot": BOT,
                "hits": reads - 3, "reads": reads, "seconds": reads * 0.002,
                "reasons": json.dumps({"stale:expired": 2, "miss:no_row": 1}),
                "latencies": json.dumps({"0.002": reads - 2, "0.01": 1, "+Inf": 1}),
                "anchored": 4 if table == "recall" else 0, "found": 3 if table == "recall" else 0,
            },
        )  # fmt: skip
