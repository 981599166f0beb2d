"""The pages of the documentation that are made from the code: `make docs` writes them, a test holds them to it.

python -m whisper_enrich.reference          writes docs/configuration.md and docs/data-model.md
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from pydantic import AliasChoices
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Table, UniqueConstraint
from sqlalchemy.dialects import postgresql
from sqlalchemy.sql.elements import TextClause

from whisper_enrich.settings import Settings
from whisper_enrich.storage.tables import metadata

DOCS = Path(__file__).resolve().parent.parent / "docs"
MADE = "<!-- Made by `make docs` from {source}; edit that, not this. -->"

DIALECT = postgresql.dialect()

GROUPS: dict[str, tuple[str, ...]] = {
    "State": ("whisper_enrich_",),
    "Messages: Qdrant": ("qdrant_",),
    "Results: PostgreSQL": ("postgres_", "pg_"),
    "Pace": ("enrichment_", "lookback_"),
    "Facts and summaries": ("min_messages_", "time_window_", "summary_", "enrichment_pii", "enrichment_engine"),
    "Language model": (
        "llm_", "openrouter_", "enrichment_batch_size", "enrichment_max_wait", "enrichment_pause",
    ),
    "Budgets": ("llm_budget_",),
    "Strategic caches and the reader": ("strategic_", "cache_", "worker_", "reader_", "recall_"),
    "Knowledge graph": ("knowledge_graph",),
    "Metrics: InfluxDB": ("influxdb_",),
    "Dagster's metadata": ("enrichment_metadata_",),
    "Alerts": ("alert_",),
    "Retention": (
        "tidy_", "summary_archive_", "llm_answer_retention_", "llm_call_retention_", "quarantine_", "run_record_",
        "fact_history_", "dagster_events_", "strategic_snapshot_", "reader_observation_", "backup_",
    ),
}  # fmt: skip
"""The sections of the page on settings, and what the names in each begin with; the longest beginning decides."""


def configuration() -> str:
    """Every setting by group: variable, type, default, meaning."""
    lines = [
        MADE.format(source="`whisper_enrich/settings.py`"),
        "# Configuration",
        "",
        "Environment variables, also read from a file `.env` in the working directory; the environment wins over it.",
        "`whisper-enrich doctor` prints what is in force. A value that cannot be read is refused with the variable's name.",
        "",
    ]
    by_group: dict[str, list[str]] = {title: [] for title in GROUPS}
    for name, info in Settings.model_fields.items():
        by_group[_group(name)].append(_setting(name, info))
    for title, rows in filter(lambda group: group[1], by_group.items()):
        lines += [f"## {title}", "", "| variable | type | default | meaning |", "|---|---|---|---|", *rows, ""]
    return "\n".join(lines)


def _group(name: str) -> str:
    matching = [
        (len(prefix), title) for title, prefixes in GROUPS.items() for prefix in prefixes if name.startswith(prefix)
    ]
    if not matching:
        raise ValueError(f"GROUPS in {Path(__file__).name} has no place for the setting {name}; add one.")
    return max(matching)[1]


def _setting(name: str, info: FieldInfo) -> str:
    alias = info.validation_alias
    names = [str(choice).upper() for choice in alias.choices] if isinstance(alias, AliasChoices) else [name.upper()]
    shown = " or ".join(f"`{one}`" for one in names)
    return f"| {shown} | {_type(info)} | {_default(info)} | {_cell(info.description or '')} |"


def _type(info: FieldInfo) -> str:
    text = re.sub(r"<class '([\w.]+)'>", r"\1", str(info.annotation))
    text = re.sub(r"\b(?:pydantic\.types|pathlib|datetime|typing|whisper_enrich\.settings)\.", "", text)
    text = text.replace("SecretStr", "secret").replace(" | None", "")
    if text.startswith("Literal["):
        return ", ".join(f"`{value}`" for value in re.findall(r"'([^']*)'", text))
    bounds = [
        f"{sign} {getattr(bound, name)}"
        for bound in info.metadata
        for name, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"))
        if getattr(bound, name, None) is not None
    ]
    return " ".join([_KINDS.get(text, _cell(text)), *bounds])


_KINDS = {
    "int": "integer", "float": "number", "bool": "`true` or `false`", "str": "text", "Path": "path", "date": "date",
    "tuple[str, ...]": "list, comma separated", "dict[str, Price]": "JSON",
}  # fmt: skip


def _default(info: FieldInfo) -> str:
    value: Any = info.default
    if value is PydanticUndefined or value in (None, {}, ()):
        return ""
    if isinstance(value, tuple):
        value = ",".join(map(str, value))
    if isinstance(value, bool):
        value = str(value).lower()
    return f"`{value}`"


def data_model() -> str:
    """Every table: what a row is, columns, keys, indexes."""
    lines = [
        MADE.format(source="the tables in `whisper_enrich/storage/`"),
        "# Data model",
        "",
        "All tables lie in the schema POSTGRES_SCHEMA; migrations in `sql/versions/` make them, and every run compares the live",
        "schema with this one before it starts. Times are `timestamptz`, but for those of summaries and extraction, which the",
        "contract with the bots wants as `timestamp` in UTC. Views for the bots are in `sql/bot_views.sql`.",
        "",
    ]
    for name in sorted(metadata.tables):
        lines += _table(metadata.tables[name])
    return "\n".join(lines)


def _table(table: Table) -> Iterator[str]:
    yield from (f"## {table.name}", "", table.comment or "", "")
    yield from ("| column | type | | meaning |", "|---|---|---|---|")
    for column in table.columns:
        yield f"| `{column.name}` | {column.type.compile(DIALECT).lower()} | {_nature(column)} | {_cell(column.comment or '')} |"
    yield ""
    notes = sorted(_constraints(table)) + sorted(_indexes(table))
    yield from notes
    if notes:
        yield ""


def _nature(column: Column[Any]) -> str:
    parts = []
    if column.primary_key:
        parts.append("key")
    elif not column.nullable:
        parts.append("not null")
    if column.computed is not None:
        parts.append("computed")
    elif column.server_default is not None:
        default = getattr(column.server_default, "arg", None)
        parts.append(f"default `{default.text if isinstance(default, TextClause) else default}`")
    return ", ".join(parts)


def _constraints(table: Table) -> Iterator[str]:
    for constraint in table.constraints:
        columns = ", ".join(f"`{column.name}`" for column in getattr(constraint, "columns", ()))
        if isinstance(constraint, UniqueConstraint):
            yield f"- unique: {columns}"
        elif isinstance(constraint, ForeignKeyConstraint):
            yield f"- {columns} refers to `{constraint.referred_table.name}`" + (
                f", on delete {constraint.ondelete.lower()}" if constraint.ondelete else ""
            )
        elif isinstance(constraint, CheckConstraint):
            yield f"- check: `{constraint.sqltext}`"


def _indexes(table: Table) -> Iterator[str]:
    for index in table.indexes:
        yield f"- {'unique index' if index.unique else 'index'}: {_expressions(index)}{_where(index)}"


def _expressions(index: Index) -> str:
    return ", ".join(f"`{getattr(part, 'name', None) or part}`" for part in index.expressions)


def _where(index: Index) -> str:
    condition = index.dialect_options["postgresql"].get("where")
    return f" where `{condition}`" if condition is not None else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {"configuration.md": configuration, "data-model.md": data_model}


def main() -> None:
    for name, page in PAGES.items():
        (DOCS / name).write_text(page().rstrip() + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
