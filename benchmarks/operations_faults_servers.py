"""Faults of the servers around the worker: a full disk, a Qdrant that fails in its ways, Dagster's own processes killed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import pytest
from operations_faults_runs import Blow
from operations_faults_trials import Campaign, Verdict
from operations_faults_world import BOTS, World, messages, tick_error

from whisper_enrich.cli.instance import project_file
from whisper_enrich.cli.serve import SHORT_LIFE_SECONDS
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.server_store import ServerStore
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.state_dir import state_dir
from whisper_enrich_tests.end_to_end.served import Ui, Up, free_port, role
from whisper_enrich_tests.messages.fake_qdrant import FakeQdrant, serving

DISK = "220m"
TIMEOUT = 1
PATIENCE_SECONDS = 300
SECOND_DAEMON_SECONDS = 30
"""By then it has loaded the code, and its sensors tick beside those of the first."""


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """A file system of its own in memory. Raises `OSError` where this user may not mount one."""
    folder.mkdir(mode=0o711)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=0711", "none", str(folder)], capture_output=True, text=True
    )
    if mounted.returncode != 0:
        folder.rmdir()
        raise OSError(mounted.stderr.strip())
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def use_up(filler: Path) -> None:
    """Write until there is no room left."""
    chunk = b"\0" * 65_536
    with filler.open("ab", buffering=0) as file:
        try:
            while True:
                file.write(chunk)
        except OSError:
            return


def disk_full(campaign: Campaign) -> Verdict:
    """The file system of the database is full from some instant of a run on; later somebody makes room."""
    verdict = Verdict("disk full for the database")
    _ = campaign.undisturbed
    if sys.platform != "linux" or os.geteuid() != 0:
        verdict.skipped = "only root can mount the small file system that it needs"
        return verdict
    try:
        with small_disk(campaign.home / "disk") as disk:
            _on_a_full_disk(campaign, verdict, disk)
    except OSError as error:
        verdict.skipped = f"no small file system can be mounted here ({error})"
    return verdict


def _on_a_full_disk(campaign: Campaign, verdict: Verdict, disk: Path) -> None:
    postgres = EmbeddedPostgres(state_dir(disk / "state"))
    postgres.acquire()
    filler = disk / "filler"
    failed = []
    try:
        with campaign.world("full", home=disk, place=campaign.home / "full") as world:
            for step, instant in ((0, 4), (1, 4), (2, 5), (4, 5), (10, 5)):
                tags = campaign.next_run(world)
                if tags is None:
                    verdict.violations.append(f"with room again, the sensor launches nothing: {world.skipped}")
                    break
                [ran] = world.run_elsewhere([(tags, Blow(step, instant, partial(use_up, filler)))])
                verdict.demand(ran is not None, "a run did not survive the full disk")
                if ran is not None and not ran.success:
                    failed.append(ran)
                filler.unlink(missing_ok=True)
                verdict.violations += [f"after it was full in step {step}: {wrong}" for wrong in world.accounts()]
            verdict.seen.append(f"full in the midst of 5 runs, of which {len(failed)} failed")
            verdict.demand_told(
                [words for ran in failed for words in ran.said],
                "disk is full",
                "No space left",
                "DiskFull",
                "PostgreSQL",
            )
            campaign.finish(world, verdict)
    finally:
        postgres.remove(force=True)


Answer = Callable[[str, str, Any], Any]


class Moody:
    """A fake Qdrant that answers as ``mood`` says, which is given the honest answer to change."""

    def __init__(self, fake: FakeQdrant) -> None:
        self.mood: Callable[[str, Callable[[], Any]], Any] | None = None
        self._answer: Answer = fake.answer
        fake.answer = self.answer

    def answer(self, method: str, path: str, body: Any) -> Any:
        """In place of the fake's own."""
        honest = partial(self._answer, method, path, body)
        return honest() if self.mood is None else self.mood(path.rsplit("/", 1)[-1], honest)


def slow(seconds: float, what: str, honest: Callable[[], Any]) -> Any:
    """The answer, some time later."""
    time.sleep(seconds)
    return honest()


def short_page(what: str, honest: Callable[[], Any]) -> Any:
    """Half of each page, and the rest with the next one."""
    answer = honest()
    if what == "scroll" and len(answer["points"]) > 1:
        half = len(answer["points"]) // 2
        return {"points": answer["points"][:half], "next_page_offset": answer["points"][half].id}
    return answer


def missing_page(what: str, honest: Callable[[], Any]) -> Any:
    """Nothing of each page, but where the next one begins."""
    answer = honest()
    return {**answer, "points": []} if what == "scroll" and answer["next_page_offset"] is not None else answer


def early_end(what: str, honest: Callable[[], Any]) -> Any:
    """The first page, as if it were the last."""
    return {**honest(), "next_page_offset": None} if what == "scroll" else honest()


def half_of_what_was_asked(what: str, honest: Callable[[], Any]) -> Any:
    """Some of the points that are asked for by id are missing in the answer."""
    answer = honest()
    return answer[: len(answer) // 2] if what == "points" and isinstance(answer, list) else answer


PAGES: Mapping[str, Callable[[str, Callable[[], Any]], Any]] = {
    "short pages": short_page, "missing pages": missing_page, "an early end": early_end,
    "half of the points by id": half_of_what_was_asked,
}  # fmt: skip


def _server_world(fake: FakeQdrant) -> dict[str, Any]:
    prefixes = load_settings().qdrant_collection_prefix
    store = ServerStore.connect(prefixes, url=fake.url, timeout_seconds=TIMEOUT, attempts=2, pause_seconds=0.01)
    return {"store": store, "extra": {"qdrant_url": fake.url, "qdrant_page_size": 10}}


def qdrant_fails(campaign: Campaign) -> Verdict:
    """Qdrant cannot be reached by a tick, nor from some instant of a run on; it answers too late; it answers slowly."""
    verdict = Verdict("Qdrant unreachable, or slow")
    _ = campaign.undisturbed
    batches = _in_batches(campaign, 6)
    with serving() as fake, campaign.world("qdrant", bots=(), **_server_world(fake)) as world:
        moody = Moody(fake)
        nobody = ServerStore.connect(
            world.settings.qdrant_collection_prefix,
            url=f"http://127.0.0.1:{free_port()}",
            attempts=2,
            pause_seconds=0.01,
        )
        for step in (0, 1, 9):
            _put(world, next(batches))
            verdict.demand_told([_without_qdrant(world, nobody)], "cannot be reached")
            # A step keeps the store that it began with: the next one has none.
            _fails_at(campaign, world, verdict, step, partial(_redirect, world, nobody))
        for step in (0, 2):
            _put(world, next(batches))
            _fails_at(campaign, world, verdict, step, partial(setattr, moody, "mood", partial(slow, 2.5 * TIMEOUT)))
            moody.mood = None
        _put(world, next(batches))
        moody.mood = partial(slow, TIMEOUT / 10)
        ran = [world.run(tags) for tags in world.tick()]
        verdict.demand(all(run.success for run in ran), "a run failed though every answer came in time")
        moody.mood = None
        verdict.seen.append(f"3 ticks and {len(world.failures())} runs failed, {len(ran)} were only slow")
        campaign.finish(world, verdict)
        verdict.demand_told(world.failures(), "Qdrant")
    return verdict


def _put(world: World, batch: Mapping[str, list]) -> None:
    for bot_name, points in batch.items():
        world.put(bot_name, points)


def _without_qdrant(world: World, store: ServerStore) -> str:
    honest = world.pipeline._given_store
    _redirect(world, store)
    said_of_it = tick_error(world)
    _redirect(world, honest)
    return said_of_it


def _redirect(world: World, store: Any) -> None:
    world.pipeline._given_store = store
    world.pipeline.__dict__.pop("store", None)


def _fails_at(campaign: Campaign, world: World, verdict: Verdict, step: int, act: Callable[[], None]) -> None:
    """The next run fails from an instant of a step on, and what it had done by then adds up."""
    honest = world.pipeline._given_store
    tags = campaign.next_run(world)
    if tags is None:
        verdict.violations.append(f"with Qdrant back, the sensor launches nothing: {world.skipped}")
        return
    ran = world.run(tags, Blow(step, 1, act))
    _redirect(world, honest)
    verdict.demand(not ran.success, f"a run without Qdrant from step {step} on did not fail")


def qdrant_pages(campaign: Campaign) -> Verdict:
    """For the length of a run Qdrant leaves out what it should answer with, and says nothing about it."""
    verdict = Verdict("Qdrant with a page missing or short")
    _ = campaign.undisturbed
    for number, (name, mood) in enumerate(PAGES.items()):
        with serving() as fake, campaign.world(f"pages{number}", **_server_world(fake)) as world:
            moody = Moody(fake)
            requested = world.tick()
            moody.mood = mood
            ran = [world.run(tags) for tags in requested]
            moody.mood = None
            found = len(verdict.violations)
            known = world.rows("SELECT count(*) FROM message_ledger WHERE disposition <> 'deleted'")[0][0]
            verdict.seen.append(
                f"{name}: {sum(run.success for run in ran)} of {len(ran)} runs well, {known} points known"
            )
            campaign.finish(world, verdict)
            verdict.violations[found:] = [f"{name}: {wrong}" for wrong in verdict.violations[found:]]
    return verdict


KILLED = ("daemon", "webserver", "code server", "code server's worker")


def processes_killed(campaign: Campaign) -> Verdict:
    """Under `whisper-enrich up`: daemon, webserver, code server and its worker are killed, each before new messages come; then a
    second daemon is started beside the first. Everything is to be enriched without a hand."""
    verdict = Verdict("Dagster's processes killed, two daemons")
    wanted = campaign.undisturbed
    parent = campaign.home / "up"
    parent.mkdir(mode=0o711)
    up = Up(parent, environment={"ENRICHMENT_SENSOR_SECONDS": "5", "ENRICHMENT_START_DATE": "2025-01-01"})
    settings = load_settings(whisper_enrich_home=up.home)
    store = EdgeStore(Path(settings.qdrant_folder), settings.qdrant_collection_prefix, wait_seconds=60)
    state_dir(up.home)
    try:
        with campaign.world("whisper_enrich", bots=(), home=parent, store=store) as world:
            batches = _in_batches(campaign, len(KILLED) + 2)
            _enriched(world, verdict, next(batches), "at first", start=up.start)
            for what in KILLED:
                _outlive_a_false_start(up)
                verdict.demand(_kill(up, what), f"there is no {what} to kill")
                _enriched(world, verdict, next(batches), f"after the {what} was killed")
            with _second_daemon(up) as second:
                _enriched(world, verdict, next(batches), "with two daemons")
                verdict.demand(second.poll() is None, "the second daemon has ended by itself")
            verdict.demand(not up.has_ended(), "`up` has ended")
            statuses = [run["status"] for run in Ui(up).runs()]
            verdict.seen.append(f"{len(statuses)} runs: { {s: statuses.count(s) for s in set(statuses)} }")
            verdict.violations += world.accounts() + world.outcome().doubles() + world.outcome().differences(wanted)
    except pytest.fail.Exception as failure:
        verdict.violations.append(str(failure))
    finally:
        up.remove()
        shutil.rmtree(parent)
    return verdict


def _in_batches(campaign: Campaign, number: int) -> Iterator[dict[str, list]]:
    of_bots = {bot_name: messages(bot_name, campaign.today) for bot_name in BOTS}
    for i in range(number):
        yield {bot_name: points[i::number] for bot_name, points in of_bots.items()}


def _enriched(
    world: World, verdict: Verdict, batch: Mapping[str, list], when: str, start: Callable[[], None] = lambda: None
) -> None:
    """New messages come, and by and by nothing waits any more."""
    _put(world, batch)
    start()
    began = time.monotonic()
    while not world.is_done() or sum(r[0] for r in world.rows("SELECT count(*) FROM message_ledger")) == 0:
        if time.monotonic() - began > PATIENCE_SECONDS:
            verdict.violations.append(f"{when}: not enriched within {PATIENCE_SECONDS} s")
            return
        time.sleep(1)
    verdict.seen.append(f"{when}: {time.monotonic() - began:.0f} s")


def _outlive_a_false_start(up: Up) -> None:
    """`up` gives up on a Dagster that does not live for a minute: it would only happen again."""
    [dagster] = [child for child in psutil.Process(up.process.pid).children() if "dev" in child.cmdline()]
    time.sleep(max(0.0, dagster.create_time() + SHORT_LIFE_SECONDS + 5 - time.time()))


def _kill(up: Up, what: str) -> bool:
    for process in psutil.Process(up.process.pid).children(recursive=True):
        if role(process) == what:
            process.kill()
            return True
    return False


@contextmanager
def _second_daemon(up: Up) -> Iterator[subprocess.Popen]:
    """Beside the one that `up` has started, with the same instance and code; long enough to have gone round its sensors."""
    workspace = project_file("workspace.yaml")
    with (up.parent / "second.out").open("wb") as out:
        daemon = subprocess.Popen(
            [sys.executable, "-m", "dagster._daemon", "run", "-w", str(workspace)], cwd=workspace.parent,
            stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, start_new_session=True,
            env={**os.environ, "DAGSTER_HOME": str(up.home / "dagster"), "WHISPER_ENRICH_HOME": str(up.home)},
        )  # fmt: skip
    try:
        time.sleep(SECOND_DAEMON_SECONDS)
        yield daemon
    finally:
        daemon.kill()
        daemon.wait()


SERVER_TRIALS: dict[str, Callable[[Campaign], Verdict]] = {
    "disk-full": disk_full,
    "qdrant-fails": qdrant_fails,
    "qdrant-pages": qdrant_pages,
    "processes-killed": processes_killed,
}
