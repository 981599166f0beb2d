"""`load`: files into the message store."""

import json
from pathlib import Path

import pytest

from whisper_enrich_tests.cli.conftest import line, talk, write_lines

LOCOMO = Path(__file__).resolve().parents[3] / "shared" / "data" / "locomo"


def test_a_file_is_loaded_and_loading_it_again_adds_nothing(cli, tmp_path):
    path = write_lines(tmp_path / "talk.jsonl", talk())
    first = cli("load", path)
    assert first.code == 0
    assert "talk.jsonl: 6 new points for bot 'elena', 0 were there already." in first.out
    assert "Next: whisper-enrich enrich" in first.out
    assert "0 new points for bot 'elena', 6 were there already." in cli("load", path).out


def test_several_files_and_several_bots_in_one_file(cli, tmp_path):
    one = write_lines(tmp_path / "one.jsonl", talk("ada") + talk("bea"))
    two = write_lines(tmp_path / "two.jsonl", talk("cleo"))
    out = cli("load", one, two).out
    assert "one.jsonl: 6 new points for bot 'ada'" in out
    assert "one.jsonl: 6 new points for bot 'bea'" in out
    assert "two.jsonl: 6 new points for bot 'cleo'" in out


def test_a_file_that_is_broken_at_line_17_loads_nothing_and_names_the_line(cli, tmp_path):
    lines = [line(f"I counted to {i}.", bot="dora", minute=i) for i in range(20)]
    path = write_lines(tmp_path / "broken.jsonl", lines)
    rows = path.read_text().splitlines()
    rows[16] = rows[16][:-5]
    path.write_text("\n".join(rows))
    error = cli("load", path).error
    assert "broken.jsonl, line 17" in error
    assert "counted" not in error
    assert "'dora'" in cli("enrich", "--bot", "dora").error


@pytest.mark.parametrize(
    ("change", "phrase"),
    [
        ({"at": "yesterday"}, "line 1"),
        ({"speaker": "narrator"}, "line 1"),
        ({"chanel": "dm"}, "chanel"),
        ({"text": None}, "line 1"),
    ],
)
def test_a_line_that_does_not_fit_the_form_is_named(cli, tmp_path, change, phrase):
    path = tmp_path / "odd.jsonl"
    path.write_text(json.dumps(line("I sleep well.", bot="dora") | change))
    assert phrase in cli("load", path).error


def test_a_file_that_is_not_there_or_is_none(cli, tmp_path):
    assert "nowhere.jsonl cannot be read: No such file or directory" in cli("load", tmp_path / "nowhere.jsonl").error
    assert "Is a directory" in cli("load", tmp_path).error
    (tmp_path / "empty.jsonl").write_text("")
    assert "holds no message" in cli("load", tmp_path / "empty.jsonl").error


def test_what_was_not_loaded_is_said(cli, tmp_path):
    path = write_lines(tmp_path / "twice.jsonl", [*talk("emil"), talk("emil")[0]])
    answer = cli("load", path)
    assert answer.code == 0
    assert "6 new points" in answer.out
    assert answer.err == "Note: twice.jsonl: not loaded: repeated line (1).\n"


@pytest.mark.skipif(not LOCOMO.is_dir(), reason="no evaluation data at ../shared/data/locomo")
def test_a_locomo_conversation_is_loaded_once_from_each_side(cli):
    path = min(LOCOMO.glob("*.json"))
    answer = cli("load", path)
    assert answer.code == 0
    assert answer.out.count("new points for bot") == 2
    assert "not loaded: " in answer.err
