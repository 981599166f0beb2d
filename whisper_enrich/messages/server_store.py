"""The message store on a Qdrant server, through `qdrant-client` over REST or gRPC."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from whisper_enrich.errors import ConfigurationError, StoreError
from whisper_enrich.messages.bots import collection_of_bot, discover
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.parsing import HASH_FIELDS
from whisper_enrich.messages.points import (
    MARK_FIELDS,
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
from whisper_enrich.messages.server_errors import NotFound, ServerCalls
from whisper_enrich.messages.server_people import ServerPeople
from whisper_enrich.messages.server_summaries import ServerSummaryVectors
from whisper_enrich.messages.store import (
    FILTER_FIELDS,
    MARK_HASH,
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
    from qdrant_client import QdrantClient, models

IDS_A_REQUEST = 1000
MARKS_A_REQUEST = 500
_MARK_ROUNDS = 3
_DEFAULT_PORT = 6333

T = TypeVar("T")


class ServerStore(ServerSummaryVectors, ServerPeople):
    """A `MessageStore` over a Qdrant client; `connect` makes one for a server.

    The client is made at the first call, and anew in a forked child. Requests that fail for a passing reason (no
    connection, time-out, 429, 5xx) are tried ``attempts`` times in all with short pauses, then raise
    `StoreUnavailable`; every request that we make may be repeated without harm.

    `mark` reads the points, compares, marks those that hold, and reads them once more: where a bot changed the content
    in between, the mark is taken off again. So each point that it reports as marked had the expected content both
    before and after its mark was written. What it cannot exclude: a process killed between the two steps, or an edit in
    place after the call, leaves a mark whose hash differs from the content; reconciliation finds it by that. (A filter
    on the content within each operation would be atomic, but the content is not indexed, and a server in strict mode
    refuses such a filter.)
    """

    def __init__(
        self,
        client_factory: Callable[[], QdrantClient],
        prefixes: Sequence[str],
        *,
        address: str = "an unnamed address",
        attempts: int = 3,
        pause_seconds: float = 0.3,
    ) -> None:
        self._factory = client_factory
        self._prefixes = tuple(prefixes)
        self._calls = ServerCalls(address, attempts, pause_seconds)
        self._session: tuple[int, QdrantClient] | None = None

    @classmethod
    def connect(
        cls,
        prefixes: Sequence[str],
        *,
        url: str | None = None,
        host: str | None = None,
        port: int = _DEFAULT_PORT,
        grpc_port: int = 6334,
        api_key: str | None = None,
        prefer_grpc: bool = False,
        timeout_seconds: float = 20.0,
        attempts: int = 3,
        pause_seconds: float = 0.3,
    ) -> ServerStore:
        """A store on the server at ``url``, else at ``host`` and ``port`` (plain HTTP). Sends nothing yet.

        Raises `ConfigurationError` where there is neither, or where the URL is none.
        """
        where = {"url": url, "port": port} if url else {"host": host, "port": port, "https": False}
        address = _address(url, host, port, grpc_port if prefer_grpc else None)

        def client() -> QdrantClient:
            from qdrant_client import QdrantClient

            return QdrantClient(
                **where,
                grpc_port=grpc_port,
                api_key=api_key,
                prefer_grpc=prefer_grpc,
                timeout=timeout_seconds,
                # It would start a thread that asks the server for its version, and print a warning.
                check_compatibility=False,
            )

        return cls(client, prefixes, address=address, attempts=attempts, pause_seconds=pause_seconds)

    def bots(self) -> list[BotCollection]:
        return self._discover()[0]

    def unread_collections(self) -> list[UnreadCollection]:
        return self._discover()[1]

    def count(self, collection: str, *, unmarked_for: str | None = None) -> int:
        answer = self._run(
            f"counting the points of {collection}",
            lambda client: client.count(collection, count_filter=_unmarked(unmarked_for), exact=True),
        )
        return answer.count

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
        return self._pages(collection, _unmarked(unmarked_for), list(fields), page_size, max_pages)

    def by_ids(
        self,
        collection: str,
        ids: Sequence[str],
        *,
        fields: Sequence[str] = PAYLOAD_FIELDS,
        vectors: Sequence[str] = (),
    ) -> list[Point]:
        check_vector_names(vectors)
        known = engine_ids(ids)
        found: dict[str, Point] = {}
        for some in chunks(known, IDS_A_REQUEST):
            records = self._run(
                f"reading points of {collection}",
                lambda client, some=some: client.retrieve(
                    collection,
                    ids=list(some),
                    with_payload=list(fields) or False,
                    with_vectors=list(vectors) or False,
                ),
            )
            found.update((point.id, point) for point in map(_point, records))
        return [found[str(point_id)] for point_id in known if str(point_id) in found]

    def mark(self, collection: str, marks: Sequence[Mark]) -> MarkOutcome:
        outcome = MarkOutcome()
        for some in chunks(latest_marks(marks), MARKS_A_REQUEST):
            written = self._write_marks(collection, some, outcome)
            self._confirm_marks(collection, written, outcome)
        return outcome

    def ensure_indexes(self, collection: str) -> list[str]:
        from qdrant_client import models

        info = self._run(
            f"reading the indexes of {collection}", lambda client: client.get_collection(collection_name=collection)
        )
        missing = [field for field in FILTER_FIELDS if field not in (info.payload_schema or {})]
        for field in missing:
            self._run(
                f"creating an index of {collection}",
                lambda client, field=field: client.create_payload_index(
                    collection, field_name=field, field_schema=models.PayloadSchemaType.KEYWORD, wait=True
                ),
            )
        return missing

    def create_collection(self, bot_name: str) -> BotCollection:
        from qdrant_client import models

        name = collection_of_bot(bot_name, self._prefixes)
        if existing := self._known(bot_name):
            return existing
        vectors = {
            vector: models.VectorParams(size=VECTOR_SIZE, distance=models.Distance.COSINE) for vector in VECTOR_NAMES
        }
        try:
            self._run(
                f"creating the collection {name}",
                lambda client: client.create_collection(name, vectors_config=vectors),
            )
        except StoreError:
            # Somebody else may have made it since we looked; servers answer 400 or 409 to that.
            if existing := self._known(bot_name):
                return existing
            raise
        return BotCollection(bot_name, name)

    def upsert(self, collection: str, points: Sequence[Point]) -> None:
        from qdrant_client import models

        for batch in batches_to_write(points):
            structs = [
                models.PointStruct(id=engine_id(point.id), vector=vector_lists(point), payload=dict(point.payload))
                for point in batch
            ]
            self._run(
                f"writing points of {collection}",
                lambda client, structs=structs: client.upsert(collection, points=structs, wait=True),
            )

    def delete(self, collection: str, ids: Sequence[str]) -> None:
        from qdrant_client import models

        for some in chunks(engine_ids(ids), IDS_A_REQUEST):
            self._run(
                f"deleting points of {collection}",
                lambda client, some=some: client.delete(
                    collection, points_selector=models.PointIdsList(points=list(some)), wait=True
                ),
            )

    def close(self) -> None:
        """Close the client; the next call makes another."""
        session, self._session = self._session, None
        if session is not None and session[0] == os.getpid():
            session[1].close()

    def _run(self, doing: str, request: Callable[[QdrantClient], T]) -> T:
        return self._calls.run(doing, lambda: request(self._client()))

    def _client(self) -> QdrantClient:
        session = self._session
        # Neither HTTP connections nor gRPC channels can be shared with a forked child.
        if session is None or session[0] != os.getpid():
            session = self._session = (os.getpid(), self._factory())
        return session[1]

    def _discover(self) -> tuple[list[BotCollection], list[UnreadCollection]]:
        doing = "listing the collections"
        collections = self._run(doing, lambda client: client.get_collections()).collections
        aliases = self._run(doing, lambda client: client.get_aliases()).aliases
        return discover(
            [collection.name for collection in collections],
            {alias.alias_name: alias.collection_name for alias in aliases},
            self._prefixes,
        )

    def _known(self, bot_name: str) -> BotCollection | None:
        return next((bot for bot in self.bots() if bot.bot_name == bot_name), None)

    def _pages(
        self,
        collection: str,
        unmarked: models.Filter | None,
        fields: list[str],
        page_size: int,
        max_pages: int | None,
    ) -> Iterator[list[Point]]:
        offset: Any = None
        left = max_pages
        while left != 0:
            records, offset = self._run(
                f"reading a page of {collection}",
                lambda client, offset=offset: client.scroll(
                    collection,
                    scroll_filter=unmarked,
                    limit=page_size,
                    offset=offset,
                    with_payload=fields or False,
                    with_vectors=False,
                ),
            )
            if records:
                yield [_point(record) for record in records]
            if offset is None:
                return
            left = None if left is None else left - 1

    def _payloads(self, collection: str, marks: Sequence[Mark], fields: Sequence[str]) -> dict[str, Mapping[str, Any]]:
        points = self.by_ids(collection, [mark.point_id for mark in marks], fields=fields)
        return {point.id: point.payload for point in points}

    def _write_marks(self, collection: str, marks: Sequence[Mark], outcome: MarkOutcome) -> list[Mark]:
        """The marks that were written: those whose content held a moment before."""
        from qdrant_client import models

        for _ in range(_MARK_ROUNDS):
            failing = MarkOutcome()
            holding = marks_that_hold(marks, self._payloads(collection, marks, HASH_FIELDS), failing)
            operations = [
                models.SetPayloadOperation(
                    set_payload=models.SetPayload(payload=mark_payload(mark), points=[engine_id(mark.point_id)])
                )
                for mark in holding
            ]
            # A point deleted since we read it makes the server refuse: read again, and leave it out.
            with suppress(NotFound):
                if operations:
                    self._run(
                        f"setting marks in {collection}",
                        lambda client, operations=operations: client.batch_update_points(
                            collection, update_operations=operations, wait=True
                        ),
                    )
                outcome.changed.extend(failing.changed)
                outcome.missing.extend(failing.missing)
                return holding
        raise StoreError(f"Points of {collection} kept disappearing while they were being marked. Try again later.")

    def _confirm_marks(self, collection: str, marks: Sequence[Mark], outcome: MarkOutcome) -> None:
        """Enter the marks in ``outcome``, and take those off again whose content changed while they were written."""
        payloads = self._payloads(collection, marks, (*HASH_FIELDS, MARK_HASH))
        failing = MarkOutcome()
        holding = marks_that_hold(marks, payloads, failing)
        outcome.marked.extend(mark.point_id for mark in holding)
        outcome.changed.extend(failing.changed)
        outcome.missing.extend(failing.missing)
        changed = set(failing.changed)
        for mark in marks:
            point_id = engine_id(mark.point_id)
            if mark.point_id in changed and payloads[str(point_id)].get(MARK_HASH) == mark.content_hash:
                with suppress(NotFound):
                    self._run(
                        f"taking marks off in {collection}",
                        lambda client, point_id=point_id: client.delete_payload(
                            collection, keys=list(MARK_FIELDS), points=[point_id], wait=True
                        ),
                    )


def _address(url: str | None, host: str | None, port: int, grpc_port: int | None) -> str:
    """What to call the server in an error: host and port, without credentials, path or query."""
    if url:
        try:
            parts = urlsplit(url if "://" in url else f"//{url}")
            host, port = parts.hostname, parts.port or port
        except ValueError:
            host = None
        if not host or parts.scheme not in ("", "http", "https"):
            raise ConfigurationError("QDRANT_URL is no URL of a server. Write it like http://localhost:6333.")
    elif not host:
        raise ConfigurationError("No Qdrant server is named. Set QDRANT_URL, or QDRANT_HOST and QDRANT_PORT.")
    return f"{host}:{port}" if grpc_port is None else f"{host}, gRPC port {grpc_port},"


def _unmarked(ledger_id: str | None) -> models.Filter | None:
    """Everything but what bears a valid mark of this ledger; absent and null fields do not, so those points are in."""
    if ledger_id is None:
        return None
    from qdrant_client import models

    marked = models.Filter(
        must=[
            models.FieldCondition(key=MARK_LEDGER, match=models.MatchValue(value=ledger_id)),
            models.FieldCondition(key=MARK_STATUS, match=models.MatchAny(any=list(VALID_STATUSES))),
        ]
    )
    return models.Filter(must_not=[marked])


def _point(record: models.Record) -> Point:
    return Point(str(record.id), record.payload or {}, compact_vectors(record.vector))
