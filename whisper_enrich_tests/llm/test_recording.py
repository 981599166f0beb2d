"""Answers kept as files, and answered from files."""

from __future__ import annotations

import json
import os
from decimal import Decimal

import pytest

from whisper_enrich.errors import AnswerUnusable, ConfigurationError, ModelUnavailable
from whisper_enrich.llm.client import ChatClient
from whisper_enrich.llm.recording import Recorder, Replayer, connect, recording_key
from whisper_enrich_tests import scripted_model as scripted
from whisper_enrich_tests.llm.model_builders import SECRET, model_settings, playing, prompt
from whisper_enrich_tests.scripted_model import in_turn, well

CORRECTION = ('{"facts": 1}', "facts is no list")


def test_a_replayed_answer_is_the_recorded_one(tmp_path):
    reply = well({"facts": ["é"]}, cost=0.25, prompt_tokens_details={"cached_tokens": 3})
    with playing(reply) as played:
        recorded = Recorder(played.client, tmp_path).ask(prompt(), "json_schema")
    assert Replayer(tmp_path).ask(prompt(), "none") == recorded
    assert recorded.usage.cost == Decimal("0.25")


def test_estimates_stay_estimates(tmp_path):
    with playing(scripted.no_usage({})) as played:
        Recorder(played.client, tmp_path).ask(prompt(), "json_schema")
    assert Replayer(tmp_path).ask(prompt(), "json_schema").usage.estimated


def test_a_correction_has_a_recording_of_its_own(tmp_path):
    with playing(in_turn(well({"n": 1}), then=well({"n": 2}))) as played:
        recorder = Recorder(played.client, tmp_path)
        recorder.ask(prompt(), "json_schema")
        recorder.ask(prompt(), "json_schema", CORRECTION)
    replayer = Replayer(tmp_path)
    assert json.loads(replayer.ask(prompt(), "json_schema").text) == {"n": 1}
    assert json.loads(replayer.ask(prompt(), "json_schema", CORRECTION).text) == {"n": 2}
    with pytest.raises(ModelUnavailable):
        replayer.ask(prompt(), "json_schema", (CORRECTION[0], "another complaint"))


def test_keys_differ_with_the_question_and_the_complaint():
    keys = {
        recording_key(prompt()),
        recording_key(prompt("other")),
        recording_key(prompt(), CORRECTION),
        recording_key(prompt(), (CORRECTION[0] + CORRECTION[1], "")),
        recording_key(prompt("other"), CORRECTION),
    }
    assert len(keys) == 5
    assert recording_key(prompt()) == prompt().key


@pytest.mark.parametrize(
    "reply", [scripted.refusal(), scripted.too_long(), scripted.empty(), scripted.content_policy()]
)
def test_that_there_was_no_usable_answer_is_replayed_as_such(tmp_path, reply):
    with playing(reply) as played, pytest.raises(AnswerUnusable) as recorded:
        Recorder(played.client, tmp_path).ask(prompt(), "json_schema")
    with pytest.raises(AnswerUnusable) as replayed:
        Replayer(tmp_path).ask(prompt(), "json_schema")
    assert (replayed.value.reason, str(replayed.value)) == (recorded.value.reason, str(recorded.value))
    assert replayed.value.answer == recorded.value.answer


def test_a_failure_of_the_provider_is_not_recorded(tmp_path):
    with playing(scripted.quota()) as played, pytest.raises(ModelUnavailable):
        Recorder(played.client, tmp_path).ask(prompt(), "json_schema")
    assert list(tmp_path.iterdir()) == []


def test_what_is_not_recorded_is_named_with_folder_and_remedy(tmp_path):
    with pytest.raises(ModelUnavailable, match="LLM_RECORDING=record") as caught:
        Replayer(tmp_path).ask(prompt(), "json_schema")
    assert str(tmp_path) in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"purpose": "facts"}', b"\xff\xfe"])
def test_a_file_that_is_no_recording_is_named(tmp_path, content):
    (tmp_path / f"{prompt().key}.json").write_bytes(content)
    with pytest.raises(ModelUnavailable, match=f"{prompt().key}.json cannot be read"):
        Replayer(tmp_path).ask(prompt(), "json_schema")


def test_a_recording_holds_the_answer_and_not_the_question(tmp_path):
    with playing(well({"facts": []})) as played:
        Recorder(played.client, tmp_path).ask(prompt(), "json_schema")
    (file,) = tmp_path.iterdir()
    kept = json.loads(file.read_text())
    assert file.name == f"{prompt().key}.json"
    assert SECRET not in file.read_text()
    assert (kept["purpose"], kept["version"], kept["model"], kept["corrects"]) == ("facts", "v1", "scripted", False)


def test_a_write_that_fails_leaves_the_earlier_recording_and_nothing_else(tmp_path, monkeypatch):
    with playing(in_turn(well({"n": 1}), then=well({"n": 2}))) as played:
        recorder = Recorder(played.client, tmp_path)
        recorder.ask(prompt(), "json_schema")
        monkeypatch.setattr(os, "fsync", lambda number: (_ for _ in ()).throw(OSError("disk full")))
        with pytest.raises(OSError, match="disk full"):
            recorder.ask(prompt(), "json_schema")
    assert [file.name for file in tmp_path.iterdir()] == [f"{prompt().key}.json"]
    assert json.loads(Replayer(tmp_path).ask(prompt(), "json_schema").text) == {"n": 1}


def test_a_later_recording_replaces_the_earlier(tmp_path):
    with playing(in_turn(well({"n": 1}), then=well({"n": 2}))) as played:
        recorder = Recorder(played.client, tmp_path)
        recorder.ask(prompt(), "json_schema")
        recorder.ask(prompt(), "json_schema")
    assert json.loads(Replayer(tmp_path).ask(prompt(), "json_schema").text) == {"n": 2}


def test_a_folder_that_cannot_be_written_to_is_named_before_anything_is_asked(tmp_path):
    (tmp_path / "file").write_text("")
    with playing(well({})) as played:
        with pytest.raises(ConfigurationError, match="LLM_RECORDINGS"):
            Recorder(played.client, tmp_path / "file" / "folder")
        assert played.model.requests == []


def test_the_settings_say_who_answers(tmp_path):
    with playing(well({"facts": []})) as played:
        url = played.model.url
        kinds = {
            mode: connect(model_settings(url, llm_recording=mode, llm_recordings=tmp_path))
            for mode in ("off", "record", "replay")
        }
        assert {mode: type(kind) for mode, kind in kinds.items()} == {
            "off": ChatClient, "record": Recorder, "replay": Replayer,
        }  # fmt: skip
        kinds["off"].ask(prompt(), "json_schema")
        with pytest.raises(ModelUnavailable):
            kinds["replay"].ask(prompt(), "json_schema")
        kinds["record"].ask(prompt(), "json_schema")
        kinds["replay"].ask(prompt(), "json_schema")
        assert len(played.model.requests) == 2
