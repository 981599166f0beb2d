"""The gateway with the real client against a scripted server, over real sockets."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from whisper_enrich.errors import AnswerUnusable, BudgetSpent, ModelUnavailable
from whisper_enrich.llm.client import ChatClient
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich_tests import scripted_model as scripted
from whisper_enrich_tests.builders import column, scalar
from whisper_enrich_tests.llm.gateway_builders import facts
from whisper_enrich_tests.llm.model_builders import Played, playing, prompt
from whisper_enrich_tests.llm.test_client import everything_said_by
from whisper_enrich_tests.scripted_model import in_turn, well
from whisper_enrich_tests.storage.model_builders import errand, sums_by_call, sums_held, with_settings

FINE = {"facts": ["lives in Lisbon"]}
SECRET = "Brunhilde"


@dataclass
class Line:
    """A gateway to a scripted model."""

    gateway: Gateway
    played: Played

    @property
    def requests(self) -> int:
        return len(self.played.model.requests)


@contextmanager
def line_to(ctx, script, **settings) -> Iterator[Line]:
    with playing(script, llm_max_retries=settings.pop("llm_max_retries", 1)) as played:
        own = with_settings(ctx.settings, llm_chat_api_url=played.model.url, **settings)
        yield Line(Gateway(played.client, ctx.database, own, ctx.clock), played)


def rows(ctx):
    with ctx.database.connect() as connection:
        return connection.execute(text("SELECT * FROM model_calls ORDER BY id")).all()


def test_tokens_model_and_cost_are_those_that_the_provider_tells(ctx):
    reply = scripted.Reply('{"facts": []}', model="scripted-2026", usage={"cost": 0.0125})
    with line_to(ctx, reply) as line:
        assert line.gateway.ask(errand(), prompt(), facts) == []
        request = line.played.model.requests[0]
    (row,) = rows(ctx)
    assert (row.tokens_in, row.tokens_out, row.cost) == (request.tokens, 3, Decimal("0.0125"))
    assert (row.model_asked, row.model_answered, row.outcome) == ("scripted", "scripted-2026", "answered")
    assert 0 < row.latency_seconds < 5


def test_retries_within_a_call_are_one_call(ctx):
    with line_to(ctx, in_turn(scripted.rate_limited(1), then=well(FINE))) as line:
        line.gateway.ask(errand(), prompt(), facts)
        assert line.requests == 2
    assert [row.outcome for row in rows(ctx)] == ["answered"]


@pytest.mark.parametrize(
    ("reply", "probed"),
    [
        (scripted.quota(), False), (scripted.unauthorised(), False), (scripted.unknown_model(), False),
        (scripted.rate_limited(), False), (scripted.server_error(503), True), (scripted.reset(), True),
        (scripted.cut_body(), True),
    ],
    ids=["402", "401", "404", "429", "503", "reset", "body"],
)  # fmt: skip
def test_a_provider_that_does_not_serve_costs_nothing_and_the_question_is_open_for_the_next_run(ctx, reply, probed):
    with line_to(ctx, reply) as line, pytest.raises(ModelUnavailable):
        line.gateway.ask(errand(), prompt(), facts)
    assert {(row.outcome, row.tokens_in, row.tokens_out) for row in rows(ctx)} == {("unavailable", 0, 0)}
    # What the question may be to blame for is found out with a second, tiny one.
    assert [row.purpose for row in rows(ctx)] == (["facts", "probe"] if probed else ["facts"])
    with line_to(ctx, well(FINE)) as line:
        assert line.gateway.ask(errand(), prompt(), facts) == FINE["facts"]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (scripted.too_long(), "too_long"),
        (scripted.refusal(), "refused"),
        (scripted.content_filter(), "refused"),
        (scripted.content_policy(), "refused"),
        (scripted.context_exceeded(), "too_long"),
    ],
    ids=["cut off", "refusal", "filter", "policy", "context"],
)
def test_what_gets_no_answer_is_recorded_with_what_it_took(ctx, reply, reason):
    with line_to(ctx, reply) as line:
        with pytest.raises(AnswerUnusable) as caught:
            line.gateway.ask(errand(), prompt(), facts)
        assert line.requests == 1
        sent = line.played.model.requests[0].tokens if reply.status == 200 else 0
    assert caught.value.reason == reason
    assert [(row.outcome, row.tokens_in) for row in rows(ctx)] == [(reason, sent)]
    assert SECRET not in everything_said_by(caught.value)


@pytest.mark.parametrize(
    "reply", [scripted.half_json(), scripted.wrong_schema(), scripted.empty()], ids=["half", "schema", "empty"]
)
def test_an_answer_that_does_not_do_is_asked_for_once_more_and_both_calls_are_paid(ctx, reply):
    with line_to(ctx, in_turn(reply, then=well(FINE))) as line:
        assert line.gateway.ask(errand(), prompt(), facts) == FINE["facts"]
        assert [request.is_correction for request in line.played.model.requests] == [False, bool(reply.content)]
    assert [row.outcome for row in rows(ctx)] == ["invalid", "answered"]
    assert all(row.tokens_in > 0 for row in rows(ctx))


@pytest.mark.parametrize(
    "reply", [scripted.half_json(), scripted.wrong_schema(), scripted.empty()], ids=["half", "schema", "empty"]
)
def test_after_the_second_no_error_holds_a_word_of_what_was_sent_or_said(ctx, reply):
    def quoting(data):
        raise ValueError(f"{SECRET} {data}")

    with line_to(ctx, reply) as line:
        with pytest.raises(AnswerUnusable) as caught:
            line.gateway.ask(errand(), prompt(), quoting)
        assert line.requests == 2
    said = everything_said_by(caught.value)
    assert SECRET not in said
    assert "I live in" not in said


def test_a_server_without_json_schema_is_found_out_once(ctx):
    with line_to(ctx, scripted.no_json_schema_support(well(FINE), ("json_schema", "json_object"))) as line:
        for number in range(3):
            line.gateway.ask(errand(), prompt(f"question {number}"), facts)
        modes = [request.mode for request in line.played.model.requests]
    assert modes == ["json_schema", "json_object", "none", "none", "none"]
    assert column(ctx, "SELECT structured_output FROM model_traits") == ["none"]
    assert [row.outcome for row in rows(ctx)] == ["answered"] * 3


FAULTS = {
    "well": well(FINE), "half": scripted.half_json(), "schema": scripted.wrong_schema(), "empty": scripted.empty(),
    "refusal": scripted.refusal(), "cut": scripted.too_long(), "429": scripted.rate_limited(), "500": scripted.server_error(),
    "reset": scripted.reset(), "402": scripted.quota(), "body": scripted.cut_body(),
}  # fmt: skip


@hypothesis_settings(
    max_examples=8, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(seed=st.integers(0, 10_000))
def test_whatever_the_provider_does_no_answer_is_paid_twice_and_every_call_is_on_record(ctx, seed):
    with ctx.database.begin() as connection:
        connection.execute(text("TRUNCATE model_calls, model_spending, model_answers, model_traits"))
    draw = Random(seed)
    served: dict[str, int] = {}

    def moody(request):
        kind = draw.choice([*FAULTS, "well", "well", "well"])
        if kind == "well" and request.schema_name != "probe":
            served[request.material] = served.get(request.material, 0) + 1
        return FAULTS[kind]

    questions = [prompt(f"question {number}") for number in range(24)]
    answered: set[str] = set()
    limit = 120_000
    with line_to(ctx, moody, llm_max_retries=0, llm_budget_tokens_per_day=limit) as line:
        for _ in range(4):
            gateway = Gateway(line.played.client, ctx.database, with_settings(
                ctx.settings, llm_chat_api_url=line.played.model.url, llm_budget_tokens_per_day=limit), ctx.clock)  # fmt: skip

            def put(asked, gateway=gateway):
                try:
                    gateway.ask(errand(), asked, facts)
                    answered.add(asked.material)
                except (ModelUnavailable, AnswerUnusable, BudgetSpent):
                    pass

            with ThreadPoolExecutor(4) as pool:
                list(pool.map(put, questions))
        made = line.requests
        assert {row.outcome for row in rows(ctx)} <= {"answered", "invalid", "refused", "too_long", "unavailable"}
        assert len(rows(ctx)) == made
        assert sums_held(ctx) == sums_by_call(ctx)
        assert served == dict.fromkeys(answered, 1)
        assert scalar(ctx, "SELECT sum(tokens_in + tokens_out) FROM model_calls") <= limit
        for asked in questions:
            if asked.material in answered:
                assert line.gateway.ask(errand(), asked, facts) == FINE["facts"]
        assert line.requests == made


def test_where_nobody_listens_no_probe_is_sent(ctx):
    with line_to(ctx, well(FINE)) as line:
        settings = with_settings(ctx.settings, llm_chat_api_url=line.played.model.url, llm_max_retries=0)
    client = ChatClient.connect(settings)
    with pytest.raises(ModelUnavailable, match="cannot be reached"):
        Gateway(client, ctx.database, settings, ctx.clock).ask(errand(), prompt(), facts)
    client.close()
    assert [row.purpose for row in rows(ctx)] == ["facts"]


def test_what_one_model_does_not_take_is_found_out_once_for_all_runs(ctx):
    def reasoning(request):
        for parameter in ("max_tokens", "temperature"):
            if parameter in request.body:
                return scripted.error(
                    400, "unsupported_parameter", f"Unsupported parameter: '{parameter}'", param=parameter
                )
        return well(FINE)

    with line_to(ctx, reasoning) as line:
        line.gateway.ask(errand(), prompt("one"), facts)
        assert line.requests == 3
        settings = with_settings(ctx.settings, llm_chat_api_url=line.played.model.url)
        client = ChatClient.connect(settings)
        Gateway(client, ctx.database, settings, ctx.clock).ask(errand(), prompt("two"), facts)
        client.close()
        assert line.requests == 4
    assert column(ctx, "SELECT refused_parameters FROM model_traits") == [["max_tokens", "temperature"]]
