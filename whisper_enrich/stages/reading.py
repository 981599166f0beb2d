"""Reading the messages behind ledger rows, with what changed in the store since intake set right on the way."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from typing import TypeVar

from whisper_enrich.messages.model import Message, ParsedPoint, Point, Speaker
from whisper_enrich.messages.store import PAYLOAD_FIELDS, BotCollection
from whisper_enrich.rights.pii import shown_under
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import enter, parse_all
from whisper_enrich.stages.stopwatch import timed
from whisper_enrich.storage import ledger_intake
from whisper_enrich.storage.ledger import Part, Row

_PART = {Speaker.USER: Part.USER, Speaker.BOT: Part.BOT}


@dataclass(frozen=True, slots=True)
class Read:
    """Rows whose points are as intake saw them, with the messages that count (duplicated halves are not there), as ENRICHMENT_PII
    shows them.

    ``points`` are the points behind them by id, for what a message does not carry.
    """

    rows: list[Row]
    messages: dict[str, list[Message]]
    points: dict[str, Point] = field(default_factory=dict)


@timed("read")
def read_messages(
    ctx: StageContext,
    bot: BotCollection,
    rows: Sequence[Row],
    *,
    vectors: Sequence[str] = (),
    fields: Sequence[str] = PAYLOAD_FIELDS,
) -> Read:
    """Fetch the points of ``rows`` with the named vectors.

    A point that was edited since intake is entered anew and a point that is gone is forgotten; the rows of both are left
    out here and wait for the next look.
    """
    wanted = [row.point_id for row in rows if row.parts]
    points = ctx.store.by_ids(bot.collection, wanted, fields=fields, vectors=vectors) if wanted else []
    parsed = {p.point_id: p for p in parse_all(ctx, bot.bot_name, points, ctx.clock())}
    steady, unsteady = [], []
    policy = ctx.settings.pii_policy
    messages: dict[str, list[Message]] = {}
    for row in rows:
        point = parsed.get(row.point_id)
        if not row.parts:
            steady.append(row)
        elif point is None or not _as_entered(point, row):
            unsteady.append(row)
        else:
            steady.append(row)
            messages[row.point_id] = [shown_under(policy, m) for m in point.messages if _PART[m.speaker] & row.parts]
    if unsteady:
        set_right(ctx, bot, unsteady)
    return Read(steady, messages, {point.id: point for point in points})


def _as_entered(point: ParsedPoint, row: Row) -> bool:
    """Whether the point says what intake read. The same payload may read otherwise: under another version of the parser,
    another first day, or a clock that is behind."""
    found = reduce(or_, (_PART[message.speaker] for message in point.messages), Part(0))
    return point.content_hash == row.content_hash and not row.parts & ~found


def set_right(ctx: StageContext, bot: BotCollection, rows: Sequence[Row]) -> None:
    """Enter the points of these rows anew as they are now, and forget those that are gone."""
    points = ctx.store.by_ids(bot.collection, [row.point_id for row in rows])
    if points:
        enter(ctx, bot, points, ctx.clock())
    gone = {row.point_id for row in rows} - {point.id for point in points}
    if gone:
        with ctx.database.begin() as connection:
            ledger_intake.forget_points(connection, bot.bot_name, sorted(gone))


POINTS_A_READ = 3000
"""Points held in memory at once; with their vectors about 40 MB. Reading many at once matters for the embedded engine,
whose opening (80 ms) costs more than reading the messages of a day."""

K = TypeVar("K", bound=Hashable)


def in_groups(keys: Sequence[K], sizes: Mapping[K, int]) -> Iterator[list[K]]:
    """Consecutive keys whose sizes add up to at most `POINTS_A_READ`; a larger one is a group by itself."""
    group: list[K] = []
    total = 0
    for key in keys:
        if group and total + sizes.get(key, 0) > POINTS_A_READ:
            yield group
            group, total = [], 0
        group.append(key)
        total += sizes.get(key, 0)
    if group:
        yield group
