"""Forgetting curves: of a user's strongest and weakest memories, and of a typical one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from whisper_enrich.plots.canvas import BLUE, INK, MUTED, RED, RULE, TEXT, Sheet, apart, short

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PAST_DAYS, COMING_DAYS = 28.0, 28.0
MOST_OF_A_KIND = 3
RISK = 0.8
"""As `whisper_enrich.strategic.memory_aging.RISK_RETENTION`."""
CURVE_DAYS = 60.0
_LONGEST_LABEL = 18


@dataclass(frozen=True)
class Memory:
    """What its curve needs. ``idle_days`` since it was last named."""

    topic: str
    idle_days: float
    stability_days: float
    factor: float
    decay: float

    def left(self, days: np.ndarray | float) -> np.ndarray:
        """Retrievability, days after it was last named."""
        return (1.0 + self.factor * np.maximum(days, 0.0) / self.stability_days) ** -self.decay

    @property
    def in_a_week(self) -> float:
        return float(self.left(self.idle_days + 7.0))


def strongest_and_weakest(
    values: Mapping[str, Any], as_of: datetime | None = None
) -> tuple[list[Memory], list[Memory]]:
    """Of the memories that a row of strategic_memory_health lists, those most and least likely to come to mind in a week.

    They are as of ``as_of``, else of when the row was computed.
    """
    snapshot = values.get("memory_snapshot") or {}
    listed = [
        *(snapshot.get("freshest") or ()),
        *(snapshot.get("stalest") or ()),
        *(values.get("forgetting_risk_memories") or ()),
    ]
    found = {item["id"]: _memory(item, as_of) for item in listed if item.get("stability_days")}
    ordered = sorted(found.values(), key=lambda memory: (-memory.in_a_week, memory.topic))
    half = (len(ordered) + 1) // 2
    return ordered[: min(half, MOST_OF_A_KIND)], ordered[max(half, len(ordered) - MOST_OF_A_KIND) :]


def _memory(item: Mapping[str, Any], as_of: datetime | None) -> Memory:
    idle = float(item["idle_hours"]) / 24.0
    if as_of is not None:
        last = datetime.fromisoformat(item["last_at"])
        idle = max(0.0, (as_of - last).total_seconds() / 86_400.0)
    return Memory(str(item["topic"]), idle, float(item["stability_days"]), float(item["factor"]), float(item["decay"]))


def draw_memories(axes: Axes, strong: list[Memory], weak: list[Memory], *, named: bool, compact: bool = False) -> None:
    """From when each was last named, until four weeks from now."""
    if compact:
        strong, weak = strong[:2], weak[-2:]
    lowest = min(float(memory.left(memory.idle_days + COMING_DAYS)) for memory in [*strong, *weak])
    floor = min(0.6, _floor(lowest))
    ends, labels, colours = [], [], []
    for colour, group in ((BLUE, strong), (RED, weak)):
        for memory in group:
            start = max(-memory.idle_days, -PAST_DAYS)
            for days, style in ((np.linspace(start, 0.0, 40), "-"), (np.linspace(0.0, COMING_DAYS, 30), (0, (2, 1.6)))):
                axes.plot(days, memory.left(days + memory.idle_days), color=colour, lw=1.1, ls=style)
            if -memory.idle_days > -PAST_DAYS:
                axes.plot([start], [1.0], "o", ms=2.6, color=colour, clip_on=False)
            ends.append(float(memory.left(memory.idle_days + COMING_DAYS)))
            labels.append(short(memory.topic, _LONGEST_LABEL))
            colours.append(colour)
    axes.axvline(0.0, color=RULE, lw=0.8, zorder=0)
    axes.axhline(RISK, color=MUTED, lw=0.6, ls=(0, (1, 2)), zorder=0)
    axes.set_xlim(-PAST_DAYS, COMING_DAYS)
    axes.set_ylim(floor, 1.0)
    if named:
        for label, colour, end, put in zip(labels, colours, ends, _label_places(axes, ends), strict=True):
            axes.plot(
                [COMING_DAYS, COMING_DAYS + 1.6], [end, put], color=colour, lw=0.5, clip_on=False, solid_capstyle="butt"
            )
            axes.text(COMING_DAYS + 2.2, put, label, color=colour, va="center", clip_on=False)


def _floor(lowest: float) -> float:
    """Where the axis ends below: the next fifth."""
    return max(0.0, float(np.floor((lowest - 0.02) * 5.0)) / 5.0)


def _percent_ticks(axes: Axes, floor: float) -> None:
    ticks = np.arange(1.0, floor - 0.01, -0.2)
    axes.set_yticks(ticks, [f"{tick:.0%}" for tick in ticks])


def _label_places(axes: Axes, ends: list[float]) -> list[float]:
    low, high = axes.get_ylim()
    return apart(ends, (high - low) * (TEXT + 2) / axes.get_window_extent().height, low, high)


def memories_sheet(page: Sheet, strong: list[Memory], weak: list[Memory]) -> None:
    """The person's picture of strategic_memory_health."""
    axes = page.axes(36, 22, page.width - 36 - 98, page.height - 58)
    draw_memories(axes, strong, weak, named=True)
    axes.set_xticks([-28, -14, 0, 14, 28], ["−28", "−14", "now", "+14", "+28"])
    _percent_ticks(axes, axes.get_ylim()[0])
    axes.set_xlabel("days from now; each curve begins when it was last named", loc="left")
    page.text(4, 3, "Chance to come to mind", color=INK)
    page.text(page.width - 4, 3, "strongest", color=BLUE, ha="right")
    page.text(page.width - 4 - 56, 3, "weakest", color=RED, ha="right")
    axes.text(-PAST_DAYS + 0.5, RISK - 0.004, "at risk", color=MUTED, va="top", fontsize=TEXT - 1)


@dataclass(frozen=True)
class Fitted:
    """A user's curve for a memory of typical stability, with the 95% interval of its decay, and the population's."""

    stability_days: float
    factor: float
    decay: float
    low: float
    high: float
    population: float
    due_days: float | None
    target: float
    own_weight: float

    def left(self, days: np.ndarray | float, decay: float) -> np.ndarray:
        """Retrievability by the fitted formula."""
        return (1.0 + self.factor * np.asarray(days) / self.stability_days) ** -decay


def fitted(values: Mapping[str, Any]) -> Fitted | None:
    """From a row of strategic_memory_behavior; None where no memory is known."""
    params = values.get("forgetting_curve_params") or {}
    if not params.get("typical_stability_days"):
        return None
    chances = values.get("reinforcement_opportunities") or [{}]
    return Fitted(
        stability_days=float(params["typical_stability_days"]),
        factor=float(params["factor"]),
        decay=float(params["decay"]),
        low=float(params["decay_low"]),
        high=float(params["decay_high"]),
        population=float(params["population_decay"]),
        due_days=values.get("optimal_recall_days"),
        target=float(chances[0].get("target_retention") or 0.9),
        own_weight=float(params.get("own_weight") or 0.0),
    )


def fitted_sheet(page: Sheet, curve: Fitted) -> None:
    """The person's picture of strategic_memory_behavior."""
    axes = page.axes(36, 22, page.width - 36 - 52, page.height - 58)
    draw_fitted(axes, [("this user", curve)], BLUE)
    axes.set_xlabel("days since it was last named", loc="left")
    if curve.due_days is not None and curve.due_days <= CURVE_DAYS:
        axes.plot([curve.due_days], [curve.target], "o", color=BLUE, ms=4)
        axes.annotate(
            f"bring it up again after {curve.due_days:.0f} d", (curve.due_days, curve.target), (5, 4),
            textcoords="offset pixels", color=INK,
        )  # fmt: skip
    page.text(4, 3, "Chance that a typical memory comes to mind, with 95% interval", color=INK)


def _end_labels(axes: Axes, ends: list[tuple[float, str, str]]) -> None:
    for (_, words, colour), put in zip(ends, _label_places(axes, [end[0] for end in ends]), strict=True):
        axes.text(CURVE_DAYS + 1.2, put, words, color=colour, va="center", clip_on=False)


def draw_fitted(axes: Axes, curves: list[tuple[str, Fitted]], colour: str = INK) -> None:
    """A line a user, labelled in ``colour``, up to two of them with the interval; dashed the population's decay at the
    stability in the middle. The paler a line, the less of it is the user's own."""
    days = np.linspace(0.0, CURVE_DAYS, 60)
    ends, lowest = [], []
    for label, curve in curves:
        own, low = curve.left(days, curve.decay), curve.left(days, curve.high)
        if len(curves) <= 2:
            axes.fill_between(days, low, curve.left(days, curve.low), color=BLUE, alpha=0.15, lw=0)
            lowest.append(float(low[-1]))
        axes.plot(days, own, color=BLUE, lw=1.3, alpha=0.4 + 0.6 * curve.own_weight)
        ends.append((float(own[-1]), label, colour))
    middle = sorted((curve for _, curve in curves), key=lambda c: c.stability_days)[len(curves) // 2]
    everybody = middle.left(days, middle.population)
    axes.plot(days, everybody, color=MUTED, lw=1.0, ls=(0, (4, 2)))
    ends.append((float(everybody[-1]), "all users", MUTED))
    floor = _floor(min([end[0] for end in ends] + lowest))
    axes.set_xlim(0.0, CURVE_DAYS)
    axes.set_ylim(floor, 1.0)
    axes.set_xticks([0, 15, 30, 45, 60])
    _percent_ticks(axes, floor)
    _end_labels(axes, ends)
