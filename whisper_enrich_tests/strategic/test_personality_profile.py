"""How the user meets the bot's personality, and how the user writes."""

import json
import time
from dataclasses import asdict, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.history import EMOTIONS, TRAITS, Mention
from whisper_enrich.strategic.personality_profile import compute
from whisper_enrich.strategic.trait_norms import LEFT_OUT, RELIABLE_TRAITS
from whisper_enrich_tests.strategic.trait_turns import history, talk

DAY = 86400.0
JOY, SADNESS, NEUTRAL = (EMOTIONS.index(label) for label in ("joy", "sadness", "neutral"))


def asking_helps(number):
    """The user always answers a question, and else every third time."""
    asks = number % 2 == 0
    return {"curiosity": float(asks)}, (60.0, {"valence": 0.0}) if asks or number % 3 == 0 else None


def own_messages(n, apart=60.0, **more):
    return [(index * apart, True, dict(more)) for index in range(n)]


def test_a_trait_shown_more_than_is_usual_is_dominant_with_its_effect_and_intervals():
    profile = compute(history(talk(60, asking_helps)))
    (entry,) = [entry for entry in profile.dominant_traits if entry["trait"] == "curiosity"]
    assert entry["frequency"] == 0.5
    assert entry["frequency_interval"][0] < 0.5 < entry["frequency_interval"][1]
    assert entry["interval"][0] < entry["effectiveness"] < entry["interval"][1]
    assert entry["interval"][0] > 0
    assert (entry["n"], entry["n_with"], entry["n_without"]) == (60, 30, 30)


def test_advice_follows_from_a_credible_difference_and_names_its_numbers():
    profile = compute(history(talk(60, asking_helps)))
    (advice,) = profile.adaptation_suggestions
    assert (advice["trait"], advice["outcome"], advice["do"], advice["scope"]) == (
        "curiosity",
        "reply",
        "more",
        "shared",
    )
    assert "100% of 30 cases" in advice["text"]
    assert "33% of 30" in advice["text"]
    assert "Ana" in advice["text"]


def test_a_trait_that_the_user_falls_silent_after_is_advised_against():
    profile = compute(
        history(talk(60, lambda n: ({"verbosity": 0.9 * (n % 2)}, (60.0, {}) if not n % 2 or n % 5 == 0 else None)))
    )
    assert [(one["trait"], one["do"]) for one in profile.adaptation_suggestions] == [("verbosity", "less")]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (lambda asks, r: (float(r.lognormal(3 if asks else 5, 0.5)), {"valence": 0.0}), "latency"),
        (
            lambda asks, r: (60.0, {"words": int(r.integers(30, 40) if asks else r.integers(3, 9)), "valence": 0.0}),
            "length",
        ),
        (lambda asks, r: (60.0, {"valence": float(np.clip(r.normal(0.4 if asks else -0.2, 0.2), -1, 1))}), "mood"),
    ],
)
def test_each_outcome_is_told_in_words(answer, outcome):
    rng = np.random.default_rng(3)
    profile = compute(history(talk(60, lambda n: ({"curiosity": float(n % 2)}, answer(n % 2, rng)))))
    (advice,) = profile.adaptation_suggestions
    assert advice["outcome"] == outcome
    assert "nan" not in advice["text"]


def test_what_was_seen_in_dms_alone_is_advised_in_dms_alone():
    rows = [(at, user, dict(more) | {"private": True}) for at, user, more in talk(60, asking_helps)]
    assert [one["scope"] for one in compute(history(rows)).adaptation_suggestions] == ["dm"]


def test_contradicting_differences_of_a_trait_give_no_advice():
    """Quicker, but shorter."""
    rng = np.random.default_rng(4)
    profile = compute(
        history(
            talk(
                80,
                lambda n: (
                    {"curiosity": float(n % 2)},
                    (
                        float(rng.lognormal(3 if n % 2 else 5, 0.4)),
                        {"words": int(rng.integers(2, 5) if n % 2 else rng.integers(30, 50))},
                    ),
                ),
            )
        )
    )
    assert profile.user_response_patterns["curiosity"]["latency_seconds"]["credible"]
    assert profile.user_response_patterns["curiosity"]["length_words"]["credible"]
    assert profile.adaptation_suggestions == []


def test_of_users_who_react_to_nothing_hardly_one_gets_advice():
    rng = np.random.default_rng(11)

    def at_random(_):
        shows = {trait: float(rng.random() < 0.4) for trait in TRAITS}
        reply = (float(rng.lognormal(4, 1)), {"words": int(rng.integers(2, 60)), "valence": float(rng.uniform(-1, 1))})
        return shows, reply if rng.random() < 0.7 else None

    advised = sum(bool(compute(history(talk(80, at_random))).adaptation_suggestions) for _ in range(60))
    assert advised <= 7


def test_too_few_exchanges_with_a_trait_are_said_and_not_compared():
    profile = compute(history(talk(20, lambda n: ({"warmth": float(n < 3)}, (60.0, {})))))
    assert profile.user_response_patterns["warmth"] == {
        "n_with": 3,
        "n_without": 17,
        "reason": "too_few_turns_with_the_trait",
    }
    assert profile.adaptation_suggestions == []


def test_only_reliable_traits_are_reported():
    profile = compute(history(talk(60, lambda n: (dict.fromkeys(TRAITS, float(n % 2)), (60.0, {})))))
    assert set(profile.user_response_patterns) == RELIABLE_TRAITS
    assert {entry["trait"] for entry in profile.dominant_traits} <= RELIABLE_TRAITS
    assert profile.left_out_traits == dict(LEFT_OUT)


def test_the_history_of_thirty_days_has_the_days_that_exist():
    rows = [
        (day * DAY + minute * 60.0, False, {"traits": {"warmth": 1.0}}) for day in (0, 1, 40, 41) for minute in range(9)
    ]
    profile = compute(history(rows, as_of=42 * DAY))
    assert [stretch["turns"] for stretch in profile.trait_evolution_history] in ([18], [9, 9])
    assert all(stretch["frequencies"]["warmth"] == 1.0 for stretch in profile.trait_evolution_history)


def test_a_stretch_of_days_that_is_over_stays_as_it_is():
    rows = [(day * DAY + minute * 60.0, False, {}) for day in range(20) for minute in range(9)]
    earlier = compute(history(rows, as_of=20 * DAY)).trait_evolution_history
    later = compute(history(rows, as_of=23 * DAY)).trait_evolution_history
    assert earlier[1:-1] == [stretch for stretch in later if stretch in earlier[1:-1]]
    assert len(earlier) >= 6


@pytest.mark.parametrize("rows", [[], [(0.0, True, {})], [(0.0, False, {})]])
def test_next_to_nothing_is_no_profile_and_says_why(rows):
    profile = compute(history(rows))
    told = asdict(profile)
    for name, value in told.items():
        if value is None:
            assert profile.reasons[name], name
    assert profile.dominant_traits is None
    assert profile.communication_style is None
    assert profile.personality_summary is None


def test_every_missing_field_has_its_reason_and_no_other_has_one():
    profile = compute(history(talk(30, asking_helps)))
    told = asdict(profile)
    assert {name for name, value in told.items() if value is None} == set(profile.reasons)


@pytest.mark.parametrize(
    ("formality", "words", "style", "register", "length"),
    [
        (0.2, 5, "concise and casual", "casual", "brief"),
        (0.45, 20, "plain", "neutral", "moderate"),
        (0.65, 20, "formal", "formal", "moderate"),
        (0.45, 60, "detailed and plain", "neutral", "detailed"),
    ],
)
def test_style_is_told_by_register_and_length(formality, words, style, register, length):
    traits = {"formality": formality, "directness": 0.5, "positivity": 0.5}
    profile = compute(history(own_messages(20, words=words, traits=traits)))
    assert (profile.communication_style, profile.formality_level, profile.verbosity_level) == (style, register, length)


def test_what_the_user_shows_more_than_is_usual_stands_in_the_style():
    traits = {"formality": 0.2, "expressiveness": 1.0}
    profile = compute(history(own_messages(30, words=5, traits=traits)))
    assert profile.communication_style == "concise and expressive"


def test_a_user_of_another_language_has_a_length_and_no_register():
    profile = compute(history(own_messages(30, untold=True)))
    assert profile.verbosity_level == "brief"
    assert profile.formality_level is None
    assert profile.reasons["formality_level"] == "too_few_messages_in_english"


def test_emotional_range_is_the_effective_number_of_emotions():
    def with_emotions(codes):
        return compute(history([(i * 60.0, True, {"emotion": codes[i % len(codes)]}) for i in range(120)]))

    narrow, wide = with_emotions([JOY, JOY, NEUTRAL]), with_emotions(list(range(12)))
    assert (narrow.emotional_range, narrow.dominant_emotions) == ("narrow", ["joy"])
    assert wide.emotional_range == "wide"
    assert wide.emotional_diversity == pytest.approx(12.0)
    assert with_emotions([0, 1, 2, 3, 4, 5]).emotional_range == "moderate"
    assert compute(history(own_messages(30))).reasons["emotional_range"] == "no_emotion_labels"


def test_subjects_are_those_of_several_days_with_their_scope():
    rows = [(day * DAY, True, {"private": private}) for day, private in enumerate([False, False, True, True, True])]
    mentions = [
        Mention("leeds", "Leeds", "entity", 0),
        Mention("soup", "soup", "topic", 0),
        Mention("soup", "soup", "topic", 1),
        Mention("divorce", "divorce", "topic", 2),
        Mention("divorce", "divorce", "topic", 3),
        Mention("dog", "dog", "topic", 1),
        Mention("dog", "dog", "topic", 4),
    ]
    profile = compute(history(rows, mentions=mentions))
    assert {item["topic"]: item["scope"] for item in profile.primary_topics} == {
        "soup": "shared",
        "divorce": "dm",
        "dog": "dm",
    }
    assert profile.topic_diversity_score is None


def test_diversity_grows_with_the_subjects_that_share_the_talk():
    rows = [(day * DAY, True, {}) for day in range(40)]

    def diversity(keys):
        mentions = [Mention(key, key, "topic", day) for day, key in enumerate(keys)]
        return compute(history(rows, mentions=mentions)).topic_diversity_score

    assert diversity(["cat"] * 40) == 0.0
    few, many = diversity(["cat", "sea"] * 20), diversity([f"t{n % 10}" for n in range(40)])
    assert 0.0 < few < many <= 1.0


def test_what_the_bot_names_is_no_subject_of_the_user():
    rows = [(day * DAY, False, {}) for day in range(5)]
    profile = compute(history(rows, mentions=[Mention("sea", "sea", "topic", turn) for turn in range(5)]))
    assert profile.primary_topics is None
    assert profile.reasons["primary_topics"] == "no_mentions"


def test_the_summary_names_the_user_in_the_third_person_and_no_subject():
    rows = [(day * DAY + minute * 60.0, True, {"emotion": SADNESS}) for day in range(14) for minute in (0, 20, 40)]
    mentions = [Mention("divorce", "divorce", "topic", turn) for turn in range(len(rows))]
    summary = compute(history(rows, mentions=mentions, zone=ZoneInfo("UTC"), zone_source="profile")).personality_summary
    assert summary.startswith("Ana writes in a ")
    assert "Ana comes by on most days, mostly between 18:00 and 19:00 local time." in summary
    assert "sadness" in summary
    assert "divorce" not in summary


def test_hours_over_midnight_are_told_as_one_stretch():
    rows = [(day * DAY + 5.5 * 3600 + half * 3600.0, True, {}) for day in range(14) for half in (0, 1)]
    assert "mostly between 23:00 and 1:00 UTC." in compute(history(rows)).personality_summary


def test_a_user_who_writes_at_any_hour_prefers_none_and_one_of_few_messages_is_not_told():
    assert compute(history([(hour * 3600.0, True, {}) for hour in range(24 * 8)])).preferred_times == []
    few = compute(history(own_messages(12)))
    assert (few.preferred_times, few.reasons["preferred_times"]) == (None, "too_few_messages")


def test_question_frequency_and_length_are_means_over_the_users_messages():
    rows = [(i * 60.0, True, {"question": int(i % 4 == 0), "words": 10}) for i in range(40)]
    profile = compute(history(rows))
    assert (profile.question_frequency, profile.avg_message_length) == (0.25, 60.0)


@settings(max_examples=25, derandomize=True, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, 120))
def test_any_history_gives_plain_values_within_their_bounds(seed, n):
    rng = np.random.default_rng(seed)
    at = np.sort(rng.choice([0.0, 60.0, 4000.0, 90000.0], n)).cumsum()
    rows = [
        (
            float(at[i]),
            bool(rng.random() < 0.5),
            {
                "traits": {trait: float(rng.random()) for trait in TRAITS},
                "untold": bool(rng.random() < 0.2),
                "valence": float(rng.choice([np.nan, rng.uniform(-1, 1)])),
                "emotion": int(rng.integers(-1, 12)),
                "words": int(rng.integers(0, 400)),
            },
        )
        for i in range(n)
    ]
    profile = compute(history(rows))
    json.dumps(asdict(profile), allow_nan=False)
    for share in (profile.question_frequency, profile.topic_diversity_score):
        assert share is None or 0.0 <= share <= 1.0
    for entry in profile.dominant_traits or []:
        assert 0.0 <= entry["frequency"] <= 1.0
        assert entry["effectiveness"] is None or -1.0 <= entry["effectiveness"] <= 1.0


def test_the_offset_of_the_history_does_not_matter_to_what_is_no_clock_time():
    one = history(talk(60, asking_helps), zone=ZoneInfo("Asia/Kolkata"))
    other = replace(one, zone=ZoneInfo("America/Los_Angeles"), as_of=one.as_of + timedelta(hours=1))
    assert compute(one).dominant_traits == compute(other).dominant_traits
    assert compute(one).adaptation_suggestions == compute(other).adaptation_suggestions


def test_five_thousand_turns_take_less_than_twenty_milliseconds():
    rng = np.random.default_rng(2)
    rows = talk(
        1700,
        lambda n: (
            {trait: float(rng.random()) for trait in TRAITS},
            (60.0, {"words": int(rng.integers(1, 50)), "valence": 0.1, "emotion": int(rng.integers(12))}),
        ),
    )
    mentions = [Mention(f"k{i % 700}", "k", "topic", i % len(rows)) for i in range(8000)]
    made = history(rows, mentions=sorted(mentions, key=lambda m: m.turn))
    compute(made)

    def once():
        fresh = replace(made)
        began = time.process_time()
        compute(fresh)
        return time.process_time() - began

    assert len(rows) >= 5000
    assert min(once() for _ in range(5)) < 0.020
