"""How long the bot's replies should be for this user, by what the user does after short and long ones.

A reply is a run of bot turns without a pause, followed by a message of the user within `SESSION_GAP_SECONDS`, or not:

    reply      whether the user wrote; not known of a reply that is still open at ``as_of``
    latency    natural logarithm of the seconds until then; not known below a second (imports with one time for all)
    length     log(1 + words) of the user's message
    mood       its valence
    response   speed, length and mood together: the mean of those known, each in standard deviations of this user

Length and mood are first freed from what the user's other messages of the same session foretell (their mean log(1 + words),
their mean valence; analysis of covariance), the reply from what their message before does: talkative hours, in which both
sides write more, do not speak for long replies, nor farewells, short on both sides and unanswered, against short ones.

Replies are cut at the user's own quantiles into bins of equal number, as many as give `LEAST_A_BIN` answered ones each, three
to five. Each bin is held against all others, and so against what is usual for this user; that is best whose ``response`` is
higher by more than chance (sessions as clusters, false discovery rate of Benjamini and Hochberg 5% over the bins) and after
which the user does not fall silent more often. It remains an association, no proof that the length is the cause.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from whisper_enrich.strategic.clustered import Difference, difference
from whisper_enrich.strategic.comparisons import discoveries, residual
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, History, Turns

LEAST_A_BIN = 15
BINS = (3, 5)
LEAST_SESSIONS = 8
FALSE_DISCOVERIES = 0.05
OUTCOMES: tuple[str, ...] = ("reply", "latency", "length", "mood", "response")
_LEAST_LATENCY = 1.0


@dataclass(frozen=True)
class _Replies:
    """Columns over the bot's replies: their size, their session (counted from 0), and the outcomes, NaN where not known."""

    characters: np.ndarray
    words: np.ndarray
    session: np.ndarray
    reply: np.ndarray
    latency: np.ndarray
    length: np.ndarray
    mood: np.ndarray
    response: np.ndarray


def best_reply_length(history: History) -> tuple[dict[str, Any] | None, str | None]:
    """The bin of `reply_length_bins` that is best and None, or None and the reason: 'too_few_replies', 'too_few_sessions',
    'replies_alike' (all of one length), 'no_length_stands_out'."""
    bins, reason = reply_length_bins(history)
    if bins is None:
        return None, reason
    best = [one for one in bins if one["better"]]
    if not best:
        return None, "no_length_stands_out"
    return max(best, key=lambda one: (one["response"]["difference"], -one["from"])), None


def reply_length_bins(history: History) -> tuple[list[dict[str, Any]] | None, str | None]:
    """What followed replies of each range of length, shortest first, or None and why.

    An item: ``from``, ``to`` (characters, both inclusive), ``median_words``, ``replies`` (those answered), ``better``, and for
    each of `OUTCOMES` its ``mean`` and the ``difference`` to all other replies with its 95% interval ``low``, ``high``, or None.
    """
    if not len(history.turns):
        return None, "too_few_replies"
    found = _replies(history.turns, history.as_of.timestamp())
    answered = np.isfinite(found.response)
    if answered.sum() < LEAST_A_BIN * BINS[0]:
        return None, "too_few_replies"
    if len(np.unique(found.session[answered])) < LEAST_SESSIONS:
        return None, "too_few_sessions"
    count = int(min(BINS[1], answered.sum() // LEAST_A_BIN))
    cuts = np.unique(np.quantile(found.characters[answered], np.arange(1, count) / count))
    which = np.searchsorted(cuts, found.characters, side="left")
    present = np.unique(which[answered])
    if len(present) < 2:
        return None, "replies_alike"
    groups = which[:, None] == present[None, :]
    differences = {name: difference(getattr(found, name), groups, found.session) for name in OUTCOMES}
    response = differences["response"]
    better = discoveries(response.p, FALSE_DISCOVERIES) & (response.difference > 0)
    better &= ~(differences["reply"].high < 0)
    return [_bin(found, answered & groups[:, k], bool(better[k]), differences, k) for k in range(len(present))], None


def _replies(turns: Turns, as_of: float) -> _Replies:
    user, at = turns.from_user, turns.at
    pause = np.diff(at) > SESSION_GAP_SECONDS
    starts = np.concatenate(([0], np.flatnonzero((user[1:] != user[:-1]) | pause) + 1))
    session = np.concatenate(([0], np.cumsum(pause)))
    last = np.append(starts[1:], len(user)) - 1
    bots = np.flatnonzero(~user[starts])
    begins, ends = starts[bots], last[bots]
    # The turns beside a run are the user's, where they are of its session at all.
    before = np.where(session[np.maximum(begins - 1, 0)] == session[begins], begins - 1, -1)
    after = np.where(session[np.minimum(ends + 1, len(user) - 1)] == session[ends], ends + 1, -1)
    after[ends == len(user) - 1] = -1
    still_open = (ends == len(user) - 1) & (as_of - at[ends] <= SESSION_GAP_SECONDS)
    words, valence = np.log1p(turns.words.astype(np.float64)), turns.valence.astype(np.float64)
    seconds = _at(at, after) - at[ends]
    outcomes = {
        "reply": residual(np.where(still_open, np.nan, (after >= 0).astype(np.float64)), _at(words, before)),
        "latency": np.log(np.where(seconds >= _LEAST_LATENCY, seconds, np.nan)),
        "length": residual(_at(words, after), _at(_others(words, user, session), after)),
        "mood": residual(_at(valence, after), _at(_others(valence, user, session), after)),
    }
    return _Replies(
        characters=np.add.reduceat(turns.characters, starts)[bots],
        words=np.add.reduceat(turns.words, starts)[bots],
        session=session[begins],
        response=_response(-outcomes["latency"], outcomes["length"], outcomes["mood"]),
        **outcomes,
    )


def _others(column: np.ndarray, user: np.ndarray, session: np.ndarray) -> np.ndarray:
    """For each turn of the user the mean over their other turns of the session, NaN where none is known."""
    known = user & np.isfinite(column)
    values = np.where(known, column, 0.0)
    n = np.bincount(session, known)[session] - known
    return np.divide(np.bincount(session, values)[session] - values, n, out=np.full(len(column), np.nan), where=n > 0)


def _at(column: np.ndarray, index: np.ndarray) -> np.ndarray:
    return np.where(index >= 0, column[np.maximum(index, 0)], np.nan)


def _response(*outcomes: np.ndarray) -> np.ndarray:
    """The mean of the outcomes that are known, each in its own standard deviations; NaN where none is."""
    total, known = np.zeros(len(outcomes[0])), np.zeros(len(outcomes[0]))
    for outcome in outcomes:
        there = np.isfinite(outcome)
        values = outcome[there]
        spread = float(values.std()) if len(values) else 0.0
        total[there] += (values - values.mean()) / spread if spread > 0 else 0.0
        known += there
    return np.divide(total, known, out=np.full(len(total), np.nan), where=known > 0)


def _bin(
    found: _Replies, own: np.ndarray, better: bool, differences: dict[str, Difference], index: int
) -> dict[str, Any]:
    return {
        "from": int(found.characters[own].min()),
        "to": int(found.characters[own].max()),
        "median_words": float(np.median(found.words[own])),
        "replies": int(own.sum()),
        "better": better,
        **{name: _interval(one, index) for name, one in differences.items()},
    }


def _interval(one: Difference, index: int) -> dict[str, float] | None:
    if not np.isfinite(one.difference[index]):
        return None
    return {
        "mean": float(one.inside[index]),
        "difference": float(one.difference[index]),
        "low": float(one.low[index]),
        "high": float(one.high[index]),
    }
