"""How long a bot waits for the reader: shapes of the query, both readers idle and under load, and without a database.

    python benchmarks/reader.py                   100 users with the rows of the sample's people
    python benchmarks/reader.py --users 5000 --seconds 20

Idle is one caller after another. Under load is an open loop: calls begin when they are due, at ``--rate`` a second over 8
connections, whether the earlier ones have ended or not, while another process writes (it replaces cache rows and touches); a
call's time counts from when it was due. `SELECT 1` takes the same way in the same run. The last part is what a call takes when
the server refuses, and when it never answers; the deadline is 20 ms. In the parts before, the deadline is a second, so
that no slow call is cut short.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import queue
import shutil
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import asyncpg
import psycopg2
from reader_shapes import Person, compare_shapes, percentiles

from whisper_enrich.hot_path import AsyncReader, Options, Reader

CONNECTIONS = 8
SCHEMA = "whisper_enrich"
PATIENT = Options(deadline_seconds=1.0, connections=CONNECTIONS, remembered=0)


def main() -> None:
    """Measure in a state folder of its own, removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=500, help="calls of each kind, idle")
    parser.add_argument("--rate", type=int, default=300, help="calls a second under load")
    parser.add_argument("--seconds", type=float, default=8.0, help="of each kind under load")
    arguments = parser.parse_args()
    # Here, so that the process that measures loads what a bot loads, and nothing of the worker.
    from reader_rows import copy_people, enrich_sample
    from sqlalchemy import text

    from whisper_enrich.resources.pipeline import Pipeline
    from whisper_enrich.settings import load_settings
    from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-bench-"))
    home.chmod(0o711)
    pipeline = Pipeline(load_settings(whisper_enrich_home=home / "state"))
    try:
        enrich_sample(pipeline.context("bench"))
        with pipeline.database.begin() as connection:
            people = copy_people(connection, arguments.users)
        with pipeline.database.begin() as connection:
            connection.execute(text("ANALYZE"))
        print(f"{len(people)} users on {len(os.sched_getaffinity(0))} core(s), load {os.getloadavg()[0]:.1f}")
        compare_shapes(pipeline.database, SCHEMA, people, arguments.rounds)
        with EmbeddedPostgres(pipeline.settings.home) as info:
            bot = multiprocessing.get_context("spawn").Process(target=measure, args=(info.dsn, people, arguments))
            bot.start()
            bot.join()
    finally:
        pipeline.close()
        EmbeddedPostgres(home / "state").remove(force=True)
        shutil.rmtree(home)


def measure(dsn: str, people: Sequence[Person], arguments: argparse.Namespace) -> None:
    """Both readers idle, under load, and without a database. In a process of its own, as a bot is one."""
    logging.getLogger("whisper_enrich").setLevel(logging.ERROR)
    print("\nreaders: ms" + " " * 43 + "p50    p95    p99")
    idle_sync(dsn, people, arguments.rounds)
    asyncio.run(idle_async(dsn, people, arguments.rounds))
    writer = multiprocessing.get_context("spawn").Process(target=write, args=(dsn, people), daemon=True)
    writer.start()
    time.sleep(2.0)
    loaded_sync(dsn, people, arguments)
    asyncio.run(loaded_async(dsn, people, arguments))
    writer.terminate()
    writer.join()
    print(f"  (load of the machine: {os.getloadavg()[0]:.1f})\nwithout a database, deadline 20 ms: ms")
    without_database(people, arguments.rounds)


def show(name: str, seconds: Sequence[float]) -> None:
    print(f"  {name:48s} {percentiles(seconds)}   ({len(seconds)} calls)")


def now() -> datetime:
    return datetime.now(UTC)


def idle_sync(dsn: str, people: Sequence[Person], rounds: int) -> None:
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    cursor = connection.cursor()
    with Reader(dsn, PATIENT) as reader:
        calls: dict[str, Callable[[Person], object]] = {
            "idle, psycopg2: SELECT 1": lambda _: cursor.execute("SELECT 1"),
            "idle, Reader.get_context": lambda p: reader.get_context(*p, "shared", now(), strict=True),
            "idle, Reader.get_context, every part looked at": lambda p: reader.get_context(
                *p, "shared", now(), strict=True
            ).parts(),
            "idle, Reader.get_strategic": lambda p: reader.get_strategic(
                "strategic_personality_profiles", *p, "shared", now(), strict=True
            ),
            "idle, Reader.touch": lambda p: reader.touch(*p, now(), strict=True),
        }
        took: dict[str, list[float]] = {name: [] for name in calls}
        for place in range(rounds + 20):
            for name, call in calls.items():
                started = time.perf_counter()
                call(people[place % len(people)])
                if place >= 20:
                    took[name].append(time.perf_counter() - started)
    connection.close()
    for name, values in took.items():
        show(name, values)


async def idle_async(dsn: str, people: Sequence[Person], rounds: int) -> None:
    async with asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        reader = AsyncReader(pool, PATIENT)
        calls: dict[str, Callable[[Person], Awaitable[object]]] = {
            "idle, asyncpg pool: SELECT 1": lambda _: pool.fetchval("SELECT 1"),
            "idle, AsyncReader.get_context": lambda p: reader.get_context(*p, "shared", now(), strict=True),
            "idle, AsyncReader.get_context, every part": lambda p: all_parts(reader, p),
            "idle, AsyncReader.touch": lambda p: reader.touch(*p, now(), strict=True),
        }
        took: dict[str, list[float]] = {name: [] for name in calls}
        # A pool takes its connections in turn, and each makes five plans of its own before it keeps one.
        for place in range(rounds + 20 * CONNECTIONS):
            for name, call in calls.items():
                started = time.perf_counter()
                await call(people[place % len(people)])
                if place >= 20 * CONNECTIONS:
                    took[name].append(time.perf_counter() - started)
    for name, values in took.items():
        show(name, values)


def write(dsn: str, people: Sequence[Person]) -> None:
    """Replace the cache rows of ten users at a time, twenty times a second, as a run does."""
    from whisper_enrich.hot_path import queries

    connection = psycopg2.connect(dsn, options=f"-c search_path={SCHEMA}")
    cursor = connection.cursor()
    place = 0
    while True:
        some = [people[(place + i) % len(people)][0] for i in range(10)]
        place += 10
        for cache in queries.CACHES:
            cursor.execute(
                f"UPDATE {cache} SET details = details || jsonb_build_object('written', %s), computed_at = now(), "
                "expires_at = now() + interval '1 day' WHERE user_id = ANY(%s)",
                (place, some),
            )
        connection.commit()
        time.sleep(0.05)


def loaded_sync(dsn: str, people: Sequence[Person], arguments: argparse.Namespace) -> None:
    local = threading.local()

    def select(_: Person) -> None:
        if not hasattr(local, "cursor"):
            connection = psycopg2.connect(dsn)
            connection.autocommit = True
            local.connection, local.cursor = connection, connection.cursor()
        local.cursor.execute("SELECT 1")

    with Reader(dsn, PATIENT) as reader:
        for name, call in (
            ("psycopg2: SELECT 1", select),
            ("Reader.get_context", lambda p: reader.get_context(*p, "shared", now())),
            ("Reader, every part", lambda p: reader.get_context(*p, "shared", now()).parts()),
        ):
            show(f"{arguments.rate}/s and a writer, {name}", open_loop(call, people, arguments.rate, arguments.seconds))


def open_loop(call: Callable[[Person], object], people: Sequence[Person], rate: int, seconds: float) -> list[float]:
    """Eight threads take the calls when they are due; the first second does not count."""
    due: queue.SimpleQueue[tuple[float, Person] | None] = queue.SimpleQueue()
    took: list[float] = []

    def work() -> None:
        while (task := due.get()) is not None:
            call(task[1])
            took.append(time.perf_counter() - task[0])

    threads = [threading.Thread(target=work) for _ in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    started = time.perf_counter()
    for place in range(int(rate * seconds)):
        at = started + place / rate
        time.sleep(max(at - time.perf_counter(), 0.0))
        due.put((at, people[place % len(people)]))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return took[rate:]


async def loaded_async(dsn: str, people: Sequence[Person], arguments: argparse.Namespace) -> None:
    async with asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        reader = AsyncReader(pool, PATIENT)
        for name, call in (
            ("asyncpg pool: SELECT 1", lambda _: pool.fetchval("SELECT 1")),
            ("AsyncReader.get_context", lambda p: reader.get_context(*p, "shared", now())),
            ("AsyncReader, every part", lambda p: all_parts(reader, p)),
        ):
            took: list[float] = []

            async def one(at: float, person: Person, call=call, took=took) -> None:
                await call(person)
                took.append(time.perf_counter() - at)

            started = time.perf_counter()
            async with asyncio.TaskGroup() as group:
                for place in range(int(arguments.rate * arguments.seconds)):
                    at = started + place / arguments.rate
                    await asyncio.sleep(max(at - time.perf_counter(), 0.0))
                    group.create_task(one(at, people[place % len(people)]))
            show(f"{arguments.rate}/s and a writer, {name}", took[arguments.rate :])


async def all_parts(reader: AsyncReader, person: Person) -> None:
    (await reader.get_context(*person, "shared", now())).parts()


def without_database(people: Sequence[Person], rounds: int) -> None:
    """With the circuit kept closed: what a call takes that finds out by itself, and what one takes that is spared it."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for name, dsn in (
            ("the server refuses", "postgresql://a@127.0.0.1:1/a"),
            ("the server never answers", f"postgresql://a@127.0.0.1:{port}/a?sslmode=disable"),
        ):
            for circuit, failures in (("each call tries", 10**9), ("with the circuit", 5)):
                reader = Reader(dsn, Options(failures_to_open=failures))
                took = [_timed(lambda reader=reader, p=p: reader.get_context(*p, "shared", now()))
                        for p in (people * rounds)[: rounds // 5]]  # fmt: skip
                show(f"{name}, Reader, {circuit}", took)
                reader.close()
                show(f"{name}, AsyncReader, {circuit}", asyncio.run(_async_without(dsn, failures, people, rounds // 5)))


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


async def _async_without(dsn: str, failures: int, people: Sequence[Person], rounds: int) -> list[float]:
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=CONNECTIONS)
    reader = AsyncReader(pool, Options(failures_to_open=failures))
    took = []
    for place in range(rounds):
        started = time.perf_counter()
        await reader.get_context(*people[place % len(people)], "shared", now())
        took.append(time.perf_counter() - started)
    pool.terminate()
    return took


if __name__ == "__main__":
    main()
