"""`enrich --batch` and `batches`: work for the model handed in at its provider's batch endpoint."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import TYPE_CHECKING

import click

from whisper_enrich.cli.console import out, step, table, warn
from whisper_enrich.cli.enrich import jobs_for, take_in_and_list
from whisper_enrich.errors import ConfigurationError
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import Settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.storage import model_batches

if TYPE_CHECKING:
    from whisper_enrich.llm.batch_client import BatchClient
    from whisper_enrich.stages.batches import Submitted


@contextmanager
def _client(settings: Settings) -> Iterator[BatchClient]:
    from whisper_enrich.llm.batch_client import BatchClient

    client = BatchClient.connect(settings)
    try:
        yield client
    finally:
        client.close()


def require_model(settings: Settings) -> None:
    """Raise `ConfigurationError` where no model is used: the extractive engine has nothing to hand in."""
    if not settings.uses_model:
        raise ConfigurationError(
            "Batches are for a language model, and the engine in use is the extractive one. Set LLM_CHAT_API_KEY and "
            "LLM_CHAT_MODEL, or run without --batch."
        )
    if settings.llm_recording == "replay":
        raise ConfigurationError("Batches are not recorded. Run without --batch, or set LLM_RECORDING=off.")


def hand_in(
    pipeline: Pipeline, ctx: StageContext, bots: Collection[BotCollection], first: date | None, last: date | None
) -> None:
    """Hand in what these bots' messages of these days need, bot by bot, and say what was."""
    from whisper_enrich.stages.batches import resume, submit

    handed_in = 0
    with _client(ctx.settings) as client:
        for bot in bots:
            resume(ctx, bot.bot_name, client)
        due = take_in_and_list(ctx, bots)
        for bot in bots:
            jobs = jobs_for(ctx, bot.bot_name, due.get(bot.bot_name, set()), first, last)
            days = [job.first + timedelta(days=i) for job in jobs for i in range(job.days)]
            handed_in += _tell(bot.bot_name, submit(ctx, bot, days, pipeline.gateway("batch"), client))
    if not handed_in:
        step("Nothing to hand in: no message waits for an answer that has not been asked for.")
        return
    step("The answers are there within 24 hours. The sensors of `whisper-enrich up` fetch and apply them.")
    out.print("Next, without them: whisper-enrich batches --collect, then whisper-enrich enrich")


def _tell(bot_name: str, submitted: Submitted | None) -> int:
    """Returns how many batches were handed in."""
    if submitted is None:
        return 0
    for batch in submitted.batches:
        step(
            f"{bot_name}: batch {batch.batch_id} (at the provider {batch.provider_id}): {batch.requests} requests, about "
            f"{batch.tokens:,} tokens of input."
        )
    if submitted.behind_budget:
        warn(
            f"{bot_name}: {submitted.behind_budget} requests were not handed in: a budget has no room for the most that "
            "they may take. Their messages wait; `whisper-enrich cost` shows what is spent."
        )
    return len(submitted.batches)


@click.command()
@click.option("--collect", "collects", is_flag=True, help="Ask the provider now, and store what is there.")
def batches(collects: bool) -> None:
    """Batches at the model's provider, newest first. The sensor collects them every five minutes."""
    from whisper_enrich.stages.batch_results import elsewhere

    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context("command-line")
        if collects:
            _collect_now(ctx)
        with pipeline.database.connect() as connection:
            found = model_batches.figures(connection)
        left_behind = elsewhere(ctx)
    if not found:
        step("No batch has been handed in. `whisper-enrich enrich --batch` does.")
        return
    shown = table("batch", "bot", "state", "handed in", "#requests", "#answered", "#failed", "#tokens", "#cost")
    for one in found:
        shown.add_row(
            one.id, one.bot_name, one.state, f"{one.created_at:%Y-%m-%d %H:%M}", f"{one.requests:,}",
            f"{one.answered:,}", f"{one.failed:,}", f"{one.tokens:,}", f"${one.cost:,.4f}",
        )  # fmt: skip
    out.print(shown)
    for one in found:
        if one.failure:
            warn(f"{one.id}: {one.failure}")
    for sentence in left_behind:
        warn(sentence)


def _collect_now(ctx: StageContext) -> None:
    from whisper_enrich.stages.batch_results import collect

    require_model(ctx.settings)
    with _client(ctx.settings) as client:
        collected = collect(ctx, client)
    for one in collected.ended:
        if one.failure is None:
            step(f"{one.batch_id} is collected: {one.answered} answers, {one.failed} requests without any.")
    if collected.under_way:
        step(f"{collected.under_way} batch(es) are still under way.")
    if collected.ended:
        out.print("Next: whisper-enrich enrich")
