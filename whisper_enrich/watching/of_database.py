"""Metrics from PostgreSQL, a short transaction a part."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from whisper_enrich.errors import SchemaDrift
from whisper_enrich.hot_path.observed import BOUND_NAMES, BOUNDS
from whisper_enrich.llm.budgets import Unit, budgets_of
from whisper_enrich.settings import Settings
from whisper_enrich.storage import enrichment_requests, model_costs, observations, totals, uptime, watching
from whisper_enrich.watching.collector import Part
from whisper_enrich.watching.families import Families
from whisper_enrich.watching.reading import ReadOnly

TARGET = "postgresql"
UPTIME_WINDOWS = {"24h": timedelta(hours=24), "30d": timedelta(days=30)}
HIT_RATE_WINDOW = timedelta(hours=1)
LATENCY_WINDOW = timedelta(minutes=5)
PENDING_STAGES = ("facts", "summary", "mark")


def parts_of_database(database: ReadOnly, clock: Callable[[], datetime]) -> list[Part]:
    """What is asked of PostgreSQL."""
    source = _Source(database, clock)
    return [
        Part("worker", TARGET, source.worker, seconds=5, probes=True),
        Part("ledger", TARGET, source.ledger, seconds=10),
        Part("stages", TARGET, source.stages, seconds=10),
        Part("model", TARGET, source.model, seconds=15),
        Part("reader", TARGET, source.reader, seconds=15),
        Part("storage", TARGET, source.storage, seconds=60),
    ]


@dataclass(frozen=True)
class _Source:
    database: ReadOnly
    clock: Callable[[], datetime]

    @property
    def _settings(self) -> Settings:
        return self.database.settings

    def worker(self, families: Families) -> None:
        """Signs of life, and whether there is a schema at all."""
        now = self.clock()
        with self.database.transaction() as connection:
            if (revision := self.database.revision()) is None:
                raise SchemaDrift("The database has no schema of ours yet. Run `whisper-enrich migrate`.")
            beats = uptime.heartbeats(connection)
            shares = {
                name: uptime.uptime(connection, now, window, self._settings.worker_silence_seconds)
                for name, window in UPTIME_WINDOWS.items()
            }
        families.set("schema_info", 1, revision=revision)
        for beat in beats:
            families.set("heartbeat_timestamp_seconds", beat.beat_at.timestamp(), bot=beat.bot_name)
        if beats:
            families.set("alive_timestamp_seconds", max(beat.beat_at for beat in beats).timestamp())
        for window, by_bot in shares.items():
            for bot, share in by_bot.items():
                families.set("uptime_ratio", share, bot=bot, window=window)

    def ledger(self, families: Families) -> None:
        """What waits, and what was given up. A bot with nothing of it has a 0, so that an increase shows."""
        now = self.clock()
        with self.database.transaction() as connection:
            bots = watching.bots(connection)
            lags = {lag.bot_name: lag for lag in watching.lags(connection, now)}
            pending = watching.pending(connection, now)
            dead = {(d.bot_name, d.stage): d.messages for d in watching.dead_letters(connection)}
            quarantined = watching.quarantined(connection)
            requests = {w.bot_name: w.requests for w in enrichment_requests.waiting(connection)}
        counts = {(p.bot_name, p.stage, p.state): p.messages for p in pending}
        for bot in sorted({*bots, *lags, *quarantined, *requests, *(name for name, _ in dead)}):
            lag = lags.get(bot)
            families.set("oldest_waiting_age_seconds", (lag and lag.oldest_waiting_seconds) or 0.0, bot=bot)
            families.set("newest_unread_age_seconds", (lag and lag.newest_unread_seconds) or 0.0, bot=bot)
            families.set("quarantined_points", quarantined.get(bot, 0), bot=bot)
            families.set("open_requests", requests.get(bot, 0), bot=bot)
            for stage in PENDING_STAGES:
                families.set("dead_letters", dead.get((bot, stage), 0), bot=bot, stage=stage)
                for state in ("due", "later", "retry"):
                    families.set(
                        "pending_messages", counts.get((bot, stage, state), 0), bot=bot, stage=stage, state=state
                    )

    def stages(self, families: Families) -> None:
        """What stages took and did."""
        with self.database.transaction() as connection:
            rows = totals.stage_totals(connection)
        buckets: dict[str, list[float]] = {}
        for row in rows:
            labels = {"bot": row.bot_name, "stage": row.stage}
            if row.measurements:
                families.set("stage_seconds", row.seconds, **labels)
                families.set("stage_steps", row.measurements, **labels)
                _add(buckets, row.stage, [row.seconds, *row.buckets])
            if row.messages or row.failures:
                families.set("stage_messages", row.messages, **labels)
                families.set("stage_results", row.results, **labels)
                families.set("stage_failures", row.failures, **labels)
        for stage, (seconds, *counts) in buckets.items():
            families.count("stage_duration_seconds", totals.BOUNDS, counts, seconds, stage=stage)

    def model(self, families: Families) -> None:
        """What calls took, and what is left of the budgets."""
        now = self.clock()
        with self.database.transaction() as connection:
            calls = totals.model_totals(connection)
            used = watching.budget_use(connection, now)
            waiting = model_costs.waiting_for_budget(connection)
            bots = watching.bots(connection)
        _add_calls(families, calls)
        _add_budgets(families, self._settings, used)
        messages = {w.bot_name: max(w.facts, w.summaries) for w in waiting}
        for bot in sorted({*bots, *messages}):
            families.set("budget_waiting_messages", messages.get(bot, 0), bot=bot)

    def reader(self, families: Families) -> None:
        """What the bots' readers have reported."""
        now = self.clock()
        with self.database.transaction() as connection:
            observed = observations.observed(connection, now - HIT_RATE_WINDOW)
            recent = observations.observed(connection, now - LATENCY_WINDOW)
        _add_reads(families, observed)
        _add_latencies(families, recent)

    def storage(self, families: Families) -> None:
        """How large everything is."""
        with self.database.transaction() as connection:
            families.set("database_size_bytes", watching.database_size(connection))
            for size in watching.table_sizes(connection, self._settings.postgres_schema):
                families.set("table_size_bytes", size.bytes, table=size.table)
                if size.rows is not None:
                    families.set("table_rows", size.rows, table=size.table)
            for cache, (valid, expired) in watching.cache_rows(connection, self.clock()).items():
                families.set("cache_rows", valid, table=cache, state="valid")
                families.set("cache_rows", expired, table=cache, state="expired")
        if self._settings.home.is_dir():
            families.set("home_free_bytes", shutil.disk_usage(self._settings.home).free)


def _add_calls(families: Families, calls: list[totals.ModelTotal]) -> None:
    costs: dict[tuple[str, str, str], list[float]] = {}
    tokens: dict[tuple[str, str, str], list[int]] = {}
    for call in calls:
        key = (call.bot_name, call.purpose, call.model)
        labels = dict(zip(("bot", "purpose", "model"), key, strict=True))
        families.set("model_calls", call.calls, **labels, outcome=call.outcome)
        families.set("model_messages", call.messages, **labels, outcome=call.outcome)
        _add(costs, key, [float(call.cost), float(call.unpriced), call.seconds])
        _add(tokens, key, [call.tokens_in, call.tokens_cached, call.tokens_out])
    for key, (cost, unpriced, seconds) in costs.items():
        labels = dict(zip(("bot", "purpose", "model"), key, strict=True))
        families.set("model_cost_dollars", cost, **labels)
        families.set("model_unpriced_calls", unpriced, **labels)
        families.set("model_wait_seconds", seconds, **labels)
        for kind, count in zip(("in", "cached", "out"), tokens[key], strict=True):
            families.set("model_tokens", count, **labels, kind=kind)


def _add(sums: dict, key: object, values: list) -> None:
    sums[key] = [a + b for a, b in zip(sums.get(key, [0] * len(values)), values, strict=True)]


def _add_budgets(families: Families, settings: Settings, used: list[watching.BudgetUse]) -> None:
    for budget in budgets_of(settings):
        which = {"holder": budget.holder.value, "unit": budget.unit.value}
        families.set("budget_limit", float(budget.limit), **which)
        for use in used:
            if use.holder == budget.holder:
                spent = Decimal(use.tokens) if budget.unit is Unit.TOKENS else use.cost
                families.set(
                    "budget_used_ratio", spent / budget.limit if budget.limit else 1, **which, bot=use.bot_name
                )


def _add_reads(families: Families, observed: list[observations.Observed]) -> None:
    hits: dict[str, list[int]] = {}
    reasons: dict[tuple[str, str], list[int]] = {}
    anchored = [0, 0]
    for o in observed:
        for outcome, reads in (("hit", o.hits), ("stale", o.stale), ("miss", o.misses)):
            families.set("recent_reads", reads, bot=o.bot_name, table=o.table_name, outcome=outcome)
        for reason, reads in o.reasons.items():
            _add(reasons, (o.table_name, reason), [reads])
        if o.table_name in observations.RATED:
            _add(hits, o.bot_name, [o.hits, o.hits + o.stale + o.misses])
        anchored = [anchored[0] + o.time_anchored_found, anchored[1] + o.time_anchored]
    for (table, reason), (reads,) in reasons.items():
        families.set("recent_unfresh_reads", reads, table=table, reason=reason)
    for bot, (hit, reads) in hits.items():
        if reads:
            families.set("cache_hit_ratio", hit / reads, bot=bot)
    families.set("recent_time_anchored_questions", anchored[0], found="yes")
    families.set("recent_time_anchored_questions", anchored[1] - anchored[0], found="no")


def _add_latencies(families: Families, recent: list[observations.Observed]) -> None:
    by_table: dict[str, list[float]] = {}
    for o in recent:
        _add(by_table, o.table_name, [o.seconds, *(o.latencies.get(bound, 0) for bound in BOUND_NAMES)])
    for table, (seconds, *counts) in by_table.items():
        if sum(counts):
            families.count("recent_read_latency_seconds", BOUNDS, counts, seconds, table=table)
