"""Other processes at an embedded store, for the tests: run as ``python -m … <what> <folder> <collection>``.

Each says on its standard output what it has done, line by line.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich_tests.messages.builders import PREFIXES, mark_of, point


def hold(root: Path, collection: str) -> None:
    """A program that takes no turns with us opens the folder, and lets go when its standard input ends."""
    from qdrant_edge import EdgeShard

    shard = EdgeShard.load(str(root / collection))
    print("open", flush=True)
    sys.stdin.read()
    shard.close()


def write(root: Path, collection: str) -> None:
    """Write and mark one point after the other, and say each number after the calls have returned."""
    store = EdgeStore(root, PREFIXES)
    for number in range(100_000):
        store.upsert(collection, [point(number)])
        store.mark(collection, [mark_of(point(number))])
        print(number, flush=True)


def write_many(root: Path, collection: str) -> None:
    """One long call, to be killed in the middle of."""
    print("begin", flush=True)
    EdgeStore(root, PREFIXES).upsert(collection, [point(number) for number in range(20_000)])


def count(root: Path, collection: str) -> None:
    print(EdgeStore(root, PREFIXES, wait_seconds=20).count(collection), flush=True)


def take_turns(root: Path, collection: str) -> None:
    """Ten small writes; says how long the longest took."""
    store = EdgeStore(root, PREFIXES, wait_seconds=30)
    longest = 0.0
    for number in range(10):
        started = time.monotonic()
        store.upsert(collection, [point(1_000_000 + 100 * os.getpid() + number)])
        longest = max(longest, time.monotonic() - started)
    print(longest, flush=True)


if __name__ == "__main__":
    what, folder, name = sys.argv[1:]
    {"hold": hold, "write": write, "write_many": write_many, "count": count, "take_turns": take_turns}[what](
        Path(folder), name
    )
