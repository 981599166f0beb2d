"""Train the models of topic switches and write them into the package.

    python benchmarks/train_topic_switches.py [--tiage FOLDER] [--out FOLDER]

The trees are trained on the train part of TIAGE (MIT licence), the correction for talks with stamped answers on the labelled
sample conversations (ours). Thresholds are those at which F1 less Pk is best (for the sample: F1), over dialogues that the
model was not trained on: five folds, and each talk left out in turn. The hazard of a switch is fitted on the train part's own
labels. The same input gives the same files.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from sklearn.ensemble import GradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from topic_switches_data import TIAGE, Dialogue, Places, f1, foretold, log_loss, places, sample_talks, scores, tiage

from whisper_enrich.strategic.boosted_trees import BoostedTrees
from whisper_enrich.strategic.segmentation import MODEL_FILE, block_cosines, content_vectors, paired_columns, times
from whisper_enrich.strategic.switch_hazard import HAZARD_FILE, SwitchHazard
from whisper_enrich.strategic.topic_features import FEATURES, boundary_features, read

FOLDS = 5
TREES = 200
DEPTH = 3
PRIORS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
THRESHOLDS = np.round(np.arange(0.15, 0.55, 0.01), 2)


def main() -> None:
    """Train, say what was found, write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tiage", type=Path, default=TIAGE)
    parser.add_argument("--out", type=Path, default=ROOT / "whisper_enrich" / "strategic")
    options = parser.parse_args()
    if not options.tiage.is_dir():
        sys.exit(f"{options.tiage} does not exist. Give the folder of TIAGE with --tiage.")
    train = tiage("train", options.tiage)
    threshold, reached = best_threshold(train, cross_validated(train))
    print(f"five folds of train: threshold {threshold:.2f}, {reached}")
    model = fitted(train)
    trees = exported(model)
    check(model, BoostedTrees.from_numbers(trees), train)
    paired = paired_talk(BoostedTrees.from_numbers(trees), sample_talks())
    write(
        options.out / MODEL_FILE, {"features": list(FEATURES), "trees": trees, "threshold": threshold, "paired": paired}
    )
    write(options.out / HAZARD_FILE, hazard_of(places(train, [d.gold for d in train])))


def write(file: Path, numbers: dict) -> None:
    """As one line of JSON."""
    file.write_text(json.dumps(numbers, separators=(",", ":")) + "\n", encoding="utf-8")
    print(f"wrote {file.stat().st_size / 1024:.1f} kB to {file.name}")


def rows_of(dialogue: Dialogue) -> np.ndarray:
    """The features before each turn."""
    return boundary_features([read(turn.text) for turn in dialogue.turns], dialogue.starts.tolist())


def fitted(dialogues: Sequence[Dialogue]) -> GradientBoostingClassifier:
    """The trees, by sklearn, on all places inside of sessions."""
    rows = np.concatenate([rows_of(d)[d.inside] for d in dialogues])
    gold = np.concatenate([d.gold[d.inside] for d in dialogues])
    model = GradientBoostingClassifier(
        n_estimators=TREES,
        max_depth=DEPTH,
        learning_rate=0.05,
        subsample=0.5,
        max_features=0.3,
        min_samples_leaf=20,
        random_state=0,
    )
    return model.fit(rows, gold)


def cross_validated(dialogues: Sequence[Dialogue]) -> list[np.ndarray]:
    """The probability before each turn, by a model that was not trained on the dialogue."""
    found: list[np.ndarray] = [np.empty(0)] * len(dialogues)
    for fold in range(FOLDS):
        model = fitted([d for n, d in enumerate(dialogues) if n % FOLDS != fold])
        for n in range(fold, len(dialogues), FOLDS):
            found[n] = np.where(dialogues[n].inside, model.predict_proba(rows_of(dialogues[n]))[:, 1], 0.0)
    return found


def best_threshold(dialogues: Sequence[Dialogue], probabilities: Sequence[np.ndarray]):
    """(threshold, scores): where F1 less Pk is best."""
    reached = {float(t): scores(dialogues, [p > t for p in probabilities]) for t in THRESHOLDS}
    best = max(reached, key=lambda t: reached[t].f1 - reached[t].pk)
    return best, reached[best]


def exported(model: GradientBoostingClassifier) -> dict:
    """sklearn's trees as complete trees in heap order (`BoostedTrees`)."""
    trees = [_complete(grown.tree_, model.learning_rate) for (grown,) in model.estimators_]
    feature, threshold, value = (list(column) for column in zip(*trees, strict=True))
    (prior,) = model.init_.class_prior_[1:]
    return {"base": float(np.log(prior / (1 - prior))), "feature": feature, "threshold": threshold, "value": value}


def _complete(tree: Any, rate: float) -> tuple[list[int], list[float | None], list[float]]:
    """(feature, threshold, value): a leaf above the lowest level is handed down on both sides."""
    inner = 2**DEPTH - 1
    feature, threshold = [0] * inner, [None] * inner
    nodes = [0]
    for place in range(inner):
        node = nodes[place]
        left, right = tree.children_left[node], tree.children_right[node]
        if left < 0:
            left = right = node
        else:
            feature[place], threshold[place] = int(tree.feature[node]), float(tree.threshold[node])
        nodes += [left, right]
    value = [round(float(rate * tree.value[node, 0, 0]), 6) for node in nodes[inner:]]
    return feature, threshold, value


def check(model: GradientBoostingClassifier, trees: BoostedTrees, dialogues: Sequence[Dialogue]) -> None:
    """Raises `ValueError` where the written trees do not say what sklearn's say."""
    rows = np.concatenate([rows_of(d) for d in dialogues])
    error = float(np.abs(trees.raw(rows) - model.decision_function(rows)).max())
    if error > 1e-3:
        raise ValueError(f"the written trees differ from the trained ones by {error:g}")


def paired_talk(trees: BoostedTrees, talks: Sequence[Dialogue]) -> dict[str, float]:
    """The correction for talks with stamped answers, fitted on all; its threshold over each talk left out in turn."""
    inputs, mean = paired_inputs(trees, talks)
    gold = [d.gold[d.inside] for d in talks]
    held_out = []
    for n in range(len(talks)):
        model = logistic([x for m, x in enumerate(inputs) if m != n], [g for m, g in enumerate(gold) if m != n])
        held_out.append(model.predict_proba(inputs[n])[:, 1])
    probability, labels = np.concatenate(held_out), np.concatenate(gold)
    threshold = max(THRESHOLDS.tolist(), key=lambda t: f1(labels, probability > t))
    print(f"sample, each talk left out: threshold {threshold:.2f}, F1 {f1(labels, probability > threshold):.3f}")
    model = logistic(inputs, gold)
    slope, answer, link, cosine = model.coef_[0].round(4).tolist()
    return {
        "intercept": round(float(model.intercept_[0]), 4),
        "slope": slope,
        "answer": answer,
        "link": link,
        "cosine": cosine,
        "mean_cosine": round(mean, 4),
        "threshold": threshold,
    }


def paired_inputs(trees: BoostedTrees, talks: Sequence[Dialogue]) -> tuple[list[np.ndarray], float]:
    """(log-odds of the words, `paired_columns`) before each turn inside of a session; the mean cosine."""
    cosines = [block_cosines(content_vectors(d.turns), d.starts, len(d.turns)) for d in talks]
    mean = float(np.nanmean(np.concatenate([c[d.inside] for c, d in zip(cosines, talks, strict=True)])))
    inputs = []
    for dialogue, cosine in zip(talks, cosines, strict=True):
        columns = paired_columns(dialogue.turns, times(dialogue.turns), cosine - mean)
        inputs.append(np.column_stack([trees.raw(rows_of(dialogue)), columns])[dialogue.inside])
    return inputs, mean


def logistic(inputs: Sequence[np.ndarray], gold: Sequence[np.ndarray]) -> LogisticRegression:
    """Almost without penalty: four coefficients of several hundred places."""
    return LogisticRegression(C=100.0).fit(np.concatenate(inputs), np.concatenate(gold))


def hazard_of(found: Places) -> dict[str, float]:
    """The population's hazard by logistic regression, and the weight of the prior at which what comes is best foretold."""
    logs = np.log(found.turns_on_topic)
    model = LogisticRegression(C=1e4).fit(np.column_stack([logs, logs**2]), found.switched)
    linear, quadratic = model.coef_[0].round(4).tolist()
    shape = {"intercept": round(float(model.intercept_[0]), 4), "linear": linear, "quadratic": quadratic}
    losses = {w: log_loss(foretold(SwitchHazard(**shape, prior=w), found), found.switched) for w in PRIORS}
    print("log-loss by weight of the prior: " + ", ".join(f"{w:g}: {loss:.4f}" for w, loss in losses.items()))
    return shape | {"prior": min(losses, key=lambda w: losses[w])}


if __name__ == "__main__":
    main()
