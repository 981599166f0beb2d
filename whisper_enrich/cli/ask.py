"""`ask`: a question about what was talked about, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, tzinfo
from typing import TypeVar

import click
from rich.markup import escape as escaped

from whisper_enrich.cli.console import out
from whisper_enrich.errors import InputError
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.reader import Reader
from whisper_enrich.hot_path.recall import recall
from whisper_enrich.hot_path.recall_model import Digest, FoundFact, FoundSummary, Recall
from whisper_enrich.portrait.wording import harmless
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.storage import portraits, profiles

_PATIENCE_SECONDS = 10.0
_IDS_SHOWN = 3

Found = TypeVar("Found")


@click.command()
@click.argument("question")
@click.option("--bot", required=True, help="The bot.")
@click.option("--user", required=True, help="The user: id or name.")
@click.option("--time-zone", help="IANA name of the user's time zone.  [default: the one that is known, else UTC]")
@click.option(
    "--scope", type=click.Choice(("all", "shared")), default="all", show_default=True,
    help="shared: leave out what was said in a dm.",
)  # fmt: skip
@click.option("--limit", type=click.IntRange(1), default=5, show_default=True, help="Summaries and facts at most.")
def ask(question: str, bot: str, user: str, time_zone: str | None, scope: str, limit: int) -> None:
    """What was talked about: `ask --bot elena --user ana "what did we say about the trip last week?"`.

    Prints which time was understood, the digests of whole weeks and months in it, the summaries and facts that fit, and the
    messages that these rest on.
    """
    if not question.strip():
        raise InputError('The question is empty. Ask something like "what did we talk about last week?".')
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("ask")
        with pipeline.database.connect() as connection:
            bot_name, user_id = portraits.find_person(connection, bot, user)
            zone = profiles.persons(connection, [user_id])[user_id].zone
        tz = profiles.zone(time_zone) if time_zone else zone
        # Nobody waits in a chat here: rather late than not at all, and it counts for no bot.
        options = Options(
            schema=pipeline.settings.postgres_schema, recall_deadline_seconds=_PATIENCE_SECONDS, report_seconds=0
        )
        with Reader(pipeline.database.engine, options) as reader:
            found = recall(
                reader, user_id, bot_name, question, pipeline.clock(), tz, "dm" if scope == "all" else "shared",
                limit=limit, strict=True,
            )  # fmt: skip
    _print(found, tz)


def _print(found: Recall, tz: tzinfo) -> None:
    understood = found.understood
    out.print(f"[bold]Time:[/] {_safe(understood.sentence)}", soft_wrap=True)
    if understood.ambiguous:
        out.print("[yellow]The time can be read in more than one way; this is the likeliest.[/]")
    if not found.found:
        out.print("Nothing is known that fits.")
        return
    _list("Digests", found.digests, _digest)
    _list("Summaries", sorted(found.summaries, key=lambda each: each.start), lambda each: _summary(each, tz))
    _list("Facts", found.facts, lambda each: _fact(each, tz))


def _list(title: str, items: Sequence[Found], lines: Callable[[Found], tuple[str, str, str]]) -> None:
    if not items:
        return
    out.print(f"\n[bold]{title}[/]")
    for item in items:
        head, text, rest = map(_safe, lines(item))
        out.print(f"• [cyan]{head}[/]", soft_wrap=True)
        out.print(f"  {text}", soft_wrap=True)
        if rest:
            out.print(f"  [dim]{rest}[/]", soft_wrap=True)


def _digest(one: Digest) -> tuple[str, str, str]:
    head = f"{one.period} of {one.start}, {one.message_count} messages{_private(one.scope)}"
    return head, one.text, ", ".join(one.topics)


def _summary(one: FoundSummary, tz: tzinfo) -> tuple[str, str, str]:
    head = f"{_minute(one.start, tz)} to {_minute(one.end, tz)}, {one.message_count} messages{_private(one.scope)}"
    return f"{head}; found by {' and '.join(one.found_by)}", one.text, f"messages: {_ids(one.message_ids)}"


def _fact(one: FoundFact, tz: tzinfo) -> tuple[str, str, str]:
    first, last = one.first_said_at.astimezone(tz).date(), one.last_said_at.astimezone(tz).date()
    said = f"said on {first}" if first == last else f"said from {first} to {last}"
    past = "" if one.current else "; holds no longer"
    return f"{said}{past}{_private(one.scope)}", one.content, f"messages: {_ids(one.message_ids)}"


def _ids(ids: Sequence[str]) -> str:
    more = f" and {len(ids) - _IDS_SHOWN} more" if len(ids) > _IDS_SHOWN else ""
    return ", ".join(ids[:_IDS_SHOWN]) + more


def _private(scope: str) -> str:
    return " (dm)" if scope == "dm" else ""


def _minute(at: datetime, tz: tzinfo) -> str:
    return f"{at.astimezone(tz):%Y-%m-%d %H:%M}"


def _safe(words: str) -> str:
    return escaped(harmless(words))
