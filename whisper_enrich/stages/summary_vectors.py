"""What the messages of window summaries are found by: their vector in the message store, hashes of their words in the database.

What has a vector is noted in the database after it was written, with the hash of the summary's input: what was written and
not noted is written again, to the same place; what changed or went since is found by comparing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from whisper_enrich.messages.store import SUMMARY_VECTOR, BotCollection, SummaryWindow
from whisper_enrich.rights.pii import shown_under
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import parse_all
from whisper_enrich.stages.reading import POINTS_A_READ
from whisper_enrich.storage import summary_vectors as repository
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.summary_vectors import Behind
from whisper_enrich.summaries.vectors import Findable, findable


@dataclass
class VectorsResult:
    """Vectors written and removed; summaries none of whose messages has one."""

    written: int = 0
    removed: int = 0
    without: int = 0


Made = Mapping[tuple[SummaryWindow, str], Findable]
"""What somebody has made already, by window and the hash of the summary's input."""


def bring_vectors_up_to_date(
    ctx: StageContext,
    bot: BotCollection,
    lease: Lease,
    days: Sequence[date] | None = None,
    made: Made = MappingProxyType({}),
) -> VectorsResult:
    """Write the vectors and hashes that are missing for summaries of these UTC days (None: all), and remove those without one.

    A summary's vector is the mean of its messages' ``content`` vectors of unit length, of unit length; its hashes are those of
    its messages' words (`text.terms`). The messages of those in ``made`` are not read. ``lease`` is that of the bot's summaries.
    Raises `StoreError`, `LeaseLost`; what was written before stays.
    """
    result = VectorsResult()
    with ctx.database.connect() as connection:
        gone = [w for w in repository.without_summary(connection, bot.bot_name, days) if _is_ours(ctx, w)]
        due = [one for one in repository.behind(connection, bot.bot_name, days) if _is_ours(ctx, one.window)]
    if gone:
        ctx.store.delete_summary_vectors(bot.bot_name, gone)
        with ctx.database.begin() as connection:
            ctx.confirm(connection, lease)
            repository.forget(connection, bot.bot_name, gone)
        result.removed += len(gone)
    for group in _groups(due):
        _write(ctx, bot, group, lease, made, result)
    return result


def _is_ours(ctx: StageContext, window: SummaryWindow) -> bool:
    """Not of a user whom another run works for at the same time: both would write, and the older vector might be the last."""
    return ctx.share is None or ctx.share.holds(window.user_id)


def repair_vectors(ctx: StageContext, bot: BotCollection) -> VectorsResult:
    """The same for all summaries of a bot, and from the beginning where the store holds fewer than is noted. What it holds beyond
    that is removed: the vectors of a run that was fenced off after it had written them."""
    with ctx.lease(f"{bot.bot_name}/summary") as lease:
        result = bring_vectors_up_to_date(ctx, bot, lease)
        held = _remove_unknown(ctx, bot.bot_name, result)
        with ctx.database.begin() as connection:
            ctx.confirm(connection, lease)
            if held >= repository.count_stored(connection, bot.bot_name):
                return result
            repository.forget_all(connection, bot.bot_name)
        return bring_vectors_up_to_date(ctx, bot, lease)


def _remove_unknown(ctx: StageContext, bot_name: str, result: VectorsResult) -> int:
    """Remove vectors that the database knows nothing of; returns how many are left."""
    held = ctx.store.count_summary_vectors(bot_name)
    with ctx.database.connect() as connection:
        if held <= repository.count_stored(connection, bot_name):
            return held
        noted = repository.noted(connection, bot_name)
    unknown = [window for window in ctx.store.summary_windows(bot_name) if window not in noted]
    ctx.store.delete_summary_vectors(bot_name, unknown)
    result.removed += len(unknown)
    return held - len(unknown)


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
    vectors = {window: one.vector for window, one in found.items() if one.vector is not None}
    if vectors:
        ctx.store.put_summary_vectors(bot.bot_name, vectors)
    none = [window for window in found if window not in vectors]
    ctx.store.delete_summary_vectors(bot.bot_name, none)
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        repository.note(connection, bot.bot_name, [(one, found[one.window]) for one in group])
    result.written += len(vectors)
    result.without += len(none)


def _read(ctx: StageContext, bot: BotCollection, some: Sequence[Behind]) -> dict[SummaryWindow, Findable]:
    """The same of the messages in the store."""
    if not some:
        return {}
    ids = [point_id for one in some for point_id in one.message_ids]
    points = ctx.store.by_ids(bot.collection, ids, vectors=(SUMMARY_VECTOR,))
    policy = ctx.settings.pii_policy
    known = {
        point.point_id: [shown_under(policy, message) for message in point.messages]
        for point in parse_all(ctx, bot.bot_name, points, ctx.clock())
    }
    return {one.window: findable(m for i in one.message_ids for m in known.get(i, ())) for one in some}
