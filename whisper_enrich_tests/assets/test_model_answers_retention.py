"""The housekeeping of raw answers, as Dagster runs it."""

from datetime import timedelta

from whisper_enrich.definitions import defs
from whisper_enrich_tests.builders import column
from whisper_enrich_tests.llm.gateway_builders import answer, facts, gateway_over
from whisper_enrich_tests.storage.model_builders import errand, prompt, reserve


def test_answers_past_their_retention_go_calls_stay_and_what_was_killed_is_named(pipeline, clock, instance):
    ctx = pipeline.context("run-1")
    gateway, _ = gateway_over(ctx, answer())
    gateway.ask(errand(), prompt("old"), facts)
    reserve(ctx, ctx.settings, clock())
    clock.forward(days=29)
    gateway.ask(errand(), prompt("new"), facts)
    clock.forward(days=1, seconds=1)
    result = defs.resolve_job_def("prune_model_answers").execute_in_process(
        instance=instance, resources={"pipeline": pipeline}
    )
    assert result.success
    (event,) = result.asset_materializations_for_node("model_answers_retention")
    assert {name: value.value for name, value in event.metadata.items()} == {"answers_dropped": 1, "calls_lost": 1}
    assert column(ctx, "SELECT request_key FROM model_answers") == [prompt("new").key]
    assert sorted(column(ctx, "SELECT outcome FROM model_calls")) == ["answered", "answered", "lost"]
    assert column(ctx, "SELECT received_at FROM model_answers") == [clock() - timedelta(days=1, seconds=1)]
