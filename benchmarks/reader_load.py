"""Load on the reader, as a bot makes it: calls that are due at a rate (open loop), and calls one after another (closed loop).

In the open loop a call begins when it is due, whether the earlier ones have ended or not, and its time counts from then: a
reader that falls behind shows that. `SELECT 1` goes the same way over the same pool. The asynchronous calls share one event
loop, the synchronous ones are taken by as many threads as there are connections.
"""

from __future__ import annotations

import asyncio
import queue
import random
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import asyncpg
import psycopg2
from reader_shapes import Person, percentiles

from whisper_enrich.hot_path import AsyncReader, Options, Reader

WARM_UP_SECONDS = 1.0
LATE = 0.020
"""The default deadline: calls beyond it would have been answered without the database."""

Call = Callable[[Person], Any]
Drawn = Iterator[Person]


@dataclass(frozen=True)
class Plan:
    """What a process is to measure."""

    dsn: str
    people: Sequence[Person]
    connections: int
    rates: Sequence[int]
    seconds: float

    def drawn(self) -> Drawn:
        """People at random, the same in every run."""
        dice = random.Random(5)
        return iter(lambda: dice.choice(self.people), None)

    @property
    def options(self) -> Options:
        """No slow call is cut short, and none is answered from memory."""
        patience = {"deadline_seconds": 60.0, "late_seconds": 60.0, "failures_to_open": 10**9}
        return Options(connections=self.connections, remembered=0, **patience)


def show(name: str, seconds: Sequence[float], busy: float) -> None:
    late = sum(each > LATE for each in seconds)
    share = f"{late / max(len(seconds), 1):7.2%}"
    print(f"  {name:44s} {percentiles(seconds)} {share} {busy:6.0%} {len(seconds):8d}", flush=True)


HEAD = f"  {'ms':44s}    p50    p95    p99  >20 ms   CPU    calls"
"""CPU: of the process that reads, share of a core."""


def measure_sync(plan: Plan, when: str, *, closed: bool = True) -> None:
    with _sync_calls(plan) as calls:
        drawn = plan.drawn()
        for rate in plan.rates:
            for name, call in _at(rate, plan, calls):
                show(f"{when}, {rate}/s, {name}", *_open_sync(plan, call, drawn, rate))
        for name, call in _at(None, plan, calls) if closed else ():
            took, busy = _closed_sync(plan, call, drawn)
            show(f"{when}, closed, {name}: {len(took) / plan.seconds:.0f}/s", took, busy)


def _at(rate: int | None, plan: Plan, calls: dict[str, Call]) -> Iterator[tuple[str, Call]]:
    """A message arrives less often than is read: touches at the lowest rate alone."""
    return ((name, call) for name, call in calls.items() if not name.endswith("touch") or rate == min(plan.rates))


@contextmanager
def _sync_calls(plan: Plan) -> Iterator[dict[str, Call]]:
    local = threading.local()
    opened = []

    def select(_: Person) -> None:
        if not hasattr(local, "cursor"):
            connection = psycopg2.connect(plan.dsn)
            connection.autocommit = True
            opened.append(connection)
            local.cursor = connection.cursor()
        local.cursor.execute("SELECT 1")

    with Reader(plan.dsn, plan.options) as reader:
        yield {
            "psycopg2: SELECT 1": select,
            "Reader.get_context": lambda p: reader.get_context(*p, "shared", _now(), strict=True),
            "Reader, every part": lambda p: reader.get_context(*p, "shared", _now(), strict=True).parts(),
            "Reader.touch": lambda p: reader.touch(*p, _now(), strict=True),
        }
    for connection in opened:
        connection.close()


def _now() -> datetime:
    return datetime.now(UTC)


def _threads(plan: Plan, work: Callable[[], None]) -> list[threading.Thread]:
    threads = [threading.Thread(target=work) for _ in range(plan.connections)]
    for thread in threads:
        thread.start()
    return threads


def _open_sync(plan: Plan, call: Call, drawn: Drawn, rate: int) -> tuple[list[float], float]:
    due: queue.SimpleQueue[tuple[float, Person] | None] = queue.SimpleQueue()
    took: list[float] = []

    def work() -> None:
        while (task := due.get()) is not None:
            call(task[1])
            took.append(time.perf_counter() - task[0])

    threads = _threads(plan, work)
    first = int(rate * WARM_UP_SECONDS)
    started = time.perf_counter()
    for place in range(int(rate * plan.seconds) + first):
        if place == first:
            used, since = time.process_time(), time.perf_counter()
        at = started + place / rate
        time.sleep(max(at - time.perf_counter(), 0.0))
        due.put((at, next(drawn)))
    for _ in threads:
        due.put(None)
    for thread in threads:
        thread.join()
    return took[first:], (time.process_time() - used) / (time.perf_counter() - since)


def _closed_sync(plan: Plan, call: Call, drawn: Drawn) -> tuple[list[float], float]:
    took: list[float] = []
    lock = threading.Lock()
    started = time.perf_counter() + WARM_UP_SECONDS

    def work() -> None:
        while (began := time.perf_counter()) < started + plan.seconds:
            with lock:
                person = next(drawn)
            call(person)
            if began > started:
                took.append(time.perf_counter() - began)

    used = time.process_time()
    for thread in _threads(plan, work):
        thread.join()
    return took, (time.process_time() - used) / (plan.seconds + WARM_UP_SECONDS)


async def measure_async(plan: Plan, when: str, *, closed: bool = True) -> None:
    async with _async_calls(plan) as calls:
        drawn = plan.drawn()
        for rate in plan.rates:
            for name, call in _at(rate, plan, calls):
                show(f"{when}, {rate}/s, {name}", *await _open_async(plan, call, drawn, rate))
        for name, call in _at(None, plan, calls) if closed else ():
            took, busy = await _closed_async(plan, call, drawn)
            show(f"{when}, closed, {name}: {len(took) / plan.seconds:.0f}/s", took, busy)


@asynccontextmanager
async def _async_calls(plan: Plan) -> Any:
    size = plan.connections
    async with asyncpg.create_pool(plan.dsn, min_size=size, max_size=size) as pool:
        reader = AsyncReader(pool, plan.options)

        async def parts(person: Person) -> None:
            (await reader.get_context(*person, "shared", _now(), strict=True)).parts()

        calls: dict[str, Callable[[Person], Awaitable[Any]]] = {
            "asyncpg pool: SELECT 1": lambda _: pool.fetchval("SELECT 1"),
            "AsyncReader.get_context": lambda p: reader.get_context(*p, "shared", _now(), strict=True),
            "AsyncReader, every part": parts,
            "AsyncReader.touch": lambda p: reader.touch(*p, _now(), strict=True),
        }
        # A pool takes its connections in turn, and each makes five plans of its own before it keeps one.
        drawn = plan.drawn()
        for _ in range(8):
            await asyncio.gather(*(reader.get_context(*next(drawn), "shared", _now()) for _ in range(size)))
        yield calls


async def _open_async(plan: Plan, call: Call, drawn: Drawn, rate: int) -> tuple[list[float], float]:
    took: list[float] = []
    tasks: list[asyncio.Task[None]] = []
    loop = asyncio.get_running_loop()
    first = int(rate * WARM_UP_SECONDS)
    since = [0.0, 0.0]

    async def one(at: float, person: Person) -> None:
        await call(person)
        took.append(time.perf_counter() - at)

    def feed() -> None:
        """From a thread: the loop's own timers are a millisecond late."""
        started = time.perf_counter()
        for place in range(int(rate * plan.seconds) + first):
            if place == first:
                since[:] = time.process_time(), time.perf_counter()
            at = started + place / rate
            time.sleep(max(at - time.perf_counter(), 0.0))
            person = next(drawn)
            loop.call_soon_threadsafe(lambda at=at, person=person: tasks.append(loop.create_task(one(at, person))))

    await asyncio.to_thread(feed)
    await asyncio.gather(*tasks)
    return took[first:], (time.process_time() - since[0]) / (time.perf_counter() - since[1])


async def _closed_async(plan: Plan, call: Call, drawn: Drawn) -> tuple[list[float], float]:
    took: list[float] = []
    started = time.perf_counter() + WARM_UP_SECONDS

    async def work() -> None:
        while (began := time.perf_counter()) < started + plan.seconds:
            await call(next(drawn))
            if began > started:
                took.append(time.perf_counter() - began)

    used = time.process_time()
    await asyncio.gather(*(work() for _ in range(plan.connections)))
    return took, (time.process_time() - used) / (plan.seconds + WARM_UP_SECONDS)


def memory_of_a_reader(plan: Plan) -> tuple[float, float, float]:
    """Resident MB of this process: before there is a reader, after its first answer, after a thousand people."""
    before = _resident()
    with Reader(plan.dsn, Options(deadline_seconds=2.0)) as reader:
        drawn = plan.drawn()
        reader.get_context(*next(drawn), "shared", _now(), strict=True).parts()
        opened = _resident()
        for _ in range(1000):
            reader.get_context(*next(drawn), "shared", _now(), strict=True).parts()
        return before, opened, _resident()


def _resident() -> float:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20
