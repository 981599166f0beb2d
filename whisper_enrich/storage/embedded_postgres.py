"""A PostgreSQL server in the state folder, shared by the processes that use it and gone with the last of them.

Every user takes a lease. The first starts the server, the last to give its lease back ends it; leases of dead processes
count for nothing. A server that outlived all its users (kill -9) is joined by the next. No TCP: clients connect to a
socket in a private folder, where PostgreSQL trusts them.
"""

from __future__ import annotations

import atexit
import errno
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from urllib.parse import quote

from whisper_enrich.errors import DatabaseUnavailable, EnrichError
from whisper_enrich.storage import postgres_server
from whisper_enrich.storage.postgres_home import (
    Home,
    anchor,
    forget_socket_dir,
    prepare_home,
    read_home,
    remove_home,
    with_socket_dir,
)
from whisper_enrich.storage.postgres_programs import ensure_cluster
from whisper_enrich.storage.postgres_server import PORT, SUPERUSER, Answer
from whisper_enrich.storage.postgres_user import USE_A_SERVER
from whisper_enrich.storage.process_leases import (
    Lease,
    LeaseBook,
    LockTimeout,
    exclusive_lock,
    give_to_folder_owner,
    new_lease,
    try_lock,
)
from whisper_enrich.storage.state_dir import state_dir as make_state_dir

_logger = logging.getLogger(__name__)

DATABASE = "whisper_enrich"


@dataclass(frozen=True, slots=True)
class ConnectionInfo:
    """How to connect to one database of the embedded server."""

    socket_dir: Path
    user: str
    dbname: str
    data_dir: Path

    @property
    def dsn(self) -> str:
        """The URL that psycopg2, asyncpg and ``psql`` take. It names the port, which PGPORT would else set."""
        return (
            f"postgresql://{quote(self.user, safe='')}@/{quote(self.dbname, safe='')}"
            f"?host={quote(str(self.socket_dir), safe='')}&port={PORT}"
        )

    @property
    def sqlalchemy_url(self) -> str:
        """The URL for ``sqlalchemy.create_engine``, with psycopg2 as the driver."""
        return self.dsn.replace("postgresql://", "postgresql+psycopg2://", 1)


@dataclass(frozen=True, slots=True)
class PostgresStatus:
    """What is known without starting anything. Folders are None before the first start.

    ``leases`` are those of living processes. ``notice`` is one sentence where the data is not in the state folder.
    """

    running: bool
    pid: int | None
    data_dir: Path | None
    socket_dir: Path | None
    leases: tuple[Lease, ...]
    notice: str | None
    log: Path


class EmbeddedPostgres:
    """The embedded server of one state folder. Objects are cheap; each takes a lease of its own.

    ``acquire`` may be called again by the same object, from any thread: the lease is given back when ``release`` has
    been called as often, or at the latest when the interpreter exits. A forked child starts without the lease of its
    parent. A process that ends by an unhandled signal gives nothing back; the server then runs until the next release
    or ``stop`` by anybody.

    The deadlines: ``lock_seconds`` to wait while another process starts or stops the server, ``start_seconds`` for the
    server to accept connections, ``silence_seconds`` until a running server that nobody uses is taken for stuck.

    All methods raise DatabaseUnavailable where something is in the way, ``acquire`` also ConfigurationError where the
    state folder cannot be used.
    """

    def __init__(
        self, state_dir: Path, *, lock_seconds: float = 60.0, start_seconds: float = 30.0, silence_seconds: float = 5.0
    ) -> None:
        self._state = Path(state_dir).expanduser().resolve()
        self._lock_seconds = lock_seconds
        self._start_seconds = start_seconds
        self._silence_seconds = silence_seconds
        self._leases = LeaseBook(anchor(self._state) / "leases.json")
        self._lease: Lease | None = None
        self._holds = 0
        self._home: Home | None = None

    def acquire(self) -> ConnectionInfo:
        """Take a lease, with the server started or joined and accepting connections, and return how to connect.

        A first start makes the database (about 0.7 s); later ones take 0.1 s, joining 0.01 s. Called while the lease
        is held, it checks the server too, and starts it again where it has died.
        """
        make_state_dir(self._state)
        with self._plain_errors(), self._locked():
            home, started = self._serve()
            try:
                info = ConnectionInfo(home.socket_dir, SUPERUSER, "postgres", home.data_dir)
                info = _ensure_database(info, DATABASE)
                self._take_lease(home)
            except BaseException:
                if started and not self._leases.live():
                    _end(home)
                raise
        return info

    def release(self) -> None:
        """Give back what ``acquire`` took; the last release ends the server. Without a lease, do nothing."""
        if not self._is_lessee():
            return
        with self._plain_errors(), self._locked_where_it_exists() as exists:
            self._holds -= 1
            if self._holds > 0:
                return
            lease, home = self._lease, self._home
            assert lease is not None and home is not None, "a lessee has both"
            self._lease, self._home = None, None
            atexit.unregister(self._release_at_exit)
            self._give_back(lease, home, exists)

    def ensure_database(self, name: str) -> ConnectionInfo:
        """Create the database ``name`` where it does not exist, and return how to connect to it. Needs a lease."""
        if not self._is_lessee() or self._home is None:
            raise RuntimeError("ensure_database needs a lease: call acquire first")
        with self._plain_errors():
            info = ConnectionInfo(self._home.socket_dir, SUPERUSER, "postgres", self._home.data_dir)
            return _ensure_database(info, name)

    def status(self) -> PostgresStatus:
        """Report without starting, waiting or changing anything."""
        with self._plain_errors():
            home = read_home(self._state)
            log = anchor(self._state) / "postgres.log"
            if home is None:
                return PostgresStatus(False, None, None, None, (), None, log)
            pid = postgres_server.find_postmaster(home.data_dir)
            return PostgresStatus(
                running=pid is not None,
                pid=pid,
                data_dir=home.data_dir,
                socket_dir=home.socket_dir,
                leases=self._leases.live(),
                notice=home.notice,
                log=log,
            )

    def stop(self, force: bool = False) -> bool:
        """End the server unless a living process holds a lease, or in any case (``force``). Say whether it ended."""
        with self._plain_errors(), self._locked_where_it_exists() as exists:
            if not exists:
                return True
            if self._leases.live() and not force:
                return False
            self._end_recorded()
            self._leases.clear()
            return True

    def remove(self, force: bool = False) -> bool:
        """Stop as ``stop`` does, then remove the database, wherever it lies. Return whether it was removed."""
        with self._plain_errors(), self._locked_where_it_exists() as exists:
            if not exists:
                return True
            if self._leases.live() and not force:
                return False
            self._end_recorded()
            home = read_home(self._state)
            if home is not None:
                remove_home(home)
            return True

    def __enter__(self) -> ConnectionInfo:
        return self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _serve(self) -> tuple[Home, bool]:
        """Return the home of a server that answers, and whether this call started it."""
        home = prepare_home(self._state)
        pid = postgres_server.find_postmaster(home.data_dir)
        if pid is not None and self._answers(home, pid):
            return home, False
        return self._start(home), True

    def _answers(self, home: Home, pid: int) -> bool:
        """Whether the running server can be joined. A stuck one that nobody else uses is ended."""
        others = self._leases.others(self._lease)
        patience = self._start_seconds if others else self._silence_seconds
        answer = postgres_server.ask(pid, home.socket_dir, patience)
        if answer is Answer.RECOVERING and not others:
            answer = postgres_server.ask(pid, home.socket_dir, self._start_seconds)
        if answer is Answer.RECOVERING:
            raise self._still_recovering(home)
        if answer is Answer.SILENT and others:
            raise DatabaseUnavailable(
                f"The embedded PostgreSQL (pid {pid}) does not answer while other processes use it. "
                f"End these processes ({', '.join(str(lease.pid) for lease in others)}) and try again."
            )
        if answer is Answer.SILENT:
            postgres_server.end(pid, gently=False)
        return answer is Answer.READY

    def _start(self, home: Home) -> Home:
        home = with_socket_dir(home)
        programs = ensure_cluster(home)
        pid = postgres_server.start(
            programs / "postgres", home.data_dir, home.socket_dir, home.life_lock, home.log, home.user
        )
        try:
            answer = postgres_server.ask(pid, home.socket_dir, self._start_seconds)
        except BaseException:
            postgres_server.end(pid, gently=False)
            raise
        if answer is Answer.READY:
            return home
        if answer is Answer.RECOVERING:
            raise self._still_recovering(home)
        postgres_server.end(pid, gently=False)
        how = "ended at once" if answer is Answer.DEAD else f"did not answer within {self._start_seconds:.0f} s"
        raise postgres_server.explain(
            f"The embedded PostgreSQL in {home.data_dir} {how}", postgres_server.last_lines(home.log)
        )

    def _still_recovering(self, home: Home) -> DatabaseUnavailable:
        last_words = " | ".join(postgres_server.last_lines(home.log))
        return DatabaseUnavailable(
            f"The embedded PostgreSQL in {home.data_dir} is recovering from a crash, which takes over "
            f"{self._start_seconds:.0f} s. It goes on by itself: try again in a minute. "
            f"PostgreSQL's last words: {last_words}"
        )

    def _give_back(self, lease: Lease, home: Home, exists: bool) -> None:
        if not exists:
            postgres_server.end_strays(home.data_dir)
        elif not self._leases.others(lease):
            self._end_recorded()
        now = read_home(self._state)
        if now is None or now.outer_socket_dir != home.outer_socket_dir:
            forget_socket_dir(home)  # the state folder was removed, or another start chose another folder
        if exists:
            self._leases.remove(lease)  # last, because it needs room on the disk

    def _end_recorded(self) -> None:
        home = read_home(self._state)
        if home is not None:
            _end(home)

    def _take_lease(self, home: Home) -> None:
        if not self._is_lessee():
            self._lease, self._holds = new_lease(), 0
            atexit.register(self._release_at_exit)
        assert self._lease is not None
        if self._lease not in self._leases.live():
            self._leases.add(self._lease)
        self._home = home
        self._holds += 1

    def _is_lessee(self) -> bool:
        return self._lease is not None and self._lease.pid == os.getpid()

    def _release_at_exit(self) -> None:
        self._holds = min(self._holds, 1)
        try:
            self.release()
        except EnrichError as error:
            _logger.warning("The embedded PostgreSQL was not released: %s", error)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        folder = anchor(self._state)
        if not folder.is_dir():
            folder.mkdir(mode=0o700, exist_ok=True)
            give_to_folder_owner(folder)
        try:
            with exclusive_lock(folder / "lock", self._lock_seconds):
                yield
        except LockTimeout as timeout:
            raise DatabaseUnavailable(
                f"For over {self._lock_seconds:.0f} s process {timeout.holder or 'unknown'} has been starting or "
                f"stopping the embedded PostgreSQL in {self._state}. Wait for it or end it, and try again."
            ) from timeout

    @contextmanager
    def _locked_where_it_exists(self) -> Iterator[bool]:
        if not anchor(self._state).is_dir():
            yield False
            return
        with self._locked():
            yield True

    @contextmanager
    def _plain_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DatabaseUnavailable(_explain(error, self._state)) from error


def _end(home: Home) -> None:
    pid = postgres_server.find_postmaster(home.data_dir)
    if pid is not None:
        postgres_server.end(pid)
    else:
        life = try_lock(home.life_lock)
        if life is None:
            postgres_server.end_strays(home.data_dir)
        else:
            os.close(life)
    forget_socket_dir(home)


def _ensure_database(maintenance: ConnectionInfo, name: str) -> ConnectionInfo:
    import psycopg2
    from psycopg2 import errors, sql

    try:
        connection = psycopg2.connect(maintenance.dsn)
        try:
            connection.autocommit = True  # CREATE DATABASE refuses to run in a transaction
            with connection.cursor() as cursor:
                cursor.execute("SELECT FROM pg_database WHERE datname = %s", (name,))
                if cursor.rowcount == 0:
                    cursor.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        finally:
            connection.close()
    except (errors.DuplicateDatabase, errors.UniqueViolation):
        _logger.debug("Another process created the database %s at the same moment.", name)
    except psycopg2.Error as error:
        raise DatabaseUnavailable(
            f"The database {name} cannot be opened or made in {maintenance.data_dir}: {str(error).strip()}. "
            f"See postgres.log in the state folder, or {USE_A_SERVER}."
        ) from error
    return replace(maintenance, dbname=name)


def _explain(error: OSError, state: Path) -> str:
    where = error.filename or state
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"The disk is full, so the embedded PostgreSQL cannot work in {where}. Free some space and try again."
    if error.errno in (errno.EACCES, errno.EPERM):
        return (
            f"The embedded PostgreSQL in {state} belongs to another user: no access to {where}. "
            f"Run as that user, remove the state folder as that user, or {USE_A_SERVER}."
        )
    if error.errno == errno.EROFS:
        return f"The embedded PostgreSQL cannot work on a read-only file system ({where}). Set another state folder."
    return (
        f"The embedded PostgreSQL in {state} cannot be used: {error.strerror or error} ({where}). "
        f"Set another state folder, or {USE_A_SERVER}."
    )
