"""What the fault campaign runs on: the messages, a model that fails, and workers in processes of their own."""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import count, cycle
from pathlib import Path

from sqlalchemy import text

from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.model import Point
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import Settings, load_settings
from whisper_enrich.storage.profiles import set_profile
from whisper_enrich_tests.builders import said, vector
from whisper_enrich_tests.scripted_model import (
    Reply,
    Request,
    cut_body,
    empty,
    half_json,
    rate_limited,
    refusal,
    reset,
    sensible,
    server_error,
    slow,
    too_long,
    well,
    wrong_schema,
)
from whisper_enrich_tests.stages.model_workers import PRELOADED, Journal, Orders, Plan, work

BOT = "elena"
NEVER_SENT = "user-0"
"""Who opted out of the model."""
NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
PAUSE = timedelta(minutes=10)
"""How far the clock goes on from one worker to the next."""
TIMEOUT = 2.0
MOST_RUNS = 20_000

POISON = {"basilisk": refusal, "cockatrice": too_long, "wyvern": empty, "manticore": wrong_schema}
"""Words that the model never gives a usable answer to, and what it gives instead."""


_CITIES = (
    "Lisbon",
    "Porto",
    "Bergen",
    "Ghent",
    "Turin",
    "Graz",
    "Lyon",
    "Malmo",
    "Cork",
    "Bath",
    "Split",
    "Vaasa",
    "Leuven",
    "Delft",
    "Arles",
    "Tartu",
)
_THINGS = (
    "tea",
    "chess",
    "rain",
    "opera",
    "figs",
    "maps",
    "moss",
    "jazz",
    "bread",
    "rivers",
    "owls",
    "trams",
    "kites",
    "salt",
    "pears",
    "clay",
)
_DEEDS = (
    "painted",
    "mended",
    "sold",
    "bought",
    "found",
    "lost",
    "washed",
    "carried",
    "sketched",
    "borrowed",
)
_OBJECTS = (
    "kitchen",
    "bicycle",
    "lantern",
    "blanket",
    "ladder",
    "teapot",
    "fence",
    "violin",
    "carpet",
    "window",
)
_ANSWERS = ("Lovely! Tell me more.", "Where was that?", "How did that feel?", "I see.", "That sounds like a long day.")
_TRIVIAL = ("lol", "hi!", "Ha.", "ok", "Thanks!")


def words_of(rng: random.Random, number: int) -> str:
    """What a user says."""
    kind = rng.random()
    if kind < 0.12:
        return rng.choice(_TRIVIAL)
    if kind < 0.2:
        return f"I live in {rng.choice(_CITIES)}."
    if kind < 0.26:
        return f"I work as a {rng.choice(('baker', 'nurse', 'pilot', 'potter', 'tailor', 'welder'))}."
    if kind < 0.4:
        return f"I like {rng.choice(_THINGS)}."
    if kind < 0.45:
        return f"It rained again, and my number is +49 30 1234{number % 9000 + 1000}."
    return f"I {rng.choice(_DEEDS)} the {rng.choice(_OBJECTS)} in {rng.choice(_CITIES)}."


def points(options: argparse.Namespace) -> list[Point]:
    """So many messages, alike for equal options: in windows of 1 to 80 of a user, day and scope, the last closed."""
    rng = random.Random(f"messages {options.seed}")
    vectors = {which: vector(which) for which in ("content", "emotion", "semantic")}
    windows = [
        (f"user-{u}", NOW.date() - timedelta(days=d + 1), scope)
        for u in range(options.users)
        for d in range(options.days)
        for scope in ("guild", "dm")
    ]
    weights = [rng.choice((0.1, 1, 1, 1, 3)) for _ in windows]
    sizes = Counter(rng.choices(range(len(windows)), weights, k=options.messages))
    found = []
    for index, size in sorted(sizes.items()):
        user, day, channel = windows[index]
        start = datetime(day.year, day.month, day.day, rng.randint(6, 19), tzinfo=UTC)
        for i in range(size):
            number = len(found)
            is_user = i % 2 == 0
            line = words_of(rng, number) if is_user else rng.choice(_ANSWERS)
            point = said(
                line, start + timedelta(minutes=i, seconds=rng.randint(0, 40)), user=user, channel=channel,
                role="user" if is_user else "assistant", name=f"message-{number}",
            )  # fmt: skip
            found.append(Point(point.id, point.payload, vectors))
    return spoiled(found, rng)


def spoiled(found: list[Point], rng: random.Random) -> list[Point]:
    """Some messages are broken, some are reactions, some are empty; poison are six of users, and two of the bot."""
    by_role: dict[str, list[int]] = {"user": [], "assistant": []}
    for index, point in enumerate(found):
        if point.payload["user_id"] != NEVER_SENT:
            by_role[point.payload["role"]].append(index)
    poisonous = [*rng.sample(by_role["user"], 6), *rng.sample(by_role["assistant"], 2)]
    for index, word, city in zip(poisonous, cycle(POISON), _CITIES, strict=False):
        found[index] = _with(found[index], content=f"I saw a {word} near {city}.")
    others = sorted(set(range(len(found))).difference(poisonous))
    changes: tuple[dict[str, object], ...] = (
        {"user_id": None}, {"interaction_type": "emoji_reaction"}, {"content": ""}
    )  # fmt: skip
    for index, change in zip(rng.sample(others, max(3, len(found) // 200)), cycle(changes), strict=False):
        found[index] = _with(found[index], **change)
    return found


def _with(point: Point, **payload: object) -> Point:
    return Point(point.id, {**point.payload, **payload}, point.vectors)


def invented_beside(request: Request) -> Reply:
    """What a sensible model answers, and one more fact that nobody told."""
    value = json.loads(sensible(request).content or "{}")
    if value.get("facts"):
        forged = {
            **value["facts"][0],
            "quote": "I secretly own a castle in Transylvania.",
            "statement": "{user} owns a castle.",
        }
        value["facts"] = [forged, *value["facts"]]
    return well(value)


FAULTS: Mapping[str, tuple[float, object]] = {
    "429 with Retry-After": (0.03, rate_limited(1)),
    "500": (0.03, server_error(500)),
    "reset": (0.02, reset()),
    "body breaks off": (0.01, cut_body()),
    "time-out": (0.006, slow(TIMEOUT + 1)),
    "half JSON": (0.02, half_json()),
    "wrong schema": (0.02, wrong_schema()),
    "empty": (0.02, empty()),
    "refusal": (0.02, refusal()),
    "too long": (0.02, too_long()),
    "slow": (0.04, None),
    "invented quotes": (0.06, None),
}
"""How often each comes, and what is answered; None where the answer is good for all that."""


class FaultyModel:
    """Answers by the hash of the question, the seed and how often it was put before; keeps a record of what it served.

    Each good answer comes from a model of a name of its own, by which it is recognised in the ledger of calls.
    """

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.faulty = False
        self.poisoned = False
        self.kinds: Counter[str] = Counter()
        self.good: dict[str, str] = {}
        self._asked: Counter[str] = Counter()
        self._serials = count(1)
        self._lock = threading.Lock()

    def start(self, *, faulty: bool, poisoned: bool) -> None:
        """Another part of the campaign."""
        self.faulty, self.poisoned = faulty, poisoned
        self.kinds, self._asked, self.good = Counter(), Counter(), {}

    @property
    def requests(self) -> int:
        """Since the start of this part."""
        return self.kinds.total()

    def __call__(self, request: Request) -> Reply:
        question = hashlib.sha256(f"{request.schema_name}/{request.material}".encode()).hexdigest()
        with self._lock:
            serial = f"scripted#{next(self._serials)}"
            drawn = random.Random(f"{self.seed}/{question}/{self._asked[question]}").random()
            self._asked[question] += 1
            kind, reply = self._choose(request, drawn)
            self.kinds[kind] += 1
            if kind in GOOD and request.schema_name != "probe":
                self.good[serial] = question
        return replace(reply, model=serial)

    def _choose(self, request: Request, drawn: float) -> tuple[str, Reply]:
        poison = next((word for word in POISON if self.poisoned and word in request.material), None)
        if poison is not None:
            return "poison", POISON[poison]()
        for kind, (share, reply) in FAULTS.items() if self.faulty else ():
            drawn -= share
            if drawn < 0:
                return kind, self._faulty(kind, reply, request)
        return "good", sensible(request)

    def _faulty(self, kind: str, reply: object, request: Request) -> Reply:
        if kind == "slow":
            return slow(0.3, sensible(request))
        return reply if isinstance(reply, Reply) else invented_beside(request)


GOOD = frozenset({"good", "slow", "invented quotes"})


class World:
    """The same messages once more, with a database schema of their own."""

    def __init__(self, home: Path, name: str, model_url: str, messages: Sequence[Point]) -> None:
        self.settings: Settings = load_settings(
            whisper_enrich_home=home / "state", postgres_schema=name, enrichment_start_date="2026-01-01",
            enrichment_engine="llm", llm_chat_api_url=model_url, llm_chat_model="scripted",
            llm_timeout_seconds=TIMEOUT, llm_max_retries=1, llm_concurrency=4, llm_chunk_tokens=800,
        )  # fmt: skip
        self.root = home / name
        self.journal = Journal(home / f"{name}.journal")
        self.now = NOW
        self.runs = 0
        self.killed_from_outside = 0
        store = EdgeStore(self.root, self.settings.qdrant_collection_prefix)
        self.pipeline = Pipeline(self.settings, clock=lambda: self.now, store=store)
        self.ctx = self.pipeline.context("campaign")
        self.bot = store.create_collection(BOT)
        for start in range(0, len(messages), 1000):
            store.upsert(self.bot.collection, messages[start : start + 1000])
        with self.ctx.database.begin() as connection:
            set_profile(connection, NEVER_SENT, model_opt_out=True)
        self._processes = multiprocessing.get_context("forkserver")
        self._processes.set_forkserver_preload(["__main__", *PRELOADED])

    def run(self, plan: Plan | None = None, days: Sequence[date] | None = None, within: float | None = None) -> bool:
        """One worker; after ``within`` seconds it is killed. True where it lived to its end."""
        self.runs += 1
        orders = Orders(
            self.settings, self.root, BOT, f"run-{self.runs}", self.now, self.journal.path, plan, days
        )  # fmt: skip
        process = self._processes.Process(target=work, args=(orders,))
        process.start()
        process.join(within)
        if process.is_alive():
            process.kill()
            self.killed_from_outside += 1
        process.join()
        if process.exitcode not in (0, -9):
            sys.exit(f"A worker ended with {process.exitcode}: that is a fault of the campaign.")
        self.now += PAUSE
        return process.exitcode == 0

    def drain(self, plan: Plan, moments: Iterator[float] | None = None, at_most: int = 20) -> None:
        """Workers, one after the other, until nothing is left to do. Every third is killed at one of the ``moments``."""
        for number in range(at_most):
            moment = next(moments, None) if moments is not None and number % 3 == 2 else None
            alive = self.run(plan if moment is None else Plan(), within=moment)
            if number % 50 == 49:
                waiting = self.rows(
                    "SELECT count(*) FROM message_ledger WHERE 'waiting' IN (facts_state, summary_state)"
                )
                print(f"  after {number + 1} runs {waiting[0][0]:,} messages wait", flush=True)
            if alive and not self.open():
                return
        failed = self.journal.lines("failed")[-2:]
        sys.exit(f"After {at_most:,} runs there is still something to do; runs failed last with {failed}.")

    def open(self) -> bool:
        """Whether anything waits. Where nothing may be worked on yet, the clock is put forward."""
        waits = "'waiting' IN (facts_state, summary_state, mark_state)"
        [[waiting, next_at]] = self.rows(
            f"SELECT count(*), min(least(coalesce(facts_next_at, '-infinity'), coalesce(summary_next_at, '-infinity'))) "
            f"FROM message_ledger WHERE {waits}"
        )
        if not waiting:
            return self.ctx.store.count(self.bot.collection, unmarked_for=self.ctx.ledger_id) > 0
        if next_at is not None and isinstance(next_at, datetime):
            self.now = max(self.now, next_at)
        return True

    def rows(self, query: str) -> list[tuple]:
        """What a query finds."""
        with self.ctx.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query))]

    def column(self, query: str) -> set:
        """The values of its one column."""
        return {value for (value,) in self.rows(query)}

    def all_days(self) -> list[date]:
        """Of all messages."""
        return sorted(self.column("SELECT DISTINCT day FROM message_ledger"))
