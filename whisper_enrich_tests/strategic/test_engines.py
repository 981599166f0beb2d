"""Results of engines become plain values, and every column of the contract has an engine that fills it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone

import numpy as np
import pytest

from whisper_enrich.messages.model import Scope
from whisper_enrich.storage.strategic_caches import BY_NAME, VALUES
from whisper_enrich.strategic.engines import ENGINES, Surroundings, compute, computed_of, plain
from whisper_enrich_tests.strategic.builders import history_of


@dataclass(frozen=True)
class Part:
    name: str
    share: float


@dataclass(frozen=True)
class Result:
    score: float | None
    parts: tuple[Part, ...] = ()
    reasons: dict[str, str] = field(default_factory=dict)


class TestPlain:
    @pytest.mark.parametrize("value", [None, True, 3, "word", [], {}])
    def test_what_json_knows_stays(self, value):
        assert plain(value) == value
        assert type(plain(value)) is type(value)

    def test_real_numbers_lose_the_digits_that_depend_on_the_order_of_a_sum(self):
        assert plain(0.1 + 0.2) == plain(0.3) == 0.3

    @pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
    def test_a_number_that_is_not_finite_is_an_error(self, value):
        with pytest.raises(ValueError, match="finite"):
            plain({"score": [value]})

    def test_times_are_utc_with_z_and_days_are_days(self):
        abroad = datetime(2026, 3, 2, 20, tzinfo=timezone(timedelta(hours=2)))
        assert plain([abroad, date(2026, 3, 2)]) == ["2026-03-02T18:00:00Z", "2026-03-02"]

    def test_containers_and_dataclasses_are_gone_through(self):
        assert plain({1: (Part("a", 1 / 3),)}) == {"1": [{"name": "a", "share": 0.333333}]}
        assert plain(Scope.DM) == "dm"
        assert json.loads(json.dumps(plain(Scope.DM))) == "dm"

    @pytest.mark.parametrize("value", [np.float32(1.0), np.int64(1), np.array([1.0]), object()])
    def test_what_json_does_not_know_is_an_error_that_names_its_type(self, value):
        with pytest.raises(TypeError, match=type(value).__name__):
            plain({"deep": [value]})

    def test_plain_values_are_plain_again(self):
        once = plain({"at": datetime(2026, 3, 2, tzinfo=UTC), "parts": [Part("a", 0.12345678)]})
        assert plain(once) == once


def test_results_keep_their_engine_and_reasons_come_together():
    made = computed_of(
        {
            "first": Result(None, reasons={"score": "no_vectors"}),
            "second": Result(0.5, (Part("a", 1.0),), {"trend": "short"}),
        }
    )
    assert made.results == {
        "first": {"score": None, "parts": []},
        "second": {"score": 0.5, "parts": [{"name": "a", "share": 1.0}]},
    }
    assert made.reasons == {"score": "no_vectors", "trend": "short"}


def test_there_are_seven_engines_for_six_caches():
    assert set(ENGINES) == set(BY_NAME)
    assert sum(len(engines) for engines in ENGINES.values()) == 7


@pytest.mark.parametrize("cache", sorted(BY_NAME))
def test_every_column_of_the_contract_is_filled_by_exactly_one_engine_of_its_cache(cache):
    made = compute(cache, history_of([(0, "user", "I planted tomatoes."), (1, "bot", "Lovely!")]), Surroundings())
    for column in VALUES[cache]:
        assert sum(column in fields for fields in made.results.values()) == 1, column


@pytest.mark.parametrize("cache", sorted(BY_NAME))
def test_reasons_are_words_for_fields_that_are_there(cache):
    made = compute(cache, history_of([(0, "user", "Hello.")]), Surroundings())
    there = {name for fields in made.results.values() for name in fields}
    for name, reason in made.reasons.items():
        assert name.partition(".")[0] in there, name
        assert reason.isidentifier() and reason == reason.lower(), reason
