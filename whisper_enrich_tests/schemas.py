"""Schemas of the test database: migrated once and emptied for the next test, as migrating costs more than most tests do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from sqlalchemy import Engine, create_engine, text

from whisper_enrich.settings import Settings
from whisper_enrich.storage.bot_views import bots_schema
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.embedded_postgres import ConnectionInfo
from whisper_enrich.storage.migrate import migrate

_CATALOGUE = text(
    """
    WITH ours AS (SELECT oid FROM pg_namespace WHERE nspname IN (:schema, :bots)),
    relations AS (SELECT oid, xmin FROM pg_class WHERE relnamespace IN (SELECT oid FROM ours)),
    rows AS (
        SELECT 'class' AS kind, xmin FROM relations
        UNION ALL SELECT 'column', xmin FROM pg_attribute WHERE attrelid IN (SELECT oid FROM relations)
        UNION ALL SELECT 'default', xmin FROM pg_attrdef WHERE adrelid IN (SELECT oid FROM relations)
        UNION ALL SELECT 'constraint', xmin FROM pg_constraint WHERE connamespace IN (SELECT oid FROM ours)
        UNION ALL SELECT 'trigger', xmin FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM relations)
        UNION ALL SELECT 'rule', xmin FROM pg_rewrite WHERE ev_class IN (SELECT oid FROM relations)
        UNION ALL SELECT 'function', xmin FROM pg_proc WHERE pronamespace IN (SELECT oid FROM ours)
    )
    SELECT kind, count(*), max(xmin::text::bigint) FROM rows GROUP BY kind ORDER BY kind
    """
)
"""Every change of a table, view or function moves one of the numbers: a row of the catalogue is new, or gone."""

_EMPTY = """
DO $$
DECLARE
    part record;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);  -- no foreign keys, so any order will do
    FOR part IN SELECT oid::regclass AS name FROM pg_class
        WHERE relnamespace = '"{schema}"'::regnamespace AND relkind = 'r' AND relname <> 'alembic_version'
    LOOP
        EXECUTE 'DELETE FROM ' || part.name::text;
    END LOOP;
    PERFORM setval(seqrelid::regclass, seqstart, false) FROM pg_sequence JOIN pg_class ON pg_class.oid = seqrelid
        WHERE relnamespace = '"{schema}"'::regnamespace;
    INSERT INTO "{schema}".store_identity DEFAULT VALUES;
END
$$
"""
"""What a migrated schema holds is the revision and an identity; the identity of the next test is another."""


@dataclass
class Schemas:
    """The schemas of one server, of which a test has one or more to itself."""

    settings: Settings
    server: ConnectionInfo
    _idle: list[str] = field(default_factory=list)
    _made: dict[str, object] = field(default_factory=dict)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self._engine: Engine = create_engine(
            self.server.sqlalchemy_url, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True
        )

    @contextmanager
    def migrated(self) -> Iterator[str]:
        """A schema with all tables, empty, as `migrate` under the session's settings leaves it."""
        schema = self._idle.pop() if self._idle else self._make()
        yield schema
        if self._catalogue(schema) == self._made[schema]:
            with self._engine.connect() as connection:
                connection.exec_driver_sql(_EMPTY.format(schema=schema))
            self._idle.append(schema)
        else:
            self._drop(schema)

    @contextmanager
    def absent(self) -> Iterator[str]:
        """The name of a schema that does not exist yet."""
        schema = self._name()
        yield schema
        self._drop(schema)

    def close(self) -> None:
        """Let go of the server."""
        self._engine.dispose()

    def _name(self) -> str:
        return f"test_{next(self._numbers)}"

    def _make(self) -> str:
        schema = self._name()
        database = Database(self.settings.model_copy(update={"postgres_schema": schema}))
        migrate(database)
        database.close()
        self._made[schema] = self._catalogue(schema)
        return schema

    def _catalogue(self, schema: str) -> object:
        with self._engine.connect() as connection:
            return connection.execute(_CATALOGUE, {"schema": schema, "bots": bots_schema(schema)}).all()

    def _drop(self, schema: str) -> None:
        with self._engine.connect() as connection:
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}", "{bots_schema(schema)}" CASCADE')


def make_fast(server: ConnectionInfo) -> None:
    """Have a server that nobody will miss not wait for its disk, and leave the rows in the order they were written in."""
    engine = create_engine(server.sqlalchemy_url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
    engine.dispose()
