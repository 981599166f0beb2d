"""The circuit breaker, the log line a minute, the memory of last answers."""

from __future__ import annotations

import logging

import pytest

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.hot_path.context import Absence
from whisper_enrich.hot_path.guard import Circuit, MinuteLog, Remembered, absence_of
from whisper_enrich.hot_path.options import Options

OPTIONS = Options(failures_to_open=3, open_seconds=2.0, remembered=2, remember_seconds=60.0)


class Seconds:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


def test_a_circuit_opens_after_failures_in_a_row_and_lets_one_call_try_again(clock):
    circuit = Circuit(OPTIONS, clock)
    for _ in range(2):
        circuit.failed()
    circuit.succeeded()
    for _ in range(3):
        assert circuit.admits()
        circuit.failed()
    assert circuit.is_open
    assert not circuit.admits()
    clock.now += 2.0
    assert [circuit.admits() for _ in range(3)] == [True, False, False]
    circuit.failed()
    clock.now += 1.9
    assert not circuit.admits()
    clock.now += 0.1
    assert circuit.admits()
    circuit.succeeded()
    assert [circuit.admits() for _ in range(3)] == [True, True, True]


def test_the_log_says_each_trouble_once_a_minute_with_a_count(clock, caplog):
    minute = MinuteLog(clock)
    with caplog.at_level(logging.WARNING, "whisper_enrich.hot_path"):
        for _ in range(50):
            minute.note("no answer", "OperationalError")
        minute.note("every connection is taken", "busy")
        clock.now += 60
        minute.note("no answer", "OperationalError")
    assert [record.getMessage() for record in caplog.records] == [
        "The reader answers without the database: no answer (OperationalError).",
        "The reader answers without the database: every connection is taken (busy).",
        "The reader answers without the database: no answer (OperationalError); 49 more since the last such line.",
    ]


def test_answers_are_remembered_for_a_while_and_the_least_used_goes_first(clock):
    remembered = Remembered(OPTIONS, clock)
    for key in "abc":
        remembered.keep(key, key.upper())
    assert [remembered.recall(key) for key in "abc"] == [None, "B", "C"]
    clock.now += 61
    assert [remembered.recall(key) for key in "abc"] == [None, None, None]
    none = Remembered(Options(remembered=0), clock)
    none.keep("a", "A")
    assert none.recall("a") is None


@pytest.mark.parametrize(
    ("sqlstate", "reason"),
    [("42P01", Absence.SCHEMA), ("42703", Absence.SCHEMA), ("3F000", Absence.SCHEMA), ("22021", Absence.UNREADABLE),
     ("57P01", Absence.UNREACHABLE), (None, Absence.UNREACHABLE)],
)  # fmt: skip
def test_an_error_of_the_driver_is_told_by_its_sqlstate(sqlstate, reason):
    assert absence_of(RuntimeError("said by somebody"), sqlstate).reason is reason
    assert "somebody" not in absence_of(RuntimeError("said by somebody"), sqlstate).cause


def test_options_that_cannot_be_used_say_which_variable_to_correct():
    with pytest.raises(ConfigurationError, match="CACHE_TTL_SECONDS"):
        Options.from_environment({"CACHE_TTL_SECONDS": "five"})
    with pytest.raises(ConfigurationError, match="POSTGRES_SCHEMA"):
        Options(schema='x"; DROP TABLE user_facts; --')
