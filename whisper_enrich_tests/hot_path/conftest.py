"""A schema with two users of a bot, enriched by the whole pipeline, once for all tests of a module."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from whisper_enrich.hot_path import Options
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.strategic import compute_caches
from whisper_enrich.stages.strategic_features import bring_features_up_to_date
from whisper_enrich.storage import strategic_caches
from whisper_enrich.storage.embedded_postgres import EmbeddedPostgres
from whisper_enrich_tests.builders import Clock, chat, enrich
from whisper_enrich_tests.conftest import fresh_schema
from whisper_enrich_tests.hot_path.proxy import Proxy

NOW = datetime(2026, 3, 18, 12, 0, tzinfo=UTC)
DAYS = [date(2026, 3, 16), date(2026, 3, 17), date(2026, 3, 18)]
GARDEN = [
    "I planted tomatoes in the garden today.", "Lovely! Which kind did you choose?", "Roma tomatoes and a yellow kind.",
    "Yellow ones are sweet. Will they get enough sun?", "I live in Leeds.", "A good town for a garden.",
]  # fmt: skip
SECRET = [
    "I kissed Zebedee behind the bandstand.", "Oh! How do you feel about that?", "Zebedee makes me dizzy and happy.",
    "Will you meet again?", "Zebedee wants to see the bandstand again on Friday.", "Tell me how it goes with Zebedee.",
]  # fmt: skip
"""Said in a dm only. No word of it may be read elsewhere."""
SECRET_WORDS = ("zebedee", "bandstand", "dizzy", "kissed")


@dataclass(frozen=True)
class World:
    """An enriched schema, and how to get there directly or by way of a proxy."""

    ctx: StageContext
    server: Path
    user: str
    database: str

    @property
    def dsn(self) -> str:
        return f"postgresql://{self.user}@/{self.database}?host={self.server.parent}&port={self.server.name[-4:]}"

    @property
    def options(self) -> Options:
        return Options(schema=self.ctx.settings.postgres_schema, deadline_seconds=5.0, recall_deadline_seconds=5.0)

    def execute(self, statement: str, **values: object) -> None:
        with self.ctx.database.begin() as connection:
            connection.execute(text(statement), values)


@pytest.fixture(scope="module")
def world(postgres_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with fresh_schema(load_settings(whisper_enrich_home=postgres_home, enrichment_start_date="2026-01-01")) as settings:
        store = EdgeStore(tmp_path_factory.mktemp("qdrant"), settings.qdrant_collection_prefix, wait_seconds=5)
        pipeline = Pipeline(settings, clock=Clock(NOW), store=store, lease_wait_seconds=0.5)
        ctx = pipeline.context("run-1")
        fill(ctx)
        with EmbeddedPostgres(settings.home) as info:
            yield World(ctx, info.socket_dir / ".s.PGSQL.5432", info.user, info.dbname)
        pipeline.close()


def fill(ctx: StageContext) -> None:
    """Ana talks to elena in a guild, and in a dm on the second day; ben in a guild; both enriched."""
    elena = ctx.store.create_collection("elena")
    for day in DAYS:
        ctx.store.upsert(elena.collection, chat(day.isoformat(), GARDEN, user="ana"))
        ctx.store.upsert(elena.collection, chat(day.isoformat(), [line.replace("tomatoes", "leeks") for line in GARDEN],
                                                user="ben", hour=8))  # fmt: skip
        ctx.store.upsert(elena.collection, chat(day.isoformat(), SECRET, user="ana", channel="dm", hour=10))
    enrich(ctx, elena)
    bring_features_up_to_date(ctx, elena, DAYS)
    for cache in strategic_caches.BY_NAME:
        compute_caches(ctx, elena, DAYS, cache)
    with ctx.database.begin() as connection:
        strategic_caches.beat(connection, ["elena"], NOW)


@pytest.fixture
def proxy(world: World) -> Iterator[Proxy]:
    made = Proxy(world.server)
    yield made
    made.close()
