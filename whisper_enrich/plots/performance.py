"""How a bot does from day to day: series with their trend, steps and outliers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np

from whisper_enrich.plots.canvas import BLUE, INK, MUTED, RED, RULE, TEXT, Sheet, outward

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MEASURES = {
    "engagement": "engagement_score_avg",
    "satisfaction": "satisfaction_score_avg",
    "coherence": "coherence_score_avg",
    "quality": "avg_quality_score",
}
"""Scores of 0 to 1 and the field that has each over the last seven days."""

FEWEST_DAYS = 2
PANEL = 62.0
_VERDICTS = {
    "improving": "improving",
    "stable": "stable",
    "declining": "declining",
    "inconclusive": "no clear trend",
    "too_few_days": "too few days for a trend",
}


@dataclass(frozen=True)
class Series:
    """A measure by day. ``trend`` holds the fields of `whisper_enrich.strategic.trends.Trend`; ``odd`` are outliers and steps."""

    measure: str
    days: tuple[date, ...]
    values: tuple[float, ...]
    recent: float | None
    trend: Mapping[str, Any]
    odd: tuple[Mapping[str, Any], ...]

    @property
    def verdict(self) -> str:
        """The trend in words."""
        word = self.trend.get("verdict") or self.trend.get("reason") or ""
        return _VERDICTS.get(word, word.replace("_", " "))


def series_of(values: Mapping[str, Any]) -> list[Series]:
    """The scores of a row of strategic_character_performance that have at least two days."""
    found = []
    for measure, field in MEASURES.items():
        points = (values.get("series") or {}).get(measure) or ()
        if len(points) < FEWEST_DAYS:
            continue
        odd = tuple(one for one in values.get("recent_anomalies") or () if one["measure"] == measure)
        found.append(
            Series(
                measure, tuple(date.fromisoformat(day) for day, _ in points), tuple(float(value) for _, value in points),
                values.get(field), (values.get("trends") or {}).get(measure) or {}, odd,
            )
        )  # fmt: skip
    return found


def _x(series: Series, days: Sequence[date]) -> np.ndarray:
    return np.array([(day - series.days[0]).days for day in days], dtype=float)


def draw_series(axes: Axes, series: Series, *, first: date, last: date, bold: bool = True) -> None:
    """Points and line, the trend with the interval of its slope, what stands out in red."""
    start = (first - series.days[0]).days
    x = _x(series, series.days)
    axes.plot(x, series.values, color=BLUE, lw=0.7, alpha=0.5)
    axes.plot(x, series.values, "o", color=BLUE, ms=2.4 if bold else 1.8)
    _draw_trend(axes, series, x)
    for one in series.odd:
        at = float((date.fromisoformat(one["day"]) - series.days[0]).days)
        if one["kind"] == "step":
            axes.plot([x[0], at], [one["expected"]] * 2, color=RED, lw=1.0)
            axes.plot([at, x[-1]], [one["value"]] * 2, color=RED, lw=1.0)
            axes.plot([at, at], [one["expected"], one["value"]], color=RED, lw=1.0, ls=(0, (1, 1.5)))
        else:
            axes.plot([at], [one["value"]], "o", color=RED, ms=4.5, mfc="none", mew=1.3)
    axes.set_xlim(start - 0.5, start + (last - first).days + 0.5)
    axes.set_ylim(0.0, 1.0)
    axes.set_yticks([0, 0.5, 1], ["0", ".5", "1"])


def _draw_trend(axes: Axes, series: Series, x: np.ndarray) -> None:
    """Turned about the middle of the line, between the slopes of the interval."""
    found = series.trend
    if found.get("slope") is None:
        return
    middle = (x[0] + x[-1]) / 2.0
    level = found["intercept"] + found["slope"] * middle
    clear = found.get("verdict") is not None
    low, high = (level + found[name] * (x - middle) for name in ("low", "high"))
    axes.fill_between(x, np.minimum(low, high), np.maximum(low, high), color=MUTED, alpha=0.16, lw=0)
    axes.plot(
        x, level + found["slope"] * (x - middle), color=INK, lw=1.2 if clear else 0.8,
        ls="-" if clear else (0, (4, 2)),
    )  # fmt: skip


def performance_height(series: Sequence[Series]) -> float:
    """Pixels that the person's picture needs."""
    return 44.0 + PANEL * len(series)


def performance_sheet(page: Sheet, series: Sequence[Series]) -> None:
    """The person's picture of strategic_character_performance: a panel a score."""
    first, last = min(one.days[0] for one in series), max(one.days[-1] for one in series)
    page.text(4, 3, "Scores by day (0 to 1), trend with 95% interval", color=INK)
    page.text(page.width - 10, 3, "stands out", color=RED, ha="right")
    for number, one in enumerate(series):
        top = 22 + number * PANEL
        axes = page.axes(26, top + 13, page.width - 36, PANEL - 20)
        draw_series(axes, one, first=first, last=last)
        _title(page, one, top)
        _ticks(axes, one, first, last, words=number == len(series) - 1)


def _title(page: Sheet, series: Series, top: float) -> None:
    page.text(26, top, series.measure, color=INK, fontweight="bold")
    recent = "too little in the last 7 days" if series.recent is None else f"{series.recent:.2f} in the last 7 days"
    page.text(page.width - 10, top, f"{recent}, {series.verdict}", color=MUTED, ha="right")


def _ticks(axes: Axes, series: Series, first: date, last: date, *, words: bool) -> None:
    days = sorted({first, first + (last - first) / 2, last})
    axes.set_xticks(_x(series, days), [f"{day.day} {day:%b}" for day in days] if words else [])
    axes.axhline(0.5, color=RULE, lw=0.4, zorder=0)


def draw_users(axes: Axes, measure: str, users: Sequence[Series], all_of_bot: Series | None) -> None:
    """The partition's picture of one measure: a dot a user and day, and a line for the bot over all users: its own row with
    the trend where there is one, else the median of the users."""
    first = min(one.days[0] for one in [*users, *_only(all_of_bot)])
    last = max(one.days[-1] for one in [*users, *_only(all_of_bot)])
    base = all_of_bot or _median(users)
    for one in users:
        axes.plot(_x(base, one.days), one.values, "o", color=MUTED, ms=1.5, alpha=0.55, mew=0)
    draw_series(axes, base, first=first, last=last, bold=False)
    axes.set_xticks(_x(base, [first, last]), [f"{day.day} {day:%b}" for day in (first, last)])
    outward(axes)
    axes.axhline(0.5, color=RULE, lw=0.4, zorder=0)
    axes.set_title(measure, color=INK, fontweight="bold")
    if base.recent is not None:
        axes.text(1.0, 1.04, f"{base.recent:.2f}", transform=axes.transAxes, ha="right", fontsize=TEXT, color=BLUE)


def _only(one: Series | None) -> list[Series]:
    return [] if one is None else [one]


def _median(users: Sequence[Series]) -> Series:
    by_day: dict[date, list[float]] = {}
    for one in users:
        for day, value in zip(one.days, one.values, strict=True):
            by_day.setdefault(day, []).append(value)
    days = sorted(by_day)
    return Series(users[0].measure, tuple(days), tuple(float(np.median(by_day[day])) for day in days), None, {}, ())
