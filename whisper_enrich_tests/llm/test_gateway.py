"""The gateway: nothing is paid twice, nothing overspent, every call on record."""

import json
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from pydantic import BaseModel, ConfigDict
from sqlalchemy import text

from whisper_enrich.errors import AnswerUnusable, BudgetReserved, BudgetSpent, ModelUnavailable
from whisper_enrich.llm.budgets import tokens_in_at_most
from whisper_enrich.llm.client import Faltered, StructuredOutputUnsupported
from whisper_enrich.llm.gateway import USELESS_IN_A_ROW, Gateway
from whisper_enrich.llm.spent import Spent
from whisper_enrich.llm.types import Doubt, Purpose
from whisper_enrich.storage import model_answers, model_calls, model_traits
from whisper_enrich_tests.builders import column, scalar
from whisper_enrich_tests.llm.gateway_builders import BAD, answer, facts, gateway_over
from whisper_enrich_tests.storage.model_builders import MODEL, PRICES, errand, prompt, sums_by_call, sums_held

FACTS = ["lives in Lisbon"]


def outcomes(ctx):
    return column(ctx, "SELECT outcome FROM model_calls ORDER BY id")


def test_a_question_is_put_once_and_answered_from_the_store_ever_after(ctx):
    gateway, client = gateway_over(ctx, answer())
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    later, other = gateway_over(ctx, ModelUnavailable("down"))
    assert later.ask(errand(run="run-2"), prompt(), facts) == FACTS
    assert (len(client.asked), other.asked) == (1, [])
    assert outcomes(ctx) == ["answered"]


def test_another_question_is_another_call(ctx):
    gateway, client = gateway_over(ctx, answer())
    gateway.ask(errand(), prompt("one"), facts)
    gateway.ask(errand(), prompt("two"), facts)
    assert [asked[0] for asked in client.asked] == ["one", "two"]


def test_a_call_is_on_record_with_all_that_the_ledger_tells(ctx):
    gateway, _ = gateway_over(ctx, answer(tokens_in=300, out=40), llm_prices=PRICES)
    gateway.ask(errand(points=3), prompt(), facts)
    with ctx.database.connect() as connection:
        row = connection.execute(text("SELECT * FROM model_calls")).one()
    assert (row.bot_name, row.user_id, row.run_id, row.day) == ("elena", "ana", "run-1", date(2026, 3, 18))
    assert (row.purpose, row.prompt_version, row.request_key) == ("facts", "p1", prompt().key)
    assert (row.model_asked, row.model_answered, row.messages) == (MODEL, "acme/small-2", 3)
    assert (row.tokens_in, row.tokens_cached, row.tokens_out) == (300, 100, 40)
    assert (row.cost, row.latency_seconds, row.outcome) == (Decimal("0.00038"), 0.25, "answered")


def test_the_providers_own_figure_is_the_cost(ctx):
    gateway, _ = gateway_over(ctx, answer(cost=Decimal("0.0123")), llm_prices=PRICES)
    gateway.ask(errand(), prompt(), facts)
    assert column(ctx, "SELECT cost FROM model_calls") == [Decimal("0.01230000")]


def test_an_answer_that_does_not_pass_is_asked_for_once_more_with_what_was_wrong(ctx):
    gateway, client = gateway_over(ctx, answer(BAD), answer())
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    (_, _, none), (_, _, correction) = client.asked
    assert none is None
    assert correction[0] == BAD
    assert "facts is to be a list" in correction[1]
    assert outcomes(ctx) == ["invalid", "answered"]
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert len(client.asked) == 2


def test_broken_json_is_asked_for_once_more_too(ctx):
    gateway, client = gateway_over(ctx, answer('{"facts": ["lives in'), answer())
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert "not valid JSON" in client.asked[1][2][1]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")
    facts: list[str]


def test_complaints_of_a_schema_name_the_place_for_the_model_and_no_word_of_it_for_people(ctx):
    bad = json.dumps({"facts": [1], "Ana's secret": "in Lisbon"})
    gateway, client = gateway_over(ctx, answer(bad))
    with pytest.raises(AnswerUnusable) as caught:
        gateway.ask(errand(), prompt(), Strict.model_validate)
    complaint = client.asked[1][2][1]
    assert "facts.0: Input should be a valid string" in complaint
    assert caught.value.reason == "invalid"
    assert "string_type" in str(caught.value)
    assert "extra_forbidden" in str(caught.value)
    for secret in ("Ana", "Lisbon", "secret"):
        assert secret not in str(caught.value)


def test_after_two_answers_that_do_not_pass_the_question_is_given_up_and_may_be_put_afresh(ctx):
    gateway, client = gateway_over(ctx, answer(BAD), answer(BAD), answer())
    with pytest.raises(AnswerUnusable) as caught:
        gateway.ask(errand(), prompt(), facts)
    assert caught.value.reason == "invalid"
    assert outcomes(ctx) == ["invalid", "invalid"]
    assert gateway.answers_for("elena", "ana", "v1", [Purpose.FACTS]) == []
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert client.asked[2][2] is None


def test_an_empty_answer_is_asked_for_once_more(ctx):
    empty = AnswerUnusable("invalid", "The answer was empty.", answer=answer("", tokens_in=50, out=0))
    gateway, client = gateway_over(ctx, empty, answer())
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert [asked[2] for asked in client.asked] == [None, None]
    assert column(ctx, "SELECT tokens_in FROM model_calls ORDER BY id") == [50, 300]
    assert outcomes(ctx) == ["invalid", "answered"]


def test_two_empty_answers_are_the_end_of_it(ctx):
    gateway, client = gateway_over(ctx, AnswerUnusable("invalid", "empty"))
    with pytest.raises(AnswerUnusable):
        gateway.ask(errand(), prompt(), facts)
    assert len(client.asked) == 2


@pytest.mark.parametrize("reason", ["refused", "too_long"])
def test_a_refusal_or_an_answer_cut_off_is_not_asked_for_again_and_counts_what_it_took(ctx, reason):
    gateway, client = gateway_over(ctx, AnswerUnusable(reason, "no", answer=answer("...", tokens_in=200, out=100)))
    with pytest.raises(AnswerUnusable) as caught:
        gateway.ask(errand(), prompt(), facts)
    assert caught.value.reason == reason
    assert len(client.asked) == 1
    assert outcomes(ctx) == [reason]
    assert column(ctx, "SELECT tokens_in + tokens_out FROM model_calls") == [300]
    assert scalar(ctx, "SELECT count(*) FROM model_answers WHERE usable") == 0


def test_a_second_answer_that_is_cut_off_ends_it_and_the_first_is_not_kept_as_usable(ctx):
    gateway, _ = gateway_over(ctx, answer(BAD), AnswerUnusable("too_long", "no"), answer())
    with pytest.raises(AnswerUnusable, match="no"):
        gateway.ask(errand(), prompt(), facts)
    assert gateway.answers_for("elena", "ana", "v1", [Purpose.FACTS]) == []


def test_a_provider_that_is_down_is_recorded_with_nothing_taken(ctx):
    gateway, _ = gateway_over(ctx, ModelUnavailable("HTTP 503"))
    with pytest.raises(ModelUnavailable, match="HTTP 503"):
        gateway.ask(errand(), prompt(), facts)
    assert outcomes(ctx) == ["unavailable"]
    assert {(s[0], s[1]) for s in sums_held(ctx).values()} == {(0, 0)}


def test_a_provider_that_goes_down_before_the_second_asking_costs_no_third_call_later(ctx):
    gateway, client = gateway_over(ctx, answer(BAD), ModelUnavailable("down"), answer())
    with pytest.raises(ModelUnavailable):
        gateway.ask(errand(), prompt(), facts)
    later, other = gateway_over(ctx, answer())
    assert later.ask(errand(run="run-2"), prompt(), facts) == FACTS
    assert [asked[2] is None for asked in (*client.asked, *other.asked)] == [True, False, False]


def test_a_run_stops_asking_once_the_provider_was_down_and_still_gives_what_is_stored(ctx):
    gateway, client = gateway_over(ctx, answer(), ModelUnavailable("HTTP 402"), answer())
    gateway.ask(errand(), prompt("one"), facts)
    for material in ("two", "three"):
        with pytest.raises(ModelUnavailable, match="HTTP 402"):
            gateway.ask(errand(), prompt(material), facts)
    assert gateway.ask(errand(), prompt("one"), facts) == FACTS
    assert len(client.asked) == 2
    assert outcomes(ctx) == ["answered", "unavailable"]


def test_an_unexpected_error_leaves_the_reservation_counted_in_full(ctx):
    gateway, _ = gateway_over(ctx, RuntimeError("a bug"))
    with pytest.raises(RuntimeError):
        gateway.ask(errand(), prompt(out=100), facts)
    assert outcomes(ctx) == ["reserved"]
    assert sums_held(ctx)["day", "2026-03-20", ""][0] == tokens_in_at_most(prompt()) + 100


def test_an_error_of_the_parser_that_is_no_complaint_is_raised_and_the_answer_kept(ctx):
    def broken(data):
        raise KeyError("facts")

    gateway, client = gateway_over(ctx, answer())
    with pytest.raises(KeyError):
        gateway.ask(errand(), prompt(), broken)
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert len(client.asked) == 1


def test_a_run_killed_between_answer_and_commit_does_not_pay_again(ctx):
    gateway, client = gateway_over(ctx, answer())
    with pytest.raises(KeyboardInterrupt):
        gateway.ask(errand(), prompt(), lambda data: (_ for _ in ()).throw(KeyboardInterrupt))
    after, other = gateway_over(ctx, answer())
    assert after.ask(errand(run="run-2"), prompt(), facts) == FACTS
    assert (len(client.asked), len(other.asked)) == (1, 0)


KILLED = """
import os, sys
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.database import Database
from whisper_enrich_tests.llm.gateway_builders import ScriptedClient, answer
from whisper_enrich_tests.storage.model_builders import errand, prompt

settings = load_settings(whisper_enrich_home=sys.argv[1], postgres_schema=sys.argv[2])
where = sys.argv[3]
client = ScriptedClient(answer() if where == "parsing" else lambda: os._exit(9))
Gateway(client, Database(settings), settings).ask(errand(), prompt(), lambda data: os._exit(9))
"""


def killed(ctx, where):
    arguments = [str(ctx.settings.whisper_enrich_home), ctx.settings.postgres_schema, where]
    ended = subprocess.run([sys.executable, "-c", KILLED, *arguments], capture_output=True, text=True, timeout=60)
    assert ended.returncode == 9, ended.stderr


def test_a_process_killed_while_it_parses_has_stored_its_answer(ctx):
    killed(ctx, "parsing")
    gateway, client = gateway_over(ctx, answer())
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert client.asked == []
    assert outcomes(ctx) == ["answered"]


def test_a_process_killed_in_a_call_leaves_a_reservation_that_the_next_run_names_lost(ctx, clock):
    killed(ctx, "calling")
    assert outcomes(ctx) == ["reserved"]
    clock.now = scalar(ctx, "SELECT called_at FROM model_calls") + timedelta(hours=1)
    gateway, _ = gateway_over(ctx, answer())
    assert gateway.ask(errand(), prompt(), facts) == FACTS
    assert outcomes(ctx) == ["lost", "answered"]
    assert sums_held(ctx) == sums_by_call(ctx)


def test_a_server_without_json_schema_is_asked_the_next_best_way_and_remembered(ctx):
    refused = StructuredOutputUnsupported("HTTP 400")
    gateway, client = gateway_over(ctx, refused, refused, answer())
    gateway.ask(errand(), prompt("one"), facts)
    gateway.ask(errand(), prompt("two"), facts)
    assert [asked[1] for asked in client.asked] == ["json_schema", "json_object", "none", "none"]
    assert outcomes(ctx) == ["answered", "answered"]
    later, client = gateway_over(ctx, answer())
    later.ask(errand(), prompt("three"), facts)
    assert [asked[1] for asked in client.asked] == ["none"]


def test_what_a_server_supports_is_remembered_by_its_address(ctx):
    gateway, _ = gateway_over(ctx, StructuredOutputUnsupported("HTTP 400"), answer())
    gateway.ask(errand(), prompt("one"), facts)
    elsewhere, client = gateway_over(ctx, answer(), llm_chat_api_url="http://localhost:8000/v1")
    elsewhere.ask(errand(), prompt("two"), facts)
    assert [asked[1] for asked in client.asked] == ["json_schema"]
    with ctx.database.connect() as connection:
        assert (
            model_traits.traits_of(connection, ctx.settings.llm_chat_api_url, MODEL).structured_output == "json_object"
        )
        assert model_traits.traits_of(connection, "http://localhost:8000/v1", MODEL).structured_output == "json_schema"


def test_a_way_that_brought_no_answer_is_not_remembered(ctx):
    gateway, _ = gateway_over(ctx, StructuredOutputUnsupported("HTTP 400"), ModelUnavailable("down"))
    with pytest.raises(ModelUnavailable):
        gateway.ask(errand(), prompt(), facts)
    assert scalar(ctx, "SELECT count(*) FROM model_traits") == 0


def test_no_transaction_is_open_while_the_model_thinks(ctx):
    def look():
        query = "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND datname = current_database()"
        open_ones.append(scalar(ctx, query))
        return answer()

    open_ones = []
    gateway, _ = gateway_over(ctx, look)
    gateway.ask(errand(), prompt(), facts)
    assert open_ones == [0]


def test_a_spent_budget_stops_the_call_before_it_is_made_and_stored_answers_are_still_given(ctx):
    gateway, client = gateway_over(ctx, answer(), llm_budget_tokens_per_day=1000)
    gateway.ask(errand(), prompt("one"), facts)
    gateway.ask(errand(), prompt("two"), facts)
    with pytest.raises(BudgetSpent) as caught:
        gateway.ask(errand(), prompt("three"), facts)
    assert not isinstance(caught.value, BudgetReserved)
    assert len(client.asked) == 2
    assert gateway.ask(errand(), prompt("one"), facts) == FACTS


def test_calls_under_way_are_waited_for_rather_than_taking_the_budget_for_spent(ctx):
    most = tokens_in_at_most(prompt("question 0")) + 100
    gateway, client = gateway_over(ctx, answer(tokens_in=20, out=5), llm_budget_tokens_per_day=most + 16 * 25)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: gateway.ask(errand(), prompt(f"question {i}"), facts), range(10)))
    assert found == [FACTS] * 10
    assert len(client.asked) == 10


def test_a_reservation_of_another_process_is_not_waited_for(ctx):
    gateway, client = gateway_over(ctx, answer(), llm_budget_tokens_per_day=1000)
    with ctx.database.begin() as connection:
        model_calls.reserve(connection, errand(), prompt(out=300), 500, ctx.settings, ctx.clock())
    with pytest.raises(BudgetReserved):
        gateway.ask(errand(), prompt(), facts)
    assert client.asked == []


def test_two_threads_with_the_same_question_make_one_call(ctx):
    both_there = threading.Event()

    def slowly():
        both_there.wait(0.2)
        return answer()

    gateway, client = gateway_over(ctx, slowly)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: gateway.ask(errand(), prompt(), facts), range(6)))
    assert found == [FACTS] * 6
    assert len(client.asked) == 1
    assert gateway.spent.reused == 5


def test_many_threads_are_all_answered_and_all_on_record(ctx):
    gateway, client = gateway_over(ctx, answer(tokens_in=10, out=5))
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda i: gateway.ask(errand(user=f"user-{i % 7}"), prompt(f"q {i}"), facts), range(48)))
    assert len(client.asked) == 48
    assert gateway.spent.calls == scalar(ctx, "SELECT count(*) FROM model_calls") == 48
    assert sums_held(ctx) == sums_by_call(ctx)


def test_what_was_spent_is_told_in_all_and_by_the_day_that_it_was_for(ctx):
    gateway, _ = gateway_over(ctx, answer(), answer(BAD), answer(), ModelUnavailable("down"), llm_prices=PRICES)
    gateway.ask(errand(points=3, day=date(2026, 3, 18)), prompt("one"), facts)
    gateway.ask(errand(points=5, day=date(2026, 3, 19)), prompt("two"), facts)
    gateway.ask(errand(points=3, day=date(2026, 3, 18)), prompt("one"), facts)
    with pytest.raises(ModelUnavailable):
        gateway.ask(errand(points=9, day=date(2026, 3, 19)), prompt("three"), facts)
    one = Decimal("0.00038")
    assert gateway.spent_by_day == {
        date(2026, 3, 18): Spent(
            calls=1, messages=3, tokens_in=300, tokens_cached=100, tokens_out=40, cost=one, reused=1
        ),
        date(2026, 3, 19): Spent(
            calls=3, failed=2, messages=5, tokens_in=600, tokens_cached=200, tokens_out=80, cost=2 * one
        ),
    }
    assert gateway.spent == sum(gateway.spent_by_day.values(), Spent())


def test_calls_without_a_known_price_are_told_apart_from_free_ones(ctx):
    gateway, _ = gateway_over(ctx, answer())
    gateway.ask(errand(), prompt(), facts)
    assert (gateway.spent.cost, gateway.spent.unpriced) == (0, 1)


def test_stored_answers_can_be_asked_for_by_user_and_version(ctx, clock):
    gateway, _ = gateway_over(ctx, answer())
    gateway.ask(errand(points=2), prompt("one"), facts)
    clock.forward(seconds=1)
    gateway.ask(errand(points=3), prompt("two", purpose=Purpose.COMBINED), facts)
    gateway.ask(errand(user="ben"), prompt("three"), facts)
    found = gateway.answers_for("elena", "ana", "v1", [Purpose.FACTS, Purpose.COMBINED])
    assert [(stored.purpose, len(stored.points)) for stored in found] == [(Purpose.COMBINED, 3), (Purpose.FACTS, 2)]
    assert gateway.answers_for("elena", "ana", "v2", [Purpose.FACTS]) == []
    assert [s.purpose for s in gateway.answers_for("elena", "ana", "v1", [Purpose.FACTS])] == [Purpose.FACTS]


def test_a_user_erased_while_the_model_thinks_leaves_no_answer_behind(ctx):
    def erased_meanwhile():
        with ctx.database.begin() as connection:
            model_answers.erase_user(connection, "ana")
        return answer()

    gateway, _ = gateway_over(ctx, erased_meanwhile)
    gateway.ask(errand(), prompt(), facts)
    assert scalar(ctx, "SELECT count(*) FROM model_answers") == 0
    assert scalar(ctx, "SELECT count(*) FROM model_calls WHERE user_id = 'ana'") == 0
    assert outcomes(ctx) == ["answered"]


def test_what_the_server_takes_is_looked_up_by_every_gateway_of_its_own(ctx):
    first, _ = gateway_over(ctx, answer())
    assert isinstance(first, Gateway)
    first.ask(errand(), prompt(), facts)
    assert column(ctx, "SELECT structured_output FROM model_traits") == ["json_schema"]


def doubting(data):
    """A parser that never likes what it gets."""
    raise Doubt("could be better", facts(data))


def test_a_doubtful_answer_is_asked_for_once_more_then_taken_and_never_paid_again(ctx):
    better = answer(json.dumps({"facts": ["lives in Porto"]}))
    gateway, client = gateway_over(ctx, answer(), better)
    assert gateway.ask(errand(), prompt(), doubting) == ["lives in Porto"]
    assert [asked[2] is None for asked in client.asked] == [True, False]
    later, other = gateway_over(ctx, ModelUnavailable("down"))
    assert later.ask(errand(run="run-2"), prompt(), doubting) == ["lives in Porto"]
    assert other.asked == []


def test_a_doubtful_answer_is_taken_where_the_second_is_none_at_all(ctx):
    gateway, _ = gateway_over(ctx, answer(), AnswerUnusable("too_long", "cut off"))
    assert gateway.ask(errand(), prompt(), doubting) == FACTS


def test_a_model_that_never_answers_as_asked_is_asked_no_more(ctx):
    gateway, client = gateway_over(ctx, answer(BAD))
    for n in range(USELESS_IN_A_ROW):
        with pytest.raises(AnswerUnusable):
            gateway.ask(errand(), prompt(f"talk {n}"), facts)
    calls = len(client.asked)
    with pytest.raises(ModelUnavailable, match="gave no usable answer to 20 questions in a row"):
        gateway.ask(errand(), prompt("another talk"), facts)
    assert len(client.asked) == calls


def test_a_question_that_was_given_up_on_is_not_put_again_but_for_a_new_attempt(ctx):
    gateway, client = gateway_over(ctx, AnswerUnusable("refused", "no"))
    for _ in range(2):
        with pytest.raises(AnswerUnusable) as caught:
            gateway.ask(errand(), prompt(), facts, given_up_after=0)
    assert (len(client.asked), caught.value.reason) == (1, "refused")
    later, client = gateway_over(ctx, AnswerUnusable("refused", "no"), answer())
    with pytest.raises(AnswerUnusable):
        later.ask(errand(), prompt(), facts, given_up_after=1)
    with pytest.raises(AnswerUnusable):
        later.ask(errand(), prompt(), facts, given_up_after=1)
    assert len(client.asked) == 1
    assert later.ask(errand(), prompt(), facts, given_up_after=2) == FACTS
    assert later.ask(errand(), prompt(), facts, given_up_after=0) == FACTS
    assert len(client.asked) == 2


def test_a_doubtful_answer_that_was_taken_is_not_paid_again(ctx):
    gateway, _ = gateway_over(ctx, answer(), AnswerUnusable("too_long", "cut off"))
    gateway.ask(errand(), prompt(), doubting)
    later, client = gateway_over(ctx, answer())
    assert later.ask(errand(), prompt(), doubting, given_up_after=0) == FACTS
    assert client.asked == []


def test_where_the_provider_fails_at_one_question_and_answers_a_probe_it_is_the_question(ctx):
    gateway, _ = gateway_over(ctx, Faltered("HTTP 500"), answer("{}"), answer())
    with pytest.raises(AnswerUnusable) as caught:
        gateway.ask(errand(), prompt("one"), facts)
    assert caught.value.reason == "failed"
    assert gateway.ask(errand(), prompt("two"), facts) == FACTS
    assert column(ctx, "SELECT purpose || ' ' || outcome FROM model_calls ORDER BY id") == [
        "facts unavailable", "probe answered", "facts answered",
    ]  # fmt: skip
    assert scalar(ctx, "SELECT count(*) FROM model_answers WHERE purpose = 'probe'") == 0
    assert sums_held(ctx) == sums_by_call(ctx)


@pytest.mark.parametrize("step", [Faltered("HTTP 503"), ModelUnavailable("HTTP 429")])
def test_where_the_probe_fails_too_the_provider_is_down_and_nothing_more_is_asked(ctx, step):
    gateway, client = gateway_over(ctx, Faltered("HTTP 500"), step, answer())
    for material in ("one", "two"):
        with pytest.raises(ModelUnavailable, match="HTTP 500"):
            gateway.ask(errand(), prompt(material), facts)
    assert len(client.asked) == 2
    assert outcomes(ctx) == ["unavailable", "unavailable"]
    assert scalar(ctx, "SELECT count(*) FROM model_answers") == 0


@pytest.mark.parametrize("reason", ["refused", "too_long", "invalid"])
def test_a_probe_that_is_answered_in_any_way_is_answered(ctx, reason):
    gateway, _ = gateway_over(ctx, Faltered("HTTP 500"), AnswerUnusable(reason, "no"))
    with pytest.raises(AnswerUnusable) as caught:
        gateway.ask(errand(), prompt(), facts)
    assert caught.value.reason == "failed"


def test_a_probe_that_no_budget_has_room_for_is_not_sent_and_the_provider_taken_for_down(ctx):
    most = tokens_in_at_most(prompt()) + 100
    gateway, client = gateway_over(ctx, Faltered("HTTP 500"), llm_budget_tokens_per_day=most)
    with pytest.raises(ModelUnavailable):
        gateway.ask(errand(), prompt(), facts)
    assert len(client.asked) == 1


def test_of_several_questions_that_the_provider_fails_at_together_one_asks_for_all(ctx):
    all_there = threading.Barrier(4)

    def fails():
        all_there.wait(5)
        raise Faltered("HTTP 500")

    def after_a_while():
        time.sleep(0.2)
        return answer()

    gateway, client = gateway_over(ctx, fails, fails, fails, fails, after_a_while)
    with ThreadPoolExecutor(4) as pool:
        errors = list(pool.map(lambda i: failure_of(gateway, f"q {i}"), range(4)))
    assert [error.reason for error in errors] == ["failed"] * 4
    assert len(client.asked) == 5


def failure_of(gateway, material):
    with pytest.raises(AnswerUnusable) as caught:
        gateway.ask(errand(), prompt(material), facts)
    return caught.value


def test_what_a_model_does_not_take_is_remembered_for_those_who_come_later(ctx):
    gateway, _ = gateway_over(ctx, replace(answer(), without=frozenset({"max_tokens"})))
    gateway.ask(errand(), prompt(), facts)
    later, _ = gateway_over(ctx, answer())
    assert later.manner(MODEL) == ("json_schema", frozenset({"max_tokens"}))
