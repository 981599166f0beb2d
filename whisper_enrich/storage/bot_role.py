"""The role that bots read and ask with: ``<schema>_bot``, without login, to be granted to the bots' own logins.

A login that `bot_logins` names sees and writes the rows of its bots alone (row level security on every table with a
``bot_name``); all others see all. It may read the columns that the reader's queries touch, which the database is asked for
(a view over each query, made and taken back, knows its columns), and the views in the bots' schema; and write what a reader
writes. `migrate` grants it anew.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass

from sqlalchemy import Connection, text

from whisper_enrich.hot_path import queries, recall_queries, reports, requests
from whisper_enrich.hot_path.queries import Query
from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich.storage.database import Database

READER_WRITES = {
    "message_touches": "SELECT, INSERT, UPDATE",
    "enrichment_requests": "SELECT, INSERT, UPDATE",
    "reader_observations": "SELECT, INSERT, UPDATE",
    "feedback": "INSERT",
}
"""What a reader writes. PostgreSQL wants SELECT for an upsert."""

POLICY = "own_bots"
_LISTED = 'coalesce((SELECT l.bots FROM "{schema}".bot_logins l WHERE l.login = current_user), ARRAY[{bot}])'
"""The bots that whoever asks may see, where ``bot`` is that of the row; read once a query."""

_PARAMETER = re.compile(r"\$\d+")
_PROBE = "reader_probe"


@dataclass(frozen=True, slots=True)
class BotRole:
    """``remedy`` says what to do where the role is not there or may not read; None where all is well."""

    name: str
    remedy: str | None


def role_name(schema: str) -> str:
    """The role of a schema."""
    return f"{schema}_bot"


def reads(schema: str) -> list[Query]:
    """Every query with which a reader reads."""
    return [
        queries.context_query(schema), *(queries.cache_query(schema, cache) for cache in queries.CACHES),
        queries.facts_query(schema), queries.versions_query(schema), queries.summaries_query(schema),
        recall_queries.recall_query(schema), recall_queries.anchors_query(schema),
    ]  # fmt: skip


def writes(schema: str) -> list[Query]:
    """Every query with which a reader writes."""
    return [queries.touch_query(schema), requests.request_query(schema), reports.report_query(schema)]


def grant(connection: Connection, database: Database) -> bool:
    """Make the role unless it is there, and let it do what a reader does, no more. False where it could not be made."""
    role, schema = role_name(database.schema), database.schema
    if not _make(connection, role):
        return False
    statements = [
        f'REVOKE ALL ON ALL TABLES IN SCHEMA "{schema}" FROM "{role}"',
        f'GRANT USAGE ON SCHEMA "{schema}", "{bots_schema(schema)}" TO "{role}"',
        f'GRANT SELECT ON ALL TABLES IN SCHEMA "{bots_schema(schema)}" TO "{role}"',
    ]
    for table, columns in sorted(columns_read(connection, schema).items()):
        named = ", ".join(f'"{column}"' for column in sorted(columns))
        statements.append(f'GRANT SELECT ({named}) ON "{schema}"."{table}" TO "{role}"')
    statements += [f'GRANT {rights} ON "{schema}"."{table}" TO "{role}"' for table, rights in READER_WRITES.items()]
    for statement in statements:
        connection.exec_driver_sql(statement)
    return True


def isolate(connection: Connection, database: Database) -> None:
    """Have every table with a ``bot_name``, and what a foreign key ties to one, show a login of `bot_logins` only the rows of its
    bots."""
    schema = database.schema
    connection.exec_driver_sql(f'GRANT SELECT ON "{schema}".bot_logins TO PUBLIC')
    for table, visible in connection.execute(_WITHOUT_POLICY, {"schema": schema, "policy": POLICY}).all():
        listed = _LISTED.format(schema=schema, bot="bot_name")
        shown = f"bot_name = ANY ({listed})" if visible is None else visible
        connection.exec_driver_sql(f'ALTER TABLE "{schema}"."{table}" ENABLE ROW LEVEL SECURITY')
        connection.exec_driver_sql(f'CREATE POLICY {POLICY} ON "{schema}"."{table}" USING ({shown})'.replace("%", "%%"))


_WITHOUT_POLICY = text(
    """
    SELECT c.relname, CASE WHEN b.attname IS NULL THEN
        format('EXISTS (SELECT FROM %I.%I p WHERE p.%I = %I)', n.nspname, k.parent, k.parent_column, k.child_column) END
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute b ON b.attrelid = c.oid AND b.attname = 'bot_name' AND NOT b.attisdropped
    LEFT JOIN LATERAL (
        SELECT p.relname AS parent, theirs.attname AS parent_column, mine.attname AS child_column
        FROM pg_constraint f JOIN pg_class p ON p.oid = f.confrelid
        JOIN pg_attribute mine ON mine.attrelid = f.conrelid AND mine.attnum = f.conkey[1]
        JOIN pg_attribute theirs ON theirs.attrelid = p.oid AND theirs.attnum = f.confkey[1]
        JOIN pg_attribute owned ON owned.attrelid = p.oid AND owned.attname = 'bot_name' AND NOT owned.attisdropped
        WHERE f.conrelid = c.oid AND f.contype = 'f' ORDER BY p.relname LIMIT 1
    ) k ON true
    WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND (b.attname IS NOT NULL OR k.parent IS NOT NULL)
      AND NOT EXISTS (SELECT FROM pg_policy o WHERE o.polrelid = c.oid AND o.polname = :policy)
    """
)
"""Tables that the policy is still to be made for; with its condition where that is by way of a foreign key."""


def _make(connection: Connection, role: str) -> bool:
    known = text("SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = :role)")
    if not connection.execute(known, {"role": role}).scalar_one():
        may = text("SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
        if not connection.execute(may).scalar_one():
            return False
        connection.exec_driver_sql(f'CREATE ROLE "{role}" NOLOGIN')
    return True


def columns_read(connection: Connection, schema: str) -> dict[str, set[str]]:
    """By table of the schema, the columns that some query of the reader touches."""
    found: dict[str, set[str]] = defaultdict(set)
    with connection.begin_nested() as probing:
        for number, query in enumerate(reads(schema)):
            name = f'"{schema}"."{_PROBE}_{number}"'
            connection.exec_driver_sql(
                f"CREATE VIEW {name} AS SELECT 1 AS one FROM ({_PARAMETER.sub('NULL', query.text)}) q".replace(
                    "%", "%%"
                )
            )
            for table, column in connection.execute(_TOUCHED, {"view": name, "schema": schema}):
                found[table].add(column)
        probing.rollback()
    return found


_TOUCHED = text(
    """
    SELECT DISTINCT c.relname, a.attname
    FROM pg_depend d
    JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass AND r.ev_class = to_regclass(:view)
    JOIN pg_class c ON c.oid = d.refobjid AND d.refclassid = 'pg_class'::regclass
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = d.refobjsubid AND a.attnum > 0
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = :schema AND c.oid <> r.ev_class
    """
)


def found(connection: Connection, database: Database) -> BotRole:
    """Whether the role is there and may read, and what to do where not."""
    role = role_name(database.schema)
    row = connection.execute(
        text(
            "SELECT has_schema_privilege(r.oid, to_regnamespace(:schema), 'USAGE') AND "
            "has_any_column_privilege(r.oid, to_regclass(:facts), 'SELECT') AS reads FROM pg_roles r WHERE rolname = :role"
        ),
        {"role": role, "schema": f'"{database.schema}"', "facts": f'"{database.schema}".user_facts'},
    ).one_or_none()
    if row is None:
        return BotRole(
            role,
            f"There is no role {role} for the bots to read with: the user that migrates may not create roles. Have an "
            f'administrator run CREATE ROLE "{role}" NOLOGIN, then run `whisper-enrich migrate`.',
        )
    remedy = f"The role {role} may not read what the reader needs. Run `whisper-enrich migrate`."
    return BotRole(role, None if row.reads else remedy)
