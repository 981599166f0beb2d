"""What is folded from assertions: current facts, the words they rest on, and their history.

`user_facts`, `fact_evidence` and `fact_versions` hold the fold of everything that a person said. Callers in shared channels
are told what the fold of the shared messages alone comes to, as if no dm had ever been written. Most often that is the same,
row by row: such a row has the audience 'all'. Where it is not, the row is for callers in a dm only (audience 'dm'), and
`shared_facts`, `shared_fact_evidence` and `shared_fact_versions` hold what the shared messages come to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from itertools import chain
from typing import TYPE_CHECKING

from sqlalchemy import Connection, text

from whisper_enrich.storage.bulk import array_literal, copy_into_temporary, upsert_changed
from whisper_enrich.storage.facts import StoredAssertion, question_of, render

if TYPE_CHECKING:
    from whisper_enrich.facts.fold import Fact, Folded

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
_FACT_KEY = ("user_id", "bot_name", "fact_content")
_VERSION_KEY = ("bot_name", "user_id", "fact_key", "ordinal")
_AUDIENCE = "audience"


@dataclass(frozen=True, slots=True)
class _Place:
    """The tables of one fold, and the columns that its rows have beside those of all."""

    facts: str
    evidence: str
    versions: str
    more: tuple[str, ...] = ()


_ALL = _Place("user_facts", "fact_evidence", "fact_versions", (_AUDIENCE,))
_SHARED = _Place("shared_facts", "shared_fact_evidence", "shared_fact_versions")


@dataclass(frozen=True, slots=True)
class FactChanges:
    """Rows of `user_facts` that a fold changed."""

    written: int
    removed: int


@dataclass(slots=True)
class _Rows:
    """The rows of one fold of a user: facts and their evidence by content, versions by key and number."""

    facts: dict[str, tuple] = field(default_factory=dict)
    evidence: dict[str, list[tuple]] = field(default_factory=dict)
    versions: dict[tuple[str, int], tuple] = field(default_factory=dict)

    def alike(self, other: _Rows) -> tuple[set[str], set[tuple[str, int]]]:
        """The facts, with all their evidence, and the versions that are the same in both."""
        facts = {
            content
            for content, row in self.facts.items()
            if row == other.facts.get(content) and set(self.evidence[content]) == set(other.evidence[content])
        }
        return facts, {key for key, row in self.versions.items() if row == other.versions.get(key)}


@dataclass(slots=True)
class _Lines:
    """What is to be stored in the tables of one `_Place`."""

    facts: list[tuple] = field(default_factory=list)
    evidence: list[tuple] = field(default_factory=list)
    versions: list[tuple] = field(default_factory=list)


def store_folds(
    connection: Connection,
    bot_name: str,
    folds: Mapping[str, Folded],
    stored: Mapping[str, Sequence[StoredAssertion]],
    names: Mapping[str, str],
    shared: Mapping[str, Folded] | None = None,
) -> FactChanges:
    """Make the tables say what the folds of these users say; rows that say it already stay untouched.

    ``shared`` is, of every user who said something in a dm, the fold of the shared messages alone; all others have said
    nothing else.
    """
    told, apart = _Lines(), _Lines()
    for user_id, folded in folds.items():
        rows = _rows(bot_name, user_id, folded, stored[user_id], names[user_id])
        others = rows
        if shared and user_id in shared:
            others = _rows(bot_name, user_id, shared[user_id], stored[user_id], names[user_id])
        _part(rows, others, told, apart)
    users = list(folds)
    changes = _store(connection, _ALL, bot_name, users, told)
    if apart.versions or apart.facts or _any_apart(connection, bot_name, users):
        _store(connection, _SHARED, bot_name, users, apart)
    return changes


def _rows(bot_name: str, user_id: str, folded: Folded, stored: Sequence[StoredAssertion], name: str) -> _Rows:
    rows = _Rows()
    origin = {(s.assertion.evidence.point_id, s.assertion.evidence.start): s for s in stored}
    for fact in folded.facts:
        content = render(fact.statement, name)
        # Statements that differ in what was cut off are one row, with the evidence of both.
        rows.evidence.setdefault(content, []).extend(
            (e.point_id, e.start, e.end, e.quote, e.said_at, e.scope.value, *question_of(e), user_id, content)
            for e in fact.evidence
        )
        if content not in rows.facts:
            sources = [origin[(e.point_id, e.start)] for e in fact.evidence]
            rows.facts[content] = _fact_row(bot_name, user_id, fact, content, sources)
    for v in folded.versions:
        rows.versions[v.key, v.number] = (
            bot_name, user_id, v.key, v.number, v.category.value, v.attribute, v.value, render(v.statement, name),
            v.valid_from, v.valid_to, v.known_from, v.known_to, v.superseded_by, v.reason, v.scope.value, v.tense.value,
            v.confidence, list(dict.fromkeys(e.point_id for e in v.evidence)),
            list(dict.fromkeys(e.point_id for e in v.ended_by)),
        )  # fmt: skip
    return rows


def _fact_row(bot_name: str, user_id: str, fact: Fact, content: str, sources: Sequence[StoredAssertion]) -> tuple:
    newest = max(sources, key=lambda s: (s.assertion.evidence.said_at, s.assertion.evidence.point_id))
    return (
        user_id, bot_name, fact.category.value, content, fact.confidence,
        max(s.extracted_at for s in sources).astimezone(UTC).replace(tzinfo=None), newest.source_collection,
        fact.key, fact.attribute, fact.value, fact.scope.value, fact.tense.value, fact.mentions,
        fact.first_said_at, fact.last_said_at, fact.valid_from, fact.valid_to, newest.engine_version,
    )  # fmt: skip


def _part(rows: _Rows, others: _Rows, told: _Lines, apart: _Lines) -> None:
    """What the fold of everything says, by audience, and what the shared fold (``others``) says otherwise."""
    facts, versions = (rows.facts.keys(), rows.versions.keys()) if others is rows else rows.alike(others)
    told.facts += [(*row, "all" if content in facts else "dm") for content, row in rows.facts.items()]
    told.evidence += chain.from_iterable(rows.evidence.values())
    told.versions += [(*row, "all" if key in versions else "dm") for key, row in rows.versions.items()]
    if others is not rows:
        apart.facts += [row for content, row in others.facts.items() if content not in facts]
        apart.evidence += chain.from_iterable(e for content, e in others.evidence.items() if content not in facts)
        apart.versions += [row for key, row in others.versions.items() if key not in versions]


def _any_apart(connection: Connection, bot_name: str, users: list[str]) -> bool:
    """Whether the shared tables hold anything of these users."""
    looks = " OR ".join(
        f"EXISTS (SELECT FROM {table} WHERE bot_name = :bot AND user_id = ANY(:users))"
        for table in (_SHARED.facts, _SHARED.versions)
    )
    return connection.execute(text(f"SELECT {looks}"), {"bot": bot_name, "users": users}).scalar_one()


def _store(connection: Connection, place: _Place, bot_name: str, users: list[str], lines: _Lines) -> FactChanges:
    changes = _store_facts(connection, place, bot_name, users, lines.facts)
    _store_evidence(connection, place, bot_name, users, lines.evidence)
    _store_versions(connection, place, bot_name, users, lines.versions)
    return changes


def _store_facts(
    connection: Connection, place: _Place, bot_name: str, users: list[str], facts: list[tuple]
) -> FactChanges:
    columns = (*_FACT_COLUMNS, *place.more)
    copy_into_temporary(connection, "new_facts", place.facts, columns, facts)
    removed = connection.execute(
        text(
            f"""
            DELETE FROM {place.facts} f WHERE f.bot_name = :bot AND f.user_id = ANY(:users) AND NOT EXISTS (
                SELECT FROM new_facts n WHERE n.user_id = f.user_id AND n.fact_content = f.fact_content)
            """
        ),
        {"bot": bot_name, "users": users},
    ).rowcount
    upsert = upsert_changed(
        place.facts, "new_facts", _FACT_KEY, _others(columns, _FACT_KEY), sequence="user_facts_id_seq"
    )
    written = connection.execute(text(upsert)).rowcount
    return FactChanges(written, removed)


def _others(columns: Sequence[str], key: Sequence[str]) -> list[str]:
    return [column for column in columns if column not in key]


def _store_evidence(
    connection: Connection, place: _Place, bot_name: str, users: list[str], evidence: list[tuple]
) -> None:
    copy_into_temporary(
        connection, "new_evidence", place.evidence, _EVIDENCE_COLUMNS, evidence,
        extra="user_id text, fact_content text",
    )  # fmt: skip
    connection.execute(
        text(
            f"""
            DELETE FROM {place.evidence} e USING {place.facts} f
            WHERE f.id = e.fact_id AND f.bot_name = :bot AND f.user_id = ANY(:users) AND NOT EXISTS (
                SELECT FROM new_evidence n
                WHERE n.user_id = f.user_id AND n.fact_content = f.fact_content AND n.point_id = e.point_id
                  AND n.span_start = e.span_start AND n.span_end = e.span_end AND n.quote = e.quote)
            """
        ),
        {"bot": bot_name, "users": users},
    )
    columns = ", ".join(_EVIDENCE_COLUMNS)
    connection.execute(
        text(
            f"""
            INSERT INTO {place.evidence} AS t (fact_id, {columns})
            SELECT DISTINCT ON (f.id, n.point_id, n.span_start, n.span_end)
                   f.id, {", ".join(f"n.{c}" for c in _EVIDENCE_COLUMNS)}
            FROM new_evidence n
            JOIN {place.facts} f ON f.bot_name = :bot AND f.user_id = n.user_id AND f.fact_content = n.fact_content
            ON CONFLICT (fact_id, point_id, span_start, span_end) DO UPDATE
            SET said_at = excluded.said_at, scope = excluded.scope,
                question_point_id = excluded.question_point_id, question_quote = excluded.question_quote
            WHERE (t.said_at, t.scope, t.question_point_id, t.question_quote)
               IS DISTINCT FROM (excluded.said_at, excluded.scope, excluded.question_point_id, excluded.question_quote)
            """
        ),
        {"bot": bot_name},
    )


def _store_versions(
    connection: Connection, place: _Place, bot_name: str, users: list[str], versions: list[tuple]
) -> None:
    columns = (*_VERSION_COLUMNS, *place.more)
    copy_into_temporary(connection, "new_versions", place.versions, columns, versions)
    connection.execute(
        text(
            f"""
            DELETE FROM {place.versions} v WHERE v.bot_name = :bot AND v.user_id = ANY(:users) AND NOT EXISTS (
                SELECT FROM new_versions n
                WHERE n.user_id = v.user_id AND n.fact_key = v.fact_key AND n.ordinal = v.ordinal)
            """
        ),
        {"bot": bot_name, "users": users},
    )
    connection.execute(
        text(upsert_changed(place.versions, "new_versions", _VERSION_KEY, _others(columns, _VERSION_KEY)))
    )


def stale_folds(connection: Connection, bot_name: str, limit: int) -> list[str]:
    """Users of a bot whose facts are to be folded anew, in order."""
    rows = connection.execute(
        text("SELECT user_id FROM stale_folds WHERE bot_name = :bot ORDER BY user_id LIMIT :limit"),
        {"bot": bot_name, "limit": limit},
    )
    return list(rows.scalars())


def folded_anew(connection: Connection, bot_name: str, users: Sequence[str]) -> None:
    """The facts of these users are up to date."""
    connection.execute(
        text("DELETE FROM stale_folds WHERE bot_name = :bot AND user_id = ANY(CAST(:users AS text[]))"),
        {"bot": bot_name, "users": array_literal(users)},
    )
