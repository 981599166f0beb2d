"""Histories of many short talks by number, for the engines that look for patterns in them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo

import numpy as np

from whisper_enrich.strategic.history import TRAITS, History, Mention, OpeningKind, QuestionKind, Segment, Turns

START = datetime(2026, 1, 5, 18, 0, tzinfo=UTC)
"""A Monday evening."""
DAY = 86_400.0


@dataclass(frozen=True)
class Said:
    """One turn, ``after`` seconds from the start of its talk. ``mood`` is its valence."""

    after: float
    by: str = "user"
    characters: int = 50
    mood: float = float("nan")
    intensity: float = float("nan")
    emotion: int = -1
    question: QuestionKind = QuestionKind.NONE
    opening: OpeningKind = OpeningKind.STATEMENT


@dataclass(frozen=True)
class Talk:
    """A session and a segment at once, ``day`` days from the start (a fraction is a time of day)."""

    day: float
    said: Sequence[Said] = field(default_factory=lambda: (Said(0.0), Said(0.001, "bot")))
    topic: str = ""
    terms: tuple[str, ...] = ()
    private: bool = False


def history(
    talks: Sequence[Talk],
    *,
    start: datetime = START,
    zone: tzinfo = UTC,
    as_of: datetime | None = None,
    user: str = "u1",
    mentions: Sequence[Mention] = (),
) -> History:
    """The talks put together, as of a day after the last turn unless said otherwise."""
    said = [(talk, one) for talk in talks for one in talk.said]
    sizes = [len(talk.said) for talk in talks]
    ends = np.cumsum(sizes)
    at = np.array([start.timestamp() + talk.day * DAY + one.after for talk, one in said], dtype=np.float64)
    last = float(at[-1]) if len(at) else start.timestamp()
    return History(
        bot_name="ines",
        user_id=user,
        user_name="Ana",
        as_of=as_of or datetime.fromtimestamp(last + DAY, UTC),
        zone=zone,
        mentions=mentions,
        segments=[
            Segment(int(end) - size, int(end) - 1, talk.topic, talk.terms, None, 0.0, talk.private)
            for talk, size, end in zip(talks, sizes, ends, strict=True)
        ],
        turns=Turns(
            ids=tuple(f"p{index}" for index in range(len(said))),
            at=at,
            from_user=np.array([one.by == "user" for _, one in said], dtype=bool),
            private=np.array([talk.private for talk, _ in said], dtype=bool),
            characters=np.array([one.characters for _, one in said], dtype=np.int32),
            words=np.array([one.characters // 5 for _, one in said], dtype=np.int32),
            emotion=np.array([one.emotion for _, one in said], dtype=np.int8),
            intensity=np.array([one.intensity for _, one in said], dtype=np.float32),
            valence=np.array([one.mood for _, one in said], dtype=np.float32),
            question=np.array([tuple(QuestionKind).index(one.question) for _, one in said], dtype=np.int8),
            opening=np.array([tuple(OpeningKind).index(one.opening) for _, one in said], dtype=np.int8),
            traits=np.full((len(said), len(TRAITS)), np.nan, dtype=np.float32),
            coherence=np.full(len(said), np.nan, dtype=np.float32),
            segment=np.repeat(np.arange(len(talks), dtype=np.int32), sizes),
        ),
    )


def random_talks(seed: int, sessions: int, *, topics: int = 12) -> list[Talk]:
    """Talks in which nothing depends on anything but the mood and the length of the talk itself."""
    rng = np.random.default_rng(seed)
    day = 0.0
    talks = []
    for _ in range(sessions):
        day += 0.1 + float(rng.exponential(1.0))
        length, mood, after = float(rng.normal(0, 0.5)), float(rng.normal(0.1, 0.25)), 0.0
        said = []
        for _ in range(int(rng.integers(1, 8))):
            own = int(5 * np.exp(2.5 + length + rng.normal(0, 0.6))) + 1
            said.append(Said(after, characters=own, mood=float(np.clip(mood + rng.normal(0, 0.25), -1, 1))))
            said.append(Said(after + 0.001, "bot", int(np.exp(4.5 + 0.5 * length + rng.normal(0, 0.5)))))
            after += 60.0 * float(rng.lognormal(0, 0.6))
        topic = f"topic {int(rng.integers(topics))}"
        talks.append(Talk(day, said, topic, (topic,)))
    return talks
