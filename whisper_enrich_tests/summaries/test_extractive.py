from __future__ import annotations

import os
import random
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.summaries.extractive import ENGINE_VERSION, MOST_SENTENCES, input_hash, summarise
from whisper_enrich.summaries.model import SummaryType
from whisper_enrich.summaries.windows import window_of
from whisper_enrich.text.sentences import sentences
from whisper_enrich_tests.summaries.builders import GARDEN, START, message, summary_of, talk

PLACES = "harbour chapel quarry market museum orchard bakery station library garden bridge tower cellar attic".split()  # noqa: SIM905
VERBS = "visited painted photographed repaired inherited rented sketched cleaned avoided guarded".split()  # noqa: SIM905
PEOPLE = "sister uncle teacher neighbour grandson doctor landlord cousin colleague nephew".split()  # noqa: SIM905


def long_talk(count: int, *, vectors: bool = False) -> list[Message]:
    """``count`` messages of invented everyday statements, different from each other and the same each time."""
    chance = random.Random(count)
    made = []
    for number in range(count):
        text = (
            f"I {chance.choice(VERBS)} the {chance.choice(PLACES)} with my {chance.choice(PEOPLE)}, and afterwards the "
            f"{chance.choice(PEOPLE)} of the {chance.choice(PLACES)} {chance.choice(VERBS)} it too."
        )
        vector = [chance.gauss(0, 1) for _ in range(24)] if vectors else None
        by = Speaker.BOT if number % 2 else Speaker.USER
        made.append(message(text, by=by, number=number, at=START + timedelta(seconds=number), vector=vector))
    return made


def test_a_talk_becomes_third_person_prose_that_says_who_when_and_what() -> None:
    summary = summary_of(talk(*GARDEN))
    assert summary.summary_text.startswith(
        "Ana and Marlow had a conversation on 4 March 2026 between 9:30 am and 10:03 am UTC."
    )
    assert "Ana finally planted tomatoes on the balcony this morning." in summary.summary_text
    assert "surgery" in summary.summary_text
    assert re.search(r"\b(?:I|my|me)\b", re.sub(r'"[^"]*"', "", summary.summary_text)) is None


def test_a_summary_has_at_most_ten_sentences_and_no_transcript_marks() -> None:
    for messages in (talk(*GARDEN), long_talk(200)):
        text = summary_of(messages).summary_text
        assert len(sentences(text)) <= MOST_SENTENCES
        assert re.search(r"(?:^|\s)(?:User|Bot|Ana|Marlow):", text) is None


def test_what_the_summary_covers_is_listed_once_a_point_in_order() -> None:
    pair = [
        message("I sold the boat.", point_id="pair", number=7),
        message("A pity, that boat.", by=Speaker.BOT, point_id="pair", number=7),
    ]
    summary = summary_of([*pair, *talk("u: I planted beans.")])
    assert summary.message_ids == ("point-00000", "pair")
    assert summary.message_count == 3


def test_the_type_follows_the_callers_decision_on_length() -> None:
    assert summary_of(talk(*GARDEN)).summary_type is SummaryType.TIME_WINDOW
    assert summary_of(talk("u: I sold the boat."), short=True).summary_type == "short_window"


def test_window_scope_and_version_are_carried_over() -> None:
    summary = summary_of([message("I sold the boat.", scope=Scope.SHARED)])
    assert (summary.window, summary.scope) == (window_of(START, 24), Scope.SHARED)
    assert summary.engine_version == ENGINE_VERSION


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.permutations(talk(*GARDEN)))
def test_the_order_in_which_messages_arrive_does_not_matter(shuffled: list[Message]) -> None:
    assert summary_of(shuffled) == summary_of(talk(*GARDEN))


def test_the_order_does_not_matter_where_only_some_messages_have_vectors() -> None:
    messages = [
        message(m.text, by=m.speaker, number=i, vector=[1.0, i / 7, -i / 3] if i % 3 else None)
        for i, m in enumerate(talk(*GARDEN))
    ]
    assert summary_of(messages[::-1]) == summary_of(messages)


def test_every_process_writes_the_same_summary() -> None:
    program = (
        "from whisper_enrich_tests.summaries.builders import GARDEN, summary_of, talk; print(summary_of(talk(*GARDEN)))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert b"Ana" in outputs.pop()


def test_compression_is_characters_of_the_summary_over_characters_said() -> None:
    messages = talk(*GARDEN)
    summary = summary_of(messages)
    assert summary.compression_ratio == pytest.approx(len(summary.summary_text) / sum(len(m.text) for m in messages))


def test_a_busy_day_is_trusted_like_a_quiet_one() -> None:
    scores = [summary_of(long_talk(count)).confidence_score for count in (12, 50, 150, 600)]
    assert min(scores) > 0.6
    assert scores[-1] > scores[0] - 0.25


def test_a_talk_that_repeats_itself_is_covered_wholly() -> None:
    openings = ("Again", "Yesterday", "Today", "Now", "Then", "Still", "Perhaps", "Maybe", "Soon")
    repeated = talk(*(f"u: {opening} I planted tomatoes on the balcony." for opening in openings))
    assert summary_of(repeated).confidence_score > 0.9


def test_an_answer_just_after_midnight_belongs_to_the_day_of_its_question() -> None:
    midnight = datetime(2026, 3, 5, tzinfo=UTC)
    asked = message("I sold the boat to my uncle.", at=midnight - timedelta(microseconds=500))
    answered = message("A pity, that boat.", by=Speaker.BOT, number=1, at=midnight + timedelta(microseconds=500))
    assert summary_of([asked, answered]).message_count == 2


def test_the_number_of_threads_for_matrices_is_left_as_it_was() -> None:
    from threadpoolctl import threadpool_info

    before = threadpool_info()
    summary_of(talk(*GARDEN))
    assert threadpool_info() == before


def test_tone_topics_and_text_describe_the_same_messages() -> None:
    messages = [
        message("I planted tomatoes on the balcony.", emotion="joy", intensity=0.8),
        message("The wind took my beans.", by=Speaker.BOT, number=1, emotion="sadness", intensity=1.0),
    ]
    summary = summary_of(messages)
    assert (summary.emotional_tone, summary.dominant_emotion, summary.emotional_tone_reason) == (
        "positive (joy)",
        "joy",
        None,
    )
    assert "tomatoes" in summary.key_topics


def test_without_labels_the_tone_is_unknown_and_says_why() -> None:
    summary = summary_of(talk(*GARDEN))
    assert summary.emotional_tone is summary.dominant_emotion is None
    assert summary.emotional_tone_reason == "no_emotion_labels"


def test_one_message_is_summarised() -> None:
    summary = summary_of(talk("u: I sold the boat to my uncle."), short=True)
    assert (
        summary.summary_text == "Ana wrote to Marlow on 4 March 2026 at 9:30 am UTC. Ana sold the boat to their uncle."
    )
    assert summary.confidence_score == 1.0


def test_a_greeting_alone_is_quoted_and_has_no_confidence() -> None:
    summary = summary_of(talk("u: hello there"), short=True)
    assert summary.summary_text.endswith('Ana said: "hello there."')
    assert summary.confidence_score is None
    assert summary.key_topics == ()


def test_only_bot_messages_are_the_bots() -> None:
    summary = summary_of(talk("b: I mended the lamp last night.", "b: The tide is low today."))
    assert summary.summary_text.startswith("Marlow wrote to Ana on")
    assert "Marlow mended the lamp last night." in summary.summary_text
    assert summary.emotional_tone_reason == "no_user_messages"


@pytest.mark.parametrize("lines", [("u: 😀😀", "b: 😀"), ("u: ", "b:  "), ("u: https://example.org", "b: <3")])
def test_messages_without_words_are_counted_and_called_that(lines: tuple[str, ...]) -> None:
    summary = summary_of(talk(*lines))
    assert "exchanged 2 messages without words on 4 March 2026" in summary.summary_text
    assert summary.confidence_score is None
    assert summary.key_topics == ()
    assert summary.message_count == 2


def test_empty_texts_have_no_compression_ratio() -> None:
    assert summary_of([message("")]).compression_ratio is None


def test_other_languages_are_summarised_in_their_own_words() -> None:
    summary = summary_of(
        talk(
            "u: Gisteren heb ik met mijn zus het oude huis van onze moeder verkocht.",
            "b: Dat is een grote stap. Hoe voelt het nu het huis weg is?",
            "u: Vreemd, maar we hebben samen nog één keer in de tuin gezeten.",
        )
    )
    assert 'Ana said: "Gisteren heb ik met mijn zus het oude huis van onze moeder verkocht."' in summary.summary_text


@pytest.mark.parametrize("vectors", [False, True])
def test_thousands_of_messages_still_make_one_readable_summary(vectors: bool) -> None:
    messages = long_talk(3000, vectors=vectors)
    summary = summary_of(messages)
    assert len(sentences(summary.summary_text)) <= MOST_SENTENCES
    assert summary.message_count == len(summary.message_ids) == 3000
    assert summary.compression_ratio < 0.01


def test_pasted_books_do_not_make_long_summaries() -> None:
    summary = summary_of(talk("u: " + "and the wind and the rain and the sea " * 2000, "u: " + "A" * 50_000))
    assert len(summary.summary_text) < 1500


def test_messages_of_another_window_or_scope_are_refused() -> None:
    inside = message("I sold the boat.")
    with pytest.raises(ValueError, match="window and scope"):
        summary_of([inside, message("Late.", number=1, at=START + timedelta(days=1))])
    with pytest.raises(ValueError, match="window and scope"):
        summary_of([inside, message("Public.", number=1, scope=Scope.SHARED)])


def test_a_summary_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        summarise([], user_name="A", bot_name="B", window=window_of(START, 24), scope=Scope.DM, short=False)


def test_the_input_hash_knows_points_and_contents_but_no_order() -> None:
    messages = talk(*GARDEN)
    assert input_hash(messages[::-1]) == input_hash(messages) == summary_of(messages).input_hash
    assert input_hash(messages[1:]) != input_hash(messages)
    edited = message("something else", number=999, point_id=messages[0].point_id)
    assert input_hash([edited, *messages[1:]]) != input_hash(messages)


LETTERS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs",)), max_size=80)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(Speaker)), LETTERS), min_size=1, max_size=8))
def test_whatever_is_typed_gives_a_summary_within_its_ranges(lines) -> None:
    summary = summary_of([message(text, by=by, number=number) for number, (by, text) in enumerate(lines)])
    assert summary.summary_text.strip()
    assert len(summary.key_topics) <= 5
    assert summary.confidence_score is None or 0 <= summary.confidence_score <= 1
    assert summary.compression_ratio is None or summary.compression_ratio > 0
