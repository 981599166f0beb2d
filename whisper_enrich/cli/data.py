"""`migrate` and `load`."""

from __future__ import annotations

from pathlib import Path

import click

from whisper_enrich.cli.console import out, progress_bar, step, warn
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.database import Database
from whisper_enrich.storage.migrate import migrate


@click.command("migrate")
def migrate_command() -> None:
    """Create or upgrade our tables. Safe to run again, and by two at once."""
    settings = load_settings()
    database = Database(settings)
    try:
        before, after = migrate(database)
    finally:
        database.close()
    if before == after:
        step(f"Schema {settings.postgres_schema} is up to date (revision {after}).")
    else:
        step(f"Schema {settings.postgres_schema} went from {before or 'nothing'} to revision {after}.")


@click.command("load")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--user-speaker", type=click.Choice(["a", "b", "both"]), default="both", show_default=True,
    help="LoCoMo files: which speaker is the user; the other one is the bot. 'both' loads the talk twice.",
)  # fmt: skip
def load_command(files: tuple[Path, ...], user_speaker: str) -> None:
    """Put conversations from FILES into the message store.

    FILES are JSON lines, one message a line, or a LoCoMo conversation (.json). Loading a file twice adds nothing.

    \b
    A line:  {"bot": "elena", "user": "4711", "speaker": "user", "at": "2026-11-20T18:04:05Z", "text": "Hello there"}
    required: bot, user, speaker ("user" or "bot"), at (ISO; without offset it is UTC), text
    optional: id, name (the user's), channel ("dm" or "guild"), emotion, intensity (0 to 1)
    """
    from whisper_enrich.loading.files import read_file
    from whisper_enrich.loading.load import load
    from whisper_enrich.storage.profiles import remember_bot_names, remember_names

    with opened(Pipeline()) as pipeline:
        for path in files:
            loaded = read_file(path, user_speaker)
            with progress_bar() as bar:
                task = bar.add_task(path.name, total=loaded.total)
                result = load(
                    pipeline.store, loaded, progress=lambda n, task=task, bar=bar: bar.update(task, advance=n)
                )
            with pipeline.database.begin() as connection:
                remember_names(connection, loaded.names, "loaded")
                remember_bot_names(connection, loaded.bot_names)
            for bot_name, counts in result.bots.items():
                step(
                    f"{path.name}: {counts.new} new points for bot '{bot_name}', {counts.already_there} were there already."
                )
            if loaded.skipped:
                left_out = ", ".join(f"{what} ({count})" for what, count in loaded.skipped.items())
                warn(f"{path.name}: not loaded: {left_out}.")
    out.print("Next: whisper-enrich enrich")
