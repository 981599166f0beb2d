"""Dialogues with labelled topic switches, and how a segmentation of them is scored.

TIAGE (MIT) lies outside the repository. The labels of the sample conversations (``topic_switches_sample.json``: the lines
before which a new topic begins within a session, by bot and user) are ours: one reader's, who marked a turn where it opens
a subject that the turns before were not about, as TIAGE does, also where it first ends the old one.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from whisper_enrich.sample.lines import Line, lines
from whisper_enrich.sample.people import BOTS
from whisper_enrich.sample.vectors import vectors_of
from whisper_enrich.strategic.history import SESSION_GAP_SECONDS
from whisper_enrich.strategic.segmentation import SegmentTurn
from whisper_enrich.strategic.switch_hazard import SwitchHazard

ROOT = Path(__file__).resolve().parents[1]
TIAGE = ROOT.parent / "shared" / "data" / "tiage"
SAMPLE_LABELS = Path(__file__).with_name("topic_switches_sample.json")
_SECONDS_APART = 30.0


@dataclass(frozen=True)
class Dialogue:
    """Turns and, before each, whether a new topic begins (bool [n], False for the first). ``starts``: of its sessions."""

    name: str
    turns: tuple[SegmentTurn, ...]
    gold: np.ndarray
    starts: np.ndarray

    @property
    def inside(self) -> np.ndarray:
        """Bool [n]: the turns before which there is a choice; all but the first of a session."""
        inside = np.ones(len(self.turns), dtype=bool)
        inside[self.starts] = False
        return inside


def tiage(part: str, folder: Path = TIAGE) -> list[Dialogue]:
    """The dialogues of a part ("train", "dev"): two speakers in turn, half a minute apart."""
    stored = json.loads((folder / f"anno_{part}.json").read_text(encoding="utf-8"))
    return [
        Dialogue(
            name,
            tuple(SegmentTurn(text, n % 2 == 0, n * _SECONDS_APART) for n, (text, _) in enumerate(said)),
            np.array([label == "1" for _, label in said]),
            np.array([0]),
        )
        for name, said in stored.items()
    ]


def sample_talks() -> list[Dialogue]:
    """The sample conversations, one for each bot and user, with stored vectors and our labels."""
    labels = json.loads(SAMPLE_LABELS.read_text(encoding="utf-8"))
    talks = []
    for bot in BOTS:
        said = [line for line in lines(bot, 0) if line.speaker != "reaction"]
        for user in dict.fromkeys(line.user for line in said):
            own = sorted((line for line in said if line.user == user), key=lambda line: line.at)
            if f"{bot}/{user}" in labels:
                talks.append(_talk(f"{bot}/{user}", own, {f"{bot}-{number}" for number in labels[f"{bot}/{user}"]}))
    return talks


def _talk(name: str, own: Sequence[Line], labelled: set[str]) -> Dialogue:
    turns = tuple(
        SegmentTurn(
            line.text,
            line.speaker == "user",
            line.at.timestamp(),
            np.array(vectors_of([line.id])["content"], dtype=np.float32),
            line.channel is None,
        )
        for line in own
    )
    missing = labelled - {line.id for line in own}
    if missing:
        raise ValueError(f"labels of {name} name lines that it does not have: {sorted(missing)}")
    at = np.array([turn.at for turn in turns])
    starts = np.flatnonzero(np.diff(at, prepend=-np.inf) > SESSION_GAP_SECONDS)
    return Dialogue(name, turns, np.array([line.id in labelled for line in own]), starts)


def window(gold: np.ndarray) -> int:
    """k of Pk and WindowDiff: half the mean segment length of the gold, at least 2."""
    return max(2, round(len(gold) / (int(gold[1:].sum()) + 1) / 2))


def pk_and_window_diff(gold: np.ndarray, predicted: np.ndarray) -> tuple[float, float]:
    """Pk (Beeferman et al. 1999) and WindowDiff (Pevzner and Hearst 2002) of one dialogue, as `nltk.metrics` counts them.

    Both arguments are bool [n], a boundary before each turn; that before the first is left out.
    """
    k = min(window(gold), len(gold) - 1)
    counts = [np.concatenate([[0], np.cumsum(marks[1:])]) for marks in (gold, predicted)]
    in_gold, in_predicted = (c[k:] - c[:-k] for c in counts)
    return float(np.mean((in_gold > 0) != (in_predicted > 0))), float(np.mean(in_gold != in_predicted))


def f1(gold: np.ndarray, predicted: np.ndarray) -> float:
    """F1 of exact boundaries, 0 where there are none."""
    total = int(gold.sum() + predicted.sum())
    return 2.0 * int((gold & predicted).sum()) / total if total else 0.0


@dataclass(frozen=True)
class Scores:
    """Pk, WindowDiff (means over dialogues) and F1 (over all boundaries)."""

    pk: float
    window_diff: float
    f1: float


def scores(dialogues: Sequence[Dialogue], predicted: Sequence[np.ndarray]) -> Scores:
    """Of boundaries ``predicted`` (bool [n] each) against the gold."""
    each = np.array([pk_and_window_diff(d.gold, p) for d, p in zip(dialogues, predicted, strict=True)])
    gold = np.concatenate([d.gold[d.inside] for d in dialogues])
    found = np.concatenate([p[d.inside] for d, p in zip(dialogues, predicted, strict=True)])
    return Scores(*each.mean(axis=0).tolist(), f1(gold, found))


def interval(measure: Callable[[np.ndarray], float], count: int, rounds: int = 1000) -> tuple[float, float]:
    """95% by bootstrap: ``measure`` of ``count`` indices drawn with replacement."""
    chance = np.random.default_rng(0)
    drawn = [measure(chance.integers(0, count, count)) for _ in range(rounds)]
    return tuple(np.percentile(drawn, [2.5, 97.5]).tolist())


@dataclass(frozen=True)
class Places:
    """Where a switch could be, in order, over several dialogues: index of the ``dialogue``, ``turns_on_topic`` so far (float),
    whether the turn ``switched``."""

    dialogue: np.ndarray
    turns_on_topic: np.ndarray
    switched: np.ndarray


def places(dialogues: Sequence[Dialogue], marks: Sequence[np.ndarray], by_user: bool = False) -> Places:
    """Of every turn (``by_user``: of the user's) inside of a session, by boundaries ``marks`` (bool [n] each)."""
    rows = []
    for index, (dialogue, marked) in enumerate(zip(dialogues, marks, strict=True)):
        begun = 0
        for n, (turn, inside) in enumerate(zip(dialogue.turns, dialogue.inside, strict=True)):
            if inside and (turn.from_user or not by_user):
                rows.append((index, n - begun, bool(marked[n])))
            if not inside or marked[n]:
                begun = n
    dialogue, turns, switched = (np.array(column) for column in zip(*rows, strict=True))
    return Places(dialogue, turns.astype(np.float64), switched.astype(bool))


def foretold(hazard: SwitchHazard, found: Places) -> np.ndarray:
    """The likelihood before each place, from what the dialogue had shown until then."""
    expected = hazard.probability(found.turns_on_topic)
    seen = before_within(found.dialogue, found.switched.astype(np.float64))
    return hazard.probability(found.turns_on_topic, hazard.pace(seen, before_within(found.dialogue, expected)))


def before_within(group: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Sum of the earlier values of the same group (groups stand together)."""
    sums = np.cumsum(values) - values
    starts = np.flatnonzero(np.diff(group, prepend=-1))
    return sums - np.repeat(sums[starts], np.diff(np.append(starts, len(group))))


def log_loss(probability: np.ndarray, happened: np.ndarray) -> float:
    """Mean negative log-likelihood in nats."""
    return float(-np.mean(np.log(np.where(happened, probability, 1.0 - probability))))
