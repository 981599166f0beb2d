"""How confidence fades when it is read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from whisper_enrich.facts.ageing import PLAN_HALF_LIFE, confidence_at, half_life_days
from whisper_enrich.facts.attributes import ATTRIBUTES
from whisper_enrich.facts.fold import fold
from whisper_enrich.facts.model import Category
from whisper_enrich_tests.facts.fold_builders import said

SAID = datetime(2025, 1, 5, 12, tzinfo=UTC)


def read(line: str, days: float) -> float:
    (fact,) = fold(said(line)).facts
    return confidence_at(fact, SAID + timedelta(days=days))


@pytest.mark.parametrize(
    ("line", "days", "share"),
    [
        ("2025-01-05 feels=sad", 7, 0.5),
        ("2025-01-05 feels=sad", 14, 0.25),
        ("2025-01-05 lives_in=leeds", 730, 0.5),
        ("2025-01-05 birthday=05-03", 7300, 1.0),
        ("2025-01-05 past visited=rome", 7300, 1.0),
        ('2025-01-05 past : "{user} sang in a choir"', 7300, 1.0),
        ('2025-01-05 : "{user} sings in a choir"', 3 * 365, 0.5),
        ("2025-01-05 plan lives_in=york", PLAN_HALF_LIFE, 0.5),
        ("2025-01-05 plan visited=rome from 2025-03-06", 59.5, 1.0),
        ("2025-01-05 plan visited=rome from 2025-03-06", 59.5 + PLAN_HALF_LIFE, 0.5),
    ],
)
def test_confidence_halves_with_each_half_life(line, days, share):
    assert read(line, days) == pytest.approx(0.8 * share)


def test_what_is_said_again_is_fresh_again():
    (fact,) = fold(said("2025-01-05 feels=sad", "2025-02-05 feels=sad")).facts
    assert confidence_at(fact, datetime(2025, 2, 5, 12, tzinfo=UTC)) == fact.confidence > 0.8


def test_nothing_ages_before_it_was_said():
    assert read("2025-01-05 feels=sad", -3) == pytest.approx(0.8)


def test_every_category_and_attribute_has_an_answer():
    for category in Category:
        assert half_life_days("", category, "present") != 0
    for attribute in ATTRIBUTES.values():
        assert half_life_days(attribute.name, attribute.category, "present") == attribute.half_life_days
    assert half_life_days("collects", "possession", "present") == 3 * 365
