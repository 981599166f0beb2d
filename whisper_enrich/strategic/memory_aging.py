"""Memory aging: how old what is known of a user is, what is about to fade, and whether it comes up more or less often.

Memories are current facts and the entities and topics the user named (`whisper_enrich.strategic.memories`). Their
retrievability follows FSRS's stability and this user's own decay (`whisper_enrich.strategic.forgetting_curve`):

    retrievability = (1 + factor * days since last_at / stability_days) ^ -decay

Every memory carries these parameters, so that a reader can evaluate it at any later time. The average age is that of the
latest evidence: (now - sum_last_at / count) / 3600 hours, with the parameters in ``age_parameters``. A fact is at risk when
it falls under `RISK_RETENTION` within a week, a term when it does and was named in two sessions or more: what was named
once was perhaps never meant to be kept.

The trend compares how often known terms came back in the last 7 days and the 21 before (`rates`). The drift is the
Jensen-Shannon divergence (Lin 1991, base 2: 0 the same topics, 1 none shared) of the terms of these two spans, beside what
it would be if nothing had changed: two small samples always differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whisper_enrich.strategic.forgetting import Floats
from whisper_enrich.strategic.forgetting_curve import fit_curve
from whisper_enrich.strategic.forgetting_priors import ForgettingPriors, shipped
from whisper_enrich.strategic.history import History, VectorSums
from whisper_enrich.strategic.memories import Memories, Talk, memories_of, talk_of
from whisper_enrich.strategic.rates import RateTrend, compare_rates
from whisper_enrich.strategic.remention import DAY
from whisper_enrich.strategic.scoped import most

RECENT_DAYS = 7
EARLIER_DAYS = 21
FEWEST_EARLIER_DAYS = 7
"""Days of history before the last week without which there is nothing to compare it with."""
RISK_RETENTION = 0.8
MOST_LISTED = 5
MOST_AT_RISK = 10
FEWEST_FOR_DRIFT = 20
"""Mentions that either span needs: with fewer, the divergence is all chance."""
PERMUTATIONS = 99
_SEED = 20_261_121


@dataclass(frozen=True)
class MemoryHealth:
    """``memory_snapshot``: {"freshest", "stalest": memories, "retrieval"}; ``forgetting_risk_memories`` most pressing first, each
    with ``why``. ``retrieval`` is 'observed' where the platform counts retrievals, else 'unobserved'.
    """

    memory_snapshot: Mapping[str, Any]
    avg_memory_age_hours: float | None
    retrieval_frequency_trend: str | None
    forgetting_risk_memories: list[dict[str, Any]]
    age_parameters: Mapping[str, float] | None
    trend_test: Mapping[str, Any] | None
    topic_drift: Mapping[str, Any] | None
    retrieval: str
    memory_count: int
    reasons: dict[str, str]


def compute(history: History, priors: ForgettingPriors | None = None) -> MemoryHealth:
    """The health of a user's memories as of ``history.as_of``."""
    priors = priors or shipped()
    talk = talk_of(history)
    memories = memories_of(history, talk)
    decay = fit_curve(talk, talk.items, priors.curve).decay
    now = history.as_of.timestamp()
    reasons: dict[str, str] = {}
    trend = _trend(history, talk, now, reasons)
    parameters = _age_parameters(memories, reasons)
    retrieval = "observed" if history.access else "unobserved"
    return MemoryHealth(
        memory_snapshot={**_snapshot(memories, now, decay), "retrieval": retrieval},
        avg_memory_age_hours=None if parameters is None else (now - parameters["sum_last_at"] / len(memories)) / 3600,
        retrieval_frequency_trend=None if trend is None else trend.verdict,
        forgetting_risk_memories=_at_risk(memories, now, decay),
        age_parameters=parameters,
        trend_test=None if trend is None else asdict(trend),
        topic_drift=_drift(history, talk, now, reasons),
        retrieval=retrieval,
        memory_count=len(memories),
        reasons=reasons,
    )


def _age_parameters(memories: Memories, reasons: dict[str, str]) -> dict[str, float] | None:
    if not len(memories):
        reasons["avg_memory_age_hours"] = reasons["age_parameters"] = "no_memories"
        return None
    return {
        "count": float(len(memories)),
        "sum_last_at": float(memories.last_at.sum()),
        "sum_first_at": float(memories.first_at.sum()),
    }


def _snapshot(memories: Memories, now: float, decay: float) -> dict[str, Any]:
    """The freshest by retrievability, and the stalest."""
    left = memories.retrievability(now, decay)
    order = np.lexsort((memories.first_at, -memories.last_at, -left)).tolist()
    half = (len(order) + 1) // 2
    listed = {"freshest": order[:half], "stalest": order[: half - 1 : -1]}
    private = memories.private.__getitem__
    return {
        **{
            name: [memories.item(i, now, decay) for i in most(own, MOST_LISTED, private)]
            for name, own in listed.items()
        },
        "mean_retrievability": float(left.mean()) if len(order) else None,
    }


def _at_risk(memories: Memories, now: float, decay: float) -> list[dict[str, Any]]:
    """Worth keeping and fading. Ordered by what is lost in the coming week, times how often it was named (logarithm)."""
    left, later = memories.retrievability(now, decay), memories.retrievability(now + RECENT_DAYS * DAY, decay)
    kept = np.array([kind == "fact" for kind in memories.kinds], dtype=bool) | (memories.sessions > 1)
    at_risk = np.flatnonzero(kept & (later < RISK_RETENTION))
    worth = np.log1p(memories.times[at_risk]) * (1.0 - later[at_risk])
    # What is long gone is no longer at risk of going: it counts by what the coming week still takes.
    order = at_risk[np.lexsort((-memories.last_at[at_risk], -worth * (left - later)[at_risk]))]
    found = []
    for i in most(order.tolist(), MOST_AT_RISK, memories.private.__getitem__):
        item = memories.item(i, now, decay)
        found.append({**item, "why": _why(item, int(memories.sessions[i]))})
    return found


def _why(item: Mapping[str, Any], sessions: int) -> str:
    times = "once" if sessions == 1 else f"in {sessions} conversations"
    if item["kind"] == "fact":
        times = "once" if sessions == 1 else f"{sessions} times"
    verb = "said" if item["kind"] == "fact" else "named"
    days = item["idle_hours"] / 24
    return (
        f"{verb} {times}, last {days:.0f} days ago; retrievability {item['retrievability']:.2f}, "
        f"{item['retrievability_7d']:.2f} in a week"
    )


def _trend(history: History, talk: Talk, now: float, reasons: dict[str, str]) -> RateTrend | None:
    """Of how often known terms come back: one count for each term and session that named it again."""
    again = np.ones(len(talk.known.term), dtype=bool)
    again[talk.known.starts] = False
    covered = (now - float(history.turns.at[0])) / DAY - RECENT_DAYS if len(history.turns) else 0.0
    days = min(EARLIER_DAYS, int(covered))
    if days < FEWEST_EARLIER_DAYS:
        reasons["retrieval_frequency_trend"] = reasons["trend_test"] = "history_too_short"
        return None
    # An answer may bear a time a millisecond past the midnight that ends its question's day.
    ages = np.floor(np.maximum(now - talk.known.at[again], 0.0) / DAY).astype(np.int64)
    counts = np.bincount(ages[ages < RECENT_DAYS + days], minlength=RECENT_DAYS + days).astype(float)
    found = compare_rates(counts[:RECENT_DAYS], counts[RECENT_DAYS:])
    if found.later + found.earlier == 0:
        reasons["retrieval_frequency_trend"] = "nothing_named_again"
    elif found.verdict is None:
        reasons["retrieval_frequency_trend"] = "inconclusive"
    return found


def _drift(history: History, talk: Talk, now: float, reasons: dict[str, str]) -> dict[str, Any] | None:
    by_user = history.turns.from_user[talk.mention_turn]
    ages = (now - history.turns.at[talk.mention_turn]) / DAY
    spans = (by_user & (ages < RECENT_DAYS), by_user & (ages >= RECENT_DAYS) & (ages < RECENT_DAYS + EARLIER_DAYS))
    found: dict[str, Any] = {"cosine_distance": _vector_distance(history, now)}
    if min(int(span.sum()) for span in spans) < FEWEST_FOR_DRIFT:
        reasons["topic_drift"] = "too_few_mentions"
        return None if found["cosine_distance"] is None else {**found, "jensen_shannon": None}
    terms, where = np.unique(talk.mention_term[spans[0] | spans[1]], return_inverse=True)
    recent = spans[0][spans[0] | spans[1]]
    observed = _jensen_shannon(where, recent, len(terms))
    unchanged = _under_no_change(where, recent, len(terms))
    return {
        **found,
        "jensen_shannon": observed,
        "expected_without_change": float(unchanged.mean()),
        "p": float((1 + np.sum(unchanged >= observed)) / (1 + len(unchanged))),
        "mentions_recent": int(recent.sum()),
        "mentions_earlier": int((~recent).sum()),
    }


def _jensen_shannon(term: NDArray[np.int64], recent: NDArray[np.bool_], count: int) -> float:
    p = np.bincount(term[recent], minlength=count) / recent.sum()
    q = np.bincount(term[~recent], minlength=count) / (~recent).sum()
    return float(_entropy((p + q) / 2) - (_entropy(p) + _entropy(q)) / 2)


def _entropy(p: Floats) -> float:
    p = p[p > 0]
    return float(-(p * np.log2(p)).sum())


def _under_no_change(term: NDArray[np.int64], recent: NDArray[np.bool_], count: int) -> Floats:
    """Divergences of random parts of the same sizes, with a fixed seed."""
    generator = np.random.default_rng(_SEED)
    return np.array([_jensen_shannon(term, generator.permutation(recent), count) for _ in range(PERMUTATIONS)])


def _vector_distance(history: History, now: float) -> float | None:
    """1 - cosine of the summed content vectors of the user's turns of the two spans; None where either has none."""
    today = history.as_of.date()
    recent = _sum(history, today - timedelta(days=RECENT_DAYS), today + timedelta(days=1))
    earlier = _sum(history, today - timedelta(days=RECENT_DAYS + EARLIER_DAYS), today - timedelta(days=RECENT_DAYS - 1))
    if recent is None or earlier is None:
        return None
    size = float(np.linalg.norm(recent) * np.linalg.norm(earlier))
    return float(1.0 - recent @ earlier / size) if size > 0 else None


def _sum(history: History, after: date, before: date) -> Floats | None:
    def counts(sums: VectorSums) -> bool:
        return sums.space == "content" and sums.from_user and sums.count > 0 and after < sums.day < before

    chosen = [sums.total for sums in history.vector_sums if counts(sums)]
    return np.sum(np.asarray(chosen, dtype=float), axis=0) if chosen else None
