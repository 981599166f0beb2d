"""The tests' own model: what it says is what a good one could say, and its batches behave like those of a provider."""

from __future__ import annotations

import json
from datetime import timedelta

import openai
import pytest

from whisper_enrich.asking.questions import (
    Talk,
    question,
    read_combined,
    read_digest,
    read_facts,
    read_summary,
    reduce_question,
)
from whisper_enrich.facts.grounding import ground
from whisper_enrich.llm.client import connected
from whisper_enrich.llm.request import MODES, request_body
from whisper_enrich.llm.structured import read_json
from whisper_enrich.llm.transcript import Chunk
from whisper_enrich.llm.types import Prompt, Purpose
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.summaries import faithful
from whisper_enrich.summaries.asked import Stretch, length_for
from whisper_enrich_tests import scripted_model as scripted
from whisper_enrich_tests.builders import at
from whisper_enrich_tests.llm.model_builders import model_settings, playing, prompt
from whisper_enrich_tests.scripted_model import Request, ScriptedModel, sensible, well

SETTINGS = model_settings("http://localhost:1/v1")
TALK = (
    "I live in Lisbon. It rains a lot here.", "Lovely! Since when?", "I work as a nurse.", "That must be demanding.",
    "I love storks.", "They are tall.", "I visited the botanical garden yesterday.", "How was it?", "Quiet and green.",
)  # fmt: skip


def chunk(lines=TALK) -> Chunk:
    messages = tuple(
        Message(
            "elena", f"p{i}", Speaker.BOT if i % 2 else Speaker.USER, "ana",
            at("2026-03-18 09:00") + timedelta(minutes=i), text, Scope.SHARED, f"h{i}",
        )
        for i, text in enumerate(lines)
    )  # fmt: skip
    return Talk("elena", "Elena", "ana", "Ana").chunk(messages)


def answered(asked: Prompt, script=sensible, mode: str = "json_schema"):
    """What a script answers to a prompt."""
    return read_json(script(Request(request_body(asked, mode))).content)


@pytest.mark.parametrize("mode", MODES)
def test_sensible_facts_are_valid_and_grounded(mode):
    talk = chunk()
    put = question(Purpose.FACTS, talk, SETTINGS, "run-1")
    part = read_facts(answered(put.prompt, mode=mode))
    grounding = ground(part, talk, rule="test", unmask=put.mask.unmask)
    found = {(a.attribute, a.value) for e in grounding.extractions.values() for a in e.assertions}
    assert not grounding.rejected
    assert {("lives_in", "lisbon"), ("works_as", "nurse"), ("likes", "storks")} < found
    assert len(found) == 4


@pytest.mark.parametrize("mode", MODES)
def test_sensible_summaries_are_valid_and_faithful(mode):
    talk = chunk()
    put = question(Purpose.SUMMARY, talk, SETTINGS, "run-1")
    part = read_summary(answered(put.prompt, mode=mode))
    assert faithful.check(part, talk, length_for(len(talk.messages), SETTINGS)) is None
    assert len(faithful.quotes_found(part, talk)) == 2


def test_a_sensible_summary_of_a_full_day_has_its_length():
    talk = chunk([f"{line} We talked about chapter {i}." for i, line in enumerate(TALK * 6)])
    part = read_summary(answered(question(Purpose.SUMMARY, talk, SETTINGS, "run-1").prompt))
    assert faithful.check(part, talk, length_for(len(talk.messages), SETTINGS)) is None
    assert 200 <= len(part.summary.split()) <= 300


@pytest.mark.parametrize("mode", MODES)
def test_a_combined_answer_is_both(mode):
    talk = chunk()
    combined = read_combined(answered(question(Purpose.COMBINED, talk, SETTINGS, "run-1").prompt, mode=mode))
    apart = (
        read_facts(answered(question(Purpose.FACTS, talk, SETTINGS, "run-1").prompt)),
        read_summary(answered(question(Purpose.SUMMARY, talk, SETTINGS, "run-1").prompt)),
    )
    assert (combined.facts, combined.summary) == (apart[0].facts, apart[1])


def test_a_sensible_reduction_tells_what_the_parts_tell():
    talk = chunk()
    part = read_summary(answered(question(Purpose.SUMMARY, talk, SETTINGS, "run-1").prompt))
    whole = reduce_question(talk, [Stretch(talk.messages, part, ())] * 2, SETTINGS, "run-1")
    digest = read_digest(answered(whole.prompt))
    assert faithful.check(digest, talk, length_for(len(talk.messages), SETTINGS)) is None
    assert "Lisbon" in digest.summary


def test_invented_quotes_are_valid_and_not_grounded():
    talk = chunk()
    part = read_facts(answered(question(Purpose.FACTS, talk, SETTINGS, "run-1").prompt, scripted.invented_quotes))
    assert set(ground(part, talk, rule="test", unmask=str).rejected) == {"quote_not_found"}


def test_answers_in_the_wrong_language_are_valid_and_found_out():
    talk = chunk()
    facts = read_facts(answered(question(Purpose.FACTS, talk, SETTINGS, "run-1").prompt, scripted.wrong_language))
    assert ground(facts, talk, rule="test", unmask=str).rejected.total() == len(facts.facts)
    part = read_summary(answered(question(Purpose.SUMMARY, talk, SETTINGS, "run-1").prompt, scripted.wrong_language))
    assert "language" in faithful.check(part, talk)


def test_scripts_can_be_told_by_turn_by_text_and_by_schema():
    script = scripted.in_turn(scripted.empty(), then=scripted.when("poison", scripted.refusal(), well({"ok": 1})))
    with playing(scripted.for_schema(sensible, facts=script)) as played:
        asked = [
            played.model.reply(Request(request_body(prompt(text), "json_schema"))) for text in ("a", "poison", "b")
        ]
    assert [reply.content for reply in asked] == ["", None, '{"ok": 1}']


@pytest.fixture
def provider():
    """A model with its files and batches, and the `openai` client for it."""

    def opened(script=sensible, **options):
        model = ScriptedModel(script, **options)
        model.__enter__()
        entered.append(model)
        return model, connected(model_settings(model.url))

    entered: list[ScriptedModel] = []
    yield opened
    for model in entered:
        model.__exit__(None, None, None)


def submit(client: openai.OpenAI, materials: list[str], **metadata: str):
    lines = [
        {"custom_id": f"q{i}", "method": "POST", "url": "/v1/chat/completions", "body": request_body(prompt(text), "json_schema")}
        for i, text in enumerate(materials)
    ]  # fmt: skip
    content = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines).encode()
    file = client.files.create(file=("requests.jsonl", content), purpose="batch")
    assert file.bytes == len(content)
    return client.batches.create(
        input_file_id=file.id, endpoint="/v1/chat/completions", completion_window="24h", metadata=metadata
    )


def results(client: openai.OpenAI, file_id: str) -> dict[str, dict]:
    lines = client.files.content(file_id).text.splitlines()
    return {entry["custom_id"]: entry for entry in map(json.loads, lines)}


def test_a_batch_is_uploaded_polled_and_collected(provider):
    model, client = provider(batch_polls=2)
    batch = submit(client, ["1 U 09:00: I live in Lisbon — ça va.", "1 U 09:00: Hello."], run="r1")
    assert batch.status == "validating"
    assert client.batches.retrieve(batch.id).status == "in_progress"
    assert model.requests == []
    done = client.batches.retrieve(batch.id)
    assert (done.status, done.request_counts.completed) == ("completed", 2)
    found = results(client, done.output_file_id)
    assert list(found) == ["q1", "q0"]
    answer = json.loads(found["q0"]["response"]["body"]["choices"][0]["message"]["content"])
    assert [fact["value"] for fact in answer["facts"]] == ["Lisbon"]
    assert {request.batch for request in model.requests} == {batch.id}
    client.batches.retrieve(batch.id)
    assert len(model.requests) == 2


def test_requests_of_a_batch_that_fail_stand_in_the_file_of_errors(provider):
    script = scripted.when(
        "bad", scripted.context_exceeded(), scripted.when("gone", scripted.reset(), well({"facts": []}))
    )
    _, client = provider(script)
    done = client.batches.retrieve(submit(client, ["good", "bad", "gone"]).id)
    assert set(results(client, done.output_file_id)) == {"q0"}
    failed = results(client, done.error_file_id)
    assert failed["q1"]["response"]["status_code"] == 400
    assert failed["q2"]["response"] is None


def test_a_batch_can_expire_half_way_or_fail_as_a_whole(provider):
    _, client = provider(well({"facts": []}), batch_ends_as="expired")
    done = client.batches.retrieve(submit(client, ["a", "b"]).id)
    assert done.status == "expired"
    assert set(results(client, done.output_file_id)) == {"q0"}
    assert results(client, done.error_file_id)["q1"]["error"]["code"] == "batch_expired"
    _, client = provider(batch_ends_as="failed")
    done = client.batches.retrieve(submit(client, ["a"]).id)
    assert (done.status, done.output_file_id) == ("failed", None)


def test_batches_are_listed_newest_first_with_their_metadata(provider):
    _, client = provider()
    made = [submit(client, ["a"], run=f"r{i}").id for i in range(3)]
    listed = list(client.batches.list(limit=2))
    assert [batch.id for batch in listed] == made[::-1]
    assert listed[0].metadata == {"run": "r2"}
    assert client.batches.cancel(made[0]).status == "cancelled"


def test_a_provider_may_have_no_batches(provider):
    _, client = provider(batches=False)
    with pytest.raises(openai.NotFoundError):
        client.files.create(file=("requests.jsonl", b"{}"), purpose="batch")


def test_a_gate_stands_in_front_of_files_and_batches(provider):
    closed = [True]
    _, client = provider(
        gate=lambda method, path: scripted.server_error(503) if closed[0] and "content" in path else None
    )
    done = client.batches.retrieve(submit(client, ["a"]).id)
    with pytest.raises(openai.InternalServerError):
        client.files.content(done.output_file_id)
    closed[0] = False
    assert "q0" in results(client, done.output_file_id)
