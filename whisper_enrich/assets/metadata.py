"""Metadata for the Dagster UI: table names and columns, small tables, previews without message contents."""

from collections.abc import Mapping, Sequence
from typing import Any

from dagster import MetadataValue, TableColumn, TableColumnConstraints, TableRecord, TableSchema
from sqlalchemy.dialects import postgresql

from whisper_enrich.settings import load_settings
from whisper_enrich.storage.tables import metadata as tables

PREVIEW_ROWS = 10


def table_metadata(name: str) -> dict[str, Any]:
    """What the UI shows of the table that an asset writes."""
    table = tables.tables[name]
    columns = [
        TableColumn(
            column.name, column.type.compile(dialect=postgresql.dialect()).lower(), description=column.comment,
            constraints=TableColumnConstraints(nullable=bool(column.nullable)),
        )
        for column in table.columns
    ]  # fmt: skip
    qualified = f"{load_settings().postgres_schema}.{name}"
    return {"dagster/table_name": qualified, "dagster/column_schema": TableSchema(columns=columns)}


def two_columns(name: str, counts: Mapping[str, int]) -> list[TableRecord]:
    """Counts as records, largest first; one record that says so where there is none."""
    if not counts:
        return [TableRecord({name: "none", "count": 0})]
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return [TableRecord({name: key, "count": count}) for key, count in ordered]


def preview(rows: Sequence[Mapping[str, Any]]) -> MetadataValue:
    """Up to ten rows as Markdown."""
    if not rows:
        return MetadataValue.md("*no rows*")
    names = list(rows[0])
    lines = ["| " + " | ".join(names) + " |", "|" + "---|" * len(names)]
    lines += ["| " + " | ".join(_cell(row[name]) for name in names) + " |" for row in rows[:PREVIEW_ROWS]]
    return MetadataValue.md("\n".join(lines))


def _cell(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value))
    return "" if value is None else str(value).replace("|", "\\|").replace("\n", " ")
