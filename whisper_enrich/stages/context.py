"""What every stage needs, and the lease that it works under."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime

from whisper_enrich.errors import LeaseHeld, StoreError
from whisper_enrich.messages.store import BotCollection, MessageStore
from whisper_enrich.settings import Settings, utc_now
from whisper_enrich.stages.stopwatch import WORK_OF, Stopwatch
from whisper_enrich.storage import leases, runs, totals
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.shares import Share

log = logging.getLogger("whisper_enrich")

LEASE_WAIT_SECONDS = 30.0
LONG_LEASE_WAIT_SECONDS = 600.0
"""For runs that nobody sits before: a backfill and live work take turns by the days that `assets.partitioned` hands out."""
_POLL_SECONDS = 0.25
_WANTED_SECONDS = 2.0


@dataclass(frozen=True)
class StageContext:
    """The surroundings of a stage: effects come in here, so that a test can put its own in their place."""

    database: Database
    store: MessageStore
    settings: Settings
    ledger_id: str
    run_id: str
    clock: Callable[[], datetime] = utc_now
    jitter: Callable[[], float] = field(default_factory=lambda: random.Random().random)
    lease_wait_seconds: float = LEASE_WAIT_SECONDS
    urgent: bool = True
    """False for a backfill: it takes no lease that live work waits for."""
    share: Share | None = None
    """The users that the run is for, where several runs work for a bot at once; facts and summaries alone can be shared out."""
    stopwatch: Stopwatch = field(default_factory=Stopwatch)

    @contextmanager
    def lease(self, resource: str) -> Iterator[leases.Lease]:
        """Hold the lease on ``resource`` for the block, after waiting for a live holder for a while.

        Raises `LeaseHeld` when that holder does not let go in time.
        """
        held = self._wait_for(resource)
        try:
            yield held
        finally:
            with self.database.begin() as connection:
                leases.release(connection, held)

    def _wait_for(self, resource: str) -> leases.Lease:
        deadline = time.monotonic() + self.lease_wait_seconds
        while True:
            try:
                with self.database.begin() as connection:
                    return leases.acquire(
                        connection, resource, self.settings.enrichment_lease_seconds, urgent=self.urgent,
                        share=self.share,
                    )  # fmt: skip
            except LeaseHeld:
                if time.monotonic() >= deadline:
                    raise
            if self.urgent:
                with self.database.begin() as connection:
                    leases.want(connection, resource, _WANTED_SECONDS)
            time.sleep(_POLL_SECONDS)

    def confirm(self, connection, lease: leases.Lease) -> None:
        """Within a writing transaction: still ours, and renewed."""
        leases.confirm(connection, lease, self.settings.enrichment_lease_seconds)

    def renew(self, lease: leases.Lease) -> None:
        """The same by itself, during long waits."""
        with self.database.begin() as connection:
            self.confirm(connection, lease)

    def record_stage(self, bot_name: str, stage: str, seconds: float, counts: Mapping[date, Mapping[str, int]]) -> None:
        """Record what a stage did to each day; the time taken is shared out by the messages of each."""
        total = sum(day_counts["messages"] for day_counts in counts.values())
        with self.database.begin() as connection:
            for day, day_counts in counts.items():
                share = day_counts["messages"] / total if total else 1 / len(counts)
                runs.record_stage(
                    connection, self.run_id, bot_name, day, stage,
                    finished_at=self.clock(), seconds=seconds * share, counts=day_counts,
                )  # fmt: skip
            if (measured := WORK_OF.get(stage)) is not None:
                done = {name: sum(day.get(name, 0) for day in counts.values()) for name in ("messages", "failures")}
                results = sum(day.get(measured.result, 0) for day in counts.values())
                totals.add_work(connection, bot_name, measured.stage, done["messages"], results, done["failures"])

    def record_times(self, bot_name: str) -> None:
        """Add what the stopwatch has measured since the last time to the totals of the bot."""
        if seconds := self.stopwatch.read():
            with self.database.begin() as connection:
                totals.add_times(connection, bot_name, seconds)

    def collection_of(self, bot_name: str) -> BotCollection:
        """The bot's collection. Raises `StoreError` that lists the bots there are."""
        bots = self.store.bots()
        for bot in bots:
            if bot.bot_name == bot_name:
                return bot
        known = ", ".join(bot.bot_name for bot in bots) or "none"
        raise StoreError(
            f"The message store has no collection for bot '{bot_name}'. Bots found: {known}. Check the name, "
            "QDRANT_COLLECTION_PREFIX, and that the collection still exists."
        )
