"""How a user's writing changed: said where it did, called stable where it surely did not, and left open otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from whisper_enrich.strategic.history import QuestionKind
from whisper_enrich.strategic.style_changes import length_trend, style_evolution
from whisper_enrich_tests.strategic.pattern_talks import Said, Talk, history, random_talks


def months(seed: int, growth: float, days: int = 60, noise: float = 0.3, asks_late: bool = False) -> list[Talk]:
    """Four messages a day, whose length grows by the factor e^growth over all days."""
    rng = np.random.default_rng(seed)
    return [
        Talk(
            float(day),
            [
                Said(
                    60.0 * n,
                    characters=int(100 * np.exp(growth * day / days + rng.normal(0, noise))),
                    mood=float(rng.normal(0.2, 0.1)),
                    question=QuestionKind.WHY if asks_late and day > days / 2 and n < 2 else QuestionKind.NONE,
                )
                for n in range(4)
            ],
        )
        for day in range(days)
    ]


def test_messages_that_grow_are_longer_by_about_that_much():
    found, reason = style_evolution(history(months(1, growth=1.0)))
    assert reason is None
    assert found["length"]["direction"] == "longer"
    assert found["length"]["low"] < np.exp(0.5) < found["length"]["high"]
    assert found["late"]["median_characters"] > found["early"]["median_characters"]


def test_what_did_not_change_is_stable_and_what_started_is_more():
    found, _ = style_evolution(history(months(2, growth=0.0, asks_late=True)))
    assert [found[name]["direction"] for name in ("length", "questions", "mood")] == ["stable", "more", "stable"]
    assert found["questions"]["change"] == pytest.approx(0.5, abs=0.05)


def test_noise_over_few_days_is_neither_change_nor_stability():
    found, _ = style_evolution(history(random_talks(4, 20)))
    assert (found["length"]["direction"], found["length"]["reason"]) == (None, "inconclusive")


def test_moods_of_two_talks_are_no_evidence_of_a_change():
    """Forty messages, but two evenings."""
    talks = [Talk(20.0 * day, [Said(30.0 * n, mood=0.5 - day) for n in range(20)]) for day in range(2)]
    found, _ = style_evolution(history(talks))
    assert (found["mood"]["direction"], found["mood"]["reason"]) == (None, "too_few_known")


def test_false_alarms_are_rare():
    directions = [
        style_evolution(history(random_talks(seed, 40)))[0][name]["direction"]
        for seed in range(50)
        for name in ("length", "mood")
    ]
    assert sum(one not in (None, "stable") for one in directions) <= 8


def test_months_are_those_of_the_calendar_and_add_up():
    found, _ = style_evolution(history(months(1, growth=0.0)))
    assert [month["month"] for month in found["months"]] == ["2026-01", "2026-02", "2026-03"]
    assert sum(month["messages"] for month in found["months"]) == 240
    assert found["early"]["messages"] + found["late"]["messages"] == 240


def test_labels_that_are_missing_leave_the_mood_open():
    talks = [Talk(float(day), [Said(60.0 * n) for n in range(3)]) for day in range(20)]
    found, _ = style_evolution(history(talks))
    assert found["early"]["mean_valence"] is None
    assert found["mood"]["reason"] == "too_few_known"
    assert found["length"]["direction"] == "stable"


def test_too_little_says_so():
    assert style_evolution(history([])) == (None, "too_few_messages")
    assert style_evolution(history(months(1, 0.0, days=10))) == (None, "too_short_a_time")


@pytest.mark.parametrize(("growth", "direction"), [(1.2, "longer"), (-1.2, "shorter"), (0.0, "stable")])
def test_the_trend_of_length_has_the_direction_of_the_series(growth, direction):
    found = length_trend(history(months(3, growth)))
    assert found["direction"] == direction
    assert found["low"] <= found["change"] <= found["high"]
    if growth:
        assert found["change"] == pytest.approx(np.exp(growth), rel=0.35)


def test_a_long_history_is_judged_by_weeks():
    assert length_trend(history(months(3, 0.0, days=200)))["points"] <= 30


def test_a_trend_of_a_few_days_is_not_told():
    found = length_trend(history(months(3, 1.0, days=3)))
    assert (found["direction"], found["reason"]) == (None, "too_few_days")
