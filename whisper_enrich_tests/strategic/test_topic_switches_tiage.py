"""The aim on labelled dialogues; `benchmarks/topic_switches.py` says more."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from whisper_enrich.strategic.segmentation import segment

ROOT = Path(__file__).resolve().parents[2]
TIAGE = ROOT.parent / "shared" / "data" / "tiage"


@pytest.fixture(scope="module")
def data() -> ModuleType:
    """How the benchmark reads and scores."""
    spec = importlib.util.spec_from_file_location("topic_switches_data", ROOT / "benchmarks" / "topic_switches_data.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def marks(*places: int, turns: int = 9) -> np.ndarray:
    """Boundaries before these turns."""
    found = np.zeros(turns, dtype=bool)
    found[list(places)] = True
    return found


@pytest.mark.parametrize(
    ("predicted", "pk", "window_diff"),
    [
        (marks(3, 6), 0.0, 0.0),
        # k is 2: of the seven windows over turns 1 to 8, the four that hold a boundary of the gold are wrong.
        (marks(), 4 / 7, 4 / 7),
        # One place late: a window too few before, one too many behind.
        (marks(4, 6), 2 / 7, 2 / 7),
        # One too many beside the first: WindowDiff also counts the window that holds two.
        (marks(3, 4, 6), 1 / 7, 2 / 7),
    ],
)
def test_windows_are_counted_as_defined(data: ModuleType, predicted: np.ndarray, pk: float, window_diff: float):
    assert data.pk_and_window_diff(marks(3, 6), predicted) == pytest.approx((pk, window_diff))


@pytest.mark.skipif(
    not TIAGE.is_dir(), reason="the TIAGE dialogues are not beside the repository (../shared/data/tiage)"
)
def test_topic_switches_of_dialogues_not_trained_on_are_found(data: ModuleType):
    dev = data.tiage("dev")
    found = []
    for dialogue in dev:
        begins = marks(*(one.first for one in segment(dialogue.turns)), turns=len(dialogue.turns))
        found.append(begins & dialogue.inside)
    reached = data.scores(dev, found)
    assert reached.pk <= 0.36
    assert reached.f1 >= 0.50
    density = np.concatenate(found).mean() / np.concatenate([d.gold for d in dev]).mean()
    assert 0.8 < density < 1.2


def test_labelled_switches_of_the_sample_are_found_better_than_by_chance(data: ModuleType):
    talks = data.sample_talks()
    gold = np.concatenate([talk.gold[talk.inside] for talk in talks])
    found = np.concatenate(
        [marks(*(s.first for s in segment(t.turns)), turns=len(t.turns))[t.inside] for t in talks]
    )  # fmt: skip
    chance = 2 * gold.mean() * found.mean() / (gold.mean() + found.mean())
    assert data.f1(gold, found) > 3 * chance
