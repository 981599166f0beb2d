"""The exporter's way to PostgreSQL: read only, and broken off by the server where a question takes too long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

from sqlalchemy import Connection, event, text

from whisper_enrich.settings import Settings
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import current_revision

STATEMENT_SECONDS = 5.0
CONNECT_SECONDS = 2


class ReadOnly:
    """Opened when first needed, by whichever part comes first; where that fails, the next one tries again."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings.model_copy(update={"postgres_connect_timeout_seconds": CONNECT_SECONDS})
        self._database: Database | None = None
        self._opening = Lock()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A short transaction. Raises `DatabaseUnavailable`, and `DBAPIError` where a statement is broken off."""
        with self._opened().begin() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))
            connection.execute(text(f"SET LOCAL statement_timeout = {int(STATEMENT_SECONDS * 1000)}"))
            yield connection

    def revision(self) -> str | None:
        """That of the live schema, None where there is none."""
        return current_revision(self._opened())

    def close(self) -> None:
        """Let go of the connections, and of the embedded server."""
        with self._opening:
            if self._database is not None:
                self._database.close()
                self._database = None

    def _opened(self) -> Database:
        with self._opening:
            if self._database is None:
                database = Database(self.settings)
                event.listen(database.engine, "do_connect", _give_up_soon)
                self._database = database
            return self._database


def _give_up_soon(dialect: object, record: object, arguments: object, parameters: dict[str, Any]) -> None:
    """A server that vanishes while an answer is awaited is noticed within ten seconds, not within hours."""
    parameters.update(keepalives=1, keepalives_idle=4, keepalives_interval=2, keepalives_count=3, tcp_user_timeout=8000)
