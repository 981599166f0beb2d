"""What the campaign of operations' faults runs on: messages of two bots, a Dagster instance, runs that something befalls.

A `World` is a database schema, a message store, a Dagster instance and a clock. It is asked as the daemon asks: the sensor is
called, and what it requests is run. `World.accounts` says what is wrong with what is stored at any moment,
`outcome` what it has come to, for comparison with a world that nothing befell.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

from dagster import DagsterRunStatus, RunsFilter, SkipReason, build_sensor_context  # noqa: TID251
from operations_faults_runs import Blow, Ran, Site, all_at_once, carry_out, instance_in
from sqlalchemy import text

import whisper_enrich.definitions  # noqa: F401 - before any other module of Dagster: it silences what Dagster warns of
from whisper_enrich.automation.sensors import new_messages
from whisper_enrich.errors import EnrichError
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.store import MARK_HASH, MARK_LEDGER, MARK_STATUS, VALID_STATUSES, MessageStore
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.storage.tables import CACHES
from whisper_enrich_tests.builders import pair, point_id, said
from whisper_enrich_tests.stages.model_workers import Rows, results

BOTS = ("elena", "marcus")
LONGEST_PAUSE = timedelta(minutes=61)
"""How far the clock goes on where the sensor waits: past the longest pause after a failed run, and any bot's rest."""
MOST_TICKS = 30
PAUSED = "its last run failed"
"""What the sensor says of a bot that it will come back to."""

_USER = (
    "I live in Lisbon.", "I work as a nurse.", "I painted the kitchen yellow.", "I love strong tea.", "I have a sister.",
    "I saw two storks by the river.", "I moved to Porto.", "I bought a blue bicycle.", "I am learning Greek.", "Ha.",
)  # fmt: skip
_BOT = ("Lovely! Tell me more.", "Where was that?", "How did that feel?", "I see.")


def messages(bot_name: str, today: datetime) -> list[Point]:
    """The same for equal arguments: talks of three users on two days that are over, in both scopes; a pair beside its single
    points, a reaction, a broken point, one from before the first day."""
    rng = random.Random(f"messages of {bot_name}")
    found = []
    for days_ago, user, channel, size in (
        (3, "ana", "guild", 8), (3, "bo", "dm", 6), (2, "ana", "dm", 6), (2, "bo", "guild", 8), (2, "cy", "guild", 3),
    ):  # fmt: skip
        start = _at(today, days_ago, 9)
        for i in range(size):
            words = rng.choice(_BOT if i % 2 else _USER)
            role = "assistant" if i % 2 else "user"
            name = f"{bot_name}/{user}/{days_ago}/{i}"
            found.append(said(words, start + timedelta(minutes=i), user=user, role=role, channel=channel, name=name))
    when = _at(today, 2, 15)
    single = said("I live in Bergen.", when, user="cy", name=f"{bot_name}/single")
    broken = Point(point_id(f"{bot_name}/broken"), {"role": "user", "content": "hi", "timestamp": when.isoformat()})
    return [
        *found, single, pair("I live in Bergen.", "Lovely!", when, user="cy", name=f"{bot_name}/pair"), broken,
        said("!", when, user="cy", interaction_type="emoji_reaction", name=f"{bot_name}/reaction"),
        said("I was young.", datetime(2019, 5, 1, tzinfo=UTC), user="cy", name=f"{bot_name}/old"),
    ]  # fmt: skip


def _at(today: datetime, days_ago: int, hour: int) -> datetime:
    return today.replace(hour=hour, minute=0, second=0, microsecond=0) - timedelta(days=days_ago)


@dataclass
class Outcome:
    """What enrichment has come to: rows by table, and the mark of each point."""

    rows: dict[str, Rows]

    def differences(self, wanted: Outcome, keep: Callable[[tuple[str, ...]], bool] = lambda row: True) -> list[str]:
        """Where the rows that ``keep`` is true of are others than those of ``wanted``; a sentence a table."""
        found = []
        for table, rows in wanted.rows.items():
            theirs = Counter({row: n for row, n in rows.items() if keep(row)})
            mine = Counter({row: n for row, n in self.rows[table].items() if keep(row)})
            lost, added = theirs - mine, mine - theirs
            if lost or added:
                example = next(iter(lost or added))
                found.append(
                    f"{table}: {lost.total()} rows lost or changed, {added.total()} others instead, as {example}"
                )
        return found

    def doubles(self) -> list[str]:
        """Rows that are there twice."""
        twice = {table: sum(n > 1 for n in rows.values()) for table, rows in self.rows.items()}
        return [f"{table}: {count} rows are there twice" for table, count in twice.items() if count]


_MORE = {
    "shared_facts": "SELECT user_id AS key, bot_name, fact_content, confidence FROM shared_facts",
    "strategic_features": "SELECT user_id AS key, bot_name, day, messages, features::text FROM strategic_features",
    "caches": " UNION ALL ".join(
        f"SELECT user_id AS key, bot_name, '{table.name}' AS cache, input_key, messages_read FROM {table.name} "
        "WHERE user_id IS NOT NULL"
        for table in CACHES
    ),
}

_LEDGER_PROBLEMS = {
    "rows wait for nothing and give no reason": """
        disposition = 'conversation' AND (facts_state = 'waiting' AND facts_next_at > :now AND facts_reason IS NULL
            OR summary_state = 'waiting' AND summary_next_at > :now AND summary_reason IS NULL)""",
    "rows were set aside without a reason": """
        facts_state = 'dead' AND facts_reason IS NULL OR summary_state = 'dead' AND summary_reason IS NULL
            OR mark_state = 'dead' AND mark_reason IS NULL""",
    "rows were left out without a reason": "disposition IN ('left_out', 'quarantined') AND reason IS NULL",
    "rows are in no known state": """
        facts_state NOT IN ('waiting', 'done', 'dead', 'left_out') OR summary_state NOT IN ('waiting', 'done', 'dead', 'left_out')
            OR mark_state NOT IN ('waiting', 'done', 'dead', 'left_out')""",
}


@dataclass
class World:
    """One set of surroundings. ``store`` None is the embedded engine, in a folder of this world's own.

    The database is that of ``home``; everything else lies in ``place``, or else beside it.
    """

    home: Path
    name: str
    today: datetime
    store: MessageStore | None = None
    place: Path | None = None
    extra: dict[str, Any] = field(default_factory=dict)
    offset: timedelta = timedelta()
    cursor: str | None = None
    skipped: str = ""

    def __post_init__(self) -> None:
        self.settings = load_settings(
            **{
                "whisper_enrich_home": self.home / "state", "postgres_schema": self.name, "enrichment_start_date": "2025-01-01",
                "enrichment_metadata_pictures": False, "enrichment_retry_base_seconds": 60, **self.extra,
            }
        )  # fmt: skip
        self.root = self.place or self.home / self.name
        self.root.mkdir(mode=0o700)
        migrated = Database(self.settings)
        migrate(migrated)
        migrated.close()
        self.instance = instance_in(self.root / "dagster")
        self.pipeline = self.site.pipeline()
        if self.store is not None:
            self.pipeline._given_store = self.store
        self.pipeline.clock = self.now

    @property
    def site(self) -> Site:
        """Where its runs take place."""
        return Site(self.settings, self.root / "dagster", None if self.store else self.root / "qdrant", self.offset)

    def now(self) -> datetime:
        """The time of this world."""
        return datetime.now(UTC) + self.offset

    def close(self) -> None:
        """Let go of everything, and leave no files; the schema goes with the server."""
        self.pipeline.close()
        self.instance.dispose()
        shutil.rmtree(self.root)

    @cached_property
    def ctx(self) -> StageContext:
        """For looking at what is stored."""
        return Pipeline(self.settings, clock=self.now, store=self.pipeline.store).context("campaign")

    def put(self, bot_name: str, points: Sequence[Point]) -> None:
        """Into the store, in a collection that is made if need be."""
        self.pipeline.store.upsert(self.pipeline.store.create_collection(bot_name).collection, list(points))

    def fill(self, bots: Iterable[str] = BOTS) -> None:
        """The messages of all bots."""
        for bot_name in bots:
            self.put(bot_name, messages(bot_name, self.today))

    def tick(self) -> list[dict[str, str]]:
        """The sensor as the daemon calls it; tags of the runs that it requests, what it says otherwise is in ``skipped``."""
        context = build_sensor_context(
            instance=self.instance, cursor=self.cursor, resources={"pipeline": self.pipeline}
        )  # fmt: skip
        answer = new_messages(context)
        if isinstance(answer, SkipReason):
            self.skipped = answer.skip_message or ""
            return []
        for request in answer.dynamic_partitions_requests or []:
            self.instance.add_dynamic_partitions(request.partitions_def_name, list(request.partition_keys))
        self.cursor = answer.cursor
        self.skipped = answer.skip_reason.skip_message if answer.skip_reason else ""
        return [dict(request.tags) for request in answer.run_requests]

    def run(self, tags: Mapping[str, str], blow: Blow | None = None, job: str = "enrich_bot_day") -> Ran:
        """A run in this process."""
        self.pipeline.blow, self.pipeline.instants, self.pipeline.struck = blow, [], False
        return carry_out(self.instance, self.pipeline, tags, job)

    def run_elsewhere(self, runs: Sequence[tuple[Mapping[str, str], Blow | None]]) -> list[Ran | None]:
        """Runs in processes of their own, all at once; None for one that was killed."""
        return all_at_once(self.site, runs)

    def drain(self, ticks: int = MOST_TICKS) -> list[Ran]:
        """As the daemon does until nothing is left: tick, run what is requested, and let time pass where it waits."""
        ran: list[Ran] = []
        for _ in range(ticks):
            requested = self.tick()
            ran += [self.run(tags) for tags in requested]
            if not requested and self.is_done() and PAUSED not in self.skipped:
                return ran
            self.offset += timedelta(seconds=30) if requested else LONGEST_PAUSE
        return ran

    def rows(self, query: str, **parameters: object) -> list[tuple]:
        """What a query finds."""
        with self.ctx.database.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), parameters)]

    def is_done(self) -> bool:
        """Whether nothing waits, neither in the ledger nor in the store."""
        waits = "'waiting' IN (facts_state, summary_state, mark_state) AND disposition <> 'deleted'"
        if self.rows(f"SELECT count(*) FROM message_ledger WHERE {waits}")[0][0]:
            return False
        store = self.ctx.store
        return not any(store.count(bot.collection, unmarked_for=self.ctx.ledger_id) for bot in store.bots())

    def failures(self) -> list[str]:
        """What Dagster keeps of each run that failed, oldest first: the sentence that a person reads."""
        found = []
        for record in reversed(self.instance.get_run_records(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))):
            events = [
                log.dagster_event for log in self.instance.all_logs(record.dagster_run.run_id) if log.dagster_event
            ]
            steps = [event.step_failure_data for event in events if event.is_step_failure]
            plain = [str(step.user_failure_data.description) for step in steps if step.user_failure_data]
            found.append(next(iter(plain), "") or str(events[-1].message))
        return found

    def accounts(self) -> list[str]:
        """What is wrong with the sum of all messages: every point is in the ledger, or bears no mark and is still to come."""
        wrong = [
            f"{count} {problem}"
            for problem, condition in _LEDGER_PROBLEMS.items()
            if (count := self.rows(f"SELECT count(*) FROM message_ledger WHERE {condition}", now=self.now())[0][0])
        ]
        for bot in self.ctx.store.bots():
            known = {row[0]: row[1:] for row in self.rows(
                "SELECT point_id, content_hash, mark_state FROM message_ledger WHERE bot_name = :bot "
                "AND disposition <> 'deleted'", bot=bot.bot_name)}  # fmt: skip
            points = {point.id: point.payload for page in self.ctx.store.scan(bot.collection) for point in page}
            marked = {point for point, payload in points.items() if _bears_mark(payload, self.ctx.ledger_id)}
            problems = {
                "bear our mark and are not in the ledger": marked - set(known),
                "are in the ledger and no more in the store": set(known) - set(points),
                "are marked in the ledger and not in the store": {
                    point for point, (_, state) in known.items() if state == "done" and point in points
                } - marked,
                "bear the mark of another content": {
                    point for point in marked & set(known) if points[point].get(MARK_HASH) != known[point][0]
                },
            }  # fmt: skip
            wrong += [f"{bot.bot_name}: {len(found)} points {what}" for what, found in problems.items() if found]
        return wrong

    def outcome(self) -> Outcome:
        """All that was derived, and the marks."""
        rows = results(self.ctx)
        with self.ctx.database.connect() as connection:
            for table, query in _MORE.items():
                found = connection.execute(text(query)).mappings()
                rows[table] = Counter(tuple(f"{name}={value!r}" for name, value in row.items()) for row in found)
        rows["marks"] = Counter(
            (
                point.id,
                f"bot_name={bot.bot_name!r}",
                str(point.payload.get(MARK_STATUS)),
                str(point.payload.get(MARK_HASH)),
            )
            for bot in self.ctx.store.bots()
            for page in self.ctx.store.scan(bot.collection)
            for point in page
        )
        return Outcome(rows)


def _bears_mark(payload: Mapping[str, Any], ledger_id: str) -> bool:
    return payload.get(MARK_LEDGER) == ledger_id and payload.get(MARK_STATUS) in VALID_STATUSES


def tick_error(world: World) -> str:
    """The sentence of a tick that fails; empty where it does not."""
    try:
        world.tick()
    except EnrichError as error:
        return str(error)
    return ""
