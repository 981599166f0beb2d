"""The platform's knowledge graph, where this database has it: `fact_entities` and `user_fact_relationships` in `public`.

Only what we have written is ever changed: relationships whose ``context_metadata`` says ``"published_by": "whisper_enrich"``,
and entities whose ``attributes`` say so and that nothing refers to any more. Everything is written in a savepoint of its
own: what the platform's constraints refuse takes nothing else with it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

US = "whisper_enrich"

_ENTITIES, _RELATIONSHIPS, _USERS = "fact_entities", "user_fact_relationships", "universal_users"
_NEEDED = {
    _ENTITIES: {"id", "entity_type", "entity_name"},
    _RELATIONSHIPS: {"user_id", "entity_id", "relationship_type", "confidence", "context_metadata"},
}
_ROUNDING = 0.005
"""Smaller differences are those of the platform's column."""


@dataclass(frozen=True, slots=True)
class Graph:
    """The columns that this database's tables have; none of `universal_users` where there is no such table."""

    columns: Mapping[str, frozenset[str]]

    def has(self, table: str, column: str) -> bool:
        return column in self.columns[table]


@dataclass(frozen=True, slots=True)
class KnownFact:
    """A current fact of a user, from any bot."""

    bot_name: str
    category: str
    attribute: str
    value: str
    tense: str
    confidence: float
    first_said_at: datetime
    last_said_at: datetime


Key = tuple[str, str, str]
"""Relation, type and name of the entity."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A relationship as it is to be. ``category`` is for an entity that is new."""

    category: str
    confidence: float
    bot_name: str
    metadata: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stored:
    """A relationship that is there; ``metadata`` is None where it is not ours."""

    entity_id: Any
    confidence: float
    bot_name: str | None
    metadata: Mapping[str, Any] | None


class Refused(Exception):
    """The database refuses one statement; everything before it stands. ``reason`` is the kind of error, without content."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def find_graph(connection: Connection) -> Graph | None:
    """The graph of this database; None where a table or column that is needed is not there."""
    rows = connection.execute(
        text(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = ANY(:tables) "
            "AND (column_name <> 'context_metadata' OR data_type = 'jsonb')"
        ),
        {"tables": [_ENTITIES, _RELATIONSHIPS, _USERS]},
    ).all()
    columns = {table: frozenset(c for t, c in rows if t == table) for table in (_ENTITIES, _RELATIONSHIPS, _USERS)}
    if any(not needed <= columns[table] for table, needed in _NEEDED.items()):
        return None
    return Graph(columns)


def allowed(connection: Connection, column: str, values: Sequence[str]) -> frozenset[str]:
    """Those of ``values`` that the CHECK constraints on this column alone let through: 'entity_type', 'relationship_type'."""
    table = _ENTITIES if column == "entity_type" else _RELATIONSHIPS
    checks = connection.execute(
        text(
            """
            SELECT pg_get_expr(c.conbin, c.conrelid) FROM pg_constraint c
            JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attname = :column
            WHERE c.contype = 'c' AND c.conrelid = to_regclass(:table) AND c.conkey = ARRAY[a.attnum]
            """
        ),
        {"column": column, "table": f"public.{table}"},
    ).scalars()
    conditions = " AND ".join(f"({check})" for check in checks) or "true"
    # The expression is the database's own: it is asked what it thinks of each value.
    statement = f"SELECT {column} FROM unnest(%s::text[]) AS t ({column}) WHERE {conditions.replace('%', '%%')}"
    return frozenset(connection.exec_driver_sql(statement, (list(values),)).scalars())


def users_by_last_day(connection: Connection, bot_name: str, days: Sequence[date]) -> dict[str, date]:
    """Who has messages on these UTC days, by the latest of them."""
    statement = text(
        "SELECT user_id, max(day) AS last FROM message_ledger WHERE bot_name = :bot AND day = ANY(:days) AND user_id IS NOT NULL "
        "GROUP BY user_id ORDER BY user_id"
    )
    return {row.user_id: row.last for row in connection.execute(statement, {"bot": bot_name, "days": list(days)})}


def users_with_facts(connection: Connection, bot_name: str) -> list[str]:
    """Of whom something is known from this bot."""
    statement = text("SELECT DISTINCT user_id FROM user_facts WHERE bot_name = :bot ORDER BY 1")
    return list(connection.execute(statement, {"bot": bot_name}).scalars())


def users_known(connection: Connection, graph: Graph, user_ids: Sequence[str]) -> set[str]:
    """Those of the users whom the platform knows; all where it keeps no list."""
    if not graph.columns[_USERS]:
        return set(user_ids)
    statement = text("SELECT universal_id FROM public.universal_users WHERE universal_id = ANY(:users)")
    return set(connection.execute(statement, {"users": list(user_ids)}).scalars())


def users_published(connection: Connection, bot_name: str) -> list[str]:
    """Users with a relationship of ours that rests on what they told this bot."""
    statement = text(
        "SELECT DISTINCT user_id FROM public.user_fact_relationships WHERE context_metadata @> CAST(:mark AS jsonb)"
    )
    mark = json.dumps({"published_by": US, "bots": [bot_name]})
    return sorted(connection.execute(statement, {"mark": mark}).scalars())


def take_turn(connection: Connection, user_id: str) -> None:
    """Until the transaction ends nobody else publishes what is known of this user."""
    statement = text("SELECT pg_advisory_xact_lock(hashtext('knowledge_graph'), hashtext(:user))")
    connection.execute(statement, {"user": user_id})


def known_facts(connection: Connection, user_id: str, *, private: bool) -> tuple[list[KnownFact], int]:
    """The current facts of a user from all bots; without ``private`` those that callers in shared channels are told. And how
    many were left out for that."""
    columns = "bot_name, category, attribute, value, tense, confidence, first_said_at, last_said_at"
    own = text(f"SELECT audience, {columns} FROM user_facts WHERE user_id = :user")
    rows = connection.execute(own, {"user": user_id}).all()
    told = [KnownFact(*row[1:]) for row in rows if private or row.audience == "all"]
    left_out = len(rows) - len(told)
    if not private:
        shared = text(f"SELECT {columns} FROM shared_facts WHERE user_id = :user")
        told += [KnownFact(*row) for row in connection.execute(shared, {"user": user_id})]
    return told, left_out


def stored(connection: Connection, graph: Graph, user_id: str) -> dict[Key, Stored]:
    """All relationships of a user."""
    bot_name = "r.mentioned_by_character" if graph.has(_RELATIONSHIPS, "mentioned_by_character") else "NULL"
    rows = connection.execute(
        text(
            f"""
            SELECT r.relationship_type, e.entity_type, e.entity_name, e.id, r.confidence::float8, {bot_name},
                r.context_metadata::text
            FROM public.user_fact_relationships r JOIN public.fact_entities e ON e.id = r.entity_id
            WHERE r.user_id = :user
            """
        ),
        {"user": user_id},
    )
    found = {}
    for relation, kind, name, entity_id, confidence, bot, metadata in rows:
        told = json.loads(metadata) if metadata else {}
        ours = isinstance(told, dict) and told.get("published_by") == US
        found[relation, kind, name] = Stored(entity_id, confidence or 0.0, bot, told if ours else None)
    return found


def says_the_same(graph: Graph, there: Stored, entry: Entry) -> bool:
    """Whether a relationship of ours need not be written again."""
    by_the_same = not graph.has(_RELATIONSHIPS, "mentioned_by_character") or there.bot_name == entry.bot_name
    return by_the_same and there.metadata == entry.metadata and abs(there.confidence - entry.confidence) < _ROUNDING


def insert(connection: Connection, graph: Graph, user_id: str, key: Key, entry: Entry) -> None:
    """Write a relationship, and its entity where that is new. Raises `Refused`."""
    relation, kind, name = key
    with _one(connection):
        _insert(
            connection, graph, _ENTITIES,
            entity_type=kind, entity_name=name, category=entry.category, attributes=json.dumps(_MARK),
        )  # fmt: skip
        statement = text("SELECT id FROM public.fact_entities WHERE entity_type = :kind AND entity_name = :name")
        entity_id = connection.execute(statement, {"kind": kind, "name": name}).scalar_one()
        _insert(
            connection, graph, _RELATIONSHIPS,
            user_id=user_id, entity_id=entity_id, relationship_type=relation, confidence=entry.confidence,
            context_metadata=_as_json(entry), mentioned_by_character=entry.bot_name,
        )  # fmt: skip


def update(connection: Connection, graph: Graph, user_id: str, key: Key, there: Stored, entry: Entry) -> None:
    """Bring a relationship of ours up to date. Raises `Refused`."""
    mentioned = ", mentioned_by_character = :bot" if graph.has(_RELATIONSHIPS, "mentioned_by_character") else ""
    change = (
        "UPDATE public.user_fact_relationships SET confidence = :confidence, "
        f"context_metadata = CAST(:metadata AS jsonb){mentioned}"
    )
    with _one(connection):
        values = {"confidence": entry.confidence, "metadata": _as_json(entry), "bot": entry.bot_name}
        connection.execute(text(f"{change} {_THIS_ONE}"), _this(user_id, key, there) | values)


def withdraw(connection: Connection, graph: Graph, user_id: str, key: Key, there: Stored) -> None:
    """Delete a relationship of ours, and its entity where that is ours too and nothing refers to it. Where deleting is
    refused, nobody is to believe the relationship any more (confidence 0). Raises `Refused`."""
    this = _this(user_id, key, there)
    try:
        with _one(connection):
            connection.execute(text(f"DELETE FROM public.user_fact_relationships {_THIS_ONE}"), this)
    except Refused:
        with _one(connection):
            connection.execute(text(f"UPDATE public.user_fact_relationships SET confidence = 0 {_THIS_ONE}"), this)
        return
    if graph.has(_ENTITIES, "attributes"):
        # What else refers to an entity may be a table that we do not know of: then it stays.
        with suppress(Refused), _one(connection):
            connection.execute(_DELETE_ENTITY, {"entity": there.entity_id, "us": US})


_MARK = {"published_by": US}
_THIS_ONE = (
    "WHERE user_id = :user AND entity_id = :entity AND relationship_type = :relation "
    "AND context_metadata ->> 'published_by' = :us"
)
_DELETE_ENTITY = text(
    """
    DELETE FROM public.fact_entities e WHERE e.id = :entity AND e.attributes ->> 'published_by' = :us
      AND NOT EXISTS (SELECT FROM public.user_fact_relationships r WHERE r.entity_id = e.id)
    """
)


def _this(user_id: str, key: Key, there: Stored) -> dict[str, Any]:
    return {"user": user_id, "entity": there.entity_id, "relation": key[0], "us": US}


def _as_json(entry: Entry) -> str:
    return json.dumps(entry.metadata, sort_keys=True)


def _insert(connection: Connection, graph: Graph, table: str, **values: Any) -> None:
    """A row, unless it is there, with those of the columns that the table has."""
    row = {column: value for column, value in values.items() if graph.has(table, column)}
    places = ", ".join(f":{column}" for column in row)
    connection.execute(
        text(f"INSERT INTO public.{table} ({', '.join(row)}) VALUES ({places}) ON CONFLICT DO NOTHING"), row
    )


@contextmanager
def _one(connection: Connection) -> Iterator[None]:
    """A savepoint. What the database refuses within is raised as `Refused`, a lost connection as it is."""
    try:
        with connection.begin_nested():
            yield
    except DBAPIError as error:
        if getattr(error.orig, "pgcode", None) is None:
            raise
        constraint = error.orig.diag.constraint_name
        raise Refused(type(error.orig).__name__ + (f" {constraint}" if constraint else "")) from None
