"""What a turn names."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.mentions import mentions_of


def entities(text, names=(), **more):
    return [term.key for term in mentions_of(text, names, **more) if term.kind == "entity"]


def topics(text, names=(), **more):
    return [term.key for term in mentions_of(text, names, **more) if term.kind == "topic"]


def test_capitals_inside_a_sentence_are_names_and_runs_of_them_one_name():
    assert entities("we flew to San Francisco with Anna") == ["san francisco", "anna"]


def test_a_name_of_several_words_holds_its_small_words():
    assert entities("I finished Lord of the Rings yesterday") == ["lord of the rings"]


def test_a_connector_does_not_end_a_name():
    assert entities("I saw Tom of all people") == ["tom"]


def test_the_first_word_of_a_sentence_is_no_name_by_its_capital_alone():
    assert entities("Pottery is fun. Guitars are too.") == []


def test_two_capitals_at_the_start_of_a_sentence_are_a_name():
    assert entities("Harry Potter is on tonight") == ["harry potter"]


def test_a_verb_at_the_start_of_a_sentence_is_no_part_of_the_name_behind_it():
    assert entities("Visited Rome last week") == ["rome"]


def test_a_possessive_ends_a_name_and_is_no_part_of_its_key():
    assert entities("we took Max's Toyota") == ["max", "toyota"]


def test_a_comma_parts_two_names():
    assert entities("I met Anna, Bob and Carla") == ["anna", "bob", "carla"]


def test_the_speakers_are_no_terms_nor_their_short_forms():
    assert mentions_of("thanks Melanie, and Mel says hi", ("Melanie", "Ines")) == []


@pytest.mark.parametrize("text", ["I LOVE THIS SONG SO MUCH TODAY", "We Went To The Big Store With Some Money"])
def test_where_everything_has_a_capital_no_single_word_is_a_name(text):
    assert all(" " in key for key in entities(text))


def test_german_nouns_are_topics_and_names_of_two_words_are_entities():
    text = "Ich habe gestern mit Frau Merkel über den Hund und das Haus gesprochen."
    assert entities(text) == ["frau merkel"]
    assert {"hund", "haus"} <= set(topics(text))


def test_french_and_russian_names_are_found_by_their_capitals():
    assert entities("je vais à Paris avec Marie demain pour le concert") == ["paris", "marie"]
    assert len(entities("мы с Машей ездили в Москву на большой концерт")) == 2


def test_japanese_terms_are_runs_of_one_script():
    assert topics("京都でラーメンを食べました") == ["京都", "ラーメン"]


def test_a_word_and_its_plural_have_one_key():
    assert topics("the guitar broke") == topics("so many guitars") == ["guitar"]


@pytest.mark.parametrize(
    "text", ["", "   ", "ok", "lol", "haha yeah!!", "😀😀", "https://example.org/Some/Page", "12 34"]
)
def test_small_change_names_nothing(text):
    assert mentions_of(text) == []


def test_days_and_months_are_no_terms():
    assert mentions_of("see you on Friday in March") == []


def test_each_term_comes_once_a_turn_in_the_order_of_the_text():
    found = mentions_of("my guitar, then the piano, then the guitar again with Anna and Anna")
    assert [term.key for term in found] == list(dict.fromkeys(term.key for term in found))
    assert found.count(next(term for term in found if term.key == "anna")) == 1


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_and_gives_lower_case_keys(text):
    for term in mentions_of(text, ("Ana",)):
        assert term.kind in ("entity", "topic")
        assert term.key == term.key.lower() and term.key.strip() and term.label


def test_a_pasted_book_costs_no_more_than_its_first_page():
    started = time.process_time()
    mentions_of("Anna went to the Market with Bob. " * 20_000)
    assert time.process_time() - started < 0.5
