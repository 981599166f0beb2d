"""`exporter`: metrics for Prometheus until it is ended."""

from __future__ import annotations

import signal
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING

import click

from whisper_enrich.cli.console import out, step
from whisper_enrich.cli.instance import dagster_instance
from whisper_enrich.settings import load_settings, utc_now

if TYPE_CHECKING:
    from dagster import DagsterInstance

    from whisper_enrich.watching.of_runs import RunSource

HISTORY = timedelta(days=1)
RUNS_OF_HISTORY = 1000
STORE_WAIT_SECONDS = 0.5


@click.command()
@click.option("--port", default=9464, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0 for a container.")
def exporter(port: int, host: str) -> None:
    """Serve metrics for Prometheus on http://HOST:PORT/metrics, until Ctrl-C.

    It asks at the scrape, and answers also while PostgreSQL or Qdrant are down: whisper_enrich_up then says so.
    """
    from whisper_enrich.resources.pipeline import open_store
    from whisper_enrich.watching.exporter import build

    settings = load_settings()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with dagster_instance(settings) as instance:
        built = build(settings, utc_now, partial(open_store, wait_seconds=STORE_WAIT_SECONDS), run_source(instance))
        try:
            # What is loaded at the first question would make the first scrape late.
            built.collector.collect()
            built.serve(host, port)
            out.print(f"[bold]http://{host}:{port}/metrics[/]  for Prometheus. Ctrl-C ends it.", soft_wrap=True)
            built.wait()
        finally:
            built.close()
    step("Stopped.")


def run_source(instance: DagsterInstance) -> RunSource:
    """Dagster's storage, as the exporter wants to ask it. Knows the jobs and checks that are defined now."""
    from whisper_enrich.automation import run_history
    from whisper_enrich.automation.run_history import Position
    from whisper_enrich.definitions import defs
    from whisper_enrich.watching.of_runs import RunSource

    repository = defs.get_repository_def()
    checks = sorted(repository.asset_graph.asset_check_keys, key=lambda key: (key.asset_key.to_user_string(), key.name))
    position = Position(utc_now())

    def since():
        nonlocal position
        ended, position = run_history.ended_since(instance, position)
        return ended

    return RunSource(
        jobs=sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__")),
        before=lambda: run_history.latest_ended(instance, utc_now() - HISTORY, RUNS_OF_HISTORY),
        since=since,
        in_flight=lambda: run_history.in_flight(instance),
        checks=lambda: run_history.latest_checks(instance, checks),
        event_log_bytes=lambda: run_history.event_log_bytes(instance),
    )
