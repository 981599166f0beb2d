"""How a user's way of writing changed: the later half of their messages against the earlier, and month by month.

Length (logarithm of characters), questions (share of messages that ask) and mood (valence) are compared by
`whisper_enrich.strategic.clustered`; p-values of the three together at a false discovery rate of 5%. "Stable" is said only
where the 90% interval lies within the bound of `EQUIVALENCE` (two one-sided tests, Schuirmann 1987); else neither.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np

from whisper_enrich.strategic.clustered import Difference, difference
from whisper_enrich.strategic.comparisons import discoveries
from whisper_enrich.strategic.history import History, QuestionKind
from whisper_enrich.strategic.trends import trend

LEAST_TURNS = 20
LEAST_DAYS = 14
FALSE_DISCOVERIES = 0.05
EQUIVALENCE = {"length": float(np.log(1.25)), "questions": 0.10, "mood": 0.10}
"""The largest difference that still counts as none: a quarter in length, a tenth of all messages, a twentieth of the scale of
valence (which is two wide)."""
_WORDS = {"length": ("longer", "shorter"), "questions": ("more", "fewer"), "mood": ("brighter", "darker")}
_MOST_DAILY = 90
_ASKS_NOTHING = tuple(QuestionKind).index(QuestionKind.NONE)
_EPOCH = date(1970, 1, 1)


def asks(history: History) -> np.ndarray:
    """Which turns ask something, bool [n]."""
    return history.turns.question != _ASKS_NOTHING


def style_evolution(history: History) -> tuple[dict[str, Any] | None, str | None]:
    """The changes of style, or None and 'too_few_messages' or 'too_short_a_time' (under two weeks).

    ``early`` and ``late`` (messages, median characters, question share, mean valence; ``until`` and ``since`` as days), and for
    ``length``, ``questions`` and ``mood`` a ``direction`` ('longer', 'shorter', 'more', 'fewer', 'brighter', 'darker',
    'stable' or None with a ``reason``), the ``change`` late less early with its 95% interval and ``p``: for length a ratio, for
    questions a difference of shares, for mood one of valence. ``months`` has the same figures of each of the user's months.
    """
    turns = history.turns
    own = np.flatnonzero(turns.from_user)
    if len(own) < LEAST_TURNS:
        return None, "too_few_messages"
    days = history.local_days()[own]
    if days[-1] - days[0] < LEAST_DAYS:
        return None, "too_short_a_time"
    late = np.arange(len(own)) >= len(own) // 2
    outcomes = {
        "length": np.log(np.maximum(1.0, turns.characters[own])),
        "questions": asks(history)[own].astype(np.float64),
        "mood": turns.valence[own].astype(np.float64),
    }
    session = np.searchsorted(history.session_starts(), own, side="right")
    compared = {name: difference(values, late[:, None], session) for name, values in outcomes.items()}
    found = discoveries(np.array([float(one.p[0]) for one in compared.values()]), FALSE_DISCOVERIES)
    return {
        "early": {"until": _day(days[~late][-1]), **_figures(outcomes, np.flatnonzero(~late))},
        "late": {"since": _day(days[late][0]), **_figures(outcomes, np.flatnonzero(late))},
        **{name: _change(name, one, bool(found[k])) for k, (name, one) in enumerate(compared.items())},
        "months": _months(days, outcomes),
    }, None


def length_trend(history: History) -> dict[str, Any]:
    """Whether the user's messages grow or shrink over time: `trends.trend` over the median length of each day.

    Beyond `_MOST_DAILY` days, of each week. ``direction`` 'longer', 'shorter', 'stable' or None with ``reason``; ``change`` the
    ratio of the end of the trend line to its start, with the interval ``low``, ``high``; ``points`` and ``p``.
    """
    own = history.turns.from_user
    days = history.local_days()[own]
    length = np.log(np.maximum(1.0, history.turns.characters[own]))
    if len(np.unique(days)) > _MOST_DAILY:
        days = days // 7 * 7
    at, values = _medians(days, length)
    found = trend(at.astype(np.float64).tolist(), values.tolist(), equivalence=EQUIVALENCE["length"])
    direction = "stable" if found.verdict == "stable" else found.verdict and _WORDS["length"][0 if found.rising else 1]
    span = float(at[-1] - at[0]) if len(at) else 0.0
    ratio = {
        name: None if slope is None else float(np.exp(slope * span))
        for name, slope in (("change", found.slope), ("low", found.low), ("high", found.high))
    }
    return {"direction": direction, "reason": found.reason, "points": found.points, "p": found.p, **ratio}


def _medians(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The median of the values of each key, by keys ascending."""
    order = np.lexsort((values, keys))
    keys, values = keys[order], values[order]
    unique, first, counts = np.unique(keys, return_index=True, return_counts=True)
    if not len(unique):
        return unique, values
    lower, upper = first + (counts - 1) // 2, first + counts // 2
    return unique, (values[lower] + values[upper]) / 2.0


def _change(name: str, one: Difference, significant: bool) -> dict[str, Any]:
    value, low, high = float(one.difference[0]), float(one.low[0]), float(one.high[0])
    if not np.isfinite(value):
        return {"direction": None, "reason": "too_few_known", "change": None, "low": None, "high": None, "p": None}
    direction = _WORDS[name][0 if value > 0 else 1] if significant else None
    if _within(one, EQUIVALENCE[name]):
        direction = "stable"
    told = (np.exp([value, low, high]) if name == "length" else np.array([value, low, high])).tolist()
    figures = dict(zip(("change", "low", "high"), told, strict=True))
    return {"direction": direction, "reason": None if direction else "inconclusive", **figures, "p": float(one.p[0])}


def _within(one: Difference, bound: float) -> bool:
    from scipy.special import stdtrit

    reach = float(stdtrit(one.freedom, 0.95)) * float(one.error[0])
    return abs(float(one.difference[0])) + reach < bound


def _figures(outcomes: dict[str, np.ndarray], rows: np.ndarray) -> dict[str, Any]:
    mood = outcomes["mood"][rows]
    mood = mood[np.isfinite(mood)]
    return {
        "messages": len(rows),
        "median_characters": float(np.exp(np.median(outcomes["length"][rows]))),
        "question_share": float(outcomes["questions"][rows].mean()),
        "mean_valence": float(mood.mean()) if len(mood) else None,
    }


def _months(days: np.ndarray, outcomes: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    months = (np.datetime64(0, "D") + days).astype("datetime64[M]")
    order = np.argsort(months, kind="stable")
    names, first = np.unique(months[order], return_index=True)
    rows = np.split(order, first[1:])
    return [{"month": str(name), **_figures(outcomes, own)} for name, own in zip(names, rows, strict=True)]


def _day(number: int) -> str:
    return (_EPOCH + timedelta(days=int(number))).isoformat()
