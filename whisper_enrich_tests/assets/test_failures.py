"""What the UI shows in red of a run that fails for a known reason: one plain sentence before anything else."""

from datetime import date

import pytest
from dagster import DagsterEventType
from psycopg2.errors import DiskFull
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from whisper_enrich.assets.failures import plain
from whisper_enrich.definitions import defs
from whisper_enrich.errors import DatabaseUnavailable, StoreUnavailable
from whisper_enrich.partitions import range_tags
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich_tests.assets.conftest import DAY, key


def drifted(pipeline, monkeypatch):
    """Somebody renamed a column."""
    with pipeline.database.begin() as connection:
        connection.execute(text("ALTER TABLE user_facts RENAME COLUMN fact_content TO content"))
    return pipeline


def without_store(pipeline, monkeypatch):
    """Nobody answers for the message store."""

    def unreachable(self):
        raise StoreUnavailable("Qdrant does not answer. Start it.")

    monkeypatch.setattr(type(pipeline.store), "bots", unreachable)
    return pipeline


def without_database(pipeline, monkeypatch):
    """Nobody listens where POSTGRES_HOST and POSTGRES_PORT point."""
    settings = pipeline.settings.model_copy(update={"postgres_host": "127.0.0.1", "postgres_port": 1})
    return Pipeline(settings, clock=pipeline.clock, store=pipeline.store)


def misconfigured(pipeline, monkeypatch):
    """A setting that cannot be used."""
    monkeypatch.setenv("TIME_WINDOW_HOURS", "7")
    return Pipeline(clock=pipeline.clock, store=pipeline.store)


CAUSES = {
    drifted: ("The schema test_", "Run `whisper-enrich migrate`"),
    without_store: ("Qdrant does not answer.", "Start it."),
    without_database: ("PostgreSQL at 127.0.0.1:1 cannot be used", "Check POSTGRES_HOST"),
    misconfigured: ("TIME_WINDOW_HOURS cannot be used: 7 does not divide 24", "Correct it in the environment or .env."),
}
"""How each sentence begins, and its remedy."""

PARTITIONS = {
    "enrich_bot_day": {"tags": range_tags("elena", date.fromisoformat(DAY), date.fromisoformat(DAY))},
    "backfill_enrichment": {"partition_key": key()},
    "reconcile_ledger": {"partition_key": "elena"},
    "check_quality": {},
}


@pytest.mark.parametrize("job", PARTITIONS)
@pytest.mark.parametrize("cause", CAUSES, ids=lambda cause: cause.__name__)
def test_the_error_of_a_failed_run_begins_with_a_sentence_and_has_no_chain_of_causes(
    cause, job, pipeline, instance, talk, monkeypatch
):
    talk(DAY)
    broken = cause(pipeline, monkeypatch)
    result = defs.resolve_job_def(job).execute_in_process(
        instance=instance, resources={"pipeline": broken}, raise_on_error=False, **PARTITIONS[job]
    )
    assert not result.success
    beginning, remedy = CAUSES[cause]
    errors = [event.step_failure_data.error for event in result.all_events if event.is_step_failure]
    errors += [
        event.job_failure_data.error for event in result.all_events if event.event_type is DagsterEventType.RUN_FAILURE
    ]
    assert len(errors) >= 2
    for error in errors:
        sentence = error.message.removeprefix("dagster._core.definitions.events.Failure: ")
        assert sentence.startswith(beginning), error.message
        assert remedy in sentence
        assert sentence.count("\n") == 1
        assert (error.cause, error.context) == (None, None)


def test_a_full_disk_is_said_with_its_remedy_and_without_the_statement():
    told = plain(OperationalError("INSERT INTO x VALUES ('I live in Lisbon')", {}, DiskFull("no space left: Lisbon")))
    assert isinstance(told, DatabaseUnavailable)
    assert str(told).startswith("PostgreSQL has no room left on its disk. Free some")
    assert "Lisbon" not in str(told)
