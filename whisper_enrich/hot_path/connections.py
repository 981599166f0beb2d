"""The synchronous reader's own few connections: psycopg2 without blocking, so that a deadline in milliseconds can be kept.

libpq's time-outs are whole seconds, and a blocked call cannot be left. In its asynchronous mode a query is sent, and its
socket waited on for exactly as long as there is time. What may block in spite of that (the look-up of a host's name, the
connection itself, its statements' preparation) happens in threads in the background; the caller waits for a connection no
longer than for an answer. A connection whose answer is late goes to the background too, until the answer has come and been
dropped: the next call never sees it.
"""

from __future__ import annotations

import os
import re
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from zlib import crc32

from whisper_enrich.hot_path.context import Absence
from whisper_enrich.hot_path.guard import NoAnswer, absence_of
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.queries import Query

if TYPE_CHECKING:
    from psycopg2.extensions import connection as PsycopgConnection

CONNECT_SECONDS = 5.0
PAUSE_AFTER_FAILURE = 0.25
"""Seconds for which nobody tries to connect after it failed."""

SETUP = (
    "SET application_name = 'whisper_enrich hot path'; SET timezone = 'UTC'; SET jit = off; "
    "SET plan_cache_mode = force_generic_plan; SET statement_timeout = {milliseconds}"
)
SETUP_OF_EACH = "SET LOCAL timezone = 'UTC'; SET LOCAL jit = off; SET LOCAL statement_timeout = {milliseconds};"
"""Before a query that is not prepared, in its message and so in its transaction: behind a pooler nothing may be left behind."""

NOT_KEPT = frozenset({"26000", "42P05"})
"""SQLSTATE of a prepared statement that is not there, or is there already: another connection of the server answers."""

Connect = Callable[[], "PsycopgConnection"]
"""Begins a connection in psycopg2's asynchronous mode."""


class Session:
    """One connection, used by one call at a time. Queries are prepared under a name of their text's own (another reader of
    the same server connection may have others), or where ``each`` is given sent as they are, that before each."""

    def __init__(self, connection: PsycopgConnection, each: str | None = None) -> None:
        self._connection = connection
        self._each = each
        self._prepared: set[str] = set()
        self._preparing: str | None = None
        self._cursor: Any = None

    def wait(self, until: float) -> bool:
        """Go on with what is under way until it is done, or to that time of `time.monotonic`; whether it is done."""
        from psycopg2.extensions import POLL_OK, POLL_READ

        while (state := self._connection.poll()) != POLL_OK:
            # Rounded down: a deadline is not overstepped by the resolution of the clock.
            milliseconds = int((until - time.monotonic()) * 1000)
            if milliseconds <= 0 or not _ready(self._connection.fileno(), state == POLL_READ, milliseconds):
                return False
        if self._preparing is not None:
            self._prepared.add(self._preparing)
            self._preparing = None
        return True

    def send(self, statement: str, values: Mapping[str, Any] | None = None) -> None:
        # The connection itself holds it weakly, and needs it until the answer is there.
        self._cursor = self._connection.cursor()
        self._cursor.execute(statement, values)

    def ask(self, query: Query, values: Sequence[Any], until: float) -> tuple[Any, ...] | None:
        """The first row, or None where there is none. Raises `NoAnswer` where there is none in time."""
        name, prepare, execute, plain = _statements(query)
        if self._each is not None:
            statement = self._each + plain
        elif name in self._prepared:
            statement = execute
        else:
            # In one message with its first execution; however late the answer is, it is prepared then.
            statement = prepare + execute
            self._preparing = name
        self.send(statement, {str(place): value for place, value in enumerate(values, 1)})
        if not self.wait(until):
            raise NoAnswer(Absence.DEADLINE, "no answer in time")
        return self._cursor.fetchone() if self._cursor.description is not None else None

    def warm_up(self, query: Query, values: Sequence[Any], until: float) -> None:
        """Prepare a query and load what the server needs for it. What the server refuses is left for the call that needs it."""
        from psycopg2 import Error

        try:
            self.ask(query, values, until)
        except Error as error:
            if error.pgcode is None:
                raise
            self._preparing = None
            self.send("DEALLOCATE ALL")
            if not self.wait(until):
                raise NoAnswer(Absence.UNREACHABLE, "no connection in time") from None
            self._prepared.clear()

    def is_usable(self) -> bool:
        """False where the server has closed it: while nothing is asked, it has nothing else to say."""
        return not self._connection.closed and not _ready(self._connection.fileno(), True, 0)

    def close(self) -> None:
        self._connection.close()


@lru_cache(maxsize=256)
def _statements(query: Query) -> tuple[str, str, str, str]:
    """The name under which a query is prepared, how it is, how it is executed then, and the query where it is not."""
    name = f"{query.name}_{crc32(query.text.encode()):08x}"
    escaped = query.text.replace("%", "%%")
    count = max((int(place) for place in _PLACE.findall(query.text)), default=0)
    given = f"({', '.join(f'%({place})s' for place in range(1, count + 1))})" if count else ""
    return name, f"PREPARE {name} AS {escaped};", f"EXECUTE {name} {given}", _PLACE.sub(r"%(\1)s", escaped)


_PLACE = re.compile(r"\$(\d+)\b")


def _ready(fd: int, reading: bool, milliseconds: int) -> bool:
    if not hasattr(select, "poll"):  # Windows
        read, write = ([fd], []) if reading else ([], [fd])
        return any(select.select(read, write, [], milliseconds / 1000))
    poll = select.poll()
    poll.register(fd, select.POLLIN if reading else select.POLLOUT)
    return bool(poll.poll(milliseconds))


class Connections:
    """At most ``options.connections`` sessions. Safe to use from any thread, and in a process forked from another."""

    def __init__(self, connect: Connect, options: Options, warm_up: Sequence[tuple[Query, Sequence[Any]]] = ()) -> None:
        self._connect, self._options, self._warm_up = connect, options, warm_up
        self._prepares = options.prepared
        self._closed = False
        self._begin()

    def _begin(self) -> None:
        self._changed = threading.Condition()
        self._idle: deque[Session] = deque()
        self._taken = 0  # all there are: idle, in use, and of these:
        self._opening = 0
        self._late = 0
        self._no_try_before = 0.0
        self._failure = NoAnswer(Absence.UNREACHABLE, "no connection yet")
        self._pid = os.getpid()

    def ask(self, query: Query, values: Sequence[Any], until: float) -> tuple[Any, ...] | None:
        """The first row of the answer. Raises `NoAnswer`, never later than ``until`` (of `time.monotonic`)."""
        session = self._take(until)
        try:
            row = session.ask(query, values, until)
        except NoAnswer:
            self._leave(session)
            raise
        except Exception as error:  # noqa: BLE001 - told as the absence that it is.
            # Whatever state it is in: it is not used again.
            self._drop(session)
            if getattr(error, "pgcode", None) in NOT_KEPT:
                self._prepares = False
                raise NoAnswer(Absence.UNREACHABLE, "prepared statements do not last: set Options.prepared") from None
            raise absence_of(error, getattr(error, "pgcode", None)) from None
        except BaseException:
            self._drop(session)
            raise
        self._give_back(session)
        return row

    def open(self, until: float) -> bool:
        """Have one connection ready by then; whether there is one."""
        try:
            session = self._take(until)
        except NoAnswer:
            return False
        self._give_back(session)
        return True

    def close(self) -> None:
        """Close what is idle; what is in use is closed when it is given back."""
        with self._changed:
            self._closed = True
            idle, self._idle = list(self._idle), deque()
            self._taken -= len(idle)
            self._changed.notify_all()
        for session in idle:
            session.close()

    def _take(self, until: float) -> Session:
        if self._pid != os.getpid():
            self._begin()
        with self._changed:
            while True:
                if self._closed:
                    raise NoAnswer(Absence.UNREACHABLE, "the reader is closed")
                while self._idle:
                    # The one used last: the others are then those that a server may close as idle.
                    session = self._idle.pop()
                    if session.is_usable():
                        return session
                    session.close()
                    self._taken -= 1
                now = time.monotonic()
                if self._taken < self._options.connections and now >= self._no_try_before:
                    self._taken += 1
                    self._opening += 1
                    if not _in_background(self._open_one):
                        self._taken -= 1
                        self._opening -= 1
                        raise NoAnswer(Absence.UNREACHABLE, "no thread to connect in")
                elif self._taken == 0:
                    raise self._failure
                elif self._late == self._options.connections:
                    raise NoAnswer(Absence.BUSY, "late answers hold every connection")
                if now >= until or not self._changed.wait(until - now):
                    # Taken by other calls, or by a server that does not let anybody in.
                    busy = self._taken > self._opening + self._late
                    raise NoAnswer(*(_BUSY if busy else _NOT_IN_TIME))

    def _give_back(self, session: Session) -> None:
        with self._changed:
            if not self._closed and session.is_usable():
                self._idle.append(session)
                self._changed.notify()
                return
        self._drop(session)

    def _drop(self, session: Session) -> None:
        session.close()
        with self._changed:
            self._taken -= 1
            self._changed.notify()

    def _open_one(self) -> None:
        try:
            session = self._new_session()
        except Exception as error:  # noqa: BLE001 - whatever it is: those who wait are told, and it is logged there.
            with self._changed:
                self._taken -= 1
                self._opening -= 1
                self._failure = (
                    error if isinstance(error, NoAnswer) else absence_of(error, getattr(error, "pgcode", None))
                )
                self._no_try_before = time.monotonic() + PAUSE_AFTER_FAILURE
                self._changed.notify_all()
            return
        with self._changed:
            self._opening -= 1
        self._give_back(session)

    def _new_session(self) -> Session:
        until = time.monotonic() + CONNECT_SECONDS
        milliseconds = int(self._options.late_seconds * 1000)
        prepares = self._prepares
        session = Session(self._connect(), None if prepares else SETUP_OF_EACH.format(milliseconds=milliseconds))
        try:
            if not session.wait(until):
                raise NoAnswer(Absence.UNREACHABLE, "no connection in time")
            if prepares:
                session.send(SETUP.format(milliseconds=milliseconds))
                if not session.wait(until):
                    raise NoAnswer(Absence.UNREACHABLE, "no connection in time")
                for query, values in self._warm_up:
                    session.warm_up(query, values, until)
        except BaseException:
            session.close()
            raise
        return session

    def _leave(self, session: Session) -> None:
        """Have its answer waited for by somebody else."""
        with self._changed:
            self._late += 1
        if not _in_background(self._wait_for_late, session):
            with self._changed:
                self._late -= 1
            self._drop(session)

    def _wait_for_late(self, session: Session) -> None:
        try:
            answered = session.wait(time.monotonic() + self._options.late_seconds)
        except Exception:  # noqa: BLE001 - an answer that nobody waits for; the connection is not used again.
            answered = False
        with self._changed:
            self._late -= 1
        if answered:
            self._give_back(session)
        else:
            self._drop(session)


def _in_background(work: Callable[..., None], *given: Any) -> bool:
    """Whether there was a thread for it: at the end of a process there is none."""
    try:
        threading.Thread(target=work, args=given, name="whisper_enrich-hot-path", daemon=True).start()
    except RuntimeError:
        return False
    return True


_BUSY = (Absence.BUSY, "every connection is taken")
_NOT_IN_TIME = (Absence.DEADLINE, "no connection in time")
