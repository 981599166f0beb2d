"""The Flux queries that we ask, and the reading of what comes back.

Flux has no bound parameters outside of InfluxDB's cloud, so that every value goes in as an escaped string literal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


class UnreadableAnswer(ValueError):
    """The server's answer is no table of ours."""


def literal(text: str) -> str:
    """A Flux string literal. ``${`` would begin an interpolated expression, and is escaped as well."""
    return '"' + text.translate(_ESCAPES).replace("${", "\\${") + '"'


@dataclass(frozen=True, slots=True)
class Wanted:
    """Daily means and counts of some fields of a measurement, by user and by the tags in ``by``."""

    measurement: str
    fields: Sequence[str]
    bot_tag: str
    by: Sequence[str] = ()
    only_success: bool = False


@dataclass(frozen=True, slots=True)
class DailyValue:
    """One row of an answer: ``by`` holds the values of `Wanted.by`."""

    user_id: str
    field: str
    by: tuple[str, ...]
    day: date
    mean: float
    count: int


def daily_query(wanted: Wanted, bucket: str, bot_names: Sequence[str], first: date, last: date) -> str:
    """A query over the UTC days ``first`` to ``last``, both inclusive, that yields ``mean`` and ``count``."""
    columns = ["user_id", "_field", *wanted.by]
    lines = [
        f"data = from(bucket: {literal(bucket)})",
        f"  |> range(start: {first.isoformat()}T00:00:00Z, stop: {(last + timedelta(days=1)).isoformat()}T00:00:00Z)",
        f"  |> filter(fn: (r) => r._measurement == {literal(wanted.measurement)})",
        f"  |> filter(fn: (r) => {_any_of(wanted.bot_tag, bot_names)})",
        f"  |> filter(fn: (r) => {_any_of('_field', wanted.fields)})",
    ]
    if wanted.only_success:
        # A comparison with a tag that is missing is null, which a filter takes for false.
        lines.append("  |> filter(fn: (r) => not exists r.success or r.success !~ /^(?i:false)$/)")
    # One field may hold integers and floats in different series, which cannot be grouped as they are.
    lines.append("  |> toFloat()")
    lines.append(f"  |> group(columns: [{', '.join(map(literal, columns))}])")
    lines += [
        f'data |> aggregateWindow(every: 1d, fn: {name}, timeSrc: "_start", createEmpty: false) |> yield(name: "{name}")'
        for name in ("mean", "count")
    ]
    return "\n".join(lines)


def daily_values(rows: Iterable[Sequence[str]], wanted: Wanted) -> list[DailyValue]:
    """What the rows of an answer in CSV say. Raises `UnreadableAnswer`."""
    found: dict[tuple[str, str, tuple[str, ...], date], dict[str, float]] = {}
    for row in _records(rows):
        try:
            by = tuple(row.get(name, "") for name in wanted.by)
            key = (row.get("user_id", ""), row["_field"], by, datetime.fromisoformat(row["_time"]).date())
            found.setdefault(key, {})[row["result"]] = float(row["_value"])
        except (KeyError, ValueError):
            raise UnreadableAnswer("a row of the answer lacks a column or holds no number") from None
    return [
        DailyValue(*key, mean=values["mean"], count=int(values["count"]))
        for key, values in sorted(found.items())
        if "mean" in values and values.get("count", 0) > 0
    ]


def _any_of(column: str, values: Sequence[str]) -> str:
    return " or ".join(f"r[{literal(column)}] == {literal(value)}" for value in values)


def _records(rows: Iterable[Sequence[str]]) -> Iterator[dict[str, str]]:
    """Rows by their columns' names. Each table may begin with annotations and has a header; empty lines part them."""
    header: Sequence[str] | None = None
    for row in rows:
        if not any(row) or row[0].startswith("#"):
            header = None
        elif header is None or "result" in row[1:2]:
            header = row
            if "result" not in header:
                raise UnreadableAnswer("the answer is an error of the server's own, or no table")
        elif len(row) != len(header):
            raise UnreadableAnswer("a row of the answer is cut off")
        else:
            yield dict(zip(header, row, strict=True))
