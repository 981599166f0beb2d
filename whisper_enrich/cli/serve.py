"""`up`: the Dagster UI and daemon until Ctrl-C."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

import click
import psutil

from whisper_enrich.cli.console import out, step, warn
from whisper_enrich.cli.instance import prepare_dagster_home, project_file
from whisper_enrich.errors import EnrichError, InputError
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings

START_SECONDS = 90
STOP_SECONDS = 15
WATCH_SECONDS = 5
SHORT_LIFE_SECONDS = 60
_PR_SET_PDEATHSIG = 1


@click.command()
@click.option("--port", default=3000, show_default=True, type=click.IntRange(1, 65535), help="Port on 127.0.0.1.")
def up(port: int) -> None:
    """Serve the Dagster UI on 127.0.0.1, with sensors and schedules running, until Ctrl-C."""
    settings = load_settings()
    home = prepare_dagster_home(settings)
    end_leftover(home / "up.json")
    _require_free(port)
    (home / "up.log").unlink(missing_ok=True)
    _on_signals(_interrupt)
    with opened(Pipeline(settings)) as pipeline:
        pipeline.preflight("up")
        try:
            while True:
                _serve(port, home)
                warn("One of Dagster's processes was killed. Starting Dagster again.")
        except KeyboardInterrupt:
            step("Stopped; nothing is left running.")


def _on_signals(handler: Callable[[int, object], None] | signal.Handlers) -> None:
    # A shell starts background jobs with SIGINT ignored; whoever sends it to us means it.
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, handler)


def _serve(port: int, home: Path) -> None:
    """Run Dagster until it ends by itself. Raises `EnrichError` where that is soon: it would only happen again."""
    began = time.monotonic()
    process = _start(port, home)
    try:
        _wait_until_ready(process, port, home)
        out.print(f"[bold]http://127.0.0.1:{port}[/]  the Dagster UI. Ctrl-C ends it.", soft_wrap=True)
        code = _watch(process)
    finally:
        _on_signals(signal.SIG_IGN)
        _end(process)
        (home / "up.json").unlink(missing_ok=True)
        _on_signals(_interrupt)
    if time.monotonic() - began < SHORT_LIFE_SECONDS:
        raise EnrichError(f"Dagster ended by itself (exit code {code}). Its log: {home / 'up.log'}")


def _watch(process: subprocess.Popen) -> int:
    """Wait for Dagster to end; its exit code.

    Where the worker of a code server was killed, Dagster shows the location in error for ever, and no sensor ticks. The
    code server is ended then, and Dagster starts another one.
    """
    lame: set[psutil.Process] = set()
    while True:
        try:
            return process.wait(timeout=WATCH_SECONDS)
        except subprocess.TimeoutExpired:
            without_worker = {server for server in _code_servers(process.pid) if not _living_children(server)}
        for server in without_worker & lame:
            _signal(server, signal.SIGKILL)
        lame = without_worker


def _code_servers(dagster_pid: int) -> list[psutil.Process]:
    try:
        return [child for child in psutil.Process(dagster_pid).children() if "code-server" in child.cmdline()]
    except psutil.Error:
        return []


def _living_children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in process.children() if child.status() != psutil.STATUS_ZOMBIE]
    except psutil.Error:
        return []


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            raise InputError(
                f"Port {port} is taken. End what listens there, or give another one with --port."
            ) from None


def _die_with_parent() -> None:
    """In the child: end when `up` is killed, so that nothing is left behind."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _start(port: int, home: Path) -> subprocess.Popen:
    """`dagster dev` in a process group of its own; its output goes to a file."""
    workspace = project_file("workspace.yaml")
    with (home / "up.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-h", "127.0.0.1", "-p", str(port), "-w", str(workspace)],
            stdout=log, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, cwd=workspace.parent,
            env={**os.environ, "DAGSTER_HOME": str(home), "PYTHONUNBUFFERED": "1",
                 "WHISPER_ENRICH_HOME": str(load_settings().home)},
            start_new_session=True, preexec_fn=_die_with_parent if sys.platform == "linux" else None,
        )  # fmt: skip
    record = {"pid": process.pid, "started": psutil.Process(process.pid).create_time()}
    (home / "up.json").write_text(json.dumps(record), encoding="utf-8")
    return process


def _wait_until_ready(process: subprocess.Popen, port: int, home: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EnrichError(f"Dagster did not start (exit code {process.returncode}). Its log: {home / 'up.log'}")
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/server_info", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    raise EnrichError(f"Dagster did not answer on port {port} within {START_SECONDS} s. Its log: {home / 'up.log'}")


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


def _end(process: subprocess.Popen) -> None:
    """End the whole process group: politely, then not."""
    members = _members(process.pid)
    for sign, seconds in ((signal.SIGTERM, STOP_SECONDS), (signal.SIGKILL, 5)):
        for member in members:
            _signal(member, sign)
        _, members = psutil.wait_procs(members, timeout=seconds)
        if not members:
            break
    if process.poll() is None:
        process.wait(timeout=5)


def _members(group: int) -> list[psutil.Process]:
    """The processes of a group and all their descendants."""
    found: dict[int, psutil.Process] = {}
    for candidate in psutil.process_iter():
        try:
            if os.getpgid(candidate.pid) == group:
                found[candidate.pid] = candidate
                found |= {child.pid: child for child in candidate.children(recursive=True)}
        except (ProcessLookupError, psutil.Error):
            continue
    return list(found.values())


def _is_dagster(process: psutil.Process) -> bool:
    """Guards against a process group whose number was given to somebody else meanwhile."""
    try:
        return any("dagster" in word for word in process.cmdline())
    except psutil.Error:
        return False


def _signal(process: psutil.Process, sign: signal.Signals) -> None:
    try:
        process.send_signal(sign)
    except psutil.NoSuchProcess:
        return


def end_leftover(record: Path) -> None:
    """End what an `up` that was killed has left running."""
    if not record.is_file():
        return
    try:
        left = json.loads(record.read_text(encoding="utf-8"))
        owner = psutil.Process(left["pid"]) if psutil.pid_exists(left["pid"]) else None
    except (ValueError, KeyError, psutil.NoSuchProcess):
        owner, left = None, {"pid": 0}
    if owner is not None and owner.create_time() == left["started"] and owner.ppid() != 1:
        raise InputError("`whisper-enrich up` is running already in this folder. End it there, or use its UI.")
    members = [process for process in _members(left["pid"]) if _is_dagster(process)] if left["pid"] else []
    if members:
        warn(f"Ending {len(members)} processes that an earlier `up` has left running.")
        for member in members:
            _signal(member, signal.SIGKILL)
        psutil.wait_procs(members, timeout=5)
    record.unlink(missing_ok=True)
