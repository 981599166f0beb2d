"""Vectors of summaries on a Qdrant server: the part of `ServerStore` that deals with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from whisper_enrich.errors import StoreError
from whisper_enrich.messages.bots import summaries_collection
from whisper_enrich.messages.server_errors import NotFound
from whisper_enrich.messages.store import SUMMARY_VECTOR, VECTOR_SIZE, NearSummary, SummaryWindow
from whisper_enrich.messages.summary_points import SCOPE, USER, near_summary, point_of, summary_point_id

if TYPE_CHECKING:
    from whisper_enrich.messages.model import Point


class ServerSummaryVectors:
    """The methods of `MessageStore` about summaries, by way of those about points."""

    _run: Callable[..., Any]
    upsert: Callable[[str, Sequence[Point]], None]
    delete: Callable[[str, Sequence[str]], None]
    count: Callable[[str], int]

    def put_summary_vectors(self, bot_name: str, vectors: Mapping[SummaryWindow, Sequence[float]]) -> None:
        name = summaries_collection(bot_name)
        points = [point_of(bot_name, window, vector) for window, vector in vectors.items()]
        try:
            self.upsert(name, points)
        except NotFound:
            self._create_summaries(name)
            self.upsert(name, points)

    def search_summary_vectors(
        self, bot_name: str, vector: Sequence[float], *, user_id: str, scopes: Sequence[str], limit: int
    ) -> list[NearSummary]:
        from qdrant_client import models

        name = summaries_collection(bot_name)
        his = models.FieldCondition(key=USER, match=models.MatchValue(value=user_id))
        seen = models.FieldCondition(key=SCOPE, match=models.MatchAny(any=[str(scope) for scope in scopes]))
        query = [float(x) for x in vector]
        with suppress(NotFound):
            answer = self._run(
                f"searching {name}",
                lambda client: client.query_points(
                    name, query=query, using=SUMMARY_VECTOR, query_filter=models.Filter(must=[his, seen]), limit=limit,
                    with_payload=True,
                ),
            )  # fmt: skip
            return [near_summary(each.payload, each.score) for each in answer.points]
        return []

    def delete_summary_vectors(self, bot_name: str, windows: Sequence[SummaryWindow]) -> None:
        with suppress(NotFound):
            if windows:
                ids = [summary_point_id(bot_name, window) for window in windows]
                self.delete(summaries_collection(bot_name), ids)

    def count_summary_vectors(self, bot_name: str) -> int:
        with suppress(NotFound):
            return self.count(summaries_collection(bot_name))
        return 0

    def _create_summaries(self, name: str) -> None:
        from qdrant_client import models

        vectors = {SUMMARY_VECTOR: models.VectorParams(size=VECTOR_SIZE, distance=models.Distance.COSINE)}
        # Refused where somebody else has made it since: then the write that follows succeeds, or says what is wrong.
        with suppress(StoreError):
            self._run(
                f"creating the collection {name}",
                lambda client: client.create_collection(name, vectors_config=vectors),
            )
        for field in (USER, SCOPE):
            self._run(
                f"creating an index of {name}",
                lambda client, field=field: client.create_payload_index(
                    name, field_name=field, field_schema=models.PayloadSchemaType.KEYWORD, wait=True
                ),
            )
