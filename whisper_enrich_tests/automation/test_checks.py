"""The asset checks, each where all is well and where it is not."""

import pytest
from dagster import AssetCheckSeverity, DagsterInstance, Failure
from sqlalchemy import text

from whisper_enrich.automation.checks import (
    budget_left,
    every_fact_has_evidence,
    every_point_is_accounted_for,
    no_dead_letters,
    nothing_waits_too_long,
)
from whisper_enrich.definitions import defs
from whisper_enrich.errors import StoreUnavailable
from whisper_enrich.stages.intake import take_in
from whisper_enrich_tests.builders import at, chat, column, enrich, said

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks."]


def plain(result, name):
    """A piece of the result's metadata as plain values."""
    value = result.metadata[name]
    return [dict(record.data) for record in value.records] if hasattr(value, "records") else value.value


def broken(message):
    raise RuntimeError


@pytest.fixture
def enriched(ctx, elena):
    """A bot with one day of messages, all done."""
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    enrich(ctx, elena)
    return elena


def test_all_checks_pass_where_all_is_done(pipeline, enriched):
    for check in (
        nothing_waits_too_long,
        no_dead_letters,
        every_point_is_accounted_for,
        every_fact_has_evidence,
        budget_left,
    ):
        assert check(pipeline=pipeline).passed, check


def test_all_checks_pass_where_there_is_no_bot_yet(pipeline):
    for check in (
        nothing_waits_too_long,
        no_dead_letters,
        every_point_is_accounted_for,
        every_fact_has_evidence,
        budget_left,
    ):
        assert check(pipeline=pipeline).passed, check


def test_a_message_that_waits_longer_than_the_grace_is_reported_with_its_bot_and_day(ctx, pipeline, elena, clock):
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    take_in(ctx, elena)
    clock.forward(seconds=900)
    assert nothing_waits_too_long(pipeline=pipeline).passed
    clock.forward(seconds=1)
    result = nothing_waits_too_long(pipeline=pipeline)
    assert not result.passed
    assert result.severity is AssetCheckSeverity.WARN
    assert plain(result, "late") == [{"bot": "elena", "day": "2026-03-18", "waiting": 5, "seconds": 901}]
    assert plain(result, "oldest_seconds") == 901


def test_points_that_no_intake_ever_saw_are_reported_too(pipeline, elena, ctx, clock):
    ctx.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-20 11:00"))])
    (row,) = plain(nothing_waits_too_long(pipeline=pipeline), "late")
    assert row == {"bot": "elena", "day": "never taken in", "waiting": 1, "seconds": 3600}


def test_a_message_of_this_minute_is_not_late_before_intake_has_seen_it(pipeline, elena, ctx):
    ctx.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-20 11:59"))])
    assert nothing_waits_too_long(pipeline=pipeline).passed


def test_a_message_in_an_open_window_does_not_wait_too_long(pipeline, elena, ctx, clock):
    ctx.store.upsert(elena.collection, [said("I live in Porto.", at("2026-03-20 09:00"))])
    enrich(ctx, elena)
    clock.forward(hours=5)
    assert nothing_waits_too_long(pipeline=pipeline).passed


def test_dead_letters_are_reported_with_their_reason_until_they_are_replayed(ctx, pipeline, elena, clock):
    from whisper_enrich.storage.ledger import replay_dead_letters

    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK))
    for _ in range(ctx.settings.enrichment_max_attempts):
        enrich(ctx, elena, broken)
        clock.forward(days=2)
    result = no_dead_letters(pipeline=pipeline)
    assert not result.passed
    assert result.severity is AssetCheckSeverity.WARN
    assert plain(result, "dead_letters") == 3
    assert plain(result, "reasons") == [{"bot": "elena", "reason": "facts: RuntimeError", "count": 3}]
    with ctx.database.begin() as connection:
        replay_dead_letters(connection, None, None)
    assert no_dead_letters(pipeline=pipeline).passed


def test_points_that_are_not_taken_in_yet_are_counted_and_nothing_to_worry_about(ctx, pipeline, enriched):
    ctx.store.upsert(enriched.collection, [said("I live in Porto.", at("2026-03-20 11:59"))])
    result = every_point_is_accounted_for(pipeline=pipeline)
    assert result.passed
    assert plain(result, "bots") == [
        {"bot": "elena", "in_store": 6, "in_ledger": 5, "not_taken_in": 1, "lost": 0, "gone": 0}
    ]


def test_a_point_that_carries_our_mark_without_a_row_in_the_ledger_is_lost(ctx, pipeline, enriched):
    with ctx.database.begin() as connection:
        connection.execute(
            text("DELETE FROM message_ledger WHERE point_id IN (SELECT point_id FROM message_ledger LIMIT 2)")
        )
    result = every_point_is_accounted_for(pipeline=pipeline)
    assert not result.passed
    assert result.severity is AssetCheckSeverity.ERROR
    assert plain(result, "lost") == 2


def test_rows_whose_points_were_deleted_are_a_warning_until_the_reconciliation(ctx, pipeline, enriched):
    from whisper_enrich.stages.reconciliation import reconcile

    ctx.store.delete(enriched.collection, column(ctx, "SELECT point_id FROM message_ledger LIMIT 1"))
    result = every_point_is_accounted_for(pipeline=pipeline)
    assert not result.passed
    assert result.severity is AssetCheckSeverity.WARN
    assert (plain(result, "lost"), plain(result, "gone")) == (0, 1)
    reconcile(ctx, enriched)
    assert every_point_is_accounted_for(pipeline=pipeline).passed


def test_one_healthy_bot_does_not_hide_a_sick_one(ctx, pipeline, enriched):
    marcus = ctx.store.create_collection("marcus")
    ctx.store.upsert(marcus.collection, chat("2026-03-18", TALK, user="bo"))
    enrich(ctx, marcus)
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM message_ledger WHERE bot_name = 'marcus'"))
    lost = {row["bot"]: row["lost"] for row in plain(every_point_is_accounted_for(pipeline=pipeline), "bots")}
    assert lost == {"elena": 0, "marcus": 5}


def test_a_store_that_does_not_answer_is_an_error_and_no_passed_check(pipeline, enriched, monkeypatch):
    def unreachable(self):
        raise StoreUnavailable("Qdrant does not answer. Start it.")

    monkeypatch.setattr(type(pipeline.store), "bots", unreachable)
    with pytest.raises(Failure, match="Qdrant does not answer"):
        every_point_is_accounted_for(pipeline=pipeline)


def test_a_fact_without_evidence_is_an_error(ctx, pipeline, enriched):
    with ctx.database.begin() as connection:
        connection.execute(text("DELETE FROM fact_evidence WHERE fact_id = (SELECT min(id) FROM user_facts)"))
    result = every_fact_has_evidence(pipeline=pipeline)
    assert not result.passed
    assert result.severity is AssetCheckSeverity.ERROR
    assert plain(result, "without_evidence") == 1


def test_messages_that_wait_for_a_budget_are_reported_by_bot_until_they_go_on(ctx, pipeline, elena):
    marcus = ctx.store.create_collection("marcus")
    ctx.store.upsert(elena.collection, chat("2026-03-18", TALK) + chat("2026-03-17", TALK, user="ben"))
    ctx.store.upsert(marcus.collection, chat("2026-03-19", TALK))
    for bot in (elena, marcus):
        take_in(ctx, bot)
    assert budget_left(pipeline=pipeline).passed
    with ctx.database.begin() as connection:
        connection.execute(
            text(
                "UPDATE message_ledger SET facts_reason = 'budget_spent', summary_reason = CASE WHEN day = '2026-03-18' "
                "THEN 'budget_spent' END, summary_state = CASE WHEN user_id = 'ana' THEN 'waiting' ELSE 'done' END "
                "WHERE bot_name = 'elena'"
            )
        )
        connection.execute(
            text(
                "UPDATE message_ledger SET facts_reason = 'budget_spent', facts_state = 'done' WHERE bot_name = 'marcus'"
            )
        )
    result = budget_left(pipeline=pipeline)
    assert not result.passed
    assert result.severity is AssetCheckSeverity.WARN
    assert plain(result, "bots") == [
        {"bot": "elena", "facts": 6, "summaries": 5, "users": 2, "oldest_day": "2026-03-17"}
    ]
    assert (plain(result, "waiting_for_facts"), plain(result, "waiting_for_summaries")) == (6, 5)
    with ctx.database.begin() as connection:
        connection.execute(text("UPDATE message_ledger SET facts_reason = NULL, summary_reason = NULL"))
    assert budget_left(pipeline=pipeline).passed


def test_the_checks_job_runs_all_of_them_and_keeps_no_word_of_a_conversation(pipeline, enriched):
    with DagsterInstance.ephemeral() as instance:
        result = defs.resolve_job_def("check_quality").execute_in_process(
            instance=instance, resources={"pipeline": pipeline}
        )
        kept = "\n".join(repr(entry) for entry in instance.all_logs(result.run_id))
    evaluations = result.get_asset_check_evaluations()
    assert result.success
    assert {evaluation.check_name: evaluation.passed for evaluation in evaluations} == {
        "nothing_waits_too_long": True, "no_dead_letters": True, "every_point_is_accounted_for": True,
        "every_fact_has_evidence": True, "budget_left": True, "cycles_are_in_time": True,
        "row_for_every_active_user": True, "rows_have_read_everything": True, "nulls_have_reasons": True,
        "values_are_steady": True, "cache_hit_rate": True,
    }  # fmt: skip
    assert "Lisbon" not in kept
