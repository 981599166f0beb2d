"""Telling strategic_personality_profiles: the user's own style, and how they meet the bot's traits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from whisper_enrich.portrait.told import Told
from whisper_enrich.portrait.wording import between, label_of, moment, number, percent, reason, signed

_OUTCOMES = {
    "reply_rate": ("writes back", percent),
    "latency_seconds": ("answers after, s", number),
    "length_words": ("length of the answer, words", number),
    "mood": ("mood, -1 to 1", number),
    "response": ("response over all, 0 to 1", number),
}


def profile(told: Told) -> None:
    """Style first, then the bot's traits, their effect, and what follows."""
    told.say(told.take("personality_summary"))
    if told.why("personality_summary"):
        told.missing("summary", told.why("personality_summary"))
    told.figure("communication_style", "style")
    told.figure("formality_level", "formality")
    told.figure("verbosity_level", "length")
    told.figure("avg_message_length", "characters a message", lambda value: f"{value:.0f}")
    told.figure("question_frequency", "messages that ask", percent)
    told.figure("interaction_frequency_pattern", "comes by")
    told.figure("preferred_times", "preferred hours", _hours)
    _emotions(told)
    told.figure("topic_diversity_score", "diversity of topics", number, note="0 one topic, 1 all alike")
    told.listing(
        "Topics", ("topic", "kind", "#mentions", "#days", "last mentioned"), told.take("primary_topics"),
        lambda t: (t["topic"], t["kind"], number(t["mentions"]), number(t["days"]), moment(t["last_mentioned"])),
    )  # fmt: skip
    shares = told.take("trait_shares")
    if shares:
        told.add("traits of the user", _shares(shares), note="share of their messages that show each")
    elif told.why("trait_shares"):
        told.missing("traits of the user", told.why("trait_shares"))
    _bot(told)


def _hours(found: list[int]) -> str:
    return ", ".join(f"{hour}:00" for hour in found) or "no hour clearly before the others"


def _emotions(told: Told) -> None:
    shares = told.take("emotion_shares") or {}
    told.figure("emotional_range", "emotional range", note=_range_note(told.take("emotional_diversity")))
    told.figure("dominant_emotions", "main emotions", lambda names: ", ".join(names) or "none stands out")
    if shares:
        told.add("all emotions", _shares(shares))


def _shares(found: Mapping[str, float]) -> str:
    """The largest first."""
    ordered = sorted(found.items(), key=lambda one: (-one[1], one[0]))
    return ", ".join(f"{label_of(name)} {percent(share)}" for name, share in ordered)


def _range_note(diversity: float | None) -> str:
    return "" if diversity is None else f"as varied as {diversity:.1f} emotions in equal parts"


def _bot(told: Told) -> None:
    told.say(*(told.take("adaptation_suggestions") or ()))
    dominant = told.take("dominant_traits")
    if dominant is None:
        told.missing("traits of the bot", told.why("dominant_traits"))
    told.listing("The bot shows more than usual", _DOMINANT, dominant, _dominant)
    responses = _responses(told.take("user_response_patterns") or {})
    told.listing("What the user does after turns that show a trait", _RESPONSES, responses, lambda one: one["cells"])
    why = told.why("trait_evolution_history")
    columns = ("from", "to", "#turns", "share of turns that show it")
    told.listing(
        "Traits over the last 30 days", columns, told.take("trait_evolution_history"), _stretch, empty=why or "none"
    )
    for trait, why in (told.take("left_out_traits") or {}).items():
        told.missing(f"{label_of(trait)} of the bot", why)


_DOMINANT = ("trait", "#share", "#95% interval", "#usual", "#effect", "#95% interval", "#n with", "#without")
_RESPONSES = ("trait", "outcome", "#with", "#without", "#difference", "#95% interval", "#p", "#n")


def _dominant(trait: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        label_of(trait["trait"]), percent(trait["frequency"]), between(trait["frequency_interval"], percent),
        percent(trait["usual_frequency"]), signed(trait["effectiveness"]), between(trait["interval"]),
        number(trait["n_with"]), number(trait["n_without"]),
    )  # fmt: skip


def _stretch(found: Mapping[str, Any]) -> tuple[str, ...]:
    shown = {trait: share for trait, share in found["frequencies"].items() if share}
    return (found["from"], found["to"], number(found["turns"]), _shares(shown))


def _responses(patterns: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    rows = []
    for trait, pattern in patterns.items():
        n = f"{pattern['n_with']}/{pattern['n_without']}"
        told = [name for name in _OUTCOMES if pattern.get(name)]
        if not told:
            rows.append({"cells": (label_of(trait), reason(pattern.get("reason")), "", "", "", "", "", n)})
        for name in told:
            found, (words, form) = pattern[name], _OUTCOMES[name]
            clear = " (clear)" if found.get("credible") else ""
            rows.append(
                {
                    "cells": (
                        label_of(trait), words, form(found["with"]), form(found["without"]),
                        _difference(name, found["difference"]), between(found["interval"]), f"{found['p']:.3f}{clear}", n,
                    )
                }
            )  # fmt: skip
    return rows


def _difference(outcome: str, value: float) -> str:
    """Times and lengths are compared as ratios."""
    return f"x {value:.2f}" if outcome in ("latency_seconds", "length_words") else f"{value:+.2f}"
