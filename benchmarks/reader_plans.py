"""The plans of the reader's queries, and what in them is no look-up by an index."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whisper_enrich.hot_path import queries, recall_queries, requests

if TYPE_CHECKING:
    from whisper_enrich.storage.database import Database

Node = Mapping[str, Any]

ONE_ROW_A_BOT = frozenset({"worker_heartbeats"})
"""Of a table of one page, reading the page is the look-up."""


def statements(schema: str) -> dict[str, str]:
    """By name, every query that a bot may wait for."""
    made = [
        queries.context_query(schema), *(queries.cache_query(schema, cache) for cache in queries.CACHES),
        queries.facts_query(schema), queries.versions_query(schema), queries.summaries_query(schema),
        queries.touch_query(schema), requests.request_query(schema), recall_queries.anchors_query(schema),
        recall_queries.recall_query(schema),
    ]  # fmt: skip
    return {query.name: query.text for query in made}


@dataclass(frozen=True)
class Explained:
    """A plan: as text, the tables that it reads, and what it reads of them otherwise than by a condition on an index."""

    text: str
    tables: frozenset[str]
    scans: tuple[str, ...]


def explain(cursor: Any, statement: str) -> Explained:
    """The generic plan of a statement, as a prepared one has it."""
    cursor.execute(f"EXPLAIN (GENERIC_PLAN, COSTS OFF) {statement}".replace("%", "%%"))
    text = "\n".join(line for (line,) in cursor.fetchall())
    cursor.execute(f"EXPLAIN (GENERIC_PLAN, FORMAT JSON) {statement}".replace("%", "%%"))
    (found,) = cursor.fetchone()
    root = (json.loads(found) if isinstance(found, str) else found)[0]["Plan"]
    nodes = list(_nodes(root))
    tables = frozenset(node["Relation Name"] for node in nodes if "Relation Name" in node)
    return Explained(text, tables, tuple(_others(nodes)))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    for below in node.get("Plans", ()):
        yield from _nodes(below)


def _others(nodes: Sequence[Node]) -> Iterator[str]:
    """A bitmap's rows come by the index scans below it; an index that is read without a condition is read whole."""
    for node in nodes:
        kind, table = node["Node Type"], node.get("Relation Name")
        if kind == "Seq Scan" and table not in ONE_ROW_A_BOT:
            yield f"{kind} on {table}"
        elif kind in _BY_INDEX and "Index Cond" not in node:
            yield f"{kind} of the whole of {node['Index Name']}"


_BY_INDEX = ("Index Scan", "Index Only Scan", "Bitmap Index Scan")


def explain_all(database: Database, schema: str) -> dict[str, Explained]:
    """Every query's plan over the rows there are, by name."""
    with database.connect() as connection:
        cursor = connection.connection.cursor()
        return {name: explain(cursor, statement) for name, statement in statements(schema).items()}


def show_reads(plans: Mapping[str, Explained]) -> None:
    """Of each query, what it reads otherwise than by a condition on an index."""
    print("\nplans (generic, as of a prepared statement)")
    for name, plan in plans.items():
        print(f"  {name:42s} {len(plan.tables):2d} table(s), {'; '.join(plan.scans) or 'index conditions only'}")


def show_whole(plans: Mapping[str, Explained]) -> None:
    for name, plan in plans.items():
        print(f"\n{name}\n{plan.text}")
