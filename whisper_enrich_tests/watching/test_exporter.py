"""What is scraped from a database in which something of everything has happened."""

import socket
import time
import urllib.request

import pytest

from whisper_enrich.messages.server_store import ServerStore
from whisper_enrich.settings import load_settings
from whisper_enrich.watching import exporter
from whisper_enrich.watching.catalogue import METRICS
from whisper_enrich_tests.builders import Clock
from whisper_enrich_tests.conftest import NOW
from whisper_enrich_tests.watching.conftest import run_source, scraped
from whisper_enrich_tests.watching.promql import Series, World, evaluate

AT = NOW.timestamp()


@pytest.fixture
def ask(exporting):
    """A function that puts a question in PromQL to one scrape: the samples by their labels."""
    series = [
        Series({"__name__": n, **dict(labels)}, [(AT, value)]) for (n, labels), value in scraped(exporting).items()
    ]

    def asked(expression):
        found = evaluate(expression, World(series, AT))
        return {tuple(v for k, v in sorted(labels.items()) if k != "__name__"): value for labels, value in found}

    return asked


def test_every_metric_has_a_sample_and_the_labels_of_the_catalogue(exporting):
    seen = {}
    for name, labels in scraped(exporting):
        seen.setdefault(name, set()).update({tuple(sorted({label for label, _ in labels} - {"le"}))})
    for part in METRICS.values():
        for metric in part:
            for name in metric.series:
                assert seen.get(name) == {tuple(sorted(metric.labels))}, name


def test_no_user_is_named(exporting):
    values = {value for _, labels in scraped(exporting) for _, value in labels}
    assert not values & {"ana", "ben"}


def test_what_waits_is_told_by_stage_and_by_whether_it_could_be_worked_on(ask):
    pending = ask('whisper_enrich_pending_messages{bot="elena"} > 0')
    assert pending == {
        ("elena", "facts", "due"): 1, ("elena", "facts", "later"): 1, ("elena", "facts", "retry"): 1,
        ("elena", "mark", "due"): 1, ("elena", "summary", "later"): 1,
    }  # fmt: skip
    assert ask("whisper_enrich_oldest_waiting_age_seconds") == {("elena",): 20 * 60}
    assert ask("whisper_enrich_newest_unread_age_seconds") == {("elena",): 20 * 60}
    assert ask("whisper_enrich_dead_letters > 0") == {("elena", "facts"): 1}
    assert ask("whisper_enrich_budget_waiting_messages") == {("elena",): 1}


def test_what_the_store_has_and_the_ledger_has_not_is_told_with_its_age(ask):
    assert ask("whisper_enrich_untaken_points") == {("marlow",): 1}
    assert ask("whisper_enrich_oldest_untaken_age_seconds") == {("marlow",): 3600}


def test_uptime_is_what_was_no_outage(ask):
    assert ask("whisper_enrich_uptime_ratio") == {
        ("elena", "24h"): pytest.approx(0.75), ("elena", "30d"): pytest.approx(1 - 6 / 48)
    }  # fmt: skip


def test_budgets_are_told_for_users_and_runs_by_the_highest_of_all(ask):
    assert ask("whisper_enrich_budget_used_ratio") == {
        ("", "day", "tokens"): 0.95, ("", "user", "tokens"): 0.475, ("elena", "bot", "cost"): 0.004
    }  # fmt: skip


def test_failures_count_on_from_before_the_exporter_started_but_runs_do_not(ask):
    assert ask("whisper_enrich_consecutive_failed_runs") == {("elena", "enrich_bot_day"): 3}
    assert ask('whisper_enrich_runs_total{dagster_job="enrich_bot_day"}') == {
        ("enrich_bot_day", "failure"): 2, ("enrich_bot_day", "success"): 0, ("enrich_bot_day", "canceled"): 0
    }  # fmt: skip


def test_the_hit_rate_leaves_out_what_is_no_table(ask):
    assert ask("whisper_enrich_cache_hit_ratio") == {("elena",): pytest.approx(0.9)}
    assert ask('whisper_enrich_recent_read_latency_seconds_bucket{table="context", le="0.01"}') == {
        ("0.01", "context"): 119
    }


def test_it_answers_over_http(exporting):
    port = exporting.serve("127.0.0.1", 0)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        body = answer.read().decode()
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'whisper_enrich_up{target="postgresql"} 1.0' in body


class AnsweringStore:
    """A message store without a bot."""

    def bots(self):
        return []


def refusing_store(settings):
    return ServerStore.connect(settings.qdrant_collection_prefix, url=settings.qdrant_url, attempts=1)


@pytest.mark.parametrize(("open_store", "qdrant"), [(refusing_store, 0), (lambda settings: AnsweringStore(), 1)])
def test_a_server_that_hangs_or_refuses_is_told_as_down_within_the_deadline_and_no_other(open_store, qdrant, tmp_path):
    with socket.socket() as silent, socket.socket() as closed:
        for listener in (silent, closed):
            listener.bind(("127.0.0.1", 0))
        silent.listen()
        settings = load_settings(
            whisper_enrich_home=tmp_path, postgres_host="127.0.0.1", postgres_port=silent.getsockname()[1],
            qdrant_url=f"http://127.0.0.1:{closed.getsockname()[1]}",
        )  # fmt: skip
        built = exporter.build(settings, Clock(NOW), open_store, run_source())
        built.collector.deadline = 0.3
        began = time.monotonic()
        found = scraped(built)
        assert time.monotonic() - began < 1.5
        built.close()
    up = {dict(labels)["target"]: value for (name, labels), value in found.items() if name == "whisper_enrich_up"}
    assert up == {"postgresql": 0, "qdrant": qdrant, "dagster": 1}
