"""The part of Qdrant's REST interface that our adapter uses, served by the client's own in-memory engine.

Requests are parsed by the client's published models, which refuse unknown fields, and answers go through JSON: so ids,
numbers, status codes and retries are those of a server. ``faults`` are answered before anything else, once each.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, TypeAdapter
from qdrant_client import QdrantClient, models


@dataclass
class Fault:
    """An answer that a failing server, or something that is no Qdrant at all, would give."""

    status: int
    body: str = '{"status": {"error": "out of order"}}'
    headers: dict[str, str] = field(default_factory=dict)


class FakeQdrant:
    """``url`` is where it listens; ``client`` is the engine behind it; ``requests`` are methods and paths seen.

    ``indexes`` are the payload indexes by collection, which the engine behind it does not remember.
    """

    def __init__(self) -> None:
        self.client = QdrantClient(":memory:")
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self.url = ""
        self.indexes: dict[str, dict[str, Any]] = {}
        self._lock = threading.Lock()

    def answer(self, method: str, path: str, body: Any) -> Any:
        """The ``result`` of a request. Raises `ValueError` or `KeyError` for what a server answers with 404."""
        with self._lock:
            parts = path.strip("/").split("/")
            if parts == ["aliases"]:
                return self.client.get_aliases()
            if parts == ["collections", "aliases"]:
                actions = TypeAdapter(models.ChangeAliasesOperation).validate_python(body).actions
                return self.client.update_collection_aliases(actions)
            if parts == ["collections"]:
                return self.client.get_collections()
            return self._collection(method, parts[1], "/".join(parts[2:]), body)

    def _collection(self, method: str, name: str, rest: str, body: Any) -> Any:
        routes: dict[tuple[str, str], Callable[[str, Any], Any]] = {
            ("GET", ""): self._info,
            ("PUT", ""): self._create,
            ("PUT", "index"): self._index,
            ("PUT", "points"): self._upsert,
            ("POST", "points"): self._retrieve,
            ("POST", "points/scroll"): self._scroll,
            ("POST", "points/count"): self._count,
            ("POST", "points/query"): self._query,
            ("POST", "points/batch"): self._batch,
            ("POST", "points/delete"): self._delete,
            ("POST", "points/payload/delete"): self._delete_payload,
        }
        return routes[method, rest](name, body)

    def _info(self, name: str, body: Any) -> Any:
        info = self.client.get_collection(name).model_dump(mode="json")
        return info | {"payload_schema": self.indexes.get(name, {})}

    def _create(self, name: str, body: Any) -> Any:
        request = models.CreateCollection.model_validate(body)
        return self.client.create_collection(name, vectors_config=request.vectors)

    def _index(self, name: str, body: Any) -> Any:
        request = models.CreateFieldIndex.model_validate(body)
        entry = {"data_type": request.field_schema, "points": 0}
        self.indexes.setdefault(name, {})[request.field_name] = entry
        return {"operation_id": 1, "status": "completed"}

    def _upsert(self, name: str, body: Any) -> Any:
        request = models.PointsList.model_validate(body)
        return self.client.upsert(name, points=request.points)

    def _retrieve(self, name: str, body: Any) -> Any:
        request = models.PointRequest.model_validate(body)
        return self.client.retrieve(
            name, ids=request.ids, with_payload=request.with_payload, with_vectors=request.with_vector
        )

    def _scroll(self, name: str, body: Any) -> Any:
        request = models.ScrollRequest.model_validate(body)
        points, offset = self.client.scroll(
            name,
            scroll_filter=request.filter,
            limit=request.limit,
            offset=request.offset,
            with_payload=request.with_payload,
            with_vectors=request.with_vector,
        )
        return {"points": points, "next_page_offset": offset}

    def _count(self, name: str, body: Any) -> Any:
        request = models.CountRequest.model_validate(body)
        return self.client.count(name, count_filter=request.filter, exact=request.exact)

    def _query(self, name: str, body: Any) -> Any:
        request = models.QueryRequest.model_validate(body)
        return self.client.query_points(
            name, query=request.query, using=request.using, query_filter=request.filter, limit=request.limit,
            with_payload=request.with_payload,
        )  # fmt: skip

    def _batch(self, name: str, body: Any) -> Any:
        request = models.UpdateOperations.model_validate(body)
        return self.client.batch_update_points(name, update_operations=request.operations)

    def _delete(self, name: str, body: Any) -> Any:
        return self.client.delete(name, points_selector=models.PointIdsList.model_validate(body))

    def _delete_payload(self, name: str, body: Any) -> Any:
        request = models.DeletePayload.model_validate(body)
        return self.client.delete_payload(name, keys=request.keys, points=request.points)


@contextmanager
def serving() -> Iterator[FakeQdrant]:
    """A fake server on a free port of this machine."""
    fake = FakeQdrant()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            """Keep the test output clean."""

        def _handle(self) -> None:
            path = urlsplit(self.path).path
            length = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(length)) if length else None
            fake.requests.append((self.command, path))
            if fake.faults:
                fault = fake.faults.pop(0)
                return self._send(fault.status, fault.body, fault.headers)
            try:
                result = _plain(fake.answer(self.command, path, body))
            except (ValueError, KeyError) as error:
                return self._send(404, json.dumps({"status": {"error": f"Not found: {error}"}}), {})
            return self._send(200, json.dumps({"result": result, "status": "ok", "time": 0.0}), {})

        def _send(self, status: int, text: str, headers: dict[str, str]) -> None:
            content = text.encode()
            self.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(content)),
                **headers,
            }.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(BrokenPipeError):  # the client has given up waiting
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = _handle

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    fake.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield fake
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _plain(result: Any) -> Any:
    if isinstance(result, BaseModel):
        return result.model_dump(mode="json")
    if isinstance(result, dict):
        return {name: _plain(value) for name, value in result.items()}
    if isinstance(result, list):
        return [_plain(value) for value in result]
    return result
