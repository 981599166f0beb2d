"""`whisper-enrich cost`."""

from datetime import timedelta
from decimal import Decimal

import pytest

from whisper_enrich.llm.types import Purpose, Usage
from whisper_enrich.settings import load_settings
from whisper_enrich.storage import model_calls
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.storage.model_calls import Outcome
from whisper_enrich_tests.builders import at
from whisper_enrich_tests.cli.conftest import TODAY, YESTERDAY
from whisper_enrich_tests.storage.model_builders import errand, prompt

SCHEMA = "costs"


@pytest.fixture(scope="module")
def database(home):
    settings = load_settings(whisper_enrich_home=home, postgres_schema=SCHEMA)
    built = Database(settings)
    migrate(built)
    yield built
    built.close()


@pytest.fixture(scope="module")
def calls(database):
    """Five settled calls of two days, one that nobody will settle, one under way."""

    def call(day, usage, outcome=Outcome.ANSWERED, cost=None, *, points=20, purpose=Purpose.FACTS, hour=12, **whose):
        now = at(f"{day} {hour:02d}:00")
        with database.begin() as connection:
            call_id = model_calls.reserve(
                connection, errand(points=points, **whose), prompt(purpose=purpose), 500, database.settings, now
            )
            if outcome is not Outcome.RESERVED:
                model_calls.settle(
                    connection, call_id, outcome, now, usage=usage, cost=cost, model_answered="acme/small-2", latency_seconds=1
                )  # fmt: skip

    call(YESTERDAY, Usage(1000, 100, 400), cost=Decimal("0.02"), hour=0)
    call(YESTERDAY, Usage(500, 50), Outcome.INVALID, Decimal("0.01"), hour=23)
    call(YESTERDAY, Usage(600, 70), cost=Decimal("0.03"), bot="marcus", user="ben", points=40, purpose=Purpose.SUMMARY)
    call(TODAY, Usage(0, 0), Outcome.UNAVAILABLE, Decimal(0), run="run-2", hour=0)
    call(TODAY, Usage(2000, 200, 1000), cost=Decimal("0.06"), run="run-2", points=80, hour=0)
    call(YESTERDAY - timedelta(days=1), None, Outcome.RESERVED, run="0d2f4a1e-5c3b-4f6d-8a9e-7b1c2d3e4f50", user="carl")


@pytest.fixture
def cost(cli, calls):
    """The rows that the command prints, split into words, and all that it printed."""

    def show(*args, **env):
        answer = cli("cost", *args, POSTGRES_SCHEMA=SCHEMA, **env)
        assert answer.code == 0, answer.err
        return [line.split() for line in answer.out.splitlines()], answer.out

    return show


def test_costs_are_summed_by_day(cost):
    rows, out = cost()
    lost = str(YESTERDAY - timedelta(days=1))
    assert [lost, "1", "0", "0.0", "500", "0", "100", "unknown", "-", "1"] in rows
    assert [str(YESTERDAY), "3", "60", "20.0", "2,100", "400", "220", "0.0600", "1.0000", "1"] in rows
    assert [str(TODAY), "2", "80", "40.0", "2,000", "1,000", "200", "0.0600", "0.7500", "1"] in rows
    assert ["3", "days", "6", "140", "23.3", "4,600", "1,400", "520", "≥", "0.1200", "-", "3"] in rows
    assert "1 call(s) were cut off by the end of their process" in out
    assert "the price of 1 call(s) is not known" in out


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        ("bot", ["elena", "marcus"]),
        ("user", ["ana", "ben"]),
        ("purpose", ["facts", "summary"]),
        ("run", ["run-1", "run-2"]),
        ("model", ["acme/small-2"]),
    ],
)
def test_costs_are_summed_by_whatever_is_asked_for_the_dearest_first(cost, by, groups):
    rows, _ = cost("--by", by, "--from", YESTERDAY)
    assert [row[0] for row in rows if row and row[0] in groups] == groups
    assert sum(int(row[1]) for row in rows if row and row[0] in groups) == 5


def test_only_the_days_asked_for_are_counted_both_ends_included(cost):
    rows, _ = cost("--by", "bot", "--from", YESTERDAY, "--to", YESTERDAY)
    assert ["elena", "2", "20", "10.0", "1,500", "400", "150", "0.0300", "1.5000", "1"] in rows
    assert ["marcus", "1", "40", "40.0", "600", "0", "70", "0.0300", "0.7500", "·"] in rows


def test_the_table_fits_into_a_file_whatever_the_names(cost):
    for by in ("day", "bot", "user", "model", "purpose", "run"):
        _, out = cost("--by", by)
        assert max(map(len, out.splitlines())) <= 120
        assert "…" not in out


def test_what_is_used_of_the_days_budgets_is_told(cost):
    _, out = cost(LLM_BUDGET_TOKENS_PER_DAY="10000", LLM_BUDGET_COST_PER_DAY="0.5")
    assert "LLM_BUDGET_TOKENS_PER_DAY (10,000 tokens a UTC day): 2,200 tokens used or reserved today (22%)" in out
    assert "LLM_BUDGET_COST_PER_DAY ($0.5000 a UTC day): $0.0600 used or reserved today (12%)" in out


def test_days_without_a_call_say_so(cost, cli):
    _, out = cost("--to", TODAY - timedelta(days=100))
    assert "The language model was not called in these days." in out
    assert "The language model was not called yet." in cli("cost").out


def test_a_range_that_runs_backwards_is_refused(cli):
    assert "--from" in cli("cost", "--from", TODAY, "--to", YESTERDAY).error
    assert "is no date" in cli("cost", "--from", "soon").error
    assert "'week' is not one of" in cli("cost", "--by", "week").error
