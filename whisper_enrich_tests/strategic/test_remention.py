"""The model of coming back: its features, and its fit."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from whisper_enrich.strategic import remention
from whisper_enrich.strategic.forgetting import base_level
from whisper_enrich.strategic.forgetting_priors import shipped
from whisper_enrich.strategic.remention import DAY, FEATURES, Fit, mentionings

POPULATION = shipped().remention
NOBODY = Fit(POPULATION.mean, np.zeros((len(POPULATION.mean),) * 2), 0.0)


def known(rows, sessions=10, apart=1.0):
    """``rows``: (term, session) for each turn that named it; sessions are ``apart`` days from each other."""
    term, session = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    terms = int(term.max()) + 1
    return mentionings(
        term, session, session * apart * DAY + 60.0, np.ones(len(term), dtype=bool),
        session_at=np.arange(sessions) * apart * DAY, session_turns=np.full(sessions, 12.0),
        calendar=np.zeros(terms, dtype=bool), entity=np.ones(terms, dtype=bool),
    )  # fmt: skip


def chance(table, term, session, now=None):
    x = remention.features(table, np.array([term]), np.array([session]), now)
    return float(remention.probability(remention.design(x, POPULATION), NOBODY)[0])


def test_turns_of_one_session_are_one_entry():
    table = known([(0, 1), (0, 1), (0, 4), (1, 2)])
    assert table.term.tolist() == [0, 0, 1]
    assert table.session.tolist() == [1, 4, 2]
    assert table.turns.tolist() == [2, 1, 1]
    assert table.user_turns.tolist() == [2, 1, 1]


def test_every_later_session_is_a_chance_and_a_mention_in_it_a_hit():
    found = remention.items(known([(0, 1), (0, 4), (1, 8)]), None)
    pairs = dict(zip(zip(found.term.tolist(), found.session.tolist(), strict=True), found.hit.tolist(), strict=True))
    assert pairs == {(0, s): float(s == 4) for s in range(2, 10)} | {(1, 9): 0.0}
    assert found.weight.tolist() == [1.0] * 9


def test_items_that_are_drawn_stand_for_all():
    rows = [(t, s) for t in range(40) for s in range(0, 200, 7 + t)]
    table = known(rows, sessions=200)
    every, drawn = remention.items(table, None), remention.items(table, 100)
    assert len(drawn.hit) <= 200 < len(every.hit)
    for wanted in (0.0, 1.0):
        assert drawn.weight[drawn.hit == wanted].sum() == pytest.approx((every.hit == wanted).sum())
    truth = set(zip(table.term.tolist(), table.session.tolist(), strict=True))
    asked = zip(drawn.term.tolist(), drawn.session.tolist(), drawn.hit.tolist(), strict=True)
    assert all(((term, session) in truth) == bool(hit) for term, session, hit in asked)


def test_nothing_named_gives_no_items():
    nothing = np.empty(0)
    table = mentionings(
        nothing.astype(int), nothing.astype(int), nothing, nothing.astype(bool), session_at=np.arange(3.0),
        session_turns=np.ones(3), calendar=nothing.astype(bool), entity=nothing.astype(bool),
    )  # fmt: skip
    assert len(remention.items(table).hit) == 0


def test_practice_is_the_base_level_of_the_ages_in_sessions_and_in_days():
    x = remention.features(known([(0, 1), (0, 1), (0, 4)], apart=2.0), np.array([0]), np.array([6]))[0]
    assert x[0] == pytest.approx(base_level([5, 2], [2, 1]))
    assert x[1] == pytest.approx(base_level([10, 4], [2, 1]))


def test_features_take_nothing_from_the_session_itself_or_later():
    early = known([(0, 1), (0, 4)])
    late = known([(0, 1), (0, 4), (0, 6), (0, 6), (0, 9)])
    asked = np.array([0]), np.array([6])
    np.testing.assert_array_equal(remention.features(early, *asked), remention.features(late, *asked))


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.sets(st.integers(0, 8), min_size=1), st.integers(9, 28))
def test_the_chance_falls_with_every_session_that_passes(sessions, session):
    table = known([(0, s) for s in sessions], sessions=30)
    assert chance(table, 0, session + 1) <= chance(table, 0, session)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.sets(st.integers(0, 9), min_size=1), st.floats(0, 100), st.floats(0, 100))
def test_the_chance_falls_with_every_day_that_passes(sessions, days, more):
    table = known([(0, s) for s in sessions])
    assert chance(table, 0, 10, (10 + days + more) * DAY) <= chance(table, 0, 10, (10 + days) * DAY)


@settings(max_examples=40, derandomize=True, deadline=None)
@given(st.sets(st.integers(0, 8), min_size=1), st.integers(0, 9))
def test_a_mention_never_lowers_the_chance(sessions, one_more):
    before = known([(0, s) for s in sessions] + [(1, 0)])
    after = known([(0, s) for s in sessions] + [(0, max(min(sessions), one_more)), (1, 0)])
    assert chance(after, 0, 10, 10 * DAY) >= chance(before, 0, 10, 10 * DAY) - 1e-12


def test_without_items_the_fit_is_the_population():
    nothing = np.empty(0)
    fit = remention.map_fit(
        np.empty((0, len(FEATURES) + 1)), nothing, nothing, POPULATION.mean, POPULATION.spread, remention.BOUNDED
    )
    np.testing.assert_allclose(fit.coefficients, POPULATION.mean)


def test_the_fit_finds_the_coefficients_that_made_the_data():
    generator = np.random.default_rng(3)
    x = np.column_stack([np.ones(20_000), generator.normal(size=(20_000, 2))])
    truth = np.array([-1.0, 0.7, 0.4])
    hit = (generator.random(20_000) < 1 / (1 + np.exp(-x @ truth))).astype(float)
    wide, bounded = np.full(3, 10.0), np.array([False, True, True])
    fit = remention.map_fit(x, hit, np.ones(20_000), np.zeros(3), wide, bounded)
    np.testing.assert_allclose(fit.coefficients, truth, atol=4 * np.sqrt(np.diag(fit.covariance)).max())
    assert 0.005 < np.sqrt(fit.covariance[1, 1]) < 0.05


def test_a_bounded_coefficient_stops_at_zero_where_the_data_wants_less():
    generator = np.random.default_rng(4)
    x = np.column_stack([np.ones(2000), generator.normal(size=2000)])
    hit = (generator.random(2000) < 1 / (1 + np.exp(x[:, 1]))).astype(float)
    fit = remention.map_fit(x, hit, np.ones(2000), np.zeros(2), np.full(2, 10.0), np.array([False, True]))
    assert fit.coefficients[1] == 0.0


def test_little_data_stays_with_the_population_and_much_data_leaves_it():
    generator = np.random.default_rng(5)
    mean, spread = np.array([-1.0, 1.0]), np.array([0.3, 0.2])
    distances = []
    for n in (10, 300, 20_000):
        x = np.column_stack([np.ones(n), generator.normal(size=n)])
        hit = (generator.random(n) < 1 / (1 + np.exp(-(x @ np.array([-1.0, 2.0]))))).astype(float)
        fit = remention.map_fit(x, hit, np.ones(n), mean, spread, np.array([False, True]))
        distances.append(abs(fit.coefficients[1] - 2.0))
    assert distances[0] > distances[1] > distances[2]


def test_a_weight_is_as_many_items():
    x = np.array([[1.0, 0.5], [1.0, -0.5], [1.0, 1.0]])
    hit, zero, one = np.array([1.0, 0.0, 0.0]), np.zeros(2), np.ones(2)
    free = np.zeros(2, dtype=bool)
    weighted = remention.map_fit(x, hit, np.array([1.0, 3.0, 2.0]), zero, one, free)
    repeated = remention.map_fit(
        np.repeat(x, [1, 3, 2], axis=0), np.repeat(hit, [1, 3, 2]), np.ones(6), zero, one, free
    )
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, atol=1e-8)
