"""The assets through Dagster: an ephemeral instance, real engines, days that are partitions whatever today is."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any

import pytest
from dagster import AssetMaterialization, DagsterInstance, ExecuteInProcessResult

from whisper_enrich.automation.jobs import run_tags
from whisper_enrich.definitions import defs
from whisper_enrich.partitions import BOTS, partition_key
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import Settings
from whisper_enrich_tests.builders import Clock, at, chat

TALK = [
    "I live in Lisbon.", "Lovely! How long have you been there?", "I work as a nurse.", "What is that like?",
    "I love the night shifts.", "Do you sleep well?",
]  # fmt: skip
"""Six messages; each of the user's three is a fact to the extractive engine."""

DAY = "2025-03-18"
NOW = at("2025-03-20 12:00")


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """The first partition lies before the days of these tests; no pictures, which take most of a run's time here."""
    return settings.model_copy(
        update={"enrichment_start_date": date(2025, 1, 1), "enrichment_metadata_pictures": False}
    )


@pytest.fixture
def clock() -> Clock:
    """Dagster knows partitions up to the real today only, so these tests take place in the past."""
    return Clock(NOW)


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    """A Dagster instance in memory that knows three bots."""
    with instance_in_memory() as built:
        yield built


@contextmanager
def instance_in_memory() -> Iterator[DagsterInstance]:
    """The same, where no fixture will do."""
    with DagsterInstance.ephemeral() as built:
        built.add_dynamic_partitions(BOTS, ["elena", "marcus", "ghost"])
        yield built


@pytest.fixture
def talk(pipeline: Pipeline) -> Callable[..., None]:
    """Put the same talk into the store of a bot on each of some days."""

    def write(*days: str, bot: str = "elena") -> None:
        collection = pipeline.store.create_collection(bot).collection
        pipeline.store.upsert(collection, [point for day in days for point in chat(day, TALK)])

    return write


@dataclass(frozen=True)
class Ran:
    """A run that has ended, and what the instance keeps of it."""

    result: ExecuteInProcessResult
    instance: DagsterInstance

    @property
    def success(self) -> bool:
        return self.result.success

    def failed_steps(self) -> dict[str, str]:
        """The sentence that the UI shows of each step that failed."""
        return {
            event.step_key: event.step_failure_data.user_failure_data.description
            for event in self.result.all_events
            if event.is_step_failure
        }

    def materialisations(self, asset: str) -> dict[str, AssetMaterialization]:
        """Of one asset, by partition."""
        found = [
            event.step_materialization_data.materialization
            for event in self.result.all_events
            if event.is_step_materialization and event.asset_key.to_user_string() == asset
        ]
        return {str(materialisation.partition): materialisation for materialisation in found}

    def metadata(self, asset: str, partition: str) -> Mapping[str, Any]:
        """The metadata of one materialisation as plain values."""
        return {key: value.value for key, value in self.materialisations(asset)[partition].metadata.items()}

    def everything_kept(self) -> str:
        """All that the event log holds of this run, as one text."""
        return "\n".join(repr(entry) for entry in self.instance.all_logs(self.result.run_id))


Run = Callable[..., Ran]


@pytest.fixture
def run(instance: DagsterInstance, pipeline: Pipeline) -> Run:
    """Run a job for one bot over a range of days, or with tags of one's own."""
    return runner(instance, pipeline)


def runner(instance: DagsterInstance, pipeline: Pipeline) -> Run:
    """`run` on an instance and a pipeline of one's own."""

    def execute(
        bot: str = "elena", first: str = DAY, last: str | None = None, *, job: str = "enrich_bot_day",
        tags: Mapping[str, str] | None = None, partition: str | None = None,
    ) -> Ran:  # fmt: skip
        # As the sensor launches it: such runs draw no pictures, which take most of their time here.
        chosen = tags or run_tags(bot, date.fromisoformat(first), date.fromisoformat(last or first), "sensor")
        result = defs.resolve_job_def(job).execute_in_process(
            instance=instance, resources={"pipeline": pipeline}, raise_on_error=False, partition_key=partition,
            tags=None if partition else dict(chosen),
        )  # fmt: skip
        return Ran(result, instance)

    return execute


def key(day: str = DAY, bot: str = "elena") -> str:
    """The partition key of a bot and an ISO day."""
    return partition_key(bot, date.fromisoformat(day))
