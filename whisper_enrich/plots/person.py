"""One picture a cache for a person's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from whisper_enrich.plots.canvas import Sheet, sheet
from whisper_enrich.plots.hours import week_of, week_sheet
from whisper_enrich.plots.memories import fitted, fitted_sheet, memories_sheet, strongest_and_weakest
from whisper_enrich.plots.performance import performance_height, performance_sheet, series_of
from whisper_enrich.plots.timeline import blocks_of, timeline_height, timeline_sheet
from whisper_enrich.plots.traits import traits_height, traits_of, traits_sheet

WIDTH = 380.0
FEWEST_BLOCKS = 2

Row = Mapping[str, Any]
Plan = tuple[float, Callable[[Sheet], None], str]
"""Height, what draws, and what the picture says to those who do not see it."""


def person_pictures(rows: Mapping[str, Row], as_of: datetime) -> dict[str, str]:
    """By cache an SVG, for those of ``rows`` (the values of a cache's row by field) that hold enough for a picture.

    Colours and font are taken from the page's custom properties (`whisper_enrich.plots.canvas.THEME`, ``--sans``).
    """
    pictures = {}
    for cache, values in rows.items():
        plan = _PLANS[cache](values, as_of) if cache in _PLANS else None
        if plan is None:
            continue
        height, draw, says = plan
        with sheet(WIDTH, height) as page:
            draw(page)
            pictures[cache] = page.svg(cache.removeprefix("strategic_").replace("_", "-"), says)
    return pictures


def _memory_health(values: Row, as_of: datetime) -> Plan | None:
    strong, weak = strongest_and_weakest(values, as_of)
    if not strong:
        return None
    says = f"Forgetting curves of the {len(strong)} strongest and {len(weak)} weakest memories"
    return 220.0, lambda page: memories_sheet(page, strong, weak), says


def _memory_behavior(values: Row, as_of: datetime) -> Plan | None:
    curve = fitted(values)
    if curve is None:
        return None
    return 200.0, lambda page: fitted_sheet(page, curve), "The fitted forgetting curve beside that of all users"


def _engagement(values: Row, as_of: datetime) -> Plan | None:
    week = week_of(values)
    return None if week is None else (204.0, lambda page: week_sheet(page, week), "Presence by hour of the week")


def _patterns(values: Row, as_of: datetime) -> Plan | None:
    blocks = blocks_of(values)
    if len(blocks) < FEWEST_BLOCKS:
        return None
    return timeline_height(blocks), lambda page: timeline_sheet(page, blocks), "Topics over time"


def _performance(values: Row, as_of: datetime) -> Plan | None:
    series = series_of(values)
    if not series:
        return None
    return performance_height(series), lambda page: performance_sheet(page, series), "Scores by day with their trends"


def _traits(values: Row, as_of: datetime) -> Plan | None:
    traits = traits_of(values)
    if not traits:
        return None
    return traits_height(traits), lambda page: traits_sheet(page, traits), "Traits of the bot and their effect"


_PLANS: dict[str, Callable[[Row, datetime], Plan | None]] = {
    "strategic_memory_health": _memory_health,
    "strategic_memory_behavior": _memory_behavior,
    "strategic_engagement_opportunities": _engagement,
    "strategic_conversation_patterns": _patterns,
    "strategic_character_performance": _performance,
    "strategic_personality_profiles": _traits,
}
