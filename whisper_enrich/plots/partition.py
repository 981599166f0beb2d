"""One small picture a cache for a partition of a bot: several users at once, without a word that somebody said."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from whisper_enrich.plots.canvas import BLUE, INK, MUTED, RED, Sheet, outward, sheet, short
from whisper_enrich.plots.hours import DAYS, draw_quiet, draw_week, week_of
from whisper_enrich.plots.memories import draw_fitted, draw_memories, fitted, strongest_and_weakest
from whisper_enrich.plots.performance import MEASURES, draw_users, series_of
from whisper_enrich.plots.timeline import blocks_of, draw_rows
from whisper_enrich.plots.traits import draw_many, traits_of

WIDTH, HEIGHT = 480.0, 240.0
MOST_USERS = 6
MOST_TRAITS = 7
BOT_WIDE = ""
"""The user id of the row over all users."""

_GRIDS = {1: (1, 1), 2: (1, 2), 3: (1, 3), 4: (2, 2), 5: (2, 3), 6: (2, 3)}

Row = Mapping[str, Any]
T = TypeVar("T")


def partition_picture(cache: str, rows: Mapping[str, Row], *, with_words: bool = False) -> bytes | None:
    """A PNG of at most about 12 KB; None where no row holds enough for a picture.

    ``rows`` are values by field of each user's row, the users first that are to be shown (six of them are). Without
    ``with_words`` users are numbered in this order, and no topic is written.
    """
    users = {user: values for user, values in rows.items() if user != BOT_WIDE}
    labels = {user: short(user, 14) if with_words else f"user {number}" for number, user in enumerate(users, start=1)}
    with sheet(WIDTH, HEIGHT) as page:
        if not _DRAWERS[cache](page, rows, labels, with_words):
            return None
        return page.png()


def markdown(picture: bytes, says: str) -> str:
    """The picture within a line of Markdown."""
    return f"![{says}](data:image/png;base64,{b64encode(picture).decode()})"


def _known(
    rows: Mapping[str, Row], labels: Mapping[str, str], read: Callable[[Row], T | None]
) -> tuple[list[tuple[str, T]], int]:
    """The first users of whom there is enough, and how many there are."""
    found = [(label, one) for user, label in labels.items() if (one := read(rows[user]))]
    return found[:MOST_USERS], len(found)


def _head(page: Sheet, title: str, shown: int, known: int) -> None:
    page.text(6, 4, title, color=INK, fontweight="bold")
    if known > shown:
        page.text(page.width - 6, 4, f"{shown} of {known} users", color=MUTED, ha="right")


def _cells(page: Sheet, labels: Sequence[str], *, left: float, bottom: float) -> list[Any]:
    """Axes in a grid, titled; only the outer ones have ticks with words."""
    lines, columns = _GRIDS[len(labels)]
    gap, title, top = 12.0, 16.0, 20.0
    width = (page.width - left - 8 - gap * (columns - 1)) / columns
    height = (page.height - top - bottom - title * lines) / lines
    cells = []
    for number, label in enumerate(labels):
        line, column = divmod(number, columns)
        axes = page.axes(left + column * (width + gap), top + title + line * (height + title), width, height)
        axes.set_title(label, color=INK)
        cells.append(axes)
    return cells


def _only_outer_ticks(cells: Sequence[Any]) -> None:
    """Within the grid neighbours share their scales."""
    columns = _GRIDS[len(cells)][1]
    for number, axes in enumerate(cells):
        if number % columns:
            axes.tick_params(labelleft=False)
        if number + columns < len(cells):
            axes.tick_params(labelbottom=False)


def _memory_health(page: Sheet, rows: Mapping[str, Row], labels: Mapping[str, str], named: bool) -> bool:
    def read(values: Row) -> tuple[list, list] | None:
        found = strongest_and_weakest(values)
        return found if found[0] else None

    users, known = _known(rows, labels, read)
    if not users:
        return False
    alone = named and len(users) == 1
    _head(page, "Chance that memories come to mind, strongest and weakest", len(users), known)
    cells = _cells(page, [label for label, _ in users], left=38, bottom=32)
    if alone:
        cells[0].set_position((38 / WIDTH, 32 / HEIGHT, (WIDTH - 38 - 116) / WIDTH, (HEIGHT - 68) / HEIGHT))
    for axes, (_, (strong, weak)) in zip(cells, users, strict=True):
        draw_memories(axes, strong, weak, named=alone, compact=len(users) > 3)
    lowest = min(axes.get_ylim()[0] for axes in cells)
    for axes in cells:
        axes.set_ylim(lowest, 1.0)
        axes.set_yticks([1.0, (1.0 + lowest) / 2, lowest], [f"{x:.0%}" for x in (1.0, (1.0 + lowest) / 2, lowest)])
        axes.set_xticks([-28, 0, 28], ["−28 d", "now", "+28 d"])
        outward(axes)
    _only_outer_ticks(cells)
    page.legend(38, page.height - 12, ("strongest", BLUE), ("weakest", RED), ("dotted line: at risk below 80%", MUTED))
    return True


def _memory_behavior(page: Sheet, rows: Mapping[str, Row], labels: Mapping[str, str], named: bool) -> bool:
    users, known = _known(rows, labels, fitted)
    if not users:
        return False
    _head(page, "Fitted forgetting curves, for a typical memory of each user", len(users), known)
    axes = page.axes(38, 24, page.width - 38 - 92, page.height - 60)
    draw_fitted(axes, users)
    axes.set_xlabel("days since it was last named; the paler, the more a curve is that of all users", loc="left")
    return True


def _engagement(page: Sheet, rows: Mapping[str, Row], labels: Mapping[str, str], named: bool) -> bool:
    users, known = _known(rows, labels, week_of)
    if not users:
        return False
    _head(page, "When users are there, by hour of the week", len(users), known)
    cells = _cells(page, [label for label, _ in users], left=30, bottom=34)
    for axes, (_, week) in zip(cells, users, strict=True):
        draw_week(axes, week)
        draw_quiet(axes, week.quiet, named=False)
        if len(users) > 3:
            axes.set_yticks([0.5, 3.5, 6.5], [DAYS[0], DAYS[3], DAYS[6]])
    _only_outer_ticks(cells)
    parts = [("local hour", MUTED), ("best time", RED), ("grey: too few messages, as all users", MUTED)]
    if any(week.quiet for _, week in users):
        parts.insert(1, ("line: quiet hours", INK))
    page.legend(30, page.height - 12, *parts)
    return True


def _patterns(page: Sheet, rows: Mapping[str, Row], labels: Mapping[str, str], named: bool) -> bool:
    users, known = _known(rows, labels, blocks_of)
    if not users:
        return False
    _head(page, "Topics of the last conversations, a block each", len(users), known)
    axes = page.axes(84 if named else 46, 24, page.width - (84 if named else 46) - 8, page.height - 62)
    draw_rows(axes, users, named=named)
    axes.set_xlabel("minutes of conversation; pauses are gaps", loc="left")
    page.text(page.width - 8, page.height - 14, "abrupt change", color=RED, ha="right")
    return True


def _performance(page: Sheet, rows: Mapping[str, Row], labels: Mapping[str, str], named: bool) -> bool:
    by_user = {user: {one.measure: one for one in series_of(values)} for user, values in rows.items()}
    bot = by_user.pop(BOT_WIDE, {})
    measures = [m for m in MEASURES if m != "quality" and (m in bot or any(m in one for one in by_user.values()))]
    if not measures:
        return False
    page.text(6, 4, "Scores by day (0 to 1)", color=INK, fontweight="bold")
    width = (page.width - 26 - 10 - 24 * (len(measures) - 1)) / len(measures)
    for number, measure in enumerate(measures):
        axes = page.axes(26 + number * (width + 24), 40, width, page.height - 40 - 40)
        draw_users(axes, measure, [one[measure] for one in by_user.values() if measure in one], bot.get(measure))
    parts = [("over all users, with trend", BLUE), ("stands out", RED)] if bot else [("median of the users", BLUE)]
    page.legend(26, page.height - 14, ("a dot a user and day", MUTED), *parts)
    return True


def _traits(page: Sheet, rows: Mapping[str, Row], labels: Mapping[str, str], named: bool) -> bool:
    users, known = _known(rows, labels, traits_of)
    if not users:
        return False
    _head(page, "Users' response to the bot's traits (95% intervals, a dot a user)", len(users), known)
    axes = page.axes(104, 24, page.width - 104 - 12, page.height - 62)
    draw_many(axes, [traits for _, traits in users], MOST_TRAITS)
    axes.set_xlabel("users' response after them; 2/3: two of three get more of it than usual", loc="left")
    return True


_DRAWERS: dict[str, Callable[[Sheet, Mapping[str, Row], Mapping[str, str], bool], bool]] = {
    "strategic_memory_health": _memory_health,
    "strategic_memory_behavior": _memory_behavior,
    "strategic_engagement_opportunities": _engagement,
    "strategic_conversation_patterns": _patterns,
    "strategic_character_performance": _performance,
    "strategic_personality_profiles": _traits,
}
