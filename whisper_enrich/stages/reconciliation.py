"""Reconciliation: every point of the store against every row of the ledger.

Finds what no mark tells: edits under a mark, deletions, marks that outlived a restored database, marks that a restored
store has lost, messages that were never seen. Vectors of summaries that are missing in the store are written
again; the platform's knowledge graph, where we publish into it, is brought in line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from whisper_enrich.errors import StoreError
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.store import MARK_HASH, MARK_LEDGER, MARK_STATUS, VALID_STATUSES, BotCollection
from whisper_enrich.stages import erasure
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import enter
from whisper_enrich.stages.knowledge_graph import publish_all
from whisper_enrich.stages.summary_vectors import repair_vectors
from whisper_enrich.storage import ledger_intake, overview, runs

SUSPICIOUS_SHARE = 0.5
SUSPICIOUS_COUNT = 100
"""When more than this share and number of a bot's messages are gone at once, a person is asked first."""


@dataclass(frozen=True, slots=True)
class ReconciliationResult:
    """Points walked; rows that were new or had changed; rows whose point is gone."""

    points: int
    new: int
    changed: int
    deleted: int


def reconcile(ctx: StageContext, bot: BotCollection, *, accept_deletions: bool = False) -> ReconciliationResult:
    """Walk all points of the bot. What changed waits for the stages afterwards, like anything new.

    Raises `StoreError` when most of the bot's messages are gone, unless ``accept_deletions``: a store that lost its data
    must not make us forget what was derived from it.
    """
    points = new = changed = 0
    if erasure.is_pending(ctx, bot.bot_name):
        erasure.resume(ctx, bot.bot_name)
    with ctx.lease(f"{bot.bot_name}/intake"):
        with ctx.database.connect() as connection:
            known = overview.ids_of_points(connection, bot.bot_name)
        seen: set[str] = set()
        for page in ctx.store.scan(bot.collection, page_size=ctx.settings.qdrant_page_size):
            now = ctx.clock()
            entered = enter(ctx, bot, page, now, marked=_valid_marks(page, ctx.ledger_id, ctx, bot))
            points += len(page)
            new += entered.absorbed.new
            changed += entered.absorbed.changed
            seen.update(point.id for point in page)
        with ctx.database.begin() as connection:
            gone = sorted(known - seen)
            if not accept_deletions and len(gone) > max(SUSPICIOUS_COUNT, SUSPICIOUS_SHARE * len(known)):
                raise StoreError(
                    f"{len(gone)} of {len(known)} messages of '{bot.bot_name}' are gone from the message store at once; "
                    "nothing was changed. If they were deleted on purpose, run `whisper-enrich reconcile --bot "
                    f"{bot.bot_name} --accept-deletions`; else restore the store."
                )
            deleted = ledger_intake.forget_points(connection, bot.bot_name, gone)
            counts = {"new": new, "changed": changed, "deleted": deleted}
            runs.record_reconciliation(connection, bot.bot_name, ctx.clock(), points, counts)
    repair_vectors(ctx, bot)
    if ctx.settings.knowledge_graph == "on":
        publish_all(ctx, bot)
    return ReconciliationResult(points, new, changed, deleted)


def _valid_marks(page: list[Point], ledger_id: str, ctx: StageContext, bot: BotCollection) -> Mapping[str, bool]:
    from whisper_enrich.messages.parsing import content_hash

    return {
        point.id: point.payload.get(MARK_LEDGER) == ledger_id
        and point.payload.get(MARK_STATUS) in VALID_STATUSES
        and point.payload.get(MARK_HASH) == content_hash(point.payload)
        for point in page
    }
