"""How a user and a bot talk: what is counted, on whose clock, and when nothing is said."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.conversation_patterns import compute
from whisper_enrich.strategic.history import EMOTIONS, OpeningKind, QuestionKind
from whisper_enrich_tests.strategic.pattern_talks import Said, Talk, history, random_talks

FIELDS = (
    "question_patterns", "temporal_patterns", "length_patterns", "initiation_patterns", "topic_patterns", "style_evolution",
    "depth_preferred", "best_reply_length", "emotional_engagement",
)  # fmt: skip
quick = settings(max_examples=25, derandomize=True, deadline=None)


def as_json(found) -> str:
    return json.dumps(vars(found), allow_nan=False, sort_keys=True)


def shares_in(value):
    """Every share with an interval anywhere in a result."""
    if isinstance(value, dict):
        if "share" in value:
            yield value
        for item in value.values():
            yield from shares_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from shares_in(item)


@st.composite
def talks(draw):
    found, day = [], 0.0
    for _ in range(draw(st.integers(0, 18))):
        day += draw(st.sampled_from([0.0, 0.03, 0.5, 1.0, 9.0]))
        said, after = [], 0.0
        for _ in range(draw(st.integers(1, 5))):
            after += draw(st.sampled_from([0.0, 0.001, 40.0]))
            said.append(
                Said(
                    after,
                    draw(st.sampled_from(["user", "bot"])),
                    draw(st.integers(0, 400)),
                    draw(st.sampled_from([-0.5, 0.0, 0.4, float("nan")])),
                    draw(st.sampled_from([0.2, 0.9, float("nan")])),
                    draw(st.integers(-1, len(EMOTIONS) - 1)),
                    draw(st.sampled_from(QuestionKind)),
                    draw(st.sampled_from(OpeningKind)),
                )
            )
        topic = draw(st.sampled_from(["", "bees", "len"]))
        found.append(Talk(day, said, topic, (topic, "sky") if topic else (), draw(st.booleans())))
    return found


@quick
@given(talks())
def test_a_result_is_plain_json_and_every_missing_field_has_a_reason(talks):
    found = compute(history(talks))
    json.loads(as_json(found))
    assert {name for name in FIELDS if getattr(found, name) is None} == set(found.reasons)


@quick
@given(talks())
def test_shares_lie_within_their_intervals_and_kinds_add_up(talks):
    found = compute(history(talks))
    for share in shares_in(vars(found)):
        assert -1e-9 <= share["low"] - 1e-9 <= share["share"] <= share["high"] + 1e-9 <= 1.0 + 2e-9
    for side in [found.question_patterns, (found.question_patterns or {}).get("bot")]:
        if side:
            assert sum(kind["count"] for kind in side["by_kind"].values()) == side["questions"] <= side["messages"]
    if found.temporal_patterns:
        hours, days = found.temporal_patterns["messages_by_hour"], found.temporal_patterns["messages_by_weekday"]
        assert sum(hours) == sum(days) == sum(one.by == "user" for talk in talks for one in talk.said)
    if found.initiation_patterns:
        opened = found.initiation_patterns
        assert opened["by_user"]["count"] + opened["by_bot"] == opened["sessions"]
        assert sum(kind["count"] for kind in opened["kinds"].values()) == opened["by_user"]["count"]


def test_nothing_said_gives_nothing_but_reasons():
    found = compute(history([]))
    assert all(getattr(found, name) is None for name in FIELDS)
    assert found.reasons["question_patterns"] == "no_user_messages"


def test_one_message_tells_its_hour_and_nothing_else():
    found = compute(history([Talk(0.0, [Said(0.0)])]))
    assert found.temporal_patterns["messages_by_hour"][18] == 1
    assert found.temporal_patterns["interaction_pattern"] is None
    assert found.reasons == {
        "question_patterns": "too_few_messages",
        "length_patterns": "too_few_messages",
        "initiation_patterns": "too_few_sessions",
        "topic_patterns": "no_topics",
        "style_evolution": "too_few_messages",
        "depth_preferred": "too_few_sessions",
        "best_reply_length": "too_few_replies",
        "emotional_engagement": "no_topics",
    }


def test_a_bot_that_talks_alone_tells_nothing_of_the_user():
    found = compute(history([Talk(day, [Said(0.0, "bot")]) for day in range(6)]))
    assert found.reasons["temporal_patterns"] == "no_user_messages"
    assert found.initiation_patterns["by_bot"] == 6
    assert found.initiation_patterns["reason"] == "never_opens"


def test_all_at_the_same_instant_is_one_session():
    found = compute(history([Talk(0.0, [Said(0.0, mood=0.1), Said(0.0, "bot")] * 40, "bees", ("bees",))]))
    assert found.temporal_patterns["sessions"] == 1
    assert found.reasons["style_evolution"] == "too_short_a_time"
    assert found.reasons["best_reply_length"] == "too_few_replies"
    as_json(found)


def test_other_users_change_nothing_in_whatever_order_they_come():
    people = [history(random_talks(seed, 30), user=f"u{seed}") for seed in range(5)]
    forth = {person.user_id: as_json(compute(person)) for person in people}
    back = {person.user_id: as_json(compute(person)) for person in reversed(people)}
    assert forth == back
    assert len(set(forth.values())) == 5


def test_hours_are_those_of_the_users_clock_on_both_sides_of_summer_time():
    berlin = ZoneInfo("Europe/Berlin")
    mornings = [datetime(2026, 3, 16, 9, 10, tzinfo=berlin) + timedelta(days=day) for day in range(28)]
    start = mornings[0].astimezone(UTC)
    talks = [Talk((when - start) / timedelta(days=1), [Said(0.0)]) for when in mornings]
    found = compute(history(talks, start=start, zone=berlin)).temporal_patterns
    assert found["messages_by_hour"][9] == 28
    assert found["mean_hour"] == pytest.approx(9 + 10 / 60)
    assert found["concentration"] == pytest.approx(1.0)
    assert found["preferred_hours"] == [9]
    assert compute(history(talks, start=start)).temporal_patterns["messages_by_hour"][7:9] == [15, 13]


def test_a_mean_hour_around_midnight_is_midnight():
    talks = [Talk(day + (1.0 if day % 2 else -1.0) / 24.0, [Said(0.0)]) for day in range(1, 21)]
    found = compute(history(talks, start=datetime(2026, 1, 5, tzinfo=UTC))).temporal_patterns
    assert found["mean_hour"] == pytest.approx(0.0, abs=1e-6) or found["mean_hour"] == pytest.approx(24.0, abs=1e-6)


def test_hours_that_are_spread_evenly_have_no_mean():
    found = compute(history([Talk(day + (day % 24) / 24.0, [Said(0.0)]) for day in range(48)])).temporal_patterns
    assert found["mean_hour"] is None
    assert found["mean_hour_reason"] == "spread_over_the_day"


def test_questions_are_counted_by_kind_for_each_side():
    asked = [QuestionKind.WHY, QuestionKind.WHY, QuestionKind.TAG] + [QuestionKind.NONE] * 9
    talks = [
        Talk(day, [Said(0.0, question=kind), Said(1.0, "bot", question=QuestionKind.HOW)])
        for day, kind in enumerate(asked)
    ]
    found = compute(history(talks)).question_patterns
    assert found["question_frequency"]["share"] == pytest.approx(0.25)
    assert found["by_kind"]["why"]["count"] == 2
    assert found["most_frequent"] == "why"
    assert found["bot"]["by_kind"]["how"]["share"] == 1.0
    # Wilson's interval for 3 of 12.
    assert found["question_frequency"]["low"] == pytest.approx(0.0889, abs=1e-4)
    assert found["question_frequency"]["high"] == pytest.approx(0.5323, abs=1e-4)


def test_an_opening_is_usual_only_where_it_is_clearly_ahead():
    def opened(kinds):
        return compute(
            history([Talk(day, [Said(0.0, opening=kind)]) for day, kind in enumerate(kinds)])
        ).initiation_patterns

    ahead = opened([OpeningKind.GREETING] * 14 + [OpeningKind.NEWS] * 2)
    assert ahead["usual"] == "greeting"
    even = opened([OpeningKind.GREETING] * 9 + [OpeningKind.NEWS] * 7)
    assert (even["usual"], even["reason"]) == (None, "no_usual_opening")


def test_only_the_first_turn_of_a_session_opens_it():
    said = [Said(0.0, opening=OpeningKind.QUESTION), Said(1.0, "bot"), Said(60.0, opening=OpeningKind.GREETING)]
    found = compute(history([Talk(day, said) for day in range(6)])).initiation_patterns
    assert list(found["kinds"]) == ["question"]


def test_depth_is_that_of_finished_sessions_and_of_staying_with_a_subject():
    long = [one for n in range(7) for one in (Said(60.0 * n), Said(60.0 * n + 1, "bot"))]
    talks = [Talk(float(day), long) for day in range(6)]
    found = compute(history(talks)).depth_preferred
    assert (found["level"], found["turns_per_session"]["median"]) == ("deep", 14.0)
    assert found["follow_up"]["share"] == 1.0
    going_on = history([*talks, Talk(6.0)])
    going_on = replace(going_on, as_of=datetime.fromtimestamp(float(going_on.turns.at[-1]) + 60.0, UTC))
    assert compute(going_on).depth_preferred["sessions"] == 6


def test_a_word_in_passing_is_brief():
    assert compute(history([Talk(float(day)) for day in range(6)])).depth_preferred["level"] == "brief"


def test_five_thousand_turns_take_milliseconds_and_ten_thousand_twice_that():
    """The aim is 20 ms for ten thousand; the bound is loose, for machines that do other things meanwhile."""
    talks = random_talks(1, 1300, topics=60)
    of_size = history(talks, zone=ZoneInfo("Europe/Berlin"))
    assert len(of_size.turns) > 9_500
    compute(of_size)
    spent = []
    for _ in range(3):
        again = replace(of_size)
        before = time.process_time()
        compute(again)
        spent.append(time.process_time() - before)
    assert min(spent) < 0.1


def test_the_order_of_sentences_that_say_the_same_does_not_matter_for_counts():
    found = history(random_talks(3, 40))
    rng = np.random.default_rng(0)
    own = np.flatnonzero(found.turns.from_user)
    shuffled = found.turns.question.copy()
    shuffled[own] = rng.permutation(shuffled[own])
    other = replace(found, turns=replace(found.turns, question=shuffled))
    assert compute(found).question_patterns == compute(other).question_patterns
