"""Vectors of summaries in the embedded engine: the part of `EdgeStore` that deals with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from whisper_enrich.messages.bots import summaries_collection
from whisper_enrich.messages.edge_engine import engine_call
from whisper_enrich.messages.store import SUMMARY_VECTOR, NearSummary, SummaryWindow
from whisper_enrich.messages.summary_points import SCOPE, USER, near_summary, point_of, summary_point_id

if TYPE_CHECKING:
    import qdrant_edge

    from whisper_enrich.messages.model import Point


class EdgeSummaryVectors:
    """The methods of `MessageStore` about summaries, by way of those about points."""

    _opened: Callable[[str], AbstractContextManager[qdrant_edge.EdgeShard]]
    _creating: Callable[[], AbstractContextManager[None]]
    _has: Callable[[str], bool]
    _make: Callable[[str, Sequence[str]], None]
    upsert: Callable[[str, Sequence[Point]], None]
    delete: Callable[[str, Sequence[str]], None]
    count: Callable[[str], int]

    def put_summary_vectors(self, bot_name: str, vectors: Mapping[SummaryWindow, Sequence[float]]) -> None:
        name = summaries_collection(bot_name)
        points = [point_of(bot_name, window, vector) for window, vector in vectors.items()]
        if not self._has(name):
            with self._creating():
                if not self._has(name):
                    self._make(name, (SUMMARY_VECTOR,))
        self.upsert(name, points)

    def search_summary_vectors(
        self, bot_name: str, vector: Sequence[float], *, user_id: str, scopes: Sequence[str], limit: int
    ) -> list[NearSummary]:
        from qdrant_edge import FieldCondition, Filter, MatchAny, MatchValue, Query, QueryRequest

        name = summaries_collection(bot_name)
        if not self._has(name):
            return []
        his = FieldCondition(key=USER, match=MatchValue(user_id))
        seen = FieldCondition(key=SCOPE, match=MatchAny([str(scope) for scope in scopes]))
        request = QueryRequest(
            limit=limit, query=Query.Nearest([float(x) for x in vector], using=SUMMARY_VECTOR),
            filter=Filter(must=[his, seen]), with_payload=True,
        )  # fmt: skip
        with self._opened(name) as shard:
            found = engine_call("searching summaries", shard.query, request)
        return [near_summary(each.payload, each.score) for each in found]

    def delete_summary_vectors(self, bot_name: str, windows: Sequence[SummaryWindow]) -> None:
        name = summaries_collection(bot_name)
        if windows and self._has(name):
            self.delete(name, [summary_point_id(bot_name, window) for window in windows])

    def count_summary_vectors(self, bot_name: str) -> int:
        name = summaries_collection(bot_name)
        return self.count(name) if self._has(name) else 0
