"""The ledger of calls, and the budgets that hold across threads, processes and machines.

A call reserves the most that it may take before it is made, and is settled at what it took. Every reservation adds to the
running sums of its day, bot, user and run (`model_spending`) and compares them with the limits in one transaction: the
row of the day is locked by the first such statement until commit, so that reservations of a day pass one after the other,
each seeing all before it. Rows are locked in one order everywhere (call, then day, bot, user, run), so that nobody
waits in a circle. While no call takes more than its upper bound, no budget is ever exceeded.

A process that is killed in a call leaves its reservation behind. It counts in full from the start and for ever, as
nobody knows what the provider will bill; `mark_lost` only names it. A figure that comes late after all replaces it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_UP, Decimal
from enum import StrEnum

from sqlalchemy import Connection, Row, text

from whisper_enrich.errors import ConfigurationError
from whisper_enrich.llm.budgets import Budget, Holder, Spending, Unit, budgets_of, hold, longest_call
from whisper_enrich.llm.prices import most_it_costs
from whisper_enrich.llm.types import Errand, Prompt, Usage
from whisper_enrich.settings import Settings
from whisper_enrich.storage import erasures, totals

_CENT = Decimal("0.00000001")
"""The smallest amount that the tables hold."""


class Outcome(StrEnum):
    """What came of a call. ``reserved``: under way; ``answered``: an answer that passed the checks, or is yet to be checked;
    ``invalid``: one that did not; ``unavailable``: the provider is down or refuses; ``lost``: nobody knows."""

    RESERVED = "reserved"
    ANSWERED = "answered"
    INVALID = "invalid"
    REFUSED = "refused"
    TOO_LONG = "too_long"
    UNAVAILABLE = "unavailable"
    LOST = "lost"


_ADD = """
    INSERT INTO model_spending AS s (holder, period, name, tokens, tokens_open, cost, cost_open, changed_at)
    SELECT holder, period, name, :tokens, :tokens_open, CAST(:cost AS numeric), CAST(:cost_open AS numeric), :now
    FROM (VALUES ('day', :day, ''), ('bot', :day, CAST(:bot AS text)), ('user', :day, :user), ('run', '', :run))
         v (holder, period, name)
    ON CONFLICT (holder, period, name) DO UPDATE SET
        tokens = s.tokens + excluded.tokens, tokens_open = s.tokens_open + excluded.tokens_open,
        cost = s.cost + excluded.cost, cost_open = s.cost_open + excluded.cost_open, changed_at = excluded.changed_at
"""

_RESERVE = f"""
WITH spent AS ({_ADD} RETURNING holder, tokens, tokens_open, cost, cost_open), call AS (
    INSERT INTO model_calls (called_at, run_id, bot_name, user_id, day, purpose, prompt_version, request_key, messages,
                             model_asked, tokens_in, tokens_out, cost, outcome)
    VALUES (:now, :run, :bot, :user, :first_day, :purpose, :version, :key, :messages, :model, :tokens_in, :tokens_out,
            CAST(:call_cost AS numeric), 'reserved')
    RETURNING id
)
SELECT call.id, spent.* FROM call, spent
"""


def reserve(
    connection: Connection, errand: Errand, prompt: Prompt, tokens_in_estimate: int, settings: Settings, now: datetime
) -> int:
    """Enter a call that is about to be made, at the most that it may take; returns its id. Commit before calling.

    The most is ``tokens_in_estimate`` (`budgets.tokens_in_at_most`) and the prompt's ``max_output_tokens``, and by the price
    table what they cost. Raises `Withdrawn`, `BudgetSpent` (the transaction is then as it was before), and
    `ConfigurationError` where a budget in money is set and the table has no price for the model.
    """
    budgets = budgets_of(settings)
    cost = most_it_costs(tokens_in_estimate, prompt.max_output_tokens, settings.llm_prices, prompt.model)
    if cost is None:
        _need_no_price(budgets, prompt.model)
    else:
        cost = cost.quantize(_CENT, ROUND_UP)
    tokens, dollars = tokens_in_estimate + prompt.max_output_tokens, cost or Decimal(0)
    erasures.refuse_withdrawn(connection, errand)
    with connection.begin_nested():
        rows = connection.execute(
            text(_RESERVE),
            {
                **_held_by(errand.bot_name, errand.user_id, errand.run_id, now),
                "tokens": tokens, "tokens_open": tokens, "cost": dollars, "cost_open": dollars, "now": now,
                "first_day": errand.day, "purpose": prompt.purpose.value, "version": prompt.version, "key": prompt.key,
                "messages": len(errand.points), "model": prompt.model, "tokens_in": tokens_in_estimate,
                "tokens_out": prompt.max_output_tokens, "call_cost": cost,
            },
        ).all()  # fmt: skip
        before = {
            Holder(r.holder): Spending(
                r.tokens - tokens, r.tokens_open - tokens, r.cost - dollars, r.cost_open - dollars
            )
            for r in rows
        }
        hold(budgets, before, tokens, dollars, settings, now)
    return int(rows[0].id)


def _need_no_price(budgets: Sequence[Budget], model: str) -> None:
    for budget in budgets:
        if budget.unit is Unit.COST:
            raise ConfigurationError(
                f"{budget.setting} cannot be held: LLM_PRICES has no price for {model}, and what a call costs must be known "
                f'before it is made. Set LLM_PRICES=\'{{"{model}": {{"in": ..., "out": ...}}}}\' (US dollars a million '
                "tokens), or a budget in tokens instead."
            )


def _held_by(bot_name: str, user_id: str, run_id: str, called_at: datetime) -> dict[str, str]:
    day = called_at.astimezone(UTC).date().isoformat()
    return {"day": day, "bot": bot_name, "user": user_id, "run": run_id}


def settle(
    connection: Connection,
    call_id: int,
    outcome: Outcome,
    now: datetime,
    *,
    usage: Usage | None,
    cost: Decimal | None = None,
    model_answered: str | None = None,
    latency_seconds: float | None = None,
) -> str:
    """Put what a call took in place of its reservation; returns the user id that the row bears now.

    Without ``usage`` nobody knows what it took, and it stays at its reservation. Raises `ValueError` for a call that is
    settled already.
    """
    call = connection.execute(
        text("SELECT * FROM model_calls WHERE id = :id AND outcome IN ('reserved', 'lost') FOR UPDATE"), {"id": call_id}
    ).one_or_none()
    if call is None:
        raise ValueError(f"call {call_id} is settled already")
    tokens_in, tokens_out, cached = call.tokens_in, call.tokens_out, call.tokens_cached
    if usage is None:
        cost = call.cost
    else:
        tokens_in, tokens_out, cached = usage.tokens_in, usage.tokens_out, min(usage.tokens_cached, usage.tokens_in)
        cost = None if cost is None else cost.quantize(_CENT)
    connection.execute(
        text(
            """
            UPDATE model_calls SET outcome = :outcome, tokens_in = :tokens_in, tokens_out = :tokens_out,
                tokens_cached = :cached, cost = CAST(:cost AS numeric), model_answered = :model, latency_seconds = :latency
            WHERE id = :id
            """
        ),
        {
            "id": call_id, "outcome": outcome.value, "tokens_in": tokens_in, "tokens_out": tokens_out, "cached": cached,
            "cost": cost, "model": model_answered, "latency": latency_seconds,
        },
    )  # fmt: skip
    _release(
        connection, call, tokens_in + tokens_out - call.tokens_in - call.tokens_out, _difference(cost, call.cost), now
    )
    totals.add_call(
        connection, day=call.called_at.astimezone(UTC).date(), bot_name=call.bot_name, purpose=call.purpose,
        model=call.model_asked, outcome=outcome.value, messages=call.messages, tokens_in=tokens_in, tokens_cached=cached,
        tokens_out=tokens_out, cost=cost, seconds=latency_seconds,
    )  # fmt: skip
    return str(call.user_id)


def _difference(cost: Decimal | None, reserved: Decimal | None) -> Decimal:
    return (cost or Decimal(0)) - (reserved or Decimal(0))


def _release(connection: Connection, call: Row, tokens: int, cost: Decimal, now: datetime) -> None:
    """Change the sums of a call by these, and close its reservation where that is open."""
    is_open = call.outcome == Outcome.RESERVED
    connection.execute(
        text(_ADD),
        {
            **_held_by(call.bot_name, call.user_id, call.run_id, call.called_at),
            "tokens": tokens, "tokens_open": -(call.tokens_in + call.tokens_out) if is_open else 0,
            "cost": cost, "cost_open": -(call.cost or Decimal(0)) if is_open else Decimal(0), "now": now,
        },
    )  # fmt: skip


def still_open(connection: Connection, call_ids: Sequence[int]) -> set[int]:
    """Of these calls, those that are not settled. Until the transaction ends, nobody else settles them."""
    rows = connection.execute(
        text(
            "SELECT id FROM model_calls WHERE id = ANY(CAST(:ids AS bigint[])) AND outcome IN ('reserved', 'lost') "
            "ORDER BY id FOR UPDATE"
        ),
        {"ids": list(call_ids)},
    )
    return set(rows.scalars())


def condemn(connection: Connection, call_id: int) -> None:
    """The answer of a settled call did not pass the checks; what it took stays."""
    connection.execute(text("UPDATE model_calls SET outcome = 'invalid' WHERE id = :id"), {"id": call_id})


_MARK_LOST = """
WITH lost AS (
    UPDATE model_calls SET outcome = 'lost' WHERE id IN (
        SELECT id FROM model_calls WHERE outcome = 'reserved' AND called_at < :before AND run_id NOT IN (
            SELECT run_id FROM model_batches WHERE state IN ('preparing', 'submitted'))
        FOR UPDATE SKIP LOCKED)
    RETURNING *
), closed AS (
    INSERT INTO model_spending AS s (holder, period, name, tokens, tokens_open, cost, cost_open, changed_at)
    SELECT holder, period, name, 0, -sum(tokens_in + tokens_out), 0, -sum(coalesce(cost, 0)), CAST(:now AS timestamptz)
    FROM lost, LATERAL (SELECT ((called_at AT TIME ZONE 'UTC')::date)::text AS utc) d,
        LATERAL (VALUES (1, 'day', utc, ''), (2, 'bot', utc, bot_name), (3, 'user', utc, user_id), (4, 'run', '', run_id))
            v (rank, holder, period, name)
    GROUP BY rank, holder, period, name ORDER BY rank, holder, period, name
    ON CONFLICT (holder, period, name) DO UPDATE SET
        tokens_open = s.tokens_open + excluded.tokens_open, cost_open = s.cost_open + excluded.cost_open,
        changed_at = excluded.changed_at
)
SELECT count(*) FROM lost
"""


def mark_lost(connection: Connection, settings: Settings, now: datetime) -> int:
    """Name the reservations of calls that cannot be under way any more (`budgets.longest_call`, or as long as their
    batch is open); returns how many.

    They stay in every sum at what was reserved: never less than what the provider may bill.
    """
    return connection.execute(text(_MARK_LOST), {"before": now - longest_call(settings), "now": now}).scalar_one()


def spending(connection: Connection, holder: Holder, name: str, now: datetime) -> Spending:
    """What a holder has spent of today's budget; for a run, of its own."""
    period = "" if holder is Holder.RUN else now.astimezone(UTC).date().isoformat()
    row = connection.execute(
        text(
            "SELECT tokens, tokens_open, cost, cost_open FROM model_spending "
            "WHERE holder = :holder AND period = :period AND name = :name"
        ),
        {"holder": holder.value, "period": period, "name": "" if holder is Holder.DAY else name},
    ).one_or_none()
    return Spending(*row) if row is not None else Spending()


def forget_user(connection: Connection, user_id: str, pseudonym: str, bot_name: str | None = None) -> int:
    """Put ``pseudonym`` in place of a user's id, for all bots or for one; returns the calls changed.

    What was spent stays, for money has been paid: by day, bot, run, and by the pseudonym. The hash of what was asked
    goes, as it was made of the user's words. With ``bot_name`` the user's sums keep the id while other bots' calls bear it.
    Whoever comes back under the id has a fresh budget of their own; those of day, bot and run go on.
    """
    calls = connection.execute(
        text(
            "UPDATE model_calls SET user_id = :pseudonym, request_key = '' "
            "WHERE user_id = :user AND (CAST(:bot AS text) IS NULL OR bot_name = :bot)"
        ),
        {"user": user_id, "pseudonym": pseudonym, "bot": bot_name},
    ).rowcount
    connection.execute(
        text(
            """
            UPDATE model_spending SET name = :pseudonym WHERE holder = 'user' AND name = :user
                AND NOT EXISTS (SELECT FROM model_calls WHERE user_id = :user)
            """
        ),
        {"user": user_id, "pseudonym": pseudonym},
    )
    return calls


def prune_spending(connection: Connection, before: datetime) -> int:
    """Drop the sums that nothing was added to since ``before``; the calls themselves stay. Returns how many."""
    return connection.execute(
        text("DELETE FROM model_spending WHERE changed_at < :before AND tokens_open = 0 AND cost_open = 0"),
        {"before": before},
    ).rowcount
