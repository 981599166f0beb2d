"""The reader's counts on their way to PostgreSQL, where the worker sees them: table `reader_observations`.

In the background, every ``options.report_seconds``, whatever minutes are not reported yet are written in one statement. Its
values are those of the whole minute, so that writing one twice changes nothing. A report neither takes a connection from
a read nor delays one: the synchronous reader opens one of its own for it, the asynchronous takes one of the pool only while
another is free. What cannot be reported is kept for half an hour (`observed.KEPT_MINUTES`) and tried again; the log says so
once a minute. `close` reports the rest; a process that ends without it loses what was counted since the last report.
"""

from __future__ import annotations

import asyncio
import json
import os
import threading
import time
import weakref
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import lru_cache
from secrets import token_hex
from typing import TYPE_CHECKING, Any

from whisper_enrich.hot_path.connections import Connect, Connections
from whisper_enrich.hot_path.guard import Circuit, MinuteLog, NoAnswer
from whisper_enrich.hot_path.observed import Observed, Unreported
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.queries import Query, in_schema

if TYPE_CHECKING:
    from asyncpg import Pool

    from whisper_enrich.hot_path.answers import Question

_COLUMNS = {
    "hits": "integer", "stale": "integer", "misses": "integer", "reasons": "jsonb", "round_trips": "integer",
    "seconds": "double precision", "latencies": "jsonb", "time_anchored": "integer", "time_anchored_found": "integer",
}  # fmt: skip

Send = Callable[[Query, Sequence[Any]], Any]
SendAsync = Callable[[Query, Sequence[Any]], Awaitable[Any]]


@lru_cache(maxsize=8)
def report_query(schema: str) -> Query:
    """Parameters: reporter, rows as JSON (`Unreported.rows`). Of bots that the login may not write of (`bot_logins`), whose
    names somebody read by, nothing is reported: a row that is refused would cost all others."""
    typed = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    text = f"""
        WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
        INSERT INTO {{schema}}.reader_observations AS o (bucket_start, table_name, bot_name, reporter, {", ".join(_COLUMNS)})
        SELECT to_timestamp(r.minute * 60.0), r.table_name, r.bot_name, $1::text, {", ".join(f"r.{name}" for name in _COLUMNS)}
        FROM quick, jsonb_to_recordset($2::text::jsonb) AS r (minute bigint, table_name text, bot_name text, {typed})
        WHERE r.bot_name = ANY (coalesce(
            (SELECT l.bots FROM {{schema}}.bot_logins l WHERE l.login = current_user), ARRAY[r.bot_name]))
        ON CONFLICT (bucket_start, table_name, bot_name, reporter) DO UPDATE
        SET {", ".join(f"{name} = excluded.{name}" for name in _COLUMNS)}
    """
    return in_schema(schema, "report", text)


def by_a_connection_of_its_own(connect: Connect, options: Options) -> Send:
    """Sends what it is given within ``options.late_seconds``, or raises."""
    single = replace(options, connections=1)

    def send(query: Query, values: Sequence[Any]) -> Any:
        connections = Connections(connect, single)
        try:
            return connections.ask(query, values, time.monotonic() + options.late_seconds)
        finally:
            connections.close()

    return send


class _Reports:
    """What both kinds share."""

    def __init__(self, observed: Observed, options: Options, circuit: Circuit) -> None:
        self._observed, self._circuit = observed, circuit
        self._seconds = options.report_seconds
        self._query = report_query(options.schema)
        self._reporter = token_hex(6)
        self._log = MinuteLog(said="What the reader counted could not be reported")

    def _values(self, told: Unreported) -> tuple[str, str]:
        return self._reporter, json.dumps(told.rows)

    def _failed(self, error: Exception) -> None:
        cause = error.cause if isinstance(error, NoAnswer) else type(error).__name__
        self._log.note("it is kept for half an hour and tried again", cause)


class Reports(_Reports):
    """Of the synchronous reader: from a daemon thread, which begins with the first read and ends with the reader."""

    def __init__(self, observed: Observed, options: Options, circuit: Circuit, send: Send) -> None:
        super().__init__(observed, options, circuit)
        self._send = send
        self._ended = threading.Event()
        self._one_at_a_time = threading.Lock()
        self._pid: int | None = None

    def noted(self, question: Question, seconds: float) -> None:
        """A question was put to the database."""
        if self._pid != os.getpid():
            self._begin()
        self._observed.took(question, seconds)

    def flush(self) -> bool:
        """Report what is unreported; whether that worked. It never raises."""
        with self._one_at_a_time:
            told = self._observed.unreported()
            try:
                if told.rows:
                    self._send(self._query, self._values(told))
            except Exception as error:  # noqa: BLE001 - what is counted must not cost the bot anything.
                self._failed(error)
                return False
            self._observed.reported(told)
            return True

    def close(self) -> None:
        """Report the rest, unless the database is known not to answer."""
        self._ended.set()
        if self._seconds > 0 and self._pid is not None and not self._circuit.is_open:
            self.flush()

    def _begin(self) -> None:
        """In this process; what was counted before a fork is the parent's to report."""
        before, self._pid = self._pid, os.getpid()
        if before == self._pid:  # another thread was first
            return
        if before is not None:
            self._one_at_a_time, self._reporter = threading.Lock(), token_hex(6)
            self._observed.forget_unreported()
        if self._seconds <= 0 or self._ended.is_set():
            return
        thread = threading.Thread(
            target=_report_now_and_then, args=(weakref.ref(self), self._ended, self._seconds),
            name="whisper_enrich-reports", daemon=True,
        )  # fmt: skip
        try:
            thread.start()
        except RuntimeError:  # at the end of a process there are no threads any more
            return


def _report_now_and_then(reports: weakref.ref[Reports], ended: threading.Event, seconds: float) -> None:
    while not ended.wait(seconds):
        alive = reports()
        if alive is None:
            return
        alive.flush()
        del alive


class AsyncReports(_Reports):
    """Of the asynchronous reader: a timer from a read on, then a task of the bot's loop."""

    def __init__(self, observed: Observed, options: Options, circuit: Circuit, send: SendAsync, pool: Pool) -> None:
        super().__init__(observed, options, circuit)
        self._send, self._pool = send, pool
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[bool] | None = None
        self._closed = False

    def noted(self, question: Question, seconds: float) -> None:
        """A question was put to the database."""
        self._observed.took(question, seconds)
        if self._timer is None or self._loop is not asyncio.get_running_loop():
            self._arm()

    async def flush(self) -> bool:
        """Report what is unreported; whether that worked. It never raises but where its task is cancelled."""
        told = self._observed.unreported()
        try:
            if told.rows:
                await self._send(self._query, self._values(told))
        except Exception as error:  # noqa: BLE001 - what is counted must not cost the bot anything.
            self._failed(error)
            return False
        self._observed.reported(told)
        return True

    async def close(self) -> None:
        """Report the rest, unless the database is known not to answer. To be awaited before the pool is closed."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        if self._task is not None and self._loop is asyncio.get_running_loop():
            await asyncio.wait([self._task])
        if self._seconds > 0 and not self._circuit.is_open:
            await self.flush()

    def _arm(self) -> None:
        if self._seconds > 0 and not self._closed:
            self._loop = asyncio.get_running_loop()
            self._timer = self._loop.call_later(self._seconds, self._due)

    def _due(self) -> None:
        self._timer = None
        if self._has_one_to_spare():
            self._task = asyncio.get_running_loop().create_task(self.flush())
        else:
            self._arm()

    def _has_one_to_spare(self) -> bool:
        most = self._pool.get_max_size()
        free = self._pool.get_idle_size() + most - self._pool.get_size()
        return free > 1 or free == most
