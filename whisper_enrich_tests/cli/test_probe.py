"""`doctor` and the language model."""

from __future__ import annotations

import pytest

from whisper_enrich_tests import scripted_model as scripted
from whisper_enrich_tests.cli.conftest import Cli
from whisper_enrich_tests.scripted_model import ScriptedModel, sensible, well


@pytest.fixture
def doctor(cli: Cli):
    """`doctor --probe-model` in front of a script."""

    def asked(script, *args, **env):
        with ScriptedModel(script) as model:
            variables = {"LLM_CHAT_API_URL": model.url, "LLM_CHAT_API_KEY": "geheim-1", "LLM_CHAT_MODEL": "m-1"} | env
            return cli("doctor", *args, **variables), model.requests

    return asked


def test_without_a_model_doctor_names_the_engine_and_why(cli):
    answer = cli("doctor")
    assert answer.code == 0
    assert "Engine: extractive (no API key for a model is set)" in answer.out
    assert "LLM_" not in answer.out


def test_an_engine_that_was_chosen_is_named_as_chosen(cli):
    answer = cli("doctor", ENRICHMENT_ENGINE="extractive", LLM_CHAT_API_KEY="geheim-1")
    assert "Engine: extractive (ENRICHMENT_ENGINE)" in answer.out


def test_with_a_model_doctor_shows_its_settings_without_secrets_and_asks_nothing(doctor):
    answer, requests = doctor(sensible, OPENROUTER_API_KEY="geheim-2")
    assert answer.code == 0
    assert requests == []
    assert "Engine: language model, m-1 for facts and summaries" in answer.out
    for shown in ("LLM_CHAT_MODEL", "LLM_TEMPERATURE", "LLM_CONCURRENCY", "ENRICHMENT_PII", "SUMMARY_MAX_WORDS"):
        assert shown in answer.out
    assert "LLM_BUDGET_COST_PER_DAY" not in answer.out
    assert "geheim" not in answer.out + answer.err


def test_a_password_in_the_address_is_not_shown(doctor):
    answer, _ = doctor(sensible, LLM_CHAT_API_URL="https://ana:geheim@llm.example.org/v1")
    assert "llm.example.org/v1" in answer.out
    assert "geheim" not in answer.out + answer.err


def test_the_price_table_can_be_read(doctor):
    answer, _ = doctor(sensible, LLM_PRICES='{"m-1": {"in": 0.15, "out": 0.6}}')
    assert "m-1: " in answer.out
    assert "0.15" in answer.out


def test_the_probe_makes_one_small_call_and_tells_what_came(doctor):
    reply = scripted.by_another_model({"ok": True}, "m-1-2026")
    answer, requests = doctor(reply, "--probe-model")
    assert answer.code == 0, answer.err
    assert len(requests) == 1
    assert requests[0].tokens < 50
    assert "Model m-1: answered as m-1-2026 in 0." in answer.out
    assert f"{requests[0].tokens} tokens in, " in answer.out
    assert "takes a JSON schema" in answer.out


def test_the_probe_tells_the_cost_where_the_provider_does(doctor):
    answer, _ = doctor(well({"ok": True}, cost=0.000042), "--probe-model")
    assert "$0.000042" in answer.out


def test_both_models_are_asked_where_there_are_two(doctor):
    answer, requests = doctor(sensible, "--probe-model", LLM_FACT_EXTRACTION_MODEL="m-2")
    assert [request.body["model"] for request in requests] == ["m-1", "m-2"]
    assert "m-1 for summaries, m-2 for facts" in answer.out


@pytest.mark.parametrize(
    ("refused", "said"),
    [(("json_schema",), "but JSON mode"), (("json_schema", "json_object"), "JSON is asked for in words")],
)
def test_the_probe_finds_out_how_json_can_be_asked_for(doctor, refused, said):
    answer, requests = doctor(scripted.no_json_schema_support(sensible, refused), "--probe-model")
    assert answer.code == 0, answer.err
    assert len(requests) == len(refused) + 1
    assert said in answer.out


@pytest.mark.parametrize(
    ("script", "phrase"),
    [
        (scripted.unauthorised(), "LLM_CHAT_API_KEY"),
        (scripted.unknown_model(), "LLM_CHAT_MODEL"),
        (scripted.quota(), "credit"),
        (scripted.refusal(), "refused"),
        (scripted.wrong_schema(), "not with the JSON"),
        (scripted.said("Yes, I am here!"), "not with the JSON"),
        (well({"ok": False}), "did not"),
        (scripted.web_page(), "LLM_CHAT_API_URL"),
        (scripted.server_error(), "tried once"),
    ],
    ids=str,
)
def test_a_probe_that_fails_is_one_plain_line_and_an_exit_code(doctor, script, phrase):
    answer, _ = doctor(script, "--probe-model", LLM_MAX_RETRIES=0)
    assert phrase in answer.error
    assert answer.code == 1
    assert "geheim" not in answer.out + answer.err


def test_a_probe_without_a_model_says_what_to_set(cli):
    assert "LLM_CHAT_MODEL" in cli("doctor", "--probe-model").error


def test_an_address_that_is_none_fails_the_probe_alone(doctor):
    assert doctor(sensible, LLM_CHAT_API_URL="llm.example.org/v1")[0].code == 0
    assert "LLM_CHAT_API_URL" in doctor(sensible, "--probe-model", LLM_CHAT_API_URL="llm.example.org/v1")[0].error
