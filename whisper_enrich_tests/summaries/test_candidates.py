from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Speaker
from whisper_enrich.summaries.candidates import MAX_LENGTH, MAX_WORDS, candidates, clean
from whisper_enrich.summaries.vocabulary import stem
from whisper_enrich_tests.summaries.builders import message

NAMES = ("Melanie", "Marlow")


def texts(*lines: str) -> list[str]:
    return [c.text for c in candidates([message(line, number=i) for i, line in enumerate(lines)], NAMES)]


def only(line: str):
    (candidate,) = candidates([message(line)], NAMES)
    return candidate


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("Wow, Mel! I sold the boat 😀", "I sold the boat"),
        ("Yeah, Marlow, I sold the boat.", "I sold the boat."),
        ("I sold the boat, Melanie!", "I sold the boat!"),
        ("haha ok, and so I sold the boat lol", "I sold the boat"),
        ("And the boat is sold", "The boat is sold"),
        ("I **really** sold the _boat_, see https://example.org/boat?x=1", "I really sold the boat, see"),
        ("*leans on the rail* I sold the boat.", "I sold the boat."),
        ("<@123456> I sold the boat <:sad:42>", "I sold the boat"),
        ("marlow i sold the boat", "i sold the boat"),
        ("Good night, Melanie; the moons will have moved.", "The moons will have moved."),
        ("Between us, I sold the boat.", "I sold the boat."),
        ("anyway I sold the boat", "I sold the boat"),
        ("Well I sold the boat.", "I sold the boat."),
        ("I came home. (The boat is sold, by the way.)", "The boat is sold, by the way."),
    ],
)
def test_the_small_change_of_chat_is_dropped_around_a_statement(said: str, kept: str) -> None:
    assert kept in texts(said)


@pytest.mark.parametrize(
    "said",
    [
        "Well water is clean.",
        "No salt reached the beans.",
        "Great danes eat a lot.",
        "Melanie's brother sold the boat.",
        "Marlowe wrote the play.",
        "So tired of the boat.",
        "The file is called my_long_name.txt today.",
    ],
)
def test_words_that_only_look_like_fillers_or_names_stay(said: str) -> None:
    assert texts(said) == [said]


@pytest.mark.parametrize("said", ["", "   ", "😀😀", "<3 :)", "https://example.org", "```\nprint(1)\n```", "!!!", "…"])
def test_a_message_without_words_has_no_candidate(said: str) -> None:
    assert texts(said) == []


def test_code_and_links_are_not_read_out() -> None:
    assert clean("run ```rm -rf /``` or see www.example.org now") == "run   or see   now"


@pytest.mark.parametrize(
    "said", ["Where did you sell it?", "did you sell it", "what if it rains", "are you there", "¿Dónde está la playa?"]
)
def test_questions_are_known_with_and_without_their_mark(said: str) -> None:
    assert only(said).question


@pytest.mark.parametrize("said", ["I sold it.", "Do it tomorrow.", "What I need is sleep.", "Have a good trip."])
def test_statements_are_no_questions(said: str) -> None:
    assert not only(said).question


@pytest.mark.parametrize("said", ["who asked him to decide for two", "what goes with greens", "which won the race"])
def test_a_question_about_the_subject_needs_no_mark(said: str) -> None:
    assert only(said).question


@pytest.mark.parametrize("said", ["Who dares is bold.", "What matters is the sea."])
def test_a_clause_that_serves_as_a_subject_asks_nothing(said: str) -> None:
    assert not only(said).question


@pytest.mark.parametrize(
    "said",
    [
        "He sold the boat.",
        "It was red.",
        "Those were for the geese.",
        "That day we went home.",
        "Her boat sank.",
        "Then they offered me the job.",
        "(We both did.)",
    ],
)
def test_a_sentence_whose_pronoun_points_outside_it_is_dangling(said: str) -> None:
    assert only(said).dangling


@pytest.mark.parametrize(
    "said",
    [
        "My uncle says he sold the boat.",
        "This week I went home.",
        "There is a class on Monday.",
        "I called him.",
        "Jonas laughs and he never stops.",
        "Hij verkocht de boot gisteren aan mijn oom.",
    ],
)
def test_a_sentence_that_names_what_it_speaks_of_is_not(said: str) -> None:
    assert not only(said).dangling


@pytest.mark.parametrize("said", ["Black, no sugar.", "Clouds.", "On my break.", "Dank je."])
def test_a_few_words_without_a_verb_are_a_fragment(said: str) -> None:
    assert only(said).fragment


@pytest.mark.parametrize(
    "said", ["Peter telephoned twice.", "I swam.", "Bought kombu.", "Where now?", "Three nights and then never again."]
)
def test_a_clause_is_no_fragment_however_short(said: str) -> None:
    assert not only(said).fragment


def test_a_message_that_repeats_another_word_for_word_is_read_once() -> None:
    twice = [message("I sold the boat.", number=0), message("I sold the boat.", number=1)]
    by_both = [*twice, message("I sold the boat.", by=Speaker.BOT, number=2)]
    assert [(c.message, c.speaker) for c in candidates(by_both, NAMES)] == [(0, Speaker.USER), (2, Speaker.BOT)]


@pytest.mark.parametrize(
    "said", ["Lost my job yesterday", "Been so tired this week", "Can't find the keys", "got the flat in Leeds"]
)
def test_a_dropped_i_counts_as_the_first_person(said: str) -> None:
    assert only(said).first_person


@pytest.mark.parametrize(
    "said",
    ["Lost is lost.", "Made by hand in Lisbon.", "Based on a true story.", "The job is gone.", "Sealed jar, tape."],
)
def test_participles_that_belong_to_something_else_do_not(said: str) -> None:
    assert not only(said).first_person


def test_a_sentence_without_end_is_cut_at_a_clause_and_says_so() -> None:
    endless = "I went to the market and " * 60
    (cut,) = texts(endless)
    assert cut.endswith("…")
    assert len(cut.split()) <= MAX_WORDS + 1
    assert not cut.rstrip(" …").endswith("and")


def test_a_blob_without_spaces_is_cut() -> None:
    (cut,) = texts("x" * 5000)
    assert len(cut) <= MAX_LENGTH + 2


def test_text_in_another_language_keeps_its_own_words_and_names_its_language() -> None:
    said = "Ja, ik heb gisteren het oude huis van mijn moeder verkocht."
    candidate = only(said)
    assert candidate.text == said
    assert candidate.language == "nl"


def test_function_words_of_another_language_carry_no_content() -> None:
    stems = only("Ik heb gisteren het oude huis van mijn moeder verkocht.").stems
    assert stems.isdisjoint({"ik", "het", "van", "mijn"})
    assert stem("moeder") in stems


def test_positions_point_back_to_the_message() -> None:
    found = candidates(
        [message("One boat sailed. Two boats sank.", number=0), message("A gull cried.", number=1)], NAMES
    )
    assert [(c.message, c.position) for c in found] == [(0, 0), (0, 1), (1, 0)]
    assert {c.speaker for c in found} == {Speaker.USER}


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(max_size=300))
def test_whatever_people_type_becomes_sentences_with_words_or_nothing(said: str) -> None:
    for candidate in candidates([message(said)], NAMES):
        assert candidate.size > 0
        assert candidate.text == candidate.text.strip() != ""
        assert "\n" not in candidate.text
