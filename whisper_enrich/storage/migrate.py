"""Bring the live schema to the version that this code needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.storage.database import Database

LOCK_KEY = 0x77656E72
"""Advisory lock that lets one process migrate at a time ("wenr")."""


def scripts_folder() -> Path:
    """The Alembic environment ``sql/``: beside the package in a checkout, else in the working directory."""
    for root in (Path(__file__).resolve().parents[2], Path.cwd()):
        if (root / "sql" / "env.py").is_file():
            return root / "sql"
    raise ConfigurationError(
        "The migrations (folder sql/) are not beside the package nor in the working directory. Run from the checkout."
    )


def migrate(database: Database) -> tuple[str | None, str]:
    """Create the schema if missing, apply what is missing of the migrations, and make the bots' views anew.

    Idempotent; a second process waits for the first. Returns the revision before and after.
    """
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(scripts_folder()).replace("%", "%%"))
    head = ScriptDirectory.from_config(config).get_current_head()
    with database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{database.schema}"'))
        before = current_revision(database)
        if before != head:
            # A table that a view reads cannot be changed.
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{bots_schema(database.schema)}" CASCADE'))
            config.attributes["connection"] = connection
            config.attributes["schema"] = database.schema
            command.upgrade(config, "head")
        create_bot_views(connection, database)
    return before, str(head)


def bots_schema(schema: str) -> str:
    """The schema with the bots' views, beside that of the tables."""
    return f"{schema}_bots"


def create_bot_views(connection: Connection, database: Database) -> None:
    """Make the views of the field contract anew, from ``sql/bot_views.sql``."""
    template = (scripts_folder() / "bot_views.sql").read_text(encoding="utf-8")
    filled = template.format(
        ours=f'"{database.schema}"',
        bots=f'"{bots_schema(database.schema)}"',
        silence=database.settings.worker_silence_seconds,
    )
    connection.exec_driver_sql(filled.replace("%", "%%"))


def current_revision(database: Database) -> str | None:
    """The revision that the live schema is at, None where nothing was ever migrated."""
    with database.connect() as connection:
        table = f"{database.schema}.alembic_version"
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar() is None:
            return None
        return connection.execute(text(f'SELECT version_num FROM "{database.schema}".alembic_version')).scalar()
