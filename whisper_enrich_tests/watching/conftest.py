"""The exporter over a filled database, and what one scrape of it gives."""

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.database import Database
from whisper_enrich.watching import exporter
from whisper_enrich.watching.of_runs import RunSource
from whisper_enrich.watching.seen import CheckResult, EndedRun, Status
from whisper_enrich_tests.builders import Clock, at, said
from whisper_enrich_tests.conftest import NOW, fresh_schema
from whisper_enrich_tests.places import private_folder
from whisper_enrich_tests.watching.promql import Series
from whisper_enrich_tests.watching.worlds import BOT, fill

BUDGETS = {"llm_budget_tokens_per_day": 1000, "llm_budget_cost_per_bot": 1.0, "llm_budget_tokens_per_user": 2000}


def ended(number, status=Status.FAILURE, job="enrich_bot_day", bot=BOT):
    return EndedRun(f"run-{number}", job, bot, status, NOW, 12.0)


def run_source():
    """A source of runs: one success and a failure from before, and two failures since."""
    check = CheckResult("user_facts", "every_fact_has_evidence", 7, "run-9", False, NOW)
    new = [[ended(3), ended(4)]]
    return RunSource(
        jobs=["enrich_bot_day", "check_quality"],
        before=lambda: [ended(1, Status.SUCCESS), ended(2)],
        since=lambda: new.pop() if new else [],
        in_flight=lambda: {"queued": 2, "running": 1},
        checks=lambda: [check],
        event_log_bytes=lambda: 4096,
    )


@pytest.fixture(scope="package")
def exporting(postgres_home):
    """The exporter over a database and a store in which something of everything has happened."""
    given = load_settings(whisper_enrich_home=postgres_home, enrichment_start_date="2026-01-01")
    with fresh_schema(given) as settings, private_folder() as folder:
        store = EdgeStore(folder / "qdrant", settings.qdrant_collection_prefix, wait_seconds=5)
        marlow = store.create_collection("marlow")
        store.upsert(marlow.collection, [said("Not taken in yet.", at("2026-03-20 11:00"))])
        database = Database(settings)
        with database.begin() as connection:
            fill(connection, NOW)
        database.close()
        built = exporter.build(settings.model_copy(update=BUDGETS), Clock(NOW), lambda settings: store, run_source())
        yield built
        built.close()


def scraped(built) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    """One scrape, by name and labels."""
    families = text_string_to_metric_families(generate_latest(built.registry).decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.fixture(scope="package")
def series(exporting):
    """What two scrapes a minute apart would have given of it: counters have grown by a half meanwhile."""
    found = []
    for (name, labels), value in scraped(exporting).items():
        grown = value * 1.5 if name.endswith(("_total", "_bucket", "_count", "_sum")) else value
        points = [(NOW.timestamp() - 60, value), (NOW.timestamp(), grown)]
        found.append(Series({"__name__": name, **dict(labels)}, points))
    return found
