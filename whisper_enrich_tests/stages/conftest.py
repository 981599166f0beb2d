"""The pipeline over one bot, with a model that does what it is asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from whisper_enrich.messages.store import BotCollection
from whisper_enrich.stages.context import StageContext
from whisper_enrich_tests.scripted_model import ScriptedModel, sensible
from whisper_enrich_tests.stages.model_pipeline import Enrichment, enrichment


@pytest.fixture
def model() -> Iterator[ScriptedModel]:
    """A model that a test can give another script."""
    with ScriptedModel(sensible) as served:
        yield served


@pytest.fixture
def work(ctx: StageContext, elena: BotCollection, model: ScriptedModel) -> Enrichment:
    """Runs over an empty bot."""
    return enrichment(ctx, elena, model)
