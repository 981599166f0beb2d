"""Whether a confidence means what it says: predicted confidence against the share of right facts, on the sample's gold.

    python benchmarks/facts_calibration.py [--bins 5]

The extractive engine's facts of the sample conversations, after the fold, by the confidence that `user_facts` stores.
Right: one of the fact's pieces of evidence overlaps the quote of a gold fact of the same message (`facts_sample.py`), and
of the content stems of the shorter of the two statements at least half are in the other. The gold notes what a careful
reader would, not everything that is true: a fact of a message without gold counts as wrong in the first share and is left out
of the second. So the first is a lower bound, and the truth lies between them or near. With few facts in a bin the interval
(Wilson, 95%, of the second share) says how little is known. Printed below: Brier score and expected calibration error (mean
distance of confidence and share, weighted by the bins' counts), both of the facts whose message carries gold.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from facts_sample import ANCHOR, overlaps, stems, user_messages

from whisper_enrich.facts.extractive import ENGINE_VERSION, extract
from whisper_enrich.facts.fold import Fact, fold
from whisper_enrich.facts.model import Assertion
from whisper_enrich.sample.conversations import sample_gold

SAME_STATEMENT = 0.5


@dataclass(frozen=True, slots=True)
class Judged:
    """A predicted confidence, whether the fact was right, and whether a message that it rests on carries gold."""

    confidence: float
    right: bool
    noted: bool


def judged_facts() -> list[Judged]:
    """Every current fact of every user of the sample."""
    messages = user_messages()
    gold = defaultdict(list)
    for fact in sample_gold(ANCHOR):
        gold[fact.bot, fact.point_id].append(fact)
    by_user: dict[tuple[str, str], list[Assertion]] = defaultdict(list)
    for message in messages.values():
        by_user[message.bot_name, message.user_id] += extract(message).assertions
    judged = []
    for (bot, _), assertions in by_user.items():
        by_place = {(a.evidence.point_id, a.evidence.start): a for a in assertions}
        for fact in fold(assertions).facts:
            noted = any(gold[bot, piece.point_id] for piece in fact.evidence)
            judged.append(Judged(fact.confidence, _is_right(fact, bot, by_place, messages, gold), noted))
    return judged


def _is_right(fact: Fact, bot: str, by_place: dict, messages: dict, gold: dict) -> bool:
    for piece in fact.evidence:
        message = messages[bot, piece.point_id]
        assertion = by_place[piece.point_id, piece.start]
        for noted in gold[bot, piece.point_id]:
            if overlaps(message, noted.quote, assertion) and _alike(fact.statement, noted.statement):
                return True
    return False


def _alike(statement: str, noted: str) -> bool:
    one, other = stems(statement), stems(noted)
    return len(one & other) >= SAME_STATEMENT * max(1, min(len(one), len(other)))


def wilson(right: int, count: int, z: float = 1.96) -> tuple[float, float]:
    """The Wilson score interval of a share (Wilson 1927); (0, 1) for no observations."""
    if not count:
        return 0.0, 1.0
    share, z2 = right / count, z * z
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    reach = z / (1 + z2 / count) * sqrt(share * (1 - share) / count + z2 / (4 * count * count))
    return middle - reach, middle + reach


def bins_of(judged: Sequence[Judged], count: int) -> list[list[Judged]]:
    """Bins of about equally many facts, in the order of confidence; equal confidences stay together."""
    groups: dict[float, list[Judged]] = defaultdict(list)
    for item in judged:
        groups[item.confidence].append(item)
    wanted = max(1, len(judged) / count)
    bins: list[list[Judged]] = []
    for confidence in sorted(groups):
        if bins and len(bins[-1]) < wanted:
            bins[-1] += groups[confidence]
        else:
            bins.append(list(groups[confidence]))
    return bins


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bins", type=int, default=5)
    options = parser.parse_args()
    judged = judged_facts()
    noted = [j for j in judged if j.noted]
    print(
        f"engine {ENGINE_VERSION}; {len(judged)} facts, right {sum(j.right for j in judged)}; with gold for their message "
        f"{len(noted)}"
    )
    print("confidence     facts  mean conf.  share right  with gold  share right  95% interval")
    error = 0.0
    for group in bins_of(judged, options.bins):
        low, high = (pick(j.confidence for j in group) for pick in (min, max))
        mean = sum(j.confidence for j in group) / len(group)
        known = [j for j in group if j.noted]
        right = sum(j.right for j in known)
        below, above = wilson(right, len(known))
        share = right / len(known) if known else float("nan")
        if known:
            error += abs(sum(j.confidence for j in known) / len(known) - share) * len(known) / len(noted)
        print(
            f"{low:.2f} to {high:.2f} {len(group):7d} {mean:11.2f} {right / len(group):12.2f} {len(known):10d} {share:12.2f}"
            f"  {below:.2f} to {above:.2f}"
        )
    brier = sum((j.confidence - j.right) ** 2 for j in noted) / max(1, len(noted))
    print(f"Brier score {brier:.3f}; expected calibration error {error:.3f}")


if __name__ == "__main__":
    main()
