"""How long a bot waits for the reader: at rates and without a pause, quiet, while a run writes, and without a database.

    python benchmarks/reader.py                                    10,000 users, about seven minutes
    python benchmarks/reader.py --users 100000 --report report.md  the scale of the aim; under 12 minutes on 2 cores

The sample goes through the pipeline and its people are copied to ``--users``, each with facts, evidence, summaries, ledger rows
and six cache rows, in the embedded PostgreSQL, in a temporary folder (110 kB a user, and 5 GB while they are copied). Then,
over ``--connections``:

- the plan of every query, with whatever in it is no look-up by an index;
- both readers and `SELECT 1` over the same connections: an open loop at each of ``--rates`` calls a second, a closed loop for
  the throughput; quiet, at 300 a second while as many processes as there are cores do nothing but compute, and while another
  process is a run that does not end (`reader_writer`);
- the memory of the process that reads;
- what a call takes when the server refuses, and when it never answers, with the default deadline of 20 ms. In the parts before
  no call is cut short; the column ">20 ms" says how many would have been.

``--shapes`` compares the shapes that the query could have. ``--report`` keeps everything that was printed, and the plans.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import multiprocessing
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import asyncpg
from reader_load import HEAD, Plan, measure_async, measure_sync, memory_of_a_reader, show
from reader_shapes import Person

from whisper_enrich.hot_path import AsyncReader, Options, Reader, documents

if TYPE_CHECKING:
    from reader_plans import Explained

SCHEMA = "whisper_enrich"
AIM_RATE = 300
"""Reads a second of the aim: p99 under 5 ms, p50 under 1 ms with a core free; p95 under 5 ms with both busy."""

SPAWN = multiprocessing.get_context("spawn")


def main() -> None:
    """Measure in a state folder of its own, removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--rates", type=lambda text: [int(one) for one in text.split(",")], default=[50, 200, 300, 500])
    parser.add_argument("--seconds", type=float, default=4.0, help="of each kind of call at each rate")
    parser.add_argument("--shapes", action="store_true")
    parser.add_argument("--report", type=Path)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-bench-"))
    home.chmod(0o711)
    with _kept_in(arguments.report) if arguments.report else nullcontext():
        try:
            run(home / "state", arguments)
        finally:
            from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

            EmbeddedPostgres(home / "state").remove(force=True)
            shutil.rmtree(home)


@contextmanager
def _kept_in(report: Path) -> Iterator[None]:
    """What this process and its children print goes to the report, too."""
    tee = subprocess.Popen(["tee", str(report)], stdin=subprocess.PIPE)
    kept = os.dup(1)
    os.dup2(tee.stdin.fileno(), 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        tee.stdin.close()
        tee.wait()


def run(state: Path, arguments: argparse.Namespace) -> None:
    # Here, so that the processes that measure load what a bot loads, and nothing of the worker.
    from reader_plans import show_whole

    from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

    began = time.monotonic()
    print(f"{arguments.users} users, {arguments.connections} connections, {len(os.sched_getaffinity(0))} core(s), "
          f"JSON by {documents.loads.__module__}, load {os.getloadavg()[0]:.1f}", flush=True)  # fmt: skip
    with EmbeddedPostgres(state) as info:
        people, plans = fill(state, arguments)
        plan = Plan(info.dsn, people, arguments.connections, arguments.rates, arguments.seconds)
        measured(plan, "quiet", memory=True)
        with busy_cores():
            measured(replace(plan, rates=[AIM_RATE]), "all cores busy", closed=False)
        with writing(state, people):
            measured(plan, "a run writes")
        in_a_process_of_its_own(without_database, people)
    print(f"\n{time.monotonic() - began:.0f} s in all", flush=True)
    if arguments.report:
        show_whole(plans)
    if wrong := [name for name, plan in plans.items() if plan.scans]:
        raise SystemExit(f"Not by an index alone: {', '.join(wrong)}")


def fill(state: Path, arguments: argparse.Namespace) -> tuple[list[Person], dict[str, Explained]]:
    """The rows, and the plans over them."""
    from reader_plans import explain_all, show_reads
    from reader_rows import copy_people, enrich_sample, settle, sizes
    from reader_shapes import compare_shapes

    from whisper_enrich.resources.pipeline import Pipeline
    from whisper_enrich.settings import load_settings

    pipeline = Pipeline(load_settings(whisper_enrich_home=state))
    try:
        enrich_sample(pipeline.context("reader-benchmark"))
        started = time.monotonic()
        people = copy_people(pipeline.database, arguments.users)
        copied = time.monotonic()
        settle(pipeline.database)
        print(
            f"copied in {copied - started:.0f} s, vacuumed in {time.monotonic() - copied:.0f} s; {sizes(pipeline.database)}"
        )
        plans = explain_all(pipeline.database, SCHEMA)
        show_reads(plans)
        if arguments.shapes:
            compare_shapes(pipeline.database, SCHEMA, people[:100], 500)
    finally:
        pipeline.close()
    return people, plans


def measured(plan: Plan, when: str, *, closed: bool = True, memory: bool = False) -> None:
    print(f"\n{when} (load of the machine: {os.getloadavg()[0]:.1f})\n{HEAD}", flush=True)
    in_a_process_of_its_own(_measure, plan, when, closed, memory)


def _measure(plan: Plan, when: str, closed: bool, memory: bool) -> None:
    if memory:
        before, opened, after = memory_of_a_reader(plan)
        print(f"  a process that reads: {before:.0f} MB before, {opened:.0f} MB after its first answer, {after:.0f} MB after "
              "1,000 people (the last 200 answers are kept)", flush=True)  # fmt: skip
    asyncio.run(measure_async(plan, when, closed=closed))
    measure_sync(plan, when, closed=closed)


def in_a_process_of_its_own(work: Callable[..., None], *given: object) -> None:
    """As a bot is one: it loads what a bot loads, and nothing of the worker."""
    process = SPAWN.Process(target=_quietly, args=(work, *given))
    process.start()
    process.join()
    if process.exitcode:
        raise SystemExit(process.exitcode)


def _quietly(work: Callable[..., None], *given: object) -> None:
    logging.getLogger("whisper_enrich").setLevel(logging.ERROR)
    work(*given)


@contextmanager
def writing(state: Path, people: Sequence[Person]) -> Iterator[None]:
    """A run in another process; it has begun to write."""
    from reader_writer import write

    written, stop = SPAWN.Array("q", 2), SPAWN.Event()
    run_of_a_worker = SPAWN.Process(target=write, args=(state, people, written, stop))
    run_of_a_worker.start()
    started = time.monotonic()
    while not written[1] and run_of_a_worker.is_alive():
        time.sleep(0.1)
    yield
    took = time.monotonic() - started
    print(f"  the run has written {written[0]} messages and {written[1]} cache rows in {took:.0f} s", flush=True)
    stop.set()
    run_of_a_worker.join()
    if run_of_a_worker.exitcode:
        raise SystemExit("the run ended by itself")


@contextmanager
def busy_cores() -> Iterator[None]:
    spinning = [SPAWN.Process(target=_spin, daemon=True) for _ in os.sched_getaffinity(0)]
    for process in spinning:
        process.start()
    yield
    for process in spinning:
        process.terminate()
        process.join()


def _spin() -> None:
    while True:
        pass


def without_database(people: Sequence[Person]) -> None:
    """With the circuit kept closed: what a call takes that finds out by itself, and what one takes that is spared it."""
    print(f"\nwithout a database, deadline 20 ms (load of the machine: {os.getloadavg()[0]:.1f})\n{HEAD}")
    show("a sleep of 20 ms", [_timed(lambda: time.sleep(0.020)) for _ in people[:150]], 0.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        for name, dsn in (
            ("refuses", "postgresql://a@127.0.0.1:1/a"),
            ("is silent", f"postgresql://a@127.0.0.1:{port}/a?sslmode=disable"),
        ):
            for circuit, failures in (("each call tries", 10**9), ("circuit", 5)):
                some = list(people[:150])
                reader = Reader(dsn, Options(failures_to_open=failures))
                took = [_timed(lambda reader=reader, p=p: reader.get_context(*p, "shared", _now())) for p in some]
                show(f"{name}, Reader, {circuit}", took, 0.0)
                reader.close()
                show(f"{name}, AsyncReader, {circuit}", asyncio.run(_async_without(dsn, failures, some)), 0.0)


def _now() -> datetime:
    return datetime.now(UTC)


def _timed(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


async def _async_without(dsn: str, failures: int, people: Sequence[Person]) -> list[float]:
    pool = await asyncpg.create_pool(dsn, min_size=0, max_size=16)
    reader = AsyncReader(pool, Options(failures_to_open=failures))
    took = []
    for person in people:
        started = time.perf_counter()
        await reader.get_context(*person, "shared", _now())
        took.append(time.perf_counter() - started)
    pool.terminate()
    return took


if __name__ == "__main__":
    main()
