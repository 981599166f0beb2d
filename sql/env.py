"""Alembic environment. Run by ``whisper-enrich migrate``, which holds the lock and passes its connection.

To write a new revision by hand: add a file to ``versions/`` whose ``down_revision`` is the newest one. It may add tables,
indexes and columns that are nullable or have a default, and takes nothing away that the version before uses: while workers
are restarted one by one, that version runs on the new schema (`docs/backup.md`).
"""

from alembic import context

from whisper_enrich.storage.tables import metadata

connection = context.config.attributes.get("connection")
if connection is None:
    raise SystemExit("Run `whisper-enrich migrate` instead of alembic: it connects by the project's settings.")

context.configure(
    connection=connection,
    target_metadata=metadata,
    version_table_schema=context.config.attributes["schema"],
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
