"""`fact`, `diff` and `rollback`: what is known of a user, what a person rules about it, and earlier engine versions."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta

import click
from rich.markup import escape
from sqlalchemy import Connection

from whisper_enrich.cli.console import out, step, table
from whisper_enrich.cli.enrich import Day
from whisper_enrich.errors import InputError
from whisper_enrich.messages.model import Scope
from whisper_enrich.resources.pipeline import Pipeline, opened
from whisper_enrich.storage import fact_lookup, fact_rulings, profiles
from whisper_enrich.storage.facts import KnownFact, assertions_of, known_facts, render


def _of_a_person(command: Callable) -> Callable:
    """The options that say whose facts are meant."""
    command = click.option("--user", help="Whose facts: a user's id or name.  [default: the only one there is]")(
        command
    )
    return click.option("--bot", help="As known by this bot.  [default: the only one there is]")(command)


def _told_in(command: Callable) -> Callable:
    """The option for what callers in shared channels are told."""
    return click.option(
        "--scope", type=click.Choice(("all", "shared")), default="all", show_default=True,
        help="shared: as told in a shared channel, as if no dm had been written.",
    )(command)  # fmt: skip


def _scope(told: str) -> Scope:
    return Scope.SHARED if told == "shared" else Scope.DM


def _by(command: Callable) -> Callable:
    return click.option("--by", help="Who rules; it is kept with the ruling.  [default: the login name]")(command)


@click.group()
def fact() -> None:
    """What is known of a user: list it, reject or correct it, see how it came about.

    A ruling holds for everything said before it, whatever engine reads the messages again. What the user says afterwards
    counts anew.
    """


@fact.command("list")
@_of_a_person
@click.option("--on", type=Day(), help="What held on this UTC day, by all that is known.")
@click.option("--known-by", type=Day(), help="What was known at the end of this UTC day.")
@click.option("--rulings", is_flag=True, help="Show what persons have ruled instead.")
@_told_in
def list_command(
    bot: str | None, user: str | None, on: date | None, known_by: date | None, rulings: bool, scope: str
) -> None:
    """What is known of a user now, or was at another time. Confidence is as of now: it fades where the world changes."""
    if sum(map(bool, (on, known_by, rulings))) > 1:
        raise InputError("--on, --known-by and --rulings exclude each other. Give one.")
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("fact")
        with pipeline.database.connect() as connection:
            bot_name, user_id = _person(connection, bot, user)
            if rulings:
                _print_rulings(connection, bot_name, user_id)
            elif on or known_by:
                _print_earlier(connection, bot_name, user_id, on, known_by, _scope(scope))
            else:
                _print_facts(known_facts(connection, bot_name, user_id, _scope(scope)), pipeline.clock())


@fact.command()
@click.argument("which")
@_of_a_person
@_by
def reject(which: str, bot: str | None, user: str | None, by: str | None) -> None:
    """Rule that a fact is wrong. WHICH is its number in `fact list`, or its words."""
    from whisper_enrich.stages.fact_rulings import rule

    with opened(Pipeline()) as pipeline:
        known = _chosen(pipeline, which, bot, user)
        rule(pipeline.context("command-line"), known, by or getpass.getuser())
    step(f"Rejected: {known.content}")
    out.print("It stays rejected until the user says so again. `whisper-enrich fact list --rulings` shows all rulings.")


@fact.command()
@click.argument("which")
@click.argument("statement")
@_of_a_person
@click.option("--value", help="The value that takes the place of the fact's, e.g. leeds.")
@_by
def correct(which: str, statement: str, bot: str | None, user: str | None, value: str | None, by: str | None) -> None:
    """Rule that a fact should say STATEMENT. WHICH is its number in `fact list`, or its words."""
    from whisper_enrich.stages.fact_rulings import rule

    with opened(Pipeline()) as pipeline:
        known = _chosen(pipeline, which, bot, user)
        ruling = rule(pipeline.context("command-line"), known, by or getpass.getuser(), statement, value)
        with pipeline.database.connect() as connection:
            name = profiles.names_of(connection, [known.user_id])[known.user_id]
    step(f"Corrected: {known.content}")
    step(f"      now: {render(ruling.corrected_statement or '', name)}")


@fact.command()
@click.argument("number", type=int)
@click.option("--bot", required=True, help="The bot whose ruling it is.")
def undo(number: int, bot: str) -> None:
    """Take back the ruling NUMBER, as if it had never been made."""
    from whisper_enrich.stages.fact_rulings import take_back

    with opened(Pipeline()) as pipeline:
        user_id = take_back(pipeline.context("command-line"), bot, number)
    step(f"Ruling {number} on {user_id} is taken back.")


@fact.command()
@click.argument("words", required=False)
@_of_a_person
@_told_in
def history(words: str | None, bot: str | None, user: str | None, scope: str) -> None:
    """How what is known came about: when each fact held, from when to when it was believed, why it ended.

    WORDS limits it to facts that hold them, or to an attribute (lives_in).
    """
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("fact")
        with pipeline.database.connect() as connection:
            bot_name, user_id = _person(connection, bot, user)
            versions = fact_lookup.versions_of(connection, bot_name, user_id, words, _scope(scope))
    if not versions:
        out.print("Nothing of that was ever known.")
        return
    shown = table("attribute", "fact", "held", "known", "ended", "#conf.", "#messages")
    for v in versions:
        ended = "" if v.reason == "current" else v.reason + (f": {v.superseded_by}" if v.superseded_by else "")
        shown.add_row(
            v.attribute, escape(_planned(v.content, v.tense)), _span(v.valid_from, v.valid_to),
            _span(v.known_from.date(), v.known_to.date() if v.known_to else None), escape(ended), f"{v.confidence:.2f}",
            str(v.messages),
        )  # fmt: skip
    out.print(shown)


@click.command()
@click.option("--bot", required=True, help="The bot whose facts are compared.")
@click.option("--user", help="Only this user: id or name.  [default: all]")
@click.option("--from-version", help="The earlier engine version.  [default: the one replaced last]")
def diff(bot: str, user: str | None, from_version: str | None) -> None:
    """What another engine version has added, removed and changed: the facts of an earlier version against those of now."""
    from whisper_enrich.stages.fact_history import differences, version_to_compare

    with opened(Pipeline()) as pipeline:
        pipeline.preflight("diff")
        with pipeline.database.connect() as connection:
            user_id = _person(connection, bot, user)[1] if user else None
            version = version_to_compare(connection, bot, user_id, from_version)
            found = differences(connection, bot, user_id, version)
    if not found:
        out.print(f"No fact differs from version {version}.")
        return
    shown = table("user", "what", "attribute", f"version {version}", "now", "#conf. then", "#now")
    for d in found:
        figures = ["" if c is None else f"{c:.2f}" for c in (d.confidence_then, d.confidence_now)]
        shown.add_row(
            escape(d.user_id), d.change.value, escape(d.attribute), escape(d.then or ""), escape(d.now or ""), *figures
        )
    out.print(shown)
    counts = ", ".join(f"{sum(d.change == kind for d in found)} {kind}" for kind in ("added", "removed", "changed"))
    out.print(f"Against version {version}: {counts}.")


@click.command()
@click.option("--bot", required=True, help="The bot whose facts go back.")
@click.option("--user", help="Only this user: id or name.  [default: all]")
@click.option("--to-version", required=True, help="The engine version to go back to.")
def rollback(bot: str, user: str | None, to_version: str) -> None:
    """Go back to the facts of an earlier engine version. Nothing is read again, and what counted until now is kept."""
    from whisper_enrich.stages.fact_history import rollback as roll_back

    with opened(Pipeline()) as pipeline:
        ctx = pipeline.context("command-line")
        with pipeline.database.connect() as connection:
            user_id = _person(connection, bot, user)[1] if user else None
        result = roll_back(ctx, bot, user_id, to_version)
    step(
        f"{result.messages} messages of {result.users} users are back at version {to_version}; {result.assertions} assertions "
        "count again."
    )
    out.print("They stay so until `whisper-enrich enrich --stale` asks for the version in force.")


def _person(connection: Connection, bot: str | None, user: str | None) -> tuple[str, str]:
    """The bot and user meant. Raises `InputError` that lists what there is."""
    found = [
        (bot_name, user_id)
        for bot_name, user_id, name in fact_lookup.people(connection)
        if bot in (None, bot_name) and (user is None or user == user_id or user.casefold() == (name or "").casefold())
    ]
    if not found:
        wanted = " and ".join(f"{what} '{given}'" for what, given in (("bot", bot), ("user", user)) if given)
        raise InputError(f"Nothing is known for {wanted or 'anybody'} yet. `whisper-enrich status` shows the bots.")
    if len(found) > 1:
        few = ", ".join(f"--bot {bot_name} --user {user_id}" for bot_name, user_id in found[:3])
        raise InputError(f"{len(found)} people fit. Say which, e.g. {few}.")
    return found[0]


def _chosen(pipeline: Pipeline, which: str, bot: str | None, user: str | None) -> KnownFact:
    from whisper_enrich.stages.fact_rulings import chosen_fact

    pipeline.preflight("fact")
    with pipeline.database.connect() as connection:
        owner = fact_lookup.owner_of_fact(connection, int(which)) if which.isdigit() and not (bot or user) else None
        bot_name, user_id = owner or _person(connection, bot, user)
        facts = known_facts(connection, bot_name, user_id)
        facts += [known for known in known_facts(connection, bot_name, user_id, Scope.SHARED) if known.apart]
        return chosen_fact(facts, which)


def _print_facts(facts: Sequence[KnownFact], now: datetime) -> None:
    from whisper_enrich.facts.ageing import confidence_at

    if not facts:
        out.print("Nothing is known now. `whisper-enrich fact history` shows what once was.")
        return
    shown = table("number", "category", "attribute", "fact", "held", "#conf.", "#messages", "scope")
    for known in facts:
        shown.add_row(
            str(known.id), known.category, escape(known.attribute), escape(_planned(known.content, known.tense)),
            _span(known.valid_from, known.valid_to), f"{confidence_at(known, now):.2f}", str(known.mentions), known.scope,
        )  # fmt: skip
    out.print(shown)


def _print_earlier(
    connection: Connection, bot_name: str, user_id: str, on: date | None, known_by: date | None, told_in: Scope
) -> None:
    from whisper_enrich.facts import fold as folding

    assertions = [s.assertion for s in assertions_of(connection, bot_name, [user_id])[user_id]]
    rulings = [r.ruling for r in fact_rulings.rulings_of(connection, bot_name, [user_id])[user_id]]
    if on is not None:
        told = folding.held_on(folding.fold(assertions, rulings=rulings, scope=told_in).versions, on)
    else:
        end = datetime.combine(known_by or date.max, time.max, UTC)
        told = folding.known_by(assertions, end, rulings=rulings, scope=told_in).facts
    name = profiles.names_of(connection, [user_id])[user_id]
    shown = table("category", "attribute", "fact", "held", "#conf.")
    for known in told:
        content = _planned(render(known.statement, name), known.tense)
        held = _span(known.valid_from, known.valid_to)
        shown.add_row(known.category.value, escape(known.attribute), escape(content), held, f"{known.confidence:.2f}")
    out.print(shown if told else "Nothing.")


def _print_rulings(connection: Connection, bot_name: str, user_id: str) -> None:
    rulings = [stored.ruling for stored in fact_rulings.rulings_of(connection, bot_name, [user_id])[user_id]]
    if not rulings:
        out.print("Nobody has ruled on anything.")
        return
    name = profiles.names_of(connection, [user_id])[user_id]
    shown = table("number", "ruling", "fact", "now", "by", "at")
    for ruling in rulings:
        now = render(ruling.corrected_statement, name) if ruling.corrected_statement else ""
        shown.add_row(
            str(ruling.number), ruling.kind.value, escape(render(ruling.statement, name)), escape(now),
            escape(ruling.ruled_by), f"{ruling.ruled_at:%Y-%m-%d %H:%M}",
        )  # fmt: skip
    out.print(shown)


def _planned(content: str, tense: str) -> str:
    return f"(plan) {content}" if tense == "future" else content


def _span(first: date | None, end: date | None) -> str:
    """Half-open days as a person writes them: both included."""
    if first is None and end is None:
        return ""
    if first is not None and end is not None and end <= first:
        return "never" if end == first else f"{first}"
    last = end - timedelta(days=1) if end else None
    return f"{first or '?'} to {last}" if last else f"since {first}"
