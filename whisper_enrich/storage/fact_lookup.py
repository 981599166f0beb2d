"""Looking facts up for a person at the command line: whose they are, and how they came about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, text

from whisper_enrich.messages.model import Scope


def owner_of_fact(connection: Connection, number: int) -> tuple[str, str] | None:
    """Bot and user of the current fact with this number."""
    row = connection.execute(
        text(
            "SELECT bot_name, user_id FROM user_facts WHERE id = :number "
            "UNION ALL SELECT bot_name, user_id FROM shared_facts WHERE id = :number"
        ),
        {"number": number},
    ).one_or_none()
    return (row.bot_name, row.user_id) if row else None


def people(connection: Connection) -> list[tuple[str, str, str | None]]:
    """Every bot and user of whom something was ever known, with the name that our own table has."""
    rows = connection.execute(
        text(
            """
            SELECT bot_name, user_id, display_name
            FROM (SELECT bot_name, user_id FROM fact_versions UNION SELECT bot_name, user_id FROM fact_rulings) known
            LEFT JOIN user_profiles USING (user_id) ORDER BY 1, 2
            """
        )
    )
    return [(row.bot_name, row.user_id, row.display_name) for row in rows]


@dataclass(frozen=True, slots=True)
class VersionRow:
    """A row of `fact_versions`, as far as a person wants to see it."""

    attribute: str
    content: str
    tense: str
    reason: str
    valid_from: date | None
    valid_to: date | None
    known_from: datetime
    known_to: datetime | None
    superseded_by: str | None
    confidence: float
    messages: int


_COLUMNS = (
    "fact_key, ordinal, attribute, value, fact_content, tense, reason, valid_from, valid_to, known_from, known_to, "
    "superseded_by, confidence, message_ids"
)


def versions_of(
    connection: Connection, bot_name: str, user_id: str, words: str | None = None, told_in: Scope = Scope.DM
) -> list[VersionRow]:
    """The history of a user's facts by attribute and time, as a caller in a dm or in a shared channel knows it; of those only
    that hold ``words`` (statement, value or attribute)."""
    rows = connection.execute(
        text(
            f"""
            WITH told AS (
                SELECT {_COLUMNS} FROM fact_versions
                WHERE bot_name = :bot AND user_id = :user AND (:private OR audience = 'all')
                UNION ALL SELECT {_COLUMNS} FROM shared_fact_versions
                WHERE bot_name = :bot AND user_id = :user AND NOT :private
            )
            SELECT v.attribute, v.fact_content, v.tense, v.reason, v.valid_from, v.valid_to, v.known_from, v.known_to,
                   s.fact_content AS superseded_by, v.confidence, cardinality(v.message_ids) AS messages
            FROM told v LEFT JOIN told s ON s.fact_key = v.superseded_by AND s.ordinal = 1
            WHERE (CAST(:words AS text) IS NULL OR strpos(lower(v.fact_content), lower(:words)) > 0
                   OR strpos(v.value, lower(:words)) > 0 OR v.attribute = lower(:words))
            ORDER BY v.attribute, v.known_from, v.fact_key, v.ordinal
            """
        ),
        {"bot": bot_name, "user": user_id, "words": words, "private": told_in is Scope.DM},
    )
    return [VersionRow(*row) for row in rows]
