"""How sure a fact is, and what makes it more or less so."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from whisper_enrich.facts.belief import CEILING, belief, support
from whisper_enrich.facts.fold import fold
from whisper_enrich_tests.facts.fold_builders import said


def confidence(*lines: str) -> float:
    (fact,) = fold(said(*lines)).facts
    return fact.confidence


def test_one_mention_is_as_sure_as_its_assertion():
    assert confidence("2025-01-05 likes=tea sure 0.6") == pytest.approx(0.6)


def test_mentions_on_two_days_add_up():
    assert confidence("2025-01-05 likes=tea sure 0.6", "2025-01-06 likes=tea sure 0.5") == pytest.approx(1 - 0.4 * 0.5)


def test_repetition_within_the_hour_counts_by_the_surest():
    lines = [f"2025-01-05 10:{minute} likes=tea sure 0.{c}" for minute, c in ((10, 5), (30, 7), (59, 6))]
    assert confidence(*lines) == pytest.approx(0.7)


def test_an_hour_begins_with_what_was_said_and_not_with_the_clock():
    assert confidence("2025-01-05 10:59 likes=tea", "2025-01-05 11:01 likes=tea") == pytest.approx(0.8)
    assert confidence("2025-01-05 10:59 likes=tea", "2025-01-05 11:59 likes=tea") == pytest.approx(1 - 0.2 * 0.2)


def test_nothing_is_ever_certain():
    assert confidence(*(f"2025-01-{day:02} likes=tea sure 0.95" for day in range(1, 29))) == CEILING < 1


def test_two_rules_on_the_same_words_are_one_piece_of_evidence():
    first = said("2025-01-05 10:00 likes=tea sure 0.6")
    second = said("2025-01-05 10:00 likes=teas sure 0.7")
    (fact,) = fold([*first, *second]).facts
    assert fact.confidence == pytest.approx(0.7)
    assert fact.mentions == 1


def test_what_was_corrected_loses_more_than_what_corrects_it():
    folded = fold(said("2025-01-05 10:00 lives_in=leeds", "2025-01-05 10:02 lives_in=york"))
    by_value = {v.value: v.confidence for v in folded.versions}
    assert by_value["leeds"] == pytest.approx(0.8 * 0.2 / (1 - 0.8 * 0.8))
    assert by_value["york"] == pytest.approx(0.8 * 0.6 / (1 - 0.8 * 0.4))
    assert by_value["leeds"] < by_value["york"] < 0.8


def test_a_fact_affirmed_after_it_was_taken_back_on_the_same_day_is_less_sure():
    lines = ["2025-01-05 10:00 partner=sam", "2025-01-05 10:02 not partner=sam", "2025-01-05 18:00 partner=sam"]
    assert confidence(*lines) < confidence(lines[2])


def test_a_change_is_no_contradiction():
    folded = fold(said("2025-01-05 lives_in=leeds", "2025-05-05 lives_in=york", "2025-09-05 not lives_in=york"))
    assert [v.confidence for v in folded.versions] == pytest.approx([0.8, 0.8])


def test_a_home_that_was_taken_up_again_is_as_sure_as_what_was_said_of_it_since():
    lines = ["2025-01-05 lives_in=leeds", "2025-02-05 lives_in=leeds", "2025-05-01 lives_in=york"]
    assert confidence(*lines, "2025-09-01 lives_in=leeds sure 0.7") == pytest.approx(0.7)


def test_a_plan_is_no_evidence_that_it_came_true():
    folded = fold(said("2025-01-05 plan lives_in=york", "2025-05-05 lives_in=york"))
    assert [(fact.tense, fact.confidence, fact.mentions) for fact in folded.facts] == [("present", 0.8, 1)]


def test_no_evidence_supports_nothing():
    assert support([]) == 0


def test_support_does_not_depend_on_the_order_of_its_pieces():
    pieces = [(datetime(2025, 1, day, tzinfo=UTC), 0.1 * day) for day in range(1, 9)]
    assert support(reversed(pieces)) == support(pieces)


@pytest.mark.parametrize(
    ("supporting", "opposing", "left"), [(0.8, 0.0, 0.8), (0.5, 0.5, 1 / 3), (0.9, 0.6, 0.36 / 0.46)]
)
def test_belief_follows_dempsters_rule(supporting, opposing, left):
    assert belief(supporting, opposing) == pytest.approx(left)


@pytest.mark.parametrize("sure", ["1.0", "0.0"])
def test_an_assertion_that_is_certain_or_impossible_is_refused(sure):
    with pytest.raises(ValueError, match="confidence"):
        fold(said(f"2025-01-05 likes=tea sure {sure}"))
