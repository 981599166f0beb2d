"""How a user meets the bot's personality, and how the user writes.

The bot's side. A trait's frequency is the share of the bot's turns to this user that show it clearly
(`whisper_enrich.strategic.trait_norms`), with Wilson's interval. A trait is dominant if that interval lies above what is
usual in the sample conversations. Its effectiveness, -1..1, is the difference in the user's response (mean rank of speed,
length and mood of what they wrote next, `whisper_enrich.strategic.trait_responses`) after turns with the trait against
turns without: 0.1 means that the user's reaction ranks ten points of a hundred higher among their own.

Suggestions follow from differences in a single outcome that stand the false discovery rate (Benjamini and Hochberg, 5% over
all traits and outcomes of this user). Where two such differences of one trait contradict each other (quicker, but shorter),
nothing is advised; nor where a difference is no more than the shadow of a clearer one (who is asked is also addressed). No
suggestion is an answer.

All is over the last `RECENT_TURNS` turns; `trait_evolution_history` over the 30 days before `History.as_of`.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from datetime import UTC, date, timedelta
from typing import Any

import numpy as np

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.activity import frequency, hours_can_be_told, preferred_hours
from whisper_enrich.strategic.comparisons import Comparison, discoveries, wilson
from whisper_enrich.strategic.history import TRAITS, History, Turns
from whisper_enrich.strategic.trait_advice import Difference, advice
from whisper_enrich.strategic.trait_norms import LEFT_OUT, NORMS, RELIABLE_TRAITS
from whisper_enrich.strategic.trait_responses import (
    BETTER,
    OUTCOMES,
    Exchanges,
    compare,
    enough,
    exchanges,
    shown,
    stands_beside,
)
from whisper_enrich.strategic.user_style import UserStyle, listing, user_style

RECENT_TURNS = 2000
LEAST_BOT_TURNS = 10
FALSE_DISCOVERY_RATE = 0.05
EVOLUTION_DAYS = 30
EVOLUTION_STEP = 3
EVOLUTION_TURNS = 5
"""A stretch of `EVOLUTION_STEP` days with fewer bot turns is left out of the history."""

_REPORTED = [k for k, trait in enumerate(TRAITS) if trait in RELIABLE_TRAITS]


@dataclass(frozen=True)
class PersonalityProfile:
    """Plain values, ready for JSON; None where ``reasons`` says why.

    ``dominant_traits``: {trait, frequency, frequency_interval, usual_frequency, effectiveness, interval, n, n_with,
    n_without}, the most above the usual first; effectiveness and its interval are None with too few exchanges.
    ``user_response_patterns``: for each reported trait {n_with, n_without}, the exchanges, and what there is enough of to
    compare: reply_rate, latency_seconds, length_words, mood, response, each {with, without, difference, interval, p,
    credible}, latency and length as geometric means with their difference and interval as ratios; else a reason.
    ``adaptation_suggestions``: {text, trait, outcome, do, n_with, n_without, scope}. ``trait_evolution_history``: {from, to,
    turns, frequencies}. ``left_out_traits``: trait to reason. ``trait_shares``, ``emotion_shares``, ``emotional_diversity``:
    of the user, see `whisper_enrich.strategic.user_style`.
    """

    dominant_traits: list[dict[str, Any]] | None
    user_response_patterns: dict[str, dict[str, Any]] | None
    adaptation_suggestions: list[dict[str, Any]] | None
    trait_evolution_history: list[dict[str, Any]] | None
    communication_style: str | None
    formality_level: str | None
    verbosity_level: str | None
    primary_topics: list[dict[str, Any]] | None
    topic_diversity_score: float | None
    emotional_range: str | None
    dominant_emotions: list[str] | None
    question_frequency: float | None
    avg_message_length: float | None
    interaction_frequency_pattern: str | None
    preferred_times: list[int] | None
    personality_summary: str | None
    emotional_diversity: float | None
    emotion_shares: dict[str, float] | None
    trait_shares: dict[str, float] | None
    left_out_traits: dict[str, str]
    reasons: dict[str, str]


def compute(history: History) -> PersonalityProfile:
    """The profile of ``history``. Bot fields need `LEAST_BOT_TURNS` turns of the bot whose traits can be told."""
    reasons: dict[str, str] = {}
    bot = _bot_side(history, reasons)
    style = user_style(history)
    reasons |= style.reasons
    often, hours = frequency(history), list(preferred_hours(history))
    if often.reason:
        reasons["interaction_frequency_pattern"] = often.reason
    told = hours_can_be_told(history)
    if not told:
        reasons["preferred_times"] = "too_few_messages"
    summary = _summary(history, style, often.word, hours)
    if summary is None:
        reasons["personality_summary"] = reasons["communication_style"]
    own = {field.name: getattr(style, field.name) for field in fields(style) if field.name != "reasons"}
    return PersonalityProfile(
        **bot,
        **own,
        interaction_frequency_pattern=often.word,
        preferred_times=hours if told else None,
        personality_summary=summary,
        left_out_traits=dict(LEFT_OUT),
        reasons=reasons,
    )


def _bot_side(history: History, reasons: dict[str, str]) -> dict[str, Any]:
    turns = _tail(history.turns)
    marks = shown(turns.traits[~turns.from_user])
    told = np.isfinite(marks).sum(axis=0)
    names = ("dominant_traits", "user_response_patterns", "adaptation_suggestions", "trait_evolution_history")
    if int(told[_REPORTED].max(initial=0)) < LEAST_BOT_TURNS:
        reasons.update(dict.fromkeys(names, "too_few_bot_messages" if len(marks) else "no_bot_messages"))
        return dict.fromkeys(names)
    found = exchanges(turns, history.as_of.timestamp())
    compared = compare(found)
    credible = _credible(compared)
    evolution = _evolution(history, reasons)
    return {
        "dominant_traits": _dominant(marks, compared["response"]),
        "user_response_patterns": {TRAITS[k]: _pattern(found.shown, compared, credible, k) for k in _REPORTED},
        "adaptation_suggestions": _suggestions(found, compared, credible, history.user_name),
        "trait_evolution_history": evolution,
    }


def _tail(turns: Turns) -> Turns:
    if len(turns) <= RECENT_TURNS:
        return turns
    return replace(turns, **{field.name: getattr(turns, field.name)[-RECENT_TURNS:] for field in fields(turns)})


def _dominant(marks: np.ndarray, response: Comparison) -> list[dict[str, Any]]:
    hits, known = np.nansum(marks, axis=0), np.isfinite(marks).sum(axis=0)
    low, high = wilson(hits, known)
    enough_seen = enough(response)
    found = []
    for k in _REPORTED:
        norm = NORMS[TRAITS[k]]
        if known[k] < LEAST_BOT_TURNS or low[k] <= norm.usual_share:
            continue
        entry = {
            "trait": TRAITS[k],
            "frequency": float(hits[k] / known[k]),
            "frequency_interval": [float(low[k]), float(high[k])],
            "usual_frequency": norm.usual_share,
            "effectiveness": _number(response.difference[k]) if enough_seen[k] else None,
            "interval": _interval(response.low[k], response.high[k]) if enough_seen[k] else None,
            "n": int(known[k]),
            "n_with": int(response.n_with[k]),
            "n_without": int(response.n_without[k]),
        }
        found.append(entry)
    found.sort(key=lambda entry: (entry["usual_frequency"] - entry["frequency_interval"][0], entry["trait"]))
    return found


def _credible(compared: dict[str, Comparison]) -> dict[str, np.ndarray]:
    """Which differences of a reported trait stand the false discovery rate, by outcome."""
    p = np.full((len(OUTCOMES), len(TRAITS)), np.nan)
    for row, outcome in enumerate(OUTCOMES):
        one = compared[outcome]
        p[row, _REPORTED] = np.where(enough(one), one.p, np.nan)[_REPORTED]
    return dict(zip(OUTCOMES, discoveries(p, FALSE_DISCOVERY_RATE), strict=True))


def _pattern(
    marks: np.ndarray, compared: dict[str, Comparison], credible: dict[str, np.ndarray], k: int
) -> dict[str, Any]:
    """What there is enough of; a reason where there is nothing."""
    n_with, n_without = int((marks[:, k] == 1).sum()), int((marks[:, k] == 0).sum())
    said: dict[str, Any] = {"n_with": n_with, "n_without": n_without}
    for name, outcome, level, change in (
        ("reply_rate", "reply", float, float),
        ("latency_seconds", "latency", math.exp, math.exp),
        ("length_words", "length", math.expm1, math.exp),
        ("mood", "mood", float, float),
    ):
        one = compared[outcome]
        if enough(one)[k]:
            said[name] = _told(one, k, level, change) | {"credible": bool(credible[outcome][k])}
    if enough(compared["response"])[k]:
        said["response"] = _told(compared["response"], k)
    if len(said) == 2:
        said["reason"] = f"too_few_turns_{'with' if n_with <= n_without else 'without'}_the_trait"
    return said


def _told(
    one: Comparison, k: int, level: Callable[[float], float] = float, change: Callable[[float], float] = float
) -> dict[str, Any]:
    """Both groups, on the scale that ``level`` brings them back to, and their difference by ``change``."""
    return {
        "with": _number(level(one.with_[k])),
        "without": _number(level(one.without[k])),
        "difference": _number(change(one.difference[k])),
        "interval": _interval(change(one.low[k]), change(one.high[k])),
        "p": _number(one.p[k]),
    }


def _suggestions(
    found: Exchanges, compared: dict[str, Comparison], credible: dict[str, np.ndarray], name: str
) -> list[dict[str, Any]]:
    candidates = []
    for k in _REPORTED:
        told = [_difference(compared[outcome], outcome, k) for outcome in OUTCOMES if credible[outcome][k]]
        if told and len({one.more for one in told}) == 1:
            candidates.append(min(told, key=lambda one: one.p))
    advised: list[Difference] = []
    for one in sorted(candidates, key=lambda one: one.p):
        if stands_beside(found, one.outcome, TRAITS.index(one.trait), [TRAITS.index(kept.trait) for kept in advised]):
            advised.append(one)
    if not advised:
        return []
    shared = compare(found, ~found.private)
    return [
        {
            "text": advice(one, name),
            "trait": one.trait,
            "outcome": one.outcome,
            "do": "more" if one.more else "less",
            "n_with": one.n_with,
            "n_without": one.n_without,
            "scope": str(_scope(one, shared[one.outcome])),
        }
        for one in advised
    ]


def _difference(one: Comparison, outcome: str, k: int) -> Difference:
    columns = (one.with_, one.without, one.difference, one.low, one.high, one.p)
    values = (float(column[k]) for column in columns)
    more = bool(one.difference[k] * BETTER[outcome] > 0)
    return Difference(TRAITS[k], outcome, more, *values, int(one.n_with[k]), int(one.n_without[k]))


def _scope(one: Difference, shared: Comparison) -> Scope:
    """Shared where what was said outside of dms shows the same by itself: enough of it, same direction, p under .05."""
    k = TRAITS.index(one.trait)
    same = enough(shared)[k] and shared.difference[k] * one.difference > 0 and shared.p[k] < 0.05
    return Scope.SHARED if same else Scope.DM


def _evolution(history: History, reasons: dict[str, str]) -> list[dict[str, Any]] | None:
    """Frequencies of the reported traits in stretches of three UTC days, of which the last holds ``as_of``; oldest first.

    Stretches are cut at fixed days, so that one that is over stays as it is.
    """
    turns = history.turns
    today = history.as_of.astimezone(UTC).date().toordinal()
    last = today // EVOLUTION_STEP
    first = last - EVOLUTION_DAYS // EVOLUTION_STEP + 1
    days = np.floor(turns.at / 86400.0).astype(np.int64) + date(1970, 1, 1).toordinal()
    stretch = np.where(turns.from_user | (days > today), -1, days // EVOLUTION_STEP)
    found = []
    for number in range(first, last + 1):
        marks = shown(turns.traits[stretch == number])
        known = np.isfinite(marks).sum(axis=0)
        if len(marks) < EVOLUTION_TURNS:
            continue
        shares = {TRAITS[k]: float(np.nanmean(marks[:, k])) for k in _REPORTED if known[k] >= EVOLUTION_TURNS}
        begins = date.fromordinal(number * EVOLUTION_STEP)
        ends = begins + timedelta(days=EVOLUTION_STEP - 1)
        found.append({"from": str(begins), "to": str(ends), "turns": len(marks), "frequencies": shares})
    if not found:
        reasons["trait_evolution_history"] = "too_few_bot_messages_in_30_days"
    return found or None


def _summary(history: History, style: UserStyle, often: str | None, hours: list[int]) -> str | None:
    """A sentence or two in the third person, without a word of what was talked about: it may be read in any channel."""
    if style.communication_style is None:
        return None
    name, words = history.user_name, style.communication_style
    article = "an" if words[0] in "aeiou" else "a"
    text = (
        f"{name} writes in {article} {words} way, {style.avg_message_length:.0f} characters a message, and asks in "
        f"{style.question_frequency:.0%} of messages"
    )
    if style.dominant_emotions:
        text += f"; most often the tone is one of {listing(style.dominant_emotions)}"
    when = _when(history, often, hours)
    return f"{text}. {name} {when}." if when else f"{text}."


def _when(history: History, often: str | None, hours: list[int]) -> str:
    comes = {
        "daily": "comes by on most days",
        "several a week": "comes by several times a week",
        "weekly": "comes by about once a week",
        "sporadic": "comes by now and then",
    }.get(often or "", "")
    if not hours:
        return comes
    clock = listing([f"between {first}:00 and {last}:00" for first, last in _stretches(hours)])
    zone = "UTC" if history.zone_source == "unknown" else "local time"
    return f"{comes}, mostly {clock} {zone}" if comes else f"mostly writes {clock} {zone}"


def _stretches(hours: list[int]) -> list[tuple[int, int]]:
    """Neighbouring hours together, also over midnight: where each stretch begins and ends."""
    found = []
    for hour in sorted(hours):
        if (hour - 1) % 24 not in hours:
            last = hour
            while (last + 1) % 24 in hours:
                last = (last + 1) % 24
            found.append((hour, (last + 1) % 24))
    return found


def _number(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _interval(low: float, high: float) -> list[float] | None:
    return [float(low), float(high)] if math.isfinite(low) and math.isfinite(high) else None
