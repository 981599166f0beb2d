"""Assertions, and the current facts and history that are folded from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Row, text

from whisper_enrich.facts.model import Assertion, Category, Evidence, Polarity, Question, Tense
from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.bulk import array_literal, copy_into_temporary, upsert_changed

if TYPE_CHECKING:
    from whisper_enrich.facts.fold import Folded

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
            extracted_at, collection, *_question(said),
        ))  # fmt: skip
    copy_into_temporary(connection, "new_assertions", "fact_assertions", ASSERTION_COLUMNS, rows)
    columns = ", ".join(ASSERTION_COLUMNS)
    connection.execute(text(f"INSERT INTO fact_assertions ({columns}) SELECT {columns} FROM new_assertions"))


def _question(said: Evidence) -> tuple[str | None, str | None]:
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


_FACT_COLUMNS = (
    "user_id", "bot_name", "category", "fact_content", "confidence", "extracted_at", "source_collection", "fact_key",
    "attribute", "value", "scope", "tense", "mentions", "first_said_at", "last_said_at", "valid_from", "valid_to",
    "engine_version",
)  # fmt: skip
_VERSION_COLUMNS = (
    "bot_name", "user_id", "fact_key", "ordinal", "category", "attribute", "value", "fact_content", "valid_from",
    "valid_to", "known_from", "known_to", "superseded_by", "reason", "scope", "tense", "confidence",
    "message_ids", "ended_by",
)  # fmt: skip
_EVIDENCE_COLUMNS = (
    "point_id", "span_start", "span_end", "quote", "said_at", "scope", "question_point_id", "question_quote",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class FactChanges:
    """Rows of `user_facts` that a fold changed."""

    written: int
    removed: int


def store_folds(
    connection: Connection,
    bot_name: str,
    folds: Mapping[str, Folded],
    stored: Mapping[str, Sequence[StoredAssertion]],
    names: Mapping[str, str],
) -> FactChanges:
    """Make the tables say what the folds of these users say; rows that say it already stay untouched."""
    facts, evidence, versions = [], [], []
    for user_id, folded in folds.items():
        origin = {(s.assertion.evidence.point_id, s.assertion.evidence.start): s for s in stored[user_id]}
        seen: set[str] = set()
        for fact in folded.facts:
            content = render(fact.statement, names[user_id])
            sources = [origin[(e.point_id, e.start)] for e in fact.evidence]
            newest = max(sources, key=lambda s: (s.assertion.evidence.said_at, s.assertion.evidence.point_id))
            evidence += [
                (e.point_id, e.start, e.end, e.quote, e.said_at, e.scope.value, *_question(e), user_id, content)
                for e in fact.evidence
            ]
            if content in seen:
                continue
            seen.add(content)
            facts.append((
                user_id, bot_name, fact.category.value, content, fact.confidence,
                max(s.extracted_at for s in sources).astimezone(UTC).replace(tzinfo=None), newest.source_collection,
                fact.key, fact.attribute, fact.value, fact.scope.value, fact.tense.value, fact.mentions,
                fact.first_said_at, fact.last_said_at, fact.valid_from, fact.valid_to, newest.engine_version,
            ))  # fmt: skip
        for v in folded.versions:
            versions.append((
                bot_name, user_id, v.key, v.number, v.category.value, v.attribute, v.value,
                render(v.statement, names[user_id]), v.valid_from, v.valid_to, v.known_from, v.known_to,
                v.superseded_by, v.reason, v.scope.value, v.tense.value, v.confidence,
                list(dict.fromkeys(e.point_id for e in v.evidence)), list(dict.fromkeys(e.point_id for e in v.ended_by)),
            ))  # fmt: skip
    users = list(folds)
    changes = _store_facts(connection, bot_name, users, facts)
    _store_evidence(connection, bot_name, users, evidence)
    _store_versions(connection, bot_name, users, versions)
    return changes


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A row of `user_facts`."""

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


def known_facts(connection: Connection, bot_name: str, user_id: str) -> list[KnownFact]:
    """What is known of a user now, by category and attribute."""
    rows = connection.execute(
        text(
            """
            SELECT id, bot_name, user_id, fact_key AS key, category, attribute, value, fact_content AS content, confidence,
                   tense, scope, mentions, valid_from, valid_to, last_said_at, engine_version, source_collection
            FROM user_facts WHERE bot_name = :bot AND user_id = :user ORDER BY category, attribute, fact_content
            """
        ),
        {"bot": bot_name, "user": user_id},
    )
    return [KnownFact(*row) for row in rows]


def _store_facts(connection: Connection, bot_name: str, users: list[str], facts: list[tuple]) -> FactChanges:
    copy_into_temporary(connection, "new_facts", "user_facts", _FACT_COLUMNS, facts)
    removed = connection.execute(
        text(
            """
            DELETE FROM user_facts f WHERE f.bot_name = :bot AND f.user_id = ANY(:users) AND NOT EXISTS (
                SELECT FROM new_facts n WHERE n.user_id = f.user_id AND n.fact_content = f.fact_content)
            """
        ),
        {"bot": bot_name, "users": users},
    ).rowcount
    written = connection.execute(
        text(upsert_changed("user_facts", "new_facts", _FACT_KEY, _others(_FACT_COLUMNS, _FACT_KEY)))
    ).rowcount
    return FactChanges(written, removed)


_FACT_KEY = ("user_id", "bot_name", "fact_content")
_VERSION_KEY = ("bot_name", "user_id", "fact_key", "ordinal")


def _others(columns: Sequence[str], key: Sequence[str]) -> list[str]:
    return [column for column in columns if column not in key]


def _store_evidence(connection: Connection, bot_name: str, users: list[str], evidence: list[tuple]) -> None:
    copy_into_temporary(
        connection, "new_evidence", "fact_evidence", _EVIDENCE_COLUMNS, evidence,
        extra="user_id text, fact_content text",
    )  # fmt: skip
    parameters = {"bot": bot_name, "users": users}
    connection.execute(
        text(
            """
            DELETE FROM fact_evidence e USING user_facts f
            WHERE f.id = e.fact_id AND f.bot_name = :bot AND f.user_id = ANY(:users) AND NOT EXISTS (
                SELECT FROM new_evidence n
                WHERE n.user_id = f.user_id AND n.fact_content = f.fact_content AND n.point_id = e.point_id
                  AND n.span_start = e.span_start AND n.span_end = e.span_end AND n.quote = e.quote)
            """
        ),
        parameters,
    )
    columns = ", ".join(_EVIDENCE_COLUMNS)
    connection.execute(
        text(
            f"""
            INSERT INTO fact_evidence AS t (fact_id, {columns})
            SELECT DISTINCT ON (f.id, n.point_id, n.span_start, n.span_end)
                   f.id, {", ".join(f"n.{c}" for c in _EVIDENCE_COLUMNS)}
            FROM new_evidence n
            JOIN user_facts f ON f.bot_name = :bot AND f.user_id = n.user_id AND f.fact_content = n.fact_content
            ON CONFLICT (fact_id, point_id, span_start, span_end) DO UPDATE
            SET said_at = excluded.said_at, scope = excluded.scope,
                question_point_id = excluded.question_point_id, question_quote = excluded.question_quote
            WHERE (t.said_at, t.scope, t.question_point_id, t.question_quote)
               IS DISTINCT FROM (excluded.said_at, excluded.scope, excluded.question_point_id, excluded.question_quote)
            """
        ),
        {"bot": bot_name},
    )


def _store_versions(connection: Connection, bot_name: str, users: list[str], versions: list[tuple]) -> None:
    copy_into_temporary(connection, "new_versions", "fact_versions", _VERSION_COLUMNS, versions)
    connection.execute(
        text(
            """
            DELETE FROM fact_versions v WHERE v.bot_name = :bot AND v.user_id = ANY(:users) AND NOT EXISTS (
                SELECT FROM new_versions n
                WHERE n.user_id = v.user_id AND n.fact_key = v.fact_key AND n.ordinal = v.ordinal)
            """
        ),
        {"bot": bot_name, "users": users},
    )
    connection.execute(
        text(upsert_changed("fact_versions", "new_versions", _VERSION_KEY, _others(_VERSION_COLUMNS, _VERSION_KEY)))
    )
