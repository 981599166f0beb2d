"""What a user may remember, as columns: current facts, and the entities and topics that the user named.

A memory's reviews are the sessions in which it was named (for a fact: the times it was said). How well one went: named in
two of the user's turns or more counts as easy, in one as good, by the bot alone as hard (the user was reminded); so does the
last retrieval, where the platform counts them and it came after the last mention. From the reviews FSRS makes stability and
difficulty (`whisper_enrich.strategic.forgetting`).

A term is a memory where the user named it and it is an entity or came back in a second session. An entity and a topic of
the same stem are one: "Toyota" at a sentence's start cannot be told from a noun.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from whisper_enrich.messages.model import Scope
from whisper_enrich.strategic.forgetting import (
    Floats,
    Rating,
    days_until,
    fsrs_factor,
    next_difficulty,
    next_stability,
    retrievability,
    review,
)
from whisper_enrich.strategic.history import Form, History, KnownFact, Mentions, Turns
from whisper_enrich.strategic.mentions import CALENDAR_WORDS
from whisper_enrich.strategic.remention import DAY, Ints, Items, Mentionings, items, mentionings
from whisper_enrich.summaries.vocabulary import stem


@dataclass(frozen=True)
class Reviews:
    """Reviews of many memories, by memory, then time. ``stability`` and ``difficulty`` are those after each."""

    memory: Ints
    at: Floats
    stability: Floats
    difficulty: Floats
    starts: Ints

    @property
    def ends(self) -> Ints:
        """The position of each memory's last review."""
        return np.append(self.starts, len(self.at))[1:] - 1


@dataclass(frozen=True)
class Memories:
    """Columns over memories. ``times`` counts the turns (of a fact: the times it was said), ``sessions`` the reviews that were
    mentions. ``last_at`` is the last review: the last mention, or a retrieval after it.

    ``private``: nothing that was said in the open supports it. ``retrieved`` is how often its points were retrieved, where
    the platform counts that (else 0).
    """

    ids: tuple[str, ...]
    topics: tuple[str, ...]
    kinds: tuple[str, ...]
    private: NDArray[np.bool_]
    times: Ints
    sessions: Ints
    first_at: Floats
    last_at: Floats
    retrieved: Ints
    reviews: Reviews

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def stability(self) -> Floats:
        """Days, after the last review."""
        return self.reviews.stability[self.reviews.ends] if len(self) else np.empty(0)

    def retrievability(self, at: float, decay: float) -> Floats:
        """At an instant (seconds) not before the last review."""
        return retrievability((at - self.last_at) / DAY, self.stability, decay)

    def item(self, index: int, at: float, decay: float) -> dict[str, Any]:
        """One memory for a reader, with what evaluates it later:

        retrievability = (1 + factor * days since last_at / stability_days) ^ -decay
        """
        stability = float(self.stability[index])
        later = retrievability(np.array([0.0, 7.0]) + (at - self.last_at[index]) / DAY, stability, decay)
        return {
            "id": self.ids[index],
            "topic": self.topics[index],
            "kind": self.kinds[index],
            "scope": str(Scope.DM if self.private[index] else Scope.SHARED),
            "times": int(self.times[index]),
            "retrieved": int(self.retrieved[index]),
            "first_at": iso(float(self.first_at[index])),
            "last_at": iso(float(self.last_at[index])),
            "age_hours": max(0.0, float(at - self.first_at[index]) / 3600.0),
            "idle_hours": max(0.0, float(at - self.last_at[index]) / 3600.0),
            "retrievability": float(later[0]),
            "retrievability_7d": float(later[1]),
            "stability_days": stability,
            "factor": fsrs_factor(),
            "decay": decay,
        }

    def days_until(self, retention: float, decay: float) -> Floats:
        """Days after its last review at which each memory has fallen to ``retention``."""
        return days_until(retention, self.stability, decay)


@dataclass(frozen=True)
class Talk:
    """The terms of a history: their mentions by session, as reviews too (one for each entry of ``known``), each term's key and
    label, whether the user named it, and whether only in private; and of each mention the term, the turn and its
    time."""

    known: Mentionings
    reviews: Reviews
    keys: tuple[str, ...]
    labels: tuple[str, ...]
    mention_term: Ints
    mention_turn: Ints
    turn_at: Floats
    by_user: NDArray[np.bool_]
    private: NDArray[np.bool_]

    @cached_property
    def items(self) -> Items:
        """Their chances to be named again."""
        return items(self.known)


def iso(at: float) -> str:
    """Seconds since 1970 as ISO 8601 in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def talk_of(history: History) -> Talk:
    """Who was named when."""
    return history.named.once(history.turns, _talk_of)


def _talk_of(turns: Turns, named: Mentions) -> Talk:
    term, turn = _terms(named), named.turn
    latest = _latest_forms(named, term, turns.private)
    keys = tuple(memory_key(form.key) for form in latest)
    starts = turns.session_starts()
    known = mentionings(
        term,
        np.searchsorted(starts, turn, side="right") - 1,
        turns.at[turn],
        turns.from_user[turn],
        session_at=turns.at[starts],
        session_turns=np.diff(np.append(starts, len(turns))).astype(float),
        calendar=np.array([key in CALENDAR_WORDS for key in keys], dtype=bool),
        entity=np.bincount(term[named.entity], minlength=len(keys)) > 0,
    )
    rating = np.where(known.user_turns > 1, Rating.EASY, np.where(known.user_turns > 0, Rating.GOOD, Rating.HARD))
    return Talk(
        known=known,
        reviews=reviewed(known.term, known.at, rating, known.starts),
        keys=keys,
        labels=tuple(form.label for form in latest),
        mention_term=term,
        mention_turn=turn,
        turn_at=turns.at[turn],
        by_user=np.bincount(term[turns.from_user[turn]], minlength=len(keys)) > 0,
        private=np.bincount(term[~turns.private[turn]], minlength=len(keys)) == 0,
    )


def _terms(named: Mentions) -> Ints:
    """The term of each mention, counted in the order in which they were first named."""
    ids: dict[str, int] = {}
    of_key = np.array([ids.setdefault(memory_key(key), len(ids)) for key in named.keys], dtype=np.int64)
    _, first, term = np.unique(of_key[named.key], return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return rank[term]


def _latest_forms(named: Mentions, term: Ints, private: NDArray[np.bool_]) -> list[Form]:
    """Of each term the latest form: of those said in the open where there are any, and of names where there are any.

    ``private`` is by turn.
    """
    if not len(named):
        return []
    rank = 2 * ~private[named.turn] + named.entity
    order = np.lexsort((rank, term))
    last = np.flatnonzero(np.diff(term[order], append=-1))
    return [named.forms[form] for form in named.form[order[last]].tolist()]


@lru_cache(maxsize=65536)
def memory_key(key: str) -> str:
    """The key under which an entity and a topic of the same stem meet."""
    return key if " " in key else stem(key)


def memories_of(history: History, talk: Talk) -> Memories:
    """Facts first, then terms in the order of their first mention."""
    known, facts = talk.known, [fact for fact in history.facts if fact.said_at]
    sessions = np.bincount(known.term, minlength=len(talk.keys))
    chosen = np.flatnonzero(talk.by_user & (known.entity | (sessions > 1)))
    times = np.bincount(known.term, weights=known.turns, minlength=len(talk.keys))[chosen]
    of_facts = _fact_reviews(facts)
    reviews = _joined(of_facts, _chosen(talk.reviews, chosen, len(talk.keys)))
    sessions = np.bincount(reviews.memory, minlength=len(reviews.starts))
    retrieved, retrieved_at = _retrieved(history, facts, talk, chosen)
    reviews = _with_retrievals(reviews, np.minimum(retrieved_at, history.as_of.timestamp()))
    return Memories(
        ids=tuple([f"fact:{fact.fact_id}" for fact in facts] + [f"term:{talk.keys[i]}" for i in chosen]),
        topics=tuple([_short(fact.statement) for fact in facts] + [talk.labels[i] for i in chosen]),
        kinds=tuple(["fact"] * len(facts) + ["entity" if known.entity[i] else "topic" for i in chosen]),
        private=np.concatenate([np.array([f.scope is Scope.DM for f in facts], dtype=bool), talk.private[chosen]]),
        times=np.concatenate([np.bincount(of_facts.memory, minlength=len(facts)), times.astype(np.int64)]),
        sessions=sessions,
        first_at=reviews.at[reviews.starts],
        last_at=reviews.at[reviews.ends],
        retrieved=retrieved,
        reviews=reviews,
    )


def reviewed(memory: Ints, at: Floats, rating: Ints, starts: Ints) -> Reviews:
    """Reviews by memory, then time, with what they make of it."""
    stability, difficulty = review(starts, np.diff(at, prepend=0.0) / DAY, rating)
    return Reviews(memory, at, stability, difficulty, starts)


def _fact_reviews(facts: Sequence[KnownFact]) -> Reviews:
    at = np.array([t for fact in facts for t in sorted(fact.said_at)], dtype=float)
    counts = np.array([len(fact.said_at) for fact in facts], dtype=np.int64)
    memory = np.repeat(np.arange(len(facts)), counts)
    return reviewed(memory, at, np.full(len(at), int(Rating.GOOD)), np.cumsum(counts) - counts)


def _chosen(reviews: Reviews, chosen: Ints, count: int) -> Reviews:
    """Those of the chosen memories, counted from 0."""
    rank = np.full(count, -1)
    rank[chosen] = np.arange(len(chosen))
    memory = rank[reviews.memory]
    kept = memory >= 0
    memory = memory[kept]
    starts = np.searchsorted(memory, np.arange(len(chosen)))
    return Reviews(memory, reviews.at[kept], reviews.stability[kept], reviews.difficulty[kept], starts)


def _joined(first: Reviews, second: Reviews) -> Reviews:
    return Reviews(
        np.concatenate([first.memory, second.memory + len(first.starts)]),
        np.concatenate([first.at, second.at]),
        np.concatenate([first.stability, second.stability]),
        np.concatenate([first.difficulty, second.difficulty]),
        np.concatenate([first.starts, second.starts + len(first.at)]),
    )


def _retrieved(history: History, facts: Sequence[KnownFact], talk: Talk, chosen: Ints) -> tuple[Ints, Floats]:
    """How often each memory's points were retrieved, and when last (-inf: never, or not known)."""
    counts = np.zeros(len(facts) + len(chosen), dtype=np.int64)
    last = np.full(len(counts), -np.inf)
    if not history.access:
        return counts, last
    rank = np.full(len(talk.keys), -1)
    rank[chosen] = len(facts) + np.arange(len(chosen))
    ids = history.turns.ids
    named = zip(rank[talk.mention_term].tolist(), talk.mention_turn.tolist(), strict=True)
    points = [(i, point) for i, fact in enumerate(facts) for point in fact.message_ids]
    for memory, point in points + [(memory, ids[turn]) for memory, turn in named if memory >= 0]:
        seen = history.access.get(point)
        if seen is not None:
            counts[memory] += seen.count
            last[memory] = max(last[memory], -np.inf if seen.last_at is None else seen.last_at)
    return counts, last


def _with_retrievals(reviews: Reviews, retrieved_at: Floats) -> Reviews:
    """With a further, hard review where a memory was retrieved after it was last named: the bot saw it, the user may have."""
    if not len(reviews.starts):
        return reviews
    ends = reviews.ends
    later = retrieved_at > reviews.at[ends]
    if not later.any():
        return reviews
    after = ends[later]
    ages = (retrieved_at[later] - reviews.at[after]) / DAY
    return Reviews(
        np.insert(reviews.memory, after + 1, reviews.memory[after]),
        np.insert(reviews.at, after + 1, retrieved_at[later]),
        np.insert(
            reviews.stability,
            after + 1,
            next_stability(reviews.stability[after], reviews.difficulty[after], ages, Rating.HARD),
        ),
        np.insert(reviews.difficulty, after + 1, next_difficulty(reviews.difficulty[after], Rating.HARD)),
        reviews.starts + np.cumsum(later) - later,
    )


def _short(statement: str, longest: int = 120) -> str:
    return statement if len(statement) <= longest else statement[: longest - 1].rstrip() + "…"
