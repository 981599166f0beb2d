"""Where in the schema a person's data lie, found in the catalogue rather than in a list: to erase it, and to hand it out.

A table holds a person's rows where it has a ``user_id``; where a foreign key leads to such rows; or where it names points
(``bot_name``, ``point_id``) that the ledger knows as theirs. Whatever else of the schema names a person, as a value of a
column or within JSON and arrays, is found by `naming`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

PSEUDONYMISED = frozenset({"model_calls", "model_spending", "model_batches"})
"""Whose rows stay without the person: what was paid was paid (`model_answers.erase_user`)."""

TOMBSTONES = frozenset({"erasures", "erasure_keys"})

_COLUMNS = text(
    """
    SELECT c.relname AS table, a.attname AS column, a.atttypid::regtype::text AS type, a.attgenerated <> '' AS generated
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.relname, a.attnum
    """
)

_FOREIGN_KEYS = text(
    """
    SELECT child.relname AS child, mine.attname AS child_column, parent.relname AS parent, theirs.attname AS parent_column
    FROM pg_constraint k
    JOIN pg_class child ON child.oid = k.conrelid JOIN pg_class parent ON parent.oid = k.confrelid
    JOIN pg_namespace n ON n.oid = child.relnamespace
    JOIN pg_attribute mine ON mine.attrelid = child.oid AND mine.attnum = k.conkey[1]
    JOIN pg_attribute theirs ON theirs.attrelid = parent.oid AND theirs.attnum = k.confkey[1]
    WHERE n.nspname = :schema AND k.contype = 'f' AND cardinality(k.conkey) = 1
    ORDER BY child.relname, mine.attname
    """
)


@dataclass(frozen=True, slots=True)
class PersonTable:
    """A table with rows of persons: ``where`` picks those of ``:user``, with ``:bot`` or (null) with any bot.

    ``of_a_bot`` is False where rows belong to a person whatever the bot.
    """

    name: str
    where: str
    of_a_bot: bool


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The tables of a schema with the types of their columns, and those with rows of persons, children before parents."""

    columns: Mapping[str, Mapping[str, str]]
    persons: tuple[PersonTable, ...]


def catalogue(connection: Connection, schema: str) -> Catalogue:
    """Read the catalogue of a schema."""
    columns: dict[str, dict[str, str]] = {}
    for row in connection.execute(_COLUMNS, {"schema": schema}):
        columns.setdefault(row.table, {})[row.column] = row.type
    own = [_own(name, its) for name, its in columns.items() if "user_id" in its]
    known = {table.name: table for table in own}
    children = _children(connection, schema, known)
    by_points = [
        _of_points(name)
        for name, its in columns.items()
        if name not in known and {"bot_name", "point_id"} <= its.keys() and "message_ledger" in known
    ]
    # What is found by way of the ledger goes before it.
    own.sort(key=lambda table: (table.name == "message_ledger", table.name))
    return Catalogue(columns, (*children, *by_points, *own))


def _own(name: str, columns: Mapping[str, str]) -> PersonTable:
    of_a_bot = "bot_name" in columns
    bot = " AND (CAST(:bot AS text) IS NULL OR t.bot_name = :bot)" if of_a_bot else " AND CAST(:bot AS text) IS NULL"
    return PersonTable(name, f"t.user_id = :user{bot}", of_a_bot)


def _of_points(name: str) -> PersonTable:
    where = (
        "EXISTS (SELECT FROM message_ledger l WHERE l.bot_name = t.bot_name AND l.point_id = t.point_id "
        "AND l.user_id = :user AND (CAST(:bot AS text) IS NULL OR l.bot_name = :bot))"
    )
    return PersonTable(name, where, True)


def _children(connection: Connection, schema: str, known: dict[str, PersonTable]) -> list[PersonTable]:
    """Tables without a user that lead to one by foreign keys, the farthest first."""
    keys = connection.execute(_FOREIGN_KEYS, {"schema": schema}).all()
    found: list[PersonTable] = []
    while True:
        new = [key for key in keys if key.child not in known and key.parent in known]
        if not new:
            return found
        for key in new:
            parent = known[key.parent]
            where = (
                f"EXISTS (SELECT FROM {key.parent} p WHERE p.{key.parent_column} = t.{key.child_column} "
                f"AND {parent.where.replace('t.', 'p.')})"
            )
            if key.child not in known:
                known[key.child] = PersonTable(key.child, where, parent.of_a_bot)
                found.insert(0, known[key.child])


def erase(connection: Connection, found: Catalogue, user_id: str, bot_name: str | None) -> dict[str, int]:
    """Delete a person's rows everywhere but in `PSEUDONYMISED`; returns how many by table, of every table."""
    counts = {}
    for table in found.persons:
        if table.name not in PSEUDONYMISED:
            counts[table.name] = connection.execute(
                text(f"DELETE FROM {table.name} t WHERE {table.where}"), {"user": user_id, "bot": bot_name}
            ).rowcount
    return counts


def count(connection: Connection, found: Catalogue, user_id: str, bot_name: str | None) -> dict[str, int]:
    """How many rows of a person each table holds."""
    return {
        table.name: connection.execute(
            text(f"SELECT count(*) FROM {table.name} t WHERE {table.where}"), {"user": user_id, "bot": bot_name}
        ).scalar_one()
        for table in found.persons
    }


def rows_of(
    connection: Connection, found: Catalogue, user_id: str, bot_name: str | None
) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """By table, a person's rows as JSON values; what the database computes from other columns is left out."""
    for table in found.persons:
        columns = [name for name, type_name in found.columns[table.name].items() if type_name != "tsvector"]
        pairs = ", ".join(f"'{name}', t.{name}" for name in columns)
        # json_build_object takes 100 arguments.
        built = " || ".join(f"jsonb_build_object({', '.join(part)})" for part in _parts(pairs.split(", "), 80))
        rows = connection.execute(
            text(f"SELECT {built} AS row FROM {table.name} t WHERE {table.where} ORDER BY 1"),
            {"user": user_id, "bot": bot_name},
        )
        yield table.name, list(rows.scalars())


def _parts(items: list[str], size: int) -> Iterator[list[str]]:
    return (items[start : start + size] for start in range(0, len(items), size))


_NAMED_BY = {
    "text": "{column} = :user",
    "character varying": "{column} = :user",
    "jsonb": 'jsonb_path_exists({column}, \'strict $.** ? (@ == $user || @.type() == "object" && '
    "exists(@.keyvalue() ? (@.key == $user)))', jsonb_build_object('user', CAST(:user AS text)), true)",
    "text[]": ":user = ANY({column})",
    "character varying[]": ":user = ANY({column})",
}
_NO_PERSON = frozenset({"bot_name", "collection", "collection_name", "source_collection", "reporter", "table_name"})


def naming(connection: Connection, found: Catalogue, user_id: str) -> dict[str, list[dict[str, Any]]]:
    """By table, the rows that name a person though they are none of `Catalogue.persons`: in a column, in JSON, in an array."""
    theirs = {table.name for table in found.persons}
    rows = {}
    for name, columns in found.columns.items():
        conditions = [
            _NAMED_BY[type_name].format(column=f"t.{column}")
            for column, type_name in columns.items()
            if type_name in _NAMED_BY and column not in _NO_PERSON
        ]
        if name in theirs or name in TOMBSTONES or not conditions:
            continue
        query = text(f"SELECT to_jsonb(t) FROM {name} t WHERE {' OR '.join(conditions)}")
        if hits := list(connection.execute(query, {"user": user_id}).scalars()):
            rows[name] = hits
    return rows


def comments(connection: Connection, schema: str) -> dict[str, str]:
    """What each table of the schema is for."""
    rows = connection.execute(
        text(
            "SELECT c.relname AS name, obj_description(c.oid, 'pg_class') AS said FROM pg_class c "
            "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = :schema AND c.relkind IN ('r', 'p')"
        ),
        {"schema": schema},
    )
    return {row.name: row.said for row in rows if row.said}


def users_in(connection: Connection, found: Catalogue) -> set[str]:
    """Every user id that some table bears."""
    union = " UNION ".join(
        f"SELECT user_id FROM {name}" for name, columns in found.columns.items() if "user_id" in columns
    )
    return {user_id for user_id in connection.execute(text(union)).scalars() if user_id}


def bots_of(connection: Connection, found: Catalogue, user_id: str) -> set[str]:
    """Every bot that a table has rows of a user for."""
    union = " UNION ".join(
        f"SELECT bot_name FROM {name} WHERE user_id = :user"
        for name, columns in found.columns.items()
        if {"user_id", "bot_name"} <= columns.keys()
    )
    return set(connection.execute(text(union), {"user": user_id}).scalars())
