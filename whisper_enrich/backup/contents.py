"""What tables hold, in figures that tell whether a restored one holds the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, text

# Generated columns are left out: the restoring server makes them anew, by its own dictionaries.
_COLUMNS = text(
    """
    SELECT c.relname, string_agg('t.' || quote_ident(a.attname), ', ' ORDER BY a.attname) AS columns
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
    WHERE c.relnamespace = CAST(quote_ident(:schema) AS regnamespace) AND c.relkind = 'r' AND a.attnum > 0
        AND NOT a.attisdropped AND a.attgenerated = ''
    GROUP BY c.relname ORDER BY c.relname
    """
)


@dataclass(frozen=True, slots=True)
class TableContents:
    """``rows``, and the sum of the first 60 bits of the MD5 of each: the same whatever the order of the rows."""

    rows: int
    digest: str


def contents_of(connection: Connection, schema: str) -> dict[str, TableContents]:
    """Of every table of a schema, by name. One read of each."""
    return {
        row.relname: _contents(connection, schema, row.relname, row.columns)
        for row in connection.execute(_COLUMNS, {"schema": schema}).all()
    }


def _contents(connection: Connection, schema: str, table: str, columns: str) -> TableContents:
    row = connection.execute(
        text(
            f"""
            SELECT count(*) AS rows,
                coalesce(sum(('x' || left(md5(ROW({columns})::text), 15))::bit(60)::bigint), 0)::text AS digest
            FROM "{schema}"."{table}" t
            """
        )
    ).one()
    return TableContents(row.rows, row.digest)


def differences(wanted: Mapping[str, TableContents], found: Mapping[str, TableContents]) -> list[str]:
    """In what the tables found are not those that are wanted, a phrase each."""
    phrases = [f"table {name} is missing" for name in wanted if name not in found]
    for name, expected in wanted.items():
        there = found.get(name)
        if there is not None and there.rows != expected.rows:
            phrases.append(f"table {name} has {there.rows} rows instead of {expected.rows}")
        elif there is not None and there != expected:
            phrases.append(f"rows of table {name} are others")
    return phrases
