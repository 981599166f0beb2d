"""The campaign itself, and the faults of workers, database, clock and messages; `operations_faults_servers` has the others.

A trial has a world of its own, does one thing to it, and holds what is left against a world that nothing was done to.
"""

from __future__ import annotations

import random
import shutil
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from operations_faults_runs import Blow, Ran, die, end_postgres
from operations_faults_world import BOTS, Outcome, World, messages

from whisper_enrich.messages.model import Point
from whisper_enrich.messages.store import PAYLOAD_FIELDS
from whisper_enrich_tests.builders import said
from whisper_enrich_tests.stages.model_workers import Rows

STEPS = (
    "intake", "facts", "summaries", "features", "memory health", "performance", "personality", "patterns", "memory behaviour",
    "engagement", "completion",
)  # fmt: skip
"""What a run does, in order, as far as the world that nothing befell has shown that it does."""


@dataclass
class Verdict:
    """What a fault came to. ``skipped`` says why it was not tried."""

    fault: str
    seen: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    skipped: str = ""

    def demand(self, holds: object, otherwise: str) -> None:
        """Something that must be so."""
        if not holds:
            self.violations.append(otherwise)

    def demand_told(self, sentences: Sequence[str], *words: str) -> None:
        """There is a sentence for a person, and each is one that names what happened by one of ``words``."""
        self.demand(sentences, f"nothing says what happened (expected one of {words})")
        for sentence in set(sentences):
            plain = "Traceback" not in sentence and "dagster._core" not in sentence
            self.demand(
                plain and any(word in sentence for word in words), f"this does not say what happened: {sentence[:200]}"
            )


@dataclass
class Campaign:
    """``home`` holds one embedded PostgreSQL for all worlds. ``short`` is for the trial of that name: one bot will do."""

    home: Path
    seed: int = 1
    short: bool = False

    def __post_init__(self) -> None:
        self.today = datetime.now(UTC)
        self.bots = BOTS[:1] if self.short else BOTS

    def rng(self, world: World) -> random.Random:
        """What is drawn in a world depends on the seed and the world alone."""
        return random.Random(f"{self.seed} {world.name}")

    @contextmanager
    def world(self, name: str, bots: Sequence[str] | None = None, **named: Any) -> Iterator[World]:
        """With the messages of ``bots`` in its store (None: of all)."""
        world = World(named.pop("home", self.home), name, self.today, **named)
        try:
            world.fill(self.bots if bots is None else bots)
            yield world
        finally:
            world.close()

    @cached_property
    def undisturbed(self) -> Outcome:
        """What the messages come to when nothing befalls anybody."""
        with self.world("undisturbed") as world:
            self.steps: list[int] = []
            for tags in world.tick():
                ran = world.run(tags)
                if not ran.success:
                    raise SystemExit(f"The undisturbed world fails by itself: {ran.said}")
                self.steps = self.steps or world.pipeline.instants
            if len(self.steps) != len(STEPS):
                raise SystemExit(f"A run has {len(self.steps)} steps, STEPS names {len(STEPS)}.")
            world.drain()
            problems = [*world.accounts(), *world.outcome().doubles()]
            if problems or not world.is_done():
                raise SystemExit(f"The undisturbed world is wrong by itself: {problems or world.skipped}")
            return world.outcome()

    def finish(
        self, world: World, verdict: Verdict, keep: Callable[[tuple[str, ...]], bool] = lambda row: True
    ) -> None:
        """Let the sensor go on by itself until nothing waits, and hold the result against the undisturbed one."""
        wanted = self.undisturbed
        ran = world.drain()
        failed = [sentence for run in ran if not run.success for sentence in run.said]
        verdict.demand(not failed, f"with the fault gone, runs still failed: {failed[:2]}")
        verdict.demand(world.is_done(), f"it does not go on by itself: {world.skipped[:200]}")
        verdict.violations += world.accounts() + world.outcome().doubles() + world.outcome().differences(wanted, keep)
        verdict.seen.append(f"then {len(ran)} runs by the sensor")

    def next_run(self, world: World, bot_name: str = BOTS[0]) -> dict[str, str] | None:
        """The tags that the sensor launches a bot with, after whatever pause it makes."""
        for _ in range(4):
            for tags in world.tick():
                if tags["whisper_enrich/bot"] == bot_name:
                    return tags
            world.offset += timedelta(minutes=61)
        return None

    def chain(
        self, world: World, verdict: Verdict, steps: Sequence[int], act: Callable[[], None]
    ) -> list[tuple[int, Ran | None]]:
        """One run after the other, as the sensor launches them, each with a blow in another step; accounts after each.

        Some of the messages come before each of these runs, so that there is work even where the last one went through.
        """
        _ = self.undisturbed
        rng, ended = self.rng(world), []
        for number, step in enumerate(steps):
            for bot_name in self.bots:
                world.put(bot_name, messages(bot_name, self.today)[number :: len(steps)])
            tags = self.next_run(world)
            if tags is None:
                verdict.violations.append(
                    f"before a blow in {STEPS[step]} the sensor launches nothing: {world.skipped}"
                )
                break
            [ran] = world.run_elsewhere([(tags, Blow(step, rng.randint(3, self.steps[step]), act))])
            ended.append((step, ran))
            verdict.violations += [f"after a blow in {STEPS[step]}: {wrong}" for wrong in world.accounts()]
        return ended


def run_killed(campaign: Campaign) -> Verdict:
    """A run is killed by SIGKILL in each of its steps, the next one over what it has left."""
    verdict = Verdict("a run killed -9 at each step")
    with campaign.world("killed", bots=()) as world:
        ended = campaign.chain(world, verdict, range(len(STEPS)), die)
        killed = [STEPS[step] for step, ran in ended if ran is None]
        verdict.seen.append(f"killed in {len(killed)} of {len(ended)} steps")
        verdict.demand(len(killed) == len(ended), f"only killed in {killed}")
        campaign.finish(world, verdict)
        verdict.demand_told(world.failures(), "The process of this run was killed")
    return verdict


def postgres_killed(campaign: Campaign) -> Verdict:
    """The embedded PostgreSQL is killed by SIGKILL in the middle of a run, around a commit; the next to need it starts it."""
    verdict = Verdict("PostgreSQL killed -9 in a run")
    with campaign.world("postgres", bots=()) as world:
        ended = campaign.chain(world, verdict, (0, 1, 2, 3, 5, 10), partial(end_postgres, campaign.home / "state"))
        verdict.demand(all(ran is not None for _, ran in ended), "a run did not survive its database")
        failed = [ran for _, ran in ended if ran is not None and not ran.success]
        verdict.seen.append(f"killed in {len(ended)} steps, {len(failed)} runs failed, the others went on")
        campaign.finish(world, verdict)
        if failed:
            verdict.demand_told([words for ran in failed for words in ran.said], "PostgreSQL")
            verdict.demand_told(world.failures(), "PostgreSQL")
    return verdict


def many_workers(campaign: Campaign) -> Verdict:
    """Sixteen runs of the same bot and days at once, each in a process of its own."""
    verdict = Verdict("16 workers on the same partition")
    with campaign.world("workers") as world:
        tags = campaign.next_run(world)
        ran = world.run_elsewhere([(tags or {}, None)] * 16)
        failed = [run for run in ran if run is None or not run.success]
        verdict.seen.append(f"{len(ran)} at once, {len(failed)} of them failed")
        verdict.demand(all(ran), "a worker died")
        if failed:
            verdict.demand_told(
                [words for run in failed if run for words in run.said], "Another worker", "holds the embedded store"
            )
        verdict.violations += world.accounts() + world.outcome().doubles()
        campaign.finish(world, verdict)
    return verdict


def two_sensors(campaign: Campaign) -> Verdict:
    """Two daemons: both call the sensor with the same cursor, and both launch what it requests, at the same time."""
    verdict = Verdict("two sensors at once")
    with campaign.world("sensors") as world:
        cursor = world.cursor
        first = world.tick()
        world.cursor = cursor
        second = world.tick()
        ran = world.run_elsewhere([(tags, None) for tags in (*first, *second)])
        verdict.seen.append(
            f"{len(ran)} runs of {len(first)} bots at once, {sum(not (r and r.success) for r in ran)} failed"
        )
        verdict.demand(len(second) == len(first) == len(BOTS), "the sensors did not both launch")
        verdict.violations += world.accounts() + world.outcome().doubles()
        campaign.finish(world, verdict)
    return verdict


def clock_jumps(campaign: Campaign) -> Verdict:
    """The worker's clock goes forward a day in the middle of a run, back again, and back by 55 minutes more in the next."""
    verdict = Verdict("the clock jumps")
    with campaign.world("clock", bots=()) as world:

        def jump(**delta: float) -> None:
            world.offset += timedelta(**delta)

        world.put(BOTS[0], messages(BOTS[0], campaign.today)[:10])
        first = campaign.next_run(world)
        ran = [world.run(first or {}, Blow(1, 4, partial(jump, days=1)))]
        world.tick()
        world.fill()
        jump(days=-1)
        requested = world.tick()
        verdict.demand(
            len(requested) == 2, f"after the clock was set back a day, of two bots {len(requested)} are seen"
        )
        for tags, blow in zip(requested, (Blow(2, 5, partial(jump, minutes=-55)), None), strict=True):
            ran.append(world.run(tags, blow))
        now = said("I sold the boat.", datetime.now(UTC), user="dan", name="now")
        world.put(BOTS[0], [now])
        requested = world.tick()
        verdict.demand(
            requested, f"after the clock was set back by 55 minutes, the sensor sees nothing new: {world.skipped}"
        )
        ran += [world.run(tags) for tags in requested]
        verdict.demand(all(run.success for run in ran), f"runs failed: {[run.said for run in ran if not run.success]}")
        verdict.seen.append(f"{len(ran)} runs through +1 day, -1 day, -55 minutes")
        world.offset = timedelta(days=1)
        campaign.finish(world, verdict, lambda row: not _is_of(row, "dan", now.id))
        state = world.rows("SELECT facts_state, mark_state FROM message_ledger WHERE point_id = :id", id=now.id)
        verdict.demand(state == [("done", "done")], f"the message that came meanwhile is {state}")
    return verdict


def _is_of(row: tuple[str, ...], *owners: str) -> bool:
    return any(owner in row[0] for owner in owners)


_POISON: tuple[object, ...] = (
    None, "", [], {}, ["x"], {"x": [1]}, True, -1, 10**30, 1e308, "\x00", "\ud800", "9999-99-99T99:99:99", "NaN", "%s:x{0}\\N",
    "long " * 20_000,
)  # fmt: skip


def poison(campaign: Campaign) -> Verdict:
    """Each field that we read of a payload holds, in turn, what no bot should write there; beside healthy neighbours."""
    verdict = Verdict("a poison message in each field")
    _ = campaign.undisturbed
    with campaign.world("poison") as world:
        ids, refused = put_poison(world, _POISON)
        for tags in world.tick():
            ran = world.run(tags)
            verdict.demand(ran.success, f"a run failed: {ran.said}")
        campaign.finish(world, verdict, lambda row: not _is_poisoned(row, ids))
        demand_accounted(world, verdict, ids)
        verdict.seen.append(f"in {len(PAYLOAD_FIELDS)} fields; {refused} the store itself refuses")
    return verdict


def put_poison(world: World, values: Sequence[object]) -> tuple[set[str], int]:
    """A message a field and value; the ids, and how many the store refuses."""
    collection = world.pipeline.store.create_collection(BOTS[0]).collection
    ids, refused = set(), 0
    for name in PAYLOAD_FIELDS:
        for number, value in enumerate(values):
            when = world.today - timedelta(days=2)
            healthy = said("I live in Ghent.", when, user="poisoner", name=f"{name}/{number}")
            try:
                world.pipeline.store.upsert(
                    collection, [Point(healthy.id, {**healthy.payload, name: value}, healthy.vectors)]
                )
                ids.add(healthy.id)
            except Exception:  # noqa: BLE001 - whatever the engine says: what it does not hold, nobody has to read.
                refused += 1
    return ids, refused


def demand_accounted(world: World, verdict: Verdict, ids: Collection[str]) -> None:
    """Each of these points is in the ledger, and in a state that ends."""
    states = world.rows(
        "SELECT CASE WHEN disposition <> 'conversation' THEN disposition WHEN 'dead' IN (facts_state, summary_state) "
        "THEN 'set aside' WHEN 'waiting' IN (facts_state, summary_state, mark_state) THEN 'waiting' ELSE 'done' END, "
        "count(*) FROM message_ledger WHERE point_id = ANY(:ids) GROUP BY 1 ORDER BY 1", ids=list(ids),
    )  # fmt: skip
    verdict.seen.append(f"{len(ids)} poisonous points: {dict(states)}")
    verdict.demand(
        sum(count for _, count in states) == len(ids), f"of {len(ids)} points only {states} are accounted for"
    )


def _is_poisoned(row: tuple[str, ...], ids: Collection[str]) -> bool:
    healthy = ("ana", "bo", "cy")
    key = row[0].removeprefix("key=").strip("'")
    return key in ids or not (key.split(" ")[0] in healthy or _looks_like_id(key))


def _looks_like_id(key: str) -> bool:
    return len(key) == 36 and key.count("-") == 4


def collection_deleted(campaign: Campaign) -> Verdict:
    """A bot's collection is deleted between two steps of its run, and comes back some time later."""
    verdict = Verdict("a collection deleted under way")
    with campaign.world("deleted") as world:
        folder = world.root / "qdrant" / world.ctx.collection_of(BOTS[0]).collection
        tags = campaign.next_run(world)
        ran = world.run(tags or {}, Blow(1, 1, partial(shutil.rmtree, folder)))
        verdict.demand(not ran.success, "the run did not notice")
        verdict.demand_told(ran.said, "collection")
        others = world.drain(ticks=2)
        waiting = world.rows(
            "SELECT count(*) FROM message_ledger WHERE facts_state = 'waiting' AND bot_name = 'elena'"
        )[0][0]
        verdict.seen.append(f"the run fails, the other bot's {len(others)} do not; {waiting} messages wait meanwhile")
        verdict.demand(others and all(run.success for run in others), "the other bot's runs did not go on")
        verdict.demand(waiting, "what was taken in does not wait any more")
        world.put(BOTS[0], messages(BOTS[0], campaign.today))
        campaign.finish(world, verdict)
    return verdict


def bot_renamed(campaign: Campaign) -> Verdict:
    """The collection of a bot that is enriched gets another name: its points bear our marks, and the ledger knows no such bot."""
    verdict = Verdict("a bot renamed")
    with campaign.world("nova", bots=()) as world:
        world.put("nova", messages(BOTS[0], campaign.today))
        world.drain()
        wanted = world.outcome()
    with campaign.world("renamed", bots=BOTS[:1]) as world:
        world.drain()
        old = world.root / "qdrant" / world.ctx.collection_of(BOTS[0]).collection
        old.rename(old.with_name(old.name.replace(BOTS[0], "nova")))
        requested = campaign.next_run(world, "nova")
        verdict.demand(requested, f"the sensor does not notice the bot's new name: {world.skipped}")
        ran = [world.run(requested or {}), *world.drain()]
        verdict.demand(all(run.success for run in ran), f"runs failed: {[run.said for run in ran if not run.success]}")
        verdict.seen.append(f"{len(ran)} runs under the new name; the rows under the old one stay")
        of_nova = Outcome({table: _naming("nova", rows) for table, rows in world.outcome().rows.items()})
        verdict.violations += of_nova.differences(
            Outcome({table: _naming("nova", rows) for table, rows in wanted.rows.items()})
        )
        verdict.violations += world.accounts() + of_nova.doubles()
    return verdict


def _naming(bot_name: str, rows: Rows) -> Rows:
    """The rows of a bot; those that name none are left out."""
    return Counter({row: count for row, count in rows.items() if f"bot_name='{bot_name}'" in row})


def several(campaign: Campaign) -> Verdict:
    """Some of it in one world, in 20 seconds: poison, a run killed, PostgreSQL killed, two daemons, a clock set back."""
    verdict = Verdict("several faults, one after the other")
    _ = campaign.undisturbed
    with campaign.world("several") as world:
        ids, _ = put_poison(world, _POISON[::4])
        killed, cut = Blow(1, 5, die), Blow(2, 5, partial(end_postgres, campaign.home / "state"))
        for blow in (killed, cut):
            [ran] = world.run_elsewhere([(campaign.next_run(world) or {}, blow)])
            verdict.demand((ran is None) == (blow is killed), f"a run ended as {ran}")
            verdict.violations += world.accounts()
        late = said("I sold the boat.", world.today - timedelta(days=2), user="poisoner", name="late")
        world.put(BOTS[0], [late])
        world.offset = timedelta()
        cursor = world.cursor
        first, world.cursor = campaign.next_run(world), cursor
        second = campaign.next_run(world)
        ran = world.run_elsewhere([(tags or {}, None) for tags in (first, second)])
        verdict.demand(all(run and run.success for run in ran), f"of two runs at once: {ran}")
        campaign.finish(world, verdict, lambda row: not _is_poisoned(row, ids | {late.id}))
        demand_accounted(world, verdict, ids | {late.id})
        verdict.demand_told(world.failures(), "The process of this run was killed", "PostgreSQL")
    return verdict


TRIALS: dict[str, Callable[[Campaign], Verdict]] = {
    "run-killed": run_killed,
    "postgres-killed": postgres_killed,
    "many-workers": many_workers,
    "two-sensors": two_sensors,
    "clock-jumps": clock_jumps,
    "poison": poison,
    "collection-deleted": collection_deleted,
    "bot-renamed": bot_renamed,
}
SHORT = {"several": several}
