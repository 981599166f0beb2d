"""`enrich`: what is asked for, what is done, what cannot be."""

import re
from datetime import timedelta

import pytest

from whisper_enrich.errors import StoreUnavailable
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich_tests.cli.conftest import BEFORE, TODAY, YESTERDAY, talk, write_lines


@pytest.fixture(scope="module", autouse=True)
def _loaded(cli, tmp_path_factory):
    """Two bots with two days each."""
    lines = [entry for bot in ("elena", "marcus") for day in (BEFORE, YESTERDAY) for entry in talk(bot, day)]
    path = write_lines(tmp_path_factory.mktemp("files") / "talk.jsonl", lines)
    assert cli("load", path).code == 0


def test_an_unknown_bot_is_answered_with_those_there_are(cli):
    error = cli("enrich", "--bot", "nobody").error
    assert "There is no bot 'nobody' in the message store. Bots found: elena, marcus." in error


@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_date_that_is_none(cli, option):
    assert "'nonsense' is no date. Write it as YYYY-MM-DD" in cli("enrich", option, "nonsense").error


def test_a_range_that_runs_backwards(cli):
    assert f"--from {TODAY} is after --to {YESTERDAY}" in cli("enrich", "--from", "today", "--to", "yesterday").error


@pytest.mark.parametrize(
    ("args", "day"),
    [
        (("--from", "2019-01-01"), "2019-01-01"),
        (("--from", TODAY + timedelta(days=2)), TODAY + timedelta(days=2)),
        (("--to", TODAY + timedelta(days=2)), TODAY + timedelta(days=2)),
    ],
)
def test_a_day_outside_the_partitions(cli, args, day):
    error = cli("enrich", *args).error
    assert f"{day} is no partition: they run from 2022-01-01 (ENRICHMENT_START_DATE) to today" in error


def test_one_bot_then_all_then_nothing_to_do(cli):
    one = cli("enrich", "--bot", "marcus")
    assert one.code == 0
    assert "1 run(s), 2 bot-days in " in one.out
    rest = cli("enrich")
    assert "1 run(s), 2 bot-days in " in rest.out
    assert "Next: whisper-enrich status" in rest.out
    again = cli("enrich")
    assert again.code == 0
    assert "Nothing to do: every message is enriched" in again.out
    assert again.err == ""


def test_a_range_is_materialised_whether_or_not_it_has_work(cli):
    cli("enrich")
    assert "2 run(s), 6 bot-days" in cli("enrich", "--from", BEFORE).out
    assert "2 run(s), 4 bot-days" in cli("enrich", "--to", "yesterday").out
    assert "1 run(s), 1 bot-days" in cli("enrich", "--bot", "elena", "--from", BEFORE, "--to", BEFORE).out


def test_up_to_a_day_before_the_first_message_there_is_nothing_to_do(cli):
    assert "Nothing to do" in cli("enrich", "--to", "2023-01-01").out


def test_a_bot_that_fails_is_named_and_stops_no_other(cli, tmp_path, monkeypatch):
    path = write_lines(
        tmp_path / "more.jsonl", talk("elena", TODAY - timedelta(days=5)) + talk("marcus", TODAY - timedelta(days=5))
    )
    cli("load", path)
    read = EdgeStore.by_ids

    def unreachable_for_elena(self, collection, *args, **kwargs):
        if collection.endswith("elena"):
            raise StoreUnavailable("Qdrant does not answer. Start it.")
        return read(self, collection, *args, **kwargs)

    monkeypatch.setattr(EdgeStore, "by_ids", unreachable_for_elena)
    error = cli("enrich").error
    assert "elena: Qdrant does not answer. Start it." in error
    assert "marcus" not in error
    assert "the same command goes on from there" in error
    monkeypatch.undo()
    assert "1 run(s), 1 bot-days" in cli("enrich").out


def test_what_fails_message_by_message_is_a_note_and_no_error(cli, tmp_path, monkeypatch):
    from whisper_enrich.facts import extractive

    def broken(message):
        raise ValueError(message.text)

    cli("load", write_lines(tmp_path / "poison.jsonl", talk("elena", TODAY - timedelta(days=8))))
    monkeypatch.setattr(extractive, "extract", broken)
    answer = cli("enrich")
    assert answer.code == 0
    assert (
        answer.err
        == "Note: 3 messages failed and wait for another attempt; the sensor or `enrich` comes back to them.\n"
    )


def test_what_another_version_made_is_redone_only_when_asked_for(cli, monkeypatch):
    from whisper_enrich.facts import extractive

    cli("enrich")
    assert "another engine version" not in cli("status").out
    monkeypatch.setattr(extractive, "ENGINE_VERSION", "extractive-next")
    assert "Nothing to do" in cli("enrich").out
    assert "messages were read by another engine version" in cli("status").out
    one = cli("enrich", "--stale", "--bot", "elena", "--from", YESTERDAY, "--to", YESTERDAY)
    assert "elena: 3 messages of another version wait again" in one.out
    assert cli("enrich", "--stale").code == 0
    assert "another engine version" not in cli("status").out


def test_windows_of_another_length_are_cut_anew_only_when_asked_for(cli):
    marcus = ("--bot", "marcus")
    cli("enrich", "--stale", *marcus)
    assert "Nothing to do" in cli("enrich", *marcus, TIME_WINDOW_HOURS=6).out
    counts = [
        [int(n) for n in re.findall(r"(\d+) user-days", cli("enrich", "--stale", *marcus, TIME_WINDOW_HOURS=6).out)]
        for _ in range(2)
    ]
    assert [count > 0 for count in counts[0]] == [True]
    assert counts[1] == [0]
