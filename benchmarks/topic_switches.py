"""How well topic switches are found, and how likely the next one is said to be.

    python benchmarks/topic_switches.py [--tiage FOLDER] [--skip-training]

Segmentation: Pk, WindowDiff (k = half the mean segment length of the gold, at least 2) and F1 of exact boundaries, with the
density of boundaries against the gold's; on TIAGE dev as shipped, on TIAGE train by five folds, on the labelled sample talks
as shipped (their correction was fitted on them), with each talk left out, and with all pauses hidden, where session starts
count as topics too. Vectors: cosines within and across segments.
Likelihood of a switch: log-loss and calibration on TIAGE dev and on the sample's labels. Cost: microseconds a turn.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from topic_switches_data import (
    TIAGE,
    Dialogue,
    Places,
    before_within,
    f1,
    foretold,
    interval,
    log_loss,
    places,
    sample_talks,
    scores,
    tiage,
)
from train_topic_switches import best_threshold, cross_validated, logistic, paired_inputs

from whisper_enrich.strategic.segmentation import segment, switch_model
from whisper_enrich.strategic.switch_hazard import population

BINS = 5


def main() -> None:
    """Print one block a question."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiage", type=Path, default=TIAGE)
    parser.add_argument("--skip-training", action="store_true", help="leave out the five folds (10 s)")
    options = parser.parse_args()
    talks = sample_talks()
    if options.tiage.is_dir():
        dev, train = tiage("dev", options.tiage), tiage("train", options.tiage)
        report("TIAGE dev, no boundary", dev, [np.zeros(len(d.turns), dtype=bool) for d in dev])
        report("TIAGE dev, as shipped", dev, [found(d) for d in dev])
        if not options.skip_training:
            threshold, _ = best_threshold(train, probabilities := cross_validated(train))
            report(f"TIAGE train, five folds, over {threshold:.2f}", train, [p > threshold for p in probabilities])
        calibration("TIAGE dev", places(dev, [d.gold for d in dev]))
    else:
        print(f"{options.tiage} does not exist: TIAGE is left out. Give its folder with --tiage.")
    report_talks(talks)
    report(
        "sample talks, pauses hidden; gold: labels and session starts",
        hidden := [unpaused(d) for d in talks],
        [found(d) for d in hidden],
    )
    report_vectors(talks)
    calibration("sample talks, user turns", places(talks, [d.gold for d in talks], by_user=True))
    report_cost(talks)


def found(dialogue: Dialogue) -> np.ndarray:
    """Boundaries as shipped, bool [n]; session starts are none."""
    begins = np.zeros(len(dialogue.turns), dtype=bool)
    begins[[one.first for one in segment(dialogue.turns)]] = True
    return begins & dialogue.inside


def unpaused(talk: Dialogue) -> Dialogue:
    """The talk as if it had never paused: a minute between questions, answers with their stamp; sessions begin topics."""
    now, turns = 0.0, []
    for turn in talk.turns:
        now += 60.0 if turn.from_user else 0.001
        turns.append(replace(turn, at=now))
    return Dialogue(talk.name, tuple(turns), talk.gold | ~talk.inside, np.array([0]))


def report(title: str, dialogues: Sequence[Dialogue], predicted: Sequence[np.ndarray]) -> None:
    """Scores with their intervals, by dialogues."""

    def drawn(name: str) -> tuple[float, float]:
        def measure(chosen: np.ndarray) -> float:
            return getattr(scores([dialogues[n] for n in chosen], [predicted[n] for n in chosen]), name)

        return interval(measure, len(dialogues), rounds=400)

    reached = scores(dialogues, predicted)
    print(f"\n{title}: {len(dialogues)} dialogues")
    for label, name, scale in (("Pk", "pk", 100), ("WindowDiff", "window_diff", 100), ("F1", "f1", 1)):
        low, high = drawn(name)
        print(f"  {label:<11}{scale * getattr(reached, name):6.3f}  [{scale * low:.3f}, {scale * high:.3f}]")
    print(f"  {density(dialogues, predicted)}")


def density(dialogues: Sequence[Dialogue], predicted: Sequence[np.ndarray]) -> str:
    """Boundaries per place, found and gold."""
    ours = np.concatenate([p[d.inside] for p, d in zip(predicted, dialogues, strict=True)]).mean()
    gold = np.concatenate([d.gold[d.inside] for d in dialogues]).mean()
    return f"density {ours:.3f} against {gold:.3f}, bias {ours / gold - 1:+.0%}"


def report_talks(talks: Sequence[Dialogue]) -> None:
    """F1 on the sample's labels; their sessions are too short for Pk."""
    gold = [d.gold[d.inside] for d in talks]
    model = switch_model()
    inputs, _ = paired_inputs(model.trees, talks)
    columns = {"with vectors": [0, 1, 2, 3], "without vectors": [0, 1, 2], "words alone": [0]}
    print(f"\nsample talks: {len(talks)}, {sum(map(len, gold))} places, {sum(g.sum() for g in gold)} labelled switches")
    _f1_line("as shipped", gold, [found(d)[d.inside] for d in talks])
    _f1_line(
        "trees over their own threshold",
        gold,
        [x[:, 0] > np.log(model.threshold / (1 - model.threshold)) for x in inputs],
    )
    for title, chosen in columns.items():
        kept = [x[:, chosen] for x in inputs]
        held_out = [
            logistic(kept[:n] + kept[n + 1 :], gold[:n] + gold[n + 1 :]).predict_proba(kept[n])[:, 1]
            for n in range(len(talks))
        ]
        _f1_line(f"each talk left out, {title}", gold, [p > model.paired.threshold for p in held_out])


def _f1_line(title: str, gold: Sequence[np.ndarray], predicted: Sequence[np.ndarray]) -> None:
    def measure(chosen: np.ndarray) -> float:
        return f1(np.concatenate([gold[n] for n in chosen]), np.concatenate([predicted[n] for n in chosen]))

    low, high = interval(measure, len(gold))
    share, labelled = np.concatenate(predicted).mean(), np.concatenate(gold).mean()
    value = measure(np.arange(len(gold)))
    print(f"  {title:<38}F1 {value:.3f} [{low:.3f}, {high:.3f}]  density {share:.3f} against {labelled:.3f}")


def report_vectors(talks: Sequence[Dialogue]) -> None:
    """Mean cosine of neighbouring turns within a segment, across a boundary inside a session, and across sessions."""
    groups: dict[str, list[list[float]]] = {}
    for dialogue in talks:
        vectors = np.array([turn.vector for turn in dialogue.turns])
        cosines = np.einsum("ij,ij->i", vectors[1:], vectors[:-1])
        inside, ours, gold = dialogue.inside[1:], found(dialogue)[1:], dialogue.gold[1:]
        masks = {
            "within our segments": inside & ~ours,
            "across our boundaries": ours,
            "within labelled segments": inside & ~gold,
            "across labelled boundaries": inside & gold,
            "across sessions": ~inside,
        }
        for name, mask in masks.items():
            groups.setdefault(name, []).append(cosines[mask].tolist())
    print("\nsample talks, cosine of a turn's content vector with that of the turn before")
    for name, values in groups.items():
        _mean_line(name, values)


def _mean_line(name: str, values: Sequence[list[float]]) -> None:
    def measure(chosen: np.ndarray) -> float:
        return float(np.mean([cosine for n in chosen for cosine in values[n]]))

    low, high = interval(measure, len(values))
    print(f"  {name:<28}{measure(np.arange(len(values))):.3f} [{low:.3f}, {high:.3f}]")


def calibration(title: str, where: Places) -> None:
    """The likelihood of a switch, foretold from what the dialogue had shown, against what came; by fifths of the likelihood."""
    hazard = population()
    seen = before_within(where.dialogue, where.switched.astype(float))
    passed = before_within(where.dialogue, np.ones(len(seen)))
    ways: dict[str, np.ndarray] = {
        "one rate for all, in hindsight": np.full(len(seen), where.switched.mean()),
        "own rate, no time on topic": (8 * where.switched.mean() + seen) / (8 + passed),
        "time on topic, same for all": hazard.probability(where.turns_on_topic),
        "as shipped": foretold(hazard, where),
    }
    print(f"\nlikelihood of a switch, {title}: {len(seen)} turns, {where.switched.mean():.3f} switched")
    for name, probability in ways.items():
        low, high = _by_dialogue(where, lambda rows, p=probability: log_loss(p[rows], where.switched[rows]))
        print(f"  {name:<32}log-loss {log_loss(probability, where.switched):.4f} [{low:.4f}, {high:.4f}]")
    order = np.array_split(np.argsort(ways["as shipped"], kind="stable"), BINS)
    told = [(ways["as shipped"][rows].mean(), where.switched[rows].mean(), len(rows)) for rows in order]
    error = sum(abs(p - y) * n for p, y, n in told) / len(seen)
    print(f"  calibration error {error:.3f}; said/came " + ", ".join(f"{p:.2f}/{y:.2f}" for p, y, _ in told))


def _by_dialogue(where: Places, measure: Callable[[np.ndarray], float]) -> tuple[float, float]:
    rows = [np.flatnonzero(where.dialogue == d) for d in np.unique(where.dialogue)]
    return interval(lambda chosen: measure(np.concatenate([rows[n] for n in chosen])), len(rows), rounds=200)


def report_cost(talks: Sequence[Dialogue]) -> None:
    """Processor time a turn of the sample, the second time over."""
    turns = sum(len(d.turns) for d in talks)
    for _ in range(2):
        begun = time.process_time()
        for dialogue in talks:
            segment(dialogue.turns)
        taken = time.process_time() - begun
    print(f"\ncost: {1e6 * taken / turns:.0f} microseconds a turn (sample talks, {turns} turns)")


if __name__ == "__main__":
    main()
