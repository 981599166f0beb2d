"""A day of a platform's traffic in some minutes, with everything running: webserver, daemon, code server, sensors, readers.

    python benchmarks/operations_load.py                        24 hours of 12 bots in 10 minutes
    python benchmarks/operations_load.py --minutes 2 --bots 3   a try

Of each bot's 47 users a fifth says something on a day: 5 to 300 messages, most of them few, in one to four talks by the hours at
which people talk. They are written to the embedded store as they come, under `whisper-enrich up` with the default settings, and
the bots read beside it: a context for every message, and a touch.

- Lag: from the return of the write to the moment at which the ledger has the message read for its facts (looked at every 2 s).
- Memory: resident of each process of `up` that lasts, the mean over the last third of the time against that over the first
  third after a minute of warm-up; proportional share of PostgreSQL's processes together. Runs come and go: the largest.

Ends with 1 where the 95th percentile of lag is over --most-lag or the last third's over twice the first's (and over a
minute), where memory grew by more than a tenth and 20 MB, a run failed, or a message is not read in the end.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
os.environ["PYTHONPATH"] = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])

import psutil
from sqlalchemy import text

from whisper_enrich.hot_path import Reader
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.model import Point
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.storage.state_dir import state_dir
from whisper_enrich_tests.builders import said
from whisper_enrich_tests.end_to_end.served import Ui, Up, role

USERS = 47
ACTIVE = 0.2
FEWEST, MOST = 5, 300
HOURS = (2, 1, 1, 0, 0, 1, 2, 4, 6, 6, 5, 5, 7, 6, 5, 5, 6, 7, 9, 11, 12, 11, 8, 4)
"""How many talks begin at each hour of the day, relative to each other."""
WRITE_SECONDS, LOOK_SECONDS, MEMORY_SECONDS = 1.0, 2.0, 5.0
AFTER_SECONDS = 300
WARM_UP_SECONDS = 60
GROWTH, GROWTH_BYTES = 0.1, 20e6

_WORDS = (
    "I live in Lisbon.", "I work as a nurse.", "I painted the kitchen yellow.", "I love strong tea.", "I have a sister.",
    "I saw two storks by the river.", "I bought a blue bicycle.", "I am learning Greek.", "Ha.", "What do you think?",
)  # fmt: skip
_ANSWERS = ("Lovely! Tell me more.", "Where was that?", "How did that feel?", "I see.")


@dataclass(frozen=True, slots=True)
class Said:
    """One message: when it comes, as a share of the day, whose it is, and what is said."""

    at: float
    bot: str
    user: str
    number: int
    channel: str

    def point(self, now: datetime) -> Point:
        """As the bot stores it."""
        answer = self.number % 2 == 1
        words = (_ANSWERS if answer else _WORDS)[self.number % (len(_ANSWERS) if answer else len(_WORDS))]
        return said(
            words, now, user=self.user, role="assistant" if answer else "user", channel=self.channel,
            name=f"{self.bot}/{self.user}/{self.number}",
        )  # fmt: skip


def day_of(bots: Sequence[str], seed: int) -> list[Said]:
    """All messages of a day, in order."""
    rng = random.Random(seed)
    found = []
    for bot in bots:
        for user in rng.sample(range(USERS), round(USERS * ACTIVE)):
            size = round(math.exp(rng.uniform(math.log(FEWEST), math.log(MOST))))
            talks = rng.randint(1, min(4, size))
            starts = [(rng.choices(range(24), HOURS)[0] + rng.random()) / 24 for _ in range(talks)]
            channel = rng.choice(("guild", "dm"))
            for number in range(size):
                at = starts[number * talks // size] + (number % max(1, size // talks)) * rng.uniform(20, 60) / 86_400
                found.append(Said(min(at, 0.999), bot, f"user-{user}", number, channel))
    return sorted(found, key=lambda each: (each.at, each.bot, each.user, each.number))


@dataclass
class Load:
    """The traffic, and what was seen of it. Times are of `time.monotonic`."""

    up: Up
    traffic: Sequence[Said]
    seconds: float
    began: float = 0.0
    written: dict[str, float] = field(default_factory=dict)
    read: dict[str, float] = field(default_factory=dict)
    writes: list[float] = field(default_factory=list)
    contexts: list[float] = field(default_factory=list)
    memory: dict[str, list[tuple[float, float]]] = field(default_factory=lambda: defaultdict(list))
    problems: list[str] = field(default_factory=list)
    ended: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.settings = load_settings(whisper_enrich_home=self.up.home)
        state_dir(self.up.home)
        self.store = EdgeStore(
            Path(self.settings.qdrant_folder), self.settings.qdrant_collection_prefix, wait_seconds=60
        )  # fmt: skip
        self.database = Database(self.settings)
        migrate(self.database)

    def run(self) -> None:
        """Begin, let the day pass, and wait until everything is read."""
        collections = {bot: self.store.create_collection(bot).collection for bot in {each.bot for each in self.traffic}}
        self.up.start()
        self.began = time.monotonic()
        with EmbeddedPostgres(self.up.home) as server:
            watchers = [
                threading.Thread(target=self._guarded, args=(work,), daemon=True) for work in (self._look, self._weigh)
            ]
            for watcher in watchers:
                watcher.start()
            with Reader(server.dsn) as reader:
                for batch in self._as_it_comes():
                    self._write(collections, batch)
                    self._as_bots_read(reader, batch)
            deadline = time.monotonic() + AFTER_SECONDS
            while len(self.read) < len(self.traffic) and time.monotonic() < deadline:
                time.sleep(1)
            self.ended.set()
            for watcher in watchers:
                watcher.join()

    def _as_it_comes(self) -> Iterator[list[Said]]:
        """What is due, about every second; later where the writing itself was slow."""
        waiting = list(reversed(self.traffic))
        while waiting:
            share = (time.monotonic() - self.began) / self.seconds
            batch = []
            while waiting and waiting[-1].at <= share:
                batch.append(waiting.pop())
            if batch:
                yield batch
            time.sleep(WRITE_SECONDS)

    def _write(self, collections: dict[str, str], batch: Sequence[Said]) -> None:
        by_bot: dict[str, list[Point]] = defaultdict(list)
        for each in batch:
            by_bot[each.bot].append(each.point(datetime.now(UTC)))
        for bot, points in by_bot.items():
            started = time.monotonic()
            self.store.upsert(collections[bot], points)
            self.writes.append(time.monotonic() - started)
            self.written.update(dict.fromkeys((point.id for point in points), time.monotonic()))

    def _as_bots_read(self, reader: Reader, batch: Sequence[Said]) -> None:
        for each in batch:
            if each.number % 2 == 0:
                reader.touch(each.user, each.bot, datetime.now(UTC))
            started = time.perf_counter()
            reader.get_context(each.user, each.bot, "dm" if each.channel == "dm" else "shared", datetime.now(UTC))
            self.contexts.append(time.perf_counter() - started)

    def _guarded(self, work) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - told at the end, with everything else.
            self.problems.append(f"watching failed: {error!r}")

    def _look(self) -> None:
        while not self.ended.wait(LOOK_SECONDS):
            with self.database.connect() as connection:
                rows = connection.execute(
                    text("SELECT point_id FROM message_ledger WHERE facts_state <> 'waiting'")
                ).scalars()  # fmt: skip
                now = time.monotonic()
                for point_id in rows:
                    self.read.setdefault(point_id, now)

    def _weigh(self) -> None:
        while not self.ended.wait(MEMORY_SECONDS):
            now = time.monotonic() - self.began
            totals: dict[str, float] = defaultdict(float)
            for process in self._processes():
                with suppress(psutil.Error):
                    name = role(process)
                    if name == "PostgreSQL":
                        totals[name] += process.memory_full_info().pss
                    else:
                        totals[name] = max(totals[name], process.memory_info().rss)
            for name, size in totals.items():
                self.memory[name].append((now, size))

    def _processes(self) -> list[psutil.Process]:
        found = [psutil.Process(self.up.process.pid)]
        found += found[0].children(recursive=True)
        with suppress(psutil.Error):
            postmaster = psutil.Process(EmbeddedPostgres(self.up.home).status().pid)
            found += [postmaster, *postmaster.children()]
        return found

    def lags(self) -> list[tuple[float, float]]:
        """When each message was written, since the beginning, and how long it then waited."""
        return sorted(
            (at - self.began, max(0.0, self.read[point_id] - at))
            for point_id, at in self.written.items()
            if point_id in self.read
        )  # fmt: skip


def percentile(values: Sequence[float], share: float) -> float:
    """The value that a share of all does not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))] if values else math.nan


def check_lag(load: Load, most: float) -> None:
    """Print what was measured, and note what is out of bounds."""
    lags = load.lags()
    waits = [wait for _, wait in lags]
    p50, p95, worst = percentile(waits, 0.5), percentile(waits, 0.95), max(waits, default=math.nan)
    print(f"lag: p50 {p50:.0f} s, p95 {p95:.0f} s, max {worst:.0f} s over {len(lags):,} messages")
    third = load.seconds / 3
    first, last = (
        percentile([w for at, w in lags if third * n <= at < third * (n + 1)], 0.95) for n in (0, 2)
    )  # fmt: skip
    print(f"lag, p95 of the first third {first:.0f} s, of the last {last:.0f} s")
    if not p95 <= most:
        load.problems.append(f"95% of messages wait up to {p95:.0f} s, more than {most:.0f} s")
    if last > max(60.0, 2 * first):
        load.problems.append(f"lag grows: {first:.0f} s in the first third, {last:.0f} s in the last")
    if missing := len(load.traffic) - len(lags):
        load.problems.append(f"{missing} of {len(load.traffic)} messages were not read within {AFTER_SECONDS} s")


def check_memory(load: Load) -> None:
    """Likewise, by process."""
    for name, sizes in sorted(load.memory.items()):
        largest = max(size for _, size in sizes)
        warm = [(at, size) for at, size in sizes if at >= min(WARM_UP_SECONDS, load.seconds / 3)]
        if name in ("a run", "other") or len(warm) < 6:
            print(f"memory: {name:<22} at most {largest / 1e6:6.0f} MB")
            continue
        third = len(warm) // 3
        first, last = (statistics.mean(size for _, size in part) for part in (warm[:third], warm[-third:]))
        print(
            f"memory: {name:<22} at most {largest / 1e6:6.0f} MB, "
            f"{first / 1e6:6.0f} in the first third, {last / 1e6:6.0f} in the last"
        )
        if last - first > max(GROWTH_BYTES, GROWTH * first):
            load.problems.append(f"memory of the {name} grew from {first / 1e6:.0f} to {last / 1e6:.0f} MB")


def check_runs(load: Load) -> None:
    """Likewise, of Dagster's runs and ticks."""
    ui = Ui(load.up)
    statuses = [run["status"] for run in ui.runs()]
    counts = {status: statuses.count(status) for status in sorted(set(statuses))}
    print(f"runs: {counts}")
    if counts.get("FAILURE"):
        failed = next(run for run in ui.runs() if run["status"] == "FAILURE")
        load.problems.append(f"{counts['FAILURE']} runs failed, the first: {ui.errors(failed['runId'])[:1]}")
    ticks = [tick for tick in ui.sensor()["ticks"] if tick["status"] == "FAILURE"]
    if ticks:
        load.problems.append(f"{len(ticks)} of the last 20 ticks failed: {ticks[0]['error']['message'][:200]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--bots", type=int, default=12)
    parser.add_argument("--most-lag", type=float, default=300, help="seconds that 95%% of messages may wait")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    parent = Path(tempfile.mkdtemp(prefix="whisper-enrich-load-"))
    parent.chmod(0o711)
    up = Up(parent, environment={})
    traffic = day_of([f"bot{number}" for number in range(options.bots)], options.seed)
    load = Load(up, traffic, options.minutes * 60)
    print(
        f"{len(traffic):,} messages of {options.bots} bots in {options.minutes:.0f} min, load {os.getloadavg()[0]:.0f}"
    )
    try:
        load.run()
        check_lag(load, options.most_lag)
        check_memory(load)
        check_runs(load)
        writes, contexts = (percentile(each, 0.95) * 1000 for each in (load.writes, load.contexts))
        print(f"p95 of a write {writes:.0f} ms, of a context {contexts:.1f} ms ({len(load.contexts):,} reads)")
        load.database.close()
        up.process.send_signal(signal.SIGINT)
        up.process.wait(timeout=60)
    finally:
        up.remove()
        shutil.rmtree(parent)
    for problem in load.problems:
        print(f"VIOLATION: {problem}")
    print("no violation" if not load.problems else f"{len(load.problems)} violations")
    sys.exit(1 if load.problems else 0)


if __name__ == "__main__":
    main()
