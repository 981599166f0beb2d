"""Reading the messages behind ledger rows, with what changed in the store since intake set right on the way."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TypeVar

from whisper_enrich.messages.model import Message, Speaker
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import enter, parse_all
from whisper_enrich.storage import ledger
from whisper_enrich.storage.ledger import Part, Row, Stage

_PART = {Speaker.USER: Part.USER, Speaker.BOT: Part.BOT}


@dataclass(frozen=True, slots=True)
class Read:
    """Rows whose points are as intake saw them, with the messages that count (duplicated halves are not there)."""

    rows: list[Row]
    messages: dict[str, list[Message]]


def read_messages(ctx: StageContext, bot: BotCollection, rows: Sequence[Row], *, vectors: bool = False) -> Read:
    """Fetch the points of ``rows``.

    A point that was edited since intake is entered anew and a point that is gone is forgotten; the rows of both are left
    out here and wait for the next look.
    """
    wanted = [row.point_id for row in rows if row.parts]
    if all(point_id in ctx.ahead for point_id in wanted):
        points = [ctx.ahead[point_id] for point_id in wanted]
    else:
        points = ctx.store.by_ids(bot.collection, wanted, vectors=("content",) if vectors else ())
    parsed = {p.point_id: p for p in parse_all(ctx, bot.bot_name, points, ctx.clock())}
    steady, unsteady = [], []
    messages: dict[str, list[Message]] = {}
    for row in rows:
        point = parsed.get(row.point_id)
        if not row.parts:
            steady.append(row)
        elif point is None or point.content_hash != row.content_hash:
            unsteady.append(row)
        else:
            steady.append(row)
            messages[row.point_id] = [m for m in point.messages if _PART[m.speaker] & row.parts]
    if unsteady:
        set_right(ctx, bot, unsteady)
    return Read(steady, messages)


def set_right(ctx: StageContext, bot: BotCollection, rows: Sequence[Row]) -> None:
    """Enter the points of these rows anew as they are now, and forget those that are gone."""
    points = ctx.store.by_ids(bot.collection, [row.point_id for row in rows])
    if points:
        enter(ctx, bot, points, ctx.clock())
    gone = {row.point_id for row in rows} - {point.id for point in points}
    if gone:
        with ctx.database.begin() as connection:
            ledger.forget_points(connection, bot.bot_name, sorted(gone))


POINTS_AHEAD = 2000
"""Points held in memory at once when days are read ahead; with their vectors about 30 MB."""


def reading_ahead(
    ctx: StageContext, bot: BotCollection, days: Sequence[date], stage: Stage
) -> Iterator[tuple[StageContext, date]]:
    """The days, each with a context that has that day's points in hand.

    Days are read together up to `POINTS_AHEAD` points, since opening the embedded engine (80 ms) costs more than reading a
    day. A point that is edited in between is noticed at the latest when it is to be marked.
    """
    with ctx.database.connect() as connection:
        ids = ledger.ids_to_read(connection, bot.bot_name, days, stage, ctx.clock())
    vectors = ("content",) if stage == "summary" else ()
    for group in in_groups(days, {day: len(found) for day, found in ids.items()}):
        wanted = [point_id for day in group for point_id in ids.get(day, ())]
        read = len(group) > 1 and wanted
        points = ctx.store.by_ids(bot.collection, wanted, vectors=vectors) if read else []
        ahead = replace(ctx, ahead={point.id: point for point in points})
        for day in group:
            yield ahead, day


K = TypeVar("K", bound=Hashable)


def in_groups(keys: Sequence[K], sizes: Mapping[K, int]) -> Iterator[list[K]]:
    """Consecutive keys whose sizes add up to at most `POINTS_AHEAD`; a larger one is a group by itself."""
    group: list[K] = []
    total = 0
    for key in keys:
        if group and total + sizes.get(key, 0) > POINTS_AHEAD:
            yield group
            group, total = [], 0
        group.append(key)
        total += sizes.get(key, 0)
    if group:
        yield group
