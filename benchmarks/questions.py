"""How many questions are known without their mark, and how many sentences are taken for one; the cost of a message.

    python benchmarks/questions.py          figures, with 95% intervals by bootstrap over conversations
    python benchmarks/questions.py --show   as well, twenty sentences without a mark that were taken for questions

Sentences of LoCoMo and of TIAGE (../shared/data; evaluation only). Recall: of the sentences that end in a question mark, those
still told as questions (a tag does not count) when a full stop stands for it; many are fragments ("and you ?", "cheeseburgers ?")
that nothing but the mark gives away. Same kind: of these, those of the kind that the mark gives. Taken for one: of the sentences
without a mark; in TIAGE, where most leave it out, nearly all of these do ask, so that the figure of LoCoMo is the false alarm.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from whisper_enrich.strategic.history import QuestionKind
from whisper_enrich.strategic.turn_features import question_kind, turn_features

DATA = ROOT.parent / "shared" / "data"
RESAMPLES = 2000
NO_QUESTION = (QuestionKind.NONE, QuestionKind.TAG)
_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+|\n+")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--show", action="store_true", help="sentences without a mark that were taken for questions")
    show = arguments.parse_args().show
    if not DATA.is_dir():
        sys.exit(f"{DATA} is not there: the conversations to measure on are not part of this repository.")
    for name, talks in (("LoCoMo", locomo()), ("TIAGE", tiage())):
        rows = [counts(talk) for talk in talks]
        print(name, f"{len(talks)} conversations, {sum(row[0] for row in rows)} questions with a mark")
        for label, part, whole in (("recall", 1, 0), ("same kind", 2, 1), ("taken for one", 4, 3)):
            print(
                f"  {label:14}", interval(np.array([row[part] for row in rows]), np.array([row[whole] for row in rows]))
            )
        if show:
            print("\n".join("    " + text for text in taken(talks)[:20]))
    texts = [text for talk in locomo() for text in talk]
    before = time.process_time()
    for text in texts:
        turn_features(text, "joy", 0.5)
    spent = (time.process_time() - before) / len(texts) * 1000.0
    print(f"{spent:.3f} ms a message ({len(texts)} of {sum(map(len, texts)) / len(texts):.0f} characters)")


def locomo() -> list[list[str]]:
    """The texts of each conversation."""
    talks = []
    for path in sorted((DATA / "locomo").glob("*.json")):
        conversation = json.loads(path.read_text(encoding="utf-8"))["conversation"]
        sessions = [turns for name, turns in conversation.items() if re.fullmatch(r"session_\d+", name)]
        talks.append([turn["text"] for turns in sessions for turn in turns])
    return talks


def tiage() -> list[list[str]]:
    """The texts of each dialogue."""
    files = sorted((DATA / "tiage").glob("*.json"))
    return [[text for text, _ in talk] for path in files for talk in json.loads(path.read_text("utf-8")).values()]


def sentences(talk: list[str]) -> tuple[list[str], list[str]]:
    """Those with a mark at their end, and the others."""
    found = [part.strip() for text in talk for part in _SENTENCE_END.split(text) if part.strip()]
    return [part for part in found if part.endswith("?")], [part for part in found if "?" not in part]


def counts(talk: list[str]) -> tuple[int, int, int, int, int]:
    """Marked, of these known without the mark, of these of the same kind; unmarked, of these taken for questions."""
    marked, others = sentences(talk)
    without = [(question_kind(text), question_kind(text.rstrip("? ") + ".")) for text in marked]
    known = [(kind, bare) for kind, bare in without if bare not in NO_QUESTION]
    return len(marked), len(known), sum(kind == bare for kind, bare in known), len(others), len(taken([others]))


def taken(talks: list[list[str]]) -> list[str]:
    """Sentences without a mark that are taken for questions."""
    return [text for talk in talks for text in sentences(talk)[1] if question_kind(text) not in NO_QUESTION]


def interval(part: np.ndarray, whole: np.ndarray) -> str:
    """A share over all conversations with its percentile interval."""
    drawn = np.random.default_rng(0).integers(0, len(part), (RESAMPLES, len(part)))
    low, high = np.quantile(part[drawn].sum(axis=1) / whole[drawn].sum(axis=1), (0.025, 0.975))
    return f"{part.sum() / whole.sum():.3f} [{low:.3f}, {high:.3f}]"


if __name__ == "__main__":
    main()
