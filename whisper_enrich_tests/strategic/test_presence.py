"""Presence by hour: what is foreseen from few and many messages, in any zone."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic.engagement_priors import as_json, broad_hours, from_json, refit, shipped
from whisper_enrich.strategic.presence import (
    HALF_LIVES,
    concentration,
    local_days,
    presence,
    von_mises_matrix,
)

PRIORS = shipped().presence
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def hours_in(at: np.ndarray, zone: str = "UTC") -> np.ndarray:
    local = [datetime.fromtimestamp(t, tz=ZoneInfo(zone)) for t in at.tolist()]
    return np.array([24 * t.weekday() + t.hour + t.minute / 60 for t in local], dtype=float)


def evenings(days: int, hour: float = 21.0, per_day: int = 3, first: datetime = MONDAY) -> np.ndarray:
    start = first.timestamp()
    return np.array([start + d * 86400 + hour * 3600 + m * 120 for d in range(days) for m in range(per_day)])


def test_who_writes_in_the_evening_is_expected_in_the_evening():
    at = evenings(30)
    found = presence(hours_in(at), at, PRIORS)
    assert found.best_hours(1) == (21,)
    assert found.source == "own"
    assert found.messages == 90 and found.active_days == 30
    assert found.hours[21] > 3 / 24
    assert found.hours[4] < 1 / 48


def test_the_week_and_the_day_agree():
    at = evenings(40)
    found = presence(hours_in(at), at, PRIORS)
    week = np.array(found.week).reshape(7, 24)
    assert week.sum() == pytest.approx(1.0)
    assert week.sum(axis=0) == pytest.approx(np.array(found.hours))


def test_without_messages_the_population_is_given_and_called_so():
    found = presence(np.empty(0), np.empty(0), PRIORS)
    assert found.source == "population"
    assert found.population_share == 1.0
    assert sum(found.hours) == pytest.approx(1.0)
    assert found.spread_hours is None
    # Turned by chronotypes, so flatter than the curve itself, with the same night.
    assert int(np.argmin(found.hours)) in (3, 4, 5)


def test_without_messages_and_zone_every_hour_is_as_likely():
    found = presence(np.empty(0), np.empty(0), PRIORS, zone_known=False)
    assert np.array(found.hours) == pytest.approx(np.full(24, 1 / 24))


def test_one_message_says_no_more_than_the_population():
    at = np.array([MONDAY.timestamp()])
    assert presence(hours_in(at), at, PRIORS).source == "population"


def test_more_messages_leave_less_to_the_population():
    shares = []
    for days in (3, 10, 40, 120):
        at = evenings(days)
        shares.append(presence(hours_in(at), at, PRIORS).population_share)
    assert shares == sorted(shares, reverse=True)
    assert shares[0] > 0.4 > 0.2 > shares[-1]


def test_an_owl_without_a_zone_gets_a_night_of_their_own():
    rng = np.random.default_rng(2)
    # Awake from 18:00 to 9:00 UTC: somebody far away from Greenwich.
    hours = (18 + 15 * rng.random(60)) % 24
    at = MONDAY.timestamp() + np.arange(60) * 86400 + hours * 3600
    found = presence(hours_in(at), at, PRIORS, zone_known=False)
    assert sum(found.hours[10:17]) < 0.6 * 7 / 24


def test_a_burst_counts_as_a_visit_and_not_as_thirty():
    at = evenings(20, hour=20.0, per_day=2)
    burst = MONDAY.timestamp() + 19 * 86400 + 9 * 3600 + np.arange(40) * 20.0
    both = np.sort(np.concatenate([at, burst]))
    found = presence(hours_in(both), both, PRIORS)
    assert found.best_hours(1) == (20,)


def test_new_habits_outweigh_old_ones():
    old = evenings(60, hour=8.0)
    new = evenings(40, hour=22.0, first=MONDAY + timedelta(days=60))
    at = np.concatenate([old, new])
    found = presence(hours_in(at), at, PRIORS)
    assert found.best_hours(1) == (22,)
    assert found.half_life_days is not None and found.half_life_days < max(h for h in HALF_LIVES if np.isfinite(h)) * 2


def test_weekends_have_hours_of_their_own():
    days = np.arange(84)
    weekend = days % 7 >= 5
    at = MONDAY.timestamp() + days * 86400 + np.where(weekend, 11.0, 20.0) * 3600
    week = np.array(presence(hours_in(at), at, PRIORS).week).reshape(7, 24)
    assert week[5, 11] > week[5, 20]
    assert week[1, 20] > week[1, 11]


def test_habits_stay_at_their_local_hour_over_a_change_of_the_clocks():
    zone = ZoneInfo("America/New_York")
    first = datetime(2026, 2, 20, 19, 30, tzinfo=zone)
    at = np.array([(first + timedelta(days=day)).timestamp() for day in range(40)])
    assert presence(hours_in(at, "America/New_York"), at, PRIORS).best_hours(1) == (19,)


@pytest.mark.parametrize(
    "zone", ["UTC", "Pacific/Auckland", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu"]
)
def test_local_days_are_those_of_the_calendar(zone):
    at = MONDAY.timestamp() + np.arange(400) * 13 * 3600.0
    expected = [datetime.fromtimestamp(t, tz=ZoneInfo(zone)).date().toordinal() for t in at.tolist()]
    epoch = date(1970, 1, 1).toordinal()
    assert (local_days(hours_in(at, zone), at) + epoch).tolist() == expected


def test_identical_times_are_one_visit():
    at = np.full(50, MONDAY.timestamp() + 12 * 3600)
    found = presence(hours_in(at), at, PRIORS)
    assert found.active_days == 1
    assert found.population_share > 0.3
    assert np.isfinite(found.hours).all()


def test_ten_thousand_messages_are_quick_and_sound():
    rng = np.random.default_rng(0)
    at = np.sort(MONDAY.timestamp() + rng.uniform(0, 3e7, 10_000))
    found = presence((at / 3600 + 72) % 168, at, PRIORS)
    assert np.array(found.hours) == pytest.approx(np.full(24, 1 / 24), abs=0.012)


@settings(max_examples=30, derandomize=True, deadline=None)
@given(st.lists(st.floats(0, 8e6), min_size=0, max_size=60), st.booleans(), st.randoms(use_true_random=False))
def test_any_times_give_probabilities_in_any_order(offsets, zone_known, random):
    at = np.array(offsets, dtype=float) + MONDAY.timestamp()
    found = presence((at / 3600 + 72) % 168, at, PRIORS, zone_known=zone_known)
    assert min(found.week) > 0
    assert sum(found.week) == pytest.approx(1.0)
    shuffled = at.copy()
    order = list(range(len(at)))
    random.shuffle(order)
    again = presence(((shuffled / 3600 + 72) % 168)[order], shuffled[order], PRIORS, zone_known=zone_known)
    assert again.hours == pytest.approx(found.hours)


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.integers(0, 23))
def test_without_a_zone_turning_the_clock_turns_the_answer(turn):
    at = evenings(25, hour=9.0)
    hours = hours_in(at)
    plain = presence(hours, at, PRIORS, zone_known=False)
    turned = presence((hours + turn) % 168, at, PRIORS, zone_known=False)
    # Turned over midnight a visit may fall on another day; the shape stays.
    assert int(np.argmax(turned.hours)) == (int(np.argmax(plain.hours)) + turn) % 24


@pytest.mark.parametrize(("resultant", "kappa"), [(0.1, 0.2010), (0.5, 1.1593), (0.8, 2.8713), (0.95, 10.2716)])
def test_concentration_is_near_the_tabled_values(resultant, kappa):
    # Mardia and Jupp, Directional Statistics, appendix 2.2.
    assert concentration(resultant) == pytest.approx(kappa, rel=0.02)


def test_kernels_are_probabilities_of_the_given_spread():
    for spread in (1.0, 2.0, 3.5):
        kernel = von_mises_matrix(spread)
        assert kernel.sum(axis=1) == pytest.approx(np.ones(24))
        resultant = abs((kernel[0] * np.exp(2j * np.pi * np.arange(24) / 24)).sum())
        assert np.sqrt(-2 * np.log(resultant)) * 24 / (2 * np.pi) == pytest.approx(spread, abs=0.15)


def test_shipped_priors_are_probabilities_and_survive_storage():
    priors = shipped()
    assert sum(priors.presence.hours) == pytest.approx(1.0, abs=1e-4)
    assert min(priors.presence.hours) > 0
    assert from_json(as_json(priors)) == priors


def test_priors_of_another_format_are_refused():
    with pytest.raises(ValueError, match="format 99"):
        from_json({**as_json(shipped()), "format": 99})


def test_a_refit_on_nobody_is_the_broad_shape_and_on_many_is_theirs():
    assert np.array(refit([], "nobody").presence.hours) == pytest.approx(broad_hours(), abs=1e-6)
    at = evenings(20, hour=6.0)
    fitted = refit([(hours_in(at), at)] * 300, "early birds")
    assert int(np.argmax(fitted.presence.hours)) == 6
    assert fitted.users == 300


def test_a_refit_does_not_depend_on_the_order_of_users():
    users = [(hours_in(at), at) for at in (evenings(9, 7.0), evenings(12, 20.0, 5), evenings(30, 13.0, 1))]
    assert replace(refit(users, "x")) == refit(users[::-1], "x")
