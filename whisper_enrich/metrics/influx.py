"""InfluxDB 2.x as an optional source of performance metrics (bucket `performance_metrics`).

It is read where INFLUXDB_URL is set. A source that is set and does not answer stops nothing: the measures fall back to the
conversation, the rows say why, and the log says it once.
"""

from __future__ import annotations

import csv
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from whisper_enrich.metrics.flux import DailyValue, UnreadableAnswer, Wanted, daily_query, daily_values
from whisper_enrich.settings import Settings
from whisper_enrich.strategic.performance_inputs import DailyMean, Metrics, Relationship, merged_days

if TYPE_CHECKING:
    from influxdb_client import InfluxDBClient

_log = logging.getLogger(__name__)

SILENT_AFTER_FAILURE_SECONDS = 300.0
"""For so long a source that failed is not asked again: each try could wait for its time-out."""

QUALITY = Wanted("conversation_quality", ("engagement_score", "satisfaction_score", "topic_relevance"), "bot")
RESPONSE = Wanted("response_time_v2", ("value",), "bot_name", by=("operation",), only_success=True)
RELATIONSHIP = Wanted("relationship_progression", ("trust_level", "affection_level", "attunement_level"), "bot")
# Its satisfaction_score is full of zeros that nobody gave: never asked for.
REACTIONS = Wanted("user_feedback", ("user_reaction_score",), "bot")

MEASURES: Mapping[str, tuple[str, float, float]] = {
    "engagement_score": ("engagement", 0.0, 1.0),
    "satisfaction_score": ("satisfaction", 0.0, 1.0),
    "topic_relevance": ("coherence", 0.0, 1.0),
    "user_reaction_score": ("reactions", -1.0, 1.0),
    "value": ("response_time", 0.0, float("inf")),
}
"""The measure that a field is, and the range outside of which a value is no such measure and left out."""

Daily = Mapping[str, Sequence[DailyMean]]


@dataclass(frozen=True)
class Measured:
    """What InfluxDB says of a bot's users. ``unmeasured`` is why it says nothing although it is set, else None."""

    by_user: Mapping[str, Daily] = field(default_factory=dict)
    relationships: Mapping[str, Relationship] = field(default_factory=dict)
    unmeasured: str | None = None

    def of_user(self, user_id: str) -> Metrics:
        """For the row of one user."""
        related = self.relationships.get(user_id)
        return Metrics(
            self.by_user.get(user_id, {}), self.unmeasured, relationships=() if related is None else (related,)
        )

    def of_bot(self) -> Metrics:
        """For the bot's row: days of all users, each weighted by its number of measurements."""
        users = [daily for _, daily in sorted(self.by_user.items())]
        measures = sorted({name for daily in users for name in daily})
        daily = {name: merged_days(daily.get(name, ()) for daily in users) for name in measures}
        return Metrics(daily, self.unmeasured, relationships=tuple(self.relationships.values()))


class MetricsSource(Protocol):
    """Where measured metrics come from."""

    def read(self, bot_name: str, last: date, days: int) -> Measured:
        """What was measured of a bot in the UTC days up to ``last``."""


class NoMetrics:
    """Nothing is measured: INFLUXDB_URL is not set."""

    def read(self, bot_name: str, last: date, days: int) -> Measured:
        """Nothing, and no reason: nobody said that there was a source."""
        return Measured()


class InfluxMetrics:
    """An InfluxDB server. ``monotonic`` is the clock of `SILENT_AFTER_FAILURE_SECONDS`."""

    def __init__(
        self,
        url: str,
        token: str,
        org: str,
        bucket: str,
        timeout_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._url, self._token, self._org, self._bucket = url, token, org, bucket
        self._timeout_ms = int(timeout_seconds * 1000)
        self._monotonic = monotonic
        self._failed_at: float | None = None
        self._failure: str | None = None
        self._logged: set[str] = set()

    def read(self, bot_name: str, last: date, days: int) -> Measured:
        """What was measured; a failure is the answer's reason, see `failure_of`, and is remembered for five minutes."""
        if self._failed_at is not None and self._monotonic() - self._failed_at < SILENT_AFTER_FAILURE_SECONDS:
            return Measured(unmeasured=self._failure)
        try:
            measured = self._read(bot_name, last - timedelta(days=days - 1), last)
        except ImportError:
            return self._fell_silent("influxdb_client_is_missing")
        except expected_errors() as error:
            return self._fell_silent(failure_of(error))
        self._failed_at = None
        return measured

    def _read(self, bot_name: str, first: date, last: date) -> Measured:
        from influxdb_client import InfluxDBClient

        with InfluxDBClient(self._url, self._token, org=self._org, timeout=self._timeout_ms) as client:
            values = [
                one for wanted in (QUALITY, REACTIONS) for one in self._ask(client, wanted, bot_name, first, last)
            ]
            values += _whole_answers(self._ask(client, RESPONSE, bot_name, first, last))
            related = self._ask(client, RELATIONSHIP, bot_name, first, last)
        return Measured(_by_user(values), _relationships(related))

    def _ask(self, client: InfluxDBClient, wanted: Wanted, bot_name: str, first: date, last: date) -> list[DailyValue]:
        from influxdb_client import Dialect

        # Bots tag their points with their name as it is configured.
        names = list(dict.fromkeys((bot_name, bot_name.title(), bot_name.upper())))
        rows = client.query_api().query_csv(
            daily_query(wanted, self._bucket, names, first, last), dialect=Dialect(header=True, annotations=[])
        )
        return daily_values(rows, wanted)

    def _fell_silent(self, reason: str) -> Measured:
        self._failed_at, self._failure = self._monotonic(), reason
        if reason not in self._logged:
            self._logged.add(reason)
            _log.warning(
                "InfluxDB gave no metrics (%s); they are estimated from the conversation. %s", reason, REMEDIES[reason]
            )
        return Measured(unmeasured=reason)


def open_metrics(settings: Settings) -> MetricsSource:
    """The source that the settings name."""
    if settings.influxdb_url is None:
        return NoMetrics()
    return InfluxMetrics(
        settings.influxdb_url,
        settings.influxdb_token.get_secret_value() if settings.influxdb_token else "",
        settings.influxdb_org or "",
        settings.influxdb_bucket,
        settings.influxdb_timeout_seconds,
    )


REMEDIES = {
    "influxdb_client_is_missing": "Install whisper_enrich[influxdb].",
    "influxdb_unreachable": "Check INFLUXDB_URL and INFLUXDB_TIMEOUT_SECONDS.",
    "influxdb_refused": "Check INFLUXDB_TOKEN and its rights.",
    "influxdb_not_found": "Check INFLUXDB_ORG and INFLUXDB_BUCKET.",
    "influxdb_failed": "Look at the server's log.",
    "influxdb_unreadable": "Look at the server's log, and at what stands between.",
}
_STATUSES = {401: "influxdb_refused", 403: "influxdb_refused", 404: "influxdb_not_found"}


def expected_errors() -> tuple[type[Exception], ...]:
    """What a client raises over a server that is not there, refuses, or says something else."""
    from influxdb_client.rest import ApiException
    from urllib3.exceptions import HTTPError

    return (ApiException, HTTPError, OSError, UnreadableAnswer, UnicodeDecodeError, csv.Error)


def failure_of(error: Exception) -> str:
    """The reason as a word: neither address nor what the server said goes into a row or the log."""
    if isinstance(error, (UnreadableAnswer, UnicodeDecodeError, csv.Error)):
        return "influxdb_unreadable"
    status = getattr(error, "status", None)
    return _STATUSES.get(status, "influxdb_failed") if status else "influxdb_unreachable"


def _whole_answers(values: Sequence[DailyValue]) -> list[DailyValue]:
    """Of the operations that are timed, the one that takes longest: the others are its parts."""
    sums: dict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for one in values:
        sums[one.by][0] += one.mean * one.count
        sums[one.by][1] += one.count
    if not sums:
        return []
    whole = max(sums, key=lambda by: (sums[by][0] / sums[by][1], by))
    return [one for one in values if one.by == whole]


def _by_user(values: Iterable[DailyValue]) -> dict[str, dict[str, list[DailyMean]]]:
    found: dict[str, dict[str, list[DailyMean]]] = defaultdict(lambda: defaultdict(list))
    for one in values:
        measure, low, high = MEASURES[one.field]
        if low <= one.mean <= high:
            found[one.user_id][measure].append(DailyMean(one.day, one.mean, one.count))
    return {user: dict(daily) for user, daily in found.items()}


def _relationships(values: Sequence[DailyValue]) -> dict[str, Relationship]:
    """The levels of each user's last day; what is not in 0..1 is left out."""
    latest: dict[str, dict[str, DailyValue]] = defaultdict(dict)
    for one in sorted(values, key=lambda one: one.day):
        if 0.0 <= one.mean <= 1.0:
            latest[one.user_id][one.field.removesuffix("_level")] = one
    return {
        user: Relationship(
            **{name: one.mean for name, one in levels.items()},
            updated_at=datetime.combine(max(one.day for one in levels.values()), datetime.min.time(), UTC),
            source="influxdb",
        )
        for user, levels in latest.items()
    }
