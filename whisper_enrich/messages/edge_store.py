"""The message store on Qdrant's embedded engine: one folder a collection, no server."""

from __future__ import annotations

import re
import shutil
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from whisper_enrich.errors import StoreBusy, StoreError, StoreUnavailable
from whisper_enrich.messages.bots import collection_of_bot, discover
from whisper_enrich.messages.edge_copies import EdgeCopies
from whisper_enrich.messages.edge_engine import engine_call
from whisper_enrich.messages.edge_people import EdgePeople
from whisper_enrich.messages.edge_summaries import EdgeSummaryVectors
from whisper_enrich.messages.edge_turn import pauses, turn
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.parsing import HASH_FIELDS
from whisper_enrich.messages.points import (
    batches_to_write,
    check_page_size,
    check_vector_names,
    chunks,
    compact_vectors,
    engine_id,
    engine_ids,
    latest_marks,
    mark_payload,
    marks_that_hold,
    vector_lists,
)
from whisper_enrich.messages.store import (
    FILTER_FIELDS,
    MARK_LEDGER,
    MARK_STATUS,
    PAYLOAD_FIELDS,
    VALID_STATUSES,
    VECTOR_NAMES,
    VECTOR_SIZE,
    BotCollection,
    Mark,
    MarkOutcome,
    UnreadCollection,
)

if TYPE_CHECKING:
    import qdrant_edge

READ_AHEAD = 10_000
"""Points that a scan reads in one opening at most. An opening costs 0.06 to 0.2 s, a page of 1,000 points 6 ms."""
POINTS_AN_OPENING = 5_000
"""Points written in one opening: about half a second, after which somebody else may have a turn."""

_LOCKS = ".locks"
_UNFINISHED = ".creating-"
_CONFIG = "edge_config.json"
_COLLECTION_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,254}")

T = TypeVar("T")

PAYLOADS_CACHED = True
"""Of new collections. Cold, the default of the engine, payloads are read ten times as slowly after each opening; but making a
collection takes 40 ms less, opening it 7, which is most of what the tests do with theirs."""


class EdgeStore(EdgeSummaryVectors, EdgePeople, EdgeCopies):
    """A `MessageStore` over a folder of collections.

    The engine lets one opener in at a time, so every call waits its turn for up to ``wait_seconds`` (else `StoreBusy`),
    opens the collection, does its work and closes it before it returns; a scan closes it before it hands out a page.
    Safe for several threads and processes, which take turns in a fair way, and across forks. What a call wrote survives
    a kill -9 of this process after the call has returned; a call that was killed may have written a part.

    `mark` compares and marks within one opening: nobody can change a point in between.
    """

    def __init__(self, root: Path, prefixes: Sequence[str], wait_seconds: float = 30) -> None:
        self._root = Path(root)
        self._prefixes = tuple(prefixes)
        self._wait_seconds = wait_seconds

    def bots(self) -> list[BotCollection]:
        return discover(self._collections(), {}, self._prefixes)[0]

    def unread_collections(self) -> list[UnreadCollection]:
        return discover(self._collections(), {}, self._prefixes)[1]

    def count(self, collection: str, *, unmarked_for: str | None = None) -> int:
        from qdrant_edge import CountRequest

        request = CountRequest(filter=_unmarked(unmarked_for), exact=True)
        with self._opened(collection) as shard:
            return engine_call("counting points", shard.count, request)

    def scan(
        self,
        collection: str,
        *,
        unmarked_for: str | None = None,
        fields: Sequence[str] = PAYLOAD_FIELDS,
        page_size: int = 1000,
        max_pages: int | None = None,
    ) -> Iterator[list[Point]]:
        check_page_size(page_size, max_pages)
        return self._pages(collection, unmarked_for, list(fields), page_size, max_pages)

    def by_ids(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        fields: Sequence[str] = PAYLOAD_FIELDS,
        vectors: Sequence[str] = (),
    ) -> list[Point]:
        check_vector_names(vectors)
        found: list[Point] = []
        for some in chunks(engine_ids(ids), READ_AHEAD):
            with self._opened(collection) as shard:
                found += _retrieve(shard, some, fields, vectors)
        return found

    def mark(self, collection: str, marks: Sequence[Mark]) -> MarkOutcome:
        from qdrant_edge import UpdateOperation

        outcome = MarkOutcome()
        for some in chunks(latest_marks(marks), READ_AHEAD):
            with self._opened(collection) as shard:
                points = _retrieve(shard, engine_ids(mark.point_id for mark in some), HASH_FIELDS)
                payloads = {point.id: point.payload for point in points}
                for mark in marks_that_hold(some, payloads, outcome):
                    operation = UpdateOperation.set_payload([engine_id(mark.point_id)], mark_payload(mark))
                    engine_call("setting marks", shard.update, operation)
                    outcome.marked.append(mark.point_id)
        return outcome

    def ensure_indexes(self, collection: str) -> list[str]:
        from qdrant_edge import PayloadSchemaType, UpdateOperation

        with self._opened(collection) as shard:
            existing = engine_call("reading the list of indexes", shard.info).payload_schema
            missing = [field for field in FILTER_FIELDS if field not in existing]
            for field in missing:
                operation = UpdateOperation.create_field_index(field, PayloadSchemaType.Keyword)
                engine_call("creating an index", shard.update, operation)
        return missing

    def create_collection(self, bot_name: str) -> BotCollection:
        name = collection_of_bot(bot_name, self._prefixes)
        if existing := self._known(bot_name):
            return existing
        with self._creating():
            if existing := self._known(bot_name):
                return existing
            self._make(name, VECTOR_NAMES)
        return BotCollection(bot_name, name)

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        from qdrant_edge import Point as EdgePoint
        from qdrant_edge import UpdateOperation

        waiting = deque(batches_to_write(points))
        while waiting:
            written = 0
            with self._opened(collection) as shard:
                while waiting and written < POINTS_AN_OPENING:
                    batch = waiting.popleft()
                    edge_points = [
                        EdgePoint(engine_id(point.id), vector_lists(point), dict(point.payload)) for point in batch
                    ]
                    engine_call("writing points", shard.update, UpdateOperation.upsert_points(edge_points))
                    written += len(batch)

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        from qdrant_edge import UpdateOperation

        with self._opened(collection) as shard:
            for some in chunks(engine_ids(ids), 1000):
                engine_call("deleting points", shard.update, UpdateOperation.delete_points(list(some)))

    def close(self) -> None:
        """Nothing to release: every call has closed what it opened."""

    def _pages(
        self, collection: str, ledger_id: str | None, fields: list[str], page_size: int, max_pages: int | None
    ) -> Iterator[list[Point]]:
        """Reads ahead one page, then two, four, … up to `READ_AHEAD` points, as openings cost more than pages."""
        offset, more, ahead, left = None, True, 1, max_pages
        while more and left != 0:
            ahead = min(ahead, max(1, READ_AHEAD // page_size), ahead if left is None else left)
            pages, offset = self._read_pages(collection, ledger_id, fields, page_size, ahead, offset)
            more = offset is not None
            left = None if left is None else left - len(pages)
            ahead *= 2
            while pages:
                yield pages.popleft()

    def _read_pages(
        self, collection: str, ledger_id: str | None, fields: list[str], page_size: int, number: int, offset: Any
    ) -> tuple[deque[list[Point]], Any]:
        from qdrant_edge import ScrollRequest

        pages: deque[list[Point]] = deque()
        with self._opened(collection) as shard:
            while len(pages) < number:
                request = ScrollRequest(
                    offset=offset,
                    limit=page_size,
                    filter=_unmarked(ledger_id),
                    with_payload=fields or False,
                    with_vector=False,
                )
                records, offset = engine_call("reading a page", shard.scroll, request)
                if records:
                    pages.append([_point(record) for record in records])
                if offset is None:
                    break
        return pages, offset

    def _collections(self) -> list[str]:
        with _files_in_order(self._root):
            if not self._root.exists():
                return []
            return [path.name for path in self._root.iterdir() if _is_collection(path)]

    def _known(self, bot_name: str) -> BotCollection | None:
        return next((bot for bot in self.bots() if bot.bot_name == bot_name), None)

    def _has(self, collection: str) -> bool:
        with _files_in_order(self._root):
            return _is_collection(self._root / collection)

    @contextmanager
    def _creating(self) -> Iterator[None]:
        """Our turn at making collections."""
        with _files_in_order(self._root):
            self._root.mkdir(parents=True, exist_ok=True)
        with self._turn("creation", "creating a collection"):
            yield

    def _make(self, name: str, vectors: Sequence[str]) -> None:
        with _files_in_order(self._root):
            self._remove_unfinished()
        # Under another name until it is whole: a process killed half-way must not leave half a collection.
        unfinished = self._unfinished(name)
        _create_shard(unfinished, vectors)
        with _files_in_order(self._root):
            unfinished.rename(self._root / name)

    def _unfinished(self, name: str) -> Path:
        return self._root / f"{_UNFINISHED}{name}"

    def _in_order(self) -> AbstractContextManager[None]:
        return _files_in_order(self._root)

    def _remove_unfinished(self) -> None:
        for path in self._root.glob(f"{_UNFINISHED}*"):
            shutil.rmtree(path)

    @contextmanager
    def _turn(self, name: str, doing: str) -> Iterator[float]:
        """Our turn at ``name``, and the `time.monotonic` until which the engine may be waited for."""
        deadline = time.monotonic() + self._wait_seconds
        with ExitStack() as held:
            try:
                with _files_in_order(self._root):
                    held.enter_context(turn(self._root / _LOCKS, name, deadline))
            except TimeoutError:
                raise self._busy(doing) from None
            yield deadline

    @contextmanager
    def _opened(self, collection: str) -> Iterator[qdrant_edge.EdgeShard]:
        folder = self._root / collection
        if not _COLLECTION_NAME.fullmatch(collection) or not _is_collection(folder):
            raise StoreError(
                f"There is no collection {collection} under {self._root}. Load messages for the bot first, or correct "
                "WHISPER_ENRICH_HOME."
            )
        doing = f"opening the collection {collection}"
        with self._turn(collection, doing) as deadline:
            shard = self._load(folder, deadline, doing)
            try:
                yield shard
            finally:
                engine_call("closing the collection", shard.close)

    def _load(self, folder: Path, deadline: float, doing: str) -> qdrant_edge.EdgeShard:
        from qdrant_edge import EdgeShard

        try:
            return engine_call(doing, EdgeShard.load, str(folder))
        except StoreBusy:
            # Held by a program that takes no turns with us.
            for _ in pauses(deadline):
                try:
                    return engine_call(doing, EdgeShard.load, str(folder))
                except StoreBusy:
                    continue
        raise self._busy(doing)

    def _busy(self, doing: str) -> StoreBusy:
        return StoreBusy(
            f"Another process held the embedded message store in {self._root} for more than {self._wait_seconds:g} s "
            f"({doing}). Wait until it has finished, or stop it, and try again."
        )


@contextmanager
def _files_in_order(root: Path) -> Iterator[None]:
    """Makes of an `OSError` (but for a time-out) a sentence about the folder."""
    try:
        yield
    except TimeoutError:
        raise
    except OSError as error:
        raise StoreUnavailable(
            f"The folder {root} of the embedded message store cannot be used: {error.strerror or 'unknown error'}. "
            "Check its owner and permissions, or set WHISPER_ENRICH_HOME to another folder."
        ) from None


def _is_collection(path: Path) -> bool:
    return not path.name.startswith(".") and (path / _CONFIG).is_file()


def _create_shard(folder: Path, vectors: Sequence[str]) -> None:
    from qdrant_edge import Distance, EdgeConfig, EdgeShard, EdgeVectorParams, HnswIndexConfig, Memory

    # Vectors cold: else each opening brings all of them into memory, 0.2 s and 200 MB instead of 0.05 s and 0 at 40,000
    # points.
    vector = EdgeVectorParams(size=VECTOR_SIZE, distance=Distance.Cosine, memory=Memory.Cold)
    config = EdgeConfig(
        vectors=dict.fromkeys(vectors, vector),
        # No graph: only summaries are searched by vector, which are few, and building one would freeze the process.
        hnsw_config=HnswIndexConfig(m=0, ef_construct=4, full_scan_threshold=10_000),
        payload_memory=Memory.Cached if PAYLOADS_CACHED else Memory.Cold,
    )
    folder.mkdir()
    shard = engine_call("creating a collection", EdgeShard.create, str(folder), config)
    engine_call("closing a new collection", shard.close)


def _unmarked(ledger_id: str | None) -> qdrant_edge.Filter | None:
    """Everything but what bears a valid mark of this ledger; absent and null fields do not, so those points are in."""
    if ledger_id is None:
        return None
    from qdrant_edge import FieldCondition, Filter, MatchAny, MatchValue

    marked = Filter(
        must=[
            FieldCondition(key=MARK_LEDGER, match=MatchValue(ledger_id)),
            FieldCondition(key=MARK_STATUS, match=MatchAny(list(VALID_STATUSES))),
        ]
    )
    return Filter(must_not=[marked])


def _retrieve(
    shard: qdrant_edge.EdgeShard, ids: Sequence[int | str], fields: Sequence[str], vectors: Sequence[str] = ()
) -> list[Point]:
    """The points that exist, in the order of ``ids``."""
    records = engine_call("reading points", shard.retrieve, list(ids), list(fields) or False, list(vectors) or False)
    found: Mapping[str, Point] = {point.id: point for point in map(_point, records)}
    return [found[str(point_id)] for point_id in ids if str(point_id) in found]


def _point(record: qdrant_edge.Record) -> Point:
    return Point(str(record.id), record.payload or {}, compact_vectors(record.vector))
