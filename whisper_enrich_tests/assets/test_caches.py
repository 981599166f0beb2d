"""A cache by itself, as somebody materialises it in the UI: it sees to the features that it is made from."""

from datetime import date

import pytest
from dagster import materialize

from whisper_enrich.assets.pending_messages import pending_messages
from whisper_enrich.assets.strategic import cache
from whisper_enrich.assets.strategic.memory_health import strategic_memory_health
from whisper_enrich.partitions import partition_key
from whisper_enrich_tests.assets.conftest import DAY
from whisper_enrich_tests.builders import scalar

CACHE = "strategic_memory_health"


@pytest.fixture
def made(monkeypatch):
    """The bots whose features a cache has brought up to date by itself."""
    seen = []
    bring = cache.bring_features_up_to_date

    def brought(ctx, bot, days):
        seen.append(bot.bot_name)
        return bring(ctx, bot, days)

    monkeypatch.setattr(cache, "bring_features_up_to_date", brought)
    return seen


def only(pipeline, instance, asset):
    return materialize(
        [asset], instance=instance, resources={"pipeline": pipeline},
        partition_key=partition_key("elena", date.fromisoformat(DAY)),
    )  # fmt: skip


def test_a_cache_alone_makes_the_features_that_are_missing(pipeline, instance, talk, ctx, made):
    talk(DAY)
    assert only(pipeline, instance, pending_messages).success
    assert only(pipeline, instance, strategic_memory_health).success
    assert made == ["elena"]
    assert scalar(ctx, f"SELECT messages_read FROM {CACHE}") == 6


def test_in_a_run_with_the_features_no_cache_looks_for_them_again(run, talk, ctx, made):
    talk(DAY)
    assert run().success
    assert made == []
    assert scalar(ctx, f"SELECT messages_read FROM {CACHE}") == 6
