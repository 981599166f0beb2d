"""The exporter: `/metrics` over HTTP, everything asked for at the scrape."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from threading import Thread
from wsgiref.simple_server import WSGIServer

from prometheus_client import CollectorRegistry, ProcessCollector, start_http_server

from whisper_enrich import __version__
from whisper_enrich.errors import InputError
from whisper_enrich.settings import Settings
from whisper_enrich.watching.collector import Collector
from whisper_enrich.watching.of_database import parts_of_database
from whisper_enrich.watching.of_runs import RunSource, parts_of_runs
from whisper_enrich.watching.of_store import OpenStore, parts_of_store
from whisper_enrich.watching.reading import ReadOnly


@dataclass
class Exporter:
    """What answers, and what it holds open."""

    registry: CollectorRegistry
    collector: Collector
    database: ReadOnly
    _server: WSGIServer | None = None
    _thread: Thread | None = None

    def serve(self, host: str, port: int) -> int:
        """Answer on ``host`` and ``port`` (0: a free one, which is returned) until `close`. Raises `InputError` where that
        is taken."""
        try:
            self._server, self._thread = start_http_server(port, addr=host, registry=self.registry)
        except OSError as error:
            raise InputError(
                f"The exporter cannot listen on {host}:{port} ({error.strerror}). End what does, or give another --port."
            ) from None
        return int(self._server.server_port)

    def wait(self) -> None:
        """Until somebody closes, or interrupts."""
        with suppress(KeyboardInterrupt):
            self._thread.join()

    def close(self) -> None:
        """Answer no more, and let go of the database."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
        self.database.close()


def build(settings: Settings, clock: Callable[[], datetime], open_store: OpenStore, runs: RunSource) -> Exporter:
    """All parts, none asked yet."""
    database = ReadOnly(settings)
    parts = [
        *parts_of_database(database, clock),
        *parts_of_store(database, clock, open_store),
        *parts_of_runs(runs),
    ]
    about = {
        "version": __version__, "python": platform.python_version(), "engine": "llm" if settings.uses_model else "extractive",
    }  # fmt: skip
    registry = CollectorRegistry()
    collector = Collector(parts, about)
    registry.register(collector)
    ProcessCollector(registry=registry)
    return Exporter(registry, collector, database)
