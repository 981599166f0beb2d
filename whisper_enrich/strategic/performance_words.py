"""Sentences about a bot's performance: each says the numbers that it follows from, and none is said without them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from whisper_enrich.strategic.performance_findings import Findings
from whisper_enrich.strategic.performance_grid import Grid
from whisper_enrich.strategic.performance_scores import Score
from whisper_enrich.strategic.trends import Trend
from whisper_enrich.strategic.voice import Voice

SIGNIFICANT_Z = 1.96
MOOD_FALLS = -0.1
"""Mean change of valence within a conversation from which it is worth a word: a twentieth of its range."""
FEWEST_CONVERSATIONS = 5
UNRELATED = 0.1
"""Mean cosine under which answers are about as far from the question as from any other (0.13 in the sample)."""
LOST_VOICE = 0.5
"""Two usual deviations away from what is usual."""

_LABELS = {
    "engagement": "engagement",
    "satisfaction": "satisfaction",
    "coherence": "coherence",
    "quality": "quality",
    "consistency": "consistency of the bot's voice",
    "response_time": "response time",
}


def summary(bot_name: str, user_id: str | None, found: Findings) -> str:
    """One sentence."""
    days, scores, trends = found.days, found.scores, found.trends
    who = bot_name.replace("_", " ").title() + ("" if user_id is None else " with this user")
    conversations, turns = int(days.total("sessions", found.window)), int(days.total("user_turns", found.window))
    period = f"{found.window} days" if found.window > 1 else "day"
    if turns == 0:
        return f"{who}: no messages in the last {period}, so nothing can be said of how it does."
    values = [
        f"{_LABELS[name]} {scores[name].value:.2f}{_direction(trends[name])}"
        for name in ("engagement", "satisfaction", "coherence")
        if scores[name].value is not None
    ]
    if found.voice.index is not None:
        values.append(f"{_LABELS['consistency']} {found.voice.index:.2f}")
    if scores["response_time"].value is not None:
        values.append(
            f"response time {scores['response_time'].value / 1000:.1f} s{_direction(trends['response_time'])}"
        )
    by_whom = "the users" if user_id is None else "the user"
    said = f"{_count(conversations, 'conversation')} with {_count(turns, 'message')} of {by_whom}"
    return f"{who}, last {period}: {said}; {', '.join(values) if values else 'too few to score'}."


def recommendations(found: Findings) -> list[str]:
    """What to look at or do, most certain first; empty where the numbers give no cause."""
    sentences = [_of_step(one) for one in found.anomalies if one["kind"] == "step" and _got_worse(one)]
    sentences += [
        _of_decline(name, found.trends[name])
        for name in ("quality", "engagement", "response_time")
        if found.trends[name].verdict == "declining"
    ]
    sentences += [
        _of_share(found, "answered", "moves", "of the bot's turns are answered",
                  "let more turns end with something that can be answered"),
        _of_share(found, "returned", "returnable", "of active days are followed by another",
                  "take up what was left open or planned the day before"),
        _of_mood(found.days, found.window),
        _of_coherence(found.scores["coherence"]),
        _of_voice(found.voice),
    ]  # fmt: skip
    return [sentence for sentence in sentences if sentence]


def _of_step(one: Mapping[str, Any]) -> str:
    figures = f"from {_figure(one['measure'], one['expected'])} to {_figure(one['measure'], one['value'])}"
    return (
        f"The {_LABELS[one['measure']]} changed at once on {one['day']}, {figures} (p = {one['p']:.3f}): "
        "look at what was deployed or happened on that day."
    )


def _got_worse(one: Mapping[str, Any]) -> bool:
    return (one["value"] > one["expected"]) == (one["measure"] == "response_time")


def _of_decline(name: str, found: Trend) -> str:
    change, p = abs(found.change or 0.0), found.p or 0.0
    verb = "rose" if name == "response_time" else "fell"
    shown = "p < 0.001" if p < 0.001 else f"p = {p:.3f}"
    return f"The {_LABELS[name]} {verb} by {_figure(name, change)} within a month ({shown}): {_REMEDIES[name]}."


_REMEDIES = {
    "quality": "compare recent answers with those of a month ago",
    "engagement": "bring up what the users themselves like to talk about",
    "response_time": "see what the answers wait for",
}


def _of_share(found: Findings, good: str, all_: str, what: str, remedy: str) -> str | None:
    """A share of the window that is lower than on the days of the long run before it (two-proportion z test)."""
    days, window = found.days, found.window
    now, of_now = days.total(good, window), days.total(all_, window)
    before, of_before = days.sums[good][:-window].sum(), days.sums[all_][:-window].sum()
    if of_now < FEWEST_CONVERSATIONS or of_before < FEWEST_CONVERSATIONS:
        return None
    pooled = (now + before) / (of_now + of_before)
    error = math.sqrt(pooled * (1.0 - pooled) * (1.0 / of_now + 1.0 / of_before))
    drop = before / of_before - now / of_now
    if error == 0.0 or drop / error < SIGNIFICANT_Z:
        return None
    return f"Only {now / of_now:.0%} {what}, {before / of_before:.0%} in the months before: {remedy}."


def _of_mood(days: Grid, window: int) -> str | None:
    """The mood falls within conversations: by enough to be worth a word, and certainly (mean by its standard error)."""
    count = days.total("lifts", window)
    if count < FEWEST_CONVERSATIONS:
        return None
    mean = days.total("lift", window) / count
    variance = max(days.total("lift_squares", window) / count - mean**2, 0.0)
    if mean > MOOD_FALLS or mean + SIGNIFICANT_Z * math.sqrt(variance / (count - 1)) >= 0.0:
        return None
    return (
        f"Within a conversation the user's mood falls by {-mean:.2f} (valence, -1 to 1; {count:.0f} conversations): "
        "answer the feeling before the matter."
    )


def _of_coherence(coherence: Score) -> str | None:
    part = next((part for part in coherence.parts if part.name == "to_the_turn"), None)
    if part is None or part.value >= UNRELATED:
        return None
    return (
        f"The bot's turns are hardly related to what they answer (mean cosine {part.value:.2f} over {part.count} turns): "
        "take up the user's words first."
    )


def _of_voice(voice: Voice) -> str | None:
    if voice.index is None or voice.index >= LOST_VOICE:
        return None
    deviations = ", ".join(f"{one.z:.1f} usual deviations in the {one.space} space" for one in voice.spaces)
    return (
        f"The bot's turns are further from its own voice than usual ({deviations}): "
        "see whether its character, prompt or model was changed."
    )


def _direction(found: Trend) -> str:
    return f" ({found.verdict})" if found.verdict else ""


def _figure(measure: str, value: float) -> str:
    return f"{value / 1000:.1f} s" if measure == "response_time" else f"{value:.2f}"


def _count(number: int, thing: str) -> str:
    return f"{number} {thing}{'' if number == 1 else 's'}"
