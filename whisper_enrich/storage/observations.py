"""What the bots' readers have counted, added up: how many reads found a fresh row, and how long they took."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from whisper_enrich.storage.tables import CACHES

RATED = frozenset({*(cache.name for cache in CACHES), "user_facts", "conversation_summaries"})
"""The tables that a hit rate is of; ``context`` and ``recall`` are ways of reading them."""


@dataclass(frozen=True, slots=True)
class Observed:
    """Of a table and bot: `whisper_enrich.hot_path.observed` says what is a hit, stale, a miss. ``reasons`` by
    'stale:<StaleReason>' and 'miss:<Absence>'; ``latencies`` by upper bound in seconds, not cumulative."""

    table_name: str
    bot_name: str
    hits: int
    stale: int
    misses: int
    reasons: Mapping[str, int]
    round_trips: int
    seconds: float
    latencies: Mapping[str, int]
    time_anchored: int
    time_anchored_found: int

    @property
    def reads(self) -> int:
        """All of them."""
        return self.hits + self.stale + self.misses

    @property
    def hit_rate(self) -> float | None:
        """Fresh rows found among all reads, 0 to 1; None without any."""
        return self.hits / self.reads if self.reads else None

    def latency_quantile(self, q: float) -> float | None:
        """The upper bound, in seconds, of the bucket that this quantile of the round trips lies in; None without any."""
        left = self.round_trips * q
        for bound, count in sorted(self.latencies.items(), key=lambda item: float(item[0])):
            left -= count
            if left <= 1e-9:
                return float(bound)
        return None


_OBSERVED = text(
    """
    WITH seen AS (
        SELECT * FROM reader_observations
        WHERE bucket_start >= :since AND bucket_start < coalesce(CAST(:until AS timestamptz), now() + interval '1 hour')
    ), sums AS (
        SELECT table_name, bot_name, sum(hits) AS hits, sum(stale) AS stale, sum(misses) AS misses,
            sum(round_trips) AS round_trips, sum(seconds) AS seconds, sum(time_anchored) AS time_anchored,
            sum(time_anchored_found) AS time_anchored_found
        FROM seen GROUP BY table_name, bot_name
    ), counted AS (
        SELECT table_name, bot_name, what, key, sum(value::bigint) AS count
        FROM seen, LATERAL (
            SELECT 'reasons' AS what, key, value FROM jsonb_each_text(reasons)
            UNION ALL SELECT 'latencies', key, value FROM jsonb_each_text(latencies)) each
        GROUP BY table_name, bot_name, what, key
    ), named AS (
        SELECT table_name, bot_name, jsonb_object_agg(key, count) FILTER (WHERE what = 'reasons') AS reasons,
            jsonb_object_agg(key, count) FILTER (WHERE what = 'latencies') AS latencies
        FROM counted GROUP BY table_name, bot_name
    )
    SELECT table_name, bot_name, hits, stale, misses, coalesce(reasons, '{}') AS reasons, round_trips, seconds,
        coalesce(latencies, '{}') AS latencies, time_anchored, time_anchored_found
    FROM sums LEFT JOIN named USING (table_name, bot_name) ORDER BY table_name, bot_name
    """
)


def observed(connection: Connection, since: datetime, until: datetime | None = None) -> list[Observed]:
    """Of the minutes that begin in that time, over all reporters; by table and bot. Without ``until``, all since then but for
    what a bot's wrong clock has put more than an hour ahead."""
    rows = connection.execute(_OBSERVED, {"since": since, "until": until})
    return [Observed(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class Minute:
    """One minute of a table and bot."""

    start: datetime
    table_name: str
    bot_name: str
    hits: int
    stale: int
    misses: int
    round_trips: int
    seconds: float
    time_anchored: int
    time_anchored_found: int


def minutes(connection: Connection, since: datetime, until: datetime) -> list[Minute]:
    """Minute by minute, over all reporters."""
    rows = connection.execute(
        text(
            """
            SELECT bucket_start AS start, table_name, bot_name, sum(hits) AS hits, sum(stale) AS stale, sum(misses) AS misses,
                sum(round_trips) AS round_trips, sum(seconds) AS seconds, sum(time_anchored) AS time_anchored,
                sum(time_anchored_found) AS time_anchored_found
            FROM reader_observations WHERE bucket_start >= :since AND bucket_start < :until
            GROUP BY bucket_start, table_name, bot_name ORDER BY bucket_start, table_name, bot_name
            """
        ),
        {"since": since, "until": until},
    )
    return [Minute(**row._mapping) for row in rows]


def prune(connection: Connection, before: datetime, after: datetime) -> int:
    """Drop the minutes ``before`` a time, and those that a wrong clock has put ``after`` another; returns how many rows."""
    return connection.execute(
        text("DELETE FROM reader_observations WHERE bucket_start < :before OR bucket_start > :after"),
        {"before": before, "after": after},
    ).rowcount
