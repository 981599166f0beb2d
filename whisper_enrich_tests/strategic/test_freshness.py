"""Reads find fresh rows; `benchmarks/freshness.py` simulates a whole day and says more."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def freshness() -> ModuleType:
    """The simulation of the benchmark."""
    spec = importlib.util.spec_from_file_location(
        "freshness_simulation", ROOT / "benchmarks" / "freshness_simulation.py"
    )
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def small(freshness):
    """Two bots of twenty users each."""
    return freshness.World(bots=2, users=40)


@pytest.fixture(scope="module")
def ours(freshness, small):
    return freshness.Simulation(small, freshness.OURS, seed=3).run()


def test_reads_after_the_first_conversation_find_a_fresh_row(ours):
    assert ours.reads > 30
    assert ours.fresh > 0.95
    assert ours.stored >= ours.fresh


def test_that_costs_less_than_computing_everybody_every_five_minutes_and_as_many_reads_are_fresh(
    freshness, small, ours
):
    everybody = freshness.Simulation(small, freshness.EVERYBODY, seed=3).run()
    assert ours.rows < everybody.rows / 20
    assert ours.cpu < everybody.cpu / 2
    assert ours.fresh >= everybody.fresh


def test_a_cycle_longer_than_the_ttl_leaves_rows_stale_as_long_as_it_is_longer(freshness, small):
    platform = freshness.Simulation(small, freshness.PLATFORM, seed=3).run()
    assert platform.fresh == pytest.approx(300 / 660, abs=0.12)


def test_reads_find_stale_rows_when_runs_take_longer_than_a_row_holds_after_a_message(freshness, small):
    slow = freshness.Simulation(freshness.slower(small, 60), freshness.OURS, seed=3).run()
    assert slow.fresh < 0.9
    assert slow.long_lag > 300


def test_the_same_seed_gives_the_same_day_and_another_one_another(freshness, small, ours):
    assert freshness.Simulation(small, freshness.OURS, seed=3).run() == ours
    assert freshness.Simulation(small, freshness.OURS, seed=4).run() != ours


def test_looking_less_often_only_delays_rows(freshness, small, ours):
    slower = freshness.Simulation(replace(small, sensor_seconds=120.0), freshness.OURS, seed=3).run()
    assert slower.lag > ours.lag
    assert slower.runs < ours.runs
