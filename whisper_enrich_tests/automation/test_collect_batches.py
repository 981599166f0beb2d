"""The sensor that fetches the answers of batches."""

from dataclasses import replace

import pytest
from dagster import DagsterInstance, SkipReason, build_sensor_context

from whisper_enrich.automation.sensors import collect_batches, new_messages
from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.llm.batch_client import BatchClient
from whisper_enrich.llm.gateway import Gateway
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages.batches import submit
from whisper_enrich.stages.intake import take_in
from whisper_enrich_tests.builders import chat, due
from whisper_enrich_tests.scripted_model import ScriptedModel, server_error
from whisper_enrich_tests.stages.model_pipeline import model_settings

TALK = ["I live in Lisbon.", "Lovely!", "I painted the kitchen.", "Yellow?", "I saw two storks."]


@pytest.fixture
def instance():
    with DagsterInstance.ephemeral() as built:
        yield built


@pytest.fixture
def model():
    with ScriptedModel(batch_polls=2) as served:
        yield served


@pytest.fixture
def by_model(pipeline, model):
    """The pipeline with a model."""
    settings = pipeline.settings.model_copy(update={**model_settings(model.url), "llm_max_retries": 0})
    built = Pipeline(settings, clock=pipeline.clock, store=pipeline.store, client=None, lease_wait_seconds=0.5)
    yield built
    built.database.close()


def tick(sensor, pipeline, instance):
    return sensor(build_sensor_context(instance=instance, resources={"pipeline": pipeline}))


def hand_in(pipeline, bot):
    ctx = replace(pipeline.context("run-1"))
    pipeline.store.upsert(bot.collection, chat("2026-03-17", TALK))
    take_in(ctx, bot)
    client = BatchClient.connect(ctx.settings)
    gateway = Gateway(pipeline.model_client, ctx.database, ctx.settings, ctx.clock)
    assert submit(ctx, bot, due(ctx, bot), gateway, client) is not None


def test_where_no_model_is_used_there_is_nothing_to_collect(pipeline, instance):
    assert tick(collect_batches, pipeline, instance).skip_message == "No language model is used."


def test_without_a_batch_nobody_is_asked(by_model, instance, model):
    model.gate = lambda method, path: server_error()
    assert tick(collect_batches, by_model, instance).skip_message == "No batch is under way."


def test_a_batch_is_asked_after_until_it_ends_and_its_messages_are_launched_then(by_model, elena, instance):
    hand_in(by_model, elena)
    assert tick(new_messages, by_model, instance).run_requests == []
    assert "0 batch(es) ended, with 0 answers; 1 still" in tick(collect_batches, by_model, instance).skip_message
    assert "1 batch(es) ended, with 1 answers; 0 still" in tick(collect_batches, by_model, instance).skip_message
    (request,) = tick(new_messages, by_model, instance).run_requests
    assert request.tags["whisper_enrich/bot"] == "elena"
    assert isinstance(tick(collect_batches, by_model, instance), SkipReason)


def test_a_provider_that_is_down_is_an_error_of_the_tick(by_model, elena, instance, model):
    hand_in(by_model, elena)
    model.gate = lambda method, path: server_error()
    with pytest.raises(ModelUnavailable):
        tick(collect_batches, by_model, instance)


def test_batches_at_another_endpoint_are_told_of_with_the_remedy(by_model, elena, instance, model):
    hand_in(by_model, elena)
    url = model.url.replace("127.0.0.1", "localhost")
    settings = by_model.settings.model_copy(update={"llm_chat_api_url": url.replace("//", "//me:secret@")})
    moved = Pipeline(settings, clock=by_model.clock, store=by_model.store, lease_wait_seconds=0.5)
    said = tick(collect_batches, moved, instance).skip_message
    moved.database.close()
    assert said.startswith(
        f"No batch is under way. 1 batch(es) were handed in at {model.url}, and LLM_CHAT_API_URL is {url}"
    )
    assert f"set LLM_CHAT_API_URL={model.url} and its key" in said
    assert "secret" not in said
