"""How often trends, outliers and steps are found, and found where there are none: synthetic series of 30 points.

    python benchmarks/trends.py

Sigma is the standard deviation of the noise. Rates come with Wilson's 95% intervals, F1 with a bootstrap over series. Noise is
normal unless said otherwise; "alike" is a lag-1 process of the same variance, "heavy" a Student t with 3 degrees of freedom of
the same variance. An outlier is one value of a series, moved by six times the scaled MAD of that series (either way); a step is
put anywhere with at least three points on both sides, and counts as located where it was detected (p < 0.05) within a day of
its place. Everything is seeded: a second run prints the same.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from whisper_enrich.strategic.trends import anomalies, step_change, trend

POINTS = 30
DAYS = list(range(POINTS))
RAMP = np.arange(POINTS) / (POINTS - 1)
Noise = Callable[[np.random.Generator], np.ndarray]


def main() -> None:
    """Print one table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=3000, help="series a row (steps: a quarter)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.perf_counter()
    rng = np.random.default_rng(options.seed)
    for block in (trends, stable, outliers, steps):
        for line in block(rng, options.series):
            print(line)
        print()
    print(f"{time.perf_counter() - started:.0f} s")


def normal(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal(POINTS)


def heavy(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_t(3, POINTS) / math.sqrt(3)


def alike(phi: float) -> Noise:
    def made(rng: np.random.Generator) -> np.ndarray:
        values = rng.standard_normal(POINTS)
        for i in range(1, POINTS):
            values[i] = phi * values[i - 1] + math.sqrt(1 - phi**2) * values[i]
        return values

    return made


NOISES: dict[str, Noise] = {"normal": normal, "heavy": heavy, "alike 0.2": alike(0.2), "alike 0.4": alike(0.4)}


def trends(rng: np.random.Generator, series: int) -> Iterator[str]:
    """False alarms without drift, power with one."""
    yield "trend: share of series called improving or declining at alpha 0.05"
    for name, noise in NOISES.items():
        for drift in (0.0, 1.0, 2.5):
            hits = sum(trend(DAYS, noise(rng) + drift * RAMP).verdict is not None for _ in range(series))
            what = f"drift {drift} sigma" if drift else "no drift (false alarms)"
            yield f"  {name:10} {what:25} {rate(hits, series)}"


def stable(rng: np.random.Generator, series: int) -> Iterator[str]:
    """How often 'stable' is said, and said of a series that drifts by as much as the bound."""
    yield "trend: share of series called stable, bound 2 sigma"
    for drift in (0.0, 1.0, 2.0):
        hits = sum(trend(DAYS, normal(rng) + drift * RAMP, 2.0).verdict == "stable" for _ in range(series))
        yield f"  normal     drift {drift} sigma{' (wrongly)' if drift == 2.0 else '':15} {rate(hits, series)}"


def outliers(rng: np.random.Generator, series: int) -> Iterator[str]:
    """F1 over all series together."""
    yield "outlier of 6 scaled MAD, one a series, threshold 3.5"
    for name, noise in NOISES.items():
        for drift in (0.0, 2.5):
            counts = np.array([outlier(rng, noise(rng) + drift * RAMP) for _ in range(series)])
            low, high = np.percentile([f1(counts[rng.integers(series, size=series)]) for _ in range(300)], [2.5, 97.5])
            hits, false = counts[:, 0].mean(), counts[:, 1].mean()
            yield (
                f"  {name:10} drift {drift} sigma  F1 {f1(counts):.3f} [{low:.3f}, {high:.3f}]  "
                f"recall {hits:.3f}, false alarms a series {false:.3f}"
            )


def outlier(rng: np.random.Generator, values: np.ndarray) -> tuple[int, int]:
    """Whether the planted one was found, and how many others were."""
    place = int(rng.integers(POINTS))
    level = np.median(values)
    values[place] += rng.choice((-6.0, 6.0)) * 1.4826 * np.median(np.abs(values - level))
    found = {one.day for one in anomalies(DAYS, values)}
    return int(place in found), len(found - {place})


def f1(counts: np.ndarray) -> float:
    hits, false = counts.sum(axis=0)
    return 2 * hits / (hits + false + len(counts))


def steps(rng: np.random.Generator, series: int) -> Iterator[str]:
    """Located within a day; detected at all; and detected where there is none."""
    some = series // 4
    yield "step"
    for name, noise in NOISES.items():
        for size in (2.0, 3.0):
            located = sum(located_step(rng, noise, size) for _ in range(some))
            yield f"  {name:10} {size} sigma, within a day         {rate(located, some)}"
        for drift in (0.0, 2.5):
            hits = sum(step_change(DAYS, noise(rng) + drift * RAMP) is not None for _ in range(some))
            yield f"  {name:10} none, drift {drift} (false alarms) {rate(hits, some)}"


def located_step(rng: np.random.Generator, noise: Noise, size: float) -> bool:
    place = int(rng.integers(3, POINTS - 2))
    found = step_change(DAYS, noise(rng) + size * (np.arange(POINTS) >= place))
    return found is not None and abs(found.day - place) <= 1


def rate(hits: int, of: int) -> str:
    """A share with Wilson's 95% interval."""
    share, z = hits / of, 1.959964
    center = (share + z * z / (2 * of)) / (1 + z * z / of)
    reach = z / (1 + z * z / of) * math.sqrt(share * (1 - share) / of + z * z / (4 * of * of))
    return f"{share:.3f} [{center - reach:.3f}, {center + reach:.3f}]"


if __name__ == "__main__":
    main()
