"""Where a talk changes its topic: segments of the turns of a user with a bot, with a probability for each boundary.

A session's first turn (after half an hour of silence) always begins a segment. Before any other turn the words are asked:
gradient-boosted trees over the cues in `whisper_enrich.strategic.topic_features`, trained on TIAGE (Xie et al. 2021, chit-chat
with labelled topic shifts) by ``benchmarks/train_topic_switches.py``. A talk in which answers carry the stamp of their
question (the bots write them 1 ms later) is a user with a bot, and there the words' log-odds x are corrected by a logistic
regression fitted on labelled talks of the sample:

    log-odds = intercept + slope * x + answer * [the turn is such an answer] + link * [it says "by the way" or the like]
             + cosine * (c - mean cosine)

c is the mean cosine of the stored content vectors of the (up to four) turns before with those of the three from here on: block
comparison as in Hearst 1997, in the bots' own space; the term is left out where either side has no vector. A boundary stands
where the probability is over the threshold of its kind of talk, at which F1 less Pk was best on the training folds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise

import numpy as np

from whisper_enrich.messages.model import ANSWER_DELAY
from whisper_enrich.strategic.boosted_trees import BoostedTrees
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS, Segment
from whisper_enrich.strategic.topic_features import FEATURES, Utterance, boundary_features, read
from whisper_enrich.strategic.topic_labels import is_linked, label
from whisper_enrich.strategic.vector_features import unit_vectors

MODEL_FILE = "priors/topic_switches.json"
_STAMP_SECONDS = 1.5 * ANSWER_DELAY.total_seconds()
_BLOCK_BEFORE = 4
_BLOCK_AFTER = 3


@dataclass(frozen=True, slots=True)
class SegmentTurn:
    """What segmentation needs of a turn. ``at`` in seconds since 1970 UTC; ``vector`` the stored content vector or None."""

    text: str
    from_user: bool
    at: float
    vector: Sequence[float] | np.ndarray | None = None
    private: bool = False


@dataclass(frozen=True)
class PairedTalk:
    """How the words' log-odds are corrected where answers carry their question's stamp (see the module)."""

    intercept: float
    slope: float
    answer: float
    link: float
    cosine: float
    mean_cosine: float
    threshold: float


@dataclass(frozen=True)
class SwitchModel:
    """The trained model: the trees over `FEATURES`, the threshold for their probability, the correction."""

    trees: BoostedTrees
    threshold: float
    paired: PairedTalk


@dataclass(frozen=True)
class Boundaries:
    """Before each turn: the probability of a change of topic (0 at a session's start), and whether a segment begins."""

    probability: np.ndarray
    begins: np.ndarray
    session_starts: np.ndarray


def segment(turns: Sequence[SegmentTurn], names: frozenset[str] = frozenset()) -> list[Segment]:
    """The segments of ``turns`` (one user with one bot, in order), in order; each turn is in exactly one. [] for none.

    ``names``: the words of the user's and the bot's names in lower case, which are no topics. Indices count
    within ``turns``. `Segment.depth` is the probability of the boundary that began it, 0 at a session's start.
    """
    if not turns:
        return []
    utterances = [read(turn.text) for turn in turns]
    units = content_vectors(turns)
    found = boundaries(turns, utterances, units)
    starts = np.flatnonzero(found.begins).tolist()
    spans = list(pairwise([*starts, len(turns)]))
    at_session_start = set(found.session_starts.tolist())
    segments = []
    for index, (first, stop) in enumerate(spans):
        within = range(first, stop)
        topic, terms = label([(utterances[i], turns[i].text, turns[i].from_user) for i in within], names)
        segments.append(
            Segment(
                first=first,
                last=stop - 1,
                topic=topic,
                terms=terms,
                bridged=None if first in at_session_start else _bridged(turns, utterances, spans[index - 1], first),
                depth=float(found.probability[first]),
                private=any(turns[i].private for i in within),
                centroid=None if units is None else _centroid(units[first:stop]),
            )
        )
    return segments


def boundaries(turns: Sequence[SegmentTurn], utterances: Sequence[Utterance], units: np.ndarray | None) -> Boundaries:
    """Probabilities and decisions for ``turns`` (at least one), with what `read` and `content_vectors` make of them."""
    model = switch_model()
    at = times(turns)
    starts = np.flatnonzero(np.diff(at, prepend=-np.inf) > SESSION_GAP_SECONDS)
    log_odds = model.trees.raw(boundary_features(utterances, starts.tolist()))
    threshold = model.threshold
    if stamped_answers(turns, at).any():
        paired = model.paired
        threshold = paired.threshold
        columns = paired_columns(turns, at, block_cosines(units, starts, len(turns)) - paired.mean_cosine)
        weights = (paired.slope, paired.answer, paired.link, paired.cosine)
        log_odds = paired.intercept + np.column_stack([log_odds, columns]) @ weights
    probability = 1.0 / (1.0 + np.exp(-log_odds))
    probability[starts] = 0.0
    begins = probability > threshold
    begins[starts] = True
    return Boundaries(probability, begins, starts)


def paired_columns(turns: Sequence[SegmentTurn], at: np.ndarray, cosines: np.ndarray) -> np.ndarray:
    """Float64 [n, 3]: stamped answer, linking words, the centred ``cosines`` with 0 for NaN."""
    linked = [is_linked(turn.text) for turn in turns]
    return np.column_stack([stamped_answers(turns, at), linked, np.nan_to_num(cosines)])


def times(turns: Sequence[SegmentTurn]) -> np.ndarray:
    """Float64 [n], seconds since 1970 UTC."""
    return np.array([turn.at for turn in turns], dtype=np.float64)


def stamped_answers(turns: Sequence[SegmentTurn], at: np.ndarray) -> np.ndarray:
    """Bool [n]: the bot's turns that carry the time of the user's turn before them, plus the bots' millisecond."""
    from_user = np.array([turn.from_user for turn in turns], dtype=bool)
    after = np.diff(at, prepend=-np.inf)
    asked = np.concatenate([[False], from_user[:-1]])
    return ~from_user & asked & (after > 0.0) & (after <= _STAMP_SECONDS)


def block_cosines(units: np.ndarray | None, starts: np.ndarray, count: int) -> np.ndarray:
    """Float64 [count]: mean cosine of the turns before with those from here on, within the session; NaN without vectors."""
    if units is None:
        return np.full(count, np.nan)
    sums = np.concatenate([np.zeros((1, units.shape[1])), np.cumsum(units, axis=0, dtype=np.float64)])
    present = np.concatenate([[0], np.cumsum(units.any(axis=1))])
    here = np.arange(count)
    session = np.searchsorted(starts, here, side="right") - 1
    first = np.maximum(here - _BLOCK_BEFORE, starts[session])
    stop = np.minimum(here + _BLOCK_AFTER, np.append(starts, count)[session + 1])
    pairs = (present[here] - present[first]) * (present[stop] - present[here])
    products = np.einsum("ij,ij->i", sums[here] - sums[first], sums[stop] - sums[here])
    return np.divide(products, pairs, out=np.full(count, np.nan), where=pairs > 0)


@cache
def switch_model() -> SwitchModel:
    """The model that ships with the package. Raises `ValueError` where it was trained on other features."""
    stored = json.loads(resources.files("whisper_enrich.strategic").joinpath(MODEL_FILE).read_text(encoding="utf-8"))
    if tuple(stored["features"]) != FEATURES:
        raise ValueError(f"{MODEL_FILE} was trained on other features; run benchmarks/train_topic_switches.py")
    return SwitchModel(
        BoostedTrees.from_numbers(stored["trees"]), float(stored["threshold"]), PairedTalk(**stored["paired"])
    )


def _bridged(
    turns: Sequence[SegmentTurn], utterances: Sequence[Utterance], before: tuple[int, int], first: int
) -> bool:
    """Whether the turn links the new topic: by saying so, or by a content word of the topic before."""
    earlier = frozenset().union(*(u.stems for u in utterances[before[0] : before[1]]))
    return is_linked(turns[first].text) or not earlier.isdisjoint(utterances[first].stems)


def content_vectors(turns: Sequence[SegmentTurn]) -> np.ndarray | None:
    """Float32 [n, dimensions] of unit length, zero where a turn has none; None where no turn has one."""
    units = unit_vectors([None if turn.vector is None else {"content": turn.vector} for turn in turns], "content")
    return units if units.any() else None


def _centroid(units: np.ndarray) -> np.ndarray | None:
    mean = units.sum(axis=0)
    length = float(np.linalg.norm(mean))
    return mean / np.float32(length) if length > 0 else None
