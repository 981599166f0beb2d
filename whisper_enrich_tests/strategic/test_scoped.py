"""Who may not see what is private still gets a full list."""

from __future__ import annotations

from datetime import timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.engines import ENGINES, Surroundings, compute
from whisper_enrich.strategic.scoped import most, of_dm
from whisper_enrich_tests.storage.private_worlds import lines, unmarked
from whisper_enrich_tests.strategic.builders import START, history_of

OPEN = ("tomatoes", "ferry", "trumpet", "kitchen", "orchard", "violin")
SECRET = tuple(
    f"{start}{end}" for start in ("gravel", "copper", "walnut", "velvet") for end in ("barn", "lamp", "boat")
)


@given(st.lists(st.booleans(), max_size=30), st.integers(0, 10))
@settings(max_examples=100, deadline=None, derandomize=True)
def test_the_first_are_kept_and_shared_ones_follow_until_there_are_as_many(private, limit):
    items = list(enumerate(private))
    kept = most(items, limit, lambda item: item[1])
    assert kept[:limit] == items[:limit]
    assert kept == sorted(kept)
    shared = [item for item in items if not item[1]]
    assert [item for item in kept if not item[1]][:limit] == shared[:limit]
    assert len([item for item in kept if not item[1]]) <= max(limit, 0)


@pytest.mark.parametrize("usual_gap", [3.0, 50.0, 500.0])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_what_comes_from_a_dm_alone_is_marked_however_channels_alternate(share, usual_gap):
    chance = Random(f"{share} {usual_gap}")
    said, at = [], 0.0
    for _ in range(80):
        channel = "dm" if chance.random() < share else "guild"
        question, answer = lines(channel, chance, START + timedelta(days=14))
        at += chance.expovariate(1 / usual_gap)
        said.append((at, "user", question, {"dm": channel == "dm", "emotion": chance.choice(["joy", "sadness"])}))
        if answer:
            said.append((at + 1e-5, "bot", answer, {"dm": channel == "dm"}))
    history = history_of(said, as_of=START + timedelta(minutes=at, days=1))
    for cache in ENGINES:
        assert list(unmarked(dict(compute(cache, history, Surroundings()).results))) == []


def test_of_a_user_who_talks_mostly_in_dms_the_lists_hold_what_was_said_in_the_open():
    said = []
    for day in range(24):
        words = [(word, True) for word in SECRET] * 2 + [(OPEN[day % 6], False)]
        for number, (word, dm) in enumerate(words):
            at = day * 1440.0 + number * 45.0
            said.append((at, "user", f"I saw the {word} again, the old {word}.", {"dm": dm}))
            said.append((at + 0.001, "bot", f"What is it with the {word}?", {"dm": dm}))
    history = history_of(said, as_of=START + timedelta(days=40))
    made = {name: value for cache in ENGINES for result in compute(cache, history, Surroundings()).results.values()
            for name, value in result.items()}  # fmt: skip
    lists = {
        "primary_topics": made["primary_topics"],
        "most_discussed": made["topic_patterns"]["most_discussed"],
        "reinforcement_opportunities": made["reinforcement_opportunities"],
    }
    for name, items in lists.items():
        shared = {item["topic"] for item in items if not of_dm(item)}
        assert any(of_dm(item) for item in items), name
        assert shared >= set(OPEN), name
