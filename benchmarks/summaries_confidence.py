"""What the confidence of extractive summaries says, by size of the window.

    python benchmarks/summaries_confidence.py

Windows: each user's day in the sample conversations (with their stored vectors of a sentence-embedding model), runs of
10 to 80 of their messages and whole conversations, all put into one day; and the LoCoMo development sessions with runs of
their turns, with LSA vectors and without any. Per size, the confidence of our selection (least, tenth percentile, median,
share below the 0.3 at which bots filter), and the mean confidence of five random selections of as many sentences and of
the sentences ranked lowest.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "benchmarks"))

from summaries_locomo import DEVELOPMENT, read, with_lsa_vectors

from whisper_enrich.messages.model import Message
from whisper_enrich.messages.parsing import messages_of, parse_point
from whisper_enrich.sample.conversations import sample_names, sample_points
from whisper_enrich.summaries.candidates import candidates
from whisper_enrich.summaries.confidence import confidence
from whisper_enrich.summaries.extractive import MOST_SENTENCES, budget
from whisper_enrich.summaries.selection import Content, scores_of, select

SIZES = (2, 4, 9, 15, 30, 60, 90, 150, 300, 2000)
NOW = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
Window = tuple[str, str, Sequence[Message]]


def main() -> None:
    """Print one table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo")
    options = parser.parse_args()
    report("sample conversations, stored vectors", sample_windows())
    if not options.data.is_dir():
        sys.exit(f"{options.data} does not exist. Give the folder of the LoCoMo files with --data.")
    windows = list(locomo_windows(options.data))
    report("LoCoMo development, LSA vectors", windows)
    report("LoCoMo development, no vectors", [(u, b, [replace(m, vector=None) for m in ms]) for u, b, ms in windows])


def sample_windows() -> Iterator[Window]:
    """Days, runs and whole conversations of every user with every bot."""
    by_user: dict[tuple[str, str], list[Message]] = defaultdict(list)
    for bot, points in sample_points(NOW).items():
        for message in messages_of(parse_point(bot, point, now=NOW, first_day=date(2020, 1, 1)) for point in points):
            by_user[bot, message.user_id].append(message)
    for (bot, user_id), messages in by_user.items():
        user = sample_names().get(user_id, user_id)
        for scope in sorted({message.scope for message in messages}):
            own = sorted((m for m in messages if m.scope is scope), key=lambda m: m.order)
            days: dict[date, list[Message]] = defaultdict(list)
            for message in own:
                days[message.turn_at.date()].append(message)
            yield from ((user, bot.title(), day) for day in days.values())
            yield from ((user, bot.title(), run) for size in (10, 20, 40, 60, 80) for run in runs(own, size))
        if len(messages) >= 50:
            yield user, bot.title(), in_one_day(sorted(messages, key=lambda m: m.order))


def locomo_windows(folder: Path) -> Iterator[Window]:
    """Sessions, and runs of turns over several of them."""
    sessions = with_lsa_vectors([session for name in DEVELOPMENT for session in read(folder / f"{name}.json")])
    turns = [message for session in sessions for message in session.messages]
    for session in sessions:
        yield session.user, session.bot, session.messages
    for size in (5, 10, 20, 50, 100, 200, 500, 1000):
        for start in range(8 if size <= 200 else 3):
            run = [replace(turns[(411 * start + j) % len(turns)], point_id=str(j)) for j in range(size)]
            yield sessions[0].user, sessions[0].bot, in_one_day(run)


def runs(messages: Sequence[Message], size: int) -> Iterator[list[Message]]:
    """Disjoint runs of ``size`` messages."""
    for start in range(0, len(messages) - size + 1, size):
        yield in_one_day(messages[start : start + size])


def in_one_day(messages: Sequence[Message]) -> list[Message]:
    """The messages in their order, 20 seconds apart."""
    start = messages[0].at.replace(hour=1, minute=0, second=0, microsecond=0)
    return [replace(m, at=start + timedelta(seconds=20 * n)) for n, m in enumerate(messages)]


def report(title: str, windows: Iterator[Window] | Sequence[Window]) -> None:
    """Print the scores by size."""
    chance = random.Random(0)
    rows: dict[int, list[tuple[float, float, float]]] = defaultdict(list)
    for user, bot, messages in windows:
        scores = scores_of_window(user, bot, messages, chance)
        if scores is not None:
            rows[next(size for size in SIZES if len(messages) <= size)].append(scores)
    print(
        f"\n{title}\n{'messages':>10}{'windows':>9}{'least':>7}{'10%':>6}{'median':>8}{'< 0.3':>7}{'random':>8}{'lowest':>8}"
    )
    for size, found in sorted(rows.items()):
        ours, at_random, lowest = np.array(found).T
        print(
            f"{'to ' + str(size):>10}{len(found):>9}{ours.min():>7.2f}{np.percentile(ours, 10):>6.2f}{np.median(ours):>8.2f}"
            f"{(ours < 0.3).mean():>7.2f}{at_random.mean():>8.2f}{lowest.mean():>8.2f}"
        )


def scores_of_window(
    user: str, bot: str, messages: Sequence[Message], chance: random.Random
) -> tuple[float, float, float] | None:
    """Our selection's confidence, the mean of random ones', and that of the sentences ranked lowest."""
    found = candidates(messages, (user, bot))
    content = Content(messages, found)
    scores = scores_of(found, content)
    most_words = budget(found)
    chosen = select(found, scores, content, most_sentences=MOST_SENTENCES - 1, most_words=most_words)
    count = len(chosen)
    lowest = [found[k] for k in sorted(range(len(found)), key=lambda k: scores[k])[:count]]
    selections = [chosen, lowest, *(chance.sample(found, count) for _ in range(5))]
    judged = [confidence(found, selection, content, most_words=most_words) for selection in selections]
    if None in judged:
        return None
    return judged[0], float(np.mean(judged[2:])), judged[1]


if __name__ == "__main__":
    main()
