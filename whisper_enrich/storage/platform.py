"""What the chat platform's own tables say of a bot and its users, where this database has them. Read only.

Their columns differ between versions of the platform: each is used where it is there and holds numbers in 0..1.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from sqlalchemy import Connection, text

from whisper_enrich.strategic.performance_inputs import DailyMean, EmotionalState, PlatformState, Relationship

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_SCORES = ("trust", "affection", "attunement")


def platform_states(
    connection: Connection, bot_name: str, user_ids: Sequence[str], since: date
) -> dict[str, PlatformState]:
    """By user, for every one of ``user_ids``; the quality of conversations from the UTC day ``since`` on."""
    asked = {"bot": bot_name, "users": list(user_ids)}
    relationships = _relationships(connection, asked)
    emotions = _emotions(connection, asked)
    quality = _quality(connection, asked | {"since": since})
    return {
        user: PlatformState(relationships.get(user), emotions.get(user), quality.get(user, ())) for user in user_ids
    }


def _columns(connection: Connection, table: str) -> dict[str, str]:
    """The types of a table's columns; empty where there is none, or where we may not read it."""
    if connection.execute(text("SELECT to_regclass(:name)"), {"name": f"public.{table}"}).scalar() is None:
        return {}
    if not connection.execute(
        text("SELECT has_table_privilege(:name, 'SELECT')"), {"name": f"public.{table}"}
    ).scalar():
        return {}
    rows = connection.execute(
        text(
            "SELECT column_name, data_type FROM information_schema.columns "
            "WHERE table_schema = 'public' AND table_name = :name"
        ),
        {"name": table},
    )
    return {row.column_name: row.data_type for row in rows}


def _numeric(columns: Mapping[str, str]) -> list[str]:
    return [name for name, kind in columns.items() if kind in _NUMBERS]


def _relationships(connection: Connection, asked: Mapping[str, object]) -> dict[str, Relationship]:
    columns = _columns(connection, "relationship_scores")
    scores = [name for name in _SCORES if name in _numeric(columns)]
    if not {"user_id", "bot_name"} <= columns.keys() or not scores:
        return {}
    chosen = [f"{name}::float8 AS {name}" for name in scores]
    chosen.append("interaction_count" if "interaction_count" in _numeric(columns) else "NULL AS interaction_count")
    timed = columns.get("last_updated", "").startswith("timestamp")
    chosen.append(f"{_as_utc('last_updated', columns)} AS last_updated" if timed else "NULL AS last_updated")
    rows = connection.execute(
        text(
            f"SELECT user_id::text AS user_id, {', '.join(chosen)} FROM public.relationship_scores "
            "WHERE lower(bot_name::text) = :bot AND user_id::text = ANY(:users) ORDER BY last_updated NULLS FIRST"
        ),
        dict(asked),
    )
    return {
        row.user_id: Relationship(
            **{name: _share(getattr(row, name)) for name in scores},
            interactions=None if row.interaction_count is None else int(row.interaction_count),
            updated_at=row.last_updated,
        )
        for row in rows
    }


def _emotions(connection: Connection, asked: Mapping[str, object]) -> dict[str, EmotionalState]:
    columns = _columns(connection, "character_emotional_states")
    pairs = _levels_with_baselines(_numeric(columns))
    if not {"user_id", "character_name"} <= columns.keys() or not pairs:
        return {}
    chosen = [f'"{level}"::float8, "{baseline}"::float8' for level, baseline in pairs.values()]
    rows = connection.execute(
        text(
            f"SELECT user_id::text, {', '.join(chosen)} FROM public.character_emotional_states "
            "WHERE lower(character_name::text) = :bot AND user_id::text = ANY(:users)"
        ),
        dict(asked),
    )
    found = {}
    for user, *numbers in rows:
        both = zip(pairs, map(_share, numbers[::2]), map(_share, numbers[1::2]), strict=True)
        known = [(name, level, base) for name, level, base in both if level is not None and base is not None]
        if known:
            found[user] = EmotionalState({n: level for n, level, _ in known}, {n: base for n, _, base in known})
    return found


def _quality(connection: Connection, asked: Mapping[str, object]) -> dict[str, list[DailyMean]]:
    columns = _columns(connection, "relationship_events")
    timed = columns.get("created_at", "").startswith("timestamp")
    if not {"user_id", "bot_name"} <= columns.keys() or "conversation_quality" not in _numeric(columns) or not timed:
        return {}
    day = f"({_as_utc('created_at', columns)} AT TIME ZONE 'UTC')::date"
    rows = connection.execute(
        text(
            f"SELECT user_id::text AS user_id, {day} AS day, avg(conversation_quality)::float8 AS mean, count(*) AS count "
            "FROM public.relationship_events WHERE lower(bot_name::text) = :bot AND user_id::text = ANY(:users) "
            f"AND conversation_quality BETWEEN 0 AND 1 AND {day} >= :since GROUP BY 1, 2 ORDER BY 1, 2"
        ),
        dict(asked),
    )
    found: dict[str, list[DailyMean]] = {}
    for row in rows:
        found.setdefault(row.user_id, []).append(DailyMean(row.day, row.mean, row.count))
    return found


def _as_utc(column: str, columns: Mapping[str, str]) -> str:
    """The column as timestamptz. The platform's naive times mean UTC."""
    return column if columns[column] == "timestamp with time zone" else f"({column} AT TIME ZONE 'UTC')"


def _levels_with_baselines(names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """By emotion the columns of its level and its baseline: ``joy``, ``current_joy`` or ``joy_level`` beside ``baseline_joy``
    or ``joy_baseline``."""
    pairs = {}
    for baseline in names:
        name = baseline.removeprefix("baseline_").removesuffix("_baseline")
        levels = [one for one in (name, f"current_{name}", f"{name}_level", f"{name}_current") if one in names]
        if name != baseline and levels:
            pairs[name] = (levels[0], baseline)
    return pairs


def _share(value: float | None) -> float | None:
    return value if value is not None and 0.0 <= value <= 1.0 else None
