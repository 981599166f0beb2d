"""How many reads find a fresh row, and what that costs: a simulation of a day of 5 bots and 500 users.

    python benchmarks/freshness.py              all policies, then what happens when things are slower or more; 30 s
    python benchmarks/freshness.py --seeds 40   narrower intervals
    python benchmarks/freshness.py --large      5,000 users of 50 bots, one seed

A read is a user message after that user's first conversation, with the worker up. It finds a fresh row where the row is younger
than its lifetime and, had every message been known at once, would still hold (`strategic.validity`): nothing that the user said
longer than CACHE_TTL_SECONDS ago is unread. "As stored" counts what the reader sees, which also holds where intake was
late. For the two policies without news a row simply holds for CACHE_TTL_SECONDS.

Arrivals are the user-days of the sample conversations: hours of the day and gaps, jittered, moved to each user's time zone; a
user writes on a day as often as those of the sample do. Figures are of the second of two days; one user in twenty is new on
it. What a run takes was measured: its start with nothing new by `/usr/bin/time -v whisper-enrich enrich --bot marlow
--from DAY --to DAY`, the rest by `benchmarks/strategic_cost.py`; runs that go on together share the cores. All six
caches of a user count as one row, which can be read when the run ends.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, stdev

sys.path[:0] = [str(Path(__file__).resolve().parents[1]), str(Path(__file__).resolve().parent)]

from freshness_simulation import EVERYBODY, OURS, PLATFORM, Policy, Simulation, World, slower


def interval(values: Sequence[float]) -> str:
    """Mean over the seeds with its 95% interval (normal)."""
    half = 1.96 * stdev(values) / math.sqrt(len(values)) if len(values) > 1 else 0.0
    return f"{mean(values):9.2f} ±{half:6.2f}"


def line(name: str, world: World, policy: Policy, seeds: int) -> str:
    """A row of the table."""
    scores = [Simulation(world, policy, seed).run() for seed in range(seeds)]
    cells = [
        interval([100 * s.fresh for s in scores]), interval([100 * s.stored for s in scores]),
        f"{mean(s.rows for s in scores):9,.0f}", f"{mean(s.runs for s in scores):7,.0f}",
        f"{mean(s.cpu for s in scores):9,.0f}", f"{mean(s.lag for s in scores):6.0f} {mean(s.long_lag for s in scores):5.0f}",
        f"{max(s.longest_run for s in scores):8.0f}", f"{mean(s.reads for s in scores):7,.0f}",
    ]  # fmt: skip
    return f"{name:<38}" + " ".join(cells)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--large", action="store_true")
    arguments = parser.parse_args()
    seeds = arguments.seeds
    started = time.perf_counter()
    world = World()
    print(f"{world.users} users, {world.bots} bots, {seeds} seeds, {world.cores} cores; a day\n")
    heads = [("fresh, % of reads", 18), ("as stored, %", 18), ("rows", 10), ("runs", 8), ("CPU s", 10)]
    heads += [("lag 50/95%", 13), ("longest", 9), ("reads", 8)]
    print(" " * 38 + "".join(f"{head:>{width}}" for head, width in heads))
    if arguments.large:
        print(line("5,000 users have 50 bots", replace(world, bots=50, users=5000), OURS, 1))
        return
    for policy in (OURS, EVERYBODY, PLATFORM):
        print(line(policy.name, world, policy, seeds), flush=True)
    print("\nours, if")
    for name, other in (
        ("the sensor looks every 60 s", replace(world, sensor_seconds=60.0)),
        ("runs take twice as long", slower(world, 2)),
        ("runs take ten times as long", slower(world, 10)),
        ("there is one core", replace(world, cores=1)),
        ("the users have 50 bots", replace(world, bots=50)),
    ):
        print(line(name, other, OURS, max(2, seeds // 2)), flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
