"""Whether a row still holds for the moment of reading, and if not, why.

A cache row holds until its ``expires_at``; where the bot told of messages that it has not read (`touch`), until the first of
these plus CACHE_TTL_SECONDS, or until there are more than CACHE_MAX_UNREAD_MESSAGES, whichever comes first; and never once the
worker has been silent for WORKER_SILENCE_SECONDS: `strategic.validity.holds_until`, with the reason. The views for unmodified
bots say the same in SQL (``sql/bot_views.sql``).
Facts and summaries have no end: they are behind when a message has waited for them for longer than CACHE_TTL_SECONDS.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from whisper_enrich.hot_path.context import Freshness, StaleReason
from whisper_enrich.hot_path.options import Options
from whisper_enrich.strategic.validity import ENGINE_VERSION, pulled_in, silent_from


@dataclass(frozen=True, slots=True)
class State:
    """What freshness is decided by, of one user and bot, in the order of `queries.STATE`.

    ``touches`` are the times, ascending, of messages that the bot told of and that something has not read. Of the newest messages
    of the ledger: the newest of all, and for facts and summaries the newest that was read and the oldest that waits.
    """

    beat_at: datetime | None = None
    touches: Sequence[datetime] | None = None
    newest_at: datetime | None = None
    facts_read_at: datetime | None = None
    facts_waiting_at: datetime | None = None
    summaries_read_at: datetime | None = None
    summaries_waiting_at: datetime | None = None

    def told_after(self, read_up_to: datetime | None) -> list[datetime]:
        """Touches of messages that are newer than what was read (None: nothing)."""
        return [at for at in self.touches or () if read_up_to is None or at > read_up_to]


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
        silent = silent_from(self.options.worker_silence_seconds, *signs)
        return silent is not None and self.now >= silent


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
    told, options = state.told_after(read_up_to), moment.options
    ends = pulled_in(expires_at, told, options.cache_ttl_seconds, options.cache_max_unread_messages)
    if moment.now >= ends:
        unread = told or (state.newest_at is not None and state.newest_at > read_up_to)
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
    waiting = [*state.told_after(state.newest_at)[:1], *filter(None, [waiting_since])]
    if any(moment.now >= at + moment.grace for at in waiting):
        return _stale(StaleReason.NEW_MESSAGES)
    return _FRESH
