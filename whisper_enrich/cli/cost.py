"""`cost`: what the calls of the model took."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import click
from rich.markup import escape

from whisper_enrich.cli.console import out, table
from whisper_enrich.cli.enrich import Day
from whisper_enrich.errors import InputError
from whisper_enrich.llm.budgets import Budget, Holder, amount, budgets_of
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.storage import model_calls, model_costs
from whisper_enrich.storage.model_costs import GROUPS, Costs


@click.command()
@click.option("--by", type=click.Choice(list(GROUPS)), default="day", show_default=True, help="What to sum by.")
@click.option("--from", "first", type=Day(), help="First UTC day of the calls: YYYY-MM-DD, today or yesterday.")
@click.option("--to", "last", type=Day(), help="Last UTC day, inclusive.")
def cost(by: str, first: date | None, last: date | None) -> None:
    """What the calls of the language model took: calls, messages, tokens, US dollars, and what is left of the budgets.

    Days are those on which the calls were made. Nothing of what was asked or answered is shown.
    """
    if first and last and first > last:
        raise InputError(f"--from {first} is after --to {last}. Swap them.")
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("cost")
        now = pipeline.clock()
        with pipeline.database.begin() as connection:
            model_calls.mark_lost(connection, pipeline.settings, now)
            rows = model_costs.costs(connection, by, first, last)
            today = model_calls.spending(connection, Holder.DAY, "", now)
        budgets = [budget for budget in budgets_of(pipeline.settings) if budget.holder is Holder.DAY]
    if rows:
        print_costs(by, rows)
    else:
        days = "in these days" if first or last else "yet"
        out.print(f"The language model was not called {days}.")
    for budget in budgets:
        _print_budget(budget, today.of(budget.unit)[0])


def print_costs(by: str, rows: list[Costs]) -> None:
    """One line a group, and their sum."""
    shown = table(
        by, "#calls", "#messages", "#per call", "#tokens in", "#cached", "#out", "#US$", "#US$/1,000",
        "#failed",
    )  # fmt: skip
    for row in rows:
        shown.add_row(escape(row.group), *_figures(row))
    everything = model_costs.total(rows)
    if len(rows) > 1:
        shown.add_section()
        shown.add_row(f"{len(rows)} {by}s", *_figures(everything), style="bold")
    out.print(shown)
    for remark in _remarks(everything):
        out.print(f"[dim]{remark}[/]")


def _figures(row: Costs) -> list[str]:
    return [
        f"{row.calls:,}", f"{row.messages:,}", _decimals(row.messages_per_call, 1), f"{row.tokens_in:,}",
        f"{row.tokens_cached:,}", f"{row.tokens_out:,}", _dollars(row), _decimals(row.cost_per_1000_messages, 4),
        f"{row.failures:,}" if row.failures else "·",
    ]  # fmt: skip


def _dollars(row: Costs) -> str:
    """A sum of some calls only is marked as such."""
    if row.unpriced and not row.cost:
        return "unknown"
    return f"{'≥ ' if row.unpriced else ''}{_decimals(row.cost, 4)}"


def _decimals(value: float | Decimal | None, places: int) -> str:
    return "-" if value is None else f"{value:,.{places}f}"


def _remarks(row: Costs) -> list[str]:
    remarks = ["US$/1,000 is for 1,000 messages; one that was sent for facts and for a summary apart counts twice"]
    if row.unpriced:
        remarks.append(f"the price of {row.unpriced:,} call(s) is not known; LLM_PRICES can tell that of coming ones")
    if row.lost:
        remarks.append(
            f"{row.lost:,} call(s) were cut off by the end of their process and count as what they might take"
        )
    if row.under_way:
        remarks.append(f"{row.under_way:,} call(s) are under way and not counted yet")
    return remarks


def _print_budget(budget: Budget, used: Decimal) -> None:
    share = f" ({used / budget.limit:.0%})" if budget.limit else ""
    out.print(f"{budget}: {amount(budget.unit, used)} used or reserved today{share}")
