"""Batches: half the price, and whoever is killed in between leaves nothing paid twice and nothing waiting for ever."""

import json
import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.llm.batch_client import BatchClient, BatchesUnsupported
from whisper_enrich.llm.client import connected
from whisper_enrich.settings import Price
from whisper_enrich.stages import batches
from whisper_enrich.stages.batch_results import collect
from whisper_enrich.stages.batches import resume, submit
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import model_answers, model_batches, model_calls
from whisper_enrich.storage.tables import metadata
from whisper_enrich_tests.builders import chat, column, contents, due, scalar
from whisper_enrich_tests.scripted_model import ScriptedModel, error, refusal, reset, sensible, server_error, when
from whisper_enrich_tests.stages.faults import Countdown, Died, DyingDatabase
from whisper_enrich_tests.stages.model_pipeline import FACTS, TALK, enrichment

DAY, NEXT_DAY, TODAY = "2026-03-17", "2026-03-18", "2026-03-20"


def talked(work, *days, user="ana", lines=TALK):
    """Conversations of these days are in the store."""
    for day in days:
        work.ctx.store.upsert(work.bot.collection, chat(day, lines, user=user))


def client_of(work):
    """One for each server: a client takes longer to make than a batch to hand in."""
    known = vars(work.model)
    if "batch_client" not in known:
        known["batch_client"] = BatchClient.connect(work.ctx.settings, sleep=lambda seconds: None, clock=work.ctx.clock)
    return known["batch_client"]


def hand_in(work):
    """`enrich --batch` over whatever is due."""
    gateway = work.gateway()
    take_in(work.ctx, work.bot)
    resume(work.ctx, work.bot.bot_name, client_of(work))
    return submit(work.ctx, work.bot, due(work.ctx, work.bot), gateway, client_of(work))


def fetch(work):
    """`batches --collect`."""
    return collect(work.ctx, client_of(work))


def handed_in(work):
    """How many batches the provider has."""
    return len(list(connected(work.ctx.settings).batches.list()))


def states(work):
    return column(work.ctx, "SELECT state FROM model_batches ORDER BY created_at, state")


def live(work):
    """The chat completions that were asked for one by one."""
    return [request.schema_name for request in work.model.requests if request.batch is None]


def reserved(work):
    return scalar(work.ctx, "SELECT count(*) FROM model_calls WHERE outcome IN ('reserved', 'lost')")


def facts(work):
    return sorted(set(column(work.ctx, "SELECT fact_content FROM user_facts")))


RESULTS = (
    "user_facts",
    "fact_assertions",
    "fact_evidence",
    "fact_versions",
    "conversation_summaries",
    "message_ledger",
)


def results(work):
    found = contents(work.ctx)
    return {name: found[name] for name in RESULTS}


def test_what_a_batch_brings_is_what_a_live_run_brings_with_no_live_call(work):
    def conversations():
        talked(work, DAY, NEXT_DAY)
        talked(work, NEXT_DAY, user="bo", lines=TALK[:3])

    conversations()
    done = hand_in(work)
    (batch,) = done.batches
    assert (batch.requests, batch.tokens > 0, done.behind_budget, states(work)) == (3, True, 0, ["submitted"])
    work.run()
    assert (live(work), facts(work)) == ([], [])
    (ended,) = fetch(work).ended
    assert (ended.answered, ended.failed, ended.failure, states(work)) == (3, 0, None, ["collected"])
    work.run()
    assert live(work) == []
    assert facts(work) == sorted([*FACTS, "bo lives in Lisbon.", "bo painted the kitchen yellow."])
    by_batch = results(work)
    with work.ctx.database.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "store_identity":
                connection.execute(table.delete())
    conversations()
    work.run()
    assert sorted(live(work)) == ["combined", "combined", "facts"]
    assert results(work) == by_batch


def test_a_window_of_several_stretches_is_asked_for_by_stretch_and_reduced_at_once(work):
    work.set(llm_chunk_tokens=200)
    lines = [f"I saw {n} storks near the old harbour, and they were {'very ' * 20}calm." for n in range(12)]
    talked(work, DAY, lines=[line for line in lines for line in (line, "Really?")])
    hand_in(work)
    fetch(work)
    work.run()
    assert set(live(work)) == {"reduce"}
    assert column(work.ctx, "SELECT state FROM conversation_summaries") == ["final"]


def test_facts_and_summaries_of_different_models_go_in_batches_of_their_own(work):
    work.set(llm_fact_extraction_model="scripted-facts")
    talked(work, DAY)
    assert [batch.requests for batch in hand_in(work).batches] == [1, 1]
    fetch(work)
    work.run()
    assert live(work) == []
    assert {request.body["model"] for request in work.model.requests} == {"scripted", "scripted-facts"}
    assert (facts(work), column(work.ctx, "SELECT state FROM conversation_summaries")) == (FACTS, ["final"])


def test_nothing_is_handed_in_twice(work):
    talked(work, DAY)
    assert hand_in(work) is not None
    assert hand_in(work) is None
    fetch(work)
    assert hand_in(work) is None
    work.run()
    assert hand_in(work) is None
    assert handed_in(work) == 1


def test_messages_that_come_meanwhile_are_asked_about_alone(work, clock):
    talked(work, TODAY)
    clock.now = clock.now.replace(hour=10)
    hand_in(work)
    later = ["I baked rye bread.", "Rye?", "I ate all of it.", "All?", "I slept well.", "Good."]
    work.ctx.store.upsert(work.bot.collection, chat(TODAY, later, hour=10))
    clock.now = clock.now.replace(hour=11)
    work.run()
    assert live(work) == ["combined"]
    (alone,) = [request.material for request in work.model.requests if request.batch is None]
    assert "rye bread" in alone and "Lisbon" not in alone
    assert column(work.ctx, "SELECT state FROM conversation_summaries") == ["provisional"]
    fetch(work)
    work.run()
    assert live(work) == ["combined", "reduce"]
    assert column(work.ctx, "SELECT state FROM conversation_summaries") == ["final"]
    assert FACTS[0] in facts(work)


def test_after_a_day_and_two_hours_nobody_waits_for_a_batch_any_more(work, clock):
    talked(work, DAY)
    hand_in(work)
    clock.forward(hours=25, minutes=59)
    work.run()
    assert live(work) == []
    clock.forward(minutes=2)
    work.run()
    assert (live(work), facts(work)) == (["combined"], FACTS)
    before = results(work)
    answers = column(work.ctx, "SELECT received_at FROM model_answers")
    fetch(work)
    work.run()
    assert (results(work), reserved(work), live(work)) == (before, 0, ["combined"])
    assert column(work.ctx, "SELECT received_at FROM model_answers") == answers


def test_a_batch_costs_half_of_what_the_price_table_says(work):
    work.set(llm_prices={"scripted": Price(**{"in": 1.0, "out": 2.0})})
    talked(work, DAY)
    hand_in(work)
    fetch(work)
    found = scalar(work.ctx, "SELECT (tokens_in * 1.0 + tokens_out * 2.0) / 2000000 - cost FROM model_calls")
    assert abs(float(found)) < 1e-7
    assert scalar(work.ctx, "SELECT tokens_open + cost_open FROM model_spending WHERE holder = 'day'") == 0


def test_what_no_budget_has_room_for_waits_and_is_not_handed_in(work, clock):
    talked(work, DAY, NEXT_DAY, "2026-03-19")
    work.set(llm_budget_tokens_per_day=15_000, llm_max_output_tokens=1000)
    done = hand_in(work)
    (batch,) = done.batches
    assert (batch.requests + done.behind_budget, done.behind_budget > 0) == (3, True)
    assert scalar(work.ctx, "SELECT tokens FROM model_spending WHERE holder = 'day'") <= 15_000
    for stage in ("facts", "summary"):
        waiting = f"SELECT DISTINCT {stage}_reason FROM message_ledger WHERE {stage}_state = 'waiting' ORDER BY 1"
        assert column(work.ctx, waiting) == ["budget_spent", "in_batch"]
    fetch(work)
    work.set(llm_budget_tokens_per_day=None)
    clock.forward(days=1)
    work.run()
    assert (len(live(work)), facts(work)) == (done.behind_budget, FACTS)


def test_an_endpoint_without_batches_says_so_and_nothing_is_held_back(ctx, elena):
    with ScriptedModel(sensible, batches=False) as model:
        work = enrichment(ctx, elena, model)
        talked(work, DAY)
        with pytest.raises(BatchesUnsupported, match=r"offers no batches .* without --batch"):
            hand_in(work)
        assert states(work) == []
        work.run()
        assert facts(work) == FACTS


@pytest.mark.parametrize("path", ["/v1/files", "/v1/batches"])
@pytest.mark.parametrize("status", [405, 501, 503])
def test_a_batch_that_cannot_be_handed_in_is_given_up_at_once(work, path, status):
    talked(work, DAY)
    work.model.gate = lambda method, asked: server_error(status) if (method, asked) == ("POST", path) else None
    with pytest.raises(ModelUnavailable):
        hand_in(work)
    assert (states(work), reserved(work)) == (["failed"], 0)
    assert scalar(work.ctx, "SELECT sum(tokens) FROM model_spending") == 0
    work.run()
    assert facts(work) == FACTS


def test_a_batch_whose_creation_was_not_confirmed_is_not_created_twice(work, monkeypatch):
    talked(work, DAY)
    serve, lost = work.model.shelf.serve, []

    def loses_the_first_confirmation(method, url, *rest):
        reply = serve(method, url, *rest)
        if (method, url) == ("POST", "/v1/batches") and not lost:
            lost.append(url)
            return reset()
        return reply

    monkeypatch.setattr(work.model.shelf, "serve", loses_the_first_confirmation)
    assert len(hand_in(work).batches) == 1
    assert (handed_in(work), states(work)) == (1, ["submitted"])


class DyingClient:
    """A client with an instant before and after each of its calls."""

    def __init__(self, client, instant):
        self._client = client
        self._instant = instant
        self.host = client.host

    def __getattr__(self, name):
        def call(*arguments):
            self._instant()
            result = getattr(self._client, name)(*arguments)
            self._instant()
            return result

        return call


def dies(work, number, act):
    """Let a worker do this until it dies at the ``number``-th instant; False where it came to its end before."""
    instant = Countdown(number)
    ctx = replace(work.ctx, database=DyingDatabase(work.ctx.database, instant), lease_wait_seconds=5)
    try:
        act(ctx, DyingClient(client_of(work), instant))
    except Died:
        with work.ctx.database.begin() as connection:
            # A dead process holds no lease; ours is alive.
            connection.execute(text("UPDATE leases SET holder = ''"))
        return True
    return False


def asked_once_each(work, number):
    """So many conversations were asked about by batches, each once; nothing is open, and their messages are let go."""
    assert set(states(work)) <= {"collected", "failed"}, number
    assert (reserved(work), scalar(work.ctx, "SELECT count(*) FROM model_answers")) == (0, number)
    assert len([request for request in work.model.requests if request.batch]) == number
    assert scalar(work.ctx, "SELECT count(*) FROM model_calls WHERE outcome = 'answered'") == number
    held = "SELECT count(*) FROM message_ledger WHERE coalesce(facts_next_at, summary_next_at) IS NOT NULL"
    assert scalar(work.ctx, held) == 0
    with work.ctx.database.begin() as connection:
        # What an answer comes to is for another test; here it would make each round longer than the one before.
        connection.execute(text("UPDATE message_ledger SET facts_state = 'done', summary_state = 'done'"))


def test_a_worker_may_die_at_any_instant_of_handing_in(work, monkeypatch):
    gather = batches.gather
    monkeypatch.setattr(
        batches, "gather", lambda ctx, *rest: gather(replace(ctx, database=work.ctx.database), *rest)
    )  # fmt: skip
    number, instant, died = 0, 0, True
    while died:
        number += 1
        # Every third instant: all of them take half a minute, and did pass.
        instant += 3
        talked(work, DAY, user=f"user-{number}")
        take_in(work.ctx, work.bot)
        days = due(work.ctx, work.bot)
        died = dies(work, instant, lambda ctx, client, days=days: submit(ctx, work.bot, days, work.gateway(), client))
        if number % 2:
            # The sensor may come before the next one who hands in.
            fetch(work)
        hand_in(work)
        fetch(work)
        asked_once_each(work, number)
    assert instant > 15


def test_a_worker_may_die_at_any_instant_of_collecting(work):
    number, died = 0, True
    while died:
        number += 1
        talked(work, DAY, user=f"user-{number}")
        hand_in(work)
        died = dies(work, number, collect)
        fetch(work)
        asked_once_each(work, number)
    assert number > 8


def test_two_who_collect_at_once_settle_each_call_once(work):
    talked(work, *[f"2026-03-{day:02d}" for day in range(1, 13)])
    (batch,) = hand_in(work).batches
    found, errors = [], []

    def run():
        try:
            found.append(fetch(work))
        except Exception as error:  # noqa: BLE001 - shown below.
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert (states(work), reserved(work)) == (["collected"], 0)
    assert scalar(work.ctx, "SELECT count(*) FROM model_answers") == batch.requests == 12
    assert scalar(work.ctx, "SELECT sum(tokens) FROM model_spending WHERE holder = 'day'") == scalar(
        work.ctx, "SELECT sum(tokens_in + tokens_out) FROM model_calls"
    )


def test_of_a_batch_with_failed_lines_the_good_ones_are_kept_and_the_others_asked_again(work):
    talked(work, DAY)
    talked(work, NEXT_DAY, user="bo", lines=["I live in Porto.", *TALK[1:]])
    talked(work, NEXT_DAY, user="cleo", lines=["I live in Faro.", *TALK[1:]])
    work.model.script = when("Porto", reset(), when("Faro", refusal(), sensible))
    hand_in(work)
    (ended,) = fetch(work).ended
    assert (ended.answered, ended.failed, ended.failure) == (1, 2, None)
    assert sorted(column(work.ctx, "SELECT outcome FROM model_calls")) == ["answered", "refused", "unavailable"]
    work.model.script = sensible
    work.run()
    live_ones = [request for request in work.model.requests if request.batch is None]
    again = [request.material for request in live_ones if request.schema_name != "reduce"]
    assert [material.count("Porto") for material in again].count(1) == 1, (
        "what the provider failed at is asked as it was"
    )
    assert not any("Faro" in material and "storks" in material for material in again), (
        "what was refused is asked in parts"
    )
    assert {"ana lives in Lisbon.", "bo lives in Porto.", "cleo lives in Faro."} <= set(facts(work))


@pytest.mark.parametrize(
    ("ends_as", "state"), [("expired", "collected"), ("failed", "failed"), ("cancelled", "collected")]
)
def test_a_batch_that_comes_to_nothing_lets_its_messages_go(ctx, elena, ends_as, state):
    with ScriptedModel(sensible, batch_ends_as=ends_as) as model:
        work = enrichment(ctx, elena, model)
        talked(work, DAY)
        hand_in(work)
        fetch(work)
        assert (states(work), reserved(work)) == ([state], 0)
        assert column(ctx, "SELECT outcome FROM model_calls") == ["unavailable"]
        work.run()
        assert (live(work), facts(work)) == (["combined"], FACTS)


def test_a_batch_that_the_provider_has_forgotten_is_given_up(work):
    talked(work, DAY)
    hand_in(work)
    work.model.shelf._batches.clear()
    (ended,) = fetch(work).ended
    assert "does not know this batch any more" in ended.failure
    assert reserved(work) == 0


def test_while_a_batch_is_under_way_its_reservations_are_not_lost(ctx, elena, clock):
    with ScriptedModel(sensible, batch_polls=3) as model:
        work = enrichment(ctx, elena, model)
        talked(work, DAY)
        hand_in(work)
        clock.forward(hours=10)
        with ctx.database.begin() as connection:
            assert model_calls.mark_lost(connection, work.ctx.settings, clock()) == 0
        assert [fetch(work).under_way for _ in range(3)] == [1, 1, 0]
        assert fetch(work).ended == ()


def test_a_provider_that_is_down_leaves_the_batch_to_be_collected_later(work):
    talked(work, DAY)
    hand_in(work)
    work.model.gate = lambda method, path: server_error(503)
    with pytest.raises(ModelUnavailable):
        fetch(work)
    assert states(work) == ["submitted"]
    work.model.gate = lambda method, path: None
    assert len(fetch(work).ended) == 1


def test_a_user_who_is_erased_meanwhile_leaves_no_answer_behind(work):
    talked(work, DAY)
    talked(work, DAY, user="bo")
    hand_in(work)
    with work.ctx.database.begin() as connection:
        model_answers.erase_user(connection, "ana")
    assert "ana" not in json.dumps(scalar(work.ctx, "SELECT requests FROM model_batches"))
    assert fetch(work).ended[0].answered == 2
    assert column(work.ctx, "SELECT user_id FROM model_answers") == ["bo"]
    assert reserved(work) == 0


def test_what_was_sent_and_answered_is_removed_at_the_provider(work):
    talked(work, DAY)
    hand_in(work)
    assert len(work.model.shelf._files) == 1
    fetch(work)
    assert work.model.shelf._files == {}


def test_no_message_is_in_the_table_of_batches(work):
    talked(work, DAY)
    hand_in(work)
    assert "Lisbon" not in scalar(work.ctx, "SELECT string_agg(b::text, '') FROM model_batches b")
    with work.ctx.database.connect() as connection:
        (known,) = model_batches.open_batches(connection, work.ctx.settings.llm_chat_api_url)
        (figures,) = model_batches.figures(connection)
    assert known.held_until - known.created_at == timedelta(hours=26)
    assert (figures.requests, figures.answered, figures.tokens) == (1, 0, 0)


def reasoning(request):
    """A model with another name for the most tokens."""
    if "max_tokens" in request.body:
        return error(400, "unsupported_parameter", "Unsupported parameter: 'max_tokens'", param="max_tokens")
    return sensible(request)


def test_what_a_model_does_not_take_is_learnt_from_a_batch_and_left_out_of_the_next(work):
    work.model.script = reasoning
    talked(work, DAY)
    hand_in(work)
    assert fetch(work).ended[0].failed == 1
    hand_in(work)
    assert fetch(work).ended[0].answered == 1
    work.run()
    assert (live(work), facts(work)) == ([], FACTS)


def test_what_a_model_does_not_take_is_learnt_from_a_live_call_and_left_out_of_a_batch(work):
    work.model.script = reasoning
    talked(work, DAY)
    work.run()
    talked(work, NEXT_DAY, user="bo")
    hand_in(work)
    assert fetch(work).ended[0].answered == 1


def test_what_was_refused_in_a_batch_is_not_asked_again_as_a_whole(work):
    talked(work, DAY)
    work.model.script = when("storks", refusal(), sensible)
    hand_in(work)
    fetch(work)
    assert hand_in(work) is None
    work.run()
    whole = [
        request for request in work.model.requests if "Lisbon" in request.material and "storks" in request.material
    ]
    assert len(whole) == 1
    assert facts(work) == FACTS[:2]
