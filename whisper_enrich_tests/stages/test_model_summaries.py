"""Summaries by a model: asked at a pause, stood in for until then and when it fails, never asked twice."""

from datetime import date

import pytest

from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.llm.transcript import estimated_tokens
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.storage import ledger
from whisper_enrich.storage.profiles import set_profile
from whisper_enrich_tests.builders import chat, column, contents, scalar
from whisper_enrich_tests.scripted_model import (
    for_schema,
    half_json,
    in_turn,
    quota,
    refusal,
    sensible,
    server_error,
    when,
)
from whisper_enrich_tests.stages.model_pipeline import TALK

DAY = "2026-03-18"
TODAY = "2026-03-20"


def states(ctx):
    return column(ctx, "SELECT state FROM conversation_summaries ORDER BY start_timestamp")


def test_a_closed_window_is_summarised_by_the_model_once(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(facts=False)
    assert work.asked() == ["summary"]
    assert states(ctx) == ["final"]
    assert scalar(ctx, "SELECT message_count FROM conversation_summaries") == 6
    assert scalar(ctx, "SELECT summary_text FROM conversation_summaries").startswith("ana")
    before = contents(ctx)
    work.run([], facts=False)
    work.run(facts=False)
    assert work.asked() == ["summary"]
    assert contents(ctx) == before


def test_an_open_window_has_a_provisional_summary_until_the_talk_pauses(ctx, elena, work, clock):
    ctx.store.upsert(elena.collection, chat(TODAY, TALK, hour=11))
    clock.now = clock.now.replace(hour=11, minute=10)
    work.run(facts=False)
    assert work.asked() == []
    assert states(ctx) == ["provisional"]
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE summary_state = 'waiting'") == 6
    assert scalar(ctx, "SELECT DISTINCT summary_reason FROM message_ledger") == "provisional"
    clock.forward(minutes=10)
    work.run(facts=False)
    assert work.asked() == []
    clock.forward(minutes=20)
    work.run(facts=False)
    assert work.asked() == ["summary"]
    assert states(ctx) == ["final"]
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE summary_state = 'done'") == 6


def test_a_window_that_goes_on_after_a_pause_sends_only_what_is_new(ctx, elena, work, clock):
    ctx.store.upsert(elena.collection, chat(TODAY, TALK, hour=8))
    work.run(facts=False)
    ctx.store.upsert(elena.collection, chat(TODAY, ["I baked bread.", "Rye?", "I ate all of it.", "All?"], hour=10))
    work.run(facts=False)
    assert work.asked() == ["summary", "summary", "reduce"]
    second = work.model.requests[1].material
    assert "baked" in second
    assert "Lisbon" not in second
    assert scalar(ctx, "SELECT message_count FROM conversation_summaries") == 10


def test_a_short_window_is_never_sent(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK[:3]))
    work.run(facts=False)
    assert work.asked() == []
    assert column(ctx, "SELECT summary_type FROM conversation_summaries") == ["short_window"]


def test_when_the_provider_is_down_a_degraded_summary_stands_in_and_is_redone(ctx, elena, work, clock):
    work.model.script = server_error(503)
    ctx.store.upsert(elena.collection, chat(DAY, TALK) + chat("2026-03-17", TALK))
    work.set(llm_concurrency=1)
    with pytest.raises(ModelUnavailable):
        work.run(facts=False)
    assert work.asked() == ["summary", "summary", "probe"], "one question, tried twice, a probe; then it stops asking"
    assert states(ctx) == ["degraded", "degraded"]
    assert scalar(ctx, "SELECT max(summary_attempts) FROM message_ledger") == 0
    work.model.script = sensible
    clock.forward(minutes=5)
    work.run(facts=False)
    assert states(ctx) == ["final", "final"]
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE summary_state = 'done'") == 12


def test_a_window_that_gets_no_usable_answer_counts_attempts_and_keeps_its_stand_in(ctx, elena, work, clock):
    work.set(enrichment_max_attempts=2)
    work.model.script = refusal()
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(facts=False)
    assert states(ctx) == ["degraded"]
    assert scalar(ctx, "SELECT max(summary_attempts) FROM message_ledger") == 1
    clock.forward(minutes=10)
    work.run(facts=False)
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE summary_state = 'dead'") == 6
    assert states(ctx) == ["degraded"]


def test_invalid_json_is_asked_for_once_more(ctx, elena, work):
    work.model.script = in_turn(half_json(), then=sensible)
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(facts=False)
    assert [request.is_correction for request in work.model.requests] == [False, True]
    assert states(ctx) == ["final"]


def test_a_spent_budget_leaves_the_messages_waiting_with_that_reason(ctx, elena, work):
    work.set(llm_budget_tokens_per_day=10)
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(facts=False)
    assert work.asked() == []
    assert states(ctx) == ["provisional"]
    assert scalar(ctx, "SELECT DISTINCT summary_reason FROM message_ledger") == "budget_spent"
    assert scalar(ctx, "SELECT DISTINCT summary_next_at::date::text FROM message_ledger") == "2026-03-21"


def test_a_spent_quota_is_the_providers_failure(ctx, elena, work):
    work.model.script = for_schema(quota(402))
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    with pytest.raises(ModelUnavailable):
        work.run(facts=False)
    assert scalar(ctx, "SELECT max(summary_attempts) FROM message_ledger") == 0


def test_who_opted_out_is_never_sent(ctx, elena, work):
    with ctx.database.begin() as connection:
        set_profile(connection, "ana", model_opt_out=True)
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(facts=False)
    assert work.asked() == []
    assert scalar(ctx, "SELECT DISTINCT summary_reason FROM message_ledger") == "model_opt_out"


def test_the_one_message_that_gets_no_answer_is_left_out_and_its_neighbours_are_summarised(ctx, elena, work, clock):
    work.set(enrichment_max_attempts=2)
    work.model.script = when("storks", refusal(), sensible)
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(facts=False)
    assert states(ctx) == ["degraded"]
    assert "kitchen" in scalar(ctx, "SELECT summary_text FROM conversation_summaries")
    waiting = (
        "SELECT count(*) FROM message_ledger WHERE summary_state = 'waiting' AND summary_reason = 'answer_refused'"
    )
    assert scalar(ctx, waiting) == 1
    calls = len(work.model.requests)
    clock.forward(minutes=10)
    work.run(facts=False)
    assert len(work.model.requests) <= calls + 3, (
        "the one message, with and without what was before it, and its follower"
    )
    assert column(ctx, "SELECT DISTINCT summary_state FROM message_ledger ORDER BY 1") == ["dead", "done"]
    work.model.script = sensible
    with ctx.database.begin() as connection:
        ledger.replay_dead_letters(connection, None, None)
    work.run(facts=False)
    assert states(ctx) == ["final"]


def test_a_window_that_loses_a_message_while_the_provider_is_down_is_redone_when_it_is_back(ctx, elena, work, clock):
    points = chat(DAY, [*TALK, "I ate figs."])
    ctx.store.upsert(elena.collection, points)
    work.run(facts=False)
    assert states(ctx) == ["final"]
    ctx.store.delete(elena.collection, [points[-1].id])
    reconcile(work.ctx, elena)
    work.model.script = server_error(500)
    with pytest.raises(ModelUnavailable):
        work.run(facts=False)
    assert states(ctx) == ["degraded"]
    work.model.script = sensible
    clock.forward(minutes=5)
    work.run(facts=False)
    assert states(ctx) == ["final"]
    assert scalar(ctx, "SELECT message_count FROM conversation_summaries") == 6


def test_a_name_that_is_an_address_is_masked_in_the_heading(ctx, elena, work):
    with ctx.database.begin() as connection:
        set_profile(connection, "ana", display_name="ana@example.org")
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(facts=False)
    assert all("ana@example.org" not in str(request.body) for request in work.model.requests)
    assert "ana@example.org" in scalar(ctx, "SELECT summary_text FROM conversation_summaries")


def test_a_window_of_very_many_stretches_is_reduced_in_groups_that_a_call_can_read(ctx, elena, work):
    work.set(llm_chunk_tokens=600, summary_min_words=60, summary_max_words=90)
    lines = [f"I saw {n} storks near the old harbour, and they were {'very ' * 30}calm." for n in range(60)]
    ctx.store.upsert(elena.collection, chat(DAY, [line for said in lines for line in (said, "Really?")], hour=1))
    work.run(facts=False)
    reductions = [request for request in work.model.requests if request.schema_name == "reduce"]
    assert len(reductions) > 2
    assert states(ctx) == ["final"]
    for request in reductions:
        parts = request.material.partition("\n")[2]
        assert estimated_tokens(parts) <= 600 + 20, "the fence comes on top"
    assert scalar(ctx, "SELECT message_count FROM conversation_summaries") == 120
    calls = len(work.model.requests)
    work.run([date(2026, 3, 18)], facts=False)
    assert len(work.model.requests) == calls
