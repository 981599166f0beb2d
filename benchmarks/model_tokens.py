"""Input tokens that a model is sent for each token of conversation: in one call for both, in separate ones, and live.

    python benchmarks/model_tokens.py [--data FOLDER] [--files conv-26 ...]

A scripted model on a socket of this machine answers; what it is sent is what any model would be. Tokens are estimated as
characters over four, of the messages of each request (instructions, heading, transcript) and, in a column of its own, with
the JSON schema of the answer, which some providers count as input too. Raw tokens are those of the texts of all messages,
both speakers. Each conversation is loaded once, its first speaker as the user. Live: the last conversation named is replayed
message by message, a run after each of them, and one after the last pause.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from whisper_enrich.assets.engines import derive_facts, derive_summaries
from whisper_enrich.loading.locomo import read_locomo
from whisper_enrich.messages.model import Message, Point
from whisper_enrich.messages.parsing import parse_point
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.completion import complete_days, mark_left_out
from whisper_enrich.stages.intake import take_in
from whisper_enrich.storage import overview
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich.storage.profiles import remember_bot_names, remember_names
from whisper_enrich_tests.scripted_model import Request, ScriptedModel, sensible


@dataclass
class Clock:
    """A clock that is set."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent / "shared" / "data" / "locomo")
    parser.add_argument("--files", nargs="*", help="names without .json; default: all in the folder")
    parser.add_argument("--no-live", action="store_true", help="leave out the replay, which takes minutes")
    options = parser.parse_args()
    if not options.data.is_dir():
        sys.exit(f"{options.data} does not exist. Give the folder of the LoCoMo files with --data.")
    paths = sorted(p for p in options.data.glob("*.json") if not options.files or p.stem in options.files)
    for name, combined in (("one call for both", True), ("separate calls", False)):
        with ScriptedModel(sensible) as model:
            raw = sum(backfill(path, model, combined=combined) for path in paths)
            report(name, model.requests, raw)
    if options.no_live:
        return
    with ScriptedModel(sensible) as model:
        raw = replay(paths[-1], model)
        report(f"live, {paths[-1].stem}", model.requests, raw)


def tokens(text: str) -> float:
    """Characters over four."""
    return len(text) / 4


def report(name: str, requests: list[Request], raw: float) -> None:
    """One line."""
    sent = sum(tokens(message["content"]) for request in requests for message in request.messages)
    schemas = sum(tokens(json.dumps(request.schema, separators=(",", ":"))) for request in requests)
    purposes = dict(Counter(request.schema_name for request in requests))
    print(
        f"{name}: {sent / raw:.2f} input tokens per raw token ({(sent + schemas) / raw:.2f} with schemas); "
        f"{raw:,.0f} raw, {len(requests)} calls {purposes}"
    )


class World:
    """Embedded engines in a folder of their own, with a scripted model in the settings."""

    def __init__(self, model: ScriptedModel, clock: Clock | None = None) -> None:
        self.home = Path(tempfile.mkdtemp(prefix="whisper-enrich-tokens-"))
        self.home.chmod(0o711)
        settings = load_settings(
            whisper_enrich_home=self.home / "state", enrichment_engine="llm", llm_chat_api_url=model.url,
            llm_chat_model="scripted",
        )  # fmt: skip
        self.pipeline = Pipeline(settings, **({"clock": clock} if clock else {}))
        self.runs = 0

    def __enter__(self) -> World:
        return self

    def __exit__(self, *error: object) -> None:
        self.pipeline.close()
        EmbeddedPostgres(self.home / "state").remove(force=True)
        shutil.rmtree(self.home)

    def name(self, path: Path) -> None:
        """Remember what the people of a file are called."""
        loaded = read_locomo(path)
        with self.pipeline.context("tokens").database.begin() as connection:
            remember_names(connection, loaded.names, "loaded")
            remember_bot_names(connection, loaded.bot_names)

    def enrich(self, *, combined: bool = True) -> None:
        """One run over what has work."""
        self.runs += 1
        ctx = replace(self.pipeline.context("tokens"), run_id=f"run-{self.runs}")
        for bot in ctx.store.bots():
            take_in(ctx, bot)
            mark_left_out(ctx, bot)
            with ctx.database.connect() as connection:
                days = sorted(overview.due_days(connection, ctx.clock()).get(bot.bot_name, ()))
            if days:
                gateway = self.pipeline.gateway(ctx.run_id)
                derive_facts(ctx, bot, days, gateway, with_summaries=combined)
                derive_summaries(ctx, bot, days, gateway)
                complete_days(ctx, bot, days)


def first_assignment(path: Path) -> tuple[str, list[Point], list[Message]]:
    """The conversation with its first speaker as the user: bot, points, messages in order."""
    loaded = read_locomo(path)
    bot_name = sorted(loaded.counts)[0]
    points = loaded.points()[bot_name]
    parsed = [parse_point(bot_name, point, now=datetime.now(UTC), first_day=date(2022, 1, 1)) for point in points]
    return bot_name, points, sorted((m for p in parsed for m in p.messages), key=lambda m: m.order)


def raw_tokens(messages: list[Message]) -> float:
    """Of all texts."""
    return sum(tokens(message.text) for message in messages)


def backfill(path: Path, model: ScriptedModel, *, combined: bool) -> float:
    """All at once; returns the raw tokens."""
    bot_name, points, messages = first_assignment(path)
    with World(model) as world:
        world.name(path)
        bot = world.pipeline.store.create_collection(bot_name)
        world.pipeline.store.upsert(bot.collection, points)
        world.enrich(combined=combined)
    return raw_tokens(messages)


def replay(path: Path, model: ScriptedModel) -> float:
    """One by one, a run half a minute after each; returns the raw tokens."""
    bot_name, points, messages = first_assignment(path)
    by_id = {point.id: point for point in points}
    clock = Clock(messages[0].at)
    with World(model, clock) as world:
        world.name(path)
        bot = world.pipeline.store.create_collection(bot_name)
        for message in messages:
            # What fell due in the silence before this message was asked for then.
            clock.now = max(clock.now, message.at - timedelta(seconds=30))
            world.enrich()
            clock.now = message.at + timedelta(seconds=30)
            world.pipeline.store.upsert(bot.collection, [by_id[message.point_id]])
            world.enrich()
        clock.now = messages[-1].at + timedelta(days=1)
        world.enrich()
    return raw_tokens(messages)


if __name__ == "__main__":
    main()
