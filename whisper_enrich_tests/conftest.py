"""Real engines for the tests: one embedded PostgreSQL a test process, a schema a test, Edge folders in tmp_path."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import util
from pathlib import Path

import pytest

from whisper_enrich.messages import edge_store
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import Settings, load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich_tests.builders import Clock
from whisper_enrich_tests.places import open_folder, private_folder
from whisper_enrich_tests.schemas import Schemas, make_fast

FOREIGN_VARIABLES = (
    "POSTGRES_", "QDRANT_", "ENRICHMENT_", "DAGSTER_HOME", "WHISPER_ENRICH", "TIME_WINDOW", "LOOKBACK", "MIN_MESSAGES",
    "LLM_", "OPENROUTER", "OPENAI_", "SUMMARY_", "INFLUXDB_", "STRATEGIC_", "CACHE_", "WORKER_SILENCE",
    "ALERT_", "KNOWLEDGE_GRAPH",
    "TIDY_", "QUARANTINE_", "RUN_RECORD_", "FACT_HISTORY_", "DAGSTER_EVENTS_", "PG_DUMP", "PG_RESTORE",
)  # fmt: skip


# Where rouge-score is there, absl comes with it, whose log handler closes its stream when Dagster sets up logging anew:
# the stream must not be pytest's, or every later test of the process fails.
if util.find_spec("absl") is not None:
    from absl import logging as absl_logging

    absl_logging.get_absl_handler().python_handler.stream = sys.__stderr__


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> Iterator[None]:
    """The machine's own settings must not leak into a test (QDRANT_URL for the contract suite is kept elsewhere)."""
    kept = {name: value for name, value in os.environ.items() if name.startswith(FOREIGN_VARIABLES)}
    if "QDRANT_URL" in kept:
        os.environ["TEST_QDRANT_URL"] = kept["QDRANT_URL"]
    for name in kept:
        del os.environ[name]
    yield
    os.environ.update(kept)


@pytest.fixture(autouse=True, scope="session")
def _collections_of_a_few_points() -> Iterator[None]:
    """The real engine, told that it need not have payloads at hand: hundreds of collections are made for a few points each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(edge_store, "PAYLOADS_CACHED", False)
        yield


@pytest.fixture(scope="session")
def postgres_home(_no_settings_from_outside: None) -> Iterator[Path]:
    """A state folder with the embedded server running for this test process."""
    from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
    from whisper_enrich.storage.state_dir import state_dir

    with open_folder() as folder:
        postgres = EmbeddedPostgres(state_dir(folder / "state"))
        server = postgres.acquire()
        make_fast(server)
        schemas = _schemas[folder / "state"] = Schemas(load_settings(whisper_enrich_home=folder / "state"), server)
        yield folder / "state"
        schemas.close()
        postgres.release()
        postgres.remove(force=True)


NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
"""The time at which tests take place, unless they say otherwise."""

_schemas: dict[Path, Schemas] = {}
"""Of each server that runs for this process."""


@contextmanager
def fresh_schema(settings: Settings) -> Iterator[Settings]:
    """The same settings with a migrated and empty schema of their own."""
    with _schemas[settings.home].migrated() as schema:
        yield settings.model_copy(update={"postgres_schema": schema})


@contextmanager
def absent_schema(settings: Settings) -> Iterator[Settings]:
    """The same settings with the name of a schema that is still to be made; dropped afterwards."""
    with _schemas[settings.home].absent() as schema:
        yield settings.model_copy(update={"postgres_schema": schema})


@pytest.fixture
def settings(postgres_home: Path) -> Iterator[Settings]:
    """Settings on the embedded engines, with a schema of the test's own."""
    with fresh_schema(load_settings(whisper_enrich_home=postgres_home, enrichment_start_date="2026-01-01")) as own:
        yield own


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """pytest's own, but in memory where there is room."""
    with private_folder() as folder:
        yield folder


@pytest.fixture
def clock() -> Clock:
    """A clock that a test can set."""
    return Clock(NOW)


@pytest.fixture
def pipeline(settings: Settings, clock: Clock, tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline over an empty Edge store."""
    store = EdgeStore(tmp_path / "qdrant", settings.qdrant_collection_prefix, wait_seconds=5)
    built = Pipeline(settings, clock=clock, store=store, lease_wait_seconds=0.5)
    yield built
    built.close()


@pytest.fixture
def elena(pipeline: Pipeline) -> BotCollection:
    """An empty collection of a bot."""
    return pipeline.store.create_collection("elena")


@pytest.fixture
def ctx(pipeline: Pipeline) -> StageContext:
    """A context of one run."""
    return pipeline.context("run-1")


TIME_SENSITIVE = {
    "asking/test_timing.py", "automation/test_schedules.py", "facts/test_ageing.py", "facts/test_dates.py",
    "facts/test_fold_time.py", "hot_path/test_freshness.py", "hot_path/test_prompt.py",
    "hot_path/test_reading.py", "hot_path/test_time_phrases.py",
    "loading/test_jsonl.py", "loading/test_locomo.py",
    "messages/test_parsing.py", "sample/test_lines.py", "sample/test_sample_loading.py", "stages/test_pipeline.py",
    "stages/test_strategic.py", "strategic/test_activity.py", "strategic/test_character_performance.py",
    "strategic/test_conversation_patterns.py", "strategic/test_days.py", "strategic/test_gaps.py",
    "strategic/test_human_like_memory.py", "strategic/test_memory_aging.py", "strategic/test_observed.py",
    "strategic/test_open_items.py", "strategic/test_performance_days.py", "strategic/test_presence.py",
    "strategic/test_proactive_engagement.py", "strategic/test_time_zones.py", "strategic/test_trends.py",
    "strategic/test_validity.py", "summaries/test_extractive.py", "summaries/test_rollups.py",
    "summaries/test_stretches.py", "summaries/test_windows.py",
}  # fmt: skip
"""Files and folders that deal with days, windows or zones: `make test` runs them a second time under another TZ."""

ROOT = Path(__file__).parent


def is_time_sensitive(path: Path) -> bool:
    """Whether a test file, or a folder that it lies in, is listed."""
    within = path.relative_to(ROOT)
    return any(part.as_posix() in TIME_SENSITIVE for part in (within, *within.parents))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of those files."""
    for item in items:
        if is_time_sensitive(item.path):
            item.add_marker(pytest.mark.time_sensitive)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Where only they are asked for, do not even import the others."""
    asked_for_all = config.option.markexpr != "time_sensitive"
    if asked_for_all or collection_path.is_dir() or is_time_sensitive(collection_path):
        return None
    return True


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Thousands of tests are made and none is dropped: looking for garbage meanwhile, or among them, finds nothing."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
