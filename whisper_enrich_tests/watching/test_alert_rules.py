"""The alert rules: each fires over its threshold and not below, and rests on metrics that there are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from whisper_enrich.watching.catalogue import METRICS, PREFIX
from whisper_enrich_tests.watching import rule_tests
from whisper_enrich_tests.watching.promql import selectors

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docker" / "prometheus"
RULES = rule_tests.rules(FOLDER / "alerts.yml")
TESTS = yaml.safe_load((FOLDER / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
LABELS = {name: set(metric.labels) for part in METRICS.values() for metric in part for name in metric.series}


@pytest.mark.parametrize("test", TESTS, ids=lambda test: test["name"])
def test_each_alert_fires_when_it_should_and_only_then(test):
    assert list(rule_tests.failures(test, RULES)) == []


def test_another_threshold_would_be_noticed():
    (silent,) = [test for test in TESTS if "falls silent" in test["name"]]
    late = [{**rule, "expr": rule["expr"].replace("> 600", "> 1200")} for rule in RULES]
    assert [failure.split(":")[0] for failure in rule_tests.failures(silent, late)] == [f"{silent['name']}, 32 min"]


def test_every_alert_is_tested_over_its_threshold():
    asked = " ".join(str(test) for test in TESTS)
    named = {rule["alert"] for rule in RULES}
    shown = {name for name in named if name in asked}
    shown |= {f"WhisperEnrich{target}Unreachable" for target in ("Postgres", "Qdrant", "Dagster")}
    assert named == shown


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_a_rule_rests_on_metrics_that_there_are_and_says_what_to_do(rule):
    for selector in selectors(rule["expr"]):
        name = selector["__name__"][1]
        if name != "up":
            assert set(selector) - {"__name__", "le"} <= LABELS[name], name
    used = {label for selector in selectors(rule["expr"]) for label in LABELS.get(selector["__name__"][1], ())}
    texts = " ".join(rule["annotations"].values())
    assert set(re.findall(r"\$labels\.(\w+)", texts)) <= used
    assert {"summary", "description", "runbook_url"} == set(rule["annotations"])
    assert rule["labels"]["severity"] in ("critical", "warning", "none")


def test_the_runbook_has_a_section_for_every_alert_and_for_no_other():
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    sections = re.findall(r"^### (WhisperEnrich\w+)$", text, re.MULTILINE)
    assert sections == [rule["alert"] for rule in RULES]
    for rule in RULES:
        assert rule["annotations"]["runbook_url"] == f"docs/operations.md#{rule['alert'].lower()}"


def test_no_label_is_one_that_prometheus_gives_to_what_it_scrapes():
    assert not set().union(*LABELS.values()) & {"job", "instance", "le"}


def test_the_documentation_lists_every_metric_as_it_is():
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([\w, ]*) \| (.+) \|$", text, re.MULTILINE)
    assert rows == [
        (metric.full_name.removeprefix(PREFIX), ", ".join(metric.labels), metric.meaning)
        for part in METRICS.values()
        for metric in part
    ]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed; the same tests ran without it")
def test_promtool_agrees():
    for arguments in (("check", "rules", "alerts.yml"), ("test", "rules", "alerts_test.yml")):
        done = subprocess.run(["promtool", *arguments], cwd=FOLDER, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
