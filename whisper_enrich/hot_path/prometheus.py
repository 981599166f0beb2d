"""The reader's counts for Prometheus, in the process of the bot: whoever imports this needs `prometheus_client`."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client.core import CounterMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from whisper_enrich.hot_path.observed import BOUND_NAMES, RECALL, Counts, Observed

_PREFIX = "whisper_enrich_reader"


class ReaderCollector(Collector):
    """``…_reads_total`` by table, bot, outcome and reason; ``…_round_trip_seconds`` by table and bot; questions about the past
    that named a time, by whether they found anything."""

    def __init__(self, observed: Observed) -> None:
        self._observed = observed

    def collect(self) -> Iterator[Metric]:
        counts = self._observed.totals()
        yield _reads(counts)
        yield _latencies(counts)
        yield _time_anchored(counts)


def _reads(counts: Counts) -> Metric:
    family = CounterMetricFamily(
        f"{_PREFIX}_reads", "Reads by what they found: a fresh row, a stale one, or nothing.",
        labels=("table", "bot", "outcome", "reason"),
    )  # fmt: skip
    for key, series in counts.items():
        for (outcome, reason), count in series.outcomes.items():
            family.add_metric([*key, outcome, reason], count)
    return family


def _latencies(counts: Counts) -> Metric:
    family = HistogramMetricFamily(
        f"{_PREFIX}_round_trip_seconds",
        "Time that the database took, or that was waited for it.",
        labels=("table", "bot"),
    )
    for key, series in counts.items():
        if series.round_trips:
            sums, total = [], 0
            for bound, count in zip(BOUND_NAMES, series.latencies, strict=True):
                total += count
                sums.append((bound, total))
            family.add_metric(key, buckets=sums, sum_value=series.seconds)
    return family


def _time_anchored(counts: Counts) -> Metric:
    family = CounterMetricFamily(
        f"{_PREFIX}_time_anchored", "Questions about the past that named a time.", labels=("bot", "found")
    )
    for (table, bot_name), series in counts.items():
        if table == RECALL and series.time_anchored:
            family.add_metric([bot_name, "yes"], series.time_anchored_found)
            family.add_metric([bot_name, "no"], series.time_anchored - series.time_anchored_found)
    return family
