"""`enrich`, `retry` and `reconcile`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, timedelta

import click

from whisper_enrich.cli.console import out, step, warn
from whisper_enrich.cli.instance import dagster_instance
from whisper_enrich.cli.launch import Job, register, run_jobs
from whisper_enrich.errors import InputError
from whisper_enrich.messages.store import BotCollection
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import ledger, overview
from whisper_enrich.storage.summaries import mark_windows_of_another_length


class Day(click.ParamType):
    """A UTC day: YYYY-MM-DD, ``today`` or ``yesterday``."""

    name = "day"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> date:
        from whisper_enrich.settings import utc_now

        if isinstance(value, date):
            return value
        today = utc_now().date()
        known = {"today": today, "yesterday": today - timedelta(days=1)}
        if str(value).lower() in known:
            return known[str(value).lower()]
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise InputError(f"'{value}' is no date. Write it as YYYY-MM-DD, or today, or yesterday.") from None


def chosen_bots(pipeline: Pipeline, names: Collection[str]) -> list[BotCollection]:
    """The bots of these names, or all. Raises `InputError` that lists what there is."""
    bots = pipeline.store.bots()
    known = {bot.bot_name: bot for bot in bots}
    unknown = [name for name in names if name not in known]
    if unknown:
        there = ", ".join(known) or "none yet (`whisper-enrich load` or `demo` bring some)"
        raise InputError(f"There is no bot '{unknown[0]}' in the message store. Bots found: {there}.")
    if not bots:
        prefixes = ", ".join(pipeline.settings.qdrant_collection_prefix)
        raise InputError(
            f"The message store has no bot: no collection begins with {prefixes}. `whisper-enrich load FILE` or `demo` fill "
            "one; QDRANT_COLLECTION_PREFIX changes the prefix."
        )
    return [known[name] for name in names] if names else bots


@click.command()
@click.option("--bot", "bots", multiple=True, help="Only this bot; may be given several times.  [default: all]")
@click.option("--from", "first", type=Day(), help="First UTC day: YYYY-MM-DD, today or yesterday.")
@click.option("--to", "last", type=Day(), help="Last UTC day, inclusive.")
@click.option("--stale", is_flag=True, help="Redo what another engine, prompt, model or window length made.")
@click.option(
    "--batch", is_flag=True, help="Hand the work in at the provider's batch endpoint: later, at half the price."
)
def enrich(bots: tuple[str, ...], first: date | None, last: date | None, stale: bool, batch: bool) -> None:
    """Derive facts and summaries from what waits: one Dagster run a bot and block of days.

    With --from or --to, every day of that range is materialised, whether it has work or not; the results are the same
    however often it is run. --from alone goes up to today, --to alone begins with the bot's first message.

    A new version of an engine, prompt or model redoes nothing by itself: --stale does, for the days given or all.

    --batch asks nothing now: the answers are there within a day, and the run that follows finds them.
    """
    from whisper_enrich.cli.batches import hand_in, require_model

    if first and last and first > last:
        raise InputError(f"--from {first} is after --to {last}. Swap them.")
    with opened(Pipeline()) as pipeline, dagster_instance(pipeline.settings) as instance:
        if batch:
            require_model(pipeline.settings)
        ctx = pipeline.context("command-line")
        found = chosen_bots(pipeline, bots)
        register(instance, [bot.bot_name for bot in found])
        if stale:
            _mark_stale(ctx, found, first, last)
        if batch:
            hand_in(pipeline, ctx, found, first, last)
            return
        due = take_in_and_list(ctx, found)
        jobs = [job for bot in found for job in jobs_for(ctx, bot.bot_name, due.get(bot.bot_name, set()), first, last)]
        if not jobs:
            step("Nothing to do: every message is enriched, or waits for its day to close.")
            return
        name = "backfill_enrichment" if first or last else "enrich_bot_day"
        seconds = run_jobs(instance, pipeline, name, jobs)
        step(f"{len(jobs)} run(s), {sum(job.days for job in jobs)} bot-days in {seconds:.1f} s.")
        report_what_is_left(ctx, [bot.bot_name for bot in found])
    out.print("Next: whisper-enrich status")


def _mark_stale(ctx: StageContext, bots: Collection[BotCollection], first: date | None, last: date | None) -> None:
    from whisper_enrich.assets.engines import facts_version, summaries_version
    from whisper_enrich.storage import strategic_caches
    from whisper_enrich.strategic.engines import ENGINE_VERSION as STRATEGIC
    from whisper_enrich.strategic.reading import ENGINE_VERSION as FEATURES

    facts, summaries = facts_version(ctx.settings), summaries_version(ctx.settings)
    days = None
    if first or last:
        start, end = first or ctx.settings.enrichment_start_date, last or ctx.clock().date()
        days = [start + timedelta(days=i) for i in range((end - start).days + 1)]
    for bot in bots:
        with ctx.database.begin() as connection:
            messages = ledger.mark_stale(connection, bot.bot_name, days, facts, summaries)
            windows = mark_windows_of_another_length(connection, bot.bot_name, days, ctx.settings.time_window_hours)
            rows = strategic_caches.mark_stale(connection, bot.bot_name, FEATURES, STRATEGIC, days)
        step(
            f"{bot.bot_name}: {messages} messages of another version wait again, {windows} user-days of other windows, "
            f"{rows} strategic rows."
        )


def take_in_and_list(ctx: StageContext, bots: Collection[BotCollection]) -> dict[str, set[date]]:
    """Enter new points of these bots into the ledger; the days with work by bot."""
    from whisper_enrich.automation.discovery import days_due

    for bot in bots:
        take_in(ctx, bot)
    return days_due(ctx)


def jobs_for(
    ctx: StageContext, bot_name: str, due: Collection[date], first: date | None, last: date | None
) -> list[Job]:
    """The runs for one bot: over the range that was asked for, else over each block of days with work."""
    from whisper_enrich.partitions import contiguous

    start, today = ctx.settings.enrichment_start_date, ctx.clock().date()
    for day in filter(None, (first, last)):
        if not start <= day <= today:
            raise InputError(
                f"{day} is no partition: they run from {start} (ENRICHMENT_START_DATE) to today, {today} (UTC)."
            )
    if first is None and last is not None:
        with ctx.database.connect() as connection:
            statuses = overview.day_statuses(connection, ctx.clock(), bot_name)
        first = min((status.day for status in statuses if start <= status.day <= last), default=None)
        return [Job(bot_name, first, last)] if first else []
    if first is not None:
        return [Job(bot_name, first, last or today)]
    return [Job(bot_name, begin, end) for begin, end in contiguous([day for day in due if start <= day <= today])]


def report_what_is_left(ctx: StageContext, bot_names: Collection[str]) -> None:
    """Say what failed or was set aside, and the remedy."""
    with ctx.database.connect() as connection:
        reasons = [reason for reason in overview.reasons(connection) if reason.bot_name in bot_names]
    counts: Mapping[str, int] = {
        kind: sum(reason.count for reason in reasons if reason.kind == kind)
        for kind in ("retry", "dead", "quarantined")
    }
    if counts["retry"]:
        warn(
            f"{counts['retry']} messages failed and wait for another attempt; the sensor or `enrich` comes back to them."
        )
    if counts["dead"]:
        warn(
            f"{counts['dead']} messages were set aside; `whisper-enrich status` says why, `whisper-enrich retry` tries again."
        )
    if counts["quarantined"]:
        warn(f"{counts['quarantined']} points cannot be read as messages; `whisper-enrich status` says why.")


@click.command()
@click.option("--bot", help="Only this bot.  [default: all]")
@click.option("--day", type=Day(), help="Only this UTC day.  [default: all]")
def retry(bot: str | None, day: date | None) -> None:
    """Give messages that were set aside after their last attempt another round."""
    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context("command-line")
        if bot is not None:
            chosen_bots(pipeline, [bot])
        with ctx.database.begin() as connection:
            count = ledger.replay_dead_letters(connection, bot, day)
    if count:
        step(f"{count} messages wait again.")
        out.print("Next: whisper-enrich enrich")
    else:
        step("Nothing was set aside.")


@click.command("reconcile")
@click.option("--bot", "bots", multiple=True, help="Only this bot; may be given several times.  [default: all]")
@click.option("--accept-deletions", is_flag=True, help="Forget messages that are gone even if most of a bot's are.")
def reconcile_command(bots: tuple[str, ...], accept_deletions: bool) -> None:
    """Hold every point of the store against the ledger: edits, deletions, lost marks. Also runs every night."""
    from whisper_enrich.stages.reconciliation import reconcile

    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context("command-line")
        for bot in chosen_bots(pipeline, bots):
            result = reconcile(ctx, bot, accept_deletions=accept_deletions)
            step(
                f"{bot.bot_name}: {result.points} points; {result.new} new, {result.changed} changed, "
                f"{result.deleted} gone from the store."
            )
    out.print("Next: whisper-enrich enrich")
