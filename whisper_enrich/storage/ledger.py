"""The message ledger: how far each stage is with each point.

States of a stage: ``waiting`` (at once, or not before ``next_at``), ``done``, ``dead`` (set aside after the last attempt),
``left_out`` (nothing for this stage to do). Entries come from `ledger_intake`; here stages ask what waits and move it on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import IntFlag
from typing import Literal

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Disposition
from whisper_enrich.storage import model_answers
from whisper_enrich.storage.bulk import array_literal
from whisper_enrich.storage.shares import HOLDS, Share, parameters

Stage = Literal["facts", "summary", "mark"]


class Part(IntFlag):
    """Which words a point holds."""

    USER = 1
    BOT = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A ledger row as a stage sees it. ``parts`` are those that count: none for what is no conversation any more."""

    point_id: str
    day: date
    user_id: str | None
    content_hash: str
    revision: int
    parts: Part
    left_out_reason: str | None
    attempts: int


def _effective_parts(disposition: str, parts: int, duplicate_parts: int) -> Part:
    return Part(parts & ~duplicate_parts) if disposition == Disposition.CONVERSATION else Part(0)


def _left_out_reason(disposition: str, reason: str | None, parts: Part, wanted: Part) -> str | None:
    if parts & wanted:
        return None
    if disposition != Disposition.CONVERSATION:
        return reason
    return "not_the_user" if parts else "duplicate"


_ROW_COLUMNS = "point_id, day, user_id, content_hash, revision, disposition, reason, parts, duplicate_parts"


def _row(row, wanted: Part) -> Row:
    parts = _effective_parts(row.disposition, row.parts, row.duplicate_parts)
    reason = _left_out_reason(row.disposition, row.reason, parts, wanted)
    return Row(row.point_id, row.day, row.user_id, row.content_hash, row.revision, parts, reason, row.attempts)


def waiting(
    connection: Connection,
    bot_name: str,
    days: Sequence[date],
    stage: Stage,
    now: datetime,
    limit: int,
    offset: int = 0,
    first: Collection[str] = (),
    share: Share | None = None,
) -> list[Row]:
    """Rows of these days that the stage may work on now, those of one user together, at most ``limit`` after ``offset``.
    The users in ``first`` come before all others; with ``share`` only its users count.

    And those of any day that are no conversation any more: what was derived from them is to be withdrawn, and their day
    may be no partition.
    """
    wanted = Part.USER if stage == "facts" else Part.USER | Part.BOT
    # Only where it is needed: an index has the rows in the order of the others.
    before_others = "user_id = ANY(CAST(:first AS text[])) IS NOT TRUE," if first else ""
    in_share = f"AND {HOLDS}" if share else ""
    rows = connection.execute(
        text(
            f"""
            SELECT {_ROW_COLUMNS}, {stage}_attempts AS attempts
            FROM message_ledger
            WHERE bot_name = :bot AND {stage}_state = 'waiting' AND (day = ANY(:days) OR disposition <> 'conversation')
              AND ({stage}_next_at IS NULL OR {stage}_next_at <= :now) {in_share}
            ORDER BY {before_others} user_id, event_time, point_id LIMIT :limit OFFSET :offset
            """
        ),
        {
            "bot": bot_name, "days": list(days), "now": now, "limit": limit, "offset": offset,
            "first": array_literal(first), **(parameters(share) if share else {}),
        },
    )  # fmt: skip
    return [_row(row, wanted) for row in rows]


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of one row in a stage: a state, why, and when to look again.

    ``reopens`` lets it apply to a row that was done, too, and but for another failure to one that was dead; its point is
    then marked anew.
    """

    point_id: str
    revision: int
    state: Literal["waiting", "done", "dead", "left_out"]
    reason: str | None = None
    attempts: int = 0
    next_at: datetime | None = None
    reopens: bool = False


def lock(connection: Connection, bot_name: str) -> None:
    """Until the end of the transaction nobody else changes the bot's ledger: two that did so in different order would
    wait for each other. Taken after the locks on users."""
    connection.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"ledger of {bot_name}"}
    )


def record(connection: Connection, bot_name: str, stage: Stage, version: str, progress: Sequence[Progress]) -> int:
    """Move rows on, each on the condition that intake has not changed it since it was read. Returns the rows moved.

    A row that intake changed meanwhile keeps waiting.
    """
    if not progress:
        return 0
    lock(connection, bot_name)
    marks_anew = (
        "" if stage == "mark" else f"mark_state = CASE {stage}_state WHEN 'waiting' THEN mark_state ELSE 'waiting' END,"
    )
    return connection.execute(
        text(
            f"""
            UPDATE message_ledger l SET {marks_anew}
                {stage}_state = p.state, {stage}_reason = p.reason, {stage}_attempts = p.attempts,
                {stage}_next_at = p.next_at,
                {stage}_version = CASE p.state WHEN 'done' THEN :version WHEN 'left_out' THEN NULL
                                               ELSE l.{stage}_version END
            FROM unnest(CAST(:ids AS text[]), CAST(:revisions AS integer[]), CAST(:states AS text[]),
                        CAST(:reasons AS text[]), CAST(:attempts AS smallint[]), CAST(:next_at AS timestamptz[]),
                        CAST(:reopens AS boolean[]))
                AS p (point_id, revision, state, reason, attempts, next_at, reopens)
            WHERE l.bot_name = :bot AND l.point_id = p.point_id AND l.revision = p.revision
              AND (l.{stage}_state = 'waiting' OR p.reopens AND l.{stage}_state <> p.state
                   AND (l.{stage}_state = 'done' OR l.{stage}_state = 'dead' AND p.attempts = 0))
            """
        ),
        {
            "bot": bot_name,
            "version": version,
            "ids": array_literal(p.point_id for p in progress),
            "revisions": array_literal(p.revision for p in progress),
            "states": array_literal(p.state for p in progress),
            "reasons": array_literal(p.reason for p in progress),
            "attempts": array_literal(p.attempts for p in progress),
            "next_at": array_literal(p.next_at for p in progress),
            "reopens": array_literal(p.reopens for p in progress),
        },
    ).rowcount


UserDay = tuple[str, date]
"""A user and a UTC day."""


def release(
    connection: Connection,
    bot_name: str,
    stage: Stage,
    reason: str,
    point_ids: Collection[str],
    user_days: Collection[UserDay],
) -> int:
    """Let rows that wait for this reason be worked on at once: those of these points, and of these users and days.

    Returns how many.
    """
    lock(connection, bot_name)
    return connection.execute(
        text(
            f"""
            UPDATE message_ledger SET {stage}_next_at = NULL
            WHERE bot_name = :bot AND {stage}_state = 'waiting' AND {stage}_reason = :reason
              AND (point_id = ANY(CAST(:points AS text[]))
                   OR (user_id, day) IN (SELECT * FROM unnest(CAST(:users AS text[]), CAST(:days AS date[]))))
            """
        ),
        {
            "bot": bot_name, "reason": reason, "points": array_literal(point_ids),
            "users": [user for user, _ in user_days], "days": [day for _, day in user_days],
        },
    ).rowcount  # fmt: skip


def user_days_waiting(
    connection: Connection, bot_name: str, days: Sequence[date], stage: Stage, now: datetime
) -> set[UserDay]:
    """Users and days with a row that the stage may work on now."""
    rows = connection.execute(
        text(
            f"SELECT DISTINCT user_id, day FROM message_ledger WHERE bot_name = :bot AND day = ANY(:days) "
            f"AND user_id IS NOT NULL AND {stage}_state = 'waiting' AND ({stage}_next_at IS NULL OR {stage}_next_at <= :now)"
        ),
        {"bot": bot_name, "days": list(days), "now": now},
    )
    return {(row.user_id, row.day) for row in rows}


def sizes_of_user_days(connection: Connection, bot_name: str, user_days: Collection[UserDay]) -> dict[UserDay, int]:
    """How many rows `rows_of_user_days` has for each of these users and days."""
    rows = connection.execute(
        text(
            """
            SELECT user_id, day, count(*) AS size FROM message_ledger
            WHERE bot_name = :bot AND day = ANY(CAST(:days AS date[])) AND disposition = 'conversation'
            GROUP BY user_id, day
            """
        ),
        {"bot": bot_name, "days": sorted({day for _, day in user_days})},
    )
    sizes = {(row.user_id, row.day): row.size for row in rows}
    return {user_day: sizes.get(user_day, 0) for user_day in user_days}


def rows_of_user_days(connection: Connection, bot_name: str, user_days: Sequence[UserDay]) -> dict[UserDay, list[Row]]:
    """By user and day, every row that is conversation; the attempts are those of its present round."""
    rows = connection.execute(
        text(
            f"""
            SELECT {_ROW_COLUMNS}, CASE summary_state WHEN 'waiting' THEN summary_attempts ELSE 0 END AS attempts
            FROM message_ledger
            JOIN unnest(CAST(:users AS text[]), CAST(:days AS date[])) AS wanted (user_id, day) USING (user_id, day)
            WHERE bot_name = :bot AND day = ANY(CAST(:days AS date[])) AND disposition = 'conversation'
            ORDER BY user_id, event_time, point_id
            """
        ),
        {"bot": bot_name, "users": [user for user, _ in user_days], "days": [day for _, day in user_days]},
    )
    found: dict[UserDay, list[Row]] = {user_day: [] for user_day in user_days}
    for row in rows:
        found[row.user_id, row.day].append(_row(row, Part.USER | Part.BOT))
    return found


@dataclass(frozen=True, slots=True)
class Markable:
    """A row whose point is to be marked with ``status``."""

    day: date
    row: Row
    status: str


def ready_to_mark(
    connection: Connection, bot_name: str, days: Sequence[date], first_day: date, now: datetime, limit: int
) -> list[Markable]:
    """Rows that need nothing more, with the status that their point is to be marked with.

    Those of ``days``, and those that no partition may hold: what is no conversation, and what is from before ``first_day``.
    """
    rows = connection.execute(
        text(
            f"""
            SELECT {_ROW_COLUMNS}, mark_attempts AS attempts,
                   CASE WHEN disposition <> 'conversation' THEN disposition
                        WHEN facts_state = 'dead' OR summary_state = 'dead' THEN 'set_aside'
                        ELSE 'completed' END AS status
            FROM message_ledger
            WHERE bot_name = :bot AND mark_state = 'waiting'
              AND (day = ANY(CAST(:days AS date[])) OR disposition <> 'conversation' OR day < :first_day)
              AND (mark_next_at IS NULL OR mark_next_at <= :now)
              AND facts_state <> 'waiting' AND summary_state <> 'waiting'
            ORDER BY point_id LIMIT :limit
            """
        ),
        {"bot": bot_name, "days": list(days), "first_day": first_day, "now": now, "limit": limit},
    )
    return [Markable(row.day, _row(row, Part.USER | Part.BOT), row.status) for row in rows]


def replay_dead_letters(connection: Connection, bot_name: str | None, day: date | None) -> int:
    """Give what was set aside all its attempts again, at once; returns the rows that wait now.

    A model is asked about it afresh, whatever was given up on.
    """
    dead = connection.execute(
        text(
            "SELECT bot_name, array_agg(point_id) AS points FROM message_ledger WHERE 'dead' IN (facts_state, summary_state) "
            "AND (CAST(:bot AS text) IS NULL OR bot_name = :bot) AND (CAST(:day AS date) IS NULL OR day = :day) "
            "GROUP BY bot_name"
        ),
        {"bot": bot_name, "day": day},
    )
    for row in dead.all():
        model_answers.forget_given_up(connection, row.bot_name, row.points)
    return connection.execute(
        text(
            """
            UPDATE message_ledger SET
                facts_state = CASE facts_state WHEN 'dead' THEN 'waiting' ELSE facts_state END,
                facts_attempts = CASE facts_state WHEN 'dead' THEN 0 ELSE facts_attempts END,
                summary_state = CASE summary_state WHEN 'dead' THEN 'waiting' ELSE summary_state END,
                summary_attempts = CASE summary_state WHEN 'dead' THEN 0 ELSE summary_attempts END,
                mark_state = 'waiting', mark_attempts = 0, mark_next_at = NULL,
                facts_next_at = NULL,
                summary_next_at = CASE summary_state WHEN 'dead' THEN NULL ELSE summary_next_at END,
                revision = revision + 1
            WHERE 'dead' IN (facts_state, summary_state, mark_state)
              AND (CAST(:bot AS text) IS NULL OR bot_name = :bot) AND (CAST(:day AS date) IS NULL OR day = :day)
            """
        ),
        {"bot": bot_name, "day": day},
    ).rowcount


def reopen_left_out(connection: Connection, user_id: str, reason: str) -> int:
    """Let a user's messages wait again that a stage left out for this reason; returns how many."""
    return connection.execute(
        text(
            """
            UPDATE message_ledger SET
                facts_state = CASE WHEN facts_state = 'left_out' AND facts_reason = :reason THEN 'waiting' ELSE facts_state END,
                summary_state =
                    CASE WHEN summary_state = 'left_out' AND summary_reason = :reason THEN 'waiting' ELSE summary_state END,
                mark_state = 'waiting', mark_attempts = 0, mark_next_at = NULL, revision = revision + 1
            WHERE user_id = :user AND (facts_state = 'left_out' AND facts_reason = :reason
                                       OR summary_state = 'left_out' AND summary_reason = :reason)
            """
        ),
        {"user": user_id, "reason": reason},
    ).rowcount


@dataclass(frozen=True, slots=True)
class Stale:
    """How many results of a bot are of another version than the one in force."""

    bot_name: str
    stage: Stage
    version: str
    messages: int


_STALE = "disposition = 'conversation' AND {stage}_state = 'done' AND {stage}_version <> :{stage}_version"


def stale(connection: Connection, facts_version: str, summary_version: str, bot_name: str | None = None) -> list[Stale]:
    """Results that an engine of another version made, by bot, stage and version. They stay until somebody asks."""
    rows = connection.execute(
        text(
            " UNION ALL ".join(
                f"SELECT bot_name, '{stage}' AS stage, {stage}_version AS version, count(*) AS messages FROM message_ledger "
                f"WHERE {_STALE.format(stage=stage)} AND (CAST(:bot AS text) IS NULL OR bot_name = :bot) GROUP BY 1, 3"
                for stage in ("facts", "summary")
            )
            + " ORDER BY 1, 2, 3"
        ),
        {"facts_version": facts_version, "summary_version": summary_version, "bot": bot_name},
    )
    return [Stale(row.bot_name, row.stage, row.version, row.messages) for row in rows]


def mark_stale(
    connection: Connection, bot_name: str, days: Sequence[date] | None, facts_version: str, summary_version: str
) -> int:
    """Let the messages of these days (None: of all) wait again whose results are of another version; returns their number.

    What was derived from them stays until the new result takes its place.
    """
    lock(connection, bot_name)
    facts, summary = (_STALE.format(stage=stage) for stage in ("facts", "summary"))
    return connection.execute(
        text(
            f"""
            UPDATE message_ledger SET
                facts_state = CASE WHEN {facts} THEN 'waiting' ELSE facts_state END,
                facts_attempts = CASE WHEN {facts} THEN 0 ELSE facts_attempts END,
                facts_next_at = CASE WHEN {facts} THEN NULL ELSE facts_next_at END,
                summary_state = CASE WHEN {summary} THEN 'waiting' ELSE summary_state END,
                summary_attempts = CASE WHEN {summary} THEN 0 ELSE summary_attempts END,
                summary_next_at = CASE WHEN {summary} THEN NULL ELSE summary_next_at END,
                mark_state = 'waiting', mark_attempts = 0, mark_next_at = NULL, revision = revision + 1
            WHERE bot_name = :bot AND (CAST(:days AS date[]) IS NULL OR day = ANY(CAST(:days AS date[])))
              AND ({facts} OR {summary})
            """
        ),
        {
            "bot": bot_name,
            "days": list(days) if days is not None else None,
            "facts_version": facts_version,
            "summary_version": summary_version,
        },
    ).rowcount
