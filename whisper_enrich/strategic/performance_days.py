"""What a day of a user with a bot contributes to the bot's performance: sums and counts, which add up over users and days.

`daily_measures` reads turns once; everything after it works on these rows, so that a bot with many users is computed from
stored rows alone. A day is the UTC day of `Message.turn_at`; sessions are cut at its end.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date, timedelta
from typing import Any, Protocol

import numpy as np

from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, Reaction, Turns, VectorSums

VOICE_SPACES: tuple[str, ...] = ("emotion", "semantic")
"""The spaces in which a bot's personality is looked for; the content space follows the topic."""

LONGEST_STAMP_SECONDS = 0.002
"""The platform stamps an answer 1 ms after its question: up to 2 ms are that, no time in which anybody answered."""
LONGEST_RESPONSE_SECONDS = 600.0
"""What comes later is no answer to that message."""

_EPOCH = date(1970, 1, 1)
_DAY_MICROSECONDS = 86_400_000_000


class Observed(Protocol):
    """A `History`, or the features of one day."""

    turns: Turns
    reactions: Sequence[Reaction]
    vector_sums: Sequence[VectorSums]


@dataclass(frozen=True, slots=True)
class DayMeasures:
    """Sums of one user's day with a bot; a mean is a sum over the count beside it.

    ``moves`` are runs of bot turns that could be answered, ``answered`` those that the user answered within the session,
    ``log_latency`` the sum of the logarithms of the seconds until then (at least 1 s each). ``open_since`` is the time of a
    move that was the day's last turn: nobody can say yet whether it is answered. ``lift`` sums, over ``lifts`` sessions,
    the mean valence of the user's turns after the bot's first turn less that of those before it (``lift_squares`` its
    square); ``mood`` sums the valence of the ``moods`` turns after it. ``coherence`` sums the cosines of ``coherent`` bot
    turns with the user's turn before; ``topic`` those of ``on_topic`` bot turns with the centroid of the user's turns of
    the day. ``response_ms`` sums the ``timed`` answers; ``stamped`` is how many carry no time of their own. ``voice`` has,
    by space, the sum of the unit vectors of the bot's turns and their number.
    """

    day: date
    user_turns: int = 0
    bot_turns: int = 0
    sessions: int = 0
    moves: int = 0
    answered: int = 0
    log_latency: float = 0.0
    open_since: float | None = None
    lifts: int = 0
    lift: float = 0.0
    lift_squares: float = 0.0
    moods: int = 0
    mood: float = 0.0
    reactions: int = 0
    reaction: float = 0.0
    coherent: int = 0
    coherence: float = 0.0
    on_topic: int = 0
    topic: float = 0.0
    timed: int = 0
    response_ms: float = 0.0
    stamped: int = 0
    voice: Mapping[str, tuple[np.ndarray, int]] = field(default_factory=dict, compare=False)

    def to_json(self) -> dict[str, Any]:
        """Plain values; vectors as base64 of little-endian half-precision numbers."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        voice = {space: [_packed(total), count] for space, (total, count) in self.voice.items()}
        return {"day": self.day.isoformat(), **plain, "voice": voice}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> DayMeasures:
        """The reverse. Raises KeyError or ValueError for what `to_json` did not write."""
        plain = {name: stored[name] for name in _PLAIN}
        voice = {space: (_unpacked(text), count) for space, (text, count) in stored["voice"].items()}
        return cls(day=date.fromisoformat(stored["day"]), **plain, voice=voice)


_PLAIN = tuple(one.name for one in fields(DayMeasures) if one.name not in ("day", "voice"))
SUMMED: tuple[str, ...] = tuple(name for name in _PLAIN if name != "open_since")
"""The fields that add up."""


def daily_measures(observed: Observed) -> list[DayMeasures]:
    """One row for each day on which anything was said or reacted to, in the order of days."""
    turns, numbers = observed.turns, _day_numbers(observed.turns)
    reacted = np.array([int(one.at // 86_400) for one in observed.reactions], dtype=np.int64)
    days, where = np.unique(np.concatenate([numbers, reacted]), return_inverse=True)
    columns = _turn_columns(turns, where[: len(turns)], len(days)) if len(turns) else {}
    columns |= _reaction_columns(observed.reactions, where[len(turns) :], len(days))
    open_since = columns.pop("open_since", np.full(len(days), np.nan))
    rows = {name: column.tolist() for name, column in columns.items()}
    vectors = _vectors_by_day(observed.vector_sums)
    measures = []
    for i, number in enumerate(days.tolist()):
        day = _EPOCH + timedelta(days=number)
        totals = vectors.get(day, {})
        measures.append(
            DayMeasures(
                day,
                **{name: column[i] for name, column in rows.items()},
                open_since=None if np.isnan(open_since[i]) else float(open_since[i]),
                **_topic(totals),
                voice={space: totals[space, False] for space in VOICE_SPACES if (space, False) in totals},
            )
        )
    return measures


def _day_numbers(turns: Turns) -> np.ndarray:
    """Days since 1970 of `Message.turn_at`, in whole microseconds because a float's millisecond is not exact."""
    microseconds = np.rint(turns.at * 1e6).astype(np.int64) - np.where(turns.from_user, 0, 1000)
    return microseconds // _DAY_MICROSECONDS


def _turn_columns(turns: Turns, where: np.ndarray, days: int) -> dict[str, np.ndarray]:
    user, at = turns.from_user, turns.at
    starts = np.ones(len(at), dtype=bool)
    starts[1:] = (np.diff(at) > SESSION_GAP_SECONDS) | (np.diff(where) != 0)
    session = np.cumsum(starts) - 1
    goes_on = np.append(~starts[1:], False)
    next_user = np.append(user[1:], False)

    def per_day(chosen: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
        return np.bincount(where[chosen], None if weights is None else weights[chosen], minlength=days)

    move = ~user & ~(goes_on & ~next_user)
    answered = move & goes_on
    wait = np.append(np.diff(at), np.nan)
    asked = user & goes_on & ~next_user
    timed = asked & (wait > LONGEST_STAMP_SECONDS) & (wait <= LONGEST_RESPONSE_SECONDS)
    near = ~user & np.isfinite(turns.coherence)
    last_of_day = np.append(np.diff(where) != 0, True)
    open_since = np.full(days, np.nan)
    open_since[where[last_of_day & move]] = at[last_of_day & move]
    first_of_session = np.flatnonzero(starts)
    with_user = np.bincount(session[user], minlength=len(first_of_session)) > 0
    return {
        "user_turns": per_day(user),
        "bot_turns": per_day(~user),
        "sessions": np.bincount(where[first_of_session[with_user]], minlength=days),
        "moves": per_day(move),
        "answered": per_day(answered),
        "log_latency": per_day(answered, np.log(np.fmax(wait, 1.0))),
        "open_since": open_since,
        "coherent": per_day(near),
        "coherence": per_day(near, turns.coherence),
        "timed": per_day(timed),
        "response_ms": per_day(timed, wait * 1000.0),
        "stamped": per_day(asked & (wait <= LONGEST_STAMP_SECONDS)),
        **_mood_columns(turns, where, session, first_of_session, days),
    }


def _mood_columns(
    turns: Turns, where: np.ndarray, session: np.ndarray, first: np.ndarray, days: int
) -> dict[str, np.ndarray]:
    spoken = np.cumsum(~turns.from_user)
    before_session = spoken[first] - ~turns.from_user[first]
    told = turns.from_user & np.isfinite(turns.valence)
    answered = spoken > before_session[session]
    after, before = told & answered, told & ~answered

    def of_session(chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        counts = np.bincount(session[chosen], minlength=len(first))
        return counts, np.bincount(session[chosen], turns.valence[chosen], minlength=len(first))

    (n_before, sum_before), (n_after, sum_after) = of_session(before), of_session(after)
    both = (n_before > 0) & (n_after > 0)
    lift = sum_after[both] / n_after[both] - sum_before[both] / n_before[both]
    day = where[first[both]]
    return {
        "lifts": np.bincount(day, minlength=days),
        "lift": np.bincount(day, lift, minlength=days),
        "lift_squares": np.bincount(day, lift**2, minlength=days),
        "moods": np.bincount(where[after], minlength=days),
        "mood": np.bincount(where[after], turns.valence[after], minlength=days),
    }


def _reaction_columns(reactions: Sequence[Reaction], where: np.ndarray, days: int) -> dict[str, np.ndarray]:
    scores = np.array([one.score for one in reactions], dtype=np.float64)
    return {
        "reactions": np.bincount(where, minlength=days),
        "reaction": np.bincount(where, scores, minlength=days),
    }


def _vectors_by_day(sums: Sequence[VectorSums]) -> dict[date, dict[tuple[str, bool], tuple[np.ndarray, int]]]:
    found: dict[date, dict[tuple[str, bool], tuple[np.ndarray, int]]] = {}
    for one in sums:
        found.setdefault(one.day, {})[one.space, one.from_user] = (one.total, one.count)
    return found


def _topic(totals: Mapping[tuple[str, bool], tuple[np.ndarray, int]]) -> dict[str, Any]:
    user, bot = totals.get(("content", True)), totals.get(("content", False))
    length = float(np.linalg.norm(user[0])) if user else 0.0
    if user is None or bot is None or length == 0.0:
        return {}
    return {"on_topic": bot[1], "topic": float(np.dot(bot[0], user[0])) / length}


def _packed(total: np.ndarray) -> str:
    return base64.b64encode(total.astype("<f2").tobytes()).decode("ascii")


def _unpacked(text: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype="<f2").astype(np.float32)
