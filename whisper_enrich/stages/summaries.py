"""Summaries: one row a user, window and scope, redone in place when its messages change."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime

from sqlalchemy.exc import DBAPIError

from whisper_enrich.messages.model import Message
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import Read, in_groups, read_messages
from whisper_enrich.storage import ledger, profiles
from whisper_enrich.storage import summaries as repository
from whisper_enrich.storage.database import refuses_data
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row, UserDay
from whisper_enrich.storage.summaries import WindowKey, WindowSummary
from whisper_enrich.summaries.model import Summary, Window
from whisper_enrich.summaries.windows import Action, assign, decide


@dataclass(frozen=True, slots=True)
class Engine:
    """A summariser: what it makes of a window's messages, the hash of what it would read, and its version."""

    summarise: Callable[..., Summary]
    input_hash: Callable[[Sequence[Message]], str]
    version: str


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

    def add(self, other: SummariesResult) -> None:
        """Take in the figures of another part of the same day."""
        for figure in fields(self):
            setattr(self, figure.name, getattr(self, figure.name) + getattr(other, figure.name))


def summarise_days(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], engine: Engine
) -> dict[date, SummariesResult]:
    """Bring the windows of every user with waiting messages on these days up to date; the result by day.

    A window that fails counts an attempt for its messages and does not stop the others. Raises `LeaseLost`, `LeaseHeld`,
    `StoreUnavailable`; what was committed before stays.
    """
    results = {day: SummariesResult() for day in days}
    started = time.perf_counter()
    with ctx.lease(f"{bot.bot_name}/summary") as lease:
        for group in _groups(ctx, bot, days):
            _summarise_group(ctx, bot, group, engine, lease, results)
    ctx.record_stage(
        bot.bot_name, "summary", time.perf_counter() - started,
        {
            day: {"messages": r.messages, "summaries": r.summaries, "failures": sum(r.failures.values())}
            for day, r in results.items()
        },
    )  # fmt: skip
    return results


Rows = Mapping[UserDay, list[Row]]


@dataclass(frozen=True, slots=True)
class _Group:
    """Users and days with work: their ledger rows, and for those that a message has left, who said so."""

    rows: Rows
    stale: Mapping[UserDay, str]

    def halves(self) -> Iterator[_Group]:
        """Two groups with half of the users and days each."""
        keys = list(self.rows)
        for some in (keys[: len(keys) // 2], keys[len(keys) // 2 :]):
            yield _Group(
                {key: self.rows[key] for key in some}, {key: self.stale[key] for key in some if key in self.stale}
            )


def _groups(ctx: StageContext, bot: BotCollection, days: Sequence[date]) -> Iterator[_Group]:
    """The users and days with work, so many at a time as are read from the store at once."""
    with ctx.database.connect() as connection:
        wanted = ledger.user_days_waiting(connection, bot.bot_name, days, "summary", ctx.clock())
        stale = repository.stale_user_days(connection, bot.bot_name, days)
        wanted |= stale.keys()
        rows = ledger.rows_of_user_days(connection, bot.bot_name, sorted(wanted, key=lambda pair: (pair[1], pair[0])))
    for keys in in_groups(list(rows), {key: len(found) for key, found in rows.items()}):
        yield _Group({key: rows[key] for key in keys}, {key: stale[key] for key in keys if key in stale})


def _summarise_group(
    ctx: StageContext,
    bot: BotCollection,
    group: _Group,
    engine: Engine,
    lease: Lease,
    results: Mapping[date, SummariesResult],
) -> None:
    """Read, summarise, and store in one transaction.

    Where the database refuses it, user by user and day by day; who is to blame has failed then.
    """
    changes = _changes_of(ctx, bot, group.rows, engine)
    try:
        _write(ctx, bot, group, engine, lease, changes)
    except (DBAPIError, ValueError) as error:
        if not refuses_data(error):
            raise
        if len(group.rows) > 1:
            for part in group.halves():
                _summarise_group(ctx, bot, part, engine, lease, results)
            return
        changes = _refused(ctx, group.rows, error)
        _write(ctx, bot, group, engine, lease, changes)
    for day, result in changes.results.items():
        results[day].add(result)


def _refused(ctx: StageContext, rows: Rows, error: Exception) -> _Changes:
    changes = _Changes()
    for (_, day), mine in rows.items():
        changes.results[day].failures[type(error).__name__] += 1
        changes.progress += [failed(ctx, row, error, reopens=True) for row in mine]
    changes.settled_days += rows
    return changes


def _changes_of(ctx: StageContext, bot: BotCollection, rows: Rows, engine: Engine) -> _Changes:
    read = read_messages(ctx, bot, [row for found in rows.values() for row in found], vectors=True)
    with ctx.database.connect() as connection:
        stored = repository.stored_windows(connection, bot.bot_name, list(rows))
        names = profiles.names_of(connection, sorted({user_id for user_id, _ in rows}))
        bot_display_name = profiles.display_name_of_bot(connection, bot.bot_name)
    changes = _Changes()
    for (user_id, day), mine in _by_user_day(read, rows).items():
        complete = len(mine.rows) == len(rows[user_id, day])
        worker = _UserDay(
            ctx, bot_display_name, user_id, names[user_id], engine, stored[user_id, day], changes.results[day], changes
        )
        worker.work(mine)
        if complete:
            changes.settled_days.append((user_id, day))
    return changes


def _write(
    ctx: StageContext, bot: BotCollection, group: _Group, engine: Engine, lease: Lease, changes: _Changes
) -> None:
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        repository.write_summaries(connection, bot.bot_name, changes.written, version=engine.version, now=ctx.clock())
        repository.delete_summaries(connection, bot.bot_name, changes.gone)
        settled = {key: group.stale[key] for key in changes.settled_days if key in group.stale}
        repository.clear_stale(connection, bot.bot_name, settled)
        ledger.record(connection, bot.bot_name, "summary", engine.version, changes.progress)


def _by_user_day(read: Read, rows: Rows) -> dict[UserDay, Read]:
    """What could be read, by user and day."""
    found = {key: Read([], {}) for key in rows}
    for row in read.rows:
        mine = found[str(row.user_id), row.day]
        mine.rows.append(row)
        if row.parts:
            mine.messages[row.point_id] = read.messages[row.point_id]
    return found


@dataclass
class _Changes:
    """What one transaction is to write, and the results by day that come of it."""

    written: list[WindowSummary] = field(default_factory=list)
    gone: list[tuple[str, WindowKey]] = field(default_factory=list)
    settled_days: list[UserDay] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    results: dict[date, SummariesResult] = field(default_factory=lambda: defaultdict(SummariesResult))


Outcome = Callable[[Row], Progress]


@dataclass
class _UserDay:
    """The windows of one user on one day; ``stored`` are those that have a summary, with the hash of its input."""

    ctx: StageContext
    bot_display_name: str
    user_id: str
    name: str
    engine: Engine
    stored: Mapping[WindowKey, str]
    result: SummariesResult
    changes: _Changes

    def work(self, read: Read) -> None:
        """Decide and summarise window by window; nothing is written yet."""
        now = self.ctx.clock()
        by_point = {row.point_id: row for row in read.rows}
        progress = {row.point_id: _settled(row) for row in read.rows if row.left_out_reason is not None}
        kept: set[WindowKey] = set()
        messages = [message for found in read.messages.values() for message in found]
        for (window, scope), held in assign(messages, self.ctx.settings.time_window_hours).items():
            key = (window.start, window.end, scope)
            decision = decide(window, len(held), self.ctx.settings.min_messages_for_summary, now)
            if decision.action is Action.WAIT:
                self.result.waiting += 1
                outcome = _waits_until(decision.look_again)
            else:
                outcome = self._summarised(key, window, held, decision.action)
                kept.add(key)
            moved = {point_id: outcome(by_point[point_id]) for point_id in dict.fromkeys(m.point_id for m in held)}
            if any(step.state == "dead" for step in moved.values()):
                # The summary of what the window held before must not stand for what it holds now.
                kept.discard(key)
            progress = {**moved, **progress}
        gone = [(self.user_id, key) for key in self.stored if key not in kept]
        self.changes.gone += gone
        self.changes.progress += progress.values()
        self.result.removed += len(gone)
        self.result.messages += sum(1 for row in read.rows if row.parts)

    def _summarised(self, key: WindowKey, window: Window, held: list[Message], action: Action) -> Outcome:
        """Summarise unless the stored summary was made from the same; returns what each message moves to."""
        if self.stored.get(key) == self.engine.input_hash(held):
            self.result.unchanged += 1
            return _done
        short = action is Action.SHORT
        try:
            summary = self.engine.summarise(
                held, user_name=self.name, bot_name=self.bot_display_name, window=window, scope=key[2], short=short
            )
        except Exception as error:  # noqa: BLE001 - one window must not stop the others; the failure is counted.
            self.result.failures[type(error).__name__] += 1
            reason = error
            return lambda row: failed(self.ctx, row, reason, reopens=True)
        self.changes.written.append(WindowSummary(self.user_id, key, summary))
        self.result.summaries += 1
        self.result.short += short
        self.result.tones[summary.emotional_tone or "unknown"] += 1
        return _done


def _done(row: Row) -> Progress:
    return Progress(row.point_id, row.revision, "done", "summarised", row.attempts, reopens=True)


def _waits_until(look_again: datetime | None) -> Outcome:
    """Also for messages that were summarised before their window shrank: its summary is gone, so they wait again."""
    return lambda row: Progress(
        row.point_id, row.revision, "waiting", "window_too_short_yet", 0, look_again, reopens=True
    )


def _settled(row: Row) -> Progress:
    return Progress(row.point_id, row.revision, "left_out", row.left_out_reason)
