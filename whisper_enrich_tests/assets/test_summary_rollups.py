"""The digests as an asset: one partition a bot, figures, and no word of what anybody said."""

import json

import pytest
from pydantic import SecretStr

from whisper_enrich.definitions import defs
from whisper_enrich.errors import ModelUnavailable
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.stages import rollups as stage
from whisper_enrich_tests.assets.conftest import DAY, Ran
from whisper_enrich_tests.builders import column, contents, scalar
from whisper_enrich_tests.llm.gateway_builders import ScriptedClient, answer


def test_the_digests_of_a_bot_are_a_partition_of_their_own(run, talk, ctx):
    talk(DAY, "2025-02-18")
    talk(DAY, bot="marcus")
    run(first="2025-02-18", last=DAY)
    ran = run(job="roll_up_bot", partition="elena")
    assert ran.success
    found = ran.metadata("summary_rollups", "elena")
    assert {name: found[name] for name in ("rollups_written", "weeks", "months", "stand_ins", "failures")} == {
        "rollups_written": 4, "weeks": 2, "months": 2, "stand_ins": 0, "failures": 0,
    }  # fmt: skip
    assert found["dagster/partition_row_count"] == 4
    assert set(column(ctx, "SELECT bot_name FROM summary_rollups")) == {"elena"}
    assert "Lisbon" not in ran.everything_kept()


def test_materialising_again_changes_no_row(run, talk, ctx):
    talk(DAY)
    run()
    run(job="roll_up_bot", partition="elena")
    before = contents(ctx, with_clocks=True)
    again = run(job="roll_up_bot", partition="elena").metadata("summary_rollups", "elena")
    assert (again["rollups_looked_at"], again["rollups_written"]) == (0, 0)
    assert contents(ctx, with_clocks=True) == before


def test_a_bot_without_conversations_has_no_digest(run):
    ran = run(job="roll_up_bot", partition="ghost")
    assert ran.success
    assert ran.metadata("summary_rollups", "ghost")["dagster/partition_row_count"] == 0


def test_a_provider_that_does_not_serve_fails_the_step_with_one_sentence_and_the_stand_ins_are_kept(
    run, talk, ctx, monkeypatch
):
    from whisper_enrich.assets import summary_rollups as module

    def down(errand, prompt, parse):
        raise ModelUnavailable("The provider refuses the key. Correct LLM_CHAT_API_KEY.")

    monkeypatch.setattr(module, "roll_up", lambda ctx, bot_name, ask: stage.roll_up(ctx, bot_name, down))
    talk(DAY)
    run()
    message = run(job="roll_up_bot", partition="elena").failed_steps()["summary_rollups"]
    assert message == "The provider refuses the key. Correct LLM_CHAT_API_KEY."
    assert column(ctx, "SELECT DISTINCT state FROM summary_rollups") == ["degraded"]


def test_with_a_model_in_the_settings_it_writes_the_digests_and_is_asked_once_a_period(
    run, talk, ctx, settings, clock, pipeline, instance
):
    digest = {
        "summary": "ana told Elena of Lisbon.",
        "topics": ["Lisbon"],
        "tone": "",
        "decisions": [],
        "open_questions": [],
    }
    client = ScriptedClient(answer(json.dumps(digest)))
    talk(DAY)
    run()
    with_model = settings.model_copy(
        update={"enrichment_engine": "llm", "llm_chat_model": "acme/small", "llm_chat_api_key": SecretStr("key")}
    )
    modelled = Pipeline(with_model, clock=clock, store=pipeline.store, client=client)
    result = defs.resolve_job_def("roll_up_bot").execute_in_process(
        instance=instance, resources={"pipeline": modelled}, partition_key="elena"
    )
    modelled.database.close()
    assert result.success
    assert len(client.asked) == 2
    assert set(column(ctx, "SELECT summary_text FROM summary_rollups")) == {digest["summary"]}
    assert scalar(ctx, "SELECT count(*) FROM model_calls WHERE purpose = 'rollup' AND bot_name = 'elena'") == 2
    assert digest["summary"] not in Ran(result, instance).everything_kept()


@pytest.mark.parametrize("column_name", ["period", "start_date", "summary_text", "state"])
def test_the_table_is_described(column_name):
    from whisper_enrich.assets.summary_rollups import summary_rollups

    (spec,) = summary_rollups.specs
    assert column_name in {column.name for column in spec.metadata["dagster/column_schema"].columns}
