"""Intake: every point of a bot without a valid mark enters the ledger, whatever its id or time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from whisper_enrich.messages.model import Disposition, ParsedPoint, Point
from whisper_enrich.messages.parsing import parse_point
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages import erasure
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.forgotten import without_forgotten
from whisper_enrich.storage import cache_validity, enrichment_requests, ledger_intake, overview, quarantine

SKEW_SECONDS = 60.0
"""From this difference between its two clocks on, a point's writer did not run in UTC."""


@dataclass
class IntakeResult:
    """What one intake saw. ``left_out`` and ``quarantined`` count points by reason, ``skewed`` those of a wrong clock."""

    points: int = 0
    new: int = 0
    changed: int = 0
    skewed: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    quarantined: Counter[str] = field(default_factory=Counter)
    indexes_created: list[str] = field(default_factory=list)
    points_in_store: int = 0
    unknown_points: int = 0
    """Points that the store has and the ledger has not: marked by a ledger that was since replaced by an older copy."""


def take_in(ctx: StageContext, bot: BotCollection) -> IntakeResult:
    """Page through the unmarked points of the bot to the end and enter them into the ledger. The requests that were open at
    the beginning are claimed then. Before that, whoever is still to be forgotten is.

    Each page is a transaction of its own. Raises `StoreUnavailable` when the store fails; what was read so far stays.
    """
    result = IntakeResult()
    if erasure.is_pending(ctx, bot.bot_name):
        erasure.resume(ctx, bot.bot_name)
    with ctx.lease(f"{bot.bot_name}/intake"):
        with ctx.database.connect() as connection:
            requests = enrichment_requests.open_requests(connection, bot.bot_name)
        result.indexes_created = ctx.store.ensure_indexes(bot.collection)
        pages = ctx.store.scan(bot.collection, unmarked_for=ctx.ledger_id, page_size=ctx.settings.qdrant_page_size)
        for page in pages:
            _count(result, enter(ctx, bot, page, ctx.clock()))
        with ctx.database.begin() as connection:
            enrichment_requests.claim(connection, bot.bot_name, requests)
        result.points_in_store = ctx.store.count(bot.collection)
    with ctx.database.connect() as connection:
        result.unknown_points = max(0, result.points_in_store - overview.known_points(connection, bot.bot_name))
    return result


@dataclass(frozen=True, slots=True)
class Entered:
    """A page of points as parsed, with what the ledger made of it."""

    parsed: Sequence[ParsedPoint]
    absorbed: ledger_intake.Absorbed


def enter(
    ctx: StageContext,
    bot: BotCollection,
    page: Sequence[Point],
    now: datetime,
    marked: Mapping[str, bool] | None = None,
) -> Entered:
    """Parse points and enter them, with the quarantine, in one transaction; what was computed for their users ends soon."""
    parsed = parse_all(ctx, bot.bot_name, page, now)
    with ctx.database.begin() as connection:
        parsed = without_forgotten(connection, bot.bot_name, parsed)
        absorbed = ledger_intake.absorb(connection, bot.bot_name, bot.collection, parsed, now=now, marked=marked)
        cache_validity.pull_in(
            connection, bot.bot_name, absorbed.said, ctx.settings.cache_ttl_seconds,
            ctx.settings.cache_max_unread_messages,
        )  # fmt: skip
        quarantine.record(
            connection, bot.bot_name, bot.collection,
            [(p, point.payload) for p, point in zip(parsed, page, strict=True)], now=now,
        )  # fmt: skip
    return Entered(parsed, absorbed)


def parse_all(ctx: StageContext, bot_name: str, points: Iterable[Point], now: datetime) -> list[ParsedPoint]:
    """`parse_point` with the settings in force."""
    first_day = ctx.settings.enrichment_start_date
    return [parse_point(bot_name, point, now=now, first_day=first_day) for point in points]


def _count(result: IntakeResult, entered: Entered) -> None:
    result.points += len(entered.parsed)
    result.new += entered.absorbed.new
    result.changed += entered.absorbed.changed
    for point in entered.parsed:
        if point.disposition is Disposition.LEFT_OUT:
            result.left_out[str(point.reason)] += 1
        elif point.disposition is Disposition.QUARANTINED:
            result.quarantined[str(point.reason)] += 1
        if abs(point.clock_skew_seconds or 0.0) >= SKEW_SECONDS:
            result.skewed += 1
