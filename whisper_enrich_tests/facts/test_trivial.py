"""What says nothing is not sent; what may say something is."""

from __future__ import annotations

import pytest

from whisper_enrich.facts.extractive import extract
from whisper_enrich.facts.trivial import is_trivial
from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.sample.lines import lines
from whisper_enrich.sample.people import BOTS
from whisper_enrich_tests.facts.builders import message


def _bot(text: str) -> Message:
    return message(text, speaker=Speaker.BOT)


@pytest.mark.parametrize(
    "text",
    [
        "hi", "Hiiii!!!", "hello marlow :)", "good morning ☀️", "lol", "LOOOL 😂😂", "😂",
        "...", "ok thanks",
        "hahahaha", "<3",
        "good night, sleep well", "jajaja gracias", "danke dir!", "merci beaucoup", "grazie mille", "спасибо", "хахаха",
        "おはよう！", "ありがとうございます", "哈哈哈", "谢谢",
        "ㅋㅋㅋㅋ", "안녕하세요", "www", "xD", "<:blob:123456>", ":wave:", "",
        "buenos días", "merhaba", "tack så mycket", "bom dia", "شكرا", "ahahaha omg", "np", "see you tomorrow", "goood",
    ],
)  # fmt: skip
def test_greetings_thanks_laughter_and_pictures_are_trivial(text):
    assert is_trivial(message(text), _bot("It rains here."))
    assert is_trivial(message(text), None)


@pytest.mark.parametrize(
    "text",
    [
        "I'm 71", "nurse", "Paris", "hahaha same", "lol I quit my job", "thanks, I have two kids", "hija",
        "good morning, off to work",
        "no sugar", "haha no", "vegan", "42", "see you in Rome", "hi, je m'appelle Ana", "わたしは先生です",
    ],
)  # fmt: skip
def test_a_word_that_may_carry_a_fact_is_not(text):
    assert not is_trivial(message(text), _bot("What do you do?"))
    assert not is_trivial(message(text), None)


@pytest.mark.parametrize(
    "text", ["yes", "no", "ok", "yeah sure", "👍", "nein", "sí", "да", "はい", "not really", "good", "ok thanks"]
)
def test_what_may_answer_is_not_trivial_behind_a_question(text):
    assert not is_trivial(message(text), _bot("Nice to hear. Do you smoke?"))
    assert is_trivial(message(text), _bot("The sea is calm today."))


@pytest.mark.parametrize("text", ["yes", "no", "nein", "👍"])
def test_a_yes_to_nobody_knows_what_is_not_trivial(text):
    assert not is_trivial(message(text), None)
    assert not is_trivial(message(text), message("so"))


def test_a_question_of_courtesy_asks_nothing():
    assert is_trivial(message("good thanks"), _bot("Hey! How are you?"))


def test_a_message_of_the_bot_is_not_looked_at():
    assert not is_trivial(_bot("hi"), None)


def test_long_laughter_is_read_at_once():
    assert is_trivial(message("ha" * 60), None)
    assert not is_trivial(message("ha" * 59 + "x"), None)


def test_no_message_of_the_sample_that_has_a_fact_is_trivial():
    for bot in BOTS:
        before: dict[str, Message] = {}
        for line in lines(bot, 0):
            if line.speaker not in ("user", "bot"):
                continue
            said = Message(bot, line.id, Speaker(line.speaker), line.user, line.at, line.text, Scope.DM, "0")
            if is_trivial(said, before.get(line.user)):
                assert line.notes == ()
                assert extract(said).assertions == ()
            before[line.user] = said
