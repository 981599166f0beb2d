"""Messages per second and peak memory of the pipeline, without Dagster and without a language model.

    python benchmarks/pipeline.py                      10,000 messages of one bot, 12 users, 14 days
    python benchmarks/pipeline.py --messages 100000    memory at 100,000 messages
    taskset -c 0 python benchmarks/pipeline.py         on one core (the embedded PostgreSQL then shares it)

The words are those of the sample conversations, over and over with a running number, so that no two messages are equal;
the vectors are the sample's. Loading is not counted; what is, is intake, facts, summaries and marks, with the embedded
engines. Peak memory is that of this process (PostgreSQL is another): resident, and of that anonymous, since the message
store maps its files.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

# As the command line and the definitions do, before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

from whisper_enrich.facts.extractive import ENGINE_VERSION as FACTS_VERSION
from whisper_enrich.facts.extractive import extract
from whisper_enrich.messages.model import Point
from whisper_enrich.resources.pipeline import Pipeline, open_store
from whisper_enrich.sample.conversations import sample_points
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.completion import complete_days, mark_left_out
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.summaries import Engine, summarise_days
from whisper_enrich.storage import overview
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.summaries.extractive import ENGINE_VERSION as SUMMARY_VERSION
from whisper_enrich.summaries.extractive import input_hash, summarise

BOT = "bench"
BATCH = 1000


def messages(count: int, users: int, days: int, end: datetime) -> Iterator[list[Point]]:
    """Batches of points like those of today's bots."""
    originals = [
        point
        for points in sample_points(end).values()
        for point in points
        if point.payload.get("role") in ("user", "assistant") and point.vectors
    ]
    step = timedelta(days=days) / count
    batch = []
    for i in range(count):
        original = originals[i % len(originals)]
        when = end - timedelta(days=days) + i * step
        payload = {
            **original.payload,
            "user_id": f"user-{i // 12 % users}",
            "content": f"{original.payload['content']} ({i})",
            "timestamp": when.replace(tzinfo=None).isoformat(),
            "timestamp_unix": when.timestamp(),
        }
        batch.append(Point(str(uuid5(NAMESPACE_URL, f"bench-{i}")), payload, original.vectors))
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


class Memory:
    """Peak anonymous memory, sampled ten times a second, and peak resident memory, in MB."""

    def __enter__(self) -> Memory:
        self.anonymous = 0.0
        self.resident = 0.0
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def _watch(self) -> None:
        while not self._done.wait(0.1):
            fields = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
            self.anonymous = max(self.anonymous, int(fields["RssAnon"].split()[0]) / 1024)
            self.resident = max(self.resident, int(fields["VmRSS"].split()[0]) / 1024)

    def __exit__(self, *error: object) -> None:
        self._done.set()
        self._thread.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=12)
    parser.add_argument("--days", type=int, default=14)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-bench-"))
    home.chmod(0o711)
    try:
        run(arguments, home / "state")
    finally:
        EmbeddedPostgres(home / "state").remove(force=True)
        shutil.rmtree(home)


def fill(arguments: argparse.Namespace, state: Path, end: datetime) -> None:
    """Write the messages into the store."""
    settings = load_settings(whisper_enrich_home=state)
    store = open_store(settings, wait_seconds=30)
    bot = store.create_collection(BOT)
    for batch in messages(arguments.messages, arguments.users, arguments.days, end):
        store.upsert(bot.collection, batch)


def run(arguments: argparse.Namespace, state: Path) -> None:
    pipeline = Pipeline(load_settings(whisper_enrich_home=state))
    ctx = pipeline.context("bench")
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    bot = ctx.store.create_collection(BOT)
    # In a process of its own, so that what loading leaves in memory is not counted.
    filler = multiprocessing.get_context("spawn").Process(target=fill, args=(arguments, state, end))
    filler.start()
    filler.join()
    if filler.exitcode:
        raise SystemExit("The messages could not be loaded.")
    print(f"{arguments.messages} messages, {arguments.users} users, {arguments.days} days, on {_cores()} core(s)")
    seconds: dict[str, float] = {}
    with Memory() as memory:
        for name, stage in (("intake", _intake), ("facts", _facts), ("summaries", _summaries), ("marks", _marks)):
            started, cpu = time.perf_counter(), time.process_time()
            stage(ctx, bot)
            seconds[name] = time.perf_counter() - started
            print(f"  {name:<10} {seconds[name]:7.2f} s   (CPU of this process {time.process_time() - cpu:6.2f} s)")
    total = sum(seconds.values())
    print(f"  {'all':<10} {total:7.2f} s   {arguments.messages / total:,.0f} messages a second")
    with ctx.database.connect() as connection:
        status = overview.day_statuses(connection, ctx.clock())
    print(
        f"  done {sum(s.done for s in status)}, waiting {sum(s.pending + s.open_window for s in status)}, "
        f"assertions {sum(s.facts for s in status)}, summaries {sum(s.summaries for s in status)}"
    )
    print(f"  peak memory: {memory.resident:.0f} MB resident, {memory.anonymous:.0f} MB of it anonymous")
    pipeline.close()


def _cores() -> int:
    return len(os.sched_getaffinity(0))


def _due(ctx, bot):
    with ctx.database.connect() as connection:
        return sorted(overview.due_days(connection, ctx.clock())[bot.bot_name])


def _intake(ctx, bot) -> None:
    take_in(ctx, bot)
    mark_left_out(ctx, bot)


def _facts(ctx, bot) -> None:
    extract_facts(ctx, bot, _due(ctx, bot), extract, FACTS_VERSION)


def _summaries(ctx, bot) -> None:
    summarise_days(ctx, bot, _due(ctx, bot), Engine(summarise, input_hash, SUMMARY_VERSION))


def _marks(ctx, bot) -> None:
    complete_days(ctx, bot, _due(ctx, bot))


if __name__ == "__main__":
    main()
