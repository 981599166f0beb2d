"""Running the Dagster jobs in this process, with a progress bar."""

from __future__ import annotations

import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from whisper_enrich.cli.console import progress_bar
from whisper_enrich.errors import InputError, PartialFailure
from whisper_enrich.resources.pipeline import Pipeline

if TYPE_CHECKING:
    from dagster import DagsterInstance


@dataclass(frozen=True, slots=True)
class Job:
    """A job over the days ``first`` to ``last`` of one bot."""

    bot_name: str
    first: date
    last: date

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1


def register(instance: DagsterInstance, bot_names: Sequence[str]) -> list[str]:
    """Make partitions of bots that are none yet; returns those."""
    from whisper_enrich.partitions import BOTS

    known = set(instance.get_dynamic_partitions(BOTS))
    new = [name for name in bot_names if name not in known]
    if new:
        instance.add_dynamic_partitions(BOTS, new)
    return new


def run_jobs(instance: DagsterInstance, pipeline: Pipeline, job_name: str, jobs: Sequence[Job]) -> float:
    """Run ``job_name`` for each of ``jobs``, one run a bot; returns the seconds that it took.

    A bot that fails stops no other; afterwards `PartialFailure` names those that failed and why.
    """
    from whisper_enrich.automation.abandoned import end_abandoned
    from whisper_enrich.automation.jobs import PIPELINE_ASSETS

    started = time.perf_counter()
    end_abandoned(instance, pipeline.clock())
    failures: list[str] = []
    with progress_bar() as bar:
        task = bar.add_task("enriching", total=sum(job.days for job in jobs) * len(PIPELINE_ASSETS))

        def advance(stage: str, bot: str, day: str) -> None:
            bar.update(task, advance=1, description=f"{bot} {stage:<24}")

        pipeline.on_progress = advance
        for job in jobs:
            failure = _run(instance, pipeline, job_name, job)
            if failure:
                failures.append(f"{job.bot_name}: {failure}")
    if failures:
        raise PartialFailure(" ".join(failures) + " What was done is stored; the same command goes on from there.")
    return time.perf_counter() - started


def _run(instance: DagsterInstance, pipeline: Pipeline, job_name: str, job: Job) -> str | None:
    """One run; None, or what went wrong."""
    from whisper_enrich.assets.run_process import signature
    from whisper_enrich.automation.jobs import run_tags
    from whisper_enrich.definitions import defs
    from whisper_enrich.partitions import BOTS

    if job.bot_name not in instance.get_dynamic_partitions(BOTS):
        raise InputError(
            f"'{job.bot_name}' is no partition yet. Run `whisper-enrich status` to see the bots there are."
        )
    run_id = str(uuid.uuid4())
    result = defs.resolve_job_def(job_name).execute_in_process(
        instance=instance,
        run_id=run_id,
        tags={**run_tags(job.bot_name, job.first, job.last, "command line"), **signature(run_id)},
        resources={"pipeline": pipeline},
        run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        raise_on_error=False,
    )
    if result.success:
        return None
    for event in result.all_events:
        if not event.is_step_failure:
            continue
        if event.step_failure_data.user_failure_data:
            return str(event.step_failure_data.user_failure_data.description)
        if error := event.step_failure_data.error:
            cause = error.cause or error
            return cause.message.partition(": ")[2].strip() or cause.message.strip()
    return "the run failed; look at it in the UI (`whisper-enrich up`)."
