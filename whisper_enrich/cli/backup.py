"""`backup` and `restore`."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4

import click

from whisper_enrich.cli.console import out, step, warn
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.database import Database


@click.command()
@click.option(
    "--out", "parent", type=click.Path(path_type=Path, file_okay=False), default="backups", show_default=True,
    help="Folder in which the backup gets a folder of its own.",
)  # fmt: skip
@click.option("--no-messages", is_flag=True, help="Leave the collections out: the bots' messages and our vectors.")
def backup(parent: Path, no_messages: bool) -> None:
    """Back up our tables and the bots' collections into a new folder, named by the time.

    Runs may go on meanwhile. The folder holds what people said: keep it as you keep the database. Dagster's own history is not
    in it; nothing derived depends on it.
    """
    from whisper_enrich.backup.make import Surroundings, make_backup

    with opened(Pipeline()) as pipeline:
        around = Surroundings(pipeline.settings, pipeline.database, pipeline.store, pipeline.clock, step)
        folder = make_backup(around, parent, with_messages=not no_messages)
    out.print(f"Next, should it be needed: whisper-enrich restore {folder}", soft_wrap=True)


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False, exists=True))
@click.option(
    "--tombstones", multiple=True, type=click.Path(path_type=Path, dir_okay=False, exists=True),
    help="Another list of those who asked to be forgotten: the tombstones.json of a younger backup.",
)  # fmt: skip
@click.option("--no-messages", is_flag=True, help="Restore the tables alone.")
def restore(folder: Path, tombstones: tuple[Path, ...], no_messages: bool) -> None:
    """Restore a backup into an empty database, check it row by row, and bring it to this version.

    Stop the daemon first. Whoever asked to be forgotten after the backup was made is forgotten again. Collections are put back
    where there are none of that name; what the bots have written since is then found by the next run.
    """
    from whisper_enrich.backup.make import Surroundings
    from whisper_enrich.backup.restore import restore_backup

    settings = load_settings()
    database = Database(settings)
    try:
        pipeline = Pipeline(settings)
        around = Surroundings(settings, database, pipeline.store, pipeline.clock, step)
        restored = restore_backup(around, folder, tombstones=tombstones, with_messages=not no_messages)
    finally:
        database.close()
    for collection in restored.put_back:
        step(f"{collection} put back")
    for collection in restored.already_there:
        warn(f"{collection} is there and was left as it is.")
    _forget_again(settings, restored.tombstones)
    out.print(f"Restored as of {restored.manifest.made_at:%Y-%m-%d %H:%M} UTC, revision {restored.revision}.")
    out.print("Next: whisper-enrich reconcile, then whisper-enrich up")


def _forget_again(settings, merged: int) -> None:
    from whisper_enrich.stages.erasure import resume

    with opened(Pipeline(settings)) as pipeline:
        receipts = resume(pipeline.context(f"restore-{uuid4()}"))
    if merged or receipts:
        step(f"{merged} people had asked to be forgotten since; {len(receipts)} erasures were carried out again")
