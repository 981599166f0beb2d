"""What comes out for two people of the sample, as somebody who has read their talks would say it."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from whisper_enrich.messages.model import Message
from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.sample.conversations import sample_points
from whisper_enrich.sample.people import PEOPLE
from whisper_enrich.strategic.conversation_patterns import ConversationPatterns, compute
from whisper_enrich.strategic.days import join
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.reading import DayMessages, features_of_day

NOW = datetime(2026, 2, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def patterns() -> dict[str, ConversationPatterns]:
    points = sample_points(NOW)["marlow"]
    said = messages_of([parse_point("marlow", point, now=NOW, first_day=date(2025, 1, 1)) for point in points])
    return {
        person: compute(history(person, said, zone))
        for person, zone in (("nadia", "Europe/Berlin"), ("piet", "Europe/Amsterdam"))
    }


def history(person: str, said: list[Message], zone: str) -> History:
    user = PEOPLE[person].user_id
    days: dict[date, list[Message]] = defaultdict(list)
    for message in {(m.speaker, m.at, m.text): m for m in said if m.user_id == user}.values():
        days[message.turn_at.date()].append(message)
    joined = join([features_of_day(day, DayMessages(messages)) for day, messages in sorted(days.items())])
    return History("marlow", user, PEOPLE[person].name, NOW, zone=ZoneInfo(zone), zone_source="profile", **vars(joined))


def topics(found: ConversationPatterns) -> dict[str, float | None]:
    return {item["topic"]: item["valence"] for item in found.topic_patterns["most_discussed"]}


def test_nadia_writes_before_and_after_her_nights_and_opens_every_talk(patterns):
    found = patterns["nadia"]
    times = found.temporal_patterns
    assert times["mean_hour"] is None
    assert sum(times["messages_by_hour"][6:9]) + sum(times["messages_by_hour"][17:22]) > 45
    assert times["interaction_pattern"] == "several a week"
    assert found.initiation_patterns["by_bot"] == 0
    assert found.initiation_patterns["by_user"]["share"] == 1.0


def test_she_asks_now_and_then_and_the_keeper_asks_more(patterns):
    found = patterns["nadia"].question_patterns
    assert 5 <= found["questions"] <= 11
    assert found["by_kind"]["why"]["count"] == 0
    assert found["bot"]["question_frequency"]["share"] > found["question_frequency"]["share"]


def test_the_new_school_is_what_she_talks_of_most(patterns):
    most = patterns["nadia"].topic_patterns["most_discussed"][0]
    assert (most["topic"], most["scope"]) == ("school", "dm")


def test_piet_is_low_about_his_knee_and_writes_longer_messages_than_nadia(patterns):
    assert topics(patterns["piet"])["knee"] < 0
    piet, nadia = (patterns[who].length_patterns["characters"]["median"] for who in ("piet", "nadia"))
    assert piet > nadia


def test_three_weeks_are_too_little_for_claims(patterns):
    for found in patterns.values():
        assert found.reasons["best_reply_length"] == "too_few_replies"
        assert found.emotional_engagement is None
        assert found.style_evolution["length"]["direction"] is None
        assert found.length_patterns["trend"]["reason"] == "inconclusive"


def test_talks_with_the_keeper_are_of_moderate_depth_and_stay_with_their_subject(patterns):
    for found in patterns.values():
        assert found.depth_preferred["level"] == "moderate"
        assert found.depth_preferred["follow_up"]["low"] > 0.5
