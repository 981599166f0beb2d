"""What a failure of one message comes to: a later attempt, or the dead letters."""

from __future__ import annotations

from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage.ledger import Progress, Row


def failed(
    ctx: StageContext, row: Row, error: Exception, *, reopens: bool = False, reason: str | None = None
) -> Progress:
    """Count the attempt. The reason is the error's class unless given: its text could hold what somebody said."""
    attempts = row.attempts + 1
    reason = reason or type(error).__name__
    if attempts >= ctx.settings.enrichment_max_attempts:
        return Progress(row.point_id, row.revision, "dead", reason, attempts, reopens=reopens)
    next_at = ctx.settings.retry_at(ctx.clock(), attempts, ctx.jitter())
    return Progress(row.point_id, row.revision, "waiting", reason, attempts, next_at, reopens)
