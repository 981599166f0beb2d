"""Pauses between visits: the model, how unusual a silence is, and that SQL can say the same."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from whisper_enrich.strategic.engagement_priors import shipped
from whisper_enrich.strategic.gaps import (
    CUTS,
    OFFSET_HOURS,
    FamilyPrior,
    GapPriors,
    LullSeverity,
    fit_gaps,
    log_logistic_likelihood,
    lomax_likelihood,
    pauses,
    survival,
)

PRIORS = shipped().gaps
WIDE = FamilyPrior((3.0, 50.0), (0.0, 50.0), 0.5)


def fit(gaps, priors=PRIORS):
    gaps = np.asarray(gaps, dtype=float)
    return fit_gaps(gaps, np.zeros(len(gaps)), priors)


def test_survival_is_that_of_the_named_distributions():
    for t in (0.6, 3.0, 24.0, 500.0):
        assert survival(t, 12.0, 1.0, 1.7) == pytest.approx(stats.lomax.sf(t - OFFSET_HOURS, 1.7, scale=12.0))
        assert survival(t, 12.0, 1.7, 1.0) == pytest.approx(stats.fisk.sf(t - OFFSET_HOURS, 1.7, scale=12.0))
        assert survival(t, 12.0, 1.4, 0.8) == pytest.approx(stats.burr12.sf(t - OFFSET_HOURS, 1.4, 0.8, scale=12.0))


@pytest.mark.parametrize(
    ("likelihood", "density"),
    [
        (lomax_likelihood, lambda x, scale, k: stats.lomax.logpdf(x, k, scale=scale)),
        (log_logistic_likelihood, lambda x, scale, k: stats.fisk.logpdf(x, k, scale=scale)),
    ],
)
def test_likelihoods_and_their_derivatives_are_right(likelihood, density):
    x = np.random.default_rng(1).lognormal(2, 1, 40)
    weights = np.linspace(0.2, 1.0, 40)
    place = np.array([1.7, 0.3])
    found = likelihood(np.log(x), weights, place)
    assert found.value == pytest.approx(weights @ density(x, math.exp(1.7), math.exp(0.3)))
    step = 1e-5 * np.eye(2)
    up = [likelihood(np.log(x), weights, place + s) for s in step]
    down = [likelihood(np.log(x), weights, place - s) for s in step]
    slope = [(u.value - d.value) / 2e-5 for u, d in zip(up, down, strict=True)]
    bend = [(u.gradient - d.gradient) / 2e-5 for u, d in zip(up, down, strict=True)]
    assert found.gradient == pytest.approx(slope, rel=1e-5)
    assert found.hessian == pytest.approx(np.array(bend), rel=1e-4, abs=1e-4)


def test_with_much_data_the_fit_is_the_maximum_likelihood_of_the_right_family():
    rng = np.random.default_rng(3)
    wide = GapPriors(WIDE, WIDE)
    lomax = fit(0.5 + stats.lomax.rvs(2.0, scale=30.0, size=4000, random_state=rng), wide)
    assert lomax.family == "lomax"
    assert (lomax.tail, lomax.scale_hours) == (pytest.approx(2.0, rel=0.2), pytest.approx(30.0, rel=0.25))
    logistic = fit(0.5 + stats.fisk.rvs(3.0, scale=22.0, size=4000, random_state=rng), wide)
    assert logistic.family == "log_logistic"
    assert (logistic.shape, logistic.scale_hours) == (pytest.approx(3.0, rel=0.05), pytest.approx(22.0, rel=0.05))


def test_a_calibrated_user_is_rarely_in_a_lull():
    rng = np.random.default_rng(4)
    gaps = 0.5 + stats.fisk.rvs(2.5, scale=30.0, size=3000, random_state=rng)
    model = fit(gaps[:1500])
    seen = [model.severity(g) for g in gaps[1500:]]
    assert np.mean([s is not LullSeverity.NONE for s in seen]) == pytest.approx(0.10, abs=0.02)
    assert np.mean([s is LullSeverity.SEVERE for s in seen]) == pytest.approx(0.01, abs=0.008)


def test_two_pauses_are_too_few_to_judge_a_silence():
    assert fit([20.0, 25.0]) is None
    assert fit([]) is None
    assert fit([20.0, 25.0, 23.0]) is not None


def test_few_pauses_stay_near_the_population_and_many_leave_it():
    def median(count):
        return fit([200.0] * count).quantile(0.5)

    assert median(3) < median(10) < median(100)
    assert median(100) == pytest.approx(200.0, rel=0.1)


def test_a_regular_user_is_missed_sooner_than_an_erratic_one():
    rng = np.random.default_rng(5)
    regular = fit(rng.normal(24.0, 2.0, 60))
    erratic = fit(rng.lognormal(math.log(24.0), 1.3, 60))
    assert regular.survival(60.0) < erratic.survival(60.0)
    assert regular.mild_after_hours < erratic.mild_after_hours


def test_a_night_is_no_lull_even_for_who_writes_every_hour():
    model = fit([1.0] * 200)
    assert model.severity(9.0) is LullSeverity.NONE
    assert model.severity(25.0) is LullSeverity.MILD


def test_severities_begin_at_their_cuts():
    model = fit([30.0, 50.0, 20.0, 90.0, 26.0, 40.0])
    for severity, cut, least in CUTS:
        begins = getattr(model, f"{severity}_after_hours")
        assert begins == pytest.approx(max(model.quantile(1 - cut), least))
        assert model.severity(begins + 0.01) is severity


def test_recent_pauses_weigh_more():
    gaps = np.array([10.0] * 20 + [100.0] * 20)
    recent_long = fit_gaps(gaps, np.array([300.0] * 20 + [1.0] * 20), PRIORS)
    recent_short = fit_gaps(gaps, np.array([1.0] * 20 + [300.0] * 20), PRIORS)
    assert recent_short.quantile(0.5) < 20 < recent_long.quantile(0.5)


def test_pauses_are_those_between_visits():
    minutes = np.array([0, 1, 2, 33, 34, 34 + 60 * 24])
    gaps, ages = pauses(minutes * 60.0)
    assert gaps.tolist() == pytest.approx([31 / 60, 24.0])
    assert ages.tolist() == pytest.approx([1 + 1 / 1440, 0.0])
    assert pauses(np.full(10, 5.0))[0].size == 0
    assert pauses(np.array([5.0]))[0].size == 0


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.lists(st.floats(0.51, 20_000), min_size=3, max_size=40))
def test_any_pauses_give_a_falling_survival_and_rising_cuts(gaps):
    model = fit(gaps)
    curve = [model.survival(t) for t in (0.0, 0.5, 1.0, 5.0, 24.0, 200.0, 5000.0)]
    assert curve[0] == curve[1] == 1.0
    assert curve == sorted(curve, reverse=True)
    assert 24.0 <= model.mild_after_hours <= model.moderate_after_hours <= model.severe_after_hours
    assert model.survival(model.quantile(0.8)) == pytest.approx(0.2)
    assert all(math.isfinite(v) for v in (model.scale_hours, model.shape, model.tail, model.severe_after_hours))


@settings(max_examples=20, derandomize=True, deadline=None)
@given(st.lists(st.floats(0.51, 500), min_size=3, max_size=20), st.randoms(use_true_random=False))
def test_the_order_of_pauses_does_not_matter(gaps, random):
    shuffled = list(gaps)
    random.shuffle(shuffled)
    assert fit(shuffled).survival(30.0) == pytest.approx(fit(gaps).survival(30.0), rel=1e-6)
