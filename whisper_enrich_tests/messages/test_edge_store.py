"""What only the embedded store has to bear: one opener at a time, killed processes, forks, damaged folders."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from qdrant_edge import EdgeShard

from whisper_enrich.errors import StoreBusy, StoreError, StoreUnavailable
from whisper_enrich.messages import edge_store
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.edge_turn import turn
from whisper_enrich_tests.messages import edge_processes
from whisper_enrich_tests.messages.builders import LEDGER, PREFIXES, point, uuid_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "qdrant"


@pytest.fixture
def elena(edge: EdgeStore) -> str:
    """A collection with 20 points."""
    collection = edge.create_collection("elena").collection
    edge.upsert(collection, [point(number) for number in range(20)])
    return collection


@contextmanager
def another_process(what: str, root: Path, collection: str) -> Iterator[subprocess.Popen[str]]:
    """Another process at the store; killed at the end where it still runs."""
    command = [sys.executable, "-m", edge_processes.__name__, what, str(root), collection]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=same_modules())
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def same_modules() -> dict[str, str]:
    """The environment in which another interpreter finds what this one imports."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    line = process.stdout.readline().strip()
    assert line, "the other process ended early"
    return line


# One opener at a time


def test_a_store_that_another_process_holds_is_busy_after_the_deadline_and_says_what_to_do(
    root: Path, elena: str
) -> None:
    impatient = EdgeStore(root, PREFIXES, wait_seconds=0.6)
    with another_process("hold", root, elena) as holder:
        assert said(holder) == "open"
        started = time.monotonic()
        with pytest.raises(StoreBusy, match=r"held .* more than 0\.6 s .*elena.*Wait until") as caught:
            impatient.count(elena)
        assert 0.5 < time.monotonic() - started < 4
        assert isinstance(caught.value, StoreUnavailable)
        holder.communicate()
    assert impatient.count(elena) == 20


def test_a_call_waits_until_the_other_process_lets_go(root: Path, edge: EdgeStore, elena: str) -> None:
    with another_process("hold", root, elena) as holder:
        assert said(holder) == "open"
        threading.Timer(0.4, holder.kill).start()
        assert edge.count(elena) == 20


def test_a_turn_that_is_not_given_up_in_time_is_busy(root: Path, elena: str) -> None:
    impatient = EdgeStore(root, PREFIXES, wait_seconds=0.2)
    with turn(root / ".locks", elena, time.monotonic() + 1), pytest.raises(StoreBusy):
        impatient.count(elena)
    assert impatient.count(elena) == 20


def test_bots_can_be_listed_while_a_collection_is_held(root: Path, edge: EdgeStore, elena: str) -> None:
    with another_process("hold", root, elena) as holder:
        assert said(holder) == "open"
        assert [bot.bot_name for bot in edge.bots()] == ["elena"]


CALLS: list[Callable[[EdgeStore, str], object]] = [
    lambda store, collection: store.count(collection),
    lambda store, collection: next(store.scan(collection, page_size=5)),
    lambda store, collection: store.by_ids(collection, [uuid_of(1)]),
    lambda store, collection: store.upsert(collection, [point(1)]),
    lambda store, collection: store.ensure_indexes(collection),
]


@pytest.mark.parametrize("call", CALLS)
def test_the_folder_is_free_whenever_control_is_with_the_caller(
    root: Path, edge: EdgeStore, elena: str, call: Callable[[EdgeStore, str], object]
) -> None:
    kept = call(edge, elena)
    EdgeShard.load(str(root / elena)).close()
    assert kept != []


def test_the_folder_is_free_between_two_pages(root: Path, edge: EdgeStore, elena: str) -> None:
    pages = edge.scan(elena, page_size=3)
    for _ in range(4):
        assert len(next(pages)) == 3
        EdgeShard.load(str(root / elena)).close()


def test_the_folder_is_free_after_an_error(root: Path, edge: EdgeStore, elena: str) -> None:
    with pytest.raises(StoreError, match="while reading points"):
        edge.by_ids(elena, [uuid_of(1)], fields=["a[b"])
    EdgeShard.load(str(root / elena)).close()


def test_two_threads_that_never_pause_take_turns(edge: EdgeStore, elena: str) -> None:
    written = threading.Event()
    reads: list[int] = []

    def read() -> None:
        while not written.is_set():
            reads.append(edge.count(elena))

    reader = threading.Thread(target=read)
    reader.start()
    while not reads:
        time.sleep(0.01)
    for number in range(12):
        edge.upsert(elena, [point(100 + number)])
    during = len(reads)
    written.set()
    reader.join()
    assert edge.count(elena) == 32
    assert 5 <= during <= 30


def test_processes_take_turns(root: Path, edge: EdgeStore, elena: str) -> None:
    with another_process("take_turns", root, elena) as one, another_process("take_turns", root, elena) as other:
        for _ in range(10):
            edge.count(elena)
        assert max(float(said(one)), float(said(other))) < 15
    assert edge.count(elena) == 40


# Killed processes and forks


def test_what_was_acknowledged_survives_a_kill_and_the_store_opens_at_once(
    root: Path, edge: EdgeStore, elena: str
) -> None:
    with another_process("write", root, elena) as writer:
        while (acknowledged := int(said(writer))) < 12:
            pass
        writer.kill()
        rest, _ = writer.communicate()
    acknowledged = max([acknowledged, *map(int, rest.split())])
    everything = [uuid_of(number) for number in range(acknowledged + 1)]
    found = EdgeStore(root, PREFIXES, wait_seconds=2).by_ids(elena, everything)
    assert [each.id for each in found] == everything
    assert {each.payload["enrichment_ledger"] for each in found} == {LEDGER}
    edge.upsert(elena, [point(77_777)])
    assert uuid_of(77_777) in {each.id for page in edge.scan(elena) for each in page}


def test_a_writer_killed_in_the_middle_of_a_long_call_leaves_whole_points_only(
    root: Path, edge: EdgeStore, elena: str
) -> None:
    with another_process("write_many", root, elena) as writer:
        assert said(writer) == "begin"
        while edge.count(elena) == 20:
            time.sleep(0.05)
        writer.kill()
    found = [each for page in edge.scan(elena) for each in page]
    assert len(found) == edge.count(elena) > 20
    assert all(each.payload["content"] for each in found)


def test_what_a_process_killed_while_creating_left_behind_is_no_bot_and_is_cleared_away(
    root: Path, edge: EdgeStore
) -> None:
    half = root / ".creating-whisperengine_memory_elena" / "segments"
    half.mkdir(parents=True)
    (root / "whisperengine_memory_empty").mkdir()
    assert edge.bots() == []
    edge.create_collection("elena")
    assert [bot.bot_name for bot in edge.bots()] == ["elena"]
    assert not half.exists()


def test_threads_that_create_the_same_bot_at_once_make_one_collection(edge: EdgeStore) -> None:
    created: list[object] = []
    threads = [threading.Thread(target=lambda: created.append(edge.create_collection("elena"))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert created == [edge.bots()[0]] * 4


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_child_forked_while_a_thread_reads_does_not_keep_the_folder(root: Path, edge: EdgeStore, elena: str) -> None:
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            edge.count(elena)

    reader = threading.Thread(target=read)
    reader.start()
    children = []
    try:
        for _ in range(3):
            time.sleep(0.03)
            child = os.fork()
            if child == 0:
                time.sleep(30)
                os._exit(0)
            children.append(child)
        stop.set()
        reader.join()
        assert EdgeStore(root, PREFIXES, wait_seconds=1).count(elena) == 20
        with another_process("count", root, elena) as other:
            assert said(other) == "20"
    finally:
        stop.set()
        for child in children:
            os.kill(child, 9)
            os.waitpid(child, 0)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_child_can_use_the_store_itself(edge: EdgeStore, elena: str) -> None:
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            edge.count(elena)

    reader = threading.Thread(target=read)
    reader.start()
    child = os.fork()
    if child == 0:
        os._exit(0 if edge.count(elena) == 20 else 1)
    _, status = os.waitpid(child, 0)
    stop.set()
    reader.join()
    assert os.waitstatus_to_exitcode(status) == 0


# Folders


def test_a_root_that_does_not_exist_yet_is_an_empty_store(root: Path) -> None:
    assert EdgeStore(root, PREFIXES).bots() == []
    assert not root.exists()


def test_a_root_that_is_no_folder_is_unavailable(root: Path) -> None:
    root.write_text("a file")
    for call in (EdgeStore(root, PREFIXES).bots, lambda: EdgeStore(root, PREFIXES).create_collection("elena")):
        with pytest.raises(StoreUnavailable, match=r"cannot be used.*WHISPER_ENRICH_HOME"):
            call()


@pytest.mark.parametrize("name", ["../elena", "/etc", ".", "..", ".locks", "", "a/b", "x\x00y"])
def test_a_collection_outside_the_root_is_never_opened(edge: EdgeStore, elena: str, name: str) -> None:
    with pytest.raises(StoreError, match="no collection"):
        edge.count(name)


def test_a_damaged_collection_is_an_error_in_one_sentence(root: Path, edge: EdgeStore, elena: str) -> None:
    for part in (root / elena / "segments").rglob("*"):
        if part.is_file():
            part.write_bytes(b"\x00" * 100)
    with pytest.raises(StoreError, match="while opening the collection whisperengine_memory_elena"):
        edge.count(elena)
    edge.create_collection("aria")
    assert edge.count("whisperengine_memory_aria") == 0


def test_importing_the_store_loads_no_engine() -> None:
    check = (
        "import sys; import whisper_enrich.messages.edge_store, whisper_enrich.messages.server_store; "
        "sys.exit(any(name.startswith(('qdrant', 'httpx', 'grpc', 'tenacity', 'numpy')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", check], check=False, env=same_modules()).returncode == 0


@pytest.mark.parametrize(("cached", "kept"), [(True, "cached"), (False, "cold")])
def test_outside_of_the_tests_payloads_are_cached(root: Path, monkeypatch: pytest.MonkeyPatch, cached: bool, kept: str):
    """Cold as in the tests, reading 10,000 points takes ten times as long."""
    monkeypatch.setattr(edge_store, "PAYLOADS_CACHED", cached)
    collection = EdgeStore(root, PREFIXES).create_collection("elena").collection
    assert json.loads((root / collection / "edge_config.json").read_text())["payload_memory"] == kept
