"""Whole worlds of messages through every stage, for tests of what the bots read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from whisper_enrich.assets.engines import derive_facts, derive_summaries
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.model import Point
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.intake import take_in
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage import profiles, strategic_caches
from whisper_enrich_tests.builders import Clock, due
from whisper_enrich_tests.conftest import fresh_schema

CACHES = sorted(strategic_caches.BY_NAME)


@contextmanager
def cached(
    home: Path, folder: Path, said: Mapping[str, Sequence[Point]], now: datetime, names: Mapping[str, str] | None = None
) -> Iterator[StageContext]:
    """A database in which these points of each bot have gone through the stages as of ``now``, and the worker beats."""
    settings = load_settings(whisper_enrich_home=home, enrichment_start_date="2025-01-01")
    with fresh_schema(settings) as own:
        store = EdgeStore(folder, own.qdrant_collection_prefix, wait_seconds=5)
        pipeline = Pipeline(own, clock=Clock(now), store=store, lease_wait_seconds=0.5)
        ctx = pipeline.context("run-1")
        with ctx.database.begin() as connection:
            profiles.remember_names(connection, names or {}, "loaded")
        for bot_name, points in said.items():
            enrich(ctx, bot_name, points)
        with ctx.database.begin() as connection:
            strategic_caches.beat(connection, list(said), now)
        yield ctx
        pipeline.close()


def enrich(ctx: StageContext, bot_name: str, points: Sequence[Point]) -> None:
    """Facts, summaries and caches of one bot, and snapshots of its last day."""
    bot = ctx.store.create_collection(bot_name)
    ctx.store.upsert(bot.collection, points)
    take_in(ctx, bot)
    days = due(ctx, bot)
    derive_facts(ctx, bot, days, None, with_summaries=True)
    derive_summaries(ctx, bot, days, None)
    bring_features_up_to_date(ctx, bot, days)
    for cache in CACHES:
        compute_caches(ctx, bot, days[-1:], cache)
