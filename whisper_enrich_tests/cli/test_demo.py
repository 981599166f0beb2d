"""`demo`, as a process of its own: from an empty folder to a readable result, again without work, and nothing left."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from whisper_enrich_tests.cli.conftest import Answer, cli_for
from whisper_enrich_tests.places import open_folder

BOTS = ("ines", "juno", "marlow")


def run_demo(home: Path) -> Answer:
    """`whisper-enrich demo` with a fresh interpreter."""
    environment = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    done = subprocess.run(
        [sys.executable, "-c", "from whisper_enrich.cli import main; main()", "demo"], capture_output=True, text=True,
        env={**environment, "WHISPER_ENRICH_HOME": str(home)}, timeout=100, check=False, cwd=home.parent,
    )  # fmt: skip
    return Answer(done.returncode, done.stdout, done.stderr)


def processes_of(home: Path) -> list[str]:
    """Command lines of processes that work in this folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        if str(home) in line:
            found.append(line)
    return found


@pytest.fixture(scope="module")
def folder():
    with open_folder() as parent:
        yield parent / "state"


@pytest.fixture(scope="module")
def first(folder):
    answer = run_demo(folder)
    return answer, processes_of(folder), (folder / "sample.json").read_text()


@pytest.fixture(scope="module")
def second(folder, first):
    return run_demo(folder), processes_of(folder), (folder / "sample.json").read_text()


def rows(answer: Answer, after: str) -> dict[str, list[str]]:
    """The lines of the first table after some words, by bot; a bot's last line counts."""
    table = answer.out.partition(after)[2].partition("\n\n")[0]
    lines = [line.split() for line in table.splitlines()]
    return {words[0]: words[1:] for words in lines if words and words[0] in BOTS}


def test_the_first_demo_ends_with_a_result_that_a_person_can_read(first):
    answer, _, _ = first
    assert answer.code == 0, answer.err
    for bot, figures in rows(answer, "Result").items():
        days, messages, facts, summaries = map(int, figures[:4])
        assert days >= 20, bot
        assert messages > 200, bot
        assert facts > 20, bot
        assert summaries > 20, bot
    assert set(rows(answer, "Result")) == set(BOTS)
    assert "63 bot-days enriched in" in answer.out
    assert answer.out.partition("the words they rest on")[2].count("“") == 3
    assert "A summary (" in answer.out
    assert "make ui" in answer.out.partition("Next:")[2]


def test_what_was_not_analysed_is_listed_with_its_reason(first):
    answer, _, _ = first
    assert "quarantined   content_not_text" in answer.out
    assert "left out      emoji_reaction" in answer.out
    assert answer.err.startswith("Note: 6 points cannot be read as messages")


def test_the_second_demo_does_no_work_and_says_so(first, second):
    answer, _, _ = second
    assert answer.code == 0, answer.err
    assert "0 new points (all there already)" in answer.out
    assert "Nothing to do: every message of the sample is enriched" in answer.out
    assert "bot-days enriched" not in answer.out
    assert rows(answer, "Result") == rows(first[0], "Result")


def test_the_second_demo_launches_no_run(folder, second):
    assert "✓ Dagster: 3 runs" in cli_for(folder)("doctor").out


def test_the_sample_is_placed_in_time_once(first, second):
    assert first[2] == second[2]
    assert set(json.loads(first[2])) == {"sample_anchor"}


def test_nothing_is_left_running(first, second):
    assert first[1] == []
    assert second[1] == []


def test_status_and_enrich_go_on_from_there(folder, second):
    cli = cli_for(folder)
    assert set(rows(cli("status", "--days", 3), "bot ")) == set(BOTS)
    assert "Nothing to do" in cli("enrich").out
