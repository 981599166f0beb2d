"""The client of the batch endpoint: what passes is tried again, what does not is said plainly."""

import pytest

from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.llm.batch_client import BatchClient, BatchesUnsupported
from whisper_enrich.settings import load_settings
from whisper_enrich_tests.scripted_model import (
    Reply,
    ScriptedModel,
    in_turn,
    rate_limited,
    refusal,
    reset,
    server_error,
    unauthorised,
    web_page,
    well,
    when,
)

BODY = {"model": "scripted", "messages": [{"role": "user", "content": "secret words"}]}


@pytest.fixture
def model():
    with ScriptedModel(well({"ok": True})) as served:
        yield served


@pytest.fixture
def pauses():
    return []


@pytest.fixture
def client(model, pauses):
    settings = load_settings(
        llm_chat_api_url=model.url, llm_chat_api_key="k", llm_chat_model="scripted", llm_max_retries=2,
        llm_timeout_seconds=5,
    )  # fmt: skip
    built = BatchClient.connect(settings, sleep=pauses.append, jitter=lambda: 0.0)
    yield built
    built.close()


def hand_in(client, *names, batch="b-1"):
    return client.create(batch, client.upload(batch, [(name, BODY) for name in names]))


def test_a_batch_is_found_by_our_id_and_its_results_by_theirs(client):
    other, ours = hand_in(client, "1", batch="b-0"), hand_in(client, "7", "8")
    assert client.find("b-1").provider_id == ours != other
    assert client.find("b-2") is None
    status = client.status(ours)
    assert (status.status, status.ended) == ("completed", True)
    lines = {line.custom_id: line for line in client.results(status)}
    assert set(lines) == {"7", "8"}
    assert (lines["7"].status, lines["7"].body["model"]) == (200, "scripted")


def test_a_request_that_was_never_answered_has_neither_status_nor_body(client, model):
    model.script = when("secret", reset(), well({}))
    (line,) = client.results(client.status(hand_in(client, "7")))
    assert (line.custom_id, line.status, line.body) == ("7", None, None)


def test_a_refusal_is_a_result_like_any_other(client, model):
    model.script = refusal()
    (line,) = client.results(client.status(hand_in(client, "7")))
    assert line.status == 200


def test_lines_that_are_no_results_are_passed_over(client, model):
    status = client.status(hand_in(client, "7"))
    model.gate = lambda method, path: (
        Reply(raw=b'nonsense\n[1]\n{"custom_id": 3}\n{"custom_id": "7", "response": {"status_code": "x"}}\n')
        if path.endswith("/content")
        else None
    )
    assert [(line.custom_id, line.status) for line in client.results(status)] == [("7", None)]


def test_a_batch_that_is_gone_has_no_status(client):
    assert client.status("batch_404") is None


@pytest.mark.parametrize("passing", [rate_limited(3), server_error(503), reset()], ids=["429", "503", "reset"])
def test_what_passes_is_tried_again(client, model, pauses, passing):
    replies = in_turn(passing, then=Reply())
    model.gate = lambda method, path: reply if (reply := replies(None)) != Reply() else None
    client.require()
    assert pauses == [3.0 if passing == rate_limited(3) else 1.0]


@pytest.mark.parametrize(
    ("reply", "error", "words"),
    [
        (unauthorised(), ModelUnavailable, "does not accept the API key"),
        (server_error(500), ModelUnavailable, "tried 3 times"),
        (server_error(404), BatchesUnsupported, "offers no batches"),
        (server_error(501), BatchesUnsupported, "without --batch"),
        (web_page(), BatchesUnsupported, "offers no batches"),
    ],
    ids=["401", "500", "404", "501", "page"],
)
def test_what_does_not_pass_is_one_plain_sentence_without_a_word_of_what_was_sent(client, model, reply, error, words):
    model.gate = lambda method, path: reply
    for act in (client.require, lambda: hand_in(client, "7"), lambda: client.find("b-1")):
        with pytest.raises(error) as caught:
            act()
        assert words in str(caught.value)
        assert "secret" not in str(caught.value)
        assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_files_that_cannot_be_removed_are_named_in_the_log(client, model, caplog):
    status = client.status(hand_in(client, "7"))
    model.gate = lambda method, path: server_error(501) if method == "DELETE" else None
    client.remove_files(status)
    assert status.output_file in caplog.text


def test_a_batch_can_be_called_off(client):
    provider_id = hand_in(client, "7")
    client.cancel(provider_id)
    assert client.status(provider_id).status == "cancelled"
