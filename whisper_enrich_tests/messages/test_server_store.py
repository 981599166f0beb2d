"""What only a server store has to bear: no connection, passing failures, refusals, and bots that write at the same time."""

from __future__ import annotations

import json
import os
import socket
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qdrant_client import QdrantClient

from whisper_enrich.errors import ConfigurationError, StoreError, StoreUnavailable
from whisper_enrich.messages.server_store import ServerStore
from whisper_enrich.messages.store import MARK_LEDGER, MARK_STATUS
from whisper_enrich_tests.messages.builders import LEDGER, PREFIXES, mark_of, point, uuid_of
from whisper_enrich_tests.messages.conftest import SERVER_URL
from whisper_enrich_tests.messages.fake_qdrant import FakeQdrant, Fault

ELENA = "whisperengine_memory_elena"


def impatient(fake: FakeQdrant, **options: Any) -> ServerStore:
    return ServerStore.connect(PREFIXES, url=fake.url, pause_seconds=0.001, **options)


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


# No connection


@pytest.mark.parametrize("prefer_grpc", [False, True])
def test_a_server_that_is_not_there_is_unavailable_and_the_sentence_names_host_and_setting(prefer_grpc: bool) -> None:
    port = free_port()
    ports = {"grpc_port": port, "prefer_grpc": True} if prefer_grpc else {"port": port}
    store = ServerStore.connect(PREFIXES, host="127.0.0.1", pause_seconds=0.001, **ports)
    with pytest.raises(StoreUnavailable) as caught:
        store.bots()
    where = f"127.0.0.1, gRPC port {port}," if prefer_grpc else f"127.0.0.1:{port}"
    assert f"Qdrant at {where} cannot be reached (no connection" in str(caught.value)
    assert "QDRANT_URL, or QDRANT_HOST with QDRANT_PORT or QDRANT_GRPC_PORT" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_server_that_does_not_answer_in_time_is_unavailable() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        port = silent.getsockname()[1]
        store = ServerStore.connect(PREFIXES, host="127.0.0.1", port=port, timeout_seconds=1, attempts=1)
        with pytest.raises(StoreUnavailable, match="no answer in time"):
            store.count(ELENA)


def test_credentials_in_a_url_are_not_told() -> None:
    url = f"http://somebody:secret@127.0.0.1:{free_port()}/path?key=secret"
    store = ServerStore.connect(PREFIXES, url=url, api_key="secret-key", attempts=1)
    with warnings.catch_warnings(), pytest.raises(StoreUnavailable) as caught:
        warnings.simplefilter("ignore")
        store.bots()
    assert "secret" not in str(caught.value) and "somebody" not in str(caught.value)


@pytest.mark.parametrize("wrong", [{}, {"url": ""}, {"url": "ftp://x"}, {"url": "http://"}, {"url": "http://x:port"}])
def test_an_address_that_is_none_is_a_configuration_error(wrong: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="QDRANT_URL"):
        ServerStore.connect(PREFIXES, **wrong)


def test_nothing_is_sent_before_the_first_call(fake: FakeQdrant) -> None:
    impatient(fake)
    assert fake.requests == []


def test_no_warning_is_printed_about_versions(fake: FakeQdrant) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        impatient(fake).bots()
    assert fake.requests == [("GET", "/collections"), ("GET", "/aliases")]


# Failures that pass, and those that do not


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_failure_that_passes_is_tried_again(fake: FakeQdrant, status: int) -> None:
    store = impatient(fake)
    store.create_collection("elena")
    fake.requests.clear()
    fake.faults = [Fault(status), Fault(status)]
    assert store.count(ELENA) == 0
    assert len(fake.requests) == 3


def test_a_server_that_asks_for_patience_is_given_it(fake: FakeQdrant) -> None:
    store = impatient(fake)
    store.create_collection("elena")
    fake.faults = [Fault(429, headers={"Retry-After": "0"})]
    assert store.count(ELENA) == 0


def test_a_failure_that_stays_is_unavailable_after_a_few_attempts(fake: FakeQdrant) -> None:
    fake.faults = [Fault(503)] * 5
    with pytest.raises(StoreUnavailable, match=r"status 503 while listing the collections"):
        impatient(fake, attempts=4).bots()
    assert len(fake.requests) == 4


@pytest.mark.parametrize("status", [401, 403])
def test_a_wrong_key_is_told_at_once(fake: FakeQdrant, status: int) -> None:
    fake.faults = [Fault(status)]
    with pytest.raises(StoreUnavailable, match="QDRANT_API_KEY"):
        impatient(fake).bots()
    assert len(fake.requests) == 1


def test_what_a_server_refuses_is_not_tried_again_and_its_words_are_not_repeated(fake: FakeQdrant) -> None:
    store = impatient(fake)
    store.create_collection("elena")
    fake.requests.clear()
    fake.faults = [Fault(400, '{"status": {"error": "bad value: I moved to Leeds"}}')]
    with pytest.raises(StoreError, match="refused a request") as caught:
        store.upsert(ELENA, [point()])
    assert "Leeds" not in str(caught.value)
    assert caught.value.__cause__ is None and caught.value.__suppress_context__
    assert len(fake.requests) == 1


def test_a_server_in_strict_mode_asks_for_the_indexes(fake: FakeQdrant) -> None:
    store = impatient(fake)
    store.create_collection("elena")
    body = 'Bad request: Index required but not found for "enrichment_ledger" of one of the following types: [keyword]'
    fake.faults = [Fault(400, json.dumps({"status": {"error": body}}))]
    with pytest.raises(StoreError, match="strict mode"):
        store.count(ELENA, unmarked_for=LEDGER)


def test_something_that_is_no_qdrant_is_an_error(fake: FakeQdrant) -> None:
    fake.faults = [Fault(200, "<html>It works!</html>")]
    with pytest.raises(StoreError, match=r"Qdrant at 127\.0\.0\.1"):
        impatient(fake).bots()


def test_a_scan_survives_a_failure_between_pages(fake: FakeQdrant) -> None:
    store = impatient(fake)
    store.create_collection("elena")
    store.upsert(ELENA, [point(number) for number in range(10)])
    found = []
    for page in store.scan(ELENA, page_size=3):
        found += [each.id for each in page]
        fake.faults = [Fault(503)]
    assert sorted(found) == sorted(uuid_of(number) for number in range(10))


def test_a_scan_that_fails_for_good_raises_instead_of_ending(fake: FakeQdrant) -> None:
    store = impatient(fake)
    store.create_collection("elena")
    store.upsert(ELENA, [point(number) for number in range(10)])
    pages = store.scan(ELENA, page_size=3)
    next(pages)
    fake.faults = [Fault(503)] * 9
    with pytest.raises(StoreUnavailable):
        list(pages)


def test_a_collection_that_somebody_else_makes_at_the_same_time_is_found(fake: FakeQdrant) -> None:
    class Late(QdrantClient):
        def create_collection(self, name: str, **options: Any) -> bool:
            super().create_collection(name, **options)
            return super().create_collection(name, **options)

    store = ServerStore(lambda: Late(":memory:"), PREFIXES)
    assert store.create_collection("elena").collection == ELENA


# Bots that write while marks are set


class Busy(QdrantClient):
    """A client behind whose back something happens before or after marks are written."""

    before: Callable[[QdrantClient], object] | None = None
    after: Callable[[QdrantClient], object] | None = None

    def batch_update_points(self, *arguments: Any, **options: Any) -> Any:
        if (event := self.before) is not None:
            self.before = None
            event(self)
        result = super().batch_update_points(*arguments, **options)
        if (event := self.after) is not None:
            self.after = None
            event(self)
        return result


@pytest.fixture
def busy() -> Iterator[tuple[Busy, ServerStore]]:
    client = Busy(":memory:")
    store = ServerStore(lambda: client, PREFIXES)
    store.create_collection("elena")
    store.upsert(ELENA, [point(1), point(2), point(3)])
    yield client, store
    client.close()


def marks() -> list[Any]:
    return [mark_of(point(number)) for number in (1, 2, 3)]


def mark_fields(store: ServerStore, number: int) -> dict[str, Any]:
    (read,) = store.by_ids(ELENA, [uuid_of(number)], fields=[MARK_STATUS, MARK_LEDGER])
    return dict(read.payload)


def test_an_edit_between_reading_and_marking_is_seen_and_the_mark_is_taken_off(busy: tuple[Busy, ServerStore]) -> None:
    client, store = busy
    client.before = lambda engine: engine.set_payload(ELENA, {"content": "I moved to Lyon."}, points=[uuid_of(2)])
    outcome = store.mark(ELENA, marks())
    assert (outcome.marked, outcome.changed, outcome.missing) == ([uuid_of(1), uuid_of(3)], [uuid_of(2)], [])
    assert mark_fields(store, 2) == {}
    assert mark_fields(store, 3) == {MARK_STATUS: "completed", MARK_LEDGER: LEDGER}


def test_a_point_written_anew_after_its_mark_is_reported_as_changed(busy: tuple[Busy, ServerStore]) -> None:
    client, store = busy
    client.after = lambda engine: store.upsert(ELENA, [point(2, content="I moved to Lyon.")])
    outcome = store.mark(ELENA, marks())
    assert (outcome.marked, outcome.changed) == ([uuid_of(1), uuid_of(3)], [uuid_of(2)])
    assert store.count(ELENA, unmarked_for=LEDGER) == 1


def test_a_point_deleted_between_reading_and_marking_is_missing_and_the_others_are_marked(
    busy: tuple[Busy, ServerStore],
) -> None:
    client, store = busy
    client.before = lambda engine: store.delete(ELENA, [uuid_of(2)])
    outcome = store.mark(ELENA, marks())
    assert (outcome.marked, outcome.changed, outcome.missing) == ([uuid_of(1), uuid_of(3)], [], [uuid_of(2)])
    assert store.count(ELENA, unmarked_for=LEDGER) == 0


# Processes


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_makes_a_client_of_its_own(fake: FakeQdrant) -> None:
    made: list[int] = []

    def client() -> QdrantClient:
        made.append(os.getpid())
        return QdrantClient(url=fake.url, check_compatibility=False)

    store = ServerStore(client, PREFIXES)
    store.bots()
    child = os.fork()
    if child == 0:
        store.bots()
        os._exit(0 if made[1:] == [os.getpid()] else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    store.bots()
    assert made == [os.getpid()]
    store.close()


@pytest.mark.skipif(SERVER_URL is None, reason="QDRANT_URL is not set: the contract was not tried on a real server")
@pytest.mark.parametrize("prefer_grpc", [False, True])
def test_a_real_server_answers_over_both_protocols(prefer_grpc: bool) -> None:
    store = ServerStore.connect(PREFIXES, url=SERVER_URL, prefer_grpc=prefer_grpc)
    assert all(bot.collection for bot in store.bots())
    store.close()
