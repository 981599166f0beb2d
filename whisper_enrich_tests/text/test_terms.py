"""What texts are found by: words cut alike on both sides, hashed the same for ever, without what belongs to one person."""

from __future__ import annotations

import pytest

from whisper_enrich.text.terms import root, term, words


@pytest.mark.parametrize(
    ("asked", "said"),
    [("painting", "paints"), ("hiked", "hiking"), ("Melanie", "melanie"), ("tax", "tax"), ("stories", "story")],
)
def test_a_word_is_found_with_another_ending(asked, said):
    assert [term(word) for word in words(asked)] == [term(word) for word in words(said)]


def test_words_of_asking_short_ones_and_the_long_numbers_of_phones_and_accounts_are_left_out():
    assert words("What did we say of it in 2026? Ring 5551234567 or DE89370400440532013000, ok, Ö 42") == [
        "2026",
        "ring",
        "ö",
    ]


def test_a_hash_is_the_same_in_every_version_and_fits_an_integer():
    # Stored hashes were made with these; other ones would not be found.
    assert (root("tomatoes"), term("tomatoes"), term("leeds")) == ("tomato", 218803951, -1227839540)
    assert -(2**31) <= term("heron") < 2**31
