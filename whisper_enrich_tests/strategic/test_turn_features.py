"""What a message asks, how it would open a talk, and what its label says of the mood."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.sample.lines import nominal_lines
from whisper_enrich.sample.people import BOTS
from whisper_enrich.strategic.history import EMOTIONS, OpeningKind, QuestionKind
from whisper_enrich.strategic.turn_features import (
    PLEASURE,
    count_words,
    emotion_code,
    opening_kind,
    question_kind,
    turn_features,
    valence,
)
from whisper_enrich.summaries.tone import KNOWN_LABELS, NEGATIVE, POSITIVE

quick = settings(max_examples=150, derandomize=True, deadline=None)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Do you sleep at all?", "yes_no"),
        ("that anything?", "yes_no"),
        ("you up", "yes_no"),
        ("marlow are you awake", "yes_no"),
        ("What keeps you awake?", "what"),
        ("which harbour words", "what"),
        ("I'm fine. And you?", "what"),
        ("??", "what"),
        ("why does everybody online put sugar in tomato sauce", "why"),
        ("how come", "why"),
        ("And how does tar taste? No, do not answer that.", "how"),
        ("So, how's it going", "how"),
        ("how much is it", "how"),
        ("Who invented the word drizzle?", "when_where_who"),
        ("what time is it?", "when_where_who"),
        ("you live where exactly?", "when_where_who"),
        ("do you do jokes or just fog", "choice"),
        ("tea or coffee?", "choice"),
        ("which one, the red or the blue?", "choice"),
        ("It's cold, isn't it?", "tag"),
        ("It's cold, isn't it", "tag"),
        ("done, right?", "tag"),
    ],
)
def test_english_questions_are_told_with_and_without_their_mark(text, kind):
    assert question_kind(text) == kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Kommst du mit?", "yes_no"),
        ("was machst du heute", "what"),
        ("wie geht's dir?", "how"),
        ("Warum nicht?", "why"),
        ("Bleibst du oder gehst du?", "choice"),
        ("schön, oder?", "tag"),
        ("¿Por qué no vienes?", "why"),
        ("cómo estás", "how"),
        ("¿Dónde vives?", "when_where_who"),
        ("bonito, ¿no?", "tag"),
        ("est-ce que tu viens ?", "yes_no"),
        ("Pourquoi pas ?", "why"),
        ("tu veux du thé ou du café ?", "choice"),
        ("c'est beau, non ?", "tag"),
        ("come stai?", "how"),
        ("dove sei?", "when_where_who"),
        ("perché no?", "why"),
        ("o que você faz?", "what"),
        ("como vai?", "how"),
        ("legal, né?", "tag"),
    ],
)
def test_questions_in_other_languages_are_told(text, kind):
    assert question_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ok",
        "This is somewhat odd",
        "I was home",
        "was good, come again",
        "what a day",
        "how nice of you",
        "how much I miss you",
        "what I meant is the sea",
        "When I was five we moved.",
        "my mom, who is a dentist, hates it",
        "we went and it works and is my favourite",
        "so do I",
        "so far so good",
        "who knows",
        "can you imagine",
        "https://example.org/?q=why",
        "`SELECT what?`",
        "she asked 'why now?' and left",
        "> did you?\nno idea, sorry",
        "```\nwhat?\nwhy?\n``` done",
    ],
)
def test_what_only_looks_like_a_question_is_none(text):
    assert question_kind(text) is QuestionKind.NONE


def test_what_is_asked_beside_a_quotation_counts():
    assert question_kind("> no idea, sorry\nwhy not?") is QuestionKind.WHY
    assert question_kind("did she say 'why now?' or just leave?") is QuestionKind.CHOICE
    assert question_kind('"Why now?"') is QuestionKind.WHY


def test_a_word_that_english_shares_with_another_language_needs_its_neighbour():
    assert question_kind("come over?") is QuestionKind.YES_NO
    assert question_kind("was it good?") is QuestionKind.YES_NO
    assert question_kind("Was ist das?") is QuestionKind.WHAT


def test_of_several_questions_the_last_is_open_and_a_tag_only_where_all_are_tags():
    assert question_kind("How are you? Where were you?") is QuestionKind.WHEN_WHERE_WHO
    assert question_kind("Where were you? Late again, huh?") is QuestionKind.WHEN_WHERE_WHO
    assert question_kind("Funny, no? Late again, huh?") is QuestionKind.TAG


def test_a_question_about_a_question_asks_what_it_is_about():
    assert question_kind("Do you know why they hum?") is QuestionKind.WHY
    assert question_kind("Do you know the song?") is QuestionKind.YES_NO
    assert question_kind("I have a cat, do you?") is QuestionKind.YES_NO


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("Hi", "greeting"),
        ("heyyy you", "greeting"),
        ("good morning or good night, depends who you ask", "greeting"),
        ("morning!", "greeting"),
        ("holaaa is it true you know about globes?", "greeting"),
        ("Guten Morgen, Ines", "greeting"),
        ("Bonjour", "greeting"),
        ("ciao", "greeting"),
        ("bom dia!", "greeting"),
        ("q for the group: what is it", "question"),
        ("i have a question", "question"),
        ("Why is the soup better on the second day", "question"),
        ("¿Dónde vives?", "question"),
        ("can you swim?", "question"),
        ("guess what", "news"),
        ("omg guess who bought a racehorse", "news"),
        ("update: nothing sent", "news"),
        ("I SWAM. 600 metres", "news"),
        ("told chef no", "news"),
        ("ok the thing. i applied for a job", "news"),
        ("yesterday was long", "news"),
        ("ich habe heute gekocht", "news"),
        ("can you help me with this?", "request"),
        ("Please don't throw fish.", "request"),
        ("tell me a story", "request"),
        ("kannst du mir helfen?", "request"),
        ("btw the scan is on Friday", "follow_up"),
        ("remember the cat?", "follow_up"),
        ("you asked about my dog", "follow_up"),
        ("lol", "reaction"),
        ("ok", "reaction"),
        ("oh no", "reaction"),
        ("no. not today", "reaction"),
        ("😂😂", "reaction"),
        (":)", "reaction"),
        ("Blue Mesa wants me.", "statement"),
        ("", "statement"),
    ],
)
def test_an_opening_is_told_by_its_first_words(text, kind):
    assert opening_kind(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "this is it",
        "history is fun",
        "hi-fi is a hobby of mine",
        "high hopes here",
        "Morning coffee is the best",
        "yo tengo hambre",
        "supper is ready",
        "gmail is down",
        "pleased to meet you",
        "no one likes me",
        "right now it rains",
        "nice weather outside, I think",
        "okra is green",
        "android phones are fine",
    ],
)
def test_no_opening_is_told_by_a_part_of_a_word_or_by_a_word_of_another_use(text):
    assert opening_kind(text) is OpeningKind.STATEMENT


def test_the_questions_of_the_sample_are_those_that_a_reader_finds():
    kinds = {line.id: question_kind(line.text) for bot in BOTS for line in nominal_lines(bot)}
    assert kinds["ines-001"] is QuestionKind.WHAT
    assert kinds["ines-034"] is QuestionKind.CHOICE
    assert kinds["marlow-009"] is QuestionKind.CHOICE
    assert kinds["marlow-003"] is QuestionKind.NONE
    assert kinds["marlow-275"] is QuestionKind.WHAT
    assert kinds["marlow-299"] is QuestionKind.YES_NO


def test_nearly_all_that_the_sample_asks_with_a_mark_and_little_else_counts_as_a_question():
    texts = [line.text for bot in BOTS for line in nominal_lines(bot) if line.speaker != "reaction"]
    marked = [text for text in texts if text.rstrip().endswith("?")]
    plain = [text for text in texts if "?" not in text]
    assert all(question_kind(text) is not QuestionKind.NONE for text in marked)
    assert sum(question_kind(text) is not QuestionKind.NONE for text in plain) < 0.1 * len(plain)


@quick
@given(st.text(max_size=300), st.one_of(st.none(), st.text(max_size=12), st.sampled_from(sorted(KNOWN_LABELS))))
def test_any_text_has_codes_within_their_ranges(text, label):
    found = turn_features(text, label, 0.5)
    assert 0 <= found.question < len(QuestionKind)
    assert 0 <= found.opening < len(OpeningKind)
    assert -1 <= found.emotion < len(EMOTIONS)
    assert found.characters == len(text.strip())
    assert 0 <= found.words <= len(text)
    assert math.isnan(found.valence) == (found.emotion < 0)


@quick
@given(st.text(alphabet="abdehiorstuwy '?.,", max_size=60), st.sampled_from(["", " ", "\n", "  "]))
def test_case_and_space_around_a_text_change_nothing(text, space):
    assert question_kind(space + text.upper() + space) is question_kind(text)
    assert opening_kind(space + text.upper() + space) is opening_kind(text)


def test_words_are_runs_of_letters_and_unspaced_scripts_count_by_two_characters():
    assert count_words("Don't re-read it, 3 times 😄") == 5
    assert count_words("😄 !!") == 0
    assert count_words("昨日のバグ、直りました") == 6
    assert count_words("I eat うどん") == 4


@quick
@given(st.sampled_from(EMOTIONS), st.floats(0, 1), st.floats(0, 1))
def test_a_stronger_feeling_is_further_from_neutral_on_the_same_side(label, one, other):
    weak, strong = sorted((one, other))
    assert abs(valence(label, weak)) <= abs(valence(label, strong)) <= 1.0
    assert valence(label, weak) * PLEASURE[label] >= 0.0


def test_valence_is_the_published_pleasure_at_full_intensity():
    assert valence("joy", 1.0) == pytest.approx(0.76)
    assert valence("Fear ", 0.5) == pytest.approx(-0.32)
    assert valence("neutral", 0.9) == 0.0
    assert valence("anger", None) == pytest.approx(-0.255)
    assert valence("anger", 7.0) == pytest.approx(-0.51)


def test_a_label_that_nobody_knows_has_no_valence():
    for label in (None, "", "zorp"):
        assert emotion_code(label) == -1
        assert math.isnan(valence(label, 0.5))
    assert math.isnan(turn_features("hi", "joy", math.nan).intensity)


def test_older_labels_stand_for_a_label_of_the_contract():
    assert EMOTIONS[emotion_code("happy")] == "joy"
    assert EMOTIONS[emotion_code("Frustrated")] == "anger"
    assert {EMOTIONS[emotion_code(label)] for label in KNOWN_LABELS} == set(EMOTIONS)


def test_the_sides_of_valence_are_those_of_the_tone_of_summaries():
    assert {label for label, value in PLEASURE.items() if value < 0} == NEGATIVE
    assert {label for label, value in PLEASURE.items() if value > 0} == POSITIVE | {"surprise"}
    assert set(PLEASURE) == set(EMOTIONS)
