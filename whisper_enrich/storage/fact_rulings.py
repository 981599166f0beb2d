"""What persons have ruled about facts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, Row, text

from whisper_enrich.facts.model import Category, Tense
from whisper_enrich.facts.rulings import Ruling, RulingKind, correction
from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.facts import StoredAssertion

ENGINE_VERSION = "ruling"
"""The version of a fact that rests on a correction alone."""


@dataclass(frozen=True, slots=True)
class StoredRuling:
    """A ruling with the collection whose fact it was about."""

    ruling: Ruling
    source_collection: str

    def asserted(self) -> StoredAssertion | None:
        """What a correction states, as the repository of facts knows it; None for a rejection."""
        stated = correction(self.ruling)
        if stated is None:
            return None
        return StoredAssertion(stated, ENGINE_VERSION, self.ruling.ruled_at, self.source_collection)


def rulings_of(connection: Connection, bot_name: str, user_ids: Sequence[str]) -> dict[str, list[StoredRuling]]:
    """All rulings by user, in the order in which they were made; a user without any has an empty list."""
    rows = connection.execute(
        text("SELECT * FROM fact_rulings WHERE bot_name = :bot AND user_id = ANY(:users) ORDER BY ruled_at, id"),
        {"bot": bot_name, "users": list(user_ids)},
    )
    found: dict[str, list[StoredRuling]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        found[row.user_id].append(StoredRuling(_ruling(row), row.source_collection))
    return found


def _ruling(row: Row) -> Ruling:
    return Ruling(
        number=row.id,
        bot_name=row.bot_name,
        user_id=row.user_id,
        kind=RulingKind(row.ruling),
        category=Category(row.category),
        attribute=row.attribute,
        value=row.value,
        statement=row.statement,
        tense=Tense(row.tense),
        scope=Scope(row.scope),
        holds_from=row.holds_from,
        point_ids=tuple(row.point_ids),
        ruled_at=row.ruled_at,
        ruled_by=row.ruled_by,
        corrected_statement=row.corrected_statement,
        corrected_value=row.corrected_value,
    )


def add_ruling(connection: Connection, ruling: Ruling, source_collection: str) -> int:
    """Store a ruling; returns the number that it is known by (that of ``ruling`` does not count)."""
    return int(
        connection.execute(
            text(
                """
                INSERT INTO fact_rulings (
                    bot_name, user_id, ruling, category, attribute, value, statement, tense, scope, holds_from, point_ids,
                    source_collection, corrected_statement, corrected_value, ruled_at, ruled_by)
                VALUES (
                    :bot_name, :user_id, :kind, :category, :attribute, :value, :statement, :tense, :scope, :holds_from,
                    :point_ids, :source_collection, :corrected_statement, :corrected_value, :ruled_at, :ruled_by)
                RETURNING id
                """
            ),
            {
                "bot_name": ruling.bot_name,
                "user_id": ruling.user_id,
                "kind": ruling.kind.value,
                "category": ruling.category.value,
                "attribute": ruling.attribute,
                "value": ruling.value,
                "statement": ruling.statement,
                "tense": ruling.tense.value,
                "scope": ruling.scope.value,
                "holds_from": ruling.holds_from,
                "point_ids": list(ruling.point_ids),
                "source_collection": source_collection,
                "corrected_statement": ruling.corrected_statement,
                "corrected_value": ruling.corrected_value,
                "ruled_at": ruling.ruled_at,
                "ruled_by": ruling.ruled_by,
            },
        ).scalar_one()
    )


def owner_of(connection: Connection, bot_name: str, number: int) -> str | None:
    """The user whose fact was ruled on; None where the bot has no such ruling."""
    return connection.execute(
        text("SELECT user_id FROM fact_rulings WHERE bot_name = :bot AND id = :number"),
        {"bot": bot_name, "number": number},
    ).scalar()


def remove_ruling(connection: Connection, bot_name: str, number: int) -> None:
    """Forget a ruling."""
    connection.execute(
        text("DELETE FROM fact_rulings WHERE bot_name = :bot AND id = :number"), {"bot": bot_name, "number": number}
    )
