"""What a call costs, and the most that it may take."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from whisper_enrich.llm.budgets import budgets_of, longest_call, tokens_in_at_most
from whisper_enrich.llm.prices import cost_of, most_it_costs
from whisper_enrich.llm.request import MODES, request_body
from whisper_enrich.llm.types import Prompt, Purpose, Usage
from whisper_enrich.settings import Price, load_settings

TABLE = {"acme/small": Price.model_validate({"in": 0.15, "out": 0.6, "cached": 0.075})}
COUNTS = st.integers(0, 2_000_000)


def asked(material="", instructions="List the facts.", schema=None):
    return Prompt(Purpose.FACTS, "v", "acme/small", 0.0, instructions, material, "facts", schema or {}, 400)


def test_the_providers_figure_wins_over_the_table():
    assert cost_of(Usage(1000, 100, cost=Decimal("0.5")), TABLE, "acme/small") == Decimal("0.5")
    assert cost_of(Usage(1000, 100, cost=Decimal(0)), TABLE, "acme/small") == 0


def test_the_table_counts_cached_tokens_at_their_own_price():
    assert cost_of(Usage(1_000_000, 0), TABLE, "acme/small") == Decimal("0.15")
    assert cost_of(Usage(1_000_000, 0, 1_000_000), TABLE, "acme/small") == Decimal("0.075")
    assert cost_of(Usage(600_000, 500_000, 200_000), TABLE, "acme/small") == Decimal("0.06") + Decimal(
        "0.015"
    ) + Decimal("0.3")


def test_without_a_price_for_cached_tokens_they_cost_what_the_others_do():
    table = {"m": Price.model_validate({"in": 2, "out": 0})}
    assert cost_of(Usage(1_000_000, 0, 400_000), table, "m") == 2


def test_a_model_may_be_in_the_table_under_the_providers_name():
    assert cost_of(Usage(0, 1_000_000), TABLE, "small", "acme/small") == Decimal("0.6")


def test_an_unknown_price_is_unknown_and_not_zero():
    assert cost_of(Usage(1000, 100), TABLE, "other") is None
    assert most_it_costs(1000, 100, TABLE, "other") is None
    assert cost_of(Usage(1000, 100), {}, "other") is None


def test_a_free_model_costs_nothing_which_is_not_the_same_as_unknown():
    free = {"m": Price.model_validate({"in": 0, "out": 0})}
    assert cost_of(Usage(1000, 100), free, "m") == 0


@hypothesis_settings(max_examples=100, derandomize=True, deadline=None)
@given(COUNTS, COUNTS, st.floats(0, 1), st.floats(0, 100), st.floats(0, 100), st.none() | st.floats(0, 200))
def test_no_call_costs_more_than_the_bound_for_its_tokens(tokens_in, tokens_out, share, price_in, price_out, cached):
    table = {"m": Price.model_validate({"in": price_in, "out": price_out, "cached": cached})}
    usage = Usage(tokens_in, tokens_out, int(tokens_in * share))
    assert cost_of(usage, table, "m") <= most_it_costs(tokens_in, tokens_out, table, "m")


@hypothesis_settings(max_examples=60, derandomize=True, deadline=None)
@given(
    st.text(max_size=300), st.text(max_size=300), st.none() | st.tuples(st.text(max_size=200), st.text(max_size=200))
)
def test_the_bound_on_tokens_covers_every_byte_of_the_messages_that_are_sent(instructions, material, correction):
    schema = {"type": "object", "properties": {"facts": {"type": "array", "items": {"type": "string"}}}}
    prompt = asked(material, instructions, schema)
    for mode in MODES:
        sent = request_body(prompt, mode, correction)["messages"]
        size = sum(len(message["content"].encode("utf-8", "replace")) for message in sent)
        assert size < tokens_in_at_most(prompt, correction)


def test_the_longest_call_has_every_retry_in_it():
    settings = load_settings(llm_timeout_seconds=10, llm_max_retries=2, llm_max_retry_wait_seconds=5)
    assert longest_call(settings) == timedelta(seconds=3 * 2 * 10 + 2 * 5 + 60)


def test_only_budgets_that_are_set_are_held():
    assert budgets_of(load_settings()) == []
    held = budgets_of(load_settings(llm_budget_cost_per_user=1.5, llm_budget_tokens_per_run=0))
    assert [str(budget) for budget in held] == [
        "LLM_BUDGET_TOKENS_PER_RUN (0 tokens a run)", "LLM_BUDGET_COST_PER_USER ($1.5000 a user and UTC day)",
    ]  # fmt: skip


@pytest.mark.parametrize("setting", [name for name in load_settings().model_dump() if name.startswith("llm_budget_")])
def test_every_budget_of_the_settings_is_one_of_those_that_are_held(setting):
    (budget,) = budgets_of(load_settings(**{setting: 7}))
    assert budget.setting == setting.upper()
