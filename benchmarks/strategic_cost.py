"""What the strategic engines cost: seven engines for one long history, and a bot of 200 users through the stages.

    python benchmarks/strategic_cost.py                 a user of 5,000 messages, then a bot of 200 users
    python benchmarks/strategic_cost.py --profile       and where the time goes, by function
    taskset -c 0 python benchmarks/strategic_cost.py    on one core (the embedded PostgreSQL then shares it)

Talks are those of the sample conversations, stretched (`strategic_cost_talks.py`), with their vectors; facts are the extractive
engine's. Loading the store is not counted. Times of single engines are medians after one warm-up. Beside the time on the clock
stands the CPU that this process and the embedded PostgreSQL spent: what it would take on one core that does nothing else.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import os
import pstats
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

# As the command line and the definitions do, before numpy is loaded.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

import numpy as np
import psutil
from sqlalchemy import text
from strategic_cost_talks import talk_of

from whisper_enrich.facts.extractive import ENGINE_VERSION as FACTS_VERSION
from whisper_enrich.facts.extractive import extract
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.facts import extract_facts
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.stages.strategic_histories import known_of, uncollected
from whisper_enrich.storage import overview
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.strategic_caches import BY_NAME
from whisper_enrich.strategic.days import course_of
from whisper_enrich.strategic.engines import ENGINES, Surroundings, computed_of
from whisper_enrich.strategic.history import History

NOW = datetime(2026, 6, 1, 18, tzinfo=UTC)
BATCH = 1000


@dataclass(frozen=True)
class Took:
    """Seconds: on the clock, CPU of this process, CPU of PostgreSQL (to a hundredth)."""

    wall: float = 0.0
    cpu: float = 0.0
    postgres: float = 0.0

    def __str__(self) -> str:
        both = f"{self.cpu * 1000:8.1f} + {self.postgres * 1000:.0f}" if self.postgres else f"{self.cpu * 1000:8.1f}"
        return f"{self.wall * 1000:9.1f} ms   (CPU {both} ms)"

    def __add__(self, other: Took) -> Took:
        return Took(self.wall + other.wall, self.cpu + other.cpu, self.postgres + other.postgres)


class PostgresCpu:
    """Counts what the embedded server's processes have spent."""

    def __init__(self) -> None:
        self.server: psutil.Process | None = None

    def watch(self, home: Path) -> None:
        """Find the server of this state folder."""
        (found,) = home.rglob("postmaster.pid")
        self.server = psutil.Process(int(found.read_text().split()[0]))

    def __call__(self) -> float:
        if self.server is None:
            return 0.0
        own = self.server.cpu_times()
        children = [child.cpu_times() for child in self.server.children()]
        # Of children that have ended, the server knows.
        return (
            own.user + own.system + own.children_user + own.children_system + sum(c.user + c.system for c in children)
        )


POSTGRES = PostgresCpu()


def timed(work: Callable[[], Any]) -> tuple[Took, Any]:
    """One execution."""
    wall, cpu, postgres = time.perf_counter(), time.process_time(), POSTGRES()
    result = work()
    return Took(time.perf_counter() - wall, time.process_time() - cpu, max(0.0, POSTGRES() - postgres)), result


def usual(work: Callable[[], Any], repeats: int) -> tuple[Took, Any]:
    """Medians over ``repeats`` executions after one that does not count, and the last result."""
    work()
    took = [timed(work) for _ in range(repeats)]
    # The server's clock ticks too seldom for a median.
    postgres = sum(t.postgres for t, _ in took) / repeats
    return Took(median(t.wall for t, _ in took), median(t.cpu for t, _ in took), postgres), took[-1][1]


def main() -> None:
    """Measure in a state folder of its own, removed afterwards."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=5000, help="of the long history")
    parser.add_argument("--days", type=int, default=365, help="over which talks are spread")
    parser.add_argument("--users", type=int, default=200, help="of the bot")
    parser.add_argument("--mean", type=int, default=120, help="messages of one of them, on average")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--profile", action="store_true")
    arguments = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-bench-"))
    home.chmod(0o711)
    pipeline = Pipeline(load_settings(whisper_enrich_home=home / "state"), clock=lambda: NOW)
    print(f"on {len(os.sched_getaffinity(0))} core(s), load {os.getloadavg()[0]:.1f}")
    try:
        ctx = pipeline.context("bench")
        POSTGRES.watch(home)
        one_long_history(ctx, arguments)
        a_bot(ctx, arguments)
    finally:
        pipeline.close()
        EmbeddedPostgres(home / "state").remove(force=True)
        shutil.rmtree(home)


def fill(ctx: StageContext, bot_name: str, sizes: dict[str, int], days: int) -> BotCollection:
    """A bot with users of so many messages, as far as intake and facts."""
    bot = ctx.store.create_collection(bot_name)
    batch = []
    for user_id, messages in sizes.items():
        for point in talk_of(user_id, messages, days, NOW):
            batch.append(point)
            if len(batch) == BATCH:
                ctx.store.upsert(bot.collection, batch)
                batch = []
    ctx.store.upsert(bot.collection, batch)
    take_in(ctx, bot)
    with ctx.database.connect() as connection:
        due = sorted(overview.due_days(connection, ctx.clock())[bot_name])
    extract_facts(ctx, bot, due, extract, FACTS_VERSION)
    with ctx.database.begin() as connection:
        connection.execute(text("ANALYZE"))
    return bot


def make_features(ctx: StageContext, bot: BotCollection) -> None:
    """Features of everything, and what they cost."""
    took, _ = timed(lambda: bring_features_up_to_date(ctx, bot, [NOW.date()]))
    messages = scalar(ctx, "SELECT sum(messages) FROM strategic_features WHERE bot_name = :bot", bot.bot_name)
    days = scalar(ctx, "SELECT count(*) FROM strategic_features WHERE bot_name = :bot", bot.bot_name)
    with ctx.database.begin() as connection:
        connection.execute(text("ANALYZE"))
    a_message = f"{took.wall * 1000 / messages:.3f} ms a message (CPU {took.cpu * 1000 / messages:.3f})"
    print(f"  features of {messages} messages on {days} user-days: {took}, {a_message}")


def one_long_history(ctx: StageContext, arguments: argparse.Namespace) -> None:
    """A user alone with a bot."""
    print(f"\na user of {arguments.messages} messages, over {arguments.days} days")
    bot = fill(ctx, "long", {"long": arguments.messages}, arguments.days)
    make_features(ctx, bot)
    history = _reading(ctx, arguments.repeats)
    print(
        f"  {len(history.turns)} turns, {len(history.segments)} segments, {len(history.mentions)} mentions, "
        f"{len(history.facts)} facts, {len(history.open_items)} open items, {len(history.reactions)} reactions"
    )
    total = Took()
    for engines in ENGINES.values():
        for name, engine in engines.items():
            took, _ = usual(lambda engine=engine, name=name: _one(engine, name, _afresh(history)), arguments.repeats)
            total += took
            print(f"    {name:<24} {took}")
    print(f"  {'seven engines':<26} {total}")
    together, _ = usual(lambda: _everything(ctx), arguments.repeats)
    print(f"  {'and read from PostgreSQL':<26} {together}")
    if arguments.profile:
        show("reading and seven engines", lambda: _everything(ctx))


def _reading(ctx: StageContext, repeats: int) -> History:
    """What is stored, step by step; returns the history."""
    statement = text("SELECT day, features FROM strategic_features WHERE bot_name = 'long' ORDER BY day")

    def fetch() -> Sequence[Any]:
        with ctx.database.connect() as connection:
            return connection.execute(statement).all()

    fetched, rows = usual(fetch, repeats)
    decoded, _ = usual(lambda: course_of([(row.day, row.features) for row in rows]), repeats)
    known, history = usual(lambda: _history(ctx), repeats)
    print(f"    {'features fetched':<24} {fetched}\n    {'decoded':<24} {decoded}")
    print(f"  {'history, facts and all':<26} {known}")
    return history


def _history(ctx: StageContext) -> History:
    with ctx.database.connect() as connection, uncollected():
        (known,) = known_of(connection, "long", ["long"])
    return known.now(NOW)


def _afresh(history: History) -> History:
    """Without what an engine before has computed and left in it."""
    parts = {name: value for name, value in vars(history).items() if name in History.__dataclass_fields__}
    return History(**{**parts, "mentions": history.mentions[:]})


def _one(engine: Callable[..., Any], name: str, history: History) -> None:
    computed_of({name: engine(history, Surroundings())})


def _everything(ctx: StageContext) -> None:
    history = _history(ctx)
    for engines in ENGINES.values():
        for name, engine in engines.items():
            _one(engine, name, history)


def sizes_of(users: int, mean: int) -> dict[str, int]:
    """Heavy-tailed, as pairs of a bot are: half of the users write under half of the mean."""
    drawn = np.random.default_rng(7).lognormal(0.0, 1.2, users)
    return {f"user-{i:03d}": max(2, round(size)) for i, size in enumerate(drawn / drawn.mean() * mean)}


def a_bot(ctx: StageContext, arguments: argparse.Namespace) -> None:
    """Users of all sizes, through the stages."""
    sizes = sizes_of(arguments.users, arguments.mean)
    low, half, high = np.percentile(list(sizes.values()), [0, 50, 100])
    print(f"\na bot of {len(sizes)} users, {low:.0f} to {high:.0f} messages, median {half:.0f}")
    bot = fill(ctx, "many", sizes, arguments.days)
    make_features(ctx, bot)
    cycle(ctx, bot, "all rows, and their snapshots of today", by_cache=True, profile=arguments.profile)
    cycle(ctx, bot, "again, with no news")
    _say_something(ctx, bot, next(iter(sizes)))
    cycle(ctx, bot, "one user of them with a new message")
    _older_days(ctx, bot)
    _bytes(ctx)


def cycle(ctx: StageContext, bot: BotCollection, what: str, *, by_cache: bool = False, profile: bool = False) -> None:
    """What the assets of a run do after intake and facts, for today."""
    today = [NOW.date()]
    took: dict[str, Took] = {}
    rows: dict[str, int] = {}
    took["features"], _ = timed(lambda: bring_features_up_to_date(ctx, bot, today))
    profiler = cProfile.Profile()
    for cache in BY_NAME:
        if profile:
            profiler.enable()
        took[cache], done = timed(lambda cache=cache: compute_caches(ctx, bot, today, cache))
        profiler.disable()
        rows[cache] = sum(result.rows for result in done.values())
    if by_cache:
        for name, one in took.items():
            print(f"    {name:<36} {one}   {rows.get(name, '')}")
    total = sum(took.values(), Took())
    print(f"  {what:<42} {total}, rows {sorted(set(rows.values()))} a cache")
    if profile:
        table(what, profiler)


def _say_something(ctx: StageContext, bot: BotCollection, user_id: str) -> None:
    points = list(talk_of("new", 1, 1, NOW))
    words = points[0]
    payload = {
        **words.payload,
        "user_id": user_id,
        "timestamp": (NOW - timedelta(minutes=1)).replace(tzinfo=None).isoformat(),
    }
    ctx.store.upsert(bot.collection, [type(words)(words.id, payload, words.vectors)])
    take_in(ctx, bot)


def _older_days(ctx: StageContext, bot: BotCollection) -> None:
    """A first import writes the snapshots of earlier days too: of a week of them here."""
    days = [NOW.date() - timedelta(days=back) for back in range(1, 8)]
    took = []
    snapshots = 0
    for cache in BY_NAME:
        one, done = timed(lambda cache=cache: compute_caches(ctx, bot, days, cache))
        took.append(one)
        snapshots += sum(result.snapshots for result in done.values())
    total = sum(took, Took())
    print(f"  {'snapshots of the week before':<42} {total}, {snapshots} snapshots")


def _bytes(ctx: StageContext) -> None:
    """As PostgreSQL counts, TOAST and indexes included, of both bots."""
    messages = scalar(ctx, "SELECT sum(messages) FROM strategic_features")
    users = scalar(ctx, "SELECT count(*) FROM strategic_memory_health")
    features = scalar(ctx, "SELECT pg_total_relation_size('strategic_features')")
    print(f"\nstored: features of 1,000 messages {features / messages:.0f} kB ({messages} messages)")
    for cache in BY_NAME:
        size = scalar(ctx, f"SELECT pg_total_relation_size('{cache}')")
        print(f"    {cache:<36} {size / users / 1000:7.1f} kB a user")
    count = scalar(ctx, "SELECT count(*) FROM strategic_snapshots")
    size = scalar(ctx, "SELECT pg_total_relation_size('strategic_snapshots')")
    print(f"    {'strategic_snapshots':<36} {size / count / 1000:7.1f} kB each, {count} of them")


def scalar(ctx: StageContext, query: str, bot: str | None = None) -> Any:
    """One value."""
    with ctx.database.connect() as connection:
        return connection.execute(text(query), {"bot": bot} if bot else {}).scalar_one()


def show(what: str, work: Callable[[], Any]) -> None:
    """Profile one execution."""
    profiler = cProfile.Profile()
    profiler.runcall(work)
    table(what, profiler)


def table(what: str, profiler: cProfile.Profile) -> None:
    """The functions that took the most time by themselves, and those under which it passed."""
    for order in ("tottime", "cumulative"):
        out = io.StringIO()
        pstats.Stats(profiler, stream=out).strip_dirs().sort_stats(order).print_stats(30)
        print(f"\n{what}, by {order}\n" + "\n".join(out.getvalue().splitlines()[6:]))


if __name__ == "__main__":
    main()
