"""Bring the live schema to the version that this code needs."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from whisper_enrich.errors import ConfigurationError, DatabaseUnavailable, SchemaDrift
from whisper_enrich.storage import bot_role, bot_views
from whisper_enrich.storage.database import Database

LOCK_KEY = 0x77656E72
"""Advisory lock that lets one process migrate at a time ("wenr")."""

TABLE_SECONDS = 5.0
"""How long a change of a table may wait for those who use it: whoever wants to read it queues up behind, the bots too."""
_LOCK_NOT_AVAILABLE = "55P03"


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

    Idempotent; a second process waits for the first. Returns the revision before and after. Raises `SchemaDrift` for a schema
    that a newer version made, or that a restore has not finished, and `DatabaseUnavailable` where somebody keeps a table for
    longer than `TABLE_SECONDS`; nothing has changed then.
    """
    try:
        return _migrate(database)
    except OperationalError as error:
        if getattr(error.orig, "pgcode", None) != _LOCK_NOT_AVAILABLE:
            raise
        raise DatabaseUnavailable(
            f"Somebody has used a table for more than {TABLE_SECONDS:g} s, such as a backup that is under way. Nothing was "
            "changed; run `whisper-enrich migrate` again when that has ended."
        ) from None


def _migrate(database: Database) -> tuple[str | None, str]:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(scripts_folder()).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    head = scripts.get_current_head()
    with database.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        connection.execute(text(f"SET LOCAL lock_timeout = {int(1000 * TABLE_SECONDS)}"))
        connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS "{database.schema}"'))
        if restore_under_way(connection, database):
            raise SchemaDrift(
                f"A restore into the schema {database.schema} is under way, or was interrupted. Wait for it; if there is none, "
                "run `whisper-enrich restore` again."
            )
        before = current_revision(database)
        if before is not None and before not in {script.revision for script in scripts.walk_revisions()}:
            raise SchemaDrift(
                f"The schema {database.schema} is at revision {before}, which a newer version of whisper-enrich made. This one "
                "leaves it as it is; upgrade the package, or restore a backup from before the upgrade."
            )
        readers = bot_views.roles(connection, database)
        if before != head:
            bot_views.drop(connection, database)
            config.attributes["connection"] = connection
            config.attributes["schema"] = database.schema
            command.upgrade(config, "head")
        bot_views.create(connection, database, bot_views_template(), readers)
        bot_role.isolate(connection, database)
        bot_role.grant(connection, database)
    return before, str(head)


def restoring_schema(database: Database) -> str:
    """The name of the empty schema that is there while a restore is under way."""
    return f"{database.schema}_restoring"


def restore_under_way(connection: Connection, database: Database) -> bool:
    """Whether our schema holds what a restore has not finished."""
    statement = text("SELECT count(*) FROM pg_namespace WHERE nspname = :name")
    return bool(connection.execute(statement, {"name": restoring_schema(database)}).scalar_one())


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
