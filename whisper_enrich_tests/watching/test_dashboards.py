"""The Grafana dashboards: every query is run against a scrape of a filled database."""

import json
import re
from pathlib import Path

import pytest

from whisper_enrich_tests.conftest import NOW
from whisper_enrich_tests.watching.promql import Series, World, evaluate

FOLDER = Path(__file__).resolve().parents[2] / "docker" / "grafana"
BOARDS = {
    path.name: json.loads(path.read_text(encoding="utf-8")) for path in sorted((FOLDER / "dashboards").glob("*.json"))
}
QUERIES = [
    pytest.param(target["expr"], id=f"{name}: {panel['title']} {target['refId']}")
    for name, board in BOARDS.items()
    for panel in board["panels"]
    for target in panel.get("targets", ())
]
ALERT = {"__name__": "ALERTS", "alertname": "WhisperEnrichLag", "alertstate": "firing", "bot": "elena"}
"""A series that Prometheus itself makes."""


@pytest.mark.parametrize("query", QUERIES)
def test_every_query_finds_something(query, series):
    known = [*series, Series(ALERT, [(NOW.timestamp(), 1.0)])]
    chosen = re.sub(r"\$(bot|model)\b", ".*", query)
    assert "$" not in chosen
    found = evaluate(chosen, World(known, NOW.timestamp()))
    assert found
    assert all(value == value for _, value in found)


def test_the_choices_of_a_dashboard_are_labels_that_there_are(series):
    for board in BOARDS.values():
        for variable in board["templating"]["list"]:
            if variable["type"] == "query":
                metric, label = re.fullmatch(r"label_values\((\w+), (\w+)\)", variable["query"]["query"]).groups()
                assert any(s.labels["__name__"] == metric and label in s.labels for s in series)


@pytest.mark.parametrize("name", BOARDS)
def test_a_dashboard_is_of_the_form_that_grafana_provisions(name):
    board = BOARDS[name]
    assert board["id"] is None and board["uid"].startswith("whisper-enrich-") and board["schemaVersion"] >= 39
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    covered = set()
    for panel in board["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert place["x"] + place["w"] <= 24 and not covered & cells, panel["title"]
        covered |= cells
        if panel["type"] != "row":
            assert panel["type"] in ("stat", "table", "timeseries", "bargauge")
            assert panel["description"] and panel["targets"] and panel["fieldConfig"]["defaults"]["unit"]
            assert all(t["datasource"] == panel["datasource"] for t in panel["targets"])
