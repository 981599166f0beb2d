"""The candidates for the one query of the reader, and how long each takes."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING, Any

from whisper_enrich.hot_path import documents, queries

if TYPE_CHECKING:
    from whisper_enrich.storage.database import Database

Person = tuple[str, str]
"""User and bot."""


def shapes(schema: str) -> dict[str, str]:
    """By name, a query of user, bot, private, facts, summaries."""
    chosen = queries.context_query(schema).text
    subselects = ", ".join(
        f'(SELECT row_to_json(c)::text FROM "{schema}".{cache} c WHERE c.user_id = $1::text AND c.bot_name = $2::text)'
        for cache in queries.CACHES
    )
    lists = ", ".join(
        f'(SELECT json_agg(row_to_json(t))::text FROM (SELECT * FROM "{schema}".{table} WHERE user_id = $1::text '
        f"AND bot_name = $2::text AND (scope = 'shared' OR $3::boolean) ORDER BY {order} DESC LIMIT {limit}) t)"
        for table, order, limit in (
            ("user_facts", "confidence", "$4::integer"),
            ("conversation_summaries", "start_timestamp", "$5::integer"),
        )
    )
    used = "WHERE $3::boolean IS NOT NULL AND $4::integer + $5::integer IS NOT NULL"
    return {
        "SELECT 1": f"SELECT 1 FROM (VALUES ($1::text, $2::text)) k {used}",
        "six caches joined, contract's columns": _without_details(schema, used),
        "all joined, columns and details": chosen.replace(f"'{documents.FORMAT}'", "'none'"),
        "all joined, a document a cache (chosen)": chosen,
        "eight row_to_json subselects": f"SELECT {subselects}, {lists}",
        "one document a user": f'SELECT document FROM "{schema}".hot_documents {used} AND user_id = $1 AND bot_name = $2',
    }


def _without_details(schema: str, used: str) -> str:
    columns = ", ".join(
        f"{cache}.{name}::text"
        for cache, own in queries.CACHES.items()
        for name in (*own, "computed_at", "expires_at", "read_up_to")
    )
    joins = " ".join(
        f'LEFT JOIN "{schema}".{cache} ON {cache}.user_id = k.user_id AND {cache}.bot_name = k.bot_name'
        for cache in queries.CACHES
    )
    return f"SELECT {columns} FROM (VALUES ($1::text, $2::text)) AS k (user_id, bot_name) {joins} {used}"


def make_documents(database: Database, schema: str, people: Sequence[Person]) -> None:
    """One text a user, as it would have to be kept up to date by eight writers."""
    query = queries.context_query(schema).text
    with database.begin() as connection:
        cursor = connection.connection.cursor()
        cursor.execute(f'CREATE TABLE "{schema}".hot_documents (user_id text, bot_name text, document text, '
                       "PRIMARY KEY (user_id, bot_name))")  # fmt: skip
        cursor.execute(f"PREPARE whole AS {query}")
        for user_id, bot_name in people:
            cursor.execute("EXECUTE whole (%s, %s, true, 40, 5)", (user_id, bot_name))
            document = json.dumps(cursor.fetchone(), default=str)
            cursor.execute(f'INSERT INTO "{schema}".hot_documents VALUES (%s, %s, %s)', (user_id, bot_name, document))
        cursor.execute(f'ANALYZE "{schema}".hot_documents')


def compare_shapes(database: Database, schema: str, people: Sequence[Person], rounds: int) -> None:
    """Each in turn, so that whatever else the machine does meets all alike; prepared, on one connection."""
    make_documents(database, schema, people)
    texts = shapes(schema)
    took: dict[str, list[float]] = {name: [] for name in texts}
    parsed: dict[str, list[float]] = {name: [] for name in texts}
    size: dict[str, int] = {}
    with database.connect() as connection:
        cursor = connection.connection.cursor()
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        for number, text in enumerate(texts.values()):
            cursor.execute(f"PREPARE shape_{number} AS {text}")
        for place in range(rounds + 20):
            for number, name in enumerate(texts):
                row, asked, read = _one(cursor, number, people[place % len(people)])
                size[name] = sum(len(value) for value in row if isinstance(value, str))
                if place >= 20:
                    took[name].append(asked)
                    parsed[name].append(read)
    print(f"\nshapes, psycopg2, prepared, {rounds} rounds in turn: ms" + " " * 14 + "p50   p95   p99  parsing   bytes")
    for name, values in took.items():
        print(f"  {name:44s} {percentiles(values)}  {median(parsed[name]) * 1000:7.2f} {size[name]:7d}")


def _one(cursor: Any, number: int, person: Person) -> tuple[tuple[Any, ...], float, float]:
    started = time.perf_counter()
    cursor.execute(f"EXECUTE shape_{number} (%s, %s, false, 40, 5)", person)
    row = cursor.fetchone()
    asked = time.perf_counter()
    for value in row:
        if isinstance(value, str) and value[:1] in "[{":
            json.loads(value)
    return row, asked - started, time.perf_counter() - asked


def percentiles(seconds: Sequence[float]) -> str:
    """p50, p95 and p99 in milliseconds."""
    ordered = sorted(seconds)
    return " ".join(
        f"{ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1000:6.2f}" for share in (0.5, 0.95, 0.99)
    )
