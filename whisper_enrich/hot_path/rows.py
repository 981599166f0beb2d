"""From a row of `queries` to the dataclasses of `context`, for the caller's scope and the moment of reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from whisper_enrich.facts.ageing import Aged, confidence_at
from whisper_enrich.hot_path import documents, freshness, queries
from whisper_enrich.hot_path.context import (
    Absence,
    Contents,
    Context,
    Fact,
    Facts,
    Missing,
    Strategic,
    Summaries,
    Summary,
)
from whisper_enrich.hot_path.drift import instant
from whisper_enrich.hot_path.engines import OF_CACHE, Stored
from whisper_enrich.hot_path.freshness import Moment, State
from whisper_enrich.hot_path.guard import MinuteLog

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, about whom, when."""

    user_id: str
    bot_name: str
    private: bool
    moment: Moment

    @property
    def scope(self) -> str:
        return "dm" if self.private else "shared"

    @property
    def key(self) -> tuple[str, str, bool]:
        return self.user_id, self.bot_name, self.private


class RowContents:
    """The parts of a context, each made of a row of `queries.context_query` when it is asked for. One that cannot be read is
    missing, and is logged."""

    def __init__(self, row: Sequence[Any], request: Request, most_facts: int, log: MinuteLog) -> None:
        self._row, self._request, self._most_facts, self._log = row, request, most_facts, log
        self._state = state_of(row)
        self._made: dict[str, Any] = {}

    def part(self, name: str) -> Any:
        if name not in self._made:
            self._made |= self._make(name)
        return self._made[name]

    def _make(self, name: str) -> dict[str, Any]:
        moment = self._request.moment
        if name == "facts":
            text = self._row[_FACTS_AT]
            return {name: _or_missing(name, self._log, lambda: _facts(text, self._state, moment, self._most_facts))}
        if name == "summaries":
            text = self._row[_FACTS_AT + 1]
            return {name: _or_missing(name, self._log, lambda: _summaries(text, self._state, moment))}
        cache, start = _CACHE_OF_PART[name]
        return _cache_parts(cache, self._row[start : start + CACHE_WIDTH], self._state, self._request, self._log)


_FACTS_AT = len(queries.STATE)


CACHE_WIDTH = 1 + len(queries.COMMON)

_CACHE_OF_PART = {
    engine.part: (cache, _FACTS_AT + 2 + place * CACHE_WIDTH)
    for place, cache in enumerate(queries.CACHES)
    for engine in OF_CACHE[cache]
}
"""By part, its cache and where the columns of that begin in a row."""


class NoContents:
    """The parts of a context without an answer."""

    def __init__(self, reason: Absence) -> None:
        self._missing = Missing(reason)

    def part(self, name: str) -> Missing:
        return self._missing


def context_of(request: Request, contents: Contents, degraded: Absence | None = None) -> Context:
    """A context for the one who asked."""
    return Context(request.user_id, request.bot_name, request.scope, request.moment.now, contents, degraded)


def cache_of(cache: str, row: Sequence[Any], request: Request, log: MinuteLog) -> dict[str, Strategic | Missing]:
    """The parts that one cache fills, from a row of `queries.cache_query`."""
    return _cache_parts(cache, row[len(queries.STATE) :], state_of(row), request, log)


def facts_of(row: Sequence[Any], moment: Moment, most: int) -> Facts:
    """From a row of `queries.facts_query` or `versions_query`."""
    return _facts(row[len(queries.STATE)], state_of(row), moment, most)


def summaries_of(row: Sequence[Any], moment: Moment) -> Summaries:
    """From a row of `queries.summaries_query`."""
    return _summaries(row[len(queries.STATE)], state_of(row), moment)


def _cache_parts(
    cache: str, stored: Sequence[Any], state: State, request: Request, log: MinuteLog
) -> dict[str, Strategic | Missing]:
    """The parts of one cache by name; `Missing` where this user has no row in it. ``stored``: document and `COMMON`."""
    names = [engine.part for engine in OF_CACHE[cache]]
    if stored[0] is None:
        return dict.fromkeys(names, Missing(Absence.NO_ROW))
    found = _or_missing(cache, log, lambda: _built(cache, stored, state, request))
    return dict.fromkeys(names, found) if isinstance(found, Missing) else found


UNREADABLE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError)
"""What reading a row of another shape raises."""


def _or_missing(what: str, log: MinuteLog, read: Callable[[], Read]) -> Read | Missing:
    try:
        return read()
    except UNREADABLE as error:
        log.note(f"a row of {what} could not be read", type(error).__name__)
        return Missing(Absence.UNREADABLE)


def _built(cache: str, stored: Sequence[Any], state: State, request: Request) -> dict[str, Strategic | Missing]:
    text, computed_at, expires_at, read_up_to, messages_read, engine_version = stored
    fresh, reason = freshness.of_cache(
        state, request.moment, computed_at=computed_at, expires_at=expires_at, read_up_to=read_up_to,
        engine_version=engine_version,
    )  # fmt: skip
    document = documents.read(cache, text, request.private)
    common = {
        "computed_at": computed_at, "read_up_to": read_up_to, "freshness": fresh, "stale_reason": reason,
        "messages_read": messages_read, "reasons": document["reasons"], "engine_version": engine_version,
    }  # fmt: skip
    return {
        engine.part: engine.build(Stored(document[engine.part], request.private, request.moment.now), common)
        for engine in OF_CACHE[cache]
    }


def state_of(row: Sequence[Any]) -> State:
    """What every row begins with."""
    beat_at, touches, *newest = row[: len(queries.STATE)]
    return State(beat_at, touches and [datetime.fromisoformat(at) for at in documents.loads(touches)], *newest)


def _facts(text: str | None, state: State, moment: Moment, most: int) -> Facts:
    rows = [dict(zip(queries.FACT, values, strict=True)) for values in documents.loads(text)] if text else []
    surest = sorted(((confidence_now(row, moment.now), row) for row in rows), key=lambda f: (-f[0], f[1]["content"]))
    fresh, reason = freshness.of_stage(state, moment, waiting_since=state.facts_waiting_at)
    extracted = max((row["extracted_at"] for row in rows if row["extracted_at"] is not None), default=None)
    return Facts(
        items=tuple(_fact(row, confidence) for confidence, row in surest[:most]),
        computed_at=None if extracted is None else _utc(extracted), read_up_to=state.facts_read_at,
        freshness=fresh, stale_reason=reason,
    )  # fmt: skip


def confidence_now(row: Mapping[str, Any], now: datetime) -> float:
    """For the moment of reading. Only what is believed now ages: of the past it is told how sure it was."""
    if row["last_said_at"] is None:
        return row["confidence"]
    last, first_day = datetime.fromisoformat(row["last_said_at"]), _day(row["valid_from"])
    return confidence_at(Aged(row["attribute"], row["category"], row["tense"], row["confidence"], last, first_day), now)


def _fact(row: Mapping[str, Any], confidence: float) -> Fact:
    return Fact(
        content=row["content"], category=row["category"], attribute=row["attribute"], value=row["value"],
        confidence=confidence, stored_confidence=row["confidence"], tense=row["tense"], scope=row["scope"],
        valid_from=_day(row["valid_from"]), valid_to=_day(row["valid_to"]), mentions=row["mentions"],
        first_said_at=instant(row["first_said_at"]), last_said_at=instant(row["last_said_at"]),
        known_from=instant(row["known_from"]), known_to=instant(row["known_to"]),
    )  # fmt: skip


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _summaries(text: str | None, state: State, moment: Moment) -> Summaries:
    rows = [dict(zip(queries.SUMMARY, values, strict=True)) for values in documents.loads(text)] if text else []
    fresh, reason = freshness.of_stage(state, moment, waiting_since=state.summaries_waiting_at)
    return Summaries(
        items=tuple(_summary(row) for row in rows),
        computed_at=max((_utc(row["updated_at"]) for row in rows), default=None),
        read_up_to=state.summaries_read_at, freshness=fresh, stale_reason=reason,
    )  # fmt: skip


def _summary(row: Mapping[str, Any]) -> Summary:
    return Summary(
        id=row["id"], text=row["text"], start=_utc(row["start"]), end=_utc(row["end"]),
        message_count=row["message_count"], topics=tuple(row["topics"] or ()), tone=row["tone"],
        confidence=row["confidence"], state=row["state"], scope=row["scope"],
    )  # fmt: skip


def _utc(text: str) -> datetime:
    """Of a column without a zone, which is UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
