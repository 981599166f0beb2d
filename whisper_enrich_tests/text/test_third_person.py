from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.text.third_person import possessive, to_third_person

CASES = [
    ("I am tired", "Ana is tired"),
    ("I'm a nurse and live in Leeds.", "Ana is a nurse and lives in Leeds."),
    ("I've moved to Rome", "Ana has moved to Rome"),
    ("I’ve got a cat", "Ana has a cat"),
    ("I've got to go", "Ana has to go"),
    ("I don't like olives", "Ana does not like olives"),
    ("I haven't seen my mum", "Ana has not seen their mum"),
    ("i can't swim", "Ana cannot swim"),
    ("I cannot swim", "Ana cannot swim"),
    ("I didn't go", "Ana did not go"),
    ("I went home with my dog", "Ana went home with their dog"),
    ("My cat hates me", "Ana's cat hates them"),
    ("Sam gave me a book", "Sam gave Ana a book"),
    ("That's mine", "That's Ana's"),
    ("I study law", "Ana studies law"),
    ("I watch and miss it", "Ana watches and misses it"),
    ("I teach my kids and take them to school", "Ana teaches their kids and takes them to school"),
    ("I want to go and see it", "Ana wants to go and see it"),
    ("I don't smoke or drink", "Ana does not smoke or drink"),
    ("I really do love it", "Ana really does love it"),
    ("I also still kind of miss it", "Ana also still kind of misses it"),
    ("I no longer work there", "Ana no longer works there"),
    ("I read every day", "Ana reads every day"),
    ("I read a book yesterday", "Ana read a book yesterday"),
    ("I need my coffee", "Ana needs their coffee"),
    ("I'd been there before", "Ana had been there before"),
    ("I'd love to", "Ana would love to"),
    ("I'd better go", "Ana had better go"),
    ("I'd put it there", "Ana would put it there"),
    ("On 28 May I start walking", "On 28 May Ana starts walking"),
    ("I said A I M, not aim", "Ana said A I M, not aim"),
    ("I work next to a bar and carry a pen", "Ana works next to a bar and carries a pen"),
    ("I'll keep it for the rest of my days", "Ana will keep it for the rest of their days"),
    ("I'll call", "Ana will call"),
    ("I gotta go", "Ana has to go"),
    ("im gonna cook", "Ana is going to cook"),
    ("i dunno", "Ana does not know"),
    ("dont know", "don't know"),
    ("Imma sleep", "Ana is going to sleep"),
    ("Am I late?", "Is Ana late?"),
    ("So do I", "So does Ana"),
    ("Can I go?", "Can Ana go?"),
    ("We went to Rome and we loved it", "Ana and others went to Rome and they loved it"),
    ("He invited us", "He invited Ana and others"),
    ("My wife and I went to Rome with our kids", "Ana and their wife went to Rome with their kids"),
    ("me and Sam play chess", "Ana and Sam play chess"),
    ("fun and I loved it", "fun and Ana loved it"),
    ("mom and I bake", "Ana and mom bake"),
    ("I work hard and I love it", "Ana works hard and Ana loves it"),
    ("World War I was bad", "World War I was bad"),
    ("I took the I-95 home", "Ana took the I-95 home"),
    ("Oh my god", "Oh my god"),
    ('She said "I love you" to me', 'She said "I love you" to Ana'),
    ("I wish I were there", "Ana wishes Ana were there"),
    ("When I was a kid, my dad taught me", "When Ana was a kid, their dad taught them"),
    ("I colour-code my notes", "Ana colour-codes their notes"),
    ("I just got me a bike", "Ana just got themselves a bike"),
    ("I can finally be me", "Ana can finally be themselves"),
    # words that only look like the first person
    ("The medium is mine-shaped and mythical", "The medium is mine-shaped and mythical"),
]


@pytest.mark.parametrize(("said", "told"), CASES)
def test_a_first_person_sentence_is_told_of_its_speaker(said: str, told: str) -> None:
    assert to_third_person(said, "Ana") == told


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("You are great", "Bob is great"),
        ("I hope you like it", "Ana hopes Bob likes it"),
        ("Do you like me?", "Does Bob like Ana?"),
        ("Are you ok", "Is Bob ok"),
        ("I love your songs", "Ana loves Bob's songs"),
        ("you've been kind", "Bob has been kind"),
        ("you'd best stay", "Bob had best stay"),
        ("It is finer than you think", "It is finer than Bob thinks"),
        ("you never know", "you never know"),
    ],
)
def test_you_becomes_the_addressee(said: str, told: str) -> None:
    assert to_third_person(said, "Ana", "Bob") == told


def test_without_an_addressee_you_stays() -> None:
    assert to_third_person("I hope you like it", "Ana") == "Ana hopes you like it"


def test_a_placeholder_serves_as_a_name() -> None:
    assert to_third_person("My sister and I sing", "{user}") == "{user} and their sister sing"
    assert to_third_person("My boss likes me", "{user}") == "{user}'s boss likes them"


def test_names_in_s_take_a_bare_apostrophe() -> None:
    assert possessive("James") == "James'"


_WORDS = [
    "I",
    "i'm",
    "my",
    "me",
    "we",
    "our",
    "love",
    "went",
    "don't",
    "and",
    "to",
    "cat",
    "have",
    ",",
    ".",
    "really",
    "not",
]


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(_WORDS), max_size=12))
def test_no_first_person_singular_is_left(words: list[str]) -> None:
    told = to_third_person(" ".join(words), "Ana")
    assert not re.search(r"\b(?:I|i'm|my|me|our)\b", told)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.text(max_size=80))
def test_any_text_can_be_told(text: str) -> None:
    assert isinstance(to_third_person(text, "{user}", "Bob"), str)
