"""Samples of the metrics of one part, as `prometheus_client` wants them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate

from prometheus_client.core import (
    CounterMetricFamily,
    GaugeHistogramMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
)
from prometheus_client.metrics_core import Metric as Family

from whisper_enrich.watching.catalogue import METRICS, PREFIX, Kind, metric

_FAMILIES = {
    Kind.GAUGE: GaugeMetricFamily,
    Kind.COUNTER: CounterMetricFamily,
    Kind.HISTOGRAM: HistogramMetricFamily,
    Kind.GAUGE_HISTOGRAM: GaugeHistogramMetricFamily,
}


class Families:
    """What is collected of a part. Each of its metrics is there from the start, so that one without samples is known too."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._families = {m.name: _FAMILIES[m.kind](PREFIX + m.name, m.meaning, labels=m.labels) for m in METRICS[part]}

    def set(self, name: str, value: float, **labels: str) -> None:
        """One sample. Raises `KeyError` for a metric or label that the catalogue does not have in this part."""
        self._families[name].add_metric(_in_order(name, labels), float(value))

    def count(self, name: str, bounds: Sequence[float], counts: Sequence[int], total: float, **labels: str) -> None:
        """One histogram from counts that are not cumulative, the last without bound, and the sum of what was counted."""
        edges = [*(repr(float(bound)) for bound in bounds), "+Inf"]
        buckets = list(zip(edges, map(float, accumulate(counts)), strict=True))
        self._families[name].add_metric(_in_order(name, labels), buckets, total)

    def all(self) -> list[Family]:
        """In the order of the catalogue."""
        return list(self._families.values())


def _in_order(name: str, labels: dict[str, str]) -> list[str]:
    wanted = metric(name).labels
    if set(labels) != set(wanted):
        raise KeyError(f"{name} has the labels {wanted}, not {tuple(labels)}")
    return [labels[label] for label in wanted]
