"""What the hot path reads of a cache row, in the form in which it is read: one JSON text in place of up to seven.

The one place that writes cache rows writes it in the same statement (`storage.strategic_caches.write_rows`): the parts' fields
and what they are evaluated from, and nothing that only a person looks at. A second text holds the same without what was
said in a dm, where that differs, so that nothing is filtered at reading. Items of which values are evaluated for the moment
of reading are lists of their values in the order of `engines.EVALUATED`.

A row without a document of this `FORMAT` (written before there were any, or by another version of ours) is read from its
columns: the query brings those as one JSON text instead, and `read` makes the same of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from whisper_enrich.hot_path.engines import EVALUATED, OF_CACHE, Engine

try:  # where the bot has it: reading JSON is half of what a whole context takes, and this does it in half the time
    from orjson import loads
except ImportError:
    from json import loads

Document = dict[str, Any]
"""By part its values, and under "reasons" why one is null."""


def _format() -> str:
    parts = [(e.part, sorted(e.reads), e.unfolds) for engines in OF_CACHE.values() for e in engines]
    return blake2b(repr((1, parts, sorted(EVALUATED.items()))).encode(), digest_size=6).hexdigest()


FORMAT = _format()
"""Changes by itself with what the parts read; its 1 is for what changes otherwise."""


@dataclass(frozen=True, slots=True)
class Packed:
    """The texts of a row; ``shared`` is None where callers in a shared channel may see the whole."""

    whole: str
    shared: str | None


def pack(
    cache: str, columns: Mapping[str, Any], details: Mapping[str, Mapping[str, Any]], reasons: Mapping[str, str]
) -> Packed:
    """The texts of a row of ``cache``. Raises `KeyError` where an engine's details are not there."""
    whole, shared = (_text(_made(cache, columns, details, reasons, private)) for private in (True, False))
    return Packed(whole, None if shared == whole else shared)


def _text(document: Document) -> str:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":"))


def column(columns: Iterable[str], alias: str) -> str:
    """SQL for the text that `read` takes: for a caller who is ``k.private`` or not, null where there is no row."""
    raw = ", ".join(f"'{name}', {alias}.{name}" for name in (*columns, "details", "reasons"))
    document = f"CASE WHEN k.private THEN {alias}.document ELSE coalesce({alias}.shared_document, {alias}.document) END"
    return (
        f"CASE WHEN {alias}.document_format = '{FORMAT}' THEN {document} "
        f"WHEN {alias}.computed_at IS NOT NULL THEN json_build_object({raw})::text END"
    )


def read(cache: str, text: str, private: bool) -> Document:
    """What a row holds. Raises `KeyError`, TypeError, ValueError or AttributeError for a row of an unknown shape."""
    document = loads(text)
    if "details" in document:
        return _made(cache, document, document["details"], document["reasons"], private)
    return document


def _made(
    cache: str, columns: Mapping[str, Any], details: Mapping[str, Any], reasons: Mapping[str, str], private: bool
) -> Document:
    parts = {e.part: _values(e, columns, details[e.name], private) for e in OF_CACHE[cache]}
    return {"reasons": reasons, **parts}


def _values(engine: Engine, columns: Mapping[str, Any], details: Mapping[str, Any], private: bool) -> dict[str, Any]:
    values = {**columns}
    for name in engine.unfolds:
        values |= columns[name] or {}
    values |= details
    values = {name: values[name] for name in engine.reads if values.get(name) is not None}
    if not private:
        values = without_dm(values)
    for name in EVALUATED.keys() & values.keys():
        values[name] = [[item[key] for key in EVALUATED[name]] for item in values[name]]
    return values


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
