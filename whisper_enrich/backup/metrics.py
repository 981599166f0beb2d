"""What we wrote to InfluxDB, as line protocol: our one measurement, point by point.

InfluxDB's own backup is the administrator's: it takes a token over everything. The bots' metrics in the same bucket are not
ours, and not copied. A point that is written again replaces itself, so that a restore may be repeated.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from whisper_enrich.errors import EnrichError
from whisper_enrich.metrics.influx import REMEDIES, expected_errors, failure_of
from whisper_enrich.metrics.reader_points import MEASUREMENT
from whisper_enrich.settings import Settings

if TYPE_CHECKING:
    from influxdb_client import InfluxDBClient

TAGS = {"table": "tag_table", "bot": "bot"}
"""Our tags, by what they are called in an answer: there every row has the number of its table as ``table``."""
_A_REQUEST = 5000


class MetricsUnavailable(EnrichError):
    """InfluxDB did not give or take them."""


def fetch_points(settings: Settings, target: Path) -> int:
    """Write all points of our measurement into the file ``target``, packed; returns how many values.

    Raises `MetricsUnavailable`.
    """
    values = 0
    bucket = settings.influxdb_bucket.replace("\\", "\\\\").replace('"', '\\"')
    query = (
        f'from(bucket: "{bucket}") |> range(start: 0) |> filter(fn: (r) => r._measurement == "{MEASUREMENT}") '
        '|> rename(columns: {table: "tag_table"})'
    )
    with _client(settings) as client, gzip.open(target, "wt", encoding="utf-8") as file:
        from influxdb_client import Point

        for record in client.query_api().query_stream(query):
            point = Point(MEASUREMENT).field(record.get_field(), record.get_value()).time(record.get_time())
            for tag, column in TAGS.items():
                point = point.tag(tag, record.values.get(column))
            file.write(point.to_line_protocol() + "\n")
            values += 1
    return values


def put_points_back(settings: Settings, source: Path) -> int:
    """Write them again; returns how many values. Raises `MetricsUnavailable`."""
    values = 0
    with _client(settings) as client, gzip.open(source, "rt", encoding="utf-8") as file:
        from influxdb_client.client.write_api import SYNCHRONOUS

        api = client.write_api(write_options=SYNCHRONOUS)
        while lines := [line.rstrip("\n") for line in islice(file, _A_REQUEST)]:
            api.write(settings.influxdb_bucket, record=lines)
            values += len(lines)
    return values


@contextmanager
def _client(settings: Settings) -> Iterator[InfluxDBClient]:
    token = settings.influxdb_token.get_secret_value() if settings.influxdb_token else ""
    timeout = int(settings.influxdb_timeout_seconds * 1000)
    try:
        from influxdb_client import InfluxDBClient
    except ImportError:
        raise MetricsUnavailable(REMEDIES["influxdb_client_is_missing"]) from None
    try:
        with InfluxDBClient(settings.influxdb_url, token, org=settings.influxdb_org or "", timeout=timeout) as client:
            yield client
    except expected_errors() as error:
        raise MetricsUnavailable(f"InfluxDB: {failure_of(error)}. {REMEDIES[failure_of(error)]}") from None
