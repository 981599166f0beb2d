"""What each stage of a run takes, for the totals that the metrics are made from."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from dagster import AssetExecutionContext

from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import totals

STAGE_OF_STEP = {"intake": "intake", "facts": "extract", "summaries": "summarise", "completion": "mark"}
"""What a step does that is neither reading nor writing. All others compute."""

LIVE = timedelta(hours=1)
"""A message said longer before its run was created was not waiting to be noticed: it was imported, or the worker stood still."""


@contextmanager
def timed_for(context: AssetExecutionContext, stage_context: StageContext, step: str, bot_name: str) -> Iterator[None]:
    """Measure the block, and add it to the totals of the bot. With the intake, the step that a run begins with, what came
    before it is added: the wait to be noticed, in the queue, and for the process. What fails is not counted."""
    began = stage_context.clock()
    try:
        with stage_context.stopwatch.measure(STAGE_OF_STEP.get(step, "compute")):
            yield
    except BaseException:
        stage_context.stopwatch.read()
        raise
    if step == "intake":
        _add_waits(context, stage_context, bot_name, began)
    stage_context.record_times(bot_name)


def _add_waits(context: AssetExecutionContext, stage_context: StageContext, bot_name: str, began: datetime) -> None:
    record = context.instance.get_run_record_by_id(context.run.run_id)
    if record is None:
        return
    created = record.create_timestamp
    with stage_context.database.connect() as connection:
        oldest = totals.oldest_live(connection, bot_name, seen_since=began, said_after=created - LIVE)
    if oldest is not None and oldest < created:
        stage_context.stopwatch.add("detect", (created - oldest).total_seconds())
    stats = context.instance.get_run_stats(context.run.run_id)
    if stats.launch_time is not None:
        if stats.enqueued_time is not None:
            stage_context.stopwatch.add("queue", max(0.0, stats.launch_time - stats.enqueued_time))
        stage_context.stopwatch.add("start", max(0.0, began.timestamp() - stats.launch_time))
