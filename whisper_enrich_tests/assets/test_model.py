"""The assets with a language model: one call for both, its cost in the metadata, one sentence where it fails."""

import pytest

from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich_tests.assets.conftest import DAY, key
from whisper_enrich_tests.builders import column, scalar
from whisper_enrich_tests.scripted_model import ScriptedModel, sensible, unauthorised
from whisper_enrich_tests.stages.model_pipeline import model_settings


@pytest.fixture
def model():
    with ScriptedModel(sensible) as served:
        yield served


@pytest.fixture
def settings(settings, model):
    prices = {"llm_prices": {"scripted": {"in": 1.0, "out": 2.0}}}
    return type(settings)(**{**settings.model_dump(), **model_settings(model.url), **prices})


@pytest.fixture
def pipeline(pipeline, settings):
    built = Pipeline(settings, clock=pipeline.clock, store=pipeline.store, lease_wait_seconds=0.5)
    yield built
    built.close()


def test_a_run_asks_once_for_facts_and_summary_of_a_window(run, talk, model, ctx):
    talk(DAY)
    ran = run()
    assert ran.success
    assert [request.schema_name for request in model.requests] == ["combined"]
    assert column(ctx, "SELECT state FROM conversation_summaries") == ["final"]
    facts, summaries = ran.metadata("user_facts", key()), ran.metadata("conversation_summaries", key())
    assert (facts["model_calls"], facts["messages_per_call"], summaries["model_calls"]) == (1, 6.0, 0)
    assert summaries["model_answers_reused"] == 1
    assert facts["tokens_in"] > 0
    assert facts["cost_usd"] == pytest.approx((facts["tokens_in"] + 2 * facts["tokens_out"]) / 1e6)
    assert float(scalar(ctx, "SELECT sum(cost) FROM model_calls")) == pytest.approx(facts["cost_usd"])


def test_materialising_again_asks_nothing(run, talk, model):
    talk(DAY)
    run()
    again = run().metadata("user_facts", key())
    assert (len(model.requests), again["model_calls"]) == (1, 0)


def test_a_key_that_is_refused_is_one_sentence_and_one_call(run, talk, model, ctx):
    model.script = unauthorised()
    talk(DAY)
    ran = run()
    failed = ran.failed_steps()
    assert set(failed) == {"user_facts", "conversation_summaries"}
    assert all("LLM_CHAT_API_KEY" in sentence for sentence in failed.values())
    assert len(model.requests) == 1, "after the first refusal the run stops asking"
    assert scalar(ctx, "SELECT max(facts_attempts + summary_attempts) FROM message_ledger") == 0
    assert column(ctx, "SELECT state FROM conversation_summaries") == ["degraded"]
    assert "Lisbon" not in ran.everything_kept()
