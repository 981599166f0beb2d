"""What earlier engine versions had asserted, and going back to it.

A message's assertions are of one version at a time. When another version takes their place they move to
`fact_assertion_history`, and `fact_redone` notes that the earlier version had read the message, whether it found something
or not. Both hold only what was read in the message as it is now: a message that is edited or withdrawn loses its history.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from whisper_enrich.storage.bulk import array_literal
from whisper_enrich.storage.facts import ASSERTION_COLUMNS, StoredAssertion, stored_assertion

_COLUMNS = ", ".join(ASSERTION_COLUMNS)
# Whose earlier assertions could take the place of the present ones.
_REPLACEABLE = """
    l.bot_name = :bot AND r.engine_version = :version AND (CAST(:user AS text) IS NULL OR l.user_id = :user)
    AND l.disposition = 'conversation' AND l.parts & ~l.duplicate_parts & 1 = 1
    AND (l.facts_version <> :version OR l.facts_state = 'left_out')
"""


@dataclass(frozen=True, slots=True)
class EarlierVersion:
    """An engine version that was replaced: in how many messages, and when last."""

    version: str
    messages: int
    replaced_at: datetime


def earlier_versions(connection: Connection, bot_name: str, user_id: str | None = None) -> list[EarlierVersion]:
    """The versions that one could go back to, the one replaced last first."""
    rows = connection.execute(
        text(
            """
            SELECT engine_version, count(*) AS messages, max(replaced_at) AS replaced_at FROM fact_redone
            WHERE bot_name = :bot AND (CAST(:user AS text) IS NULL OR user_id = :user)
            GROUP BY engine_version ORDER BY replaced_at DESC, engine_version
            """
        ),
        {"bot": bot_name, "user": user_id},
    )
    return [EarlierVersion(row.engine_version, row.messages, row.replaced_at) for row in rows]


def points_to_swap(connection: Connection, bot_name: str, user_id: str | None, version: str) -> dict[str, list[str]]:
    """By user, the messages that ``version`` had read and another version has read since."""
    rows = connection.execute(
        text(
            f"""
            SELECT l.user_id, l.point_id FROM fact_redone r JOIN message_ledger l USING (bot_name, point_id)
            WHERE {_REPLACEABLE} ORDER BY l.user_id, l.point_id
            """
        ),
        {"bot": bot_name, "version": version, "user": user_id},
    )
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append(row.point_id)
    return found


def earlier_assertions(
    connection: Connection, bot_name: str, user_id: str, version: str, point_ids: Sequence[str]
) -> list[StoredAssertion]:
    """What ``version`` had asserted of a user in these messages."""
    rows = connection.execute(
        text(
            f"""
            SELECT {_COLUMNS} FROM fact_assertion_history
            WHERE bot_name = :bot AND user_id = :user AND engine_version = :version
              AND point_id = ANY(CAST(:ids AS text[]))
            ORDER BY point_id, ordinal
            """
        ),
        {"bot": bot_name, "user": user_id, "version": version, "ids": array_literal(point_ids)},
    )
    return [stored_assertion(row) for row in rows]


def swap_back(connection: Connection, bot_name: str, version: str, point_ids: Sequence[str], at: datetime) -> int:
    """Make what ``version`` had read in these messages count again; what counted until now becomes history.

    The ledger says of them that ``version`` is done, so that nothing reads them again by itself. Returns the assertions
    that count again.
    """
    parameters = {"bot": bot_name, "version": version, "ids": array_literal(point_ids), "at": at}
    mine = "bot_name = :bot AND point_id = ANY(CAST(:ids AS text[]))"
    connection.execute(
        text(
            f"""
            INSERT INTO fact_assertion_history ({_COLUMNS}, replaced_at, replaced_by)
            SELECT {_COLUMNS}, :at, :version FROM fact_assertions WHERE {mine} AND engine_version <> :version
            """
        ),
        parameters,
    )
    connection.execute(
        text(
            f"""
            INSERT INTO fact_redone (bot_name, point_id, engine_version, user_id, replaced_at)
            SELECT bot_name, point_id, facts_version, user_id, :at FROM message_ledger
            WHERE {mine} AND facts_version <> :version
            """
        ),
        parameters,
    )
    connection.execute(text(f"DELETE FROM fact_assertions WHERE {mine}"), parameters)
    restored = connection.execute(
        text(
            f"""
            WITH earlier AS (
                DELETE FROM fact_assertion_history WHERE {mine} AND engine_version = :version RETURNING {_COLUMNS}
            )
            INSERT INTO fact_assertions ({_COLUMNS}) SELECT {_COLUMNS} FROM earlier
            """
        ),
        parameters,
    ).rowcount
    connection.execute(text(f"DELETE FROM fact_redone WHERE {mine} AND engine_version = :version"), parameters)
    connection.execute(
        text(
            f"""
            UPDATE message_ledger l SET
                facts_state = 'done', facts_version = :version, facts_attempts = 0, facts_next_at = NULL,
                facts_reason = CASE WHEN EXISTS (SELECT FROM fact_assertions a
                                                 WHERE a.bot_name = l.bot_name AND a.point_id = l.point_id)
                                    THEN 'facts' ELSE 'no_facts' END,
                mark_state = CASE facts_state WHEN 'dead' THEN 'waiting' ELSE mark_state END, revision = revision + 1
            WHERE {mine}
            """
        ),
        parameters,
    )
    return restored


def keep_earlier(
    connection: Connection, bot_name: str, point_ids: Sequence[str], engine_version: str, at: datetime
) -> None:
    """Before the assertions of these messages are replaced: keep those of another version.

    The ledger still says which version they are of; it says none where the message is new or was edited since, and then
    there is nothing to keep and any older history is of words that are gone.
    """
    parameters = {"bot": bot_name, "version": engine_version, "ids": array_literal(point_ids), "at": at}
    touched = connection.execute(
        text(
            """
            SELECT count(*) FILTER (WHERE facts_version <> :version) > 0
                OR EXISTS (SELECT FROM fact_redone WHERE bot_name = :bot)
            FROM message_ledger WHERE bot_name = :bot AND point_id = ANY(CAST(:ids AS text[]))
            """
        ),
        parameters,
    ).scalar_one()
    if not touched:
        return
    # A table of their own, with statistics: the planner would else compare each of these messages with all history.
    connection.execute(text("DROP TABLE IF EXISTS pg_temp.replaced"))
    connection.execute(
        text(
            """
            CREATE TEMPORARY TABLE replaced ON COMMIT DROP AS
            SELECT point_id, user_id, facts_version, facts_version IS NULL OR disposition <> 'conversation' AS gone,
                   disposition = 'conversation' AND facts_version <> :version AS kept
            FROM message_ledger WHERE bot_name = :bot AND point_id = ANY(CAST(:ids AS text[]))
            """
        ),
        parameters,
    )
    connection.execute(text("ANALYZE pg_temp.replaced"))
    for table in ("fact_assertion_history", "fact_redone"):
        connection.execute(
            text(
                f"""
                DELETE FROM {table} h USING pg_temp.replaced p
                WHERE h.bot_name = :bot AND h.point_id = p.point_id
                  AND (p.gone OR h.engine_version IN (:version, p.facts_version))
                """
            ),
            parameters,
        )
    connection.execute(
        text(
            f"""
            INSERT INTO fact_assertion_history ({_COLUMNS}, replaced_at, replaced_by)
            SELECT {", ".join(f"a.{column}" for column in ASSERTION_COLUMNS)}, :at, :version
            FROM pg_temp.replaced p JOIN fact_assertions a ON a.bot_name = :bot AND a.point_id = p.point_id
            WHERE p.kept AND a.engine_version = p.facts_version
            """
        ),
        parameters,
    )
    connection.execute(
        text(
            """
            INSERT INTO fact_redone (bot_name, point_id, engine_version, user_id, replaced_at)
            SELECT :bot, point_id, facts_version, user_id, :at FROM pg_temp.replaced WHERE kept
            """
        ),
        parameters,
    )
