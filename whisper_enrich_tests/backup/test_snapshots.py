"""Snapshots over the REST interface of a Qdrant server, which here is a small stand-in for one."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from whisper_enrich.backup.snapshots import ServerSnapshots, SnapshotsNotOffered
from whisper_enrich.errors import StoreError, StoreUnavailable
from whisper_enrich.settings import load_settings

CONTENT = bytes(range(256)) * 5000


class Server(ThreadingHTTPServer):
    """Keeps one collection, its snapshots, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.collections = {"elena"}
        self.fails: dict[str, int] = {}
        self.uploaded = b""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        path = self.path.split("?")[0]
        self.server.asked.append(f"{self.command} {path} {self.headers.get('api-key')}")
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        status = self.server.fails.get(self.command, 200)
        if status != 200:
            self._send(status, b"{}")
        elif path.endswith("/upload"):
            self.server.uploaded = body
            self.server.collections.add(path.split("/")[2])
            self._send(200, b'{"result": true}')
        elif path.endswith("/exists"):
            self._send(200, json.dumps({"result": {"exists": path.split("/")[2] in self.server.collections}}).encode())
        elif self.command == "POST":
            self._send(200, b'{"result": {"name": "elena-1.snapshot"}}')
        else:
            self._send(200, CONTENT if self.command == "GET" else b'{"result": true}')

    def _send(self, status: int, body: bytes) -> None:
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_DELETE = _answer


@pytest.fixture
def server() -> Iterator[Server]:
    built = Server()
    threading.Thread(target=built.serve_forever, args=(0.02,), daemon=True).start()
    yield built
    built.shutdown()
    built.server_close()


@pytest.fixture
def snapshots(server):
    return ServerSnapshots(load_settings(qdrant_url=f"http://127.0.0.1:{server.server_port}", qdrant_api_key="key"))


def test_a_snapshot_is_made_fetched_and_removed_from_the_server(server, snapshots, tmp_path):
    snapshots.fetch("elena", tmp_path / "elena.snapshot")
    assert (tmp_path / "elena.snapshot").read_bytes() == CONTENT
    path = "/collections/elena/snapshots"
    assert server.asked == [
        f"POST {path} key",
        f"GET {path}/elena-1.snapshot key",
        f"DELETE {path}/elena-1.snapshot key",
    ]


def test_it_is_put_back_only_where_there_is_no_such_collection(server, snapshots, tmp_path):
    source = tmp_path / "elena.snapshot"
    source.write_bytes(CONTENT)
    assert not snapshots.put_back("elena", source)
    assert server.uploaded == b""
    assert snapshots.put_back("marcus", source)
    assert CONTENT in server.uploaded


@pytest.mark.parametrize("status", [403, 404, 501])
def test_a_server_that_offers_none_says_so(server, snapshots, tmp_path, status):
    server.fails["POST"] = status
    with pytest.raises(SnapshotsNotOffered, match=str(status)):
        snapshots.fetch("elena", tmp_path / "x")


def test_one_that_breaks_is_an_error_and_its_snapshot_is_removed_all_the_same(server, snapshots, tmp_path):
    server.fails["GET"] = 500
    with pytest.raises(StoreError, match="500"):
        snapshots.fetch("elena", tmp_path / "x")
    assert server.asked[-1].startswith("DELETE")


def test_a_server_that_is_not_there_is_unavailable(tmp_path):
    gone = ServerSnapshots(load_settings(qdrant_url="http://127.0.0.1:9"))
    with pytest.raises(StoreUnavailable):
        gone.fetch("elena", tmp_path / "x")
