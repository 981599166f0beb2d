"""The client against a scripted server, over real sockets."""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from decimal import Decimal
from email.utils import format_datetime

import pytest

from whisper_enrich.errors import AnswerUnusable, ConfigurationError, ModelUnavailable
from whisper_enrich.llm.client import ChatClient, StructuredOutputUnsupported, answer_in_batch
from whisper_enrich.llm.refusal import retry_after
from whisper_enrich.llm.request import request_body
from whisper_enrich_tests import scripted_model as scripted
from whisper_enrich_tests.llm.model_builders import FACTS_SCHEMA, NOW, SECRET, model_settings, playing, prompt
from whisper_enrich_tests.scripted_model import Reply, Request, in_turn, well

FINE = {"facts": []}


def everything_said_by(error: BaseException) -> str:
    """Its text, and those of all errors that hang on to it."""
    said, waiting, seen = "", [error], set()
    while waiting:
        found = waiting.pop()
        if found is not None and id(found) not in seen:
            seen.add(id(found))
            said += f"{found!s} {found!r} {found.args!r} {getattr(found, 'doc', '')} {getattr(found, 'body', '')}"
            waiting += [found.__cause__, found.__context__]
    return said


def test_an_answer_comes_with_its_model_tokens_and_time():
    reply = scripted.by_another_model(FINE, "scripted-2026-01")
    with playing(reply) as played:
        answer = played.ask()
    assert json.loads(answer.text) == FINE
    assert (answer.model, answer.finish_reason) == ("scripted-2026-01", "stop")
    assert answer.usage.tokens_in == played.model.requests[0].tokens
    assert answer.usage.tokens_out == len(answer.text) // 4
    assert not answer.usage.estimated
    assert answer.usage.cost is None
    assert 0 < answer.latency_seconds < 5


def test_the_request_is_what_the_prompt_says():
    with playing(well(FINE)) as played:
        played.ask(prompt("the talk", temperature=0.7, max_output_tokens=321, model="a/b"))
        request = played.model.requests[0]
    assert request.messages == [
        {"role": "system", "content": "Say what is so."},
        {"role": "user", "content": "the talk"},
    ]
    assert (request.body["model"], request.body["temperature"], request.body["max_tokens"]) == ("a/b", 0.7, 321)
    assert request.body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "facts", "schema": FACTS_SCHEMA, "strict": True},
    }
    assert set(request.body) == {"model", "messages", "temperature", "max_tokens", "response_format"}
    assert request.headers["authorization"] == "Bearer key-1"


@pytest.mark.parametrize(("mode", "response_format"), [("json_object", {"type": "json_object"}), ("none", None)])
def test_without_a_schema_on_the_server_it_stands_in_the_instructions(mode, response_format):
    with playing(well(FINE)) as played:
        played.ask(structured=mode)
        request = played.model.requests[0]
    assert request.body.get("response_format") == response_format
    assert request.instructions.startswith("Say what is so.\n")
    assert "JSON" in request.instructions
    assert request.schema == FACTS_SCHEMA


def test_a_mode_that_there_is_not_is_a_mistake_of_the_caller():
    with playing(well(FINE)) as played, pytest.raises(ValueError, match="json_schema, json_object, none"):
        played.ask(structured="yaml")


def test_a_correction_follows_the_question_as_answer_and_complaint():
    with playing(well(FINE)) as played:
        played.ask(correction=('{"facts": 1}', "facts is no list."))
        roles = [(m["role"], m["content"]) for m in played.model.requests[0].messages[2:]]
    assert roles == [("assistant", '{"facts": 1}'), ("user", "facts is no list.")]


def test_without_a_key_none_is_sent_not_even_one_from_elsewhere(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "somebody-elses")
    with playing(well(FINE), llm_chat_api_key=None, enrichment_engine="llm") as played:
        played.ask()
        assert "authorization" not in played.model.requests[0].headers


def test_the_key_of_openrouter_is_used_where_there_is_no_other():
    with playing(well(FINE), llm_chat_api_key=None, openrouter_api_key="or-1") as played:
        played.ask()
        assert played.model.requests[0].headers["authorization"] == "Bearer or-1"


@pytest.mark.parametrize("url", ["openrouter.ai/api/v1", "ftp://host/v1", "http://", "nonsense"])
def test_an_address_that_is_none_is_named(url):
    with pytest.raises(ConfigurationError, match="LLM_CHAT_API_URL"):
        ChatClient.connect(model_settings(url))


def test_cost_and_cached_tokens_are_taken_from_the_provider():
    reply = well(FINE, cost=0.000123, prompt_tokens_details={"cached_tokens": 7})
    with playing(reply) as played:
        usage = played.ask().usage
    assert (usage.cost, usage.tokens_cached) == (Decimal("0.000123"), 7)


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://openrouter.ai/api/v1", True),
        ("https://eu.openrouter.ai/api/v1", True),
        ("https://openrouter.ai.example.org/v1", False),
        ("http://localhost:11434/v1", False),
    ],
)
def test_only_openrouter_is_asked_for_the_cost(url, asked, monkeypatch):
    import httpx2

    sent = []

    def send(client, request, **others):
        sent.append(json.loads(request.content))
        raise httpx2.ConnectError("nobody there", request=request)

    monkeypatch.setattr(httpx2.Client, "send", send)
    client = ChatClient.connect(model_settings(url, llm_max_retries=0))
    with pytest.raises(ModelUnavailable):
        client.ask(prompt(), "json_schema")
    assert (sent[0].get("usage") == {"include": True}) is asked


def test_missing_usage_is_estimated_and_says_so():
    with playing(scripted.no_usage(FINE)) as played:
        answer = played.ask(prompt("x" * 4000))
    assert answer.usage.estimated
    assert answer.usage.tokens_in == pytest.approx(1000, abs=20)
    assert answer.usage.tokens_out == -(-len(answer.text) // 4)


@pytest.mark.parametrize("nonsense", [{"prompt_tokens": -3}, {"completion_tokens": "many"}, {"prompt_tokens": 2**40}])
def test_impossible_counts_are_estimated_too(nonsense):
    with playing(well(FINE, **nonsense)) as played:
        usage = played.ask().usage
    assert usage.estimated
    assert 0 < usage.tokens_in < 1000
    assert 0 < usage.tokens_out < 1000


@pytest.mark.parametrize("cost", ["free", -1, float("nan"), True, {"usd": 1}, 1e300])
def test_a_cost_that_is_no_amount_is_none(cost):
    with playing(well(FINE, cost=cost)) as played:
        assert played.ask().usage.cost is None


def test_characters_that_no_database_holds_are_taken_out_of_the_answer():
    with playing(Reply('{"a": "x\x00y\ud800z"}')) as played:
        assert played.ask().text == '{"a": "xy\ufffdz"}'


def test_an_answer_in_parts_is_put_together():
    parts = [
        {"type": "reasoning", "text": "hm"},
        {"type": "text", "text": '{"fa'},
        {"type": "text", "text": 'cts": []}'},
    ]
    with playing(Reply(parts)) as played:
        assert played.ask().text == '{"facts": []}'


PASSING = {
    "429": scripted.rate_limited(),
    "500": scripted.server_error(500),
    "503": scripted.server_error(503),
    "529": scripted.server_error(529),
    "408": scripted.error(408),
    "409": scripted.error(409),
    "reset": scripted.reset(),
    "a body that breaks off": scripted.cut_body(FINE),
    "a body that is half JSON": scripted.not_json(),
    "a body that is JSON of another kind": Reply(raw=b"[1, 2]"),
    "an upstream error within 200": scripted.error_within(502),
    "an answer that the upstream broke off": Reply('{"fac', finish_reason="error"),
    "an upstream error without a status": scripted.error_within("server_error"),
}


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
def test_what_passes_is_tried_again(reply):
    with playing(in_turn(reply, reply, then=well(FINE))) as played:
        assert json.loads(played.ask().text) == FINE
        assert len(played.model.requests) == 3
        assert played.pauses == [1.0, 2.0]


@pytest.mark.parametrize("reply", PASSING.values(), ids=PASSING)
def test_what_does_not_pass_ends_in_one_plain_sentence(reply):
    with playing(reply, llm_max_retries=2) as played, pytest.raises(ModelUnavailable) as caught:
        played.ask()
    assert len(played.model.requests) == 3
    assert "tried 3 times. " in str(caught.value)
    assert str(caught.value).startswith(("127.0.0.1:", "What 127.0.0.1:"))
    assert str(caught.value).endswith(".")


def test_pauses_double_up_to_the_longest_allowed():
    with playing(scripted.server_error(), llm_max_retries=7, llm_max_retry_wait_seconds=20) as played:
        with pytest.raises(ModelUnavailable):
            played.ask()
        assert played.pauses == [1, 2, 4, 8, 16, 20, 20]


def test_jitter_is_added_but_never_beyond_the_longest():
    with playing(scripted.server_error(), jitter=0.5, llm_max_retries=4, llm_max_retry_wait_seconds=8) as played:
        with pytest.raises(ModelUnavailable):
            played.ask()
        assert played.pauses == [1.5, 2.5, 4.5, 8]


def test_without_retries_there_is_one_attempt():
    with playing(scripted.server_error(), llm_max_retries=0) as played:
        with pytest.raises(ModelUnavailable, match="tried once"):
            played.ask()
        assert len(played.model.requests) == 1
        assert played.pauses == []


IN_NINE_SECONDS = format_datetime(NOW.replace(second=9), usegmt=True)


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": format_datetime(NOW.replace(year=2020), usegmt=True)}, 0.0),
        ({"retry-after": "soon"}, 1.0),
        ({"retry-after": "-5"}, 1.0),
        ({"retry-after": "nan"}, 1.0),
    ],
)
def test_the_server_says_how_long_to_wait(headers, pause):
    for status in (429, 503):
        with playing(in_turn(scripted.error(status, headers=headers), then=well(FINE))) as played:
            played.ask()
        assert played.pauses == [pause]


def test_a_date_counts_from_the_clock_of_the_server():
    wrong_clock = NOW.replace(year=2031)
    headers = {"retry-after": IN_NINE_SECONDS, "date": format_datetime(NOW, usegmt=True)}
    assert retry_after(headers, wrong_clock) == 9.0
    assert retry_after({"retry-after": IN_NINE_SECONDS}, NOW) == 9.0


def test_a_pause_as_long_as_allowed_is_made():
    with playing(in_turn(scripted.rate_limited(60), then=well(FINE)), jitter=1.0) as played:
        played.ask()
        assert played.pauses == [60]


def test_a_longer_pause_ends_it_at_once_and_is_named():
    with playing(scripted.rate_limited(3600)) as played:
        with pytest.raises(ModelUnavailable, match=r"a pause of 3,600 seconds.*LLM_MAX_RETRY_WAIT_SECONDS"):
            played.ask()
        assert len(played.model.requests) == 1
        assert played.pauses == []


def test_a_server_that_is_not_there_is_named():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://user:geheim@127.0.0.1:{taken.getsockname()[1]}/v1"
        client = ChatClient.connect(model_settings(url, llm_max_retries=1), sleep=lambda seconds: None)
        with pytest.raises(ModelUnavailable, match=r"127\.0\.0\.1:\d+ cannot be reached.*LLM_CHAT_API_URL") as caught:
            client.ask(prompt(), "json_schema")
    assert "geheim" not in everything_said_by(caught.value)


def test_a_slow_server_is_given_up_after_the_time_out():
    with playing(scripted.slow(30), llm_timeout_seconds=0.2, llm_max_retries=1) as played:
        begun = time.monotonic()
        with pytest.raises(ModelUnavailable, match=r"within 0\.2 seconds.*LLM_TIMEOUT_SECONDS"):
            played.ask()
        assert time.monotonic() - begun < 3
        assert len(played.model.requests) == 2


def test_a_server_that_keeps_the_line_alive_without_an_answer_is_given_up_too():
    with playing(scripted.dripping(0.3), llm_timeout_seconds=0.5, llm_max_retries=0) as played:
        begun = time.monotonic()
        with pytest.raises(ModelUnavailable, match="LLM_TIMEOUT_SECONDS"):
            played.ask()
        assert time.monotonic() - begun < 2.5


def test_blanks_in_front_of_an_answer_are_nothing():
    with playing(scripted.dripping(0.01, well(FINE))) as played:
        assert json.loads(played.ask().text) == FINE


FOR_GOOD = {
    "a wrong key": (scripted.unauthorised(401), "LLM_CHAT_API_KEY"),
    "a key without permission": (scripted.error(403, "forbidden"), "LLM_CHAT_API_KEY"),
    "no credit, as OpenRouter says it": (scripted.quota(402), "credit"),
    "no quota, as OpenAI says it": (scripted.quota(429), "credit"),
    "no credit, as others say it": (scripted.error(400, None, "Your credit balance is too low to access the API."), "credit"),
    "no such model": (scripted.unknown_model(), "model scripted.*LLM_CHAT_MODEL"),
    "no such model, as OpenRouter says it": (scripted.error(400, 400, "foo is not a valid model ID"), "LLM_CHAT_MODEL"),
    "no such model, as Ollama says it": (scripted.error(404, None, 'model "x" not found, try pulling it'), "LLM_CHAT_MODEL"),
    "nothing at this address": (scripted.error(404), "LLM_CHAT_API_URL"),
    "an invalid request": (scripted.error(400, "invalid_request_error", SECRET), 'HTTP 400, "invalid_request_error"'),
    "an unprocessable request": (scripted.error(422, None, SECRET), "HTTP 422"),
    "too many tokens for an answer": (
        scripted.error(400, "invalid_value", "max_tokens is too large: 1000.", param="max_tokens"), "LLM_MAX_OUTPUT_TOKENS",
    ),
    "less room than an answer may take": (scripted.context_exceeded(1024), "LLM_MAX_OUTPUT_TOKENS"),
    "a web page": (scripted.web_page(), "text/html.*LLM_CHAT_API_URL"),
    "a stream": (scripted.event_stream(), "text/event-stream.*LLM_CHAT_API_URL"),
    "no credit, within 200": (scripted.error_within(402), "credit"),
    "an account that is flagged": (scripted.error(403, None, "Your account has been flagged for abuse."), "LLM_CHAT_API_KEY"),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "named"), FOR_GOOD.values(), ids=FOR_GOOD)
def test_what_no_retry_can_mend_is_not_retried_and_names_the_remedy(reply, named):
    with playing(reply) as played:
        with pytest.raises(ModelUnavailable, match=named):
            played.ask()
        assert len(played.model.requests) == 1
        assert played.pauses == []


OF_THIS_INPUT = {
    "a refusal": (scripted.refusal(), "refused"),
    "a filtered answer": (scripted.content_filter(), "refused"),
    "a filter by another name": (Reply("{}", finish_reason="SAFETY"), "refused"),
    "an input against the content policy": (scripted.content_policy(), "refused"),
    "an input that Azure filters": (
        scripted.error(400, "content_filter", "x", innererror={"code": "ResponsibleAIPolicyViolation"}), "refused",
    ),
    "an input that OpenRouter's moderation flags": (
        scripted.error(403, 403, "x", metadata={"reasons": ["violence"], "flagged_input": SECRET}), "refused",
    ),
    "a refusal as an error": (scripted.error_within(403, metadata={"error_type": "refusal"}), "refused"),
    "an answer that is cut off": (scripted.too_long(), "too_long"),
    "an answer that is cut off, by another name": (Reply("{}", finish_reason="MAX_TOKENS"), "too_long"),
    "an input beyond the context": (scripted.context_exceeded(), "too_long"),
    "an input beyond the context, by words alone": (
        scripted.error(400, None, "This model's maximum context length is 8192 tokens."), "too_long",
    ),
    "an input beyond what the server takes": (Reply(status=413, raw=b"Payload Too Large"), "too_long"),
    "a request too large for the rate": (scripted.error(429, "rate_limit_exceeded", "Request too large for m."), "too_long"),
    "an empty answer": (scripted.empty(), "invalid"),
    "blanks": (Reply(" \n\t"), "invalid"),
    "no choice": (scripted.no_choices(), "invalid"),
    "no content": (Reply(None), "invalid"),
    "a server that finds its model's JSON invalid": (
        scripted.error(400, "json_validate_failed", "x", failed_generation=SECRET), "invalid",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("reply", "reason"), OF_THIS_INPUT.values(), ids=OF_THIS_INPUT)
def test_what_concerns_this_input_is_not_retried_and_says_why(reply, reason):
    with playing(reply) as played:
        with pytest.raises(AnswerUnusable) as caught:
            played.ask()
        assert caught.value.reason == reason
        assert len(played.model.requests) == 1


@pytest.mark.parametrize(
    "reply", [scripted.refusal(), scripted.too_long(), scripted.content_filter(), scripted.empty()]
)
def test_what_an_unusable_answer_cost_is_known(reply):
    with playing(reply) as played, pytest.raises(AnswerUnusable) as caught:
        played.ask()
    assert caught.value.answer.usage.tokens_in == played.model.requests[0].tokens


def test_an_input_that_the_server_did_not_read_cost_nothing():
    with playing(scripted.context_exceeded()) as played, pytest.raises(AnswerUnusable) as caught:
        played.ask()
    assert caught.value.answer is None


UNSUPPORTED = {
    "by its name": scripted.error(400, None, "response_format is not supported", param="response_format"),
    "by parameter": scripted.error(400, "unsupported_parameter", "x", param="response_format.json_schema"),
    "an invalid schema": scripted.error(
        400, None, "Invalid schema for response_format 'facts'", param="response_format"
    ),
    "LM Studio": scripted.error(400, None, "'response_format.type' must be 'json_schema' or 'text'"),
    "a list of complaints": Reply(
        status=422,
        raw=json.dumps({"detail": [{"loc": ["body", "response_format", "type"], "msg": "not allowed"}]}).encode(),
    ),
    "a grammar that does not compile": scripted.error(500, None, "failed to compile grammar"),
    "no upstream that can": scripted.error(404, 404, "No endpoints found that support structured outputs"),
}


@pytest.mark.parametrize("reply", UNSUPPORTED.values(), ids=UNSUPPORTED)
@pytest.mark.parametrize("mode", ["json_schema", "json_object"])
def test_a_server_that_does_not_take_the_response_format_is_told_apart(reply, mode):
    with playing(reply) as played:
        with pytest.raises(StructuredOutputUnsupported):
            played.ask(structured=mode)
        assert len(played.model.requests) == 1


def test_a_server_that_takes_no_schema_answers_without():
    with playing(scripted.no_json_schema_support(well(FINE), ("json_schema", "json_object"))) as played:
        for mode in ("json_schema", "json_object"):
            with pytest.raises(StructuredOutputUnsupported):
                played.ask(structured=mode)
        assert json.loads(played.ask(structured="none").text) == FINE


def test_a_model_with_other_parameters_is_asked_with_those_and_it_is_remembered():
    def reasoning_model(request):
        if "max_tokens" in request.body:
            message = "Unsupported parameter: 'max_tokens' is not supported with this model."
            return scripted.error(400, "unsupported_parameter", message, param="max_tokens")
        if "temperature" in request.body:
            message = "Unsupported value: 'temperature' does not support 0.0 with this model."
            return scripted.error(400, "unsupported_value", message, param="temperature")
        return well(FINE)

    with playing(reasoning_model) as played:
        played.ask()
        played.ask()
        bodies = [request.body for request in played.model.requests]
    assert len(bodies) == 4
    assert bodies[3]["max_completion_tokens"] == 1000
    assert not {"max_tokens", "temperature"} & set(bodies[3])
    assert played.pauses == []


def test_a_parameter_refused_in_every_form_ends_it():
    refused = scripted.error(400, "unsupported_parameter", "x", param="max_tokens")
    with playing(refused) as played:
        with pytest.raises(ModelUnavailable, match="max_tokens"):
            played.ask()
        assert len(played.model.requests) == 2


IN_A_BATCH = {
    **OF_THIS_INPUT,
    "one that passes": (scripted.rate_limited(9), None),
    "no credit": (scripted.quota(), None),
}


@pytest.mark.parametrize(("reply", "reason"), IN_A_BATCH.values(), ids=IN_A_BATCH)
def test_a_line_of_a_batch_means_what_the_same_reply_means_at_once(reply, reason):
    raw = reply.body(Request(request_body(prompt(), "json_schema")))
    body = json.loads(raw) if raw.startswith(b"{") else raw.decode()
    with pytest.raises((AnswerUnusable, ModelUnavailable)) as caught:
        answer_in_batch(reply.status, body, prompt(), "json_schema", "host")
    assert getattr(caught.value, "reason", None) == reason
    assert SECRET not in everything_said_by(caught.value)


def test_the_answer_in_a_line_of_a_batch_is_the_one_that_comes_at_once():
    asked = prompt()
    with playing(well(FINE, cost=0.5)) as played:
        at_once = played.ask(asked)
    body = well(FINE, cost=0.5).completion(Request(request_body(asked, "json_schema")))
    assert answer_in_batch(200, body, asked, "json_schema", "host") == replace(at_once, latency_seconds=0.0)


def test_an_answer_of_fifty_thousand_words_is_read_where_so_much_was_asked_for():
    with playing(scripted.long_answer()) as played:
        assert len(played.ask(prompt(max_output_tokens=100_000)).text.split()) > 50_000


def test_an_answer_far_beyond_what_was_asked_for_is_not_read_to_its_end():
    with playing(scripted.long_answer(1_000_000)) as played:
        begun = time.monotonic()
        with pytest.raises(AnswerUnusable) as caught:
            played.ask(prompt(max_output_tokens=1000))
    assert time.monotonic() - begun < 3
    assert caught.value.reason == "too_long"
    assert caught.value.answer.usage.estimated
    assert caught.value.answer.usage.tokens_out > 1000


def test_several_threads_ask_at_once():
    together = threading.Barrier(6, timeout=10)

    def script(request):
        together.wait()
        return well({"facts": [], "said": request.material})

    with playing(script, llm_timeout_seconds=20) as played, ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda n: played.ask(prompt(f"talk {n}")), range(6)))
    assert [json.loads(answer.text)["said"] for answer in answers] == [f"talk {n}" for n in range(6)]
    assert played.model.most_at_once == 6


@pytest.mark.parametrize(
    "reply",
    [
        scripted.error(400, None, f"invalid message: {SECRET}"),
        scripted.error(500, None, f"crashed on {SECRET}"),
        scripted.error(429, None, f"slow down with {SECRET}"),
        scripted.error(400, SECRET, SECRET),
        scripted.error(400, "content_filter", SECRET),
        scripted.error_within(502, SECRET),
        Reply(raw=SECRET.encode()),
        Reply(f'{{"facts": "{SECRET}', finish_reason="length"),
        Reply(None, refusal=SECRET),
        scripted.cut_body({"facts": [SECRET]}),
        scripted.reset(),
        scripted.no_json_schema_support(well({})),
        well({"facts": [SECRET]}),
    ],
    ids=range(13),
)
def test_what_people_said_is_in_no_error_and_in_no_log(reply, caplog):
    caplog.set_level(logging.DEBUG)
    with playing(reply, llm_max_retries=1) as played:
        try:
            played.ask()
        except (ModelUnavailable, AnswerUnusable, StructuredOutputUnsupported) as error:
            assert SECRET not in everything_said_by(error)
            assert "key-1" not in everything_said_by(error)
    assert played.model.requests
    for record in caplog.records:
        assert SECRET not in record.getMessage()
        assert "key-1" not in record.getMessage()
