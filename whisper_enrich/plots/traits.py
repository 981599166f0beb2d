"""The traits that the bot shows to a user, and what the user does after turns that show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from whisper_enrich.plots.canvas import BLUE, GREEN, INK, MUTED, RED, RULE, TEXT, Sheet, bare, outward
from whisper_enrich.strategic.comparisons import wilson

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROW = 18.0
_LEFT, _GAP, _RIGHT = 80.0, 18.0, 42.0

Interval = tuple[float, float]


@dataclass(frozen=True)
class TraitShown:
    """``share`` of the bot's turns that show it; ``effect`` on the user's response, -1 to 1; ``n`` turns with it that count."""

    trait: str
    share: float
    share_interval: Interval
    usual: float | None
    effect: float | None
    effect_interval: Interval | None
    n: int

    @property
    def colour(self) -> str:
        """By whether the effect is clear of zero."""
        if self.effect_interval is None or self.effect_interval[0] <= 0.0 <= self.effect_interval[1]:
            return MUTED
        return GREEN if self.effect_interval[0] > 0 else RED


def traits_of(values: Mapping[str, Any]) -> list[TraitShown]:
    """From a row of strategic_personality_profiles: the dominant first, then by frequency; empty with too few turns."""
    dominant = {item["trait"]: item for item in values.get("dominant_traits") or ()}
    found = []
    for trait, pattern in (values.get("user_response_patterns") or {}).items():
        counted = pattern["n_with"] + pattern["n_without"]
        if not counted:
            continue
        shown = dominant.get(trait)
        low, high = wilson(pattern["n_with"], counted)
        response = pattern.get("response") or {}
        found.append(
            TraitShown(
                trait.replace("_", " "),
                shown["frequency"] if shown else pattern["n_with"] / counted,
                tuple(shown["frequency_interval"]) if shown else (float(low), float(high)),
                shown["usual_frequency"] if shown else None,
                response.get("difference"),
                tuple(response["interval"]) if response.get("interval") else None,
                pattern["n_with"],
            )
        )
    return sorted(found, key=lambda one: (one.usual is None, -one.share, one.trait))


def traits_height(traits: Sequence[TraitShown]) -> float:
    """Pixels that the person's picture needs."""
    return 64.0 + ROW * len(traits)


def traits_sheet(page: Sheet, traits: Sequence[TraitShown]) -> None:
    """The person's picture of strategic_personality_profiles: how often on the left, to what effect on the right."""
    width = (page.width - _LEFT - _GAP - _RIGHT) / 2
    height = ROW * len(traits)
    left = page.axes(_LEFT, 36, width, height)
    right = page.axes(_LEFT + width + _GAP, 36, width, height)
    for number, one in enumerate(traits):
        _interval(left, number, one.share, one.share_interval, BLUE if one.usual is not None else MUTED)
        if one.usual is not None:
            left.plot([one.usual] * 2, [number - 0.32, number + 0.32], color=INK, lw=1.0)
        if one.effect is None or one.effect_interval is None:
            right.text(0.0, number, "  too few turns", color=MUTED, va="center", fontsize=TEXT - 1)
            continue
        _interval(right, number, one.effect, one.effect_interval, one.colour)
    left.set_yticks(range(len(traits)), [one.trait for one in traits])
    left.tick_params(axis="y", labelcolor=INK)
    right.set_yticks([])
    for number, one in enumerate(traits):
        page.text(page.width - 4, 36 + ROW * (number + 0.5), f"n = {one.n}", ha="right", va="center", color=MUTED)
    _share_axis(left, traits)
    _effect_axis(right, [one for one in traits if one.effect_interval])
    for axes in (left, right):
        axes.set_ylim(len(traits) - 0.5, -0.5)
        bare(axes, "left")
    left.set_xlabel("share of the bot's turns", loc="left")
    right.set_xlabel("user's response after them", loc="left")
    page.text(4, 3, "What the bot shows, and what follows (95% intervals)", color=INK)
    if any(one.usual is not None for one in traits):
        page.text(4, 19, "blue: more than usual", color=BLUE)


def _interval(axes: Axes, row: float, value: float, interval: Interval, colour: str) -> None:
    axes.plot(interval, [row, row], color=colour, lw=1.6, alpha=0.55, solid_capstyle="butt")
    axes.plot([value], [row], "o", color=colour, ms=4.5)


def _share_axis(axes: Axes, traits: Sequence[TraitShown]) -> None:
    top = max(one.share_interval[1] for one in traits)
    end = next(end for end in (0.2, 0.4, 0.6, 0.8, 1.0) if top <= end)
    axes.set_xlim(0.0, end)
    axes.set_xticks([0.0, end / 2, end], [f"{tick:.0%}" for tick in (0.0, end / 2, end)])


def _effect_axis(axes: Axes, traits: Sequence[TraitShown]) -> None:
    reach = max((abs(end) for one in traits for end in one.effect_interval or ()), default=0.2)
    end = next(end for end in (0.2, 0.4, 0.6, 0.8, 1.0) if reach <= end or end == 1.0)
    axes.axvline(0.0, color=RULE, lw=0.9, zorder=0)
    axes.set_xlim(-end, end)
    axes.set_xticks([-end, 0.0, end], [f"−{end:.1f} worse", "0", f"+{end:.1f} better"])
    outward(axes)


def draw_many(axes: Axes, users: Sequence[Sequence[TraitShown]], most: int) -> None:
    """The partition's picture: a row a trait, a dot with its interval a user; those first that most users know as dominant."""
    often: dict[str, int] = {}
    for one in (one for traits in users for one in traits if one.usual is not None or one.effect_interval):
        often[one.trait] = often.get(one.trait, 0) + (one.usual is not None)
    rows = sorted(often, key=lambda trait: (-often[trait], trait))[:most]
    measured = []
    for number, trait in enumerate(rows):
        mine = [one for traits in users for one in traits if one.trait == trait and one.effect_interval]
        step = 0.7 / max(len(mine), 1)
        for place, one in enumerate(mine):
            _interval(axes, number - 0.35 + step * (place + 0.5), one.effect or 0.0, one.effect_interval, one.colour)
        measured += mine
        if not mine:
            axes.text(0.0, number, "  too few turns", color=MUTED, va="center", fontsize=TEXT - 1)
    _effect_axis(axes, measured)
    axes.set_ylim(len(rows) - 0.5, -0.5)
    axes.set_yticks(range(len(rows)), [f"{trait}  {often[trait]}/{len(users)}" for trait in rows])
    axes.tick_params(axis="y", labelcolor=INK)
    for number in range(1, len(rows)):
        axes.axhline(number - 0.5, color=RULE, lw=0.4, zorder=0)
    bare(axes, "left")
