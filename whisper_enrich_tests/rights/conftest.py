"""One person's story, lived once for all tests of this folder: stored, handed out, forgotten, and not derived again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.messages.model import Point
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.rights.receipt import Receipt
from whisper_enrich.settings import Settings, load_settings
from whisper_enrich.stages.context import StageContext
from whisper_enrich.stages.erasure import Wish, foresee, forget
from whisper_enrich.stages.personal_export import export
from whisper_enrich.stages.reconciliation import reconcile
from whisper_enrich.storage import erasures
from whisper_enrich_tests.builders import Clock, scalar
from whisper_enrich_tests.conftest import NOW, fresh_schema
from whisper_enrich_tests.rights.worlds import PERSON, populate, run_everything, traces


@dataclass(frozen=True)
class Story:
    """What there was of the person before they were forgotten, right after, and after everything had run again."""

    ctx: StageContext
    windows: int
    messages_read: int
    before: dict[str, int]
    handed_out: dict[str, Any]
    with_messages: dict[str, Any]
    foreseen: Receipt
    receipt: Receipt
    after: dict[str, int]
    points: list[Point]
    later: dict[str, int]


@pytest.fixture(scope="session")
def story(postgres_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    with fresh_schema(load_settings(whisper_enrich_home=postgres_home, enrichment_start_date="2026-01-01")) as settings:
        store = EdgeStore(tmp_path_factory.mktemp("qdrant"), settings.qdrant_collection_prefix, wait_seconds=5)
        pipeline = Pipeline(settings, clock=Clock(NOW), store=store, lease_wait_seconds=0.5)
        yield _lived(pipeline.context("run-1"))
        pipeline.close()
        erasures.beside(settings).unlink()


def _lived(ctx: StageContext) -> Story:
    elena = ctx.store.create_collection("elena")
    populate(ctx, elena)
    kept = {
        "windows": len(ctx.store.summary_windows("elena", PERSON)), "messages_read": bot_wide_messages(ctx),
        "before": traces(ctx), "handed_out": json.loads(json.dumps(export(ctx, PERSON), default=str)),
        "with_messages": export(ctx, PERSON, "elena", with_messages=True), "foreseen": foresee(ctx, Wish(PERSON)),
        "receipt": forget(ctx, Wish(PERSON), patience_seconds=0), "after": traces(ctx),
        "points": ctx.store.points_of_user(elena.collection, PERSON),
    }  # fmt: skip
    ctx.clock.forward(hours=1)
    run_everything(ctx, elena)
    reconcile(ctx, elena)
    return Story(ctx, **kept, later=traces(ctx))


def bot_wide_messages(ctx: StageContext) -> int:
    return scalar(ctx, "SELECT messages_read FROM strategic_character_performance WHERE user_id IS NULL")


@pytest.fixture(autouse=True)
def _no_copies(request: pytest.FixtureRequest) -> Iterator[None]:
    """Schemas are used again, and their names with them: a copy beside the database must not outlive the test."""
    settings: Settings | None = request.getfixturevalue("settings") if "settings" in request.fixturenames else None
    yield
    if settings is not None:
        erasures.beside(settings).unlink(missing_ok=True)
