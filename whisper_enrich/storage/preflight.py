"""Compare the live schema with `tables`, column by column, before anything is written.

One catalogue query, a few milliseconds: cheap enough for the start of every run.

A schema that has more than this version knows of is fit for it as long as nothing has to be put there: that is how a newer
version's schema serves this one until the last of its processes is replaced. Migrations keep to that from 0008 on.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Table, text
from sqlalchemy.dialects import postgresql

from whisper_enrich.errors import SchemaDrift
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.tables import metadata

_LIVE_COLUMNS = text(
    """
    SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull,
        a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS must_be_given
    FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE n.nspname = :schema AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
    """
)


@dataclass(frozen=True, slots=True)
class _Column:
    type: str
    not_null: bool
    must_be_given: bool = False


def schema_drift(database: Database) -> list[str]:
    """Every difference, one plain phrase each that names the table and column; empty where there is none."""
    live: dict[str, dict[str, _Column]] = {}
    with database.connect() as connection:
        for table, column, *told in connection.execute(_LIVE_COLUMNS, {"schema": database.schema}):
            live.setdefault(table, {})[column] = _Column(*told)
    return [phrase for table in metadata.sorted_tables for phrase in _table_drift(table, live.get(table.name))]


def check_schema(database: Database) -> None:
    """Raise `SchemaDrift` unless the live schema has all that this code writes, and wants nothing else of it."""
    drift = schema_drift(database)
    if not drift:
        return
    shown = "; ".join(drift[:5]) + (f"; and {len(drift) - 5} more" if len(drift) > 5 else "")
    raise SchemaDrift(
        f"The schema {database.schema} is not the one that this version needs: {shown}. Run `whisper-enrich migrate`; "
        "if that changes nothing, somebody changed the tables by hand or this package is older than the database."
    )


def _table_drift(table: Table, live: dict[str, _Column] | None) -> list[str]:
    if live is None:
        return [f"table {table.name} is missing"]
    expected = {column.name: _Column(_type_name(column), not column.nullable) for column in table.columns}
    phrases = [f"column {table.name}.{name} is missing" for name in expected if name not in live]
    phrases += [
        f"column {table.name}.{name} is unknown to this version and has no default"
        for name, found in live.items()
        if name not in expected and found.must_be_given
    ]
    for name, wanted in expected.items():
        found = live.get(name)
        if found is None:
            continue
        if found.type != wanted.type:
            phrases.append(f"column {table.name}.{name} is {found.type} instead of {wanted.type}")
        if found.not_null != wanted.not_null:
            phrases.append(f"column {table.name}.{name} is {'not null' if found.not_null else 'nullable'}")
    return phrases


def _type_name(column) -> str:
    """The column's type as PostgreSQL's ``format_type`` prints it."""
    name = column.type.compile(dialect=postgresql.dialect()).lower()
    return name.replace("varchar", "character varying").replace(", ", ",")
