"""What the user did after turns in which the bot showed a trait, against turns in which it did not.

An exchange is a run of bot turns without a pause, and what followed it. It shows a trait where any of its turns scores
`TraitNorm.shown_from` or more. What followed:

    reply      the user wrote within `SESSION_GAP_SECONDS`. An exchange that is still open at ``as_of`` does not count, nor
               one of thanks and leave-taking (warmth shown by the bot's turns or by the user's before): a good night is not
               answered, and who says it asks and advises nothing. Of warmth itself replies therefore say nothing
    latency    natural logarithm of the seconds until then; not known below a second (imports with one time for all)
    length     log(1 + words) of the user's next message, less what their message before foretells
    mood       valence of the user's next message, less what their message before foretells
    response   the three together, 0..1: mean rank of speed, length and mood among this user's own exchanges; where no reply
               came it ranks lowest in speed and length (worst-rank score, Lachin 1999); for warmth, replies alone

The user is so compared with nobody but themself. "Less what the message before foretells" is an analysis of covariance:
long messages are followed by long ones, and low moods by brighter ones, whatever the bot says. What is left is still an
association, not a proof that the trait is the cause.

Intervals at 95% and p-values: `whisper_enrich.strategic.comparisons`. Fewer than `LEAST_EXCHANGES` with or without the
trait are not compared.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from whisper_enrich.strategic.comparisons import Comparison, compare_means, compare_shares, residual
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, TRAITS, Turns
from whisper_enrich.strategic.trait_norms import NORMS

LEAST_EXCHANGES = 10
OUTCOMES: tuple[str, ...] = ("reply", "latency", "length", "mood")
BETTER: dict[str, int] = {"reply": 1, "latency": -1, "length": 1, "mood": 1}
"""The sign of a difference that speaks for the trait."""
_LEAST_LATENCY = 1.0
_WARMTH = TRAITS.index("warmth")
_SHOWN_FROM = np.array([NORMS[trait].shown_from for trait in TRAITS], dtype=np.float64) - 1e-6


@dataclass(frozen=True)
class Exchanges:
    """Columns over r exchanges: ``shown`` [r, traits] 1, 0 or NaN (cannot be told); ``private`` where any part of it was
    said in a dm; the outcomes, NaN where not known: ``reply`` and ``response`` by trait [r, traits], the others [r]."""

    shown: np.ndarray
    private: np.ndarray
    reply: np.ndarray
    latency: np.ndarray
    length: np.ndarray
    mood: np.ndarray
    response: np.ndarray

    def __len__(self) -> int:
        return len(self.reply)


def shown(scores: np.ndarray) -> np.ndarray:
    """1 where a score [n, traits] shows the trait clearly, 0 where not, NaN where it is not known."""
    return np.where(np.isfinite(scores), scores >= _SHOWN_FROM, np.nan)


def exchanges(turns: Turns, as_of: float) -> Exchanges:
    """The exchanges of a conversation up to ``as_of`` (seconds since 1970 UTC)."""
    if not len(turns):
        none, by_trait = np.empty(0), np.empty((0, len(TRAITS)))
        return Exchanges(by_trait, none.astype(bool), by_trait, none, none, none, by_trait)
    user, at = turns.from_user, turns.at
    breaks = np.flatnonzero((user[1:] != user[:-1]) | (np.diff(at) > SESSION_GAP_SECONDS)) + 1
    starts = np.concatenate(([0], breaks))
    best = np.fmax.reduceat(turns.traits.astype(np.float64), starts, axis=0)
    any_private = np.logical_or.reduceat(turns.private, starts)
    bots = np.flatnonzero(~user[starts])
    ends = np.append(starts[1:], len(user)) - 1
    before = _beside(starts - 1, bots, starts, at, user)
    after = _beside(ends + 1, bots, ends, at, user)
    open_still = (ends[bots] == len(user) - 1) & (as_of - at[ends[bots]] <= SESSION_GAP_SECONDS)
    reply = np.where(open_still, np.nan, (after >= 0).astype(float))
    outcomes = _outcomes(turns, ends[bots], before, after)
    response = _response(reply, *outcomes)
    private = any_private[bots] | _at(turns.private, before, False) | _at(turns.private, after, False)
    marks = shown(best[bots])
    warm = (marks[:, _WARMTH] == 1) | _at(turns.traits[:, _WARMTH] >= _SHOWN_FROM[_WARMTH], before, False)
    return Exchanges(
        marks,
        private,
        _by_trait(reply, warm, np.full(len(reply), np.nan)),
        *outcomes,
        _by_trait(response, warm, np.where(reply == 1, response, np.nan)),
    )


def compare(found: Exchanges, only: np.ndarray | None = None) -> dict[str, Comparison]:
    """Every outcome, and ``response``, with against without each trait; over the exchanges ``only`` (bool [r]) if given."""
    rows = slice(None) if only is None else only
    marks = found.shown[rows]
    return {"reply": compare_shares(found.reply[rows], marks)} | {
        outcome: compare_means(getattr(found, outcome)[rows], marks)
        for outcome in ("latency", "length", "mood", "response")
    }


def stands_beside(found: Exchanges, outcome: str, trait: int, others: list[int]) -> bool:
    """Whether the trait's difference in the outcome remains (p < .05) once what the ``others`` foretell is taken out."""
    if not others:
        return True
    left = getattr(found, outcome)
    left = left[:, trait] if left.ndim == 2 else left
    for other in others:
        left = residual(left, found.shown[:, other])
    return bool(compare_means(left, found.shown[:, [trait]]).p[0] < 0.05)


def enough(compared: Comparison) -> np.ndarray:
    """For which traits there are enough exchanges on both sides to speak of a difference."""
    return (compared.n_with >= LEAST_EXCHANGES) & (compared.n_without >= LEAST_EXCHANGES)


def _by_trait(outcome: np.ndarray, warm: np.ndarray, of_warmth: np.ndarray) -> np.ndarray:
    """The outcome for each trait [r, traits]: not that of thanks and leave-taking, and another one for warmth."""
    columns = np.repeat(np.where(warm, np.nan, outcome)[:, None], len(TRAITS), axis=1)
    columns[:, _WARMTH] = of_warmth
    return columns


def _beside(index: np.ndarray, bots: np.ndarray, edge: np.ndarray, at: np.ndarray, user: np.ndarray) -> np.ndarray:
    """The user's turn next to each run of the bot in the same session, -1 where there is none."""
    index, edge = index[bots], edge[bots]
    inside = (index >= 0) & (index < len(at))
    index = np.where(inside, index, 0)
    fits = inside & user[index] & (np.abs(at[index] - at[edge]) <= SESSION_GAP_SECONDS)
    return np.where(fits, index, -1)


def _at(column: np.ndarray, index: np.ndarray, missing: float | bool) -> np.ndarray:
    return np.where(index >= 0, column[np.maximum(index, 0)], missing)


def _outcomes(
    turns: Turns, ends: np.ndarray, before: np.ndarray, after: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    gap = _at(turns.at, after, np.nan) - turns.at[ends]
    latency = np.log(np.where(gap >= _LEAST_LATENCY, gap, np.nan))
    words = np.log1p(turns.words.astype(np.float64))
    valence = turns.valence.astype(np.float64)
    length = residual(_at(words, after, np.nan), _at(words, before, np.nan))
    mood = residual(_at(valence, after, np.nan), _at(valence, before, np.nan))
    return latency, length, mood


def _response(reply: np.ndarray, latency: np.ndarray, length: np.ndarray, mood: np.ndarray) -> np.ndarray:
    silent = reply == 0
    speed = _ranks(np.where(silent, -np.inf, -latency))
    size = _ranks(np.where(silent, -np.inf, length))
    ranks = np.vstack([speed, size, _ranks(mood)])
    ranks[:, ~np.isfinite(reply)] = np.nan
    known = np.isfinite(ranks)
    total = np.where(known, ranks, 0.0).sum(axis=0)
    return np.divide(total, known.sum(axis=0), out=np.full(len(reply), np.nan), where=known.any(axis=0))


def _ranks(values: np.ndarray) -> np.ndarray:
    """Mid-ranks in 0..1, ties sharing theirs; NaN stays NaN, minus infinity is the lowest value."""
    known = ~np.isnan(values)
    ranks = np.full(len(values), np.nan)
    if known.any():
        _, where, counts = np.unique(values[known], return_inverse=True, return_counts=True)
        middle = np.cumsum(counts) - counts / 2.0
        ranks[known] = middle[where] / known.sum()
    return ranks
