"""`cache`: the rows of the strategic caches, what one holds, and declaring some void."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime

import click
from rich.markup import escape

from whisper_enrich.cli.console import duration, out, step, table
from whisper_enrich.errors import InputError
from whisper_enrich.hot_path.freshness import Moment, State, of_cache
from whisper_enrich.hot_path.options import Options
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import Settings
from whisper_enrich.storage import cache_rows
from whisper_enrich.storage.cache_rows import CacheEntry
from whisper_enrich.storage.strategic_caches import BY_NAME

NAMES = [name.removeprefix("strategic_") for name in sorted(BY_NAME)]


def _whose(command: Callable) -> Callable:
    """The options that say which rows are meant."""
    command = click.option("--table", "name", type=click.Choice(NAMES), help="Only this cache.")(command)
    command = click.option("--user", help="Only rows of this user's id.")(command)
    return click.option("--bot", help="Only rows of this bot.")(command)


@click.group()
def cache() -> None:
    """The rows of the strategic caches: list them, look at one, declare some void."""


@cache.command("list")
@_whose
@click.option("--stale", is_flag=True, help="Only rows that hold no longer.")
@click.option(
    "--limit", type=click.IntRange(1), default=60, show_default=True, help="Rows at most; those that end first."
)
def list_command(bot: str | None, user: str | None, name: str | None, stale: bool, limit: int) -> None:
    """How far each row has read, until when it holds, and why not where it does not."""
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("cache")
        now = pipeline.clock()
        with pipeline.database.connect() as connection:
            entries = cache_rows.entries(connection, cache_rows.chosen_caches(name), bot, user, limit + 1)
        settings = pipeline.settings
    shown = table("bot", "user", "cache", "state", "computed", "holds until", "read up to", "#messages", "engine")
    for entry in entries[:limit]:
        state = _state(entry, settings, now)
        if stale and state == "fresh":
            continue
        shown.add_row(
            escape(entry.bot_name), escape(entry.user_id or "(all)"), entry.cache.removeprefix("strategic_"), state,
            f"{duration(max((now - entry.computed_at).total_seconds(), 0))} ago", _minute(entry.expires_at),
            _minute(entry.read_up_to), str(entry.messages_read), entry.engine_version,
        )  # fmt: skip
    if not shown.row_count:
        out.print("No row fits." if not stale else "No row is stale.")
        return
    out.print(shown)
    if len(entries) > limit:
        out.print(f"There are more than {limit}. Say which with --bot, --user, --table, or raise --limit.")


def _state(entry: CacheEntry, settings: Settings, now: datetime) -> str:
    """As the reader would see it."""
    options = Options(
        schema=settings.postgres_schema, cache_ttl_seconds=settings.cache_ttl_seconds,
        cache_max_unread_messages=settings.cache_max_unread_messages,
        worker_silence_seconds=settings.worker_silence_seconds,
    )  # fmt: skip
    seen = State(beat_at=entry.beat_at, touches=entry.touches, newest_at=entry.newest_at)
    fresh, reason = of_cache(
        seen, Moment(now, options), computed_at=entry.computed_at, expires_at=entry.expires_at,
        read_up_to=entry.read_up_to, engine_version=entry.engine_version,
    )  # fmt: skip
    if entry.void:
        return "stale: invalidated"
    return str(fresh) if reason is None else f"{fresh}: {reason.replace('_', ' ')}"


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


@cache.command()
@click.argument("name", metavar="TABLE", type=click.Choice(NAMES))
@click.option("--bot", required=True, help="The bot.")
@click.option("--user", help="The user's id.  [default: the row over all users of the bot, where the cache has one]")
def show(name: str, bot: str, user: str | None) -> None:
    """One row as it is stored, as JSON."""
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("cache")
        with pipeline.database.connect() as connection:
            row = cache_rows.row_of(connection, cache_rows.chosen_caches(name)[0], bot, user)
    if row is None:
        whose = f"user '{user}' with bot '{bot}'" if user else f"bot '{bot}' over all users"
        raise InputError(f"{name} has no row of {whose}. `whisper-enrich cache list` shows what there is.")
    click.echo(json.dumps(row, indent=2, ensure_ascii=False))


@cache.command()
@_whose
@click.option("--all", "everything", is_flag=True, help="Every row of every bot.")
def invalidate(bot: str | None, user: str | None, name: str | None, everything: bool) -> None:
    """Declare rows void: they count as stale at once, and the next run of their bot makes them anew."""
    if not (bot or user or name or everything):
        raise InputError("Nothing says which rows. Give --bot, --user or --table, or --all.")
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("cache")
        with pipeline.database.begin() as connection:
            counts = cache_rows.invalidate(connection, cache_rows.chosen_caches(name), bot, user)
    for cache_name, count in counts.items():
        step(f"{cache_name}: {count} row{'s' if count != 1 else ''} declared void")
    if any(counts.values()):
        out.print(
            "The daemon makes those of users seen within STRATEGIC_RENEW_DAYS anew within minutes, the others with the next "
            "run of their bot. At once: whisper-enrich enrich --from today"
        )
