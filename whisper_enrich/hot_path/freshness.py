"""Whether a row still holds for the moment of reading, and if not, why.

A cache row holds until its ``expires_at``; where the bot told of a message that it has not read (`touch`), until that message's
time plus CACHE_TTL_SECONDS, whichever comes first; and never once the worker has been silent for WORKER_SILENCE_SECONDS. The
views for unmodified bots say the same in SQL (``sql/bot_views.sql``). Facts and summaries have no end: they are behind when a
message has waited for them for longer than CACHE_TTL_SECONDS.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from whisper_enrich.hot_path.context import Freshness, StaleReason
from whisper_enrich.hot_path.options import Options
from whisper_enrich.strategic.validity import ENGINE_VERSION


@dataclass(frozen=True, slots=True)
class State:
    """What freshness is decided by, of one user and bot, in the order of `queries.STATE`.

    Of the newest messages: the newest of all, and for facts and summaries the newest that was read and the oldest that waits.
    """

    beat_at: datetime | None = None
    touched_at: datetime | None = None
    newest_at: datetime | None = None
    facts_read_at: datetime | None = None
    facts_waiting_at: datetime | None = None
    summaries_read_at: datetime | None = None
    summaries_waiting_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Moment:
    """When, under which options, and whether the answer is one from earlier because the database is gone."""

    now: datetime
    options: Options
    remembered: bool = False

    @property
    def grace(self) -> timedelta:
        return timedelta(seconds=self.options.cache_ttl_seconds)

    def worker_is_silent(self, *signs: datetime | None) -> bool:
        """By its last sign of life; without any nothing is said against it."""
        last = max((sign for sign in signs if sign is not None), default=self.now)
        return self.now > last + timedelta(seconds=self.options.worker_silence_seconds)


Judgement = tuple[Freshness, StaleReason | None]
_FRESH: Judgement = (Freshness.FRESH, None)


def _stale(reason: StaleReason) -> Judgement:
    return Freshness.STALE, reason


def of_cache(
    state: State,
    moment: Moment,
    *,
    computed_at: datetime,
    expires_at: datetime,
    read_up_to: datetime,
    engine_version: str,
) -> Judgement:
    """The judgement on a cache row. That it was computed is a sign of life of the worker, too."""
    if moment.remembered:
        return _stale(StaleReason.UNREACHABLE)
    if moment.worker_is_silent(state.beat_at, computed_at):
        return _stale(StaleReason.WORKER_SILENT)
    unread = [at for at in (state.touched_at, state.newest_at) if at is not None and at > read_up_to]
    if state.touched_at in unread:
        expires_at = min(expires_at, state.touched_at + moment.grace)
    if moment.now >= expires_at:
        return _stale(StaleReason.NEW_MESSAGES if unread else StaleReason.EXPIRED)
    if engine_version != ENGINE_VERSION:
        return _stale(StaleReason.OLDER_ENGINE)
    return _FRESH


def of_stage(state: State, moment: Moment, *, waiting_since: datetime | None) -> Judgement:
    """The judgement on what a stage of the pipeline keeps up to date: facts, or summaries."""
    if moment.remembered:
        return _stale(StaleReason.UNREACHABLE)
    if moment.worker_is_silent(state.beat_at):
        return _stale(StaleReason.WORKER_SILENT)
    known = state.newest_at
    told = state.touched_at if state.touched_at is not None and (known is None or state.touched_at > known) else None
    if any(at is not None and moment.now >= at + moment.grace for at in (waiting_since, told)):
        return _stale(StaleReason.NEW_MESSAGES)
    return _FRESH
