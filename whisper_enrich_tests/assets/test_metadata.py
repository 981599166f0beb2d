"""What a materialisation says: figures that Dagster can plot, tables, and not a word of what anybody said."""

import pytest
from dagster import FloatMetadataValue, IntMetadataValue
from sqlalchemy import text

from whisper_enrich.definitions import defs
from whisper_enrich.facts.extractive import ENGINE_VERSION as FACTS_VERSION
from whisper_enrich.messages.edge_store import EdgeStore
from whisper_enrich.resources.pipeline import Pipeline
from whisper_enrich.settings import load_settings
from whisper_enrich.stages.summaries import Engine
from whisper_enrich.summaries.extractive import ENGINE_VERSION as SUMMARY_VERSION
from whisper_enrich.summaries.extractive import input_hash
from whisper_enrich_tests.assets.conftest import DAY, NOW, TALK, instance_in_memory, key, runner
from whisper_enrich_tests.builders import Clock, at, chat, column, point_id, said
from whisper_enrich_tests.conftest import fresh_schema
from whisper_enrich_tests.places import private_folder

FIGURES = {
    "pending_messages": {
        "dagster/partition_row_count": 7, "messages_read": 7, "users": 1, "waiting_for_facts": 3,
        "waiting_for_summary": 6, "left_out": 0, "quarantined": 1,
    },
    "user_facts": {
        "dagster/partition_row_count": 3, "messages_read": 3, "assertions_new": 3, "assertions_all": 3, "failures": 0,
        "waiting": 0, "rejected": 0,
    },
    "conversation_summaries": {
        "dagster/partition_row_count": 1, "messages_read": 6, "summaries_written": 1, "windows_unchanged": 0,
        "windows_short": 0, "windows_waiting": 0, "windows_removed": 0, "failures": 0,
    },
    "enrichment_metadata": {
        "dagster/partition_row_count": 1, "points_marked": 6, "points_changed_meanwhile": 0, "points_gone": 0,
        "messages_processed": 6, "facts_extracted": 3, "summaries_created": 1,
    },
}  # fmt: skip
"""By asset, the numbers for six messages and one broken point."""

TABLES = {
    "pending_messages": {"left_out_by_reason", "quarantined_by_reason"},
    "user_facts": {"facts_by_category", "messages_by_outcome", "failures_by_kind", "rejected_by_reason"},
    "conversation_summaries": {"tones", "states"},
    "enrichment_metadata": {"marked_by_status"},
}


@pytest.fixture(scope="module")
def ran(postgres_home):
    """One run over a day with six messages and a point that cannot be read as a message."""
    given = load_settings(
        whisper_enrich_home=postgres_home, enrichment_start_date="2025-01-01", enrichment_metadata_pictures=False
    )
    with fresh_schema(given) as settings, private_folder() as folder, instance_in_memory() as instance:
        store = EdgeStore(folder / "qdrant", settings.qdrant_collection_prefix, wait_seconds=5)
        pipeline = Pipeline(settings, clock=Clock(NOW), store=store)
        points = [*chat(DAY, TALK), said("Sea salt and secrets", at(f"{DAY} 10:00"), user=None, name="broken")]
        store.upsert(store.create_collection("elena").collection, points)
        yield runner(instance, pipeline)()
        pipeline.close()


@pytest.mark.parametrize("asset", FIGURES)
def test_the_figures_of_each_asset_are_right_and_numeric(ran, asset):
    materialisation = ran.materialisations(asset)[key()]
    values = {
        name: value.value
        for name, value in materialisation.metadata.items()
        if isinstance(value, (IntMetadataValue, FloatMetadataValue))
    }
    durations = {name: value for name, value in values.items() if name.endswith("_seconds")}
    assert {name: values.get(name) for name in FIGURES[asset]} == FIGURES[asset]
    assert all(isinstance(seconds, float) and seconds > 0 for seconds in durations.values())


def test_every_asset_says_how_long_it_took(ran):
    for asset in FIGURES:
        assert ran.metadata(asset, key())["stage_seconds"] > 0, asset


@pytest.mark.parametrize("asset", TABLES)
def test_breakdowns_are_tables_even_where_nothing_is_to_be_counted(ran, asset):
    found = ran.materialisations(asset)[key()].metadata
    for name in TABLES[asset]:
        records = found[name].records
        assert records, name
        assert all(isinstance(record.data["count"], int) for record in records)


def test_facts_are_broken_down_by_category_and_messages_by_outcome(ran):
    found = ran.materialisations("user_facts")[key()].metadata
    categories = {record.data["category"]: record.data["count"] for record in found["facts_by_category"].records}
    outcomes = {record.data["outcome"]: record.data["count"] for record in found["messages_by_outcome"].records}
    assert categories == {"place": 1, "work": 1, "preference": 1}
    assert outcomes == {"facts": 3}


def test_each_day_of_a_range_carries_its_own_figures(run, talk, ctx):
    talk("2025-03-17")
    ran = run(first="2025-03-16", last="2025-03-17")
    assert ran.metadata("user_facts", key("2025-03-16"))["messages_read"] == 0
    assert ran.metadata("user_facts", key("2025-03-17"))["messages_read"] == 3


def test_no_event_holds_a_word_of_a_conversation(ran):
    kept = ran.everything_kept()
    assert len(kept) > 10_000
    for words in ("Lisbon", "nurse", "night shifts", "sleep well", "Sea salt"):
        assert words not in kept


def test_an_error_that_quotes_a_message_does_not_carry_it_into_the_event_log(run, talk, monkeypatch):
    from whisper_enrich.assets import engines

    def quoting(message):
        raise ValueError(f"cannot parse {message.text!r}")

    def quoting_summary(messages, **_):
        raise ValueError(f"cannot parse {messages[0].text!r}")

    monkeypatch.setattr(engines.extractive_facts, "extract", quoting)
    monkeypatch.setattr(engines, "EXTRACTIVE_SUMMARIES", Engine(quoting_summary, input_hash, SUMMARY_VERSION))
    talk(DAY)
    ran = run()
    assert ran.metadata("user_facts", key())["failures"] == 3
    assert ran.metadata("conversation_summaries", key())["failures"] == 1
    assert "Lisbon" not in ran.everything_kept()
    assert "ValueError" in ran.everything_kept()


def test_an_error_of_the_database_does_not_carry_a_message_into_the_event_log(run, talk, ctx):
    talk(DAY)
    with ctx.database.begin() as connection:
        connection.execute(
            text(
                "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION 'not this: %', NEW.statement; END$$"
            )
        )
        connection.execute(
            text("CREATE TRIGGER refusing BEFORE INSERT ON fact_assertions FOR EACH ROW EXECUTE FUNCTION refuse()")
        )
    ran = run()
    assert list(ran.failed_steps()) == ["user_facts"]
    assert "PostgreSQL refused a statement in " in ran.failed_steps()["user_facts"]
    assert "RaiseException" in ran.failed_steps()["user_facts"]
    assert "Lisbon" not in ran.everything_kept()


def test_a_message_that_the_database_refuses_is_counted_without_its_text(run, talk, ctx):
    talk(DAY)
    with ctx.database.begin() as connection:
        connection.execute(
            text("ALTER TABLE fact_assertions ADD CONSTRAINT refuses CHECK (statement NOT LIKE '%Lisbon%')")
        )
    ran = run()
    assert ran.success
    assert ran.metadata("user_facts", key())["failures"] == 1
    assert "Lisbon" not in ran.everything_kept()


def test_an_unexpected_error_says_where_it_happened_and_nothing_of_its_text(run, talk, monkeypatch):
    from whisper_enrich.stages import facts

    def broken(assertions, **_):
        raise KeyError(next(iter(assertions)).statement)

    monkeypatch.setattr(facts, "fold", broken)
    talk(DAY)
    ran = run()
    assert "Unexpected KeyError in facts.py, line" in ran.failed_steps()["user_facts"]
    assert "Lisbon" not in ran.everything_kept()
    assert "in refold" in ran.everything_kept()


def test_the_preview_shows_contents_only_where_the_setting_allows_it(ran):
    facts = ran.metadata("user_facts", key())["preview"]
    summaries = ran.metadata("conversation_summaries", key())["preview"]
    assert "| ana | place |" in facts
    assert "| ana |" in summaries
    assert "Lisbon" not in facts + summaries


def test_with_the_setting_the_preview_shows_statements_and_summaries(settings, clock, pipeline, talk, instance):
    from whisper_enrich_tests.assets.conftest import Ran

    talk(DAY)
    open_settings = settings.model_copy(update={"enrichment_metadata_preview": True})
    showing = Pipeline(open_settings, clock=clock, store=pipeline.store)
    result = defs.resolve_job_def("enrich_bot_day").execute_in_process(
        instance=instance, resources={"pipeline": showing}, partition_key=key()
    )
    showing.database.close()
    ran = Ran(result, instance)
    assert "ana lives in Lisbon" in ran.metadata("user_facts", key())["preview"]
    assert "summary" in ran.metadata("conversation_summaries", key())["preview"]


def test_results_carry_the_version_of_the_engine_that_made_them(run, talk, ctx):
    talk(DAY)
    ran = run()
    specs = {spec.key.to_user_string(): spec.code_version for spec in defs.resolve_all_asset_specs()}
    assert specs["user_facts"] == FACTS_VERSION
    assert specs["conversation_summaries"] == SUMMARY_VERSION
    tags = ran.materialisations("user_facts")[key()].tags
    assert tags["dagster/code_version"] == FACTS_VERSION
    assert set(column(ctx, "SELECT engine_version FROM fact_assertions")) == {FACTS_VERSION}
    assert set(column(ctx, "SELECT enrichment_version FROM conversation_summaries")) == {SUMMARY_VERSION}


def test_the_table_of_each_asset_is_described_by_its_columns():
    for spec in defs.resolve_all_asset_specs():
        name = spec.key.to_user_string()
        if name not in FIGURES:
            continue
        schema = spec.metadata["dagster/column_schema"]
        assert schema.columns, name
        assert {column.name for column in schema.columns} >= {"bot_name"}, name


def test_a_point_is_named_by_its_id_where_it_matters(ctx, run, elena, pipeline):
    pipeline.store.upsert(elena.collection, [said("Sea salt", at(f"{DAY} 10:00"), user=None, name="broken")])
    run()
    assert column(ctx, "SELECT point_id FROM quarantine") == [point_id("broken")]
