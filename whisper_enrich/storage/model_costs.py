"""Questions about the calls of the model: what was spent on what, and who waits for a budget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from sqlalchemy import Connection, text

GROUPS: Mapping[str, str] = {
    "day": "((called_at AT TIME ZONE 'UTC')::date)::text",
    "bot": "bot_name",
    "user": "user_id",
    "model": "coalesce(model_answered, model_asked)",
    "purpose": "purpose",
    "run": "run_id",
}
"""What calls can be summed by. The day is the UTC day of the call; the model is the one that the provider says it was."""


SUMMED_UP = "(summed up)"
"""The user and run of calls that are past their time: only their sums by day, bot, purpose and model are known."""

_GROUPS_OF_DAYS: Mapping[str, str] = {
    "day": "called_on::text", "bot": "bot_name", "user": f"'{SUMMED_UP}'", "model": "model", "purpose": "purpose",
    "run": f"'{SUMMED_UP}'",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Costs:
    """The settled calls of a group.

    ``messages`` are those sent as content whose answer passed the checks, once for each such call. ``failures`` are calls
    without such an answer, ``lost`` those of them that nobody knows the end of, counted at what was reserved. ``cost``
    in US dollars is of the calls whose price is known; ``unpriced`` are the others. ``under_way`` are calls not in any
    other figure.
    """

    group: str
    calls: int
    messages: int
    tokens_in: int
    tokens_cached: int
    tokens_out: int
    cost: Decimal
    failures: int
    lost: int
    unpriced: int
    under_way: int

    @property
    def messages_per_call(self) -> float | None:
        """None where there was no call."""
        return self.messages / self.calls if self.calls else None

    @property
    def cost_per_1000_messages(self) -> Decimal | None:
        """None where no message got an answer, or the price of a call is not known."""
        return 1000 * self.cost / self.messages if self.messages and not self.unpriced else None


_FIGURES = """
    count(*) FILTER (WHERE settled) AS calls,
    coalesce(sum(messages) FILTER (WHERE outcome = 'answered'), 0)::bigint AS messages,
    coalesce(sum(tokens_in) FILTER (WHERE settled), 0)::bigint AS tokens_in,
    coalesce(sum(tokens_cached) FILTER (WHERE settled), 0)::bigint AS tokens_cached,
    coalesce(sum(tokens_out) FILTER (WHERE settled), 0)::bigint AS tokens_out,
    coalesce(sum(cost) FILTER (WHERE settled), 0) AS cost,
    count(*) FILTER (WHERE settled AND outcome <> 'answered') AS failures,
    count(*) FILTER (WHERE outcome = 'lost') AS lost,
    count(*) FILTER (WHERE settled AND cost IS NULL AND tokens_in + tokens_out > 0) AS unpriced,
    count(*) FILTER (WHERE NOT settled) AS under_way
"""


_SUMMED = ("calls", "messages", "tokens_in", "tokens_cached", "tokens_out", "cost", "failures", "lost", "unpriced")


def costs(connection: Connection, by: str, first: date | None = None, last: date | None = None) -> list[Costs]:
    """Sums over the calls of these UTC days (inclusive) by one of `GROUPS`, those included that were summed up by age.

    Days and runs come in order of time, all else the dearest first.
    """
    order = "min(since), 1" if by in ("day", "run") else "cost DESC, tokens_in DESC, 1"
    sums = ", ".join(f"sum({name})::{'numeric' if name == 'cost' else 'bigint'} AS {name}" for name in _SUMMED)
    rows = connection.execute(
        text(
            f"""
            SELECT "group", {sums}, sum(under_way)::bigint AS under_way FROM (
                SELECT "group", {_FIGURES}, min(called_at) AS since FROM (
                    SELECT *, {GROUPS[by]} AS "group", outcome <> 'reserved' AS settled FROM model_calls
                    WHERE (CAST(:first AS timestamptz) IS NULL OR called_at >= :first)
                      AND (CAST(:until AS timestamptz) IS NULL OR called_at < :until)
                ) c GROUP BY 1
                UNION ALL
                SELECT {_GROUPS_OF_DAYS[by]}, {", ".join(_SUMMED)}, 0, called_on::timestamp AT TIME ZONE 'UTC'
                FROM model_call_days
                WHERE (CAST(:first AS timestamptz) IS NULL OR called_on >= (:first AT TIME ZONE 'UTC')::date)
                  AND (CAST(:until AS timestamptz) IS NULL OR called_on < (:until AT TIME ZONE 'UTC')::date)
            ) all_calls GROUP BY 1 ORDER BY {order}
            """
        ),
        {"first": _midnight(first), "until": _midnight(last + timedelta(days=1) if last else None)},
    )
    return [Costs(**row._mapping) for row in rows]


def total(rows: list[Costs]) -> Costs:
    """All groups together."""
    names = [name for name in Costs.__slots__ if name not in ("group", "cost")]
    sums = {name: sum(getattr(row, name) for row in rows) for name in names}
    return Costs(group="all", cost=sum((row.cost for row in rows), Decimal(0)), **sums)


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None


@dataclass(frozen=True, slots=True)
class WaitingForBudget:
    """Messages of a bot that wait because a budget is spent; of ``users`` so many."""

    bot_name: str
    facts: int
    summaries: int
    users: int
    oldest_day: date


BUDGET_SPENT = "budget_spent"
"""The ledger's reason for them."""


def waiting_for_budget(connection: Connection) -> list[WaitingForBudget]:
    """By bot; empty where no budget holds anything up."""
    rows = connection.execute(
        text(
            """
            SELECT bot_name, count(*) FILTER (WHERE facts) AS facts, count(*) FILTER (WHERE summaries) AS summaries,
                   count(DISTINCT user_id) AS users, min(day) AS oldest_day
            FROM (
                SELECT *, facts_state = 'waiting' AND facts_reason = :reason AS facts,
                       summary_state = 'waiting' AND summary_reason = :reason AS summaries
                FROM message_ledger
                WHERE facts_state = 'waiting' OR summary_state = 'waiting' OR mark_state = 'waiting'
            ) open WHERE facts OR summaries GROUP BY bot_name ORDER BY bot_name
            """
        ),
        {"reason": BUDGET_SPENT},
    )
    return [WaitingForBudget(**row._mapping) for row in rows]
