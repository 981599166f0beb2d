"""LoCoMo through the whole pipeline: loaded, enriched, and scored on what the database then holds.

    python benchmarks/locomo_end_to_end.py [--data FOLDER] [--files conv-26 conv-30 ...]

Each conversation is loaded twice, each speaker once as the user. Facts: a turn is predicted if it is evidence of at least
one stored fact (current or, in the history, past), gold if an observation cites it; precision, recall and F1 over all turns
together. Summaries: ROUGE-1/2/L F-measures with stemming of each session's stored window against its gold summary, mean over
sessions and over both assignments of the speakers. The definitions are those of the data's README. Needs the folder with the
LoCoMo files (CC BY-NC 4.0, not part of this repository).

With a language model in the settings (LLM_CHAT_API_URL, LLM_CHAT_API_KEY, LLM_CHAT_MODEL) that model is scored, and what it
took is printed. LLM_RECORDING=record and LLM_RECORDINGS=FOLDER keep its answers; LLM_RECORDING=replay scores them again.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from rouge_score.rouge_scorer import RougeScorer
from sqlalchemy import text

from whisper_enrich.assets.engines import derive_facts, derive_summaries
from whisper_enrich.loading.load import load
from whisper_enrich.loading.locomo import locomo_point_id, read_locomo
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.completion import complete_days, mark_left_out
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import overview
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.profiles import remember_bot_names, remember_names

ROOT = Path(__file__).resolve().parents[1]
TURN = re.compile(r"D\d+:\d+")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo")
    parser.add_argument("--files", nargs="*", help="names without .json; default: all in the folder")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} does not exist. Give the folder of the LoCoMo files with --data.")
    paths = sorted(p for p in options.data.glob("*.json") if not options.files or p.stem in options.files)
    home = Path(tempfile.mkdtemp(prefix="whisper-enrich-locomo-"))
    home.chmod(0o711)
    try:
        run(paths, home / "state")
    finally:
        EmbeddedPostgres(home / "state").remove(force=True)
        shutil.rmtree(home)


def run(paths: list[Path], state: Path) -> None:
    pipeline = Pipeline(load_settings(whisper_enrich_home=state))
    ctx = pipeline.context("locomo")
    gateway = pipeline.gateway("locomo") if pipeline.settings.uses_model else None
    counts = {"tp": 0, "predicted": 0, "gold": 0, "turns": 0}
    rouge: dict[str, list[float]] = {"rouge1": [], "rouge2": [], "rougeL": []}
    scorer = RougeScorer(list(rouge), use_stemmer=True)
    seconds = 0.0
    for path in paths:
        loaded = read_locomo(path)
        load(ctx.store, loaded)
        with ctx.database.begin() as connection:
            remember_names(connection, loaded.names, "loaded")
            remember_bot_names(connection, loaded.bot_names)
        document = json.loads(path.read_text(encoding="utf-8"))
        for bot in [bot for bot in ctx.store.bots() if bot.bot_name in loaded.counts]:
            started = time.perf_counter()
            enrich(ctx, bot, gateway)
            seconds += time.perf_counter() - started
            file_counts = score_facts(ctx, bot.bot_name, document)
            for key, value in file_counts.items():
                counts[key] += value
            score_summaries(ctx, bot.bot_name, document, scorer, rouge)
    _print(counts, rouge, seconds, ctx)
    if gateway is not None:
        spent = gateway.spent
        print(
            f"model: {spent.calls} calls ({spent.failed} without a usable answer), "
            f"{spent.messages / max(1, spent.calls):.1f} messages a call; tokens in {spent.tokens_in:,} "
            f"(cached {spent.tokens_cached:,}), out {spent.tokens_out:,}; ${spent.cost:.4f}"
        )
    pipeline.close()


def enrich(ctx, bot, gateway) -> None:
    take_in(ctx, bot)
    mark_left_out(ctx, bot)
    with ctx.database.connect() as connection:
        days = sorted(overview.due_days(connection, ctx.clock()).get(bot.bot_name, ()))
    derive_facts(ctx, bot, days, gateway, with_summaries=True)
    derive_summaries(ctx, bot, days, gateway)
    complete_days(ctx, bot, days)


def score_facts(ctx, bot_name: str, document: dict) -> dict[str, int]:
    """Counts over the turns of the one speaker who is this bot's user."""
    cited = set(TURN.findall(json.dumps(list(document["observation"].values()))))
    bot_speaker = display_name(ctx, bot_name)
    turns = {
        turn["dia_id"]
        for key, session in document["conversation"].items()
        if re.fullmatch(r"session_\d+", key)
        for turn in session
        if turn["speaker"] != bot_speaker
    }
    with ctx.database.connect() as connection:
        evidence = set(
            connection.execute(
                text(
                    "SELECT e.point_id FROM fact_evidence e JOIN user_facts f ON f.id = e.fact_id WHERE f.bot_name = :bot "
                    "UNION SELECT unnest(message_ids) FROM fact_versions WHERE bot_name = :bot"
                ),
                {"bot": bot_name},
            ).scalars()
        )
    predicted = {turn for turn in turns if locomo_point_id(bot_name, turn) in evidence}
    gold = turns & cited
    return {"tp": len(predicted & gold), "predicted": len(predicted), "gold": len(gold), "turns": len(turns)}


def display_name(ctx, bot_name: str) -> str:
    with ctx.database.connect() as connection:
        return connection.execute(
            text("SELECT display_name FROM bot_profiles WHERE bot_name = :bot"), {"bot": bot_name}
        ).scalar_one()


def score_summaries(ctx, bot_name: str, document: dict, scorer: RougeScorer, rouge: dict[str, list[float]]) -> None:
    for key, gold in document["session_summary"].items():
        session = key.removesuffix("_summary")
        stamp = document["conversation"][f"{session}_date_time"]
        start = datetime.strptime(stamp, "%I:%M %p on %d %B, %Y").replace(tzinfo=UTC)
        with ctx.database.connect() as connection:
            stored = connection.execute(
                text(
                    "SELECT summary_text FROM conversation_summaries WHERE bot_name = :bot "
                    "AND start_timestamp <= :at AND end_timestamp > :at"
                ),
                {"bot": bot_name, "at": start.replace(tzinfo=None)},
            ).scalar_one()
        scores = scorer.score(gold, stored)
        for metric, values in rouge.items():
            values.append(scores[metric].fmeasure * 100)


def _print(counts: dict[str, int], rouge: dict[str, list[float]], seconds: float, ctx) -> None:
    precision, recall = counts["tp"] / counts["predicted"], counts["tp"] / counts["gold"]
    print(f"turns {counts['turns']}, cited {counts['gold']}, evidence of a stored fact {counts['predicted']}")
    print(f"evidence turns: P {precision:.3f}  R {recall:.3f}  F1 {2 * precision * recall / (precision + recall):.3f}")
    means = {metric: sum(values) / len(values) for metric, values in rouge.items()}
    print(f"summaries: {len(rouge['rouge1'])} sessions, ROUGE-1/2/L " + "/".join(f"{v:.1f}" for v in means.values()))
    with ctx.database.connect() as connection:
        status = overview.day_statuses(connection, ctx.clock())
    points = sum(s.points for s in status)
    print(
        f"{points} points, done {sum(s.done for s in status)}, assertions {sum(s.facts for s in status)}, "
        f"{seconds:.1f} s ({points / seconds:.0f} points a second)"
    )


if __name__ == "__main__":
    main()
