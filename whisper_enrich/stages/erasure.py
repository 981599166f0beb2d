"""Forgetting a person: what was derived from them, wherever it is, at once and for good.

The tombstone comes first: from then on intake leaves their messages out. Then, bot by bot, one transaction makes every lease of
the bot outdated, so that a run which has read them before can write nothing any more, and deletes their rows; then their vectors,
our marks and, where asked for, their messages go from the message store; then the bot-wide rows are made anew without them.
What was interrupted is gone on with by `resume`, which knows the person by the tombstone alone.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from whisper_enrich.errors import InputError
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.parsing import FUTURE_TOLERANCE, parse_point
from whisper_enrich.messages.points import MARK_FIELDS
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.rights.receipt import Receipt
from whisper_enrich.rights.tombstones import ALL_BOTS, Tombstone, Tombstones
from whisper_enrich.stages.bot_wide import make_bot_wide_anew
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.knowledge_graph import publish
from whisper_enrich.stages.strategic_surroundings import surroundings_of
from whisper_enrich.storage import (
    erasures,
    knowledge_graph,
    leases,
    ledger,
    model_answers,
    model_batches,
    person_data,
    profiles,
)
from whisper_enrich.storage import facts as facts_repository

if TYPE_CHECKING:
    from whisper_enrich.metrics.influx import MetricsSource

PATIENCE_SECONDS = 30.0
"""How long a run under way may go on before what it holds is made outdated."""
_POLL_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Wish:
    """Whom to forget: with a bot (None: with all), with their messages, and whether what they say later is left out, too."""

    user_id: str
    bot_name: str | None = None
    with_messages: bool = False
    for_good: bool = False


def foresee(ctx: StageContext, wish: Wish) -> Receipt:
    """What `forget` would erase; changes nothing."""
    rows, pseudonymised, store = Counter[str](), Counter[str](), Counter[str]()
    with ctx.database.connect() as connection:
        found = person_data.catalogue(connection, ctx.database.schema)
        for table, number in person_data.count(connection, found, wish.user_id, wish.bot_name).items():
            (pseudonymised if table in person_data.PSEUDONYMISED else rows)[table] += number
        for table, named in person_data.naming(connection, found, wish.user_id).items():
            pseudonymised[table] += len(named)
        with_rows = person_data.bots_of(connection, found, wish.user_id)
        until = _covers_until(connection, wish, ctx.clock())
    collections = _collections(ctx, wish.bot_name)
    bots = sorted(_bots(with_rows, collections, wish.bot_name))
    for bot_name in bots:
        store["vectors of summaries"] += len(ctx.store.summary_windows(bot_name, wish.user_id))
        if bot_name in collections:
            points = ctx.store.points_of_user(collections[bot_name].collection, wish.user_id)
            store["messages"] += len(points)
            store["marks"] += sum(map(_is_marked, points))
    return Receipt(None, tuple(bots), True, ctx.clock(), until, rows, pseudonymised, store)


def forget(ctx: StageContext, wish: Wish, *, patience_seconds: float = PATIENCE_SECONDS) -> Receipt:
    """Erase everything derived from a person, and have nothing derived again from what they have said so far.

    A run under way may end what it is at for ``patience_seconds``; then its leases are made outdated, and it fails without
    having written. May be repeated; what an interrupted call left is erased by the next, or by `resume`. Raises `InputError`
    for an empty id, `StoreUnavailable`, `DatabaseUnavailable`.
    """
    if not wish.user_id:
        raise InputError("Whom to forget? Give the user's id.")
    now = ctx.clock()
    with ctx.database.begin() as connection:
        opted_out = profiles.persons(connection, [wish.user_id])[wish.user_id].model_opt_out
        before = erasures.of_users(connection, [wish.user_id])
        stone = erasures.enter(
            connection, wish.user_id, wish.bot_name or ALL_BOTS, asked_at=now,
            covers_until=_covers_until(connection, wish, now), with_messages=wish.with_messages,
            model_opt_out=opted_out or any(stone.model_opt_out for stone in before.stones),
        )  # fmt: skip
        erasures.write_beside(ctx.settings, Tombstones(erasures.keys_of(connection), [stone]))
    return _Erasing(ctx, stone, patience_seconds).of([wish.user_id])


def resume(
    ctx: StageContext, bot_name: str | None = None, *, patience_seconds: float = PATIENCE_SECONDS
) -> list[Receipt]:
    """Go on with every erasure that is not finished: interrupted, or brought by a restore (`erasures.merge_tombstones`), among
    them those that the file in the state folder has and the database has not.

    Whom a tombstone stands for is found by trying the ids that database and message store hold.
    """
    with ctx.database.begin() as connection:
        copies = erasures.read_beside(ctx.settings)
        if erasures.unknown_of(connection, copies.stones):
            erasures.merge_tombstones(connection, copies)
        pending = erasures.unfinished(connection, bot_name)
        if not pending.stones:
            return []
        found = person_data.catalogue(connection, ctx.database.schema)
        candidates = person_data.users_in(connection, found)
    collections = _collections(ctx, None)
    for bot in collections.values():
        candidates |= {window.user_id for window in ctx.store.summary_windows(bot.bot_name)}
        for page in ctx.store.scan(bot.collection, fields=("user_id",)):
            parsed = (parse_point(bot.bot_name, point, now=ctx.clock(), first_day=_FIRST_DAY) for point in page)
            candidates |= {point.user_id for point in parsed if point.user_id is not None}
    return [
        _Erasing(ctx, stone, patience_seconds, resumed=True).of(pending.whose(stone, candidates))
        for stone in pending.stones
    ]


def is_pending(ctx: StageContext, bot_name: str) -> bool:
    """Whether `resume` has something to do for a bot."""
    with ctx.database.connect() as connection:
        if erasures.unfinished(connection, bot_name).stones:
            return True
        return bool(erasures.unknown_of(connection, erasures.read_beside(ctx.settings).stones))


_FIRST_DAY = date.min
"""Of whom a point is does not depend on the first day partition."""


def _covers_until(connection: Connection, wish: Wish, now: datetime) -> datetime | None:
    """Now, or the time of the newest message that is known already: writers' clocks may be ahead."""
    if wish.for_good:
        return None
    newest = connection.execute(
        text("SELECT max(event_time) FROM message_ledger WHERE user_id = :user AND event_time <= :latest"),
        {"user": wish.user_id, "latest": now + FUTURE_TOLERANCE},
    ).scalar()
    return max(now, newest) if newest is not None else now


@dataclass
class _Erasing:
    """Carries out what a tombstone says. ``bots`` are those that were looked through, ``touched`` those of which rows went."""

    ctx: StageContext
    stone: Tombstone
    patience_seconds: float
    resumed: bool = False
    rows: Counter[str] = field(default_factory=Counter)
    pseudonymised: Counter[str] = field(default_factory=Counter)
    store: Counter[str] = field(default_factory=Counter)
    named: Counter[str] = field(default_factory=Counter)
    bots: set[str] = field(default_factory=set)
    touched: set[str] = field(default_factory=set)

    def of(self, user_ids: Sequence[str]) -> Receipt:
        """Erase what there is of these ids (one, or none where nothing is left to erase), and finish the tombstone."""
        ctx, stone = self.ctx, self.stone
        with ctx.database.connect() as connection:
            found = person_data.catalogue(connection, ctx.database.schema)
        for user_id in user_ids:
            self._erase(found, user_id)
        # What was interrupted may have been so just before this, when nothing else was left to erase.
        everywhere = _collections(ctx, stone.bot_name or None).keys() if self.resumed else set()
        for bot_name in sorted(self.touched | everywhere):
            make_bot_wide_anew(ctx, bot_name, surroundings_of(ctx.database, _metrics(ctx), bot_name, ctx.clock()))
        receipt = Receipt(
            stone.id, tuple(sorted(self.bots)), False, stone.asked_at, stone.covers_until, self.rows, self.pseudonymised,
            self.store, self.named,
        )  # fmt: skip
        with ctx.database.begin() as connection:
            erasures.finish(connection, stone.id, receipt.counts, ctx.clock())
            erasures.write_beside(ctx.settings, Tombstones({}, [replace(stone, finished_at=ctx.clock())]))
        return receipt

    def _erase(self, found: person_data.Catalogue, user_id: str) -> None:
        ctx, of_bot = self.ctx, self.stone.bot_name or None
        collections = _collections(ctx, of_bot)
        with ctx.database.connect() as connection:
            with_rows = person_data.bots_of(connection, found, user_id)
        bots = _bots(with_rows, collections, of_bot)
        for bot_name in sorted(bots):
            if bot_name in with_rows:
                _let_finish(ctx, bot_name, self.patience_seconds)
                self._erase_rows(found, user_id, bot_name)
            self._erase_from_store(user_id, bot_name, collections.get(bot_name))
        with ctx.database.begin() as connection:
            if of_bot is None:
                self._erase_answers(connection, user_id, None)
                self.rows.update(person_data.erase(connection, found, user_id, None))
            left = person_data.naming(connection, found, user_id)
        self.named.update({table: len(rows) for table, rows in left.items()})
        self.store["relationships in the platform's knowledge graph"] += _withdraw_from_graph(ctx, user_id, of_bot)
        self.bots |= bots
        self.touched |= bots & with_rows

    def _erase_rows(self, found: person_data.Catalogue, user_id: str, bot_name: str) -> None:
        """One transaction: every lease of the bot outdated, the user's rows gone. Locks in the order in which stages take
        them."""
        with self.ctx.database.begin() as connection:
            leases.fence(connection, bot_name)
            facts_repository.lock_users(connection, bot_name, [user_id])
            self._erase_answers(connection, user_id, bot_name)
            ledger.lock(connection, bot_name)
            self.rows.update(person_data.erase(connection, found, user_id, bot_name))

    def _erase_answers(self, connection: Connection, user_id: str, bot_name: str | None) -> None:
        self.pseudonymised["model_batches"] += model_batches.erase_user(connection, user_id, bot_name)
        erased = model_answers.erase_user(connection, user_id, bot_name)
        self.rows["model_answers"] += erased.answers
        self.pseudonymised["model_calls"] += erased.calls

    def _erase_from_store(self, user_id: str, bot_name: str, bot: BotCollection | None) -> None:
        store = self.ctx.store
        windows = store.summary_windows(bot_name, user_id)
        store.delete_summary_vectors(bot_name, windows)
        self.store["vectors of summaries"] += len(windows)
        if bot is None:
            return
        points = store.points_of_user(bot.collection, user_id)
        if self.stone.with_messages:
            now = self.ctx.clock()
            parsed = [parse_point(bot_name, point, now=now, first_day=_FIRST_DAY) for point in points]
            gone = {point.point_id for point in parsed if self.stone.covers(point.at)}
            store.delete(bot.collection, sorted(gone))
            self.store["messages"] += len(gone)
            points = [point for point in points if point.id not in gone]
        marked = [point.id for point in points if _is_marked(point)]
        store.unmark(bot.collection, marked)
        self.store["marks"] += len(marked)


def _metrics(ctx: StageContext) -> MetricsSource:
    from whisper_enrich.metrics.influx import open_metrics

    return open_metrics(ctx.settings)


def _collections(ctx: StageContext, bot_name: str | None) -> dict[str, BotCollection]:
    return {bot.bot_name: bot for bot in ctx.store.bots() if bot_name in (None, bot.bot_name)}


def _bots(with_rows: set[str], collections: Mapping[str, BotCollection], bot_name: str | None) -> set[str]:
    return {bot_name} if bot_name is not None else with_rows | collections.keys()


def _let_finish(ctx: StageContext, bot_name: str, patience_seconds: float) -> None:
    """Wait for whoever works on the bot now, but no longer than this."""
    deadline = time.monotonic() + patience_seconds
    while time.monotonic() < deadline:
        with ctx.database.connect() as connection:
            if not leases.workers_on(connection, bot_name):
                return
        time.sleep(_POLL_SECONDS)


def _withdraw_from_graph(ctx: StageContext, user_id: str, bot_name: str | None) -> int:
    """What we have published of the person goes, or says what the other bots know; returns how many relationships we had."""
    with ctx.database.begin() as connection:
        graph = knowledge_graph.find_graph(connection)
        if graph is None:
            return 0
        knowledge_graph.take_turn(connection, user_id)
        stored = knowledge_graph.stored(connection, graph, user_id)
        ours = {key: there for key, there in stored.items() if there.metadata is not None}
        if bot_name is None:
            for key, there in ours.items():
                knowledge_graph.withdraw(connection, graph, user_id, key, there)
    if ours and bot_name is not None:
        publish(ctx, [user_id])
    return len(ours)


def _is_marked(point: Point) -> bool:
    return any(name in point.payload for name in MARK_FIELDS)
