"""Reactions and counts of retrieval, as far as a store says something of them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from whisper_enrich.strategic.history import AccessCounts, Reaction
from whisper_enrich.strategic.observed import REACTION_SCORES, access, reaction

AT = datetime(2026, 3, 2, 18, tzinfo=UTC)
KINDS = (
    "positive_strong", "positive_mild", "neutral_thoughtful", "negative_mild", "negative_strong", "sadness", "surprise",
    "confusion", "mystical_wonder", "tech_appreciation",
)  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_the_platform_has_a_score(kind):
    assert reaction("p", {"emotion_type": kind}, AT) == Reaction(AT.timestamp(), kind, REACTION_SCORES[kind], "p")
    assert -1.0 <= REACTION_SCORES[kind] <= 1.0


def test_strong_counts_more_than_mild_and_praise_more_than_blame():
    scores = [REACTION_SCORES[k] for k in ("negative_strong", "negative_mild", "positive_mild", "positive_strong")]
    assert scores == sorted(scores)
    assert len(set(scores)) == 4


def test_case_and_spaces_around_a_kind_do_not_matter():
    assert reaction("p", {"emotion_type": " Positive_Mild "}, AT).kind == "positive_mild"


@pytest.mark.parametrize(
    "payload", [{}, {"emotion_type": None}, {"emotion_type": ["surprise"]}, {"emotion_type": "joy"}]
)
def test_a_kind_that_is_missing_or_unknown_says_nothing(payload):
    assert reaction("p", payload, AT) is None


def test_a_store_that_counts_no_retrieval_is_unobserved_not_zero():
    assert access({}) is None
    assert access({"last_accessed": "2026-03-01T10:00:00"}) is None
    assert access({"access_count": 0}) == AccessCounts(0, None)


def test_the_larger_of_two_counts_is_taken():
    assert access({"access_count": 2, "retrieval_count": 5}).count == 5
    assert access({"access_count": 4, "retrieval_count": None}).count == 4


@pytest.mark.parametrize("value", [-1, 2.5, True, "3", None, [1], float("nan"), float("inf")])
def test_a_count_that_is_none_is_not_taken(value):
    assert access({"access_count": value}) is None


@pytest.mark.parametrize(
    "written",
    ["2026-03-02T18:00:00", "2026-03-02T18:00:00Z", "2026-03-02T19:00:00+01:00", AT.timestamp(), int(AT.timestamp())],
)
def test_the_time_of_the_last_access_is_utc_unless_it_says_otherwise(written):
    assert access({"access_count": 1, "last_accessed": written}) == AccessCounts(1, AT.timestamp())


@pytest.mark.parametrize("written", ["yesterday", True, None, {}, "", float("inf"), float("nan")])
def test_a_time_that_cannot_be_read_is_unknown(written):
    assert access({"access_count": 1, "last_accessed": written}).last_at is None
