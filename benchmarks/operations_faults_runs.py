"""Runs of the campaign of operations' faults, here or in processes of their own, and what befalls them in a step."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dagster import DagsterInstance  # noqa: TID251

from whisper_enrich.definitions import defs
from whisper_enrich.errors import EnrichError
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import Settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich_tests.stages.faults import DyingDatabase, DyingStore

LEASE_WAIT_SECONDS = 30.0
STORE_WAIT_SECONDS = 60.0


@dataclass(frozen=True)
class Blow:
    """``act`` happens at an instant (from 1) of a step (from 0) of a run: before or after a call to the store, around a commit.

    With ``throughout``, at every instant from there on.
    """

    step: int
    instant: int
    act: Callable[[], None]
    throughout: bool = False


class Befallen(Pipeline):
    """A pipeline that counts the instants of each step of its runs, and carries out a `Blow`."""

    def __init__(self, *arguments: Any, blow: Blow | None = None, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.blow = blow
        self.instants: list[int] = []
        self.struck = False

    def context(self, run_id: str, **named: Any) -> StageContext:
        """Each step asks for one context, when it begins."""
        ctx = super().context(run_id, **named)
        self.instants.append(0)
        return replace(
            ctx, store=DyingStore(ctx.store, self._instant), database=_Watched(ctx.database, self._instant)
        )  # fmt: skip

    def _instant(self) -> None:
        self.instants[-1] += 1
        if self.blow is None or (self.struck and not self.blow.throughout):
            return
        if (len(self.instants) - 1, self.instants[-1]) >= (self.blow.step, self.blow.instant):
            self.struck = True
            self.blow.act()


class _Watched(DyingDatabase):
    """The rest of a database is as it was."""

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)


@dataclass(frozen=True)
class Ran:
    """How a run ended. ``said`` are the sentences that the UI shows of its failed steps."""

    success: bool
    said: tuple[str, ...]
    run_id: str


@dataclass(frozen=True)
class Site:
    """Where a run takes place, for a process of its own. ``qdrant`` None: a server, by the settings."""

    settings: Settings
    dagster: Path
    qdrant: Path | None
    offset: timedelta

    def clock(self) -> datetime:
        """The time of this world."""
        return datetime.now(UTC) + self.offset

    def pipeline(self, blow: Blow | None = None) -> Befallen:
        """A pipeline of this process."""
        store = self.qdrant and EdgeStore(
            self.qdrant, self.settings.qdrant_collection_prefix, wait_seconds=STORE_WAIT_SECONDS
        )
        return Befallen(
            self.settings, clock=self.clock, store=store or None, lease_wait_seconds=LEASE_WAIT_SECONDS, blow=blow
        )  # fmt: skip


def instance_in(folder: Path) -> DagsterInstance:
    """A Dagster instance on SQLite files below ``folder``, which several processes may open."""
    folder.mkdir(exist_ok=True)
    (folder / "dagster.yaml").write_text("telemetry: {enabled: false}\n", encoding="utf-8")
    return DagsterInstance.from_config(str(folder))


def carry_out(instance: DagsterInstance, pipeline: Pipeline, tags: Mapping[str, str], job: str) -> Ran:
    """One Dagster run in this process."""
    partition = tags.get("dagster/partition")
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance, resources={"pipeline": pipeline}, raise_on_error=False, partition_key=partition,
        tags={key: value for key, value in tags.items() if not key.startswith("dagster/partition")},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
    )  # fmt: skip
    said_of = [event.step_failure_data for event in result.all_events if event.is_step_failure]
    sentences = tuple(
        str(failed.user_failure_data.description if failed.user_failure_data else failed.error.message)
        for failed in said_of
    )
    return Ran(result.success, sentences, result.run_id)


def _work(site: Site, tags: Mapping[str, str], job: str, blow: Blow | None, answer: Any) -> None:
    pipeline = site.pipeline(blow)
    try:
        with instance_in(site.dagster) as instance:
            answer.send(carry_out(instance, pipeline, tags, job))
    finally:
        # Where the disk is still full, or the server dead, nothing can be given back: that is part of the trial.
        with suppress(EnrichError):
            pipeline.close()


def all_at_once(site: Site, runs: Sequence[tuple[Mapping[str, str], Blow | None]]) -> list[Ran | None]:
    """Runs in processes of their own; None for one that was killed."""
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload(["whisper_enrich.definitions", "qdrant_edge", "yake"])
    started = []
    for tags, blow in runs:
        answer, theirs = processes.Pipe(duplex=False)
        process = processes.Process(target=_work, args=(site, tags, "enrich_bot_day", blow, theirs))
        process.start()
        theirs.close()
        started.append((process, answer))
    ended: list[Ran | None] = []
    for process, answer in started:
        try:
            ended.append(answer.recv())
        except EOFError:
            ended.append(None)
        process.join()
    return ended


def die() -> None:
    """By the hand of the kernel: no clean-up of any kind."""
    os.kill(os.getpid(), signal.SIGKILL)


def end_postgres(home: Path) -> None:
    """As `die`, for the embedded server of a state folder."""
    pid = EmbeddedPostgres(home).status().pid
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
