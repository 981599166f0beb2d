"""`ask`: questions about the past in the terminal."""

import pytest

from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings
from whisper_enrich_tests.builders import enrich
from whisper_enrich_tests.cli.conftest import BEFORE, YESTERDAY, line, talk, write_lines


@pytest.fixture(scope="module", autouse=True)
def talked(cli, home, tmp_path_factory):
    """Ana and elena on two days, and in a dm."""
    lines = talk() + [line(entry["text"], minute=i + 10, day=BEFORE) for i, entry in enumerate(talk())]
    lines += [line(f"I met Zebedee at the bandstand {n} times.", minute=n + 30, channel="dm") for n in range(6)]
    assert cli("load", write_lines(tmp_path_factory.mktemp("lines") / "talk.jsonl", lines)).code == 0
    with opened(Pipeline(load_settings(whisper_enrich_home=home))) as pipeline:
        ctx = pipeline.context("test")
        enrich(ctx, ctx.store.bots()[0])


def test_the_time_that_was_understood_comes_first_then_what_was_said_with_its_messages(cli):
    answer = cli("ask", "--bot", "elena", "--user", "ana", "what did we talk about yesterday?")
    assert answer.code == 0
    first, *rest = answer.out.splitlines()
    assert first.startswith("Time: yesterday: ")
    assert first.endswith(", UTC")
    shown = "\n".join(rest)
    assert f"• {YESTERDAY} 00:00 to " in shown
    assert f"said on {YESTERDAY}" in shown
    assert "Lisbon" in shown
    assert shown.count("messages: ") >= 4
    assert str(BEFORE) not in shown


def test_the_users_time_zone_is_named(cli):
    answer = cli("ask", "--bot", "elena", "--user", "ana", "--time-zone", "Asia/Tokyo", "yesterday evening")
    assert "Asia/Tokyo" in answer.out.splitlines()[0]


def test_without_a_time_words_are_looked_for(cli):
    answer = cli("ask", "--bot", "elena", "--user", "ana", "where do I live?")
    assert answer.out.startswith("Time: no time is named")
    assert "Lisbon" in answer.out
    assert "found by words" in answer.out


def test_what_was_said_in_a_dm_is_marked_or_left_out(cli):
    asked = ("ask", "--bot", "elena", "--user", "ana", "what about Zebedee?")
    assert "(dm)" in cli(*asked).out
    assert "bandstand" not in cli(*asked, "--scope", "shared").out


def test_that_nothing_fits_is_said(cli):
    assert "Nothing is known that fits." in cli("ask", "--bot", "elena", "--user", "ana", "submarines?").out


def test_mistakes_are_one_plain_line(cli):
    assert "There is no bot 'nobody'" in cli("ask", "--bot", "nobody", "--user", "ana", "yesterday").error
    assert "No user of elena" in cli("ask", "--bot", "elena", "--user", "qqq", "yesterday").error
    assert "is no time zone" in cli("ask", "--bot", "elena", "--user", "ana", "--time-zone", "Mars", "yesterday").error
    assert "The question is empty" in cli("ask", "--bot", "elena", "--user", "ana", " ").error
