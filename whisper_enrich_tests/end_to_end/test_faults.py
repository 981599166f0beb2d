"""A worker and a database killed, poison, two daemons, a clock set back: the short form of `benchmarks/operations_faults.py`."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.state_dir import state_dir
from whisper_enrich_tests.places import open_folder

ROOT = Path(__file__).resolve().parents[2]

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]


@pytest.fixture
def home() -> Iterator[Path]:
    """A state folder with a server of its own, which may be killed."""
    with open_folder() as folder:
        postgres = EmbeddedPostgres(state_dir(folder / "state"))
        postgres.acquire()
        yield folder
        postgres.remove(force=True)


def test_after_each_of_several_faults_nothing_is_lost_or_double_and_the_sensor_goes_on_by_itself(
    home: Path, monkeypatch: pytest.MonkeyPatch
):
    places = [str(ROOT), str(ROOT / "benchmarks")]
    monkeypatch.setattr(sys, "path", [*places, *sys.path])
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(places))
    monkeypatch.chdir(home)
    from operations_faults_trials import Campaign, several

    verdict = several(Campaign(home, short=True))
    assert verdict.violations == []
