"""Summaries: one row a user, window and scope, redone in place when its messages change."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from whisper_enrich.messages.model import Message
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import Read, in_groups, read_messages
from whisper_enrich.storage import ledger, profiles
from whisper_enrich.storage import summaries as repository
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row
from whisper_enrich.summaries.model import Summary, Window
from whisper_enrich.summaries.windows import Action, assign, decide

Summariser = Callable[..., Summary]
"""`whisper_enrich.summaries.extractive.summarise`, or another of its signature."""


Outcome = Callable[[Row], Progress]


@dataclass
class SummariesResult:
    """Windows by what became of them, and the messages that they hold."""

    messages: int = 0
    summaries: int = 0
    unchanged: int = 0
    short: int = 0
    waiting: int = 0
    removed: int = 0
    tones: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)


def summarise_day(
    ctx: StageContext, bot: BotCollection, day: date, summarise: Summariser, version: str, input_hash: Callable
) -> SummariesResult:
    """Bring the windows of every user with waiting messages on that day up to date.

    A window that fails counts an attempt for its messages and does not stop the others.
    """
    result = SummariesResult()
    with ctx.lease(f"{bot.bot_name}/{day}/summary") as lease, ctx.recorded(bot.bot_name, day, "summary") as counts:
        with ctx.database.connect() as connection:
            users = ledger.users_waiting(connection, bot.bot_name, day, "summary", ctx.clock())
            users |= set(repository.users_with_stale_windows(connection, bot.bot_name, day))
            names = profiles.names_of(connection, sorted(users))
        for user_id, read, complete in _read_users(ctx, bot, day, sorted(users)):
            user_day = _UserDay(ctx, bot, day, user_id, names[user_id], summarise, version, input_hash, lease, result)
            user_day.work(read, complete)
        counts.update(messages=result.messages, summaries=result.summaries, failures=sum(result.failures.values()))
    return result


def _read_users(
    ctx: StageContext, bot: BotCollection, day: date, users: Sequence[str]
) -> Iterator[tuple[str, Read, bool]]:
    """Each user's messages of the day, and whether all of them could be read; several users to a call of the store."""
    with ctx.database.connect() as connection:
        rows = ledger.rows_of_users(connection, bot.bot_name, users, day)
    for group in in_groups(users, {user_id: len(found) for user_id, found in rows.items()}):
        read = read_messages(ctx, bot, [row for user_id in group for row in rows[user_id]], vectors=True)
        steady: dict[str, list[Row]] = {user_id: [] for user_id in group}
        for row in read.rows:
            steady[str(row.user_id)].append(row)
        for user_id in group:
            mine = steady[user_id]
            messages = {row.point_id: read.messages[row.point_id] for row in mine if row.parts}
            yield user_id, Read(mine, messages), len(mine) == len(rows[user_id])


@dataclass
class _UserDay:
    """The windows of one user on one day."""

    ctx: StageContext
    bot: BotCollection
    day: date
    user_id: str
    name: str
    summarise: Summariser
    version: str
    input_hash: Callable[[Sequence[Message]], str]
    lease: Lease
    result: SummariesResult

    def work(self, read: Read, complete: bool) -> None:
        now = self.ctx.clock()
        with self.ctx.database.connect() as connection:
            stored = repository.stored_windows(connection, self.bot.bot_name, self.user_id, self.day)
        messages = [message for found in read.messages.values() for message in found]
        windows = assign(messages, self.ctx.settings.time_window_hours)
        by_point = {row.point_id: row for row in read.rows}
        progress = {row.point_id: _settled(row) for row in read.rows if row.left_out_reason is not None}
        summaries: dict[repository.WindowKey, Summary] = {}
        kept: set[repository.WindowKey] = set()
        for (window, scope), held in windows.items():
            key = (window.start, window.end, scope)
            decision = decide(window, len(held), self.ctx.settings.min_messages_for_summary, now)
            if decision.action is Action.WAIT:
                self.result.waiting += 1
                outcome = _waits_until(decision.look_again)
            else:
                kept.add(key)
                outcome = self._summarised(key, window, held, stored.get(key), decision.action, summaries)
            for message in held:
                progress.setdefault(message.point_id, outcome(by_point[message.point_id]))
        gone = [key for key in stored if key not in kept]
        self._write(summaries, gone, list(progress.values()), complete=complete)
        self.result.messages += sum(1 for row in read.rows if row.parts)

    def _summarised(
        self,
        key: repository.WindowKey,
        window: Window,
        held: list[Message],
        stored_hash: str | None,
        action: Action,
        summaries: dict[repository.WindowKey, Summary],
    ) -> Outcome:
        """Summarise unless the stored summary was made from the same; returns what each message moves to."""
        if stored_hash == self.input_hash(held):
            self.result.unchanged += 1
            return _done
        short = action is Action.SHORT
        try:
            summary = self.summarise(
                held, user_name=self.name, bot_name=self.bot.bot_name, window=window, scope=key[2], short=short
            )
        except Exception as error:  # noqa: BLE001 - one window must not stop the others; the failure is counted.
            self.result.failures[type(error).__name__] += 1
            reason = error
            return lambda row: failed(self.ctx, row, reason)
        summaries[key] = summary
        self.result.summaries += 1
        self.result.short += short
        self.result.tones[summary.emotional_tone or "unknown"] += 1
        return _done

    def _write(
        self,
        summaries: dict[repository.WindowKey, Summary],
        gone: list[repository.WindowKey],
        progress: list[Progress],
        *,
        complete: bool,
    ) -> None:
        """Store the user's day in one transaction. A row that could not be read keeps the day asking for another look."""
        bot = self.bot.bot_name
        with self.ctx.database.begin() as connection:
            self.ctx.confirm(connection, self.lease)
            for key, summary in summaries.items():
                repository.write_summary(
                    connection, bot, self.user_id, key, summary, version=self.version, now=self.ctx.clock()
                )
            repository.delete_summaries(connection, bot, self.user_id, gone)
            if complete:
                repository.clear_stale_windows(connection, bot, self.day, self.user_id)
            ledger.record(connection, bot, "summary", self.version, progress)
        self.result.removed += len(gone)


def _done(row: Row) -> Progress:
    return Progress(row.point_id, row.revision, "done", "summarised", row.attempts)


def _waits_until(look_again: datetime | None) -> Outcome:
    return lambda row: Progress(row.point_id, row.revision, "waiting", "window_too_short_yet", 0, look_again)


def _settled(row: Row) -> Progress:
    return Progress(row.point_id, row.revision, "left_out", row.left_out_reason)
