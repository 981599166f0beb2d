"""What both readers share: what is asked, and what becomes of the answer or of its absence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from whisper_enrich.errors import DatabaseUnavailable, SchemaDrift
from whisper_enrich.hot_path import queries, rows
from whisper_enrich.hot_path.context import Absence, Contents, Context, Facts, Missing, Strategic, Summaries
from whisper_enrich.hot_path.drift import aware
from whisper_enrich.hot_path.freshness import Moment
from whisper_enrich.hot_path.guard import Circuit, MinuteLog, NoAnswer, Remembered
from whisper_enrich.hot_path.heuristics import Filled, MessageSeen
from whisper_enrich.hot_path.observed import Observed
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.queries import Query
from whisper_enrich.hot_path.rows import Request

Answer = TypeVar("Answer")
Row = Sequence[Any] | None

PRESELECTED = 2
"""So many times the facts asked for are read: what is surest once age counts need not be among the first as stored."""


@dataclass(frozen=True, slots=True)
class Question:
    """A query with its values, and how its row is read."""

    request: Request
    query: Query
    values: tuple[Any, ...]


class Answers:
    """Without any I/O."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.circuit = Circuit(options)
        self.log = MinuteLog()
        self._remembered = Remembered(options)
        self.observed = Observed(kept=options.report_seconds > 0)

    def request(self, user_id: str, bot_name: str, channel_scope: str, now: datetime) -> Request:
        """Raises ValueError for a scope other than 'dm' and 'shared', and for a time without a zone: mistakes of the caller,
        which would show something private, or everything as out of date."""
        if channel_scope not in ("dm", "shared"):
            raise ValueError("the scope of a channel is 'dm' or 'shared'")
        aware(now)
        return Request(user_id, bot_name, channel_scope == "dm", Moment(now, self.options))

    def for_context(self, request: Request) -> Question:
        options = self.options
        values = (*request.key, options.facts * PRESELECTED, options.summaries)
        return Question(request, queries.context_query(options.schema), values)

    def for_cache(self, request: Request, table: str) -> Question:
        if table not in queries.CACHES:
            raise ValueError(f"there is no cache of that name; there are {', '.join(queries.CACHES)}")
        return Question(request, queries.cache_query(self.options.schema, table), request.key)

    def for_facts(
        self, request: Request, category: str | None, as_of: date | None, known_as_of: datetime | None, limit: int
    ) -> Question:
        if as_of is None and known_as_of is None:
            query = queries.facts_query(self.options.schema)
            return Question(request, query, (*request.key, category, limit * PRESELECTED))
        if known_as_of is not None:
            aware(known_as_of)
        query = queries.versions_query(self.options.schema)
        return Question(request, query, (*request.key, category, as_of, known_as_of, limit))

    def for_summaries(
        self, request: Request, between: tuple[datetime | None, datetime | None], topics: Sequence[str], limit: int
    ) -> Question:
        first, last = (None if at is None else aware(at).astimezone(UTC).replace(tzinfo=None) for at in between)
        wanted = [topic.lower() for topic in topics] or None
        query = queries.summaries_query(self.options.schema)
        return Question(request, query, (*request.key, first, last, wanted, limit))

    def warm_up(self) -> list[tuple[Query, tuple[Any, ...]]]:
        """The queries that every bot needs at once, asked about nobody."""
        return [(queries.context_query(self.options.schema), ("", "", False, 1, 1))]

    def context(
        self, question: Question, row: Row | NoAnswer, messages: Sequence[MessageSeen], strict: bool
    ) -> Context:
        """What a row of `queries.context_query` says, or what is left without one."""
        request = question.request
        contents: Contents
        degraded = None
        if isinstance(row, NoAnswer):
            contents, degraded = self._without(request, row, strict), row.reason
        else:
            answer = tuple(row or ())
            self._remembered.keep(request.key, answer)
            contents = rows.RowContents(answer, request, self.options.facts, self.log)
        remembered = degraded is not None and not isinstance(contents, rows.NoContents)
        contents = self.observed.context(contents, request.bot_name, degraded, remembered=remembered)
        if messages:
            contents = Filled(contents, messages, request.scope, request.moment.now)
        return rows.context_of(request, contents, degraded)

    def _without(self, request: Request, why: NoAnswer, strict: bool) -> Contents:
        """What was read earlier, or nothing."""
        self.note(why, strict)
        if (row := self._remembered.recall(request.key)) is None:
            return rows.NoContents(why.reason)
        earlier = replace(request, moment=replace(request.moment, remembered=True))
        return rows.RowContents(row, earlier, self.options.facts, self.log)

    def strategic(
        self, question: Question, table: str, row: Row | NoAnswer, strict: bool
    ) -> dict[str, Strategic | Missing]:
        read = self._single(row, strict, lambda r: rows.cache_of(table, r, question.request, self.log))
        found = self.observed.saw(question, read)
        if isinstance(found, Missing):
            return dict.fromkeys((engine.part for engine in rows.OF_CACHE[table]), found)
        return found

    def facts(self, question: Question, row: Row | NoAnswer, limit: int, strict: bool) -> Facts | Missing:
        found = self._single(row, strict, lambda r: rows.facts_of(r, question.request.moment, limit))
        return self.observed.saw(question, found)

    def summaries(self, question: Question, row: Row | NoAnswer, strict: bool) -> Summaries | Missing:
        found = self._single(row, strict, lambda r: rows.summaries_of(r, question.request.moment))
        return self.observed.saw(question, found)

    def touched(self, row: Row | NoAnswer, strict: bool) -> bool:
        if isinstance(row, NoAnswer):
            self.note(row, strict)
            return False
        return True

    def _single(self, row: Row | NoAnswer, strict: bool, read: Callable[[Sequence[Any]], Answer]) -> Answer | Missing:
        if isinstance(row, NoAnswer):
            self.note(row, strict)
            return Missing(row.reason)
        found = self.read(lambda: read(row or ()), strict)
        return Missing(Absence.UNREADABLE) if found is None else found

    def read(self, read: Callable[[], Answer], strict: bool) -> Answer | None:
        """What ``read`` makes of a row; None, and a line in the log, where it cannot. Raises for ``strict``."""
        try:
            return read()
        except rows.UNREADABLE as error:
            if strict:
                raise
            self.log.note("a row could not be read", type(error).__name__)
            return None

    def note(self, why: NoAnswer, strict: bool) -> None:
        """Say in the log, once a minute, why there is no answer. Raises it for ``strict``."""
        if strict:
            raise _raised(why) from None
        self.log.note(_TROUBLES.get(why.reason, why.reason.value), why.cause)


_TROUBLES = {
    Absence.DEADLINE: "no answer within the deadline",
    Absence.BUSY: "every connection is taken",
    Absence.CIRCUIT_OPEN: "it failed too often just now",
    Absence.SCHEMA: "a table or column is not there, or its role may not read it; run `whisper-enrich migrate`",
    Absence.UNREACHABLE: "it cannot be reached",
}


def _raised(why: NoAnswer) -> DatabaseUnavailable | SchemaDrift:
    said = f"No answer from PostgreSQL: {_TROUBLES.get(why.reason, why.reason.value)} ({why.cause})."
    if why.reason is Absence.SCHEMA:
        return SchemaDrift(said)
    return DatabaseUnavailable(f"{said} Look at the server, or give Options a longer deadline.")
