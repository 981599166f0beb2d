"""Does recall find the session that answers a question? LoCoMo's questions with evidence, against search over raw messages.

    python benchmarks/recall.py [--vectors lsa|hashed] [--files conv-26 conv-30 conv-41] [--data FOLDER]

Each conversation is loaded with speaker_a as the user and enriched by the extractive engines; then every question that names
evidence is asked of `recall` a day after the last session, and of plain search over the messages. A question counts as found
if a session of its evidence is among the first five results ("all": every session of its evidence).

The vectors are made here: there is no embedding model. ``lsa``: at most 384 dimensions of latent semantic analysis, fitted on
the conversation's messages (TF-IDF without English stop words). ``hashed``: the projection of words and their parts that the
loader uses. Both are lexical: what a real embedder would add is not measured. The data is read from ../shared/data (CC BY-NC
4.0; nothing of it is part of this repository).
"""

from __future__ import annotations

import argparse
import json
import math
import re
import shutil
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from sqlalchemy import Connection

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from whisper_enrich.hot_path import Options, Reader
from whisper_enrich.hot_path.recall import recall
from whisper_enrich.loading.load import load
from whisper_enrich.loading.locomo import locomo_point_id, read_locomo
from whisper_enrich.loading.vectors import hashed_vectors
from whisper_enrich.messages.model import Point
from whisper_enrich.messages.store import VECTOR_SIZE
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.profiles import remember_bot_names, remember_names
from whisper_enrich.text.terms import root, words

DEVELOPMENT = ("conv-26", "conv-30", "conv-41")
KINDS = {1: "several sessions", 2: "when", 3: "open", 4: "one session", 5: "wrong person"}
FIRST = 5
TURN = re.compile(r"D(\d+):\d+")

Embed = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True)
class Asked:
    """A question with the sessions of its evidence."""

    text: str
    kind: int
    sessions: frozenset[int]


@dataclass(frozen=True)
class Talk:
    """A conversation as loaded: its bot and user, the messages with their sessions, the questions, what embeds a text."""

    bot_name: str
    user_id: str
    points: list[Point]
    session_of: dict[str, int]
    questions: list[Asked]
    embed: Embed


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo")
    parser.add_argument("--files", nargs="*", default=DEVELOPMENT)
    parser.add_argument("--vectors", choices=("lsa", "hashed"), default="lsa")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} does not exist. Give the folder of the LoCoMo files with --data.")
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-recall-"))
    home.chmod(0o711)
    try:
        run([options.data / f"{name}.json" for name in options.files], home / "state", options.vectors)
    finally:
        EmbeddedPostgres(home / "state").remove(force=True)
        shutil.rmtree(home)


def run(paths: Sequence[Path], state: Path, kind: str) -> None:
    pipeline = Pipeline(load_settings(whisper_enrich_home=state))
    ctx = pipeline.context("recall")
    talks = [prepare(ctx, path, kind) for path in paths]
    found: dict[str, list[tuple[Asked, list[int]]]] = defaultdict(list)
    seconds: dict[str, list[float]] = {"recall without vectors, both queries": [], "SELECT 1 in between": []}
    options = Options(schema=pipeline.settings.postgres_schema, recall_deadline_seconds=10)
    with Reader(pipeline.database.engine, options) as reader, pipeline.database.connect() as plain:
        for talk in talks:
            for name, search in ways(reader, plain, ctx, talk, seconds).items():
                found[name] += [(asked, search(asked.text)) for asked in talk.questions]
    pipeline.close()
    report(found, kind)
    for what, took in seconds.items():
        print(f"{what}: p50 {np.median(took) * 1000:.2f} ms, p95 {np.percentile(took, 95) * 1000:.2f} ms")


def prepare(ctx, path: Path, kind: str) -> Talk:
    from locomo_end_to_end import enrich

    loaded = read_locomo(path, "a")
    ((bot_name, points),) = loaded.points().items()
    embed = embedder(kind, [str(point.payload["content"]) for point in points])

    def with_vectors(some: Sequence[Point]) -> list[Point]:
        rows = embed([str(point.payload["content"]) for point in some])
        return [
            replace(point, vectors={"content": row.tolist()} if row.any() else {})
            for point, row in zip(some, rows, strict=True)
        ]

    load(ctx.store, replace(loaded, with_vectors=with_vectors))
    with ctx.database.begin() as connection:
        remember_names(connection, loaded.names, "loaded")
        remember_bot_names(connection, loaded.bot_names)
    enrich(ctx, ctx.collection_of(bot_name), None)
    document = json.loads(path.read_text(encoding="utf-8"))
    session_of = {
        locomo_point_id(bot_name, turn["dia_id"]): int(match[1])
        for key, turns in document["conversation"].items()
        if (match := re.fullmatch(r"session_(\d+)", key))
        for turn in turns
    }
    questions = [
        Asked(each["question"], each["category"], frozenset(int(n) for n in TURN.findall(json.dumps(each["evidence"]))))
        for each in document["qa"]
        if TURN.search(json.dumps(each.get("evidence") or []))
    ]
    (user_id,) = {str(point.payload["user_id"]) for point in points}
    return Talk(bot_name, user_id, points, session_of, questions, embed)


def embedder(kind: str, texts: Sequence[str]) -> Embed:
    if kind == "hashed":
        return hashed_vectors
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import Normalizer

    weights = TfidfVectorizer(sublinear_tf=True, stop_words="english")
    dimensions = min(VECTOR_SIZE, len(texts) - 1)
    projection = make_pipeline(weights, TruncatedSVD(n_components=dimensions, random_state=0), Normalizer())
    projection.fit(texts)

    def embed(some: Sequence[str]) -> np.ndarray:
        # What the weights do not know at all has no direction.
        known = np.asarray(weights.transform(some).sum(axis=1)).ravel() > 0
        rows = projection.transform(some) * known[:, None]
        return np.pad(rows, ((0, 0), (0, VECTOR_SIZE - dimensions)))

    return embed


def ways(
    reader: Reader, plain: Connection, ctx, talk: Talk, seconds: dict[str, list[float]]
) -> dict[str, Callable[[str], list[int]]]:
    """By name, what gives the sessions of its results for a question, the best result first; a result may name several."""
    now = max(point.payload["timestamp_unix"] for point in talk.points) + timedelta(days=1).total_seconds()
    at = datetime.fromtimestamp(now, UTC)

    def ask(text: str, *, meaning: bool):
        vector = talk.embed([text])[0]
        near = {"query_vector": vector.tolist(), "search": ctx.store.search_summary_vectors}
        started = time.perf_counter()
        found = recall(
            reader, talk.user_id, talk.bot_name, text, at, UTC, **(near if meaning and vector.any() else {}),
            limit=FIRST, strict=True,
        )  # fmt: skip
        if not meaning:
            ended = time.perf_counter()
            plain.exec_driver_sql("SELECT 1").scalar()
            for what, took in zip(seconds, (ended - started, time.perf_counter() - ended), strict=True):
                seconds[what].append(took)
        return found

    def sessions(items) -> list[int]:
        # A window holds the sessions of a day, one almost always.
        return [Counter(talk.session_of[i] for i in item.message_ids).most_common(1)[0][0] for item in items]

    def mixed(text: str) -> list[int]:
        found = ask(text, meaning=True)
        best = sorted((*found.summaries, *found.facts), key=lambda item: -item.score)
        return sessions(best)[:FIRST]

    by_bm25, by_roots, by_vectors = bm25(talk, tokens), bm25(talk, roots), nearest(talk)
    return {
        "recall: summaries, words and meaning": lambda text: sessions(ask(text, meaning=True).summaries),
        "recall: summaries, words alone": lambda text: sessions(ask(text, meaning=False).summaries),
        "recall: summaries and facts mixed": mixed,
        "messages, BM25, first 5 messages": lambda text: by_bm25(text)[:FIRST],
        "messages, vectors, first 5 messages": lambda text: by_vectors(text)[:FIRST],
        "messages, BM25, first 5 sessions": lambda text: distinct(by_bm25(text)),
        "messages, BM25 of roots, first 5 sessions": lambda text: distinct(by_roots(text)),
        "messages, vectors, first 5 sessions": lambda text: distinct(by_vectors(text)),
    }


def distinct(sessions: Sequence[int]) -> list[int]:
    return list(dict.fromkeys(sessions))[:FIRST]


def bm25(talk: Talk, cut: Callable[[str], list[str]], k1: float = 1.2, b: float = 0.75) -> Callable[[str], list[int]]:
    """Sessions of the messages by BM25 (Robertson and Zaragoza, 2009) over the words that ``cut`` makes, the best first."""
    docs = [Counter(cut(str(point.payload["content"]))) for point in talk.points]
    lengths = np.array([sum(doc.values()) for doc in docs])
    having = Counter(word for doc in docs for word in doc)
    mean = lengths.mean()

    def search(text: str) -> list[int]:
        scores = np.zeros(len(docs))
        for word in set(cut(text)):
            weight = math.log(1 + (len(docs) - having[word] + 0.5) / (having[word] + 0.5))
            count = np.array([doc[word] for doc in docs])
            scores += weight * count * (k1 + 1) / (count + k1 * (1 - b + b * lengths / mean))
        return in_order(talk, scores)

    return search


def nearest(talk: Talk) -> Callable[[str], list[int]]:
    """Sessions of the messages by the cosine with the question."""
    vectors = talk.embed([str(point.payload["content"]) for point in talk.points])
    return lambda text: in_order(talk, vectors @ talk.embed([text])[0])


def in_order(talk: Talk, scores: np.ndarray) -> list[int]:
    return [talk.session_of[talk.points[i].id] for i in np.argsort(-scores, kind="stable") if scores[i] > 0]


def tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.lower())


def roots(text: str) -> list[str]:
    """As recall cuts them: without words of asking and without endings, each once."""
    return [root(word) for word in words(text)]


def report(found: dict[str, list[tuple[Asked, list[int]]]], kind: str) -> None:
    some = next(iter(found.values()))
    of_kind = Counter(asked.kind for asked, _ in some)
    print(f"{len(some)} questions; vectors: {kind}. Share with a session of the evidence among the first {FIRST}:")
    print(f"{'':44}{'any':>7}{'all':>7}" + "".join(f"{KINDS[k]:>18}" for k in sorted(of_kind)))
    for name, answers in found.items():
        hit = [bool(asked.sessions & set(sessions)) for asked, sessions in answers]
        every = [asked.sessions <= set(sessions) for asked, sessions in answers]
        row = f"{name:44}{np.mean(hit):>7.3f}{np.mean(every):>7.3f}"
        for k in sorted(of_kind):
            row += f"{np.mean([h for h, (asked, _) in zip(hit, answers, strict=True) if asked.kind == k]):>18.3f}"
        print(row)
    print(f"{'questions':58}" + "".join(f"{of_kind[k]:>18}" for k in sorted(of_kind)))


if __name__ == "__main__":
    main()
