"""The format of a file is told by its content."""

import json

import pytest

from whisper_enrich.errors import InputError
from whisper_enrich.loading.files import Format, detect, read_file

MESSAGE = {"bot": "elena", "user": "u", "speaker": "user", "at": "2026-01-05T06:41:10", "text": "hi"}
LOCOMO = {
    "conversation": {
        "speaker_a": "A",
        "speaker_b": "B",
        "session_1_date_time": "1:56 pm on 8 May, 2023",
        "session_1": [{"speaker": "A", "dia_id": "D1:1", "text": "hi"}],
    }
}


def file_of(folder, content):
    path = folder / "file.txt"
    path.write_text(content, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (json.dumps(MESSAGE), Format.JSONL),
        ("\n\n" + json.dumps(MESSAGE) + "\n" + json.dumps(MESSAGE), Format.JSONL),
        (json.dumps(MESSAGE, indent=1), Format.JSONL),
        ("", Format.JSONL),
        ("not json\n", Format.JSONL),
        (json.dumps(MESSAGE)[:-1] + "\n" + json.dumps(MESSAGE), Format.JSONL),
        (json.dumps(LOCOMO), Format.LOCOMO),
        (json.dumps(LOCOMO, indent=2), Format.LOCOMO),
        ("\ufeff" + json.dumps([LOCOMO], indent=2), Format.LOCOMO),
        ("[]", Format.JSONL),
    ],
)
def test_the_content_decides(tmp_path, content, expected):
    assert detect(file_of(tmp_path, content)) is expected


def test_a_file_is_read_in_its_format(tmp_path):
    assert read_file(file_of(tmp_path, json.dumps(MESSAGE))).counts == {"elena": 1}
    assert read_file(file_of(tmp_path, json.dumps(LOCOMO)), "b").counts == {"locomo_file_a": 1}


def test_a_file_that_is_broken_is_reported_as_jsonl_with_its_line(tmp_path):
    with pytest.raises(InputError, match="line 2: it is no JSON"):
        read_file(file_of(tmp_path, json.dumps(MESSAGE) + "\n{"))


def test_a_file_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"absent\.json cannot be read: No such file"):
        read_file(tmp_path / "absent.json")
