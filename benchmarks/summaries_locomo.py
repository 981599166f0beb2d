"""ROUGE of the extractive summaries against the gold session summaries of LoCoMo.

    python benchmarks/summaries_locomo.py                       # development conversations, then those held for checking
    python benchmarks/summaries_locomo.py --vectors lsa         # with message vectors, to run the path that uses them
    python benchmarks/summaries_locomo.py --speed               # CPU time a message by size of window
    python benchmarks/summaries_locomo.py --speed --vectors lsa # the same with vectors

Each session is a window of its own, its turns --apart seconds apart from the session's time on (LoCoMo has no time per
turn; with more than a minute in all, the opening gives two times, and the gold only ever has one).
speaker_a is the user, then, in the second row, speaker_b. "opening off" scores the same summaries without their first
sentence, which says who talked and when. Intervals are 95% percentile bootstraps over sessions. The data is read from
../shared/data (CC BY-NC 4.0; nothing of it is part of this repository).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from rouge_score.rouge_scorer import RougeScorer

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from whisper_enrich.messages.model import Message, Scope, Speaker
from whisper_enrich.summaries.extractive import summarise
from whisper_enrich.summaries.model import Summary
from whisper_enrich.summaries.vocabulary import content_stems, short_forms, words
from whisper_enrich.summaries.windows import window_of

DEVELOPMENT = ("conv-26", "conv-30", "conv-41")
CHECK = ("conv-42", "conv-43")
METRICS = ("rouge1", "rouge2", "rougeL")
WINDOW_HOURS = 24


@dataclass(frozen=True, slots=True)
class Session:
    """One session with its gold summary; the messages take ``user`` as the user and ``bot`` as the bot."""

    user: str
    bot: str
    messages: tuple[Message, ...]
    gold: str

    def turned(self) -> Session:
        """The same session with the roles exchanged."""
        other = {Speaker.USER: Speaker.BOT, Speaker.BOT: Speaker.USER}
        messages = tuple(replace(message, speaker=other[message.speaker]) for message in self.messages)
        return replace(self, user=self.bot, bot=self.user, messages=messages)


def main() -> None:
    """Print one table a set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo")
    parser.add_argument("--vectors", choices=("none", "lsa"), default="none")
    parser.add_argument("--apart", type=int, default=1, metavar="SECONDS", help="between two turns")
    parser.add_argument("--speed", action="store_true", help="measure time instead of ROUGE")
    parser.add_argument("--show", type=int, default=0, metavar="N", help="print the first N summaries of each set")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} does not exist. Give the folder of the LoCoMo files with --data.")
    for title, names in (("development", DEVELOPMENT), ("check", CHECK)):
        sessions = [session for name in names for session in read(options.data / f"{name}.json", options.apart)]
        if options.vectors == "lsa":
            sessions = with_lsa_vectors(sessions)
        if options.speed:
            measure_speed(sessions)
            break
        report(title, names, sessions, options.show)


def read(path: Path, apart: int = 1) -> Iterator[Session]:
    """The sessions of one LoCoMo file that have a gold summary, their turns ``apart`` seconds apart."""
    document = json.loads(path.read_text(encoding="utf-8"))
    conversation = document["conversation"]
    user, bot = conversation["speaker_a"], conversation["speaker_b"]
    for key, gold in document["session_summary"].items():
        session = key.removesuffix("_summary")
        start = datetime.strptime(conversation[f"{session}_date_time"], "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        messages = tuple(
            Message(
                bot_name=bot.lower(),
                point_id=f"{session}-{i:04d}",
                speaker=Speaker.USER if turn["speaker"] == user else Speaker.BOT,
                user_id=user.lower(),
                at=start + timedelta(seconds=apart * i),
                text=turn["text"],
                scope=Scope.DM,
                content_hash=f"{i:016x}",
            )
            for i, turn in enumerate(conversation[session])
        )
        yield Session(user, bot, messages, gold)


def with_lsa_vectors(sessions: Sequence[Session]) -> list[Session]:
    """The sessions with 384 dimensions of latent semantic analysis a message, fitted on all of them together."""
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = [message.text for session in sessions for message in session.messages]
    weights = TfidfVectorizer(sublinear_tf=True, stop_words="english").fit_transform(texts)
    rows = iter(TruncatedSVD(n_components=384, random_state=0).fit_transform(weights))
    return [
        replace(session, messages=tuple(replace(message, vector=next(rows).tolist()) for message in session.messages))
        for session in sessions
    ]


def report(title: str, names: Sequence[str], sessions: Sequence[Session], show: int) -> None:
    """Score the sessions both ways round and print."""
    print(f"\n{title}: {', '.join(names)}; {len(sessions)} sessions")
    print(f"{'':24}{'ROUGE-1':>20}{'ROUGE-2':>20}{'ROUGE-L':>20}{'words':>7}")
    summaries = [summarise_one(session) for session in sessions]
    turned = [session.turned() for session in sessions]
    golds = [session.gold for session in sessions]
    print_row("speaker_a is the user", [summary.summary_text for summary in summaries], golds)
    print_row("speaker_b is the user", [summarise_one(session).summary_text for session in turned], golds)
    print_row("opening off", [without_opening(summary) for summary in summaries], golds)
    print(f"topics whose words the gold uses: {topic_precision(sessions, summaries):.3f}")
    confidences = [summary.confidence_score for summary in summaries if summary.confidence_score is not None]
    print(f"confidence: median {np.median(confidences):.2f}, from {min(confidences):.2f} to {max(confidences):.2f}")
    for summary in summaries[:show]:
        print(f"\n{summary.summary_text}\n{summary.key_topics}")


def measure_speed(sessions: Sequence[Session]) -> None:
    """CPU milliseconds a message for windows of several sizes, made of the turns of all sessions in a row."""
    turns = [message for session in sessions for message in session.messages]
    first = sessions[0]
    start = first.messages[0].at.replace(hour=1, minute=0)
    for size in (5, 10, 20, 50, 100, 200, 500, 2000, 10000):
        windows = []
        for k in range(max(1, 1000 // size)):
            taken = [turns[(137 * k + j) % len(turns)] for j in range(size)]
            # A turn that comes round again is numbered: what is said twice is read once.
            messages = [
                replace(
                    m,
                    at=start + timedelta(seconds=8 * j),
                    point_id=f"{j:06d}",
                    text=f"{m.text} {j // len(turns)}" if j >= len(turns) else m.text,
                )
                for j, m in enumerate(taken)
            ]
            windows.append(replace(first, messages=tuple(messages)))
        cold = cpu_of(windows) / size
        warm = cpu_of(windows) / size
        print(f"{size:>6} messages a window: {warm:.3f} ms a message, {cold:.3f} with caches still filling")


def cpu_of(windows: Sequence[Session]) -> float:
    """CPU milliseconds a window."""
    started = time.process_time()
    for window in windows:
        summarise_one(window)
    return 1000 * (time.process_time() - started) / len(windows)


def summarise_one(session: Session) -> Summary:
    """The stored summary of a session."""
    return summarise(
        session.messages,
        user_name=session.user,
        bot_name=session.bot,
        window=window_of(session.messages[0].at, WINDOW_HOURS),
        scope=Scope.DM,
        short=False,
    )


def without_opening(summary: Summary) -> str:
    """The summary from its second sentence on."""
    return summary.summary_text.partition(" UTC. ")[2]


def print_row(label: str, texts: Sequence[str], golds: Sequence[str]) -> None:
    """Mean F-measures with their intervals."""
    scorer = RougeScorer(list(METRICS), use_stemmer=True)
    scored = [scorer.score(gold, text) for text, gold in zip(texts, golds, strict=True)]
    values = 100 * np.array([[score[metric].fmeasure for metric in METRICS] for score in scored])
    low, high = np.percentile(bootstrap_means(values), (2.5, 97.5), axis=0)
    cells = "".join(f"{m:>8.2f} [{a:4.1f},{b:5.1f}]" for m, a, b in zip(values.mean(axis=0), low, high, strict=True))
    print(f"{label:24}{cells}{np.mean([len(text.split()) for text in texts]):>7.0f}")


def bootstrap_means(values: np.ndarray, resamples: int = 2000) -> np.ndarray:
    """Means over sessions drawn with replacement; the seed is fixed."""
    drawn = np.random.default_rng(0).integers(0, len(values), (resamples, len(values)))
    return values[drawn].mean(axis=1)


def topic_precision(sessions: Sequence[Session], summaries: Sequence[Summary]) -> float:
    """Mean over sessions of the share of topic words (stems) that the gold summary uses too."""
    shares = []
    for session, summary in zip(sessions, summaries, strict=True):
        names = short_forms(session.user) | short_forms(session.bot)
        gold = set(content_stems(words(session.gold), names))
        stems = [stem for topic in summary.key_topics for stem in content_stems(words(topic), names)]
        shares.append(sum(stem in gold for stem in stems) / len(stems) if stems else 0.0)
    return float(np.mean(shares))


if __name__ == "__main__":
    main()
