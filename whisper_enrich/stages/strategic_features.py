"""Features: each user's day, as far as the strategic engines need it, from the messages of that day alone."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from whisper_enrich.messages.model import Message
from whisper_enrich.messages.store import PAYLOAD_FIELDS, VECTOR_NAMES, BotCollection
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import parse_all
from whisper_enrich.stages.reading import in_groups, read_messages
from whisper_enrich.storage import enrichment_requests, ledger, profiles
from whisper_enrich.storage import strategic_features as repository
from whisper_enrich.storage.leases import Lease
from whisper_enrich.storage.ledger import UserDay
from whisper_enrich.storage.strategic_caches import ASKED_ANEW
from whisper_enrich.storage.strategic_features import OutdatedDay, StoredDay
from whisper_enrich.strategic.days import DayFeatures, encode
from whisper_enrich.strategic.history import AccessCounts, Reaction
from whisper_enrich.strategic.observed import ACCESS_FIELDS, access, reaction
from whisper_enrich.strategic.reading import ENGINE_VERSION, READABLE, DayMessages, features_of_day, measures_of_day

_FIELDS = (*PAYLOAD_FIELDS, *ACCESS_FIELDS)


@dataclass
class FeaturesResult:
    """What became of a day: users whose features were made or removed, and the messages behind them."""

    messages: int = 0
    users: int = 0
    removed: int = 0
    without_vectors: int = 0
    reactions: int = 0


def bring_features_up_to_date(
    ctx: StageContext, bot: BotCollection, days: Sequence[date]
) -> dict[date, FeaturesResult]:
    """Make the features of every user's day that do not match the ledger or cannot be decoded, whatever its day; the result
    by day.

    ``days`` are those of the run, which have a result even where nothing was to be done. Raises `LeaseLost`, `LeaseHeld`,
    `StoreUnavailable`; what was committed before stays.
    """
    results = {day: FeaturesResult() for day in days}
    started = time.perf_counter()
    with ctx.lease(f"{bot.bot_name}/features") as lease:
        with ctx.database.connect() as connection:
            found = repository.outdated_days(connection, bot.bot_name, readable=READABLE)
            lifted = enrichment_requests.lifted_users(connection, bot.bot_name)
        found.sort(key=lambda day: day.user_id not in lifted)
        _remove(ctx, bot.bot_name, [day for day in found if day.content_key is None], lease, results)
        due = {(day.user_id, day.day): day for day in found if day.content_key is not None}
        for keys in in_groups(list(due), {key: day.messages for key, day in due.items()}):
            _make(ctx, bot, [due[key] for key in keys], lease, results)
    ctx.record_stage(
        bot.bot_name, "features", time.perf_counter() - started,
        {day: {"messages": r.messages, "users": r.users} for day, r in results.items()},
    )  # fmt: skip
    return {day: results[day] for day in days}


def _remove(
    ctx: StageContext, bot_name: str, gone: Sequence[OutdatedDay], lease: Lease, results: dict[date, FeaturesResult]
) -> None:
    if not gone:
        return
    with ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        repository.delete_days(connection, bot_name, [(day.user_id, day.day) for day in gone])
    for day in gone:
        results.setdefault(day.day, FeaturesResult()).removed += 1


def _make(
    ctx: StageContext,
    bot: BotCollection,
    due: Sequence[OutdatedDay],
    lease: Lease,
    results: dict[date, FeaturesResult],
) -> None:
    """Read, derive, and store in one transaction.

    A point that changed since intake is entered anew while it is read, and one that does not come is forgotten: its day is due
    again with the next run, even where the ledger should by then be as it was.
    """
    made = {(day.user_id, day.day): day for day in due}
    reactions = _reactions(ctx, bot, list(made))
    messages, whole = _messages(ctx, bot, list(made))
    stored = []
    for key, outdated in made.items():
        features = features_of_day(key[1], messages[key], reactions.get(key, ()))
        stored.append(_row(outdated, features, outdated.content_key or 0 if key in whole else ASKED_ANEW))
        _count(results.setdefault(outdated.day, FeaturesResult()), features, messages[key])
    with ctx.stopwatch.measure("write"), ctx.database.begin() as connection:
        ctx.confirm(connection, lease)
        repository.write_days(connection, bot.bot_name, ENGINE_VERSION, stored)


def _row(outdated: OutdatedDay, features: DayFeatures, content_key: int) -> StoredDay:
    last = features.last_at()
    return StoredDay(
        outdated.user_id, outdated.day, len(features.turns), last, content_key, encode(features), measures_of_day(features)
    )  # fmt: skip


def _count(result: FeaturesResult, features: DayFeatures, read: DayMessages) -> None:
    result.messages += len(features.turns)
    result.users += 1
    result.without_vectors += sum(1 for message in read.messages if message.point_id not in read.vectors)
    result.reactions += len(features.reactions)


def _messages(
    ctx: StageContext, bot: BotCollection, user_days: Sequence[UserDay]
) -> tuple[dict[UserDay, DayMessages], set[UserDay]]:
    """What was said on each day, and the days of which every point came as the ledger knows it."""
    with ctx.database.connect() as connection:
        rows = ledger.rows_of_user_days(connection, bot.bot_name, user_days)
    read = read_messages(
        ctx, bot, [row for found in rows.values() for row in found], vectors=VECTOR_NAMES, fields=_FIELDS
    )
    with ctx.database.connect() as connection:
        called = profiles.names_of(connection, sorted({user_id for user_id, _ in user_days}))
        bot_display_name = profiles.display_name_of_bot(connection, bot.bot_name)
    said: dict[UserDay, DayMessages] = {}
    for key in user_days:
        messages: list[Message] = []
        counts: dict[str, AccessCounts] = {}
        vectors = {}
        for row in rows.get(key, ()):
            own = read.messages.get(row.point_id, [])
            messages += own
            # The vector of a point that holds a question and its answer is of neither alone.
            if len(own) == 1 and read.points[row.point_id].vectors:
                vectors[row.point_id] = read.points[row.point_id].vectors
            if own and (counted := access(read.points[row.point_id].payload)) is not None:
                counts[row.point_id] = counted
        names = (called[key[0]], bot_display_name)
        said[key] = DayMessages(sorted(messages, key=lambda m: m.order), vectors, counts, names)
    steady = {row.point_id for row in read.rows}
    return said, {key for key in user_days if all(row.point_id in steady for row in rows.get(key, ()))}


def _reactions(ctx: StageContext, bot: BotCollection, user_days: Sequence[UserDay]) -> Mapping[UserDay, list[Reaction]]:
    with ctx.database.connect() as connection:
        ids = repository.reactions_on(connection, bot.bot_name, user_days)
    found: dict[UserDay, list[Reaction]] = {}
    points = ctx.store.by_ids(bot.collection, ids) if ids else []
    for point, parsed in zip(points, parse_all(ctx, bot.bot_name, points, ctx.clock()), strict=True):
        if parsed.user_id is None or parsed.at is None or parsed.day is None:
            continue
        made = reaction(point.id, point.payload, parsed.at)
        if made is not None:
            found.setdefault((parsed.user_id, parsed.day), []).append(made)
    return {key: sorted(own, key=lambda r: (r.at, r.point_id)) for key, own in found.items()}
