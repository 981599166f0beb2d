"""Worlds that have gone through every stage: once a test process, and only read from, or written to and rolled back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.settings import utc_now
from whisper_enrich.stages.context import StageContext
from whisper_enrich_tests.storage.cached_worlds import cached
from whisper_enrich_tests.storage.private_worlds import private_world


@pytest.fixture(scope="session")
def sampled(postgres_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StageContext]:
    """The sample conversations of one bot, as of now: the views ask the database's clock."""
    now = utc_now()
    points = {"ines": sample_points(now)["ines"]}
    with cached(postgres_home, tmp_path_factory.mktemp("sampled"), points, now, sample_names()) as ctx:
        yield ctx


@pytest.fixture(scope="session")
def in_private(postgres_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StageContext]:
    """A bot that talks in dms and in shared channels."""
    now = utc_now()
    with cached(postgres_home, tmp_path_factory.mktemp("private"), {"ines": private_world(now)}, now) as ctx:
        yield ctx
