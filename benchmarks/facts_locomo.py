"""Evidence-turn F1 of the extractive facts on the LoCoMo development conversations.

    python benchmarks/facts_locomo.py                         figures, per conversation and per rule
    python benchmarks/facts_locomo.py --sample 200 --seed 7   as well, facts drawn at random with their message, for reading
    python benchmarks/facts_locomo.py --rule likes --sample 30

Each conversation is run twice, each speaker once as the user. Predicted: turns that are evidence of at least one affirmed
fact; gold: turns that any `observation` cites. The data (CC BY-NC, evaluation only) is expected in ../shared/data/locomo.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from whisper_enrich.facts.extractive import ENGINE_VERSION, extract
from whisper_enrich.facts.model import Assertion, Polarity
from whisper_enrich.messages.model import Message, Scope, Speaker

DATA = Path(__file__).resolve().parent.parent.parent / "shared" / "data" / "locomo"
#: Conversations the rules were developed on; the others were only measured.
DEVELOPMENT = ("conv-26", "conv-30", "conv-41")

_TURN = re.compile(r"D\d+:\d+")


@dataclass(frozen=True)
class Turn:
    """One utterance, whether an observation cites it, and what the engine made of it."""

    conversation: str
    message: Message
    gold: bool
    facts: tuple[Assertion, ...]


def turns(path: Path) -> Iterator[Turn]:
    """Every turn of one file, its speaker as the user."""
    data = json.loads(path.read_text(encoding="utf-8"))
    cited = set(_TURN.findall(json.dumps(list(data["observation"].values()))))
    for key, session in data["conversation"].items():
        if not re.fullmatch(r"session_\d+", key):
            continue
        at = datetime.strptime(data["conversation"][f"{key}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        for turn in session:
            message = Message(
                bot_name="other",
                point_id=turn["dia_id"],
                speaker=Speaker.USER,
                user_id=turn["speaker"],
                at=at,
                text=turn["text"],
                scope=Scope.SHARED,
                content_hash="",
            )
            facts = tuple(fact for fact in extract(message).assertions if fact.polarity is Polarity.AFFIRM)
            yield Turn(path.stem, message, turn["dia_id"] in cited, facts)


def report(name: str, selected: list[Turn]) -> str:
    """Precision, recall and F1 of turns, and how many facts a turn carries."""
    found = [turn for turn in selected if turn.facts]
    right = sum(turn.gold for turn in found)
    gold = sum(turn.gold for turn in selected)
    facts = sum(len(turn.facts) for turn in selected)
    precision, recall = right / max(1, len(found)), right / max(1, gold)
    f1 = 2 * precision * recall / max(1e-9, precision + recall)
    return (
        f"{name:12} turns {len(selected):5}  gold {gold:4}  with facts {len(found):4}  P {precision:.3f}  "
        f"R {recall:.3f}"
        f"  F1 {f1:.3f}  facts {facts:4}  per turn with facts {facts / max(1, len(found)):.2f}, per turn"
        f" {facts / max(1, len(selected)):.2f}"
    )


def by_rule(selected: list[Turn]) -> str:
    """Facts of each rule and the share that stands in a turn that the gold cites."""
    count, cited = Counter(), Counter()
    for turn in selected:
        for fact in turn.facts:
            count[fact.rule] += 1
            cited[fact.rule] += turn.gold
    return "\n".join(f"  {rule:22} {n:5}  in cited turns {cited[rule] / n:.2f}" for rule, n in count.most_common())


def main() -> int:
    """Print the figures; 1 where the data is absent."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=0, help="print so many random facts with their message")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rule", help="sample only facts of this rule")
    parser.add_argument("--conversations", nargs="*", help="conv-26 … (all by default)")
    options = parser.parse_args()
    paths = sorted(DATA.glob("conv-*.json"))
    if not paths:
        print(f"LoCoMo is not in {DATA}: nothing measured", file=sys.stderr)
        return 1
    if options.conversations:
        paths = [path for path in paths if path.stem in options.conversations]
    began = time.perf_counter()
    everything = [turn for path in paths for turn in turns(path)]
    took = time.perf_counter() - began
    if options.sample:
        drawn = [(turn, fact) for turn in everything for fact in turn.facts if options.rule in (None, fact.rule)]
        random.Random(options.seed).shuffle(drawn)
        for turn, fact in drawn[: options.sample]:
            print(f"{turn.conversation} {turn.message.point_id} [{fact.rule}, {fact.category}] {fact.statement}")
            print(f"    {fact.attribute}={fact.value!r} {fact.tense} {fact.holds_from}..{fact.holds_to}")
            print(f"    < {turn.message.text}\n")
    print(f"engine {ENGINE_VERSION}, {1e3 * took / len(everything):.3f} ms a message")
    for path in paths:
        print(report(path.stem, [turn for turn in everything if turn.conversation == path.stem]))
    for name, chosen in (("developed on", True), ("only checked", False)):
        part = [turn for turn in everything if (turn.conversation in DEVELOPMENT) is chosen]
        if part:
            print(report(name, part))
    print(report("all", everything))
    print(by_rule(everything))
    return 0


if __name__ == "__main__":
    sys.exit(main())
