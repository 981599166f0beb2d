"""Durations of topics, switches between them, the ways from one to the next, and when the next is due."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic import context_switches
from whisper_enrich.strategic.context_switches import ContextSwitches, canonical_topics, compute
from whisper_enrich.strategic.days import no_turns
from whisper_enrich.strategic.history import History, Segment
from whisper_enrich.strategic.switch_hazard import SwitchHazard, population
from whisper_enrich_tests.strategic.builders import history_of

START = 1_772_474_400.0

Part = tuple[str, bool | None, int]
"""A segment's topic, whether it was bridged (None at a session's start), and its number of turns."""


def history(*parts: Part, at: Sequence[float] | None = None, silent: float = 60.0, **columns: object) -> History:
    """User and bot in turn, a minute apart; two hours of silence before a part that nothing bridges (None)."""
    segments, times, first, now = [], [], 0, START
    for topic, bridged, turns in parts:
        now += 7200.0 if bridged is None and times else 0.0
        times += [now + 60.0 * n for n in range(turns)]
        now = times[-1] + 60.0
        terms = tuple(topic.split())
        segments.append(
            Segment(first, first + turns - 1, topic, terms, bridged, 0.5 if bridged is not None else 0.0, False)
        )
        first += turns
    when = np.array(times if at is None else at, dtype=np.float64)
    turns = replace(
        no_turns(),
        ids=tuple(map(str, range(first))),
        at=when,
        **({"from_user": np.arange(first) % 2 == 0, "coherence": np.full(first, np.nan, dtype=np.float32)} | columns),
    )
    as_of = datetime.fromtimestamp(when[-1] + silent, UTC)
    return History("ines", "u1", "Ana", as_of, turns, segments=segments)


TWO_EVENINGS = (("garden", None, 6), ("work", False, 4), ("garden", True, 4), ("bees", None, 8), ("garden", False, 6))


def test_without_messages_every_field_says_so():
    result = compute(History("ines", "u1", "Ana", datetime(2026, 3, 2, tzinfo=UTC), no_turns()))
    assert set(result.reasons) == {f.name for f in fields(ContextSwitches)} - {"reasons"}
    assert set(result.reasons.values()) == {"no_messages"}
    assert all(getattr(result, name) is None for name in result.reasons)


def test_one_message_gives_what_can_be_said_and_reasons_for_the_rest():
    result = compute(history_of([(0.0, "user", "my telescope came today")]))
    assert result.switch_count == 0
    assert [item["topic"] for item in result.recent_topics] == ["telescope"]
    assert result.topic_transition_graph["edges"] == [] == result.common_transitions
    missing = {f.name for f in fields(result) if getattr(result, f.name) is None}
    assert missing == set(result.reasons)
    assert result.reasons["predicted_switch_likelihood"] == "too_few_messages"
    assert result.reasons["abrupt_switch_rate"] == "too_few_switches"


def test_only_a_run_that_begins_inside_of_a_session_is_a_switch():
    result = compute(history(*TWO_EVENINGS))
    assert result.switch_count == 3
    assert result.abrupt_switch_rate == pytest.approx(2 / 3, abs=1e-4)
    assert result.switch_frequency == pytest.approx(10 * 3 / 14, abs=1e-4)
    # 13 minutes on the first evening and 13 on the second.
    assert result.conversation_hours == pytest.approx(26 / 60, abs=1e-4)
    assert result.context_switch_frequency == pytest.approx(3 / (26 / 60), abs=1e-2)


def test_a_run_lasts_until_the_next_begins_or_the_session_ends():
    result = compute(history(*TWO_EVENINGS))
    assert [item["minutes"] for item in result.recent_topics] == [6.0, 4.0, 3.0, 8.0, 5.0]
    assert result.avg_topic_duration_minutes == pytest.approx(26 / 5)
    longest = result.duration_by_topic[0]
    assert longest == {"topic": "garden", "minutes": 14.0, "runs": 3, "average_minutes": 4.67, "scope": "shared"}


def test_a_run_of_one_instant_has_no_duration_to_average():
    result = compute(
        history(
            ("tea", None, 2), ("jam", None, 3), at=[START, START + 0.001, *(START + 9000 + 60 * n for n in range(3))]
        )
    )
    assert result.avg_topic_duration_minutes == 2.0
    alone = compute(history(("tea", None, 2), at=[START, START]))
    assert alone.avg_topic_duration_minutes is None
    assert alone.reasons["avg_topic_duration_minutes"] == "no_measurable_topic"


def test_ways_lead_from_topic_to_topic_with_their_share_of_all_that_leave():
    result = compute(
        history(
            ("tea", None, 2),
            ("jam", False, 2),
            ("tea", True, 2),
            ("jam", True, 2),
            ("tea", False, 2),
            ("rain", True, 2),
        )
    )
    edges = {
        (e["from"], e["to"]): (e["count"], e["probability"], e["abrupt"])
        for e in result.topic_transition_graph["edges"]
    }
    assert edges == {
        ("tea", "jam"): (2, 0.6667, 1),
        ("jam", "tea"): (2, 1.0, 1),
        ("tea", "rain"): (1, 0.3333, 0),
    }
    assert result.common_transitions == result.topic_transition_graph["edges"]
    assert {n["topic"]: n["runs"] for n in result.topic_transition_graph["nodes"]} == {"tea": 3, "jam": 2, "rain": 1}


def test_what_follows_a_silence_is_no_way_between_topics():
    assert compute(history(("tea", None, 4), ("jam", None, 4))).topic_transition_graph["edges"] == []


def test_a_talk_across_midnight_goes_on():
    lines = [(minute, "user" if minute % 20 else "bot", "the garden needs water") for minute in range(330, 391, 10)]
    result = compute(history_of(lines))
    assert len(result.recent_topics) == 1
    assert result.switch_count == 0
    assert result.recent_topics[0]["start_time"] == "2026-03-02T23:30:00Z"
    assert result.recent_topics[0]["end_time"] == "2026-03-03T00:30:00Z"
    assert result.recent_topics[0]["turns"] == 7


def test_a_topic_is_known_by_the_word_that_comes_back():
    def segment(*terms: str) -> Segment:
        return Segment(0, 0, terms[0] if terms else "", terms, None, 0.0, False)

    found = [
        segment("box", "telescope"),
        segment("telescope", "moons"),
        segment("jam"),
        segment(),
        segment("telescopes"),
    ]
    assert canonical_topics(found) == ["telescope", "telescope", "jam", "", "telescope"]


def test_a_phrase_is_kept_whole():
    melon = Segment(0, 0, "bitter melon", ("melon", "bitter", "salt"), None, 0.0, False)
    assert canonical_topics([melon, melon, replace(melon, topic="salt", terms=("salt", "melon"))])[0] == "bitter melon"


def test_an_open_topic_is_never_written_as_it_was_in_a_dm():
    private = Segment(0, 0, "divorce lawyer", ("lawyer", "divorce"), None, 0.0, True)
    shared = Segment(0, 0, "lawyer", ("lawyer",), None, 0.0, False)
    assert canonical_topics([private, private, private, shared])[3] == "lawyer"
    assert canonical_topics([private])[0] == "divorce lawyer"


def test_what_was_said_in_a_dm_alone_is_marked_so():
    parts = history(("tea", None, 4), ("jam", False, 4), ("tea", None, 4), ("jam", False, 4))
    segments = [replace(s, private=n < 2) for n, s in enumerate(parts.segments)]
    private_only = replace(parts, segments=[replace(s, private=True) for s in parts.segments])
    mixed = compute(replace(parts, segments=segments))
    assert [item["scope"] for item in mixed.recent_topics] == ["dm", "dm", "shared", "shared"]
    assert {node["scope"] for node in mixed.topic_transition_graph["nodes"]} == {"shared"}
    hidden = compute(private_only)
    texts = [*hidden.recent_topics, *hidden.duration_by_topic, *hidden.common_transitions]
    assert texts and {item["scope"] for item in [*texts, *hidden.topic_transition_graph["nodes"]]} == {"dm"}


def test_the_likelihood_is_that_of_the_turns_on_the_topic_and_the_users_pace():
    result = compute(history(*TWO_EVENINGS))
    parameters = result.likelihood_parameters
    assert parameters["turns_on_topic"] == 6
    hazard = population()
    expected = hazard.probability(np.array([6.0]), parameters["pace"])[0]
    assert result.predicted_switch_likelihood == pytest.approx(expected, abs=1e-4)
    assert parameters["within_session"] == result.predicted_switch_likelihood


def test_after_a_silence_it_is_the_share_of_sessions_that_began_elsewhere():
    again = [("tea", None, 6)] * 6
    faithful = compute(history(*again, silent=3600.0))
    fickle = compute(
        history(*((topic, None, 6) for topic in ("tea", "jam", "rain", "bees", "bread", "boats")), silent=3600.0)
    )
    weight, share = context_switches.RETURN_PRIOR
    assert faithful.predicted_switch_likelihood == pytest.approx(weight * share / (weight + 5), abs=1e-4)
    assert fickle.predicted_switch_likelihood == pytest.approx((weight * share + 5) / (weight + 5), abs=1e-4)
    assert fickle.predicted_switch_likelihood == fickle.likelihood_parameters["after_pause"]


def test_who_switches_more_is_expected_to_switch_sooner():
    steady = compute(history(("tea", None, 40)))
    restless = compute(history(("tea", None, 2), *(("jam", False, 2), ("tea", False, 2)) * 9, ("bees", False, 2)))
    assert restless.likelihood_parameters["pace"] > 1.0 > steady.likelihood_parameters["pace"]
    assert restless.predicted_switch_likelihood > steady.predicted_switch_likelihood


HAZARD = SwitchHazard(-2.0, 1.5, -0.6, 8.0)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.integers(1, 500), st.floats(0.0, 300.0), st.floats(0.1, 300.0))
def test_a_likelihood_is_a_probability_and_grows_with_the_pace(turns: int, switches: float, expected: float):
    pace = HAZARD.pace(switches, expected)
    told = HAZARD.probability(np.array([float(turns)]), pace)[0]
    more = HAZARD.probability(np.array([float(turns)]), HAZARD.pace(switches + 1.0, expected))[0]
    assert 0.0 < told < more < 1.0


def test_a_user_without_history_has_the_pace_of_anybody():
    assert HAZARD.pace(0.0, 0.0) == 1.0
    assert HAZARD.odds(np.array([1.0])) == pytest.approx(np.exp(-2.0))


def test_coherence_is_nothing_where_turns_are_as_near_as_unrelated_ones_and_grows_with_their_cosine():
    mean, _ = context_switches.UNRELATED_COSINE

    def score(cosine: float) -> ContextSwitches:
        return compute(history(("tea", None, 30), coherence=np.full(30, cosine, dtype=np.float32)))

    scores = [score(c).context_coherence_score for c in (mean - 0.2, mean, 0.2, 0.3, 0.6)]
    assert scores[0] == 0.0
    assert scores[1] == pytest.approx(0.0, abs=1e-4)
    assert scores == sorted(scores) and scores[-1] <= 1.0
    assert score(0.2).coherence_source == "vectors"


def test_without_vectors_coherence_is_the_share_of_turns_that_stay_and_says_so():
    result = compute(history(*TWO_EVENINGS))
    assert result.coherence_source == "lexical"
    assert result.context_coherence_score == pytest.approx(1 - 3 / 26, abs=1e-4)


def test_the_result_is_plain_json_without_nan():
    mixed = history(*TWO_EVENINGS, ("", False, 3), ("", None, 3))
    for result in (compute(mixed), compute(replace(mixed, zone=ZoneInfo("Pacific/Auckland")))):
        text = json.dumps({f.name: getattr(result, f.name) for f in fields(result)}, allow_nan=False)
        assert "garden" in text


def test_the_users_time_zone_changes_nothing():
    told = history(*TWO_EVENINGS)
    assert compute(told) == compute(replace(told, zone=ZoneInfo("America/Los_Angeles")))


def test_identical_timestamps_give_counts_and_no_durations():
    result = compute(history(("tea", None, 12), ("jam", False, 12), at=[START] * 24))
    assert result.switch_count == 1
    assert result.avg_topic_duration_minutes is None
    assert result.reasons["context_switch_frequency"] == "too_little_conversation"


def test_ten_thousand_turns_are_summed_up_in_a_bounded_result():
    topics = [f"subject{n % 700}" for n in range(2500)]
    many = history(*((topic, None if n % 5 == 0 else n % 2 == 0, 4) for n, topic in enumerate(topics)))
    result = compute(many)
    assert len(many.turns) == 10_000
    assert result.switch_count == 2000
    assert len(result.recent_topics) == context_switches.RECENT
    assert len(result.topic_transition_graph["nodes"]) == context_switches.MOST_NODES
    assert len(result.topic_transition_graph["edges"]) <= context_switches.MOST_EDGES
