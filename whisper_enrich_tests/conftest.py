"""Real engines for the tests: one embedded PostgreSQL a test process, a fresh database a test, Edge folders in tmp_path."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib import util
from itertools import count
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import Settings, load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich_tests.builders import Clock

FOREIGN_VARIABLES = (
    "POSTGRES_", "QDRANT_", "ENRICHMENT_", "DAGSTER_HOME", "WHISPER_ENRICH", "TIME_WINDOW", "LOOKBACK", "MIN_MESSAGES",
    "LLM_", "OPENROUTER", "OPENAI_", "SUMMARY_",
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


@pytest.fixture(scope="session")
def postgres_home(_no_settings_from_outside: None) -> Iterator[Path]:
    """A state folder with the embedded server running for this test process."""
    from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
    from whisper_enrich.storage.state_dir import state_dir

    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-test-"))
    home.chmod(0o711)
    postgres = EmbeddedPostgres(state_dir(home / "state"))
    postgres.acquire()
    yield home / "state"
    postgres.release()
    postgres.remove(force=True)
    shutil.rmtree(home)


NOW = datetime(2026, 3, 20, 12, 0, tzinfo=UTC)
"""The time at which tests take place, unless they say otherwise."""

_schemas = count()


@contextmanager
def fresh_schema(settings: Settings) -> Iterator[Settings]:
    """The same settings with a schema of their own, dropped afterwards."""
    from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres

    schema = f"test_{next(_schemas)}"
    yield settings.model_copy(update={"postgres_schema": schema})
    with EmbeddedPostgres(settings.home) as info:
        engine = create_engine(info.sqlalchemy_url)
        with engine.begin() as connection:
            connection.execute(text(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'))
        engine.dispose()


@pytest.fixture
def settings(postgres_home: Path) -> Iterator[Settings]:
    """Settings on the embedded engines, with a schema of the test's own."""
    with fresh_schema(load_settings(whisper_enrich_home=postgres_home, enrichment_start_date="2026-01-01")) as own:
        yield own


@pytest.fixture
def clock() -> Clock:
    """A clock that a test can set."""
    return Clock(NOW)


@pytest.fixture
def pipeline(settings: Settings, clock: Clock, tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline over a migrated schema and an empty Edge store."""
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
    "facts/test_fold_time.py", "loading/test_jsonl.py", "loading/test_locomo.py", "messages/test_parsing.py",
    "sample/test_lines.py", "sample/test_sample_loading.py", "stages/test_pipeline.py",
    "summaries/test_extractive.py", "summaries/test_rollups.py", "summaries/test_stretches.py",
    "summaries/test_windows.py",
}  # fmt: skip
"""What deals with days, windows or zones: `make test` runs it a second time under another TZ."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of those files."""
    for item in items:
        if "/".join(item.path.parts[-2:]) in TIME_SENSITIVE:
            item.add_marker(pytest.mark.time_sensitive)
