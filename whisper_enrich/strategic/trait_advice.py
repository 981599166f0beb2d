"""One difference in what a user did, told as advice to the bot: a sentence with the numbers that it rests on."""

from __future__ import annotations

import math
from dataclasses import dataclass

_MORE = {
    "warmth": "Be warm",
    "humour": "Joke",
    "formality": "Keep a formal tone",
    "verbosity": "Write longer turns",
    "curiosity": "Ask {name} things",
    "expressiveness": "Be expressive",
    "directness": "Be direct",
    "positivity": "Dwell on what is good",
    "self_disclosure": "Tell of yourself",
    "attentiveness": "Address {name}",
}
_LESS = {
    "warmth": "Go easy on thanks, praise and good wishes",
    "humour": "Go easy on jokes",
    "formality": "Keep a relaxed tone",
    "verbosity": "Keep turns short",
    "curiosity": "Ask {name} less",
    "expressiveness": "Stay calm in tone",
    "directness": "Soften what you say",
    "positivity": "Do not brighten things up",
    "self_disclosure": "Tell less of yourself",
    "attentiveness": "Speak of the matter more than of {name}",
}
_WHEN = {
    "warmth": "warm turns",
    "humour": "joking turns",
    "formality": "formal turns",
    "verbosity": "long turns",
    "curiosity": "turns that ask",
    "expressiveness": "expressive turns",
    "directness": "direct turns",
    "positivity": "turns with words of good feeling",
    "self_disclosure": "turns about yourself",
    "attentiveness": "turns with you or your in them",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One outcome with against without a trait, on the scale of `whisper_enrich.strategic.trait_responses`; ``more`` where it
    speaks for the trait."""

    trait: str
    outcome: str
    more: bool
    with_: float
    without: float
    difference: float
    low: float
    high: float
    p: float
    n_with: int
    n_without: int


def advice(found: Difference, name: str) -> str:
    """What to do as one sentence in English, with both groups, the difference and its 95% interval."""
    what = (_MORE if found.more else _LESS)[found.trait].format(name=name)
    return f"{what}: after {_WHEN[found.trait]}, {_finding(found, name)}."


def _finding(d: Difference, name: str) -> str:
    cases = f"{d.n_with} and {d.n_without} cases"
    if d.outcome == "reply":
        return (
            f"{name} wrote back in {d.with_:.0%} of {d.n_with} cases, after others in {d.without:.0%} of {d.n_without} "
            f"(difference {_points(d.difference)} points, 95% {_points(d.low)} to {_points(d.high)})"
        )
    if d.outcome == "mood":
        return (
            f"the mood of {name}'s next message was {d.difference:+.2f} against that after others, on a scale from -1 to 1 "
            f"(95% {d.low:+.2f} to {d.high:+.2f}; {cases})"
        )
    ratio = f"times {math.exp(d.difference):.2f}, 95% {math.exp(d.low):.2f} to {math.exp(d.high):.2f}; {cases}"
    if d.outcome == "latency":
        return f"{name} wrote back within {_duration(d.with_)}, after others {_duration(d.without)} ({ratio})"
    return (
        f"{name}'s next message had {math.expm1(d.with_):.0f} words, after others {math.expm1(d.without):.0f} ({ratio})"
    )


def _points(share: float) -> str:
    return f"{100 * share:+.0f}"


def _duration(log_seconds: float) -> str:
    seconds = math.exp(log_seconds)
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
