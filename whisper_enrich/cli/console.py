"""How the command line speaks."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

_WIDTH_OF_A_FILE = 120

out = Console(highlight=False)
if not out.is_terminal:
    out = Console(highlight=False, width=_WIDTH_OF_A_FILE)
_err = Console(stderr=True, highlight=False)


def complain(message: str) -> None:
    """One plain line about what is wrong and what to do."""
    _err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)


def warn(message: str) -> None:
    """One plain line about what a person should know."""
    _err.print(f"[yellow]Note:[/] {escape(message)}", soft_wrap=True)


def step(message: str) -> None:
    """One step of a longer command is done."""
    out.print(f"[green]✓[/] {escape(message)}", soft_wrap=True)


def table(*columns: str, title: str | None = None) -> Table:
    """A table whose columns after the first that begin with ``#`` hold numbers."""
    built = Table(
        title=title, title_justify="left", header_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0)
    )
    for column in columns:
        built.add_column(column.lstrip("#"), justify="right" if column.startswith("#") else "left")
    return built


def progress_bar() -> Progress:
    """A progress bar; on what is no terminal it prints its last state only."""
    return Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=out,
        disable=not out.is_terminal,
    )  # fmt: skip


def duration(seconds: float | None) -> str:
    """Seconds for a person: 4s, 3m 20s, 5h, 2d."""
    if seconds is None:
        return "-"
    if seconds < 60:
        return f"{seconds:.0f}s"
    if seconds < 3600:
        return f"{int(seconds // 60)}m {int(seconds % 60)}s"
    return f"{seconds / 3600:.0f}h" if seconds < 172_800 else f"{seconds / 86_400:.0f}d"
