"""Facts by a model: nothing is lost when it fails, nothing is asked twice, nothing is believed that nobody said."""

import json
from datetime import date

import pytest
from sqlalchemy import text

from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.storage import ledger
from whisper_enrich.storage.profiles import set_profile
from whisper_enrich_tests.builders import at, chat, column, contents, pair, said, scalar
from whisper_enrich_tests.scripted_model import (
    invented_quotes,
    quota,
    rate_limited,
    refusal,
    sensible,
    server_error,
    too_long,
    unauthorised,
    well,
    when,
)
from whisper_enrich_tests.stages.model_pipeline import FACTS, TALK

DAY = "2026-03-18"
TODAY = "2026-03-20"


def facts(ctx):
    return sorted(column(ctx, "SELECT fact_content FROM user_facts"))


def reasons(ctx):
    return sorted(
        column(
            ctx,
            "SELECT DISTINCT facts_state || ' ' || facts_reason FROM message_ledger WHERE facts_state <> 'left_out'",
        )
    )


def test_one_call_brings_facts_and_summary_of_a_window(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run()
    assert work.asked() == ["combined"]
    assert facts(ctx) == FACTS
    assert column(ctx, "SELECT state FROM conversation_summaries") == ["final"]
    assert ctx.store.count(elena.collection, unmarked_for=ctx.ledger_id) == 0


def test_a_second_run_makes_no_call_and_changes_no_row(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK) + chat("2026-03-17", TALK, user="bo", channel="dm"))
    days = work.run()
    before, calls = contents(ctx, with_clocks=True), len(work.model.requests)
    work.run(days)
    assert len(work.model.requests) == calls
    assert contents(ctx, with_clocks=True) == before


def test_facts_and_summaries_alone_take_a_call_each(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(summaries=False)
    work.run(facts=False)
    assert work.asked() == ["facts", "summary"]
    assert facts(ctx) == FACTS


def test_messages_of_several_short_days_share_a_call(ctx, elena, work):
    ctx.store.upsert(elena.collection, [p for day in ("2026-03-16", "2026-03-17", DAY) for p in chat(day, TALK[:3])])
    work.run()
    assert work.asked() == ["facts"]
    assert facts(ctx) == FACTS[:2]


def test_the_talk_is_waited_for_and_asked_about_as_a_whole(ctx, elena, work, clock):
    clock.now = at(f"{TODAY} 10:01")
    ctx.store.upsert(elena.collection, chat(TODAY, TALK[:2], hour=10))
    work.run()
    assert (work.asked(), reasons(ctx)) == ([], ["waiting gathering"])
    clock.now = at(f"{TODAY} 10:06")
    ctx.store.upsert(elena.collection, chat(TODAY, TALK, hour=10))
    work.run()
    assert work.asked() == []
    clock.now = at(f"{TODAY} 10:40")
    work.run()
    assert work.asked() == ["combined"]
    assert facts(ctx) == FACTS


def test_nobody_waits_longer_than_the_longest_wait(ctx, elena, work, clock):
    work.set(enrichment_pause_seconds=3600)
    ctx.store.upsert(elena.collection, chat(TODAY, TALK[:3], hour=10))
    clock.now = at(f"{TODAY} 10:14")
    work.run()
    assert work.asked() == []
    clock.now = at(f"{TODAY} 10:15")
    work.run()
    assert work.asked() == ["facts"]


@pytest.mark.parametrize("reply", [server_error(500), rate_limited(1), unauthorised()], ids=["500", "429", "401"])
def test_a_provider_that_is_down_costs_no_message_an_attempt(ctx, elena, work, reply):
    work.model.script = reply
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    with pytest.raises(ModelUnavailable):
        work.run(summaries=False)
    assert scalar(ctx, "SELECT count(*) FROM message_ledger WHERE facts_state = 'waiting'") == 3
    assert scalar(ctx, "SELECT max(facts_attempts) FROM message_ledger") == 0
    work.model.script = sensible
    work.run(summaries=False)
    assert facts(ctx) == FACTS


def test_what_was_answered_before_the_provider_went_down_is_kept(ctx, elena, work):
    work.set(llm_concurrency=1)
    work.model.script = when("storks", quota(402), sensible)
    ctx.store.upsert(elena.collection, chat(DAY, TALK[:4], user="ana") + chat(DAY, TALK, user="bo"))
    with pytest.raises(ModelUnavailable):
        work.run(summaries=False)
    assert facts(ctx) == FACTS[:2]


def test_the_one_message_that_gets_no_answer_is_set_aside_and_its_neighbours_go_through(ctx, elena, work, clock):
    work.set(enrichment_max_attempts=2)
    work.model.script = when("storks", refusal(), sensible)
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(summaries=False)
    assert facts(ctx) == FACTS[:2]
    assert reasons(ctx) == ["done facts", "waiting answer_refused"]
    clock.forward(minutes=10)
    work.run(summaries=False)
    assert reasons(ctx) == ["dead answer_refused", "done facts"]
    work.model.script = sensible
    with ctx.database.begin() as connection:
        ledger.replay_dead_letters(connection, None, None)
    work.run(summaries=False)
    assert facts(ctx) == FACTS


def test_a_batch_whose_answer_is_too_long_is_halved(ctx, elena, work):
    def at_most_two(request):
        return too_long() if request.material.count(" U ") > 2 else sensible(request)

    work.model.script = at_most_two
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(summaries=False)
    assert facts(ctx) == FACTS
    assert scalar(ctx, "SELECT max(facts_attempts) FROM message_ledger") == 0


def test_an_answer_without_facts_is_no_failure(ctx, elena, work):
    work.model.script = well({"facts": []})
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(summaries=False)
    assert (facts(ctx), reasons(ctx)) == ([], ["done no_facts"])


def test_quotes_that_nobody_said_are_rejected(ctx, elena, work):
    work.model.script = invented_quotes
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(summaries=False)
    assert (facts(ctx), reasons(ctx)) == ([], ["done no_facts"])


def test_trivial_messages_are_never_sent_and_say_so(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, ["lol", "Ha.", "hi!", "Hello."]))
    work.run()
    assert (work.asked(), reasons(ctx)) == ([], ["done trivial"])


def test_who_opted_out_is_never_sent(ctx, elena, work):
    with ctx.database.begin() as connection:
        set_profile(connection, "ana", model_opt_out=True)
    ctx.store.upsert(elena.collection, chat(DAY, TALK) + chat(DAY, TALK, user="bo"))
    work.run()
    assert work.asked() == ["combined"]
    assert column(ctx, "SELECT DISTINCT user_id FROM user_facts") == ["bo"]
    left = "SELECT DISTINCT facts_reason FROM message_ledger WHERE user_id = 'ana' AND parts = 1"
    assert column(ctx, left) == ["model_opt_out"]


def test_a_budget_of_one_user_stops_no_other(ctx, elena, work):
    limit = 4_700
    work.set(llm_budget_tokens_per_user=limit, llm_max_output_tokens=1000, llm_concurrency=1, enrichment_batch_size=1)
    lines = [f"I saw {n} storks today." for n in ("two", "three", "four", "five")]
    days = ["2026-03-10", "2026-03-12", "2026-03-14", "2026-03-16"]
    ctx.store.upsert(elena.collection, [p for day, line in zip(days, lines, strict=True) for p in chat(day, [line])])
    ctx.store.upsert(elena.collection, chat(DAY, TALK[:1], user="bo"))
    work.run(summaries=False)
    assert "bo lives in Lisbon." in facts(ctx)
    assert 0 < scalar(ctx, "SELECT max(tokens) FROM model_spending WHERE holder = 'user'") <= limit
    waiting = "SELECT DISTINCT user_id || ' ' || facts_reason FROM message_ledger WHERE facts_state = 'waiting'"
    assert column(ctx, waiting) == ["ana budget_spent"]


def test_personal_data_is_masked_in_what_is_sent_and_whole_in_what_is_stored(ctx, elena, work):
    def mailed(request):
        line = next(line for line in request.material.splitlines() if "EMAIL" in line)
        placeholder = line[line.index("[") : line.index("]") + 1]
        quote = line.partition(": ")[2]
        fact = {
            "line": 1, "quote": quote, "statement": f"{{user}}'s address is {placeholder}.", "category": "personal",
            "attribute": "", "value": placeholder, "polarity": "affirm", "tense": "present", "holds_from": None,
            "holds_to": None, "confidence": 0.9, "question_line": None,
        }  # fmt: skip
        return well({"facts": [fact]})

    work.model.script = mailed
    ctx.store.upsert(elena.collection, [said("My address is ana@example.org now.", at(f"{DAY} 09:00"))])
    work.run(summaries=False)
    assert "ana@example.org" not in json.dumps(work.model.requests[0].body)
    assert scalar(ctx, "SELECT quote FROM fact_evidence") == "My address is ana@example.org now."


def test_facts_of_what_the_bot_said_are_rejected(ctx, elena, work):
    def about_the_bot(request):
        fact = {
            "line": 2, "quote": "I live in a lighthouse.", "statement": "{user} lives in a lighthouse.",
            "category": "place", "attribute": "lives_in", "value": "a lighthouse", "polarity": "affirm",
            "tense": "present", "holds_from": None, "holds_to": None, "confidence": 0.9, "question_line": None,
        }  # fmt: skip
        return well({"facts": [fact]})

    work.model.script = about_the_bot
    ctx.store.upsert(elena.collection, chat(DAY, ["Where do you live?", "I live in a lighthouse.", "I like storks."]))
    work.run(summaries=False)
    assert facts(ctx) == []


def test_a_run_that_died_between_answer_and_commit_does_not_pay_again(ctx, elena, work, monkeypatch):
    from whisper_enrich.stages import model_facts

    ctx.store.upsert(elena.collection, chat(DAY, TALK))

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(model_facts, "store_extracted", dies)
        with pytest.raises(KeyboardInterrupt):
            work.run()
    assert (work.asked(), facts(ctx)) == (["combined"], [])
    ctx.store.upsert(elena.collection, chat("2026-03-19", TALK))
    work.run()
    assert work.asked() == ["combined", "combined"]
    assert facts(ctx) == FACTS


def test_which_prompt_and_model_made_a_row_can_be_looked_up(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run()
    assert column(
        ctx, "SELECT DISTINCT m.model FROM fact_assertions a JOIN model_versions m ON m.version = a.engine_version"
    ) == ["scripted"]
    assert column(
        ctx, "SELECT m.purpose FROM conversation_summaries s JOIN model_versions m ON m.version = s.enrichment_version"
    ) == ["summary"]


def test_who_got_no_answer_before_is_asked_about_alone(ctx, elena, work, clock):
    work.model.script = when("storks", refusal(), sensible)
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run(summaries=False)
    calls = len(work.model.requests)
    clock.forward(minutes=10)
    work.run(summaries=False)
    again = work.model.requests[calls:]
    assert 1 <= len(again) <= 2
    assert all(" 1 U " not in request.material or "Lisbon" not in request.material for request in again)


def test_where_only_facts_are_due_only_facts_are_asked_for(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run()
    with ctx.database.begin() as connection:
        connection.execute(text("UPDATE message_ledger SET facts_state = 'waiting' WHERE parts = 1"))
        connection.execute(text("DELETE FROM model_answers"))
    work.run([date(2026, 3, 18)])
    assert work.asked() == ["combined", "facts"]


def test_a_message_that_was_edited_since_intake_is_asked_about_as_it_is_now(ctx, elena, work, monkeypatch):
    from whisper_enrich_tests.stages import model_pipeline

    ctx.store.upsert(elena.collection, [said("I live in Lisbon.", at(f"{DAY} 09:00"), name="home")])
    real = model_pipeline.take_in

    def edited_afterwards(*args):
        found = real(*args)
        ctx.store.upsert(elena.collection, [said("I live in Porto.", at(f"{DAY} 09:00"), name="home")])
        return found

    monkeypatch.setattr(model_pipeline, "take_in", edited_afterwards)
    work.run([date(2026, 3, 18)], summaries=False)
    assert facts(ctx) == ["ana lives in Porto."]


def test_a_pair_is_asked_about_whole_so_that_its_answer_is_found_again(ctx, elena, work, monkeypatch):
    from whisper_enrich.stages import model_facts

    ctx.store.upsert(elena.collection, [pair("I live in Lisbon.", "Lovely!", at(f"{DAY} 09:00"))])

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(model_facts, "store_extracted", dies)
        with pytest.raises(KeyboardInterrupt):
            work.run(summaries=False)
    work.run(summaries=False)
    assert work.asked() == ["facts"]
    assert facts(ctx) == ["ana lives in Lisbon."]


def test_who_opts_out_keeps_what_was_known_and_who_opts_in_again_is_read(ctx, elena, work):
    ctx.store.upsert(elena.collection, chat(DAY, TALK))
    work.run()
    with ctx.database.begin() as connection:
        set_profile(connection, "ana", model_opt_out=True)
    ctx.store.upsert(elena.collection, [said("I like figs.", at(f"{DAY} 21:00"))])
    work.run()
    assert work.asked() == ["combined"]
    assert scalar(ctx, "SELECT message_count FROM conversation_summaries") == 6
    with ctx.database.begin() as connection:
        set_profile(connection, "ana", model_opt_out=False)
        assert ledger.reopen_left_out(connection, "ana", "model_opt_out") == 1
    work.run()
    assert "ana likes figs." in facts(ctx)
    assert scalar(ctx, "SELECT message_count FROM conversation_summaries") == 7


def test_behind_a_spent_budget_stored_answers_are_used_all_the_same(ctx, elena, work, monkeypatch):
    from whisper_enrich.stages import model_facts

    def dies(*args, **kwargs):
        raise KeyboardInterrupt

    ctx.store.upsert(elena.collection, chat(DAY, TALK, user="cleo"))
    with monkeypatch.context() as patched:
        patched.setattr(model_facts, "store_extracted", dies)
        with pytest.raises(KeyboardInterrupt):
            work.run()
    for user in ("ana", "bo"):
        ctx.store.upsert(elena.collection, chat(DAY, TALK, user=user))
    work.set(llm_budget_tokens_per_day=10, llm_concurrency=1)
    work.run()
    assert work.asked() == ["combined"]
    assert column(ctx, "SELECT DISTINCT user_id FROM user_facts") == ["cleo"]
    assert column(ctx, "SELECT user_id FROM conversation_summaries WHERE state = 'final'") == ["cleo"]
    waiting = (
        "SELECT DISTINCT user_id || ' ' || facts_reason FROM message_ledger WHERE facts_state = 'waiting' ORDER BY 1"
    )
    assert column(ctx, waiting) == ["ana budget_spent", "bo budget_spent"]
