"""`enrich --batch` hands work in, `batches` shows and collects it."""

import pytest

from whisper_enrich_tests.cli.conftest import YESTERDAY, talk, write_lines
from whisper_enrich_tests.scripted_model import ScriptedModel


@pytest.fixture(scope="module", autouse=True)
def _loaded(cli, tmp_path_factory):
    path = write_lines(tmp_path_factory.mktemp("files") / "talk.jsonl", talk("elena") + talk("marcus"))
    assert cli("load", path).code == 0


def variables(model):
    return {"LLM_CHAT_API_URL": model.url, "LLM_CHAT_API_KEY": "k", "LLM_CHAT_MODEL": "scripted"}


def test_the_extractive_engine_has_nothing_to_hand_in(cli):
    assert "the engine in use is the extractive one" in cli("enrich", "--batch").error
    assert "the engine in use is the extractive one" in cli("batches", "--collect").error


def test_without_any_batch_it_says_how_to_hand_one_in(cli):
    assert "No batch has been handed in. `whisper-enrich enrich --batch` does." in cli("batches").out


def test_an_endpoint_without_batches_is_told_in_one_line(cli):
    with ScriptedModel(batches=False) as model:
        assert "offers no batches" in cli("enrich", "--batch", **variables(model)).error


def test_handed_in_collected_and_applied(cli):
    with ScriptedModel() as model:
        handed_in = cli("enrich", "--batch", "--bot", "elena", "--from", YESTERDAY, **variables(model))
        assert handed_in.code == 0, handed_in.err
        assert "elena: batch " in handed_in.out
        assert ": 1 requests, about " in handed_in.out
        assert "whisper-enrich batches --collect" in handed_in.out
        again = cli("enrich", "--batch", "--bot", "elena", **variables(model))
        assert "Nothing to hand in" in again.out
        assert "submitted" in cli("batches").out
        collected = cli("batches", "--collect", **variables(model))
        assert "is collected: 1 answers, 0 requests without any." in collected.out
        assert "Next: whisper-enrich enrich" in collected.out
        applied = cli("enrich", "--bot", "elena", **variables(model))
        assert applied.code == 0, applied.err
        assert [request for request in model.requests if request.batch is None] == []
    assert "lives in Lisbon" in cli("fact", "list", "--bot", "elena", "--user", "ana").out
    assert "collected" in cli("batches").out
