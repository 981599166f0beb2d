from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.text.sentences import sentences

CASES = [
    ("i went home. it was nice", ["i went home.", "it was nice"]),
    ("Dr. Okoro called me at 5 p.m. yesterday. We talked.", ["Dr. Okoro called me at 5 p.m. yesterday.", "We talked."]),
    ("I paid 3.5 euros, e.g. for tea. Nice", ["I paid 3.5 euros, e.g. for tea.", "Nice"]),
    ("Great! 😀 I went home.", ["Great! 😀", "I went home."]),
    ("I got a dog 🐶 He is great", ["I got a dog 🐶", "He is great"]),
    ("I love 🍕 and pasta", ["I love 🍕 and pasta"]),
    ("Nice :) We start Monday", ["Nice :)", "We start Monday"]),
    ("so tired... and hungry", ["so tired... and hungry"]),
    ("ok... I moved out", ["ok...", "I moved out"]),
    ('"Are you mad?" she asked. Then she left.', ['"Are you mad?" she asked.', "Then she left."]),
    ("- one thing\n- two things\n\n1. first item", ["one thing", "two things", "first item"]),
    ("What?! no way", ["What?!", "no way"]),
    ("Wow!!I love it", ["Wow!!", "I love it"]),
    ("So did I. And you?", ["So did I.", "And you?"]),
    ("J. Smith came by. ok", ["J. Smith came by.", "ok"]),
    ("Plan B. I like it", ["Plan B.", "I like it"]),
    ("I joined last Tues. I'm glad", ["I joined last Tues.", "I'm glad"]),
    ("told him no. i like my corner", ["told him no.", "i like my corner"]),
    ("I live in the U.S. and love it.", ["I live in the U.S. and love it."]),
    ("See https://example.org/c?d=e.f. Then go", ["See https://example.org/c?d=e.f.", "Then go"]),
    ("今日は。元気？", ["今日は。", "元気？"]),
    ("lol", ["lol"]),
    ("", []),
    ("  \n ", []),
]


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_chat_falls_into_its_sentences(text: str, expected: list[str]) -> None:
    assert [span.text for span in sentences(text)] == expected


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(alphabet="aI .!?…\n\"'😀:)-1。é", max_size=60))
def test_spans_are_verbatim_in_order_and_lose_no_letter(text: str) -> None:
    spans = sentences(text)
    assert all(text[span.start : span.end] == span.text for span in spans)
    assert all(first.end <= second.start for first, second in pairwise(spans))
    letters = [char for span in spans for char in span.text if char.isalpha()]
    assert letters == [char for char in text if char.isalpha()]
