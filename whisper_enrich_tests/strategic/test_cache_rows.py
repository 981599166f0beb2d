"""What holds for every cache row, whatever was said: plain finite values, reasons for nulls, bounds, nobody else's words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.strategic_caches import VALUES
from whisper_enrich.strategic.engines import ENGINES, Computed, Surroundings, compute, compute_bot_wide, plain
from whisper_enrich.strategic.history import EMOTIONS, History
from whisper_enrich.strategic.performance_days import daily_measures
from whisper_enrich_tests.strategic.builders import START, Line, history_of
from whisper_enrich_tests.strategic.talkative import fact, talkative_history

MOST_BYTES = 64 * 1024

FIELD_COLUMNS = {
    "strategic_personality_profiles": (
        "communication_style", "formality_level", "verbosity_level", "primary_topics", "topic_diversity_score",
        "emotional_range", "dominant_emotions", "question_frequency", "avg_message_length",
        "interaction_frequency_pattern", "preferred_times", "personality_summary",
    ),
    "strategic_conversation_patterns": (
        "question_patterns", "temporal_patterns", "length_patterns", "initiation_patterns", "topic_patterns",
        "style_evolution", "switch_count", "switch_frequency", "switch_patterns", "common_transitions",
        "abrupt_switch_rate", "context_coherence_score",
    ),
    "strategic_character_performance": (
        "avg_response_time", "response_time_trend", "engagement_trend", "avg_quality_score", "conversation_count",
        "performance_summary", "recommendations",
    ),
    "strategic_memory_behavior": (
        "decay_rate", "retention_baseline", "reinforced_topic_count", "total_retrieval_count",
        "avg_retrieval_interval_days", "reinforcement_opportunities", "optimal_recall_days", "recall_strategy",
        "confidence",
    ),
    "strategic_engagement_opportunities": (
        "unresolved_topic_count", "milestone_count", "optimal_engagement_hour", "optimal_engagement_day",
        "recommendations", "lull", "last_message_at",
    ),
}  # fmt: skip
"""What the bots' views read of the details."""

SHARES = re.compile(
    r"^(?:share|probability|p|retrievability(?:_7d)?|.*_score(?:_avg)?|.*_index|.*_rate|receptivity.*|survival_now|.*likelihood"
    r"|question_(?:share|frequency)|frequency|usual_frequency|confidence|retention_baseline|concentration|within_session"
    r"|after_pause|own_weight|population_share|mean_retrievability|target_retention)$"
)
NO_SHARES = {"decay_rate", "reply_rate"}
TIME = re.compile(r"^\d{4}-\d\d-\d\dT")

SENTENCES = (
    "I planted tomatoes in Porto with Clara today.", "How are the tomatoes?", "ok", "lol", "", "By the way, jazz!",
    "Can you remind me of the interview on Friday?", "I promise to ask about the interview on Monday.",
    "My interview at Acme is on Friday.", "I LOVE THIS FERRY!!!", "Why? What? When?", "wow " * 200, "…", "😀😀",
    "你好，我住在里斯本。",
)  # fmt: skip
TEXTS = st.one_of(
    st.sampled_from(SENTENCES), st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=80)
)
"""Without NUL and surrogates: reading a message drops them."""


@st.composite
def talks(draw: st.DrawFn) -> list[Line]:
    """Lines a second to weeks apart, in both scopes, some with emotions and vectors."""
    at, lines = 0.0, []
    for _ in range(draw(st.integers(1, 25))):
        at += draw(st.sampled_from([0.0, 0.01, 1.0, 20.0, 45.0, 600.0, 3000.0, 40000.0]))
        more: dict[str, Any] = {"dm": draw(st.booleans())}
        if draw(st.booleans()):
            more |= {"emotion": draw(st.sampled_from(EMOTIONS)), "intensity": draw(st.sampled_from([0.0, 0.5, 1.0]))}
        if draw(st.booleans()):
            vector = np.random.default_rng(len(lines)).normal(size=384) * draw(st.sampled_from([0.0, 1e-20, 1.0]))
            more["vectors"] = dict.fromkeys(("content", "emotion", "semantic"), vector.tolist())
        lines.append((at, draw(st.sampled_from(["user", "user", "bot"])), draw(TEXTS), more))
    return lines


def computed(cache: str, history: History) -> Computed:
    """The row's values as they are stored."""
    return compute(cache, history, Surroundings())


def leaves(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every value that is no list and no object, with the name that it stands under."""
    if type(value) is dict:
        for key, item in value.items():
            assert type(key) is str
            yield from leaves(item, key)
    elif type(value) is list:
        for item in value:
            yield from leaves(item, name)
    else:
        yield name, value


def check(cache: str, made: Computed) -> None:
    """Everything that holds for a row."""
    fields = {name: value for result in made.results.values() for name, value in result.items()}
    for name in (*VALUES[cache], *FIELD_COLUMNS.get(cache, ())):
        assert fields[name] is not None or made.reasons.get(name), f"{name} is null without a reason"
    assert all(re.fullmatch(r"[a-z0-9_]+", reason) for reason in made.reasons.values()), made.reasons
    for name, value in leaves(dict(made.results)):
        assert type(value) in (str, int, float, bool, type(None)), name
        if SHARES.match(name) and name not in NO_SHARES and type(value) in (int, float):
            assert 0 <= value <= 1, f"{name}: {value}"
        if type(value) is str and TIME.match(value):
            assert value.endswith("Z"), f"{name}: {value}"
    stored = json.dumps([made.results, made.reasons], allow_nan=False)
    assert len(stored.encode()) < MOST_BYTES


@pytest.mark.parametrize("cache", sorted(ENGINES))
@given(talk=talks(), silent_days=st.sampled_from([0.0, 0.5, 40.0, 500.0]))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_rows_of_any_talk_are_plain_bounded_and_explained(cache, talk, silent_days):
    as_of = START + timedelta(minutes=talk[-1][0], days=silent_days)
    check(cache, computed(cache, history_of(talk, as_of=as_of)))


@pytest.mark.parametrize("cache", sorted(ENGINES))
@pytest.mark.parametrize(
    "lines",
    [[(0.0, "user", "Hi.")], [(0.0, "bot", "Hi!")], [(0.0, "user", "")], [(0.0, "user", "Same time.")] * 50,
     [(0.0, "user", "Hello."), (60.0 * 24 * 365 * 3, "user", "Back after three years.")]],
    ids=["one message", "the bot alone", "no text", "one instant", "three years"],
)  # fmt: skip
def test_rows_of_the_least_talks_are_plain_and_explained(cache, lines):
    check(cache, computed(cache, history_of(lines)))


@pytest.mark.parametrize("cache", sorted(ENGINES))
def test_an_answer_whose_time_lies_a_millisecond_past_the_end_of_its_day_stops_no_engine(cache):
    lines = [(day * 1440.0, who, "The tomatoes in Porto.", {}) for day in range(40) for who in ("user", "bot")]
    as_of = START + timedelta(minutes=lines[-1][0]) - timedelta(milliseconds=1)
    check(cache, computed(cache, history_of(lines, as_of=as_of)))


@pytest.mark.parametrize("cache", sorted(ENGINES))
def test_a_row_of_ten_thousand_messages_stays_small(cache):
    facts = [
        fact(n, [n % 60 + k for k in range(40)], f"Ana plans thing {n} with {'many words ' * 30}",
             category="plan", tense="future", message_ids=tuple(f"m{k}" for k in range(40)), scope=Scope.SHARED)
        for n in range(500)
    ]  # fmt: skip
    check(cache, computed(cache, talkative_history(turns=10_000, mentions=9_000, days=700, facts=facts)))


@given(st.permutations(range(4)))
@settings(max_examples=8, deadline=None, derandomize=True)
def test_the_bot_wide_row_does_not_depend_on_the_order_of_users(order):
    lines = [[(60.0 * n + 5.0 * i, "user" if i % 2 == 0 else "bot", f"Word {i}.") for i in range(6)] for n in range(4)]
    days = {f"u{n}": daily_measures(history_of(own)) for n, own in enumerate(lines)}
    as_of = START + timedelta(days=1)
    made = compute_bot_wide("ines", days, as_of, Surroundings())
    check("strategic_character_performance", made)
    assert made == compute_bot_wide("ines", {f"u{n}": days[f"u{n}"] for n in order}, as_of, Surroundings())


def test_what_json_does_not_know_is_refused():
    for value in (float("nan"), float("inf"), np.float32(1.0), np.int64(1), object()):
        with pytest.raises((ValueError, TypeError), match="JSON does not know"):
            plain({"a": [value]})
    assert plain([START, START.date(), 0.12345678]) == ["2026-03-02T18:00:00Z", "2026-03-02", 0.123457]
