"""What a good model typically answers is kept: grounding is strict in names, numbers and values, not in manner."""

from __future__ import annotations

import pytest

from whisper_enrich.facts.attribute_words import words_for
from whisper_enrich.facts.whose import is_about_another
from whisper_enrich_tests.facts.grounding_builders import outcome
from whisper_enrich_tests.facts.typical import refusal, typical_answers

# Of a hundred, ten say more than the quote does, in fairness ("can't eat peanuts" is no allergy).
LEAST_KEPT = 0.88


def test_nearly_all_typical_answers_are_kept():
    reasons = [refusal(answer) for answer in typical_answers()]
    assert sum(reason is None for reason in reasons) >= LEAST_KEPT * len(reasons)


@pytest.mark.parametrize(
    ("words", "quote", "statement", "fields"),
    [
        ("moved with my wife Clara", "with my wife Clara", "{user} is married to Clara.", ("married_to", "clara")),
        ("Ich wohne seit Mai in Köln", None, "{user} wohnt in Köln.", ("lives_in", "köln")),
        ("I took Emma to the zoo", None, "{user} went to the zoo with Emma.", ("event", "went to the zoo")),
        ("I'm studying physics at MIT", None, "{user} is a physics student at MIT.", ("studies", "physics")),
        ("I'm vegan", None, "{user} follows a vegan diet.", ("diet", "vegan")),
        ("we're getting married in June", None, "{user} plans to marry in June.", ("plans_to", "marry")),
        ("can't get enough of Thai food", None, "{user} loves Thai food.", ("likes", "thai food")),
    ],
)
def test_a_fact_may_be_said_as_its_attribute_is_commonly_said(words, quote, statement, fields):
    stored = outcome(words, statement, quote, attribute=fields[0], value=fields[1])
    assert (stored.attribute, stored.value) == fields


def test_the_words_of_an_attribute_are_free_under_no_other():
    assert outcome("I'm vegan", "{user} is a vegan student.", attribute="diet", value="vegan") == "word_not_in_quote"
    assert outcome("I hate peanuts", "{user} is allergic to peanuts.", attribute="allergic_to", value="peanuts") == (
        "word_not_in_quote"
    )


def test_an_attribute_has_words_of_its_own():
    assert "student" in words_for("studies")
    assert words_for("no_such_attribute") == frozenset()


@pytest.mark.parametrize(
    ("quote", "statement", "attribute"),
    [
        ("Kenji's real age is 12", "{user}'s real age is 12.", "age"),
        ("Kenji's real age is 12", "Kenji's real age is 12, {user} says.", "age"),
        ("The mayor of Ghent smokes", "{user} smokes.", "smokes"),
        ("Priya lives in Osaka", "{user} lives in Osaka.", "lives_in"),
        ("Priya lives in Osaka with my brother", "{user} lives in Osaka.", "lives_in"),
        ("my boss's wife Delphine", "{user}'s wife is Delphine.", "married_to"),
        ("Meine Nachbarin heißt Gerda und ist Witwe", "{user} ist Witwe.", "relationship_status"),
    ],
)
def test_what_is_said_of_somebody_else_is_not_the_users(quote, statement, attribute):
    assert is_about_another(statement, attribute, quote, quote)


@pytest.mark.parametrize(
    ("quote", "statement", "attribute"),
    [
        ("finally got promoted to team lead", "{user} was promoted to team lead.", "job_change"),
        ("the dog is called Rex", "{user} has a dog called Rex.", "has_pet"),
        ("he died three years ago", "{user}'s father died three years ago.", "lost"),
        ("my dog's name is Rex", "{user} has a dog called Rex.", "has_pet"),
        ("Sam lives in Rome like me", "{user} lives in Rome.", "lives_in"),
        ("today has been a good day, went to Ghent", "{user} went to Ghent.", "visited"),
    ],
)
def test_what_is_the_users_own_is_not_taken_for_somebody_elses(quote, statement, attribute):
    assert not is_about_another(statement, attribute, quote, quote)
