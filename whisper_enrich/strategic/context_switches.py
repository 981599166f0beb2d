"""How a user moves between topics: durations, switches, the ways from one topic to the next, and when the next is due.

A *run* is a stretch about one topic: a segment (`whisper_enrich.strategic.segmentation`), joined with the next day's first
where the talk went on across midnight. A *switch* is a run that begins inside of a session. Sessions end after half an hour
of silence; what a user comes back with after that is not a switch.

Segments of different days speak of the same topic where they share a telling word: each is given that of its terms whose
place among them and whose number of segments weigh most, 0.85^place * ln(1 + segments with it, at most 8).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from math import erf, log, sqrt
from typing import Any

import numpy as np

from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, History, Segment
from whisper_enrich.strategic.scoped import most, of_dm
from whisper_enrich.strategic.switch_hazard import SwitchHazard, population
from whisper_enrich.summaries.vocabulary import stem

RECENT = 20
MOST_NODES = 40
MOST_EDGES = 80
COMMON = 10
MIN_HOURS = 0.25
MIN_USER_TURNS = 10
MIN_SWITCHES = 3
MIN_PLACES = 10
"""Turns inside of sessions, or turns with a cosine, below which a share of them is not given."""

_PLACE_WEIGHT = 0.85
_MOST_COUNTED = 8

UNRELATED_COSINE = (0.0993, 0.0868)
"""Mean and standard deviation of the cosine of a user's turn and a bot's turn of different talks: sample conversations."""
RETURN_PRIOR = (5.0, 0.9)
"""Of sessions that began with another topic than the last had ended with: prior weight in sessions, and share."""


@dataclass(frozen=True)
class ContextSwitches:
    """The result, plain values. Where a field is None, ``reasons`` says why by the field's name.

    ``recent_topics``: the last `RECENT` runs with a topic, oldest first: {topic, start_time, end_time (ISO 8601, UTC), minutes,
    turns, terms, bridged, scope}. ``avg_topic_duration_minutes``: mean over runs of the time from their first turn to the next
    run's, or to the session's last turn; runs of a single instant (a question with its stamped answer) cannot be
    measured and are left out. ``duration_by_topic``: {topic, minutes, runs, average_minutes, scope}, longest first.

    ``context_switch_frequency``: switches per hour of conversation; ``conversation_hours`` from first to last turn of all
    sessions. ``switch_count``; ``switch_frequency``: per 10 messages of the user. ``abrupt_switch_rate``: share of switches
    that nothing links to what was said before. ``switch_patterns``: {abrupt, bridged, by_user, by_bot,
    median_turns_between}. ``topic_transition_graph``: {nodes: [{topic, runs, minutes, scope}], edges: [{from, to, count,
    probability, abrupt, scope}]}, inside of sessions, from one topic to another; probability among all that leave the first.
    ``common_transitions``: its most frequent edges.

    ``predicted_switch_likelihood``: probability that the user's next turn changes the topic, as of `History.as_of`. At any
    later instant, from ``likelihood_parameters``: ``within_session`` up to ``pause_seconds`` after ``last_at``, then
    ``after_pause``, the smoothed share of this user's sessions that began with another topic.

    ``context_coherence_score`` 0..1: by vectors, how much nearer turns are to what they answer than to an unrelated turn,
    2 P(nearer) - 1 with both cosines taken as normal, 0 where not at all (0.4 to 0.7 is usual); else ('lexical') the share
    of turns inside of sessions that stay on their topic. ``coherence_source`` says which.
    """

    recent_topics: list[dict[str, Any]] | None
    avg_topic_duration_minutes: float | None
    duration_by_topic: list[dict[str, Any]] | None
    context_switch_frequency: float | None
    conversation_hours: float | None
    switch_count: int | None
    switch_frequency: float | None
    abrupt_switch_rate: float | None
    switch_patterns: dict[str, Any] | None
    topic_transition_graph: dict[str, Any] | None
    common_transitions: list[dict[str, Any]] | None
    predicted_switch_likelihood: float | None
    likelihood_parameters: dict[str, Any] | None
    context_coherence_score: float | None
    coherence_source: str | None
    reasons: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Runs:
    """Runs as columns. ``session`` is the index of the session each lies in, ``is_switch`` whether it begins inside of one,
    ``abrupt`` whether nothing links it to the one before, ``seconds`` its duration, ``topic`` its canonical topic or ''."""

    first: np.ndarray
    last: np.ndarray
    session: np.ndarray
    is_switch: np.ndarray
    abrupt: np.ndarray
    private: np.ndarray
    seconds: np.ndarray
    topic: list[str]
    terms: list[tuple[str, ...]]

    def __len__(self) -> int:
        return len(self.first)


def compute(history: History) -> ContextSwitches:
    """The topics and switches of one user with one bot. Fields that need more than there is are None with their reason."""
    if not len(history.turns) or not history.segments:
        return _nothing("no_messages")
    starts = history.session_starts()
    runs = runs_of(history, starts)
    reasons: dict[str, str] = {}
    graph = _graph(runs)
    return ContextSwitches(
        recent_topics=_recent(history, runs),
        duration_by_topic=_durations(runs),
        switch_count=int(runs.is_switch.sum()),
        topic_transition_graph=graph,
        common_transitions=most(graph["edges"], COMMON, of_dm),
        **_rates(history, runs, starts, reasons),
        **_likelihood(history, runs, starts, reasons),
        **_coherence(history, runs, starts, reasons),
        reasons=reasons,
    )


def _nothing(reason: str) -> ContextSwitches:
    names = [name for name in ContextSwitches.__dataclass_fields__ if name != "reasons"]
    return ContextSwitches(**dict.fromkeys(names), reasons=dict.fromkeys(names, reason))


def runs_of(history: History, starts: np.ndarray) -> Runs:
    """The segments, those joined that go on across midnight. ``starts`` are the session starts."""
    at, segments = history.turns.at, history.segments
    firsts = np.array([segment.first for segment in segments])
    opens = np.isin(firsts, starts)
    begins = opens | np.array([segment.bridged is not None for segment in segments])
    begins[0] = True
    heads = np.flatnonzero(begins)
    groups = [segments[a:b] for a, b in pairwise([*heads.tolist(), len(segments)])]
    first, last = firsts[heads], np.array([group[-1].last for group in groups])
    session = np.searchsorted(starts, first, side="right") - 1
    # A run lasts until the next one of its session begins.
    end = at[last].copy()
    goes_on = session[1:] == session[:-1]
    end[:-1][goes_on] = at[first[1:]][goes_on]
    return Runs(
        first=first,
        last=last,
        session=session,
        is_switch=~opens[heads],
        abrupt=np.array([group[0].bridged is False for group in groups]),
        private=np.array([any(segment.private for segment in group) for group in groups]),
        seconds=np.maximum(end - at[first], 0.0),
        # Of two parts, the longer gives the topic.
        topic=canonical_topics([max(group, key=lambda segment: segment.last - segment.first) for group in groups]),
        terms=[tuple(dict.fromkeys(term for segment in group for term in segment.terms)) for group in groups],
    )


def canonical_topics(segments: Sequence[Segment]) -> list[str]:
    """For each segment the topic by which it is known beside the others, '' where it has no terms (see the module).

    A topic is written as in most of its segments; of these, where any was said openly, only the open ones are asked.
    """
    keys = [[stem(term) for term in segment.terms] for segment in segments]
    spread = Counter(key for found in keys for key in set(found))
    weight = [log(1 + count) for count in range(_MOST_COUNTED + 1)]
    chosen: list[str | None] = []
    spoken_openly: dict[str, Counter[str]] = defaultdict(Counter)
    in_private: dict[str, Counter[str]] = defaultdict(Counter)
    for segment, found in zip(segments, keys, strict=True):
        if not found:
            chosen.append(None)
            continue
        place = max(range(len(found)), key=lambda n: _PLACE_WEIGHT**n * weight[min(spread[found[n]], _MOST_COUNTED)])
        key = found[place]
        chosen.append(key)
        named_by_topic = " " in segment.topic and key in map(stem, segment.topic.split())
        forms = in_private if segment.private else spoken_openly
        forms[key][segment.topic if named_by_topic else segment.terms[place]] += 1
    written = {
        key: min(forms, key=lambda form: (-forms[form], form)) for key, forms in (in_private | spoken_openly).items()
    }
    return ["" if key is None else written[key] for key in chosen]


def _recent(history: History, runs: Runs) -> list[dict[str, Any]]:
    at = history.turns.at
    chosen = [n for n in range(len(runs) - 1, -1, -1) if runs.topic[n]][:RECENT]
    return [
        {
            "topic": runs.topic[n],
            "start_time": _iso(at[runs.first[n]]),
            "end_time": _iso(at[runs.first[n]] + runs.seconds[n]),
            "minutes": _minutes(runs.seconds[n]),
            "turns": int(runs.last[n] - runs.first[n] + 1),
            "terms": list(runs.terms[n]),
            "bridged": not bool(runs.abrupt[n]) if runs.is_switch[n] else None,
            "scope": _scope([bool(runs.private[n])]),
        }
        for n in reversed(chosen)
    ]


def _durations(runs: Runs) -> list[dict[str, Any]]:
    by_topic = _by_topic(runs)
    found = []
    for topic, indices in by_topic.items():
        seconds = runs.seconds[indices]
        measured = seconds[seconds > 1.0]
        found.append(
            {
                "topic": topic,
                "minutes": _minutes(seconds.sum()),
                "runs": len(indices),
                "average_minutes": _minutes(measured.mean()) if len(measured) else None,
                "scope": _scope(runs.private[indices].tolist()),
            }
        )
    return sorted(found, key=lambda item: (-item["minutes"], -item["runs"], item["topic"]))[:MOST_NODES]


def _by_topic(runs: Runs) -> dict[str, list[int]]:
    by_topic: dict[str, list[int]] = defaultdict(list)
    for index, topic in enumerate(runs.topic):
        if topic:
            by_topic[topic].append(index)
    return by_topic


def _graph(runs: Runs) -> dict[str, Any]:
    """Topics and the ways between them: the most frequent ones, edges only between nodes that are given."""
    by_topic = sorted(_by_topic(runs).items(), key=lambda item: (-len(item[1]), item[0]))[:MOST_NODES]
    nodes = [
        {
            "topic": topic,
            "runs": len(indices),
            "minutes": _minutes(runs.seconds[indices].sum()),
            "scope": _scope(runs.private[indices].tolist()),
        }
        for topic, indices in by_topic
    ]
    ways: dict[tuple[str, str], list[int]] = defaultdict(list)
    leaving: Counter[str] = Counter()
    for index in np.flatnonzero(runs.is_switch).tolist():
        source, target = runs.topic[index - 1], runs.topic[index]
        if source and target and source != target:
            ways[source, target].append(index)
            leaving[source] += 1
    known = {node["topic"] for node in nodes}
    edges = [
        {
            "from": source,
            "to": target,
            "count": len(found),
            "probability": round(len(found) / leaving[source], 4),
            "abrupt": int(runs.abrupt[found].sum()),
            "scope": _scope([bool(runs.private[n] or runs.private[n - 1]) for n in found]),
        }
        for (source, target), found in ways.items()
        if source in known and target in known
    ]
    edges.sort(key=lambda edge: (-edge["count"], edge["from"], edge["to"]))
    return {"nodes": nodes, "edges": edges[:MOST_EDGES]}


def _rates(history: History, runs: Runs, starts: np.ndarray, reasons: dict[str, str]) -> dict[str, Any]:
    at, from_user = history.turns.at, history.turns.from_user
    switches = int(runs.is_switch.sum())
    hours = float((at[np.append(starts[1:], len(at)) - 1] - at[starts]).sum()) / 3600.0
    measured = runs.seconds[runs.seconds > 1.0]
    user_turns = int(from_user.sum())
    values = {
        "avg_topic_duration_minutes": _minutes(measured.mean()) if len(measured) else None,
        "context_switch_frequency": round(switches / hours, 4) if hours >= MIN_HOURS else None,
        "switch_frequency": round(10.0 * switches / user_turns, 4) if user_turns >= MIN_USER_TURNS else None,
        "abrupt_switch_rate": round(float(runs.abrupt[runs.is_switch].mean()), 4) if switches >= MIN_SWITCHES else None,
    }
    why = ("no_measurable_topic", "too_little_conversation", "too_few_messages", "too_few_switches")
    reasons |= {name: reason for (name, value), reason in zip(values.items(), why, strict=True) if value is None}
    return values | {"conversation_hours": round(hours, 4), "switch_patterns": _patterns(history, runs)}


def _patterns(history: History, runs: Runs) -> dict[str, Any]:
    switched = np.flatnonzero(runs.is_switch)
    by_user = history.turns.from_user[runs.first[switched]]
    lengths = runs.last[switched - 1] - runs.first[switched - 1] + 1
    return {
        "abrupt": int(runs.abrupt[switched].sum()),
        "bridged": int((~runs.abrupt[switched]).sum()),
        "by_user": int(by_user.sum()),
        "by_bot": int((~by_user).sum()),
        "median_turns_between": float(np.median(lengths)) if len(lengths) else None,
    }


def _likelihood(history: History, runs: Runs, starts: np.ndarray, reasons: dict[str, str]) -> dict[str, Any]:
    hazard = population()
    switches, expected, places = switches_of_user(history, runs, starts, hazard)
    if places < MIN_PLACES:
        reasons |= dict.fromkeys(("predicted_switch_likelihood", "likelihood_parameters"), "too_few_messages")
        return {"predicted_switch_likelihood": None, "likelihood_parameters": None}
    pace = float(hazard.pace(switches, expected))
    turns_on_topic = len(history.turns) - int(runs.first[-1])
    within = float(hazard.probability(np.array([float(turns_on_topic)]), pace)[0])
    after = _after_pause(runs)
    last_at = float(history.turns.at[-1])
    silent = history.as_of.timestamp() - last_at
    return {
        "predicted_switch_likelihood": round(after if silent > SESSION_GAP_SECONDS else within, 4),
        "likelihood_parameters": {
            "within_session": round(within, 4),
            "after_pause": round(after, 4),
            "last_at": _iso(last_at),
            "pause_seconds": SESSION_GAP_SECONDS,
            "turns_on_topic": turns_on_topic,
            "pace": round(pace, 4),
        },
    }


def switches_of_user(history: History, runs: Runs, starts: np.ndarray, hazard: SwitchHazard) -> tuple[int, float, int]:
    """(switches by the user, those expected of anybody in the same places, these places: the user's turns in sessions)."""
    count = len(history.turns)
    places = history.turns.from_user.copy()
    places[starts] = False
    indices = np.flatnonzero(places)
    # The run that the turn before belonged to.
    begun = runs.first[np.searchsorted(runs.first, np.maximum(indices - 1, 0), side="right") - 1]
    expected = float(hazard.probability((indices - begun).astype(np.float64)).sum()) if len(indices) else 0.0
    begins = np.zeros(count, dtype=bool)
    begins[runs.first[runs.is_switch]] = True
    return int((begins & places).sum()), expected, len(indices)


def _after_pause(runs: Runs) -> float:
    """Of sessions whose first topic is known and follows a known one, the share with another topic; smoothed."""
    weight, share = RETURN_PRIOR
    opened = np.flatnonzero(np.diff(runs.session, prepend=runs.session[0])).tolist()
    pairs = [(runs.topic[n - 1], runs.topic[n]) for n in opened if runs.topic[n - 1] and runs.topic[n]]
    return (weight * share + sum(a != b for a, b in pairs)) / (weight + len(pairs))


def _coherence(history: History, runs: Runs, starts: np.ndarray, reasons: dict[str, str]) -> dict[str, Any]:
    inside = np.ones(len(history.turns), dtype=bool)
    inside[starts] = False
    cosines = history.turns.coherence[inside]
    cosines = cosines[np.isfinite(cosines)].astype(np.float64)
    if len(cosines) >= MIN_PLACES:
        mean, deviation = UNRELATED_COSINE
        distance = (float(cosines.mean()) - mean) / sqrt(deviation**2 + float(cosines.var()))
        # 2 Phi(z) - 1 = erf(z / sqrt 2)
        return {"context_coherence_score": round(max(0.0, erf(distance / sqrt(2.0))), 4), "coherence_source": "vectors"}
    if inside.sum() >= MIN_PLACES:
        stayed = 1.0 - float(runs.is_switch.sum()) / float(inside.sum())
        return {"context_coherence_score": round(stayed, 4), "coherence_source": "lexical"}
    reasons |= dict.fromkeys(("context_coherence_score", "coherence_source"), "too_few_messages")
    return {"context_coherence_score": None, "coherence_source": None}


def _scope(private: Sequence[bool]) -> str:
    """'shared' where any support is."""
    return "dm" if all(private) else "shared"


def _minutes(seconds: float) -> float:
    return round(float(seconds) / 60.0, 2)


def _iso(seconds: float) -> str:
    return datetime.fromtimestamp(float(seconds), UTC).isoformat().replace("+00:00", "Z")
