"""`status` and `doctor`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from datetime import date, datetime

import click
from pydantic import SecretStr
from sqlalchemy import Connection

from whisper_enrich.cli.console import complain, duration, out, step, table, warn
from whisper_enrich.cli.enrich import chosen_bots
from whisper_enrich.cli.probe import describe_engine, probe
from whisper_enrich.errors import EnrichError
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import Settings
from whisper_enrich.storage import bot_role, bot_views, enrichment_requests, erasures, ledger, overview
from whisper_enrich.storage.bot_views import BotViews
from whisper_enrich.storage.enrichment_requests import Waiting
from whisper_enrich.storage.migrate import bot_views_template
from whisper_enrich.storage.overview import DayStatus, Reason

KINDS = {
    "left_out": "left out",
    "quarantined": "quarantined",
    "dead": "set aside",
    "retry": "waits for another attempt",
    "waiting": "waits for its time",
}

MODEL_SETTINGS = (
    "llm_", "openrouter_", "enrichment_engine", "enrichment_batch_size", "enrichment_pii", "enrichment_max_wait_seconds",
    "enrichment_pause_seconds", "summary_",
)  # fmt: skip
"""How the names of the settings begin that matter to a language model alone."""


@click.command()
@click.option("--bot", help="Only this bot.  [default: all]")
@click.option("--days", type=click.IntRange(1), default=14, show_default=True, help="Newest days shown for each bot.")
def status(bot: str | None, days: int) -> None:
    """What is done, what waits, what was set aside: by bot and day, with reasons."""
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("status")
        if bot is not None:
            chosen_bots(pipeline, [bot])
        now = pipeline.clock()
        with pipeline.database.connect() as connection:
            statuses = overview.day_statuses(connection, now, bot)
            reasons = overview.reasons(connection, bot)
            requests = enrichment_requests.waiting(connection, bot)
            stale = _stale(connection, pipeline.settings, bot)
        if not statuses:
            out.print("No message was taken in yet. Next: whisper-enrich enrich (or demo, for sample conversations).")
            return
        _print_days(statuses, days, now)
        _print_reasons(reasons)
        _print_requests(requests, now)
        if stale:
            out.print(
                f"{stale} messages were read by another engine version; [yellow]whisper-enrich enrich --stale[/] redoes them."
            )


def _stale(connection: Connection, settings: Settings, bot: str | None) -> int:
    """Messages whose facts or summary another version made."""
    from whisper_enrich.assets.engines import facts_version, summaries_version

    found = ledger.stale(connection, facts_version(settings), summaries_version(settings), bot)
    return max((sum(s.messages for s in found if s.stage == stage) for stage in ("facts", "summary")), default=0)


def _print_days(statuses: Sequence[DayStatus], days: int, now: datetime) -> None:
    shown = table(
        "bot", "day", "#messages", "#done", "#pending", "#open window", "#retry", "#set aside", "#left out",
        "#quarantined", "#facts", "#summaries", "#lag",
    )  # fmt: skip
    for bot_name in sorted({s.bot_name for s in statuses}):
        mine = [s for s in statuses if s.bot_name == bot_name]
        for s in mine[-days:]:
            shown.add_row(bot_name, s.day.isoformat(), *_numbers(s), duration(s.lag_seconds))
        shown.add_row(
            bot_name, f"{len(mine)} days", *_totals(mine), duration(_lag(mine)), style="bold", end_section=True
        )
    out.print(shown)
    out.print(f"[dim]as of {now:%Y-%m-%d %H:%M} UTC; an open window waits for more messages or for its day to close[/]")


def _numbers(s: DayStatus) -> list[str]:
    values = (
        s.points, s.done, s.pending, s.open_window, s.retry, s.dead, s.left_out, s.quarantined, s.facts, s.summaries
    )  # fmt: skip
    return [str(value) if value else "·" for value in values]


def _totals(rows: Sequence[DayStatus]) -> list[str]:
    names = (
        "points", "done", "pending", "open_window", "retry", "dead", "left_out", "quarantined", "facts", "summaries"
    )  # fmt: skip
    return [str(sum(getattr(row, name) for row in rows) or "·") for name in names]


def _lag(rows: Sequence[DayStatus]) -> float | None:
    return max((row.lag_seconds for row in rows if row.lag_seconds is not None), default=None)


def _print_reasons(reasons: Sequence[Reason]) -> None:
    if not reasons:
        return
    shown = table("bot", "what", "why", "#messages")
    for reason in reasons:
        shown.add_row(reason.bot_name, KINDS[reason.kind], reason.reason, str(reason.count))
    out.print()
    out.print(shown)
    if any(reason.kind == "dead" for reason in reasons):
        out.print("[yellow]whisper-enrich retry[/] gives what was set aside another round.")


def _print_requests(waiting: Sequence[Waiting], now: datetime) -> None:
    if waiting:
        total = sum(w.requests for w in waiting)
        longest = (now - min(w.since for w in waiting)).total_seconds()
        by_bot = ", ".join(f"{w.bot_name} {w.requests}" for w in waiting)
        out.print(f"Requests of bots that are open: {total} ({by_bot}), the oldest for {duration(longest)}.")


@click.command()
@click.option("--all", "show_all", is_flag=True, help="Every setting, also those that have no value.")
@click.option("--probe-model", is_flag=True, help="Ask the language model one small question; it may cost a little.")
def doctor(show_all: bool, probe_model: bool) -> None:
    """The settings in force, whether each server answers, whether the schema is right. Exit code 1 if anything is not.

    A language model is asked only with --probe-model.
    """
    with opened(Pipeline()) as pipeline:
        _print_settings(pipeline.settings, show_all)
        problems = [problem for check in (_database, _store, _dagster) if (problem := check(pipeline))]
        describe_engine(pipeline.settings)
        if probe_model:
            problems += probe(pipeline.settings)
    if problems:
        for problem in problems:
            complain(problem)
        sys.exit(1)
    out.print("[green]Everything is in order.[/]")


def _print_settings(settings: Settings, show_all: bool) -> None:
    """Those that have a value; those of a language model only where one is used or they were given."""
    shown = table("setting", "value", "from", title="Settings in force")
    for name in type(settings).model_fields:
        value = getattr(settings, name)
        given = name in settings.model_fields_set
        concerns = settings.uses_model or not name.startswith(MODEL_SETTINGS)
        if given or show_all or (concerns and value is not None):
            shown.add_row(name.upper(), _masked(value), "environment or .env" if given else "[dim]default[/]")
    out.print(shown)
    if not show_all:
        out.print("[dim]--all shows also those without a value, and those of a language model where none is used[/]")


def _masked(value: object) -> str:
    if isinstance(value, SecretStr):
        return "********"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    if isinstance(value, dict):
        return ", ".join(f"{name}: {entry}" for name, entry in value.items()) or "(none)"
    if isinstance(value, str) and "@" in value and "://" in value:
        scheme, _, rest = value.partition("://")
        return f"{scheme}://********@{rest.rpartition('@')[2]}"
    return "(none)" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def _database(pipeline: Pipeline) -> str | None:
    settings = pipeline.settings
    where = "embedded" if settings.embedded_postgres else f"{settings.postgres_host}:{settings.postgres_port}"
    try:
        step(f"PostgreSQL ({where}): version {pipeline.database.ping()}")
        pipeline.preflight("doctor")
        step(f"Schema {settings.postgres_schema}: as this version needs it")
        with pipeline.database.connect() as connection:
            views = bot_views.found(connection, pipeline.database, bot_views_template())
            role = bot_role.found(connection, pipeline.database)
            pending = erasures.unfinished(connection).stones
    except EnrichError as error:
        return str(error)
    if pending:
        warn(f"{len(pending)} erasures are not finished. Run `whisper-enrich forget --resume`.")
    if role.remedy is None:
        step(f"Role for the bots: {role.name}")
    else:
        warn(role.remedy)
    return _views(views)


def _views(found: BotViews) -> str | None:
    """What the bots read, and what of the platform's own is beside it."""
    tables = ", ".join(found.platform_tables) or "none"
    step(f"Tables of the chat platform in this database: {tables}")
    if found.shadowed:
        warn(
            f"The schema public has tables by the names of the bots' views ({', '.join(found.shadowed)}). They are left "
            f"alone; a bot reads ours where its search_path begins with {found.schema}."
        )
    if found.missing or not found.is_current:
        why = f"lacks {', '.join(found.missing)}" if found.missing else "was made by another version or other settings"
        return f"The schema {found.schema}, which the bots read, {why}. Run `whisper-enrich migrate`."
    step(f"Views for the bots in {found.schema}: all {len(found.views)}, as this version makes them")
    return None


def _store(pipeline: Pipeline) -> str | None:
    settings = pipeline.settings
    where = (
        "embedded"
        if settings.embedded_qdrant
        else settings.qdrant_url or f"{settings.qdrant_host}:{settings.qdrant_port}"
    )
    try:
        bots = pipeline.store.bots()
        points = {bot.bot_name: pipeline.store.count(bot.collection) for bot in bots}
        unread = pipeline.store.unread_collections()
    except EnrichError as error:
        return str(error)
    for collection in unread:
        warn(f"Collection {collection.collection} is not read: {collection.reason}")
    listed = ", ".join(f"{name} ({count} points)" for name, count in points.items()) or "no bot yet"
    step(f"Message store ({_masked(where)}): {listed}")
    return None


def _dagster(pipeline: Pipeline) -> str | None:
    from whisper_enrich.cli.instance import dagster_instance

    try:
        with dagster_instance(pipeline.settings) as instance:
            step(f"Dagster: {instance.get_runs_count()} runs in {instance.root_directory}")
        when = "every night" if pipeline.settings.tidy_apply else "counted every night, not done (TIDY_APPLY)"
        step(f"Tidying: {when}")
    except EnrichError as error:
        return str(error)
    return None
