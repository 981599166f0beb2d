"""A day's messages as features: each room's own reading of them, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np

from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.strategic import traits
from whisper_enrich.strategic.days import FORMAT, DayFeatures, segment_column
from whisper_enrich.strategic.history import AccessCounts, Mention, Reaction, Turns
from whisper_enrich.strategic.mentions import mentions_of
from whisper_enrich.strategic.open_items import open_items_of_day, terms_of_day
from whisper_enrich.strategic.performance_days import daily_measures
from whisper_enrich.strategic.segmentation import SegmentTurn, segment
from whisper_enrich.strategic.turn_features import turn_features
from whisper_enrich.strategic.vector_features import coherence, unit_vectors, vector_sums

READABLE = f"features-{FORMAT}."
"""How the version of every row begins that this code can decode."""

ENGINE_VERSION = f"{READABLE}1"
"""Of what is read from a message. Features of another version stay until somebody asks for them anew, as long as they can be
decoded."""

Vectors = Mapping[str, Sequence[float]]


@dataclass(frozen=True)
class DayMessages:
    """The messages of one user with one bot on one UTC day, in the order of the conversation.

    ``vectors`` by point id and space, where the point is one turn and has them; ``access`` by point id. ``names`` are
    those of the speakers, which are no topic of theirs.
    """

    messages: Sequence[Message]
    vectors: Mapping[str, Vectors] = field(default_factory=dict)
    access: Mapping[str, AccessCounts] = field(default_factory=dict)
    names: tuple[str, ...] = ()


def features_of_day(day: date, said: DayMessages, reactions: Sequence[Reaction] = ()) -> DayFeatures:
    """Everything that the engines need of a day. A day without messages has reactions only."""
    vectors = [said.vectors.get(message.point_id) for message in said.messages]
    units = unit_vectors(vectors, "content")
    segments = segment(
        [
            SegmentTurn(
                m.text, m.speaker is Speaker.USER, m.at.timestamp(), units[i] if units[i].any() else None,
                m.scope is Scope.DM,
            )
            for i, m in enumerate(said.messages)
        ],
        frozenset(word for name in said.names for word in name.lower().split()),
    )  # fmt: skip
    turns = _columns(said.messages, vectors, segment_column(segments))
    spoken = [(m.text, m.speaker is Speaker.USER, m.at, m.scope) for m in said.messages]
    return DayFeatures(
        day=day,
        turns=turns,
        mentions=[
            Mention(key, label, kind, index)
            for index, m in enumerate(said.messages)
            for key, label, kind in mentions_of(m.text, said.names)
        ],
        segments=segments,
        open_items=open_items_of_day(spoken),
        reactions=tuple(reactions),
        vector_sums=vector_sums(day, turns.from_user.tolist(), vectors),
        day_terms=terms_of_day(spoken) if spoken else None,
        access=said.access,
    )


def _columns(messages: Sequence[Message], vectors: Sequence[Vectors | None], segments: np.ndarray) -> Turns:
    read = [turn_features(m.text, m.emotion, m.emotion_intensity) for m in messages]
    from_user = np.array([m.speaker is Speaker.USER for m in messages], dtype=bool)
    scores = [traits.score(m.text) for m in messages]
    return Turns(
        ids=tuple(m.point_id for m in messages),
        at=np.array([m.at.timestamp() for m in messages], dtype=np.float64),
        from_user=from_user,
        private=np.array([m.scope is Scope.DM for m in messages], dtype=bool),
        characters=np.array([r.characters for r in read], dtype=np.int32),
        words=np.array([r.words for r in read], dtype=np.int32),
        emotion=np.array([r.emotion for r in read], dtype=np.int8),
        intensity=np.array([r.intensity for r in read], dtype=np.float32),
        valence=np.array([r.valence for r in read], dtype=np.float32),
        question=np.array([r.question for r in read], dtype=np.int8),
        opening=np.array([r.opening for r in read], dtype=np.int8),
        traits=np.array(scores, dtype=np.float32).reshape(len(messages), -1 if messages else len(traits.TRAITS)),
        coherence=coherence(from_user.tolist(), vectors),
        segment=segments,
    )


def measures_of_day(features: DayFeatures) -> list[dict[str, Any]]:
    """What the bot-wide row is made from, as JSON."""
    return [measures.to_json() for measures in daily_measures(features)]
