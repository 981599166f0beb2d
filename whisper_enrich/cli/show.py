"""`show`: a person's whole picture, in the terminal or as a page."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.markup import escape as escaped

from whisper_enrich.cli.console import out, step, table
from whisper_enrich.cli.enrich import Day
from whisper_enrich.errors import InputError
from whisper_enrich.portrait.model import Figure, Listing, Portrait, Section
from whisper_enrich.portrait.wording import DAYS, harmless
from whisper_enrich.resources.pipeline import Pipeline, opened

if TYPE_CHECKING:
    from whisper_enrich.portrait.assemble import Known

_SHADES = " ░▒▓█"
_ID_WIDTH = 36


@click.command()
@click.option("--bot", required=True, help="The bot.")
@click.option("--user", required=True, help="The user: id or name.")
@click.option("--as-of", "day", type=Day(), help="As it was at the end of this UTC day.  [default: now]")
@click.option(
    "--scope", type=click.Choice(("all", "shared")), default="all", show_default=True,
    help="shared: leave out what was said in a dm alone.",
)  # fmt: skip
@click.option("--evidence", is_flag=True, help="Name the messages that facts and items rest on.")
@click.option("--html", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write a page with pictures.")
def show(bot: str, user: str, day: date | None, scope: str, evidence: bool, file: Path | None) -> None:
    """Everything that is known of a person: facts, summaries, and the six analyses, with what they rest on.

    What is not known is said too, with the reason. The page is one file that needs nothing else.
    """
    from whisper_enrich.portrait.assemble import portrait_of
    from whisper_enrich.portrait.reading import read_person
    from whisper_enrich.strategic.validity import Limits

    private = scope == "all"
    with opened(Pipeline()) as pipeline:
        pipeline.preflight("show")
        settings = pipeline.settings
        limits = Limits(
            settings.cache_ttl_seconds, settings.cache_max_unread_messages, settings.worker_silence_seconds
        )  # fmt: skip
        with pipeline.database.connect() as connection:
            known = read_person(
                connection, bot, user, now=pipeline.clock(), day=day, private=private,
                limits=limits,
            )  # fmt: skip
    portrait = portrait_of(known, private=private)
    if file is None:
        _print(portrait, evidence)
    else:
        _write_page(file, portrait, known, private)


def _write_page(file: Path, portrait: Portrait, known: Known, private: bool) -> None:
    """Raises `InputError` where the file cannot be written."""
    from whisper_enrich.plots.person import person_pictures
    from whisper_enrich.portrait.assemble import drawable
    from whisper_enrich.portrait.page import page

    pictures = person_pictures(drawable(known, private=private), known.at)
    try:
        file.write_text(page(portrait, pictures), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{file} cannot be written: {error.strerror}. Give another file.") from None
    step(f"Wrote {file}: {portrait.name} with {portrait.bot}, {len(pictures)} pictures.")


def escape(words: str) -> str:
    """Words as text of the terminal, whatever they hold."""
    return escaped(harmless(words))


def _print(portrait: Portrait, evidence: bool) -> None:
    head, *lines = portrait.lines
    out.print(f"[bold]{escape(head)}[/]", soft_wrap=True)
    out.print(escape(" · ".join(lines)), soft_wrap=True)
    out.print(f"[dim]as of {escape(portrait.as_of)}[/]")
    for section in portrait.sections:
        _print_section(section, evidence)


def _print_section(section: Section, evidence: bool) -> None:
    out.print()
    out.rule(f"[bold]{escape(section.title)}[/]", align="left", style="dim")
    if section.state:
        style = {True: "green", False: "yellow", None: "dim"}[section.fresh]
        out.print(f"[{style}]{escape(section.state)}[/]", soft_wrap=True)
    for one in section.sentences:
        out.print(f"• {escape(one.text)}{_mark(one.private)}")
    if section.figures:
        out.print()
        _print_figures(section.figures)
    if section.grid:
        _print_week(section.grid)
    for listing in section.listings:
        _print_listing(listing, evidence)
    for label, value in section.rest:
        out.print(f"[dim]{escape(label)}: {escape(value)}[/]")


def _mark(private: bool) -> str:
    return " [yellow](dm)[/]" if private else ""


def _print_figures(figures: Sequence[Figure]) -> None:
    shown = table("what", "value", "95% interval", "from", "note")
    for column in (shown.columns[0], *shown.columns[2:4]):
        column.no_wrap = True
    for one in figures:
        value = escape(one.value) if one.known else f"[dim]{escape(one.value)}[/]"
        shown.add_row(escape(one.label), value, escape(one.interval), escape(one.count), escape(one.note))
    out.print(shown)


def _print_listing(listing: Listing, evidence: bool) -> None:
    if listing.title:
        out.print(f"\n[bold]{escape(listing.title)}[/]" + ("" if listing.items else f": {escape(listing.empty)}"))
    elif not listing.items:
        out.print(escape(listing.empty))
    if not listing.items:
        return
    named = evidence and any(item.evidence for item in listing.items)
    shown = table(*listing.columns, *(("messages",) if named else ()))
    if named:
        shown.columns[-1].overflow, shown.columns[-1].min_width = "fold", _ID_WIDTH
    for item in listing.items:
        first, *others = map(escape, item.cells)
        shown.add_row(
            first + _mark(item.private), *others, *(("\n".join(map(escape, item.evidence)),) if named else ())
        )
    out.print(shown)


def _print_week(grid: Sequence[Sequence[float]]) -> None:
    """The hours of the week in five shades."""
    most = max(max(row) for row in grid) or 1.0
    out.print(f"\n[dim]{'hour':<10} {'0':<12}{'6':<12}{'12':<12}{'18':<12}[/]")
    for day, row in zip(DAYS, grid, strict=True):
        cells = "".join(_SHADES[min(int(share / most * len(_SHADES)), len(_SHADES) - 1)] * 2 for share in row)
        out.print(f"[dim]{day:<10}[/] {cells}")
