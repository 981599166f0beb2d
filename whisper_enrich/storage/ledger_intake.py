"""The ledger's entries: what intake decided about each point. Nobody else writes these columns.

A row whose point changed, vanished or turned out to be a duplicate gets a new revision and goes back to ``waiting``; the
stages then find nothing to derive and withdraw what they had derived.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import ParsedPoint, Speaker
from whisper_enrich.storage import strategic_caches
from whisper_enrich.storage.bulk import copy_into_temporary
from whisper_enrich.storage.ledger import Part, lock

PAIR_TOLERANCE_SECONDS = 60
"""A pair point is written when the answer is, the single points of the same turn up to this much earlier or later."""


@dataclass(frozen=True, slots=True)
class Absorbed:
    """Points by what intake made of them. ``said`` is, by user, the time of the oldest message that is new or changed."""

    new: int
    changed: int
    unchanged: int
    said: Mapping[str, datetime] = field(default_factory=dict)


_INTAKE_COLUMNS = (
    "point_id", "user_id", "event_time", "day", "scope", "parts", "user_text_hash", "bot_text_hash", "content_hash",
    "disposition", "reason", "clock_skew_seconds", "first_seen_at",
)  # fmt: skip


def absorb(
    connection: Connection,
    bot_name: str,
    collection: str,
    points: Sequence[ParsedPoint],
    *,
    now: datetime,
    marked: Mapping[str, bool] | None = None,
) -> Absorbed:
    """Enter points into the ledger; rows of points that are as before stay untouched.

    The day of ``now`` is that of points without a usable time. ``marked`` says, for a walk over all points, which of them carry a
    valid mark; without it none does. A row that was marked and is not in the store any more is marked again.
    """
    if not points:
        return Absorbed(0, 0, 0)
    rows = (_intake_row(point, now, bool(marked and marked.get(point.point_id))) for point in points)
    lock(connection, bot_name)
    copy_into_temporary(connection, "incoming", "message_ledger", _INTAKE_COLUMNS, rows, extra="marked boolean")
    names = {"bot": bot_name, "collection": collection}
    _remember_places(connection, _PLACES_BEFORE_AND_AFTER, names)
    connection.execute(text(_STALE_AFTER_A_MOVE), names)
    written = connection.execute(text(_UPSERT), names).all()
    new = sum(1 for row in written if row.inserted)
    _keep_statistics(connection, new)
    connection.execute(text(_MARK_AGAIN), names)
    _flag_duplicates(connection, bot_name)
    said: dict[str, datetime] = {}
    for row in written:
        if row.user_id is not None and row.event_time is not None:
            said[row.user_id] = min(row.event_time, said.get(row.user_id, row.event_time))
    return Absorbed(new, len(written) - new, len(points) - len(written), said)


def _keep_statistics(connection: Connection, new: int) -> None:
    """Analyse the ledger when it has grown by half at once.

    A planner that still takes it for empty walks all rows of a bot for each point: 1.2 s a page instead of 7 ms.
    """
    known = connection.execute(
        text("SELECT reltuples FROM pg_class WHERE oid = 'message_ledger'::regclass")
    ).scalar_one()
    if new > max(100, known / 2):
        connection.execute(text("ANALYZE message_ledger"))


def _intake_row(point: ParsedPoint, now: datetime, marked: bool) -> tuple:
    hashes: dict[Speaker, int] = {message.speaker: _text_hash(message.text) for message in point.messages}
    parts = (Part.USER if Speaker.USER in hashes else 0) | (Part.BOT if Speaker.BOT in hashes else 0)
    return (
        point.point_id, point.user_id, point.at, point.day or now.date(), point.scope.value, int(parts),
        hashes.get(Speaker.USER), hashes.get(Speaker.BOT), point.content_hash, point.disposition.value, point.reason,
        point.clock_skew_seconds, now, marked,
    )  # fmt: skip


def _text_hash(words: str) -> int:
    """64 bits, signed, of the words without regard to white space."""
    digest = blake2b(" ".join(words.split()).encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


# Where the points are and where they were before this change: duplicates near either place have to be judged anew.
_PLACES_BEFORE_AND_AFTER = """
SELECT user_id, event_time FROM incoming
UNION
SELECT l.user_id, l.event_time
FROM message_ledger l JOIN incoming i USING (point_id)
WHERE l.bot_name = :bot AND l.disposition = 'conversation'
  AND (l.content_hash <> i.content_hash OR i.disposition <> 'conversation')
"""


def _remember_places(connection: Connection, query: str, parameters: Mapping[str, object]) -> None:
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.places"))
    connection.execute(text(f"CREATE TEMPORARY TABLE places ON COMMIT DROP AS {query}"), parameters)
    connection.execute(text("ANALYZE pg_temp.places"))


# A later ENRICHMENT_START_DATE leaves out what comes and what still waits; what was worked off before stays as it is.
_FROM_BEFORE = (
    "(l.content_hash = {new}.content_hash AND l.disposition = 'conversation' "
    "AND {new}.reason IS NOT DISTINCT FROM 'before_first_day')"
)

# Points without a usable time keep the day of their discovery.
_SAME_DAY = "(l.day = i.day OR i.event_time IS NULL AND l.event_time IS NULL)"

# Also when it is stale already: the row is a new one then, and who is just redoing the day leaves it for the next look.
_STALE_ANEW = "ON CONFLICT (bot_name, user_id, day) DO UPDATE SET reason = excluded.reason"

_STALE_AFTER_A_MOVE = f"""
INSERT INTO stale_windows (bot_name, user_id, day, reason)
SELECT DISTINCT l.bot_name, l.user_id, l.day, 'a message left it'
FROM message_ledger l JOIN incoming i USING (point_id)
WHERE l.bot_name = :bot AND l.disposition = 'conversation'
  AND (i.disposition <> 'conversation' OR l.user_id <> i.user_id OR NOT {_SAME_DAY})
  AND NOT {_FROM_BEFORE.format(new="i")}
{_STALE_ANEW}
"""

# A row that was conversation goes back to the facts stage, which withdraws what it had derived; its old window is stale.
# A row that waits there already may still have to be withdrawn, whatever it has become since.
_UPSERT = f"""
INSERT INTO message_ledger AS l (
    bot_name, collection, point_id, user_id, event_time, day, scope, parts, user_text_hash, bot_text_hash, content_hash,
    disposition, reason, clock_skew_seconds, first_seen_at, facts_state, facts_reason, summary_state, summary_reason, mark_state,
    mark_version
)
SELECT :bot, :collection, i.point_id, i.user_id, i.event_time, i.day, i.scope, i.parts, i.user_text_hash,
    i.bot_text_hash, i.content_hash, i.disposition, i.reason, i.clock_skew_seconds, i.first_seen_at,
    CASE WHEN i.disposition = 'conversation' AND i.parts & 1 = 1 THEN 'waiting' ELSE 'left_out' END,
    CASE WHEN i.disposition <> 'conversation' THEN i.reason WHEN i.parts & 1 = 0 THEN 'not_the_user' END,
    CASE WHEN i.disposition = 'conversation' THEN 'waiting' ELSE 'left_out' END,
    CASE WHEN i.disposition <> 'conversation' THEN i.reason END,
    'waiting', CASE WHEN i.marked THEN 'found' END
FROM incoming i
ON CONFLICT (bot_name, point_id) DO UPDATE SET
    collection = excluded.collection, user_id = excluded.user_id, event_time = excluded.event_time,
    day = CASE WHEN excluded.event_time IS NULL AND l.event_time IS NULL THEN l.day ELSE excluded.day END,
    scope = excluded.scope, parts = excluded.parts, duplicate_parts = 0, user_text_hash = excluded.user_text_hash,
    bot_text_hash = excluded.bot_text_hash, content_hash = excluded.content_hash, revision = l.revision + 1,
    disposition = excluded.disposition, reason = excluded.reason, clock_skew_seconds = excluded.clock_skew_seconds,
    facts_state = CASE WHEN l.disposition = 'conversation' OR l.facts_state = 'waiting' THEN 'waiting'
                       ELSE excluded.facts_state END,
    facts_reason = excluded.facts_reason, facts_attempts = 0, facts_next_at = NULL, facts_version = NULL,
    summary_state = excluded.summary_state,
    summary_reason = excluded.summary_reason, summary_attempts = 0, summary_next_at = NULL, summary_version = NULL,
    mark_state = 'waiting', mark_reason = NULL, mark_attempts = 0, mark_next_at = NULL,
    mark_version = CASE WHEN excluded.mark_version IS NOT NULL THEN coalesce(l.mark_version, excluded.mark_version) END
WHERE (l.content_hash, l.disposition, l.reason, l.collection, l.user_id, l.event_time, l.scope, l.parts)
    IS DISTINCT FROM (excluded.content_hash, excluded.disposition, excluded.reason, excluded.collection, excluded.user_id,
                      excluded.event_time, excluded.scope, excluded.parts)
  AND NOT ({_FROM_BEFORE.format(new="excluded")} AND l.facts_state <> 'waiting' AND l.summary_state <> 'waiting')
RETURNING (xmax = 0) AS inserted, l.user_id, l.event_time
"""

_MARK_AGAIN = """
UPDATE message_ledger l SET
    mark_state = 'waiting', mark_attempts = 0, mark_next_at = NULL, mark_reason = 'mark lost', mark_version = NULL
FROM incoming i
WHERE l.bot_name = :bot AND l.point_id = i.point_id AND NOT i.marked
  AND (l.mark_state IN ('done', 'dead') OR l.mark_version IS NOT NULL)
"""

# Of two points with the same words of the same speaker, a pair yields to single points of the same turn, and of equal
# kinds at the very same instant the first id stays.
_HALF = """
    EXISTS (
        SELECT FROM message_ledger b
        WHERE b.bot_name = a.bot_name AND b.user_id = a.user_id AND b.disposition = 'conversation'
          AND b.point_id <> a.point_id AND b.parts & {bit} = {bit} AND b.{hash} = a.{hash}
          AND b.event_time BETWEEN a.event_time - interval '{seconds} seconds'
                               AND a.event_time + interval '{seconds} seconds'
          AND (a.parts = 3 AND b.parts = {bit}
               OR a.parts = b.parts AND a.event_time = b.event_time AND b.point_id < a.point_id)
    )
"""

_FLAG_DUPLICATES = """
WITH stretches AS (
    SELECT DISTINCT user_id, to_timestamp(floor(extract(epoch FROM event_time) / {seconds}) * {seconds}) AS start
    FROM places WHERE event_time IS NOT NULL
), near AS (
    SELECT DISTINCT l.*
    FROM stretches s CROSS JOIN LATERAL (
        SELECT bot_name, point_id, user_id, user_text_hash, bot_text_hash, duplicate_parts FROM message_ledger
        WHERE bot_name = :bot AND user_id = s.user_id AND event_time
            BETWEEN s.start - interval '{seconds} seconds' AND s.start + 2 * interval '{seconds} seconds'
        OFFSET 0  -- keeps the planner from joining a page with the whole history of its users
    ) l
), candidates AS (
    -- Counting in one pass keeps an import of thousands of messages with the same time from comparing each with each.
    SELECT bot_name, point_id
    FROM (
        SELECT *, count(*) OVER (PARTITION BY user_id, user_text_hash) AS user_texts,
            count(*) OVER (PARTITION BY user_id, bot_text_hash) AS bot_texts
        FROM near
    ) counted
    WHERE duplicate_parts <> 0 OR user_text_hash IS NOT NULL AND user_texts > 1
        OR bot_text_hash IS NOT NULL AND bot_texts > 1
), judged AS (
    SELECT a.bot_name, a.point_id,
        CASE WHEN a.disposition <> 'conversation' THEN 0 ELSE
            (CASE WHEN a.parts & 1 = 1 AND {user_half} THEN 1 ELSE 0 END)
          + (CASE WHEN a.parts & 2 = 2 AND {bot_half} THEN 2 ELSE 0 END) END AS bits
    FROM candidates JOIN message_ledger a USING (bot_name, point_id)
)
UPDATE message_ledger l SET
    duplicate_parts = judged.bits, revision = l.revision + 1,
    facts_state = CASE WHEN l.parts & 1 = 1 THEN 'waiting' ELSE l.facts_state END,
    facts_next_at = NULL, summary_state = 'waiting', summary_next_at = NULL, mark_state = 'waiting', mark_next_at = NULL
FROM judged
WHERE l.bot_name = judged.bot_name AND l.point_id = judged.point_id AND l.duplicate_parts <> judged.bits
""".format(
    seconds=PAIR_TOLERANCE_SECONDS,
    user_half=_HALF.format(bit=1, hash="user_text_hash", seconds=PAIR_TOLERANCE_SECONDS),
    bot_half=_HALF.format(bit=2, hash="bot_text_hash", seconds=PAIR_TOLERANCE_SECONDS),
)


def _flag_duplicates(connection: Connection, bot_name: str) -> None:
    """Count a text once that lies in two points, near those in the temporary table ``places``."""
    connection.execute(text(_FLAG_DUPLICATES), {"bot": bot_name})


def forget_points(connection: Connection, bot_name: str, point_ids: Sequence[str]) -> int:
    """Points that are gone from the store: what was derived from them will be withdrawn. Returns the rows changed.

    The cache rows of their users end at once. A pair that had yielded to one of them counts again.
    """
    if not point_ids:
        return 0
    lock(connection, bot_name)
    _remember_places(
        connection,
        "SELECT DISTINCT user_id, event_time FROM message_ledger WHERE bot_name = :bot AND point_id = ANY(:ids)",
        {"bot": bot_name, "ids": list(point_ids)},
    )
    connection.execute(
        text(
            f"""
            INSERT INTO stale_windows (bot_name, user_id, day, reason)
            SELECT DISTINCT bot_name, user_id, day, 'a message left it' FROM message_ledger
            WHERE bot_name = :bot AND point_id = ANY(:ids) AND disposition = 'conversation'
            {_STALE_ANEW}
            """
        ),
        {"bot": bot_name, "ids": list(point_ids)},
    )
    changed = connection.execute(
        text(
            """
            UPDATE message_ledger SET
                facts_state = CASE WHEN disposition = 'conversation' AND parts & 1 = 1 THEN 'waiting' ELSE 'left_out' END,
                summary_state = 'left_out', summary_reason = 'gone_from_store',
                mark_state = 'left_out', facts_next_at = NULL, summary_next_at = NULL, mark_next_at = NULL,
                disposition = 'deleted', reason = 'gone_from_store', duplicate_parts = 0,
                revision = revision + 1
            WHERE bot_name = :bot AND point_id = ANY(:ids) AND disposition <> 'deleted'
            """
        ),
        {"bot": bot_name, "ids": list(point_ids)},
    ).rowcount
    users = connection.execute(text("SELECT DISTINCT user_id FROM places WHERE user_id IS NOT NULL")).scalars().all()
    strategic_caches.end(connection, bot_name, users)
    connection.execute(
        text("DELETE FROM quarantine WHERE bot_name = :bot AND point_id = ANY(:ids)"),
        {"bot": bot_name, "ids": list(point_ids)},
    )
    _flag_duplicates(connection, bot_name)
    return changed
