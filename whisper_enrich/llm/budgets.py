"""Budgets for calls: what the settings allow, how much a call may take at most, and what is said when it is not made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import StrEnum

from whisper_enrich.errors import BudgetReserved, BudgetSpent
from whisper_enrich.llm.types import Prompt
from whisper_enrich.settings import Settings

TOKENS_OF_A_TEMPLATE = 256
"""Tokens that chat templates, special tokens and a client's own words add to a request, at most."""
TOKENS_OF_A_MESSAGE = 64
"""Likewise for a message more in the same request."""
_SLACK_SECONDS = 60.0


class Holder(StrEnum):
    """Whose budget it is: everybody's of a UTC day, a bot's or a user's of a UTC day, a run's."""

    DAY = "day"
    BOT = "bot"
    USER = "user"
    RUN = "run"


class Unit(StrEnum):
    """What a budget counts."""

    TOKENS = "tokens"
    COST = "cost"


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit that a setting names."""

    holder: Holder
    unit: Unit
    limit: Decimal

    @property
    def setting(self) -> str:
        """The variable."""
        return f"LLM_BUDGET_{self.unit.upper()}_PER_{self.holder.upper()}"

    def __str__(self) -> str:
        period = "a run" if self.holder is Holder.RUN else "a UTC day"
        whose = f"a {self.holder} and UTC day" if self.holder in (Holder.BOT, Holder.USER) else period
        return f"{self.setting} ({amount(self.unit, self.limit)} {whose})"


@dataclass(frozen=True, slots=True)
class Spending:
    """What a holder has spent, and the part of it that calls under way have reserved and may give back."""

    tokens: int = 0
    tokens_open: int = 0
    cost: Decimal = Decimal(0)
    cost_open: Decimal = Decimal(0)

    def of(self, unit: Unit) -> tuple[Decimal, Decimal]:
        """All and open, in ``unit``."""
        return (
            (Decimal(self.tokens), Decimal(self.tokens_open))
            if unit is Unit.TOKENS
            else (self.cost, self.cost_open)
        )  # fmt: skip


def budgets_of(settings: Settings) -> list[Budget]:
    """The budgets that are set, in the order in which they are looked at."""
    found = []
    for unit in Unit:
        for holder in Holder:
            limit = getattr(settings, f"llm_budget_{unit}_per_{holder}")
            if limit is not None:
                found.append(Budget(holder, unit, Decimal(str(limit))))
    return found


def tokens_in_at_most(prompt: Prompt, correction: tuple[str, str] | None = None) -> int:
    """An upper bound on the input tokens of a call, from bytes alone.

    UTF-8 bytes of the instructions, the material, the schema as JSON and, for a re-ask, the answer and the complaint;
    plus `TOKENS_OF_A_TEMPLATE` (and `TOKENS_OF_A_MESSAGE` for either message more). No tokeniser in use makes more tokens
    than bytes: byte-level BPE gives every token at least one byte, SentencePiece falls back to single bytes. For English
    it is some four times too much, which is given back when the call is settled.
    """
    texts = [prompt.instructions, prompt.material, prompt.schema_name, json.dumps(prompt.schema, ensure_ascii=False)]
    return _bytes(texts) + TOKENS_OF_A_TEMPLATE + _bytes(correction or ()) + TOKENS_OF_A_MESSAGE * len(correction or ())


def _bytes(texts: list[str] | tuple[str, ...]) -> int:
    return sum(len(text.encode("utf-8", "replace")) for text in texts)


def longest_call(settings: Settings) -> timedelta:
    """How long a call can be under way: (retries + 1) * 2 * time-out + retries * longest pause + a minute.

    An attempt lasts twice its time-out at most: see `client.ChatClient`.
    """
    attempts = 2 * (settings.llm_max_retries + 1) * settings.llm_timeout_seconds
    pauses = settings.llm_max_retries * settings.llm_max_retry_wait_seconds
    return timedelta(seconds=attempts + pauses + _SLACK_SECONDS)


def hold(
    budgets: list[Budget],
    spent: Mapping[Holder, Spending],
    tokens: int,
    cost: Decimal,
    settings: Settings,
    now: datetime,
) -> None:
    """Raise `BudgetSpent` where a call of at most ``tokens`` and ``cost`` could exceed a budget.

    ``spent`` is without that call. It is `BudgetReserved` where the call would fit if those under way took nothing; it
    may be tried again after a time-out.
    """
    waiting: BudgetReserved | None = None
    for budget in budgets:
        used, held = spent[budget.holder].of(budget.unit)
        needed = Decimal(tokens) if budget.unit is Unit.TOKENS else cost
        if used - held + needed > budget.limit:
            raise _spent(budget, used, needed, settings, now)
        if used + needed > budget.limit and waiting is None:
            waiting = _reserved(budget, used, held, needed, settings, now)
    if waiting is not None:
        raise waiting


def _spent(budget: Budget, used: Decimal, needed: Decimal, settings: Settings, now: datetime) -> BudgetSpent:
    frees_at = _frees_at(budget, now)
    when = f"There is more of it at {frees_at:%Y-%m-%d %H:%M} UTC" if frees_at else "The next run has one of its own"
    remedy = f"{when}; or raise {budget.setting}."
    if needed > budget.limit:
        remedy = f"No such call ever fits: raise {budget.setting}, or lower LLM_CHUNK_TOKENS or LLM_MAX_OUTPUT_TOKENS."
    return BudgetSpent(
        f"The next call could exceed the budget {budget}: {amount(budget.unit, used)} used, and the call may take up to "
        f"{amount(budget.unit, needed)}. It was not made, and its messages wait. {remedy}",
        holder=budget.holder.value, frees_at=frees_at,
    )  # fmt: skip


def _reserved(
    budget: Budget, used: Decimal, held: Decimal, needed: Decimal, settings: Settings, now: datetime
) -> BudgetReserved:
    return BudgetReserved(
        f"The next call could exceed the budget {budget}: {amount(budget.unit, used - held)} used, "
        f"{amount(budget.unit, held)} reserved by calls under way, and the call may take up to "
        f"{amount(budget.unit, needed)}. It was not made, and its messages wait. There may be room when those calls have "
        f"ended; or raise {budget.setting}.",
        holder=budget.holder.value, frees_at=now + timedelta(seconds=settings.llm_timeout_seconds),
    )  # fmt: skip


def _frees_at(budget: Budget, now: datetime) -> datetime | None:
    if budget.holder is Holder.RUN:
        return None
    return datetime.combine(now.astimezone(UTC).date() + timedelta(days=1), time(), UTC)


def amount(unit: Unit, value: Decimal) -> str:
    """Tokens or dollars for a person."""
    if unit is Unit.TOKENS:
        return f"{int(value):,} tokens"
    return f"${value:,.4f}"
