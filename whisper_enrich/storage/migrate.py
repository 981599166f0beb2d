"""Bring the live schema to the version that this code needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.storage import bot_views
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
        readers = bot_views.roles(connection, database)
        if before != head:
            bot_views.drop(connection, database)
            config.attributes["connection"] = connection
            config.attributes["schema"] = database.schema
            command.upgrade(config, "head")
        bot_views.create(connection, database, bot_views_template(), readers)
    return before, str(head)


def bot_views_template() -> str:
    """The script of the bots' views, with placeholders for what is told by the settings."""
    return (scripts_folder() / "bot_views.sql").read_text(encoding="utf-8")


def current_revision(database: Database) -> str | None:
    """The revision that the live schema is at, None where nothing was ever migrated."""
    with database.connect() as connection:
        table = f"{database.schema}.alembic_version"
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar() is None:
            return None
        return connection.execute(text(f'SELECT version_num FROM "{database.schema}".alembic_version')).scalar()
