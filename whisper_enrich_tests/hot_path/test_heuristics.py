"""What simple counts say where no engine has an answer."""

from __future__ import annotations

from datetime import timedelta

import pytest

from whisper_enrich.hot_path import Freshness, MessageSeen, Missing, StaleReason, heuristics
from whisper_enrich.hot_path.heuristics import formality, topics_of
from whisper_enrich.strategic import user_style
from whisper_enrich_tests.hot_path.conftest import NOW
from whisper_enrich_tests.hot_path.readers import open_reader


def seen(*texts: str, from_user: bool = True) -> list[MessageSeen]:
    return [MessageSeen(text, NOW - timedelta(minutes=len(texts) - i), from_user) for i, text in enumerate(texts)]


@pytest.fixture(scope="module")
def reader(world):
    made = open_reader("sync", world.dsn, world.options)
    yield made
    made.close()


def test_a_gap_is_filled_from_the_messages_that_the_bot_has_and_marked_as_heuristic(reader):
    messages = [
        *seen("hey, do u know a good greenhouse?", "i want a greenhouse for my chillies lol", "chillies hate frost"),
        *seen("Dear me, what a very long answer this bot can give! " * 9, from_user=False),
    ]
    context = reader.get_context("eve", "elena", "shared", NOW, messages=messages, strict=True)
    profile = context.personality_profile
    assert (profile.freshness, profile.stale_reason, profile.computed_at) == (
        Freshness.STALE,
        StaleReason.HEURISTIC,
        None,
    )
    assert (profile.formality_level, profile.verbosity_level) == ("casual", "brief")
    assert profile.question_frequency == pytest.approx(1 / 3)
    assert [topic["topic"] for topic in profile.primary_topics] == ["chillies", "greenhouse"]
    assert [topic["topic"] for topic in context.context_switches.recent_topics] == ["chillies", "greenhouse"]
    assert context.engagement.hours_since_last_message == pytest.approx(1 / 60)
    assert context.engagement.is_in_lull is None
    assert isinstance(context.memory_health, Missing)


def test_what_an_engine_has_computed_is_not_replaced(reader):
    context = reader.get_context("ana", "elena", "shared", NOW, messages=seen("I like chess.", "Chess it is.", "Bye."))
    assert context == reader.get_context("ana", "elena", "shared", NOW)


def test_of_too_few_messages_nothing_is_said_about_style(reader):
    profile = reader.get_context("eve", "elena", "shared", NOW, messages=seen("Good evening.")).personality_profile
    assert (profile.formality_level, profile.verbosity_level, profile.question_frequency) == (None, None, None)
    assert profile.reasons["formality_level"] == "too_few_messages"


@pytest.mark.parametrize(
    ("texts", "level"),
    [
        (["omg yes", "lol no", "see you"], "casual"),
        (["Would you kindly send it?", "Thank you for the reply.", "I would prefer Monday."], "formal"),
        (["The train is late.", "We wait at platform two.", "It rains."], "neutral"),
    ],
)
def test_the_register_is_that_of_half_the_messages(texts, level):
    assert formality(seen(*texts)) == level


def test_a_message_without_a_zone_is_refused_where_it_is_made():
    with pytest.raises(ValueError, match="zone"):
        MessageSeen("Hello", NOW.replace(tzinfo=None))


def test_a_topic_is_a_word_of_two_messages_and_no_function_word():
    assert topics_of(seen("because because because violin", "the violin is here", "because it is")) == ["violin"]


def test_lengths_are_judged_by_the_bounds_of_the_engine():
    assert (heuristics.BRIEF_BELOW, heuristics.DETAILED_FROM) == (user_style.BRIEF_BELOW, user_style.DETAILED_FROM)
