"""Parts of the metrics: each within the deadline, none more often than it may cost, whatever the others do."""

import threading
import time

import pytest

from whisper_enrich.errors import DatabaseUnavailable
from whisper_enrich.watching.collector import Busy, Collector, Part
from whisper_enrich.watching.families import Families


def built(*parts, **options):
    return Collector(parts, {"version": "1", "python": "3", "engine": "extractive"}, **options)


def scrape(collector):
    """By name without prefix, and labels."""
    samples = {}
    for family in collector.collect():
        samples |= {(s.name.removeprefix("whisper_enrich_"), *s.labels.values()): s.value for s in family.samples}
    return samples


class Timer:
    """Stands still while a part is asked; ten seconds go by after each scrape."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now

    def scrape(self, collector):
        found = scrape(collector)
        self.now += 10
        return found


def size(value):
    def collect(families: Families) -> None:
        families.set("dagster_event_log_bytes", value() if callable(value) else value)

    return collect


def test_scrapes_in_between_are_answered_from_what_was_collected():
    asked = []
    collector = built(Part("event_log", "dagster", size(lambda: asked.append(1) or len(asked)), seconds=60))
    assert [scrape(collector)["dagster_event_log_bytes",] for _ in range(3)] == [1, 1, 1]


def test_a_part_that_takes_long_is_asked_the_less_often():
    asked = []

    def slow():
        asked.append(1)
        time.sleep(0.05)
        return 1

    collector = built(Part("event_log", "dagster", size(slow), seconds=0.0))
    for _ in range(5):
        scrape(collector)
    assert len(asked) == 1


def test_a_part_that_hangs_holds_up_neither_the_scrape_nor_the_others_and_is_asked_once():
    release, asked = threading.Event(), []

    def hang(families):
        asked.append(1)
        release.wait(10)

    hanging = Part("worker", "postgresql", hang, seconds=0.0, probes=True)
    working = Part("event_log", "dagster", size(5), seconds=60, probes=True)
    collector = built(hanging, working, deadline=0.1)
    began = time.monotonic()
    first, second = scrape(collector), scrape(collector)
    assert time.monotonic() - began < 1.0
    release.set()
    assert asked == [1]
    for found in (first, second):
        assert found["up", "postgresql"] == 0
        assert found["up", "dagster"] == 1
        assert found["dagster_event_log_bytes",] == 5


def test_what_fails_is_told_as_down_shows_nothing_old_and_is_logged_once_without_its_text(caplog):
    answers = [7, DatabaseUnavailable("PostgreSQL is away."), ValueError("what Ana said"), ValueError("and again")]

    def collect(families):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        families.set("dagster_event_log_bytes", answer)

    timer = Timer()
    collector = built(Part("event_log", "dagster", collect, seconds=0.0, probes=True), timer=timer)
    found = [timer.scrape(collector) for _ in range(4)]
    assert [f["up", "dagster"] for f in found] == [1, 0, 0, 0]
    assert [("dagster_event_log_bytes",) in f for f in found] == [True, False, False, False]
    assert [record.message.split(": ")[1] for record in caplog.records] == ["PostgreSQL is away.", "ValueError"]


def test_a_target_that_is_busy_is_up_and_what_it_gave_stands():
    answers = [3, Busy()]

    def collect(families):
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        families.set("dagster_event_log_bytes", answer)

    timer = Timer()
    collector = built(Part("event_log", "dagster", collect, seconds=0.0, probes=True), timer=timer)
    timer.scrape(collector)
    found = timer.scrape(collector)
    assert (found["up", "dagster"], found["dagster_event_log_bytes",]) == (1, 3)


def test_a_metric_that_the_catalogue_does_not_have_is_refused():
    families = Families("ledger")
    with pytest.raises(KeyError):
        families.set("up", 1, target="x")
    with pytest.raises(KeyError, match="labels"):
        families.set("open_requests", 1, user="ana")
