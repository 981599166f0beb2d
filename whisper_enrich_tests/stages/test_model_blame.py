"""One message that never gets a usable answer: found with few questions, asked about again by itself alone, and no more."""

import pytest

from whisper_enrich.storage import ledger
from whisper_enrich_tests.builders import chat, column, scalar
from whisper_enrich_tests.scripted_model import refusal, sensible, server_error, too_long, when, wrong_schema

DAY, LATER = "2026-03-18", 14
THINGS = ("bicycle", "kitchen", "lantern", "blanket", "ladder", "teapot", "fence", "violin", "carpet", "window")
DEEDS = ("painted", "mended", "sold", "bought", "found")
WAITING = "SELECT count(*) FROM message_ledger WHERE 'waiting' IN (facts_state, summary_state)"


def full_batch(poisoned):
    """Fifty messages of the user's, an answer to each, and a basilisk in one of them."""
    lines = [f"I {DEEDS[i // 10]} the {THINGS[i % 10]} in Ghent." for i in range(50)]
    lines[poisoned] = "I saw a basilisk near Ghent."
    return chat(DAY, [line for said in lines for line in (said, "How did that feel?")])


def run_to_the_end(work, clock, **stages):
    """Runs until nothing waits; the requests of each."""
    made = []
    for _ in range(12):
        before = len(work.model.requests)
        work.run(**stages)
        made.append(len(work.model.requests) - before)
        waiting = f"SELECT count(*) FROM message_ledger WHERE {' OR '.join(waits_for(stages))}"
        if not scalar(work.ctx, waiting):
            return made
        clock.forward(days=1)
    raise AssertionError(f"something waits for ever: {made}")


def waits_for(stages):
    return [
        f"{stage}_state = 'waiting'" for stage, name in (("facts", "facts"), ("summary", "summaries"))
        if stages.get(name, True)
    ]  # fmt: skip


STAGES = {"both": {}, "facts": {"summaries": False}, "summaries": {"facts": False}}


@pytest.mark.parametrize("stages", STAGES.values(), ids=STAGES)
@pytest.mark.parametrize("poisoned", [0, 17, 49])
def test_a_refused_message_in_a_full_batch_costs_fifteen_requests_over_all_its_attempts(
    ctx, elena, work, clock, poisoned, stages
):
    work.model.script = when("basilisk", refusal(), sensible)
    ctx.store.upsert(elena.collection, full_batch(poisoned))
    made = run_to_the_end(work, clock, **stages)
    assert len(made) == ctx.settings.enrichment_max_attempts
    assert made[1:] == [1, 1, 1, 1], "a later attempt is one question, about that message alone"
    assert sum(made) <= 15
    for stage in ("facts", "summary"):
        dead = column(ctx, f"SELECT {stage}_reason FROM message_ledger WHERE {stage}_state = 'dead'")
        assert dead in ([], ["answer_refused"])
    if stages.get("facts", True):
        assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_reason = 'facts'") == 49


@pytest.mark.parametrize(("reply", "most"), [(wrong_schema(), 24), (too_long(), 21)], ids=["invalid", "too long"])
def test_other_answers_that_cannot_be_used_cost_little_more(ctx, elena, work, clock, reply, most):
    work.model.script = when("basilisk", reply, sensible)
    ctx.store.upsert(elena.collection, full_batch(17))
    assert sum(run_to_the_end(work, clock)) <= most
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_state = 'dead'") == 1
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_reason = 'facts'") == 49


def test_messages_that_come_beside_one_that_was_set_aside_cost_what_they_cost_anywhere(ctx, elena, work, clock):
    work.set(enrichment_max_attempts=1)
    work.model.script = when("basilisk", refusal(), sensible)
    ctx.store.upsert(elena.collection, full_batch(49))
    run_to_the_end(work, clock)
    before = len(work.model.requests)
    lines = ["I baked rye bread.", "Rye?", "I ate all of it.", "All?", "I slept well.", "Good."]
    ctx.store.upsert(elena.collection, chat(DAY, lines, hour=LATER))
    work.run()
    assert work.asked()[before:] == ["combined", "reduce"]
    assert all("basilisk" not in request.material for request in work.model.requests[before:])


def test_a_replay_asks_afresh_about_what_was_given_up_on(ctx, elena, work, clock):
    work.set(enrichment_max_attempts=2)
    work.model.script = when("basilisk", refusal(), sensible)
    ctx.store.upsert(elena.collection, full_batch(17))
    run_to_the_end(work, clock)
    work.model.script = sensible
    with ctx.database.begin() as connection:
        ledger.replay_dead_letters(connection, None, None)
    work.run()
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE 'dead' IN (facts_state, summary_state)") == 0
    assert scalar(ctx, WAITING) == 0
    assert "ana saw a basilisk near Ghent." in column(ctx, "SELECT fact_content FROM user_facts")
    assert column(ctx, "SELECT state FROM conversation_summaries") == ["final"]


def test_an_answer_of_the_bot_that_gets_none_keeps_no_message_of_the_user_from_its_facts(ctx, elena, work, clock):
    work.set(enrichment_max_attempts=2)
    work.model.script = when("cockatrice", refusal(), sensible)
    lines = [
        "I live in Lisbon.",
        "A cockatrice lives there.",
        "I painted the kitchen.",
        "Yellow?",
        "I like figs.",
        "Ah.",
    ]
    ctx.store.upsert(elena.collection, chat(DAY, lines))
    run_to_the_end(work, clock)
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_state = 'dead'") == 0
    assert scalar(ctx, "SELECT count(*) FROM user_facts") == 3
    assert column(ctx, "SELECT summary_reason FROM message_ledger WHERE summary_state = 'dead'") == ["answer_refused"]
    assert column(ctx, "SELECT parts FROM message_ledger WHERE summary_state = 'dead'") == [2]


def test_an_input_that_the_provider_always_fails_at_halts_no_run_and_is_set_aside_in_the_end(ctx, elena, work, clock):
    work.set(enrichment_max_attempts=2)
    work.model.script = when("storks", server_error(500), sensible)
    lines = ["I live in Lisbon.", "Lovely!", "I saw two storks.", "Where?", "I like figs.", "Ah."]
    ctx.store.upsert(elena.collection, chat(DAY, lines) + chat(DAY, lines[:2], user="bo"))
    run_to_the_end(work, clock)
    assert sorted(column(ctx, "SELECT fact_content FROM user_facts")) == [
        "ana likes figs.", "ana lives in Lisbon.", "bo lives in Lisbon.",
    ]  # fmt: skip
    for stage in ("facts", "summary"):
        assert column(ctx, f"SELECT {stage}_reason FROM message_ledger WHERE {stage}_state = 'dead'") == [
            "answer_failed"
        ]
    assert scalar(ctx, "SELECT count(*) FROM model_calls WHERE purpose = 'probe' AND outcome = 'answered'") > 0
    assert scalar(ctx, "SELECT sum(tokens_open) FROM model_spending") == 0
