"""`forget` and `export`: what a person may ask for."""

from __future__ import annotations

import json
import os
from pathlib import Path

import click

from whisper_enrich.cli.console import out, step, table, warn
from whisper_enrich.errors import InputError
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.rights.receipt import Receipt
from whisper_enrich.settings import Settings
from whisper_enrich.stages import erasure, personal_export, pii_application
from whisper_enrich.stages.erasure import PATIENCE_SECONDS, Wish
from whisper_enrich.storage import erasures, portraits

_RUN = "command-line"


@click.command()
@click.option("--user", help="The person's id, as the bots store it.")
@click.option("--bot", help="Only what this bot's conversations led to; else all bots'.")
@click.option("--with-messages", is_flag=True, help="Delete their messages from the message store, too.")
@click.option("--and-opt-out", is_flag=True, help="Derive nothing from what they say later either.")
@click.option("--lift", is_flag=True, help="End that: derive from what they say from now on.")
@click.option("--dry-run", is_flag=True, help="Only count what there is.")
@click.option("--yes", is_flag=True, help="Do not ask first.")
@click.option("--resume", is_flag=True, help="Go on with what was interrupted, or came back with a restored backup.")
@click.option(
    "--patience",
    type=click.FloatRange(0),
    default=PATIENCE_SECONDS,
    show_default=True,
    help="Seconds that a run under way may go on before it is fenced off.",
)
@click.option("--json", "as_json", is_flag=True, help="The receipt as JSON.")
def forget(
    user: str | None, bot: str | None, with_messages: bool, and_opt_out: bool, lift: bool, dry_run: bool, yes: bool,
    resume: bool, patience: float, as_json: bool,
) -> None:  # fmt: skip
    """Erase everything that was derived from a person, and never derive it again.

    Facts and their history, summaries, caches, snapshots, answers of a model, requests, reports, vectors and marks go; figures
    of what a model cost stay without the person. Their messages stay in the message store, and are left out from now on, unless
    --with-messages deletes them. What they say later is a new start, unless --and-opt-out is given. A tombstone without their id
    outlives the restore of an older backup.
    """
    if resume == bool(user):
        raise InputError("Say whom to forget with --user, or go on with what was interrupted by --resume.")
    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context(_RUN)
        if resume:
            receipts = erasure.resume(ctx, bot, patience_seconds=patience)
            if not receipts:
                step("Nothing was left to erase.")
            for receipt in receipts:
                _tell(receipt, pipeline.settings, as_json)
            return
        with pipeline.database.connect() as connection:
            portraits.refuse_a_name(connection, str(user))
        if lift:
            with pipeline.database.begin() as connection:
                lifted = erasures.lift(connection, str(user), pipeline.clock())
                erasures.write_beside(pipeline.settings, erasures.tombstones_of(connection))
            step(f"{lifted} tombstones no longer hold for what is said from now on.")
            return
        wish = Wish(str(user), bot, with_messages, and_opt_out)
        if not dry_run and not yes:
            _tell(erasure.foresee(ctx, wish), pipeline.settings, as_json=False)
            click.confirm("Erase this? It cannot be undone.", abort=True)
        receipt = erasure.foresee(ctx, wish) if dry_run else erasure.forget(ctx, wish, patience_seconds=patience)
        _tell(receipt, pipeline.settings, as_json, wish)


def _tell(receipt: Receipt, settings: Settings, as_json: bool, wish: Wish | None = None) -> None:
    notes = [*receipt.notes, *_notes(receipt, settings, wish)]
    if as_json:
        click.echo(json.dumps({**receipt.as_json(), "notes": notes}, indent=2))
        return
    shown = table("where", "#there now" if receipt.dry_run else "#erased")
    for name, number in receipt.counts.items():
        shown.add_row(name, str(number))
    if not receipt.counts:
        step("There is nothing of this person.")
    out.print(shown)
    for table_name, number in receipt.named.items():
        warn(f"{number} rows of {table_name} still name the person in a column that this version does not know.")
    for note in notes:
        warn(note)
    if receipt.tombstone is not None:
        step(f"Forgotten with {len(receipt.bots)} bots. Receipt {receipt.tombstone}.")


def _notes(receipt: Receipt, settings: Settings, wish: Wish | None) -> list[str]:
    """What a person should know of an erasure beside its counts."""
    notes = []
    if wish is not None and not wish.with_messages:
        notes.append(
            "Their messages stay in the message store. The next run marks them as left out, so that they are not looked at again."
        )
    if wish is not None and not wish.for_good:
        notes.append("What they say from now on is a new start; with --and-opt-out nothing is derived from it either.")
    if wish is not None and wish.bot_name is not None:
        notes.append("Their name, time zone and opt-out stay: they are not of one bot.")
    if receipt.pseudonymised.get("model_batches"):
        notes.append(
            "The provider still has what was handed to its batch endpoint; the answers will be dropped unread."
        )
    notes.append(
        "Dagster's event log is kept by Dagster: figures of past runs may show the id, and where ENRICHMENT_METADATA_PREVIEW was "
        "on also statements and summaries, until these runs are pruned or deleted."
    )
    if settings.llm_recordings is not None:
        notes.append(f"Recorded answers in {settings.llm_recordings} are not looked through: remove that folder.")
    notes.append("Backups made before still hold what was erased; after a restore it is erased again.")
    return notes


@click.group()
def pii() -> None:
    """Personal data in texts: e-mail and postal addresses, numbers of phones, cards and accounts (ENRICHMENT_PII)."""


@pii.command("apply")
@click.option("--bot", help="Only what this bot's conversations led to; else all bots'.")
@click.option("--dry-run", is_flag=True, help="Only count what would change.")
def apply_command(bot: str | None, dry_run: bool) -> None:
    """Mask or drop in what is stored already what ENRICHMENT_PII shows no engine any more.

    Statements, quotes, summaries and stored answers are changed in place; features and caches by the next run. It does not bring
    back what was masked: `whisper-enrich enrich --stale` does, after the setting was changed.
    """
    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context(_RUN)
        bots = [one.bot_name for one in ctx.store.bots() if bot in (None, one.bot_name)]
        shown = table("bot", "where", "#to change" if dry_run else "#changed")
        for name in [ctx.collection_of(bot).bot_name] if bot else bots:
            result = pii_application.apply_policy(ctx, name, dry_run=dry_run)
            for where, rows in {**result.rows, "days of features": result.days}.items():
                if rows:
                    shown.add_row(name, where, str(rows))
            if result.users and not dry_run:
                step(f"{name}: the next run makes features and caches of {result.users} users anew.")
    out.print(shown if shown.row_count else "Nothing that is stored holds what the policy masks or drops.")


@click.command()
@click.option("--user", required=True, help="The person's id, as the bots store it.")
@click.option("--bot", help="Only of this bot's conversations; else of all bots'.")
@click.option("--with-messages", is_flag=True, help="Also their messages, as the message store has them.")
@click.option("--out", "path", type=click.Path(dir_okay=False, path_type=Path), help="A file; else it is printed.")
def export(user: str, bot: str | None, with_messages: bool, path: Path | None) -> None:
    """Hand out all that is stored about a person, as JSON: every row with its evidence, and what each table is for.

    docs/privacy.md describes the format.
    """
    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context(_RUN)
        with pipeline.database.connect() as connection:
            portraits.refuse_a_name(connection, user)
        content = personal_export.export(ctx, user, bot, with_messages=with_messages)
    text = json.dumps(content, indent=2, ensure_ascii=False, default=str)
    if path is None:
        click.echo(text)
        return
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text + "\n")
    rows = sum(len(rows) for rows in content["tables"].values())
    step(f"Wrote {rows} rows of {sum(map(bool, content['tables'].values()))} tables to {path}.")
