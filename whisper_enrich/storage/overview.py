"""Questions about the state of the work: what waits, since when, what was set aside, whether it all adds up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text


def ledger_id(connection: Connection) -> str:
    """The id that marks must carry to count for this database."""
    return str(connection.execute(text("SELECT ledger_id FROM store_identity")).scalar_one())


def known_points(connection: Connection, bot_name: str) -> int:
    """Rows of points that are in the store as far as we know."""
    return int(
        connection.execute(
            text("SELECT count(*) FROM message_ledger WHERE bot_name = :bot AND disposition <> 'deleted'"),
            {"bot": bot_name},
        ).scalar_one()
    )


def unmarked_points(connection: Connection, bot_name: str) -> int:
    """Rows whose point bears no mark as far as we know; one that is only to be marked anew bears its old one."""
    return int(
        connection.execute(
            text(
                "SELECT count(*) FROM message_ledger WHERE bot_name = :bot AND disposition <> 'deleted' "
                "AND mark_state = 'waiting' AND mark_version IS NULL"
            ),
            {"bot": bot_name},
        ).scalar_one()
    )


def is_never_read(connection: Connection, bot_name: str, collection: str) -> bool:
    """Whether the ledger has no row of the bot, and no run over its collection was recorded that found nothing to enter."""
    return not connection.execute(
        text(
            "SELECT EXISTS (SELECT FROM message_ledger WHERE bot_name = :bot) "
            "OR EXISTS (SELECT FROM enrichment_metadata WHERE collection_name = :collection)"
        ),
        {"bot": bot_name, "collection": collection},
    ).scalar_one()


def ids_of_points(connection: Connection, bot_name: str) -> set[str]:
    """Ids of the points that are in the store as far as we know."""
    rows = connection.execute(
        text("SELECT point_id FROM message_ledger WHERE bot_name = :bot AND disposition <> 'deleted'"),
        {"bot": bot_name},
    )
    return set(rows.scalars())


_DUE = """
    (facts_state = 'waiting' AND (facts_next_at IS NULL OR facts_next_at <= :now)
     OR summary_state = 'waiting' AND (summary_next_at IS NULL OR summary_next_at <= :now)
     OR mark_state = 'waiting' AND facts_state <> 'waiting' AND summary_state <> 'waiting'
        AND (mark_next_at IS NULL OR mark_next_at <= :now))
"""


def due_days(connection: Connection, now: datetime) -> dict[str, set[date]]:
    """By bot, the days with a message that some stage may work on now; today for users who are to be folded anew."""
    rows = connection.execute(
        text(
            f"""
            SELECT DISTINCT bot_name, day FROM message_ledger
            WHERE (facts_state = 'waiting' OR summary_state = 'waiting' OR mark_state = 'waiting') AND {_DUE}
            UNION SELECT DISTINCT bot_name, day FROM stale_windows
            UNION SELECT DISTINCT bot_name, (CAST(:now AS timestamptz) AT TIME ZONE 'UTC')::date FROM stale_folds
            """
        ),
        {"now": now},
    )
    days: dict[str, set[date]] = {}
    for row in rows:
        days.setdefault(row.bot_name, set()).add(row.day)
    return days


def waiting_for_facts(connection: Connection, bot_name: str, first: date, last: date, now: datetime, most: int) -> int:
    """Messages of these days whose facts may be looked for now; ``most`` where there are more."""
    return int(
        connection.execute(
            text(
                "SELECT count(*) FROM (SELECT FROM message_ledger WHERE bot_name = :bot AND facts_state = 'waiting' "
                "AND day BETWEEN :first AND :last AND (facts_next_at IS NULL OR facts_next_at <= :now) LIMIT :most) AS waiting"
            ),
            {"bot": bot_name, "first": first, "last": last, "now": now, "most": most},
        ).scalar_one()
    )


def known_hashes(connection: Connection, bot_name: str, point_ids: list[str]) -> dict[str, str]:
    """The content hash by which the ledger knows each of these points."""
    rows = connection.execute(
        text("SELECT point_id, content_hash FROM message_ledger WHERE bot_name = :bot AND point_id = ANY(:ids)"),
        {"bot": bot_name, "ids": point_ids},
    )
    return {row.point_id: row.content_hash for row in rows}


@dataclass(frozen=True, slots=True)
class DayStatus:
    """One bot and day. Counts are of points; each point is in exactly one of ``pending``, ``retry``, ``dead``, ``done``,
    ``left_out`` and ``quarantined``. ``lag_seconds`` is the age of the oldest that waits and could be worked on."""

    bot_name: str
    day: date
    points: int
    done: int
    pending: int
    open_window: int
    retry: int
    dead: int
    left_out: int
    quarantined: int
    facts: int
    summaries: int
    lag_seconds: float | None


_STATUS = f"""
WITH classed AS (
    SELECT bot_name, day, first_seen_at, {_DUE} AS due,
        CASE
            WHEN disposition IN ('quarantined', 'left_out') OR disposition = 'conversation' AND parts = duplicate_parts
                THEN CASE disposition WHEN 'quarantined' THEN 'quarantined' ELSE 'left_out' END
            WHEN 'dead' IN (facts_state, summary_state, mark_state) THEN 'dead'
            WHEN 'waiting' IN (facts_state, summary_state, mark_state) THEN
                CASE WHEN facts_state = 'waiting' AND facts_attempts > 0 OR summary_state = 'waiting' AND summary_attempts > 0
                          OR mark_state = 'waiting' AND mark_attempts > 0 THEN 'retry'
                     WHEN facts_state <> 'waiting' AND summary_reason = 'window_too_short_yet' AND NOT {_DUE}
                          THEN 'open_window'
                     ELSE 'pending' END
            ELSE 'done'
        END AS class
    FROM message_ledger WHERE disposition <> 'deleted' AND (CAST(:bot AS text) IS NULL OR bot_name = :bot)
), points AS (
    SELECT bot_name, day, count(*) AS points,
        count(*) FILTER (WHERE class = 'done') AS done, count(*) FILTER (WHERE class = 'pending') AS pending,
        count(*) FILTER (WHERE class = 'open_window') AS open_window, count(*) FILTER (WHERE class = 'retry') AS retry,
        count(*) FILTER (WHERE class = 'dead') AS dead, count(*) FILTER (WHERE class = 'left_out') AS left_out,
        count(*) FILTER (WHERE class = 'quarantined') AS quarantined,
        extract(epoch FROM CAST(:now AS timestamptz)
            - min(first_seen_at) FILTER (WHERE due AND class IN ('pending', 'retry')))::float AS lag_seconds
    FROM classed GROUP BY bot_name, day
), facts AS (
    SELECT bot_name, day, count(*) AS facts FROM fact_assertions GROUP BY bot_name, day
), summaries AS (
    SELECT bot_name, start_timestamp::date AS day, count(*) AS summaries FROM conversation_summaries GROUP BY 1, 2
)
SELECT p.*, coalesce(f.facts, 0) AS facts, coalesce(s.summaries, 0) AS summaries
FROM points p LEFT JOIN facts f USING (bot_name, day) LEFT JOIN summaries s USING (bot_name, day)
ORDER BY bot_name, day
"""


def day_statuses(connection: Connection, now: datetime, bot_name: str | None = None) -> list[DayStatus]:
    """Every bot and day that has points, in order."""
    rows = connection.execute(text(_STATUS), {"now": now, "bot": bot_name})
    return [DayStatus(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class Reason:
    """How many points of a bot are in a class for a reason."""

    bot_name: str
    kind: str
    reason: str
    count: int


def reasons(connection: Connection, bot_name: str | None = None, day: date | None = None) -> list[Reason]:
    """Why points were left out, quarantined, set aside, wait for another attempt or for their time; most frequent first."""
    rows = connection.execute(
        text(
            """
            SELECT bot_name, kind, reason, count(*) AS count FROM (
                SELECT bot_name, day, disposition AS kind, reason FROM message_ledger
                WHERE disposition IN ('left_out', 'quarantined')
                UNION ALL
                SELECT bot_name, day, 'left_out', 'duplicate' FROM message_ledger
                WHERE disposition = 'conversation' AND parts = duplicate_parts
                UNION ALL
                SELECT bot_name, day, 'dead', 'facts: ' || facts_reason FROM message_ledger WHERE facts_state = 'dead'
                UNION ALL
                SELECT bot_name, day, 'dead', 'summary: ' || summary_reason FROM message_ledger WHERE summary_state = 'dead'
                UNION ALL
                SELECT bot_name, day, 'retry', 'facts: ' || facts_reason FROM message_ledger
                WHERE facts_state = 'waiting' AND facts_attempts > 0
                UNION ALL
                SELECT bot_name, day, 'retry', 'summary: ' || summary_reason FROM message_ledger
                WHERE summary_state = 'waiting' AND summary_attempts > 0
                UNION ALL
                SELECT bot_name, day, 'waiting', 'facts: ' || facts_reason FROM message_ledger
                WHERE facts_state = 'waiting' AND facts_attempts = 0 AND facts_next_at IS NOT NULL
                UNION ALL
                SELECT bot_name, day, 'waiting', 'summary: ' || summary_reason FROM message_ledger
                WHERE summary_state = 'waiting' AND summary_attempts = 0 AND summary_next_at IS NOT NULL
            ) r
            WHERE (CAST(:bot AS text) IS NULL OR bot_name = :bot) AND (CAST(:day AS date) IS NULL OR day = :day)
            GROUP BY bot_name, kind, reason ORDER BY bot_name, kind, count(*) DESC, reason
            """
        ),
        {"bot": bot_name, "day": day},
    )
    return [Reason(**row._mapping) for row in rows]


@dataclass(frozen=True, slots=True)
class PartitionFigures:
    """What a partition holds: for materialisation metadata."""

    points: int
    users: int
    waiting_facts: int
    waiting_summaries: int
    skewed: int
    left_out: dict[str, int]
    quarantined: dict[str, int]
    outcomes: dict[str, int]
    facts_by_category: dict[str, int]
    summaries: int


def partition_figures(connection: Connection, bot_name: str, day: date) -> PartitionFigures:
    """Counts of one bot and day."""
    parameters = {"bot": bot_name, "day": day}
    totals = connection.execute(
        text(
            """
            SELECT count(*) AS points, count(DISTINCT user_id) AS users,
                count(*) FILTER (WHERE facts_state = 'waiting') AS waiting_facts,
                count(*) FILTER (WHERE summary_state = 'waiting') AS waiting_summaries,
                count(*) FILTER (WHERE abs(clock_skew_seconds) >= 60) AS skewed
            FROM message_ledger WHERE bot_name = :bot AND day = :day AND disposition <> 'deleted'
            """
        ),
        parameters,
    ).one()
    why = reasons(connection, bot_name, day)
    outcomes = connection.execute(
        text(
            "SELECT facts_reason, count(*) FROM message_ledger "
            "WHERE bot_name = :bot AND day = :day AND facts_state = 'done' GROUP BY 1"
        ),
        parameters,
    ).all()
    categories = connection.execute(
        text(
            "SELECT category, count(*) FROM fact_assertions WHERE bot_name = :bot AND day = :day GROUP BY 1 ORDER BY 1"
        ),
        parameters,
    ).all()
    summaries = connection.execute(
        text("SELECT count(*) FROM conversation_summaries WHERE bot_name = :bot AND start_timestamp::date = :day"),
        parameters,
    ).scalar_one()
    return PartitionFigures(
        **totals._mapping,
        left_out={r.reason: r.count for r in why if r.kind == "left_out"},
        quarantined={r.reason: r.count for r in why if r.kind == "quarantined"},
        outcomes={str(reason): count for reason, count in outcomes},
        facts_by_category=dict(map(tuple, categories)),
        summaries=summaries,
    )


def facts_without_evidence(connection: Connection) -> int:
    """Current facts that no evidence row supports; must be zero."""
    counts = " + ".join(
        f"(SELECT count(*) FROM {facts} f WHERE NOT EXISTS (SELECT FROM {evidence} e WHERE e.fact_id = f.id))"
        for facts, evidence in (("user_facts", "fact_evidence"), ("shared_facts", "shared_fact_evidence"))
    )
    return int(connection.execute(text(f"SELECT {counts}")).scalar_one())
