"""The strategic caches: the latest rows of users with news, snapshots by day, and the bot-wide row."""

from __future__ import annotations

import logging
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from whisper_enrich.errors import PartialFailure
from whisper_enrich.messages.points import chunks
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.bot_wide import MEASURES_KEPT, bot_wide_row
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.strategic_histories import Known, known_of, shelf_of, uncollected
from whisper_enrich.stages.strategic_surroundings import Surrounding
from whisper_enrich.storage import enrichment_requests, strategic_features
from whisper_enrich.storage import strategic_caches as repository
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.strategic_caches import BOT_WIDE, CacheRow, Due, DueDay
from whisper_enrich.strategic.engines import (
    ENGINE_VERSION,
    PERFORMANCE,
    Computed,
    Surroundings,
    compute,
)
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.validity import RENEWAL_MARGIN, lifetime, pulled_in

log = logging.getLogger("whisper_enrich")

USERS_AT_ONCE = 50
"""Users whose histories are in memory and whose rows are written together."""


@dataclass
class CacheResult:
    """What became of one cache on one day: rows and snapshots made, from how many messages, nulls by reason."""

    messages: int = 0
    rows: int = 0
    snapshots: int = 0
    reasons: Counter[str] = field(default_factory=Counter)


def compute_caches(
    ctx: StageContext,
    bot: BotCollection,
    days: Sequence[date],
    cache: str,
    surrounding: Surrounding = lambda users: Surroundings(),
) -> dict[date, CacheResult]:
    """Bring one cache of a bot up to date: the rows of every user with news or whose row is close to its end, and the
    snapshots of these days; the result by day (rows count on the last).

    A user whose computation fails keeps the row of before and stops no
    other. Raises `PartialFailure` at the end then, `LeaseLost`, `LeaseHeld`; what was committed before stays.
    """
    results = {day: CacheResult() for day in days}
    started = time.perf_counter()
    work = _Work(ctx, bot.bot_name, cache, surrounding)
    with ctx.lease(f"{bot.bot_name}/{cache}") as lease:
        work.latest(lease, results[max(days)])
        work.by_day(lease, results)
    ctx.record_stage(
        bot.bot_name, cache, time.perf_counter() - started,
        {day: {"messages": r.messages, "rows": r.rows, "snapshots": r.snapshots} for day, r in results.items()},
    )  # fmt: skip
    if work.failed:
        kinds = ", ".join(f"{name} ({count})" for name, count in sorted(Counter(work.failed.values()).items()))
        raise PartialFailure(
            f"{cache} could not be computed for {len(work.failed)} user(s) of {bot.bot_name}: {kinds}. All others are "
            "stored; the log of this run has the stack. Their last rows stay until then."
        )
    return results


@dataclass
class _Work:
    ctx: StageContext
    bot_name: str
    cache: str
    surrounding: Surrounding
    failed: dict[str, str] = field(default_factory=dict)
    """The error's class by user."""
    made: dict[str, CacheRow] = field(default_factory=dict)
    """The latest rows that were made, by user."""

    def latest(self, lease: Lease, result: CacheResult) -> None:
        """Rows of users with news, whom the bot has asked for first; and the bot-wide row where there is one."""
        now = self.ctx.clock()
        settings = self.ctx.settings
        unread = settings.cache_max_unread_messages
        with self.ctx.database.begin() as connection:
            repository.delete_rows_without_messages(connection, self.bot_name, self.cache)
            due = repository.due_users(
                connection, self.bot_name, self.cache,
                renew_before=now + RENEWAL_MARGIN, seen_after=now - timedelta(days=settings.strategic_renew_days),
            )  # fmt: skip
            lifted = enrichment_requests.lifted_users(connection, self.bot_name)
        due.sort(key=lambda one: one.user_id not in lifted)
        for some in chunks(due, USERS_AT_ONCE):
            rows = list(self._rows(some, now, result))
            with self.ctx.stopwatch.measure("write"), self.ctx.database.begin() as connection:
                self.ctx.confirm(connection, lease)
                behind = strategic_features.users_behind(connection, self.bot_name, [row.user_id for row in rows])
                rows = [
                    replace(row, expires_at=pulled_in(row.expires_at, [now], settings.cache_ttl_seconds, unread))
                    if row.user_id in behind
                    else row
                    for row in rows
                ]
                repository.write_rows(connection, self.cache, self.bot_name, ENGINE_VERSION, rows)
            result.rows += len(rows)
        if due and self.cache == PERFORMANCE:
            self._bot_wide(lease, now, result)

    def _rows(self, due: Sequence[Due], now: datetime, result: CacheResult) -> Iterator[CacheRow]:
        keys = {one.user_id: one.input_key for one in due}
        surroundings = self._surroundings(list(keys))
        for known in self._known(list(keys)):
            history = known.now(now)
            if (computed := self._compute(history, surroundings, result)) is not None:
                row = self._row(known.user_id, keys[known.user_id], history, computed, now)
                self.made[row.user_id] = row
                yield row

    def _bot_wide(self, lease: Lease, now: datetime, result: CacheResult) -> None:
        """One row over all users, from the measures of their days: no history is read for it."""
        with self.ctx.database.connect() as connection:
            stored = strategic_features.measures_of(connection, self.bot_name, since=now.date() - MEASURES_KEPT)
        surroundings = self._surroundings(list(dict.fromkeys(day.user_id for day in stored)))
        row = bot_wide_row(self.bot_name, stored, surroundings, now, now, self._end(BOT_WIDE, now))
        with self.ctx.stopwatch.measure("write"), self.ctx.database.begin() as connection:
            self.ctx.confirm(connection, lease)
            repository.write_rows(connection, self.cache, self.bot_name, ENGINE_VERSION, [row])
            repository.write_snapshots(connection, self.cache, self.bot_name, ENGINE_VERSION, [(now.date(), row)])
        result.rows += 1

    def by_day(self, lease: Lease, of_run: Mapping[date, CacheResult]) -> None:
        """Snapshots of the run's days, and those that a late message has made stale: as of the end of each day."""
        now = self.ctx.clock()
        results = defaultdict(CacheResult, of_run)
        with self.ctx.database.connect() as connection:
            due = repository.due_days(connection, self.bot_name, list(of_run), self.cache)
        by_user: dict[str, list[DueDay]] = {}
        same: list[tuple[date, CacheRow]] = []
        for one in due:
            if (row := self._made_of_the_same(one, now.date())) is not None:
                same.append((one.day, row))
                results[one.day].snapshots += 1
            else:
                by_user.setdefault(one.user_id, []).append(one)
        with self.ctx.stopwatch.measure("write"), self.ctx.database.begin() as connection:
            self.ctx.confirm(connection, lease)
            repository.write_snapshots(connection, self.cache, self.bot_name, ENGINE_VERSION, same)
        for users in chunks(list(by_user), USERS_AT_ONCE):
            rows = []
            surroundings = self._surroundings(users)
            for known in self._known(users):
                for one in by_user[known.user_id]:
                    history = known.at_end_of(one.day, now)
                    if (computed := self._compute(history, surroundings, results[one.day])) is not None:
                        rows.append((one.day, self._row(known.user_id, one.input_key, history, computed, now)))
                        results[one.day].snapshots += 1
            with self.ctx.stopwatch.measure("write"), self.ctx.database.begin() as connection:
                self.ctx.confirm(connection, lease)
                repository.write_snapshots(connection, self.cache, self.bot_name, ENGINE_VERSION, rows)

    def _made_of_the_same(self, due: DueDay, today: date) -> CacheRow | None:
        """The latest row, where it is the snapshot too: that of a day that has not ended."""
        row = self.made.get(due.user_id)
        return row if row is not None and due.day >= today and row.input_key == due.input_key else None

    def _surroundings(self, users: Sequence[str]) -> Surroundings:
        return self.surrounding(users) if self.cache == PERFORMANCE else Surroundings()

    def _known(self, users: Sequence[str]) -> Iterable[Known]:
        with self.ctx.database.connect() as connection, uncollected():
            return list(known_of(connection, self.bot_name, users, shelf_of(self.ctx.database, self.bot_name)))

    def _compute(self, history: History, surroundings: Surroundings, result: CacheResult) -> Computed | None:
        try:
            computed = compute(self.cache, history, surroundings)
        except Exception as error:  # noqa: BLE001 - one user must not stop the others; raised at the end.
            # The text of the error could quote a message; its stack does not.
            self.failed[history.user_id] = type(error).__name__
            frames = "".join(traceback.format_tb(error.__traceback__))
            log.error("%s of a user of %s failed: %s\n%s", self.cache, self.bot_name, type(error).__name__, frames)
            return None
        result.messages += len(history.turns)
        result.reasons.update(computed.reasons.values())
        return computed

    def _row(self, user_id: str, key: int, history: History, computed: Computed, now: datetime) -> CacheRow:
        return CacheRow(
            user_id=user_id, results=computed.results, reasons=computed.reasons,
            read_up_to=datetime.fromtimestamp(float(history.turns.at.max()), UTC), messages_read=len(history.turns),
            input_key=key, computed_at=now, expires_at=self._end(user_id, now),
        )  # fmt: skip

    def _end(self, user_id: str, now: datetime) -> datetime:
        return now + lifetime(self.bot_name, user_id, self.ctx.settings.strategic_max_age_seconds)
