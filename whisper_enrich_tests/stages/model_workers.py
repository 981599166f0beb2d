"""Workers with a model that meet their end at a chosen instant, each in a process of its own if need be.

An instant has a name, its place: before, within and after each transaction, before and after each call to the store and
to the model. A `Plan` says at which occurrence of which place a worker is killed (SIGKILL, as by ``kill -9``), or an
error is raised. Occurrences are counted over all workers of a campaign: they note every instant in a `Journal`.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, Literal

from sqlalchemy import text

from whisper_enrich.assets.engines import derive_facts, derive_summaries
from whisper_enrich.errors import DatabaseUnavailable, StoreUnavailable
from whisper_enrich.llm.client import AsksModel, ChatClient
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.llm.types import Answer, Prompt
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import Settings
from whisper_enrich.stages.completion import complete_days, mark_left_out
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import take_in
from whisper_enrich_tests.builders import due

PRELOADED = [
    "whisper_enrich_tests.stages.model_workers", "whisper_enrich.stages.model_facts", "whisper_enrich.stages.model_summaries",
    "openai", "httpx2", "json_repair", "psycopg2", "qdrant_edge", "sqlalchemy.dialects.postgresql.psycopg2", "tenacity",
]  # fmt: skip
"""For `multiprocessing`'s forkserver: what a worker needs, imported once."""

Act = Literal["kill", "raise"]
Instant = Callable[[str], None]


class Injected(Exception):
    """What a call to the model raises where a plan says so."""


def error_at(place: str) -> Exception:
    """The error that somebody who uses the thing at ``place`` is prepared for."""
    if place.startswith("store."):
        return StoreUnavailable(f"Injected at {place}.")
    return Injected(place) if place.startswith("model:") else DatabaseUnavailable(f"Injected at {place}.")


@dataclass(frozen=True)
class Plan:
    """What happens from which occurrence of each place on, once each; places that are not in ``acts`` get ``otherwise``."""

    acts: Mapping[str, Mapping[int, Act]] = field(default_factory=dict)
    otherwise: Mapping[int, Act] = field(default_factory=dict)

    def act(self, place: str, occurrence: int, done: int) -> Act | None:
        """What happens now, None for nothing. ``done`` acts have happened at this place before."""
        due = sorted(self.acts.get(place, self.otherwise).items())[done:]
        return due[0][1] if due and due[0][0] <= occurrence else None


class Journal:
    """Lines of a file that are there even if their writer is killed the next moment."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def note(self, *words: str) -> None:
        """Add one line."""
        opened_file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(opened_file, ("\t".join(words) + "\n").encode())
        finally:
            os.close(opened_file)

    def lines(self, kind: str) -> list[str]:
        """What the lines of a kind say."""
        if not self.path.exists():
            return []
        found = (line.split("\t", 1) for line in self.path.read_text().splitlines())
        return [words for first, words in found if first == kind]

    def swallowed(self) -> list[str]:
        """Where an error was raised in a run that went on to its end without any failure."""
        found: list[str] = []
        raised: list[str] = []
        for line in self.path.read_text().splitlines():
            kind, _, words = line.partition("\t")
            if kind in ("begun", "failed"):
                raised = []
            elif kind == "raise":
                raised.append(words)
            elif kind == "ended":
                found += raised
        return found

    def seen(self) -> Counter[str]:
        """How often each place was passed so far, or was the last one."""
        return Counter(self.lines("at"))


class Instants:
    """Counts the occurrences of places, and does what the plan says."""

    def __init__(self, plan: Plan, journal: Journal) -> None:
        self._plan = plan
        self._journal = journal
        self._seen = journal.seen()
        self._done = Counter(journal.lines("kill") + journal.lines("raise"))
        self._lock = threading.Lock()

    def __call__(self, place: str) -> None:
        with self._lock:
            self._seen[place] += 1
            act = self._plan.act(place, self._seen[place], self._done[place])
            self._journal.note("at", place)
            if act is not None:
                self._done[place] += 1
                self._journal.note(act, place)
            if act == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
        if act == "raise":
            raise error_at(place)


class WatchedStore:
    """A store with an instant before and after each call, and before each page of a scan."""

    def __init__(self, store: Any, instant: Instant) -> None:
        self._store = store
        self._instant = instant

    def scan(self, *arguments: Any, **named: Any) -> Iterator[list]:
        for page in self._store.scan(*arguments, **named):
            self._instant("store.scan: a page")
            yield page

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **named: Any) -> Any:
            self._instant(f"store.{name}: before")
            result = getattr(self._store, name)(*arguments, **named)
            self._instant(f"store.{name}: after")
            return result

        return call


class WatchedDatabase:
    """A database with an instant before each reading, and before, within and after each transaction."""

    def __init__(self, database: Any, instant: Instant) -> None:
        self._database = database
        self._instant = instant

    @contextmanager
    def connect(self) -> Iterator:
        self._instant(f"{_caller()}: reading")
        with self._database.connect() as connection:
            yield connection

    @contextmanager
    def begin(self) -> Iterator:
        place = _caller()
        self._instant(f"{place}: before")
        with self._database.begin() as connection:
            yield connection
            self._instant(f"{place}: uncommitted")
        self._instant(f"{place}: committed")


def _caller() -> str:
    """Module and function that opened the connection: above this function, the generator and contextlib."""
    code = sys._getframe(3).f_code
    return f"{Path(code.co_filename).stem}.{code.co_qualname}"


class WatchedClient:
    """A client with an instant before a call, and between its answer and whatever becomes of that."""

    def __init__(self, client: AsksModel, instant: Instant, journal: Journal) -> None:
        self._client = client
        self._instant = instant
        self._journal = journal

    def ask(
        self,
        prompt: Prompt,
        structured: str,
        correction: tuple[str, str] | None = None,
        without: frozenset[str] = frozenset(),
    ) -> Answer:
        self._instant("model: before")
        answer = self._client.ask(prompt, structured, correction, without)
        self._journal.note("got", answer.model, prompt.key)
        self._instant("model: answered")
        return answer


@dataclass(frozen=True)
class Orders:
    """All that a worker needs. ``days`` None are those with work; ``plan`` None watches nothing."""

    settings: Settings
    store_root: Path
    bot_name: str
    run_id: str
    now: datetime
    journal: Path
    plan: Plan | None = None
    days: Sequence[date] | None = None


def work(orders: Orders) -> None:
    """One run in this process. What goes wrong is noted in the journal, by class, and does not leave."""
    journal = Journal(orders.journal)
    journal.note("begun", orders.run_id)
    store = EdgeStore(orders.store_root, orders.settings.qdrant_collection_prefix)
    pipeline = Pipeline(orders.settings, clock=lambda: orders.now, store=store, lease_wait_seconds=5)
    with opened(pipeline):
        client: Any = ChatClient.connect(orders.settings, sleep=lambda seconds: None)
        ctx = replace(pipeline.context(orders.run_id), jitter=random.Random(orders.run_id).random)
        bot = ctx.collection_of(orders.bot_name)
        if orders.plan is not None:
            instants = Instants(orders.plan, journal)
            client = WatchedClient(client, instants, journal)
            ctx = watched(ctx, instants)
        gateway = Gateway(client, ctx.database, ctx.settings, ctx.clock)
        run(ctx, bot, gateway, lambda error: journal.note("failed", type(error).__name__, str(error)), orders.days)
        journal.note("ended", orders.run_id)


def watched(ctx: StageContext, instant: Instant) -> StageContext:
    """The same surroundings with instants."""
    return replace(ctx, store=WatchedStore(ctx.store, instant), database=WatchedDatabase(ctx.database, instant))


def run(
    ctx: StageContext,
    bot: BotCollection,
    gateway: Gateway,
    failed: Callable[[Exception], None],
    days: Sequence[date] | None = None,
) -> None:
    """All stages, as the assets of one Dagster run: where facts fail, summaries are made all the same."""

    def attempt(stage: Callable[[], object]) -> bool:
        try:
            stage()
        except Exception as error:  # noqa: BLE001 - as Dagster does: the step has failed, and those after it do not run.
            failed(error)
            return False
        return True

    if not attempt(lambda: (take_in(ctx, bot), mark_left_out(ctx, bot))):
        return
    chosen: list[date] = list(days) if days is not None else []
    if days is None and not attempt(lambda: chosen.extend(due(ctx, bot))):
        return
    derived = [
        attempt(lambda: derive_facts(ctx, bot, chosen, gateway, with_summaries=True)),
        attempt(lambda: derive_summaries(ctx, bot, chosen, gateway)),
    ]
    if all(derived):
        attempt(lambda: complete_days(ctx, bot, chosen))


_RESULTS = {
    "fact_assertions": "SELECT point_id AS key, * FROM fact_assertions",
    "user_facts": "SELECT user_id AS key, * FROM user_facts",
    "fact_evidence": "SELECT f.user_id AS key, f.fact_content, e.* FROM fact_evidence e JOIN user_facts f ON f.id = e.fact_id",
    "fact_versions": "SELECT user_id AS key, * FROM fact_versions",
    "conversation_summaries": """
        SELECT user_id || ' ' || scope || ' ' || start_timestamp AS key, * FROM conversation_summaries
    """,
    "message_ledger": """
        SELECT point_id AS key, disposition, reason, parts, duplicate_parts, facts_state, facts_reason, facts_version,
            summary_state, summary_reason, summary_version, mark_state, mark_reason, mark_version FROM message_ledger
    """,
}
_OF_THE_WORK = {"id", "fact_id", "extracted_at", "created_at", "updated_at"}

Rows = Counter[tuple[str, ...]]


def results(ctx: StageContext) -> dict[str, Rows]:
    """What enrichment has come to, by table: the key of each row (a user, a window or a point) and its columns.

    Without what tells of the work alone: ids, times, and how often a message was tried.
    """
    found = {}
    with ctx.database.connect() as connection:
        for table, query in _RESULTS.items():
            rows = connection.execute(text(query)).mappings()
            found[table] = Counter(
                (str(row["key"]), *(f"{name}={value!r}" for name, value in row.items() if name not in _OF_THE_WORK))
                for row in rows
            )
    return found


_WORDS = tuple(
    f"{name}="
    for name in ("summary_text", "words", "key_topics", "emotional_tone", "compression_ratio", "confidence_score")
)


def without_words(rows: Rows, keys: Container[str] | None = None) -> Rows:
    """The rows of these keys (None: all) without the columns of a summary that depend on how the model put it: one that was
    made of two halves, because there was no answer to the whole, reads otherwise."""
    return Counter(
        {
            tuple(c for c in row if not c.startswith(_WORDS)) if keys is None or row[0] in keys else row: times
            for row, times in rows.items()
        }
    )
