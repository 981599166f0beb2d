"""Human-like memory: how this user comes back to what was talked about, and when to bring it up again.

- The forgetting curve is fitted on the user's re-mentions and shrunk to the population (`forgetting_curve`); decay with its
  95% interval. A typical memory is the median stability of those named in two sessions or more (of all where there are none):
  ``retention_baseline`` is its retrievability `BASELINE_DAYS` after a mention, ``decay_rate`` its mean loss a day till then,
  -ln R / days.
- Recall is simulated going forward in time: the model (`remention`) is fitted on the sessions up to a cut, and foretells each
  term's return in those after it, three times over. The score is the AUC of all forecasts: 0.5 is chance, 1 all right.
- The spacing effect compares terms whose second mention came a day or more after the first with those named twice on one day:
  the share that came back within `FOLLOW_UP_DAYS` of the second mention, difference with Newcombe's interval. Observed, not
  tried: what is dear to somebody is both spaced and kept.
- Consolidation: memories whose stability grew by half within 28 days, that fell under `FADED_RETENTION` in these days, or that
  were named again after having fallen under it.
- A memory is due when its retrievability falls to `TARGET_RETENTION`: last_at + stability_days / factor *
  (TARGET_RETENTION^(-1/decay) - 1) days.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from whisper_enrich.strategic import remention
from whisper_enrich.strategic.comparisons import compare_shares
from whisper_enrich.strategic.forgetting import Floats, days_until, retrievability
from whisper_enrich.strategic.forgetting_curve import Curve, fit_curve
from whisper_enrich.strategic.forgetting_priors import ForgettingPriors, shipped
from whisper_enrich.strategic.history import History
from whisper_enrich.strategic.memories import Memories, Talk, iso, memories_of, talk_of
from whisper_enrich.strategic.remention import DAY, FEATURES, Items, Population
from whisper_enrich.strategic.scoped import most

BASELINE_DAYS = 7.0
TARGET_RETENTION = 0.9
HIGH_RETENTION = 0.9
FADED_RETENTION = 0.7
CONSOLIDATION_DAYS = 28
GROWN = 1.5
FOLLOW_UP_DAYS = 14
FEWEST_A_GROUP = 5
FEWEST_HITS = 10
"""Returns that a simulation needs in what it is fitted on, and in what it foretells."""
FOLDS = (0.5, 2 / 3, 5 / 6)
MOST_LISTED = 10


@dataclass(frozen=True)
class MemoryBehavior:
    """``total_retrieval_count`` counts retrievals where the platform does (``retrieval`` 'observed'), else the times a known
    memory was named again. ``confidence`` in 0..1 is the share of the population's uncertainty about the decay that this user's
    own talk removed; 0 is the population's curve. ``recall_strategy`` names no memory, so it may be shown anywhere."""

    forgetting_curve_params: Mapping[str, Any]
    high_retention_memories: list[dict[str, Any]]
    low_retention_memories: list[dict[str, Any]]
    recall_simulation_score: float | None
    recall_simulation: Mapping[str, Any] | None
    spaced_repetition: Mapping[str, Any] | None
    consolidation: Mapping[str, Any]
    decay_rate: float | None
    retention_baseline: float | None
    reinforced_topic_count: int
    total_retrieval_count: int
    avg_retrieval_interval_days: float | None
    reinforcement_opportunities: list[dict[str, Any]]
    optimal_recall_days: float | None
    recall_strategy: str
    confidence: float
    retrieval: str
    reasons: dict[str, str]


def compute(history: History, priors: ForgettingPriors | None = None) -> MemoryBehavior:
    """What a user's talk says of their memory, as of ``history.as_of``."""
    priors = priors or shipped()
    talk = talk_of(history)
    memories = memories_of(history, talk)
    found = talk.items
    curve = fit_curve(talk, found, priors.curve)
    now = history.as_of.timestamp()
    reasons: dict[str, str] = {}
    typical = _typical_stability(memories, reasons)
    baseline = None if typical is None else float(retrievability(BASELINE_DAYS, typical, curve.decay))
    due = None if typical is None else float(days_until(TARGET_RETENTION, typical, curve.decay))
    x = remention.design(remention.features(talk.known, found.term, found.session), priors.remention)
    simulation = _simulate(x, found, len(talk.known.session_at), priors.remention, reasons)
    spaced = _spaced_repetition(talk, now, reasons)
    return MemoryBehavior(
        forgetting_curve_params={
            **curve.params(priors.curve),
            "typical_stability_days": typical,
            "activation": _activation(x, found, priors.remention),
        },
        high_retention_memories=_by_retention(memories, now, curve, high=True),
        low_retention_memories=_by_retention(memories, now, curve, high=False),
        recall_simulation_score=None if simulation is None else simulation["auc"],
        recall_simulation=simulation,
        spaced_repetition=spaced,
        consolidation=_consolidation(memories, now, curve.decay),
        decay_rate=None if baseline is None else float(-np.log(baseline) / BASELINE_DAYS),
        retention_baseline=baseline,
        reinforced_topic_count=int(sum(kind != "fact" for kind in _kinds(memories, memories.sessions > 1))),
        total_retrieval_count=_retrievals(history, memories),
        avg_retrieval_interval_days=_mean_interval(memories, reasons),
        reinforcement_opportunities=_opportunities(memories, now, curve.decay),
        optimal_recall_days=due,
        recall_strategy=_strategy(due, spaced),
        confidence=curve.own_weight,
        retrieval="observed" if history.access else "unobserved",
        reasons=reasons,
    )


def _kinds(memories: Memories, chosen: np.ndarray) -> list[str]:
    return [memories.kinds[i] for i in np.flatnonzero(chosen)]


def _typical_stability(memories: Memories, reasons: dict[str, str]) -> float | None:
    if not len(memories):
        for name in ("decay_rate", "retention_baseline", "optimal_recall_days"):
            reasons[name] = "no_memories"
        return None
    repeated = memories.sessions > 1
    return float(np.median(memories.stability[repeated] if repeated.any() else memories.stability))


def _activation(x: Floats, found: Items, population: Population) -> dict[str, Any]:
    """The coefficients of the re-mention model on its standardised features, each with a 95% interval."""
    fit = remention.fit_user(x, found, population)
    deviations = np.sqrt(np.diag(fit.covariance))
    # At its bound a coefficient has no curvature; what the population leaves open above it remains.
    deviations = np.where(deviations > 0, deviations, population.spread)
    return {
        name: {
            "value": float(value),
            "low": float(value - 1.96 * deviation),
            "high": float(value + 1.96 * deviation),
            "population": float(mean),
        }
        for name, value, deviation, mean in zip(
            ("intercept", *FEATURES), fit.coefficients, deviations, population.mean, strict=True
        )
    }


def _by_retention(memories: Memories, now: float, curve: Curve, *, high: bool) -> list[dict[str, Any]]:
    """Memories named in two sessions or more: what holds, most stable first; or what has faded, least retrievable first."""
    left = memories.retrievability(now, curve.decay)
    repeated = memories.sessions > 1
    chosen = np.flatnonzero(repeated & (left >= HIGH_RETENTION if high else left < FADED_RETENTION))
    key = -memories.stability[chosen] if high else left[chosen]
    order = chosen[np.lexsort((memories.first_at[chosen], key))]
    return [memories.item(i, now, curve.decay) for i in _listed(order, memories)]


def _listed(order: np.ndarray, memories: Memories) -> list[int]:
    return most(order.tolist(), MOST_LISTED, memories.private.__getitem__)


def _simulate(
    x: Floats, found: Items, sessions: int, population: Population, reasons: dict[str, str]
) -> dict[str, Any] | None:
    """Forecasts of what lay ahead of three cuts in time, each from what lay before it."""
    cuts = [int(np.ceil(sessions * share)) for share in FOLDS] + [sessions]
    ahead = np.zeros(len(x), dtype=bool)
    p = np.zeros(len(x))
    for cut, end in pairwise(cuts):
        past, fold = found.session < cut, (found.session >= cut) & (found.session < end)
        if found.hit[past].sum() >= FEWEST_HITS and fold.any():
            fit = remention.fit_user(x[past], found.where(past), population)
            p[fold] = remention.probability(x[fold], fit)
            ahead |= fold
    if found.hit[ahead].sum() < FEWEST_HITS:
        reasons["recall_simulation_score"] = reasons["recall_simulation"] = "too_few_returns"
        return None
    scores = _scores(found.hit[ahead], p[ahead], found.weight[ahead])
    if scores["auc"] is None:
        reasons["recall_simulation_score"] = "everything_returned"
    return scores


def _scores(hit: Floats, p: Floats, weight: Floats) -> dict[str, Any]:
    """AUC by weighted ranks, and Brier's skill against always foretelling the average."""
    values, where = np.unique(p, return_inverse=True)
    misses = np.bincount(where, weights=weight * (1 - hit), minlength=len(values))
    hits = np.bincount(where, weights=weight * hit, minlength=len(values))
    below = np.cumsum(misses) - misses / 2
    rate = hits.sum() / weight.sum()
    brier = float(np.average((p - hit) ** 2, weights=weight))
    return {
        "auc": float((hits * below).sum() / (hits.sum() * misses.sum())) if misses.sum() > 0 else None,
        "brier": brier,
        "brier_skill": float(1.0 - brier / (rate * (1.0 - rate))) if rate < 1 else None,
        "forecasts": round(float(weight.sum())),
        "returns": round(float(hits.sum())),
    }


def _spaced_repetition(talk: Talk, now: float, reasons: dict[str, str]) -> dict[str, Any] | None:
    """Terms by their first two mentions (turns), where the time to come back in is over."""
    turn_at = talk.turn_at
    order = np.lexsort((turn_at, talk.mention_term))
    term, at = talk.mention_term[order], turn_at[order]
    starts = np.searchsorted(term, np.arange(len(talk.keys)))
    counts = np.diff(np.append(starts, len(term)))
    starts = starts[counts > 1]
    first, second = at[starts], at[starts + 1]
    over = second + (1 + FOLLOW_UP_DAYS) * DAY <= now
    starts, first, second = starts[over], first[over], second[over]
    spaced = second - first >= DAY
    # The rest of the evening on which a term came up the second time is no return.
    after, before = (
        np.searchsorted(_ranked(term, at), _ranked(term[starts], second + d * DAY)) for d in (1, 1 + FOLLOW_UP_DAYS)
    )
    groups = {"spaced": int(spaced.sum()), "massed": int((~spaced).sum())}
    if min(groups.values()) < FEWEST_A_GROUP:
        reasons["spaced_repetition"] = "too_few_repeated_terms"
        return None
    found = compare_shares((before > after).astype(float), spaced[:, None].astype(float))
    return {
        "n": groups,
        "came_back_spaced": float(found.with_[0]),
        "came_back_massed": float(found.without[0]),
        "difference": float(found.difference[0]),
        "low": float(found.low[0]),
        "high": float(found.high[0]),
        "p": float(found.p[0]),
        "within_days": FOLLOW_UP_DAYS,
    }


def _ranked(term: np.ndarray, at: Floats) -> Floats:
    """One ascending number for term and time: 2^34 seconds are more than any chat's, and both fit a float exactly to 1/8 s."""
    return term * 2.0**34 + at


def _consolidation(memories: Memories, now: float, decay: float) -> dict[str, Any]:
    """What became of memories in the last `CONSOLIDATION_DAYS`."""
    since = now - CONSOLIDATION_DAYS * DAY
    reviews = memories.reviews
    before = reviews.at < since
    known = np.bincount(reviews.memory[before], minlength=len(memories))
    old = np.flatnonzero(known > 0)
    then = reviews.starts[old] + known[old] - 1
    left_then = retrievability((since - reviews.at[then]) / DAY, reviews.stability[then], decay)
    left = memories.retrievability(now, decay)[old]
    grown = memories.stability[old] >= GROWN * reviews.stability[then]
    faded = (left < FADED_RETENTION) & (left_then >= FADED_RETENTION)
    back = old[_came_back(memories, since, decay)[old]]

    def listed(chosen: np.ndarray, key: Floats) -> list[dict[str, Any]]:
        ranked = chosen[np.argsort(key, kind="stable")]
        return [memories.item(i, now, decay) for i in _listed(ranked, memories)]

    return {
        "days": CONSOLIDATION_DAYS,
        "known_before": len(old),
        "strengthened_count": int(grown.sum()),
        "faded_count": int(faded.sum()),
        "returned_count": len(back),
        "strengthened": listed(old[grown], (reviews.stability[then] / memories.stability[old])[grown]),
        "faded": listed(old[faded], left[faded]),
        "returned": listed(back, -memories.last_at[back]),
    }


def _came_back(memories: Memories, since: float, decay: float) -> np.ndarray:
    """Which memories were named since, just when they had fallen under `FADED_RETENTION`."""
    reviews = memories.reviews
    earlier = np.arange(len(reviews.at)) - 1
    left = retrievability((reviews.at - reviews.at[earlier]) / DAY, reviews.stability[earlier], decay)
    left[reviews.starts] = 1.0
    found = (reviews.at >= since) & (left < FADED_RETENTION)
    return np.bincount(reviews.memory[found], minlength=len(memories)) > 0


def _retrievals(history: History, memories: Memories) -> int:
    if history.access:
        return int(memories.retrieved.sum())
    return int((memories.sessions - 1).sum())


def _mean_interval(memories: Memories, reasons: dict[str, str]) -> float | None:
    """Days between a memory's reviews, over all memories."""
    intervals = len(memories.reviews.at) - len(memories)
    if not intervals:
        reasons["avg_retrieval_interval_days"] = "nothing_named_again"
        return None
    return float((memories.last_at - memories.first_at).sum() / DAY / intervals)


def _opportunities(memories: Memories, now: float, decay: float) -> list[dict[str, Any]]:
    """Terms that came back before and facts, where they are due: those that were due last, first (the long lost come last)."""
    kept = np.array([kind == "fact" for kind in memories.kinds], dtype=bool) | (memories.sessions > 1)
    due_at = memories.last_at + memories.days_until(TARGET_RETENTION, decay) * DAY
    chosen = np.flatnonzero(kept)
    order = chosen[np.lexsort((memories.first_at[chosen], np.abs(due_at[chosen] - now)))]
    return [
        {
            **memories.item(i, now, decay),
            "due_at": iso(float(due_at[i])),
            "due_in_days": float((due_at[i] - now) / DAY),
            "target_retention": TARGET_RETENTION,
        }
        for i in _listed(order, memories)
    ]


def _strategy(due: float | None, spaced: Mapping[str, Any] | None) -> str:
    """Plain words that follow from the numbers."""
    if due is None:
        return "Nothing to bring up again yet."
    when = "within a day" if due < 1.5 else f"after about {due:.0f} days"
    advice = f"Bring a topic that matters up again {when}, and each time a little later."
    if spaced is None:
        return advice
    if spaced["low"] > 0:
        return (
            f"{advice} With this user, topics that return on another day last longer than those talked through at once."
        )
    if spaced["high"] < 0:
        return (
            f"{advice} With this user, topics talked through at once last longer than those that return on another day."
        )
    return advice
