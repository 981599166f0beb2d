"""The fast track through the stages: whom a bot asks for is read first, and waits for no company."""

import pytest

from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.stages import facts as facts_stage
from whisper_enrich.stages import intake, reading, strategic
from whisper_enrich.stages.batch_questions import gather
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich_tests.builders import at, chat, column, contents, enrich, extract_statements, said
from whisper_enrich_tests.requesting import ask_for, state_of, time_of
from whisper_enrich_tests.scripted_model import refusal, sensible, server_error
from whisper_enrich_tests.stages.model_pipeline import FACTS, TALK

TODAY = "2026-03-20"
HOME = "I live in Porto."


def facts(ctx, user="ana"):
    return sorted(column(ctx, "SELECT fact_content FROM user_facts WHERE user_id = :user", user=user))


def two_minutes_ago(user="ana"):
    return said(HOME, at(f"{TODAY} 11:58"), user=user)


def test_a_request_is_done_when_the_facts_of_its_user_are_there(ctx, elena):
    ctx.store.upsert(elena.collection, [two_minutes_ago()])
    ask_for(ctx)
    assert state_of(ctx) == "waits"
    enrich(ctx, elena)
    assert facts(ctx) == ["ana lives in Porto."]
    assert state_of(ctx) == "done"
    assert time_of(ctx, "requested_at") < time_of(ctx, "claimed_at") <= time_of(ctx, "done_at")


def test_it_does_not_wait_for_a_window_that_is_too_short_for_a_summary(ctx, elena):
    ctx.store.upsert(elena.collection, [two_minutes_ago()])
    ask_for(ctx)
    enrich(ctx, elena)
    assert column(ctx, "SELECT summary_reason FROM message_ledger") == ["window_too_short_yet"]
    assert column(ctx, "SELECT 1 FROM conversation_summaries") == []
    assert state_of(ctx) == "done"


def test_a_request_for_somebody_who_said_nothing_is_done_once_that_was_looked_at(ctx, elena):
    ask_for(ctx, "nobody")
    enrich(ctx, elena)
    assert state_of(ctx, "nobody") == "done"


def test_requests_of_other_bots_are_left_alone(ctx, elena):
    ask_for(ctx, bot="marcus")
    ctx.store.upsert(elena.collection, [two_minutes_ago()])
    enrich(ctx, elena)
    assert state_of(ctx, bot="marcus") == "waits"


def test_asking_again_for_what_is_done_opens_it_again_and_makes_no_row_twice(ctx, elena):
    ctx.store.upsert(elena.collection, [two_minutes_ago()])
    ask_for(ctx)
    days = enrich(ctx, elena)
    before = contents(ctx)
    ask_for(ctx)
    assert state_of(ctx) == "waits"
    enrich(ctx, elena, days=days)
    assert state_of(ctx) == "done"
    after = contents(ctx)
    assert len(before.pop("enrichment_requests")) == len(after.pop("enrichment_requests")) == 1
    assert before == after


def test_a_request_that_is_repeated_during_the_intake_is_left_to_the_next_one(ctx, elena, monkeypatch):
    """The message that the second one is about may have been stored behind the page that was being read."""
    ctx.store.upsert(elena.collection, [two_minutes_ago()])
    ask_for(ctx)
    enter = intake.enter

    def enter_slowly(*given):
        entered = enter(*given)
        ask_for(ctx)
        return entered

    with monkeypatch.context() as patch:
        patch.setattr(intake, "enter", enter_slowly)
        enrich(ctx, elena)
    assert facts(ctx) == ["ana lives in Porto."]
    assert state_of(ctx) == "waits"
    enrich(ctx, elena)
    assert state_of(ctx) == "done"


def test_a_run_that_dies_between_intake_and_facts_leaves_the_request_open(ctx, elena):
    ctx.store.upsert(elena.collection, [two_minutes_ago()])
    ask_for(ctx)

    class Killed(BaseException):
        pass

    def dies(message):
        raise Killed

    with pytest.raises(Killed):
        enrich(ctx, elena, dies)
    assert state_of(ctx) == "claimed"
    enrich(ctx, elena)
    assert state_of(ctx) == "done"


def test_a_message_that_fails_keeps_the_request_open_until_it_is_done_or_set_aside(ctx, elena, clock):
    ctx.store.upsert(elena.collection, [two_minutes_ago()])
    ask_for(ctx)

    def broken(message):
        raise RuntimeError

    enrich(ctx, elena, broken)
    assert state_of(ctx) == "claimed"
    for _ in range(ctx.settings.enrichment_max_attempts - 1):
        clock.forward(hours=12)
        enrich(ctx, elena, broken)
    assert column(ctx, "SELECT facts_state FROM message_ledger") == ["dead"]
    assert state_of(ctx) == "done"


def test_whom_a_bot_asks_for_comes_before_all_others_in_every_stage(ctx, elena, monkeypatch):
    """Also in the stages that follow the one that meets the request."""
    points = [p for user in ("ada", "bea", "zoe") for p in chat("2026-03-17", TALK, user=user)]
    ctx.store.upsert(elena.collection, points)
    ask_for(ctx, "zoe")
    monkeypatch.setattr(facts_stage, "POINTS_A_READ", 6)
    monkeypatch.setattr(reading, "POINTS_A_READ", 6)
    monkeypatch.setattr(strategic, "USERS_AT_ONCE", 1)
    told: list[str] = []

    def noting(message):
        told.append(message.user_id)
        return extract_statements(message)

    (day,) = enrich(ctx, elena, noting)
    assert list(dict.fromkeys(told)) == ["zoe", "ada", "bea"]
    assert column(ctx, "SELECT user_id FROM conversation_summaries ORDER BY id") == ["zoe", "ada", "bea"]
    bring_features_up_to_date(ctx, elena, [day])
    compute_caches(ctx, elena, [day], "strategic_memory_health")
    for table in ("strategic_features", "strategic_memory_health"):
        assert column(ctx, f"SELECT user_id FROM {table} ORDER BY xmin::text::bigint") == ["zoe", "ada", "bea"], table


class TestWithAModel:
    def test_facts_of_a_talk_that_goes_on_are_asked_for_at_once(self, ctx, elena, work, clock):
        clock.now = at(f"{TODAY} 10:01")
        for user in ("ana", "bo"):
            ctx.store.upsert(elena.collection, chat(TODAY, TALK[:2], hour=10, user=user))
        ask_for(ctx)
        work.run()
        assert work.asked() == ["facts"]
        assert facts(ctx) == FACTS[:1]
        others = "SELECT facts_reason FROM message_ledger WHERE user_id = 'bo' AND facts_state = 'waiting'"
        assert column(ctx, others) == ["gathering"]
        assert state_of(ctx) == "done"

    def test_messages_that_were_left_to_wait_earlier_are_released(self, ctx, elena, work, clock):
        clock.now = at(f"{TODAY} 10:01")
        ctx.store.upsert(elena.collection, chat(TODAY, TALK[:2], hour=10))
        (day,) = work.run()
        assert work.asked() == []
        ask_for(ctx)
        assert work.run([day]) and work.asked() == ["facts"]
        assert state_of(ctx) == "done"

    def test_a_second_run_asks_nothing(self, ctx, elena, work, clock):
        clock.now = at(f"{TODAY} 10:01")
        ctx.store.upsert(elena.collection, chat(TODAY, TALK[:2], hour=10))
        ask_for(ctx)
        days = work.run()
        ask_for(ctx)
        work.run(days)
        assert work.asked() == ["facts"]

    def test_a_provider_that_is_down_keeps_the_request_open(self, ctx, elena, work, clock):
        clock.now = at(f"{TODAY} 10:01")
        work.model.script = server_error(500)
        ctx.store.upsert(elena.collection, chat(TODAY, TALK[:2], hour=10))
        ask_for(ctx)
        with pytest.raises(ModelUnavailable):
            work.run(summaries=False)
        assert state_of(ctx) == "claimed"
        work.model.script = sensible
        clock.forward(minutes=2)
        work.run(summaries=False)
        assert state_of(ctx) == "done"

    def test_an_answer_that_is_refused_keeps_it_open_while_there_is_another_attempt(self, ctx, elena, work, clock):
        work.set(enrichment_max_attempts=2)
        clock.now = at(f"{TODAY} 10:01")
        work.model.script = refusal()
        ctx.store.upsert(elena.collection, chat(TODAY, TALK[:2], hour=10))
        ask_for(ctx)
        work.run(summaries=False)
        assert state_of(ctx) == "claimed"
        clock.forward(hours=2)
        work.run(summaries=False)
        assert state_of(ctx) == "done"

    def test_a_batch_that_takes_hours_leaves_its_messages_to_a_run(self, ctx, elena, work):
        ctx.store.upsert(elena.collection, chat("2026-03-18", TALK) + chat("2026-03-18", TALK, user="bo"))
        intake.take_in(ctx, elena)
        ask_for(ctx)
        with work.ctx.lease("elena/facts") as lease:
            wanted = gather(work.ctx, elena, [at("2026-03-18 00:00").date()], work.gateway(), lease)
        assert {row.user_id for one in wanted.values() for row in one.facts} == {"bo"}
