"""`user`: what is known of how to treat a person."""

from __future__ import annotations

import click

from whisper_enrich.cli.console import out, step, table
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.storage import ledger, model_answers, profiles


@click.command()
@click.argument("user_id")
@click.option("--name", help="What to call them.")
@click.option("--time-zone", help="IANA name, e.g. Europe/Lisbon: days and hours are then read as theirs.")
@click.option(
    "--model/--no-model", "model", default=None, help="Whether their messages may be sent to a language model."
)
def user(user_id: str, name: str | None, time_zone: str | None, model: bool | None) -> None:
    """Show or set a user's name, time zone, and whether a language model may read their messages.

    Where a model is used, messages of a user with --no-model are left out with the reason 'model_opt_out'; the raw answers
    of the model about them are erased.
    """
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("user")
        with pipeline.database.begin() as connection:
            if name is not None or time_zone is not None or model is not None:
                opt_out = None if model is None else not model
                profiles.set_profile(
                    connection, user_id, display_name=name, time_zone=time_zone, model_opt_out=opt_out
                )  # fmt: skip
                step(f"Stored what was said about user '{user_id}'.")
            if model is False:
                erased = model_answers.erase_user(connection, user_id)
                step(f"Erased {erased.answers} raw answers of the model about them.")
            if model is True:
                waiting = ledger.reopen_left_out(connection, user_id, "model_opt_out")
                step(f"{waiting} messages that were left out wait again.")
            person = profiles.persons(connection, [user_id])[user_id]
            called = profiles.names_of(connection, [user_id])[user_id]
    shown = table("user", "name", "time zone", "language model")
    shown.add_row(user_id, called, str(person.zone), "opted out" if person.model_opt_out else "may be used")
    out.print(shown)
