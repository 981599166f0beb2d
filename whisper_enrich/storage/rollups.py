"""Digests of weeks and months: which are behind their windows and facts, what each is made from, the rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.bulk import copy_into_temporary, upsert_changed
from whisper_enrich.summaries.rollups import Kind, Known, Period, WindowDigest, period

if TYPE_CHECKING:
    from whisper_enrich.summaries.rollups import Rollup


@dataclass(frozen=True, slots=True)
class RollupKey:
    """Whose digest, of what."""

    user_id: str
    scope: Scope
    period: Period


@dataclass(frozen=True, slots=True)
class Dirty:
    """A digest to be made anew. ``input_hash`` is that of what it would be made from; None where no window is left."""

    key: RollupKey
    input_hash: str | None


# A fact belongs to the window that holds the words it rests on. For a dm's digest it is told as all messages tell it, for a
# shared one as the shared messages alone do. What is told is hashed, not which version told it or how sure it was.
_TOLD = """
    SELECT f.bot_name, f.user_id, f.fact_content, e.* FROM user_facts f JOIN fact_evidence e ON e.fact_id = f.id
    WHERE f.audience = 'all' OR e.scope = 'dm'
    UNION ALL
    SELECT f.bot_name, f.user_id, f.fact_content, e.* FROM shared_facts f JOIN shared_fact_evidence e ON e.fact_id = f.id
"""
_DIRTY = f"""
WITH windows AS (
    SELECT user_id, scope, start_timestamp AS starts, end_timestamp AS ends, start_timestamp::date AS day,
        md5(jsonb_build_array(start_timestamp, end_timestamp, summary_text, key_topics, emotional_tone, message_count,
            decisions, open_questions)::text) AS hash
    FROM conversation_summaries WHERE bot_name = :bot
), said AS (
    SELECT e.user_id, e.scope, e.said_at AT TIME ZONE 'UTC' AS at, (e.said_at AT TIME ZONE 'UTC')::date AS day,
        md5(jsonb_build_array(e.fact_content, e.point_id, e.span_start, e.quote)::text) AS hash
    FROM ({_TOLD}) e WHERE e.bot_name = :bot
), inputs AS (
    SELECT user_id, scope, day, hash FROM windows
    UNION ALL
    SELECT s.user_id, s.scope, s.day, s.hash FROM said s
    JOIN windows w ON w.user_id = s.user_id AND w.scope = s.scope AND w.day = s.day AND s.at >= w.starts AND s.at < w.ends
), wanted AS (
    SELECT user_id, scope, period, date_trunc(period, day::timestamp)::date AS start_date,
        md5(string_agg(hash, '' ORDER BY hash)) AS input_hash
    FROM inputs CROSS JOIN (VALUES ('week'), ('month')) AS p (period)
    GROUP BY user_id, scope, period, date_trunc(period, day::timestamp)
), stored AS (
    SELECT user_id, scope, period, start_date, input_hash, state, engine_version
    FROM summary_rollups WHERE bot_name = :bot
)
SELECT user_id, scope, period, start_date, w.input_hash
FROM wanted w FULL JOIN stored s USING (user_id, scope, period, start_date)
WHERE w.input_hash IS DISTINCT FROM s.input_hash OR s.state <> 'final'
    OR s.engine_version <> CAST(:version AS text)
ORDER BY user_id, scope, start_date, period
"""


def dirty(connection: Connection, bot_name: str, *, version: str | None = None) -> list[Dirty]:
    """The digests of a bot that are missing, were made from something else, stand in for a model's, or have no window left.

    With ``version`` also those of another engine version.
    """
    rows = connection.execute(text(_DIRTY), {"bot": bot_name, "version": version})
    return [
        Dirty(RollupKey(row.user_id, Scope(row.scope), period(Kind(row.period), row.start_date)), row.input_hash)
        for row in rows
    ]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time())


def windows_of(connection: Connection, bot_name: str, key: RollupKey) -> tuple[WindowDigest, ...]:
    """The windows of a period that have a summary, in order."""
    rows = connection.execute(
        text(
            """
            SELECT start_timestamp, end_timestamp, summary_text, key_topics, emotional_tone, confidence_score,
                message_count, decisions, open_questions
            FROM conversation_summaries
            WHERE bot_name = :bot AND user_id = :user AND scope = :scope
                AND start_timestamp >= :start AND start_timestamp < :end
            ORDER BY start_timestamp
            """
        ),
        _range(bot_name, key),
    )
    return tuple(
        WindowDigest(
            row.start_timestamp.replace(tzinfo=UTC), row.end_timestamp.replace(tzinfo=UTC), row.summary_text,
            tuple(row.key_topics or ()), row.emotional_tone, row.confidence_score, row.message_count,
            tuple(row.decisions or ()), tuple(row.open_questions or ()),
        )
        for row in rows
    )  # fmt: skip


def facts_of(connection: Connection, bot_name: str, key: RollupKey) -> tuple[Known, ...]:
    """Current facts with the words said in the period's windows, in order of time; a fact said twice has both."""
    rows = connection.execute(
        text(
            f"""
            SELECT e.fact_content, e.quote, e.said_at
            FROM ({_TOLD}) e
            WHERE e.bot_name = :bot AND e.user_id = :user AND e.scope = :scope
                AND e.said_at >= CAST(:start AS timestamp) AT TIME ZONE 'UTC'
                AND e.said_at < CAST(:end AS timestamp) AT TIME ZONE 'UTC'
                AND EXISTS (
                    SELECT FROM conversation_summaries w
                    WHERE w.bot_name = e.bot_name AND w.user_id = e.user_id AND w.scope = e.scope
                        AND e.said_at AT TIME ZONE 'UTC' >= w.start_timestamp
                        AND e.said_at AT TIME ZONE 'UTC' < w.end_timestamp)
            ORDER BY e.said_at, e.point_id, e.span_start, e.fact_content
            """
        ),
        _range(bot_name, key),
    )
    return tuple(Known(row.fact_content, row.quote, row.said_at) for row in rows)


def _range(bot_name: str, key: RollupKey) -> dict[str, object]:
    return {
        "bot": bot_name, "user": key.user_id, "scope": key.scope.value, "start": _midnight(key.period.start),
        "end": _midnight(key.period.end),
    }  # fmt: skip


_KEY = ("user_id", "bot_name", "period", "start_date", "scope")
_SAID = (
    "end_date", "summary_text", "key_topics", "emotional_tone", "decisions", "open_questions", "window_count",
    "message_count", "confidence_score", "state", "engine_version", "input_hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class MadeRollup:
    """A digest with the hash of what it was made from."""

    user_id: str
    rollup: Rollup
    input_hash: str


def write_rollups(connection: Connection, bot_name: str, made: Sequence[MadeRollup], *, now: datetime) -> int:
    """Insert or replace digests; one that says the same already stays untouched. Returns the rows that changed."""
    if not made:
        return 0
    rows = [
        (
            m.user_id, bot_name, m.rollup.period.kind.value, m.rollup.period.start, m.rollup.scope.value,
            m.rollup.period.end, m.rollup.summary_text, m.rollup.key_topics, m.rollup.emotional_tone, m.rollup.decisions,
            m.rollup.open_questions, m.rollup.window_count, m.rollup.message_count, m.rollup.confidence_score,
            m.rollup.state.value, m.rollup.engine_version, m.input_hash, now, now,
        )
        for m in made
    ]  # fmt: skip
    copy_into_temporary(
        connection, "new_rollups", "summary_rollups", (*_KEY, *_SAID, "created_at", "updated_at"), rows
    )  # fmt: skip
    statement = upsert_changed(
        "summary_rollups", "new_rollups", _KEY, _SAID, insert_only=("created_at",), touch=("updated_at",),
        sequence="summary_rollups_id_seq",
    )  # fmt: skip
    return connection.execute(text(statement)).rowcount


def delete_rollups(connection: Connection, bot_name: str, keys: Sequence[RollupKey]) -> int:
    """Remove the digests of periods in which no window is left. Returns the rows removed."""
    return connection.execute(
        text(
            """
            DELETE FROM summary_rollups r
            USING unnest(CAST(:users AS text[]), CAST(:scopes AS text[]), CAST(:kinds AS text[]), CAST(:starts AS date[]))
                AS g (user_id, scope, period, start_date)
            WHERE r.bot_name = :bot AND r.user_id = g.user_id AND r.scope = g.scope AND r.period = g.period
                AND r.start_date = g.start_date
            """
        ),
        {
            "bot": bot_name, "users": [key.user_id for key in keys], "scopes": [key.scope.value for key in keys],
            "kinds": [key.period.kind.value for key in keys], "starts": [key.period.start for key in keys],
        },
    ).rowcount  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredRollup:
    """A row as a person reads it."""

    user_id: str
    scope: Scope
    kind: Kind
    start: date
    end: date
    summary_text: str
    key_topics: tuple[str, ...]
    emotional_tone: str | None
    decisions: tuple[str, ...]
    open_questions: tuple[str, ...]
    window_count: int
    message_count: int
    confidence_score: float | None
    state: str
    engine_version: str
    updated_at: datetime

    @property
    def last_day(self) -> date:
        """The last day of the period."""
        return self.end - timedelta(days=1)


def rollups_of(connection: Connection, bot_name: str, user_id: str, wanted: Period | None = None) -> list[StoredRollup]:
    """The digests of one user, oldest first; with ``wanted`` those of that period alone: one row a scope."""
    rows = connection.execute(
        text(
            """
            SELECT user_id, scope, period, start_date, end_date, summary_text, key_topics, emotional_tone, decisions,
                open_questions, window_count, message_count, confidence_score, state, engine_version, updated_at
            FROM summary_rollups
            WHERE bot_name = :bot AND user_id = :user
                AND (CAST(:kind AS text) IS NULL OR period = :kind AND start_date = :start)
            ORDER BY start_date, period DESC, scope
            """
        ),
        {
            "bot": bot_name, "user": user_id, "kind": wanted.kind.value if wanted else None,
            "start": wanted.start if wanted else None,
        },
    )  # fmt: skip
    return [
        StoredRollup(
            row.user_id, Scope(row.scope), Kind(row.period), row.start_date, row.end_date, row.summary_text,
            tuple(row.key_topics), row.emotional_tone, tuple(row.decisions), tuple(row.open_questions), row.window_count,
            row.message_count, row.confidence_score, row.state, row.engine_version, row.updated_at,
        )
        for row in rows
    ]  # fmt: skip


def count_rollups(connection: Connection, bot_name: str) -> dict[str, int]:
    """Stored digests of a bot by state."""
    rows = connection.execute(
        text("SELECT state, count(*) AS held FROM summary_rollups WHERE bot_name = :bot GROUP BY state"),
        {"bot": bot_name},
    )
    return {row.state: row.held for row in rows}
