"""How well hours of presence and pauses are foreseen.

    python benchmarks/presence.py                 # the sample's users and 240 simulated ones
    python benchmarks/presence.py --users 600 --seed 5

Presence: per user with at least 40 messages, the first 60% in time are fitted, the rest scored: mean negative logarithm of the
probability of the hour, and share of messages in the four hours ranked first. For the sample's users the population's curve
is fitted on the others. "zone unknown": the hours are UTC, and the engine is not told where the user lives.

Pauses: fitted on the first 60% of a user's pauses; of the later ones the shares that the model called at most so probable
(survival at their end). A calibrated model has the two equal; lulls begin at 0.10, 0.03 and 0.01.

Intervals are 95% by bootstrap over users.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from presence_sample import sample_times
from presence_users import simulated_users

from whisper_enrich.strategic.engagement_priors import EngagementPriors, refit, shipped
from whisper_enrich.strategic.gaps import fit_gaps, pauses
from whisper_enrich.strategic.presence import HOURS, presence, von_mises_matrix

LEAST = 40
CUTS = (0.5, 0.25, 0.10, 0.03, 0.01)
User = tuple[np.ndarray, np.ndarray]
Method = Callable[[np.ndarray, np.ndarray, EngagementPriors], np.ndarray]


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=240)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    sample = sample_times()
    others = {name: refit([u for n, u in sample.items() if n != name], "the others") for name in sample}
    simulated = [((u.local / 3600.0) % 168.0, u.local) for u in simulated_users(options.users, options.seed)]
    real = list(sample.values())
    utc = [((at / 3600.0 + 72.0) % 168.0, at) for _, at in real]
    fitted = list(others.values())
    score_presence("sample's users, local hours", real, fitted)
    score_presence("sample's users in UTC, zone unknown", utc, fitted, zone_known=False)
    score_presence("simulated users, local hours", simulated, [shipped()] * len(simulated))
    unknown = [((hours + 24 - k % 24) % 168.0, at) for k, (hours, at) in enumerate(simulated)]
    score_presence("simulated users in UTC, zone unknown", unknown, [shipped()] * len(unknown), zone_known=False)
    score_pauses("sample's users", real, fitted)
    score_pauses("simulated users", simulated, [shipped()] * len(simulated))


def score_presence(
    title: str, users: Sequence[User], priors: Sequence[EngagementPriors], zone_known: bool = True
) -> None:
    """One row a method."""
    methods: dict[str, Method] = {
        "uniform": lambda hours, at, known: np.full(HOURS, 1 / HOURS),
        "population": lambda hours, at, known: np.array(known.presence.hours),
        "histogram (one added)": lambda hours, at, known: histogram(hours) / histogram(hours).sum(),
        "kernel density, 2 h": lambda hours, at, known: density(hours, 2.0),
        "kernel density, 3 h": lambda hours, at, known: density(hours, 3.0),
        "presence": lambda hours, at, known: np.array(presence(hours, at, known.presence, zone_known=zone_known).hours),
    }
    kept = [(u, p) for u, p in zip(users, priors, strict=True) if len(u[1]) >= LEAST]
    print(f"\n{title}: {len(kept)} users, {sum(len(u[1]) for u, _ in kept)} messages")
    print(f"{'':24}{'log-loss':>9}{'95%':>16}{'best four':>11}{'95%':>16}")
    losses = {}
    for name, method in methods.items():
        rows = np.array([scores(user, known, method) for user, known in kept])
        losses[name] = rows[:, 0]
        print(f"{name:24}{with_interval(rows[:, 0], 9)}{with_interval(rows[:, 1], 11)}")
    for name in ("histogram (one added)", "kernel density, 2 h", "kernel density, 3 h"):
        print(f"log-loss less than by {name}: {with_interval(losses[name] - losses['presence'], 8)}")


def scores(user: User, priors: EngagementPriors, method: Method) -> tuple[float, float]:
    """Log-loss and hits of the best four hours."""
    hours, at = user
    cut = int(len(at) * 0.6)
    expected = method(hours[:cut], at[:cut], priors)
    later = (hours[cut:] % HOURS).astype(int)
    best = np.lexsort((np.arange(HOURS), -expected))[:4]
    return float(-np.log(expected[later]).mean()), float(np.isin(later, best).mean())


def histogram(hours: np.ndarray) -> np.ndarray:
    """Messages by hour, one added to each."""
    return np.bincount((hours % HOURS).astype(int), minlength=HOURS) + 1.0


def density(hours: np.ndarray, spread: float) -> np.ndarray:
    """One bandwidth for all, with a twentieth of the uniform."""
    smooth = (histogram(hours) - 1.0) @ von_mises_matrix(spread)
    return 0.95 * smooth / smooth.sum() + 0.05 / HOURS


def score_pauses(title: str, users: Sequence[User], priors: Sequence[EngagementPriors]) -> None:
    """The share of later pauses by the survival that the model gave them."""
    rows, families, judged = [], [], 0
    for (_, at), known in zip(users, priors, strict=True):
        gaps, ages = pauses(at)
        cut = int(len(gaps) * 0.6)
        model = fit_gaps(gaps[:cut], ages[:cut] - ages[cut - 1], known.gaps) if cut >= 3 else None
        if model is not None:
            seen = np.array([model.survival(gap) for gap in gaps[cut:]])
            rows.append([(seen <= c).mean() for c in CUTS])
            families.append(model.family)
            judged += len(seen)
    counted = ", ".join(f"{families.count(f)} {f}" for f in sorted(set(families)))
    print(
        f"\n{title}: {judged} later pauses of {len(rows)} users ({counted})\n{'survival at most':18}{'share':>9}{'95%':>16}"
    )
    for cut, column in zip(CUTS, np.array(rows).T, strict=True):
        print(f"{cut:<18}{with_interval(column, 9)}")


def with_interval(values: np.ndarray, width: int) -> str:
    """The mean, and its bootstrap interval over users."""
    rng = np.random.default_rng(0)
    means = values[rng.integers(0, len(values), (2000, len(values)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return f"{values.mean():>{width}.3f}{f'{low:.3f} to {high:.3f}':>16}"


if __name__ == "__main__":
    main()
