"""What the bots' readers counted, written to InfluxDB: measurement ``strategic_cache``, tags ``table`` and ``bot``.

A point a minute, with ``hits``, ``stale``, ``misses``, ``hit_rate`` (0 to 1, where anything was read), ``round_trips`` and
their mean ``latency_ms``; for the table ``recall`` also ``time_anchored`` and ``time_anchored_found``. A minute that is
written again replaces itself. The token that suffices to read metrics may not write: that is said, and stops nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whisper_enrich.metrics.influx import REMEDIES, expected_errors, failure_of
from whisper_enrich.settings import Settings

if TYPE_CHECKING:
    from whisper_enrich.storage.observations import Minute

MEASUREMENT = "strategic_cache"
_A_REQUEST = 5000


@dataclass(frozen=True, slots=True)
class Written:
    """How many points, or why none or not all: a word, and what to do about it."""

    points: int
    failure: str | None = None
    remedy: str | None = None


def write(settings: Settings, minutes: Sequence[Minute]) -> Written:
    """Write them where INFLUXDB_URL is set; it raises for nothing that the server does."""
    if settings.influxdb_url is None:
        return Written(0, "influxdb_is_not_set", "Set INFLUXDB_URL to have them there.")
    written = 0
    try:
        for lines in _batches(minutes):
            _send(settings, lines)
            written += len(lines)
    except ImportError:
        return _failed(written, "influxdb_client_is_missing")
    except expected_errors() as error:
        return _failed(written, failure_of(error))
    return Written(written)


def _failed(written: int, reason: str) -> Written:
    remedy = REMEDIES[reason]
    if reason == "influxdb_refused":
        remedy = f"{remedy} It has to be allowed to write to the bucket, too."
    return Written(written, reason, remedy)


def _send(settings: Settings, lines: Sequence[str]) -> None:
    from influxdb_client import InfluxDBClient
    from influxdb_client.client.write_api import SYNCHRONOUS

    token = settings.influxdb_token.get_secret_value() if settings.influxdb_token else ""
    timeout = int(settings.influxdb_timeout_seconds * 1000)
    with InfluxDBClient(settings.influxdb_url, token, org=settings.influxdb_org or "", timeout=timeout) as client:
        client.write_api(write_options=SYNCHRONOUS).write(
            settings.influxdb_bucket, record=list(lines), write_precision="s"
        )


def _batches(minutes: Sequence[Minute]) -> Iterator[list[str]]:
    from influxdb_client import Point

    for start in range(0, len(minutes), _A_REQUEST):
        lines = []
        for minute in minutes[start : start + _A_REQUEST]:
            point = Point(MEASUREMENT).tag("table", minute.table_name).tag("bot", minute.bot_name)
            for name, value in _fields(minute).items():
                point = point.field(name, value)
            lines.append(point.time(minute.start, write_precision="s").to_line_protocol())
        yield lines


def _fields(minute: Minute) -> dict[str, Any]:
    reads = minute.hits + minute.stale + minute.misses
    fields: dict[str, Any] = {"hits": minute.hits, "stale": minute.stale, "misses": minute.misses}
    if reads:
        fields["hit_rate"] = minute.hits / reads
    if minute.round_trips:
        fields |= {"round_trips": minute.round_trips, "latency_ms": 1000.0 * minute.seconds / minute.round_trips}
    if minute.table_name == "recall":
        fields |= {"time_anchored": minute.time_anchored, "time_anchored_found": minute.time_anchored_found}
    return fields
