"""The synchronous reader: over psycopg2, with the connection data of a DSN or of an SQLAlchemy engine."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from datetime import date, datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from whisper_enrich.hot_path.answers import Answers, Question
from whisper_enrich.hot_path.connections import Connections
from whisper_enrich.hot_path.context import Absence, Context, Facts, Missing, Strategic, Summaries
from whisper_enrich.hot_path.drift import aware
from whisper_enrich.hot_path.guard import WAKING_SECONDS, NoAnswer
from whisper_enrich.hot_path.heuristics import MessageSeen
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.queries import Query, touch_query
from whisper_enrich.hot_path.reports import Reports, by_a_connection_of_its_own
from whisper_enrich.hot_path.requests import request_query

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PsycopgConnection
    from sqlalchemy import Engine


class Reader:
    """Reads what is known of a user within ``options.deadline_seconds``, whatever happens to the database.

    ``source`` is a DSN (``postgresql://…`` or ``host=… dbname=…``) or an SQLAlchemy engine over psycopg2, of which the
    connection data is taken; the reader opens connections of its own. Safe to use from several threads. It never raises for
    what the database does, unless a call says ``strict=True``: then `DatabaseUnavailable` or `SchemaDrift`.
    """

    def __init__(self, source: str | Engine, options: Options | None = None) -> None:
        self.options = options or Options()
        self.answers = Answers(self.options)
        connector = _Connector(source)
        self._connections = Connections(connector, self.options, self.answers.warm_up())
        send = by_a_connection_of_its_own(connector, self.options)
        self._reports = Reports(self.answers.observed, self.options, self.answers.circuit, send)

    def open(self, seconds: float = 5.0) -> bool:
        """Connect now, so that the first call need not wait; whether it worked within that time."""
        return self._connections.open(time.monotonic() + seconds)

    def close(self) -> None:
        """Report what was counted, and close the reader's connections."""
        self._reports.close()
        self._connections.close()

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def get_context(
        self,
        user_id: str,
        bot_name: str,
        channel_scope: str,
        now: datetime,
        *,
        messages: Sequence[MessageSeen] = (),
        strict: bool = False,
    ) -> Context:
        """Everything about a user, in one round trip.

        ``channel_scope`` is 'dm' where the answer goes to a private channel with this user, else 'shared': then nothing that
        was said in a dm is in it. ``messages``, if given, fill what is missing by simple counts.
        """
        question = self.answers.for_context(self.answers.request(user_id, bot_name, channel_scope, now))
        return self.answers.context(question, self.ask(question), messages, strict)

    def get_strategic(
        self, table: str, user_id: str, bot_name: str, channel_scope: str, now: datetime, *, strict: bool = False
    ) -> dict[str, Strategic | Missing]:
        """One cache by its table's name: its parts by the names that they have in `Context` (one, or two)."""
        question = self.answers.for_cache(self.answers.request(user_id, bot_name, channel_scope, now), table)
        return self.answers.strategic(question, table, self.ask(question), strict)

    def get_facts(
        self,
        user_id: str,
        bot_name: str,
        channel_scope: str,
        now: datetime,
        *,
        category: str | None = None,
        as_of: date | None = None,
        known_as_of: datetime | None = None,
        limit: int = 20,
        strict: bool = False,
    ) -> Facts | Missing:
        """What is known now; with ``as_of`` what held on that day, with ``known_as_of`` as far as it had been said by then."""
        request = self.answers.request(user_id, bot_name, channel_scope, now)
        question = self.answers.for_facts(request, category, as_of, known_as_of, limit)
        return self.answers.facts(question, self.ask(question), limit, strict)

    def get_summaries(
        self,
        user_id: str,
        bot_name: str,
        channel_scope: str,
        now: datetime,
        *,
        between: tuple[datetime | None, datetime | None] = (None, None),
        topics: Sequence[str] = (),
        limit: int = 10,
        strict: bool = False,
    ) -> Summaries | Missing:
        """Summaries whose windows overlap the half-open range ``between``, and that have one of ``topics``; newest first."""
        request = self.answers.request(user_id, bot_name, channel_scope, now)
        question = self.answers.for_summaries(request, between, topics, limit)
        return self.answers.summaries(question, self.ask(question), strict)

    def touch(self, user_id: str, bot_name: str, at: datetime, *, strict: bool = False) -> bool:
        """A message of this user has arrived; ``at`` is the time that is stored with it. Whether it was noted."""
        values = (user_id, bot_name, aware(at))
        return self.answers.touched(self._run(touch_query(self.options.schema), values), strict)

    def request_enrichment(self, user_id: str, bot_name: str, *, strict: bool = False) -> bool:
        """Have this user's messages read before all others; to be called when they have been stored. Whether that was noted.

        False where it was not confirmed within the deadline; asking again does no harm.
        """
        values = (user_id, bot_name)
        return self.answers.touched(self._run(request_query(self.options.schema), values), strict)

    def ask(self, question: Question, seconds: float | None = None) -> tuple[Any, ...] | NoAnswer | None:
        """The row that answers a question, None where there is none, or why there is no answer; it never raises.

        It may take ``seconds``, those of the options unless they are given.
        """
        started = time.perf_counter()
        row = self._run(question.query, question.values, seconds)
        self._reports.noted(question, time.perf_counter() - started)
        return row

    def _run(
        self, query: Query, values: Sequence[Any], seconds: float | None = None
    ) -> tuple[Any, ...] | NoAnswer | None:
        circuit = self.answers.circuit
        if not circuit.admits():
            return NoAnswer(Absence.CIRCUIT_OPEN, "waiting before the next try")
        until = time.monotonic() + (self.options.deadline_seconds if seconds is None else seconds) - WAKING_SECONDS
        try:
            row = self._connections.ask(query, values, until)
        except NoAnswer as why:
            if why.reason not in _NOT_THE_SERVERS_FAULT:
                circuit.failed()
            return why
        circuit.succeeded()
        return row


_NOT_THE_SERVERS_FAULT = (Absence.BUSY, Absence.UNREADABLE)


class _Connector:
    """Begins connections. Connection data is read from an engine's own connection once: it may come from anywhere, and the
    engine may ask for it anew whenever it connects."""

    def __init__(self, source: str | Engine) -> None:
        # Now: while a thread of the first calls loads it, no other gets to run, and they would be late.
        import psycopg2  # noqa: F401

        self._source = source
        self._parameters: dict[str, Any] | None = None
        self._lock = threading.Lock()

    def __call__(self) -> PsycopgConnection:
        import psycopg2

        try:
            return psycopg2.connect(**self._connection_data(), async_=1)
        except psycopg2.Error:
            self._parameters = None
            raise

    def _connection_data(self) -> dict[str, Any]:
        with self._lock:
            if self._parameters is None:
                self._parameters = _of_dsn(self._source) if isinstance(self._source, str) else _of_engine(self._source)
            return self._parameters


def _of_dsn(dsn: str) -> dict[str, Any]:
    """A DSN of SQLAlchemy names the driver, too."""
    return {"dsn": dsn.replace("postgresql+psycopg2://", "postgresql://", 1)}


def _of_engine(engine: Engine) -> dict[str, Any]:
    connection = engine.raw_connection()
    try:
        info = connection.dbapi_connection.info  # type: ignore[union-attr]
        return {**info.dsn_parameters, "password": info.password}
    finally:
        connection.close()
