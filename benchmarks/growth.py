"""How storage grows: bytes for every 1,000 messages in our tables, the vectors of summaries, and Dagster's log for every run.

    python benchmarks/growth.py                       10,000 messages of one bot, 50 users, 20 days
    python benchmarks/growth.py --messages 40000 --users 200

The first half of the days is enriched in one run, the second in one run a day, as live work is; what is printed is the
difference that the second half makes, so that what is there from the beginning does not count. Tables are vacuumed before
they are measured, not packed: the figures have the room for updates that a running database has. At the end all runs are tidied
as if they were old.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sqlite3
import tempfile
import time
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# As in the runs that the sensor launches.
os.environ["ENRICHMENT_METADATA_PICTURES"] = "false"

from click.testing import CliRunner
from pipeline import BOT, messages
from sqlalchemy import text

import whisper_enrich.definitions  # noqa: F401 - before any asset: it silences what Dagster warns of
from whisper_enrich.automation.dagster_events import drop_events
from whisper_enrich.cli import main as command
from whisper_enrich.cli.instance import dagster_instance
from whisper_enrich.messages.bots import summaries_collection
from whisper_enrich.resources.pipeline import Pipeline, open_store, opened
from whisper_enrich.settings import Settings, load_settings
from whisper_enrich.stages.consolidation import consolidate
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

_SIZES = """
SELECT c.relname AS name, pg_table_size(c.oid) AS table_bytes, pg_indexes_size(c.oid) AS index_bytes
FROM pg_class c WHERE c.relnamespace = CAST(:schema AS regnamespace) AND c.relkind = 'r'
"""


@dataclass
class Sizes:
    """Bytes of tables and of their indexes, of the folder of summary vectors, of Dagster's files; runs and events."""

    tables: Counter[str] = field(default_factory=Counter)
    indexes: Counter[str] = field(default_factory=Counter)
    rows: Counter[str] = field(default_factory=Counter)
    vectors: int = 0
    dagster: Counter[str] = field(default_factory=Counter)
    runs: int = 0


def measured(settings: Settings) -> Sizes:
    """What there is now."""
    sizes = Sizes()
    with opened(Pipeline(settings)) as pipeline:
        engine = pipeline.database.engine.execution_options(isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
            for row in connection.execute(text(_SIZES), {"schema": settings.postgres_schema}):
                sizes.tables[row.name], sizes.indexes[row.name] = row.table_bytes, row.index_bytes
                count = text(f"SELECT count(*) FROM {row.name}")
                sizes.rows[row.name] = connection.execute(count).scalar_one()
    sizes.vectors = _bytes(settings.qdrant_folder / summaries_collection(BOT))
    storage = settings.home / "dagster" / "storage"
    shards = [path for path in storage.rglob("*.db*") if path.name.split(".")[0].count("-") == 4]
    sizes.runs = sum(path.suffix == ".db" for path in shards)
    sizes.dagster["steps and logs of the runs"] = sum(map(_bytes, shards))
    others = [path for path in storage.rglob("*.db*") if path not in shards]
    sizes.dagster["materialisations, runs, ticks"] = sum(map(_bytes, others))
    sizes.dagster["what the runs printed"] = _bytes(settings.home / "dagster" / "logs") + sum(
        map(_bytes, storage.glob("*/compute_logs"))
    )
    return sizes


def _bytes(path: Path) -> int:
    """On the disk: the engine's files are larger than what is in them."""
    if not path.exists():
        return 0
    paths = path.rglob("*") if path.is_dir() else [path]
    return sum(each.stat().st_blocks * 512 for each in paths if each.is_file())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--days", type=int, default=20)
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-bench-"))
    home.chmod(0o711)
    os.chdir(home)
    os.environ["WHISPER_ENRICH_HOME"] = str(home / "state")
    postgres = EmbeddedPostgres(home / "state")
    try:
        postgres.acquire()
        run(arguments, load_settings())
    finally:
        postgres.remove(force=True)
        shutil.rmtree(home)


def run(arguments: argparse.Namespace, settings: Settings) -> None:
    """Both halves, and what the second one added."""
    end = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    first = end - timedelta(days=arguments.days)
    days = [(first + timedelta(days=i)).date() for i in range(arguments.days)]
    half = len(days) // 2
    points = [point for batch in messages(arguments.messages, arguments.users, arguments.days, end) for point in batch]
    middle = (first + timedelta(days=half)).timestamp()
    earlier = [point for point in points if point.payload["timestamp_unix"] < middle]
    later = [point for point in points if point.payload["timestamp_unix"] >= middle]
    store = open_store(settings, wait_seconds=30)
    bot = store.create_collection(BOT)
    store.upsert(bot.collection, earlier)
    invoke("enrich", "--from", days[0], "--to", days[half - 1])
    invoke("rollup")
    before = measured(settings)
    for day in days[half:]:
        store.upsert(bot.collection, [p for p in later if p.payload["timestamp"].startswith(day.isoformat())])
        invoke("enrich", "--from", day, "--to", day)
    invoke("rollup")
    after = measured(settings)
    show(before, after, len(later))
    tidied(settings, after)
    consolidated(settings)


def invoke(*arguments: object) -> None:
    """A command of the command line, in this process."""
    done = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if done.exit_code:
        raise SystemExit(f"{arguments}: {done.output}")


def show(before: Sizes, after: Sizes, added: int) -> None:
    """What 1,000 messages, and a run, took."""
    thousands = added / 1000
    print(f"{added} messages, {after.runs - before.runs} runs of a day each; kB for every 1,000 messages\n")
    print(f"{'table':<34}{'rows':>9}{'table':>10}{'indexes':>10}{'both':>10}")
    names = sorted(after.tables, key=lambda name: -(_grown(before, after, name)))
    for name in names:
        if _grown(before, after, name):
            tables, indexes = after.tables[name] - before.tables[name], after.indexes[name] - before.indexes[name]
            rows = (after.rows[name] - before.rows[name]) / thousands
            print(
                f"{name:<34}{rows:>9,.0f}{_kb(tables, thousands)}{_kb(indexes, thousands)}{_kb(tables + indexes, thousands)}"
            )
    tables = after.tables.total() - before.tables.total()
    indexes = after.indexes.total() - before.indexes.total()
    print(f"{'all':<34}{'':>9}{_kb(tables, thousands)}{_kb(indexes, thousands)}{_kb(tables + indexes, thousands)}")
    print(f"{'vectors of summaries':<34}{'':>9}{_kb(after.vectors - before.vectors, thousands)}")
    print("\nDagster, kB for every run of one bot and day")
    for name, size in after.dagster.items():
        print(f"{name:<34}{'':>9}{_kb(size - before.dagster[name], after.runs - before.runs)}")


def _grown(before: Sizes, after: Sizes, name: str) -> int:
    return after.tables[name] + after.indexes[name] - before.tables[name] - before.indexes[name]


def _kb(size: int, by: float) -> str:
    return f"{size / 1000 / by:>10,.1f}"


def tidied(settings: Settings, after: Sizes) -> None:
    """What is left of Dagster's log when the runs are old; in PostgreSQL it holds each event once, in one table."""
    storage = settings.home / "dagster" / "storage"
    before = _events(storage)
    with dagster_instance(settings) as instance:
        drop_events(instance, datetime.now(UTC) + timedelta(days=1), dry_run=False)
    left, kept = measured(settings), _events(storage)
    name = "steps and logs of the runs"
    print("\ntidied, as if all runs were old")
    print(f"{name}, files: {after.dagster[name] / 1000 / after.runs:,.1f} kB a run before, ", end="")
    print(f"{left.dagster[name] / 1000 / left.runs:,.1f} after")
    for what, (events, size) in (("before", before), ("after", kept)):
        print(f"events {what}: {events / after.runs:,.0f} a run, {size / 1000 / after.runs:,.1f} kB")


def consolidated(settings: Settings) -> None:
    """What folding everybody anew takes where nothing has changed, PostgreSQL not counted."""
    with opened(Pipeline(settings)) as pipeline:
        ctx = pipeline.context("growth")
        started, cpu = time.perf_counter(), time.process_time()
        users = consolidate(ctx, dry_run=False).users
    wall, cpu = time.perf_counter() - started, time.process_time() - cpu
    print(f"facts of {users} users folded anew: {1000 * cpu / users:.1f} ms of CPU a user, {wall:.1f} s in all")


def _events(storage: Path) -> tuple[int, int]:
    """The events of all runs, and the bytes of their texts."""
    events = size = 0
    for path in storage.rglob("*.db"):
        if path.name.count("-") == 4:
            with closing(sqlite3.connect(path)) as connection:
                found = connection.execute(
                    "SELECT count(*), coalesce(sum(length(event)), 0) FROM event_logs"
                ).fetchone()
            events, size = events + found[0], size + found[1]
    return events, size


if __name__ == "__main__":
    main()
