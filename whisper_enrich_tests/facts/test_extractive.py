"""What the engine takes for a fact, what it leaves alone, and the form it gives to what it takes."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.facts.attributes import ATTRIBUTES, normalise
from whisper_enrich.facts.confidence import POOLED, READINGS, Reading, of_rule
from whisper_enrich.facts.extractive import ENGINE_VERSION, extract
from whisper_enrich.facts.fallback import NAME, NAME_OF_OTHER
from whisper_enrich.facts.model import Category, Outcome, Polarity, Tense
from whisper_enrich.facts.rules import RULES
from whisper_enrich.messages.model import Scope, Speaker
from whisper_enrich.text.words import word_set
from whisper_enrich_tests.facts.builders import SAID_AT, affirmed, assertions, ended, extracted, known, message

NO_FACT = [
    # questions
    "Do you live in Rome?",
    "What if I moved to Rome?",
    "should I get a dog",
    "Can I have a dog?",
    "is this your dog?",
    "why do I always burn the rice",
    # conditions, wishes, suppositions
    "If I had a dog I'd call it Rex",
    "I wish I had a dog",
    "Imagine I had a pony",
    "Pretend I'm a pirate",
    "Unless I get a raise, I'm quitting",
    "Maybe I'll move to Rome",
    "I might get a dog",
    "I'd be a doctor in another life",
    "I'd have bought a boat",
    "In my dream I was a bird",
    "As if I had a choice",
    # others
    "Sam says he is vegan",
    "My brother hates olives",
    "My sister is allergic to cats",
    "She told me she works at Siemens",
    "They think I'm vegan",
    "My mom says I'm lazy",
    "chef told me I'm slow",
    "My friend asked whether I live in Rome",
    "Everyone in my family is vegan except dad",
    "You live in Berlin, right?",
    "You are a nurse",
    "Your cat is cute",
    # quotations and what is not the writer's
    'He said "I live in Paris"',
    '"I love pizza" is what it says on the door',
    "> I have a cat",
    "`I have a cat`",
    "```I live in Rome```",
    "*I hug the dragon*",
    "The song goes I'm a creep",
    # jokes and irony that says so
    "Just kidding, I own three yachts",
    "I own a yacht lol jk",
    "I'm the king of Spain /s",
    "I won the lottery. lol I wish",
    "Sure, because I love being stuck in traffic",
    "oh great, I love waiting for two hours",
    "yeah right, I'm a morning person",
    # small talk
    "lol ok",
    "haha same",
    "Good morning!",
    "thank you for listening",
    "That's awesome, congrats!",
    "I agree",
    "I see what you mean",
    "I guess so",
    "I don't know",
    "I have no idea",
    "I have a question",
    "I have to go",
    "I'm back",
    "I'm good",
    "I'm down",
    "I'm 100% sure",
    "I'm so excited!",
    "I won't give up",
    "I'll keep going no matter what",
    "I love your sweater",
    "I love the colors",
    "I miss you",
    "I'm here for you",
    "I'm glad you like it",
    "I'm sorry to hear that",
    "I hope you feel better",
    "I'm dying lol",
    # words inside words, words with another meaning
    "this is nice",
    "I wonder",
    "I wonder about the wondrous wonton",
    "Hishiryo is a nice word",
    "the mythical imp",
    "I'm 5 minutes away",
    "Call me crazy",
    "Call me later",
    "",
    "   ",
    "🙂🙂🙂",
    "...",
    "{user} lives in Rome",
]


@pytest.mark.parametrize("text", NO_FACT)
def test_what_asserts_nothing_of_its_writer_gives_no_fact(text: str) -> None:
    assert affirmed(text) == []
    assert extracted(text).outcome is Outcome.NO_FACTS


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("this hill is high, I live in Ghent", "hi"),
        ("I wonder why, I live in Ghent", "won"),
        ("I am in the marines' choir", "marine"),
        ("I'm a fan of vegan cheese", "vegan"),
        ("I'm married to my job lol", "job"),
        ("I'm a nursery gardener", "nurse"),
        ("I have a catalogue of complaints", "cat"),
        ("I have a dogged cough at night", "dog"),
        ("I play with the idea of leaving town", "with the idea"),
        ("I was born in a hurry", "hurry"),
        ("I work on a big farm plan", "farm"),
    ],
)
def test_words_are_matched_whole_and_in_their_sense(text: str, wrong: str) -> None:
    assert wrong not in {value for _, value in known(text)}


class TestOwnWords:
    """What no pattern names is kept in the person's own words, told in the third person."""

    @pytest.mark.parametrize(
        ("text", "statement"),
        [
            ("I repaired the old radio in the shed", "{user} repaired the old radio in the shed."),
            ("Yesterday I rode the night train", "{user} rode the night train yesterday (2025-06-17)."),
            ("Burned the lasagne again", "{user} burned the lasagne again."),
            ("My balcony tomatoes are finally ripe", "{user}'s balcony tomatoes are finally ripe."),
            ("The new shift plan wrecks my sleep", "The new shift plan wrecks {user}'s sleep."),
            ("We watched the eclipse from the roof", "{user} and others watched the eclipse from the roof."),
            ("My aunt and I repainted the boat", "{user} and their aunt repainted the boat."),
            ("When I was nine, I broke a church window", "{user} broke a church window when {user} was nine."),
            ("been fixing clocks all week", "{user} has been fixing clocks all week."),
            ("hey, im writing a radio play", "{user} is writing a radio play."),
        ],
    )
    def test_a_statement_is_the_clause_in_the_third_person(self, text: str, statement: str) -> None:
        assert affirmed(text) == [statement]

    def test_what_hangs_on_the_clause_is_left_out(self) -> None:
        assert affirmed("I missed the ferry, which is typical") == ["{user} missed the ferry."]

    def test_a_statement_before_a_question_counts(self) -> None:
        assert affirmed("I finished my first novel - want to read it?") == ["{user} finished their first novel."]

    def test_a_subject_left_out_after_somebody_else_is_not_the_writer(self) -> None:
        assert affirmed("She never shouted. Just looked at the broken vase.") == []

    def test_at_most_two_general_facts_come_from_one_message(self) -> None:
        text = "I mended the fence. I painted the gate green. I planted three pear trees. I fed the neighbour's geese."
        assert len(affirmed(text)) == 2

    @pytest.mark.parametrize(
        ("text", "category"),
        [
            ("I dropped the casserole on Grandpa's shoes", Category.EVENT),
            ("My boss moved the deadline for my project forward by a week again", Category.EVENT),
            ("I'm writing the report for the office picnic", Category.WORK),
            ("We're building a treehouse next month", Category.PLAN),
            ("Thunder makes me nervous at night", Category.FEELING),
        ],
    )
    def test_its_category_follows_tense_and_words(self, text: str, category: Category) -> None:
        assert [assertion.category for assertion in assertions(text)] == [category]


class TestOutcome:
    def test_the_bots_words_are_not_the_users(self) -> None:
        result = extracted("I live in a lighthouse", speaker=Speaker.BOT)
        assert (result.outcome, result.assertions) == (Outcome.NOT_THE_USER, ())

    @pytest.mark.parametrize(
        ("text", "language"),
        [
            ("Ich wohne in Hamburg und habe zwei Katzen", "de"),
            ("私は大阪に住んでいます", "ja"),
            ("vivo en Sevilla con mi abuela", "es"),
        ],
    )
    def test_a_language_without_rules_is_said_to_be_not_covered(self, text: str, language: str) -> None:
        result = extracted(text)
        assert (result.outcome, result.language, result.assertions) == (Outcome.NOT_COVERED, language, ())

    def test_a_message_with_a_fact_says_so(self) -> None:
        result = extracted("I live in Ghent")
        assert (result.outcome, result.language) == (Outcome.FACTS, "en")

    def test_the_engine_has_a_version(self) -> None:
        assert ENGINE_VERSION


class TestEvidence:
    def test_the_quote_is_verbatim_and_carries_place_time_and_scope(self) -> None:
        text = "ok so… I’ve moved to *Leeds* 😀 and it rains"
        (moved, lives) = [a for a in extract(message(text)).assertions if a.attribute in ("moved_to", "lives_in")]
        assert moved.evidence == lives.evidence
        evidence = moved.evidence
        assert text[evidence.start : evidence.end] == evidence.quote
        assert "Leeds" in evidence.quote
        assert (evidence.said_at, evidence.scope) == (SAID_AT, Scope.SHARED)

    def test_each_fact_rests_on_its_own_clause(self) -> None:
        text = "I have a cat, but I work at the zoo"
        quotes = {a.attribute: a.evidence.quote for a in assertions(text)}
        assert quotes == {"has_pet": "I have a cat", "works_at": "I work at the zoo"}


class TestTime:
    def test_a_relative_date_is_written_behind_its_phrase(self) -> None:
        (fact,) = assertions("I went to a support group yesterday")
        assert fact.statement == "{user} went to a support group yesterday (2025-06-17)."
        assert (fact.holds_from, fact.holds_to, fact.tense) == (date(2025, 6, 17), date(2025, 6, 17), Tense.PAST)

    def test_a_plan_lies_ahead(self) -> None:
        (fact,) = assertions("I'm moving to Utrecht in May")
        assert fact.statement == "{user} is moving to Utrecht in May (2026-05)."
        assert (fact.holds_from, fact.tense) == (date(2026, 5, 1), Tense.FUTURE)

    def test_a_state_holds_from_the_year_it_began(self) -> None:
        (fact,) = assertions("I've lived in Nairobi since 2019")
        assert (fact.attribute, fact.holds_from, fact.holds_to) == ("lives_in", date(2019, 1, 1), None)

    def test_what_lies_long_back_does_not_tell_where_somebody_lives(self) -> None:
        assert ("lives_in", "paris") not in known("In 2010 I moved to Paris")
        (lived,) = assertions("In 2010 I lived in Paris")
        assert (lived.attribute, lived.tense, lived.holds_to) == ("lives_in", Tense.PAST, date(2010, 12, 31))

    def test_a_birthday_keeps_its_day_whatever_the_year(self) -> None:
        (fact,) = assertions("my birthday is on March 3rd")
        assert (fact.value, fact.statement) == ("03-03", "{user}'s birthday is on March 3rd.")

    def test_the_same_words_on_another_day_mean_another_day(self) -> None:
        later = datetime(2025, 12, 31, 23, 59, tzinfo=UTC)
        (fact,) = extract(message("I fell off the ladder today", at=later)).assertions
        assert fact.holds_from == date(2025, 12, 31)


class TestPolarity:
    def test_a_negative_preference_is_a_fact(self) -> None:
        assert known("I don't like olives") == {("dislikes", "olives")}

    def test_a_loss_is_an_event_and_ends_what_was(self) -> None:
        assert known("I lost my job today") == {("job_change", "lost the job")}
        assert ended("I lost my job today") == {("works_at", ""), ("works_as", "")}

    def test_a_retraction_names_what_it_ends(self) -> None:
        (fact,) = assertions("I no longer work at Acme")
        assert (fact.polarity, fact.attribute, fact.value) == (Polarity.RETRACT, "works_at", "acme")
        assert fact.statement == "{user} no longer works at Acme."

    def test_what_was_not_so_once_ends_nothing_today(self) -> None:
        assert ended("I didn't work at Acme back then") == set()

    def test_a_joke_taken_back_is_no_fact(self) -> None:
        assert affirmed("I was joking about the tattoo") == []


class TestLists:
    def test_an_enumeration_is_taken_apart(self) -> None:
        assert known("I like tea, licorice and old maps") == {
            ("likes", "tea"),
            ("likes", "licorice"),
            ("likes", "old maps"),
        }

    def test_two_words_that_may_share_their_noun_stay_together(self) -> None:
        assert known("I love crime and western films") == {("likes", "crime and western films")}

    def test_a_verb_that_follows_ends_the_value(self) -> None:
        assert ("works_at", "siemens") in known("I work at Siemens and hate the commute")


def test_values_are_compared_in_one_form() -> None:
    assert normalise("  The  old MAPS, too!! ") == "old maps"
    assert normalise("my brother's boat") == "brother's boat"
    assert normalise("time with my dog") == "time with their dog"


def test_braces_in_a_message_cannot_pass_for_the_person() -> None:
    assert all("{x}" not in statement for statement in affirmed("I planted {x} roses behind the shed"))


def test_rules_have_names_of_their_own_and_known_attributes() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    attributes = {rule.attribute for rule in RULES} | {also.attribute for rule in RULES for also in rule.also}
    assert attributes - {""} <= ATTRIBUTES.keys()


_WORDS = word_set(
    """
    I i'm my we have love went live work at to and but , . ? cat Rome yesterday next week not " because when if you 😀 nurse
    allergic nuts moved dont gonna really * ` : Sam says was since 2019 ( ) in the a
    """
)


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.lists(st.sampled_from(sorted(_WORDS)), max_size=14))
def test_every_assertion_is_well_formed_whatever_is_written(pieces: list[str]) -> None:
    text = " ".join(pieces)
    result = extract(message(text))
    assert (result.outcome is Outcome.FACTS) == bool(result.assertions)
    statements = [a.statement for a in result.assertions if a.polarity is Polarity.AFFIRM]
    assert len(statements) == len(set(statements))
    for assertion in result.assertions:
        evidence = assertion.evidence
        assert text[evidence.start : evidence.end] == evidence.quote != ""
        assert "{user}" in assertion.statement
        assert len(assertion.statement) <= 500
        assert 0 < assertion.confidence < 1
        assert assertion.attribute == "" or assertion.attribute in ATTRIBUTES
        assert assertion.holds_from is None or assertion.holds_to is None or assertion.holds_from <= assertion.holds_to


@settings(max_examples=150, derandomize=True, deadline=None)
@given(st.text(max_size=120))
def test_no_text_is_too_strange(text: str) -> None:
    first = extract(message(text))
    assert first == extract(message(text))


class TestConfidence:
    def test_it_is_the_posterior_mean_of_the_readings(self) -> None:
        assert Reading(8, 8).precision == pytest.approx(0.9)
        assert Reading(0, 0).precision == 0.5

    def test_rules_that_were_hardly_read_share_one_figure(self) -> None:
        assert of_rule("no_such_rule") == POOLED.precision

    def test_every_reading_is_of_a_rule(self) -> None:
        assert READINGS.keys() <= {rule.name for rule in RULES} | {NAME, NAME_OF_OTHER}

    def test_the_persons_own_doing_is_surer_than_what_something_does_to_them(self) -> None:
        (own,) = assertions("I repaired the old radio in the shed")
        (other,) = assertions("The new shift plan wrecks my sleep")
        assert other.confidence < own.confidence
