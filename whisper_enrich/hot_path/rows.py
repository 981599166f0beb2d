"""From a row of `queries` to the dataclasses of `context`, for the caller's scope and the moment of reading."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import islice
from typing import Any, TypeVar

from whisper_enrich.facts.ageing import confidence_at
from whisper_enrich.hot_path import freshness, queries
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

_DM_ITEM = '"scope": "dm"'
"""As PostgreSQL writes it; a text that holds these letters writes its quotes with backslashes."""


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
        self._state = _state(iter(row))
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
        return _cache_parts(cache, _stored(cache, self._row[start:]), self._state, self._request, self._log)


_FACTS_AT = len(queries.STATE)


def _places() -> dict[str, tuple[str, int]]:
    found = {}
    start = _FACTS_AT + 2
    for cache, columns in queries.CACHES.items():
        found |= dict.fromkeys((engine.part for engine in OF_CACHE[cache]), (cache, start))
        start += len(columns) + len(queries.COMMON)
    return found


_CACHE_OF_PART = _places()
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
    return _cache_parts(cache, _stored(cache, row[len(queries.STATE) :]), _state(iter(row)), request, log)


def facts_of(row: Sequence[Any], moment: Moment, most: int) -> Facts:
    """From a row of `queries.facts_query` or `versions_query`."""
    return _facts(row[len(queries.STATE)], _state(iter(row)), moment, most)


def summaries_of(row: Sequence[Any], moment: Moment) -> Summaries:
    """From a row of `queries.summaries_query`."""
    return _summaries(row[len(queries.STATE)], _state(iter(row)), moment)


def _cache_parts(
    cache: str, stored: Mapping[str, Any], state: State, request: Request, log: MinuteLog
) -> dict[str, Strategic | Missing]:
    """The parts of one cache by name; `Missing` where this user has no row in it."""
    names = [engine.part for engine in OF_CACHE[cache]]
    if stored["computed_at"] is None:
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


def _built(cache: str, stored: Mapping[str, Any], state: State, request: Request) -> dict[str, Strategic | Missing]:
    fresh, reason = freshness.of_cache(
        state, request.moment, computed_at=stored["computed_at"], expires_at=stored["expires_at"],
        read_up_to=stored["read_up_to"], engine_version=stored["engine_version"],
    )  # fmt: skip
    common = {
        "computed_at": stored["computed_at"], "read_up_to": stored["read_up_to"], "freshness": fresh,
        "stale_reason": reason, "messages_read": stored["messages_read"], "reasons": json.loads(stored["reasons"]),
        "engine_version": stored["engine_version"],
    }  # fmt: skip
    columns = {
        name: _parsed(stored[name]) if name in queries.JSON_COLUMNS else stored[name] for name in queries.CACHES[cache]
    }
    details = json.loads(stored["details"])
    filtered = not request.private and any(_DM_ITEM in stored[name] for name in _texts(cache) if stored[name])
    found: dict[str, Strategic | Missing] = {}
    for engine in OF_CACHE[cache]:
        values = columns | details[engine.name]
        if filtered:
            values = {name: without_dm(values[name]) for name in engine.reads if name in values}
        found[engine.part] = engine.build(Stored(values, request.private, request.moment.now), common)
    return found


def _texts(cache: str) -> list[str]:
    return ["details", *(name for name in queries.CACHES[cache] if name in queries.JSON_COLUMNS)]


def _parsed(text: str | None) -> Any:
    return None if text is None else json.loads(text)


def without_dm(value: Any) -> Any:
    """A value of JSON without the items, at any depth, that were said in a dm."""
    if type(value) is list:
        return [
            without_dm(item) if type(item) in _NESTED else item
            for item in value
            if type(item) is not dict or item.get("scope") != "dm"
        ]
    if type(value) is dict:
        return {
            name: without_dm(item) if type(item) in _NESTED else item
            for name, item in value.items()
            if type(item) is not dict or item.get("scope") != "dm"
        }
    return value


_NESTED = frozenset({list, dict})


def _state(values: Iterator[Any]) -> State:
    return State(*islice(values, len(queries.STATE)))


def _stored(cache: str, values: Sequence[Any]) -> dict[str, Any]:
    """The columns of a cache, with which ``values`` begin."""
    return dict(zip((*queries.CACHES[cache], *queries.COMMON), values, strict=False))


@dataclass(slots=True)
class _Ages:
    attribute: str
    category: str
    tense: str
    confidence: float
    last_said_at: datetime
    valid_from: date | None


def _facts(text: str | None, state: State, moment: Moment, most: int) -> Facts:
    rows = [dict(zip(queries.FACT, values, strict=True)) for values in json.loads(text)] if text else []
    surest = sorted(((_confidence(row, moment.now), row) for row in rows), key=lambda f: (-f[0], f[1]["content"]))
    fresh, reason = freshness.of_stage(state, moment, waiting_since=state.facts_waiting_at)
    extracted = max((row["extracted_at"] for row in rows if row["extracted_at"] is not None), default=None)
    return Facts(
        items=tuple(_fact(row, confidence) for confidence, row in surest[:most]),
        computed_at=None if extracted is None else _utc(extracted), read_up_to=state.facts_read_at,
        freshness=fresh, stale_reason=reason,
    )  # fmt: skip


def _confidence(row: Mapping[str, Any], now: datetime) -> float:
    """For the moment of reading. Only what is believed now ages: of the past it is told how sure it was."""
    if row["last_said_at"] is None:
        return row["confidence"]
    last, first_day = datetime.fromisoformat(row["last_said_at"]), _day(row["valid_from"])
    return confidence_at(
        _Ages(row["attribute"], row["category"], row["tense"], row["confidence"], last, first_day), now
    )


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
    rows = [dict(zip(queries.SUMMARY, values, strict=True)) for values in json.loads(text)] if text else []
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
