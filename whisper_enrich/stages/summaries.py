"""Summaries: one row a user, window and scope, redone in place when its messages change."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from types import MappingProxyType
from typing import Protocol

from sqlalchemy.exc import DBAPIError

from whisper_enrich.errors import StoreError
from whisper_enrich.messages.model import Message, Scope
from whisper_enrich.messages.store import BotCollection, SummaryWindow
from whisper_enrich.stages.attempts import failed
from whisper_enrich.stages.context import StageContext, log
from whisper_enrich.stages.reading import Read, in_groups, read_messages
from whisper_enrich.stages.stopwatch import timed
from whisper_enrich.stages.summary_vectors import Made, bring_vectors_up_to_date
from whisper_enrich.storage import enrichment_requests, ledger, profiles
from whisper_enrich.storage import summaries as repository
from whisper_enrich.storage.database import refuses_data
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import Progress, Row, UserDay
from whisper_enrich.storage.summaries import WindowKey, WindowSummary
from whisper_enrich.summaries import extractive
from whisper_enrich.summaries.model import Summary, Window
from whisper_enrich.summaries.vectors import Findable, findable
from whisper_enrich.summaries.windows import Action, assign, decide


@dataclass(frozen=True, slots=True)
class Job:
    """A window of one scope that is ready to be summarised.

    ``stored`` is the hash of what its present summary was made from, None where it has none; ``short`` says that its day
    closed on fewer messages than make a summary proper. ``rows`` are the ledger rows of its messages.
    """

    user_id: str
    user_name: str
    bot_display_name: str
    window: Window
    scope: Scope
    messages: Sequence[Message]
    rows: Sequence[Row]
    short: bool
    stored: str | None


Outcome = Callable[[Row], Progress]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of a job: the summary to write (None: what is stored stands), and what each message moves to.

    ``failure`` names what went wrong, if anything did; ``stands`` says that what is stored is to stay all the same.
    """

    summary: Summary | None
    outcome: Outcome
    failure: str | None = None
    stands: bool = False


class Summariser(Protocol):
    """What makes summaries. ``halt`` is the error to end the run with once everything is stored, if there is one."""

    version: str
    halt: Exception | None

    def settle(self, ctx: StageContext, jobs: Sequence[Job], keep_alive: Callable[[], None]) -> Sequence[Verdict]:
        """A verdict for every job, in their order. ``keep_alive`` is to be called during long waits."""
        ...


@dataclass(frozen=True, slots=True)
class Engine:
    """A summariser that is a pure function: what it makes of a window's messages, the hash of what it would read, its
    version."""

    summarise: Callable[..., Summary]
    input_hash: Callable[[Sequence[Message]], str]
    version: str
    halt: Exception | None = None

    def settle(self, ctx: StageContext, jobs: Sequence[Job], keep_alive: Callable[[], None]) -> list[Verdict]:
        """One window after the other; one that fails stops no other."""
        return [self.verdict(ctx, job) for job in jobs]

    def verdict(self, ctx: StageContext, job: Job) -> Verdict:
        """Summarise unless the stored summary was made from the same."""
        if job.stored == self.input_hash(job.messages):
            return Verdict(None, summarised)
        try:
            return Verdict(self.made_of(job), summarised)
        except Exception as error:  # noqa: BLE001 - one window must not stop the others; the failure is counted.
            reason = error
            return Verdict(None, lambda row: failed(ctx, row, reason, reopens=True), type(error).__name__)

    def made_of(self, job: Job) -> Summary:
        """The summary, whatever is stored."""
        return self.summarise(
            job.messages, user_name=job.user_name, bot_name=job.bot_display_name, window=job.window, scope=job.scope,
            short=job.short,
        )  # fmt: skip


EXTRACTIVE = Engine(extractive.summarise, extractive.input_hash, extractive.ENGINE_VERSION)
"""Sentences chosen from what was said; it also stands in for a model."""


@dataclass
class SummariesResult:
    """Windows by what became of them, and the messages that they hold."""

    messages: int = 0
    summaries: int = 0
    unchanged: int = 0
    short: int = 0
    waiting: int = 0
    removed: int = 0
    states: Counter[str] = field(default_factory=Counter)
    tones: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)

    def add(self, other: SummariesResult) -> None:
        """Take in the figures of another part of the same day."""
        for figure in fields(self):
            setattr(self, figure.name, getattr(self, figure.name) + getattr(other, figure.name))


def summarise_days(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], engine: Summariser
) -> dict[date, SummariesResult]:
    """Bring the windows of every user with waiting messages on these days up to date; the result by day.

    A window that fails counts an attempt for its messages and does not stop the others. Raises `LeaseLost`, `LeaseHeld`,
    `StoreUnavailable`, and what the engine was halted by; what was committed before stays.
    """
    results = {day: SummariesResult() for day in days}
    started = time.perf_counter()
    with ctx.lease(f"{bot.bot_name}/summary") as lease:
        for group in _groups(ctx, bot, days):
            _summarise_group(ctx, bot, group, engine, lease, results)
        _bring_vectors_up_to_date(ctx, bot, days, lease)
    ctx.record_stage(
        bot.bot_name, "summary", time.perf_counter() - started,
        {
            day: {"messages": r.messages, "summaries": r.summaries, "failures": sum(r.failures.values())}
            for day, r in results.items()
        },
    )  # fmt: skip
    if engine.halt is not None:
        raise engine.halt
    return results


def _bring_vectors_up_to_date(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], lease: Lease, made: Made = MappingProxyType({})
) -> None:
    """Summaries count without their vectors, too: a store that does not take these is told of, and tried again by the next
    run of the day and by reconciliation."""
    try:
        bring_vectors_up_to_date(ctx, bot, lease, days, made)
    except StoreError as error:
        log.warning("Summaries of %s are stored without their vectors for now. %s", bot.bot_name, error)


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
    """The users and days with work, so many at a time as are read from the store at once; whom the bot has asked for first."""
    with ctx.database.connect() as connection:
        lifted = enrichment_requests.lifted_users(connection, bot.bot_name)
        wanted = ledger.user_days_waiting(connection, bot.bot_name, days, "summary", ctx.clock())
        stale = repository.stale_user_days(connection, bot.bot_name, days)
        mine = {key for key in wanted | stale.keys() if ctx.share is None or ctx.share.holds(key[0])}
        sizes = ledger.sizes_of_user_days(connection, bot.bot_name, mine)
    for keys in in_groups(sorted(sizes, key=lambda pair: (pair[0] not in lifted, pair[1], pair[0])), sizes):
        with ctx.database.connect() as connection:
            rows = ledger.rows_of_user_days(connection, bot.bot_name, keys)
        yield _Group(rows, {key: stale[key] for key in keys if key in stale})


def _summarise_group(
    ctx: StageContext,
    bot: BotCollection,
    group: _Group,
    engine: Summariser,
    lease: Lease,
    results: Mapping[date, SummariesResult],
) -> None:
    """Read, summarise, and store in one transaction.

    Where the database refuses it, user by user and day by day; who is to blame has failed then.
    """
    changes = _changes_of(ctx, bot, group.rows, engine, lease)
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
    _bring_vectors_up_to_date(ctx, bot, sorted({day for _, day in group.rows}), lease, changes.findable)


def _refused(ctx: StageContext, rows: Rows, error: Exception) -> _Changes:
    changes = _Changes()
    for (_, day), mine in rows.items():
        changes.results[day].failures[type(error).__name__] += 1
        changes.progress += [failed(ctx, row, error, reopens=True) for row in mine]
    changes.settled_days += rows
    return changes


def _changes_of(ctx: StageContext, bot: BotCollection, rows: Rows, engine: Summariser, lease: Lease) -> _Changes:
    read = read_messages(ctx, bot, [row for found in rows.values() for row in found], vectors=("content",))
    with ctx.database.connect() as connection:
        stored = repository.stored_windows(connection, bot.bot_name, list(rows))
        names = profiles.names_of(connection, sorted({user_id for user_id, _ in rows}))
        bot_display_name = profiles.display_name_of_bot(connection, bot.bot_name)
    changes = _Changes()
    work = {
        (user_id, day): _UserDay(
            ctx, bot_display_name, user_id, names[user_id], stored[user_id, day], changes.results[day], changes, mine
        )
        for (user_id, day), mine in _by_user_day(read, rows).items()
    }
    jobs = [(user_day, job) for user_day in work.values() for job in user_day.jobs()]

    verdicts = engine.settle(ctx, [job for _, job in jobs], lambda: ctx.renew(lease))
    for (user_day, job), verdict in zip(jobs, verdicts, strict=True):
        user_day.apply(job, verdict)
    for key, user_day in work.items():
        user_day.close()
        if len(user_day.read.rows) == len(rows[key]):
            changes.settled_days.append(key)
    return changes


@timed("write")
def _write(
    ctx: StageContext, bot: BotCollection, group: _Group, engine: Summariser, lease: Lease, changes: _Changes
) -> None:
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        repository.write_summaries(connection, bot.bot_name, changes.written, now=ctx.clock())
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
    findable: dict[tuple[SummaryWindow, str], Findable] = field(default_factory=dict)


@dataclass
class _UserDay:
    """The windows of one user on one day; ``stored`` are those that have a summary, with the hash of its input."""

    ctx: StageContext
    bot_display_name: str
    user_id: str
    name: str
    stored: Mapping[WindowKey, str]
    result: SummariesResult
    changes: _Changes
    read: Read
    kept: set[WindowKey] = field(default_factory=set)
    progress: dict[str, Progress] = field(default_factory=dict)

    def jobs(self) -> Iterator[Job]:
        """The windows that are ready; the others wait from now on."""
        now = self.ctx.clock()
        by_point = {row.point_id: row for row in self.read.rows}
        messages = [message for found in self.read.messages.values() for message in found]
        for (window, scope), held in assign(messages, self.ctx.settings.time_window_hours).items():
            rows = [by_point[point_id] for point_id in dict.fromkeys(m.point_id for m in held)]
            decision = decide(window, len(held), self.ctx.settings.min_messages_for_summary, now)
            if decision.action is Action.WAIT:
                self.result.waiting += 1
                self._move(rows, _waits_until(decision.look_again))
                continue
            yield Job(
                self.user_id, self.name, self.bot_display_name, window, scope, held, rows,
                decision.action is Action.SHORT, self.stored.get((window.start, window.end, scope)),
            )  # fmt: skip

    def apply(self, job: Job, verdict: Verdict) -> None:
        """Note what is to be written for one window."""
        key = (job.window.start, job.window.end, job.scope)
        if verdict.failure is not None:
            self.result.failures[verdict.failure] += 1
        if verdict.summary is not None:
            self.changes.written.append(WindowSummary(self.user_id, key, verdict.summary))
            made = (SummaryWindow(self.user_id, *key), verdict.summary.input_hash)
            self.changes.findable[made] = findable(job.messages)
            self.result.summaries += 1
            self.result.short += job.short
            self.result.states[verdict.summary.state.value] += 1
            self.result.tones[verdict.summary.emotional_tone or "unknown"] += 1
        elif verdict.failure is None:
            self.result.unchanged += 1
        moved = self._move(job.rows, verdict.outcome)
        withdrawn = not verdict.stands and all(step.state == "left_out" for step in moved)
        # The summary of what the window held before must not stand for what it holds now.
        outdated = verdict.summary is None and not verdict.stands and any(step.state == "dead" for step in moved)
        if not withdrawn and not outdated:
            self.kept.add(key)

    def close(self) -> None:
        """After the last window: what has no messages any more goes."""
        self.progress |= {row.point_id: _settled(row) for row in self.read.rows if row.left_out_reason is not None}
        gone = [(self.user_id, key) for key in self.stored if key not in self.kept]
        self.changes.gone += gone
        self.changes.progress += self.progress.values()
        self.result.removed += len(gone)
        self.result.messages += sum(1 for row in self.read.rows if row.parts)

    def _move(self, rows: Sequence[Row], outcome: Outcome) -> list[Progress]:
        moved = [outcome(row) for row in rows]
        self.progress = {**{step.point_id: step for step in moved}, **self.progress}
        return moved


def summarised(row: Row) -> Progress:
    """Done, also where it was done or dead before."""
    return Progress(row.point_id, row.revision, "done", "summarised", row.attempts, reopens=True)


def _waits_until(look_again: datetime | None) -> Outcome:
    """Also for messages that were summarised before their window shrank: its summary is gone, so they wait again."""
    return lambda row: Progress(
        row.point_id, row.revision, "waiting", "window_too_short_yet", 0, look_again, reopens=True
    )


def _settled(row: Row) -> Progress:
    return Progress(row.point_id, row.revision, "left_out", row.left_out_reason)
