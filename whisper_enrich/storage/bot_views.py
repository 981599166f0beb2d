"""The schema with the bots' views beside that of the tables: making it, and whether it is as this version makes it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from sqlalchemy import Connection, text

from whisper_enrich.storage.database import Database

PLATFORM_TABLES = (
    "character_emotional_states", "fact_entities", "relationship_events", "relationship_scores", "universal_users",
    "user_fact_relationships",
)  # fmt: skip
"""What the chat platform keeps in the schema public and is asked for, or stands for what we keep in a way of our own."""

_VIEW = re.compile(r"^CREATE VIEW \{bots\}\.(\w+)", re.MULTILINE)
_MADE_FROM = "Made by whisper-enrich migrate from "


@dataclass(frozen=True, slots=True)
class BotViews:
    """What is there: ``views`` of this version, those ``missing``, whether all were made from this version's script.

    ``platform_tables`` are in the schema public, ``shadowed`` its tables by the names of our views.
    """

    schema: str
    views: tuple[str, ...]
    missing: tuple[str, ...]
    is_current: bool
    platform_tables: tuple[str, ...]
    shadowed: tuple[str, ...]


def bots_schema(schema: str) -> str:
    """The name of the schema with the bots' views, beside that of the tables."""
    return f"{schema}_bots"


def create(connection: Connection, database: Database, template: str, readers: Sequence[str]) -> None:
    """Make the views of the field contract anew, from the text of ``sql/bot_views.sql``, readable by these roles."""
    schema = bots_schema(database.schema)
    script = _filled(database, template)
    grants = [f'GRANT USAGE ON SCHEMA "{schema}" TO {role}' for role in readers]
    grants += [f'GRANT SELECT ON ALL TABLES IN SCHEMA "{schema}" TO {role}' for role in readers]
    remark = f"COMMENT ON SCHEMA \"{schema}\" IS '{_remark(script)}'"
    for statement in (script, remark, *grants):
        connection.exec_driver_sql(statement.replace("%", "%%"))


def drop(connection: Connection, database: Database) -> None:
    """Remove the views: a table that one of them reads cannot be changed."""
    connection.execute(text(f'DROP SCHEMA IF EXISTS "{bots_schema(database.schema)}" CASCADE'))


def roles(connection: Connection, database: Database) -> list[str]:
    """The roles, quoted, that were allowed to use the schema of the views; its owner excepted."""
    rows = connection.execute(
        text(
            """
            SELECT DISTINCT CASE given.grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(given.grantee)) END
            FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) AS given
            WHERE n.nspname = :schema AND given.privilege_type = 'USAGE' AND given.grantee <> n.nspowner ORDER BY 1
            """
        ),
        {"schema": bots_schema(database.schema)},
    )
    return list(rows.scalars())


def found(connection: Connection, database: Database, template: str) -> BotViews:
    """What there is of the views of ``template``, and of the platform's tables."""
    schema = bots_schema(database.schema)
    views = tuple(_VIEW.findall(template))
    there = _relations(connection, schema)
    public = _relations(connection, "public") if database.schema != "public" else set()
    remark = connection.execute(
        text("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = :schema"),
        {"schema": schema},
    ).scalar()
    return BotViews(
        schema=schema,
        views=views,
        missing=tuple(view for view in views if view not in there),
        is_current=remark == _remark(_filled(database, template)),
        platform_tables=tuple(name for name in PLATFORM_TABLES if name in public),
        shadowed=tuple(sorted(public.intersection(views))),
    )


# A view is read with its owner's rights, whom no policy of the tables holds: each view looks at who asks by itself.
_DEFINITION = re.compile(r"^(CREATE VIEW \S+ AS)\n(.+?);$", re.MULTILINE | re.DOTALL)
_OF_OWN_BOTS = r"""\1
SELECT * FROM (
\2
) v WHERE v.bot_name = ANY (
    coalesce((SELECT l.bots FROM {ours}.bot_logins l WHERE l.login = current_user), ARRAY[v.bot_name])
);"""


def _filled(database: Database, template: str) -> str:
    return _DEFINITION.sub(_OF_OWN_BOTS, template).format(
        ours=f'"{database.schema}"',
        bots=f'"{bots_schema(database.schema)}"',
        silence=database.settings.worker_silence_seconds,
        ttl=database.settings.cache_ttl_seconds,
        unread=database.settings.cache_max_unread_messages,
    )


def _remark(script: str) -> str:
    return _MADE_FROM + blake2b(script.encode(), digest_size=8).hexdigest()


def _relations(connection: Connection, schema: str) -> set[str]:
    rows = connection.execute(
        text(
            "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace "
            "WHERE n.nspname = :schema AND c.relkind IN ('r', 'p', 'v', 'm', 'f')"
        ),
        {"schema": schema},
    )
    return set(rows.scalars())
