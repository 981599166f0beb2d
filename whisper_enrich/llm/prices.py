"""What a call costs: the provider's own figure, else the price table of the settings, else unknown."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from whisper_enrich.llm.types import Usage
from whisper_enrich.settings import Price

_MILLION = Decimal(1_000_000)


def cost_of(usage: Usage, prices: Mapping[str, Price], *models: str) -> Decimal | None:
    """US dollars for ``usage``; None where neither the provider nor the table says.

    ``models`` are the names that the model goes by, tried in order (as asked for, as the provider calls it). From the table:
    (in - cached) * price in + cached * price cached + out * price out, each over a million.
    """
    if usage.cost is not None:
        return usage.cost
    price = _price(prices, models)
    if price is None:
        return None
    cached = min(usage.tokens_cached, usage.tokens_in)
    return (
        (usage.tokens_in - cached) * _dollars(price.tokens_in)
        + cached * _dollars(price.tokens_in if price.tokens_cached is None else price.tokens_cached)
        + usage.tokens_out * _dollars(price.tokens_out)
    ) / _MILLION


def most_it_costs(tokens_in: int, tokens_out: int, prices: Mapping[str, Price], *models: str) -> Decimal | None:
    """The upper bound by the table for at most so many tokens; None where it does not know any of ``models``.

    Nothing is taken to be cached, unless the table asks more for that.
    """
    price = _price(prices, models)
    if price is None:
        return None
    dearest = max(_dollars(price.tokens_in), _dollars(price.tokens_cached or 0.0))
    return (tokens_in * dearest + tokens_out * _dollars(price.tokens_out)) / _MILLION


def _price(prices: Mapping[str, Price], models: tuple[str, ...]) -> Price | None:
    return next((prices[model] for model in models if model in prices), None)


def _dollars(price: float) -> Decimal:
    """As it was written, without the binary tail of a float."""
    return Decimal(str(price))
