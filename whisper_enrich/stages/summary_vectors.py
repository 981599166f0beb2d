"""Vectors of window summaries in the message store, for the search by meaning.

What has a vector is noted in the database after it was written, with the hash of the summary's input: what was written and
not noted is written again, to the same place; what changed or went since is found by comparing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from whisper_enrich.messages.store import SUMMARY_VECTOR, BotCollection, SummaryWindow
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.reading import POINTS_A_READ
from whisper_enrich.storage import summary_vectors as repository
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.summary_vectors import Behind
from whisper_enrich.summaries.vectors import mean_direction


@dataclass
class VectorsResult:
    """Vectors written and removed; summaries none of whose messages has one."""

    written: int = 0
    removed: int = 0
    without: int = 0


Made = Mapping[tuple[SummaryWindow, str], Sequence[float] | None]
"""Vectors that somebody has made already, by window and the hash of the summary's input; None where there is none."""


def bring_vectors_up_to_date(
    ctx: StageContext,
    bot: BotCollection,
    lease: Lease,
    days: Sequence[date] | None = None,
    made: Made = MappingProxyType({}),
) -> VectorsResult:
    """Write the vectors that are missing for summaries of these UTC days (None: all), and remove those without a summary.

    A summary's vector is the mean of its messages' ``content`` vectors of unit length, of unit length; the messages of those in
    ``made`` are not read. ``lease`` is that of the bot's summaries. Raises `StoreError`, `LeaseLost`; what was written
    before stays.
    """
    result = VectorsResult()
    with ctx.database.connect() as connection:
        gone = repository.without_summary(connection, bot.bot_name, days)
        due = repository.behind(connection, bot.bot_name, days)
    if gone:
        ctx.store.delete_summary_vectors(bot.bot_name, gone)
        with ctx.database.begin() as connection:
            ctx.confirm(connection, lease)
            repository.forget(connection, bot.bot_name, gone)
        result.removed += len(gone)
    for group in _groups(due):
        _write(ctx, bot, group, lease, made, result)
    return result


def repair_vectors(ctx: StageContext, bot: BotCollection) -> VectorsResult:
    """The same for all summaries of a bot, and from the beginning where the store holds fewer than is noted."""
    with ctx.lease(f"{bot.bot_name}/summary") as lease:
        result = bring_vectors_up_to_date(ctx, bot, lease)
        held = ctx.store.count_summary_vectors(bot.bot_name)
        with ctx.database.begin() as connection:
            ctx.confirm(connection, lease)
            if held >= repository.count_stored(connection, bot.bot_name):
                return result
            repository.forget_all(connection, bot.bot_name)
        return bring_vectors_up_to_date(ctx, bot, lease)


def _groups(due: Sequence[Behind]) -> Iterator[list[Behind]]:
    """So many at a time as messages are read from the store at once."""
    group: list[Behind] = []
    size = 0
    for one in due:
        if group and size + len(one.message_ids) > POINTS_A_READ:
            yield group
            group, size = [], 0
        group.append(one)
        size += len(one.message_ids)
    if group:
        yield group


def _write(
    ctx: StageContext, bot: BotCollection, group: Sequence[Behind], lease: Lease, made: Made, result: VectorsResult
) -> None:
    found = {one.window: made[key] for one in group if (key := (one.window, one.input_hash)) in made}
    found |= _read(ctx, bot, [one for one in group if one.window not in found])
    vectors = {window: vector for window, vector in found.items() if vector is not None}
    if vectors:
        ctx.store.put_summary_vectors(bot.bot_name, vectors)
    none = [window for window in found if window not in vectors]
    ctx.store.delete_summary_vectors(bot.bot_name, none)
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        repository.note(connection, bot.bot_name, [(one, one.window in vectors) for one in group])
    result.written += len(vectors)
    result.without += len(none)


def _read(ctx: StageContext, bot: BotCollection, some: Sequence[Behind]) -> dict[SummaryWindow, Sequence[float] | None]:
    """Their vectors, of the messages in the store."""
    if not some:
        return {}
    ids = [point_id for one in some for point_id in one.message_ids]
    points = ctx.store.by_ids(bot.collection, ids, fields=(), vectors=(SUMMARY_VECTOR,))
    known = {point.id: point.vectors[SUMMARY_VECTOR] for point in points if SUMMARY_VECTOR in point.vectors}
    return {one.window: mean_direction([known[i] for i in one.message_ids if i in known]) for one in some}
