"""All that is stored about one person, found by the catalogue like what is erased: for them to read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, text

from whisper_enrich.messages.points import MARK_FIELDS
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import erasures, knowledge_graph, person_data

FORMAT = 1
"""Of the JSON; docs/privacy.md describes it."""


def export(
    ctx: StageContext, user_id: str, bot_name: str | None = None, *, with_messages: bool = False
) -> dict[str, Any]:
    """What `whisper-enrich export` writes. Reads the database at one moment.

    Current facts carry their evidence; every other row is as it is stored. Of rows that are about others, too, only the parts
    that name the person are given.
    """
    with ctx.database.connect() as connection, connection.begin():
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"))
        found = person_data.catalogue(connection, ctx.database.schema)
        tables = dict(person_data.rows_of(connection, found, user_id, bot_name))
        named = person_data.naming(connection, found, user_id)
        stones = erasures.of_users(connection, [user_id], bot_name).stones
        graph = _of_graph(connection, user_id)
        about = person_data.comments(connection, ctx.database.schema)
    parts = {table: [_part_of(row, user_id) for row in rows] for table, rows in named.items()}
    return {
        "format": FORMAT,
        "user_id": user_id,
        "bot_name": bot_name,
        "exported_at": _iso(ctx.clock()),
        "facts": _facts(tables),
        "tables": tables,
        "named_in": parts,
        "knowledge_graph": graph,
        "forgotten": [
            {
                "asked_at": _iso(s.asked_at),
                "covers_until": s.covers_until and _iso(s.covers_until),
                "bot_name": s.bot_name,
            }
            for s in stones
        ],
        "message_store": _of_store(ctx, user_id, bot_name, with_messages=with_messages),
        "about": {name: said for name, said in about.items() if tables.get(name) or named.get(name)},
    }


def _facts(tables: Mapping[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """Current facts, each with the words that it rests on and its earlier versions."""
    evidence: dict[Any, list[dict[str, Any]]] = {}
    for row in tables.get("fact_evidence", ()):
        evidence.setdefault(row["fact_id"], []).append(row)
    versions: dict[Any, list[dict[str, Any]]] = {}
    for row in tables.get("fact_versions", ()):
        versions.setdefault((row["bot_name"], row["fact_key"]), []).append(row)
    return [
        {
            **{name: fact[name] for name in ("bot_name", "category", "fact_content", "confidence", "scope")},
            "evidence": [
                {name: row[name] for name in ("point_id", "said_at", "quote", "scope")}
                for row in evidence.get(fact["id"], ())
            ],
            "versions": versions.get((fact["bot_name"], fact["fact_key"]), []),
        }
        for fact in tables.get("user_facts", ())
    ]


def _part_of(row: Mapping[str, Any], user_id: str) -> dict[str, Any]:
    """A row of several people's: of its JSON and arrays only the entries that name this one."""
    kept: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            kept[name] = {key: item for key, item in value.items() if key == user_id or _names(item, user_id)}
        elif isinstance(value, list):
            kept[name] = [item for item in value if _names(item, user_id)]
        else:
            kept[name] = value
    return kept


def _names(value: Any, user_id: str) -> bool:
    if isinstance(value, dict):
        return user_id in value or any(_names(item, user_id) for item in value.values())
    if isinstance(value, list):
        return any(_names(item, user_id) for item in value)
    return value == user_id


def _of_graph(connection: Connection, user_id: str) -> list[dict[str, Any]]:
    """What we have published of the person in the platform's knowledge graph."""
    graph = knowledge_graph.find_graph(connection)
    stored = knowledge_graph.stored(connection, graph, user_id) if graph is not None else {}
    return [
        {
            "relationship": relation,
            "entity_type": kind,
            "entity": name,
            "bot_name": there.bot_name,
            "metadata": there.metadata,
        }
        for (relation, kind, name), there in stored.items()
        if there.metadata is not None
    ]


def _of_store(
    ctx: StageContext, user_id: str, bot_name: str | None, *, with_messages: bool
) -> dict[str, dict[str, Any]]:
    """By bot: how many messages there are, what we wrote into them, the vectors of summaries; if asked for the messages."""
    found: dict[str, dict[str, Any]] = {}
    for bot in ctx.store.bots():
        if bot_name not in (None, bot.bot_name):
            continue
        points = ctx.store.points_of_user(bot.collection, user_id)
        windows = ctx.store.summary_windows(bot.bot_name, user_id)
        if not points and not windows:
            continue
        found[bot.bot_name] = {
            "collection": bot.collection,
            "messages": len(points),
            "marks": [
                {"point_id": point.id, **{name: point.payload[name] for name in MARK_FIELDS if name in point.payload}}
                for point in points
                if any(name in point.payload for name in MARK_FIELDS)
            ],
            "vectors_of_summaries": [
                {"start": _iso(window.start), "end": _iso(window.end), "scope": window.scope.value}
                for window in windows
            ],
        }
        if with_messages:
            found[bot.bot_name]["points"] = [{"id": point.id, "payload": dict(point.payload)} for point in points]
    return found


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
