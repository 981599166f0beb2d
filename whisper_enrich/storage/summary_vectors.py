"""Which window summaries have their vector in the message store, and the hashes of their messages' words: what is missing, and
what is too much."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row, text

from whisper_enrich.messages.model import Scope
from whisper_enrich.messages.store import SummaryWindow
from whisper_enrich.storage.bulk import copy_into_temporary, upsert_changed

if TYPE_CHECKING:
    from whisper_enrich.summaries.vectors import Findable

_KEY = ("bot_name", "user_id", "start_timestamp", "end_timestamp", "scope")
_MADE = ("input_hash", "stored", "terms")
# The bounds let an index be used, which the list of days does not.
_ON_DAYS = """{alias}.start_timestamp >= :first AND {alias}.start_timestamp < :last
    AND (CAST(:days AS date[]) IS NULL OR {alias}.start_timestamp::date = ANY(CAST(:days AS date[])))"""


@dataclass(frozen=True, slots=True)
class Behind:
    """A summary whose vector is missing, or was made of something else: its messages, and the hash of its input."""

    window: SummaryWindow
    input_hash: str
    message_ids: tuple[str, ...]


def behind(connection: Connection, bot_name: str, days: Sequence[date] | None) -> list[Behind]:
    """The summaries in use of a bot on these UTC days (None: all) that want a vector or hashes."""
    rows = connection.execute(
        text(
            f"""
            SELECT s.user_id, s.start_timestamp, s.end_timestamp, s.scope, s.input_hash, s.message_ids
            FROM conversation_summaries s
            LEFT JOIN summary_vectors v USING (bot_name, user_id, start_timestamp, end_timestamp, scope)
            WHERE s.bot_name = :bot AND s.archived_at IS NULL
              AND (v.input_hash IS DISTINCT FROM s.input_hash OR v.terms IS NULL) AND {_ON_DAYS.format(alias="s")}
            ORDER BY s.start_timestamp, s.user_id, s.scope
            """
        ),
        _on_days(bot_name, days),
    )
    return [Behind(_window(row), row.input_hash, tuple(row.message_ids)) for row in rows]


def without_summary(connection: Connection, bot_name: str, days: Sequence[date] | None) -> list[SummaryWindow]:
    """Windows whose vector was written and whose summary is gone or put away."""
    rows = connection.execute(
        text(
            f"""
            SELECT v.user_id, v.start_timestamp, v.end_timestamp, v.scope FROM summary_vectors v
            LEFT JOIN conversation_summaries s USING (bot_name, user_id, start_timestamp, end_timestamp, scope)
            WHERE v.bot_name = :bot AND (s.id IS NULL OR s.archived_at IS NOT NULL) AND {_ON_DAYS.format(alias="v")}
            ORDER BY v.start_timestamp, v.user_id, v.scope
            """
        ),
        _on_days(bot_name, days),
    )
    return [_window(row) for row in rows]


def note(connection: Connection, bot_name: str, made: Sequence[tuple[Behind, Findable]]) -> None:
    """The vectors of these were written, where they have one; their hashes are."""
    columns = (*_KEY, *_MADE)
    rows = [(*_key(bot_name, one.window), one.input_hash, found.vector is not None, found.terms) for one, found in made]
    copy_into_temporary(connection, "new_summary_vectors", "summary_vectors", columns, rows)
    connection.execute(text(upsert_changed("summary_vectors", "new_summary_vectors", _KEY, _MADE)))


def forget(connection: Connection, bot_name: str, windows: Sequence[SummaryWindow]) -> None:
    """These have no vector any more."""
    copy_into_temporary(
        connection, "gone_summary_vectors", "summary_vectors", _KEY, [_key(bot_name, one) for one in windows]
    )
    connection.execute(
        text(
            """
            DELETE FROM summary_vectors v USING gone_summary_vectors g
            WHERE (v.bot_name, v.user_id, v.start_timestamp, v.end_timestamp, v.scope)
                = (g.bot_name, g.user_id, g.start_timestamp, g.end_timestamp, g.scope)
            """
        )
    )


def forget_all(connection: Connection, bot_name: str) -> None:
    """No summary of the bot is taken to have a vector."""
    connection.execute(text("DELETE FROM summary_vectors WHERE bot_name = :bot"), {"bot": bot_name})


def count_stored(connection: Connection, bot_name: str) -> int:
    """How many summaries have a vector in the message store, as far as is noted."""
    statement = text("SELECT count(*) FROM summary_vectors WHERE bot_name = :bot AND stored")
    return connection.execute(statement, {"bot": bot_name}).scalar_one()


def noted(connection: Connection, bot_name: str) -> set[SummaryWindow]:
    """The windows that are noted to have one."""
    rows = connection.execute(
        text(
            "SELECT user_id, start_timestamp, end_timestamp, scope FROM summary_vectors WHERE bot_name = :bot AND stored"
        ),
        {"bot": bot_name},
    )
    return {_window(row) for row in rows}


def _on_days(bot_name: str, days: Sequence[date] | None) -> dict[str, object]:
    first = date.min if days is None else min(days, default=date.max)
    last = date.max if days is None else max(days, default=date.min)
    return {
        "bot": bot_name, "days": None if days is None else list(days), "first": datetime.combine(first, time()),
        "last": datetime.combine(last, time.max),
    }  # fmt: skip


def _window(row: Row) -> SummaryWindow:
    start, end = row.start_timestamp.replace(tzinfo=UTC), row.end_timestamp.replace(tzinfo=UTC)
    return SummaryWindow(row.user_id, start, end, Scope(row.scope))


def _key(bot_name: str, window: SummaryWindow) -> tuple[str, str, datetime, datetime, str]:
    return bot_name, window.user_id, _naive(window.start), _naive(window.end), window.scope.value


def _naive(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(tzinfo=None)
