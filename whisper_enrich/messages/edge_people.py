"""What the embedded engine holds of one person: the part of `EdgeStore` that finds it and takes our marks off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

from whisper_enrich.messages.bots import summaries_collection
from whisper_enrich.messages.edge_engine import engine_call
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.points import MARK_FIELDS, chunks, engine_ids, ways_to_write_user
from whisper_enrich.messages.store import SummaryWindow
from whisper_enrich.messages.summary_points import USER, window_of

if TYPE_CHECKING:
    import qdrant_edge

_PAGE = 1000


class EdgePeople:
    """The methods of `MessageStore` about all that is held of one person."""

    _opened: Callable[[str], AbstractContextManager[qdrant_edge.EdgeShard]]
    _has: Callable[[str], bool]

    def points_of_user(self, collection: str, user_id: str) -> list[Point]:
        return [Point(str(record.id), record.payload or {}) for record in self._records(collection, user_id)]

    def unmark(self, collection: str, ids: Sequence[str]) -> None:
        from qdrant_edge import UpdateOperation

        for some in chunks(engine_ids(ids), _PAGE):
            with self._opened(collection) as shard:
                there = [
                    record.id for record in engine_call("reading points", shard.retrieve, list(some), False, False)
                ]
                operation = UpdateOperation.delete_payload(there, list(MARK_FIELDS))
                engine_call("taking marks off", shard.update, operation)

    def summary_windows(self, bot_name: str, user_id: str | None = None) -> list[SummaryWindow]:
        name = summaries_collection(bot_name)
        if not self._has(name):
            return []
        return [window_of(record.payload) for record in self._records(name, user_id)]

    def _records(self, collection: str, user_id: str | None) -> list[Any]:
        from qdrant_edge import FieldCondition, Filter, MatchValue, ScrollRequest

        his = None
        if user_id is not None:
            conditions = [FieldCondition(key=USER, match=MatchValue(value)) for value in ways_to_write_user(user_id)]
            his = Filter(should=conditions)
        found: list[Any] = []
        offset: Any = None
        while True:
            with self._opened(collection) as shard:
                request = ScrollRequest(offset=offset, limit=_PAGE, filter=his, with_payload=True, with_vector=False)
                records, offset = engine_call("reading a page", shard.scroll, request)
            found += records
            if offset is None:
                return found
