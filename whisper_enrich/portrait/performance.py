"""Telling strategic_character_performance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from whisper_enrich.portrait.told import Told
from whisper_enrich.portrait.wording import compact, label_of, number, percent, reason

_BARS = "▁▂▃▄▅▆▇█"
_SCORES = (
    ("engagement_score_avg", "engagement"),
    ("satisfaction_score_avg", "satisfaction"),
    ("coherence_score_avg", "coherence"),
    ("avg_quality_score", "quality"),
)


def performance(told: Told) -> None:
    """The scores with their parts, trends and sources, what stands out, what is advised."""
    told.take("bot_name", "user_id", "time_window_hours", "users")
    told.say(told.take("performance_summary"), *(told.take("recommendations") or ()))
    sources, trends = told.take("source") or {}, told.take("trends") or {}
    series, parts = told.take("series") or {}, told.take("parts") or {}
    told.figure("conversation_count", "conversations in 7 days")
    for field, measure in _SCORES:
        notes = (_from(sources, measure), _trend(trends.get(measure)), bars(series.get(measure)))
        told.figure(field, measure, _two, note="; ".join(filter(None, notes)))
    _voice(told, sources, trends, series)
    told.figure(
        "avg_response_time", "time to answer", lambda ms: f"{ms / 1000:.1f} s", note=_trend(trends.get("response_time"))
    )
    told.take("quality_trend", "engagement_trend", "response_time_trend")
    related = told.take("relationship")
    if related:
        for name, value in related.items():
            told.add(name, number(value), note="from the platform")
    else:
        told.missing("relationship scores", told.why("relationship"))
    made_of = [{"of": name, **part} for name, several in parts.items() for part in several]
    told.listing("What the scores are made of", _PARTS, made_of, _part)
    columns = ("day", "measure", "what", "#value", "#expected", "how sure")
    told.listing("Stands out", columns, told.take("recent_anomalies"), _odd, empty="nothing in these days")


_PARTS = ("score", "part", "#value", "#score", "#weight", "#n", "from")


def _part(found: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        found["of"], label_of(found["name"]), compact(found["value"]), _two(found["score"]), _two(found["weight"]),
        compact(found["count"]), found["source"],
    )  # fmt: skip


def _odd(found: Mapping[str, Any]) -> tuple[str, ...]:
    sure = f"p = {found['p']:.3f}" if found.get("z") is None else f"z {found['z']:+.1f}"
    return (found["day"], found["measure"], found["kind"], _two(found["value"]), _two(found["expected"]), sure)


def _two(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}"


def _from(sources: Mapping[str, str], measure: str) -> str:
    return (
        f"from {sources[measure]}"
        if measure in sources
        else "mean of satisfaction and coherence"
        if measure == "quality"
        else ""
    )


def _trend(found: Mapping[str, Any] | None) -> str:
    if not found:
        return ""
    if found.get("slope") is None:
        return f"no trend: {reason(found.get('reason'))}"
    word = found["verdict"] or "no clear trend"
    return f"{word} ({found['change']:+.2f} in 30 d, p = {found['p']:.2f}, {found['points']} days)"


def bars(points: Sequence[Sequence[Any]] | None) -> str:
    """The last two weeks of a score as small bars, for where there is no picture."""
    values = [float(value) for _, value in (points or ())[-14:]]
    return "".join(_BARS[min(int(max(value, 0.0) * len(_BARS)), len(_BARS) - 1)] for value in values)


def _voice(told: Told, sources: Mapping[str, str], trends: Mapping[str, Any], series: Mapping[str, Any]) -> None:
    found = told.take("consistency") or {}
    note = [_from(sources, "consistency"), _trend(trends.get("consistency"))]
    told.figure(
        "personality_consistency_index", "consistency of the bot's voice", percent, note="; ".join(filter(None, note))
    )
    for one in found.get("spaces") or ():
        told.add(
            f"  in the {one['space']} space", _two(one["index"]), count=f"{one['turns']} turns",
            note=f"nearness {one['near']:.2f}, usually {one['usual']:.2f} (z {one['z']:+.1f})"
            if one.get("z") is not None and one.get("usual") is not None else compact(one),
        )  # fmt: skip
    if found.get("emotional_stability") is not None:
        told.add("  emotional stability", _two(found["emotional_stability"]), note="from the platform")
    days = series.get("consistency")
    if days:
        told.add("  by day, last", f"{days[-1][1]:.2f}", count=f"{len(days)} days", note="1 is as near as usual")
