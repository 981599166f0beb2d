"""What a Qdrant server holds of one person: the part of `ServerStore` that finds it and takes our marks off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from whisper_enrich.messages.bots import summaries_collection
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.points import MARK_FIELDS, chunks, engine_ids, ways_to_write_user
from whisper_enrich.messages.server_errors import NotFound
from whisper_enrich.messages.store import SummaryWindow
from whisper_enrich.messages.summary_points import USER, window_of

_PAGE = 1000


class ServerPeople:
    """The methods of `MessageStore` about all that is held of one person."""

    _run: Callable[..., Any]
    by_ids: Callable[..., list[Point]]

    def points_of_user(self, collection: str, user_id: str) -> list[Point]:
        return [Point(str(record.id), record.payload or {}) for record in self._records(collection, user_id)]

    def unmark(self, collection: str, ids: Sequence[str]) -> None:
        for some in chunks(engine_ids(ids), _PAGE):
            there = engine_ids(point.id for point in self.by_ids(collection, list(map(str, some)), fields=()))
            # A point deleted since: the others are taken at their turn, one by one.
            with suppress(NotFound):
                self._take_off(collection, there)
                continue
            for point_id in there:
                with suppress(NotFound):
                    self._take_off(collection, [point_id])

    def _take_off(self, collection: str, ids: Sequence[int | str]) -> None:
        if ids:
            self._run(
                f"taking marks off in {collection}",
                lambda client: client.delete_payload(collection, keys=list(MARK_FIELDS), points=list(ids), wait=True),
            )

    def summary_windows(self, bot_name: str, user_id: str | None = None) -> list[SummaryWindow]:
        with suppress(NotFound):
            return [window_of(record.payload) for record in self._records(summaries_collection(bot_name), user_id)]
        return []

    def _records(self, collection: str, user_id: str | None) -> list[Any]:
        from qdrant_client import models

        his = None
        if user_id is not None:
            ways = ways_to_write_user(user_id)
            conditions = [models.FieldCondition(key=USER, match=models.MatchValue(value=value)) for value in ways]
            his = models.Filter(should=conditions)
        found: list[Any] = []
        offset: Any = None
        while True:
            records, offset = self._run(
                f"reading a page of {collection}",
                lambda client, offset=offset: client.scroll(
                    collection, scroll_filter=his, limit=_PAGE, offset=offset, with_payload=True, with_vectors=False
                ),
            )
            found += records
            if offset is None:
                return found
