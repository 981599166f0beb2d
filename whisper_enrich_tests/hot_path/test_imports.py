"""What a bot loads with the reader, and what that costs."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "dagster",
    "numpy",
    "pandas",
    "scipy",
    "sklearn",
    "pydantic",
    "pydantic_settings",
    "alembic",
    "qdrant_client",
    "click",
}
DRIVERS = {"sqlalchemy", "psycopg2", "asyncpg"}

MEASURE = """
import os, sys
before = sum(os.times()[:2])
{statement}
print(sum(os.times()[:2]) - before, *sorted({{name.partition(".")[0] for name in sys.modules}}))
"""


def loaded(statement: str) -> tuple[float, set[str]]:
    """CPU seconds of a statement in a process of its own (the best of three: caches are cold at first), and what it loads."""
    found = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", MEASURE.format(statement=statement)], capture_output=True, text=True, check=True
        )
        seconds, *modules = done.stdout.split()
        found.append((float(seconds), set(modules)))
    return min(found, key=lambda one: one[0])


def test_the_reader_loads_no_driver_and_nothing_heavy():
    _, modules = loaded("import whisper_enrich.hot_path")
    assert modules & (HEAVY | DRIVERS) == set()


@pytest.mark.parametrize(
    ("statement", "limit"),
    [
        ("import whisper_enrich.hot_path, asyncpg", 0.3),
        ("import whisper_enrich.hot_path, psycopg2, sqlalchemy", 0.8),
    ],
)
def test_the_import_is_quick_with_the_driver_too(statement, limit):
    seconds, modules = loaded(statement)
    assert seconds < limit
    assert modules & HEAVY == set()
