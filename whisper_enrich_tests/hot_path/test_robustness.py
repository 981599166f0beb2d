"""Whatever the database does, the bot has an answer within the deadline, and the reader recovers by itself."""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import socket
import struct
import threading
import time
from dataclasses import replace

import pytest
from sqlalchemy import text

from whisper_enrich.errors import DatabaseUnavailable, SchemaDrift
from whisper_enrich.hot_path import Absence, Freshness, MessageSeen, Missing, Reader, StaleReason
from whisper_enrich.hot_path.context import PARTS
from whisper_enrich.hot_path.guard import log
from whisper_enrich.hot_path.kept import KEPT_SECONDS
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.strategic_caches import BY_NAME
from whisper_enrich_tests.hot_path.conftest import NOW
from whisper_enrich_tests.hot_path.readers import OnALoop, acquired, open_reader

DEADLINE = 0.2
SLACK = 0.25
"""For a machine that is busy with something else."""


@pytest.fixture(params=["sync", "async"])
def kind(request):
    return request.param


@pytest.fixture
def options(world):
    return replace(
        world.options, deadline_seconds=DEADLINE, late_seconds=1.5, failures_to_open=1000, remembered=0, connections=2
    )


@pytest.fixture
def make(world, proxy, options, kind):
    """Readers that reach the server by way of the proxy; warmed up unless told otherwise."""
    made = []

    def opened(*, warm: bool = True, **changed):
        reader = open_reader(kind, proxy.dsn(world.user, world.database), replace(options, **changed))
        made.append(reader)
        if warm:
            ask_until_answered(reader)
        return reader

    yield opened
    proxy.silent, proxy.delay_seconds = False, 0.0
    for reader in made:
        reader.close()


def ask(reader, user="ana", **given):
    started = time.perf_counter()
    context = reader.get_context(user, "elena", "shared", NOW, **given)
    assert time.perf_counter() - started < DEADLINE + SLACK
    return context


def ask_until_answered(reader, seconds: float = 10.0):
    until = time.monotonic() + seconds
    while (context := ask(reader)).degraded is not None:
        assert time.monotonic() < until, context.degraded
        time.sleep(0.05)
    return context


def owner(context) -> str:
    text = repr(context.facts) + repr(context.memory_health)
    return "+".join(name for name, word in (("ana", "tomatoes"), ("ben", "leeks")) if word in text)


def test_a_server_that_refuses_gives_an_empty_context_and_is_used_again_when_it_is_back(make, proxy):
    proxy.refusing = True
    reader = make(warm=False)
    for _ in range(3):
        context = ask(reader)
        assert context.degraded in (Absence.UNREACHABLE, Absence.DEADLINE)
        assert {getattr(context, name) for name in PARTS} == {Missing(context.degraded)}
    assert reader.touch("ana", "elena", NOW) is False
    proxy.refusing = False
    assert owner(ask_until_answered(reader)) == "ana"


def test_a_server_that_is_slow_is_left_at_the_deadline(make, proxy):
    reader = make()
    proxy.delay_seconds = 0.6
    assert ask(reader).degraded is Absence.DEADLINE
    proxy.delay_seconds = 0.0
    assert owner(ask_until_answered(reader)) == "ana"


def test_a_late_answer_is_never_given_to_the_next_call(make, proxy):
    reader = make()
    for _ in range(3):
        proxy.delay_seconds = DEADLINE * 1.3
        assert ask(reader, "ana").degraded is not None
        proxy.delay_seconds = 0.0
        for user in ("ben", "ana", "ben"):
            context = ask(reader, user)
            assert context.user_id == user
            assert context.degraded is not None or owner(context) == user
        time.sleep(DEADLINE)


def test_a_query_whose_first_answer_was_late_is_asked_again_all_the_same(make, proxy, options):
    reader = make(connections=1)
    proxy.delay_seconds = DEADLINE * 1.5
    assert reader.get_facts("ana", "elena", "shared", NOW).reason is Absence.DEADLINE
    proxy.delay_seconds = 0.0
    time.sleep(DEADLINE * 2)
    assert reader.get_facts("ana", "elena", "shared", NOW, strict=True).items


def test_a_server_that_never_answers_costs_a_few_connections_and_no_more(make, proxy, options):
    reader = make()
    proxy.silent = True
    reasons = [ask(reader).degraded for _ in range(8)]
    assert set(reasons) <= {Absence.DEADLINE, Absence.BUSY}
    assert reasons[0] is Absence.DEADLINE
    proxy.silent = False
    time.sleep(options.late_seconds)
    assert owner(ask_until_answered(reader)) == "ana"
    assert proxy.connections <= 12


def test_a_connection_that_is_cut_while_it_answers_is_an_absence_and_the_next_one_is_new(make, proxy):
    reader = make()
    proxy.delay_seconds = 0.1
    cut = threading.Timer(0.05, proxy.cut)
    cut.start()
    assert ask(reader).degraded is Absence.UNREACHABLE
    cut.join()
    proxy.delay_seconds = 0.0
    assert owner(ask_until_answered(reader)) == "ana"


def test_a_server_that_ended_all_connections_meanwhile_is_not_even_noticed(make, world):
    reader = make(deadline_seconds=2.0)
    world.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND client_addr IS NULL "
        "AND query LIKE '%message_touches%'"
    )
    time.sleep(0.1)
    started = time.perf_counter()
    context = reader.get_context("ana", "elena", "shared", NOW)
    assert time.perf_counter() - started < 2.0
    assert (context.degraded, owner(context)) == (None, "ana")


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("ALTER TABLE strategic_memory_health RENAME COLUMN details TO detail",
         "ALTER TABLE strategic_memory_health RENAME COLUMN detail TO details"),
        ("ALTER TABLE message_touches RENAME TO touches", "ALTER TABLE touches RENAME TO message_touches"),
        ("ALTER TABLE strategic_memory_behavior RENAME COLUMN read_up_to TO seen_up_to",
         "ALTER TABLE strategic_memory_behavior RENAME COLUMN seen_up_to TO read_up_to"),
    ],
)  # fmt: skip
def test_a_schema_that_is_not_ours_is_told_as_such_and_read_again_once_it_is(make, world, change, back):
    reader = make()
    world.execute(change)
    try:
        for _ in range(2):
            assert ask(reader).degraded is Absence.SCHEMA
        fresh = make(warm=False)
        assert ask(fresh).degraded in (Absence.SCHEMA, Absence.DEADLINE)
        with pytest.raises(SchemaDrift, match="whisper-enrich migrate"):
            reader.get_context("ana", "elena", "shared", NOW, strict=True)
    finally:
        world.execute(back)
    assert owner(ask_until_answered(reader)) == "ana"
    assert owner(ask_until_answered(fresh)) == "ana"


def test_one_broken_table_does_not_keep_the_others_from_being_read(make, world):
    reader = make()
    world.execute("ALTER TABLE strategic_memory_health RENAME COLUMN details TO detail")
    try:
        assert ask(reader).degraded is Absence.SCHEMA
        reader.get_facts("ana", "elena", "shared", NOW)
        assert reader.get_facts("ana", "elena", "shared", NOW).items
        assert reader.get_strategic("strategic_personality_profiles", "ana", "elena", "shared", NOW)[
            "personality_profile"
        ]
    finally:
        world.execute("ALTER TABLE strategic_memory_health RENAME COLUMN detail TO details")


@pytest.mark.parametrize(
    "damage",
    [
        """document_format = NULL, memory_snapshot = '{"freshest": [{"name": "a memory of another version"}]}'""",
        """document = '{"memory_health": "a memory of another version"}', shared_document = NULL""",
    ],
)
def test_a_row_of_another_shape_is_missing_and_the_others_are_there(make, world, caplog, damage):
    reader = make()
    stored = "CREATE TABLE stored AS SELECT * FROM strategic_memory_health WHERE user_id = 'ana'"
    world.execute(stored)
    world.execute(f"UPDATE strategic_memory_health SET {damage} WHERE user_id = 'ana'")
    try:
        with caplog.at_level(logging.WARNING, log.name):
            context = ask(reader)
        assert context.memory_health == Missing(Absence.UNREADABLE)
        assert context.facts.items
        assert context.engagement
        assert "strategic_memory_health could not be read (KeyError)" in caplog.text
        assert "another version" not in caplog.text
    finally:
        world.execute("DELETE FROM strategic_memory_health WHERE user_id = 'ana'")
        world.execute("INSERT INTO strategic_memory_health SELECT * FROM stored")
        world.execute("DROP TABLE stored")


def test_a_name_that_the_server_cannot_take_is_unreadable_and_no_reason_to_open_the_circuit(make):
    reader = make(failures_to_open=2, open_seconds=60)
    for _ in range(5):
        assert ask(reader, "a\x00b").degraded is Absence.UNREADABLE
    assert owner(ask_until_answered(reader)) == "ana"


def test_the_circuit_opens_spares_the_server_and_closes_by_itself(make, proxy):
    reader = make(failures_to_open=3, open_seconds=0.5)
    proxy.delay_seconds = DEADLINE * 2
    reasons = [ask(reader).degraded]
    while reasons[-1] is not Absence.CIRCUIT_OPEN:
        reasons.append(ask(reader).degraded)
        time.sleep(0.05)
    assert reasons.count(Absence.DEADLINE) == 3
    before = proxy.requests
    started = time.perf_counter()
    assert {ask(reader).degraded for _ in range(20)} == {Absence.CIRCUIT_OPEN}
    assert time.perf_counter() - started < 0.4
    assert proxy.requests == before
    proxy.delay_seconds = 0.0
    assert owner(ask_until_answered(reader)) == "ana"


def test_a_server_that_lets_nobody_in_opens_the_circuit_too(make, proxy):
    proxy.silent = True
    reader = make(warm=False, failures_to_open=3, open_seconds=60)
    reasons = [ask(reader).degraded for _ in range(6)]
    assert reasons[0] is Absence.DEADLINE
    while ask(reader).degraded is not Absence.CIRCUIT_OPEN:
        time.sleep(0.05)
    started = time.perf_counter()
    assert {ask(reader).degraded for _ in range(20)} == {Absence.CIRCUIT_OPEN}
    assert time.perf_counter() - started < 0.4


def test_what_was_read_before_is_given_again_as_stale(make, proxy):
    reader = make(remembered=10)
    good = ask(reader)
    proxy.refusing = True
    proxy.cut()
    context = ask(reader)
    assert context.degraded in (Absence.UNREACHABLE, Absence.DEADLINE)
    assert context.facts.items == good.facts.items
    assert {getattr(context, name).freshness for name in PARTS if name != "summaries"} == {Freshness.STALE}
    assert {getattr(context, name).stale_reason for name in PARTS if name != "summaries"} == {StaleReason.UNREACHABLE}
    assert isinstance(ask(reader, "ben").facts, Missing)
    private = reader.get_context("ana", "elena", "dm", NOW)
    assert isinstance(private.facts, Missing)


def test_heuristics_fill_the_gap_while_the_database_is_away(make, proxy):
    proxy.refusing = True
    messages = [MessageSeen(text, NOW) for text in ("Is it raining?", "Rain again.", "I like rain.")]
    profile = ask(make(warm=False), messages=messages).personality_profile
    assert (profile.verbosity_level, profile.stale_reason) == ("brief", StaleReason.HEURISTIC)


def test_strict_raises_what_the_others_are_spared(make, proxy):
    proxy.refusing = True
    reader = make(warm=False)
    with pytest.raises(DatabaseUnavailable, match="No answer from PostgreSQL"):
        reader.get_context("ana", "elena", "shared", NOW, strict=True)
    with pytest.raises(DatabaseUnavailable):
        reader.touch("ana", "elena", NOW, strict=True)
    assert reader.get_facts("ana", "elena", "shared", NOW).reason in (Absence.UNREACHABLE, Absence.DEADLINE)


def test_trouble_is_logged_once_a_minute_without_a_name(make, proxy, caplog):
    proxy.refusing = True
    reader = make(warm=False)
    with caplog.at_level(logging.WARNING, log.name):
        for _ in range(10):
            ask(reader)
    lines = [record.getMessage() for record in caplog.records if record.name == log.name]
    # One a kind: it may be noticed as a refusal, or as a connection that is not there in time.
    assert 1 <= len(lines) <= 2
    assert not any("ana" in line or "elena" in line for line in lines)


def test_every_connection_taken_is_told_within_the_deadline(world, proxy, options):
    reader = OnALoop(proxy.dsn(world.user, world.database), options, pool_size=1)
    ask_until_answered(reader)
    time.sleep(KEPT_SECONDS * 3)
    held = reader.run(acquired(reader.pool))
    assert ask(reader).degraded is Absence.BUSY
    reader.run(_release(reader.pool, held))
    assert owner(ask_until_answered(reader)) == "ana"
    reader.close()


def test_a_reader_that_is_closed_has_given_back_the_connections_that_it_kept(world, proxy, options):
    reader = OnALoop(proxy.dsn(world.user, world.database), options)
    ask_until_answered(reader)
    reader.run(reader.reader.close())
    assert reader.pool.get_idle_size() == reader.pool.get_size() > 0
    reader.close()


async def _release(pool, connection):
    await pool.release(connection)


def test_threads_share_the_connections_and_each_gets_its_own_answer(world, proxy, options):
    reader = open_reader("sync", proxy.dsn(world.user, world.database), replace(options, deadline_seconds=5.0))
    wrong = []

    def work(user: str) -> None:
        for _ in range(20):
            context = reader.get_context(user, "elena", "shared", NOW, strict=True)
            if owner(context) != user:
                wrong.append(user)

    threads = [threading.Thread(target=work, args=(user,)) for user in ("ana", "ben") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert proxy.connections <= options.connections
    reader.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_process_connects_anew_and_leaves_the_connections_of_its_parent_alone(world, options):
    reader = open_reader("sync", world.dsn, replace(options, deadline_seconds=5.0))
    assert owner(reader.get_context("ana", "elena", "shared", NOW, strict=True)) == "ana"
    child = os.fork()
    if child == 0:
        try:
            found = owner(reader.get_context("ben", "elena", "shared", NOW, strict=True)) == "ben"
        finally:
            os._exit(0 if found else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert owner(reader.get_context("ana", "elena", "shared", NOW, strict=True)) == "ana"
    reader.close()


def test_a_closed_reader_answers_with_nothing(world, options):
    reader = open_reader("sync", world.dsn, options)
    assert reader.open()
    reader.close()
    assert ask(reader).degraded is Absence.UNREACHABLE
    assert not reader.open(0.1)


def test_a_role_that_does_not_exist_is_an_absence(world, options, kind):
    reader = open_reader(kind, world.dsn.replace(f"//{world.user}@", "//nobody_at_all@"), options)
    assert ask(reader).degraded in (Absence.UNREACHABLE, Absence.DEADLINE)
    assert ask(reader).degraded in (Absence.UNREACHABLE, Absence.DEADLINE)
    reader.close()


def test_behind_a_pooler_nothing_is_prepared_or_set_and_the_answers_are_the_same(world, options):
    contexts = []
    for prepared in (True, False):
        with Reader(world.dsn, replace(options, deadline_seconds=5.0, connections=1, prepared=prepared)) as reader:
            contexts.append(reader.get_context("ana", "elena", "dm", NOW, strict=True))
            assert reader.get_summaries("ana", "elena", "dm", NOW, topics=["100%"], strict=True).items == ()
            kept = _ask_the_session(
                reader, "SELECT count(*), current_setting('statement_timeout') FROM pg_prepared_statements"
            )
            assert kept == ((2, "1500ms") if prepared else (0, "0"))
    assert contexts[0] == contexts[1]


def test_statements_that_do_not_last_are_done_without(world, options):
    with Reader(world.dsn, replace(options, deadline_seconds=5.0, connections=1)) as reader:
        _ask_the_session(reader, "DEALLOCATE ALL; SELECT 1")
        with pytest.raises(DatabaseUnavailable, match=r"Options\.prepared"):
            reader.get_context("ana", "elena", "shared", NOW, strict=True)
        for _ in range(2):
            assert owner(reader.get_context("ana", "elena", "shared", NOW, strict=True)) == "ana"


def _ask_the_session(reader, statement):
    """On the reader's own connection."""
    session = reader._connections._take(time.monotonic() + 5.0)
    session.send(statement)
    assert session.wait(time.monotonic() + 5.0)
    row = session._cursor.fetchone()
    reader._connections._give_back(session)
    return row


def test_a_context_is_of_one_moment_while_a_run_replaces_the_rows(world, options, kind):
    reader = open_reader(kind, world.dsn, replace(options, deadline_seconds=5.0))
    stop, turns = threading.Event(), []

    def write() -> None:
        while not stop.is_set():
            turns.append(len(turns) + 1)
            with world.ctx.database.begin() as connection:
                for cache in sorted(BY_NAME):
                    connection.execute(text(f"UPDATE {cache} SET messages_read = :n"), {"n": turns[-1]})

    writer = threading.Thread(target=write)
    writer.start()
    seen = set()
    try:
        for _ in range(150):
            context = reader.get_context("ana", "elena", "shared", NOW, strict=True)
            read = {getattr(context, name).messages_read for name in PARTS[2:]}
            assert len(read) == 1
            seen |= read
    finally:
        stop.set()
        writer.join()
        world.execute("; ".join(f"UPDATE {cache} SET messages_read = 36" for cache in BY_NAME))
        reader.close()
    assert len(seen) > 3


class _AsksForAPassword:
    """As much of a server as says that a password is wrong."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.dsn = f"postgresql://bot:s3same@127.0.0.1:{self._listener.getsockname()[1]}/a?sslmode=disable"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                with client, contextlib.suppress(OSError):
                    if int.from_bytes(client.recv(4096)[4:8]) == 80877104:  # may it be encrypted by GSS?
                        client.sendall(b"N")
                        client.recv(4096)
                    client.sendall(b"R" + struct.pack(">ii", 8, 3))
                    client.recv(4096)
                    said = b'SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user "bot"\0\0'
                    client.sendall(b"E" + struct.pack(">i", len(said) + 4) + said)

    def close(self) -> None:
        self._listener.close()


def test_a_wrong_password_is_an_absence_and_stands_in_no_log(options, kind, caplog):
    server = _AsksForAPassword()
    reader = open_reader(kind, server.dsn, options)
    with caplog.at_level(logging.WARNING, log.name):
        reasons = [ask(reader).degraded for _ in range(3)]
    assert set(reasons) <= {Absence.UNREACHABLE, Absence.DEADLINE}
    assert reasons[-1] is Absence.UNREACHABLE
    assert caplog.text
    assert "s3same" not in caplog.text
    reader.close()
    server.close()


def test_a_server_that_is_killed_is_an_absence_and_is_asked_again_when_it_runs_again(tmp_path, options, kind):
    """The server is a new one without our tables: that they are not there is what it says while it lives."""
    state = tmp_path / "state"
    server = EmbeddedPostgres(state)
    info = server.acquire()
    try:
        reader = open_reader(kind, info.dsn, options)
        assert _reason_within(reader, Absence.SCHEMA) is Absence.SCHEMA
        os.kill(server.status().pid, signal.SIGKILL)
        assert _reason_within(reader, Absence.UNREACHABLE) is Absence.UNREACHABLE
        server.acquire()
        assert _reason_within(reader, Absence.SCHEMA) is Absence.SCHEMA
        reader.close()
    finally:
        server.remove(force=True)


def _reason_within(reader, expected: Absence, seconds: float = 20.0) -> Absence | None:
    until = time.monotonic() + seconds
    while (found := ask(reader).degraded) is not expected and time.monotonic() < until:
        time.sleep(0.05)
    return found
