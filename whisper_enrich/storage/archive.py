"""Window summaries that are put away: the flag that readers honour, and when it is set.

A summary is put away when its window ended before a given time, it is final, and the digests of its week and month tell of
it as it is. It stays where it is: a rerun finds its input hash, a late message changes it in place, and digests go on being
made from it. One that is no longer that old (the setting was raised) is brought back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, text

from whisper_enrich.storage import rollups
from whisper_enrich.storage.rollups import Dirty

# A month without its digest, or a week, keeps its windows in use: else nothing would answer for them.
_PUT_AWAY = """
    s.bot_name = :bot AND s.archived_at IS NULL AND s.end_timestamp < :before AND s.state = 'final'
    AND NOT EXISTS (
        SELECT FROM unnest(CAST(:users AS text[]), CAST(:scopes AS text[]), CAST(:starts AS date[]), CAST(:ends AS date[]))
            AS behind (user_id, scope, start_date, end_date)
        WHERE behind.user_id = s.user_id AND behind.scope = s.scope
            AND s.start_timestamp >= behind.start_date AND s.start_timestamp < behind.end_date)
"""
_BRING_BACK = "s.bot_name = :bot AND s.archived_at IS NOT NULL AND s.end_timestamp >= :before"


@dataclass(frozen=True, slots=True)
class Archived:
    """Summaries that were put away, and those that were brought back."""

    put_away: int = 0
    brought_back: int = 0


def bots_with_summaries(connection: Connection) -> list[str]:
    """The bots that have any, by name."""
    return list(connection.execute(text("SELECT DISTINCT bot_name FROM conversation_summaries ORDER BY 1")).scalars())


def due(connection: Connection, bot_name: str, before: datetime) -> Archived:
    """What `put_away` would change."""
    parameters = _parameters(bot_name, before, rollups.dirty(connection, bot_name))
    counts = [
        connection.execute(text(f"SELECT count(*) FROM conversation_summaries s WHERE {rows}"), parameters).scalar_one()
        for rows in (_PUT_AWAY, _BRING_BACK)
    ]
    return Archived(*counts)


def put_away(connection: Connection, bot_name: str, before: datetime, now: datetime) -> Archived:
    """Put away the summaries of windows that ended before that time, and bring back those that did not."""
    parameters = {**_parameters(bot_name, before, rollups.dirty(connection, bot_name)), "now": now}
    changed = [
        connection.execute(
            text(f"UPDATE conversation_summaries s SET archived_at = {value} WHERE {rows}"), parameters
        ).rowcount
        for value, rows in (("CAST(:now AS timestamptz)", _PUT_AWAY), ("NULL", _BRING_BACK))
    ]
    return Archived(*changed)


def _parameters(bot_name: str, before: datetime, behind: Sequence[Dirty]) -> dict[str, object]:
    return {
        "bot": bot_name, "before": before.astimezone(UTC).replace(tzinfo=None),
        "users": [one.key.user_id for one in behind], "scopes": [one.key.scope.value for one in behind],
        "starts": [one.key.period.start for one in behind], "ends": [one.key.period.end for one in behind],
    }  # fmt: skip
