"""The stores that the contract holds for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.server_store import ServerStore
from whisper_enrich.messages.store import MessageStore
from whisper_enrich_tests.messages.builders import PREFIXES
from whisper_enrich_tests.messages.fake_qdrant import FakeQdrant, serving
from whisper_enrich_tests.messages.fake_qdrant_grpc import serving_grpc

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

# The session's own settings are taken out of the environment before a test runs, so this is read at import.
SERVER_URL = os.environ.get("QDRANT_URL") or os.environ.get("TEST_QDRANT_URL")


@dataclass(frozen=True)
class Subject:
    """A store under test, its prefixes, and the client behind it where there is one."""

    kind: str
    store: MessageStore
    prefixes: tuple[str, ...] = PREFIXES
    client: QdrantClient | None = None

    @property
    def remembers_indexes(self) -> bool:
        """The client's in-memory engine never lists the indexes that it was asked for."""
        return self.kind != "memory"


@pytest.fixture
def edge(tmp_path: Path) -> EdgeStore:
    return EdgeStore(tmp_path / "qdrant", PREFIXES, wait_seconds=5)


@pytest.fixture
def fake() -> Iterator[FakeQdrant]:
    with serving() as server:
        yield server


@pytest.fixture(params=["edge", "memory", "rest", "grpc", *(["server"] if SERVER_URL else [])])
def subject(request: pytest.FixtureRequest) -> Iterator[Subject]:
    """An empty store: the embedded engine, the client's own engine directly, behind REST and behind gRPC, a real server."""
    if request.param == "edge":
        yield Subject("edge", request.getfixturevalue("edge"))
    elif request.param == "memory":
        from qdrant_client import QdrantClient

        client = QdrantClient(":memory:")
        yield Subject("memory", ServerStore(lambda: client, PREFIXES), client=client)
    elif request.param == "rest":
        fake: FakeQdrant = request.getfixturevalue("fake")
        store = ServerStore.connect(PREFIXES, url=fake.url)
        yield Subject("rest", store, client=fake.client)
        store.close()
    elif request.param == "grpc":
        fake = request.getfixturevalue("fake")
        with serving_grpc(fake) as port:
            store = ServerStore.connect(PREFIXES, host="127.0.0.1", grpc_port=port, prefer_grpc=True)
            yield Subject("grpc", store, client=fake.client)
            store.close()
    else:
        yield from _on_a_server(str(SERVER_URL))


def _on_a_server(url: str) -> Iterator[Subject]:
    from qdrant_client import QdrantClient

    run = f"whisper_enrich_test_{uuid4().hex[:12]}"
    prefixes = (f"{run}_a_", f"{run}_b_")
    client = QdrantClient(url=url, check_compatibility=False)
    store = ServerStore.connect(prefixes, url=url)
    try:
        yield Subject("server", store, prefixes, client)
    finally:
        for collection in client.get_collections().collections:
            if collection.name.startswith(run):
                client.delete_collection(collection.name)
        store.close()
        client.close()
