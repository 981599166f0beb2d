"""What a user talks of again and again, and which of it moves them: their mood when they speak of it against their usual mood.

A subject is the label of a segment (`Segment.topic`), or a name that the user said and that segments on several days share
(`Segment.terms`, `Mention`). One talk is one case, however many messages it has: a message is as gloomy as the one before. With
d the mean mood of the talks on a subject (valence of the user's messages, averaged in each segment) less the mean over all
talks, s² the variance between talks on one subject and k their number, d is shrunk towards 0:

    shrunk = d * tau² / (tau² + s² / k), with standard deviation sqrt(s² / k * tau² / (tau² + s² / k))

tau² is the variance between subjects by the method of moments (DerSimonian and Laird 1986): empirical Bayes as in Efron and
Morris 1975. A subject of two talks so says little, and where subjects do not differ none moves. Intensity likewise.

Scope: a subject that came up in shared channels on two days (or on its only day) is told from these alone; any other that a
dm had a part in is 'dm'.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from whisper_enrich.strategic.history import EMOTIONS, History
from whisper_enrich.strategic.scoped import most

LEAST_LABELLED_TALKS = 10
LEAST_FREEDOM = 10
"""Talks on recurring subjects beyond one each: fewer say too little of how much talks on one subject differ."""
MOST_SUBJECTS = 10
MOST_EMOTIONS = 3
RECURRING_DAYS = 2
_Z = 1.959963984540054


@dataclass(frozen=True)
class Shrunk:
    """Of each group: cases, mean, the shrunk difference to the usual value, and its 95% interval."""

    n: np.ndarray
    mean: np.ndarray
    difference: np.ndarray
    low: np.ndarray
    high: np.ndarray


@dataclass(frozen=True)
class Subjects:
    """Subjects (``labels``, ``private``, ``days``) and the talks on them: talk ``segments[i]`` is on subject ``of[i]``.

    ``own`` are the indices of the user's turns, ``talk`` the segment of each. Subjects with just the same talks are one.
    """

    labels: list[str]
    private: np.ndarray
    days: np.ndarray
    of: np.ndarray
    segments: np.ndarray
    own: np.ndarray
    talk: np.ndarray


def shrunk_differences(values: np.ndarray, groups: np.ndarray, count: int, usual: float) -> Shrunk | None:
    """``values`` [r] without NaN, ``groups`` int [r] in 0..count-1; None where too few cases share a group (`LEAST_FREEDOM`)."""
    n = np.bincount(groups, minlength=count)
    freedom = int(n.sum() - np.count_nonzero(n))
    if freedom < LEAST_FREEDOM:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.bincount(groups, values, minlength=count) / n
        variance = float(((values - mean[groups]) ** 2).sum()) / freedom
        tau = _between(mean - usual, n, variance)
        factor = tau / (tau + variance / n) if tau > 0 else np.zeros(count)
        spread = np.sqrt(variance / n * factor)
    shrunk = np.where(n > 0, (mean - usual) * factor, np.nan)
    return Shrunk(n, mean, shrunk, shrunk - _Z * spread, shrunk + _Z * spread)


def _between(deviation: np.ndarray, n: np.ndarray, variance: float) -> float:
    """The variance between groups, 0 where the groups differ no more than chance lets them."""
    own = n > 0
    if variance <= 0 or own.sum() < 2:
        return 0.0
    weights = n[own] / variance
    centre = float(weights @ deviation[own] / weights.sum())
    excess = float(weights @ (deviation[own] - centre) ** 2) - (own.sum() - 1)
    return max(0.0, excess / float(weights.sum() - (weights**2).sum() / weights.sum()))


def subjects_of(history: History) -> Subjects:
    """The subjects of the talks in which the user said something; in the order of their labels."""
    turns = history.turns
    own = np.flatnonzero(turns.from_user)
    if not len(history.segments):
        own = own[:0]
    talk = turns.segment[own]
    spoke = np.zeros(len(history.segments), dtype=bool)
    spoke[talk] = True
    labels = {segment.topic for segment in history.segments} - {""}
    named = history.named
    names = {named.keys[key] for key in np.unique(named.key[named.entity & turns.from_user[named.turn]]).tolist()}
    told = labels | names
    ids: dict[str, int] = {}
    pairs = [
        (ids.setdefault(term, len(ids)), index)
        for index in np.flatnonzero(spoke).tolist()
        for term in dict.fromkeys((history.segments[index].topic, *history.segments[index].terms))
        if term in told
    ]
    if not pairs:
        none = np.empty(0, dtype=np.int64)
        return Subjects([], none.astype(bool), none, none, none, own, talk)
    of, segments = np.array(pairs, dtype=np.int64).T
    day = np.zeros(len(spoke), dtype=np.int64)
    day[talk[::-1]] = history.local_days()[own[::-1]]
    private = np.array([segment.private for segment in history.segments])
    return _chosen(list(ids), labels, of, segments, day, private, own, talk)


def _chosen(
    terms: list[str], labels: set[str], of: np.ndarray, segments: np.ndarray, day: np.ndarray, private: np.ndarray,
    own: np.ndarray, talk: np.ndarray,
) -> Subjects:  # fmt: skip
    """Terms that are subjects: labels and recurring names, each with the talks that it may be told from."""
    days = distinct_days(of, day[segments], len(terms))
    shared = ~private[segments]
    shared_days = distinct_days(of[shared], day[segments[shared]], len(terms))
    tell_shared = shared_days >= np.minimum(RECURRING_DAYS, days)
    used = ~tell_shared[of] | shared
    days = np.where(tell_shared, shared_days, days)
    recurring = (days >= RECURRING_DAYS).tolist()
    wanted = np.array([often or term in labels for term, often in zip(terms, recurring, strict=True)])
    used &= wanted[of]
    # Pairs stand in the order of the talks; by term, they still do.
    by_term = np.argsort(of[used], kind="stable")
    named, first = np.unique(of[used][by_term], return_index=True)
    talks = dict(zip(named.tolist(), np.split(segments[used][by_term], first[1:]), strict=True))
    best: dict[bytes, int] = {}
    for term in sorted(talks, key=lambda t: (terms[t] not in labels, -len(terms[t]), terms[t])):
        best.setdefault(talks[term].tobytes(), term)
    order = np.array(sorted(best.values(), key=lambda term: terms[term]), dtype=np.int64)
    kept = [talks[term] for term in order.tolist()]
    return Subjects(
        labels=[terms[term] for term in order.tolist()],
        private=~tell_shared[order],
        days=days[order],
        of=np.repeat(np.arange(len(kept)), [len(found) for found in kept]),
        segments=np.concatenate([np.empty(0, dtype=np.int64), *kept]),
        own=own,
        talk=talk,
    )


def distinct_days(of: np.ndarray, days: np.ndarray, count: int) -> np.ndarray:
    """On how many different ``days`` each of ``count`` groups has a case; ``of`` is the group of each, int64."""
    if not len(of):
        return np.zeros(count, dtype=np.int64)
    first, span = int(days.min()), int(np.ptp(days)) + 1
    return np.bincount(np.unique(of * span + days - first) // span, minlength=count)


def most_discussed(history: History, subjects: Subjects) -> list[dict[str, Any]]:
    """What the user talked of on most days, then in most messages; at most `MOST_SUBJECTS`, or as many that are shared.

    ``topic``, ``scope``, ``days``, ``messages`` (the user's in its talks), ``last_at`` (ISO, UTC), and ``valence``, the mean over
    its labelled messages, None where none is labelled. A subject whose talks are all among those of one before is left out,
    unless only that one is private.
    """
    messages = np.bincount(subjects.talk, minlength=len(history.segments)) if len(subjects.talk) else np.empty(0)
    counts = np.bincount(subjects.of, messages[subjects.segments], minlength=len(subjects.labels))
    private = subjects.private.tolist()
    found: list[tuple[int, set[int]]] = []
    for index in np.lexsort((np.arange(len(counts)), -counts, -subjects.days)).tolist():
        full = len(found) >= MOST_SUBJECTS
        if full and private[index]:
            continue
        if full and sum(not private[before] for before, _ in found) >= MOST_SUBJECTS:
            break
        talks = set(subjects.segments[subjects.of == index].tolist())
        if not any(talks <= other and private[index] >= private[before] for before, other in found):
            found.append((index, talks))
    return [_named(history, subjects, index) for index, _ in found]


def moving_topics(history: History, subjects: Subjects) -> tuple[list[dict[str, Any]] | None, str | None]:
    """The recurring subjects whose mood differs credibly from the user's usual one, strongest first; or None and why.

    As in `most_discussed`, and ``direction`` 'lifts' or 'lowers', ``talks``, ``against_usual`` the shrunk difference with ``low``
    and ``high``, ``intensity_against_usual`` likewise (None where not known), ``emotions`` the labels felt there, most first.
    Reasons: 'no_topics', 'too_few_labelled_messages', 'too_few_recurring_topics', 'no_topic_stands_out'.
    """
    if not subjects.labels:
        return None, "no_topics"
    talks = _talk_means(history.turns.valence, subjects, len(history.segments))
    if np.count_nonzero(np.isfinite(talks)) < LEAST_LABELLED_TALKS:
        return None, "too_few_labelled_messages"
    mood = _against_usual(talks, subjects)
    if mood is None:
        return None, "too_few_recurring_topics"
    strength = _against_usual(_talk_means(history.turns.intensity, subjects, len(history.segments)), subjects)
    credible = np.flatnonzero((mood.low > 0) | (mood.high < 0))
    order = credible[np.lexsort((credible, -np.abs(mood.difference[credible])))].tolist()
    items = [
        _named(history, subjects, index)
        | {
            "direction": "lifts" if mood.difference[index] > 0 else "lowers",
            "talks": int(mood.n[index]),
            "against_usual": _interval(mood, index),
            "intensity_against_usual": None if strength is None else _interval(strength, index),
            "emotions": _emotions(history.turns.emotion[_turns_on(subjects, index)]),
        }
        for index in most(order, MOST_SUBJECTS, subjects.private.__getitem__)
    ]
    return (items, None) if items else (None, "no_topic_stands_out")


def _talk_means(column: np.ndarray, subjects: Subjects, count: int) -> np.ndarray:
    """Mean of a column over the user's turns of each segment, NaN where none is known."""
    values = column[subjects.own].astype(np.float64)
    known = np.isfinite(values)
    n = np.bincount(subjects.talk[known], minlength=count)
    sums = np.bincount(subjects.talk[known], values[known], minlength=count)
    return np.divide(sums, n, out=np.full(count, np.nan), where=n > 0)


def _against_usual(talks: np.ndarray, subjects: Subjects) -> Shrunk | None:
    values = talks[subjects.segments]
    used = np.isfinite(values) & (subjects.days >= RECURRING_DAYS)[subjects.of]
    if not used.any():
        return None
    return shrunk_differences(values[used], subjects.of[used], len(subjects.labels), float(np.nanmean(talks)))


def _turns_on(subjects: Subjects, index: int) -> np.ndarray:
    return subjects.own[np.isin(subjects.talk, subjects.segments[subjects.of == index])]


def _interval(found: Shrunk, index: int) -> dict[str, float] | None:
    if not np.isfinite(found.difference[index]):
        return None
    return {name: float(getattr(found, name)[index]) for name in ("difference", "low", "high")}


def _named(history: History, subjects: Subjects, index: int) -> dict[str, Any]:
    rows = _turns_on(subjects, index)
    valence = history.turns.valence[rows].astype(np.float64)
    valence = valence[np.isfinite(valence)]
    last = datetime.fromtimestamp(float(history.turns.at[rows].max()), UTC)
    return {
        "topic": subjects.labels[index],
        "scope": "dm" if subjects.private[index] else "shared",
        "days": int(subjects.days[index]),
        "messages": len(rows),
        "last_at": last.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "valence": float(valence.mean()) if len(valence) else None,
    }


def _emotions(codes: np.ndarray) -> list[str]:
    counts = Counter(EMOTIONS[code] for code in codes.tolist() if code >= 0 and EMOTIONS[code] != "neutral")
    return [label for label, _ in sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))][:MOST_EMOTIONS]
