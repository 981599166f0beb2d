"""A small server that speaks as InfluxDB 2.x does: Flux in, annotated CSV out; lines in, nothing out."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

Row = tuple[str, str, dict[str, str], str, float]
"""Measurement, field, tags, day (ISO), value."""


@dataclass
class FakeInflux:
    """What it holds, what it was asked, and the lines that it was given. ``status`` other than 200 is an error, ``body`` an
    answer of its own, ``delay`` seconds before each."""

    rows: Sequence[Row] = ()
    token: str = "secret"
    status: int = 200
    body: str | None = None
    delay: float = 0.0
    url: str = ""
    queries: list[str] = field(default_factory=list)
    organisations: list[str] = field(default_factory=list)
    written: list[str] = field(default_factory=list)

    def answer(self, flux: str) -> str:
        """The daily means and counts of what the query selects, a table for each yield."""
        measurement = re.search(r'_measurement == "(\w+)"', flux).group(1)
        wanted = dict.fromkeys(re.findall(r'r\["(\w+)"\] == ', flux))
        chosen = {column: set(re.findall(rf'r\["{column}"\] == "((?:[^"\\]|\\.)*)"', flux)) for column in wanted}
        start, stop = re.search(r"start: (\S+?)T\S+, stop: (\S+?)T", flux).groups()
        columns = re.findall(r'"(\w+)"', re.search(r"group\(columns: \[(.*?)\]", flux).group(1))
        groups: dict[tuple[str, ...], list[float]] = {}
        for name, fieldname, tags, day, value in self.rows:
            row = tags | {"_field": fieldname}
            if name != measurement or not start <= day < stop:
                continue
            if any(row.get(column) not in values for column, values in chosen.items()):
                continue
            if "exists r.success" in flux and row.get("success", "true").lower() == "false":
                continue
            groups.setdefault((*(row.get(column, "") for column in columns), day), []).append(value)
        tables = [self._table(columns, groups, name) for name in ("mean", "count")]
        return "\r\n".join(tables)

    def _table(self, columns: Sequence[str], groups: dict[tuple[str, ...], list[float]], name: str) -> str:
        lines = [",".join(["", "result", "table", *columns, "_time", "_value"])]
        for number, (key, values) in enumerate(groups.items()):
            value = sum(values) / len(values) if name == "mean" else len(values)
            lines.append(",".join(["", name, str(number), *key[:-1], f"{key[-1]}T00:00:00Z", str(value)]))
        return "\r\n".join(lines) + "\r\n" if groups else ""


@contextmanager
def serving(fake: FakeInflux) -> Iterator[FakeInflux]:
    """Serve on a port of its own until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path.startswith("/api/v2/write"):
                self._take(body)
                return
            asked = json.loads(body)
            fake.queries.append(asked["query"])
            fake.organisations += parse_qs(urlsplit(self.path).query).get("org", [])
            time.sleep(fake.delay)
            status = fake.status if self.headers["Authorization"] == f"Token {fake.token}" else 401
            body = fake.body if fake.body is not None else fake.answer(asked["query"]) if status == 200 else "{}"
            self.send_response(status)
            self.send_header("Content-Type", "text/csv; charset=utf-8" if status == 200 else "application/json")
            self.send_header("Content-Length", str(len(body.encode())))
            self.end_headers()
            self.wfile.write(body.encode())

        def _take(self, body: bytes) -> None:
            """As a bucket does that may be written to, unless ``status`` says otherwise."""
            status = 204 if fake.status == 200 else fake.status
            if status == 204:
                fake.written += body.decode().splitlines()
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    fake.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
