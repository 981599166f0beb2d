"""The hours of the week at which a user is there: Monday to Sunday by hour, quiet hours, the best time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from whisper_enrich.plots.canvas import BLUE, INK, MUTED, PAPER, RED, TEXT, Sheet, bare

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@dataclass(frozen=True)
class Week:
    """``shares`` [7, 24] sum to 1. ``best`` is (weekday, hour). ``own``: from this user's messages, else everybody's."""

    shares: np.ndarray
    best: tuple[int, int] | None
    quiet: tuple[int, ...]
    zone: str
    zone_known: bool
    own: bool
    messages: int


def week_of(values: Mapping[str, Any]) -> Week | None:
    """From a row of strategic_engagement_opportunities; None where nobody has written."""
    presence = values.get("presence") or {}
    if not presence.get("week"):
        return None
    hour, day = values.get("optimal_engagement_hour"), values.get("optimal_engagement_day")
    return Week(
        shares=np.asarray(presence["week"], dtype=float).reshape(7, 24),
        best=None if hour is None or day is None else (int(day), int(hour)),
        quiet=tuple(int(one) for one in presence.get("quiet_hours") or ()),
        zone=str(presence.get("zone") or "UTC"),
        zone_known=presence.get("zone_source") != "unknown",
        own=presence.get("source") == "own",
        messages=int(presence.get("messages") or 0),
    )


def draw_week(axes: Axes, week: Week, *, cells: bool = False) -> None:
    """An hour is the deeper, the likelier it is; as a picture of 7 x 24 points, or as ``cells`` of their own."""
    from matplotlib.colors import to_rgb
    from matplotlib.patches import Rectangle

    colours = np.empty((7, 24, 4))
    colours[..., :3] = to_rgb(BLUE if week.own else MUTED)
    colours[..., 3] = np.round(0.04 + 0.96 * week.shares / week.shares.max(), 2)
    if cells:
        _draw_cells(axes, colours)
    else:
        axes.imshow(colours, extent=(0, 24, 7, 0), aspect="auto", interpolation="nearest")
    if week.best is not None:
        day, hour = week.best
        axes.add_patch(Rectangle((hour, day), 1, 1, fill=False, edgecolor=PAPER, lw=2.6, clip_on=False))
        axes.add_patch(Rectangle((hour, day), 1, 1, fill=False, edgecolor=RED, lw=1.4, clip_on=False))
    axes.set_xlim(0, 24)
    axes.set_ylim(7, 0)
    axes.set_xticks([0, 6, 12, 18, 24])
    axes.set_yticks(np.arange(7) + 0.5, DAYS)
    bare(axes, "left", "bottom")


def _draw_cells(axes: Axes, colours: np.ndarray, gap: float = 0.06) -> None:
    from matplotlib.collections import PolyCollection

    day, hour = (grid.ravel()[:, None, None] for grid in np.mgrid[0:7, 0:24])
    corners = np.array([[0.0, 0.0], [1.0 - gap, 0.0], [1.0 - gap, 1.0 - gap], [0.0, 1.0 - gap]]) + gap / 2
    places = corners + np.concatenate((hour, day), axis=2)
    axes.add_collection(PolyCollection(places, facecolors=colours.reshape(-1, 4), linewidths=0))


def draw_quiet(axes: Axes, quiet: Sequence[int], *, named: bool) -> None:
    """A line along the quiet hours: above with its name, else below."""
    for first, last in runs(quiet):
        place = -0.3 if named else 7.0
        axes.plot(
            [first, last + 1], [place] * 2, color=MUTED if named else INK, lw=2.0, clip_on=False, solid_capstyle="butt"
        )
        if named:
            axes.text((first + last + 1) / 2, -0.5, "quiet", color=MUTED, ha="center", va="bottom", fontsize=TEXT - 1)


def runs(hours: Sequence[int]) -> list[tuple[int, int]]:
    """Hours that follow each other, as first and last."""
    found: list[tuple[int, int]] = []
    for hour in sorted(set(hours)):
        if found and found[-1][1] == hour - 1:
            found[-1] = (found[-1][0], hour)
        else:
            found.append((hour, hour))
    return found


def best_in_words(week: Week) -> str:
    """The best time, or that none is known."""
    if week.best is None:
        return "no best time known yet"
    day, hour = week.best
    return f"best: {DAYS[day]} {hour}:00 to {(hour + 1) % 24}:00"


def week_sheet(page: Sheet, week: Week) -> None:
    """The person's picture of strategic_engagement_opportunities."""
    axes = page.axes(34, 36, page.width - 34 - 10, page.height - 36 - 36)
    draw_week(axes, week, cells=True)
    draw_quiet(axes, week.quiet, named=True)
    zone = week.zone if week.zone_known else f"{week.zone}, the user's zone is not known"
    axes.set_xlabel(f"hour of the day ({zone})", loc="left")
    whose = f"from {week.messages} messages" if week.own else "of all users: too few messages of this one"
    page.text(4, 3, f"When the user is there, {whose}", color=INK)
    page.text(page.width - 10, 3, best_in_words(week), color=RED if week.best else MUTED, ha="right")
