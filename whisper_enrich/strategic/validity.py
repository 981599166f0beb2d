"""How long a cache row holds: as long as its user says nothing new, and at most STRATEGIC_MAX_AGE."""

from __future__ import annotations

from datetime import datetime, timedelta
from hashlib import blake2b

ENGINE_VERSION = "strategic-1.0"
"""Of all engines together. Rows of another version are stale by name, and are redone only when somebody asks."""

RENEWAL_MARGIN = timedelta(minutes=15)
"""Rows that end sooner are renewed: three refreshes of five minutes, in case one is late."""


def lifetime(bot_name: str, user_id: str, max_age_seconds: float) -> timedelta:
    """The longest life less up to a quarter, by the user: rows that were made together are not renewed together."""
    share = int.from_bytes(blake2b(f"{bot_name}|{user_id}".encode(), digest_size=4).digest()) / 2**32
    return timedelta(seconds=max_age_seconds * (1 - share / 4))


def pulled_in(expires_at: datetime, said_at: datetime, ttl_seconds: float) -> datetime:
    """The end of a row after a message that it has not read: that message's time plus the TTL, never later than before.

    `storage.strategic_caches.pull_in` says the same in SQL.
    """
    return min(expires_at, said_at + timedelta(seconds=ttl_seconds))
