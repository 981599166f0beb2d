"""How long a cache row holds: as long as its user says nothing new, and at most STRATEGIC_MAX_AGE."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b

ENGINE_VERSION = "strategic-1.0"
"""Of all engines together. Rows of another version are stale by name, and are redone only when somebody asks."""

TOUCHES_KEPT = 51
"""Of the messages that a bot told of, the newest that are remembered: CACHE_MAX_UNREAD_MESSAGES at its highest, and one more."""

RENEWAL_MARGIN = timedelta(minutes=15)
"""Rows that end sooner are renewed: three refreshes of five minutes, in case one is late."""


def lifetime(bot_name: str, user_id: str, max_age_seconds: float) -> timedelta:
    """The longest life less up to a quarter, by the user: rows that were made together are not renewed together."""
    share = int.from_bytes(blake2b(f"{bot_name}|{user_id}".encode(), digest_size=4).digest()) / 2**32
    return timedelta(seconds=max_age_seconds * (1 - share / 4))


def pulled_in(expires_at: datetime, unread: Sequence[datetime], ttl_seconds: float, most_unread: int) -> datetime:
    """The end of a row that has not read messages of these times (ascending): the first plus the TTL, or with the one by which
    they are more than ``most_unread``, whichever is first; never later than before.

    `storage.cache_validity.pull_in` says the same in SQL of messages that intake has seen.
    """
    first = [at + timedelta(seconds=ttl_seconds) for at in unread[:1]]
    return min([expires_at, *first, *unread[most_unread : most_unread + 1]])


def silent_from(silence_seconds: float, *signs: datetime | None) -> datetime | None:
    """When the worker, whose last signs of life were at these times, counts as silent; None without a sign."""
    known = [sign for sign in signs if sign is not None]
    return max(known) + timedelta(seconds=silence_seconds) if known else None


@dataclass(frozen=True, slots=True)
class Limits:
    """Of the worker's settings, those by which rows hold."""

    ttl_seconds: float
    most_unread: int
    silence_seconds: float


def holds_until(
    expires_at: datetime,
    computed_at: datetime,
    read_up_to: datetime,
    beat_at: datetime | None,
    touches: Sequence[datetime],
    limits: Limits,
) -> datetime:
    """The end of a row for whoever reads it: its own, as messages that the bot told of (``touches``, ascending) pull it in,
    and no later than the worker counts as silent, of which having computed it is a sign of life too.

    ``holds_until`` of the bots' views says the same in SQL; `hot_path.freshness` is made of the same two parts.
    """
    unread = [at for at in touches if at > read_up_to]
    ends = pulled_in(expires_at, unread, limits.ttl_seconds, limits.most_unread)
    return min(ends, silent_from(limits.silence_seconds, computed_at, beat_at) or ends)
