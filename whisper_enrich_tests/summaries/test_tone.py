from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Speaker
from whisper_enrich.summaries.tone import KNOWN_LABELS, NEGATIVE, OTHER, POSITIVE, tone
from whisper_enrich_tests.summaries.builders import message

CONTRACT = (
    "anger anticipation disgust fear joy love optimism pessimism sadness surprise trust neutral"  # the data contract's
)


def felt(*labels: tuple[str | None, float | None], by: Speaker = Speaker.USER):
    return [message("…", number=i, by=by, emotion=label, intensity=value) for i, (label, value) in enumerate(labels)]


@pytest.mark.parametrize(
    ("labels", "text"),
    [
        ([("joy", 0.8), ("joy", 0.6), ("sadness", 0.2)], "positive (joy)"),
        ([("sadness", 0.9), ("fear", 0.5), ("joy", 0.3)], "negative (sadness)"),
        ([("love", 0.7), ("anger", 0.6)], "mixed (love)"),
        ([("anger", 0.7), ("love", 0.6)], "mixed (anger)"),
        ([("neutral", 0.5), ("neutral", 0.5)], "neutral (neutral)"),
        ([("surprise", 0.9), ("neutral", 0.2)], "neutral (surprise)"),
        ([("neutral", 0.9), ("neutral", 0.9), ("neutral", 0.9), ("joy", 0.2)], "neutral (neutral)"),
        ([("neutral", 0.4), ("optimism", 0.4)], "positive (optimism)"),
    ],
)
def test_the_tone_follows_the_weighted_labels_of_the_user(labels, text: str) -> None:
    assert tone(felt(*labels)).text == text


def test_intensity_outweighs_number() -> None:
    assert tone(felt(("joy", 0.9), ("sadness", 0.1), ("sadness", 0.1), ("sadness", 0.1))).text == "positive (joy)"


def test_what_the_bot_displayed_does_not_count() -> None:
    mood = tone([*felt(("joy", 1.0), ("joy", 1.0), by=Speaker.BOT), message("…", number=9, emotion="sadness")])
    assert mood.text == "negative (sadness)"


def test_every_label_of_the_contract_stands_for_itself() -> None:
    assert {KNOWN_LABELS[label] for label in CONTRACT.split()} == set(CONTRACT.split()) == POSITIVE | NEGATIVE | OTHER


def test_older_labels_are_taken_for_the_ones_that_they_mean() -> None:
    mood = tone(felt(("Happy ", 0.5), ("excitement", 0.5), ("worried", 0.2)))
    assert mood.text == "positive (joy)"
    assert mood.labelled == 3


def test_unknown_labels_are_counted_and_change_nothing() -> None:
    mood = tone(felt(("joy", 0.5), ("zorb", 1.0), ("blorp", 1.0)))
    assert (mood.text, mood.labelled, mood.unknown) == ("positive (joy)", 1, 2)


@pytest.mark.parametrize(
    ("messages", "reason"),
    [
        (felt((None, None), ("", 0.5), (None, 0.9)), "no_emotion_labels"),
        (felt(("zorb", 0.5)), "unknown_emotion_labels"),
        (felt(("joy", 0.5), by=Speaker.BOT), "no_user_messages"),
        ([], "no_user_messages"),
    ],
)
def test_without_a_known_label_there_is_no_tone_but_a_reason(messages, reason: str) -> None:
    mood = tone(messages)
    assert (mood.text, mood.dominant, mood.reason) == (None, None, reason)


def test_a_label_without_intensity_weighs_like_the_others() -> None:
    assert tone(felt(("joy", None), ("sadness", 0.2))).text == "mixed (joy)"
    assert tone(felt(("joy", None), ("joy", None), ("joy", None), ("fear", None))).text == "positive (joy)"


def test_intensities_of_zero_or_beyond_the_range_still_give_a_tone() -> None:
    assert tone(felt(("joy", 0.0))).text == "neutral (joy)"
    assert tone(felt(("joy", 7.0), ("sadness", 0.9))).text == "mixed (joy)"
    assert tone(felt(("joy", float("nan")), ("sadness", 0.9))).text == "negative (sadness)"


@settings(max_examples=80, derandomize=True, deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from([*CONTRACT.split(), "happy", "zorb", None]), st.one_of(st.none(), st.floats(0, 1))),
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_the_tone_does_not_depend_on_the_order_of_messages(labels, random) -> None:
    messages = felt(*labels)
    mood = tone(messages)
    assert tone(random.sample(messages, len(messages))) == mood
    assert (mood.text is None) == (mood.reason is not None) == (mood.labelled == 0)
