"""Runs promtool's rule tests without promtool: the rules minute by minute over the series of a test."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from whisper_enrich_tests.watching.promql import UNITS, Labels, Series, Vector, World, evaluate, selectors

STEP = 60.0
_VALUES = re.compile(r"(?P<start>_|-?[\d.]+(?:e\d+)?)(?:(?P<slope>[+-][\d.]+(?:e\d+)?))?(?:x(?P<times>\d+))?$")


def rules(path: Path) -> list[dict[str, Any]]:
    """Every rule of a file."""
    return [rule for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"] for rule in group["rules"]]


def failures(test: Mapping[str, Any], of: list[dict[str, Any]]) -> Iterator[str]:
    """What a test expects and does not find."""
    series = [_series(one["series"], one["values"], seconds(test["interval"])) for one in test["input_series"]]
    asked: dict[float, list[tuple[str, Any]]] = {}
    for one in test.get("promql_expr_test", ()):
        asked.setdefault(seconds(one["eval_time"]), []).append((one["expr"], one["exp_samples"]))
    for one in test.get("alert_rule_test", ()):
        expected = [
            {"labels": _as_labels({**a["exp_labels"], "alertname": one["alertname"]}), "value": 1}
            for a in one["exp_alerts"]
        ]
        asked.setdefault(seconds(one["eval_time"]), []).append(
            (f'ALERTS{{alertname="{one["alertname"]}", alertstate="firing"}}', expected)
        )
    for now, alerts in _evaluated(series, of, max(asked)):
        world = World([*series, *alerts], now)
        for expression, expected in asked.get(now, ()):
            found = sorted((_shown(labels), value) for labels, value in evaluate(expression, world))
            wanted = sorted((_shown(_parsed(e.get("labels", ""))), float(e["value"])) for e in expected)
            if found != wanted:
                yield f"{test['name']}, {now / 60:.0f} min: {expression}: {wanted} expected, {found} found"


def _evaluated(series: list[Series], of: list[dict[str, Any]], until: float) -> Iterator[tuple[float, list[Series]]]:
    """The alerts at every minute. One that has held for its time fires."""
    since: dict[tuple[str, str], float] = {}
    now = 0.0
    while now <= until:
        alerts, holding = [], {}
        for rule in of:
            for labels, _ in _vector(evaluate(rule["expr"], World(series, now))):
                named = {"__name__": "ALERTS", "alertname": rule["alert"], **_without_name(labels), **rule["labels"]}
                key = (rule["alert"], _shown(labels))
                holding[key] = since.get(key, now)
                fires = now - holding[key] >= seconds(rule.get("for", "0s"))
                alerts.append(Series({**named, "alertstate": "firing" if fires else "pending"}, [(now, 1.0)]))
        since = holding
        yield now, alerts
        now += STEP


def _vector(result: Any) -> Vector:
    assert isinstance(result, list), "a rule must not be a mere number"
    return result


def _series(name: str, values: str, interval: float) -> Series:
    points, t = [], 0.0
    for part in values.split():
        match = _VALUES.match(part)
        assert match, f"not understood: {part}"
        for i in range(int(match["times"] or 0) + 1):
            if match["start"] != "_":
                points.append((t, float(match["start"]) + i * float(match["slope"] or 0)))
            t += interval
            if match["times"] is None or (match["start"] == "_" and i + 1 == int(match["times"])):
                break
    return Series(_parsed(name), points)


def _parsed(text: str) -> dict[str, str]:
    """The labels of a series as it is written."""
    if not text.strip():
        return {}
    if text.startswith("{"):
        return {label: value for label, (_, value) in selectors(f"any{text}")[0].items() if label != "__name__"}
    return {label: value for label, (_, value) in selectors(text)[0].items()}


def _as_labels(labels: Mapping[str, str]) -> str:
    pairs = {**labels, "alertstate": "firing"}
    return "ALERTS{" + ", ".join(f'{name}="{value}"' for name, value in pairs.items()) + "}"


def _without_name(labels: Labels) -> dict[str, str]:
    return {name: value for name, value in labels.items() if name != "__name__"}


def _shown(labels: Labels) -> str:
    # A label without a value is the same as none.
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if value)


def seconds(duration: str) -> float:
    """Of ``5m``, ``8h``."""
    return float(duration[:-1]) * UNITS[duration[-1]]
