"""Which subjects come up again and again, and which of them move the user."""

from __future__ import annotations

import numpy as np
import pytest

from whisper_enrich.strategic.history import EMOTIONS, Mention
from whisper_enrich.strategic.moving_topics import (
    most_discussed,
    moving_topics,
    shrunk_differences,
    subjects_of,
)
from whisper_enrich_tests.strategic.pattern_talks import Said, Talk, history, random_talks


def talk(day: float, topic: str, mood: float, *, private: bool = False, terms: tuple[str, ...] = ()) -> Talk:
    label = EMOTIONS.index("joy" if mood > 0 else "sadness")
    said = [Said(0.0, mood=mood, intensity=0.5, emotion=label), Said(1.0, "bot"), Said(60.0, mood=mood, intensity=0.5)]
    return Talk(day, said, topic, terms or (topic,), private)


def moods(seed: int = 0, **of_topic: float) -> list[Talk]:
    """Six talks on each topic, a day apart, about its mood."""
    rng = np.random.default_rng(seed)
    return [
        talk(float(day), topic, mood + float(rng.normal(0, 0.1)))
        for day, (topic, mood) in enumerate([pair for _ in range(6) for pair in of_topic.items()])
    ]


def moved(talks):
    found = history(talks)
    return moving_topics(found, subjects_of(found))


def discussed(talks):
    found = history(talks)
    return most_discussed(found, subjects_of(found))


def test_a_subject_that_lifts_and_one_that_lowers_stand_out_and_the_rest_does_not():
    items, reason = moved(moods(garden=0.6, mother=-0.5, work=0.1, food=0.1, weather=0.05, bus=0.1))
    assert reason is None
    assert [(item["topic"], item["direction"]) for item in items] == [("mother", "lowers"), ("garden", "lifts")]
    assert items[0]["emotions"] == ["sadness"]
    assert items[0]["talks"] == 6
    assert (
        items[0]["against_usual"]["low"]
        < items[0]["against_usual"]["difference"]
        < items[0]["against_usual"]["high"]
        < 0
    )


def test_subjects_that_do_not_differ_move_nobody():
    calls = sum(moved(random_talks(seed, 40))[0] is not None for seed in range(60))
    assert calls <= 8


def test_one_sad_evening_of_many_messages_is_one_case():
    evening = Talk(50.0, [Said(20.0 * n, mood=-0.6) for n in range(40)], "exam", ("exam",))
    items, _ = moved([*moods(garden=0.1, work=0.1, food=0.15, bus=0.05), evening])
    assert "exam" not in [item["topic"] for item in items or []]


def test_too_little_says_so():
    assert moved([]) == (None, "no_topics")
    assert moved([talk(0.0, "bees", 0.5)]) == (None, "too_few_labelled_messages")
    assert moved([talk(float(day), f"topic {day}", 0.5) for day in range(15)]) == (None, "too_few_recurring_topics")
    assert moved(moods(a=0.1, b=0.1, c=0.1))[1] == "no_topic_stands_out"


def test_the_most_discussed_come_first_and_a_subject_within_another_is_not_told_twice():
    talks = [talk(float(day), "cat", 0.2, terms=("cat", "whiskers") if day < 2 else ("cat",)) for day in range(4)]
    talks += [talk(10.0 + day, "bus", 0.1) for day in range(2)]
    found = discussed(talks)
    assert [(item["topic"], item["days"], item["messages"]) for item in found] == [("cat", 4, 8), ("bus", 2, 4)]
    assert found[0]["valence"] == pytest.approx(0.2)
    assert found[0]["last_at"] == "2026-01-08T18:01:00Z"


def test_a_subject_of_shared_talks_is_told_from_these_alone():
    talks = [talk(float(day), "bees", 0.4) for day in range(2)] + [
        talk(5.0 + day, "bees", -0.6, private=True) for day in range(3)
    ]
    [found] = discussed(talks)
    assert (found["scope"], found["days"], found["valence"]) == ("shared", 2, pytest.approx(0.4))


def test_a_subject_that_shared_talks_do_not_bear_out_belongs_to_the_dm():
    talks = [talk(0.0, "bees", 0.4)] + [talk(5.0 + day, "bees", -0.6, private=True) for day in range(3)]
    [found] = discussed(talks)
    assert (found["scope"], found["days"], found["valence"]) == ("dm", 4, pytest.approx(-0.35))


def test_a_word_that_labels_no_talk_is_a_subject_only_as_a_name_that_the_user_said():
    talks = [talk(float(day), f"topic {day}", 0.2, terms=(f"topic {day}", "brown", "joanne")) for day in range(3)]
    found = history(talks, mentions=[Mention("joanne", "Joanne", "entity", 0), Mention("brown", "Brown", "entity", 1)])
    labels = [item["topic"] for item in most_discussed(found, subjects_of(found))]
    assert labels[0] == "joanne"
    assert "brown" not in labels


def test_segments_in_which_only_the_bot_speaks_are_not_the_users_subjects():
    assert discussed([Talk(float(day), [Said(0.0, "bot")], "fog", ("fog",)) for day in range(3)]) == []


def test_shrinking_follows_the_formula():
    values = np.array([0.5, 0.7, 0.6, 0.4, 0.6, 0.5, -0.2, 0.0, -0.1, 0.1, -0.1, 0.0, 0.3])
    groups = np.array([0] * 6 + [1] * 6 + [2])
    found = shrunk_differences(values, groups, 3, usual=0.2)
    n, mean = np.array([6, 6, 1]), np.array([0.55, -0.05, 0.3])
    within = sum(((values[groups == k] - mean[k]) ** 2).sum() for k in range(3)) / 10
    weights = n / within
    deviation = mean - 0.2
    centre = (weights * deviation).sum() / weights.sum()
    tau = ((weights * (deviation - centre) ** 2).sum() - 2) / (weights.sum() - (weights**2).sum() / weights.sum())
    assert found.difference == pytest.approx(deviation * tau / (tau + within / n))
    half = 1.959963984540054 * np.sqrt(within / n * tau / (tau + within / n))
    assert found.high - found.difference == pytest.approx(half)


def test_the_fewer_the_talks_the_nearer_to_the_usual_mood():
    values = np.concatenate([np.tile([0.5, 0.7], 10), [0.5, 0.7], np.tile([-0.1, 0.1], 10)])
    found = shrunk_differences(values, np.repeat([0, 1, 2], [20, 2, 20]), 3, usual=0.2)
    assert found.mean[0] == pytest.approx(found.mean[1])
    assert 0 < found.difference[1] < found.difference[0] < 0.4
