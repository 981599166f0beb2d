"""`demo`: the whole path on the sample conversations."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence

import click
from sqlalchemy import Connection, text

from whisper_enrich.cli.console import out, step, table
from whisper_enrich.cli.cost import print_costs
from whisper_enrich.cli.enrich import jobs_for, report_what_is_left, take_in_and_list
from whisper_enrich.cli.instance import dagster_instance
from whisper_enrich.cli.launch import Job, register, run_jobs
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.storage import model_costs, overview
from whisper_enrich.storage.migrate import migrate
from whisper_enrich.storage.overview import DayStatus, Reason
from whisper_enrich.storage.profiles import remember_names

TELLING = ("lives_in", "moved_to", "works_at", "works_as", "has_pet", "allergic_to", "partner", "plans_to")
"""Attributes that make good examples."""


@click.command()
def demo() -> None:
    """Load the sample conversations, enrich them through Dagster, show the result. Running it again does no work."""
    from whisper_enrich.sample.conversations import sample_names
    from whisper_enrich.sample.loading import anchor_at, load_sample

    started = time.perf_counter()
    with opened(Pipeline()) as pipeline, dagster_instance(pipeline.settings) as instance:
        step(
            f"PostgreSQL {pipeline.database.ping()} is up ({'embedded' if pipeline.settings.embedded_postgres else 'server'})"
        )
        _, revision = migrate(pipeline.database)
        step(f"Schema {pipeline.settings.postgres_schema} is at revision {revision}")
        loaded = load_sample(pipeline.store, anchor_at(pipeline.settings.home / "sample.json", pipeline.clock()))
        with pipeline.database.begin() as connection:
            remember_names(connection, sample_names(), "loaded")
        new = loaded.new
        step(
            f"Sample conversations: {len(loaded.bots)} bots, {new} new points" + ("" if new else " (all there already)")
        )
        if pipeline.settings.uses_model:
            step(f"Engine: language model, {pipeline.settings.llm_chat_model} at {pipeline.settings.llm_chat_api_url}")
        ctx = pipeline.context("demo")
        bots = [bot for bot in pipeline.store.bots() if bot.bot_name in loaded.bots]
        register(instance, [bot.bot_name for bot in bots])
        due = take_in_and_list(ctx, bots)
        jobs = [job for bot in bots for job in jobs_for(ctx, bot.bot_name, due.get(bot.bot_name, set()), None, None)]
        if jobs:
            seconds = run_jobs(instance, pipeline, "enrich_bot_day", _one_per_bot(jobs))
            step(f"{sum(job.days for job in jobs)} bot-days enriched in {seconds:.1f} s")
        else:
            step("Nothing to do: every message of the sample is enriched, or waits for its day to close")
        with pipeline.database.connect() as connection:
            names = [bot.bot_name for bot in bots]
            _report(
                overview.day_statuses(connection, pipeline.clock()), overview.reasons(connection),
                _seconds(connection), names,
            )  # fmt: skip
            _examples(connection, names)
            if pipeline.settings.uses_model:
                out.print("\n[bold]What the language model took[/]")
                print_costs("model", model_costs.costs(connection, "model"))
        report_what_is_left(ctx, names)
    _next(time.perf_counter() - started)


def _one_per_bot(jobs: Sequence[Job]) -> list[Job]:
    """One run a bot, over idle days too: a run costs more than a day."""
    spans: dict[str, Job] = {}
    for job in jobs:
        known = spans.get(job.bot_name, job)
        spans[job.bot_name] = Job(job.bot_name, min(known.first, job.first), max(known.last, job.last))
    return list(spans.values())


def _seconds(connection: Connection) -> Mapping[str, float]:
    rows = connection.execute(text("SELECT bot_name, sum(seconds)::float FROM stage_runs GROUP BY 1"))
    return dict(map(tuple, rows))


def _report(
    statuses: Sequence[DayStatus], reasons: Sequence[Reason], seconds: Mapping[str, float], bots: Sequence[str]
) -> None:
    shown = table(
        "bot", "#days", "#messages", "#facts", "#summaries", "#left out", "#quarantined", "#set aside",
        "#waiting", "#seconds", title="\nResult",
    )  # fmt: skip
    for bot in bots:
        mine = [s for s in statuses if s.bot_name == bot]
        totals = [sum(getattr(s, name) for s in mine) for name in (
            "points", "facts", "summaries", "left_out", "quarantined", "dead")]  # fmt: skip
        waiting = sum(s.pending + s.open_window + s.retry for s in mine)
        shown.add_row(bot, str(len(mine)), *map(str, totals), str(waiting), f"{seconds.get(bot, 0.0):.1f}")
    out.print(shown)
    why = table("bot", "not analysed", "why", "#messages")
    for reason in reasons:
        if reason.bot_name in bots and reason.kind in ("left_out", "quarantined", "dead"):
            why.add_row(reason.bot_name, reason.kind.replace("_", " "), reason.reason, str(reason.count))
    out.print()
    out.print(why)


def _examples(connection: Connection, bots: Sequence[str]) -> None:
    facts = connection.execute(
        text(
            """
            SELECT DISTINCT ON (f.bot_name) f.bot_name, f.fact_content, f.category, f.confidence, e.quote
            FROM user_facts f JOIN fact_evidence e ON e.fact_id = f.id
            WHERE f.bot_name = ANY(:bots) AND f.audience = 'all'
            ORDER BY f.bot_name, (f.attribute = ANY(:telling)) DESC, f.confidence DESC, f.last_said_at DESC, f.id
            """
        ),
        {"bots": list(bots), "telling": list(TELLING)},
    ).all()
    out.print("\n[bold]Three facts, and the words they rest on[/]")
    for fact in facts:
        out.print(
            f"  {fact.fact_content}  [dim]({fact.bot_name}, {fact.category}, {fact.confidence:.2f})[/]", markup=True
        )
        out.print(f"    “{fact.quote}”", style="dim", markup=False)
    summary = connection.execute(
        text(
            """
            SELECT bot_name, start_timestamp::date AS day, summary_text, key_topics, emotional_tone, message_count
            FROM conversation_summaries WHERE bot_name = ANY(:bots) AND scope = 'shared'
            ORDER BY message_count DESC, start_timestamp LIMIT 1
            """
        ),
        {"bots": list(bots)},
    ).one_or_none()
    if summary is None:
        return
    out.print(f"\n[bold]A summary[/] [dim]({summary.bot_name}, {summary.day}, {summary.message_count} messages)[/]")
    out.print(f"  {summary.summary_text}", markup=False)
    out.print(f"  topics: {', '.join(summary.key_topics)}; tone: {summary.emotional_tone}", style="dim", markup=False)


def _next(seconds: float) -> None:
    out.print(f"\nDone in {seconds:.1f} s. Next:")
    out.print(
        "  make ui                                      [dim]the Dagster UI with all of this, on http://127.0.0.1:3000[/]"
    )
    out.print("  whisper-enrich status                        [dim]by bot and day[/]")
    out.print("  whisper-enrich show --bot marlow --user Piet [dim]all that is known of a person, and why[/]")
    out.print("  whisper-enrich load …                        [dim]conversations of your own[/]")
