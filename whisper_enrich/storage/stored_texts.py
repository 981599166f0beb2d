"""Texts that rest on what people said, as they are stored: to change them in place, and to find what is to be made anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import Connection, text

TEXTS: dict[str, tuple[str, ...]] = {
    "fact_assertions": ("statement", "value", "quote", "question_quote"),
    "fact_assertion_history": ("statement", "value", "quote", "question_quote"),
    "fact_rulings": ("statement", "value", "corrected_statement", "corrected_value"),
    "conversation_summaries": ("summary_text", "key_topics", "decisions", "open_questions"),
    "summary_rollups": ("summary_text", "key_topics", "decisions", "open_questions"),
    "model_answers": ("answer",),
}
"""Columns with texts or lists of texts that cannot be made anew without a model or at all; the first says the most."""

MADE_ANEW: dict[str, str] = {
    "strategic_features": "features",
    "strategic_snapshots": "row",
    "strategic_memory_health": "details",
    "strategic_character_performance": "details",
    "strategic_personality_profiles": "details",
    "strategic_conversation_patterns": "details",
    "strategic_memory_behavior": "details",
    "strategic_engagement_opportunities": "details",
}
"""Tables whose rows the next run makes anew from the messages, with a column of JSON that holds what the others hold, too."""

_MAY_HOLD = "[0-9@＠]|://|sk-|gh[po]_|xox|AKIA|eyJ"
"""What some column of a row holds where there is personal data in it, as PostgreSQL's expression."""

_PACKED = re.compile(r"[A-Za-z0-9+/=_-]{36,}")


def change(
    connection: Connection, table: str, bot_name: str, changed: Callable[[str], str], *, drop_blank: bool, dry_run: bool
) -> tuple[int, set[str]]:
    """Put what ``changed`` makes of each text in its place; with ``drop_blank`` a row whose first text comes out blank goes.

    Returns how many rows that concerns, and whose they are.
    """
    columns = TEXTS[table]
    joined = " || ' ' || ".join(f"coalesce(CAST(t.{column} AS text), '')" for column in columns)
    rows = connection.execute(
        text(
            f"SELECT CAST(t.ctid AS text) AS place, t.user_id, {', '.join(f't.{column}' for column in columns)} "
            f"FROM {table} t WHERE t.bot_name = :bot AND {joined} ~ :may FOR UPDATE"
        ),
        {"bot": bot_name, "may": _MAY_HOLD},
    ).all()
    count, users = 0, set()
    for row in rows:
        before = {column: getattr(row, column) for column in columns}
        after = {column: _each(value, changed) for column, value in before.items()}
        if before == after:
            continue
        count += 1
        users.add(row.user_id)
        if dry_run:
            continue
        if drop_blank and not str(after[columns[0]] or "").strip(" .{}user"):
            connection.execute(text(f"DELETE FROM {table} WHERE ctid = CAST(:place AS tid)"), {"place": row.place})
        else:
            assignments = ", ".join(f"{column} = :{column}" for column in columns)
            connection.execute(
                text(f"UPDATE {table} SET {assignments} WHERE ctid = CAST(:place AS tid)"),
                {**after, "place": row.place},
            )
    return count, users


def _each(value: Any, changed: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return changed(value)
    if isinstance(value, list):
        return [item for item in map(changed, value) if item.strip()]
    return value


def holders(connection: Connection, table: str, bot_name: str, concerns: Callable[[str], bool]) -> set[str]:
    """The users with a row of this table of `MADE_ANEW` in whose JSON some text concerns us."""
    rows = connection.execute(
        text(
            f"SELECT user_id, {MADE_ANEW[table]} AS held FROM {table} WHERE bot_name = :bot AND user_id IS NOT NULL "
            f"AND CAST({MADE_ANEW[table]} AS text) ~ :may"
        ),
        {"bot": bot_name, "may": _MAY_HOLD},
    )
    return {row.user_id for row in rows if row.user_id and any(map(concerns, _texts(row.held)))}


def _texts(value: Any) -> Iterator[str]:
    """Every text within JSON but what is packed, a number or an id."""
    if isinstance(value, str):
        if not _PACKED.fullmatch(value):
            yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def ask_anew(connection: Connection, bot_name: str, users: set[str]) -> int:
    """Have features, caches, snapshots and hashes of words of these users made anew by the next run; returns the days."""
    values = {"bot": bot_name, "users": sorted(users)}
    mine = "WHERE bot_name = :bot AND user_id = ANY(:users)"
    days = connection.execute(text(f"UPDATE strategic_features SET content_key = -1 {mine}"), values).rowcount
    connection.execute(text(f"UPDATE strategic_snapshots SET stale = true {mine}"), values)
    for cache in MADE_ANEW:
        if cache not in ("strategic_features", "strategic_snapshots"):
            connection.execute(text(f"UPDATE {cache} SET input_key = -1 {mine}"), values)
    connection.execute(text(f"UPDATE summary_vectors SET terms = NULL {mine}"), values)
    return days
