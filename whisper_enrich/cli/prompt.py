"""`prompt`: the lines about a person that a bot would put into its system prompt."""

from __future__ import annotations

from datetime import tzinfo

import click

from whisper_enrich.cli.console import out
from whisper_enrich.hot_path.options import Options
from whisper_enrich.hot_path.prompt import render_prompt
from whisper_enrich.hot_path.reader import Reader
from whisper_enrich.hot_path.recall import recall
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.storage import portraits, profiles

_PATIENCE_SECONDS = 10.0


@click.command()
@click.option("--bot", required=True, help="The bot.")
@click.option("--user", required=True, help="The user: id or name.")
@click.option("--budget", type=click.IntRange(0), default=400, show_default=True, help="Tokens at most.")
@click.option("--question", default="", help="What the user has just written: what bears on it comes first.")
@click.option("--time-zone", help="IANA name of the user's time zone.  [default: the one that is known, else UTC]")
@click.option(
    "--scope", type=click.Choice(("all", "shared")), default="all", show_default=True,
    help="shared: as in a channel with others, without what was said in a dm.",
)  # fmt: skip
def prompt(bot: str, user: str, budget: int, question: str, time_zone: str | None, scope: str) -> None:
    """What is known of a person as a few lines for a system prompt, within a budget of tokens.

    As a bot gets it from `whisper_enrich.hot_path.render_prompt`. Nothing is printed where there is nothing to say.
    """
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("prompt")
        with pipeline.database.connect() as connection:
            bot_name, user_id = portraits.find_person(connection, bot, user)
            zone = profiles.persons(connection, [user_id])[user_id].zone
        tz = profiles.zone(time_zone) if time_zone else zone
        block = _block(pipeline, user_id, bot_name, "dm" if scope == "all" else "shared", budget, question, tz)
    if block:
        # Without markup, wrapping or colour: it may go into a file.
        out.print(block, markup=False, highlight=False, soft_wrap=True)


def _block(pipeline: Pipeline, user_id: str, bot_name: str, scope: str, budget: int, question: str, tz: tzinfo) -> str:
    settings = pipeline.settings
    # Rather late than not at all, and it counts for no bot.
    options = Options(
        schema=settings.postgres_schema, cache_ttl_seconds=settings.cache_ttl_seconds,
        cache_max_unread_messages=settings.cache_max_unread_messages,
        worker_silence_seconds=settings.worker_silence_seconds, deadline_seconds=_PATIENCE_SECONDS,
        recall_deadline_seconds=_PATIENCE_SECONDS, report_seconds=0,
    )  # fmt: skip
    now = pipeline.clock()
    with Reader(pipeline.database.engine, options) as reader:
        context = reader.get_context(user_id, bot_name, scope, now, strict=True)
        found = recall(reader, user_id, bot_name, question, now, tz, scope, strict=True) if question.strip() else None
    return render_prompt(context, budget, query=question, recall=found, tz=tz)
