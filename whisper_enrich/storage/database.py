"""The one way to PostgreSQL: an engine over the server that the settings name, or over the embedded one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import sqlalchemy
from sqlalchemy import Connection, Engine, create_engine, make_url, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import NullPool

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.settings import Settings

if TYPE_CHECKING:
    from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres


class Database:
    """An engine whose connections see our schema first, speak UTC, and put no parameter into an error text.

    With the embedded PostgreSQL it also holds this process's lease on the server: `close` lets go of it.
    """

    def __init__(self, settings: Settings, *, pooled: bool = True) -> None:
        self.settings = settings
        self.schema = settings.postgres_schema
        self._embedded: EmbeddedPostgres | None = None
        self.engine = self._create_engine(pooled)

    def _url(self) -> sqlalchemy.URL:
        if not self.settings.embedded_postgres:
            return self.settings.server_database_url()
        from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
        from whisper_enrich.storage.state_dir import state_dir

        self._embedded = EmbeddedPostgres(state_dir(self.settings.home))
        return make_url(self._embedded.acquire().sqlalchemy_url)

    def _create_engine(self, pooled: bool) -> Engine:
        return create_engine(
            self._url(),
            hide_parameters=True,
            pool_pre_ping=pooled,
            connect_args={
                "connect_timeout": self.settings.postgres_connect_timeout_seconds,
                "application_name": "whisper_enrich",
                "options": f"-c search_path={self.schema},public -c timezone=UTC",
            },
            **({"pool_size": 5, "max_overflow": 5} if pooled else {"poolclass": NullPool}),
        )

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """A transaction: committed at the end of the block, rolled back by an exception."""
        with self._connected() as connection, connection.begin():
            yield connection

    @contextmanager
    def connect(self) -> Iterator[Connection]:
        """A connection that commits nothing by itself."""
        with self._connected() as connection:
            yield connection

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        with self._open() as connection:
            yield connection

    def _open(self) -> Connection:
        try:
            return self.engine.connect()
        except OperationalError as error:
            if self._embedded is None:
                raise self._unavailable(error) from None
        # The embedded server was killed: taking the lease once more starts it again.
        self._embedded.acquire()
        self._embedded.release()
        try:
            return self.engine.connect()
        except OperationalError as error:
            raise self._unavailable(error) from None

    def _unavailable(self, error: OperationalError) -> DatabaseUnavailable:
        reason = _first_line(error)
        if self.settings.embedded_postgres:
            return DatabaseUnavailable(
                f"The embedded PostgreSQL does not answer ({reason}). Run the command again; if it stays so, look at the "
                f"log in {self.settings.home} or remove that folder to start afresh."
            )
        return DatabaseUnavailable(
            f"PostgreSQL at {self.settings.postgres_host}:{self.settings.postgres_port} cannot be used ({reason}). "
            "Check POSTGRES_HOST, POSTGRES_PORT, POSTGRES_DB, POSTGRES_USER and POSTGRES_PASSWORD."
        )

    def ping(self) -> str:
        """The server's version. Raises `DatabaseUnavailable`."""
        with self.connect() as connection:
            return str(connection.execute(text("SHOW server_version")).scalar_one())

    def close(self) -> None:
        """Close all connections and let go of the embedded server."""
        self.engine.dispose()
        if self._embedded is not None:
            self._embedded.release()
            self._embedded = None


_ABOUT_THE_DATA = ("22", "23", "54")
"""Classes of SQLSTATE: data that does not fit its type, a violated constraint, a limit of the server (an index row)."""


def refuses_data(error: Exception) -> bool:
    """Whether a write failed because of what was to be written, so that the same without the culprit can succeed.

    A ValueError is that of a fold, or of a text that cannot be encoded.
    """
    if isinstance(error, DBAPIError):
        return (getattr(error.orig, "pgcode", None) or "").startswith(_ABOUT_THE_DATA)
    return isinstance(error, ValueError)


def _first_line(error: OperationalError) -> str:
    lines = str(error.orig).strip().splitlines()
    return lines[0].removeprefix("connection to server ").strip() if lines else type(error.orig).__name__
