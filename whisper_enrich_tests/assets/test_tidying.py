"""The tidying, as Dagster runs it: a dry run unless somebody says otherwise, and the schedule goes by the setting."""

from datetime import UTC, datetime, timedelta

import pytest
from dagster import build_schedule_context
from sqlalchemy import text

from whisper_enrich.automation.schedules import consolidate_facts_weekly, tidy_daily
from whisper_enrich.definitions import defs
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich_tests.builders import scalar

ASSETS = ("summaries_archive", "records_retention", "dagster_events_retention")


@pytest.mark.parametrize("apply_it", [False, True])
def test_the_schedules_change_something_only_where_the_setting_says_so(instance, apply_it):
    pipeline = Pipeline(load_settings(tidy_apply=apply_it))
    context = build_schedule_context(instance=instance, scheduled_execution_time=datetime(2025, 3, 20, tzinfo=UTC))
    for schedule, assets in ((tidy_daily, ASSETS), (consolidate_facts_weekly, ("facts_consolidation",))):
        request = schedule(context, pipeline=pipeline)
        assert request.run_config == {"ops": {name: {"config": {"dry_run": not apply_it}} for name in assets}}


def test_a_run_by_hand_counts_and_one_that_is_told_to_drops(pipeline, instance, clock):
    ctx = pipeline.context("run-1")
    with ctx.database.begin() as connection:
        connection.execute(
            text("INSERT INTO message_touches VALUES ('elena', 'ana', :at)"), {"at": clock() - timedelta(days=91)}
        )

    def run(config=None):
        result = defs.resolve_job_def("tidy").execute_in_process(
            instance=instance, resources={"pipeline": pipeline}, run_config=config or {}
        )
        (event,) = result.asset_materializations_for_node("records_retention")
        return event.metadata["dry_run"].value, event.metadata["rows"].value

    assert run() == (True, 1)
    assert scalar(ctx, "SELECT count(*) FROM message_touches") == 1
    assert run({"ops": {"records_retention": {"config": {"dry_run": False}}}}) == (False, 1)
    assert scalar(ctx, "SELECT count(*) FROM message_touches") == 0
