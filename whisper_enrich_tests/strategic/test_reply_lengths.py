"""How long the bot's replies should be: found where the user's answers say it, and not otherwise."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from whisper_enrich.strategic.clustered import difference
from whisper_enrich.strategic.reply_lengths import best_reply_length, reply_length_bins
from whisper_enrich_tests.strategic.pattern_talks import Said, Talk, history, random_talks


def answered(seed: int, better: tuple[int, int] = (80, 160), sessions: int = 40) -> list[Talk]:
    """Talks whose user writes more, sooner and brighter after replies of the better range."""
    rng = np.random.default_rng(seed)
    talks = []
    for day in range(sessions):
        said, after, liked = [], 0.0, True
        for _ in range(4):
            own = int(60 * np.exp(rng.normal(0.6 if liked else 0.0, 0.3)))
            said.append(Said(after, characters=own, mood=0.3 if liked else 0.0))
            length = int(rng.integers(10, 400))
            liked = better[0] <= length <= better[1]
            said.append(Said(after + 0.001, "bot", length))
            after += float(rng.lognormal(3.5 if liked else 5.0, 0.5))
        talks.append(Talk(float(day), said))
    return talks


def test_the_length_after_which_the_user_says_most_is_found():
    best, reason = best_reply_length(history(answered(1)))
    assert reason is None
    assert 60 <= best["from"] < best["to"] <= 180
    assert best["response"]["low"] > 0
    assert best["latency"]["difference"] < 0 < best["length"]["difference"]


def test_where_length_makes_no_difference_none_is_named():
    calls = sum(best_reply_length(history(random_talks(seed, 40)))[0] is not None for seed in range(60))
    assert calls <= 8


def test_talkative_evenings_do_not_speak_for_long_replies():
    rng = np.random.default_rng(5)
    talks = []
    for day in range(60):
        talkative = np.exp(rng.normal(0, 0.8))
        said = []
        for n in range(3):
            said.append(Said(60.0 * n, characters=int(60 * talkative * np.exp(rng.normal(0, 0.2)))))
            said.append(Said(60.0 * n + 0.001, "bot", int(100 * talkative * np.exp(rng.normal(0, 0.2)))))
        talks.append(Talk(float(day), said))
    assert best_reply_length(history(talks)) == (None, "no_length_stands_out")


def test_bins_cover_all_replies_in_order_and_without_overlap():
    bins, _ = reply_length_bins(history(random_talks(2, 60)))
    assert 3 <= len(bins) <= 5
    assert all(one["to"] < other["from"] for one, other in pairwise(bins))
    assert all(one["replies"] >= 10 for one in bins)


def alike(sessions: int, exchanges: int) -> list[Talk]:
    """Talks in which every reply has the same length."""
    said = [one for n in range(exchanges) for one in (Said(60.0 * n), Said(60.0 * n + 0.001, "bot"))]
    return [Talk(float(day), said) for day in range(sessions)]


@pytest.mark.parametrize(
    ("talks", "reason"),
    [
        ([], "too_few_replies"),
        ([Talk(0.0)], "too_few_replies"),
        (alike(3, 20), "too_few_sessions"),
        (alike(20, 5), "replies_alike"),
    ],
)
def test_too_little_says_so(talks, reason):
    assert best_reply_length(history(talks)) == (None, reason)


def test_farewells_that_nobody_answers_do_not_speak_against_short_replies():
    """Each evening ends with a short good night on both sides; what is said before is answered alike whatever its length."""
    rng = np.random.default_rng(7)
    talks = []
    for day in range(40):
        said = []
        for n in range(4):
            bye = n == 3
            said.append(Said(60.0 * n, characters=8 if bye else int(rng.integers(50, 150))))
            said.append(Said(60.0 * n + 0.001, "bot", 20 if bye else int(rng.integers(15, 300))))
        talks.append(Talk(float(day), said))
    assert best_reply_length(history(talks))[0] is None


def test_a_reply_that_is_still_open_is_not_silence():
    found = history(answered(1))
    closed, _ = reply_length_bins(found)
    waiting = replace(found, as_of=datetime.fromtimestamp(float(found.turns.at[-1]) + 60.0, UTC))
    still, _ = reply_length_bins(waiting)
    assert sum(one["replies"] for one in still) == sum(one["replies"] for one in closed)
    assert [one["reply"] for one in still] != [one["reply"] for one in closed]


def test_a_clustered_difference_counts_sessions_and_not_messages():
    rng = np.random.default_rng(0)
    values, groups, session = rng.normal(size=30), (np.arange(30) % 3 == 0)[:, None], np.arange(30) // 2
    once = difference(values, groups, session)
    tripled = difference(np.repeat(values, 3), np.repeat(groups, 3, axis=0), np.repeat(session, 3))
    assert tripled.difference == pytest.approx(once.difference)
    assert tripled.error == pytest.approx(once.error)
    assert tripled.p == pytest.approx(once.p)


def test_with_one_message_a_session_the_error_is_that_of_two_means():
    rng = np.random.default_rng(1)
    values, inside = rng.normal(size=24), np.arange(24) < 10
    found = difference(values, inside[:, None], np.arange(24))
    squares = [((part - part.mean()) ** 2).sum() / len(part) ** 2 for part in (values[inside], values[~inside])]
    assert found.difference[0] == pytest.approx(values[inside].mean() - values[~inside].mean())
    assert found.error[0] == pytest.approx(np.sqrt(sum(squares) * 24 / 23))


def test_values_that_are_not_known_count_nowhere():
    values = np.array([1.0, 2.0, np.nan, 4.0, 5.0, 7.0])
    groups = np.array([1, 1, 1, 0, 0, 0], dtype=bool)[:, None]
    found = difference(values, groups, np.arange(6))
    assert (found.n[0], found.inside[0], found.freedom) == (2, 1.5, 4)


def test_fewer_than_three_sessions_say_nothing():
    found = difference(np.arange(6.0), (np.arange(6) < 3)[:, None], np.arange(6) // 3)
    assert np.isnan(found.difference[0])
    assert np.isnan(found.p[0])
