"""`whisper-enrich up` as a person starts it: processes of its own, spoken to over HTTP as the UI does."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import psutil
import pytest

from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

DEADLINE_SECONDS = 90
LINES_SHOWN = 40
LINE_SHOWN = 240
COMMAND = Path(sys.executable).with_name("whisper-enrich")
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "whisper_enrich"}
ENDED = {"SUCCESS", "FAILURE", "CANCELED"}

T = TypeVar("T")


def eventually(what: str, look: Callable[[], T], seconds: float = DEADLINE_SECONDS) -> T:
    """The first true answer of ``look``. Fails after the deadline."""
    deadline = time.monotonic() + seconds
    while not (answer := look()):
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds:.0f} s")
        time.sleep(0.25)
    return answer


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Up:
    """`up` on a state folder of its own, below a folder that PostgreSQL's user may enter."""

    parent: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    environment: Mapping[str, str] = field(default_factory=lambda: {"ENRICHMENT_SENSOR_SECONDS": "5"})

    @property
    def home(self) -> Path:
        """The state folder."""
        return self.parent / "state"

    def start(self) -> None:
        """Start it and wait until GraphQL answers for our code.

        In a session of its own: what a shell puts in the background would inherit that SIGINT is ignored.
        """
        with (self.parent / "up.out").open("ab") as out:
            self.process = subprocess.Popen(
                [str(COMMAND), "up", "--port", str(self.port)],
                stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=self.parent, start_new_session=True,
                env={**os.environ, "WHISPER_ENRICH_HOME": str(self.home), **self.environment},
            )  # fmt: skip
        eventually("GraphQL answers", lambda: self.has_ended() or self._answers())
        assert not self.has_ended(), f"`up` ended by itself with exit code {self.process.returncode}"

    def has_ended(self) -> bool:
        """Whether the process that was started is no more."""
        return self.process is not None and self.process.poll() is not None

    def _answers(self) -> bool:
        try:
            return bool(self.ask("{repositoriesOrError{... on RepositoryConnection{nodes{name}}}}").get("nodes"))
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False

    def ask(self, query: str, **variables: Any) -> Any:
        """The one field that a GraphQL query or mutation asks for. Fails on an error of any kind."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"content-type": "application/json"},
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                answer = json.load(response)
        except urllib.error.HTTPError as error:
            pytest.fail(f"GraphQL refuses {query}: {error.read().decode()}")
        assert "errors" not in answer, answer
        (value,) = answer["data"].values()
        return value

    def said(self) -> str:
        """What it printed."""
        return (self.parent / "up.out").read_text(encoding="utf-8")

    def last_words(self) -> str:
        """The end of what it printed, and of what Dagster and PostgreSQL wrote in their logs."""
        logs = (self.parent / "up.out", self.home / "dagster" / "up.log", EmbeddedPostgres(self.home).status().log)
        tails = {
            log: log.read_text(encoding="utf-8", errors="replace").splitlines()[-LINES_SHOWN:]
            for log in logs
            if log.is_file()
        }
        return "\n".join(line[:LINE_SHOWN] for log, tail in tails.items() for line in (f"--- {log}", *tail))

    def processes(self) -> list[psutil.Process]:
        """All that runs for this state folder, whoever its parent is by now, except for the tests. ``info`` has names."""
        data = EmbeddedPostgres(self.home).status().data_dir
        places = [str(self.parent), *([str(data)] if data else [])]
        others = (process for process in psutil.process_iter(["name"]) if process.pid != os.getpid())
        return [process for process in others if _works_in(process, places)]

    def remove(self) -> None:
        """End what still runs, and leave no database."""
        for process in self.processes():
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(self.processes(), timeout=10)
        EmbeddedPostgres(self.home).remove(force=True)


ROLES = {
    "code-server": "code server", "grpc": "code server's worker", "dagster._daemon": "daemon", "dagster_webserver": "webserver",
    "dev": "dagster dev", "up": "up",
}  # fmt: skip


def role(process: psutil.Process) -> str:
    """What a process of an `up` is there for, by a word of its command line. Raises `psutil.Error` where it has just ended."""
    words = process.cmdline()
    if "postgres" in process.name():
        return "PostgreSQL"
    # Dagster's launcher starts a run as a child of the code server's worker, by multiprocessing.
    started = "a run" if any("multiprocessing.spawn" in word for word in words) else "other"
    return next((name for word, name in ROLES.items() if word in words), started)


def _works_in(process: psutil.Process, places: list[str]) -> bool:
    try:
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        traces = [process.cwd(), *process.cmdline(), process.environ().get("WHISPER_ENRICH_HOME", "")]
    except psutil.Error:
        return False  # it has just ended, or is none of ours to look at
    return any(place in trace for place in places for trace in traces)


@dataclass(frozen=True)
class Ui:
    """What the UI's pages and buttons ask of GraphQL."""

    up: Up

    def runs(self) -> list[dict[str, Any]]:
        """All runs, oldest first, with their tags as a dict."""
        query = "{runsOrError{... on Runs{results{runId jobName status tags{key value}}}}}"
        found = self.up.ask(query)["results"]
        return [{**run, "tags": {tag["key"]: tag["value"] for tag in run["tags"]}} for run in reversed(found)]

    def run_with(self, tags: dict[str, str]) -> dict[str, Any] | None:
        """The first run that carries the tags, where there is one."""
        return next((run for run in self.runs() if tags.items() <= run["tags"].items()), None)

    def ended(self, tags: dict[str, str]) -> dict[str, Any]:
        """The run that carries the tags, when it has ended well."""
        run = eventually(
            f"the end of the run with {tags}",
            lambda: (found := self.run_with(tags)) and found["status"] in ENDED and found,
        )
        assert run["status"] == "SUCCESS", self.errors(run["runId"])
        return run

    def errors(self, run_id: str) -> list[str]:
        """What the page of a run shows in red, without the stacks."""
        query = (
            "query($run:ID!){logsForRun(runId:$run){... on EventConnection{events{"
            "... on MessageEvent{level message} ... on ErrorEvent{error{message}}}}}}"
        )
        events = self.up.ask(query, run=run_id)["events"]
        red = [event for event in events if event["level"] in ("ERROR", "CRITICAL")]
        return [(event.get("error") or event)["message"] for event in red]

    def materialised(self, run_id: str) -> set[tuple[str, str]]:
        """Assets and partitions that a run has materialised."""
        query = (
            "query($run:ID!){logsForRun(runId:$run){... on EventConnection{events{"
            "... on MaterializationEvent{partition assetKey{path}}}}}}"
        )
        events = self.up.ask(query, run=run_id)["events"]
        return {(event["assetKey"]["path"][0], event["partition"]) for event in events if event}

    def launch(self, assets: list[str], bot: str, day: str) -> None:
        """*Materialize* on one partition."""
        tags = {"dagster/partition": f"{bot}|{day}", "dagster/partition/bot": bot, "dagster/partition/day": day}
        mutation = (
            "mutation($runs:[ExecutionParams!]!){launchMultipleRuns(executionParamsList:$runs){__typename "
            "... on LaunchMultipleRunsResult{launchMultipleRunsResult{__typename ... on Error{message}}}}}"
        )
        selector = {
            **REPOSITORY,
            "pipelineName": "__ASSET_JOB",
            "assetSelection": _keys(assets),
            "assetCheckSelection": [],
        }
        run = {
            "mode": "default", "runConfigData": {}, "selector": selector,
            "executionMetadata": {"tags": [{"key": key, "value": value} for key, value in tags.items()]},
        }  # fmt: skip
        (launched,) = self.up.ask(mutation, runs=[run])["launchMultipleRunsResult"]
        assert launched["__typename"] == "LaunchRunSuccess", launched

    def backfill(self, assets: list[str], partitions: list[str]) -> str:
        """*Launch backfill* on several partitions; its id."""
        mutation = (
            "mutation($backfill:LaunchBackfillParams!){launchPartitionBackfill(backfillParams:$backfill)"
            "{__typename ... on LaunchBackfillSuccess{backfillId} ... on Error{message}}}"
        )
        wanted = {"assetSelection": _keys(assets), "partitionNames": partitions, "fromFailure": False, "tags": []}
        launched = self.up.ask(mutation, backfill=wanted)
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return launched["backfillId"]

    def sensor(self) -> dict[str, Any]:
        """The state of the sensor and its latest ticks."""
        query = (
            "query($sensor:SensorSelector!){sensorOrError(sensorSelector:$sensor){... on Sensor{"
            "sensorState{id status ticks(limit:20){status error{message}}}}}}"
        )
        return self.up.ask(query, sensor={**REPOSITORY, "sensorName": "new_messages"})["sensorState"]

    def switch_sensor(self, on: bool) -> None:
        """The sensor's switch."""
        if on:
            mutation = "mutation($s:SensorSelector!){startSensor(sensorSelector:$s){__typename}}"
            answer = self.up.ask(mutation, s={**REPOSITORY, "sensorName": "new_messages"})
        else:
            mutation = "mutation($id:String!){stopSensor(id:$id){__typename}}"
            answer = self.up.ask(mutation, id=self.sensor()["id"])
        assert answer["__typename"] in ("Sensor", "StopSensorMutationResult"), answer
        assert self.sensor()["status"] == ("RUNNING" if on else "STOPPED")


def _keys(assets: list[str]) -> list[dict[str, list[str]]]:
    return [{"path": [asset]} for asset in assets]
