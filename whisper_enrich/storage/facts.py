"""Assertions, and the current facts as a person or a rule looks them up. `fact_folds` stores what is folded from them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from sqlalchemy import Connection, Row, text

from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Question, Tense
from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.bulk import array_literal, copy_into_temporary

MAX_FACT_LENGTH = 500

ASSERTION_COLUMNS = (
    "bot_name", "point_id", "ordinal", "user_id", "day", "said_at", "scope", "category", "attribute", "value",
    "statement", "polarity", "tense", "holds_from", "holds_to", "confidence", "span_start", "span_end", "quote", "rule",
    "engine_version", "extracted_at", "source_collection", "question_point_id", "question_quote",
)  # fmt: skip


def lock_users(connection: Connection, bot_name: str, user_ids: Iterable[str]) -> None:
    """Let one transaction at a time fold these users; sorted, so that two never wait for each other."""
    connection.execute(
        text(
            "SELECT pg_advisory_xact_lock(hashtextextended(key, 0)) "
            "FROM (SELECT DISTINCT unnest(CAST(:keys AS text[])) AS key ORDER BY key) keys"
        ),
        {"keys": [f"{bot_name}/{user_id}" for user_id in user_ids]},
    )


def users_of_assertions(connection: Connection, bot_name: str, point_ids: Sequence[str]) -> set[str]:
    """Users of whom these points say something so far."""
    rows = connection.execute(
        text(
            "SELECT DISTINCT user_id FROM fact_assertions WHERE bot_name = :bot AND point_id = ANY(CAST(:ids AS text[]))"
        ),
        {"bot": bot_name, "ids": array_literal(point_ids)},
    )
    return set(rows.scalars())


def replace_assertions(
    connection: Connection,
    bot_name: str,
    collection: str,
    point_ids: Sequence[str],
    assertions: Sequence[Assertion],
    *,
    engine_version: str,
    extracted_at: datetime,
) -> None:
    """Make ``assertions`` all that these points support."""
    connection.execute(
        text("DELETE FROM fact_assertions WHERE bot_name = :bot AND point_id = ANY(CAST(:ids AS text[]))"),
        {"bot": bot_name, "ids": array_literal(point_ids)},
    )
    if not assertions:
        return
    ordinals: dict[str, int] = {}
    rows = []
    for a in assertions:
        said = a.evidence
        ordinal = ordinals[said.point_id] = ordinals.get(said.point_id, -1) + 1
        rows.append((
            a.bot_name, said.point_id, ordinal, a.user_id, said.said_at.astimezone(UTC).date(), said.said_at,
            said.scope.value, a.category.value, a.attribute, a.value, a.statement, a.polarity.value, a.tense.value,
            a.holds_from, a.holds_to, a.confidence, said.start, said.end, said.quote, a.rule, engine_version,
            extracted_at, collection, *question_of(said),
        ))  # fmt: skip
    copy_into_temporary(connection, "new_assertions", "fact_assertions", ASSERTION_COLUMNS, rows)
    columns = ", ".join(ASSERTION_COLUMNS)
    connection.execute(text(f"INSERT INTO fact_assertions ({columns}) SELECT {columns} FROM new_assertions"))


def question_of(said: Evidence) -> tuple[str | None, str | None]:
    return (said.question.point_id, said.question.quote) if said.question else (None, None)


@dataclass(frozen=True, slots=True)
class StoredAssertion:
    """An assertion with what the database knows beside it."""

    assertion: Assertion
    engine_version: str
    extracted_at: datetime
    source_collection: str


def assertions_of(connection: Connection, bot_name: str, user_ids: Sequence[str]) -> dict[str, list[StoredAssertion]]:
    """All stored assertions by user; a user without any has an empty list."""
    rows = connection.execute(
        text(
            f"SELECT {', '.join(ASSERTION_COLUMNS)} FROM fact_assertions "
            "WHERE bot_name = :bot AND user_id = ANY(:users) ORDER BY point_id, ordinal"
        ),
        {"bot": bot_name, "users": list(user_ids)},
    )
    found: dict[str, list[StoredAssertion]] = {user_id: [] for user_id in user_ids}
    for row in rows:
        found[row.user_id].append(stored_assertion(row))
    return found


def stored_assertion(row: Row) -> StoredAssertion:
    """From a row with `ASSERTION_COLUMNS`."""
    question = Question(row.question_point_id, row.question_quote) if row.question_point_id is not None else None
    evidence = Evidence(row.point_id, row.span_start, row.span_end, row.quote, row.said_at, Scope(row.scope), question)
    assertion = Assertion(
        row.bot_name, row.user_id, Category(row.category), row.statement, row.attribute, row.value,
        Polarity(row.polarity), Tense(row.tense), row.holds_from, row.holds_to, row.confidence, evidence, row.rule,
    )  # fmt: skip
    return StoredAssertion(assertion, row.engine_version, row.extracted_at, row.source_collection)


def render(statement: str, name: str) -> str:
    """A statement with the person's name, within the length that the unique index can hold."""
    sentence = statement.replace("{user}", name)
    return sentence if len(sentence) <= MAX_FACT_LENGTH else sentence[: MAX_FACT_LENGTH - 1].rstrip() + "…"


@dataclass(frozen=True, slots=True)
class KnownFact:
    """What is known now, as a row of `user_facts` or, where ``apart``, of `shared_facts` has it."""

    id: int
    bot_name: str
    user_id: str
    key: str
    category: str
    attribute: str
    value: str
    content: str
    confidence: float
    tense: str
    scope: str
    mentions: int
    valid_from: date | None
    valid_to: date | None
    last_said_at: datetime
    engine_version: str
    source_collection: str
    apart: bool


def known_facts(connection: Connection, bot_name: str, user_id: str, told_in: Scope = Scope.DM) -> list[KnownFact]:
    """What is known of a user now, by category and attribute: as a caller in a dm is told, or as one in a shared channel."""
    columns = (
        "id, bot_name, user_id, fact_key AS key, category, attribute, value, fact_content AS content, confidence, tense, "
        "scope, mentions, valid_from, valid_to, last_said_at, engine_version, source_collection"
    )
    rows = connection.execute(
        text(
            f"""
            SELECT {columns}, false AS apart FROM user_facts
            WHERE bot_name = :bot AND user_id = :user AND (:private OR audience = 'all')
            UNION ALL SELECT {columns}, true FROM shared_facts WHERE bot_name = :bot AND user_id = :user AND NOT :private
            ORDER BY category, attribute, content
            """
        ),
        {"bot": bot_name, "user": user_id, "private": told_in is Scope.DM},
    )
    return [KnownFact(*row) for row in rows]
