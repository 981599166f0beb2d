"""The ledger of calls: what is reserved, what is settled, and that no budget is ever exceeded."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import text

from whisper_enrich.errors import BudgetReserved, BudgetSpent, ConfigurationError
from whisper_enrich.llm.budgets import Holder, Spending, longest_call
from whisper_enrich.llm.types import Usage
from whisper_enrich.storage import model_calls
from whisper_enrich.storage.model_calls import Outcome
from whisper_enrich_tests.builders import at, column, scalar
from whisper_enrich_tests.storage.model_builders import (
    MODEL,
    PRICES,
    errand,
    prompt,
    reserve,
    settle,
    sums_by_call,
    sums_held,
    with_settings,
)

NOW = at("2026-03-20 12:00")
MIDNIGHT = at("2026-03-21 00:00")


def spent(ctx, holder=Holder.DAY, name="", now=NOW):
    with ctx.database.connect() as connection:
        return model_calls.spending(connection, holder, name, now)


def test_a_call_is_entered_at_the_most_that_it_may_take_and_then_at_what_it_took(ctx):
    priced = with_settings(ctx.settings, llm_prices=PRICES)
    call_id = reserve(ctx, priced, NOW, tokens_in=900, out=100)
    assert spent(ctx) == Spending(1000, 1000, Decimal("0.0011"), Decimal("0.0011"))
    user = settle(
        ctx,
        call_id,
        NOW,
        Usage(300, 40, 120),
        cost=Decimal("0.00038"),
        model_answered="acme/small-2",
        latency_seconds=1.5,
    )
    assert user == "ana"
    assert spent(ctx) == Spending(340, 0, Decimal("0.00038"), Decimal(0))
    with ctx.database.connect() as connection:
        row = connection.execute(text("SELECT * FROM model_calls")).one()
    assert (row.outcome, row.tokens_in, row.tokens_cached, row.tokens_out) == ("answered", 300, 120, 40)
    assert (row.model_asked, row.model_answered, row.latency_seconds) == (MODEL, "acme/small-2", 1.5)
    assert (row.called_at, row.messages, row.purpose, row.prompt_version) == (NOW, 3, "facts", "p1")


@pytest.mark.parametrize("holder", list(Holder))
def test_a_call_that_could_exceed_a_budget_is_not_made_and_the_error_says_which_and_until_when(ctx, holder):
    limited = with_settings(ctx.settings, **{f"llm_budget_tokens_per_{holder}": 1000})
    settle(ctx, reserve(ctx, limited, NOW), NOW, Usage(700, 150))
    with pytest.raises(BudgetSpent) as caught:
        reserve(ctx, limited, NOW)
    message = str(caught.value)
    assert f"LLM_BUDGET_TOKENS_PER_{holder.upper()} (1,000 tokens" in message
    assert "850 tokens used" in message
    assert "up to 200 tokens" in message
    assert "ana" not in message
    assert caught.value.holder == holder
    assert caught.value.frees_at == (None if holder is Holder.RUN else MIDNIGHT)
    assert ("2026-03-21 00:00 UTC" in message) == (holder is not Holder.RUN)
    assert scalar(ctx, "SELECT count(*) FROM model_calls") == 1
    assert spent(ctx) == Spending(850)


@pytest.mark.parametrize(
    ("holder", "other"),
    [(Holder.BOT, {"bot": "marcus"}), (Holder.USER, {"user": "ben"}), (Holder.RUN, {"run": "run-2"})],
)
def test_the_budget_of_one_does_not_stop_another(ctx, holder, other):
    limited = with_settings(ctx.settings, **{f"llm_budget_tokens_per_{holder}": 300})
    reserve(ctx, limited, NOW)
    with pytest.raises(BudgetSpent):
        reserve(ctx, limited, NOW)
    assert reserve(ctx, limited, NOW, **other)


def test_a_budget_of_a_day_is_fresh_at_midnight_utc_and_that_of_a_run_is_not(ctx):
    daily = with_settings(ctx.settings, llm_budget_tokens_per_day=300)
    run = with_settings(ctx.settings, llm_budget_tokens_per_run=300)
    reserve(ctx, daily, MIDNIGHT - timedelta(seconds=1))
    with pytest.raises(BudgetSpent):
        reserve(ctx, daily, MIDNIGHT - timedelta(seconds=1))
    with pytest.raises(BudgetSpent):
        reserve(ctx, run, MIDNIGHT)
    assert reserve(ctx, daily, MIDNIGHT)


def test_a_call_that_ends_after_midnight_is_settled_on_the_day_on_which_it_was_made(ctx):
    before = MIDNIGHT - timedelta(seconds=5)
    settle(ctx, reserve(ctx, ctx.settings, before), MIDNIGHT + timedelta(seconds=5), Usage(10, 5))
    assert spent(ctx, now=before) == Spending(15)
    assert spent(ctx, now=MIDNIGHT) == Spending()


def test_a_call_takes_the_last_token_of_a_budget_and_none_beyond(ctx):
    limited = with_settings(ctx.settings, llm_budget_tokens_per_day=200)
    assert reserve(ctx, limited, NOW, tokens_in=100, out=100)
    with pytest.raises(BudgetSpent):
        reserve(ctx, limited, NOW, tokens_in=1, out=0)


def test_a_budget_that_lacks_only_what_calls_under_way_may_give_back_says_so(ctx):
    limited = with_settings(ctx.settings, llm_budget_tokens_per_day=300)
    call_id = reserve(ctx, limited, NOW)
    with pytest.raises(BudgetReserved) as caught:
        reserve(ctx, limited, NOW)
    assert "200 tokens reserved by calls under way" in str(caught.value)
    assert caught.value.frees_at == NOW + timedelta(seconds=120)
    settle(ctx, call_id, NOW, Usage(20, 10))
    assert reserve(ctx, limited, NOW)


def test_a_call_that_is_larger_than_the_whole_budget_says_what_to_change(ctx):
    limited = with_settings(ctx.settings, llm_budget_tokens_per_user=150)
    with pytest.raises(BudgetSpent, match="No such call ever fits") as caught:
        reserve(ctx, limited, NOW)
    assert not isinstance(caught.value, BudgetReserved)


def test_a_budget_of_nothing_allows_nothing(ctx):
    with pytest.raises(BudgetSpent):
        reserve(ctx, with_settings(ctx.settings, llm_budget_tokens_per_day=0), NOW)


def test_budgets_in_money_are_held_like_those_in_tokens(ctx):
    limited = with_settings(ctx.settings, llm_prices=PRICES, llm_budget_cost_per_bot=0.0005)
    settle(ctx, reserve(ctx, limited, NOW), NOW, Usage(100, 60), cost=Decimal("0.00022"))
    with pytest.raises(BudgetSpent, match=r"LLM_BUDGET_COST_PER_BOT \(\$0.0005 a bot and UTC day\): \$0.0002 used"):
        reserve(ctx, limited, NOW)


def test_a_budget_in_money_needs_a_price_and_one_in_tokens_does_not(ctx):
    with pytest.raises(ConfigurationError, match=f"LLM_PRICES has no price for {MODEL}"):
        reserve(ctx, with_settings(ctx.settings, llm_budget_cost_per_day=5), NOW)
    assert scalar(ctx, "SELECT count(*) FROM model_spending") == 0
    reserve(ctx, with_settings(ctx.settings, llm_budget_tokens_per_day=500), NOW)
    assert column(ctx, "SELECT cost FROM model_calls") == [None]


def test_what_was_spent_before_a_budget_was_set_counts(ctx):
    settle(ctx, reserve(ctx, ctx.settings, NOW), NOW, Usage(900, 50))
    with pytest.raises(BudgetSpent, match="950 tokens used"):
        reserve(ctx, with_settings(ctx.settings, llm_budget_tokens_per_day=1000), NOW)


def test_a_refused_reservation_leaves_the_callers_transaction_as_it_was(ctx):
    limited = with_settings(ctx.settings, llm_budget_tokens_per_day=300)
    with ctx.database.begin() as connection:
        model_calls.reserve(connection, errand(), prompt(), 100, limited, NOW)
        with pytest.raises(BudgetSpent):
            model_calls.reserve(connection, errand(), prompt(), 100, limited, NOW)
    assert spent(ctx).tokens == 200


def test_a_call_of_which_nobody_knows_what_it_took_stays_at_its_reservation(ctx):
    settle(ctx, reserve(ctx, ctx.settings, NOW), NOW, None, Outcome.REFUSED)
    assert spent(ctx) == Spending(200)
    assert column(ctx, "SELECT outcome FROM model_calls") == ["refused"]


def test_a_call_that_was_not_served_gives_its_reservation_back(ctx):
    settle(ctx, reserve(ctx, ctx.settings, NOW), NOW, Usage(0, 0), Outcome.UNAVAILABLE)
    assert spent(ctx) == Spending()


def test_a_call_is_settled_once(ctx):
    call_id = reserve(ctx, ctx.settings, NOW)
    settle(ctx, call_id, NOW, Usage(10, 5))
    with pytest.raises(ValueError, match="settled already"):
        settle(ctx, call_id, NOW, Usage(10, 5))
    assert spent(ctx) == Spending(15)


def test_an_answer_found_invalid_afterwards_keeps_what_it_took(ctx):
    call_id = reserve(ctx, ctx.settings, NOW)
    settle(ctx, call_id, NOW, Usage(10, 5))
    with ctx.database.begin() as connection:
        model_calls.condemn(connection, call_id)
    assert column(ctx, "SELECT outcome FROM model_calls") == ["invalid"]
    assert spent(ctx) == Spending(15)


def lose(ctx, now):
    with ctx.database.begin() as connection:
        return model_calls.mark_lost(connection, ctx.settings, now)


def test_a_killed_process_leaves_its_reservation_counted_in_full(ctx):
    killed = reserve(ctx, ctx.settings, NOW)
    late = NOW + longest_call(ctx.settings)
    assert lose(ctx, late) == 0
    assert lose(ctx, late + timedelta(seconds=1)) == 1
    assert column(ctx, "SELECT outcome FROM model_calls WHERE id = :id", id=killed) == ["lost"]
    assert spent(ctx) == Spending(tokens=200, tokens_open=0)
    limited = with_settings(ctx.settings, llm_budget_tokens_per_day=300)
    with pytest.raises(BudgetSpent) as caught:
        reserve(ctx, limited, late)
    assert not isinstance(caught.value, BudgetReserved)


def test_a_call_that_was_taken_for_lost_is_settled_when_it_ends_after_all(ctx):
    call_id = reserve(ctx, ctx.settings, NOW)
    lose(ctx, NOW + timedelta(days=1))
    settle(ctx, call_id, NOW + timedelta(days=1), Usage(20, 10))
    assert spent(ctx) == Spending(30)
    assert sums_held(ctx) == sums_by_call(ctx)
    assert set(sums_held(ctx).values()) == {(30, 0, 0, 0)}


def test_calls_of_two_days_and_several_bots_are_lost_at_once(ctx):
    for hours, bot in ((0, "elena"), (0, "marcus"), (13, "elena")):
        reserve(ctx, ctx.settings, NOW + timedelta(hours=hours), bot=bot)
    assert lose(ctx, NOW + timedelta(days=2)) == 3
    assert sums_held(ctx) == sums_by_call(ctx)


def test_sums_that_nobody_adds_to_any_more_are_dropped_and_the_calls_stay(ctx):
    settle(ctx, reserve(ctx, ctx.settings, NOW), NOW, Usage(10, 5))
    reserve(ctx, ctx.settings, NOW, bot="marcus", user="ben", run="run-2")
    with ctx.database.begin() as connection:
        assert model_calls.prune_spending(connection, NOW) == 0
        assert model_calls.prune_spending(connection, NOW + timedelta(days=1)) == 3
    assert {holder for holder, _, name in sums_held(ctx)} == {"day", "bot", "user", "run"}
    assert scalar(ctx, "SELECT count(*) FROM model_calls") == 2


def test_no_budget_is_ever_exceeded_however_many_ask_at_once(ctx):
    limits = {"llm_budget_tokens_per_day": 9_000, "llm_budget_tokens_per_bot": 5_000, "llm_budget_tokens_per_user": 2_500,
              "llm_budget_cost_per_run": 0.006}  # fmt: skip
    limited = with_settings(ctx.settings, llm_prices=PRICES, **limits)
    exceeded = []

    def work(seed):
        draw = Random(seed)
        made = 0
        for _ in range(25):
            whose = {
                "bot": draw.choice(["elena", "marcus"]),
                "user": draw.choice("abcd"),
                "run": draw.choice(["r1", "r2"]),
            }
            tokens_in, out = draw.randint(50, 300), draw.randint(10, 200)
            now = NOW + timedelta(hours=draw.choice([0, 0, 13]))
            try:
                call_id = reserve(ctx, limited, now, tokens_in=tokens_in, out=out, **whose)
            except BudgetSpent:
                continue
            if draw.random() < 0.1:
                lose(ctx, NOW + timedelta(days=2))
            made += 1
            time.sleep(draw.random() / 500)
            if draw.random() < 0.9:
                took = Usage(draw.randint(0, tokens_in), draw.randint(0, out))
                cost = Decimal(took.tokens_in + 2 * took.tokens_out) / 1_000_000
                settle(ctx, call_id, NOW, took, cost=cost)
        return made

    def watch(stop):
        while not stop.is_set():
            for (holder, _, name), (tokens, _, cost, _) in sums_held(ctx).items():
                limit = limits.get(f"llm_budget_tokens_per_{holder}")
                if (limit is not None and tokens > limit) or (holder == "run" and cost > Decimal("0.006")):
                    exceeded.append((holder, name, tokens, cost))

    stop = threading.Event()
    watcher = threading.Thread(target=watch, args=(stop,))
    watcher.start()
    with ThreadPoolExecutor(8) as pool:
        made = sum(pool.map(work, range(8)))
    stop.set()
    watcher.join()
    assert exceeded == []
    assert 0 < made < 200
    assert sums_held(ctx) == sums_by_call(ctx)
    assert all(0 < sums[0] <= 9_000 for key, sums in sums_by_call(ctx).items() if key[0] == "day")


PROCESS = """
import sys
from datetime import datetime
from whisper_enrich.errors import BudgetSpent
from whisper_enrich.settings import load_settings
from whisper_enrich.storage import model_calls
from whisper_enrich.storage.database import Database
from whisper_enrich_tests.storage.model_builders import errand, prompt

settings = load_settings(
    whisper_enrich_home=sys.argv[1], postgres_schema=sys.argv[2], llm_budget_tokens_per_day=6_100
)
database = Database(settings)
made = 0
try:
    while True:
        with database.begin() as connection:
            now = datetime.fromisoformat("2026-03-20T12:00:00+00:00")
            model_calls.reserve(connection, errand(run=sys.argv[3]), prompt(), 100, settings, now)
        made += 1
except BudgetSpent:
    print(made)
database.close()
"""


def test_several_processes_share_a_budget_to_the_last_call_and_no_further(ctx):
    where = [str(ctx.settings.whisper_enrich_home), ctx.settings.postgres_schema]
    running = [
        subprocess.Popen([sys.executable, "-c", PROCESS, *where, f"run-{i}"], stdout=subprocess.PIPE, text=True)
        for i in range(3)
    ]
    made = [int(process.communicate(timeout=60)[0]) for process in running]
    assert sum(made) == 30
    assert spent(ctx).tokens == 6_000


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("reserve"), st.sampled_from(["elena", "marcus"]), st.sampled_from(["ana", "ben"]),
            st.sampled_from(["r1", "r2"]), st.integers(0, 400), st.integers(0, 200), st.integers(0, 30),
        ),
        st.tuples(st.just("settle"), st.integers(0, 20), st.floats(0, 1), st.booleans()),
        st.tuples(st.just("lose"), st.integers(0, 60)),
        st.tuples(st.just("erase"), st.sampled_from(["ana", "ben"]), st.sampled_from([None, "elena"])),
    ),
    min_size=1, max_size=25,
)  # fmt: skip


def settle_one(ctx, settings, calls, step):
    _, which, share, known = step
    if calls:
        call_id, tokens_in, out = calls.pop(which % len(calls))
        usage = Usage(int(tokens_in * share), int(out * share))
        cost = Decimal(usage.tokens_in + 2 * usage.tokens_out) / 1_000_000
        settle(ctx, call_id, NOW, usage if known else None, cost=cost)


@hypothesis_settings(
    max_examples=25, derandomize=True, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=STEPS)
def test_the_running_sums_are_those_of_the_calls_and_within_budget_whatever_happens(ctx, steps):
    with ctx.database.begin() as connection:
        connection.execute(text("TRUNCATE model_calls, model_spending"))
    limited = with_settings(
        ctx.settings, llm_prices=PRICES, llm_budget_tokens_per_day=1500, llm_budget_tokens_per_bot=900,
        llm_budget_cost_per_run=0.001,
    )  # fmt: skip
    calls = []
    for step in steps:
        if step[0] == "reserve":
            _, bot, user, run, tokens_in, out, hours = step
            now = NOW + timedelta(hours=hours)
            try:
                call_id = reserve(ctx, limited, now, tokens_in=tokens_in, out=out, bot=bot, user=user, run=run)
                calls.append((call_id, tokens_in, out))
            except BudgetSpent:
                pass
        elif step[0] == "settle":
            settle_one(ctx, limited, calls, step)
        elif step[0] == "lose":
            lose(ctx, NOW + timedelta(hours=step[1]))
        else:
            with ctx.database.begin() as connection:
                model_calls.forget_user(connection, step[1], f"erased-{len(calls)}-{step[1]}-{id(step)}", step[2])
        held = {key: sums for key, sums in sums_held(ctx).items() if key[0] != "user"}
        assert held == {key: sums for key, sums in sums_by_call(ctx).items() if key[0] != "user"}
        for (holder, _, _), (tokens, tokens_open, cost, _) in held.items():
            assert tokens <= {"day": 1500, "bot": 900}.get(holder, tokens)
            assert cost <= (Decimal("0.001") if holder == "run" else cost)
            assert tokens_open >= 0


def test_days_of_budgets_are_those_of_utc_whatever_the_time_zone_of_the_clock(ctx):
    from zoneinfo import ZoneInfo

    evening = datetime(2026, 3, 20, 20, 0, tzinfo=ZoneInfo("America/Los_Angeles"))
    reserve(ctx, ctx.settings, evening)
    assert spent(ctx, now=datetime(2026, 3, 21, 5, 0, tzinfo=UTC)).tokens == 200
